/* SPDX-License-Identifier: MIT */
/*
 * fault.h - rules that make calls fail, wait, take virtual time or crash: at a call, at a named
 * step, after a progress callback. One JSON form (scenario-grammar 6) from DISMFAKE_FAULTS,
 * DismFakeLoadFaults and `dismfake arm`. Matching and counting are one indivisible act under a leaf
 * lock.
 */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include <stdbool.h>

#include "json.h"
#include "probes.h"

struct call;

/* What the caller of fault_at has to do. Delays, holds and crashes have already happened inside. */
struct fault_answer {
    bool returns;      /* come back with hr */
    bool after_effect; /* ... after the work, if it succeeds (effect: complete) */
    HRESULT hr;
    char rule[64];
};

/* step STEP_COUNT: at the call itself. tick 0: on arrival, n: after the n-th progress callback. */
void fault_at(const struct call *call, enum step step, unsigned tick, struct fault_answer *answer);

/* Rules of this process. All or none are armed. */
HRESULT fault_load(const char *json);
HRESULT fault_disarm(const char *id); /* NULL: all */
/* Rules of the state folder, for all its processes: written, seen by each at its next call. */
HRESULT fault_arm_state(const char *json);
HRESULT fault_disarm_state(void);
/* Reads DISMFAKE_FAULTS once and the state folder's rules when they changed. */
HRESULT fault_refresh(void);

/* S_FALSE: nobody was waiting. */
HRESULT fault_release(const char *hold);
HRESULT fault_release_state(const char *hold); /* for all processes of the state folder */
bool fault_is_held(const char *hold);
bool fault_has_fired(const char *id, bool *exists);
/* [{id, at, reached, fired, times, origin}], [{name, waiting, open}] */
struct json *fault_rules_json(void);
struct json *fault_holds_json(void);
/* Calls `each` for every rule that has not fired. */
void fault_each_unused(void (*each)(void *context, const char *id, const char *at,
                                    unsigned reached),
                       void *context);

#endif
