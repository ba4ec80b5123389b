/* SPDX-License-Identifier: MIT */
/*
 * os_win_entry.c - os.h for Windows: making, renaming and removing single entries, links.
 *
 * What others have open is removed and replaced as on Linux where Windows can do it (10 and later,
 * on NTFS): the name is free at once.
 */
#include "os_win.h"

#include <string.h>

#include <winioctl.h>

/* mingw-w64 10 shows these for Windows 10 only; they are asked for and may be refused. */
#define DISPOSITION_EX ((FILE_INFO_BY_HANDLE_CLASS)21)
#define RENAME_EX ((FILE_INFO_BY_HANDLE_CLASS)22)
enum {
    DISPOSITION_DELETE = 0x01,
    DISPOSITION_POSIX = 0x02,
    DISPOSITION_IGNORE_READONLY = 0x10,
    RENAME_REPLACE = 0x01,
    RENAME_POSIX = 0x02,
    RENAME_IGNORE_READONLY = 0x40,
};

/* ---- links ---- */

/* Of what FSCTL_GET_REPARSE_POINT gives for links; names lie behind it, offsets from there. */
struct reparse {
    DWORD tag;
    WORD size, reserved;
    WORD target_at, target_size, shown_at, shown_size; /* in bytes */
};
#define REPARSE_MOST 16384

static bool read_reparse(const wchar_t *path, void *buffer)
{
    DWORD got = 0;
    AUTO_HANDLE HANDLE file = win_open_entry(path, FILE_READ_ATTRIBUTES, false);
    return file != INVALID_HANDLE_VALUE &&
           DeviceIoControl(file, FSCTL_GET_REPARSE_POINT, NULL, 0, buffer, REPARSE_MOST, &got,
                           NULL) &&
           got >= sizeof(struct reparse);
}

/* The target in its caller's memory; NULL without memory. */
static wchar_t *target_of(const void *buffer)
{
    struct reparse head;
    memcpy(&head, buffer, sizeof head);
    size_t names = sizeof head + (head.tag == IO_REPARSE_TAG_SYMLINK ? sizeof(DWORD) : 0);
    if (names + head.target_at + head.target_size > REPARSE_MOST)
        return NULL;
    wchar_t *target = mem_alloc((size_t)head.target_size + sizeof *target);
    if (target)
        memcpy(target, (const char *)buffer + names + head.target_at, head.target_size);
    return target;
}

enum win_link win_link_kind(const wchar_t *path, DWORD attributes, DWORD tag)
{
    if (!(attributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return WIN_NO_LINK;
    if (tag != IO_REPARSE_TAG_MOUNT_POINT)
        return tag == IO_REPARSE_TAG_SYMLINK ? WIN_LINK : WIN_NO_LINK;
    /* A folder's mount point and a junction have the same tag. */
    AUTO_FREE void *buffer = mem_alloc(REPARSE_MOST);
    AUTO_FREE wchar_t *target = buffer && read_reparse(path, buffer) ? target_of(buffer) : NULL;
    return target && wcsncmp(target, L"\\??\\Volume{", 11) == 0 ? WIN_VOLUME_MOUNT : WIN_LINK;
}

HRESULT os_read_link(const char *path, char **target)
{
    AUTO_FREE wchar_t *wide = NULL;
    AUTO_FREE void *buffer = mem_alloc(REPARSE_MOST);
    TRY(win_path(path, &wide));
    if (!buffer)
        return FAIL_MEMORY();
    if (!read_reparse(wide, buffer))
        return win_error(GetLastError(), "read the link", path);
    DWORD tag;
    memcpy(&tag, buffer, sizeof tag);
    if (tag != IO_REPARSE_TAG_SYMLINK && tag != IO_REPARSE_TAG_MOUNT_POINT)
        return win_error(ERROR_NOT_A_REPARSE_POINT, "read the link", path);
    AUTO_FREE wchar_t *text = target_of(buffer);
    return text ? win_path_from(text, target) : FAIL_MEMORY();
}

/* Windows wants to know what a link will lead to when it is made. */
static bool leads_to_folder(const char *target, const char *path)
{
    AUTO_FREE char *folder = NULL, *joined = NULL;
    if (target[0] == '/' || target[0] == '\\' || (target[0] && target[1] == ':'))
        return os_is_directory(target);
    return (folder = mem_format("%s/..", path)) && (joined = mem_format("%s/%s", folder, target)) &&
           os_is_directory(joined);
}

HRESULT os_make_link(const char *target, const char *path)
{
    AUTO_FREE wchar_t *wide = NULL;
    AUTO_FREE char16_t *text = NULL;
    TRY(win_path(path, &wide));
    TRY(text_to_utf16(target, &text));
    for (char16_t *c = text; *c; c++)
        *c = *c == '/' ? '\\' : *c;
    DWORD flags = leads_to_folder(target, path) ? SYMBOLIC_LINK_FLAG_DIRECTORY : 0;
    enum { UNPRIVILEGED = 2 }; /* with developer mode, Windows 10 */
    if (WIN_CHANGES(CreateSymbolicLinkW(wide, text, flags | UNPRIVILEGED)))
        return S_OK;
    if (!errno && GetLastError() == ERROR_INVALID_PARAMETER &&
        CreateSymbolicLinkW(wide, text, flags))
        return S_OK;
    return win_change_error("make the link", path);
}

HRESULT os_make_hard_link(const char *existing, const char *path)
{
    AUTO_FREE wchar_t *from = NULL, *to = NULL;
    TRY(win_path(existing, &from));
    TRY(win_path(path, &to));
    if (!WIN_CHANGES(CreateHardLinkW(to, from, NULL)))
        return win_change_error("make the link", path);
    return S_OK;
}

/* ---- removing ---- */

static bool is_refused_form(DWORD code)
{
    return code == ERROR_INVALID_PARAMETER || code == ERROR_NOT_SUPPORTED ||
           code == ERROR_INVALID_FUNCTION || code == ERROR_INVALID_LEVEL ||
           code == ERROR_CALL_NOT_IMPLEMENTED;
}

enum removal { NAME_FREE_AT_ONCE = 1, NAME_STAYS = 2 };

/* Windows 10's way, by which the name is free at once, or the old one, by which it stays until the
 * last one closes the file; ERROR_NOT_SUPPORTED if it cannot be done in any of the ways given. */
static DWORD remove_shared(const wchar_t *path, DWORD share, unsigned ways)
{
    DWORD flags = DISPOSITION_DELETE | DISPOSITION_POSIX | DISPOSITION_IGNORE_READONLY;
    FILE_DISPOSITION_INFO plain = {.DeleteFile = TRUE};
    AUTO_HANDLE HANDLE file =
        CreateFileW(path, DELETE, share, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    if (ways & NAME_FREE_AT_ONCE) {
        if (SetFileInformationByHandle(file, DISPOSITION_EX, &flags, sizeof flags))
            return 0;
        DWORD code = GetLastError();
        if (!is_refused_form(code))
            return code;
    }
    if (!(ways & NAME_STAYS))
        return ERROR_NOT_SUPPORTED;
    if (SetFileInformationByHandle(file, FileDispositionInfo, &plain, sizeof plain))
        return 0;
    return GetLastError();
}

/* Where only the old way is, a file that is open leaves its name before: for the folder of
 * temporary files, or where it is if that is on another volume. */
static bool move_away(const wchar_t *path)
{
    AUTO_FREE wchar_t *away = mem_array(32768, sizeof *away);
    wchar_t name[40];
    uint64_t number = 0;
    os_random(&number, sizeof number);
    swprintf(name, sizeof name / sizeof *name, L"dismfake-removed-%016llx",
             (unsigned long long)number);
    DWORD len = away ? GetTempPathW(32000, away) : 0;
    if (len == 0 || len > 32000)
        return false;
    wcscpy(away + len, name);
    if (MoveFileExW(path, away, 0) && DeleteFileW(away))
        return true;
    const wchar_t *last = wcsrchr(path, L'\\');
    size_t folder = last ? (size_t)(last - path) + 1 : 0;
    if (folder == 0 || folder > 32700)
        return false;
    memcpy(away, path, folder * sizeof *path);
    wcscpy(away + folder, name);
    return MoveFileExW(path, away, 0) && DeleteFileW(away);
}

static DWORD remove_used(const wchar_t *path)
{
    /* Who can have it alone need not care for others. */
    DWORD code = remove_shared(path, 0, NAME_FREE_AT_ONCE | NAME_STAYS);
    if (code != ERROR_SHARING_VIOLATION)
        return code;
    code = remove_shared(path, WIN_SHARE_ALL, NAME_FREE_AT_ONCE);
    if (code != ERROR_NOT_SUPPORTED)
        return code;
    bool is_folder = (GetFileAttributesW(path) & FILE_ATTRIBUTE_DIRECTORY) != 0;
    if (!is_folder && move_away(path))
        return 0;
    return remove_shared(path, WIN_SHARE_ALL, NAME_STAYS);
}

DWORD win_remove(const wchar_t *path)
{
    DWORD code = remove_used(path);
    DWORD attributes = code == ERROR_ACCESS_DENIED ? GetFileAttributesW(path) : 0;
    if (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_READONLY))
        return code;
    (void)SetFileAttributesW(path, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
    code = remove_used(path);
    if (code)
        (void)SetFileAttributesW(path, attributes);
    return code;
}

static HRESULT remove_one(const char *path, bool want_folder, const char *doing)
{
    AUTO_FREE wchar_t *wide = NULL;
    struct os_stat stat;
    TRY(win_path(path, &wide));
    TRY(os_lstat(path, &stat));
    if ((stat.type == OS_TYPE_DIRECTORY) != want_folder)
        return win_error(want_folder ? ERROR_PATH_NOT_FOUND : ERROR_ACCESS_DENIED, doing, path);
    errno = floor_denies_change();
    DWORD code = errno ? 0 : win_remove(wide);
    SetLastError(code);
    return errno || code ? win_change_error(doing, path) : S_OK;
}

HRESULT os_remove_file(const char *path)
{
    return remove_one(path, false, "remove");
}

HRESULT os_remove_directory(const char *path)
{
    return remove_one(path, true, "remove the folder");
}

/* ---- making and renaming ---- */

HRESULT os_make_directory(const char *path)
{
    AUTO_FREE wchar_t *wide = NULL;
    TRY(win_path(path, &wide));
    if (!WIN_CHANGES(CreateDirectoryW(wide, NULL)))
        return win_change_error("make the folder", path);
    return S_OK;
}

/* One of several, and somebody may have been faster. */
static HRESULT make_part(const char *path)
{
    HRESULT hr = os_make_directory(path);
    return FAILED(hr) && !os_is_directory(path) ? hr : S_OK;
}

HRESULT os_make_directories(const char *path)
{
    if (os_is_directory(path))
        return S_OK;
    AUTO_FREE char *part = mem_dup(path);
    if (!part)
        return FAIL_MEMORY();
    size_t start = strspn(part, "/\\");
    for (char *s = part + start; *s; s++) {
        if ((*s != '/' && *s != '\\') || s[-1] == ':')
            continue;
        char separator = *s;
        *s = '\0';
        if (!os_is_directory(part))
            TRY(make_part(part));
        *s = separator;
    }
    return make_part(path);
}

/* Replaces what others have open or what is read-only; Windows' code, 0: done. */
static DWORD rename_posix(const wchar_t *from, const wchar_t *to)
{
    size_t len = wcslen(to), size = sizeof(FILE_RENAME_INFO) + len * sizeof *to;
    AUTO_FREE FILE_RENAME_INFO *info = mem_alloc(size);
    if (!info)
        return ERROR_OUTOFMEMORY;
    DWORD flags = RENAME_REPLACE | RENAME_POSIX | RENAME_IGNORE_READONLY;
    memcpy(info, &flags, sizeof flags);
    info->FileNameLength = (DWORD)(len * sizeof *to);
    memcpy(info->FileName, to, len * sizeof *to);
    AUTO_HANDLE HANDLE file = win_open_entry(from, DELETE | SYNCHRONIZE, false);
    if (file == INVALID_HANDLE_VALUE ||
        !SetFileInformationByHandle(file, RENAME_EX, info, (DWORD)size))
        return GetLastError();
    return 0;
}

static bool move_file(const wchar_t *from, const wchar_t *to)
{
    return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

static DWORD replace_file(const wchar_t *from, const wchar_t *to, DWORD attributes)
{
    if (rename_posix(from, to) == 0 || move_file(from, to))
        return 0;
    DWORD code = GetLastError();
    if (!(attributes & FILE_ATTRIBUTE_READONLY))
        return code;
    (void)SetFileAttributesW(to, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
    if (move_file(from, to))
        return 0;
    code = GetLastError();
    (void)SetFileAttributesW(to, attributes);
    return code;
}

/* Where nothing that is open can be replaced, readers of the registry and of state files, or a
 * virus scanner, are in the way for a moment, which is long on a busy machine. Who may not replace
 * it anyway is told soon; not at once, since a file that is just being removed says so, too. */
#define USED_MS 5000
#define DENIED_MS 500

/* Asked in a way that keeps nobody else out. */
static bool may_replace(const wchar_t *path)
{
    AUTO_HANDLE HANDLE file = win_open_entry(path, DELETE, false);
    return file != INVALID_HANDLE_VALUE || GetLastError() == ERROR_SHARING_VIOLATION;
}

static DWORD rename_entry(const wchar_t *from, const wchar_t *to)
{
    uint64_t start = os_now_ms();
    if (move_file(from, to))
        return 0;
    for (;;) {
        DWORD code = GetLastError(), attributes = GetFileAttributesW(to);
        bool is_file =
            attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
        if (!is_file || (code != ERROR_ACCESS_DENIED && code != ERROR_SHARING_VIOLATION))
            return code;
        code = replace_file(from, to, attributes);
        if (code == 0 || os_now_ms() - start >= (may_replace(to) ? USED_MS : DENIED_MS))
            return code;
        os_pause(2);
        SetLastError(code);
    }
}

HRESULT os_rename(const char *from, const char *to)
{
    AUTO_FREE wchar_t *old = NULL, *new = NULL;
    TRY(win_path(from, &old));
    TRY(win_path(to, &new));
    errno = floor_denies_change();
    DWORD code = errno ? 0 : rename_entry(old, new);
    SetLastError(code);
    return errno || code ? win_change_error("rename", from) : S_OK;
}

/* Windows keeps its folders in order by a log of its own and knows nothing to be done. */
HRESULT os_sync_directory(const char *path)
{
    int denied = floor_denies_change();
    if (denied)
        return error_errno(denied, "sync the folder", path);
    return os_is_directory(path) ? S_OK : win_error(ERROR_PATH_NOT_FOUND, "open the folder", path);
}
