/* SPDX-License-Identifier: MIT */
/* check_fault.c - fault rules, and crashes that must fit the phases around them. */
#include "check.h"
#include "scenario.h"

void define_fault_names(struct checker *c, const struct json *faults, const char *pointer)
{
    size_t i = 0;
    for (const struct json *fault = json_first(faults); fault; fault = json_next(fault), i++) {
        AUTO_FREE char *at = format("%s/%zu", pointer, i);
        struct name *name =
            names_define(&c->names, c->source, NAME_FAULT, json_text(fault, "id"), at);
        name->phase = c->phase;
        const char *hold = json_text(json_get(fault, "do"), "hold");
        if (hold)
            names_define(&c->names, c->source, NAME_HOLD, hold, at);
    }
}

/* A pointer into what the function hands out: its first part is an out parameter. */
static void check_out_pointer(struct checker *c, const struct reflect_call *call,
                              const char *pointer, const char *at)
{
    const char *name = pointer + (*pointer == '/');
    size_t len = strcspn(name, "/");
    for (unsigned i = 0; i < call->arg_count; i++) {
        const struct reflect_arg *arg = &call->args[i];
        if (reflect_kind_is_out(arg->kind) && strlen(arg->name) == len &&
            strncmp(arg->name, name, len) == 0)
            return;
    }
    finding_at(c->source, at, "%s hands out nothing at '%s'", call->name, pointer);
}

/* What belongs to a call as a whole, not to a point inside it or a tick. */
static void check_whole_call(struct checker *c, const struct json *fault, const char *function,
                             const char *pointer)
{
    const struct json *action = json_get(fault, "do"), *values = json_get(action, "mutateOut");
    const char *effect = json_text(action, "effect");
    bool is_whole =
        !strchr(json_text(fault, "at"), '/') && !json_get(json_get(fault, "when"), "tick");
    AUTO_FREE char *at = format("%s/do", pointer);
    if (!is_whole && effect && !text_equal(effect, "none"))
        finding_at(c->source, at, "effect %s belongs to a whole call", effect);
    if (!is_whole && values)
        finding_at(c->source, at, "mutateOut belongs to a whole call");
    enum api api = reflect_api_by_name(function);
    if (api == API_COUNT)
        return;
    for (const struct json *v = json_first(values); v; v = json_next(v))
        check_out_pointer(c, &reflect_calls[api], json_key(v), at);
    if (values && !json_first(values))
        finding_at(c->source, at, "mutateOut changes nothing");
}

static void check_fault(struct checker *c, const struct json *fault, const char *pointer)
{
    AUTO_FREE char *at = format("%s/at", pointer);
    AUTO_FREE char *when_at = format("%s/when", pointer);
    const char *point = json_text(fault, "at"), *slash = strchr(point, '/');
    AUTO_FREE char *function =
        slash ? need(mem_dup_n(point, (size_t)(slash - point))) : dup_text(point);
    if (reflect_api_by_name(function) == API_COUNT)
        finding_at(c->source, at, "there is no function %s", function);
    const struct json *when = json_get(fault, "when"), *action = json_get(fault, "do");
    if (json_get(when, "step"))
        names_use(&c->names, c->source, NAME_STEP, json_text(when, "step"), when_at);
    if (json_get(when, "thread"))
        names_use(&c->names, c->source, NAME_LANE, json_text(when, "thread"), when_at);
    if (json_get(when, "args"))
        check_matcher(c, json_get(when, "args"), when_at);
    AUTO_FREE char *return_at = format("%s/do/return", pointer);
    if (json_get(action, "return"))
        check_hr(c, json_get(action, "return"), return_at);
    const struct json *must_fire = json_get(fault, "mustFire");
    if (must_fire && !json_bool(must_fire) && !json_get(when, "chance"))
        finding_at(c->source, pointer, "mustFire: false stands only beside chance");
    check_whole_call(c, fault, function, pointer);
}

void check_faults(struct checker *c, const struct json *faults, const char *pointer)
{
    size_t i = 0;
    for (const struct json *fault = json_first(faults); fault; fault = json_next(fault), i++) {
        AUTO_FREE char *at = format("%s/%zu", pointer, i);
        check_fault(c, fault, at);
    }
}

/* ---- "no-return", crashAt and do.crash belong together, and a crash phase follows ---- */

struct crash_search {
    struct checker *c;
    unsigned crashes, no_returns;
};

static void count_crashes(struct crash_search *search, const struct json *steps)
{
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        bool crashes = false;
        for (const struct json *v = json_first(json_get(step, "with")); v; v = json_next(v))
            crashes = crashes || json_get(json_get(v, "$progress"), "crashAt");
        search->crashes += crashes;
        search->no_returns += text_equal(json_text(step, "expect"), "no-return");
        const struct json *lanes = json_get(step, "parallel");
        for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane))
            count_crashes(search, lane);
    }
}

void check_crashes(struct checker *c)
{
    size_t phases = scenario_phase_count(c->scenario);
    for (size_t i = 0; i < phases; i++) {
        struct crash_search search = {.c = c};
        AUTO_FREE char *at = NULL;
        const struct json *faults = scenario_faults(c->scenario, c->pointer, i, NULL);
        count_crashes(&search, scenario_steps(c->scenario, c->pointer, i, &at));
        if (i == 0 && json_get(c->scenario, "phases"))
            faults = faults ? faults : json_get(c->scenario, "faults");
        for (const struct json *fault = json_first(faults); fault; fault = json_next(fault))
            search.crashes += json_get(json_get(fault, "do"), "crash") != NULL;
        bool is_crash_next =
            i + 1 < phases && text_equal(scenario_before(c->scenario, i + 1), "process-crash");
        if (search.no_returns && !search.crashes)
            finding_at(c->source, at, "a step says \"no-return\" but nothing crashes in its phase");
        if (search.crashes && !search.no_returns)
            finding_at(c->source, at,
                       "something crashes but no step of the phase says \"no-return\"");
        if (search.no_returns && !is_crash_next)
            finding_at(c->source, at,
                       "\"no-return\" needs a following phase with before: process-crash");
        if (is_crash_next && !search.no_returns)
            finding_at(c->source, at,
                       "before: process-crash follows, but no step says \"no-return\"");
    }
    struct crash_search end = {.c = c};
    count_crashes(&end, json_get(c->scenario, "finally"));
    if (end.crashes || end.no_returns)
        finding_at(c->source, c->pointer, "nothing may crash in finally");
}
