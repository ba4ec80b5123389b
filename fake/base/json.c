/* SPDX-License-Identifier: MIT */
/*
 * json.c - JSON values: the tree, typed access, printing, pointers. Reading text is json_read.c.
 *
 * cJSON keeps the tree. Its parser and printer are not used: the parser takes a key twice, control
 * characters and bad UTF-8 and refuses a lone surrogate; the printer and the comparison round whole
 * numbers near 2^53 (both compare doubles with a tolerance).
 */
#include "json.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "floor.h"
#include "text.h"

#include <cjson/cJSON.h>

static struct json *wrap(cJSON *item)
{
    return (struct json *)item;
}

static cJSON *item_of(const struct json *v)
{
    return (cJSON *)(uintptr_t)v;
}

/* ---- access ---- */

void json_free(struct json *root)
{
    cJSON_Delete(item_of(root));
}

enum json_type json_type(const struct json *v)
{
    const cJSON *item = item_of(v);
    switch (item ? item->type & 0xFF : cJSON_NULL) {
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

bool json_is(const struct json *v, enum json_type type)
{
    return v && json_type(v) == type;
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {"null",     "true or false", "a number",
                                        "a string", "an array",      "an object"};
    return names[type];
}

static bool has_children(const struct json *v)
{
    return json_is(v, JSON_ARRAY) || json_is(v, JSON_OBJECT);
}

const struct json *json_first(const struct json *v)
{
    return has_children(v) ? wrap(item_of(v)->child) : NULL;
}

const struct json *json_next(const struct json *v)
{
    return v ? wrap(item_of(v)->next) : NULL;
}

const char *json_key(const struct json *member)
{
    return member ? item_of(member)->string : NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    if (!json_is(object, JSON_OBJECT) || !key)
        return NULL;
    const struct json *v = json_first(object);
    while (v && strcmp(json_key(v), key) != 0)
        v = json_next(v);
    return v;
}

size_t json_len(const struct json *v)
{
    size_t len = 0;
    for (const struct json *child = json_first(v); child; child = json_next(child))
        len++;
    return len;
}

const struct json *json_at(const struct json *array, size_t index)
{
    const struct json *v = json_is(array, JSON_ARRAY) ? json_first(array) : NULL;
    while (v && index-- > 0)
        v = json_next(v);
    return v;
}

const char *json_string(const struct json *v)
{
    return json_is(v, JSON_STRING) ? item_of(v)->valuestring : NULL;
}

double json_number(const struct json *v)
{
    return json_is(v, JSON_NUMBER) ? item_of(v)->valuedouble : 0;
}

bool json_bool(const struct json *v)
{
    return v && (item_of(v)->type & 0xFF) == cJSON_True;
}

bool json_u64(const struct json *v, uint64_t *out)
{
    double number = json_number(v);
    if (!json_is(v, JSON_NUMBER) || !(number >= 0 && number <= 9007199254740992.0))
        return false;
    if ((double)(uint64_t)number != number)
        return false;
    *out = (uint64_t)number;
    return true;
}

static bool equal_objects(const struct json *a, const struct json *b)
{
    if (json_len(a) != json_len(b))
        return false;
    for (const struct json *x = json_first(a); x; x = json_next(x)) {
        const struct json *y = json_get(b, json_key(x));
        if (!y || !json_equal(x, y))
            return false;
    }
    return true;
}

static bool equal_arrays(const struct json *a, const struct json *b)
{
    const struct json *x = json_first(a), *y = json_first(b);
    for (; x && y; x = json_next(x), y = json_next(y)) {
        if (!json_equal(x, y))
            return false;
    }
    return !x && !y;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (!a || !b)
        return a == b;
    if (json_type(a) != json_type(b))
        return false;
    switch (json_type(a)) {
    case JSON_BOOL:
        return json_bool(a) == json_bool(b);
    case JSON_NUMBER:
        return json_number(a) == json_number(b);
    case JSON_STRING:
        return strcmp(json_string(a), json_string(b)) == 0;
    case JSON_ARRAY:
        return equal_arrays(a, b);
    case JSON_OBJECT:
        return equal_objects(a, b);
    default:
        return true;
    }
}

/* ---- typed getters ---- */

static HRESULT wrong_type(const char *wanted, const char *pointer, const char *key,
                          const struct json *got)
{
    AUTO_FREE char *where = json_pointer_key(pointer, key);
    return FAIL(E_INVALIDARG, "expected %s at %s, got %s", wanted, where ? where : key,
                got ? json_type_name(json_type(got)) : "nothing");
}

HRESULT json_need_string(const struct json *object, const char *key, const char *pointer,
                         const char **out)
{
    const struct json *v = json_get(object, key);
    if (!json_string(v))
        return wrong_type("a string", pointer, key, v);
    *out = json_string(v);
    return S_OK;
}

HRESULT json_need_u64(const struct json *object, const char *key, const char *pointer,
                      uint64_t *out)
{
    const struct json *v = json_get(object, key);
    if (!json_u64(v, out))
        return wrong_type("a whole number from 0 to 2^53", pointer, key, v);
    return S_OK;
}

HRESULT json_opt_string(const struct json *object, const char *key, const char *pointer,
                        const char **out)
{
    return json_get(object, key) ? json_need_string(object, key, pointer, out) : S_OK;
}

HRESULT json_opt_u64(const struct json *object, const char *key, const char *pointer, uint64_t *out)
{
    return json_get(object, key) ? json_need_u64(object, key, pointer, out) : S_OK;
}

HRESULT json_opt_bool(const struct json *object, const char *key, const char *pointer, bool *out)
{
    const struct json *v = json_get(object, key);
    if (!v)
        return S_OK;
    if (!json_is(v, JSON_BOOL))
        return wrong_type("true or false", pointer, key, v);
    *out = json_bool(v);
    return S_OK;
}

HRESULT json_only_keys(const struct json *object, const char *pointer, const char *const *keys)
{
    const char *where = *pointer ? pointer : "the top level";
    if (!json_is(object, JSON_OBJECT))
        return FAIL(E_INVALIDARG, "expected an object at %s", where);
    for (const struct json *v = json_first(object); v; v = json_next(v)) {
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], json_key(v)) != 0)
            i++;
        if (!keys[i])
            return FAIL(E_INVALIDARG, "unknown key '%s' at %s", json_key(v), where);
    }
    return S_OK;
}

/* ---- builders ----
 * cJSON allocates by itself: each builder counts as one allocation. An object or array that lacks
 * something because there was no memory is marked, since hardly anybody looks at what json_set
 * says; printing it then fails. */

#define INCOMPLETE (1 << 16) /* in cJSON's type, whose low bits are its own */

/* A builder has given NULL; whoever gets that next to put into something lacks it. */
static _Thread_local bool builder_failed;

static struct json *made(cJSON *item)
{
    builder_failed = builder_failed || !item;
    return wrap(item);
}

#define BUILD(expression) made(floor_denies_memory() ? NULL : (expression))

/* After an attempt to add: what is not memory's fault - NULL for a value, no such container - is
 * fine: it is just not there. */
static bool added(struct json *container, struct json *value, bool has_worked)
{
    if (has_worked)
        return true;
    if (container && builder_failed)
        item_of(container)->type |= INCOMPLETE;
    builder_failed = builder_failed && !container; /* the container is what lacks now */
    json_free(value);
    return false;
}

/* `expression` needs memory; what it is not given is noted. */
#define WORKS(expression)                                                                          \
    ((!floor_denies_memory() && (expression)) || ((builder_failed = true), false))

static bool is_complete(const struct json *v)
{
    if (v && (item_of(v)->type & INCOMPLETE))
        return false;
    for (const struct json *child = json_first(v); child; child = json_next(child))
        if (!is_complete(child))
            return false;
    return true;
}

struct json *json_new_object(void)
{
    return BUILD(cJSON_CreateObject());
}

struct json *json_new_array(void)
{
    return BUILD(cJSON_CreateArray());
}

struct json *json_new_string(const char *text)
{
    return BUILD(text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

struct json *json_new_number(double number)
{
    return BUILD(cJSON_CreateNumber(number));
}

struct json *json_new_bool(bool value)
{
    return BUILD(cJSON_CreateBool(value));
}

struct json *json_new_null(void)
{
    return BUILD(cJSON_CreateNull());
}

struct json *json_copy(const struct json *v)
{
    if (!v)
        return NULL;
    cJSON *copy = item_of(BUILD(cJSON_Duplicate(item_of(v), 1)));
    if (copy && copy->string) { /* a copy is a root: it has no key */
        cJSON_free(copy->string);
        copy->string = NULL;
    }
    return wrap(copy);
}

bool json_add(struct json *object, const char *key, struct json *value)
{
    return added(object, value,
                 value && json_is(object, JSON_OBJECT) &&
                     WORKS(cJSON_AddItemToObject(item_of(object), key, item_of(value))));
}

bool json_set(struct json *object, const char *key, struct json *value)
{
    const struct json *old = json_get(object, key);
    if (!old || !value)
        return json_add(object, key, value);
    /* cJSON frees the old key only after it has copied it, so the old key may be passed in. */
    return added(
        object, value,
        WORKS(cJSON_ReplaceItemInObjectCaseSensitive(item_of(object), key, item_of(value))));
}

bool json_push(struct json *array, struct json *value)
{
    return added(array, value,
                 value && json_is(array, JSON_ARRAY) &&
                     WORKS(cJSON_AddItemToArray(item_of(array), item_of(value))));
}

void json_remove(struct json *object, const char *key)
{
    cJSON *old = item_of(json_get(object, key));
    if (old)
        cJSON_Delete(cJSON_DetachItemViaPointer(item_of(object), old));
}

/* ---- printing ---- */

static void print_string(struct text *t, const char *s)
{
    text_add(t, "\"");
    while (*s) {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= 0x20 && (unsigned char)s[plain] < 0x7F &&
               s[plain] != '"' && s[plain] != '\\')
            plain++;
        text_add_n(t, s, plain);
        s += plain;
        if (!*s)
            break;
        uint32_t cp = 0;
        size_t used = text_decode(s, &cp);
        const char *at = cp < 0x80 && used ? strchr("\"\\\b\f\n\r\t", (int)cp) : NULL;
        if (!used) {
            text_add(t, "\xEF\xBF\xBD"); /* not even WTF-8: U+FFFD, so that the output is JSON */
            used = 1;
        } else if (at) {
            char escape[2] = {'\\', "\"\\bfnrt"[at - "\"\\\b\f\n\r\t"]};
            text_add_n(t, escape, 2);
        } else if (cp < 0x20 || (cp >= 0xD800 && cp <= 0xDFFF)) {
            text_addf(t, "\\u%04x", (unsigned)cp);
        } else {
            text_add_n(t, s, used);
        }
        s += used;
    }
    text_add(t, "\"");
}

/* The shortest of 15 to 17 digits that reads back as the same number; whole numbers without
 * exponent. What the host program made of LC_NUMERIC must not show. */
static void print_number(struct text *t, double number)
{
    if (!isfinite(number)) {
        text_add(t, "null");
        return;
    }
    char digits[40];
    if (fabs(number) < 1e17 && (double)(int64_t)number == number) {
        snprintf(digits, sizeof digits, "%s%lld", number == 0 && signbit(number) ? "-" : "",
                 (long long)number);
        text_add(t, digits);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number)
            break;
    }
    char *point = strchr(digits, localeconv()->decimal_point[0]);
    if (point)
        *point = '.';
    text_add(t, digits);
}

static void print_line(struct text *t, int indent)
{
    if (indent < 0)
        return;
    text_add(t, "\n");
    for (int i = 0; i < indent; i++)
        text_add(t, "\t");
}

/* indent < 0: on one line. */
static void print_value(struct text *t, const struct json *v, int indent)
{
    bool is_object = json_is(v, JSON_OBJECT);
    switch (json_type(v)) {
    case JSON_NULL:
        text_add(t, "null");
        return;
    case JSON_BOOL:
        text_add(t, json_bool(v) ? "true" : "false");
        return;
    case JSON_NUMBER:
        print_number(t, json_number(v));
        return;
    case JSON_STRING:
        print_string(t, json_string(v));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    text_add(t, is_object ? "{" : "[");
    int inner = indent < 0 ? indent : indent + 1;
    for (const struct json *child = json_first(v); child; child = json_next(child)) {
        print_line(t, inner);
        if (is_object) {
            print_string(t, json_key(child));
            text_add(t, indent < 0 ? ":" : ": ");
        }
        print_value(t, child, inner);
        if (json_next(child))
            text_add(t, ",");
    }
    if (json_first(v))
        print_line(t, indent);
    text_add(t, is_object ? "}" : "]");
}

char *json_print(const struct json *v)
{
    struct text t = {0};
    if (!v || !is_complete(v))
        return NULL;
    print_value(&t, v, -1);
    return text_take(&t);
}

char *json_print_pretty(const struct json *v)
{
    struct text t = {0};
    if (!v || !is_complete(v))
        return NULL;
    print_value(&t, v, 0);
    text_add(&t, "\n");
    return text_take(&t);
}

/* ---- pointers ---- */

char *json_pointer_key(const char *pointer, const char *key)
{
    struct text t = {0};
    text_add(&t, pointer);
    text_add(&t, "/");
    for (; *key; key++) {
        if (*key == '~' || *key == '/')
            text_add(&t, *key == '~' ? "~0" : "~1");
        else
            text_add_n(&t, key, 1);
    }
    return text_take(&t);
}

char *json_pointer_index(const char *pointer, size_t index)
{
    return mem_format("%s/%zu", pointer, index);
}

static char *find_pointer(const struct json *from, const struct json *wanted, const char *pointer)
{
    if (from == wanted)
        return mem_dup(pointer);
    size_t index = 0;
    for (const struct json *child = json_first(from); child; child = json_next(child), index++) {
        if (child != wanted && !has_children(child))
            continue;
        AUTO_FREE char *below = json_is(from, JSON_OBJECT)
                                    ? json_pointer_key(pointer, json_key(child))
                                    : json_pointer_index(pointer, index);
        char *found = below ? find_pointer(child, wanted, below) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

char *json_pointer_of(const struct json *root, const struct json *v)
{
    return v ? find_pointer(root, v, "") : NULL;
}
