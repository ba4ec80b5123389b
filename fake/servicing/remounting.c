/* SPDX-License-Identifier: MIT */
/* remounting.c - DismRemountImage and DismCleanupMountpoints: what restarts and accidents leave
 * behind. */
#include <string.h>

#include "board.h"
#include "call.h"
#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "log.h"
#include "mount_lookup.h"
#include "os.h"
#include "path.h"
#include "session.h"
#include "settings.h"
#include "text.h"
#include "turn.h"
#include "wim_commit.h"
#include "worker.h"
#include "world.h"

/* ---- DismRemountImage ---- */

static HRESULT check_remountable(const struct mounts *m, const struct mount *mount)
{
    struct image_stamp now;
    TRY(mount_check_free(mount));
    if (!os_is_file(mount->image_path))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the image file %s is gone", mount->image_path);
    if (mount_status(m, mount) == DismMountStatusInvalid)
        return FAIL(WIMGAPI_E_NO_REMOUNT_TARGET,
                    "the mount at %s is invalid and cannot be remounted: discard it",
                    mount->mount_path_given);
    TRY(image_stamp_of(mount->image_path, &now));
    if (!image_stamp_equal(&now, &mount->stamp))
        return FAIL(WIMGAPI_E_WIM_CHANGED_NO_REMOUNT, "%s was changed since it was mounted",
                    mount->image_path);
    return S_OK;
}

/* S_FALSE: the mount is Ok, nothing to do (real-behaviour 1.5: what the real one says is not
 * settled). */
static HRESULT look_up(const char *id, struct mount *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    const struct mount *mount = mounts_find_id(&m, id);
    if (!mount)
        return FAIL(WIMGAPI_E_NO_REMOUNT_TARGET, "the mount is gone");
    if (mount_status(&m, mount) == DismMountStatusOk)
        return S_FALSE;
    TRY(check_remountable(&m, mount));
    return mount_copy(mount, out);
}

static HRESULT mark_remounted(const struct mount *ours)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, ours->id);
    if (!mount)
        return FAIL(WIMGAPI_E_NO_REMOUNT_TARGET, "the mount is gone");
    char *boot = mem_dup(m.boot);
    if (!boot)
        return FAIL_MEMORY();
    /* Another process was faster, and perhaps a restart has put the tree aside again since. */
    if (mount->state != MOUNT_OK || !text_equal(mount->boot, ours->boot)) {
        mem_free(boot);
        return FAIL(WIMPROVIDER_E_IMAGE_IN_SERVICE, "another process works on the mount at %s",
                    mount->mount_path_given);
    }
    mem_free(mount->boot);
    mem_free(mount->aside);
    mount->boot = boot;
    mount->aside = NULL;
    mount->live = ours->live;
    return mounts_save(&m);
}

/* Killed in between, it can be done again: what is back in its place stays there. */
static HRESULT remount(struct op *op, const char *id)
{
    struct mount mount AUTO(mount_clear) = {0};
    HRESULT hr = look_up(id, &mount);
    if (hr != S_OK)
        return hr == S_FALSE ? S_OK : hr;
    TRY(op_step(op, STEP_REMOUNT_RESTORE));
    TRY(image_engine_of(&mount)->restore(&mount));
    TRY(op_step(op, STEP_REMOUNT_RECORD));
    return mark_remounted(&mount);
}

static HRESULT check_session(const struct mount *mount)
{
    if (session_is_open_on(mount->mount_path))
        return FAIL(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_REMOUNT_IMAGE_PATH, "a session is open on %s",
                    mount->mount_path_given);
    return S_OK;
}

struct remounting {
    struct op *op;
    const struct mount *mount;
};

static HRESULT remount_in_turn(void *context, struct image *image)
{
    const struct remounting *r = context;
    (void)image;
    TRY(check_session(r->mount));
    return remount(r->op, r->mount->id);
}

HRESULT impl_DismRemountImage(struct call *call, PCWSTR MountPath)
{
    AUTO_FREE char *path = NULL;
    struct mount mount AUTO(mount_clear) = {0};
    TRY(client_path(MountPath, "MountPath", E_INVALIDARG, &path));
    TRY(wim_recover());
    HRESULT hr = mount_lookup(path, &mount);
    if (hr == HR_WIN32(ERROR_NOT_FOUND))
        return FAIL(WIMGAPI_E_NO_REMOUNT_TARGET, "nothing is mounted at %s", path);
    TRY(hr);
    TRY(world_check_mount(mount.mount_path));
    TRY(check_session(&mount));
    struct remounting r = {&call->op, &mount};
    return turn_run(mount.mount_path, remount_in_turn, &r);
}

/* ---- DismCleanupMountpoints ---- */

typedef VEC(struct mount) mount_list;

static void mount_list_clear(mount_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        mount_clear(&list->ptr[i]);
    vec_clear(list);
}

static HRESULT find_invalid(mount_list *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    for (size_t i = 0; i < m.list.len; i++) {
        const struct mount *mount = &m.list.ptr[i];
        if (mount_is_busy(mount) || mount_status(&m, mount) != DismMountStatusInvalid ||
            FAILED(mount_check_restored(mount)))
            continue;
        struct mount *copy = vec_push(out);
        if (!copy)
            return FAIL_MEMORY();
        TRY(mount_copy(mount, copy));
    }
    return S_OK;
}

struct cleaning {
    struct op *op;
    struct mount *mount;
};

static HRESULT clean_up(void *context, struct image *image)
{
    const struct cleaning *c = context;
    struct mount *mount = c->mount;
    (void)image;
    HRESULT hr = mount_begin_removal(mount, true);
    if (hr != S_OK)
        return hr;
    TRY(image_engine_of(mount)->clear(mount));
    TRY(op_step(c->op, STEP_CLEANUP_FORGET));
    return mounts_forget(mount->id);
}

/* Temporary files of registries whose writer was killed. */
static HRESULT sweep_temporaries(void)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    AUTO_MOUNTS struct mounts m = {0};
    AUTO_NAMES struct os_names names = {0};
    TRY(mounts_open(&m)); /* nobody writes while we hold it */
    TRY(os_list(settings->state, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *path = NULL;
        if (!text_starts(names.ptr[i], ".registry.json.tmp."))
            continue;
        TRY(path_join(settings->state, names.ptr[i], &path));
        TRY(os_remove_file(path));
    }
    return S_OK;
}

HRESULT impl_DismCleanupMountpoints(struct call *call)
{
    mount_list invalid AUTO(mount_list_clear) = {0};
    TRY(op_step(&call->op, STEP_CLEANUP_SWEEP));
    TRY(wim_recover());
    TRY(find_invalid(&invalid));
    struct error first = {0}; /* what is stuck does not keep the rest */
    for (size_t i = 0; i < invalid.len; i++) {
        log_line(LOG_INFO, "Cleanup::Sweep", S_OK, "removing what is left of the mount at %s",
                 invalid.ptr[i].mount_path_given);
        struct cleaning c = {&call->op, &invalid.ptr[i]};
        if (FAILED(turn_run(c.mount->mount_path, clean_up, &c)) && SUCCEEDED(first.hr))
            first = *error_last();
    }
    TRY(sweep_temporaries());
    board_sweep();
    if (FAILED(first.hr))
        error_restore(&first);
    return first.hr;
}
