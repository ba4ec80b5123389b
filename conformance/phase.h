/* SPDX-License-Identifier: MIT */
/*
 * phase.h - one phase of a case, running in its own process: the state that its lanes share.
 *
 * One mutex guards everything below `lock`; whatever lanes wait for is a broadcast of `changed`.
 * What is seen is written at once, a JSON line each, to the observation file: the parent reads it
 * when this process has ended, in whatever way.
 */
#ifndef CONFORMANCE_PHASE_H
#define CONFORMANCE_PHASE_H

#include "library.h"
#include "touches.h"
#include "value.h"

/* How a step or a lane went on. */
enum flow { FLOW_ON, FLOW_STOP };

struct progress {
    const char *name;
    arg_word user_data;                   /* what the callback must bring back */
    unsigned hold_at, crash_at, event_at; /* 0: not */
    HANDLE event;
    bool is_call_running;
    unsigned calls;
    bool is_monotonic;
    UINT first, current, total;
    uint64_t first_sequence;
    uint64_t caller, thread; /* whose call it is; the callbacks' */
    bool has_many_threads;
};

struct step_state {
    char *id;
    bool has_entered, has_returned;
    uint64_t enter, back, progress1;
    char *label;
    UINT64 thread;
};

struct hold {
    char *name;
    bool is_released;
    unsigned parked;
};

struct event {
    char *name;
    HANDLE handle;
};

struct barrier {
    const void *lanes; /* the parallel step: barriers of two of them may share a name */
    const char *name;
    unsigned wanted, arrived;
};

struct in_flight {
    const char *pointer;
    uint64_t deadline;
};

struct phase {
    struct library library;
    const struct json *job;
    const struct json *scenario;
    const char *pointer; /* of the case */
    size_t index;
    const char *scratch;
    double timeout_factor;
    bool reads_messages;
    bool is_guarded; /* calls are checked against `touches` */
    enum touches touches;
    struct os_file *observations;

    struct os_mutex lock;
    struct os_cond changed;
    uint64_t sequence;
    struct values values;
    bool is_abandoned; /* something failed: lanes stop at their next wait */
    bool has_failed;
    bool is_in_finally; /* every named world change is let go */
    bool is_over;
    VEC(struct step_state *) steps;
    VEC(struct hold *) holds;
    VEC(struct event) events;
    VEC(char *) signals;
    VEC(struct barrier) barriers;
    VEC(struct in_flight) in_flight;
    VEC(struct progress *)
    progresses;             /* kept to the end: a late callback must not meet freed memory */
    VEC(uint32_t) sessions; /* open */
    unsigned undeleted;     /* results that DismDelete would not take */

    struct os_mutex channel_lock; /* one request to the parent at a time */
};

/* There is one per process: the progress callback has no other way to it. */
extern struct phase the_phase;

/* ---- observations ---- */
/* Writes {"t": type, ...}; takes `line` over (NULL: nothing but the type). */
void observe(const char *type, struct json *line);
/* Records a failure at a step (the first one counts), lets all lanes go. `assertion` gives clauses,
 * grade and source; may be NULL. status: FAIL, ERROR, TIMEOUT, LEAK. */
void phase_fail(const char *status, const char *pointer, const struct json *step,
                const struct json *assertion, const char *text, ...) CHECK_FORMAT(5, 6);

/* ---- synchronisation: sync.c ---- */
uint64_t next_sequence(void);                     /* with the lock held */
struct step_state *step_state_of(const char *id); /* with the lock held; makes it */
struct hold *hold_of(const char *name);           /* with the lock held; makes it */
uint64_t deadline_of(const struct json *step, uint64_t default_ms);
enum flow sync_signal(const char *name);
enum flow sync_barrier(const struct json *step, const struct json *lanes, const char *pointer);
enum flow sync_await(const struct json *step, const char *pointer);
enum flow sync_release(const char *name, const char *pointer);
/* Lets every hold go, callbacks' and faults'. */
void sync_release_all(void);
/* Two calls that come back almost together are stamped by threads in any order. If a rule wants
 * another return before this one's, that one gets a moment to be seen; a call that is held will not
 * use it. */
void sync_settle_order(const char *id);
void watchdog_start(void);
void watchdog_stop(void);
void watchdog_enter(const char *pointer, uint64_t deadline);
void watchdog_leave(const char *pointer);

/* ---- progress.c ---- */
/* For one call; sets the event of setEventAt 0. The caller may put other user data in before the
 * call. */
struct progress *progress_new(const struct json *spec);
void CALLBACK progress_callback(UINT current, UINT total, PVOID user_data);
HANDLE event_of(const char *name); /* made on first use */
void events_close(void);

/* ---- step.c ---- */
/* `lanes`: of the parallel step around it, NULL outside. */
enum flow run_step(const struct json *step, const char *pointer, const struct json *lanes);
enum flow run_steps(const struct json *steps, const char *pointer, const struct json *lanes);
const char *lane_name(void); /* NULL outside lanes */
/* Is there anything to run in this step (its `when`)? */
bool step_is_wanted(const struct json *step);
enum flow call_step(const struct json *step, const char *pointer);  /* call.c */
enum flow check_step(const struct json *step, const char *pointer); /* look.c */
/* Calls a function for the runner itself: initialise, shut down. */
HRESULT call_plain(enum api api, const arg_word *words, const char *what);
/* The thread's last-error text, NULL if there is none or the function is missing. Caller's. */
char *call_message(void);
bool call_delete(const void *memory);

/* ---- channel.c: requests to the parent, which changes the world ---- */
HRESULT channel_world(const struct json *world);
HRESULT channel_release(const char *name);
/* Undoes a named world change (NULL: all of them), the parent's part and the library's. */
HRESULT world_let_go(const char *name); /* step.c */

#endif
