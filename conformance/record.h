/* SPDX-License-Identifier: MIT */
/*
 * record.h - the record of a case: one JSON object, the truth that every report is a view of.
 *
 * {"type": "case", "case", "file", "line", "pointer", "title", "caseStatus", "clauses", "library",
 *  "status", "verdict": {"pointer", "step", "call", "message", "clauses", "grade", "source"},
 *  "stage", "skip", "labels": {pointer: label}, "steps": [..], "world": [..], "durationMs",
 *  "stdout", "stderr"}
 */
#ifndef CONFORMANCE_RECORD_H
#define CONFORMANCE_RECORD_H

#include "process.h"

struct json *record_new(const struct scenario *scenario, const struct subject *subject);
void record_skip(struct json *record, struct json *reason); /* takes reason over */
void record_lie(struct json *record, const char *capability, const char *why);
void record_error(struct json *record, const char *stage, const char *message);
/* An observation "fail". */
void record_failure(struct json *record, const struct json *failure);
void record_fail(struct json *record, const char *status, const char *pointer,
                 const struct json *assertion, const char *message);
void record_death(struct json *record, const char *status, const struct json *scenario,
                  const char *case_pointer, const struct phase_end *end, const char *how);
/* The order rules of a case, once all its phases are over. */
void record_judge_order(struct json *record, const struct json *scenario, const char *pointer);

void record_enter(struct json *record, const struct json *line, size_t phase, double base);
void record_return(struct json *record, const struct json *line, size_t phase, double base);
void record_check(struct json *record, const struct json *line, size_t phase);
void record_label(struct json *record, const char *pointer, const char *label);
void record_world(struct json *record, const struct json *request);
void record_output(struct json *record, const char *out, const char *error_path);

#endif
