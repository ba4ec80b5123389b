/* SPDX-License-Identifier: MIT */
/* judging.c - see judging.h. */
#include "judging.h"

#include <stdio.h>

static struct clauses *load_register(const char *folder)
{
    struct findings findings = {0};
    struct clauses *clauses = clauses_load(folder, &findings);
    for (size_t i = 0; i < findings.list.len; i++) {
        AUTO_FREE char *line = finding_line(&findings.list.ptr[i]);
        fprintf(stderr, "%s\n", line);
    }
    if (findings.list.len > 0)
        die("the clause register %s is unusable", folder);
    return clauses;
}

static struct clauses *find_register(const char *named)
{
    static const char *const places[] = {"scenarios/clauses",
                                         "../share/dismfake/scenarios/clauses"};
    AUTO_FREE char *program = NULL;
    AUTO_FREE char *bin = NULL;
    if (named)
        return load_register(named);
    if (FAILED(os_executable_path(&program)) || FAILED(path_parent(program, &bin)))
        return NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        AUTO_FREE char *folder = join(bin, places[i]);
        if (os_is_directory(folder))
            return load_register(folder);
    }
    return NULL;
}

void judging_start(struct judging *judging, const struct options *options,
                   const struct json *library)
{
    *judging = (struct judging){.clauses = find_register(options->clauses),
                                .is_evidence =
                                    text_equal(json_text(library, "implementation"), "microsoft"),
                                .judgements = json_hold(json_new_array())};
}

void judging_add(struct judging *judging, const struct json *observation)
{
    const struct json *question = question_find(json_text(observation, "question"));
    if (!question) {
        printf("%s: this runner does not know the question\n", json_text(observation, "question"));
        judging->not_asked++;
        return;
    }
    struct json *judgement =
        question_judge(question, observation, judging->is_evidence, judging->clauses);
    const char *status = json_text(judgement, "status");
    judging->answered += text_equal(status, "answered");
    judging->not_asked += text_equal(status, "not asked");
    judging->unforeseen += !text_equal(status, "answered") && !text_equal(status, "not asked");
    judging->changes += json_get(judgement, "grade") || json_get(judgement, "level");
    question_print(judgement, observation);
    fflush(stdout);
    json_push(judging->judgements, judgement);
}

int judging_end(struct judging *judging)
{
    unsigned asked = judging->answered + judging->unforeseen + judging->not_asked;
    printf("%u questions: %u answered, %u with an answer that nobody foresaw, %u not asked; ",
           asked, judging->answered, judging->unforeseen, judging->not_asked);
    if (judging->is_evidence)
        printf("%u clauses would change their grade or level\n", judging->changes);
    else
        printf("no clause changes: the library is not Microsoft's\n");
    json_free(judging->judgements);
    clauses_free(judging->clauses);
    return judging->unforeseen                ? EXIT_NONCONFORMANT
           : judging->not_asked || asked == 0 ? EXIT_INCOMPLETE
                                              : EXIT_CONFORMANT;
}
