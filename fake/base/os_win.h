/* SPDX-License-Identifier: MIT */
/*
 * os_win.h - what the files os_win*.c share: paths and errors of Windows. Text of Windows is
 * UTF-16, ours is UTF-8; on Windows char16_t and wchar_t are the same type.
 */
#ifndef BASE_OS_WIN_H
#define BASE_OS_WIN_H

#include <errno.h>
#include <wchar.h>

#include "error.h"
#include "floor.h"
#include "mem.h"
#include "os_shared.h"
#include "text.h"

/* The path as every call of Windows takes it: absolute, behind \\?\, so that it may be 32,767 units
 * long and means what it says (no reserved names, no dots and spaces cut off). "C:x" and "/x" mean
 * what they mean to Windows. Caller's: mem_free. */
HRESULT win_path(const char *path, wchar_t **out);
/* Text of Windows as a path of ours: \\?\ and \??\ dropped, '/' between. Caller's. */
HRESULT win_path_from(const wchar_t *text, char **out);
/* Native, "C:/x": the current folder ("."), or that of a drive ("C:"). */
HRESULT win_current_folder(const wchar_t *of, char **out);
/* Arguments, names and values that are no paths go through text_to_utf16 and text_from_utf16. */

/* GetLastError's code as HRESULT, where Linux and Windows name the same thing by two codes the one
 * that hr_from_errno gives. */
HRESULT win_hr(DWORD code);
/* FAIL with win_hr(code) and what Windows says to it; path may be NULL. */
HRESULT win_error(DWORD code, const char *doing, const char *path);

/* Runs a call that changes something, unless the floor denies it (FLOOR_CHANGES of Windows): true
 * if it did, else win_change_error tells why not, which has to come next. */
#define WIN_CHANGES(call) ((errno = floor_denies_change()) == 0 && (call))
HRESULT win_change_error(const char *doing, const char *path);

HANDLE os_file_handle(const struct os_file *file);
const char *win_file_path(const struct os_file *file);
/* Opens whatever is there, for what `access` says; a link at the end is followed or opened itself.
 * INVALID_HANDLE_VALUE: GetLastError. */
HANDLE win_open_entry(const wchar_t *path, DWORD access, bool follow);
#define WIN_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

enum win_link { WIN_NO_LINK, WIN_LINK, WIN_VOLUME_MOUNT };
/* What a reparse point with that tag is to us; path is asked only for a mount point's target. */
enum win_link win_link_kind(const wchar_t *path, DWORD attributes, DWORD tag);
/* Removes a file, a link or an empty folder; Windows' code, 0: done. Others may have it open (with
 * FILE_SHARE_DELETE), and it may be read-only. */
DWORD win_remove(const wchar_t *path);

static inline void scope_handle(HANDLE *handle)
{
    if (*handle && *handle != INVALID_HANDLE_VALUE)
        CloseHandle(*handle);
}
#define AUTO_HANDLE AUTO(scope_handle)

#endif
