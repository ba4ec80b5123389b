/* SPDX-License-Identifier: MIT */
/* options.c - reads the command line from one table. */
#include "options.h"

#include "touches.h"

#include <stdio.h>
#include <stdlib.h>

void options_help(void)
{
    puts("dismconform - judges a DISM API library against scenario files\n"
         "\n"
         "  dismconform run --library PATH FILE-OR-FOLDER...   run the cases\n"
         "  dismconform lint FILE-OR-FOLDER...                 check scenario files\n"
         "  dismconform list FILE-OR-FOLDER...                 cases, status, clauses\n"
         "  dismconform explain CASE FILE-OR-FOLDER...         one case in plain words\n"
         "  dismconform probe LIBRARY                          identity, capabilities, and answers "
         "to\n"
         "                                                     open questions; --json FILE keeps "
         "them\n"
         "  dismconform judge FILE                             what such answers say of the "
         "contract\n"
         "  dismconform questions                              what probe would ask\n"
         "\n"
         "  --library PATH          the library to judge\n"
         "  --fixtures DIR          the catalogue of images (catalog.json)\n"
         "  --capabilities FILE     what the library can do; default LIBRARY.capabilities.json\n"
         "  --clauses DIR           the clause register: unknown clause ids are errors\n"
         "  --all-clauses           lint: a testable clause that no case cites is a mistake\n"
         "  --case GLOB             only cases of that name, or that suite/name; only these "
         "questions\n"
         "  --except GLOB           no cases of which suite/name is like that\n"
         "  --suite GLOB            only these suites\n"
         "  --jobs N                cases at the same time (default: the processors for the fake,\n"
         "                          else 1)\n"
         "  --touches LEVEL         what cases may change: nothing, scratch, mounts, machine "
         "(README.md);\n"
         "                          default: scratch for the fake, which simulates the rest, else "
         "nothing\n"
         "  --timeout-multiplier N  makes all deadlines longer; default 1 for the fake, else 4\n"
         "  --all-gate              staging cases decide the verdict too\n"
         "  --must-run FILE         names, one a line; skipping one makes the run incomplete\n"
         "  --progress SECONDS      how often a log is told how far the run is; default 10 (a\n"
         "                          terminal always sees it)\n"
         "  --json FILE             the records, one JSON line each: the truth; judge: its "
         "judgements\n"
         "  --tap FILE, --junit FILE  views of the records\n"
         "  --keep-scratch          leave the folders of the cases behind\n"
         "  --color WHEN            auto (default), always, never\n"
         "\n"
         "Exit: 0 conformant, 1 nonconformant, 2 incomplete, 3 invalid run, 64 usage, 77 not "
         "elevated.");
}

static bool complain(const char *text, const char *what)
{
    fprintf(stderr, "dismconform: %s%s (--help tells more)\n", text, what);
    return false;
}

static bool read_number(const char *text, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out > 0 && *out < 1e6;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (text_equal(text, *words))
            return true;
    }
    return false;
}

static bool check(const struct options *o)
{
    enum touches level;
    static const char *const colours[] = {"auto", "always", "never", NULL};
    static const char *const verbs[] = {"run",   "lint",  "list",      "explain",
                                        "probe", "judge", "questions", NULL};
    if (!o->verb)
        return complain("what shall it do? run, lint, list, explain, probe, judge or questions",
                        "");
    if (!is_one_of(o->verb, verbs))
        return complain("there is no verb ", o->verb);
    if (o->touches && !touches_parse(o->touches, &level))
        return complain("--touches takes nothing, scratch, mounts or machine, not ", o->touches);
    if (!is_one_of(o->colour, colours))
        return complain("--color takes auto, always or never, not ", o->colour);
    if (text_equal(o->verb, "run") && !o->library)
        return complain("run needs --library", "");
    if (o->wants_all_clauses && (!o->clauses || !text_equal(o->verb, "lint")))
        return complain("--all-clauses goes with lint and --clauses", "");
    if (text_equal(o->verb, "explain") && o->operands.len < 2)
        return complain("explain needs a case and files", "");
    if (text_equal(o->verb, "probe") && o->operands.len != 1)
        return complain("probe needs one library", "");
    if (text_equal(o->verb, "judge") && o->operands.len != 1)
        return complain("judge needs one file of observations", "");
    if (text_equal(o->verb, "questions") && o->operands.len != 0)
        return complain("questions needs no file", "");
    if (o->operands.len == 0 && !text_equal(o->verb, "questions"))
        return complain("which files?", "");
    return true;
}

bool options_read(struct options *o, int argc, char **argv)
{
    double jobs = 0, factor = 0, progress = 10;
    *o = (struct options){.colour = "auto"};
    const struct {
        const char *name;
        const char **text;
        double *number;
        bool *flag;
    } table[] = {
        {"--library", &o->library, NULL, NULL},
        {"--fixtures", &o->fixtures, NULL, NULL},
        {"--capabilities", &o->capabilities, NULL, NULL},
        {"--clauses", &o->clauses, NULL, NULL},
        {"--case", &o->case_glob, NULL, NULL},
        {"--except", &o->except_glob, NULL, NULL},
        {"--suite", &o->suite_glob, NULL, NULL},
        {"--touches", &o->touches, NULL, NULL},
        {"--must-run", &o->must_run, NULL, NULL},
        {"--json", &o->json, NULL, NULL},
        {"--tap", &o->tap, NULL, NULL},
        {"--junit", &o->junit, NULL, NULL},
        {"--color", &o->colour, NULL, NULL},
        {"--jobs", NULL, &jobs, NULL},
        {"--timeout-multiplier", NULL, &factor, NULL},
        {"--progress", NULL, &progress, NULL},
        {"--keep-scratch", NULL, NULL, &o->keeps_scratch},
        {"--all-gate", NULL, NULL, &o->gates_all},
        {"--all-clauses", NULL, NULL, &o->wants_all_clauses},
        {"--help", NULL, NULL, &o->shows_help},
    };
    enum { COUNT = sizeof table / sizeof *table };
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < COUNT && !text_equal(argv[i], table[k].name))
            k++;
        if (k == COUNT && argv[i][0] == '-')
            return complain("there is no option ", argv[i]);
        if (k == COUNT) {
            if (!o->verb)
                o->verb = argv[i];
            else
                *(const char **)need(vec_push(&o->operands)) = argv[i];
            continue;
        }
        if (table[k].flag) {
            *table[k].flag = true;
            continue;
        }
        if (++i == argc)
            return complain("a value is missing after ", argv[i - 1]);
        if (table[k].text)
            *table[k].text = argv[i];
        else if (!read_number(argv[i], table[k].number))
            return complain("this is not a number greater than 0: ", argv[i]);
    }
    o->jobs = (unsigned)jobs;
    o->timeout_factor = factor;
    o->progress_seconds = progress;
    return o->shows_help || check(o);
}
