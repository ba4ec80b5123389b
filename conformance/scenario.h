/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - scenario files in memory. A case stays JSON; what is here finds its parts, so that
 * the JSON pointer of every step is also its name in results.
 */
#ifndef CONFORMANCE_SCENARIO_H
#define CONFORMANCE_SCENARIO_H

#include "finding.h"

enum { GRAMMAR_MAJOR = 1, GRAMMAR_MINOR = 2 };

#define CAPABILITY_DISK "image:disk"

struct scenario_file {
    char *path;
    char *text;
    size_t len;
    struct json *root; /* NULL: not JSON */
    bool is_refused;
};

struct scenario {
    const struct scenario_file *file;
    const struct json *json;
    char *pointer;         /* "/cases/3" */
    char *name;            /* "suite/id", with a disk "suite/id@disk" */
    struct json *fixtures; /* those of the file and of the case */
    struct json *copy;     /* of the case for a disk: what json is then; NULL: without */
    const char *disk;      /* "name@sha256:..."; NULL */
    size_t index;
};

struct clauses;

struct suite {
    VEC(struct scenario_file *) files;
    VEC(struct scenario) cases; /* of the files that were not refused */
    struct findings findings;
};

/* Reads and checks a file, or every *.json below a folder (but no folder called clauses). */
void suite_load(struct suite *suite, const char *path, const struct clauses *clauses);
/* What only shows when all files are there: a name given twice. */
void suite_finish(struct suite *suite);
void suite_clear(struct suite *suite);

size_t scenario_phase_count(const struct json *scenario);
/* What phase `index` is made of; pointers are the caller's. The phase of a case with `steps` is the
 * case itself. */
const struct json *scenario_steps(const struct json *scenario, const char *pointer, size_t index,
                                  char **steps_pointer);
const struct json *scenario_faults(const struct json *scenario, const char *pointer, size_t index,
                                   char **faults_pointer);
const char *scenario_before(const struct json *scenario, size_t index); /* NULL: first */
const char *scenario_status(const struct json *scenario);
bool scenario_is_initialised(const struct json *scenario);
/* Calls `each` for every step of the case, lanes and finally included, in the order of the text. */
void scenario_each_step(const struct json *scenario, const char *pointer,
                        void (*each)(void *context, const struct json *step, const char *pointer),
                        void *context);
/* Does any step call this function? */
bool scenario_calls(const struct json *scenario, const char *api);

#endif
