/* SPDX-License-Identifier: MIT */
/*
 * upper.c - see upper.h.
 *
 * A whiteout is a deletion; a folder that the image has too is looked into, unless it is opaque and
 * so hides what the image has; everything else that changed since `old` is an addition. What the
 * image has is asked of the image itself, not of the mount.
 */
#include "upper.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

/* Steps through two sorted trees together; old or now is NULL where the other one has a name
 * alone. */
static HRESULT side_by_side(const struct tree *old, const struct tree *now,
                            HRESULT (*each)(void *context, const struct tree_entry *old,
                                            const struct tree_entry *now),
                            void *context)
{
    size_t i = 0, k = 0;
    while (i < old->list.len || k < now->list.len) {
        int order = i == old->list.len ? 1
                    : k == now->list.len
                        ? -1
                        : tree_compare_paths(old->list.ptr[i].path, now->list.ptr[k].path);
        TRY(each(context, order <= 0 ? &old->list.ptr[i] : NULL,
                 order >= 0 ? &now->list.ptr[k] : NULL));
        i += order <= 0;
        k += order >= 0;
    }
    return S_OK;
}

/* ---- changes ---- */

struct linked {
    uint64_t group;
    const char *path; /* of the tree */
};
typedef VEC(struct linked) linked_names;

struct reading {
    const char *root;
    struct wim *wim;
    unsigned index;
    wim_changes *deletions, additions;
    linked_names linked;         /* changed names of files that have others */
    const char *added, *deleted; /* the last folders named whole */
};

static void reading_clear(struct reading *r)
{
    wim_changes_clear(&r->additions);
    vec_clear(&r->linked);
}

static HRESULT delete_name(struct reading *r, const char *path, bool whole)
{
    if (r->deleted && tree_is_below(path, r->deleted))
        return S_OK;
    if (whole)
        r->deleted = path;
    return wim_changes_add(r->deletions, WIM_DELETE, path, NULL);
}

static HRESULT add_name(struct reading *r, const char *path, const char *source)
{
    AUTO_FREE char *full = NULL;
    TRY(path_join(r->root, source, &full));
    return wim_changes_add(&r->additions, WIM_ADD, path, full);
}

static HRESULT see_whiteout(struct reading *r, const struct tree_entry *old,
                            const struct tree_entry *now)
{
    struct wim_entry image;
    if (old && old->type == OS_TYPE_WHITEOUT)
        return S_OK;
    TRY(wim_look(r->wim, r->index, now->path, &image));
    return image.kind == WIM_NOTHING ? S_OK : delete_name(r, now->path, true);
}

static HRESULT see_folder(struct reading *r, const struct tree_entry *old,
                          const struct tree_entry *now)
{
    AUTO_FREE char *folder = NULL;
    struct wim_entry image;
    bool is_known = old && old->type == OS_TYPE_DIRECTORY && old->inode == now->inode;
    TRY(path_join(r->root, now->path, &folder));
    TRY(wim_look(r->wim, r->index, now->path, &image));
    if (image.kind == WIM_FOLDER && (is_known || !os_is_opaque(folder)))
        return S_OK;
    if (image.kind != WIM_NOTHING)
        TRY(delete_name(r, now->path, true));
    r->added = now->path;
    return add_name(r, now->path, now->path);
}

static HRESULT see_file(struct reading *r, const struct tree_entry *old,
                        const struct tree_entry *now)
{
    struct wim_entry image;
    if (old && old->type == now->type && tree_is_same(old, now))
        return S_OK;
    TRY(wim_look(r->wim, r->index, now->path, &image));
    if (image.kind == WIM_FOLDER)
        TRY(delete_name(r, now->path, true));
    if (image.kind == WIM_FILE && image.links > 1) {
        struct linked *linked = vec_push(&r->linked);
        if (!linked)
            return FAIL_MEMORY();
        *linked = (struct linked){image.link_group, now->path};
    }
    return add_name(r, now->path, now->path);
}

static HRESULT see(void *context, const struct tree_entry *old, const struct tree_entry *now)
{
    struct reading *r = context;
    if (!now) /* a whiteout that is gone went with its folder or made room for something */
        return old->type == OS_TYPE_WHITEOUT
                   ? S_OK
                   : delete_name(r, old->path, old->type == OS_TYPE_DIRECTORY);
    if (now->type != OS_TYPE_WHITEOUT)
        TRY(tree_check_storable(now));
    if (r->added && tree_is_below(now->path, r->added))
        return S_OK;
    if (now->type == OS_TYPE_WHITEOUT)
        return see_whiteout(r, old, now);
    return now->type == OS_TYPE_DIRECTORY ? see_folder(r, old, now) : see_file(r, old, now);
}

/* ---- hard links ---- */

/* The overlay copies a file up under the one name that was written through; its other names show
 * the change too (the overlay's index), so the image has to hear of them. */
static const struct tree_entry *find_entry(const struct tree *tree, const char *path)
{
    size_t from = 0, to = tree->list.len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = tree_compare_paths(path, tree->list.ptr[middle].path);
        if (order == 0)
            return &tree->list.ptr[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

/* Does the upper folder say something else about the image's name, or about a folder above it? */
static HRESULT is_covered(const char *root, const struct tree *now, const char *path, bool *out)
{
    AUTO_FREE char *above = mem_dup(path);
    if (!above)
        return FAIL_MEMORY();
    *out = find_entry(now, path) != NULL;
    for (char *slash = strrchr(above, '/'); slash && !*out; slash = strrchr(above, '/')) {
        AUTO_FREE char *folder = NULL;
        *slash = '\0';
        const struct tree_entry *entry = find_entry(now, above);
        TRY(path_join(root, above, &folder));
        *out = entry && (entry->type != OS_TYPE_DIRECTORY || os_is_opaque(folder));
    }
    return S_OK;
}

struct linking {
    const char *root;
    const struct tree *now;
    const linked_names *linked;
    HRESULT (*each)(struct linking *l, const char *path, const char *changed);
    struct reading *reading;
};

static HRESULT see_name(void *context, const char *path, const struct wim_entry *entry)
{
    struct linking *l = context;
    for (size_t i = 0; entry->links > 1 && i < l->linked->len; i++) {
        bool covered = false;
        if (l->linked->ptr[i].group != entry->link_group)
            continue;
        TRY(is_covered(l->root, l->now, path, &covered));
        return covered ? S_OK : l->each(l, path, l->linked->ptr[i].path);
    }
    return S_OK;
}

static HRESULT add_link(struct linking *l, const char *path, const char *changed)
{
    return add_name(l->reading, path, changed);
}

HRESULT upper_changes(const char *root, const struct tree *old, const struct tree *now,
                      struct wim *wim, unsigned index, wim_changes *out)
{
    struct reading r AUTO(reading_clear) = {
        .root = root, .wim = wim, .index = index, .deletions = out};
    TRY(side_by_side(old, now, see, &r));
    struct linking linking = {root, now, &r.linked, add_link, &r};
    if (r.linked.len)
        TRY(wim_each(wim, index, see_name, &linking));
    return wim_changes_move(&r.additions, out);
}

/* ---- marks ---- */

struct marking {
    const char *root;
    const char *marked; /* the last folder marked whole */
};

static HRESULT mark(void *context, const struct tree_entry *old, const struct tree_entry *now)
{
    struct marking *m = context;
    AUTO_FREE char *path = NULL;
    if (now || old->type == OS_TYPE_WHITEOUT || (m->marked && tree_is_below(old->path, m->marked)))
        return S_OK;
    if (old->type == OS_TYPE_DIRECTORY)
        m->marked = old->path;
    TRY(path_join(m->root, old->path, &path));
    return os_make_whiteout(path);
}

static HRESULT make_link(struct linking *l, const char *path, const char *changed)
{
    AUTO_FREE char *from = NULL, *to = NULL, *folder = NULL;
    TRY(path_join(l->root, changed, &from));
    TRY(path_join(l->root, path, &to));
    TRY(path_parent(to, &folder));
    TRY(os_make_directories(folder));
    return os_make_hard_link(from, to);
}

/* The changed names whose others only the overlay's index knew of. */
static HRESULT find_linked(const char *root, const struct tree *now, struct wim *wim,
                           unsigned index, linked_names *out)
{
    for (size_t i = 0; i < now->list.len; i++) {
        const struct tree_entry *entry = &now->list.ptr[i];
        AUTO_FREE char *path = NULL;
        struct wim_entry image;
        TRY(path_join(root, entry->path, &path));
        if (entry->type != OS_TYPE_FILE || !os_overlay_has_other_names(path))
            continue;
        TRY(wim_look(wim, index, entry->path, &image));
        if (image.kind != WIM_FILE || image.links < 2)
            continue;
        struct linked *linked = vec_push(out);
        if (!linked)
            return FAIL_MEMORY();
        *linked = (struct linked){image.link_group, entry->path};
    }
    return S_OK;
}

static bool has_linked(const char *root, const struct tree *now)
{
    for (size_t i = 0; i < now->list.len; i++) {
        AUTO_FREE char *path = mem_format("%s/%s", root, now->list.ptr[i].path);
        if (path && now->list.ptr[i].type == OS_TYPE_FILE && os_overlay_has_other_names(path))
            return true;
    }
    return false;
}

static void linked_clear(linked_names *linked)
{
    vec_clear(linked);
}

static HRESULT link_others(const char *root, const struct tree *now, const char *image_path,
                           unsigned index)
{
    AUTO_WIM struct wim *wim = NULL;
    linked_names linked AUTO(linked_clear) = {0};
    if (!has_linked(root, now))
        return S_OK;
    TRY(wim_open(image_path, false, false, &wim));
    TRY(find_linked(root, now, wim, index, &linked));
    struct linking linking = {root, now, &linked, make_link, NULL};
    return linked.len ? wim_each(wim, index, see_name, &linking) : S_OK;
}

HRESULT upper_prepare(const char *root, const struct tree *old, const struct tree *now,
                      const char *image_path, unsigned index)
{
    struct marking marking = {.root = root};
    TRY(side_by_side(old, now, mark, &marking));
    TRY(link_others(root, now, image_path, index));
    for (size_t i = 0; i < now->list.len; i++) {
        AUTO_FREE char *path = NULL;
        TRY(path_join(root, now->list.ptr[i].path, &path));
        os_overlay_forget(path);
    }
    return S_OK;
}
