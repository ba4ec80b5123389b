/* SPDX-License-Identifier: MIT */
/* mount_lookup.c - see mount_lookup.h. */
#include "mount_lookup.h"

#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

HRESULT mount_lookup(const char *path, struct mount *out)
{
    AUTO_FREE char *folder = NULL;
    AUTO_MOUNTS struct mounts m = {0};
    TRY(client_path_canonical(path, &folder));
    TRY(mounts_open(&m));
    const struct mount *mount = mounts_find_path(&m, folder);
    for (size_t i = 0; i < m.list.len && !mount; i++)
        if (path_equal(m.list.ptr[i].mount_path_given, path))
            mount = &m.list.ptr[i];
    if (!mount)
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "nothing is mounted at %s", path);
    return mount_copy(mount, out);
}

HRESULT mount_check_restored(const struct mount *mount)
{
    if (mount->state == MOUNT_COMMITTING && !mount_is_busy(mount) && os_is_file(mount->image_path))
        return FAIL(WIMPROVIDER_E_IMAGE_IN_SERVICE,
                    "%s is not restored yet after a commit that was cut off", mount->image_path);
    return S_OK;
}

HRESULT mount_check_free(const struct mount *mount)
{
    if (mount_is_busy(mount) && !mount_is_ours(mount))
        return FAIL(WIMPROVIDER_E_IMAGE_IN_SERVICE, "process %u is working on the image at %s",
                    mount->owner_pid, mount->mount_path_given);
    return S_OK;
}

HRESULT mount_begin_removal(struct mount *mount, bool only_invalid)
{
    AUTO_MOUNTS struct mounts m = {0};
    struct mount fresh;
    TRY(mounts_open(&m));
    struct mount *now = mounts_find_id(&m, mount->id);
    if (only_invalid &&
        (!now || mount_is_busy(now) || mount_status(&m, now) != DismMountStatusInvalid))
        return S_FALSE;
    if (!now)
        return FAIL(DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH, "nothing is mounted at %s any more",
                    mount->mount_path_given);
    TRY(mount_check_free(now));
    mount_claim(now, MOUNT_UNMOUNTING);
    TRY(mounts_save(&m));
    TRY(mount_copy(now, &fresh));
    mount_clear(mount);
    *mount = fresh;
    return S_OK;
}
