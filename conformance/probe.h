/* SPDX-License-Identifier: MIT */
/* probe.h - are the capabilities a library claims really there? */
#ifndef CONFORMANCE_PROBE_H
#define CONFORMANCE_PROBE_H

#include "isolate.h"

enum probe_result { PROBE_HOLDS, PROBE_LIED, PROBE_NONE };

/* Tries one claimed capability; *why (caller's) says what came instead, or why there was no probe.
 */
enum probe_result probe_capability(const struct run_context *context, const char *capability,
                                   char **why);

/* Runs a case of the runner's own, an object of the grammar without id, title and clauses, in which
 * images have bare names. The record, caller's; NULL: the catalogue lacks an image. */
struct json *probe_case(const struct run_context *context, const char *name,
                        const struct json *steps);

#endif
