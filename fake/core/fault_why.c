/* SPDX-License-Identifier: MIT */
/* fault_why.c - see fault_why.h. Replays the journal of each process that had the rule. */
#include "fault_why.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "fault_rule.h"
#include "journal.h"
#include "settings.h"
#include "text.h"

/* ---- reading the journal ---- */

static const char *text_of(const struct json *entry, const char *key)
{
    const char *text = json_string(json_get(entry, key));
    return text ? text : "";
}

static unsigned number_of(const struct json *entry, const char *key)
{
    return (unsigned)json_number(json_get(entry, key));
}

static bool is_event(const struct json *entry, const char *event)
{
    return text_equal(text_of(entry, "event"), event);
}

static bool names_rule(const struct json *entry, const char *event, const char *id)
{
    return is_event(entry, event) && text_equal(text_of(entry, "rule"), id);
}

/* What one call did. */
struct seen {
    const struct json *enter, *end; /* end NULL: it has not returned */
    const char *last_step;          /* "DismMountImage/register"; NULL: it came to none */
    bool came_to_point;
};

static const char *point_step(const struct fault_rule *rule)
{
    return rule->step == STEP_COUNT ? NULL : step_name(rule->step);
}

static struct seen follow(const struct json *enter, const struct fault_rule *rule)
{
    struct seen call = {.enter = enter, .came_to_point = rule->step == STEP_COUNT};
    unsigned pid = number_of(enter, "pid");
    double number = json_number(json_get(enter, "seq"));
    for (const struct json *v = json_next(enter); v && !call.end; v = json_next(v)) {
        if (number_of(v, "pid") != pid || json_number(json_get(v, "of")) != number)
            continue;
        if (is_event(v, "step")) {
            call.last_step = text_of(v, "step");
            call.came_to_point = call.came_to_point || text_equal(call.last_step, point_step(rule));
        } else if (is_event(v, "return")) {
            call.end = v;
        }
    }
    return call;
}

/* ---- holding a call against the rule ---- */

struct names {
    char text[256]; /* "A, B" */
};

static void add_name(struct names *names, const char *name)
{
    size_t len = strlen(names->text);
    if (!*name)
        name = "one without a name";
    if (!strstr(names->text, name) && len + strlen(name) + 3 < sizeof names->text)
        snprintf(names->text + len, sizeof names->text - len, "%s%s", len ? ", " : "", name);
}

struct facts {
    const struct fault_rule *rule;
    unsigned processes, fired;
    unsigned before;        /* arrivals before the rule was armed */
    unsigned calls;         /* of the rule's function since */
    unsigned short_of_step; /* calls that did not come to the step */
    unsigned short_of_tick; /* arrivals in calls with fewer ticks */
    unsigned most_ticks;
    unsigned threads, labels, args; /* arrivals that differed in these */
    unsigned fitting;               /* of the process in which most did */
    unsigned late;                  /* fitting arrivals after it was used up */
    unsigned misses;                /* what the journal says came in the way */
    struct names seen_threads, seen_labels;
    unsigned distance;              /* of the nearest arguments; 0: none seen */
    char *nearest, *miss, *stopped; /* texts */
};

static void facts_clear(struct facts *f)
{
    mem_free(f->nearest);
    mem_free(f->miss);
    mem_free(f->stopped);
}

/* In how many members the arguments differ, and how in the first. */
static unsigned distance_of(const struct json *wanted, const struct json *with, char **why)
{
    unsigned count = 0;
    for (const struct json *v = json_first(wanted);
         v && json_is(wanted, JSON_OBJECT) && json_key(v)[0] != '$'; v = json_next(v))
        count += match_json(v, json_get(with, json_key(v)), &fault_match_context, NULL) != S_OK;
    (void)match_json(wanted, with, &fault_match_context, why);
    return count ? count : 1;
}

static void note_nearest(struct facts *f, const struct json *with)
{
    AUTO_FREE char *why = NULL;
    unsigned distance = distance_of(f->rule->args, with, &why);
    if (f->distance && distance >= f->distance)
        return;
    f->distance = distance;
    mem_free(f->nearest);
    f->nearest = TAKE(why);
}

static void note_stop(struct facts *f, const struct seen *call)
{
    f->short_of_step++;
    mem_free(f->stopped);
    f->stopped = mem_format(
        "the last %s%s and %s%s", call->last_step ? "came as far as " : "came to no step",
        call->last_step ? call->last_step : "", call->end ? "answered " : "has not returned",
        call->end ? text_of(call->end, "hr") : "");
}

/* Does the arrival fit the rule but for its number? */
static bool fits(struct facts *f, const struct seen *call)
{
    const struct fault_rule *rule = f->rule;
    unsigned ticks = number_of(call->end, "ticks");
    f->most_ticks = ticks > f->most_ticks ? ticks : f->most_ticks;
    if (rule->tick > ticks) {
        f->short_of_tick++;
        return false;
    }
    if (rule->thread && !text_equal(rule->thread, text_of(call->enter, "thread"))) {
        f->threads++;
        add_name(&f->seen_threads, text_of(call->enter, "thread"));
        return false;
    }
    if (rule->step_label && !text_equal(rule->step_label, text_of(call->enter, "stepName"))) {
        f->labels++;
        add_name(&f->seen_labels, text_of(call->enter, "stepName"));
        return false;
    }
    if (rule->args &&
        match_json(rule->args, json_get(call->enter, "with"), &fault_match_context, NULL) != S_OK) {
        f->args++;
        note_nearest(f, json_get(call->enter, "with"));
        return false;
    }
    return true;
}

/* Everything of one process from where the rule was armed in it. */
static void replay(struct facts *f, const struct json *armed, unsigned pid)
{
    unsigned fitting = 0, fired = 0;
    const char *id = f->rule->id, *function = reflect_calls[f->rule->api].name;
    for (const struct json *v = json_next(armed); v; v = json_next(v)) {
        if (number_of(v, "pid") != pid)
            continue;
        if (names_rule(v, "disarm", id))
            break;
        fired += names_rule(v, "fault", id);
        if (names_rule(v, "miss", id)) {
            f->misses++;
            mem_free(f->miss);
            f->miss = mem_dup(text_of(v, "why"));
        }
        if (!is_event(v, "enter") || !text_equal(text_of(v, "call"), function))
            continue;
        struct seen call = follow(v, f->rule);
        f->calls++;
        if (!call.came_to_point)
            note_stop(f, &call);
        else if (fits(f, &call))
            fitting++;
    }
    f->processes++;
    f->fired += fired;
    f->fitting = fitting > f->fitting ? fitting : f->fitting;
    if (fired >= f->rule->times && fitting > fired)
        f->late += fitting - fired;
}

/* Arrivals at the point, in any process, before that entry. */
static void look_before(struct facts *f, const struct json *journal, const struct json *armed)
{
    for (const struct json *v = json_first(journal); v && v != armed; v = json_next(v))
        f->before +=
            f->rule->step == STEP_COUNT
                ? is_event(v, "enter") &&
                      text_equal(text_of(v, "call"), reflect_calls[f->rule->api].name)
                : is_event(v, "step") && text_equal(text_of(v, "step"), point_step(f->rule));
}

/* ---- saying it ---- */

static void add_reason(struct json *reasons, const char *code, unsigned count, const char *format,
                       ...) CHECK_FORMAT(4, 5);

static void add_reason(struct json *reasons, const char *code, unsigned count, const char *format,
                       ...)
{
    va_list args;
    va_start(args, format);
    AUTO_FREE char *text = mem_format_v(format, args);
    va_end(args);
    struct json *reason = json_new_object();
    json_set_string(reason, "code", code);
    json_set_number(reason, "count", count);
    json_set_string(reason, "text", text);
    json_push(reasons, reason);
}

static const char *arrivals(unsigned count)
{
    return count == 1 ? "arrival" : "arrivals";
}

/* Which calls were made since instead. */
static void add_never(struct json *reasons, const struct facts *f, const struct json *armed)
{
    struct names others = {""};
    for (const struct json *v = json_next(armed); v; v = json_next(v))
        if (is_event(v, "enter"))
            add_name(&others, text_of(v, "call"));
    add_reason(reasons, "never", 0, "%s has not been called since; called were: %s",
               reflect_calls[f->rule->api].name, others.text[0] ? others.text : "none");
}

/* From what was closest to firing to what was farthest. */
static void add_reasons(struct json *reasons, const struct facts *f, const struct json *armed)
{
    const struct fault_rule *rule = f->rule;
    if (f->late)
        add_reason(reasons, "used-up", f->late, "it has fired its %u times; %u later %s fitted too",
                   rule->times, f->late, arrivals(f->late));
    if (f->misses)
        add_reason(reasons, "missed", f->misses, "it was laid on %u %s, but %s", f->misses,
                   f->misses == 1 ? "call" : "calls", f->miss ? f->miss : "did not take effect");
    if (f->fired == 0 && f->fitting && f->fitting < rule->nth)
        add_reason(reasons, "nth", f->fitting, "%u %s fitted; it waits for number %u", f->fitting,
                   arrivals(f->fitting), rule->nth);
    if (f->fired == 0 && f->fitting && rule->every && f->fitting < rule->every)
        add_reason(reasons, "every", f->fitting, "%u %s fitted; it fires at every %u", f->fitting,
                   arrivals(f->fitting), rule->every);
    if (f->args)
        add_reason(reasons, "args", f->args,
                   "%u %s had other arguments; the nearest differed in %u: %s", f->args,
                   arrivals(f->args), f->distance, f->nearest ? f->nearest : "?");
    if (f->labels)
        add_reason(reasons, "step-name", f->labels,
                   "%u %s came from other steps (%s); it waits for %s", f->labels,
                   arrivals(f->labels), f->seen_labels.text, rule->step_label);
    if (f->threads)
        add_reason(reasons, "thread", f->threads,
                   "%u %s came from other threads (%s); it waits for %s", f->threads,
                   arrivals(f->threads), f->seen_threads.text, rule->thread);
    if (f->short_of_tick)
        add_reason(reasons, "tick", f->short_of_tick,
                   "%u %s reported %u ticks at most; it waits for tick %u", f->short_of_tick,
                   arrivals(f->short_of_tick), f->most_ticks, rule->tick);
    if (f->short_of_step)
        add_reason(reasons, "step", f->short_of_step, "%u of %u calls did not come to %s: %s",
                   f->short_of_step, f->calls, rule->at, f->stopped ? f->stopped : "?");
    if (f->before && f->fired == 0 && !f->fitting)
        add_reason(reasons, "late", f->before, "%u %s at %s came before it was armed", f->before,
                   arrivals(f->before), rule->at);
    if (!f->processes)
        add_reason(reasons, "unread", 0,
                   "no process has made a call since it was armed in the state folder");
    else if (!f->calls)
        add_never(reasons, f, armed);
}

/* ---- the whole ---- */

/* The last entry that arms the rule; in that process only, or (0) in any. */
static const struct json *find_armed(const struct json *journal, const char *id, unsigned pid)
{
    const struct json *found = NULL;
    for (const struct json *v = json_first(journal); v; v = json_next(v))
        if (names_rule(v, "arm", id) && (!pid || number_of(v, "pid") == pid))
            found = v;
    return found;
}

static void replay_all(struct facts *f, const struct json *journal, const struct json *last,
                       unsigned only)
{
    for (const struct json *v = json_first(journal); v; v = json_next(v)) {
        unsigned pid = number_of(v, "pid");
        /* The same rule, armed in this process, and not armed anew in it later. */
        if (names_rule(v, "arm", f->rule->id) && (!only || pid == only) &&
            !json_get(v, "forOthers") && text_equal(text_of(v, "text"), text_of(last, "text")) &&
            v == find_armed(journal, f->rule->id, pid))
            replay(f, v, pid);
    }
}

static HRESULT not_armed(const struct json *journal, const char *id)
{
    const struct settings *settings;
    struct names known = {""};
    TRY(settings_get(&settings));
    for (const struct json *v = json_first(journal); v; v = json_next(v))
        if (is_event(v, "arm"))
            add_name(&known, text_of(v, "rule"));
    return FAIL(HR_WIN32(ERROR_NOT_FOUND), "the journal knows of no rule '%s'; it knows: %s", id,
                known.text[0] ? known.text : "none (is DISMFAKE_JOURNAL off?)");
}

HRESULT fault_why(const char *id, unsigned pid, struct json **out)
{
    AUTO_JSON struct json *journal = NULL;
    AUTO_JSON struct json *answer = json_new_object();
    fault_rules rules AUTO(fault_rules_clear) = {0};
    TRY(journal_read(&journal));
    const struct json *armed = find_armed(journal, id, pid);
    if (!armed)
        return not_armed(journal, id);
    TRY(fault_rules_parse(text_of(armed, "text"), &rules));
    struct facts facts AUTO(facts_clear) = {.rule = &rules.ptr[0]};
    replay_all(&facts, journal, armed, pid);
    look_before(&facts, journal, armed);
    struct json *reasons = json_new_array();
    add_reasons(reasons, &facts, armed);
    json_set_string(answer, "rule", id);
    json_set_string(answer, "at", facts.rule->at);
    json_set_string(answer, "origin", text_of(armed, "origin"));
    json_set_number(answer, "fired", facts.fired);
    json_set_number(answer, "times", facts.rule->times);
    json_set(answer, "reasons", reasons);
    *out = TAKE(answer);
    return *out ? S_OK : FAIL_MEMORY();
}
