/* SPDX-License-Identifier: MIT */
/*
 * wim_extract.c - the portable engine: the image is unpacked into the mount folder, a manifest
 * remembers what was unpacked, changes are what differs from it. Kept in the mount's side folder:
 * "manifest".
 */
#include "dism_codes.h"
#include "error.h"
#include "image.h"
#include "path.h"

struct fill_progress {
    struct op *op;
    unsigned from, to;
    uint64_t expected;
};

static HRESULT report_bytes(void *context, uint64_t done, uint64_t total)
{
    const struct fill_progress *p = context;
    if (done == 0)
        return op_check_cancel(p->op);
    return op_progress(p->op, p->from, p->to, done, total);
}

static HRESULT report_entries(void *context, size_t count)
{
    const struct fill_progress *p = context;
    (void)count;
    return op_check_cancel(p->op);
}

/* Kept for comparing: what changes from now on must not have the time that it was kept with. */
static HRESULT keep(const struct mount *mount, const struct tree *tree, const char *manifest)
{
    int64_t newest = 0;
    TRY(tree_save(tree, manifest));
    if (os_file_clock_is_fine(mount->mount_path))
        return S_OK;
    for (size_t i = 0; i < tree->list.len; i++)
        if (tree->list.ptr[i].ctime_ns > newest)
            newest = tree->list.ptr[i].ctime_ns;
    os_await_file_clock(newest);
    return S_OK;
}

static HRESULT fill(const struct mount *mount, struct wim *wim, struct op *op, unsigned to)
{
    unsigned unpacked = to * 9 / 10;
    struct fill_progress p = {op, 0, unpacked, 0};
    struct wim_progress progress = {report_bytes, &p};
    TRY(op_step(op, STEP_MOUNT_EXTRACT));
    TRY(wim_extract(wim, mount->index, mount->mount_path, &progress));
    TRY(op_ticks_to(op, unpacked));

    AUTO_TREE struct tree tree = {0};
    AUTO_FREE char *manifest = NULL;
    TRY(op_step(op, STEP_MOUNT_MANIFEST));
    TRY(tree_scan(mount->mount_path, &tree, report_entries, &p));
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(keep(mount, &tree, manifest));
    return op_ticks_to(op, to);
}

static HRESULT report_scanned(void *context, size_t count)
{
    const struct fill_progress *p = context;
    return op_progress(p->op, p->from, p->to, count < p->expected ? count : p->expected,
                       p->expected + 1);
}

static HRESULT find_changes(const struct mount *mount, struct op *op, unsigned from, unsigned to,
                            struct tree *seen, wim_changes *out)
{
    AUTO_FREE char *manifest = NULL;
    AUTO_TREE struct tree old = {0};
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(tree_load(manifest, &old));
    struct fill_progress p = {op, from, to, old.list.len};
    TRY(tree_scan(mount->mount_path, seen, report_scanned, &p));
    TRY(tree_changes(&old, seen, mount->mount_path, out));
    return op_ticks_to(op, to);
}

static HRESULT committed(const struct mount *mount, const struct tree *seen)
{
    AUTO_FREE char *manifest = NULL;
    TRY(mount_side_path(mount, "manifest", &manifest));
    return keep(mount, seen, manifest);
}

static HRESULT clear(const struct mount *mount)
{
    AUTO_FREE char *side = NULL;
    TRY(mount_side_path(mount, NULL, &side));
    /* A folder that somebody has put in the mount folder's place is not ours to empty. */
    if (mount_has_its_folder(mount))
        TRY(os_remove_tree(mount->mount_path, false));
    if (mount->aside && os_exists(mount->aside))
        TRY(os_remove_tree(mount->aside, true));
    return os_exists(side) ? os_remove_tree(side, true) : S_OK;
}

static HRESULT restore(struct mount *mount)
{
    AUTO_FREE char *manifest = NULL;
    AUTO_TREE struct tree old = {0}, now = {0};
    TRY(mount_put_back(mount));
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(tree_load(manifest, &old));
    TRY(tree_scan(mount->mount_path, &now, NULL, NULL));
    tree_accept_moved(&old, &now);
    return keep(mount, &old, manifest);
}

const struct image_engine wim_extract_engine = {
    .name = "extract",
    .fill = fill,
    .changes = find_changes,
    .committed = committed,
    .clear = clear,
    .restore = restore,
};

const struct image_engine *image_engine_of(const struct mount *mount)
{
    (void)mount;
    return &wim_extract_engine;
}
