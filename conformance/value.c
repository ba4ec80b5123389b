/* SPDX-License-Identifier: MIT */
/* value.c - names and values of the grammar at run time. */
#include "value.h"

#include "spelling.h"

#include <stdlib.h>

enum { NEVER_ISSUED = 0x5EED0001 };

void values_bind(struct values *values, const char *name, struct json *value, arg_word word)
{
    for (size_t i = 0; i < values->bindings.len; i++) {
        struct binding *old = &values->bindings.ptr[i];
        if (text_equal(old->name, name)) {
            json_free(old->value);
            old->value = value;
            old->word = word;
            return;
        }
    }
    struct binding *binding = need(vec_push(&values->bindings));
    *binding = (struct binding){dup_text(name), value, word};
}

const struct binding *values_binding(const struct values *values, const char *name)
{
    for (size_t i = 0; i < values->bindings.len; i++) {
        if (text_equal(values->bindings.ptr[i].name, name))
            return &values->bindings.ptr[i];
    }
    return NULL;
}

void values_clear(struct values *values)
{
    for (size_t i = 0; i < values->bindings.len; i++) {
        mem_free(values->bindings.ptr[i].name);
        json_free(values->bindings.ptr[i].value);
    }
    vec_clear(&values->bindings);
}

/* Empty unless the value is an object with a $-key. */
static const char *operator_of(const struct json *value)
{
    const struct json *first = json_is(value, JSON_OBJECT) ? json_first(value) : NULL;
    return first && json_key(first)[0] == '$' ? json_key(first) : "";
}

static struct json *resolve_reference(const struct values *values, const char *reference)
{
    const char *dot = strchr(reference, '.');
    if (dot) {
        AUTO_FREE char *name = need(mem_dup_n(reference, (size_t)(dot - reference)));
        const struct json *property = json_get(json_get(values->fixtures, name), dot + 1);
        if (property)
            return json_hold(json_copy(property));
    }
    const struct binding *binding = values_binding(values, reference);
    if (binding)
        return json_hold(json_copy(binding->value));
    error_set(E_INVALIDARG, "'%s' has no value: the step that binds it did not run", reference);
    return NULL;
}

static struct json *resolve_constant(const char *name)
{
    const struct reflect_enum_value *member = reflect_enum_value_by_name(name, NULL);
    if (member)
        return json_hold(json_new_number(member->value));
    const struct reflect_constant *constant = reflect_constant_by_name(name);
    if (!constant) {
        error_set(E_INVALIDARG, "there is no constant '%s'", name);
        return NULL;
    }
    return constant->text ? result_text(constant->text)
                          : json_hold(json_new_number(constant->value));
}

static struct json *resolve_units(const char *hex)
{
    size_t units = strlen(hex) / 4;
    AUTO_FREE char16_t *wide = need(mem_array(units + 1, sizeof *wide));
    for (size_t i = 0; i < units; i++) {
        char digits[5] = {hex[i * 4], hex[i * 4 + 1], hex[i * 4 + 2], hex[i * 4 + 3], 0};
        wide[i] = (char16_t)strtoul(digits, NULL, 16);
    }
    AUTO_FREE char *text = NULL;
    if (FAILED(text_from_utf16_n(wide, units, &text)))
        return NULL;
    return json_hold(json_new_string(text));
}

static struct json *resolve_joined(const struct values *values, const struct json *parts,
                                   const char *separator)
{
    struct text path = {0};
    for (const struct json *part = json_first(parts); part; part = json_next(part)) {
        struct json *plain = value_resolve(values, part);
        if (!plain) {
            text_clear(&path);
            return NULL;
        }
        const char *text = json_string(plain) ? json_string(plain) : "";
        char last = path.len ? path.ptr[path.len - 1] : '/';
        if (last != '/' && last != '\\')
            text_add(&path, separator);
        text_add(&path, text);
        json_free(plain);
    }
    AUTO_FREE char *text = need(text_take(&path));
    return json_hold(json_new_string(text));
}

static struct json *resolve_spelled(const struct values *values, const struct json *value)
{
    struct json *plain = value_resolve(values, json_get(value, "$spelled"));
    if (!plain)
        return NULL;
    AUTO_FREE char *path = spelling_make(json_string(plain), json_text(value, "as"));
    json_free(plain);
    return path ? json_hold(json_new_string(path)) : NULL;
}

static struct json *resolve_handle(const struct values *values, const char *which)
{
    uint32_t number = 0;
    if (text_equal(which, "never-issued"))
        number = NEVER_ISSUED;
    else if (text_equal(which, "max"))
        number = UINT32_MAX;
    else if (text_equal(which, "closed"))
        number = values->last_closed;
    if (text_equal(which, "closed") && number == 0) {
        error_set(E_INVALIDARG, "no session has been closed in this phase");
        return NULL;
    }
    return json_hold(json_new_number(number));
}

static struct json *resolve_flags(const struct json *names)
{
    uint32_t bits = 0;
    for (const struct json *name = json_first(names); name; name = json_next(name)) {
        uint32_t one = 0;
        value_flag(NULL, json_string(name), &one);
        bits |= one;
    }
    return json_hold(json_new_number(bits));
}

static struct json *resolve_repeated(const struct json *value)
{
    struct text text = {0};
    uint64_t times = 0;
    json_u64(json_get(value, "times"), &times);
    for (uint64_t i = 0; i < times; i++)
        text_add(&text, json_text(value, "$repeat"));
    AUTO_FREE char *taken = need(text_take(&text));
    return json_hold(json_new_string(taken));
}

struct json *value_resolve(const struct values *values, const struct json *value)
{
    const char *key = operator_of(value);
    if (text_equal(key, "$ref"))
        return resolve_reference(values, json_text(value, key));
    if (text_equal(key, "$flags"))
        return resolve_flags(json_get(value, key));
    if (text_equal(key, "$const"))
        return resolve_constant(json_text(value, key));
    if (text_equal(key, "$handle"))
        return resolve_handle(values, json_text(value, key));
    if (text_equal(key, "$repeat"))
        return resolve_repeated(value);
    if (text_equal(key, "$utf16"))
        return resolve_units(json_text(value, key));
    if (text_equal(key, "$join"))
        return resolve_joined(values, json_get(value, key), os_has_drives() ? "\\" : "/");
    if (text_equal(key, "$concat"))
        return resolve_joined(values, json_get(value, key), "");
    if (text_equal(key, "$spelled"))
        return resolve_spelled(values, value);
    if (!json_is(value, JSON_ARRAY))
        return json_hold(json_copy(value));
    struct json *array = json_hold(json_new_array());
    for (const struct json *item = json_first(value); item; item = json_next(item)) {
        struct json *plain = value_resolve(values, item);
        if (!plain) {
            json_free(array);
            return NULL;
        }
        json_push(array, plain);
    }
    return array;
}

struct json *value_resolve_deep(const struct values *values, const struct json *value)
{
    if (text_equal(operator_of(value), "$ref"))
        return value_resolve(values, value);
    bool is_object = json_is(value, JSON_OBJECT);
    if (!is_object && !json_is(value, JSON_ARRAY))
        return json_hold(json_copy(value));
    struct json *made = json_hold(is_object ? json_new_object() : json_new_array());
    for (const struct json *item = json_first(value); item; item = json_next(item)) {
        struct json *plain = value_resolve_deep(values, item);
        if (!plain) {
            json_free(made);
            return NULL;
        }
        if (is_object)
            json_set(made, json_key(item), plain);
        else
            json_push(made, plain);
    }
    return made;
}

HRESULT value_path(const struct values *values, const struct json *value, const char *base,
                   char **out)
{
    struct json *plain = value_resolve(values, value);
    if (!plain)
        return E_INVALIDARG;
    HRESULT hr = json_string(plain) ? path_absolute(json_string(plain), base, out)
                                    : FAIL(E_INVALIDARG, "a path is not a text");
    json_free(plain);
    return hr;
}

/* In results an enumeration is shown by name, so its constants stand for names there. */
struct json *value_for_matcher(void *user, const struct json *value)
{
    const char *key = operator_of(value);
    const struct reflect_enum *owner = NULL;
    const struct reflect_enum_value *member =
        text_equal(key, "$const") ? reflect_enum_value_by_name(json_text(value, key), &owner)
                                  : NULL;
    return member ? result_enum(owner, member->value) : value_resolve(user, value);
}

bool value_flag(void *user, const char *name, uint32_t *bits)
{
    (void)user;
    const struct reflect_constant *constant = reflect_constant_by_name(name);
    if (!constant || constant->text)
        return false;
    *bits = constant->value;
    return true;
}
