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
#include "floor.h"
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

static void note_disarmed(const struct fault_rule *rule)
{
    struct json *entry = json_new_object();
    json_set_string(entry, "rule", rule->id);
    json_set_number(entry, "fired", rule->fired);
    journal_add("disarm", entry);
}

static void remove_rules(bool (*goes)(const struct fault_rule *rule, const void *context),
                         const void *context)
{
    for (size_t i = rules.len; i-- > 0;) {
        if (!goes(&rules.ptr[i], context))
            continue;
        struct hold *hold = rules.ptr[i].what == FAULT_HOLD ? find_hold(rules.ptr[i].hold) : NULL;
        if (hold)
            open_hold(hold);
        note_disarmed(&rules.ptr[i]);
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

void fault_note_armed(const struct fault_rule *rule, enum fault_origin origin, bool by_others)
{
    struct json *entry = json_new_object();
    json_set_string(entry, "rule", rule->id);
    json_set_string(entry, "at", rule->at);
    json_set_string(entry, "origin", fault_origin_name(origin));
    json_set_string(entry, "text", rule->text);
    if (by_others)
        json_set_bool(entry, "forOthers", true);
    journal_add("arm", entry);
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
        fault_note_armed(rule, origin, false);
    }
    incoming->len = 0;
    return S_OK;
}

HRESULT fault_arm(const char *json, enum fault_origin origin, bool replaces_origin)
{
    fault_rules incoming AUTO(fault_rules_clear) = {0};
    TRY(fault_rules_parse(json, &incoming));
    return arm(&incoming, origin, replaces_origin);
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

/* What is noted in the journal when a rule that fits a call does not fire after all: the reason is
 * known here only (fault_why.c). */
static void record_miss(const struct call *call, const struct fault_rule *rule, const char *why)
{
    struct json *entry = json_new_object();
    json_set_string(entry, "rule", rule->id);
    json_set_string(entry, "why", why);
    json_set_number(entry, "of", (double)call->number);
    journal_add("miss", entry);
}

/* Counts the arrival; true if the rule fires now. */
static bool counts(const struct call *call, struct fault_rule *rule)
{
    const struct settings *settings;
    rule->reached++;
    if (rule->fired + rule->pending >= rule->times || rule->reached < rule->nth)
        return false;
    if (rule->every && rule->reached % rule->every != 0)
        return false;
    if (rule->chance >= 1 ||
        (SUCCEEDED(settings_get(&settings)) && fault_wins(rule, settings->seed, rule->reached)))
        return true;
    record_miss(call, rule, "chance was against it");
    return false;
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

/* ---- rules that are laid on a call and take effect later in it ---- */

/* Which of a call's places a rule takes, FAULT_LAID_COUNT if it takes effect at once. */
static enum fault_laid place_of(const struct fault_rule *rule)
{
    switch (rule->what) {
    case FAULT_DISK_FULL:
        return FAULT_LAID_DISK_FULL;
    case FAULT_ALLOC_FAIL:
        return FAULT_LAID_ALLOC_FAIL;
    case FAULT_MUTATE:
        return FAULT_LAID_MUTATE;
    case FAULT_RETURN:
        return rule->effect == EFFECT_PARTIAL ? FAULT_LAID_PARTIAL : FAULT_LAID_COUNT;
    default:
        return FAULT_LAID_COUNT;
    }
}

static void lay(struct call *call, struct fault_rule *rule, enum fault_laid place)
{
    struct floor *floor = &call->floor;
    call->laid[place] = rule->serial;
    rule->pending++;
    if (rule->what == FAULT_DISK_FULL) {
        floor->has_disk_end = true;
        floor->disk_end = floor->bytes + rule->number;
    } else if (rule->what == FAULT_ALLOC_FAIL) {
        floor->alloc_at = floor->allocs + rule->number;
    }
}

static struct fault_rule *find_serial(uint64_t serial)
{
    for (size_t i = 0; i < rules.len; i++)
        if (rules.ptr[i].serial == serial)
            return &rules.ptr[i];
    return NULL;
}

/* Has what was laid happened? If not, *why (caller's) says what was in the way. */
static bool has_happened(const struct call *call, enum fault_laid laid,
                         const struct fault_rule *rule, HRESULT hr, char **why)
{
    const struct floor *floor = &call->floor;
    switch (laid) {
    case FAULT_LAID_DISK_FULL:
        *why = mem_format("the call wrote only %llu bytes",
                          (unsigned long long)(floor->bytes - (floor->disk_end - rule->number)));
        return floor->disk_was_full;
    case FAULT_LAID_ALLOC_FAIL:
        *why = mem_format("the call made only %llu allocations",
                          (unsigned long long)(floor->allocs - (floor->alloc_at - rule->number)));
        return floor->alloc_failed;
    case FAULT_LAID_PARTIAL:
        *why = mem_dup("the call did not come to its half-way");
        return call->op.is_half_done;
    default:
        if (FAILED(hr)) {
            *why = mem_dup("the call failed, so it handed out nothing");
            return false;
        }
        return mutation_apply(&rule->mutation, call->args, why) == S_OK;
    }
}

void fault_leave(struct call *call, HRESULT hr)
{
    for (unsigned i = 0; i < FAULT_LAID_COUNT; i++) {
        if (!call->laid[i])
            continue;
        AUTO_LOCK(&lock);
        struct fault_rule *rule = find_serial(call->laid[i]);
        AUTO_FREE char *why = NULL;
        if (!rule) /* disarmed meanwhile */
            continue;
        rule->pending--;
        if (has_happened(call, (enum fault_laid)i, rule, hr, &why)) {
            rule->fired++;
            record(call, rule, STEP_COUNT, 0);
            activity_announce();
        } else {
            record_miss(call, rule, why ? why : "there was no memory to say why");
        }
    }
}

/* Index of the first rule armed after that one. */
static size_t first_after(uint64_t serial)
{
    size_t i = 0;
    while (i < rules.len && rules.ptr[i].serial <= serial)
        i++;
    return i;
}

/* What a rule that fires does at once. */
static void fire(const struct fault_rule *rule, struct fault_answer *answer)
{
    switch (rule->what) {
    case FAULT_RETURN:
        answer->returns = rule->effect != EFFECT_PARTIAL;
        answer->after_effect = rule->effect == EFFECT_COMPLETE;
        answer->is_partial = rule->effect == EFFECT_PARTIAL;
        answer->hr = rule->hr;
        snprintf(answer->rule, sizeof answer->rule, "%s", rule->id);
        return;
    case FAULT_DELAY:
        clock_advance(rule->delay_ms);
        return;
    case FAULT_CRASH:
        os_crash(rule->crash);
    case FAULT_HOLD:
        park(need_hold(rule->hold));
        return;
    default: /* laid on the call */
        return;
    }
}

/* Does what the call already has from another rule keep this one away? Then it is not counted. */
static bool is_taken(const struct call *call, const struct fault_rule *rule,
                     const struct fault_answer *answer)
{
    enum fault_laid place = place_of(rule);
    return (rule->what == FAULT_RETURN && (answer->returns || answer->is_partial)) ||
           (place < FAULT_LAID_COUNT && call->laid[place]);
}

void fault_at(struct call *call, enum step step, unsigned tick, struct fault_answer *answer)
{
    *answer = (struct fault_answer){0};
    FLOOR_PAUSE();
    AUTO_LOCK(&lock);
    uint64_t serial = 0;
    size_t i;
    /* The list may change while this call is parked: the place in it is a serial, not an index. */
    while ((i = first_after(serial)) < rules.len) {
        struct fault_rule *rule = &rules.ptr[i];
        serial = rule->serial;
        if (is_taken(call, rule, answer) || !applies(rule, call, step, tick) || !counts(call, rule))
            continue;
        enum fault_laid place = place_of(rule);
        if (place < FAULT_LAID_COUNT) {
            lay(call, rule, place);
        } else {
            rule->fired++;
            record(call, rule, step, tick);
            activity_announce();
        }
        fire(rule, answer);
    }
}

/* ---- what can be seen ---- */

const char *fault_origin_name(enum fault_origin origin)
{
    static const char *const names[] = {"process", "environment", "state folder"};
    return names[origin];
}

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
        json_set_string(entry, "origin", fault_origin_name(rule->origin));
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
        if (rules.ptr[i].fired == 0 && rules.ptr[i].must_fire)
            each(context, rules.ptr[i].id, rules.ptr[i].at, rules.ptr[i].reached);
}
