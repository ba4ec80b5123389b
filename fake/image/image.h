/* SPDX-License-Identifier: MIT */
/*
 * image.h - how an image becomes a folder and its changes are found again: one struct image_engine
 * per way. The registry, the order of a commit, progress and recovery are the same for all
 * (wim_commit.h, servicing/).
 *
 * `extract` (wim_extract.c) unpacks the image and keeps a manifest; works everywhere. `lazy`
 * (wim_lazy.c) mounts the image with FUSE, under an overlay whose upper folder takes the changes;
 * needs root and /dev/fuse, and takes no longer for a large image than for a small one. `disk`
 * (disk_extract.c) unpacks the Windows volume of a VHD or VHDX.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "mounts.h"
#include "op.h"
#include "tree.h"
#include "wim.h"

enum tree_place {
    TREE_IN_PLACE,
    TREE_AWAY, /* whole, but not in the mount folder: a remount brings it back */
    TREE_LOST, /* the mount folder is gone, or is somebody else's */
};

struct image_engine {
    const char *name;
    /* Fills the mount folder; reports ticks up to `to`. After a failure, `clear` follows. S_FALSE:
     * this engine cannot work here, the thread's error says why, and nothing was done. */
    HRESULT (*fill)(struct mount *mount, struct wim *wim, struct op *op, unsigned to);
    /* What differs from the image in `wim` (NULL: of a disk); ticks from..to. `seen` is kept for
     * `committed`. */
    HRESULT(*changes)
    (const struct mount *mount, struct wim *wim, struct op *op, unsigned from, unsigned to,
     struct tree *seen, wim_changes *out);
    /* The image now holds what `seen` saw. */
    HRESULT (*committed)(const struct mount *mount, const struct tree *seen);
    /* WIMGAPI_E_PARTIAL_UNMOUNT while somebody has something open; engines that find out only in
     * `clear` answer S_OK. */
    HRESULT (*check_unused)(const struct mount *mount);
    /* Empties the mount folder and forgets what the engine kept. */
    HRESULT (*clear)(const struct mount *mount);
    enum tree_place (*place)(const struct mount *mount);
    /* A restart: takes the tree out of the folder. S_FALSE: it was away already. */
    HRESULT (*suspend)(struct mount *mount);
    /* After a restart: the folder as it was. */
    HRESULT (*restore)(struct mount *mount);
};

extern const struct image_engine wim_extract_engine, wim_lazy_engine, disk_engine;

/* The engine a record names. Only names that a mount was made with are ever asked for. */
const struct image_engine *image_engine_of(const struct mount *mount);
/* The name of the engine that a new mount of that file tries first (DISMFAKE_ENGINE, for WIMs). */
const char *image_engine_wanted(const char *image_path);
/* Fills by the engine that the record names, or, where DISMFAKE_ENGINE leaves the choice and that
 * one cannot work here, by the other one, which the record then names. */
HRESULT image_fill(struct mount *mount, struct wim *wim, struct op *op, unsigned to);

#endif
