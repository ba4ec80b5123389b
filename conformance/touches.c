/* SPDX-License-Identifier: MIT */
/* touches.c - see touches.h. What is not known to be harmless asks for the whole machine. */
#include "touches.h"

static const char *const names[] = {"nothing", "scratch", "mounts", "machine"};

const char *touches_name(enum touches level)
{
    return names[level];
}

bool touches_parse(const char *name, enum touches *out)
{
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (text_equal(name, names[i])) {
            *out = (enum touches)i;
            return true;
        }
    }
    return false;
}

/* ---- a call by its name ---- */

/* Others: DismGet... and _DismGet... read an image that is open, the rest changes it. */
static const struct {
    const char *name;
    enum touches level;
} calls[] = {
    {"DismInitialize", TOUCHES_NOTHING},          {"DismShutdown", TOUCHES_NOTHING},
    {"DismGetLastErrorMessage", TOUCHES_NOTHING}, {"DismDelete", TOUCHES_NOTHING},
    {"DismGetImageInfo", TOUCHES_NOTHING},        {"DismGetMountedImageInfo", TOUCHES_NOTHING},
    {"DismCloseSession", TOUCHES_NOTHING},        {"DismOpenSession", TOUCHES_SCRATCH},
    {"DismMountImage", TOUCHES_MOUNTS},           {"DismUnmountImage", TOUCHES_MOUNTS},
    {"DismCommitImage", TOUCHES_MOUNTS},          {"DismRemountImage", TOUCHES_MOUNTS},
    {"DismCleanupMountpoints", TOUCHES_MACHINE}, /* whosever they are */
};

static bool only_reads(const char *call)
{
    return text_starts(call, "DismGet") || text_starts(call, "_DismGet");
}

static enum touches level_of_call(const char *call)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (text_equal(call, calls[i].name))
            return calls[i].level;
    }
    if (only_reads(call))
        return TOUCHES_SCRATCH;
    return *call == '_' ? TOUCHES_MACHINE : TOUCHES_SCRATCH;
}

/* Parameters that name a place where the call, or a later one, writes. */
static bool is_place(const char *parameter)
{
    static const char *const places[] = {"MountPath", "ImagePath", "LogFilePath",
                                         "ScratchDirectory"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (text_equal(parameter, places[i]))
            return true;
    }
    return false;
}

/* A mount writes into the image file, later, or keeps it open. */
static bool is_place_of(const char *call, const char *parameter)
{
    return is_place(parameter) || (text_equal(parameter, "ImageFilePath") && !only_reads(call));
}

static bool is_online(const struct json *value)
{
    return text_equal(json_text(value, "$const"), "DISM_ONLINE_IMAGE") ||
           (json_string(value) && text_starts(json_string(value), "DISM_{"));
}

/* A literal that leads away from the case's folder whatever that is: absolute, or from the root or
 * the current folder of a drive. */
static bool leaves_folder(const char *literal)
{
    return path_is_absolute(literal) || *literal == '/' || *literal == '\\' ||
           (os_has_drives() && strchr(literal, ':'));
}

/* ---- the steps of a case ---- */

struct tally {
    enum touches level;
    char *why;
    const char *online; /* a step opens the running system */
    const char *change; /* a step changes an open image */
};

static void ask_for(struct tally *tally, enum touches level, const char *call, const char *more)
{
    if (level <= tally->level)
        return;
    tally->level = level;
    mem_free(tally->why);
    tally->why = format("%s%s", call, more);
}

static void count_call(struct tally *tally, const struct json *step, const char *call)
{
    const struct json *with = json_get(step, "with");
    ask_for(tally, level_of_call(call), call, "");
    for (const struct json *one = json_first(with); one; one = json_next(one)) {
        const char *literal = json_string(one);
        if (literal && is_place_of(call, json_key(one)) && leaves_folder(literal) &&
            !is_online(one))
            ask_for(tally, TOUCHES_MACHINE, call, " with a place of its own");
    }
    if (text_equal(call, "DismInitialize") && !json_get(with, "LogFilePath"))
        ask_for(tally, TOUCHES_MOUNTS, call, " with the machine's log");
    if (text_equal(call, "DismOpenSession") && is_online(json_get(with, "ImagePath")))
        tally->online = call;
    bool is_listed = false;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        is_listed = is_listed || text_equal(call, calls[i].name);
    if (!is_listed && !only_reads(call))
        tally->change = call;
}

static void count_step(void *context, const struct json *step, const char *pointer)
{
    (void)pointer;
    struct tally *tally = context;
    if (json_text(step, "call"))
        count_call(tally, step, json_text(step, "call"));
    if (json_get(step, "world"))
        ask_for(tally, TOUCHES_SCRATCH, "a change of the world", "");
}

enum touches touches_of(const struct scenario *scenario, char **why)
{
    struct tally tally = {0};
    scenario_each_step(scenario->json, scenario->pointer, count_step, &tally);
    if (tally.online && tally.change)
        ask_for(&tally, TOUCHES_MACHINE, tally.change, " on the running system");
    *why = tally.why;
    return tally.level;
}

/* ---- one call, as it is about to be made ---- */

HRESULT touches_check(enum touches level, enum api api, const struct json *arguments,
                      const char *folder)
{
    const char *call = reflect_calls[api].name;
    if (level == TOUCHES_MACHINE)
        return S_OK;
    if (level < level_of_call(call))
        return FAIL(E_ACCESSDENIED, "%s needs --touches %s", call,
                    touches_name(level_of_call(call)));
    for (const struct json *one = json_first(arguments); one; one = json_next(one)) {
        const char *text = json_string(one);
        if (!text || !*text || !is_place_of(call, json_key(one)) || is_online(one))
            continue;
        AUTO_FREE char *path = NULL;
        TRY(path_absolute(text, folder, &path));
        if (!path_is_within(path, folder))
            return FAIL(E_ACCESSDENIED,
                        "%s would write to %s, outside of the case's folder: that needs "
                        "--touches machine",
                        call, path);
    }
    return S_OK;
}
