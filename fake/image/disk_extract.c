/* SPDX-License-Identifier: MIT */
/* disk_extract.c - the engine of disks: the files of the Windows volume are unpacked. */
#include "disk_image.h"
#include "unpacked.h"

static HRESULT fill(struct mount *mount, struct wim *wim, struct op *op, unsigned to)
{
    (void)wim; /* there is none */
    struct unpacking unpacking = {op, unpacking_ticks(to)};
    struct wim_progress progress = {unpacked_report, &unpacking};
    AUTO_DISK_IMAGE struct disk_image *image = NULL;
    TRY(op_step(op, STEP_MOUNT_EXTRACT));
    TRY(disk_image_open(mount->image_path, &image));
    TRY(disk_image_extract(image, mount->mount_path, &progress));
    TRY(op_ticks_to(op, unpacking.to));
    return unpacked_keep(mount, op, to);
}

const struct image_engine disk_engine = {.name = "disk", .fill = fill, UNPACKED_ENGINE};
