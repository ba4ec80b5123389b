/* SPDX-License-Identifier: MIT */
/*
 * os_win_place.c - os.h for Windows: what a path stands for, where things belong, and what of
 * Linux' mounts there is none of.
 */
#include <string.h>

#include "os_win.h"
#include "path.h"

/* ---- what a path stands for ---- */

/* "C:/" keeps its separator, everything else loses the one at its end. */
static void cut_separator(char *path)
{
    size_t len = strlen(path);
    if (len > 3 && path[len - 1] == '/')
        path[len - 1] = '\0';
}

static HRESULT from_units(const wchar_t *text, char **out)
{
    TRY(win_path_from(text, out));
    cut_separator(*out);
    return S_OK;
}

HRESULT os_real_path(const char *path, char **out)
{
    FLOOR_PAUSE(); /* as in win_path */
    AUTO_FREE wchar_t *wide = NULL, *real = mem_array(32768, sizeof *real);
    TRY(win_path(path, &wide));
    if (!real)
        return FAIL_MEMORY();
    AUTO_HANDLE HANDLE file = win_open_entry(wide, 0, true);
    if (file == INVALID_HANDLE_VALUE)
        return win_error(GetLastError(), "resolve", path);
    DWORD len = GetFinalPathNameByHandleW(file, real, 32768, FILE_NAME_NORMALIZED);
    /* File systems without a place in Windows' list of volumes have none to tell. */
    return from_units(len > 0 && len < 32768 ? real : wide, out);
}

HRESULT os_cwd(char **out)
{
    TRY(win_current_folder(L".", out));
    cut_separator(*out);
    return S_OK;
}

bool os_has_drives(void)
{
    return true;
}

HRESULT os_cwd_of_drive(char drive, char **out)
{
    TRY(win_current_folder((const wchar_t[]){(wchar_t)(unsigned char)drive, L':', 0}, out));
    cut_separator(*out);
    return S_OK;
}

HRESULT os_system_root(char **out)
{
    wchar_t folder[MAX_PATH + 1];
    UINT len = GetWindowsDirectoryW(folder, MAX_PATH + 1);
    if (len < 2 || len > MAX_PATH)
        return win_error(GetLastError(), "find Windows' own folder", NULL);
    *out = mem_format("%c:/", (char)folder[0]);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT os_temp_directory(char **out)
{
    wchar_t folder[MAX_PATH + 2];
    DWORD len = GetTempPathW(MAX_PATH + 2, folder);
    if (len == 0 || len > MAX_PATH + 1)
        return win_error(GetLastError(), "find the folder of temporary files", NULL);
    return from_units(folder, out);
}

HRESULT os_state_directory(const char *name, char **out)
{
    const char *local = os_getenv("LOCALAPPDATA");
    AUTO_FREE char *folder = NULL;
    if (local && local[0] && local[1] == ':')
        TRY(path_native(local, &folder));
    else
        TRY(os_temp_directory(&folder));
    return path_join(folder, name, out);
}

bool os_is_volume_root(const char *path)
{
    FLOOR_PAUSE(); /* as in win_path */
    struct error before = *error_last();
    AUTO_FREE wchar_t *wide = NULL, *volume = mem_array(32768, sizeof *volume);
    AUTO_FREE char *here = NULL, *root = NULL;
    bool is_root = volume && os_is_directory(path) && SUCCEEDED(win_path(path, &wide)) &&
                   GetVolumePathNameW(wide, volume, 32768) && SUCCEEDED(from_units(wide, &here)) &&
                   SUCCEEDED(from_units(volume, &root)) && path_equal(here, root);
    error_restore(&before);
    return is_root;
}

bool os_has_streams(const char *path)
{
    struct error before = *error_last();
    AUTO_FREE wchar_t *wide = NULL;
    WIN32_FIND_STREAM_DATA stream;
    bool found = false;
    if (SUCCEEDED(win_path(path, &wide))) {
        HANDLE find = FindFirstStreamW(wide, FindStreamInfoStandard, &stream, 0);
        bool has_stream = find != INVALID_HANDLE_VALUE;
        for (; has_stream && !found; has_stream = FindNextStreamW(find, &stream))
            found = wcscmp(stream.cStreamName, L"::$DATA") != 0;
        if (find != INVALID_HANDLE_VALUE)
            FindClose(find);
    }
    error_restore(&before);
    return found;
}

/* ---- mounts and overlays: Linux' ---- */

bool os_may_mount(void)
{
    return false;
}

HRESULT os_mount_source(const char *path, char **out)
{
    (void)path, (void)out;
    return S_FALSE;
}

HRESULT os_mount_place(const char *source, char **out)
{
    (void)source, (void)out;
    return S_FALSE;
}

HRESULT os_unmount(const char *path, bool even_if_used)
{
    (void)even_if_used;
    return win_error(ERROR_NOT_SUPPORTED, "unmount", path);
}

HRESULT os_mount_below(const char *folder, char **out)
{
    (void)folder, (void)out;
    return S_FALSE;
}

void os_unmount_below(const char *folder)
{
    (void)folder;
}

bool os_is_opaque(const char *folder)
{
    (void)folder;
    return false;
}

HRESULT os_make_whiteout(const char *path)
{
    return win_error(ERROR_NOT_SUPPORTED, "mark as deleted", path);
}

uint32_t os_overlay_generation(const char *path)
{
    (void)path;
    return 0;
}

void os_overlay_forget(const char *path)
{
    (void)path;
}
