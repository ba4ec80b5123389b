/* SPDX-License-Identifier: MIT */
/*
 * upper_links.c - see upper_links.h.
 *
 * Each file in the overlay's index is one of the image with several names that was copied up; it
 * may have no name in the upper folder any more, and still be what its other names show. Which file
 * of the image was copied up is not a question of where the copy lies: it may have been renamed
 * since, or lie where the image has another file. The mount helper (mountfs/nodes.c) gives each
 * file with several names a generation, the hash of one name's path, and the overlay notes it with
 * the copy. A name that the image has got since then is known by the inode that was noted when the
 * image took it over.
 */
#include "upper_links.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hash.h"
#include "path.h"
#include "text.h"

struct linked {
    uint64_t key; /* what the list is sorted by */
    struct tree_entry entry;
    char *file; /* in the index */
    uint64_t group;
    uint32_t origin;
    bool has_group, is_known, has_new_name;
};

struct linking {
    const struct upper *upper;
    VEC(struct linked) linked;
    HRESULT (*each)(void *context, const char *path, const char *file);
    void *context;
};

static void linking_clear(struct linking *l)
{
    for (size_t i = 0; i < l->linked.len; i++)
        mem_free(l->linked.ptr[i].file);
    vec_clear(&l->linked);
}

/* ---- look-ups ---- */

static const struct tree_entry *find(const struct tree *tree, const char *path)
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

static int by_key(const void *a, const void *b)
{
    const struct linked *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static void sort(struct linking *l)
{
    if (l->linked.len)
        qsort(l->linked.ptr, l->linked.len, sizeof *l->linked.ptr, by_key);
}

/* The first one with that key or a greater one. */
static size_t first_with(const struct linking *l, uint64_t key)
{
    size_t from = 0, to = l->linked.len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (l->linked.ptr[middle].key < key)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void sort_by_inode(struct linking *l)
{
    for (size_t i = 0; i < l->linked.len; i++)
        l->linked.ptr[i].key = l->linked.ptr[i].entry.inode;
    sort(l);
}

/* ---- what was copied up ---- */

HRESULT upper_each_indexed(const struct upper *upper,
                           HRESULT (*each)(void *context, const char *file), void *context)
{
    AUTO_FREE char *folder = NULL;
    AUTO_NAMES struct os_names names = {0};
    TRY(path_join(upper->work, "index", &folder));
    if (!os_is_directory(folder))
        return S_OK;
    TRY(os_list(folder, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *file = NULL;
        TRY(path_join(folder, names.ptr[i], &file));
        if (os_is_file(file))
            TRY(each(context, file));
    }
    return S_OK;
}

static HRESULT collect(void *context, const char *file)
{
    struct linking *l = context;
    struct os_stat now;
    TRY(os_lstat(file, &now));
    struct linked *linked = vec_push(&l->linked);
    if (!linked)
        return FAIL_MEMORY();
    *linked = (struct linked){.origin = os_overlay_generation(file), .file = mem_dup(file)};
    linked->entry = (struct tree_entry){.type = now.type,
                                        .inode = now.inode,
                                        .size = now.size,
                                        .mtime_ns = now.mtime_ns,
                                        .ctime_ns = now.ctime_ns};
    return linked->file ? S_OK : FAIL_MEMORY();
}

static void drop_known(struct linking *l)
{
    size_t kept = 0;
    sort_by_inode(l);
    for (size_t i = 0; i < l->upper->old->list.len; i++) {
        const struct tree_entry *old = &l->upper->old->list.ptr[i];
        size_t at = first_with(l, old->inode);
        if (at < l->linked.len && tree_is_same(old, &l->linked.ptr[at].entry))
            l->linked.ptr[at].is_known = true;
    }
    for (size_t i = 0; i < l->upper->now->list.len; i++) {
        const struct tree_entry *now = &l->upper->now->list.ptr[i];
        size_t at = first_with(l, now->inode);
        if (at == l->linked.len || l->linked.ptr[at].key != now->inode)
            continue;
        const struct tree_entry *old = find(l->upper->old, now->path);
        if (!old || old->inode != now->inode) /* it moved with its folder */
            l->linked.ptr[at].has_new_name = true;
    }
    for (size_t i = 0; i < l->linked.len; i++) {
        if (l->linked.ptr[i].is_known && !l->linked.ptr[i].has_new_name)
            mem_free(l->linked.ptr[i].file);
        else
            l->linked.ptr[kept++] = l->linked.ptr[i];
    }
    l->linked.len = kept;
}

/* ---- which file of the image it is ---- */

static void set_group(struct linked *linked, uint64_t group)
{
    linked->has_group = true;
    linked->group = group;
}

static HRESULT see_origin(void *context, const char *path, const struct wim_entry *entry)
{
    struct linking *l = context;
    uint32_t origin = hash_name(path);
    for (size_t i = first_with(l, origin); i < l->linked.len; i++) {
        struct linked *linked = &l->linked.ptr[i];
        if (linked->key != origin)
            break;
        const struct tree_entry *old = find(l->upper->old, path);
        if (!old ||
            old->inode == linked->entry.inode) /* else the image has got another file there */
            set_group(linked, entry->link_group);
    }
    return S_OK;
}

static HRESULT find_by_origin(struct linking *l)
{
    for (size_t i = 0; i < l->linked.len; i++)
        l->linked.ptr[i].key = l->linked.ptr[i].origin;
    sort(l);
    return wim_each_linked(l->upper->wim, l->upper->index, see_origin, l);
}

/* By a name under which the image knows it since the last commit. */
static HRESULT find_by_inode(struct linking *l)
{
    const struct upper *upper = l->upper;
    sort_by_inode(l);
    for (size_t i = 0; i < upper->old->list.len; i++) {
        const struct tree_entry *old = &upper->old->list.ptr[i];
        for (size_t k = first_with(l, old->inode); k < l->linked.len; k++) {
            struct linked *linked = &l->linked.ptr[k];
            struct wim_entry image;
            if (linked->key != old->inode)
                break;
            if (linked->has_group || old->type != OS_TYPE_FILE)
                continue;
            TRY(wim_look(upper->wim, upper->index, old->path, &image));
            if (image.kind == WIM_FILE && image.links > 1)
                set_group(linked, image.link_group);
        }
    }
    return S_OK;
}

/* ---- the other names ---- */

/* Does the upper folder say something of the image's name, or something else of a folder above it?
 * What it had when the image took it over, and has no more, is deleted. */
static HRESULT is_covered(const struct upper *upper, const char *path, bool *out)
{
    AUTO_FREE char *above = mem_dup(path);
    if (!above)
        return FAIL_MEMORY();
    *out = find(upper->now, path) || find(upper->old, path);
    for (char *slash = strrchr(above, '/'); slash && !*out; slash = strrchr(above, '/')) {
        AUTO_FREE char *folder = NULL;
        *slash = '\0';
        const struct tree_entry *entry = find(upper->now, above);
        TRY(path_join(upper->root, above, &folder));
        *out = entry ? entry->type != OS_TYPE_DIRECTORY || os_is_opaque(folder)
                     : find(upper->old, above) != NULL;
    }
    return S_OK;
}

static HRESULT see_name(void *context, const char *path, const struct wim_entry *entry)
{
    struct linking *l = context;
    bool covered = false;
    size_t i = first_with(l, entry->link_group);
    while (i < l->linked.len && l->linked.ptr[i].key == entry->link_group &&
           !l->linked.ptr[i].has_group)
        i++;
    if (i == l->linked.len || l->linked.ptr[i].key != entry->link_group)
        return S_OK;
    TRY(is_covered(l->upper, path, &covered));
    return covered ? S_OK : l->each(l->context, path, l->linked.ptr[i].file);
}

HRESULT upper_each_other_name(const struct upper *upper, bool only_new,
                              HRESULT (*each)(void *context, const char *path, const char *file),
                              void *context)
{
    struct linking l AUTO(linking_clear) = {.upper = upper, .each = each, .context = context};
    TRY(upper_each_indexed(upper, collect, &l));
    if (only_new)
        drop_known(&l);
    if (l.linked.len == 0)
        return S_OK;
    TRY(find_by_origin(&l));
    TRY(find_by_inode(&l));
    for (size_t i = 0; i < l.linked.len; i++)
        l.linked.ptr[i].key = l.linked.ptr[i].has_group ? l.linked.ptr[i].group : 0;
    sort(&l);
    return wim_each_linked(upper->wim, upper->index, see_name, &l);
}
