/* SPDX-License-Identifier: MIT */
/* check_value.c - are values of the type their parameter wants, and matchers well formed? */
#include <math.h>

#include "check.h"
#include "match.h"

static const char *only_key(const struct json *value)
{
    const struct json *first = json_is(value, JSON_OBJECT) ? json_first(value) : NULL;
    return first ? json_key(first) : "";
}

struct name *check_reference(struct checker *c, const char *reference, const char *pointer,
                             bool *is_fixture)
{
    *is_fixture = false;
    const char *dot = strchr(reference, '.');
    AUTO_FREE char *name =
        dot ? need(mem_dup_n(reference, (size_t)(dot - reference))) : dup_text(reference);
    struct name *fixture = names_find(&c->names, NAME_FIXTURE, name);
    if (!fixture)
        fixture = names_find(c->file_fixtures, NAME_FIXTURE, name);
    if (fixture) {
        fixture->uses++;
        *is_fixture = true;
        if (dot && text_equal(dot + 1, "mountPath"))
            finding_at(c->source, pointer,
                       "fixture property 'mountPath' is not supported by this runner yet");
        else if (!dot || (!text_equal(dot + 1, "path") && !text_equal(dot + 1, "name") &&
                          !text_equal(dot + 1, "sha256")))
            finding_at(c->source, pointer,
                       "a fixture has .path and .name, an image of the catalogue also .sha256, not "
                       "'%s'",
                       reference);
        return NULL;
    }
    if (dot && !names_find(&c->names, NAME_BINDING, name)) {
        finding_at(c->source, pointer, "there is no fixture '%s'", name);
        return NULL;
    }
    struct name *binding = names_use(&c->names, c->source, NAME_BINDING, name, pointer);
    if (binding && dot) {
        finding_at(c->source, pointer, "a binding has no properties: bind '%s' by its own pointer",
                   dot + 1);
        return NULL;
    }
    if (binding && (binding->is_handle || binding->is_memory) && binding->phase != c->phase)
        finding_at(c->source, pointer,
                   "'%s' is a handle of an earlier phase, whose process is gone", name);
    return binding;
}

static void check_constant_text(struct checker *c, const char *name, const char *pointer)
{
    const struct reflect_constant *constant = reflect_constant_by_name(name);
    if (!constant)
        finding_at(c->source, pointer, "there is no constant '%s'", name);
    else if (!constant->text)
        finding_at(c->source, pointer, "the constant %s is a number, not a text", name);
}

void check_text_value(struct checker *c, const struct json *value, const char *pointer)
{
    const char *key = only_key(value);
    if (json_is(value, JSON_STRING) || text_equal(key, "$repeat"))
        return;
    if (text_equal(key, "$utf16")) {
        if (strlen(json_text(value, key)) % 4 != 0)
            finding_at(c->source, pointer, "$utf16 needs four hex digits for each unit");
        return;
    }
    if (text_equal(key, "$const")) {
        check_constant_text(c, json_text(value, key), pointer);
    } else if (text_equal(key, "$ref")) {
        bool is_fixture;
        struct name *binding = check_reference(c, json_text(value, key), pointer, &is_fixture);
        if (binding && (binding->is_handle || binding->is_memory))
            finding_at(c->source, pointer, "'%s' is not a text", binding->text);
    } else if (text_equal(key, "$join") || text_equal(key, "$concat")) {
        size_t i = 0;
        for (const struct json *part = json_first(json_get(value, key)); part;
             part = json_next(part), i++) {
            AUTO_FREE char *at = format("%s/%s/%zu", pointer, key, i);
            check_text_value(c, part, at);
        }
    } else if (text_equal(key, "$spelled")) {
        AUTO_FREE char *at = format("%s/$spelled", pointer);
        check_text_value(c, json_get(value, key), at);
    } else {
        finding_at(c->source, pointer, "expected a text, found %s",
                   *key ? key : json_type_name(json_type(value)));
    }
}

static bool is_whole_number(const struct json *value, double low, double high)
{
    double number = json_number(value);
    return json_is(value, JSON_NUMBER) && floor(number) == number && number >= low &&
           number <= high;
}

static void check_number_value(struct checker *c, const struct json *value, const char *pointer,
                               const struct reflect_enum *enumeration, double low, double high)
{
    const char *key = only_key(value);
    if (text_equal(key, "$const")) {
        const char *name = json_text(value, key);
        const struct reflect_enum *owner = NULL;
        const struct reflect_constant *constant = reflect_constant_by_name(name);
        const struct reflect_enum_value *member = reflect_enum_value_by_name(name, &owner);
        if (!constant && !member)
            finding_at(c->source, pointer, "there is no constant '%s'", name);
        else if (enumeration && (constant || owner != enumeration))
            finding_at(c->source, pointer, "%s is not a member of %s", name, enumeration->name);
        else if (constant && constant->text)
            finding_at(c->source, pointer, "the constant %s is a text, not a number", name);
    } else if (text_equal(key, "$flags")) {
        size_t i = 0;
        for (const struct json *flag = json_first(json_get(value, key)); flag;
             flag = json_next(flag), i++) {
            const struct reflect_constant *constant = reflect_constant_by_name(json_string(flag));
            AUTO_FREE char *at = format("%s/$flags/%zu", pointer, i);
            if (!constant || constant->text)
                finding_at(c->source, at, "there is no flag '%s'", json_string(flag));
        }
    } else if (text_equal(key, "$ref")) {
        bool is_fixture;
        struct name *binding = check_reference(c, json_text(value, key), pointer, &is_fixture);
        if (is_fixture || (binding && binding->is_memory))
            finding_at(c->source, pointer, "'%s' is not a number", json_text(value, key));
    } else if (!is_whole_number(value, low, high)) {
        finding_at(c->source, pointer, "expected a whole number from %.0f to %.0f", low, high);
    }
}

static void check_session(struct checker *c, const struct json *value, const char *pointer)
{
    const char *key = only_key(value);
    if (text_equal(key, "$handle"))
        return;
    if (text_equal(key, "$ref")) {
        bool is_fixture;
        struct name *binding = check_reference(c, json_text(value, key), pointer, &is_fixture);
        if (is_fixture || (binding && !binding->is_handle))
            finding_at(c->source, pointer, "'%s' is not a session", json_text(value, key));
        return;
    }
    check_number_value(c, value, pointer, NULL, 0, 4294967295.0);
}

static void check_text_array(struct checker *c, const struct json *value, const char *pointer)
{
    if (!json_is(value, JSON_ARRAY)) {
        finding_at(c->source, pointer, "expected an array of texts or null");
        return;
    }
    size_t i = 0;
    for (const struct json *item = json_first(value); item; item = json_next(item), i++) {
        AUTO_FREE char *at = need(json_pointer_index(pointer, i));
        if (!json_is(item, JSON_NULL))
            check_text_value(c, item, at);
    }
}

static void check_pointer_value(struct checker *c, enum kind kind, const struct json *value,
                                const char *pointer)
{
    const char *key = only_key(value);
    if (kind == KIND_CANCEL && text_equal(key, "$event"))
        return;
    if (kind == KIND_MEMORY && text_equal(key, "$ref")) {
        bool is_fixture;
        struct name *binding = check_reference(c, json_text(value, key), pointer, &is_fixture);
        if (is_fixture || (binding && !binding->is_memory))
            finding_at(c->source, pointer, "'%s' is not memory that the library handed out",
                       json_text(value, key));
        return;
    }
    if (!is_whole_number(value, 0, 9007199254740992.0))
        finding_at(c->source, pointer, "expected %s, a whole number or null",
                   kind == KIND_CANCEL   ? "$event"
                   : kind == KIND_MEMORY ? "$ref to a result"
                                         : "nothing else than");
}

void check_argument(struct checker *c, enum kind kind, const struct json *value,
                    const char *pointer)
{
    bool is_null = json_is(value, JSON_NULL);
    switch (kind) {
    case KIND_WSTR:
    case KIND_WSTR_OPT:
        if (!is_null)
            check_text_value(c, value, pointer);
        return;
    case KIND_WSTRS:
        if (!is_null)
            check_text_array(c, value, pointer);
        return;
    case KIND_SESSION:
        check_session(c, value, pointer);
        return;
    case KIND_BOOLEAN:
        if (!json_is(value, JSON_BOOL))
            check_number_value(c, value, pointer, NULL, -2147483648.0, 4294967295.0);
        return;
    case KIND_COUNT:
    case KIND_NUMBER:
    case KIND_DWORD:
    case KIND_FLAGS:
        check_number_value(c, value, pointer, NULL, 0, 4294967295.0);
        return;
    case KIND_NUMBER64:
    case KIND_OPAQUE_ARG:
        if (!is_null)
            check_number_value(c, value, pointer, NULL, 0, 9007199254740992.0);
        return;
    case KIND_CANCEL:
    case KIND_USERDATA:
    case KIND_MEMORY:
        if (!is_null)
            check_pointer_value(c, kind, value, pointer);
        return;
    case KIND_PROGRESS:
        if (!is_null && !text_equal(only_key(value), "$progress"))
            finding_at(c->source, pointer, "expected $progress or null");
        return;
    default:
        break;
    }
    const struct reflect_enum *enumeration = reflect_kind_enum(kind);
    if (reflect_kind_is_out(kind)) {
        if (!is_null)
            finding_at(c->source, pointer,
                       "an out parameter takes only null: the runner provides its own variable");
    } else if (enumeration) {
        check_number_value(c, value, pointer, enumeration, -2147483648.0, 4294967295.0);
    }
}

/* ---- matchers ---- */

/* match_check only asks whether there is a resolver; names are looked up here. */
static struct json *resolve_nothing(void *user, const struct json *value)
{
    (void)user;
    (void)value;
    return NULL;
}

static bool flag_for_check(void *user, const char *name, uint32_t *bits)
{
    (void)user;
    const struct reflect_constant *constant = reflect_constant_by_name(name);
    *bits = constant ? constant->value : 0;
    return constant && !constant->text;
}

static void check_matcher_names(struct checker *c, const struct json *matcher, const char *pointer)
{
    const char *name = json_text(matcher, only_key(matcher));
    if (text_equal(only_key(matcher), "$const") && name) {
        if (!reflect_constant_by_name(name) && !reflect_enum_value_by_name(name, NULL))
            finding_at(c->source, pointer, "there is no constant '%s'", name);
        return;
    }
    if (text_equal(only_key(matcher), "$ref") && name) {
        bool is_fixture;
        check_reference(c, name, pointer, &is_fixture);
        return;
    }
    bool is_array = json_is(matcher, JSON_ARRAY);
    size_t i = 0;
    if (!is_array && !json_is(matcher, JSON_OBJECT))
        return;
    for (const struct json *part = json_first(matcher); part; part = json_next(part), i++) {
        AUTO_FREE char *at = need(is_array ? json_pointer_index(pointer, i)
                                           : json_pointer_key(pointer, json_key(part)));
        check_matcher_names(c, part, at);
    }
}

void check_matcher(struct checker *c, const struct json *matcher, const char *pointer)
{
    const struct match_context context = {NULL, resolve_nothing, flag_for_check};
    check_matcher_names(c, matcher, pointer);
    if (FAILED(match_check(matcher, pointer, &context)))
        finding_at(c->source, pointer, "%s", error_last()->text);
}

static void check_hr_name(struct checker *c, const char *name, const char *pointer)
{
    HRESULT hr;
    if (name && !reflect_code_parse(name, &hr))
        finding_at(c->source, pointer, "there is no result code '%s'", name);
}

void check_hr(struct checker *c, const struct json *hr, const char *pointer)
{
    const char *name = json_string(hr);
    if (text_equal(name, "any-success") || text_equal(name, "any-failure"))
        return;
    check_hr_name(c, name, pointer);
    size_t i = 0;
    for (const struct json *one = json_first(json_get(hr, "anyOf")); one;
         one = json_next(one), i++) {
        AUTO_FREE char *at = format("%s/anyOf/%zu", pointer, i);
        check_hr_name(c, json_string(one), at);
    }
}

void define_value_names(struct checker *c, const struct json *value, const char *pointer)
{
    const char *key = only_key(value);
    if (text_equal(key, "$event")) {
        if (!names_find(&c->names, NAME_EVENT, json_text(value, key)))
            names_define(&c->names, c->source, NAME_EVENT, json_text(value, key), pointer)->uses++;
        return;
    }
    if (!text_equal(key, "$progress"))
        return;
    const struct json *spec = json_get(value, key);
    AUTO_FREE char *at = format("%s/$progress/name", pointer);
    names_define(&c->names, c->source, NAME_PROGRESS, json_text(spec, "name"), at);
    if (json_get(spec, "holdAt"))
        names_define(&c->names, c->source, NAME_HOLD, json_text(spec, "name"), at);
}
