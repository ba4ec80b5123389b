/* SPDX-License-Identifier: MIT */
/*
 * journal.h - what happened, one JSON line per event, in the state folder: shared by all processes
 * of the folder, appended in whole lines. A leaf: takes no other lock; failing to write never fails
 * a call.
 */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include <stdint.h>

#include "json.h"

/* Takes the entry over; adds seq, pid, tid, clockMs. Gives the number of the entry, 0 when off. */
uint64_t journal_add(const char *event, struct json *entry);
HRESULT journal_read(struct json **out); /* array; caller's */
HRESULT journal_clear(void);

#endif
