/* SPDX-License-Identifier: MIT */
/* unpacked.c - see unpacked.h. */
#include "unpacked.h"

#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "path.h"

struct fill_progress {
    struct op *op;
    unsigned from, to;
    uint64_t expected;
};

HRESULT unpacked_report(void *context, uint64_t done, uint64_t total)
{
    const struct unpacking *p = context;
    if (done == 0)
        return op_check_cancel(p->op);
    return op_progress(p->op, 0, p->to, done, total);
}

static HRESULT report_entries(void *context, size_t count)
{
    const struct fill_progress *p = context;
    (void)count;
    return op_check_cancel(p->op);
}

HRESULT unpacked_keep(struct mount *mount, struct op *op, unsigned to)
{
    struct fill_progress p = {op, 0, to, 0};
    AUTO_TREE struct tree tree = {0};
    AUTO_FREE char *manifest = NULL;
    TRY(op_step(op, STEP_MOUNT_MANIFEST));
    TRY(tree_scan(mount->mount_path, &tree, report_entries, &p));
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(tree_keep(&tree, manifest, mount->mount_path));
    return op_ticks_to(op, to);
}

static HRESULT report_scanned(void *context, size_t count)
{
    const struct fill_progress *p = context;
    return op_progress(p->op, p->from, p->to, count < p->expected ? count : p->expected,
                       p->expected + 1);
}

HRESULT unpacked_changes(const struct mount *mount, struct wim *wim, struct op *op, unsigned from,
                         unsigned to, struct tree *seen, wim_changes *out)
{
    (void)wim;
    AUTO_FREE char *manifest = NULL;
    AUTO_TREE struct tree old = {0};
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(tree_load(manifest, &old));
    struct fill_progress p = {op, from, to, old.list.len};
    TRY(tree_scan(mount->mount_path, seen, report_scanned, &p));
    TRY(tree_changes(&old, seen, mount->mount_path, out));
    return op_ticks_to(op, to);
}

HRESULT unpacked_committed(const struct mount *mount, const struct tree *seen)
{
    AUTO_FREE char *manifest = NULL;
    TRY(mount_side_path(mount, "manifest", &manifest));
    return tree_keep(seen, manifest, mount->mount_path);
}

/* ---- aside and back ---- */

static HRESULT move_entries(const char *from, const char *to)
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(from, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *source = NULL, *target = NULL;
        TRY(path_join(from, names.ptr[i], &source));
        TRY(path_join(to, names.ptr[i], &target));
        if (os_exists(target)) /* renaming would replace it */
            return FAIL(HR_WIN32(ERROR_ALREADY_EXISTS), "%s is in the way of %s", target, source);
        TRY(os_rename(source, target));
    }
    return S_OK;
}

/* Beside the mount folder, so that moving is renaming. */
static HRESULT aside_path(const struct mount *mount, char **out)
{
    AUTO_FREE char *parent = NULL;
    TRY(path_parent(mount->mount_path, &parent));
    AUTO_FREE char *name = mem_format(".dismfake-%s", mount->id);
    return name ? path_join(parent, name, out) : FAIL_MEMORY();
}

/* Moving the tree changes times by which changes are told. */
static HRESULT note_changes(const struct mount *mount)
{
    AUTO_FREE char *manifest = NULL;
    AUTO_TREE struct tree old = {0}, now = {0};
    TRY(mount_side_path(mount, "manifest", &manifest));
    if (!os_exists(manifest))
        return S_OK; /* the mount was never finished */
    TRY(tree_load(manifest, &old));
    TRY(tree_scan(mount->mount_path, &now, NULL, NULL));
    tree_mark_changed(&old, &now);
    return tree_save(&old, manifest);
}

HRESULT unpacked_suspend(struct mount *mount)
{
    if (mount->aside)
        return S_FALSE;
    AUTO_FREE char *aside = NULL;
    TRY(aside_path(mount, &aside));
    bool moves = mount_has_its_folder(mount);
    if (moves && FAILED(note_changes(mount))) /* nothing keeps a machine from restarting */
        log_line(LOG_WARNING, "Mount::Restart", error_last()->hr, "%s", error_last()->text);
    if (moves && !os_exists(aside))
        TRY(os_make_directory(aside));
    /* From here the record knows of it: a tree of which only a part could be moved is made whole
     * by the remount. */
    mount->aside = TAKE(aside);
    return moves ? move_entries(mount->mount_path, mount->aside) : S_OK;
}

static HRESULT put_back(struct mount *mount)
{
    if (!mount->aside)
        return S_OK;
    if (os_exists(mount->aside)) {
        TRY(move_entries(mount->aside, mount->mount_path));
        TRY(os_remove_directory(mount->aside));
    }
    mem_free(mount->aside);
    mount->aside = NULL;
    return S_OK;
}

/* ---- the end ---- */

HRESULT unpacked_clear(const struct mount *mount)
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

HRESULT unpacked_check_unused(const struct mount *mount)
{
    AUTO_FREE char *open_path = NULL;
    unsigned pid = 0;
    if (!os_is_directory(mount->mount_path))
        return S_OK; /* gone: nobody can have anything in it */
    HRESULT hr = os_find_opener(mount->mount_path, &open_path, &pid);
    if (hr == S_OK)
        return FAIL(WIMGAPI_E_PARTIAL_UNMOUNT, "%s is open in process %u", open_path, pid);
    return FAILED(hr) ? hr : S_OK;
}

enum tree_place unpacked_place(const struct mount *mount)
{
    return mount_has_its_folder(mount) ? TREE_IN_PLACE : TREE_LOST;
}

HRESULT unpacked_restore(struct mount *mount)
{
    AUTO_FREE char *manifest = NULL;
    AUTO_TREE struct tree old = {0}, now = {0};
    TRY(put_back(mount));
    TRY(mount_side_path(mount, "manifest", &manifest));
    TRY(tree_load(manifest, &old));
    TRY(tree_scan(mount->mount_path, &now, NULL, NULL));
    TRY(tree_accept_moved(&old, &now));
    return tree_keep(&old, manifest, mount->mount_path);
}
