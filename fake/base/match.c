/* SPDX-License-Identifier: MIT */
/*
 * match.c - matching JSON against matchers (scenario-grammar 3). Whether a matcher is well formed
 * is match_check.c's business.
 *
 * Every operator is one row of `operators`: how its argument must look, and how it judges a value.
 * A row answers S_OK, S_FALSE (with the reason in the run's `why`) or a failure.
 */
#include "match_operator.h"

#include <string.h>

#include "error.h"
#include "os.h"
#include "path.h"
#include "regex.h"
#include "text.h"
#include "vec.h"

/* Where in the actual value we are: a chain from the leaf up to the root, on the stack. */
struct place {
    const struct place *above;
    const char *key; /* NULL: index counts */
    size_t index;
};

struct run {
    const struct match_context *context;
    struct text *why; /* NULL: nobody wants to know */
};

static HRESULT match(struct run *run, const struct json *matcher, const struct json *actual,
                     const struct place *place);

/* ---- reasons ---- */

static void add_place(struct text *t, const struct place *place)
{
    if (!place)
        return;
    add_place(t, place->above);
    AUTO_FREE char *step =
        place->key ? json_pointer_key("", place->key) : json_pointer_index("", place->index);
    text_add(t, step ? step : "/?");
}

#define SHOWN_BYTES 200

static void add_value(struct text *t, const struct json *v)
{
    AUTO_FREE char *printed = v ? json_print(v) : NULL;
    if (!printed) {
        text_add(t, v ? "?" : "nothing");
        return;
    }
    size_t len = strlen(printed);
    size_t shown = len <= SHOWN_BYTES ? len : SHOWN_BYTES;
    while (shown < len && ((unsigned char)printed[shown] & 0xC0) == 0x80)
        shown--;
    text_add_n(t, printed, shown);
    if (shown < len)
        text_add(t, "...");
}

/* "PLACE: wanted WORDS VALUE, got ACTUAL", and S_FALSE. */
static HRESULT differ(struct run *run, const struct place *place, const char *words,
                      const struct json *wanted, const struct json *actual)
{
    struct text *t = run->why;
    if (!t)
        return S_FALSE;
    text_clear(t);
    add_place(t, place);
    text_addf(t, "%swanted %s", place ? ": " : "", words);
    if (wanted) {
        text_add(t, *words ? " " : "");
        add_value(t, wanted);
    }
    text_add(t, ", got ");
    add_value(t, actual);
    return S_FALSE;
}

/* The same for a value of the wrong type, without printing all of what was wanted. */
static HRESULT differ_type(struct run *run, const struct place *place, enum json_type type,
                           const struct json *actual)
{
    return differ(run, place, json_type_name(type), NULL, actual);
}

static HRESULT match_silently(struct run *run, const struct json *matcher,
                              const struct json *actual)
{
    struct run silent = {.context = run->context};
    return match(&silent, matcher, actual, NULL);
}

/* ---- operators ---- */

static HRESULT op_any(struct run *run, const struct json *argument, const struct json *actual,
                      const struct place *place)
{
    (void)argument;
    return actual ? S_OK : differ(run, place, "any value", NULL, actual);
}

static HRESULT op_present(struct run *run, const struct json *argument, const struct json *actual,
                          const struct place *place)
{
    if (json_bool(argument) == (actual != NULL))
        return S_OK;
    return differ(run, place, actual ? "nothing" : "any value", NULL, actual);
}

static HRESULT match_members(struct run *run, const struct json *matcher, const struct json *actual,
                             const struct place *place)
{
    if (!json_is(actual, JSON_OBJECT))
        return differ_type(run, place, JSON_OBJECT, actual);
    for (const struct json *m = json_first(matcher); m; m = json_next(m)) {
        struct place below = {.above = place, .key = json_key(m)};
        HRESULT hr = match(run, m, json_get(actual, json_key(m)), &below);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

static HRESULT op_exact(struct run *run, const struct json *argument, const struct json *actual,
                        const struct place *place)
{
    HRESULT hr = match_members(run, argument, actual, place);
    if (hr != S_OK)
        return hr;
    for (const struct json *v = json_first(actual); v; v = json_next(v)) {
        struct place below = {.above = place, .key = json_key(v)};
        if (!json_get(argument, json_key(v)))
            return differ(run, &below, "nothing", NULL, v);
    }
    return S_OK;
}

static HRESULT op_any_of(struct run *run, const struct json *argument, const struct json *actual,
                         const struct place *place)
{
    for (const struct json *m = json_first(argument); m; m = json_next(m)) {
        HRESULT hr = match_silently(run, m, actual);
        if (hr != S_FALSE)
            return hr;
    }
    return differ(run, place, "any of", argument, actual);
}

static HRESULT op_all_of(struct run *run, const struct json *argument, const struct json *actual,
                         const struct place *place)
{
    for (const struct json *m = json_first(argument); m; m = json_next(m)) {
        HRESULT hr = match(run, m, actual, place);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

static HRESULT op_not(struct run *run, const struct json *argument, const struct json *actual,
                      const struct place *place)
{
    HRESULT hr = match_silently(run, argument, actual);
    if (hr == S_FALSE)
        return S_OK;
    return hr == S_OK ? differ(run, place, "anything but", argument, actual) : hr;
}

static HRESULT compare(struct run *run, const struct json *argument, const struct json *actual,
                       const struct place *place, const char *words, bool (*holds)(double, double))
{
    if (json_is(actual, JSON_NUMBER) && holds(json_number(actual), json_number(argument)))
        return S_OK;
    return differ(run, place, words, argument, actual);
}

static bool is_less(double a, double b)
{
    return a < b;
}

static bool is_at_most(double a, double b)
{
    return a <= b;
}

static bool is_greater(double a, double b)
{
    return a > b;
}

static bool is_at_least(double a, double b)
{
    return a >= b;
}

static HRESULT op_lt(struct run *run, const struct json *argument, const struct json *actual,
                     const struct place *place)
{
    return compare(run, argument, actual, place, "a number less than", is_less);
}

static HRESULT op_lte(struct run *run, const struct json *argument, const struct json *actual,
                      const struct place *place)
{
    return compare(run, argument, actual, place, "a number of at most", is_at_most);
}

static HRESULT op_gt(struct run *run, const struct json *argument, const struct json *actual,
                     const struct place *place)
{
    return compare(run, argument, actual, place, "a number greater than", is_greater);
}

static HRESULT op_gte(struct run *run, const struct json *argument, const struct json *actual,
                      const struct place *place)
{
    return compare(run, argument, actual, place, "a number of at least", is_at_least);
}

static HRESULT op_regex(struct run *run, const struct json *argument, const struct json *actual,
                        const struct place *place)
{
    bool matched = false;
    if (json_is(actual, JSON_STRING))
        TRY(regex_match(json_string(argument), json_string(actual), &matched));
    return matched ? S_OK : differ(run, place, "a string that matches", argument, actual);
}

static HRESULT op_contains(struct run *run, const struct json *argument, const struct json *actual,
                           const struct place *place)
{
    if (!json_is(actual, JSON_ARRAY))
        return differ_type(run, place, JSON_ARRAY, actual);
    for (const struct json *v = json_first(actual); v; v = json_next(v)) {
        HRESULT hr = match_silently(run, argument, v);
        if (hr != S_FALSE)
            return hr;
    }
    const struct json *only = json_first(actual);
    if (only && !json_next(only)) { /* then its own difference says more */
        struct place below = {.above = place, .index = 0};
        return match(run, argument, only, &below);
    }
    return differ(run, place, "an array that contains", argument, actual);
}

/* $unordered: which element each matcher has got, found by augmenting paths, since one element may
 * satisfy several matchers. */
struct pairing {
    size_t n;
    bool *fits;    /* [matcher * n + element] */
    size_t *taken; /* element -> matcher + 1, 0: free */
    bool *visited;
};

static void pairing_clear(struct pairing *p)
{
    mem_free(p->fits);
    mem_free(p->taken);
    mem_free(p->visited);
}

static bool pair(struct pairing *p, size_t matcher)
{
    for (size_t e = 0; e < p->n; e++) {
        if (!p->fits[matcher * p->n + e] || p->visited[e])
            continue;
        p->visited[e] = true;
        if (!p->taken[e] || pair(p, p->taken[e] - 1)) {
            p->taken[e] = matcher + 1;
            return true;
        }
    }
    return false;
}

static HRESULT fill_pairing(struct run *run, struct pairing *p, const struct json *matchers,
                            const struct json *actual)
{
    p->fits = p->n ? mem_array(p->n, p->n * sizeof *p->fits) : mem_alloc(1);
    p->taken = mem_array(p->n, sizeof *p->taken);
    p->visited = mem_array(p->n, sizeof *p->visited);
    if (!p->fits || !p->taken || !p->visited)
        return FAIL_MEMORY();
    size_t at = 0;
    for (const struct json *m = json_first(matchers); m; m = json_next(m)) {
        for (const struct json *v = json_first(actual); v; v = json_next(v)) {
            HRESULT hr = match_silently(run, m, v);
            TRY(hr);
            p->fits[at++] = hr == S_OK;
        }
    }
    return S_OK;
}

static HRESULT differ_length(struct run *run, const struct place *place, size_t wanted,
                             const struct json *actual)
{
    AUTO_FREE char *words = mem_format("%zu elements (not %zu)", wanted, json_len(actual));
    return differ(run, place, words ? words : "another length", NULL, actual);
}

static HRESULT op_unordered(struct run *run, const struct json *argument, const struct json *actual,
                            const struct place *place)
{
    if (!json_is(actual, JSON_ARRAY))
        return differ_type(run, place, JSON_ARRAY, actual);
    struct pairing p AUTO(pairing_clear) = {.n = json_len(argument)};
    if (p.n != json_len(actual))
        return differ_length(run, place, p.n, actual);
    TRY(fill_pairing(run, &p, argument, actual));
    size_t index = 0;
    for (const struct json *m = json_first(argument); m; m = json_next(m), index++) {
        if (p.n)
            memset(p.visited, 0, p.n * sizeof *p.visited);
        if (!pair(&p, index))
            return differ(run, place, "in any order also", m, actual);
    }
    return S_OK;
}

static HRESULT op_each(struct run *run, const struct json *argument, const struct json *actual,
                       const struct place *place)
{
    if (!json_is(actual, JSON_ARRAY))
        return differ_type(run, place, JSON_ARRAY, actual);
    struct place below = {.above = place};
    for (const struct json *v = json_first(actual); v; v = json_next(v), below.index++) {
        HRESULT hr = match(run, argument, v, &below);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

static HRESULT op_length(struct run *run, const struct json *argument, const struct json *actual,
                         const struct place *place)
{
    size_t len = 0;
    if (json_is(actual, JSON_ARRAY)) {
        len = json_len(actual);
    } else if (json_is(actual, JSON_STRING)) {
        AUTO_FREE char16_t *units = NULL;
        TRY(text_to_utf16(json_string(actual), &units));
        len = text_utf16_len(units);
    } else {
        return differ(run, place, "an array or a string", NULL, actual);
    }
    AUTO_JSON struct json *number = json_new_number((double)len);
    if (!number)
        return FAIL_MEMORY();
    HRESULT hr = match_silently(run, argument, number);
    if (hr != S_FALSE)
        return hr;
    return differ(run, place, "a length of", argument, number);
}

static HRESULT flag_bits(struct run *run, const struct json *names, uint32_t *bits)
{
    for (const struct json *v = json_first(names); v; v = json_next(v)) {
        uint32_t one = 0;
        const struct match_context *c = run->context;
        if (!c || !c->flag || !c->flag(c->user, json_string(v), &one))
            return FAIL(E_INVALIDARG, "unknown flag '%s'", json_string(v));
        *bits |= one;
    }
    return S_OK;
}

static HRESULT match_flags(struct run *run, const struct json *argument, const struct json *actual,
                           const struct place *place, bool wants_set)
{
    uint32_t bits = 0;
    uint64_t value = 0;
    TRY(flag_bits(run, argument, &bits));
    bool is_number = json_u64(actual, &value);
    if (is_number && (value & bits) == (wants_set ? bits : 0))
        return S_OK;
    return differ(run, place, wants_set ? "all flags of" : "none of the flags", argument, actual);
}

static HRESULT op_flags_all(struct run *run, const struct json *argument, const struct json *actual,
                            const struct place *place)
{
    return match_flags(run, argument, actual, place, true);
}

static HRESULT op_flags_none(struct run *run, const struct json *argument,
                             const struct json *actual, const struct place *place)
{
    return match_flags(run, argument, actual, place, false);
}

static HRESULT resolve(struct run *run, const struct json *value, struct json **out)
{
    const struct match_context *c = run->context;
    *out = c && c->resolve ? c->resolve(c->user, value) : NULL;
    if (*out)
        return S_OK;
    AUTO_FREE char *printed = json_print(value);
    return FAIL(E_INVALIDARG, "there is no value for %s", printed ? printed : "a reference");
}

/* Two paths of what exists are also the same when the system resolves them to one. */
static bool same_path(const char *a, const char *b)
{
    struct error before = *error_last();
    AUTO_FREE char *x = NULL;
    AUTO_FREE char *y = NULL;
    bool same =
        SUCCEEDED(path_native(a, &x)) && SUCCEEDED(path_native(b, &y)) && text_equal_nocase(x, y);
    if (!same && x && y) {
        AUTO_FREE char *real_x = NULL;
        AUTO_FREE char *real_y = NULL;
        same = SUCCEEDED(os_real_path(x, &real_x)) && SUCCEEDED(os_real_path(y, &real_y)) &&
               strcmp(real_x, real_y) == 0;
    }
    error_restore(&before);
    return same;
}

static HRESULT op_same_path(struct run *run, const struct json *argument, const struct json *actual,
                            const struct place *place)
{
    AUTO_JSON struct json *resolved = NULL;
    if (json_is(argument, JSON_OBJECT))
        TRY(resolve(run, argument, &resolved));
    const struct json *wanted = resolved ? resolved : argument;
    if (!json_string(wanted))
        return FAIL(E_INVALIDARG, "$samePath needs a path, got %s",
                    json_type_name(json_type(wanted)));
    if (json_string(actual) && same_path(json_string(wanted), json_string(actual)))
        return S_OK;
    return differ(run, place, "the path", wanted, actual);
}

static HRESULT op_same_text(struct run *run, const struct json *argument, const struct json *actual,
                            const struct place *place)
{
    if (json_string(actual) && text_equal_nocase(json_string(argument), json_string(actual)))
        return S_OK;
    return differ(run, place, "in any letter case", argument, actual);
}

/* ---- the table ---- */

static const struct operator_row operators[] = {
    {"$any", ARGUMENT_TRUE, op_any},
    {"$present", ARGUMENT_BOOL, op_present},
    {"$exact", ARGUMENT_MEMBERS, op_exact},
    {"$anyOf", ARGUMENT_TWO_MATCHERS, op_any_of},
    {"$allOf", ARGUMENT_TWO_MATCHERS, op_all_of},
    {"$not", ARGUMENT_MATCHER, op_not},
    {"$lt", ARGUMENT_NUMBER, op_lt},
    {"$lte", ARGUMENT_NUMBER, op_lte},
    {"$gt", ARGUMENT_NUMBER, op_gt},
    {"$gte", ARGUMENT_NUMBER, op_gte},
    {"$regex", ARGUMENT_REGEX, op_regex},
    {"$contains", ARGUMENT_MATCHER, op_contains},
    {"$unordered", ARGUMENT_MATCHERS, op_unordered},
    {"$each", ARGUMENT_MATCHER, op_each},
    {"$length", ARGUMENT_LENGTH, op_length},
    {"$flagsAll", ARGUMENT_FLAGS, op_flags_all},
    {"$flagsNone", ARGUMENT_FLAGS, op_flags_none},
    {"$const", ARGUMENT_NAME, NULL},
    {"$ref", ARGUMENT_NAME, NULL},
    {"$samePath", ARGUMENT_VALUE, op_same_path},
    {"$sameText", ARGUMENT_STRING, op_same_text},
};

static const struct operator_row *find_operator(const char *name)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (strcmp(operators[i].name, name) == 0)
            return &operators[i];
    }
    return NULL;
}

HRESULT match_operator_of(const struct json *object, const char *pointer,
                          const struct operator_row **out)
{
    *out = NULL;
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        if (json_key(m)[0] != '$')
            continue;
        if (json_len(object) != 1)
            return FAIL(E_INVALIDARG, "operator '%s' beside other keys at %s", json_key(m),
                        *pointer ? pointer : "the top level");
        *out = find_operator(json_key(m));
        if (!*out)
            return FAIL(E_INVALIDARG, "unknown operator '%s' at %s", json_key(m),
                        *pointer ? pointer : "the top level");
    }
    return S_OK;
}

/* ---- matching ---- */

static HRESULT match_elements(struct run *run, const struct json *matcher,
                              const struct json *actual, const struct place *place)
{
    if (!json_is(actual, JSON_ARRAY))
        return differ_type(run, place, JSON_ARRAY, actual);
    if (json_len(matcher) != json_len(actual))
        return differ_length(run, place, json_len(matcher), actual);
    struct place below = {.above = place};
    const struct json *m = json_first(matcher), *v = json_first(actual);
    for (; m && v; m = json_next(m), v = json_next(v), below.index++) {
        HRESULT hr = match(run, m, v, &below);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

static HRESULT match_resolved(struct run *run, const struct json *matcher,
                              const struct json *actual, const struct place *place)
{
    AUTO_JSON struct json *wanted = NULL;
    TRY(resolve(run, matcher, &wanted));
    return actual && json_equal(wanted, actual) ? S_OK : differ(run, place, "", wanted, actual);
}

static HRESULT match(struct run *run, const struct json *matcher, const struct json *actual,
                     const struct place *place)
{
    if (json_is(matcher, JSON_ARRAY))
        return match_elements(run, matcher, actual, place);
    if (!json_is(matcher, JSON_OBJECT))
        return actual && json_equal(matcher, actual) ? S_OK
                                                     : differ(run, place, "", matcher, actual);
    const struct operator_row *row = NULL;
    TRY(match_operator_of(matcher, "", &row));
    if (!row)
        return match_members(run, matcher, actual, place);
    if (!row->match)
        return match_resolved(run, matcher, actual, place);
    return row->match(run, json_first(matcher), actual, place);
}

HRESULT match_json(const struct json *matcher, const struct json *actual,
                   const struct match_context *context, char **why)
{
    TRY(match_check(matcher, "", context));
    struct text reason AUTO(text_clear) = {0};
    struct run run = {.context = context, .why = why ? &reason : NULL};
    HRESULT hr = match(&run, matcher, actual, NULL);
    if (hr == S_FALSE && why)
        *why = text_take(&reason);
    return hr;
}
