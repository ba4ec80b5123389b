/* SPDX-License-Identifier: MIT */
/* forget.c - see forget.h. */
#include "forget.h"

#include "clock.h"
#include "fault.h"
#include "image.h"
#include "journal.h"
#include "mount_lookup.h"
#include "wim_commit.h"
#include "world.h"

HRESULT forget_mounts(void)
{
    TRY(wim_recover()); /* while the records still know how the image files were */
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    for (size_t i = 0; i < m.list.len; i++) {
        TRY(mount_check_free(&m.list.ptr[i]));
        TRY(mount_check_restored(&m.list.ptr[i]));
    }
    for (size_t i = m.list.len; i-- > 0;) {
        TRY(image_engine_of(&m.list.ptr[i])->clear(&m.list.ptr[i]));
        mounts_remove(&m, &m.list.ptr[i]);
    }
    m.reboots = 0;
    return mounts_save(&m);
}

HRESULT forget_everything(void)
{
    TRY(forget_mounts());
    TRY(fault_disarm(NULL));
    TRY(fault_disarm_state());
    TRY(world_clear());
    clock_reset();
    return journal_clear();
}
