/* SPDX-License-Identifier: MIT */
/* fault_parse.c - fault rules from JSON, every key checked; what they do is fault_parse_do.c. */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "fault_rule.h"
#include "text.h"

static struct json *resolve_constant(void *user, const struct json *value)
{
    (void)user;
    const char *name = json_string(json_get(value, "$const"));
    if (!name)
        return NULL;
    const struct reflect_constant *constant = reflect_constant_by_name(name);
    const struct reflect_enum_value *member = reflect_enum_value_by_name(name, NULL);
    if (member)
        return json_new_number(member->value);
    if (constant && !constant->text)
        return json_new_number(constant->value);
    return NULL;
}

static bool resolve_flag(void *user, const char *name, uint32_t *bits)
{
    (void)user;
    const struct reflect_constant *constant = reflect_constant_by_name(name);
    if (!constant || constant->text)
        return false;
    *bits = constant->value;
    return true;
}

const struct match_context fault_match_context = {NULL, resolve_constant, resolve_flag};

void fault_rule_clear(struct fault_rule *rule)
{
    mem_free(rule->text);
    mem_free(rule->thread);
    mem_free(rule->step_label);
    json_free(rule->args);
    mutation_clear(&rule->mutation);
}

void fault_rules_clear(fault_rules *list)
{
    for (size_t i = 0; i < list->len; i++)
        fault_rule_clear(&list->ptr[i]);
    vec_clear(list);
}

static HRESULT parse_at(const struct json *json, const char *pointer, struct fault_rule *rule)
{
    const char *at;
    TRY(json_need_string(json, "at", pointer, &at));
    snprintf(rule->at, sizeof rule->at, "%s", at);
    rule->step = STEP_COUNT;
    rule->api = reflect_api_by_name(at);
    if (rule->api != API_COUNT)
        return S_OK;
    rule->step = step_by_name(at);
    if (rule->step == STEP_COUNT)
        return FAIL(E_INVALIDARG, "%s/at: '%s' is neither a call nor a named step", pointer, at);
    AUTO_FREE char *call = mem_dup_n(at, strcspn(at, "/"));
    if (!call)
        return FAIL_MEMORY();
    rule->api = reflect_api_by_name(call);
    return S_OK;
}

static HRESULT parse_count(const struct json *when, const char *key, const char *pointer,
                           unsigned *out)
{
    uint64_t value = *out;
    TRY(json_opt_u64(when, key, pointer, &value));
    if (json_get(when, key) && (value < 1 || value > 1000000000))
        return FAIL(E_INVALIDARG, "%s/%s: expected 1 or more", pointer, key);
    *out = (unsigned)value;
    return S_OK;
}

static HRESULT copy_name(const struct json *object, const char *key, const char *pointer,
                         char **out)
{
    const char *name = NULL;
    TRY(json_opt_string(object, key, pointer, &name));
    *out = name ? mem_dup(name) : NULL;
    return name && !*out ? FAIL_MEMORY() : S_OK;
}

static HRESULT parse_chance(const struct json *when, const char *pointer, double *out)
{
    const struct json *chance = json_get(when, "chance");
    if (!chance)
        return S_OK;
    *out = json_number(chance);
    if (json_is(chance, JSON_NUMBER) && *out > 0 && *out <= 1)
        return S_OK;
    return FAIL(E_INVALIDARG, "%s/chance: expected a number above 0 and up to 1", pointer);
}

static HRESULT parse_when(const struct json *json, const char *pointer, struct fault_rule *rule)
{
    static const char *const keys[] = {"nth",  "every", "step",   "thread",
                                       "tick", "args",  "chance", NULL};
    const struct json *when = json_get(json, "when");
    rule->nth = 1;
    rule->chance = 1;
    if (!when)
        return S_OK;
    AUTO_FREE char *at = json_pointer_key(pointer, "when");
    if (!at)
        return FAIL_MEMORY();
    TRY(json_only_keys(when, at, keys));
    TRY(parse_chance(when, at, &rule->chance));
    TRY(parse_count(when, "nth", at, &rule->nth));
    TRY(parse_count(when, "every", at, &rule->every));
    TRY(parse_count(when, "tick", at, &rule->tick));
    TRY(copy_name(when, "thread", at, &rule->thread));
    TRY(copy_name(when, "step", at, &rule->step_label));
    const struct json *args = json_get(when, "args");
    if (!args)
        return S_OK;
    AUTO_FREE char *args_at = json_pointer_key(at, "args");
    TRY(match_check(args, args_at, &fault_match_context));
    rule->args = json_copy(args);
    return rule->args ? S_OK : FAIL_MEMORY();
}

static HRESULT parse_rule(const struct json *json, const char *pointer, struct fault_rule *rule)
{
    static const char *const keys[] = {"id", "at", "when", "do", "times", "mustFire", NULL};
    const char *id;
    if (!json_is(json, JSON_OBJECT))
        return FAIL(E_INVALIDARG, "%s: expected a rule, got %s", pointer,
                    json_type_name(json_type(json)));
    TRY(json_only_keys(json, pointer, keys));
    TRY(json_need_string(json, "id", pointer, &id));
    if (!*id || strlen(id) >= sizeof rule->id)
        return FAIL(E_INVALIDARG, "%s/id: '%s' is no name", pointer, id);
    snprintf(rule->id, sizeof rule->id, "%s", id);
    rule->must_fire = true;
    TRY(json_opt_bool(json, "mustFire", pointer, &rule->must_fire));
    if (!rule->must_fire && !json_get(json_get(json, "when"), "chance"))
        return FAIL(E_INVALIDARG, "%s/mustFire: false is accepted only beside chance", pointer);
    TRY(parse_at(json, pointer, rule));
    TRY(parse_when(json, pointer, rule));
    rule->times = 1;
    TRY(parse_count(json, "times", pointer, &rule->times));
    TRY(fault_parse_do(json, pointer, rule));
    rule->text = json_print(json);
    return rule->text ? S_OK : FAIL_MEMORY();
}

bool fault_wins(const struct fault_rule *rule, uint64_t seed, unsigned arrival)
{
    if (rule->chance >= 1)
        return true;
    uint64_t x = seed + arrival * 0x9E3779B97F4A7C15u;
    for (const char *c = rule->id; *c; c++)
        x = (x ^ (unsigned char)*c) * 0x100000001B3u;
    /* The finish of splitmix64, so that neighbouring numbers share nothing. */
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    return (double)(x >> 11) / 9007199254740992.0 < rule->chance;
}

static HRESULT parse_into(const struct json *json, const char *pointer, fault_rules *out)
{
    struct fault_rule *rule = vec_push(out);
    if (!rule)
        return FAIL_MEMORY();
    TRY(parse_rule(json, pointer, rule));
    for (size_t i = 0; i + 1 < out->len; i++)
        if (strcmp(out->ptr[i].id, rule->id) == 0)
            return FAIL(E_INVALIDARG, "%s/id: '%s' is used twice", pointer, rule->id);
    return S_OK;
}

HRESULT fault_rules_parse(const char *text, fault_rules *out)
{
    AUTO_JSON struct json *root = NULL;
    TRY(json_parse(text, strlen(text), &root));
    if (!json_is(root, JSON_ARRAY))
        return parse_into(root, "", out);
    size_t index = 0;
    for (const struct json *v = json_first(root); v; v = json_next(v), index++) {
        AUTO_FREE char *pointer = json_pointer_index("", index);
        if (!pointer)
            return FAIL_MEMORY();
        TRY(parse_into(v, pointer, out));
    }
    return S_OK;
}
