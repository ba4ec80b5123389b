/* SPDX-License-Identifier: MIT */
/* path_parts.c - paths joined, taken apart, compared and shown. */
#include <string.h>

#include "error.h"
#include "mem.h"
#include "path.h"
#include "path_shape.h"
#include "scope.h"
#include "text.h"

HRESULT path_join(const char *folder, const char *name, char **out)
{
    size_t len = strlen(folder);
    bool has_separator = len == 0 || path_is_separator(folder[len - 1]);
    const char *rest = len ? path_skip_separators(name) : name;
    size_t rest_len = strlen(rest);
    char *joined = mem_alloc(len + rest_len + 2);
    if (!joined)
        return FAIL_MEMORY();
    memcpy(joined, folder, len);
    if (!has_separator)
        joined[len++] = '/';
    memcpy(joined + len, rest, rest_len);
    *out = joined;
    return S_OK;
}

/* The part that cannot be taken away: "/", "C:/", "\\?\C:\", "//". */
static const char *skip_root(const char *path)
{
    return path_skip_separators(path_look(path).rest);
}

const char *path_name(const char *path)
{
    const char *name = skip_root(path);
    for (const char *s = name; *s; s++) {
        if (path_is_separator(*s))
            name = s + 1;
    }
    return name;
}

HRESULT path_parent(const char *path, char **out)
{
    const char *root = skip_root(path);
    size_t len = strlen(path), root_len = (size_t)(root - path);
    while (len > root_len && path_is_separator(path[len - 1]))
        len--;
    while (len > root_len && !path_is_separator(path[len - 1]))
        len--;
    while (len > root_len && path_is_separator(path[len - 1]))
        len--;
    char *parent = len ? mem_dup_n(path, len) : mem_dup(".");
    if (!parent)
        return FAIL_MEMORY();
    *out = parent;
    return S_OK;
}

bool path_has_extension(const char *path, const char *extension)
{
    const char *name = path_name(path);
    return strlen(name) > strlen(extension) && text_ends_nocase(name, extension);
}

/* ---- comparison, and for people ---- */

bool path_equal(const char *a, const char *b)
{
    return path_has_drives() ? text_equal_nocase(a, b) : text_equal(a, b);
}

/* Behind the first `len` bytes of `prefix`, which the text starts with; NULL if it does not. */
static const char *behind(const char *text, const char *prefix, size_t len)
{
    if (!path_has_drives())
        return strncmp(text, prefix, len) == 0 ? text + len : NULL;
    const char *end = prefix + len;
    while (prefix < end) {
        uint32_t x = 0, y = 0;
        size_t x_len = text_decode(text, &x), y_len = text_decode(prefix, &y);
        bool is_same =
            x_len && y_len ? text_upper(x) == text_upper(y) : x_len == y_len && *text == *prefix;
        if (!is_same || !*text)
            return NULL;
        text += x_len ? x_len : 1;
        prefix += y_len ? y_len : 1;
    }
    return text;
}

const char *path_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 0 && path_is_separator(folder[len - 1]))
        len--;
    const char *rest = behind(path, folder, len);
    return rest && path_is_end(*rest) ? path_skip_separators(rest) : NULL;
}

bool path_is_within(const char *path, const char *folder)
{
    return path_below(path, folder) != NULL;
}

HRESULT path_key(const char *path, char **out)
{
    struct text key AUTO(text_clear) = {0};
    for (const char *s = path; *s;) {
        uint32_t cp = 0;
        char bytes[4];
        size_t len = path_has_drives() ? text_decode(s, &cp) : 0;
        if (len)
            text_add_n(&key, bytes, text_encode(text_upper(cp), bytes));
        else
            text_add_n(&key, s, 1);
        s += len ? len : 1;
    }
    *out = text_take(&key);
    return *out ? S_OK : FAIL_MEMORY();
}

char *path_shown(const char *text)
{
    char *shown = mem_dup(text);
    if (shown)
        path_show(shown);
    return shown;
}

/* "C:/" or "//server", not in the middle of a word. */
static bool starts_path(const char *text, const char *at)
{
    char before = at > text ? at[-1] : ' ';
    if (path_is_letter(at[0]) && at[1] == ':' && at[2] == '/')
        return !path_is_letter(before) && !(before >= '0' && before <= '9');
    return at[0] == '/' && at[1] == '/' && at[2] != '/' && before != ':' && before != '/';
}

void path_show(char *text)
{
    bool is_in_path = false;
    char quote = '\0'; /* in front of the path: ends it too */
    if (!path_has_drives())
        return;
    for (char *s = text; *s; s++) {
        if (starts_path(text, s)) {
            is_in_path = true;
            quote = s > text && s[-1] == '\'' ? '\'' : '\0';
            s += *s == '/' ? 0 : 2; /* over the colon, which ends a path elsewhere */
        } else if ((unsigned char)*s < 0x20 || strchr("<>\"|?*:", *s) || *s == quote) {
            is_in_path = false;
        }
        if (is_in_path && *s == '/')
            *s = '\\';
    }
}
