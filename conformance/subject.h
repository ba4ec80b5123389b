/* SPDX-License-Identifier: MIT */
/* subject.h - the library under judgement as the parent knows it, and what it can and cannot do. */
#ifndef CONFORMANCE_SUBJECT_H
#define CONFORMANCE_SUBJECT_H

#include "scenario.h"

struct subject {
    char *path; /* absolute */
    char *sha256;
    struct json *about; /* library_describe */
    const char *implementation;
    struct json *capabilities; /* array of names */
    struct json *lied;         /* those whose probe failed: {"name": "why"} */
};

/* Loads the library in a child process. side_file may be NULL: LIBRARY.capabilities.json if there.
 */
HRESULT subject_open(struct subject *subject, const char *path, const char *side_file);
void subject_close(struct subject *subject);
bool subject_can(const struct subject *subject, const char *capability);
/* Identity, for every result. Caller's. */
struct json *subject_identity(const struct subject *subject);

/* NULL: the case can run. Else why not, for programs: {"kind": "capability", "missing": [..]}. */
struct json *subject_skip(const struct subject *subject, const struct scenario *scenario,
                          const char *granted);
/* Does the case need this capability, said or implied? */
bool subject_needs(const struct scenario *scenario, const char *capability);
/* The name of a capability the case needs and the library lied about, else NULL. */
const char *subject_lie(const struct subject *subject, const struct scenario *scenario);

#endif
