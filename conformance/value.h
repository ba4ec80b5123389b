/* SPDX-License-Identifier: MIT */
/*
 * value.h - values of the grammar at run time: from JSON to arguments, from results to JSON.
 *
 * Texts inside are UTF-8 with lone surrogates kept (WTF-8), so that any PCWSTR has one JSON form.
 */
#ifndef CONFORMANCE_VALUE_H
#define CONFORMANCE_VALUE_H

#include "reflect.h"
#include "util.h"

struct binding {
    char *name;
    struct json *value;
    arg_word word; /* a handle, or the pointer of a result */
};

/* Everything a name can stand for in one phase. */
struct values {
    const struct json *fixtures; /* {"wim": {"path": .., "name": ..}} */
    VEC(struct binding) bindings;
    uint32_t last_closed; /* session number, 0: none */
};

void values_bind(struct values *values, const char *name, struct json *value, arg_word word);
const struct binding *values_binding(const struct values *values, const char *name);
void values_clear(struct values *values);

/* The plain JSON of a value: text, number, bool, null or array. NULL with the error set if it
 * cannot be had (a binding whose step did not run). $event and $progress stay as they are. */
struct json *value_resolve(const struct values *values, const struct json *value);
/* A copy with every {"$ref"} replaced: for fault rules. */
struct json *value_resolve_deep(const struct values *values, const struct json *value);
/* For path parameters of the runner's own work: resolved, native, absolute against base. Caller's.
 */
HRESULT value_path(const struct values *values, const struct json *value, const char *base,
                   char **out);

/* Operators of matchers; user is a struct values. */
struct json *value_for_matcher(void *user, const struct json *value);
bool value_flag(void *user, const char *name, uint32_t *bits);

/* ---- results ---- */
struct json *result_text(const char16_t *text); /* string, {"$utf16"} or null */
struct json *result_enum(const struct reflect_enum *enumeration, int32_t value);
struct json *result_record(const struct reflect_struct *record, const void *memory);
struct json *result_records(const struct reflect_struct *record, const void *memory, size_t count);

#endif
