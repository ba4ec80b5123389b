/* SPDX-License-Identifier: MIT */
/*
 * wim_lazy.c - the fast engine: nothing is unpacked. A helper process serves the image through FUSE
 * (lazy_mount.h); what a read-write mount changes goes into the upper folder of an overlay, which
 * outlives the helper, the client and a restart. Kept in the mount's side folder: "upper", "work",
 * "lower" (where the image is mounted while the overlay is made) and, after a commit, "manifest":
 * what the upper folder was when the image took it over.
 */
#include "dism_codes.h"
#include "error.h"
#include "image.h"
#include "lazy_mount.h"
#include "path.h"
#include "upper.h"

#define BUSY_MS 2000
#define BUSY_POLL_MS 5

static HRESULT fill(struct mount *mount, struct wim *wim, struct op *op, unsigned to)
{
    (void)wim; /* the helper opens its own */
    TRY(op_step(op, STEP_MOUNT_EXTRACT));
    TRY(op_ticks_to(op, to / 2));
    HRESULT hr = lazy_start(mount);
    if (hr != S_OK)
        return hr;
    TRY(op_step(op, STEP_MOUNT_MANIFEST));
    return op_ticks_to(op, to);
}

/* ---- changes ---- */

static HRESULT load_manifest(const struct mount *mount, struct tree *out)
{
    AUTO_FREE char *manifest = NULL;
    TRY(mount_side_path(mount, "manifest", &manifest));
    return os_exists(manifest) ? tree_load(manifest, out) : S_OK;
}

static HRESULT report_scanned(void *context, size_t count)
{
    (void)count;
    return op_check_cancel(context);
}

/* It is not in the upper folder, and would be in the way of the unmount. */
static HRESULT check_nothing_inside(const struct mount *mount)
{
    AUTO_FREE char *inside = NULL;
    HRESULT hr = os_mount_below(mount->mount_path, &inside);
    return hr == S_OK ? FAIL(HR_WIN32(ERROR_BUSY), "another file system is mounted at %s", inside)
                      : (FAILED(hr) ? hr : S_OK);
}

static HRESULT find_changes(const struct mount *mount, struct wim *wim, struct op *op,
                            unsigned from, unsigned to, struct tree *seen, wim_changes *out)
{
    AUTO_FREE char *upper = NULL, *work = NULL;
    AUTO_TREE struct tree old = {0};
    (void)from;
    TRY(check_nothing_inside(mount));
    TRY(load_manifest(mount, &old));
    TRY(mount_side_path(mount, "upper", &upper));
    TRY(tree_scan(upper, seen, report_scanned, op));
    TRY(mount_side_path(mount, "work", &work));
    const struct upper changed = {upper, work, &old, seen, wim, mount->index};
    TRY(upper_changes(&changed, mount->mount_path, out));
    return op_ticks_to(op, to);
}

static HRESULT committed(const struct mount *mount, const struct tree *seen)
{
    AUTO_FREE char *manifest = NULL, *upper = NULL;
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(mount_side_path(mount, "upper", &upper));
    return tree_keep(seen, manifest, upper);
}

/* ---- the end ---- */

static HRESULT check_unused(const struct mount *mount)
{
    (void)mount; /* the kernel says so when it is unmounted */
    return S_OK;
}

/* Sets the thread's error in either case. */
static bool find_user(const struct mount *mount)
{
    AUTO_FREE char *path = NULL;
    unsigned pid;
    if (os_find_opener(mount->mount_path, &path, &pid) == S_OK) {
        FAIL(WIMGAPI_E_PARTIAL_UNMOUNT, "%s is open in process %u", path, pid);
        return true;
    }
    FAIL(WIMGAPI_E_PARTIAL_UNMOUNT, "the folder %s is in use", mount->mount_path_given);
    return false;
}

/* A look at the folder, by whoever lists the mounts, makes it busy for a moment too: somebody who
 * can be named has it open, or it is in use for longer than that. */
static HRESULT stop_unused(const struct mount *mount)
{
    for (uint64_t end = os_now_ms() + BUSY_MS;;) {
        HRESULT hr = lazy_stop(mount, false);
        if (hr != HR_WIN32(ERROR_BUSY))
            return hr;
        if (find_user(mount) || os_now_ms() >= end)
            return error_last()->hr;
        os_pause(BUSY_POLL_MS);
    }
}

static HRESULT clear(const struct mount *mount)
{
    AUTO_FREE char *side = NULL;
    TRY(stop_unused(mount));
    TRY(mount_side_path(mount, NULL, &side));
    return os_exists(side) ? os_remove_tree(side, true) : S_OK;
}

/* ---- restarts ---- */

static enum tree_place place(const struct mount *mount)
{
    bool is_ours;
    if (lazy_is_live(mount))
        return TREE_IN_PLACE;
    if (SUCCEEDED(lazy_is_mounted(mount, &is_ours)) && is_ours)
        return TREE_AWAY; /* its helper is dead */
    return mount_has_its_folder(mount) ? TREE_AWAY : TREE_LOST;
}

static HRESULT suspend(struct mount *mount)
{
    if (mount->live.helper_pid == 0) /* what is mounted is a remount that is just being made */
        return S_FALSE;
    TRY(lazy_stop(mount, true));
    mount->live = (struct live_mount){0};
    return S_OK;
}

/* Who had something open in the folder when the machine was "restarted" lives on here, and with him
 * the old overlay, whose upper folder no other overlay may use: the entries move to a new one. Cut
 * off in between, it is done again. */
static HRESULT renew_upper(const struct mount *mount, const char *upper)
{
    AUTO_FREE char *old = NULL;
    struct os_stat stat;
    TRY(mount_side_path(mount, "upper.old", &old));
    if (!os_exists(old))
        TRY(os_rename(upper, old));
    TRY(os_stat(old, &stat));
    TRY(os_make_directories(upper));
    TRY(os_set_mode(upper, stat.mode));
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(old, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *from = NULL, *to = NULL;
        TRY(path_join(old, names.ptr[i], &from));
        TRY(path_join(upper, names.ptr[i], &to));
        TRY(os_rename(from, to));
    }
    return os_remove_directory(old);
}

static HRESULT restore(struct mount *mount)
{
    AUTO_FREE char *upper = NULL, *work = NULL;
    AUTO_TREE struct tree old = {0}, now = {0};
    TRY(lazy_stop(mount, true));
    if (!mount->is_readonly) {
        TRY(load_manifest(mount, &old));
        TRY(mount_side_path(mount, "upper", &upper));
        TRY(renew_upper(mount, upper));
        TRY(tree_scan(upper, &now, NULL, NULL));
        TRY(mount_side_path(mount, "work", &work));
        const struct upper kept = {upper, work, &old, &now, NULL, mount->index};
        TRY(upper_prepare(&kept, mount->image_path));
        if (os_exists(work))
            TRY(os_remove_tree(work, true));
    }
    HRESULT hr = lazy_start(mount);
    return hr == S_FALSE ? error_last()->hr : hr;
}

const struct image_engine wim_lazy_engine = {
    .name = "lazy",
    .fill = fill,
    .changes = find_changes,
    .committed = committed,
    .check_unused = check_unused,
    .clear = clear,
    .place = place,
    .suspend = suspend,
    .restore = restore,
};
