/* SPDX-License-Identifier: MIT */
/*
 * call.c - one call of the library, made and judged. Its arguments and results are frame.c's
 * business.
 *
 * A step counts as returned for other lanes before its results are read: reading garbage may end
 * the process, and that crash still belongs to this step, whose "return" line is then missing.
 */
#include "expect.h"
#include "frame.h"
#include "invoke.h"
#include "scenario.h"

static void note_entry(struct frame *frame)
{
    const char *id = json_text(frame->step, "id");
    struct json *line = json_hold(json_new_object());
    json_set_string(line, "pointer", frame->pointer);
    json_set_string(line, "call", frame->call->name);
    if (id)
        json_set_string(line, "step", id);
    if (lane_name())
        json_set_string(line, "lane", lane_name());
    json_set(line, "args", json_copy(frame->arguments));
    if (the_phase.library.hooks.DismFakeNameStep)
        the_phase.library.hooks.DismFakeNameStep(id);
    UINT64 thread =
        the_phase.library.hooks.DismFakeThreadId ? the_phase.library.hooks.DismFakeThreadId() : 0;
    uint64_t sequence;
    {
        AUTO_LOCK(&the_phase.lock);
        sequence = next_sequence();
        if (id) {
            struct step_state *state = step_state_of(id);
            state->has_entered = true;
            state->thread = thread;
            os_cond_broadcast(&the_phase.changed);
        }
    }
    json_set_number(line, "seq", (double)sequence);
    observe("enter", line);
}

static uint64_t note_return(struct frame *frame)
{
    const char *id = json_text(frame->step, "id");
    sync_settle_order(id);
    AUTO_LOCK(&the_phase.lock);
    uint64_t sequence = next_sequence();
    if (frame->progress)
        frame->progress->is_call_running = false;
    if (id)
        step_state_of(id)->has_returned = true;
    os_cond_broadcast(&the_phase.changed);
    return sequence;
}

static void observe_return(const struct frame *frame, const struct outcome *got, uint64_t sequence)
{
    char buffer[16];
    struct json *line = json_hold(json_new_object());
    json_set_string(line, "pointer", frame->pointer);
    json_set_number(line, "seq", (double)sequence);
    json_set_string(line, "hr", reflect_code_name(got->hr, buffer));
    json_set(line, "out", json_copy(frame->out));
    if (got->message)
        json_set_string(line, "message", got->message);
    if (got->has_progress) {
        struct json *progress = json_hold(json_new_object());
        json_set_number(progress, "calls", got->calls);
        json_set_bool(progress, "monotonic", got->is_monotonic);
        json_set_number(progress, "Current", got->current);
        json_set_number(progress, "Total", got->total);
        if (got->calls) {
            json_set_number(progress, "first", frame->progress->first);
            json_set_string(progress, "thread",
                            frame->progress->has_many_threads                    ? "several"
                            : frame->progress->thread == frame->progress->caller ? "caller"
                                                                                 : "another");
        }
        json_set(line, "progress", progress);
        if (got->calls)
            json_set_number(line, "progress1", (double)frame->progress->first_sequence);
    }
    observe("return", line);
}

static bool wants_message(const struct frame *frame, HRESULT hr)
{
    if (!the_phase.reads_messages || frame->api == API_DismShutdown ||
        frame->api == API_DismDelete || frame->api == API_DismGetLastErrorMessage)
        return false;
    const struct json *expect = json_get(frame->step, "expect");
    bool is_asked_for = json_get(expect, "message") != NULL;
    for (const struct json *one = json_first(json_get(expect, "oneOf")); one; one = json_next(one))
        is_asked_for = is_asked_for || json_get(one, "message");
    return FAILED(hr) || is_asked_for;
}

static enum flow judge(struct frame *frame, const struct outcome *got)
{
    const struct json *assertion = NULL;
    const char *label = NULL;
    AUTO_FREE char *why = NULL;
    HRESULT hr;
    if (text_equal(json_text(frame->step, "expect"), "no-return")) {
        char buffer[16];
        phase_fail("FAIL", frame->pointer, frame->step, NULL,
                   "the call came back with %s, though a crash was to end it",
                   reflect_code_name(got->hr, buffer));
        return FLOW_STOP;
    }
    {
        AUTO_LOCK(&the_phase.lock);
        hr = expect_judge(json_get(frame->step, "expect"), got, &the_phase.values, &assertion,
                          &label, &why);
        if (label && json_text(frame->step, "id"))
            step_state_of(json_text(frame->step, "id"))->label = dup_text(label);
    }
    if (hr != S_OK) {
        phase_fail(FAILED(hr) ? "ERROR" : "FAIL", frame->pointer, frame->step, assertion, "%s",
                   why ? why : error_last()->text);
        return FLOW_STOP;
    }
    if (label) {
        struct json *line = json_hold(json_new_object());
        json_set_string(line, "pointer", frame->pointer);
        json_set_string(line, "label", label);
        observe("label", line);
    }
    return frame_bind(frame) ? FLOW_ON : FLOW_STOP;
}

static enum flow run_frame(struct frame *frame)
{
    if (FAILED(frame_put_arguments(frame)) ||
        (the_phase.is_guarded && FAILED(touches_check(the_phase.touches, frame->api,
                                                      frame->arguments, the_phase.scratch)))) {
        phase_fail("ERROR", frame->pointer, frame->step, NULL, "%s", error_last()->text);
        return FLOW_STOP;
    }
    frame_note_kept(frame);
    note_entry(frame);
    watchdog_enter(frame->pointer, deadline_of(frame->step, 0));
    struct outcome got = {
        .hr = invoke(frame->api, the_phase.library.exports[frame->api], frame->words)};
    uint64_t sequence = note_return(frame);
    AUTO_FREE char *message = wants_message(frame, got.hr) ? call_message() : NULL;
    frame_count_sessions(frame, got.hr);
    frame_read_results(frame, got.hr);
    frame_free_results(frame, got.hr);
    watchdog_leave(frame->pointer);
    got.out = frame->out;
    got.message = message;
    if (frame->progress) {
        AUTO_LOCK(&the_phase.lock);
        got.has_progress = true;
        got.calls = frame->progress->calls;
        got.is_monotonic = frame->progress->is_monotonic;
        got.first = frame->progress->first;
        got.current = frame->progress->current;
        got.user_data = frame->progress->user_data;
        got.total = frame->progress->total;
    }
    observe_return(frame, &got, sequence);
    return judge(frame, &got);
}

enum flow call_step(const struct json *step, const char *pointer)
{
    struct frame frame = {.step = step, .pointer = pointer};
    frame.api = reflect_api_by_name(json_text(step, "call"));
    frame.call = &reflect_calls[frame.api];
    enum flow flow = run_frame(&frame);
    frame_clear(&frame);
    return flow;
}

HRESULT call_plain(enum api api, const arg_word *words, const char *what)
{
    struct json *line = json_hold(json_new_object());
    json_set_string(line, "pointer", what);
    json_set_string(line, "call", reflect_calls[api].name);
    observe("enter", line);
    watchdog_enter(what, deadline_of(NULL, 0));
    HRESULT hr = invoke(api, the_phase.library.exports[api], words);
    watchdog_leave(what);
    char buffer[16];
    line = json_hold(json_new_object());
    json_set_string(line, "pointer", what);
    json_set_string(line, "hr", reflect_code_name(hr, buffer));
    observe("return", line);
    return hr;
}
