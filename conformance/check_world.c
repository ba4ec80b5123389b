/* SPDX-License-Identifier: MIT */
/* check_world.c - world steps: their paths, and what the whole case owes to them. */
#include "check.h"
#include "scenario.h"
#include "world_verbs.h"

/* The fixture that a path names as a whole; NULL if it names none. */
static const struct json *find_fixture(const struct checker *c, const struct json *path,
                                       const struct json *file)
{
    const char *reference = json_text(path, "$ref");
    if (!reference || !text_ends(reference, ".path"))
        return NULL;
    AUTO_FREE char *name = need(mem_dup_n(reference, strlen(reference) - strlen(".path")));
    const struct json *own = json_get(json_get(c->scenario, "fixtures"), name);
    return own ? own : json_get(json_get(file, "fixtures"), name);
}

static void check_writable(struct checker *c, const struct json *world, const char *pointer)
{
    const struct world_verb *verb = world_verb_of(world);
    bool changes_it = json_get(world, "imageVersion") ||
                      (json_get(world, "tamper") && !text_equal(json_text(world, "how"), "lock"));
    const struct json *fixture = find_fixture(c, json_get(world, verb->name), c->file);
    if (changes_it && json_get(fixture, "catalog") && !json_bool(json_get(fixture, "writable")))
        finding_at(c->source, pointer, "an image of the catalogue that is changed is writable");
}

void check_world(struct checker *c, const struct json *world, const char *pointer)
{
    const struct world_verb *verb = world_verb_of(world);
    AUTO_FREE char *at = format("%s/world/%s", pointer, verb->name);
    if (verb->has_path)
        check_text_value(c, json_get(world, verb->name), at);
    check_writable(c, world, at);
    if (json_get(world, "restoreState"))
        names_use(&c->names, c->source, NAME_STATE, json_text(world, "restoreState"), at);
}

void define_world_names(struct checker *c, const struct json *world, const char *pointer)
{
    AUTO_FREE char *at = format("%s/world/saveState", pointer);
    if (json_text(world, "as"))
        names_define(&c->names, c->source, NAME_WORLD_CHANGE, json_text(world, "as"), pointer);
    if (json_text(world, "saveState"))
        names_define(&c->names, c->source, NAME_STATE, json_text(world, "saveState"), at);
}

/* ---- elevated: how the phase's process starts ---- */

static bool is_first_of_a_phase(const struct checker *c, const char *pointer)
{
    for (size_t i = 0; i < scenario_phase_count(c->scenario); i++) {
        AUTO_FREE char *steps = NULL;
        scenario_steps(c->scenario, c->pointer, i, &steps);
        AUTO_FREE char *first = format("%s/0", steps);
        if (text_equal(first, pointer))
            return true;
    }
    return false;
}

static void check_elevated(void *context, const struct json *step, const char *pointer)
{
    struct checker *c = context;
    if (!json_get(json_get(step, "world"), "elevated"))
        return;
    AUTO_FREE char *at = format("%s/world/elevated", pointer);
    if (!is_first_of_a_phase(c, pointer))
        finding_at(c->source, at, "'elevated' stands first in its phase");
    if (scenario_is_initialised(c->scenario))
        finding_at(c->source, at, "'elevated' needs a case with library: untouched");
}

/* ---- requires: alternatives name the capabilities ---- */

static bool every_one_names(const struct json *requires, const char *capability)
{
    for (const struct json *one = json_first(requires); one; one = json_next(one)) {
        if (!json_array_has(json_get(one, "capabilities"), capability))
            return false;
    }
    return json_len(requires) > 0;
}

static void check_named(void *context, const struct json *step, const char *pointer)
{
    struct checker *c = context;
    const struct json *world = json_get(step, "world");
    const struct json *of_case = json_get(c->scenario, "requires");
    const struct json *of_file = json_get(c->file, "requires");
    const char *capability = world ? world_verb_of(world)->capability : NULL;
    if (!capability || (!of_case && !of_file))
        return;
    if (!every_one_names(of_case, capability) && !every_one_names(of_file, capability))
        finding_at(c->source, pointer, "not every alternative of requires names %s", capability);
}

void check_worlds(struct checker *c)
{
    scenario_each_step(c->scenario, c->pointer, check_elevated, c);
    scenario_each_step(c->scenario, c->pointer, check_named, c);
}
