/* SPDX-License-Identifier: MIT */
/*
 * os_win_opener.c - os.h for Windows: who has something open below a folder.
 *
 * Whether somebody has, is asked for with an open that shares nothing, which fails beside any other
 * that reads, writes, deletes, executes or is a current folder. Who it is the file system tells
 * (Windows 8; not under Wine).
 */
#include "os.h"

#include <string.h>

#include <windows.h>
#include <winternl.h>

#include "error.h"
#include "floor.h"
#include "os_win_run.h"
#include "path.h"

#define FILE_PROCESS_IDS_USING_FILE ((FILE_INFORMATION_CLASS)47)

struct process_ids {
    ULONG count;
    ULONG_PTR ids[512];
};

static HANDLE open_entry(const WCHAR *path, DWORD access, DWORD share)
{
    return CreateFileW(path, access, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

/* Somebody else before ourselves, whose handle may be the one that is just used to ask. */
static unsigned find_user(const WCHAR *path)
{
    AUTO_HANDLE HANDLE file = open_entry(path, FILE_READ_ATTRIBUTES, 7);
    static const struct process_ids none;
    struct process_ids users = none;
    IO_STATUS_BLOCK status;
    if (file == INVALID_HANDLE_VALUE ||
        !NT_SUCCESS(NtQueryInformationFile(file, &status, &users, sizeof users,
                                           FILE_PROCESS_IDS_USING_FILE)))
        return 0;
    unsigned found = 0;
    for (ULONG i = 0; i < users.count && (!found || found == os_pid()); i++)
        found = (unsigned)users.ids[i];
    return found;
}

static HRESULT is_open(const char *path, bool *out)
{
    AUTO_FREE WCHAR *wide = NULL;
    TRY(win_path(path, &wide));
    AUTO_HANDLE HANDLE file = open_entry(wide, GENERIC_READ, 0);
    *out = file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_SHARING_VIOLATION;
    return S_OK;
}

/* S_FALSE: nobody. */
static HRESULT find_open(const char *path, char **out)
{
    bool found;
    struct os_stat stat;
    TRY(is_open(path, &found));
    if (found) {
        *out = mem_dup(path);
        return *out ? S_OK : FAIL_MEMORY();
    }
    if (FAILED(os_lstat(path, &stat)) || stat.type != OS_TYPE_DIRECTORY)
        return S_FALSE;
    AUTO_NAMES struct os_names names = {0};
    if (FAILED(os_list(path, &names)))
        return S_FALSE; /* gone in between, or not ours to look into */
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *below = NULL;
        TRY(path_join(path, names.ptr[i], &below));
        HRESULT hr = find_open(below, out);
        if (hr != S_FALSE)
            return hr;
    }
    return S_FALSE;
}

HRESULT os_find_opener(const char *folder, char **path_out, unsigned *pid_out)
{
    AUTO_FREE char *real = NULL, *found = NULL;
    AUTO_FREE WCHAR *wide = NULL;
    TRY(os_real_path(folder, &real));
    FLOOR_PAUSE(); /* what others have open is nothing that can be counted on */
    HRESULT hr = find_open(real, &found);
    if (hr != S_OK)
        return hr;
    TRY(win_path(found, &wide));
    *pid_out = find_user(wide);
    *path_out = TAKE(found);
    return S_OK;
}
