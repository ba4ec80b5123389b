/* SPDX-License-Identifier: MIT */
/* windows_of.c - see windows_of.h. */
#include "windows_of.h"

#include "call.h"
#include "change.h"
#include "error.h"
#include "mounts.h"
#include "session.h"

static HRESULT is_mounted_readonly(const struct session_target *target, bool *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    *out = false;
    if (!target->mount)
        return S_OK;
    TRY(mounts_open(&m));
    const struct mount *mount = mounts_find_id(&m, target->mount);
    *out = mount && mount->is_readonly;
    return S_OK;
}

static void release(void *ptr)
{
    winimage_close(ptr);
}

static HRESULT make(const struct session_target *target, struct session_kept *kept)
{
    struct winimage *image;
    bool is_readonly;
    TRY(is_mounted_readonly(target, &is_readonly));
    TRY(winimage_open(target->root, target->windows, target->is_online, is_readonly, &image));
    *kept = (struct session_kept){image, release};
    return S_OK;
}

HRESULT windows_of(struct call *call, struct winimage **out)
{
    const struct session_target *target = session_target(call->session);
    struct session_kept *kept = session_kept(call->session);
    if (!kept->ptr)
        TRY(make(target, kept));
    TRY(change_recover(target->root, target->is_online));
    TRY(winimage_refresh(kept->ptr));
    *out = kept->ptr;
    return S_OK;
}
