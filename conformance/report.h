/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a run says: lines for people as it goes, JSON lines as the truth, and TAP and
 * JUnit as views of the same records.
 */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "finding.h"
#include "status_line.h"

enum verdict { VERDICT_CONFORMANT, VERDICT_NONCONFORMANT, VERDICT_INCOMPLETE, VERDICT_INVALID };

struct report {
    struct json *head;          /* the line of the run */
    VEC(struct json *) records; /* of cases, in the order of the files */
    struct json *must_run;      /* array of case names, or NULL */
    bool gates_all;             /* staging cases decide too */
    bool has_colour;
    size_t done, failed, total;
    struct status_line line;
};

/* every_ms: how often a log is told how far the run is. */
void report_init(struct report *report, const char *colour, unsigned every_ms);
/* How far the run is, when it is due; `now` is the case being run, `others` the number of those
 * beside it. */
void report_progress(struct report *report, const char *now, size_t others);
/* One line, and for a failure its reason. */
void report_case(struct report *report, const struct json *record);
/* Counts and, as the last line, the verdict. */
enum verdict report_finish(struct report *report);
const char *verdict_name(enum verdict verdict);
/* A file of results: the old content or the new; written through where that is no plain file
 * (/dev/stdout, a pipe). */
HRESULT report_save(const char *path, const char *text, size_t len);
/* Files; each dies if it cannot be written. */
void report_write_json(const struct report *report, const char *path);
void report_write_tap(const struct report *report, const char *path);
void report_write_junit(const struct report *report, const char *path);
void report_clear(struct report *report);

/* "capability: world:hold" */
char *report_skip_text(const struct json *skip);

#endif
