/* SPDX-License-Identifier: MIT */
/*
 * check.h - the second half of the checker: what the schema cannot say. Names that resolve and are
 * used, functions, parameters and constants that exist, values of the right type, and everything
 * this runner cannot do yet, refused by name.
 */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include "finding.h"
#include "names.h"
#include "reflect.h"

struct clauses; /* clauses.h */

/* The file is valid against the schema. clauses may be NULL: then their ids are not looked up. */
void check_file(const struct source *source, const struct json *root,
                const struct clauses *clauses);

/* ---- shared by the parts of the checker ---- */
struct checker {
    const struct source *source;
    const struct clauses *clauses;
    const struct json *file;     /* its root */
    const struct json *scenario; /* the case */
    char *pointer;               /* of the case */
    struct names names;
    struct names *file_fixtures; /* their uses are counted over all cases */
    size_t phase;
    const char *lane; /* NULL outside lanes */
    unsigned handle_phase_findings;
};

/* check_value.c: the value of one parameter. */
void check_argument(struct checker *c, enum kind kind, const struct json *value,
                    const char *pointer);
/* A path or text: world verbs, observations, parts of $join. */
void check_text_value(struct checker *c, const struct json *value, const char *pointer);
/* {"$ref": name} or name.property; gives the binding, or NULL for a fixture or a mistake. */
struct name *check_reference(struct checker *c, const char *reference, const char *pointer,
                             bool *is_fixture);
void check_matcher(struct checker *c, const struct json *matcher, const char *pointer);
void check_hr(struct checker *c, const struct json *hr, const char *pointer);
/* Definitions inside values: progress callbacks, their holds, events. */
void define_value_names(struct checker *c, const struct json *value, const char *pointer);

/* check_step.c */
void define_step_names(struct checker *c, const struct json *steps, const char *pointer);
void check_steps(struct checker *c, const struct json *steps, const char *pointer);
/* check_world.c */
void define_world_names(struct checker *c, const struct json *world, const char *pointer);
void check_world(struct checker *c, const struct json *world, const char *pointer);
void check_worlds(struct checker *c); /* of the whole case */
/* check_fault.c */
void define_fault_names(struct checker *c, const struct json *faults, const char *pointer);
void check_faults(struct checker *c, const struct json *faults, const char *pointer);
void check_crashes(struct checker *c);

#endif
