/* SPDX-License-Identifier: MIT */
/*
 * schema.c - the part of JSON Schema 2020-12 that our schema uses. Where a value fits none of
 * several forms, the form it was meant to be is guessed from its first required key, and that
 * form's complaint is reported: "unknown key 'expcet'" helps, "fits none of 8 forms" does not.
 */
#include "schema.h"

#include <math.h>

#include "pattern.h"
#include "scenario.h"

struct validator {
    const struct source *source; /* NULL: only count */
    const struct json *root;
    size_t count;
};

static void complain(struct validator *v, const char *pointer, const char *text, ...)
    CHECK_FORMAT(3, 4);

static void complain(struct validator *v, const char *pointer, const char *text, ...)
{
    v->count++;
    if (!v->source)
        return;
    va_list args;
    va_start(args, text);
    AUTO_FREE char *sentence = need(mem_format_v(text, args));
    va_end(args);
    finding_at(v->source, pointer, "%s", sentence);
}

static const struct json *follow(const struct validator *v, const struct json *schema)
{
    const char *ref;
    while ((ref = json_text(schema, "$ref"))) {
        if (!text_starts(ref, "#/$defs/"))
            die("schema reference %s", ref);
        const struct json *target = json_get(json_get(v->root, "$defs"), ref + 8);
        if (!target)
            die("schema reference %s leads nowhere", ref);
        schema = target;
    }
    return schema;
}

static bool fits_type(const struct json *value, const char *type)
{
    static const struct {
        const char *name;
        enum json_type type;
    } types[] = {{"string", JSON_STRING}, {"number", JSON_NUMBER}, {"boolean", JSON_BOOL},
                 {"null", JSON_NULL},     {"array", JSON_ARRAY},   {"object", JSON_OBJECT},
                 {"integer", JSON_NUMBER}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (text_equal(type, types[i].name)) {
            return json_is(value, types[i].type) &&
                   (!text_equal(type, "integer") ||
                    floor(json_number(value)) == json_number(value));
        }
    }
    die("schema type %s", type);
}

static void check(struct validator *v, const struct json *schema, const struct json *value,
                  const char *pointer);

static size_t count_complaints(const struct validator *v, const struct json *schema,
                               const struct json *value, const char *pointer)
{
    struct validator quiet = {.root = v->root};
    check(&quiet, schema, value, pointer);
    return quiet.count;
}

static void check_type(struct validator *v, const struct json *type, const struct json *value,
                       const char *pointer)
{
    struct text wanted = {0};
    bool fits = false;
    if (json_is(type, JSON_STRING)) {
        fits = fits_type(value, json_string(type));
        text_add(&wanted, json_string(type));
    }
    for (const struct json *t = json_is(type, JSON_ARRAY) ? json_first(type) : NULL; t;
         t = json_next(t)) {
        fits = fits || fits_type(value, json_string(t));
        text_addf(&wanted, "%s%s", wanted.len ? ", " : "", json_string(t));
    }
    if (!fits)
        complain(v, pointer, "expected %s, found %s", wanted.ptr, json_type_name(json_type(value)));
    text_clear(&wanted);
}

static void check_enum(struct validator *v, const struct json *values, const struct json *value,
                       const char *pointer)
{
    struct text list = {0};
    for (const struct json *e = json_first(values); e; e = json_next(e)) {
        if (json_equal(e, value)) {
            text_clear(&list);
            return;
        }
        text_addf(&list, "%s%s", list.len ? ", " : "", json_string(e) ? json_string(e) : "?");
    }
    AUTO_FREE char *shown = need(json_print(value));
    complain(v, pointer, "%s is none of: %s", shown, list.ptr);
    text_clear(&list);
}

static void check_string(struct validator *v, const struct json *schema, const struct json *value,
                         const char *pointer)
{
    const char *text = json_string(value), *pattern = json_text(schema, "pattern");
    uint64_t limit;
    if (pattern && !pattern_matches(pattern, text))
        complain(v, pointer, "\"%s\" does not have the form %s", text, pattern);
    if (json_u64(json_get(schema, "minLength"), &limit) && strlen(text) < limit)
        complain(v, pointer, "must not be empty");
    if (json_u64(json_get(schema, "maxLength"), &limit)) {
        size_t characters = 0;
        for (const char *c = text; *c; c++)
            characters += ((unsigned char)*c & 0xC0) != 0x80;
        if (characters > limit)
            complain(v, pointer, "is longer than %u characters", (unsigned)limit);
    }
}

static void check_number(struct validator *v, const struct json *schema, const struct json *value,
                         const char *pointer)
{
    double number = json_number(value);
    const struct json *limit;
    if ((limit = json_get(schema, "minimum")) && number < json_number(limit))
        complain(v, pointer, "%g is below %g", number, json_number(limit));
    if ((limit = json_get(schema, "maximum")) && number > json_number(limit))
        complain(v, pointer, "%g is above %g", number, json_number(limit));
    if ((limit = json_get(schema, "exclusiveMinimum")) && number <= json_number(limit))
        complain(v, pointer, "%g is not above %g", number, json_number(limit));
}

static void check_array(struct validator *v, const struct json *schema, const struct json *value,
                        const char *pointer)
{
    uint64_t least;
    const struct json *items = json_get(schema, "items");
    size_t i = 0;
    if (json_u64(json_get(schema, "minItems"), &least) && json_len(value) < least)
        complain(v, pointer, "needs at least %u entries", (unsigned)least);
    for (const struct json *item = json_first(value); item; item = json_next(item), i++) {
        AUTO_FREE char *at = need(json_pointer_index(pointer, i));
        if (items)
            check(v, items, item, at);
        for (const struct json *other = json_first(value);
             json_bool(json_get(schema, "uniqueItems")) && other != item;
             other = json_next(other)) {
            if (json_equal(item, other)) {
                complain(v, at, "stands here twice");
                break;
            }
        }
    }
}

static void check_object(struct validator *v, const struct json *schema, const struct json *value,
                         const char *pointer)
{
    const struct json *properties = json_get(schema, "properties");
    const struct json *more = json_get(schema, "additionalProperties");
    const struct json *names = json_get(schema, "propertyNames");
    uint64_t limit;
    for (const struct json *key = json_first(json_get(schema, "required")); key;
         key = json_next(key)) {
        if (!json_get(value, json_string(key)))
            complain(v, pointer, "the key '%s' is missing", json_string(key));
    }
    if (json_u64(json_get(schema, "minProperties"), &limit) && json_len(value) < limit)
        complain(v, pointer, "needs at least %u keys", (unsigned)limit);
    if (json_u64(json_get(schema, "maxProperties"), &limit) && json_len(value) > limit)
        complain(v, pointer, "takes at most %u keys", (unsigned)limit);
    for (const struct json *member = json_first(value); member; member = json_next(member)) {
        AUTO_FREE char *at = need(json_pointer_key(pointer, json_key(member)));
        const struct json *property = json_get(properties, json_key(member));
        if (names) {
            struct json *key = json_hold(json_new_string(json_key(member)));
            check(v, names, key, at);
            json_free(key);
        }
        if (property)
            check(v, property, member, at);
        else if (json_is(more, JSON_OBJECT))
            check(v, more, member, at);
        else if (json_is(more, JSON_BOOL) && !json_bool(more))
            complain(v, at, "unknown key '%s'", json_key(member));
    }
}

/* How sure we are that the value was meant to have this form. */
static unsigned rank_form(const struct json *form, const struct json *value)
{
    const char *required = json_string(json_at(json_get(form, "required"), 0));
    const struct json *type = json_get(form, "type");
    bool is_plain_object = json_get(form, "propertyNames") != NULL;
    if (required)
        return json_get(value, required) ? 3 : 0;
    if (json_is(value, JSON_OBJECT) && json_first(value) && is_plain_object)
        return json_key(json_first(value))[0] == '$' ? 1 : 3;
    if (json_is(type, JSON_STRING) && fits_type(value, json_string(type)))
        return 2;
    return json_is(value, JSON_STRING) && json_get(form, "enum") ? 1 : 0;
}

static bool is_key_of_a_form(const struct validator *v, const struct json *forms, const char *key)
{
    for (const struct json *form = json_first(forms); form; form = json_next(form)) {
        if (json_get(json_get(follow(v, form), "properties"), key))
            return true;
    }
    return false;
}

static void complain_of_keys(struct validator *v, const struct json *forms,
                             const struct json *value, const char *pointer)
{
    struct text keys = {0};
    for (const struct json *form = json_first(forms); form; form = json_next(form)) {
        const char *first = json_string(json_at(json_get(follow(v, form), "required"), 0));
        if (first)
            text_addf(&keys, "%s%s", keys.len ? ", " : "", first);
    }
    const char *key = json_first(value) ? json_key(json_first(value)) : NULL;
    if (key && !is_key_of_a_form(v, forms, key))
        complain(v, pointer, "unknown key '%s': expected one of %s", key, keys.ptr ? keys.ptr : "");
    else
        complain(v, pointer, "needs one of the keys %s", keys.ptr ? keys.ptr : "");
    text_clear(&keys);
}

/* None of the forms fits: complain as the form that was meant would. */
static void complain_as_meant(struct validator *v, const struct json *forms,
                              const struct json *value, const char *pointer)
{
    const struct json *meant = NULL;
    size_t fewest = 0;
    unsigned best = 0;
    for (const struct json *form = json_first(forms); form; form = json_next(form)) {
        unsigned rank = rank_form(follow(v, form), value);
        size_t count = count_complaints(v, form, value, pointer);
        if (rank > best || (rank == best && rank > 0 && count <= fewest)) {
            meant = form;
            fewest = count;
            best = rank;
        }
    }
    if (meant)
        check(v, meant, value, pointer);
    else if (json_is(value, JSON_OBJECT))
        complain_of_keys(v, forms, value, pointer);
    else
        complain(v, pointer, "%s does not belong here", json_type_name(json_type(value)));
}

static void check_forms(struct validator *v, const struct json *forms, bool is_exclusive,
                        const struct json *value, const char *pointer)
{
    size_t fitting = 0;
    for (const struct json *form = json_first(forms); form; form = json_next(form))
        fitting += count_complaints(v, form, value, pointer) == 0;
    if (fitting == 0)
        complain_as_meant(v, forms, value, pointer);
    else if (is_exclusive && fitting > 1)
        complain(v, pointer, "fits %u forms of which only one may fit", (unsigned)fitting);
}

/* The one place where forms differ by a required key alone: steps or phases of a case. */
static bool is_choice_of_keys(const struct json *forms)
{
    for (const struct json *form = json_first(forms); form; form = json_next(form)) {
        if (json_len(form) != 1 || !json_get(form, "required"))
            return false;
    }
    return true;
}

static void check_choice_of_keys(struct validator *v, const struct json *forms,
                                 const struct json *value, const char *pointer)
{
    struct text keys = {0};
    size_t there = 0;
    for (const struct json *form = json_first(forms); form; form = json_next(form)) {
        const char *key = json_string(json_at(json_get(form, "required"), 0));
        there += json_get(value, key) != NULL;
        text_addf(&keys, "%s'%s'", keys.len ? " or " : "", key);
    }
    if (there != 1)
        complain(v, pointer, "needs exactly one of the keys %s", keys.ptr);
    text_clear(&keys);
}

static void check(struct validator *v, const struct json *schema, const struct json *value,
                  const char *pointer)
{
    schema = follow(v, schema);
    size_t before = v->count;
    const struct json *rule;
    if ((rule = json_get(schema, "type")))
        check_type(v, rule, value, pointer);
    if (v->count != before)
        return;
    if ((rule = json_get(schema, "enum")))
        check_enum(v, rule, value, pointer);
    if ((rule = json_get(schema, "const")) && !json_equal(rule, value)) {
        AUTO_FREE char *wanted = need(json_print(rule));
        complain(v, pointer, "must be %s", wanted);
    }
    if ((rule = json_get(schema, "not")) && count_complaints(v, rule, value, pointer) == 0)
        complain(v, pointer, "'%s' is not allowed here",
                 json_string(value) ? json_string(value) : "this");
    if (json_is(value, JSON_STRING))
        check_string(v, schema, value, pointer);
    if (json_is(value, JSON_NUMBER))
        check_number(v, schema, value, pointer);
    if (json_is(value, JSON_ARRAY))
        check_array(v, schema, value, pointer);
    if (json_is(value, JSON_OBJECT))
        check_object(v, schema, value, pointer);
    for (const struct json *part = json_first(json_get(schema, "allOf")); part;
         part = json_next(part))
        check(v, part, value, pointer);
    if ((rule = json_get(schema, "anyOf")))
        check_forms(v, rule, false, value, pointer);
    if ((rule = json_get(schema, "oneOf"))) {
        if (is_choice_of_keys(rule))
            check_choice_of_keys(v, rule, value, pointer);
        else
            check_forms(v, rule, true, value, pointer);
    }
}

size_t schema_check(const struct source *source, const struct json *value, unsigned minor)
{
    static struct os_mutex lock;
    static struct json *roots[GRAMMAR_MINOR + 1];
    const struct schema *schema = &scenario_schemas[minor];
    {
        AUTO_LOCK(&lock);
        if (!roots[minor] &&
            FAILED(json_parse((const char *)schema->text, schema->size, &roots[minor])))
            die("the schema inside the runner: %s", error_last()->text);
    }
    struct validator v = {.source = source, .root = roots[minor]};
    check(&v, roots[minor], value, "");
    return v.count;
}
