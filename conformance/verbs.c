/* SPDX-License-Identifier: MIT */
/* verbs.c - lint, list and explain: what needs no library. */
#include "verbs.h"

#include <stdio.h>

#include "fixture.h"
#include "world_verbs.h"

void verb_load(const struct options *options, size_t first, struct suite *suite,
               struct clauses **clauses)
{
    *clauses = options->clauses ? clauses_load(options->clauses, &suite->findings) : NULL;
    for (size_t i = first; i < options->operands.len; i++)
        suite_load(suite, options->operands.ptr[i], *clauses);
    suite_finish(suite);
}

bool verb_selects(const struct options *options, const struct scenario *scenario)
{
    const char *id = json_text(scenario->json, "id");
    const char *suite = json_text(scenario->file->root, "suite");
    if (options->suite_glob && !glob_fits(options->suite_glob, suite))
        return false;
    if (options->except_glob && glob_fits(options->except_glob, scenario->name))
        return false;
    return !options->case_glob || glob_fits(options->case_glob, id) ||
           glob_fits(options->case_glob, scenario->name);
}

/* With a catalogue at hand, its hashes are checked too. */
static void lint_catalog(const struct options *options, struct suite *suite)
{
    struct catalog catalog;
    catalog_open(&catalog, options->fixtures);
    for (size_t i = 0; catalog.json && i < suite->cases.len; i++) {
        const struct scenario *scenario = &suite->cases.ptr[i];
        const struct json *holders[] = {scenario->index == 0 ? scenario->file->root : NULL,
                                        scenario->json};
        struct source source = {scenario->file->path, scenario->file->text, scenario->file->len,
                                &suite->findings};
        if (scenario->disk) {
            AUTO_FREE char *at = format("%s/disks", scenario->pointer);
            if (FAILED(catalog_check(&catalog, scenario->disk)))
                finding_at(&source, at, "%s", error_last()->text);
            continue;
        }
        for (size_t k = 0; k < 2; k++) {
            const struct json *fixtures = json_get(holders[k], "fixtures");
            for (const struct json *one = json_first(fixtures); one; one = json_next(one)) {
                AUTO_FREE char *at =
                    format("%s/fixtures/%s", k ? scenario->pointer : "", json_key(one));
                if (json_text(one, "catalog") &&
                    FAILED(catalog_check(&catalog, json_text(one, "catalog"))))
                    finding_at(&source, at, "%s", error_last()->text);
            }
        }
    }
    catalog_close(&catalog);
}

static bool is_cited(const struct suite *suite, const char *id)
{
    for (size_t i = 0; i < suite->cases.len; i++) {
        if (json_array_has(json_get(suite->cases.ptr[i].json, "clauses"), id))
            return true;
    }
    return false;
}

static void lint_coverage(const struct options *options, const struct clauses *clauses,
                          struct suite *suite)
{
    struct source source = {.path = options->clauses, .findings = &suite->findings};
    for (size_t i = 0; i < clauses_count(clauses); i++) {
        const struct json *entry = clauses_at(clauses, i);
        const char *id = json_text(entry, "id");
        if (text_equal(json_text(entry, "testable"), "yes") && !is_cited(suite, id))
            finding_at(&source, "", "no case cites the testable clause %s", id);
    }
}

int verb_lint(const struct options *options)
{
    struct suite suite = {0};
    struct clauses *clauses;
    verb_load(options, 0, &suite, &clauses);
    lint_catalog(options, &suite);
    if (options->wants_all_clauses)
        lint_coverage(options, clauses, &suite);
    for (size_t i = 0; i < suite.findings.list.len; i++) {
        AUTO_FREE char *line = finding_line(&suite.findings.list.ptr[i]);
        printf("%s\n", line);
    }
    size_t count = suite.findings.list.len;
    printf("%zu files, %zu cases, %zu findings\n", suite.files.len, suite.cases.len, count);
    bool is_empty = suite.files.len == 0;
    suite_clear(&suite);
    clauses_free(clauses);
    return count || is_empty ? EXIT_INVALID : EXIT_CONFORMANT;
}

int verb_list(const struct options *options)
{
    struct suite suite = {0};
    struct clauses *clauses;
    verb_load(options, 0, &suite, &clauses);
    for (size_t i = 0; i < suite.cases.len; i++) {
        const struct scenario *scenario = &suite.cases.ptr[i];
        if (!verb_selects(options, scenario))
            continue;
        printf("%-8s %s", scenario_status(scenario->json), scenario->name);
        const struct json *list = json_get(scenario->json, "clauses");
        for (const struct json *clause = json_first(list); clause; clause = json_next(clause))
            printf("%s%s", clause == json_first(list) ? "  " : ", ", json_string(clause));
        const struct json *holders[] = {scenario->file->root, scenario->json};
        for (size_t k = 0; k < 2; k++) {
            const struct json *requires = json_get(holders[k], "requires");
            AUTO_FREE char *text = requires ? need(json_print(requires)) : NULL;
            if (text)
                printf("  requires %s", text);
        }
        printf("\n");
    }
    bool has_findings = suite.findings.list.len > 0;
    for (size_t i = 0; i < suite.findings.list.len; i++) {
        AUTO_FREE char *line = finding_line(&suite.findings.list.ptr[i]);
        fprintf(stderr, "%s\n", line);
    }
    suite_clear(&suite);
    clauses_free(clauses);
    return has_findings ? EXIT_INVALID : EXIT_CONFORMANT;
}

/* ---- explain ---- */

static const struct {
    const char *key, *words;
    const char *between; /* of the members of its list */
    bool has_names;      /* its texts are names and stand bare */
} operators[] = {
    {"$ref", "", NULL, true},
    {"$const", "", NULL, true},
    {"$flags", "", " | ", true},
    {"$event", "the event ", NULL, true},
    {"$progress", "the callback ", NULL, true},
    {"$handle", "the handle ", NULL, true},
    {"$utf16", "the units ", NULL, false},
    {"$join", "", "/", true},
    {"$concat", "", "", true},
    {"$any", "anything ", NULL, false},
    {"$present", "present: ", NULL, false},
    {"$exact", "exactly ", NULL, false},
    {"$anyOf", "", " or ", false},
    {"anyOf", "", " or ", true},
    {"$allOf", "", " and ", false},
    {"$not", "not ", NULL, false},
    {"$lt", "less than ", NULL, false},
    {"$lte", "at most ", NULL, false},
    {"$gt", "more than ", NULL, false},
    {"$gte", "at least ", NULL, false},
    {"$regex", "text like ", NULL, false},
    {"$contains", "a list with ", NULL, false},
    {"$unordered", "in any order ", NULL, false},
    {"$each", "each ", NULL, false},
    {"$length", "of length ", NULL, false},
    {"$flagsAll", "with the flags ", " | ", true},
    {"$flagsNone", "without the flags ", " | ", true},
    {"$samePath", "the path ", NULL, false},
    {"$sameText", "the text ", NULL, false},
    {"$file", "the file ", NULL, false},
    {"$dir", "the folder ", NULL, false},
    {"$inImage", "in the image ", NULL, false},
};

static void say(struct text *out, const struct json *value);

static void say_name(struct text *out, const struct json *value)
{
    if (json_string(value))
        text_add(out, json_string(value));
    else
        say(out, value);
}

/* An object of one member that is an operator. */
static bool say_operator(struct text *out, const struct json *value)
{
    const struct json *operand = json_first(value);
    size_t i = 0, count = sizeof operators / sizeof *operators;
    if (!json_is(value, JSON_OBJECT) || json_len(value) != 1)
        return false;
    while (i < count && !text_equal(json_key(operand), operators[i].key))
        i++;
    if (i == count)
        return false;
    void (*tell)(struct text *, const struct json *) = operators[i].has_names ? say_name : say;
    text_add(out, operators[i].words);
    if (!operators[i].between || !json_is(operand, JSON_ARRAY)) {
        tell(out, operand);
        return true;
    }
    if (json_len(operand) == 0)
        text_add(out, "none");
    for (const struct json *one = json_first(operand); one; one = json_next(one)) {
        text_add(out, one == json_first(operand) ? "" : operators[i].between);
        tell(out, one);
    }
    return true;
}

/* A value of a scenario as people write it: names bare, texts in quotes, operators as words. */
static void say(struct text *out, const struct json *value)
{
    if (say_operator(out, value))
        return;
    bool is_list = json_is(value, JSON_ARRAY);
    if (!is_list && !json_is(value, JSON_OBJECT)) {
        AUTO_FREE char *plain = need(json_print(value));
        text_add(out, plain);
        return;
    }
    text_add(out, is_list ? "[" : "{");
    for (const struct json *one = json_first(value); one; one = json_next(one)) {
        text_add(out, one == json_first(value) ? "" : ", ");
        if (!is_list)
            text_addf(out, "%s: ", json_key(one));
        say(out, one);
    }
    text_add(out, is_list ? "]" : "}");
}

/* Codes and constants are names, not texts. */
static char *said(const struct json *value)
{
    struct text out = {0};
    say_name(&out, value);
    return need(text_take(&out));
}

/* "ImageIndex: 1, Flags: ..." */
static char *said_members(const struct json *object)
{
    struct text out = {0};
    for (const struct json *one = json_first(object); one; one = json_next(one)) {
        text_addf(&out, "%s%s: ", out.len ? ", " : "", json_key(one));
        say(&out, one);
    }
    return need(text_take(&out));
}

static void explain_expect(const struct json *step)
{
    const struct json *expect = json_get(step, "expect"), *labels = json_get(expect, "oneOf");
    if (json_string(expect)) {
        printf(text_equal(json_string(expect), "no-return") ? ", which never comes back"
                                                            : ", whatever comes back");
        return;
    }
    AUTO_FREE char *hr = NULL;
    for (const struct json *one = json_first(labels); one; one = json_next(one)) {
        AUTO_FREE char *text = said(json_get(one, "hr"));
        printf("%s%s (%s)", one == json_first(labels) ? ", expecting " : " or ", text,
               json_text(one, "as"));
    }
    if (labels)
        return;
    hr = said(json_get(expect, "hr"));
    printf(", expecting %s", hr);
    static const char *const more[] = {"out", "message", "progress"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *text = json_get(expect, more[i]) ? said(json_get(expect, more[i])) : NULL;
        if (text)
            printf(", %s %s", more[i], text);
    }
}

static void explain_steps(const struct json *steps, int indent)
{
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        static const char *const words[] = {"barrier", "await", "signal", "release"};
        printf("%*s- ", indent, "");
        if (json_get(step, "id"))
            printf("%s: ", json_text(step, "id"));
        if (json_get(step, "when"))
            printf("if %s ended as %s, ", json_text(json_get(step, "when"), "outcomeOf"),
                   json_text(json_get(step, "when"), "is"));
        if (json_get(step, "call")) {
            AUTO_FREE char *with =
                json_get(step, "with") ? said_members(json_get(step, "with")) : NULL;
            printf("call %s%s%s", json_text(step, "call"), with ? " with " : "", with ? with : "");
            explain_expect(step);
        }
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            const struct json *value = json_get(step, words[i]);
            AUTO_FREE char *text = value ? said(value) : NULL;
            if (text)
                printf("%s %s", words[i], text);
        }
        if (json_get(step, "world")) {
            AUTO_FREE char *sentence = world_sentence(json_get(step, "world"), said);
            printf("world: %s", sentence);
        }
        if (json_get(step, "check")) {
            AUTO_FREE char *what = said(json_get(step, "check"));
            AUTO_FREE char *matches = said(json_get(step, "matches"));
            printf("check that %s is %s", what, matches);
        }
        const struct json *lanes = json_get(step, "parallel");
        printf(lanes ? "at the same time:\n" : "\n");
        for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
            printf("%*slane %s:\n", indent + 2, "", json_key(lane));
            explain_steps(lane, indent + 4);
        }
    }
}

static void explain_case(const struct scenario *scenario)
{
    printf("%s (%s)\n%s\n", scenario->name, scenario_status(scenario->json),
           json_text(scenario->json, "title"));
    if (json_text(scenario->json, "notes"))
        printf("%s\n", json_text(scenario->json, "notes"));
    static const char *const parts[] = {"clauses", "requires", "faults", "residue", "order"};
    if (json_len(scenario->fixtures)) {
        AUTO_FREE char *text = said(scenario->fixtures);
        printf("fixtures: %s\n", text);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct json *holders[] = {scenario->file->root, scenario->json};
        for (size_t k = 0; k < 2; k++) {
            const struct json *value = json_get(holders[k], parts[i]);
            AUTO_FREE char *text = value ? said(value) : NULL;
            if (text)
                printf("%s: %s\n", parts[i], text);
        }
    }
    for (size_t i = 0; i < scenario_phase_count(scenario->json); i++) {
        if (scenario_before(scenario->json, i))
            printf("then %s, then:\n", scenario_before(scenario->json, i));
        explain_steps(scenario_steps(scenario->json, scenario->pointer, i, NULL), 2);
    }
    if (json_get(scenario->json, "finally"))
        printf("in any case:\n");
    explain_steps(json_get(scenario->json, "finally"), 2);
}

int verb_explain(const struct options *options)
{
    struct suite suite = {0};
    struct clauses *clauses;
    size_t found = 0;
    verb_load(options, 1, &suite, &clauses);
    for (size_t i = 0; i < suite.cases.len; i++) {
        const struct scenario *scenario = &suite.cases.ptr[i];
        const char *wanted = options->operands.ptr[0];
        if (glob_fits(wanted, scenario->name) ||
            glob_fits(wanted, json_text(scenario->json, "id"))) {
            explain_case(scenario);
            found++;
        }
    }
    if (!found)
        fprintf(stderr, "dismconform: there is no case %s (list shows their names)\n",
                options->operands.ptr[0]);
    suite_clear(&suite);
    clauses_free(clauses);
    return found ? EXIT_CONFORMANT : EXIT_INVALID;
}
