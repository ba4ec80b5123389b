/* SPDX-License-Identifier: MIT */
/*
 * sync.c - lanes waiting for each other and for the library; deadlines. No sleeping: everything is
 * a condition variable, or a bounded wait inside the library's own DismFakeAwait.
 */
#include "phase.h"

enum { STEP_MS = 30000, SLICE_MS = 50, SETTLE_MS = 250 };

uint64_t next_sequence(void)
{
    return ++the_phase.sequence;
}

struct step_state *step_state_of(const char *id)
{
    for (size_t i = 0; i < the_phase.steps.len; i++) {
        if (text_equal(the_phase.steps.ptr[i]->id, id))
            return the_phase.steps.ptr[i];
    }
    struct step_state **slot = need(vec_push(&the_phase.steps));
    *slot = need(mem_alloc(sizeof **slot));
    (*slot)->id = dup_text(id);
    return *slot;
}

struct hold *hold_of(const char *name)
{
    for (size_t i = 0; i < the_phase.holds.len; i++) {
        if (text_equal(the_phase.holds.ptr[i]->name, name))
            return the_phase.holds.ptr[i];
    }
    struct hold **slot = need(vec_push(&the_phase.holds));
    *slot = need(mem_alloc(sizeof **slot));
    (*slot)->name = dup_text(name);
    return *slot;
}

uint64_t deadline_of(const struct json *step, uint64_t default_ms)
{
    uint64_t ms = default_ms ? default_ms : STEP_MS;
    json_u64(json_get(step, "timeoutMs"), &ms);
    return os_now_ms() + (uint64_t)((double)ms * the_phase.timeout_factor);
}

enum flow sync_signal(const char *name)
{
    AUTO_LOCK(&the_phase.lock);
    char **slot = need(vec_push(&the_phase.signals));
    *slot = dup_text(name);
    os_cond_broadcast(&the_phase.changed);
    return FLOW_ON;
}

static enum flow fail_await(const char *status, const struct json *step, const char *pointer,
                            const char *what, const char *name, const char *why)
{
    phase_fail(status, pointer, step, NULL, "await %s '%s': %s", what, name, why);
    return FLOW_STOP;
}

static bool continues_on_timeout(const struct json *step)
{
    return text_equal(json_text(step, "onTimeout"), "continue");
}

static struct barrier *barrier_of(const struct json *step, const struct json *lanes)
{
    const char *name = json_text(step, "barrier");
    for (size_t i = 0; i < the_phase.barriers.len; i++) {
        struct barrier *barrier = &the_phase.barriers.ptr[i];
        if (barrier->lanes == lanes && text_equal(barrier->name, name))
            return barrier;
    }
    struct barrier *barrier = need(vec_push(&the_phase.barriers));
    *barrier = (struct barrier){.lanes = lanes, .name = name};
    for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
        for (const struct json *other = json_first(lane); other; other = json_next(other))
            barrier->wanted += text_equal(json_text(other, "barrier"), name);
    }
    return barrier;
}

enum flow sync_barrier(const struct json *step, const struct json *lanes, const char *pointer)
{
    uint64_t deadline = deadline_of(step, 0);
    bool is_late = false;
    {
        AUTO_LOCK(&the_phase.lock);
        barrier_of(step, lanes)->arrived++;
        os_cond_broadcast(&the_phase.changed);
        while (barrier_of(step, lanes)->arrived < barrier_of(step, lanes)->wanted &&
               !the_phase.is_abandoned && !is_late)
            is_late = !os_cond_wait_until(&the_phase.changed, &the_phase.lock, deadline);
        if (the_phase.is_abandoned)
            return FLOW_STOP;
    }
    if (!is_late)
        return FLOW_ON;
    phase_fail("TIMEOUT", pointer, step, NULL, "barrier '%s': not every lane came in time",
               json_text(step, "barrier"));
    return FLOW_STOP;
}

enum awaited { AWAIT_SIGNAL, AWAIT_ENTERED, AWAIT_RETURNED, AWAIT_HELD };

static bool has_happened(enum awaited what, const char *name)
{
    switch (what) {
    case AWAIT_SIGNAL:
        for (size_t i = 0; i < the_phase.signals.len; i++) {
            if (text_equal(the_phase.signals.ptr[i], name))
                return true;
        }
        return false;
    case AWAIT_ENTERED:
        return step_state_of(name)->has_entered;
    case AWAIT_RETURNED:
        return step_state_of(name)->has_returned;
    case AWAIT_HELD:
        return hold_of(name)->parked > 0;
    }
    return false;
}

static enum flow await_here(enum awaited what, const char *word, const char *name,
                            const struct json *step, const char *pointer, uint64_t deadline)
{
    bool is_late = false;
    {
        AUTO_LOCK(&the_phase.lock);
        while (!has_happened(what, name) && !the_phase.is_abandoned && !is_late)
            is_late = !os_cond_wait_until(&the_phase.changed, &the_phase.lock, deadline);
        if (has_happened(what, name))
            return FLOW_ON;
        if (the_phase.is_abandoned)
            return FLOW_STOP;
    }
    if (continues_on_timeout(step))
        return FLOW_ON;
    return fail_await("TIMEOUT", step, pointer, word, name, "it did not happen in time");
}

static bool is_abandoned(void)
{
    AUTO_LOCK(&the_phase.lock);
    return the_phase.is_abandoned;
}

/* The library waits in slices, so that a failure in another lane ends the waiting here. */
static enum flow await_library(const char *what, const char *word, const char *name,
                               const char *blocked_step, const struct json *step,
                               const char *pointer, uint64_t deadline)
{
    for (;;) {
        HRESULT hr = the_phase.library.hooks.DismFakeAwait(what, SLICE_MS);
        if (hr == S_OK)
            return FLOW_ON;
        if (FAILED(hr)) {
            AUTO_FREE char *message = call_message();
            return fail_await("ERROR", step, pointer, word, name,
                              message ? message : "the library cannot tell");
        }
        if (is_abandoned())
            return FLOW_STOP;
        bool has_returned = false;
        if (blocked_step) {
            AUTO_LOCK(&the_phase.lock);
            has_returned = step_state_of(blocked_step)->has_returned;
        }
        if (has_returned)
            return fail_await("FAIL", step, pointer, word, name,
                              "the call came back instead of being blocked");
        if (os_now_ms() >= deadline) {
            if (continues_on_timeout(step))
                return FLOW_ON;
            return fail_await("TIMEOUT", step, pointer, word, name, "it did not happen in time");
        }
    }
}

static enum flow await_blocked(const char *name, const struct json *step, const char *pointer,
                               uint64_t deadline)
{
    enum flow flow = await_here(AWAIT_ENTERED, "blocked", name, step, pointer, deadline);
    if (flow != FLOW_ON)
        return flow;
    UINT64 thread;
    {
        AUTO_LOCK(&the_phase.lock);
        thread = step_state_of(name)->thread;
    }
    AUTO_FREE char *what = format("blocked:%llu", (unsigned long long)thread);
    return await_library(what, "blocked", name, name, step, pointer, deadline);
}

/* Is the hold one of a progress callback of this case (else it is a fault's)? */
static bool is_fault_hold(const char *name)
{
    for (int i = 0; i < 2; i++) {
        const struct json *faults =
            i ? json_get(json_at(json_get(the_phase.scenario, "phases"), the_phase.index), "faults")
              : json_get(the_phase.scenario, "faults");
        for (const struct json *fault = json_first(faults); fault; fault = json_next(fault)) {
            if (text_equal(json_text(json_get(fault, "do"), "hold"), name))
                return true;
        }
    }
    return false;
}

enum flow sync_await(const struct json *step, const char *pointer)
{
    const struct json *await = json_first(json_get(step, "await"));
    const char *word = json_key(await), *name = json_string(await);
    uint64_t deadline = deadline_of(step, 0);
    if (text_equal(word, "signal"))
        return await_here(AWAIT_SIGNAL, word, name, step, pointer, deadline);
    if (text_equal(word, "entered"))
        return await_here(AWAIT_ENTERED, word, name, step, pointer, deadline);
    if (text_equal(word, "returned"))
        return await_here(AWAIT_RETURNED, word, name, step, pointer, deadline);
    if (text_equal(word, "held") && !is_fault_hold(name))
        return await_here(AWAIT_HELD, word, name, step, pointer, deadline);
    if (!the_phase.library.hooks.DismFakeAwait)
        return fail_await("ERROR", step, pointer, word, name, "the library has no DismFakeAwait");
    if (text_equal(word, "blocked"))
        return await_blocked(name, step, pointer, deadline);
    AUTO_FREE char *what = format("%s:%s", word, name);
    return await_library(what, word, name, NULL, step, pointer, deadline);
}

enum flow sync_release(const char *name, const char *pointer)
{
    if (is_fault_hold(name)) {
        if (the_phase.library.hooks.DismFakeRelease)
            the_phase.library.hooks.DismFakeRelease(name);
        return FLOW_ON;
    }
    bool is_hold = false;
    {
        AUTO_LOCK(&the_phase.lock);
        for (size_t i = 0; i < the_phase.progresses.len; i++)
            is_hold = is_hold || (the_phase.progresses.ptr[i]->hold_at &&
                                  text_equal(the_phase.progresses.ptr[i]->name, name));
        if (is_hold || !json_array_has(json_get(the_phase.job, "worldChanges"), name)) {
            hold_of(name)->is_released = true;
            os_cond_broadcast(&the_phase.changed);
            return FLOW_ON;
        }
    }
    if (the_phase.is_in_finally || SUCCEEDED(world_let_go(name)))
        return FLOW_ON;
    phase_fail("ERROR", pointer, NULL, NULL, "release '%s': %s", name, error_last()->text);
    return FLOW_STOP;
}

void sync_release_all(void)
{
    {
        AUTO_LOCK(&the_phase.lock);
        for (size_t i = 0; i < the_phase.holds.len; i++)
            the_phase.holds.ptr[i]->is_released = true;
        os_cond_broadcast(&the_phase.changed);
    }
    if (the_phase.library.hooks.DismFakeDisarm && json_get(the_phase.job, "hasFaults"))
        the_phase.library.hooks.DismFakeDisarm(NULL);
}

/* Is a call that must return before `id` still on its way? */
static bool is_earlier_return_open(const char *id)
{
    const struct json *rules = json_get(the_phase.scenario, "order");
    for (const struct json *rule = json_first(rules); rule; rule = json_next(rule)) {
        const char *before = json_text(rule, "before"), *after = json_text(rule, "after");
        size_t len = strcspn(after, ".");
        if (!text_ends(before, ".return") || !text_ends(after, ".return") || strlen(id) != len ||
            strncmp(after, id, len) != 0)
            continue;
        AUTO_FREE char *first = need(mem_dup_n(before, strcspn(before, ".")));
        const struct step_state *state = step_state_of(first);
        if (state->has_entered && !state->has_returned)
            return true;
    }
    return false;
}

void sync_settle_order(const char *id)
{
    uint64_t deadline = os_now_ms() + SETTLE_MS;
    AUTO_LOCK(&the_phase.lock);
    while (id && is_earlier_return_open(id) && !the_phase.is_abandoned &&
           os_cond_wait_until(&the_phase.changed, &the_phase.lock, deadline))
        continue;
}

/* ---- the watchdog: a call that does not come back ends the process ---- */

static struct os_thread *watchdog;

static void watch(void *unused)
{
    (void)unused;
    AUTO_LOCK(&the_phase.lock);
    while (!the_phase.is_over) {
        uint64_t first = os_now_ms() + 3600000;
        const char *late = NULL;
        for (size_t i = 0; i < the_phase.in_flight.len; i++) {
            struct in_flight *one = &the_phase.in_flight.ptr[i];
            if (one->deadline < first) {
                first = one->deadline;
                late = one->pointer;
            }
        }
        if (late && first <= os_now_ms()) {
            struct json *line = json_hold(json_new_object());
            json_set_string(line, "pointer", late);
            observe("timeout", line);
            os_exit_now(EXIT_INVALID);
        }
        os_cond_wait_until(&the_phase.changed, &the_phase.lock, first);
    }
}

void watchdog_start(void)
{
    if (FAILED(os_thread_start(watch, NULL, &watchdog)))
        die("%s", error_last()->text);
}

void watchdog_stop(void)
{
    {
        AUTO_LOCK(&the_phase.lock);
        the_phase.is_over = true;
        os_cond_broadcast(&the_phase.changed);
    }
    os_thread_join(watchdog);
}

void watchdog_enter(const char *pointer, uint64_t deadline)
{
    AUTO_LOCK(&the_phase.lock);
    struct in_flight *one = need(vec_push(&the_phase.in_flight));
    *one = (struct in_flight){pointer, deadline};
    os_cond_broadcast(&the_phase.changed);
}

void watchdog_leave(const char *pointer)
{
    AUTO_LOCK(&the_phase.lock);
    for (size_t i = 0; i < the_phase.in_flight.len; i++) {
        if (the_phase.in_flight.ptr[i].pointer == pointer) {
            vec_remove(&the_phase.in_flight, i);
            break;
        }
    }
}
