/* SPDX-License-Identifier: MIT */
/*
 * event.h - what a CancelEvent handle means. On Linux our own events (dismfake.h); a handle that is
 * not one of ours is never dereferenced and counts as not signalled. A leaf: takes no other lock.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>

#include "hr.h"

HANDLE event_create(bool manual_reset, bool initial_state);
bool event_set(HANDLE event, bool signalled);
bool event_close(HANDLE event);
/* Resets an auto-reset event that it finds signalled. `*is_known`, if asked for: made by us. */
bool event_consume(HANDLE event, bool *is_known);

#endif
