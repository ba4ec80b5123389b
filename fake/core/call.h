/* SPDX-License-Identifier: MIT */
/*
 * call.h - the duties around every exported function, in one order: record, initialised?, rules,
 * arguments, session and turn, body, rules again, last error, record. Bodies (impl_Dism...) do none
 * of these; they never call an exported function.
 */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include <stdbool.h>

#include "activity.h"
#include "fault.h"
#include "floor.h"
#include "json.h"
#include "op.h"
#include "reflect.h"

struct session;

struct call {
    enum api api;
    const arg_word *args;
    uint64_t number;                     /* in the journal; 0 when that is off */
    const char *thread_name, *step_name; /* of DismFakeNameThread, DismFakeNameStep; "" if none */
    struct json *args_json;
    struct activity activity;
    struct fault_answer fault;
    uint64_t laid[FAULT_LAID_COUNT]; /* serials of the rules laid on this call, 0: none */
    struct floor floor, *outer_floor, *plan;
    bool has_floor;  /* floor is in force */
    bool is_counted; /* among the library's calls in flight */
    bool foreign_event_is_logged;
    struct session *session; /* the row's SESSION argument: acquired, its image's turn is ours */
    struct op op;            /* the row's CANCEL, PROGRESS and USERDATA arguments */
};

HRESULT call_enter(struct call *call, enum api api, const arg_word *args);
/* Gives back hr, or what a rule makes of it. */
HRESULT call_leave(struct call *call, HRESULT hr);

/* E_NOTIMPL with a message that names the function. */
HRESULT call_not_implemented(const struct call *call);

/* The calling thread's names for rules; copied. */
void call_name_thread(const char *name);
void call_name_step(const char *name);

/* What DismGetLastErrorMessage answers on this thread; NULL: nothing failed since the last
 * shutdown. */
const char *call_reported_error(void);
/* Also used by the hooks, which are not in the table. */
void call_report_error(HRESULT hr);

#define DISM_CALL(name, ...)                                                                       \
    HRESULT impl_##name(struct call *call, FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__));
#define DISM_CALL0(name) HRESULT impl_##name(struct call *call);
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0

#endif
