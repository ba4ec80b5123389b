/* SPDX-License-Identifier: MIT */
/*
 * require.c - may a case run here? What it asks for in `requires`, and what its steps need although
 * it does not say so: exports, faults, events, the simulated reboot.
 */
#include "spelling.h"
#include "subject.h"
#include "tool.h"
#include "touches.h"
#include "world_verbs.h"

static struct json *reason(const char *kind)
{
    struct json *why = json_hold(json_new_object());
    json_set_string(why, "kind", kind);
    return why;
}

static void add_missing(struct json **why, const char *kind, const char *name)
{
    if (!*why) {
        *why = reason(kind);
        json_set(*why, "missing", json_new_array());
    }
    /* The array belongs to *why; json_get only lends it as const. */
    struct json *missing = json_hold(json_copy(json_get(*why, "missing")));
    if (!json_array_has(missing, name))
        json_push(missing, json_new_string(name));
    json_set(*why, "missing", missing);
}

static struct json *missing_capabilities(const struct subject *subject, const struct json *wanted)
{
    struct json *why = NULL;
    for (const struct json *name = json_first(wanted); name; name = json_next(name)) {
        if (!subject_can(subject, json_string(name)))
            add_missing(&why, "capability", json_string(name));
    }
    return why;
}

static struct json *missing_exports(const struct subject *subject, const struct json *wanted)
{
    struct json *why = NULL;
    for (const struct json *name = json_first(wanted); name; name = json_next(name)) {
        if (!json_array_has(json_get(subject->about, "exports"), json_string(name)))
            add_missing(&why, "export", json_string(name));
    }
    return why;
}

static enum touches level_of(const char *name)
{
    enum touches level = TOUCHES_MACHINE;
    (void)touches_parse(name, &level);
    return level;
}

static struct json *wanted_and_had(const char *kind, const struct json *wanted, const char *had)
{
    struct json *why = reason(kind);
    json_set(why, "wanted", json_copy(wanted));
    json_set_string(why, "have", had);
    return why;
}

static struct json *check_alternative(const struct subject *subject, const struct json *one,
                                      const char *granted)
{
    const struct json *implementation = json_get(one, "implementation");
    if (implementation && !json_array_has(implementation, subject->implementation))
        return wanted_and_had("implementation", implementation, subject->implementation);
    struct json *why = missing_capabilities(subject, json_get(one, "capabilities"));
    if (!why)
        why = missing_exports(subject, json_get(one, "exports"));
    if (why)
        return why;
    bool is_elevated = text_equal(subject->implementation, "fake") || os_is_elevated();
    const struct json *elevated = json_get(one, "elevated");
    if (elevated && json_bool(elevated) != is_elevated)
        return wanted_and_had("elevated", elevated, is_elevated ? "elevated" : "not elevated");
    const struct json *touches = json_get(one, "touches");
    if (touches && level_of(json_string(touches)) > level_of(granted))
        return wanted_and_had("touches", touches, granted);
    /* The version of Windows, or of the library as Windows counts it, is not known here. */
    if (json_get(one, "os"))
        return wanted_and_had("os", json_get(one, "os"), "unknown");
    if (json_get(one, "apiVersion"))
        return wanted_and_had("apiVersion", json_get(one, "apiVersion"), "unknown");
    return NULL;
}

/* The reason of the alternative that came closest: one whose implementation fits. */
static struct json *check_alternatives(const struct subject *subject, const struct json *requires,
                                       const char *granted)
{
    struct json *best = NULL;
    for (const struct json *one = json_first(requires); one; one = json_next(one)) {
        struct json *why = check_alternative(subject, one, granted);
        if (!why) {
            json_free(best);
            return NULL;
        }
        if (!best || text_equal(json_text(best, "kind"), "implementation")) {
            json_free(best);
            best = why;
        } else {
            json_free(why);
        }
    }
    return best;
}

/* ---- what the steps need ---- */

struct implied {
    struct json *capabilities, *exports, *hooks;
    bool is_disk;
    bool drives; /* a path is spelled as only systems with drive letters take it */
    bool tool;   /* wimlib-imagex, which reads and alters images */
};

static void add_once(struct json *array, const char *name)
{
    if (!json_array_has(array, name))
        json_push(array, json_new_string(name));
}

static void imply_fault(struct implied *implied, const struct json *fault)
{
    static const struct {
        const char *action, *capability;
    } rules[] = {{"return", "fault:return"},
                 {"crash", "fault:crash"},
                 {"diskFullAfterBytes", "fault:disk-full"},
                 {"allocFail", "fault:alloc"}};
    add_once(implied->hooks, "DismFakeLoadFaults");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (json_get(json_get(fault, "do"), rules[i].action))
            add_once(implied->capabilities, rules[i].capability);
    }
}

static void imply_world(struct implied *implied, const struct json *world)
{
    const char *capability = world_verb_of(world)->capability;
    if (capability)
        add_once(implied->capabilities, capability);
    if (world_needs_hook(world))
        add_once(implied->hooks, "DismFakeWorld");
    if (text_equal(json_text(world, "how"), "modify") || json_get(world, "imageVersion"))
        implied->tool = true;
}

static void imply_step(void *context, const struct json *step, const char *pointer)
{
    (void)pointer;
    struct implied *implied = context;
    if (json_text(step, "call"))
        add_once(implied->exports, json_text(step, "call"));
    for (const struct json *v = json_first(json_get(step, "with")); v; v = json_next(v)) {
        if (json_get(v, "$event") && !os_has_drives()) /* there a HANDLE is the system's */
            add_once(implied->hooks, "DismFakeCreateEvent");
        if (json_get(json_get(v, "$progress"), "holdAt"))
            add_once(implied->capabilities, "progress:hold");
        implied->drives = implied->drives ||
                          (json_get(v, "$spelled") && spelling_needs_drives(json_text(v, "as")));
    }
    const struct json *world = json_get(step, "world"), *await = json_get(step, "await");
    if (world)
        imply_world(implied, world);
    if (json_get(json_get(step, "check"), "$inImage") && !implied->is_disk)
        implied->tool = true;
    if (json_get(await, "blocked")) {
        add_once(implied->capabilities, "sync:blocked");
        add_once(implied->hooks, "DismFakeAwait");
    }
}

static void imply(struct implied *implied, const struct scenario *scenario)
{
    implied->drives = implied->tool = false;
    implied->is_disk = scenario->disk != NULL;
    implied->capabilities = json_hold(json_new_array());
    implied->exports = json_hold(json_new_array());
    implied->hooks = json_hold(json_new_array());
    scenario_each_step(scenario->json, scenario->pointer, imply_step, implied);
    if (scenario_is_initialised(scenario->json)) {
        add_once(implied->exports, "DismInitialize");
        add_once(implied->exports, "DismShutdown");
    }
    const struct json *faults = json_get(scenario->json, "faults");
    for (const struct json *fault = json_first(faults); fault; fault = json_next(fault))
        imply_fault(implied, fault);
    const struct json *phases = json_get(scenario->json, "phases");
    for (const struct json *phase = json_first(phases); phase; phase = json_next(phase)) {
        if (text_equal(json_text(phase, "before"), "reboot"))
            add_once(implied->capabilities, "world:reboot");
        for (const struct json *fault = json_first(json_get(phase, "faults")); fault;
             fault = json_next(fault))
            imply_fault(implied, fault);
    }
}

static void implied_clear(struct implied *implied)
{
    json_free(implied->capabilities);
    json_free(implied->exports);
    json_free(implied->hooks);
}

static struct json *missing_hooks(const struct subject *subject, const struct json *wanted)
{
    struct json *why = NULL;
    for (const struct json *name = json_first(wanted); name; name = json_next(name)) {
        if (!json_array_has(json_get(subject->about, "hooks"), json_string(name)))
            add_missing(&why, "hook", json_string(name));
    }
    return why;
}

/* The machine of a fake is simulated; what any other library does is done. */
static struct json *missing_grant(const struct subject *subject, const struct scenario *scenario,
                                  const char *granted)
{
    AUTO_FREE char *step = NULL;
    enum touches level = touches_of(scenario, &step);
    if (text_equal(subject->implementation, "fake") || level <= level_of(granted))
        return NULL;
    struct json *why = reason("touches");
    json_set_string(why, "wanted", touches_name(level));
    json_set_string(why, "have", granted);
    json_set_string(why, "for", step);
    return why;
}

struct json *subject_skip(const struct subject *subject, const struct scenario *scenario,
                          const char *granted)
{
    struct json *why =
        check_alternatives(subject, json_get(scenario->file->root, "requires"), granted);
    if (!why)
        why = check_alternatives(subject, json_get(scenario->json, "requires"), granted);
    if (why)
        return why;
    why = missing_grant(subject, scenario, granted);
    if (why)
        return why;
    struct implied implied;
    imply(&implied, scenario);
    why = missing_exports(subject, implied.exports);
    if (!why)
        why = missing_capabilities(subject, implied.capabilities);
    if (!why)
        why = missing_hooks(subject, implied.hooks);
    if (!why && implied.tool && !tool_is_there())
        add_missing(&why, "program", "wimlib-imagex");
    if (!why && implied.drives && !os_has_drives()) {
        why = reason("os");
        json_set_string(why, "wanted", "drive letters");
        json_set_string(why, "have", "none");
    }
    implied_clear(&implied);
    return why;
}

bool subject_needs(const struct scenario *scenario, const char *capability)
{
    struct implied implied;
    imply(&implied, scenario);
    bool found = json_array_has(implied.capabilities, capability);
    const struct json *holders[] = {scenario->file->root, scenario->json};
    for (size_t i = 0; i < 2; i++) {
        const struct json *requires = json_get(holders[i], "requires");
        for (const struct json *one = json_first(requires); one; one = json_next(one))
            found = found || json_array_has(json_get(one, "capabilities"), capability);
    }
    implied_clear(&implied);
    return found;
}

const char *subject_lie(const struct subject *subject, const struct scenario *scenario)
{
    for (const struct json *lie = json_first(subject->lied); lie; lie = json_next(lie)) {
        if (subject_needs(scenario, json_key(lie)))
            return json_key(lie);
    }
    return NULL;
}
