/* SPDX-License-Identifier: MIT */
/* expect.c - judges one call; relies on match.h for everything but result codes and progress. */
#include "expect.h"

#include "match.h"

static bool is_code(const char *name, HRESULT hr)
{
    HRESULT wanted;
    return reflect_code_parse(name, &wanted) && wanted == hr;
}

bool expect_hr(const struct json *expected, HRESULT hr)
{
    const char *name = json_string(expected);
    if (text_equal(name, "any-success"))
        return SUCCEEDED(hr);
    if (text_equal(name, "any-failure"))
        return FAILED(hr);
    if (name)
        return is_code(name, hr);
    for (const struct json *one = json_first(json_get(expected, "anyOf")); one;
         one = json_next(one)) {
        if (is_code(json_string(one), hr))
            return true;
    }
    return false;
}

HRESULT expect_value(const struct json *matcher, const struct json *actual, struct values *values,
                     char **why)
{
    const struct match_context context = {values, value_for_matcher, value_flag};
    return match_json(matcher, actual, &context, why);
}

static char *describe_hr(const struct json *expected)
{
    if (json_string(expected))
        return dup_text(json_string(expected));
    struct text text = {0};
    for (const struct json *one = json_first(json_get(expected, "anyOf")); one;
         one = json_next(one))
        text_addf(&text, "%s%s", text.len ? " or " : "", json_string(one));
    return need(text_take(&text));
}

static HRESULT put_before(const char *what, HRESULT hr, char **inner, char **why)
{
    if (hr == S_FALSE)
        *why = format("%s%s%s", what, *inner && **inner == '/' ? "" : " ",
                      *inner ? *inner : "does not match");
    mem_free(*inner);
    *inner = NULL;
    return hr;
}

/* One report of progress; the first and the last have the same total and data. */
static HRESULT expect_report(const struct json *rule, const char *which, const struct outcome *got,
                             unsigned current, struct values *values, char **why)
{
    char *inner = NULL;
    AUTO_FREE char *before = format("progress %s:", which);
    struct json *report = json_hold(json_new_object());
    json_set_number(report, "Current", current);
    json_set_number(report, "Total", got->total);
    json_set_number(report, "UserData", (double)got->user_data);
    HRESULT hr = put_before(
        before, expect_value(json_get(rule, which), got->calls ? report : NULL, values, &inner),
        &inner, why);
    json_free(report);
    return hr;
}

static HRESULT expect_progress(const struct json *rule, const struct outcome *got,
                               struct values *values, char **why)
{
    char *inner = NULL;
    HRESULT hr = S_OK;
    if (json_get(rule, "calls")) {
        struct json *calls = json_hold(json_new_number(got->calls));
        hr = put_before("progress calls:",
                        expect_value(json_get(rule, "calls"), calls, values, &inner), &inner, why);
        json_free(calls);
        if (hr != S_OK)
            return hr;
    }
    const struct json *monotonic = json_get(rule, "monotonic");
    if (monotonic && json_bool(monotonic) != got->is_monotonic) {
        *why = format("progress: wanted %s, got the opposite",
                      json_bool(monotonic) ? "Current never falling and Total never changing"
                                           : "a Current that falls or a Total that changes");
        return S_FALSE;
    }
    if (json_get(rule, "first"))
        hr = expect_report(rule, "first", got, got->first, values, why);
    if (hr == S_OK && json_get(rule, "last"))
        hr = expect_report(rule, "last", got, got->current, values, why);
    return hr;
}

HRESULT expect_outcome(const struct json *expected, const struct outcome *got,
                       struct values *values, char **why)
{
    char *inner = NULL;
    *why = NULL;
    if (!expect_hr(json_get(expected, "hr"), got->hr)) {
        char buffer[16];
        AUTO_FREE char *wanted = describe_hr(json_get(expected, "hr"));
        *why = format("hr: wanted %s, got %s%s%s", wanted, reflect_code_name(got->hr, buffer),
                      got->message ? ", saying: " : "", got->message ? got->message : "");
        return S_FALSE;
    }
    HRESULT hr = S_OK;
    if (json_get(expected, "out"))
        hr = put_before("out", expect_value(json_get(expected, "out"), got->out, values, &inner),
                        &inner, why);
    if (hr == S_OK && json_get(expected, "message")) {
        struct json *message = json_hold(json_new_string(got->message));
        hr = put_before(
            "message:", expect_value(json_get(expected, "message"), message, values, &inner),
            &inner, why);
        json_free(message);
    }
    if (hr == S_OK && json_get(expected, "progress"))
        hr = expect_progress(json_get(expected, "progress"), got, values, why);
    return hr;
}

HRESULT expect_judge(const struct json *expect, const struct outcome *got, struct values *values,
                     const struct json **assertion, const char **label, char **why)
{
    const struct json *labels = json_get(expect, "oneOf");
    *label = NULL;
    *why = NULL;
    *assertion = NULL;
    if (json_string(expect))
        return S_OK;
    if (!labels) {
        *assertion = expect;
        return expect_outcome(expect, got, values, why);
    }
    struct text all = {0};
    for (const struct json *one = json_first(labels); one; one = json_next(one)) {
        AUTO_FREE char *inner = NULL;
        HRESULT hr = expect_outcome(one, got, values, &inner);
        *assertion = one;
        if (hr == S_OK)
            *label = json_text(one, "as");
        if (hr != S_FALSE) {
            text_clear(&all);
            return hr;
        }
        text_addf(&all, "%sas %s: %s",
                  all.len ? "; " : "none of the outcomes fits: ", json_text(one, "as"), inner);
    }
    *why = need(text_take(&all));
    *assertion = json_first(labels);
    return S_FALSE;
}
