/* SPDX-License-Identifier: MIT */
/* step.c - runs steps in order, and lanes beside each other; every lane is a named thread. */
#include "phase.h"
#include "world_verbs.h"

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

/* Parent and hook get paths, not values: they know no bindings. */
static struct json *resolve_world(const struct json *world)
{
    const struct world_verb *verb = world_verb_of(world);
    struct json *plain = json_hold(json_copy(world));
    AUTO_FREE char *path = NULL;
    AUTO_LOCK(&the_phase.lock);
    if (!verb->has_path)
        return plain;
    const struct json *value = json_get(world, verb->name);
    if (text_equal(json_text(value, "$const"), "DISM_ONLINE_IMAGE")) {
        struct json *text = value_resolve(&the_phase.values, value);
        json_set(plain, verb->name, text);
        return plain;
    }
    if (FAILED(value_path(&the_phase.values, value, the_phase.scratch, &path))) {
        json_free(plain);
        return NULL;
    }
    json_set_string(plain, verb->name, path);
    return plain;
}

static HRESULT fail_as_library(HRESULT hr)
{
    if (SUCCEEDED(hr))
        return hr;
    AUTO_FREE char *message = call_message();
    return message ? FAIL(hr, "%s", message) : hr;
}

static HRESULT simulate(const struct json *world)
{
    if (!world_is_simulated(world) || !the_phase.library.hooks.DismFakeWorld)
        return S_OK;
    AUTO_FREE char *text = need(json_print(world));
    return fail_as_library(the_phase.library.hooks.DismFakeWorld(text));
}

static HRESULT keep_or_bring_back(const struct json *world)
{
    const char *saved = json_text(world, "saveState"), *wanted = json_text(world, "restoreState");
    if (!saved && !wanted)
        return S_OK;
    HRESULT(WINAPI * hook)
    (const char *) = saved ? the_phase.library.hooks.DismFakeSaveState
                           : the_phase.library.hooks.DismFakeRestoreState;
    AUTO_FREE char *path = format("%s/%s.world", the_phase.scratch, saved ? saved : wanted);
    return hook ? fail_as_library(hook(path))
                : FAIL(E_NOTIMPL, "the library cannot keep a world and bring it back");
}

/* The parent knows every name, also of changes that only the library makes. */
static HRESULT change_world(const struct json *world)
{
    uint64_t ms = 0;
    if (json_u64(json_get(world, "advanceMs"), &ms))
        return the_phase.library.hooks.DismFakeAdvanceClock
                   ? the_phase.library.hooks.DismFakeAdvanceClock(ms)
                   : FAIL(E_NOTIMPL, "the library has no virtual clock");
    struct json *plain = resolve_world(world);
    HRESULT hr = plain ? channel_world(plain) : E_INVALIDARG;
    if (SUCCEEDED(hr))
        hr = keep_or_bring_back(plain);
    if (SUCCEEDED(hr))
        hr = simulate(plain);
    json_free(plain);
    return hr;
}

/* Not in force is fine for the library: a restart may have ended its part. */
HRESULT world_let_go(const char *name)
{
    TRY(channel_release(name ? name : "*"));
    if (!the_phase.library.hooks.DismFakeWorldRelease || !the_phase.library.hooks.DismFakeWorld)
        return S_OK;
    if (!name && json_len(json_get(the_phase.job, "worldChanges")) == 0)
        return S_OK;
    return fail_as_library(the_phase.library.hooks.DismFakeWorldRelease(name));
}

static enum flow run_world(const struct json *step, const char *pointer)
{
    if (SUCCEEDED(change_world(json_get(step, "world"))))
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
