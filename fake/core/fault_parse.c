/* SPDX-License-Identifier: MIT */
/* fault_parse.c - fault rules from JSON, every key checked. */
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
    mem_free(rule->thread);
    mem_free(rule->step_label);
    if (rule->args)
        json_free(rule->args);
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

static HRESULT parse_when(const struct json *json, const char *pointer, struct fault_rule *rule)
{
    static const char *const keys[] = {"nth", "every", "step", "thread", "tick", "args", NULL};
    const struct json *when = json_get(json, "when");
    rule->nth = 1;
    if (!when)
        return S_OK;
    AUTO_FREE char *at = json_pointer_key(pointer, "when");
    if (!at)
        return FAIL_MEMORY();
    if (json_get(when, "chance"))
        return FAIL(E_INVALIDARG, "%s/chance: rules by chance are not supported by this version",
                    at);
    TRY(json_only_keys(when, at, keys));
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

static HRESULT parse_return(const struct json *what, const char *pointer, struct fault_rule *rule)
{
    static const char *const keys[] = {"return", "effect", NULL};
    const char *code, *effect = "none";
    TRY(json_only_keys(what, pointer, keys));
    TRY(json_need_string(what, "return", pointer, &code));
    TRY(json_opt_string(what, "effect", pointer, &effect));
    rule->what = FAULT_RETURN;
    if (!reflect_code_parse(code, &rule->hr))
        return FAIL(E_INVALIDARG, "%s/return: '%s' is no result code", pointer, code);
    if (strcmp(effect, "partial") == 0)
        return FAIL(E_INVALIDARG, "%s/effect: partial is not supported by this version", pointer);
    rule->is_complete = strcmp(effect, "complete") == 0;
    if (!rule->is_complete && strcmp(effect, "none") != 0)
        return FAIL(E_INVALIDARG, "%s/effect: '%s', expected none or complete", pointer, effect);
    if (rule->is_complete && (rule->step != STEP_COUNT || rule->tick))
        return FAIL(E_INVALIDARG,
                    "%s/effect: complete belongs to a whole call, not to a step or a tick",
                    pointer);
    if (SUCCEEDED(rule->hr) && (rule->step != STEP_COUNT || rule->tick))
        return FAIL(E_INVALIDARG, "%s/return: a success code belongs to a whole call", pointer);
    return S_OK;
}

static HRESULT parse_crash(const struct json *what, const char *pointer, struct fault_rule *rule)
{
    static const char *const names[] = {"terminate", "access-violation", "abort"};
    static const enum os_crash how[] = {OS_CRASH_TERMINATE, OS_CRASH_ACCESS_VIOLATION,
                                        OS_CRASH_ABORT};
    const char *name;
    TRY(json_need_string(what, "crash", pointer, &name));
    rule->what = FAULT_CRASH;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            rule->crash = how[i];
            return S_OK;
        }
    }
    return FAIL(E_INVALIDARG, "%s/crash: '%s', expected terminate, access-violation or abort",
                pointer, name);
}

static HRESULT parse_do(const struct json *json, const char *pointer, struct fault_rule *rule)
{
    static const char *const later[] = {"diskFullAfterBytes", "allocFail", "mutateOut"};
    static const char *const delay_keys[] = {"delayMs", NULL}, *const hold_keys[] = {"hold", NULL},
                             *const crash_keys[] = {"crash", NULL};
    const struct json *what = json_get(json, "do");
    if (!json_is(what, JSON_OBJECT))
        return FAIL(E_INVALIDARG, "%s/do: expected an object", pointer);
    AUTO_FREE char *at = json_pointer_key(pointer, "do");
    if (!at)
        return FAIL_MEMORY();
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (json_get(what, later[i]))
            return FAIL(E_INVALIDARG, "%s/%s is not supported by this version", at, later[i]);
    if (json_get(what, "return"))
        return parse_return(what, at, rule);
    if (json_get(what, "delayMs")) {
        rule->what = FAULT_DELAY;
        TRY(json_only_keys(what, at, delay_keys));
        return json_need_u64(what, "delayMs", at, &rule->delay_ms);
    }
    if (json_get(what, "crash")) {
        TRY(json_only_keys(what, at, crash_keys));
        return parse_crash(what, at, rule);
    }
    const char *hold;
    TRY(json_only_keys(what, at, hold_keys));
    TRY(json_need_string(what, "hold", at, &hold));
    rule->what = FAULT_HOLD;
    if (!*hold || *hold == '.' || strlen(hold) >= sizeof rule->hold || strchr(hold, '/'))
        return FAIL(E_INVALIDARG, "%s/hold: '%s' is no name", at, hold);
    snprintf(rule->hold, sizeof rule->hold, "%s", hold);
    return S_OK;
}

static HRESULT parse_rule(const struct json *json, const char *pointer, struct fault_rule *rule)
{
    static const char *const keys[] = {"id", "at", "when", "do", "times", "mustFire", NULL};
    const char *id;
    bool must_fire = true;
    if (!json_is(json, JSON_OBJECT))
        return FAIL(E_INVALIDARG, "%s: expected a rule, got %s", pointer,
                    json_type_name(json_type(json)));
    TRY(json_only_keys(json, pointer, keys));
    TRY(json_need_string(json, "id", pointer, &id));
    if (!*id || strlen(id) >= sizeof rule->id)
        return FAIL(E_INVALIDARG, "%s/id: '%s' is no name", pointer, id);
    snprintf(rule->id, sizeof rule->id, "%s", id);
    TRY(json_opt_bool(json, "mustFire", pointer, &must_fire));
    if (!must_fire)
        return FAIL(E_INVALIDARG, "%s/mustFire: false is accepted only beside chance", pointer);
    TRY(parse_at(json, pointer, rule));
    TRY(parse_when(json, pointer, rule));
    rule->times = 1;
    TRY(parse_count(json, "times", pointer, &rule->times));
    return parse_do(json, pointer, rule);
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
