/* SPDX-License-Identifier: MIT */
/* step.c - runs steps in order, and lanes beside each other; every lane is a named thread. */
#include "phase.h"

static _Thread_local const char *current_lane;

const char *lane_name(void)
{
    return current_lane;
}

struct lane {
    const struct json *steps;
    const struct json *lanes;
    char *pointer;
    struct os_thread *thread;
    enum flow flow;
};

static void run_lane(void *argument)
{
    struct lane *lane = argument;
    current_lane = json_key(lane->steps);
    if (the_phase.library.hooks.DismFakeNameThread)
        the_phase.library.hooks.DismFakeNameThread(current_lane);
    lane->flow = run_steps(lane->steps, lane->pointer, lane->lanes);
}

static enum flow run_parallel(const struct json *step, const char *pointer)
{
    const struct json *lanes = json_get(step, "parallel");
    size_t count = json_len(lanes), i = 0;
    AUTO_FREE struct lane *all = need(mem_array(count, sizeof *all));
    enum flow flow = FLOW_ON;
    if (json_get(step, "timeoutMs"))
        watchdog_enter(pointer, deadline_of(step, 0));
    for (const struct json *steps = json_first(lanes); steps; steps = json_next(steps), i++) {
        all[i].steps = steps;
        all[i].lanes = lanes;
        all[i].pointer = format("%s/parallel/%s", pointer, json_key(steps));
        if (FAILED(os_thread_start(run_lane, &all[i], &all[i].thread)))
            die("%s", error_last()->text);
    }
    for (i = 0; i < count; i++) {
        os_thread_join(all[i].thread);
        mem_free(all[i].pointer);
        if (all[i].flow == FLOW_STOP)
            flow = FLOW_STOP;
    }
    watchdog_leave(pointer);
    return flow;
}

bool step_is_wanted(const struct json *step)
{
    const struct json *when = json_get(step, "when");
    if (!when)
        return true;
    AUTO_LOCK(&the_phase.lock);
    return text_equal(step_state_of(json_text(when, "outcomeOf"))->label, json_text(when, "is"));
}

/* The parent gets paths, not values: it knows no bindings. */
static struct json *resolve_world(const struct json *world)
{
    static const char *const verbs[] = {"writeFile", "tamper", "holdFile"};
    struct json *plain = json_hold(json_copy(world));
    for (size_t i = 0; i < 3; i++) {
        const struct json *value = json_get(world, verbs[i]);
        if (!value)
            continue;
        AUTO_FREE char *path = NULL;
        AUTO_LOCK(&the_phase.lock);
        if (FAILED(value_path(&the_phase.values, value, the_phase.scratch, &path))) {
            json_free(plain);
            return NULL;
        }
        json_set_string(plain, verbs[i], path);
    }
    return plain;
}

static enum flow run_world(const struct json *step, const char *pointer)
{
    const struct json *world = json_get(step, "world");
    uint64_t ms = 0;
    HRESULT hr;
    if (json_u64(json_get(world, "advanceMs"), &ms)) {
        hr = the_phase.library.hooks.DismFakeAdvanceClock
                 ? the_phase.library.hooks.DismFakeAdvanceClock(ms)
                 : FAIL(E_NOTIMPL, "the library has no virtual clock");
    } else {
        struct json *plain = resolve_world(world);
        hr = plain ? channel_world(plain) : E_INVALIDARG;
        json_free(plain);
    }
    if (SUCCEEDED(hr))
        return FLOW_ON;
    phase_fail("ERROR", pointer, step, NULL, "world: %s", error_last()->text);
    return FLOW_STOP;
}

enum flow run_step(const struct json *step, const char *pointer, const struct json *lanes)
{
    if (!step_is_wanted(step))
        return FLOW_ON;
    if (json_get(step, "call"))
        return call_step(step, pointer);
    if (json_get(step, "parallel"))
        return run_parallel(step, pointer);
    if (json_get(step, "barrier"))
        return sync_barrier(step, lanes, pointer);
    if (json_get(step, "await"))
        return sync_await(step, pointer);
    if (json_get(step, "signal"))
        return sync_signal(json_text(step, "signal"));
    if (json_get(step, "release"))
        return sync_release(json_text(step, "release"), pointer);
    if (json_get(step, "world"))
        return run_world(step, pointer);
    return check_step(step, pointer);
}

static bool is_abandoned(void)
{
    AUTO_LOCK(&the_phase.lock);
    return the_phase.is_abandoned;
}

enum flow run_steps(const struct json *steps, const char *pointer, const struct json *lanes)
{
    size_t i = 0;
    for (const struct json *step = json_first(steps); step; step = json_next(step), i++) {
        AUTO_FREE char *at = need(json_pointer_index(pointer, i));
        if (run_step(step, at, lanes) == FLOW_STOP || is_abandoned())
            return FLOW_STOP;
    }
    return FLOW_ON;
}
