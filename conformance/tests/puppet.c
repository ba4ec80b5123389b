/* SPDX-License-Identifier: MIT */
/*
 * puppet.c - a DISM library that misbehaves as the variable PUPPET says, to test the runner with.
 * It does just enough to be initialised, listed and shut down; DismGetImageInfo is where it goes
 * wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(PUPPET_HAS_WORLD)
#pragma GCC visibility push(default)
#include "dismfake.h"
#pragma GCC visibility pop
#endif
#include "os.h"
#include "path.h"
#include "reflect.h"
#include "text.h"

#if defined(_WIN32)
#define PUPPET_EXPORT __declspec(dllexport)
#else
#define PUPPET_EXPORT __attribute__((visibility("default")))
#endif

static bool plays(const char *role)
{
    return text_equal(os_getenv("PUPPET"), role);
}

static DismMountedImageInfo no_mounts[1];
static const WCHAR some_text[] = u"two-index";
static DISM_PROGRESS_CALLBACK late_callback;
static PVOID late_data;

PUPPET_EXPORT HRESULT WINAPI DismInitialize(DismLogLevel LogLevel, PCWSTR LogFilePath,
                                            PCWSTR ScratchDirectory)
{
    (void)LogLevel;
    (void)LogFilePath;
    (void)ScratchDirectory;
    if (plays("crash-initialise"))
        os_crash(OS_CRASH_ACCESS_VIOLATION);
    return plays("initialise") ? E_FAIL : S_OK;
}

static void crash_at_exit(void)
{
    os_crash(OS_CRASH_ABORT);
}

PUPPET_EXPORT HRESULT WINAPI DismShutdown(void)
{
    if (plays("crash-exit"))
        atexit(crash_at_exit);
    return plays("shutdown") ? E_FAIL : S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismOpenSession(PCWSTR ImagePath, PCWSTR WindowsDirectory,
                                             PCWSTR SystemDrive, DismSession *Session)
{
    (void)ImagePath;
    (void)WindowsDirectory;
    (void)SystemDrive;
    *Session = 7;
    return S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismCloseSession(DismSession Session)
{
    return Session == 7 ? S_OK : E_INVALIDARG;
}

/* The roles "left" and "stuck" keep a mount in the current folder, which is the case's. */
#define MOUNT_MARK "mounted"

static HRESULT list_own_mount(DismMountedImageInfo **MountedImageInfo, UINT *Count)
{
    static DismMountedImageInfo own;
    static char16_t *path;
    AUTO_FREE char *folder = NULL;
    if (FAILED(os_cwd(&folder)) || (!path && FAILED(text_to_utf16(folder, &path))))
        return E_FAIL;
    memcpy(&own.MountPath, &path, sizeof path);
    *MountedImageInfo = &own;
    *Count = os_exists(MOUNT_MARK);
    return S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismUnmountImage(PCWSTR MountPath, DWORD Flags, HANDLE CancelEvent,
                                              DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    (void)MountPath;
    (void)CancelEvent;
    (void)Progress;
    (void)UserData;
    if (plays("stuck") || Flags != DISM_DISCARD_IMAGE)
        return E_FAIL;
    return os_remove_file(MOUNT_MARK);
}

PUPPET_EXPORT HRESULT WINAPI DismGetMountedImageInfo(DismMountedImageInfo **MountedImageInfo,
                                                     UINT *Count)
{
    if (plays("left") || plays("stuck"))
        return list_own_mount(MountedImageInfo, Count);
    *MountedImageInfo = plays("mounts") ? no_mounts : NULL;
    *Count = plays("mounts") ? 1 : 0;
    return S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismGetLastErrorMessage(DismString **ErrorMessage)
{
    static DismString text = {some_text};
    *ErrorMessage = &text;
    return S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismDelete(VOID *DismStructure)
{
    (void)DismStructure;
    return plays("delete") ? E_INVALIDARG : S_OK;
}

#ifdef PUPPET_HAS_WORLD
static bool has_obstacle;

PUPPET_EXPORT HRESULT WINAPI DismFakeWorld(const char *Json)
{
    has_obstacle = has_obstacle || strstr(Json, "obstacle");
    return strstr(Json, "hostVersion") ? E_FAIL : S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismFakeWorldRelease(const char *Name)
{
    if (Name && strcmp(Name, "obstacle") != 0)
        return S_FALSE;
    puts(has_obstacle ? "the obstacle is let go" : "there was no obstacle");
    fflush(stdout);
    has_obstacle = false;
    return S_OK;
}
#else
enum { has_obstacle = false };
#endif

static void hang(void)
{
    struct os_mutex lock = {0};
    struct os_cond never = {0};
    os_mutex_lock(&lock);
    for (;;)
        os_cond_wait(&never, &lock);
}

static HRESULT open_it(PCWSTR path16)
{
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *native = NULL;
    AUTO_FILE struct os_file *file = NULL;
    TRY(text_from_utf16((const char16_t *)path16, &path));
    TRY(path_native(path, &native));
    return os_open(native, OS_READ | OS_WRITE, &file);
}

PUPPET_EXPORT HRESULT WINAPI DismGetImageInfo(PCWSTR ImageFilePath, DismImageInfo **ImageInfo,
                                              UINT *Count)
{
    static DismImageInfo info;
    (void)ImageFilePath;
    if (plays("wrong-code") || has_obstacle)
        return E_FAIL;
    if (plays("crash"))
        os_crash(OS_CRASH_ACCESS_VIOLATION);
    if (plays("abort"))
        os_crash(OS_CRASH_ABORT);
    if (plays("terminate"))
        os_crash(OS_CRASH_TERMINATE);
    if (plays("open"))
        return open_it(ImageFilePath);
    if (plays("hang"))
        hang();
    if (plays("exit"))
        exit(0);
    info.ImageIndex = 1;
    info.ImageName = some_text;
    *ImageInfo = plays("garbage") ? (DismImageInfo *)(uintptr_t)16 : &info;
    *Count = 1;
    return S_OK;
}

PUPPET_EXPORT HRESULT WINAPI DismCommitImage(DismSession Session, DWORD Flags, HANDLE CancelEvent,
                                             DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    (void)Session;
    (void)Flags;
    (void)CancelEvent;
    for (UINT i = 1; Progress && i <= 3; i++)
        Progress(plays("falls") && i == 3 ? 1 : i, plays("grows") ? i : 3,
                 plays("user-data") ? &late_data : UserData);
    late_callback = Progress;
    late_data = UserData;
    if (plays("left") || plays("stuck"))
        return SUCCEEDED(os_write_file_atomic(MOUNT_MARK, "", 0)) ? E_FAIL : E_UNEXPECTED;
    return S_OK;
}

#ifndef PUPPET_LACKS_CLEANUP
PUPPET_EXPORT HRESULT WINAPI DismCleanupMountpoints(void)
{
    if (plays("late-callback") && late_callback)
        late_callback(3, 3, late_data);
    return S_OK;
}
#endif
