/* SPDX-License-Identifier: MIT */
/*
 * os_win_stat.c - os.h for Windows: what is there, its times and attributes.
 *
 * A mode is made of the one thing that Windows has of it, the read-only attribute, and of files
 * only: on a folder it forbids nothing.
 */
#include <string.h>

#include "os_win.h"

#define TICKS_TO_1970 116444736000000000ll /* FILETIMEs count 100 ns since 1601 */

static int64_t ns_of(int64_t filetime)
{
    const int64_t ticks = filetime - TICKS_TO_1970, second = 10000000;
    return os_ns(ticks / second, ticks % second * 100);
}

static int64_t filetime_of(int64_t ns)
{
    int64_t ticks = ns / 100 - (ns % 100 < 0 ? 1 : 0);
    return ticks + TICKS_TO_1970;
}

static enum os_type type_of(DWORD attributes, enum win_link link)
{
    if (link != WIN_NO_LINK)
        return OS_TYPE_LINK;
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? OS_TYPE_DIRECTORY : OS_TYPE_FILE;
}

static uint32_t mode_of(DWORD attributes)
{
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return 0777;
    return attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666;
}

/* path: for the target of a mount point; NULL where there cannot be one. */
static bool fill_stat(HANDLE file, const wchar_t *path, struct os_stat *out)
{
    BY_HANDLE_FILE_INFORMATION info;
    FILE_BASIC_INFO basic;
    FILE_ATTRIBUTE_TAG_INFO tag = {0};
    if (GetFileType(file) != FILE_TYPE_DISK) {
        *out = (struct os_stat){.type = OS_TYPE_OTHER, .mode = 0666, .links = 1};
        return true;
    }
    if (!GetFileInformationByHandle(file, &info) ||
        !GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof basic))
        return false;
    if (path && (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
        !GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tag, sizeof tag))
        return false;
    enum win_link link =
        path ? win_link_kind(path, info.dwFileAttributes, tag.ReparseTag) : WIN_NO_LINK;
    enum os_type type = type_of(info.dwFileAttributes, link);
    *out = (struct os_stat){
        .type = type,
        .size = type == OS_TYPE_FILE ? (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow : 0,
        .mtime_ns = ns_of(basic.LastWriteTime.QuadPart),
        .ctime_ns = ns_of(basic.ChangeTime.QuadPart),
        .device = info.dwVolumeSerialNumber,
        .inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
        .mode = mode_of(info.dwFileAttributes),
        .links = info.nNumberOfLinks,
    };
    return true;
}

/* Windows' code, 0: there. */
static DWORD look_at(const wchar_t *path, bool follow, struct os_stat *out)
{
    AUTO_HANDLE HANDLE file = win_open_entry(path, FILE_READ_ATTRIBUTES, follow);
    if (file == INVALID_HANDLE_VALUE || !fill_stat(file, follow ? NULL : path, out))
        return GetLastError();
    return 0;
}

static HRESULT stat_path(const char *path, bool follow, struct os_stat *out)
{
    AUTO_FREE wchar_t *wide = NULL;
    TRY(win_path(path, &wide));
    DWORD code = look_at(wide, follow, out);
    return code ? win_error(code, "look at", path) : S_OK;
}

HRESULT os_stat(const char *path, struct os_stat *out)
{
    return stat_path(path, true, out);
}

HRESULT os_lstat(const char *path, struct os_stat *out)
{
    return stat_path(path, false, out);
}

/* Windows counts the name of a removed file as long as somebody has it open. For those who ask, a
 * file has none when it is not where it was opened. */
HRESULT os_stat_file(struct os_file *file, struct os_stat *out)
{
    struct os_stat now;
    const char *path = win_file_path(file);
    if (!fill_stat(os_file_handle(file), NULL, out))
        return win_error(GetLastError(), "look at", path);
    if (!os_look(path, &now) || now.inode != out->inode || now.device != out->device)
        out->links = 0;
    return S_OK;
}

/* Leaves the thread's error as it was. */
static bool look(const char *path, bool follow, struct os_stat *out)
{
    struct error before = *error_last();
    AUTO_FREE wchar_t *wide = NULL;
    if (SUCCEEDED(win_path(path, &wide)))
        return look_at(wide, follow, out) == 0;
    error_restore(&before);
    return false;
}

bool os_look(const char *path, struct os_stat *out)
{
    return look(path, true, out);
}

bool os_exists(const char *path)
{
    struct os_stat stat;
    return look(path, false, &stat);
}

bool os_is_directory(const char *path)
{
    struct os_stat stat;
    return look(path, true, &stat) && stat.type == OS_TYPE_DIRECTORY;
}

bool os_is_file(const char *path)
{
    struct os_stat stat;
    return look(path, true, &stat) && stat.type == OS_TYPE_FILE;
}

bool os_is_writable(const char *path)
{
    struct os_stat stat;
    AUTO_FREE wchar_t *wide = NULL;
    if (!look(path, true, &stat) || !(stat.mode & 0222) || FAILED(win_path(path, &wide)))
        return false;
    /* Of a folder this is the right to make files in it. */
    AUTO_HANDLE HANDLE file = win_open_entry(wide, FILE_WRITE_DATA, true);
    return file != INVALID_HANDLE_VALUE || GetLastError() == ERROR_SHARING_VIOLATION;
}

/* ---- changing it ---- */

static HRESULT set_basic(const char *path, bool follow, const FILE_BASIC_INFO *info,
                         const char *doing)
{
    AUTO_FREE wchar_t *wide = NULL;
    FILE_BASIC_INFO copy = *info; /* the call takes no const */
    TRY(win_path(path, &wide));
    AUTO_HANDLE HANDLE file =
        win_open_entry(wide, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, follow);
    if (file == INVALID_HANDLE_VALUE)
        return win_error(GetLastError(), doing, path);
    if (!WIN_CHANGES(SetFileInformationByHandle(file, FileBasicInfo, &copy, sizeof copy)))
        return win_change_error(doing, path);
    return S_OK;
}

HRESULT os_set_mtime(const char *path, int64_t mtime_ns)
{
    FILE_BASIC_INFO info = {.LastWriteTime.QuadPart = filetime_of(mtime_ns)};
    return set_basic(path, false, &info, "set the time of");
}

HRESULT os_set_mode(const char *path, uint32_t mode)
{
    AUTO_FREE wchar_t *wide = NULL;
    TRY(win_path(path, &wide));
    DWORD attributes = GetFileAttributesW(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return win_error(GetLastError(), "set the mode of", path);
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return mode & 0222
                   ? S_OK
                   : FAIL(HR_WIN32(ERROR_NOT_SUPPORTED),
                          "Windows has no attribute that makes a folder read-only: %s", path);
    attributes &= FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE;
    attributes |= mode & 0222 ? 0 : FILE_ATTRIBUTE_READONLY;
    FILE_BASIC_INFO info = {.FileAttributes = attributes ? attributes : FILE_ATTRIBUTE_NORMAL};
    return set_basic(path, true, &info, "set the mode of");
}

unsigned os_umask(void)
{
    return 0;
}

bool os_has_default_mode(const struct os_stat *stat, unsigned umask)
{
    return stat->mode == ((stat->type == OS_TYPE_DIRECTORY ? 0777 : 0666) & ~umask);
}
