/* SPDX-License-Identifier: MIT */
/*
 * os_win.c - what the os_win*.c share: from our paths to those of Windows' calls and back, and what
 * went wrong.
 */
#include "os_win.h"

#include <stdio.h>
#include <string.h>

/* ---- paths ---- */

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

HRESULT win_path_from(const wchar_t *text, char **out)
{
    const wchar_t *rest = text;
    if (wcsncmp(text, L"\\\\?\\", 4) == 0 || wcsncmp(text, L"\\??\\", 4) == 0)
        rest = text + 4;
    bool is_network = rest != text && wcsncmp(rest, L"UNC\\", 4) == 0;
    if (is_network)
        rest += 3; /* one of the two separators is put before it below */
    AUTO_FREE char *plain = NULL;
    TRY(text_from_utf16(rest, &plain));
    for (char *s = plain; *s; s++)
        if (*s == '\\')
            *s = '/';
    if (!is_network) {
        *out = TAKE(plain);
        return S_OK;
    }
    *out = mem_format("/%s", plain);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT win_current_folder(const wchar_t *of, char **out)
{
    DWORD size = GetFullPathNameW(of, 0, NULL, NULL), len = 0;
    AUTO_FREE wchar_t *text = size ? mem_array((size_t)size + 1, sizeof *text) : NULL;
    if (size && !text)
        return FAIL_MEMORY();
    if (text)
        len = GetFullPathNameW(of, size + 1, text, NULL);
    if (len == 0 || len > size)
        return win_error(GetLastError(), "find the current folder", NULL);
    return win_path_from(text, out);
}

/* What stands before the names: "C:" or "//server/share", and the folder a relative path is below.
 */
struct start {
    char *root, *folder;
    const char *names;
};

static void start_clear(struct start *start)
{
    mem_free(start->root);
    mem_free(start->folder);
}

static size_t root_length(const char *path)
{
    if (!is_separator(path[0]) || !is_separator(path[1]))
        return 2; /* "C:" */
    size_t server = strcspn(path + 2, "/\\") + 2;
    return path[server] ? server + 1 + strcspn(path + server + 1, "/\\") : server;
}

static HRESULT find_start(const char *path, struct start *out)
{
    bool has_drive = path[0] && path[1] == ':';
    if ((is_separator(path[0]) && is_separator(path[1])) || (has_drive && is_separator(path[2]))) {
        size_t len = root_length(path);
        out->root = mem_dup_n(path, len);
        out->names = path + len;
        return out->root ? S_OK : FAIL_MEMORY();
    }
    const wchar_t drive[] = {(wchar_t)(unsigned char)path[0], L':', 0};
    TRY(win_current_folder(has_drive ? drive : L".", &out->folder));
    size_t len = root_length(out->folder);
    if (!(out->root = mem_dup_n(out->folder, len)))
        return FAIL_MEMORY();
    out->names = has_drive ? path + 2 : path;
    memmove(out->folder, out->folder + len, strlen(out->folder + len) + 1);
    if (is_separator(path[0]))
        out->folder[0] = '\0';
    return S_OK;
}

/* Behind \\?\ nothing resolves "." and "..", and nothing takes two separators for one. */
static void add_names(struct text *text, size_t root_len, const char *names)
{
    for (const char *s = names + strspn(names, "/\\"); *s; s += strspn(s, "/\\")) {
        size_t len = strcspn(s, "/\\");
        if (len == 2 && s[0] == '.' && s[1] == '.') {
            while (text->len > root_len && text->ptr[text->len - 1] != '\\')
                text->len--;
            text->len -= text->len > root_len ? 1 : 0;
        } else if (len != 1 || s[0] != '.') {
            text_add(text, "\\");
            text_add_n(text, s, len);
        }
        s += len;
    }
}

HRESULT win_path(const char *path, wchar_t **out)
{
    FLOOR_PAUSE(); /* what Linux needs no memory for fails nowhere else either */
    struct start start AUTO(start_clear) = {0};
    struct text text AUTO(text_clear) = {0};
    if (!*path)
        return win_error(ERROR_PATH_NOT_FOUND, "use an empty path", NULL);
    if (is_separator(path[0]) && is_separator(path[1]) && path[2] == '?' && is_separator(path[3]))
        path += 4;
    TRY(find_start(path, &start));
    bool is_network = is_separator(start.root[0]);
    text_add(&text, is_network ? "\\\\?\\UNC\\" : "\\\\?\\");
    text_add(&text, is_network ? start.root + 2 : start.root);
    size_t root_len = text.len;
    add_names(&text, root_len, start.folder ? start.folder : "");
    add_names(&text, root_len, start.names);
    if (text.len == root_len)
        text_add(&text, "\\");
    AUTO_FREE char *whole = text_take(&text);
    AUTO_FREE char16_t *wide = NULL;
    if (!whole)
        return FAIL_MEMORY();
    for (char *s = whole; *s; s++)
        *s = *s == '/' ? '\\' : *s;
    TRY(text_to_utf16(whole, &wide));
    if (text_utf16_len(wide) > 32766)
        return win_error(ERROR_FILENAME_EXCED_RANGE, "use", path);
    *out = TAKE(wide);
    return S_OK;
}

HANDLE win_open_entry(const wchar_t *path, DWORD access, bool follow)
{
    DWORD flags = FILE_FLAG_BACKUP_SEMANTICS | (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT);
    return CreateFileW(path, access, WIN_SHARE_ALL, NULL, OPEN_EXISTING, flags, NULL);
}

/* ---- errors ---- */

struct code_row {
    DWORD from, to;
};

static const struct code_row code_rows[] = {
    {ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS},    {ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL},
    {ERROR_DIRECTORY, ERROR_PATH_NOT_FOUND}, /* what had to be a folder is a file */
    {ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY}, {ERROR_NO_DATA, ERROR_BROKEN_PIPE},
};

HRESULT win_hr(DWORD code)
{
    for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++)
        if (code_rows[i].from == code)
            code = code_rows[i].to;
    return code ? HR_WIN32(code) : HR_WIN32(ERROR_GEN_FAILURE);
}

/* In English, as all of our messages are, where the system has it. */
static void describe(DWORD code, char *text, size_t size)
{
    wchar_t wide[256];
    DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    DWORD capacity = sizeof wide / sizeof *wide;
    DWORD len = FormatMessageW(flags, NULL, code, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US),
                               wide, capacity, NULL);
    if (len == 0)
        len = FormatMessageW(flags, NULL, code, 0, wide, capacity, NULL);
    while (len > 0 && (wide[len - 1] <= L' ' || wide[len - 1] == L'.'))
        len--;
    int bytes =
        len == 0 ? 0
                 : WideCharToMultiByte(CP_UTF8, 0, wide, (int)len, text, (int)size - 1, NULL, NULL);
    text[bytes > 0 ? bytes : 0] = '\0';
    if (bytes <= 0)
        snprintf(text, size, "Windows' error %lu", code);
}

HRESULT win_error(DWORD code, const char *doing, const char *path)
{
    char reason[600];
    describe(code, reason, sizeof reason);
    if (!path)
        return FAIL(win_hr(code), "cannot %s: %s", doing, reason);
    return FAIL(win_hr(code), "cannot %s %s: %s", doing, path, reason);
}

HRESULT win_change_error(const char *doing, const char *path)
{
    DWORD code = GetLastError();
    return errno ? error_errno(errno, doing, path) : win_error(code, doing, path);
}
