/* SPDX-License-Identifier: MIT */
/*
 * upper.c - see upper.h.
 *
 * A whiteout is a deletion; a folder that the image has too is looked into, unless it is opaque and
 * so hides what the image has; everything else that changed since `old` is an addition. What the
 * image has is asked of the image itself, not of the mount. What is added is read through the
 * mount, which does not show what the overlay has noted in its upper folder.
 */
#include "upper.h"

#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "upper_links.h"

/* ---- changes ---- */

struct reading {
    const struct upper *upper;
    const char *source; /* where what was changed is read */
    wim_changes *deletions, additions;
    const char *added, *deleted; /* the last folders named whole */
};

static void reading_clear(struct reading *r)
{
    wim_changes_clear(&r->additions);
}

static HRESULT delete_name(struct reading *r, const char *path, bool whole)
{
    if (r->deleted && tree_is_below(path, r->deleted))
        return S_OK;
    if (whole)
        r->deleted = path;
    return wim_changes_add(r->deletions, WIM_DELETE, path, NULL);
}

static HRESULT add_name(struct reading *r, const char *path)
{
    AUTO_FREE char *full = NULL;
    TRY(path_join(r->source, path, &full));
    return wim_changes_add(&r->additions, WIM_ADD, path, full);
}

static HRESULT look(const struct reading *r, const char *path, struct wim_entry *out)
{
    return wim_look(r->upper->wim, r->upper->index, path, out);
}

static HRESULT see_whiteout(struct reading *r, const struct tree_entry *old,
                            const struct tree_entry *now)
{
    struct wim_entry image;
    if (old && old->type == OS_TYPE_WHITEOUT)
        return S_OK;
    TRY(look(r, now->path, &image));
    return image.kind == WIM_NOTHING ? S_OK : delete_name(r, now->path, true);
}

static HRESULT see_folder(struct reading *r, const struct tree_entry *old,
                          const struct tree_entry *now)
{
    AUTO_FREE char *folder = NULL;
    struct wim_entry image;
    bool is_known = old && old->type == OS_TYPE_DIRECTORY && old->inode == now->inode;
    TRY(path_join(r->upper->root, now->path, &folder));
    TRY(look(r, now->path, &image));
    if (image.kind == WIM_FOLDER && (is_known || !os_is_opaque(folder)))
        return S_OK;
    if (image.kind != WIM_NOTHING)
        TRY(delete_name(r, now->path, true));
    r->added = now->path;
    return add_name(r, now->path);
}

static HRESULT see_file(struct reading *r, const struct tree_entry *old,
                        const struct tree_entry *now)
{
    struct wim_entry image;
    if (old && old->type == now->type && tree_is_same(old, now))
        return S_OK;
    TRY(look(r, now->path, &image));
    if (image.kind == WIM_FOLDER)
        TRY(delete_name(r, now->path, true));
    return add_name(r, now->path);
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

/* Names of a hard-linked file that was changed through another one. */
static HRESULT see_other_name(void *context, const char *path, const char *file)
{
    (void)file;
    return add_name(context, path);
}

HRESULT upper_changes(const struct upper *upper, const char *source, wim_changes *out)
{
    struct reading r AUTO(reading_clear) = {.upper = upper, .source = source, .deletions = out};
    TRY(tree_side_by_side(upper->old, upper->now, see, &r));
    TRY(tree_add_linked(upper->now, source, &r.additions));
    TRY(upper_each_other_name(upper, true, see_other_name, &r));
    return wim_changes_move(&r.additions, out);
}

/* ---- marks ---- */

struct marking {
    const char *root;
    const char *marked; /* the last folder that needs no marks below it */
};

static HRESULT mark(void *context, const struct tree_entry *old, const struct tree_entry *now)
{
    struct marking *m = context;
    AUTO_FREE char *path = NULL;
    if (!old || old->type == OS_TYPE_WHITEOUT || (m->marked && tree_is_below(old->path, m->marked)))
        return S_OK;
    TRY(path_join(m->root, old->path, &path));
    if (old->type == OS_TYPE_DIRECTORY &&
        (!now || now->type != OS_TYPE_DIRECTORY || os_is_opaque(path)))
        m->marked = old->path;
    return now ? S_OK : os_make_whiteout(path);
}

static HRESULT make_link(void *context, const char *path, const char *file)
{
    const struct upper *upper = context;
    AUTO_FREE char *to = NULL, *folder = NULL;
    TRY(path_join(upper->root, path, &to));
    TRY(path_parent(to, &folder));
    TRY(os_make_directories(folder));
    return os_make_hard_link(file, to);
}

static HRESULT say_found(void *context, const char *file)
{
    (void)file;
    *(bool *)context = true;
    return S_OK;
}

static HRESULT link_others(const struct upper *upper, const char *image_path)
{
    AUTO_WIM struct wim *wim = NULL;
    struct upper with_image = *upper;
    bool found = false;
    TRY(upper_each_indexed(upper, say_found, &found));
    if (!found)
        return S_OK;
    TRY(wim_open(image_path, false, false, &wim));
    with_image.wim = wim;
    return upper_each_other_name(&with_image, false, make_link, &with_image);
}

static HRESULT forget(void *context, const char *file)
{
    (void)context;
    os_overlay_forget(file);
    return S_OK;
}

HRESULT upper_prepare(const struct upper *upper, const char *image_path)
{
    struct marking marking = {.root = upper->root};
    TRY(tree_side_by_side(upper->old, upper->now, mark, &marking));
    TRY(link_others(upper, image_path));
    for (size_t i = 0; i < upper->now->list.len; i++) {
        AUTO_FREE char *path = NULL;
        TRY(path_join(upper->root, upper->now->list.ptr[i].path, &path));
        os_overlay_forget(path);
    }
    return upper_each_indexed(upper, forget, NULL);
}
