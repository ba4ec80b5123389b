/* SPDX-License-Identifier: MIT */
/*
 * unpacked.h - a mount folder that was filled with files, whatever they came from: a manifest
 * remembers what was unpacked, changes are what differs from it. Kept in the mount's side folder:
 * "manifest". What the two engines that unpack (wim_extract.c, disk_extract.c) have in common.
 */
#ifndef IMAGE_UNPACKED_H
#define IMAGE_UNPACKED_H

#include "image.h"

/* For a struct wim_progress: what is unpacked becomes ticks up to `to`. */
struct unpacking {
    struct op *op;
    unsigned to;
};
HRESULT unpacked_report(void *context, uint64_t done, uint64_t total);
/* How much of the ticks up to `to` is for unpacking. */
static inline unsigned unpacking_ticks(unsigned to)
{
    return to * 9 / 10;
}
/* The folder is full: takes the manifest. */
HRESULT unpacked_keep(struct mount *mount, struct op *op, unsigned to);

/* See struct image_engine. */
HRESULT unpacked_changes(const struct mount *mount, struct wim *wim, struct op *op, unsigned from,
                         unsigned to, struct tree *seen, wim_changes *out);
HRESULT unpacked_committed(const struct mount *mount, const struct tree *seen);
HRESULT unpacked_check_unused(const struct mount *mount);
HRESULT unpacked_clear(const struct mount *mount);
enum tree_place unpacked_place(const struct mount *mount);
HRESULT unpacked_suspend(struct mount *mount);
HRESULT unpacked_restore(struct mount *mount);
#define UNPACKED_ENGINE                                                                            \
    .changes = unpacked_changes, .committed = unpacked_committed,                                  \
    .check_unused = unpacked_check_unused, .clear = unpacked_clear, .place = unpacked_place,       \
    .suspend = unpacked_suspend, .restore = unpacked_restore

#endif
