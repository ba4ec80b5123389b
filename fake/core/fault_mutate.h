/* SPDX-License-Identifier: MIT */
/*
 * fault_mutate.h - changing what a call hands out (do.mutateOut): pointers into the out values as
 * the runner shows them, each with the value to put there.
 *
 *     {"/MountedImageInfo/0/MountStatus": {"$const": "DismMountStatusInvalid"}, "/Count": 0}
 *
 * Names and types are checked against the reflected tables when the rule is armed. A text, null, or
 * {"$utf16": hex} for PCWSTR; true or false for BOOL; a whole number for numbers; a member's name,
 * {"$const": name} or any whole number for an enumeration; "2026-01-15T10:20:30.000" for a time;
 * null for a pointer to records. A count can only be made smaller.
 */
#ifndef CORE_FAULT_MUTATE_H
#define CORE_FAULT_MUTATE_H

#include "json.h"
#include "reflect.h"

struct mutation {
    struct json *values; /* pointer -> value; NULL: none */
    enum api api;
};

/* Takes a copy. E_INVALIDARG with the JSON pointer of what does not fit the call. */
HRESULT mutation_parse(const struct json *values, enum api api, const char *pointer,
                       struct mutation *out);
void mutation_clear(struct mutation *m);
/* All of it or nothing. S_FALSE: it cannot be, *why (caller's) says what is not there. */
HRESULT mutation_apply(const struct mutation *m, const arg_word *args, char **why);

#endif
