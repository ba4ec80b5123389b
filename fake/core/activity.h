/* SPDX-License-Identifier: MIT */
/*
 * activity.h - what every call in flight is doing: running, waiting for an image's turn, parked in
 * a hold, inside its client's callback. From it comes "blocked": a call that waits for one that is
 * itself at rest, so that nothing moves either (DismFakeAwait). Other processes see it on the
 * board. A leaf: takes no other lock.
 */
#ifndef CORE_ACTIVITY_H
#define CORE_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "json.h"
#include "os.h"
#include "probes.h"
#include "reflect.h"

enum activity_state { ACTIVITY_RUNNING, ACTIVITY_WAITING, ACTIVITY_HELD, ACTIVITY_IN_CALLBACK };

struct activity {
    struct activity *next;
    enum api api;
    uint64_t thread, serial; /* serial: of this process's calls, from 1 */
    const void *waits_for;   /* the image whose turn it wants; ACTIVITY_DRAIN: all other calls */
    const void *has;         /* the image whose turn it has */
    bool is_held, in_callback;
    enum step step; /* the one last entered; STEP_COUNT: none yet */
    unsigned tick, total;
    uint64_t since_ms;
    struct board_note *note; /* NULL: not on the board, as short calls are */
};

#define ACTIVITY_DRAIN ((const void *)&activity_drain_mark)
extern const char activity_drain_mark;

/* A call begins and ends on the calling thread. The record is the caller's, on its stack. */
void activity_begin(struct activity *activity, enum api api);
void activity_end(struct activity *activity);

/* The calling thread's newest call ... (no-ops outside calls) */
void activity_wait(const void *what);
void activity_has_turn(const void *image); /* ends the wait */
void activity_turn_ends(const void *image);
void activity_wait_ends(void);
void activity_callback(bool inside);
void activity_held(bool held);
void activity_step(enum step step);
void activity_tick(unsigned tick, unsigned total);

/* Differs after each step and tick of the calling thread's newest call, and after it has waited,
 * been held or called back, when others may have done anything. 0 outside of calls. Takes no lock.
 */
uint64_t activity_moment(void);
/* The serial of the calling thread's newest call, 0 outside of calls; does that call still run? */
uint64_t activity_serial(void);
bool activity_runs(uint64_t serial);

/* Does the newest call of that thread wait for something that is at rest? */
bool activity_is_blocked(uint64_t thread);
const char *activity_state_name(enum activity_state state);
/* Array of the calls in flight, of this process and the others of the state folder: board_entry. */
struct json *activity_json(void);

/* Something that DismFakeAwait may wait for has changed: activity, a hold, a fired rule. */
void activity_announce(void);
/* Waits for the next announcement after `seen`, or the deadline (os_now_ms): false. */
bool activity_await(uint64_t *seen, uint64_t deadline_ms);

#endif
