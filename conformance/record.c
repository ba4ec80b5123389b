/* SPDX-License-Identifier: MIT */
/* record.c - builds the record of a case. */
#include "record.h"

struct json *record_new(const struct scenario *scenario, const struct subject *subject)
{
    struct json *record = json_hold(json_new_object());
    json_set_string(record, "type", "case");
    json_set_string(record, "case", scenario->name);
    json_set_string(record, "file", scenario->file->path);
    json_set_number(record, "line",
                    json_line_of(scenario->file->text, scenario->file->len, scenario->pointer));
    json_set_string(record, "pointer", scenario->pointer);
    json_set_string(record, "title", json_text(scenario->json, "title"));
    json_set_string(record, "caseStatus", scenario_status(scenario->json));
    json_set(record, "clauses", json_copy(json_get(scenario->json, "clauses")));
    json_set(record, "library", subject_identity(subject));
    json_set_string(record, "status", "PASS");
    json_set(record, "steps", json_new_array());
    json_set(record, "labels", json_new_object());
    return record;
}

/* Parts of the record that grow. They belong to it; only reading goes through const. */
static struct json *part(struct json *record, const char *key)
{
    return (struct json *)(uintptr_t)json_get(record, key);
}

void record_skip(struct json *record, struct json *reason)
{
    json_set_string(record, "status", "SKIP");
    json_set(record, "skip", reason);
}

static void put_verdict(struct json *record, const char *status, const char *pointer,
                        const char *message)
{
    struct json *verdict = json_hold(json_new_object());
    json_set_string(verdict, "pointer", pointer);
    json_set_string(verdict, "message", message);
    json_set(verdict, "clauses", json_copy(json_get(record, "clauses")));
    json_set_string(record, "status", status);
    json_set(record, "verdict", verdict);
}

void record_lie(struct json *record, const char *capability, const char *why)
{
    AUTO_FREE char *message =
        format("the library claims %s, but: %s", capability, why ? why : "its probe fails");
    put_verdict(record, "LIED", json_text(record, "pointer"), message);
}

void record_error(struct json *record, const char *stage, const char *message)
{
    put_verdict(record, "ERROR", json_text(record, "pointer"), message);
    json_set_string(record, "stage", stage);
}

void record_failure(struct json *record, const struct json *failure)
{
    static const char *const keys[] = {"step", "call", "clauses", "grade", "source", "inFinally"};
    put_verdict(record, json_text(failure, "status"), json_text(failure, "pointer"),
                json_text(failure, "message"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (json_get(failure, keys[i]))
            json_set(part(record, "verdict"), keys[i], json_copy(json_get(failure, keys[i])));
    }
    if (text_equal(json_text(failure, "status"), "ERROR"))
        json_set_string(record, "stage", "run");
}

void record_fail(struct json *record, const char *status, const char *pointer,
                 const struct json *assertion, const char *message)
{
    if (!text_equal(json_text(record, "status"), "PASS"))
        return;
    put_verdict(record, status, pointer, message);
    if (json_get(assertion, "clauses"))
        json_set(part(record, "verdict"), "clauses", json_copy(json_get(assertion, "clauses")));
}

struct step_of_pointer {
    const char *pointer;
    const struct json *step;
};

static void find_step(void *context, const struct json *step, const char *pointer)
{
    struct step_of_pointer *search = context;
    if (text_equal(pointer, search->pointer))
        search->step = step;
}

void record_death(struct json *record, const char *status, const struct json *scenario,
                  const char *case_pointer, const struct phase_end *end, const char *how)
{
    bool is_ending = !end->pointer && text_equal(end->stage, "exit");
    bool is_loading = !end->pointer && text_equal(end->stage, "load");
    AUTO_FREE char *message = format("%s%s",
                                     end->pointer ? ""
                                     : is_loading ? "before the first call: "
                                     : is_ending  ? "while the process ended: "
                                                  : "between two calls: ",
                                     how);
    put_verdict(record, status, end->pointer ? end->pointer : case_pointer, message);
    struct json *verdict = part(record, "verdict");
    if (end->call)
        json_set_string(verdict, "call", end->call);
    struct step_of_pointer search = {.pointer = end->pointer};
    scenario_each_step(scenario, case_pointer, find_step, &search);
    if (json_text(search.step, "id"))
        json_set_string(verdict, "step", json_text(search.step, "id"));
    if (json_get(search.step, "clauses"))
        json_set(verdict, "clauses", json_copy(json_get(search.step, "clauses")));
}

/* ---- what was seen ---- */

void record_enter(struct json *record, const struct json *line, size_t phase, double base)
{
    static const char *const keys[] = {"pointer", "step", "lane", "call", "args"};
    struct json *step = json_hold(json_new_object());
    json_set_number(step, "phase", (double)phase);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (json_get(line, keys[i]))
            json_set(step, keys[i], json_copy(json_get(line, keys[i])));
    }
    if (json_get(line, "seq"))
        json_set_number(step, "enter", base + json_number(json_get(line, "seq")));
    json_push(part(record, "steps"), step);
}

void record_return(struct json *record, const struct json *line, size_t phase, double base)
{
    static const char *const keys[] = {"hr", "out", "message", "progress"};
    struct json *found = NULL;
    const struct json *steps = json_get(record, "steps");
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        if (text_equal(json_text(step, "pointer"), json_text(line, "pointer")) &&
            json_number(json_get(step, "phase")) == (double)phase && !json_get(step, "hr"))
            found = (struct json *)(uintptr_t)step;
    }
    if (!found)
        return;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (json_get(line, keys[i]))
            json_set(found, keys[i], json_copy(json_get(line, keys[i])));
    }
    if (json_get(line, "seq"))
        json_set_number(found, "return", base + json_number(json_get(line, "seq")));
    if (json_get(line, "progress1"))
        json_set_number(found, "progress1", base + json_number(json_get(line, "progress1")));
}

void record_check(struct json *record, const struct json *line, size_t phase)
{
    struct json *step = json_hold(json_new_object());
    json_set_number(step, "phase", (double)phase);
    json_set_string(step, "pointer", json_text(line, "pointer"));
    json_set(step, "seen", json_copy(json_get(line, "seen")));
    json_push(part(record, "steps"), step);
}

void record_label(struct json *record, const char *pointer, const char *label)
{
    json_set_string(part(record, "labels"), pointer, label);
}

void record_world(struct json *record, const struct json *request)
{
    if (!json_get(record, "world"))
        json_set(record, "world", json_new_array());
    json_push(part(record, "world"), json_copy(request));
}

void record_output(struct json *record, const char *out, const char *error_path)
{
    enum { LIMIT = 8192 };
    AUTO_FREE char *errors = NULL;
    size_t size = 0;
    if (*out)
        json_set_string(record, "stdout", out);
    if (FAILED(os_read_file(error_path, &errors, &size)) || size == 0)
        return;
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)errors[i] >= 0x80 || errors[i] == '\0')
            errors[i] = '?';
    }
    if (size > LIMIT)
        errors[LIMIT] = '\0';
    json_set_string(record, "stderr", errors);
}

/* ---- order ---- */

/* The sequence number of "step.enter" and the like; 0 if it never happened. */
static double edge_of(const struct json *record, const char *edge)
{
    size_t len = strcspn(edge, ".");
    AUTO_FREE char *id = need(mem_dup_n(edge, len));
    const struct json *steps = json_get(record, "steps");
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        if (text_equal(json_text(step, "step"), id))
            return json_number(json_get(step, edge + len + 1));
    }
    return 0;
}

void record_judge_order(struct json *record, const struct json *scenario, const char *pointer)
{
    const struct json *rules = json_get(scenario, "order");
    size_t i = 0;
    for (const struct json *rule = json_first(rules); rule; rule = json_next(rule), i++) {
        const char *before = json_text(rule, "before"), *after = json_text(rule, "after");
        double first = edge_of(record, before), second = edge_of(record, after);
        AUTO_FREE char *at = format("%s/order/%zu", pointer, i);
        AUTO_FREE char *text = NULL;
        if (first <= 0 || second <= 0)
            text = format("order: %s never happened", first <= 0 ? before : after);
        else if (first > second)
            text = format("order: wanted %s before %s, got the opposite", before, after);
        if (text)
            record_fail(record, "FAIL", at, json_get(rule, "clauses") ? rule : scenario, text);
    }
}
