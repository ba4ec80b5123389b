/* SPDX-License-Identifier: MIT */
/*
 * op.h - a long operation: its cancel event, its progress callback, its named steps.
 *
 * Progress goes in ticks: every number from 1 to the total is reported once, in order, whatever the
 * size of the work, so that "cancel at 40 %" means the same for a tiny image and a large one.
 * Before each tick the cancel event is looked at; after it rules with when.tick are.
 */
#ifndef CORE_OP_H
#define CORE_OP_H

#include <stdbool.h>

#include "dismapi.h"
#include "probes.h"

struct call;
struct image;

struct op {
    struct call *call;
    struct image *image; /* whose command thread runs the callbacks; set by the body */
    HANDLE cancel;
    DISM_PROGRESS_CALLBACK progress;
    PVOID user;
    enum step step; /* the one last entered */
    unsigned total, ticks;
    bool is_half_done; /* stopped half way by a rule: not to be undone more than half_way_of says */
    bool is_too_late_to_cancel;
    bool is_past_return; /* the work is done and cannot be undone: nothing may fail the call any
                            more */
};

/* Enters a step: journal, rules for it, cancel event. A failure has to be passed up. */
HRESULT op_step(struct op *op, enum step step);
/* Reports up to `done` of `of` parts of the range of ticks from..to; repeats and lower values are
 * no-ops. */
HRESULT op_progress(struct op *op, unsigned from, unsigned to, uint64_t done, uint64_t of);
/* Reports every tick up to this one. */
HRESULT op_ticks_to(struct op *op, unsigned tick);
/* ERROR_REQUEST_ABORTED, of servicing ERROR_CANCELLED, if the event is signalled and the operation
 * can still be undone. */
HRESULT op_check_cancel(struct op *op);
/* From here on a cancel is ignored and no rule can fail the call. */
void op_no_return(struct op *op);
/* From here on a cancel is ignored; rules still work, also after op_no_return. */
void op_no_cancel(struct op *op);

#endif
