/* SPDX-License-Identifier: MIT */
/* world_verbs.c - see world_verbs.h. */
#include "world_verbs.h"

static const struct world_verb verbs[] = {
    {"writeFile", true, WORLD_REAL, NULL, "write the file %s"},
    {"tamper", true, WORLD_REAL, "world:tamper", "tamper with %s"},
    {"holdFile", true, WORLD_REAL | WORLD_SIMULATED, "world:hold", "another process opens %s"},
    {"advanceMs", false, WORLD_CLOCK, "clock:virtual", "%s milliseconds pass"},
    {"loadHive", true, WORLD_SIMULATED, "world:hive", "somebody loads the registry hive %s"},
    {"volume", true, WORLD_SIMULATED, "world:volume", "the volume of %s"},
    {"elevated", false, WORLD_SIMULATED, "world:elevation", "the process is elevated: %s"},
    {"service", false, WORLD_SIMULATED, "world:service", "the service %s"},
    {"scanner", true, WORLD_SIMULATED, "world:scanner", "a scanner watches %s"},
    {"otherProcess", true, WORLD_SIMULATED, "world:other-process", "another process works on %s"},
    {"windowsUpdate", true, WORLD_SIMULATED, "world:update", "Windows Update has what is in %s"},
    {"hostVersion", false, WORLD_SIMULATED, "world:version", "the host is Windows %s"},
    {"imageVersion", true, WORLD_REAL, "world:version", "the image %s becomes another version"},
    {"saveState", false, WORLD_STATE, "world:save-state", "the world is kept as %s"},
    {"restoreState", false, WORLD_STATE, "world:save-state", "the world is again as kept in %s"},
};

const struct world_verb *world_verb_of(const struct json *world)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (json_get(world, verbs[i].name))
            return &verbs[i];
    }
    die("the schema let a world verb through that the runner does not know");
}

static bool is_restriction(const struct json *world)
{
    const char *how = json_text(world, "how");
    return text_equal(how, "lock") || text_equal(how, "deny-access");
}

bool world_is_real(const struct json *world)
{
    return (world_verb_of(world)->place & WORLD_REAL) != 0;
}

bool world_is_simulated(const struct json *world)
{
    return (world_verb_of(world)->place & WORLD_SIMULATED) != 0 || is_restriction(world);
}

/* On Linux an open file keeps nobody out, and no mode binds root; on Windows none means "no
 * access". */
bool world_needs_hook(const struct json *world)
{
    const char *share = json_text(world, "share"), *how = json_text(world, "how");
    bool keeps_out = (share && !text_equal(share, "all")) || text_equal(how, "lock");
    return (keeps_out && !os_has_drives()) ||
           (text_equal(how, "deny-access") && (os_is_elevated() || os_has_drives()));
}

char *world_sentence(const struct json *world, char *(*said)(const struct json *value))
{
    const struct world_verb *verb = world_verb_of(world);
    const char *hole = strstr(verb->sentence, "%s");
    AUTO_FREE char *value = said(json_get(world, verb->name));
    struct text out = {0};
    text_add_n(&out, verb->sentence, (size_t)(hole - verb->sentence));
    text_addf(&out, "%s%s", value, hole + 2);
    for (const struct json *one = json_first(world); one; one = json_next(one)) {
        if (text_equal(json_key(one), verb->name) || text_equal(json_key(one), "as"))
            continue;
        AUTO_FREE char *more = said(one);
        text_addf(&out, ", %s: %s", json_key(one), more);
    }
    if (json_text(world, "as"))
        text_addf(&out, " (as %s)", json_text(world, "as"));
    return need(text_take(&out));
}
