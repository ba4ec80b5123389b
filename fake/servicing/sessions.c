/* SPDX-License-Identifier: MIT */
/*
 * sessions.c - DismInitialize, DismShutdown, DismOpenSession, DismCloseSession,
 * DismGetLastErrorMessage, DismDelete.
 */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "change.h"
#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "fault_why.h"
#include "library.h"
#include "log.h"
#include "mount_check.h"
#include "online.h"
#include "os.h"
#include "path.h"
#include "place.h"
#include "result.h"
#include "scratch.h"
#include "session.h"
#include "settings.h"
#include "state_file.h"
#include "text.h"
#include "turn.h"
#include "versions.h"
#include "worker.h"
#include "world.h"

/* ---- DismInitialize, DismShutdown ---- */

struct start {
    DismLogLevel level;
    const char *log_path, *scratch;
};

static void log_start(const struct start *start)
{
    log_bare("");
    log_line(LOG_INFO, "Library::Initialize", S_OK,
             "<----- Starting DismApi.dll session (dismfake) ----->");
    log_bare("");
    log_line(LOG_INFO, "Library::Initialize", S_OK,
             "Input parameters: LogLevel: %d, LogFilePath: %s, ScratchDirectory: %s",
             (int)start->level, start->log_path ? start->log_path : "(null)",
             start->scratch ? start->scratch : "(null)");
}

static HRESULT prepare(void *context)
{
    const struct start *start = context;
    const struct settings *settings;
    TRY(settings_get(&settings));
    TRY(world_check_elevated());
    if (start->scratch && !os_is_directory(start->scratch))
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "the scratch directory %s does not exist",
                    start->scratch);
    TRY(scratch_set(start->scratch));
    session_start();
    HRESULT hr = log_open(start->log_path, start->level);
    log_start(start);
    return hr;
}

HRESULT impl_DismInitialize(struct call *call, DismLogLevel LogLevel, PCWSTR LogFilePath,
                            PCWSTR ScratchDirectory)
{
    AUTO_FREE char *log_path = NULL, *scratch = NULL;
    const struct settings *settings;
    (void)call;
    TRY(settings_get(&settings));
    if (LogFilePath)
        TRY(client_path(LogFilePath, "LogFilePath", DISMAPI_E_LOGGING_DISABLED, &log_path));
    if (ScratchDirectory)
        TRY(client_path(ScratchDirectory, "ScratchDirectory", E_INVALIDARG, &scratch));
    struct start start = {LogLevel, log_path, scratch};
    HRESULT hr = library_initialise(prepare, &start);
    if (hr != HR_WIN32(ERROR_ALREADY_INITIALIZED))
        return hr;
    if (SUCCEEDED(settings->already_initialized))
        return settings->already_initialized;
    return FAIL(settings->already_initialized,
                "DismInitialize was called before and not followed by DismShutdown");
}

static void report_unused(void *context, const char *id, const char *at, unsigned reached)
{
    *(bool *)context = true;
    log_line(LOG_WARNING, "Fault::Unused", S_OK, "rule '%s' at %s never fired (reached %u times)",
             id, at, reached);
    AUTO_JSON struct json *why = NULL;
    const char *reason = NULL;
    if (SUCCEEDED(fault_why(id, os_pid(), &why)))
        reason = json_string(json_get(json_first(json_get(why, "reasons")), "text"));
    fprintf(stderr, "dismfake: rule '%s' at %s never fired (reached %u times)%s%s\n", id, at,
            reached, reason ? ": " : "", reason ? reason : "");
}

static void report_leak(void *context, const void *pointer, enum api api, size_t size)
{
    (void)context;
    log_line(LOG_WARNING, "Result::Leak", S_OK,
             "%zu bytes at %p of %s were not given to DismDelete", size, pointer,
             reflect_calls[api].name);
    fprintf(stderr, "dismfake: %zu bytes of %s were not given to DismDelete\n", size,
            reflect_calls[api].name);
}

static void finish(void)
{
    const struct settings *settings;
    bool has_unused = false;
    if (FAILED(settings_get(&settings)))
        return;
    fault_each_unused(report_unused, &has_unused);
    if (settings->leaks)
        result_each_live(report_leak, NULL);
    log_line(LOG_INFO, "Library::Shutdown", S_OK,
             "<----- Ending DismApi.dll session (dismfake) ----->");
    log_close();
    session_forget_all();
    (void)scratch_set(NULL);
    os_process_forget();
    if (has_unused && settings->strict)
        os_crash(OS_CRASH_ABORT);
}

HRESULT impl_DismShutdown(struct call *call)
{
    (void)call;
    return library_shut_down(finish);
}

/* ---- DismOpenSession, DismCloseSession ---- */

/* The folder below an image root that a path of Windows names. */
static HRESULT find_folder(const char *root, const char *relative, char **out)
{
    HRESULT hr = place_find(root, relative, out);
    TRY(hr);
    if (hr == S_FALSE || !os_is_directory(*out))
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "%s has no folder %s: no Windows image", root,
                    relative);
    return S_OK;
}

static HRESULT find_windows(const char *root, PCWSTR given, char **out)
{
    AUTO_FREE char *name = NULL, *native = NULL, *windows = NULL, *system = NULL;
    if (given)
        TRY(text_from_utf16(given, &name));
    TRY(path_native(name && *name ? name : "Windows", &native));
    const char *below = path_below(native, root); /* absolute */
    const char *relative = below ? below : native;
    while (*relative == '/')
        relative++;
    if (path_drive(relative))
        return FAIL(E_INVALIDARG, "WindowsDirectory %s is not below the image", native);
    TRY(find_folder(root, relative, &windows));
    TRY(find_folder(windows, "System32", &system));
    *out = TAKE(windows);
    return S_OK;
}

/* The registry of the image, which a session loads. */
static HRESULT open_hives(const char *windows)
{
    AUTO_FREE char *folder = NULL;
    AUTO_NAMES struct os_names hives = {0};
    if (world_is_normal()) /* nobody is in the way of files */
        return S_OK;
    HRESULT hr = find_folder(windows, "System32/config", &folder);
    if (FAILED(hr)) /* an image without a registry */
        return hr == HR_WIN32(ERROR_PATH_NOT_FOUND) ? S_OK : hr;
    TRY(os_list(folder, &hives));
    return world_open_files(folder, WORLD_SERVICE, (unsigned)hives.len);
}

struct opening {
    struct call *call;
    const char *root;
    PCWSTR windows_directory, system_drive;
    DismSession *out;
};

static HRESULT open_offline(void *context, struct image *image)
{
    const struct opening *o = context;
    (void)image;
    AUTO_FREE char *mount = NULL, *windows = NULL, *drive = NULL;
    TRY(op_step(&o->call->op, STEP_SESSION_OPEN));
    TRY(world_check_host());
    TRY(mount_check(o->root, &mount));
    TRY(change_recover(o->root, false));
    TRY(find_windows(o->root, o->windows_directory, &windows));
    TRY(version_check(mount));
    TRY(open_hives(windows));
    if (o->system_drive)
        TRY(text_from_utf16(o->system_drive, &drive));
    struct session_target target = {
        .root = o->root, .windows = windows, .system_drive = drive, .mount = mount};
    return session_open(&target, o->out);
}

static HRESULT open_online(struct call *call, DismSession *out)
{
    const struct settings *settings;
    AUTO_FREE char *windows = NULL, *root = NULL;
    TRY(settings_get(&settings));
    TRY(op_step(&call->op, STEP_SESSION_OPEN));
    TRY(world_check_host());
    TRY(online_prepare());
    TRY(os_real_path(settings->online, &root));
    TRY(world_check_unserviced(root));
    TRY(find_windows(root, NULL, &windows));
    TRY(open_hives(windows));
    TRY(change_recover(root, true));
    TRY(online_after_restart(&call->op, root, windows));
    struct session_target target = {
        .root = root, .windows = windows, .system_drive = "C:", .is_online = true};
    return session_open(&target, out);
}

static bool is_running_windows(const char *path, const struct os_stat *stat)
{
    const struct settings *settings;
    struct os_stat online;
    AUTO_FREE char *system = NULL;
    if (SUCCEEDED(os_system_root(&system)) && path_equal(path, system))
        return true;
    if (FAILED(settings_get(&settings)))
        return false;
    if (!settings->online_is_given)
        state_file_look("online", &online);
    else if (!os_look(settings->online, &online))
        online.inode = 0;
    if (!online.inode) /* not made yet */
        return path_equal(path, settings->online);
    return stat->inode == online.inode && stat->device == online.device;
}

HRESULT impl_DismOpenSession(struct call *call, PCWSTR ImagePath, PCWSTR WindowsDirectory,
                             PCWSTR SystemDrive, DismSession *Session)
{
    AUTO_FREE char *given = NULL, *path = NULL, *root = NULL;
    TRY(text_from_utf16(ImagePath, &given));
    AUTO_FREE char *online = NULL;
    TRY(text_from_utf16(DISM_ONLINE_IMAGE, &online));
    if (text_equal(given, online)) {
        if (WindowsDirectory || SystemDrive)
            return FAIL(E_INVALIDARG,
                        "WindowsDirectory and SystemDrive cannot be given with DISM_ONLINE_IMAGE");
        return open_online(call, Session);
    }
    TRY(client_path(ImagePath, "ImagePath", HR_WIN32(ERROR_NOT_SUPPORTED), &path));
    TRY(client_path_canonical(path, &root));
    struct os_stat stat;
    if (!os_look(root, &stat))
        stat = (struct os_stat){.type = OS_TYPE_OTHER};
    if (is_running_windows(root, &stat))
        return FAIL(DISMAPI_E_MUST_SPECIFY_ONLINE_IMAGE,
                    "%s is the running Windows: use DISM_ONLINE_IMAGE", given);
    if (stat.type != OS_TYPE_DIRECTORY)
        return FAIL(HR_WIN32(ERROR_DIRECTORY), "%s is not a folder", path);

    struct opening o = {call, root, WindowsDirectory, SystemDrive, Session};
    return turn_run(root, open_offline, &o);
}

static HRESULT drained(void *context)
{
    struct call *call = context;
    return op_step(&call->op, STEP_SESSION_DRAIN);
}

HRESULT impl_DismCloseSession(struct call *call, DismSession Session)
{
    return session_close(Session, drained, call);
}

/* ---- DismGetLastErrorMessage, DismDelete ---- */

HRESULT impl_DismGetLastErrorMessage(struct call *call, DismString **ErrorMessage)
{
    const char *message = call_reported_error();
    /* Also answers for a failed DismInitialize (DismInitialize.12). */
    if (!message && !library_is_initialised())
        return FAIL(DISMAPI_E_DISMAPI_NOT_INITIALIZED, "DismInitialize has not been called");
    struct result result AUTO(result_clear) = {0};
    void *block;
    TRY(result_begin(&result, call->api, 1, sizeof **ErrorMessage));
    TRY(result_string(&result, offsetof(DismString, Value), message ? message : ""));
    TRY(result_finish(&result, &block));
    *ErrorMessage = block;
    return S_OK;
}

HRESULT impl_DismDelete(struct call *call, VOID *DismStructure)
{
    (void)call;
    if (!DismStructure)
        return S_OK;
    switch (result_delete(DismStructure)) {
    case RESULT_DELETED:
        return S_OK;
    case RESULT_DELETED_BEFORE:
        return FAIL(E_INVALIDARG, "%p was given to DismDelete before", DismStructure);
    default:
        if (!library_is_initialised())
            return FAIL(DISMAPI_E_DISMAPI_NOT_INITIALIZED, "DismInitialize has not been called");
        return FAIL(E_INVALIDARG, "%p was not returned by the DISM API", DismStructure);
    }
}
