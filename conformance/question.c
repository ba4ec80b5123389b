/* SPDX-License-Identifier: MIT */
/* question.c - see question.h. */
#include "question.h"

#include <stdio.h>

#include "expect.h"
#include "question_data.h"
#include "report.h"

static void check_question(const struct json *question)
{
    static const char *const needed[] = {"id", "clause", "asks"};
    for (size_t i = 0; i < 3; i++) {
        if (!json_text(question, needed[i]))
            die("a question of the runner lacks '%s'", needed[i]);
    }
    size_t models = 0;
    const struct json *answers = json_get(question, "answers");
    for (const struct json *one = json_first(answers); one; one = json_next(one)) {
        models += json_bool(json_get(one, "model"));
        if (!json_text(one, "as") || !json_text(one, "grade") ||
            (!json_get(one, "when") && !json_text(one, "ends")))
            die("the question %s has an answer without as, grade, or when and ends",
                json_text(question, "id"));
    }
    if (models > 1 || json_len(answers) == 0)
        die("the question %s: at most one answer is the model's, and there is one at least",
            json_text(question, "id"));
}

static struct json *read_all(void)
{
    struct json *all = json_hold(json_new_array());
    for (size_t i = 0; i < question_file_count; i++) {
        struct json *file = NULL;
        if (FAILED(
                json_parse((const char *)question_files[i].bytes, question_files[i].size, &file)))
            die("%s: %s", question_files[i].name, error_last()->text);
        for (const struct json *one = json_first(file); one; one = json_next(one)) {
            check_question(one);
            json_push(all, json_hold(json_copy(one)));
        }
        json_free(file);
    }
    return all;
}

const struct json *questions(void)
{
    static struct json *all; /* until the process ends */
    if (!all)
        all = read_all();
    return all;
}

const struct json *question_find(const char *id)
{
    for (const struct json *one = json_first(questions()); one; one = json_next(one)) {
        if (text_equal(json_text(one, "id"), id))
            return one;
    }
    return NULL;
}

/* ---- does an answer fit what was seen? ---- */

static const struct json *seen_step(const struct json *observation, const char *id)
{
    const struct json *steps = json_get(observation, "steps");
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        if (text_equal(json_text(step, "step"), id) && json_text(step, "hr"))
            return step;
    }
    return NULL;
}

/* A member of the wanted outcome; hr has its own words, the rest are matchers. */
static bool member_fits(const struct json *wanted, const struct json *step)
{
    const char *key = json_key(wanted);
    if (text_equal(key, "hr")) {
        HRESULT hr;
        const char *code = json_text(step, "code");
        return reflect_code_parse(code ? code : json_text(step, "hr"), &hr) &&
               expect_hr(wanted, hr);
    }
    struct values none = {0};
    AUTO_FREE char *why = NULL;
    HRESULT hr = expect_value(wanted, json_get(step, key), &none, &why);
    if (FAILED(hr))
        die("an answer of the runner's own cannot be used: %s", error_last()->text);
    return hr == S_OK;
}

static bool answer_fits(const struct json *answer, const struct json *observation)
{
    const char *ends = json_text(answer, "ends"), *status = json_text(observation, "status");
    if (ends)
        return text_equal(ends, status);
    const struct json *when = json_get(answer, "when");
    for (const struct json *one = json_first(when); one; one = json_next(one)) {
        const struct json *step = seen_step(observation, json_key(one));
        for (const struct json *wanted = json_first(one); wanted; wanted = json_next(wanted)) {
            if (!step || !member_fits(wanted, step))
                return false;
        }
    }
    return true;
}

/* ---- the judgement ---- */

static void put_change(struct json *judgement, const char *what, const char *from, const char *to)
{
    struct json *change = json_hold(json_new_object());
    json_set_string(change, "from", from);
    json_set_string(change, "to", to);
    json_set(judgement, what, change);
}

static void put_answer(struct json *judgement, const struct json *question,
                       const struct json *answer, bool is_evidence, const char *level)
{
    json_set_string(judgement, "status", "answered");
    json_set_string(judgement, "answer", json_text(answer, "as"));
    json_set_string(judgement, "means", json_text(answer, "means"));
    const struct json *answers = json_get(question, "answers");
    for (const struct json *one = json_first(answers); one; one = json_next(one)) {
        if (json_bool(json_get(one, "model")))
            json_set_string(judgement, "model", json_text(one, "as"));
    }
    if (!is_evidence)
        return;
    if (!text_equal(json_text(answer, "grade"), "A"))
        put_change(judgement, "grade", json_text(answer, "grade"), "A");
    if (text_equal(level, "contested") || text_equal(level, "assumed"))
        put_change(judgement, "level", level, "observed");
}

static void put_why(struct json *judgement, const char *status, const char *why)
{
    json_set_string(judgement, "status", status);
    json_set_string(judgement, "why", why);
}

static void judge_unanswered(struct json *judgement, const struct json *observation)
{
    const char *status = json_text(observation, "status");
    const char *message = json_text(json_get(observation, "verdict"), "message");
    if (text_equal(status, "CRASH"))
        put_why(judgement, "crashed", message);
    else if (text_equal(status, "TIMEOUT"))
        put_why(judgement, "hung", message);
    else if (text_equal(status, "PASS"))
        put_why(judgement, "unforeseen", "none of the known answers fits");
    else
        put_why(judgement, "not asked", message ? message : "no reason is given");
}

struct json *question_judge(const struct json *question, const struct json *observation,
                            bool is_evidence, const struct clauses *clauses)
{
    struct json *judgement = json_hold(json_new_object());
    const struct json *skip = json_get(observation, "skip");
    const char *clause = json_text(question, "clause");
    const char *level = json_text(clauses_find(clauses, clause), "level");
    json_set_string(judgement, "question", json_text(question, "id"));
    json_set_string(judgement, "clause", clause);
    if (level)
        json_set_string(judgement, "clauseLevel", level);
    json_set_string(judgement, "asks", json_text(question, "asks"));
    if (skip && json_text(skip, "kind")) {
        AUTO_FREE char *why = report_skip_text(skip);
        put_why(judgement, "not asked", why);
        return judgement;
    }
    const struct json *answers = json_get(question, "answers");
    for (const struct json *one = json_first(answers); one; one = json_next(one)) {
        if (answer_fits(one, observation)) {
            put_answer(judgement, question, one, is_evidence, level);
            return judgement;
        }
    }
    judge_unanswered(judgement, observation);
    return judgement;
}

/* ---- for people ---- */

static void print_steps(const struct json *observation)
{
    const struct json *steps = json_get(observation, "steps");
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        const char *id = json_text(step, "step"), *hr = json_text(step, "hr");
        const char *code = json_text(step, "code"), *call = json_text(step, "call");
        const char *message = json_text(step, "message");
        if (!id || !call)
            continue;
        printf("    %-10s %s -> %s%s%s%s", id, call, hr ? hr : "never came back",
               code && !text_equal(code, hr) ? " (" : "", code && !text_equal(code, hr) ? code : "",
               code && !text_equal(code, hr) ? ")" : "");
        AUTO_FREE char *progress =
            json_get(step, "progress") ? need(json_print(json_get(step, "progress"))) : NULL;
        printf("%s%s", progress ? ", progress " : "", progress ? progress : "");
        if (message)
            printf(", saying: %.*s", (int)strcspn(message, "\r\n"), message);
        printf("\n");
    }
}

static void print_change(const struct json *judgement, const char *what)
{
    const struct json *change = json_get(judgement, what);
    if (change)
        printf("    would change: %s %s -> %s\n", what, json_text(change, "from"),
               json_text(change, "to"));
}

void question_print(const struct json *judgement, const struct json *observation)
{
    const char *level = json_text(judgement, "clauseLevel"),
               *answer = json_text(judgement, "answer");
    const char *model = json_text(judgement, "model");
    printf("%s: %s (clause %s%s%s)\n    %s\n", json_text(judgement, "question"),
           answer ? answer : json_text(judgement, "status"), json_text(judgement, "clause"),
           level ? ", " : "", level ? level : "", json_text(judgement, "asks"));
    print_steps(observation);
    if (json_text(judgement, "means"))
        printf("    %s\n", json_text(judgement, "means"));
    if (json_text(judgement, "why"))
        printf("    %s\n", json_text(judgement, "why"));
    print_change(judgement, "grade");
    print_change(judgement, "level");
    if (answer && model && !text_equal(answer, model))
        printf("    the fake answers otherwise: %s\n", model);
    if (text_equal(json_text(judgement, "status"), "unforeseen"))
        printf("    would change: the clause gets an answer that it does not have\n");
}
