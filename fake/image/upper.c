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

struct reading {
    const char *root;
    struct wim *wim;
    unsigned index;
    wim_changes *deletions, additions;
    VEC(struct linked) linked;   /* changed names of files that have others */
    const char *added, *deleted; /* the last folders named whole */
};

struct linked {
    uint64_t group;
    const char *path; /* of the tree */
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
struct linking {
    struct reading *reading;
    const struct tree *now;
};

static bool is_in_tree(const struct tree *tree, const char *path)
{
    size_t from = 0, to = tree->list.len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = tree_compare_paths(path, tree->list.ptr[middle].path);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

static bool is_hidden(const struct reading *r, const struct tree *now, const char *path)
{
    if (is_in_tree(now, path))
        return true; /* speaks for itself */
    for (size_t i = 0; i < r->deletions->len; i++)
        if (text_equal(path, r->deletions->ptr[i].path) ||
            tree_is_below(path, r->deletions->ptr[i].path))
            return true;
    return false;
}

static HRESULT link_name(void *context, const char *path, const struct wim_entry *entry)
{
    const struct linking *l = context;
    struct reading *r = l->reading;
    if (entry->links < 2)
        return S_OK;
    for (size_t i = 0; i < r->linked.len; i++)
        if (r->linked.ptr[i].group == entry->link_group && !is_hidden(r, l->now, path))
            return add_name(r, path, r->linked.ptr[i].path);
    return S_OK;
}

HRESULT upper_changes(const char *root, const struct tree *old, const struct tree *now,
                      struct wim *wim, unsigned index, wim_changes *out)
{
    struct reading r AUTO(reading_clear) = {
        .root = root, .wim = wim, .index = index, .deletions = out};
    TRY(side_by_side(old, now, see, &r));
    struct linking linking = {&r, now};
    if (r.linked.len)
        TRY(wim_each(wim, index, link_name, &linking));
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

HRESULT upper_mark_deleted(const char *root, const struct tree *old, const struct tree *now)
{
    struct marking marking = {.root = root};
    return side_by_side(old, now, mark, &marking);
}
