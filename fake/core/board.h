/* SPDX-License-Identifier: MIT */
/*
 * board.h - what the calls of every process are doing, for the others of the state folder to see:
 * one small file per process (state/running/PID), mapped into memory, so that telling costs a store
 * and no system call. Nothing depends on it: without a file, nobody else sees the calls.
 */
#ifndef CORE_BOARD_H
#define CORE_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "json.h"

/* One call. Read by other processes while it changes: every field is right by itself. */
struct board_note {
    _Atomic uint32_t is_used;
    _Atomic uint32_t api, state; /* enum api, enum activity_state */
    _Atomic uint32_t step;       /* enum step; STEP_COUNT: none yet */
    _Atomic uint32_t tick, total;
    _Atomic uint64_t thread, since_ms; /* os_now_ms, which all processes share */
};

/* A free note, not yet seen by anybody; NULL if there is none. */
struct board_note *board_take(void);
void board_give_back(struct board_note *note); /* may be NULL */
/* Takes this process's file away, unless a call still has a note. */
void board_close(void);
/* Removes the files of processes that were killed; others see none of them before either. */
void board_sweep(void);
/* Pushes the calls of the other processes; forgets processes that are gone. */
void board_add_others(struct json *array);

/* One entry: call, pid, thread, state, step, tick, total, elapsedMs. */
struct json *board_entry(const struct board_note *note, unsigned pid);

#endif
