/* SPDX-License-Identifier: MIT */
/*
 * isolate.h - runs one case: its fixtures, a process for every phase, deadlines, and what the
 * observations say about it. A crash and a hang are results.
 */
#ifndef CONFORMANCE_ISOLATE_H
#define CONFORMANCE_ISOLATE_H

#include "fixture.h"
#include "subject.h"

struct run_context {
    const struct subject *subject;
    const struct catalog *catalog;
    char *program;       /* dismconform itself, for the children */
    const char *scratch; /* folder of the whole run */
    const char *touches;
    double timeout_factor;
    bool keeps_scratch;
};

/* The record of the case (report.h), caller's. `number` names its scratch folder. */
struct json *isolate_case(const struct run_context *context, const struct scenario *scenario,
                          size_t number);

#endif
