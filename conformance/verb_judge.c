/* SPDX-License-Identifier: MIT */
/* verb_judge.c - judge: saved observations, without the library; questions: what probe would ask.
 */
#include <stdio.h>

#include "judging.h"
#include "report.h"
#include "saved.h"
#include "touches.h"
#include "verbs.h"

static void print_head(const struct json *head)
{
    static const char *const keys[] = {"path", "sha256", "fileVersion", "version",
                                       "implementation"};
    const struct json *library = json_get(head, "library");
    const struct json *environment = json_get(head, "environment");
    printf("observations of dismconform %s on %s, touching %s\n", json_text(head, "version"),
           json_text(environment, "os") ? json_text(environment, "os") : "an unknown system",
           json_text(environment, "touches") ? json_text(environment, "touches")
                                             : "nobody knows what");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (json_text(library, keys[i]))
            printf("%-15s %s\n", keys[i], json_text(library, keys[i]));
    }
}

static void save_judgements(const struct judging *judging, const char *path)
{
    AUTO_FREE char *text = need(json_print_pretty(judging->judgements));
    if (FAILED(report_save(path, text, strlen(text))))
        die("%s: %s", path, error_last()->text);
}

int verb_judge(const struct options *options)
{
    struct saved saved;
    struct judging judging;
    if (FAILED(saved_read(&saved, options->operands.ptr[0]))) {
        fprintf(stderr, "dismconform: %s\n", error_last()->text);
        saved_clear(&saved);
        return EXIT_INVALID;
    }
    print_head(saved.head);
    judging_start(&judging, options, json_get(saved.head, "library"));
    for (size_t i = 0; i < saved.observations.len; i++)
        judging_add(&judging, saved.observations.ptr[i]);
    if (options->json)
        save_judgements(&judging, options->json);
    if (!saved.is_whole)
        printf("the file ends early: the probe did not come to its end\n");
    int code = judging_end(&judging);
    bool is_whole = saved.is_whole;
    saved_clear(&saved);
    return code == EXIT_CONFORMANT && !is_whole ? EXIT_INCOMPLETE : code;
}

int verb_questions(const struct options *options)
{
    struct findings findings = {0};
    struct clauses *clauses = options->clauses ? clauses_load(options->clauses, &findings) : NULL;
    size_t unknown = findings.list.len, count = 0;
    for (const struct json *one = json_first(questions()); one; one = json_next(one), count++) {
        const struct json *steps = json_get(one, "case");
        const struct scenario scenario = {.json = steps, .pointer = (char *)(uintptr_t) ""};
        AUTO_FREE char *why = NULL;
        const char *level = touches_name(touches_of(&scenario, &why)),
                   *clause = json_text(one, "clause");
        printf("%s (clause %s, touches %s)\n    %s\n", json_text(one, "id"), clause, level,
               json_text(one, "asks"));
        if (clauses && !clauses_find(clauses, clause)) {
            fprintf(stderr, "dismconform: the question %s: clause %s is not in the register\n",
                    json_text(one, "id"), clause);
            unknown++;
        }
    }
    printf("%zu questions\n", count);
    findings_clear(&findings);
    clauses_free(clauses);
    return unknown ? EXIT_INVALID : EXIT_CONFORMANT;
}
