/* SPDX-License-Identifier: MIT */
/*
 * os_posix_event.c - os.h for Linux: events, a table of ours; handles are numbers, never addresses.
 */
#include "os.h"

#include "vec.h"

/* Handles: base + 4 * (index + 1). Small and unaligned to any page, so that no runtime's pointer is
 * mistaken for one. */
#define HANDLE_BASE ((uintptr_t)0x0D150000)

struct event {
    bool is_open, is_manual, is_signalled;
};

static struct os_mutex lock;
static VEC(struct event) events;

static struct event *find(HANDLE handle)
{
    uintptr_t value = (uintptr_t)handle - HANDLE_BASE;
    if ((uintptr_t)handle <= HANDLE_BASE || value % 4 != 0 || value / 4 > events.len)
        return NULL;
    struct event *event = &events.ptr[value / 4 - 1];
    return event->is_open ? event : NULL;
}

HANDLE os_event_create(bool manual_reset, bool initial_state)
{
    AUTO_LOCK(&lock);
    struct event *event = vec_push(&events);
    if (!event)
        return NULL;
    *event = (struct event){true, manual_reset, initial_state};
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a handle is a number in pointer's clothing */
    return (HANDLE)(HANDLE_BASE + 4 * events.len);
}

bool os_event_set(HANDLE handle, bool signalled)
{
    AUTO_LOCK(&lock);
    struct event *event = find(handle);
    if (event)
        event->is_signalled = signalled;
    return event != NULL;
}

bool os_event_close(HANDLE handle)
{
    AUTO_LOCK(&lock);
    struct event *event = find(handle);
    if (event)
        event->is_open = false;
    return event != NULL;
}

bool os_event_consume(HANDLE handle, bool *is_known)
{
    AUTO_LOCK(&lock);
    struct event *event = find(handle);
    if (is_known)
        *is_known = event != NULL;
    if (!event || !event->is_signalled)
        return false;
    if (!event->is_manual)
        event->is_signalled = false;
    return true;
}
