/* SPDX-License-Identifier: MIT */
/*
 * progress.c - the runner's progress callback: counts, checks its user data, parks, sets events,
 * crashes, as the scenario asks; and the events that cancel.
 */
#include "phase.h"

/* Where a HANDLE is the system's, any library understands an event of the runner's; elsewhere the
 * library has to make them. */
static void set_event(HANDLE event)
{
    if (event && the_phase.library.hooks.DismFakeSetEvent)
        the_phase.library.hooks.DismFakeSetEvent(event);
    else if (event)
        os_event_set(event, true);
}

static HANDLE make_event(void)
{
    if (the_phase.library.hooks.DismFakeCreateEvent)
        return the_phase.library.hooks.DismFakeCreateEvent(TRUE, FALSE);
    return os_has_drives() ? os_event_create(true, false) : NULL;
}

HANDLE event_of(const char *name)
{
    AUTO_LOCK(&the_phase.lock);
    for (size_t i = 0; i < the_phase.events.len; i++) {
        if (text_equal(the_phase.events.ptr[i].name, name))
            return the_phase.events.ptr[i].handle;
    }
    HANDLE handle = make_event();
    if (!handle)
        return NULL;
    struct event *event = need(vec_push(&the_phase.events));
    *event = (struct event){dup_text(name), handle};
    return handle;
}

void events_close(void)
{
    for (size_t i = 0; i < the_phase.events.len; i++) {
        if (the_phase.library.hooks.DismFakeCloseEvent)
            the_phase.library.hooks.DismFakeCloseEvent(the_phase.events.ptr[i].handle);
        else
            os_event_close(the_phase.events.ptr[i].handle);
        mem_free(the_phase.events.ptr[i].name);
    }
    vec_clear(&the_phase.events);
}

struct progress *progress_new(const struct json *spec)
{
    struct progress *progress = need(mem_alloc(sizeof *progress));
    const struct json *set = json_get(spec, "setEventAt");
    uint64_t number = 0;
    progress->name = json_text(spec, "name");
    progress->is_monotonic = true;
    progress->is_call_running = true;
    progress->caller = os_thread_id();
    if (json_u64(json_get(spec, "holdAt"), &number))
        progress->hold_at = (unsigned)number;
    if (json_u64(json_get(spec, "crashAt"), &number))
        progress->crash_at = (unsigned)number;
    if (json_u64(json_get(set, "call"), &number)) {
        progress->event = event_of(json_text(set, "event"));
        progress->event_at = (unsigned)number;
        if (number == 0)
            set_event(progress->event);
    }
    progress->user_data = REFLECT_WORD(progress);
    AUTO_LOCK(&the_phase.lock);
    struct progress **slot = need(vec_push(&the_phase.progresses));
    *slot = progress;
    return progress;
}

/* The running call this user data belongs to; a call that is over comes second. */
static struct progress *find_progress(arg_word user_data)
{
    struct progress *over = NULL;
    for (size_t i = 0; i < the_phase.progresses.len; i++) {
        struct progress *progress = the_phase.progresses.ptr[i];
        if (progress->user_data == user_data && progress->is_call_running)
            return progress;
        if (progress->user_data == user_data)
            over = progress;
    }
    return over;
}

/* Counts the call; false if it belongs to nothing. */
static bool count_call(struct progress *progress, UINT current, UINT total)
{
    AUTO_LOCK(&the_phase.lock);
    if (!progress->is_call_running)
        return false;
    uint64_t sequence = next_sequence();
    uint64_t thread = os_thread_id();
    if (progress->calls++ == 0) {
        progress->first_sequence = sequence;
        progress->first = current;
        progress->thread = thread;
    }
    progress->has_many_threads = progress->has_many_threads || thread != progress->thread;
    if (progress->calls > 1 && (current < progress->current || total != progress->total))
        progress->is_monotonic = false;
    progress->current = current;
    progress->total = total;
    return true;
}

static void park(const char *name)
{
    AUTO_LOCK(&the_phase.lock);
    struct hold *hold = hold_of(name);
    hold->parked++;
    os_cond_broadcast(&the_phase.changed);
    while (!hold->is_released && !the_phase.is_abandoned)
        os_cond_wait(&the_phase.changed, &the_phase.lock);
    hold->parked--;
}

void CALLBACK progress_callback(UINT current, UINT total, PVOID user_data)
{
    struct progress *progress;
    {
        AUTO_LOCK(&the_phase.lock);
        progress = find_progress(REFLECT_WORD(user_data));
    }
    if (!progress) {
        phase_fail("FAIL", the_phase.pointer, NULL, NULL,
                   "a progress callback came with user data %p, which no call was given",
                   user_data);
        return;
    }
    if (!count_call(progress, current, total)) {
        phase_fail("FAIL", the_phase.pointer, NULL, NULL,
                   "the progress callback '%s' came after its call had returned", progress->name);
        return;
    }
    if (progress->event_at && progress->calls == progress->event_at)
        set_event(progress->event);
    if (progress->hold_at && progress->calls == progress->hold_at)
        park(progress->name);
    if (progress->crash_at && progress->calls == progress->crash_at) {
        observe("crash-at", NULL);
        os_crash(OS_CRASH_TERMINATE);
    }
}
