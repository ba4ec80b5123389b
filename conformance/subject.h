/* SPDX-License-Identifier: MIT */
/* subject.h - the library under judgement as the parent knows it, and what it can and cannot do. */
#ifndef CONFORMANCE_SUBJECT_H
#define CONFORMANCE_SUBJECT_H

#include "scenario.h"

struct subject {
    char *path; /* absolute */
    char *sha256;
    uint64_t size;
    struct json *file;  /* pe_describe; NULL: no Windows library */
    struct json *about; /* library_describe; NULL: not loaded yet */
    const char *implementation;
    struct json *capabilities; /* array of names */
    struct json *lied;         /* those whose probe failed: {"name": "why"} */
};

/* Reads the file; none of its code runs. */
HRESULT subject_find(struct subject *subject, const char *path);
/* Then loads it in a child process. side_file may be NULL: LIBRARY.capabilities.json if there. */
HRESULT subject_load(struct subject *subject, const char *side_file);
/* Does it work for administrators only? Microsoft's does, which its file tells before it is loaded;
 * on Windows any other, unless it is a fake or claims elevation:none. */
bool subject_needs_elevation(const struct subject *subject);
void subject_close(struct subject *subject);
bool subject_can(const struct subject *subject, const char *capability);
/* Identity, for every result. Caller's. */
struct json *subject_identity(const struct subject *subject);
/* The same and all there is to know, for a run. */
struct json *subject_details(const struct subject *subject);

/* NULL: the case can run. Else why not, for programs: {"kind": "capability", "missing": [..]}. */
struct json *subject_skip(const struct subject *subject, const struct scenario *scenario,
                          const char *granted);
/* Does the case need this capability, said or implied? */
bool subject_needs(const struct scenario *scenario, const char *capability);
/* The name of a capability the case needs and the library lied about, else NULL. */
const char *subject_lie(const struct subject *subject, const struct scenario *scenario);

#endif
