/* SPDX-License-Identifier: MIT */
/*
 * path.c - the native form of a client's path. Never asks the file system; the system only, in
 * path_full, for current folders.
 */
#include "path.h"

#include <string.h>

#include "error.h"
#include "os.h"
#include "path_shape.h"
#include "scope.h"
#include "text.h"
#include "vec.h"

/* What Windows leaves of a name: one dot less in the middle of a path, no dots and spaces at its
 * end. */
static void trim_name(struct path_part *part, bool is_last)
{
    size_t len = part->len;
    if (!is_last) {
        if (len > 1 && part->ptr[len - 1] == '.' && part->ptr[len - 2] != '.')
            part->len--;
        return;
    }
    while (part->len > 0 && strchr(". ", part->ptr[part->len - 1]))
        part->len--;
}

struct making {
    VEC(struct path_part) names;
    size_t fixed; /* names that ".." does not take away: server and share */
    bool is_absolute;
};

static void making_clear(struct making *m)
{
    vec_clear(&m->names);
}

static HRESULT add_part(struct making *m, struct path_part part)
{
    struct path_part *slot = vec_push(&m->names);
    if (!slot)
        return FAIL_MEMORY();
    *slot = part;
    return S_OK;
}

/* Takes a name away if there is one; in a relative path that has none left ".." stays. */
static HRESULT add_dotdot(struct making *m, struct path_part part)
{
    size_t len = m->names.len;
    if (len > m->fixed && !path_part_is(&m->names.ptr[len - 1], "..")) {
        m->names.len--;
        return S_OK;
    }
    return m->is_absolute ? S_OK : add_part(m, part);
}

static HRESULT add_names(struct making *m, const struct path_shape *shape)
{
    const char *s = path_skip_separators(shape->rest);
    while (*s) {
        struct path_part part = {s, strcspn(s, "/\\")};
        bool is_last = s[part.len] == '\0';
        bool is_fixed = m->names.len < m->fixed || shape->is_verbatim;
        s = path_skip_separators(s + part.len);
        if (!is_fixed && path_part_is(&part, "."))
            continue;
        if (!is_fixed && path_part_is(&part, "..")) {
            TRY(add_dotdot(m, part));
            continue;
        }
        if (!is_fixed && shape->is_windows)
            trim_name(&part, is_last);
        if (part.len)
            TRY(add_part(m, part));
    }
    return S_OK;
}

/* The names of a native folder, at most `limit`. */
static HRESULT add_native_names(struct making *m, const char *rest, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        rest += strspn(rest, "/");
        struct path_part part = {rest, strcspn(rest, "/")};
        if (!part.len)
            break;
        TRY(add_part(m, part));
        rest += part.len;
    }
    return S_OK;
}

static HRESULT compose(const struct making *m, const struct path_shape *root, char **out)
{
    struct text made AUTO(text_clear) = {0};
    if (root->drive)
        text_addf(&made, "%c:", root->drive);
    if (root->kind == PATH_NETWORK)
        text_add(&made, "//");
    else if (root->kind != PATH_RELATIVE && root->kind != PATH_DRIVE_RELATIVE)
        text_add(&made, "/");
    for (size_t i = 0; i < m->names.len; i++) {
        if (i > 0)
            text_add(&made, "/");
        text_add_n(&made, m->names.ptr[i].ptr, m->names.ptr[i].len);
    }
    if (made.len == 0)
        text_add(&made, ".");
    *out = text_take(&made);
    return *out ? S_OK : FAIL_MEMORY();
}

static size_t fixed_names(const struct path_shape *shape)
{
    return shape->kind == PATH_NETWORK ? 2 : 0;
}

HRESULT path_native(const char *path, char **out)
{
    struct path_shape shape = path_look(path);
    struct making m AUTO(making_clear) = {.fixed = fixed_names(&shape)};
    if (!*path || (shape.kind == PATH_DEVICE && !*shape.rest))
        return FAIL(E_INVALIDARG, "empty path");
    m.is_absolute = shape.kind != PATH_RELATIVE && shape.kind != PATH_DRIVE_RELATIVE;
    TRY(add_names(&m, &shape));
    return compose(&m, &shape, out);
}

HRESULT path_absolute(const char *path, const char *base, char **out)
{
    struct path_shape shape = path_look(path);
    if (path_shape_is_absolute(&shape) || !*path)
        return path_native(path, out);
    struct path_shape root = path_look(base);
    if (shape.drive && path_drive(path) != path_drive(base))
        root = (struct path_shape){.kind = PATH_DRIVE, .drive = shape.drive, .rest = ""};
    struct making m AUTO(making_clear) = {.fixed = fixed_names(&root), .is_absolute = true};
    TRY(add_native_names(&m, root.rest, shape.kind == PATH_ROOTED ? m.fixed : SIZE_MAX));
    TRY(add_names(&m, &shape));
    return compose(&m, &root, out);
}

HRESULT path_full(const char *path, char **out)
{
    AUTO_FREE char *base = NULL;
    struct path_shape shape = path_look(path);
    if (path_shape_is_absolute(&shape)) /* the current folder may be gone */
        return path_native(path, out);
    if (shape.drive)
        TRY(os_cwd_of_drive(path_drive(path), &base));
    else
        TRY(os_cwd(&base));
    return path_absolute(path, base, out);
}
