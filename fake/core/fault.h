/* SPDX-License-Identifier: MIT */
/*
 * fault.h - rules that make calls fail, wait, take virtual time, crash, run out of disk or memory
 * or hand out something else: at a call, at a named step, after a progress callback. One JSON form
 * (scenario-grammar 6) from DISMFAKE_FAULTS, DismFakeLoadFaults and `dismfake arm`. Matching and
 * counting are one indivisible act under a leaf lock.
 */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include <stdbool.h>

#include "json.h"
#include "probes.h"

struct call;

enum fault_origin { FAULT_FROM_PROCESS, FAULT_FROM_ENVIRONMENT, FAULT_FROM_STATE };
const char *fault_origin_name(enum fault_origin origin);

/* What the caller of fault_at has to do. Delays, holds and crashes have already happened inside. */
struct fault_answer {
    bool returns;      /* come back with hr */
    bool after_effect; /* ... after the work, if it succeeds (effect: complete) */
    bool is_partial;   /* ... once half of it is done (probes.h, half_way_of) */
    HRESULT hr;
    char rule[64];
};

/* What rules lay on a call, to take effect later in it; at most one of a kind. */
enum fault_laid {
    FAULT_LAID_PARTIAL,
    FAULT_LAID_DISK_FULL,
    FAULT_LAID_ALLOC_FAIL,
    FAULT_LAID_MUTATE,
    FAULT_LAID_COUNT
};

/* step STEP_COUNT: at the call itself. tick 0: on arrival, n: after the n-th progress callback. */
void fault_at(struct call *call, enum step step, unsigned tick, struct fault_answer *answer);
/* The call has its result: out values are changed, and what was laid on it has fired or not. */
void fault_leave(struct call *call, HRESULT hr);

/* All or none are armed, in one step; `replaces_origin`: in place of those of that origin. */
HRESULT fault_arm(const char *json, enum fault_origin origin, bool replaces_origin);
/* Rules of this process. */
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
/* Calls `each` for every rule that had to fire and has not. */
void fault_each_unused(void (*each)(void *context, const char *id, const char *at,
                                    unsigned reached),
                       void *context);

#endif
