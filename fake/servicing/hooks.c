/* SPDX-License-Identifier: MIT */
/* hooks.c - the functions of dismfake.h. */
#ifdef _WIN32
#define DISMFAKE_EXPORT __declspec(dllexport)
#else
#define DISMFAKE_EXPORT __attribute__((visibility("default")))
#endif
#include "dismfake.h"

#include <stdio.h>
#include <string.h>

#include "activity.h"
#include "call.h"
#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "fault.h"
#include "fault_why.h"
#include "forget.h"
#include "image_file.h"
#include "journal.h"
#include "library.h"
#include "mounts.h"
#include "os.h"
#include "path.h"
#include "result.h"
#include "session.h"
#include "settings.h"
#include "snapshot.h"
#include "text.h"
#include "wim_commit.h"
#include "world.h"
#include "world_step.h"

/* The hooks' failures are reported like those of the API. */
static HRESULT answer(HRESULT hr)
{
    if (FAILED(hr))
        call_report_error(hr);
    return hr;
}

/* ---- events ---- */

HANDLE WINAPI DismFakeCreateEvent(BOOL ManualReset, BOOL InitialState)
{
    return os_event_create(ManualReset != 0, InitialState != 0);
}

BOOL WINAPI DismFakeSetEvent(HANDLE Event)
{
    return os_event_set(Event, true);
}

BOOL WINAPI DismFakeResetEvent(HANDLE Event)
{
    return os_event_set(Event, false);
}

BOOL WINAPI DismFakeCloseEvent(HANDLE Event)
{
    return os_event_close(Event);
}

/* ---- faults ---- */

static HRESULT need_text(const char *text, const char *what)
{
    return text && *text ? S_OK : FAIL(E_INVALIDARG, "%s is NULL or empty", what);
}

static HRESULT load_faults(const char *json)
{
    TRY(need_text(json, "Json"));
    TRY(fault_refresh());
    return fault_load(json);
}

HRESULT WINAPI DismFakeLoadFaults(const char *Json)
{
    return answer(load_faults(Json));
}

HRESULT WINAPI DismFakeDisarm(const char *Id)
{
    return answer(fault_disarm(Id));
}

static HRESULT release(const char *hold)
{
    TRY(need_text(hold, "Hold"));
    return fault_release(hold);
}

HRESULT WINAPI DismFakeRelease(const char *Hold)
{
    return answer(release(Hold));
}

static HRESULT arm_all(const char *json)
{
    TRY(need_text(json, "Json"));
    return fault_arm_state(json);
}

HRESULT WINAPI DismFakeArmState(const char *Json)
{
    return answer(arm_all(Json));
}

HRESULT WINAPI DismFakeDisarmState(void)
{
    return answer(fault_disarm_state());
}

static HRESULT release_state(const char *hold)
{
    TRY(need_text(hold, "Hold"));
    if (strchr(hold, '/') || hold[0] == '.')
        return FAIL(E_INVALIDARG, "'%s' is no name of a hold", hold);
    return fault_release_state(hold);
}

HRESULT WINAPI DismFakeReleaseState(const char *Hold)
{
    return answer(release_state(Hold));
}

/* Has it happened? Fails on text that means nothing. */
static HRESULT has_happened(const char *what, bool *out)
{
    unsigned long long thread;
    bool exists;
    if (text_starts(what, "held:")) {
        *out = fault_is_held(what + 5);
        return S_OK;
    }
    if (text_starts(what, "fired:")) {
        *out = fault_has_fired(what + 6, &exists);
        return exists ? S_OK : FAIL(HR_WIN32(ERROR_NOT_FOUND), "no rule '%s' is armed", what + 6);
    }
    if (text_starts(what, "blocked:") && text_to_u64(what + 8, &thread)) {
        *out = activity_is_blocked(thread);
        return S_OK;
    }
    return FAIL(E_INVALIDARG, "'%s' is none of held:NAME, fired:ID, blocked:TID", what);
}

static HRESULT await(const char *what, UINT timeout_ms)
{
    /* No announcement has this number: the first wait only learns the present one. */
    uint64_t deadline = os_now_ms() + timeout_ms, seen = UINT64_MAX;
    TRY(need_text(what, "What"));
    while (activity_await(&seen, deadline)) {
        bool happened = false;
        TRY(has_happened(what, &happened));
        if (happened)
            return S_OK;
    }
    return S_FALSE;
}

HRESULT WINAPI DismFakeAwait(const char *What, UINT TimeoutMs)
{
    return answer(await(What, TimeoutMs));
}

void WINAPI DismFakeNameThread(const char *Name)
{
    call_name_thread(Name);
}

void WINAPI DismFakeNameStep(const char *Name)
{
    call_name_step(Name);
}

UINT64 WINAPI DismFakeThreadId(void)
{
    return os_thread_id();
}

/* ---- the world ---- */

static HRESULT restart(void)
{
    TRY(world_reboot());
    return mounts_reboot();
}

HRESULT WINAPI DismFakeReboot(void)
{
    return answer(library_restart(restart));
}

HRESULT WINAPI DismFakeReset(void)
{
    return answer(library_restart(forget_everything));
}

HRESULT WINAPI DismFakeAdvanceClock(UINT64 Milliseconds)
{
    clock_advance(Milliseconds);
    return S_OK;
}

static HRESULT change_world(const char *json)
{
    TRY(need_text(json, "Json"));
    return world_step(json);
}

HRESULT WINAPI DismFakeWorld(const char *Json)
{
    return answer(change_world(Json));
}

HRESULT WINAPI DismFakeWorldRelease(const char *Name)
{
    return answer(world_release(Name));
}

/* ---- the world kept and brought back ---- */

static HRESULT native_file(const char *file, char **out)
{
    TRY(need_text(file, "File"));
    return path_full(file, out);
}

static HRESULT save_all(void *file)
{
    TRY(wim_recover());
    return snapshot_save(file);
}

static HRESULT save_state(const char *file)
{
    AUTO_FREE char *path = NULL;
    TRY(native_file(file, &path));
    return library_alone(save_all, path);
}

HRESULT WINAPI DismFakeSaveState(const char *File)
{
    return answer(save_state(File));
}

static HRESULT restore_all(void *file)
{
    return snapshot_restore(file, forget_mounts);
}

static HRESULT restore_state(const char *file)
{
    AUTO_FREE char *path = NULL;
    TRY(native_file(file, &path));
    if (!os_is_file(path))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "there is no file %s", path);
    return library_alone(restore_all, path);
}

HRESULT WINAPI DismFakeRestoreState(const char *File)
{
    return answer(restore_state(File));
}

/* ---- what can be seen ---- */

static HRESULT print(const struct json *value, char **out)
{
    if (!out)
        return FAIL(E_INVALIDARG, "Json is NULL");
    *out = json_print(value);
    return *out ? S_OK : FAIL_MEMORY();
}

static void set_path(struct json *object, const char *key, const char *native)
{
    AUTO_FREE char *shown = path_shown(native);
    json_set_string(object, key, shown);
}

static struct json *mount_json(const struct mounts *m, const struct mount *mount)
{
    static const char *const statuses[] = {"Ok", "NeedsRemount", "Invalid"};
    struct json *entry = json_new_object();
    set_path(entry, "mountPath", mount->mount_path_given);
    set_path(entry, "imageFilePath", mount->image_path_given);
    json_set_number(entry, "imageIndex", mount->index);
    json_set_bool(entry, "readOnly", mount->is_readonly);
    json_set_string(entry, "status", statuses[mount_status(m, mount)]);
    json_set_string(entry, "state", mount_state_name(mount->state));
    json_set_string(entry, "engine", mount->engine);
    if (mount_is_busy(mount))
        json_set_number(entry, "workedOnByPid", mount->owner_pid);
    return entry;
}

static HRESULT add_mounts(struct json *status)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct json *array = json_new_array();
    for (size_t i = 0; i < m.list.len; i++)
        json_push(array, mount_json(&m, &m.list.ptr[i]));
    json_set(status, "mounts", array);
    json_set_string(status, "boot", m.boot);
    return S_OK;
}

static HRESULT add_world(struct json *status)
{
    struct json *changes;
    TRY(world_list(&changes));
    json_set(status, "world", changes);
    return S_OK;
}

static HRESULT status(char **out)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    TRY(fault_refresh());
    AUTO_JSON struct json *object = json_new_object();
    set_path(object, "stateFolder", settings->state);
    json_set_bool(object, "initialised", library_is_initialised());
    json_set_number(object, "clockMs", (double)clock_advanced_ms());
    json_set(object, "sessions", session_table_json());
    TRY(add_mounts(object));
    json_set(object, "rules", fault_rules_json());
    json_set(object, "holds", fault_holds_json());
    json_set(object, "calls", activity_json());
    TRY(add_world(object));
    json_set_number(object, "liveAllocations", (double)result_live_count());
    return print(object, out);
}

HRESULT WINAPI DismFakeStatus(char **Json)
{
    return answer(status(Json));
}

static HRESULT journal(char **out)
{
    AUTO_JSON struct json *array = NULL;
    TRY(journal_read(&array));
    return print(array, out);
}

HRESULT WINAPI DismFakeJournal(char **Json)
{
    return answer(journal(Json));
}

static HRESULT why(const char *id, char **out)
{
    AUTO_JSON struct json *answer = NULL;
    TRY(need_text(id, "Id"));
    TRY(fault_refresh());
    TRY(fault_why(id, 0, &answer));
    return print(answer, out);
}

HRESULT WINAPI DismFakeWhy(const char *Id, char **Json)
{
    return answer(why(Id, Json));
}

static HRESULT capabilities(char **out)
{
    static const char *const names[] = {
        "fault:return",     "fault:crash",         "fault:alloc",   "fault:disk-full",
        "sync:blocked",     "world:reboot",        "world:tamper",  "world:hold",
        "world:hive",       "world:volume",        "world:service", "world:elevation",
        "world:scanner",    "world:other-process", "world:version", "world:update",
        "world:save-state", "clock:virtual",       "progress:sync", "progress:hold",
        "progress:cancel"};
    AUTO_JSON struct json *object = json_new_object();
    struct json *array = json_new_array(), *steps = json_new_array();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_push(array, json_new_string(names[i]));
    if (image_disks_are_supported())
        json_push(array, json_new_string("image:disk"));
    for (unsigned i = 0; i < STEP_COUNT; i++)
        json_push(steps, json_new_string(step_name((enum step)i)));
    json_set_string(object, "implementation", "fake");
    json_set_string(object, "version", DISMFAKE_VERSION);
    json_set(object, "capabilities", array);
    json_set(object, "steps", steps);
    return print(object, out);
}

HRESULT WINAPI DismFakeCapabilities(char **Json)
{
    return answer(capabilities(Json));
}

UINT64 WINAPI DismFakeLiveAllocations(void)
{
    return result_live_count();
}

void WINAPI DismFakeFree(void *Text)
{
    mem_free(Text);
}
