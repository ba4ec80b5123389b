/* SPDX-License-Identifier: MIT */
/*
 * os_win.c - what the os_win*.c share: from our paths to those of Windows' calls and back, and what
 * went wrong.
 */
#include "os_win.h"

#include <stdio.h>
#include <string.h>

#include "path.h"

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

/* The folder that a path without a drive of its own starts from: the current one, or the current
 * one of that drive ("C:"). */
static HRESULT current_folder(const wchar_t *drive, char **out)
{
    DWORD size = GetFullPathNameW(drive, 0, NULL, NULL);
    AUTO_FREE wchar_t *text = size ? mem_array((size_t)size + 1, sizeof *text) : NULL;
    if (!text)
        return size ? FAIL_MEMORY() : win_error(GetLastError(), "find the current folder", NULL);
    DWORD len = GetFullPathNameW(drive, size + 1, text, NULL);
    if (len == 0 || len > size)
        return win_error(GetLastError(), "find the current folder", NULL);
    return win_path_from(text, out);
}

/* An absolute path with a drive or a server. */
static HRESULT absolute(const char *path, char **out)
{
    AUTO_FREE char *folder = NULL;
    char drive = path_drive(path);
    const char *rest = path;
    if (path_is_network(path) || (drive && path_is_absolute(path) && strlen(path) > 2 &&
                                  (is_separator(path[2]) || is_separator(path[0])))) {
        *out = mem_dup(path);
        return *out ? S_OK : FAIL_MEMORY();
    }
    if (drive) {
        TRY(current_folder((const wchar_t[]){(wchar_t)drive, L':', 0}, &folder));
        rest = path + 2;
    } else {
        TRY(current_folder(L".", &folder));
        if (is_separator(path[0]) && path_drive(folder))
            folder[2] = '\0'; /* "C:" alone */
    }
    *out = mem_format("%s/%s", folder, rest);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT win_path(const char *path, wchar_t **out)
{
    AUTO_FREE char *whole = NULL, *plain = NULL, *text = NULL;
    AUTO_FREE char16_t *wide = NULL;
    if (!*path)
        return win_error(ERROR_PATH_NOT_FOUND, "use an empty path", NULL);
    TRY(absolute(path, &whole));
    TRY(path_native(whole, &plain)); /* behind \\?\ nothing resolves "." and ".." */
    text = path_is_network(plain) ? mem_format("\\\\?\\UNC%s", plain + 1)
                                  : mem_format("\\\\?\\%s", plain);
    if (!text)
        return FAIL_MEMORY();
    for (char *s = text; *s; s++)
        if (*s == '/')
            *s = '\\';
    TRY(text_to_utf16(text, &wide));
    if (wcslen(wide) > 32766)
        return win_error(ERROR_FILENAME_EXCED_RANGE, "use", path);
    *out = TAKE(wide);
    return S_OK;
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
