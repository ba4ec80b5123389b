/* SPDX-License-Identifier: MIT */
/*
 * names.h - the names of one case: where each is defined and where it is used, so that every name
 * resolves and nothing that was arranged stays unused.
 */
#ifndef CONFORMANCE_NAMES_H
#define CONFORMANCE_NAMES_H

#include "finding.h"

enum name_kind {
    NAME_FIXTURE,
    NAME_BINDING,
    NAME_EVENT,
    NAME_SIGNAL,
    NAME_HOLD, /* progress callback with holdAt, or a fault that holds */
    NAME_WORLD_CHANGE,
    NAME_STATE, /* a saved world */
    NAME_FAULT,
    NAME_STEP,
    NAME_LANE,
    NAME_PROGRESS,
};

struct name {
    enum name_kind kind;
    char *text, *pointer;
    size_t phase;
    const struct json *json;   /* the step of a NAME_STEP, else what the definer gave */
    bool is_handle, is_memory; /* bindings: a session; a result's pointer */
    unsigned uses;
};

struct names {
    VEC(struct name) list;
};

const char *name_kind_text(enum name_kind kind);
struct name *names_find(const struct names *names, enum name_kind kind, const char *text);
/* Reports a second definition and then gives the first. */
struct name *names_define(struct names *names, const struct source *source, enum name_kind kind,
                          const char *text, const char *pointer);
/* Counts a use; reports a name that is not there and gives NULL. */
struct name *names_use(struct names *names, const struct source *source, enum name_kind kind,
                       const char *text, const char *pointer);
void names_clear(struct names *names);

#endif
