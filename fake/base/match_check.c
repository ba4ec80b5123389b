/* SPDX-License-Identifier: MIT */
/* match_check.c - is a matcher well formed? Every mistake is found before anything is matched. */
#include "match_operator.h"

#include "error.h"
#include "regex.h"
#include "text.h"

static HRESULT bad_argument(const char *pointer, const char *wanted, const struct json *got)
{
    return FAIL(E_INVALIDARG, "expected %s at %s, got %s", wanted, pointer,
                json_type_name(json_type(got)));
}

static HRESULT check_children(const struct json *parent, const char *pointer,
                              const struct match_context *context)
{
    size_t index = 0;
    for (const struct json *m = json_first(parent); m; m = json_next(m), index++) {
        AUTO_FREE char *below = json_is(parent, JSON_OBJECT)
                                    ? json_pointer_key(pointer, json_key(m))
                                    : json_pointer_index(pointer, index);
        if (!below)
            return FAIL_MEMORY();
        TRY(match_check(m, below, context));
    }
    return S_OK;
}

static HRESULT check_list(const struct json *list, size_t least, const char *pointer,
                          const struct match_context *context)
{
    if (!json_is(list, JSON_ARRAY) || json_len(list) < least)
        return bad_argument(pointer, least ? "an array of two or more matchers" : "an array", list);
    return check_children(list, pointer, context);
}

static HRESULT check_flags(const struct json *names, const char *pointer,
                           const struct match_context *context)
{
    if (!json_is(names, JSON_ARRAY) || json_len(names) == 0)
        return bad_argument(pointer, "an array of flag names", names);
    for (const struct json *v = json_first(names); v; v = json_next(v)) {
        uint32_t bits = 0;
        if (!json_string(v))
            return bad_argument(pointer, "flag names", v);
        if (!context || !context->flag || !context->flag(context->user, json_string(v), &bits))
            return FAIL(E_INVALIDARG, "unknown flag '%s' at %s", json_string(v), pointer);
    }
    return S_OK;
}

static HRESULT check_regex(const struct json *v, const char *pointer)
{
    if (!json_string(v))
        return bad_argument(pointer, "a string", v);
    HRESULT hr = regex_check(json_string(v));
    return SUCCEEDED(hr) ? hr : FAIL(hr, "%s at %s", error_last()->text, pointer);
}

static HRESULT check_length(const struct json *v, const char *pointer,
                            const struct match_context *context)
{
    uint64_t number = 0;
    if (json_u64(v, &number))
        return S_OK;
    const char *key = json_key(json_first(v));
    if (!json_is(v, JSON_OBJECT) || !key || key[0] != '$')
        return bad_argument(pointer, "a whole number or an operator", v);
    return match_check(v, pointer, context);
}

static HRESULT check_resolver(const char *pointer, const struct match_context *context)
{
    if (context && context->resolve)
        return S_OK;
    return FAIL(E_INVALIDARG, "a reference cannot be used here, at %s", pointer);
}

static HRESULT check_argument(const struct operator_row *row, const struct json *v,
                              const char *pointer, const struct match_context *context)
{
    switch (row->argument) {
    case ARGUMENT_TRUE:
        return json_bool(v) ? S_OK : bad_argument(pointer, "true", v);
    case ARGUMENT_BOOL:
        return json_is(v, JSON_BOOL) ? S_OK : bad_argument(pointer, "true or false", v);
    case ARGUMENT_NUMBER:
        return json_is(v, JSON_NUMBER) ? S_OK : bad_argument(pointer, "a number", v);
    case ARGUMENT_STRING:
        return json_string(v) ? S_OK : bad_argument(pointer, "a string", v);
    case ARGUMENT_REGEX:
        return check_regex(v, pointer);
    case ARGUMENT_MATCHER:
        return match_check(v, pointer, context);
    case ARGUMENT_MATCHERS:
        return check_list(v, 0, pointer, context);
    case ARGUMENT_TWO_MATCHERS:
        return check_list(v, 2, pointer, context);
    case ARGUMENT_MEMBERS:
        if (!json_is(v, JSON_OBJECT))
            return bad_argument(pointer, "an object", v);
        return check_children(v, pointer, context);
    case ARGUMENT_LENGTH:
        return check_length(v, pointer, context);
    case ARGUMENT_FLAGS:
        return check_flags(v, pointer, context);
    case ARGUMENT_VALUE:
        if (json_string(v))
            return S_OK;
        return json_is(v, JSON_OBJECT) ? check_resolver(pointer, context)
                                       : bad_argument(pointer, "a path", v);
    case ARGUMENT_NAME:
        return json_string(v) ? check_resolver(pointer, context)
                              : bad_argument(pointer, "a string", v);
    }
    return S_OK;
}

HRESULT match_check(const struct json *matcher, const char *pointer,
                    const struct match_context *context)
{
    if (!matcher)
        return FAIL(E_INVALIDARG, "no matcher at %s", *pointer ? pointer : "the top level");
    const struct operator_row *row = NULL;
    if (json_is(matcher, JSON_OBJECT))
        TRY(match_operator_of(matcher, pointer, &row));
    if (!row)
        return check_children(matcher, pointer, context);
    AUTO_FREE char *below = json_pointer_key(pointer, row->name);
    if (!below)
        return FAIL_MEMORY();
    return check_argument(row, json_first(matcher), below, context);
}
