/* SPDX-License-Identifier: MIT */
/* fault_parse_do.c - what a fault rule does, from its JSON. */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "fault_rule.h"
#include "text.h"

/* What belongs to the call as a whole and not to a point inside it. */
static bool is_whole_call(const struct fault_rule *rule)
{
    return rule->step == STEP_COUNT && !rule->tick;
}

static HRESULT parse_effect(const struct json *what, const char *at, struct fault_rule *rule)
{
    static const char *const names[] = {"none", "partial", "complete"};
    const char *effect = names[EFFECT_NONE];
    TRY(json_opt_string(what, "effect", at, &effect));
    unsigned i = EFFECT_NONE;
    while (i <= EFFECT_COMPLETE && strcmp(names[i], effect) != 0)
        i++;
    if (i > EFFECT_COMPLETE)
        return FAIL(E_INVALIDARG, "%s/effect: '%s', expected none, partial or complete", at,
                    effect);
    rule->effect = (enum fault_effect)i;
    if (rule->effect != EFFECT_NONE && !is_whole_call(rule))
        return FAIL(E_INVALIDARG, "%s/effect: %s belongs to a whole call, not to a step or a tick",
                    at, effect);
    if (rule->effect == EFFECT_PARTIAL && !half_way_of((int)rule->api))
        return FAIL(E_INVALIDARG,
                    "%s/effect: partial: %s has no half-way, it has been done or it has not", at,
                    rule->at);
    return S_OK;
}

static HRESULT parse_return(const struct json *what, const char *at, struct fault_rule *rule)
{
    static const char *const keys[] = {"return", "effect", NULL};
    const char *code;
    TRY(json_only_keys(what, at, keys));
    TRY(json_need_string(what, "return", at, &code));
    rule->what = FAULT_RETURN;
    if (!reflect_code_parse(code, &rule->hr))
        return FAIL(E_INVALIDARG, "%s/return: '%s' is no result code", at, code);
    TRY(parse_effect(what, at, rule));
    if (SUCCEEDED(rule->hr) && !is_whole_call(rule))
        return FAIL(E_INVALIDARG, "%s/return: a success code belongs to a whole call", at);
    return S_OK;
}

static HRESULT parse_delay(const struct json *what, const char *at, struct fault_rule *rule)
{
    rule->what = FAULT_DELAY;
    return json_need_u64(what, "delayMs", at, &rule->delay_ms);
}

static HRESULT parse_crash(const struct json *what, const char *at, struct fault_rule *rule)
{
    static const char *const names[] = {"terminate", "access-violation", "abort"};
    static const enum os_crash how[] = {OS_CRASH_TERMINATE, OS_CRASH_ACCESS_VIOLATION,
                                        OS_CRASH_ABORT};
    const char *name;
    TRY(json_need_string(what, "crash", at, &name));
    rule->what = FAULT_CRASH;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            rule->crash = how[i];
            return S_OK;
        }
    }
    return FAIL(E_INVALIDARG, "%s/crash: '%s', expected terminate, access-violation or abort", at,
                name);
}

static HRESULT parse_hold(const struct json *what, const char *at, struct fault_rule *rule)
{
    const char *hold;
    TRY(json_need_string(what, "hold", at, &hold));
    rule->what = FAULT_HOLD;
    if (!*hold || *hold == '.' || strlen(hold) >= sizeof rule->hold || strchr(hold, '/'))
        return FAIL(E_INVALIDARG, "%s/hold: '%s' is no name", at, hold);
    snprintf(rule->hold, sizeof rule->hold, "%s", hold);
    return S_OK;
}

static HRESULT parse_disk_full(const struct json *what, const char *at, struct fault_rule *rule)
{
    rule->what = FAULT_DISK_FULL;
    return json_need_u64(what, "diskFullAfterBytes", at, &rule->number);
}

static HRESULT parse_alloc_fail(const struct json *what, const char *at, struct fault_rule *rule)
{
    rule->what = FAULT_ALLOC_FAIL;
    TRY(json_need_u64(what, "allocFail", at, &rule->number));
    return rule->number ? S_OK : FAIL(E_INVALIDARG, "%s/allocFail: expected 1 or more", at);
}

static HRESULT parse_mutate(const struct json *what, const char *at, struct fault_rule *rule)
{
    AUTO_FREE char *inside = json_pointer_key(at, "mutateOut");
    if (!inside)
        return FAIL_MEMORY();
    rule->what = FAULT_MUTATE;
    if (!is_whole_call(rule))
        return FAIL(E_INVALIDARG, "%s belongs to a whole call, not to a step or a tick", inside);
    return mutation_parse(json_get(what, "mutateOut"), rule->api, inside, &rule->mutation);
}

HRESULT fault_parse_do(const struct json *rule_json, const char *pointer, struct fault_rule *rule)
{
    static const struct {
        const char *key;
        HRESULT (*parse)(const struct json *what, const char *at, struct fault_rule *rule);
    } verbs[] = {{"return", parse_return},
                 {"delayMs", parse_delay},
                 {"crash", parse_crash},
                 {"diskFullAfterBytes", parse_disk_full},
                 {"allocFail", parse_alloc_fail},
                 {"mutateOut", parse_mutate},
                 {"hold", parse_hold}};
    const struct json *what = json_get(rule_json, "do");
    if (!json_is(what, JSON_OBJECT))
        return FAIL(E_INVALIDARG, "%s/do: expected an object", pointer);
    AUTO_FREE char *at = json_pointer_key(pointer, "do");
    if (!at)
        return FAIL_MEMORY();
    size_t i = 0;
    while (i + 1 < sizeof verbs / sizeof *verbs && !json_get(what, verbs[i].key))
        i++;
    const char *const keys[] = {verbs[i].key, NULL};
    if (verbs[i].parse != parse_return)
        TRY(json_only_keys(what, at, keys));
    return verbs[i].parse(what, at, rule);
}
