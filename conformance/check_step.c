/* SPDX-License-Identifier: MIT */
/* check_step.c - steps: parameters, expectations, synchronisation, world verbs. */
#include "check.h"
#include "clauses.h"
#include "scenario.h"

static const struct reflect_arg *find_argument(const struct reflect_call *call, const char *name)
{
    for (unsigned i = 0; i < call->arg_count; i++) {
        if (text_equal(call->args[i].name, name))
            return &call->args[i];
    }
    return NULL;
}

/* ---- definitions ---- */

static void define_bindings(struct checker *c, const struct json *step, const char *pointer)
{
    enum api api = reflect_api_by_name(json_text(step, "call"));
    for (const struct json *bind = json_first(json_get(step, "bind")); bind;
         bind = json_next(bind)) {
        AUTO_FREE char *at = format("%s/bind/%s", pointer, json_key(bind));
        struct name *name = names_define(&c->names, c->source, NAME_BINDING, json_key(bind), at);
        name->phase = c->phase;
        const char *path = json_string(bind);
        if (!text_starts(path, "/out/") || api == API_COUNT)
            continue;
        const char *slash = strchr(path + 5, '/');
        AUTO_FREE char *out =
            slash ? need(mem_dup_n(path + 5, (size_t)(slash - path) - 5)) : dup_text(path + 5);
        const struct reflect_arg *arg = find_argument(&reflect_calls[api], out);
        if (!arg || !reflect_kind_is_out(arg->kind)) {
            finding_at(c->source, at, "%s has no out parameter %s", reflect_calls[api].name, out);
            continue;
        }
        name->is_handle = !slash && arg->kind == KIND_OUT_SESSION;
        name->is_memory = !slash && reflect_kind_record(arg->kind, NULL);
    }
}

void define_step_names(struct checker *c, const struct json *steps, const char *pointer)
{
    size_t i = 0;
    for (const struct json *step = json_first(steps); step; step = json_next(step), i++) {
        AUTO_FREE char *at = format("%s/%zu", pointer, i);
        if (json_get(step, "id")) {
            struct name *name =
                names_define(&c->names, c->source, NAME_STEP, json_text(step, "id"), at);
            name->json = step;
            name->phase = c->phase;
        }
        if (json_text(step, "signal")) {
            struct name *old = names_find(&c->names, NAME_SIGNAL, json_text(step, "signal"));
            if (!old)
                names_define(&c->names, c->source, NAME_SIGNAL, json_text(step, "signal"), at);
        }
        if (json_get(step, "world"))
            define_world_names(c, json_get(step, "world"), at);
        for (const struct json *v = json_first(json_get(step, "with")); v; v = json_next(v)) {
            AUTO_FREE char *with_at = format("%s/with/%s", at, json_key(v));
            define_value_names(c, v, with_at);
        }
        if (json_get(step, "bind"))
            define_bindings(c, step, at);
        const struct json *lanes = json_get(step, "parallel");
        for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
            AUTO_FREE char *lane_at = format("%s/parallel/%s", at, json_key(lane));
            if (!names_find(&c->names, NAME_LANE, json_key(lane)))
                names_define(&c->names, c->source, NAME_LANE, json_key(lane), lane_at);
            define_step_names(c, lane, lane_at);
        }
    }
}

/* ---- expectations ---- */

static void check_clause_list(struct checker *c, const struct json *holder, const char *pointer)
{
    const struct json *of_case = json_get(c->scenario, "clauses");
    for (const struct json *clause = json_first(json_get(holder, "clauses")); clause;
         clause = json_next(clause)) {
        const char *id = json_string(clause);
        AUTO_FREE char *at = format("%s/clauses", pointer);
        if (holder != c->scenario && !json_array_has(of_case, id))
            finding_at(c->source, at, "clause %s is not in the list of its case", id);
        if (c->clauses && !clauses_find(c->clauses, id))
            finding_at(c->source, at, "clause %s is not in the register", id);
    }
}

static bool is_sharp(const struct json *hr)
{
    return json_string(hr) && !text_starts(json_string(hr), "any-");
}

static void check_evidence(struct checker *c, const struct json *assertion, const struct json *step,
                           const char *pointer)
{
    if (!text_equal(scenario_status(c->scenario), "stable") || !c->clauses)
        return;
    if (json_get(assertion, "grade") && json_get(assertion, "source"))
        return;
    /* Where an outcome names neither, the register's entries for its clauses stand in. */
    if (json_get(assertion, "clauses") || json_get(step, "clauses") ||
        json_get(c->scenario, "clauses"))
        return;
    finding_at(c->source, pointer, "an assertion of a stable case needs grade and source");
}

static void check_outcome(struct checker *c, const struct json *step, const struct json *outcome,
                          bool is_label, const char *pointer)
{
    AUTO_FREE char *hr_at = format("%s/hr", pointer);
    AUTO_FREE char *out_at = format("%s/out", pointer);
    AUTO_FREE char *message_at = format("%s/message", pointer);
    AUTO_FREE char *progress_at = format("%s/progress", pointer);
    check_hr(c, json_get(outcome, "hr"), hr_at);
    const struct json *out = json_get(outcome, "out");
    if (out)
        check_matcher(c, out, out_at);
    enum api api = reflect_api_by_name(json_text(step, "call"));
    for (const struct json *member = json_is(out, JSON_OBJECT) ? json_first(out) : NULL;
         member && api != API_COUNT; member = json_next(member)) {
        const struct reflect_arg *arg = find_argument(&reflect_calls[api], json_key(member));
        if (*json_key(member) != '$' && (!arg || !reflect_kind_is_out(arg->kind)))
            finding_at(c->source, out_at, "%s has no out parameter %s", reflect_calls[api].name,
                       json_key(member));
    }
    if (json_get(outcome, "message"))
        check_matcher(c, json_get(outcome, "message"), message_at);
    const struct json *progress = json_get(outcome, "progress");
    if (json_get(progress, "calls"))
        check_matcher(c, json_get(progress, "calls"), progress_at);
    if (json_get(progress, "last"))
        check_matcher(c, json_get(progress, "last"), progress_at);
    if (progress && !json_get(json_get(json_get(step, "with"), "Progress"), "$progress"))
        finding_at(c->source, progress_at, "the step passes no $progress callback");
    if (text_equal(json_text(outcome, "grade"), "C") && !is_label &&
        is_sharp(json_get(outcome, "hr")))
        finding_at(c->source, hr_at,
                   "grade C carries only a set, any-failure, any-success or a label");
    check_clause_list(c, outcome, pointer);
    check_evidence(c, outcome, step, pointer);
}

static void check_expect(struct checker *c, const struct json *step, const char *pointer)
{
    AUTO_FREE char *at = format("%s/expect", pointer);
    const struct json *expect = json_get(step, "expect"), *labels = json_get(expect, "oneOf");
    if (text_equal(json_string(expect), "unchecked") &&
        text_equal(scenario_status(c->scenario), "stable"))
        finding_at(c->source, at, "a stable case may not leave a result unchecked");
    if (json_string(expect))
        return;
    if (!labels) {
        check_outcome(c, step, expect, false, at);
        return;
    }
    size_t i = 0;
    for (const struct json *outcome = json_first(labels); outcome;
         outcome = json_next(outcome), i++) {
        AUTO_FREE char *one = format("%s/oneOf/%zu", at, i);
        check_outcome(c, step, outcome, true, one);
        for (const struct json *other = json_first(labels); other != outcome;
             other = json_next(other)) {
            if (text_equal(json_text(other, "as"), json_text(outcome, "as")))
                finding_at(c->source, one, "the label '%s' is given twice",
                           json_text(outcome, "as"));
            if (json_equal(json_get(other, "hr"), json_get(outcome, "hr")) &&
                !json_get(other, "out") && !json_get(other, "message") &&
                !json_get(other, "progress"))
                finding_at(c->source, one, "outcome '%s' can never be told from '%s'",
                           json_text(outcome, "as"), json_text(other, "as"));
        }
    }
}

static void check_when(struct checker *c, const struct json *step, const char *pointer)
{
    const struct json *when = json_get(step, "when");
    if (!when)
        return;
    AUTO_FREE char *at = format("%s/when", pointer);
    struct name *name =
        names_use(&c->names, c->source, NAME_STEP, json_text(when, "outcomeOf"), at);
    if (!name)
        return;
    const struct json *labels = json_get(json_get(name->json, "expect"), "oneOf");
    for (const struct json *outcome = json_first(labels); outcome; outcome = json_next(outcome)) {
        if (text_equal(json_text(outcome, "as"), json_text(when, "is")))
            return;
    }
    finding_at(c->source, at, "the step '%s' has no outcome '%s'", name->text,
               json_text(when, "is"));
}

/* ---- calls ---- */

static bool may_be_omitted(enum kind kind)
{
    switch (kind) {
    case KIND_WSTR_OPT:
    case KIND_WSTRS:
    case KIND_COUNT:
    case KIND_CANCEL:
    case KIND_PROGRESS:
    case KIND_USERDATA:
    case KIND_OPAQUE_ARG:
        return true;
    default:
        return reflect_kind_is_out(kind);
    }
}

static void check_call(struct checker *c, const struct json *step, const char *pointer)
{
    const struct json *with = json_get(step, "with");
    enum api api = reflect_api_by_name(json_text(step, "call"));
    if (api == API_COUNT) {
        AUTO_FREE char *at = format("%s/call", pointer);
        finding_at(c->source, at, "there is no function %s", json_text(step, "call"));
        return;
    }
    const struct reflect_call *call = &reflect_calls[api];
    for (const struct json *value = json_first(with); value; value = json_next(value)) {
        const struct reflect_arg *arg = find_argument(call, json_key(value));
        AUTO_FREE char *at = format("%s/with/%s", pointer, json_key(value));
        const char *event =
            json_text(json_get(json_get(value, "$progress"), "setEventAt"), "event");
        if (event)
            names_use(&c->names, c->source, NAME_EVENT, event, at);
        if (arg)
            check_argument(c, arg->kind, value, at);
        else
            finding_at(c->source, at, "%s has no parameter %s", call->name, json_key(value));
    }
    for (unsigned i = 0; i < call->arg_count; i++) {
        if (!may_be_omitted(call->args[i].kind) && !json_get(with, call->args[i].name))
            finding_at(c->source, pointer, "%s needs its parameter %s", call->name,
                       call->args[i].name);
    }
    check_expect(c, step, pointer);
}

/* ---- synchronisation ---- */

static void check_await(struct checker *c, const struct json *await, const char *pointer)
{
    static const struct {
        const char *key;
        enum name_kind kind;
    } rules[] = {{"signal", NAME_SIGNAL}, {"entered", NAME_STEP}, {"returned", NAME_STEP},
                 {"blocked", NAME_STEP},  {"held", NAME_HOLD},    {"fired", NAME_FAULT}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const char *name = json_text(await, rules[i].key);
        if (!name)
            continue;
        struct name *found = names_find(&c->names, rules[i].kind, name);
        unsigned uses = found ? found->uses : 0;
        found = names_use(&c->names, c->source, rules[i].kind, name, pointer);
        if (found && rules[i].kind == NAME_HOLD)
            found->uses = uses; /* only a release uses a hold up */
        if (found && rules[i].kind == NAME_STEP && !json_text(found->json, "call"))
            finding_at(c->source, pointer, "the step '%s' is not a call", name);
        if (found && rules[i].kind == NAME_STEP && found->phase != c->phase)
            finding_at(c->source, pointer, "the step '%s' belongs to another phase", name);
    }
}

static void check_release(struct checker *c, const char *name, const char *pointer)
{
    struct name *hold = names_find(&c->names, NAME_HOLD, name);
    struct name *change = names_find(&c->names, NAME_WORLD_CHANGE, name);
    if (hold)
        hold->uses++;
    if (change)
        change->uses++;
    if (!hold && !change)
        finding_at(c->source, pointer, "there is no hold and no world change '%s'", name);
}

static unsigned count_barrier(const struct json *steps, const char *name)
{
    unsigned count = 0;
    for (const struct json *step = json_first(steps); step; step = json_next(step))
        count += text_equal(json_text(step, "barrier"), name);
    return count;
}

static void check_barriers(struct checker *c, const struct json *lanes, const char *pointer)
{
    for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
        for (const struct json *step = json_first(lane); step; step = json_next(step)) {
            const char *name = json_text(step, "barrier");
            unsigned meeting = 0;
            for (const struct json *other = json_first(lanes); name && other;
                 other = json_next(other))
                meeting += count_barrier(other, name) > 0;
            if (name && meeting < 2)
                finding_at(c->source, pointer, "the barrier '%s' stands in one lane only", name);
            if (name && count_barrier(lane, name) > 1)
                finding_at(c->source, pointer, "the barrier '%s' stands twice in one lane", name);
        }
    }
}

static bool lane_does(const struct json *steps, const char *key, const char *name)
{
    for (const struct json *step = json_first(steps); step; step = json_next(step)) {
        if (text_equal(json_text(step, key), name))
            return true;
        const struct json *lanes = json_get(step, "parallel");
        for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
            if (lane_does(lane, key, name))
                return true;
        }
    }
    return false;
}

/* What a lane waits for in vain, because only it could do it, later. */
static void check_own_awaits(struct checker *c, const struct json *steps, const char *pointer)
{
    size_t i = 0;
    for (const struct json *step = json_first(steps); step; step = json_next(step), i++) {
        AUTO_FREE char *at = format("%s/%zu", pointer, i);
        const struct json *await = json_first(json_get(step, "await"));
        bool is_signal = text_equal(json_key(await), "signal");
        bool is_step = text_equal(json_key(await), "returned") ||
                       text_equal(json_key(await), "entered") ||
                       text_equal(json_key(await), "blocked");
        const char *key = is_signal ? "signal" : is_step ? "id" : NULL;
        for (const struct json *later = json_next(step); key && later; later = json_next(later)) {
            if (text_equal(json_text(later, key), json_string(await)))
                finding_at(c->source, at, "the lane awaits '%s', which only it can cause, later",
                           json_string(await));
        }
    }
}

/* A callback that is held in a lane must be let go in another one. */
static void check_keepers(struct checker *c, const struct json *lanes, const char *pointer)
{
    for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
        for (const struct json *step = json_first(lane); step; step = json_next(step)) {
            for (const struct json *v = json_first(json_get(step, "with")); v; v = json_next(v)) {
                const struct json *spec = json_get(v, "$progress");
                const char *name = json_get(spec, "holdAt") ? json_text(spec, "name") : NULL;
                bool is_kept = !name;
                for (const struct json *other = json_first(lanes); other && !is_kept;
                     other = json_next(other))
                    is_kept = other != lane && lane_does(other, "release", name);
                if (!is_kept)
                    finding_at(c->source, pointer, "no other lane releases the hold '%s'", name);
            }
        }
    }
}

/* ---- check ---- */

static void check_check(struct checker *c, const struct json *step, const char *pointer)
{
    static const char *const observations[] = {"$dir", "$file", "$inImage"};
    const struct json *what = json_get(step, "check");
    AUTO_FREE char *at = format("%s/check", pointer);
    AUTO_FREE char *matches_at = format("%s/matches", pointer);
    check_matcher(c, json_get(step, "matches"), matches_at);
    check_evidence(c, step, step, pointer);
    for (size_t i = 0; i < 3; i++) {
        if (json_get(what, observations[i])) {
            check_text_value(c, json_get(what, observations[i]), at);
            return;
        }
    }
    bool is_fixture;
    if (json_text(what, "$ref"))
        check_reference(c, json_text(what, "$ref"), at, &is_fixture);
    else
        finding_at(c->source, at, "only an observation or a $ref can be checked");
}

void check_steps(struct checker *c, const struct json *steps, const char *pointer)
{
    size_t i = 0;
    for (const struct json *step = json_first(steps); step; step = json_next(step), i++) {
        AUTO_FREE char *at = format("%s/%zu", pointer, i);
        check_clause_list(c, step, at);
        check_when(c, step, at);
        if (json_get(step, "call"))
            check_call(c, step, at);
        if (json_get(step, "await"))
            check_await(c, json_get(step, "await"), at);
        if (json_get(step, "release"))
            check_release(c, json_text(step, "release"), at);
        if (json_get(step, "world"))
            check_world(c, json_get(step, "world"), at);
        if (json_get(step, "check"))
            check_check(c, step, at);
        if (json_get(step, "barrier") && !c->lane)
            finding_at(c->source, at, "a barrier belongs into the lanes of a parallel step");
        const struct json *lanes = json_get(step, "parallel");
        check_barriers(c, lanes, at);
        check_keepers(c, lanes, at);
        for (const struct json *lane = json_first(lanes); lane; lane = json_next(lane)) {
            AUTO_FREE char *lane_at = format("%s/parallel/%s", at, json_key(lane));
            const char *outer = c->lane;
            c->lane = json_key(lane);
            check_own_awaits(c, lane, lane_at);
            check_steps(c, lane, lane_at);
            c->lane = outer;
        }
    }
}
