/* SPDX-License-Identifier: MIT */
/* observe.c - writes what a phase sees, line by line; relies on whole appends of os_write. */
#include "phase.h"

struct phase the_phase;

void observe(const char *type, struct json *line)
{
    struct json *object = line ? line : json_hold(json_new_object());
    json_set_string(object, "t", type);
    AUTO_FREE char *text = need(json_print(object));
    json_free(object);
    struct text out = {0};
    text_addf(&out, "%s\n", text);
    if (out.failed || FAILED(os_write(the_phase.observations, out.ptr, out.len)))
        die("cannot write observations: %s", error_last()->text);
    text_clear(&out);
}

static void add_evidence(struct json *line, const struct json *step, const struct json *assertion)
{
    static const char *const keys[] = {"clauses", "grade", "source"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct json *value = json_get(assertion, keys[i]);
        if (!value)
            value = json_get(step, keys[i]);
        if (!value && i == 0)
            value = json_get(the_phase.scenario, "clauses");
        if (value)
            json_set(line, keys[i], json_copy(value));
    }
}

void phase_fail(const char *status, const char *pointer, const struct json *step,
                const struct json *assertion, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    AUTO_FREE char *message = need(mem_format_v(text, args));
    va_end(args);
    struct json *line = json_hold(json_new_object());
    json_set_string(line, "status", status);
    json_set_string(line, "pointer", pointer);
    if (json_text(step, "id"))
        json_set_string(line, "step", json_text(step, "id"));
    if (json_text(step, "call"))
        json_set_string(line, "call", json_text(step, "call"));
    json_set_string(line, "message", message);
    add_evidence(line, step, assertion);
    observe("fail", line);
    {
        AUTO_LOCK(&the_phase.lock);
        the_phase.has_failed = the_phase.is_abandoned = true;
        os_cond_broadcast(&the_phase.changed);
    }
    sync_release_all();
}
