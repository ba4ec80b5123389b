/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON values. The only module that sees cJSON.
 *
 * A value belongs to its root; json_free takes roots only. Reading functions accept NULL and wrong
 * types and give the neutral answer (NULL, 0, false); the json_need_... functions insist and set an
 * error that names the JSON pointer: "expected a string at /cases/0/id".
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

struct json;

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Whole text must be one value (UTF-8, a byte order mark is skipped). Refuses, with line and
 * column: syntax errors, a key twice in one object, nesting deeper than 100, trailing text, bad
 * UTF-8. */
HRESULT json_parse(const char *text, size_t len, struct json **out);
void json_free(struct json *root);
DEFINE_SCOPE(json, struct json, json_free)
#define AUTO_JSON AUTO(scope_json)

enum json_type json_type(const struct json *v);
bool json_is(const struct json *v, enum json_type type);
const char *json_type_name(enum json_type type); /* "a string", "an object" ... */

const struct json *json_get(const struct json *object, const char *key); /* NULL: absent */
size_t json_len(const struct json *v);                                   /* array or object */
const struct json *json_at(const struct json *array, size_t index);
/* for (v = json_first(x); v; v = json_next(v)): children of an array or object, in order. */
const struct json *json_first(const struct json *v);
const struct json *json_next(const struct json *v);
const char *json_key(const struct json *member); /* key of an object's member */

const char *json_string(const struct json *v); /* NULL if not a string */
double json_number(const struct json *v);
bool json_bool(const struct json *v);
/* A whole number from 0 to 2^53; false otherwise. */
bool json_u64(const struct json *v, uint64_t *out);
bool json_equal(const struct json *a, const struct json *b); /* object order does not matter */

/* Typed getters of a member; `pointer` names the object for the message ("/cases/0"). The optional
 * ones leave *out alone when the key is absent. E_INVALIDARG with pointer and type on a mismatch.
 */
HRESULT json_need_string(const struct json *object, const char *key, const char *pointer,
                         const char **out);
HRESULT json_need_u64(const struct json *object, const char *key, const char *pointer,
                      uint64_t *out);
HRESULT json_opt_string(const struct json *object, const char *key, const char *pointer,
                        const char **out);
HRESULT json_opt_u64(const struct json *object, const char *key, const char *pointer,
                     uint64_t *out);
HRESULT json_opt_bool(const struct json *object, const char *key, const char *pointer, bool *out);
/* Any key outside the NULL-terminated list: E_INVALIDARG "unknown key 'x' at POINTER". */
HRESULT json_only_keys(const struct json *object, const char *pointer, const char *const *keys);

/* Builders: NULL without memory. set and push take the value over, also on failure, and accept NULL
 * (then they fail). */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *text); /* NULL gives JSON null */
struct json *json_new_number(double number);
struct json *json_new_bool(bool value);
struct json *json_new_null(void);
struct json *json_copy(const struct json *v);
bool json_set(struct json *object, const char *key, struct json *value); /* replaces */
bool json_push(struct json *array, struct json *value);
static inline bool json_set_string(struct json *o, const char *key, const char *text)
{
    return json_set(o, key, json_new_string(text));
}
static inline bool json_set_number(struct json *o, const char *key, double number)
{
    return json_set(o, key, json_new_number(number));
}
static inline bool json_set_bool(struct json *o, const char *key, bool value)
{
    return json_set(o, key, json_new_bool(value));
}
/* Like json_set for a key known to be absent: does not search. */
bool json_add(struct json *object, const char *key, struct json *value);
void json_remove(struct json *object, const char *key);

/* One line, or indented by tabs. Caller's: mem_free. NULL without memory, also where there was
 * none for something that was set or pushed: no half value is printed. Strings that are not UTF-8
 * (lone surrogates as WTF-8) are written so that json_parse reads them back. */
char *json_print(const struct json *v);
char *json_print_pretty(const struct json *v);

/* "/cases/0/id" of a value inside root (found by walking). "" is the root. Caller's. */
char *json_pointer_of(const struct json *root, const struct json *v);
/* Appends "/key" with ~0 ~1 escapes, or "/index". Caller's. */
char *json_pointer_key(const char *pointer, const char *key);
char *json_pointer_index(const char *pointer, size_t index);
/* Line (from 1) on which the value of that pointer starts in the text it was parsed from; 0 if
 * none. */
unsigned json_line_of(const char *text, size_t len, const char *pointer);

#endif
