/* SPDX-License-Identifier: MIT */
/*
 * fault.c - the rules that are armed and the holds. Reading them from JSON is fault_parse.c.
 */
#include "fault.h"

#include <stdio.h>
#include <string.h>

#include "activity.h"
#include "call.h"
#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "fault_rule.h"
#include "journal.h"
#include "match.h"
#include "os.h"
#include "settings.h"
#include "text.h"
#include "trace.h"

#define RELEASE_POLL_MS 20 /* how often a parked call looks for a release from another process */

struct hold {
    char name[64];
    unsigned waiting;
    bool is_open;
};

static struct os_mutex lock;
static struct os_cond released;
static fault_rules rules;
static uint64_t last_serial;
static VEC(struct hold *) holds;

static struct os_mutex refresh_lock;
static bool environment_is_read;
static struct error environment_error;
static struct os_stat state_file; /* of faults.json as last read; inode 0: there was none */

/* ---- holds ---- */

static struct hold *find_hold(const char *name)
{
    for (size_t i = 0; i < holds.len; i++)
        if (strcmp(holds.ptr[i]->name, name) == 0)
            return holds.ptr[i];
    return NULL;
}

static struct hold *need_hold(const char *name)
{
    struct hold *hold = find_hold(name);
    if (hold)
        return hold;
    struct hold **slot = vec_push(&holds);
    hold = slot ? mem_alloc(sizeof *hold) : NULL;
    if (!hold) {
        holds.len -= slot != NULL;
        return NULL;
    }
    snprintf(hold->name, sizeof hold->name, "%s", name);
    return *slot = hold;
}

static HRESULT release_path(const char *hold, char **out)
{
    AUTO_FREE char *folder = NULL;
    TRY(settings_state_path("releases", &folder));
    return path_join(folder, hold, out);
}

static void open_hold(struct hold *hold)
{
    hold->is_open = true;
    os_cond_broadcast(&released);
}

/* Needs the lock; gives it up while it waits. */
static void park(struct hold *hold)
{
    AUTO_FREE char *file = NULL;
    (void)release_path(hold->name, &file);
    hold->waiting++;
    activity_held(true);
    while (!hold->is_open) {
        os_cond_wait_until(&released, &lock, os_now_ms() + RELEASE_POLL_MS);
        if (!hold->is_open && file && os_exists(file))
            open_hold(hold);
    }
    hold->waiting--;
    activity_held(false);
}

HRESULT fault_release(const char *name)
{
    AUTO_LOCK(&lock);
    struct hold *hold = find_hold(name);
    if (!hold)
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "no rule has a hold named '%s'", name);
    bool somebody = hold->waiting > 0;
    open_hold(hold);
    return somebody ? S_OK : S_FALSE;
}

HRESULT fault_release_state(const char *name)
{
    AUTO_FREE char *folder = NULL, *file = NULL;
    TRY(settings_state_path("releases", &folder));
    TRY(os_make_directories(folder));
    TRY(release_path(name, &file));
    return os_write_file_atomic(file, "", 0);
}

bool fault_is_held(const char *name)
{
    AUTO_LOCK(&lock);
    const struct hold *hold = find_hold(name);
    return hold && hold->waiting > 0;
}

/* ---- arming ---- */

static void remove_rules(bool (*goes)(const struct fault_rule *rule, const void *context),
                         const void *context)
{
    for (size_t i = rules.len; i-- > 0;) {
        if (!goes(&rules.ptr[i], context))
            continue;
        struct hold *hold = rules.ptr[i].what == FAULT_HOLD ? find_hold(rules.ptr[i].hold) : NULL;
        if (hold)
            open_hold(hold);
        fault_rule_clear(&rules.ptr[i]);
        vec_remove(&rules, i);
    }
}

static bool has_origin(const struct fault_rule *rule, const void *origin)
{
    return rule->origin == *(const enum fault_origin *)origin;
}

static bool has_id(const struct fault_rule *rule, const void *id)
{
    return !id || strcmp(rule->id, id) == 0;
}

static HRESULT check_ids_are_new(const fault_rules *incoming, bool replaces_origin,
                                 enum fault_origin origin)
{
    for (size_t i = 0; i < incoming->len; i++)
        for (size_t k = 0; k < rules.len; k++)
            if (strcmp(incoming->ptr[i].id, rules.ptr[k].id) == 0 &&
                !(replaces_origin && rules.ptr[k].origin == origin))
                return FAIL(E_INVALIDARG, "a rule '%s' is armed already", rules.ptr[k].id);
    return S_OK;
}

/* Takes the rules over; empties `incoming`. */
static HRESULT arm(fault_rules *incoming, enum fault_origin origin, bool replaces_origin)
{
    AUTO_LOCK(&lock);
    TRY(check_ids_are_new(incoming, replaces_origin, origin));
    if (!vec_reserve_raw((void **)&rules.ptr, &rules.cap, rules.len + incoming->len,
                         sizeof *rules.ptr))
        return FAIL_MEMORY();
    for (size_t i = 0; i < incoming->len; i++)
        if (incoming->ptr[i].what == FAULT_HOLD && !need_hold(incoming->ptr[i].hold))
            return FAIL_MEMORY();
    if (replaces_origin)
        remove_rules(has_origin, &origin);
    for (size_t i = 0; i < incoming->len; i++) {
        struct fault_rule *rule = &rules.ptr[rules.len++];
        *rule = incoming->ptr[i];
        rule->origin = origin;
        rule->serial = ++last_serial;
        if (rule->what == FAULT_HOLD)
            need_hold(rule->hold)->is_open = false;
    }
    incoming->len = 0;
    return S_OK;
}

static HRESULT load(const char *json, enum fault_origin origin, bool replaces_origin)
{
    fault_rules incoming AUTO(fault_rules_clear) = {0};
    TRY(fault_rules_parse(json, &incoming));
    return arm(&incoming, origin, replaces_origin);
}

HRESULT fault_load(const char *json)
{
    return load(json, FAULT_FROM_PROCESS, false);
}

HRESULT fault_disarm(const char *id)
{
    AUTO_LOCK(&lock);
    size_t before = rules.len;
    remove_rules(has_id, id);
    if (id && rules.len == before)
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "no rule '%s' is armed", id);
    return S_OK;
}

HRESULT fault_arm_state(const char *json)
{
    fault_rules checked AUTO(fault_rules_clear) = {0};
    AUTO_FREE char *path = NULL, *releases = NULL;
    TRY(fault_rules_parse(json, &checked));
    TRY(settings_state_path("faults.json", &path));
    TRY(settings_state_path("releases", &releases));
    if (os_exists(releases))
        TRY(os_remove_tree(releases, true));
    return os_write_file_atomic(path, json, strlen(json));
}

HRESULT fault_disarm_state(void)
{
    AUTO_FREE char *path = NULL;
    TRY(settings_state_path("faults.json", &path));
    return os_exists(path) ? os_remove_file(path) : S_OK;
}

static HRESULT load_environment(void)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    if (!settings->faults)
        return S_OK;
    if (settings->faults[0] != '@')
        return load(settings->faults, FAULT_FROM_ENVIRONMENT, false);
    AUTO_FREE char *text = NULL;
    size_t size;
    TRY(os_read_file(settings->faults + 1, &text, &size));
    return load(text, FAULT_FROM_ENVIRONMENT, false);
}

static HRESULT load_state_folder(void)
{
    AUTO_FREE char *path = NULL, *text = NULL;
    struct os_stat now = {0};
    TRY(settings_state_path("faults.json", &path));
    if (FAILED(os_stat(path, &now)))
        now = (struct os_stat){0};
    if (now.inode == state_file.inode && now.mtime_ns == state_file.mtime_ns &&
        now.size == state_file.size)
        return S_OK;
    state_file = now;
    size_t size;
    if (now.inode && SUCCEEDED(os_read_file(path, &text, &size)))
        return load(text, FAULT_FROM_STATE, true);
    return load("[]", FAULT_FROM_STATE, true);
}

HRESULT fault_refresh(void)
{
    AUTO_LOCK(&refresh_lock);
    if (!environment_is_read) {
        environment_is_read = true;
        if (FAILED(load_environment()))
            environment_error = *error_last();
    }
    if (FAILED(environment_error.hr)) {
        error_restore(&environment_error);
        return environment_error.hr;
    }
    return load_state_folder();
}

/* ---- firing ---- */

static bool applies(const struct fault_rule *rule, const struct call *call, enum step step,
                    unsigned tick)
{
    if (rule->tick != tick)
        return false;
    /* A tick rule at the call sees the call's ticks in every step; at a step only those inside it.
     */
    if (rule->step != STEP_COUNT ? rule->step != step
                                 : rule->api != call->api || (step != STEP_COUNT && tick == 0))
        return false;
    if (rule->thread && !text_equal(rule->thread, call->thread_name))
        return false;
    if (rule->step_label && !text_equal(rule->step_label, call->step_name))
        return false;
    return !rule->args ||
           match_json(rule->args, call->args_json, &fault_match_context, NULL) == S_OK;
}

/* Counts the arrival; true if the rule fires now. */
static bool counts(struct fault_rule *rule)
{
    rule->reached++;
    if (rule->fired >= rule->times || rule->reached < rule->nth)
        return false;
    if (rule->every && rule->reached % rule->every != 0)
        return false;
    rule->fired++;
    return true;
}

static void record(const struct call *call, const struct fault_rule *rule, enum step step,
                   unsigned tick)
{
    struct json *entry = json_new_object();
    json_set_string(entry, "rule", rule->id);
    json_set_string(entry, "at", rule->at);
    json_set_string(entry, "call", reflect_calls[call->api].name);
    if (step != STEP_COUNT)
        json_set_string(entry, "step", step_name(step));
    if (tick)
        json_set_number(entry, "tick", tick);
    json_set_number(entry, "of", (double)call->number);
    journal_add("fault", entry);
    trace(TRACE_FAULT, "rule %s fires at %s", rule->id, rule->at);
}

/* Index of the first rule armed after that one. */
static size_t first_after(uint64_t serial)
{
    size_t i = 0;
    while (i < rules.len && rules.ptr[i].serial <= serial)
        i++;
    return i;
}

void fault_at(const struct call *call, enum step step, unsigned tick, struct fault_answer *answer)
{
    *answer = (struct fault_answer){0};
    AUTO_LOCK(&lock);
    uint64_t serial = 0;
    size_t i;
    /* The list may change while this call is parked: the place in it is a serial, not an index. */
    while ((i = first_after(serial)) < rules.len) {
        struct fault_rule *rule = &rules.ptr[i];
        serial = rule->serial;
        if ((rule->what == FAULT_RETURN && answer->returns) || !applies(rule, call, step, tick) ||
            !counts(rule))
            continue;
        record(call, rule, step, tick);
        activity_announce();
        switch (rule->what) {
        case FAULT_RETURN:
            answer->returns = true;
            answer->after_effect = rule->is_complete;
            answer->hr = rule->hr;
            snprintf(answer->rule, sizeof answer->rule, "%s", rule->id);
            break;
        case FAULT_DELAY:
            clock_advance(rule->delay_ms);
            break;
        case FAULT_CRASH:
            os_crash(rule->crash);
        case FAULT_HOLD:
            park(need_hold(rule->hold));
            break;
        }
    }
}

/* ---- what can be seen ---- */

bool fault_has_fired(const char *id, bool *exists)
{
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < rules.len; i++) {
        if (strcmp(rules.ptr[i].id, id) == 0) {
            *exists = true;
            return rules.ptr[i].fired > 0;
        }
    }
    *exists = false;
    return false;
}

struct json *fault_rules_json(void)
{
    static const char *const origins[] = {"process", "environment", "state folder"};
    struct json *array = json_new_array();
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < rules.len; i++) {
        const struct fault_rule *rule = &rules.ptr[i];
        struct json *entry = json_new_object();
        json_set_string(entry, "id", rule->id);
        json_set_string(entry, "at", rule->at);
        json_set_number(entry, "reached", rule->reached);
        json_set_number(entry, "fired", rule->fired);
        json_set_number(entry, "times", rule->times);
        json_set_string(entry, "origin", origins[rule->origin]);
        json_push(array, entry);
    }
    return array;
}

struct json *fault_holds_json(void)
{
    struct json *array = json_new_array();
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < holds.len; i++) {
        struct json *entry = json_new_object();
        json_set_string(entry, "name", holds.ptr[i]->name);
        json_set_number(entry, "waiting", holds.ptr[i]->waiting);
        json_set_bool(entry, "open", holds.ptr[i]->is_open);
        json_push(array, entry);
    }
    return array;
}

void fault_each_unused(void (*each)(void *context, const char *id, const char *at,
                                    unsigned reached),
                       void *context)
{
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < rules.len; i++)
        if (rules.ptr[i].fired == 0)
            each(context, rules.ptr[i].id, rules.ptr[i].at, rules.ptr[i].reached);
}
