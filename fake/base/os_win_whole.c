/* SPDX-License-Identifier: MIT */
/* os_win_whole.c - os.h for Windows: files read, written and copied as a whole. */
#include <stdio.h>

#include "os_win.h"
#include "path.h"

/* To the end, since a pipe has no size. */
HRESULT os_read_file(const char *path, char **data, size_t *size)
{
    AUTO_FILE struct os_file *file = NULL;
    LARGE_INTEGER known;
    TRY(os_open(path, OS_READ, &file));
    bool is_sized = GetFileSizeEx(os_file_handle(file), &known) && known.QuadPart > 0;
    return os_read_all(file, is_sized ? (uint64_t)known.QuadPart : 0, os_read_at, data, size);
}

/* Beside the file, with at most 50 code points of its name: a name may have 255 units. */
static HRESULT temporary_name(const char *path, char **out)
{
    AUTO_FREE char *folder = NULL;
    TRY(path_parent(path, &folder));
    const char *name = path_name(path);
    size_t len = 0;
    uint32_t cp;
    for (int i = 0; i < 50 && name[len]; i++) {
        size_t n = text_decode(name + len, &cp);
        len += n ? n : 1;
    }
    uint64_t number = 0;
    os_random(&number, sizeof number);
    *out = mem_format("%s/.%.*s.tmp.%u.%016llx", folder, (int)len, name, os_pid(),
                      (unsigned long long)number);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT os_write_file_atomic(const char *path, const void *data, size_t size)
{
    AUTO_FREE char *temporary = NULL;
    AUTO_FILE struct os_file *file = NULL;
    TRY(temporary_name(path, &temporary));
    TRY(os_open(temporary, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file));
    HRESULT hr = os_write(file, data, size);
    if (SUCCEEDED(hr))
        hr = os_sync(file);
    os_close(TAKE(file));
    if (SUCCEEDED(hr))
        hr = os_rename(temporary, path);
    if (SUCCEEDED(hr))
        return S_OK;
    struct error why = *error_last();
    FLOOR_PAUSE();
    (void)os_remove_file(temporary);
    error_restore(&why);
    return hr;
}

/* ---- copying ---- */

static HRESULT copy_content(struct os_file *from, struct os_file *to)
{
    size_t size = 1024 * 1024, got = 0;
    AUTO_FREE char *buffer = mem_alloc(size);
    if (!buffer)
        return FAIL_MEMORY();
    for (uint64_t offset = 0;; offset += got) {
        TRY(os_read_at(from, buffer, size, offset, &got));
        if (got == 0)
            return S_OK;
        TRY(os_write_at(to, buffer, got, offset));
    }
}

/* Its time and what of it is like a mode. */
static HRESULT copy_marks(struct os_file *from, struct os_file *to, const char *path)
{
    FILE_BASIC_INFO info;
    HANDLE source = os_file_handle(from), target = os_file_handle(to);
    if (!GetFileInformationByHandleEx(source, FileBasicInfo, &info, sizeof info))
        return win_error(GetLastError(), "look at", path);
    DWORD kept = info.FileAttributes & (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN |
                                        FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE);
    FILE_BASIC_INFO marks = {.LastWriteTime = info.LastWriteTime,
                             .FileAttributes = kept ? kept : FILE_ATTRIBUTE_NORMAL};
    if (!WIN_CHANGES(SetFileInformationByHandle(target, FileBasicInfo, &marks, sizeof marks)))
        return win_change_error("set mode and time of", path);
    return S_OK;
}

HRESULT os_copy_file(const char *from, const char *to)
{
    AUTO_FILE struct os_file *source = NULL, *target = NULL;
    struct os_stat a, b;
    TRY(os_open(from, OS_READ, &source));
    TRY(os_open(to, OS_WRITE | OS_CREATE, &target));
    TRY(os_stat_file(source, &a));
    TRY(os_stat_file(target, &b));
    if (a.device == b.device && a.inode == b.inode)
        return FAIL(E_INVALIDARG, "cannot copy %s onto itself", from);
    TRY(os_truncate(target, 0));
    HRESULT hr = copy_content(source, target);
    if (SUCCEEDED(hr))
        hr = copy_marks(source, target, to);
    if (SUCCEEDED(hr))
        return S_OK;
    struct error why = *error_last();
    FLOOR_PAUSE();
    (void)os_remove_file(to);
    error_restore(&why);
    return hr;
}
