/* SPDX-License-Identifier: MIT */
/* wim_extract.c - the portable engine: the image is unpacked into the mount folder. */
#include "unpacked.h"

static HRESULT fill(struct mount *mount, struct wim *wim, struct op *op, unsigned to)
{
    struct unpacking unpacking = {op, unpacking_ticks(to)};
    struct wim_progress progress = {unpacked_report, &unpacking};
    TRY(op_step(op, STEP_MOUNT_EXTRACT));
    TRY(wim_extract(wim, mount->index, mount->mount_path, &progress));
    TRY(op_ticks_to(op, unpacking.to));
    return unpacked_keep(mount, op, to);
}

const struct image_engine wim_extract_engine = {.name = "extract", .fill = fill, UNPACKED_ENGINE};
