/* SPDX-License-Identifier: MIT */
/* process.h - the process of one phase: started, listened to, ended, its observations read. */
#ifndef CONFORMANCE_PROCESS_H
#define CONFORMANCE_PROCESS_H

#include "isolate.h"
#include "world.h"

struct run {
    const struct run_context *context;
    const struct scenario *scenario;
    const char *scratch;
    struct json *record;
    struct json *fixtures;
    struct json *bindings; /* from phase to phase */
    struct world world;
    uint64_t deadline;
    bool is_finally_only;
    unsigned processes;
    double sequence_base;
};

struct phase_end {
    struct os_child_end child;
    bool is_complete; /* the observation "end" is there */
    bool is_late;
    bool is_in_no_return; /* died in a step that says "no-return" */
    struct json *failure; /* the first "fail" */
    char *pointer, *call; /* the call in flight, or the late one; NULL if none */
    char *stage;          /* "load", "run", "exit" */
};

/* Fails only if the process cannot be started. */
HRESULT process_phase(struct run *run, size_t phase, struct phase_end *end);
void phase_end_clear(struct phase_end *end);

#endif
