/* SPDX-License-Identifier: MIT */
/* world_step.c - see world_step.h. Paths become canonical here, as those of calls do. */
#include "world_step.h"

#include <string.h>

#include "client_path.h"
#include "clock.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "text.h"
#include "world.h"

static HRESULT online_root(char **out)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    return client_path_canonical(settings->online, out);
}

/* A file that is not there yet: its folder may be named through a link all the same. */
static HRESULT canonical(const char *path, char **out)
{
    AUTO_FREE char *parent = NULL, *real = NULL;
    if (os_exists(path))
        return os_real_path(path, out);
    TRY(path_parent(path, &parent));
    if (!os_exists(parent))
        return client_path_canonical(path, out);
    TRY(os_real_path(parent, &real));
    return path_join(real, path_name(path), out);
}

static HRESULT path_of(const struct json *change, const char *key, char **out)
{
    const char *given = json_string(json_get(change, key));
    AUTO_FREE char16_t *wide = NULL;
    AUTO_FREE char *path = NULL, *online = NULL;
    if (!given)
        return FAIL(E_INVALIDARG, "expected a string at /%s", key);
    TRY(text_from_utf16(DISM_ONLINE_IMAGE, &online));
    if (text_equal(given, online))
        return online_root(out);
    TRY(text_to_utf16(given, &wide));
    TRY(client_path_any_volume(wide, key, E_INVALIDARG, &path));
    return canonical(path, out);
}

static HRESULT advance(const struct json *step)
{
    uint64_t ms = 0;
    TRY(json_need_u64(step, "advanceMs", "", &ms));
    TRY(json_only_keys(step, "", (const char *const[]){"advanceMs", NULL}));
    clock_advance(ms);
    return S_OK;
}

/* What is done to a file needs no library: the file itself is the place for it. */
static HRESULT refuse_deeds(const struct json *step)
{
    static const char *const deeds[] = {"writeFile", "imageVersion"};
    const char *how = json_string(json_get(step, "how"));
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (json_get(step, deeds[i]))
            return FAIL(E_INVALIDARG, "/%s: this is done to the file itself, not to the world",
                        deeds[i]);
    if (json_get(step, "tamper") && how && !text_equal(how, "lock") &&
        !text_equal(how, "deny-access"))
        return FAIL(E_INVALIDARG, "/how is '%s': this is done to the file itself, not to the world",
                    how);
    if (json_get(step, "saveState") || json_get(step, "restoreState"))
        return FAIL(E_INVALIDARG, "/%s: DismFakeSaveState and DismFakeRestoreState do this",
                    json_get(step, "saveState") ? "saveState" : "restoreState");
    return S_OK;
}

HRESULT world_step(const char *text)
{
    AUTO_JSON struct json *step = NULL;
    AUTO_FREE char *path = NULL;
    TRY(json_parse(text, strlen(text), &step));
    if (!json_is(step, JSON_OBJECT))
        return FAIL(E_INVALIDARG, "expected an object, not %s", json_type_name(json_type(step)));
    if (json_get(step, "advanceMs"))
        return advance(step);
    TRY(refuse_deeds(step));
    const char *key = world_path_key(step);
    if (key)
        TRY(path_of(step, key, &path));
    return world_change(step, path);
}
