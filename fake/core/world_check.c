/* SPDX-License-Identifier: MIT */
/* world_check.c - what a change of the world looks like: its keys, words and numbers. */
#include <stdio.h>

#include "error.h"
#include "text.h"
#include "world_model.h"

#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const struct world_verb verbs[] = {
    {.name = "holdFile",
     .keys = NAMES("holdFile", "share", "as"),
     .choice = "share",
     .words = NAMES("none", "read", "all"),
     .has_path = true,
     .ends_at_reboot = true},
    {.name = "loadHive", .keys = NAMES("loadHive", "as"), .has_path = true, .ends_at_reboot = true},
    {.name = "tamper",
     .keys = NAMES("tamper", "how", "as"),
     .choice = "how",
     .words = NAMES("lock", "deny-access"),
     .has_path = true,
     .needs_choice = true},
    {.name = "volume", .keys = NAMES("volume", "is", "as"), .has_path = true},
    {.name = "elevated", .keys = NAMES("elevated"), .is_single = true},
    {.name = "service",
     .keys = NAMES("service", "is", "as"),
     .choice = "is",
     .words = NAMES("running", "stopped", "disabled", "missing"),
     .needs_choice = true},
    {.name = "scanner",
     .keys = NAMES("scanner", "does", "nth", "as"),
     .choice = "does",
     .words = NAMES("block", "deny-write", "quarantine", "slow"),
     .has_path = true,
     .needs_choice = true},
    {.name = "otherProcess",
     .keys = NAMES("otherProcess", "does", "as"),
     .choice = "does",
     .words = NAMES("servicing", "app-provisioning"),
     .has_path = true,
     .needs_choice = true,
     .ends_at_reboot = true},
    {.name = "windowsUpdate", .keys = NAMES("windowsUpdate", "as"), .has_path = true},
    {.name = "hostVersion", .keys = NAMES("hostVersion"), .is_single = true},
};

static const struct world_verb *verb_of(const struct json *change)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (json_get(change, verbs[i].name))
            return &verbs[i];
    return NULL;
}

const char *world_path_key(const struct json *change)
{
    const struct world_verb *verb = verb_of(change);
    return verb && verb->has_path ? verb->name : NULL;
}

static HRESULT check_word(const struct json *object, const char *pointer, const char *key,
                          const char *const *words, bool is_needed)
{
    const char *word = NULL;
    TRY(is_needed ? json_need_string(object, key, pointer, &word)
                  : json_opt_string(object, key, pointer, &word));
    if (!word)
        return S_OK;
    for (size_t i = 0; words[i]; i++)
        if (text_equal(words[i], word))
            return S_OK;
    return FAIL(E_INVALIDARG, "%s/%s knows no '%s'", pointer, key, word);
}

static HRESULT check_volume(const struct json *is)
{
    bool flag;
    uint64_t bytes;
    if (!json_is(is, JSON_OBJECT) || json_len(is) == 0)
        return FAIL(E_INVALIDARG, "expected an object that says something at /is");
    TRY(json_only_keys(is, "/is",
                       NAMES("kind", "reparsePoints", "hardLinks", "dedup", "freeBytes")));
    TRY(check_word(is, "/is", "kind", NAMES("fixed", "removable", "network"), false));
    TRY(json_opt_bool(is, "reparsePoints", "/is", &flag));
    TRY(json_opt_bool(is, "hardLinks", "/is", &flag));
    TRY(json_opt_bool(is, "dedup", "/is", &flag));
    return json_opt_u64(is, "freeBytes", "/is", &bytes);
}

bool world_parse_version(const char *text, struct world_version *out)
{
    char rest;
    unsigned *p = out->part;
    return text && sscanf(text, "%u.%u.%u.%u%c", p, p + 1, p + 2, p + 3, &rest) == 4;
}

static HRESULT check_value(const struct world_verb *verb, const struct json *change)
{
    const struct json *value = json_get(change, verb->name);
    struct world_version version;
    if (text_equal(verb->name, "elevated"))
        return json_is(value, JSON_BOOL) ? S_OK
                                         : FAIL(E_INVALIDARG, "expected a boolean at /elevated");
    if (!json_string(value) || !*json_string(value))
        return FAIL(E_INVALIDARG, "expected a string at /%s", verb->name);
    if (text_equal(verb->name, "service"))
        return check_word(change, "", "service",
                          NAMES("mount-filter", "servicing-host", "installer"), true);
    if (text_equal(verb->name, "hostVersion") && !world_parse_version(json_string(value), &version))
        return FAIL(E_INVALIDARG, "/hostVersion is '%s', no version of four numbers",
                    json_string(value));
    return S_OK;
}

HRESULT world_check_change(const struct json *change, const struct world_verb **out)
{
    uint64_t nth = 1;
    const char *name = NULL;
    const struct world_verb *verb = verb_of(change);
    if (!verb)
        return FAIL(E_INVALIDARG, "the object holds none of the world's verbs");
    TRY(json_only_keys(change, "", verb->keys));
    TRY(check_value(verb, change));
    if (verb->choice)
        TRY(check_word(change, "", verb->choice, verb->words, verb->needs_choice));
    if (text_equal(verb->name, "volume"))
        TRY(check_volume(json_get(change, "is")));
    TRY(json_opt_u64(change, "nth", "", &nth));
    if (nth == 0)
        return FAIL(E_INVALIDARG, "/nth is 0, and files are counted from 1");
    TRY(json_opt_string(change, "as", "", &name));
    *out = verb;
    return S_OK;
}
