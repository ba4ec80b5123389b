/* SPDX-License-Identifier: MIT */
/*
 * path.c - paths as text. Relies on nothing but text and memory; never asks the file system.
 *
 * '\' and '/' both separate on input. Output uses the system's own separator.
 */
#include "path.h"

#include <string.h>

#include "error.h"
#include "scope.h"
#include "text.h"
#include "vec.h"

#ifdef _WIN32
#define SEPARATOR "\\"
#else
#define SEPARATOR "/"
#endif

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Behind \\?\, or the path itself. */
static const char *skip_prefix(const char *path)
{
    if (is_separator(path[0]) && is_separator(path[1]) && path[2] == '?' && is_separator(path[3]))
        return path + 4;
    return path;
}

static const char *skip_separators(const char *s)
{
    while (is_separator(*s))
        s++;
    return s;
}

static bool has_drive(const char *path)
{
    return is_letter(path[0]) && path[1] == ':';
}

/* The server's name of a network path, NULL if it is none. */
static const char *network_server(const char *path)
{
    const char *rest = skip_prefix(path);
    if (rest != path) {
        bool is_unc = text_starts(rest, "UNC") || text_starts(rest, "unc");
        return is_unc && is_separator(rest[3]) ? skip_separators(rest + 3) : NULL;
    }
    if (!is_separator(path[0]) || !is_separator(path[1]) || is_separator(path[2]) || !path[2])
        return NULL;
    bool is_device = path[2] == '.' && (is_separator(path[3]) || !path[3]); /* \\.\ */
    return is_device ? NULL : path + 2;
}

bool path_is_network(const char *path)
{
    return network_server(path) != NULL;
}

bool path_is_volume_root(const char *path)
{
    const char *rest = skip_prefix(path);
    if (has_drive(rest))
        return *skip_separators(rest + 2) == '\0';
    return is_separator(*rest) && *skip_separators(rest) == '\0';
}

char path_drive(const char *path)
{
    const char *rest = skip_prefix(path);
    if (!has_drive(rest))
        return 0;
    return (char)(rest[0] >= 'a' ? rest[0] - 'a' + 'A' : rest[0]);
}

bool path_is_absolute(const char *path)
{
    const char *rest = skip_prefix(path);
    return has_drive(rest) || is_separator(*rest) || path_is_network(path);
}

bool path_is_well_formed(const char *path)
{
    const char *rest = skip_prefix(path);
    if (!*rest)
        return false;
    if (has_drive(rest))
        rest += 2;
    for (; *rest; rest++) {
        if ((unsigned char)*rest < 0x20 || strchr("<>\"|?*:", *rest))
            return false;
    }
    return true;
}

/* ---- native form ---- */

struct part {
    const char *ptr;
    size_t len;
};
struct parts {
    VEC(struct part) list;
};

static void parts_clear(struct parts *parts)
{
    vec_clear(&parts->list);
}

static bool part_is(const struct part *part, const char *text)
{
    return part->len == strlen(text) && memcmp(part->ptr, text, part->len) == 0;
}

/* Adds the components of s. ".." takes one away, but none of the first `fixed`; where there is
 * nothing left to take it stays in a relative path and means nothing in an absolute one. */
static HRESULT parts_add(struct parts *parts, const char *s, size_t fixed, bool is_absolute)
{
    for (s = skip_separators(s); *s; s = skip_separators(s)) {
        struct part part = {s, strcspn(s, "/\\")};
        s += part.len;
        bool is_fixed = parts->list.len < fixed;
        if (!is_fixed && part_is(&part, "."))
            continue;
        if (!is_fixed && part_is(&part, "..")) {
            size_t len = parts->list.len;
            if (len > fixed && !part_is(&parts->list.ptr[len - 1], "..")) {
                parts->list.len--;
                continue;
            }
            if (is_absolute)
                continue;
        }
        struct part *slot = vec_push(&parts->list);
        if (!slot)
            return FAIL_MEMORY();
        *slot = part;
    }
    return S_OK;
}

HRESULT path_native(const char *path, char **out)
{
    if (!*skip_prefix(path))
        return FAIL(E_INVALIDARG, "empty path");
    struct text made AUTO(text_clear) = {0};
    struct parts parts AUTO(parts_clear) = {0};
    const char *rest = skip_prefix(path);
    const char *server = network_server(path);
    bool is_absolute = path_is_absolute(path);
    if (server) {
        text_add(&made, SEPARATOR SEPARATOR);
        rest = server;
    } else if (has_drive(rest)) {
        text_add_n(&made, rest, 2);
        text_add(&made, SEPARATOR);
        rest += 2;
    } else if (is_absolute) {
        text_add(&made, SEPARATOR);
    }
    TRY(parts_add(&parts, rest, server ? 2 : 0, is_absolute));
    for (size_t i = 0; i < parts.list.len; i++) {
        if (i > 0)
            text_add(&made, SEPARATOR);
        text_add_n(&made, parts.list.ptr[i].ptr, parts.list.ptr[i].len);
    }
    if (made.len == 0)
        text_add(&made, ".");
    *out = text_take(&made);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT path_absolute(const char *path, const char *base, char **out)
{
    if (path_is_absolute(path) || !*path)
        return path_native(path, out);
    AUTO_FREE char *joined = NULL;
    TRY(path_join(base, skip_prefix(path), &joined));
    return path_native(joined, out);
}

/* ---- parts of a path ---- */

HRESULT path_join(const char *folder, const char *name, char **out)
{
    size_t len = strlen(folder);
    bool has_separator = len == 0 || is_separator(folder[len - 1]);
    const char *rest = len ? skip_separators(name) : name;
    size_t rest_len = strlen(rest);
    char *joined = mem_alloc(len + rest_len + 2);
    if (!joined)
        return FAIL_MEMORY();
    memcpy(joined, folder, len);
    if (!has_separator)
        joined[len++] = SEPARATOR[0];
    memcpy(joined + len, rest, rest_len);
    *out = joined;
    return S_OK;
}

/* The part that cannot be taken away: "/", "C:/", "\\?\C:\", "//". */
static const char *skip_root(const char *path)
{
    const char *rest = skip_prefix(path);
    if (has_drive(rest))
        rest += 2;
    return skip_separators(rest);
}

const char *path_name(const char *path)
{
    const char *name = skip_root(path);
    for (const char *s = name; *s; s++) {
        if (is_separator(*s))
            name = s + 1;
    }
    return name;
}

HRESULT path_parent(const char *path, char **out)
{
    const char *root = skip_root(path);
    size_t len = strlen(path), root_len = (size_t)(root - path);
    while (len > root_len && is_separator(path[len - 1]))
        len--;
    while (len > root_len && !is_separator(path[len - 1]))
        len--;
    while (len > root_len && is_separator(path[len - 1]))
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

bool path_is_within(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 0 && is_separator(folder[len - 1]))
        len--;
#ifdef _WIN32
    if (strnlen(path, len) < len)
        return false;
    AUTO_FREE char *head = mem_dup_n(path, len);
    AUTO_FREE char *whole = mem_dup_n(folder, len);
    if (!head || !whole || text_compare_nocase(head, whole) != 0)
        return false;
#else
    if (strncmp(path, folder, len) != 0)
        return false;
#endif
    return path[len] == '\0' || is_separator(path[len]);
}
