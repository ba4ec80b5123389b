/* SPDX-License-Identifier: MIT */
/* op.c - see op.h. */
#include "op.h"

#include "activity.h"
#include "call.h"
#include "dism_codes.h"
#include "error.h"
#include "fault.h"
#include "floor.h"
#include "journal.h"
#include "log.h"
#include "os.h"
#include "text.h"
#include "trace.h"
#include "worker.h"

/* The WIM layer and the servicing stack have a code each (real-behaviour 2.3). */
static HRESULT cancel_code(enum api api)
{
    switch (api) {
    case API_DismMountImage:
    case API_DismUnmountImage:
    case API_DismCommitImage:
        return HR_WIN32(ERROR_REQUEST_ABORTED);
    default:
        return HR_WIN32(ERROR_CANCELLED);
    }
}

HRESULT op_check_cancel(struct op *op)
{
    bool is_known;
    if (!op->cancel || op->is_past_return || op->is_too_late_to_cancel)
        return S_OK;
    bool is_signalled = os_event_consume(op->cancel, &is_known);
    if (!is_known && !op->call->foreign_event_is_logged) {
        op->call->foreign_event_is_logged = true;
        log_line(LOG_WARNING, "Op::CheckCancel", S_OK,
                 "CancelEvent %p is no event that this process has: it counts as not signalled",
                 op->cancel);
    }
    if (!is_signalled)
        return S_OK;
    return FAIL(cancel_code(op->call->api), "%s was cancelled at tick %u of %u",
                reflect_calls[op->call->api].name, op->ticks, op->total);
}

static HRESULT apply_rules(struct op *op, enum step step, unsigned tick)
{
    struct fault_answer answer;
    fault_at(op->call, step, tick, &answer);
    if (!answer.returns || op->is_past_return)
        return S_OK;
    return FAIL(answer.hr, "rule '%s' fails %s", answer.rule, step_name(step));
}

/* Is this where a rule stops the call half way? */
static HRESULT check_half_way(struct op *op, enum step step, unsigned tick)
{
    const struct fault_answer *fault = &op->call->fault;
    const struct half_way *half = fault->is_partial ? half_way_of((int)op->call->api) : NULL;
    if (!half || op->is_half_done || op->is_past_return || half->step != step || half->tick != tick)
        return S_OK;
    op->is_half_done = true;
    return FAIL(FAILED(fault->hr) ? fault->hr : E_UNEXPECTED, "rule '%s' stops %s half way",
                fault->rule, reflect_calls[op->call->api].name);
}

static void record_step(const struct op *op, enum step step)
{
    FLOOR_PAUSE();
    struct json *entry = json_new_object();
    json_set_string(entry, "step", step_name(step));
    json_set_number(entry, "of", (double)op->call->number);
    journal_add("step", entry);
    trace(TRACE_OP, "%s", step_name(step));
}

HRESULT op_step(struct op *op, enum step step)
{
    record_step(op, step);
    op->step = step;
    activity_step(step);
    TRY(apply_rules(op, step, 0));
    TRY(check_half_way(op, step, 0));
    return op_check_cancel(op);
}

HRESULT op_ticks_to(struct op *op, unsigned tick)
{
    while (op->ticks < tick && op->ticks < op->total) {
        TRY(op_check_cancel(op));
        op->ticks++;
        activity_tick(op->ticks, op->total);
        if (op->progress)
            TRY(image_callback(op->image, op->progress, op->ticks, op->total, op->user));
        TRY(apply_rules(op, op->step, op->ticks));
        TRY(check_half_way(op, STEP_COUNT, op->ticks));
    }
    return S_OK;
}

HRESULT op_progress(struct op *op, unsigned from, unsigned to, uint64_t done, uint64_t of)
{
    if (of == 0 || done > of)
        done = of = 1;
    return op_ticks_to(op, from + (unsigned)((uint64_t)(to - from) * done / of));
}

void op_no_return(struct op *op)
{
    op->is_past_return = true;
}

void op_no_cancel(struct op *op)
{
    op->is_too_late_to_cancel = true;
    op->is_past_return = false;
}
