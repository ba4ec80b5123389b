/* SPDX-License-Identifier: MIT */
/*
 * image.h - how an image becomes a folder and its changes are found again: one struct image_engine
 * per way. The registry, the order of a commit, progress and recovery are the same for all
 * (wim_commit.h, servicing/images.c).
 *
 * Engines: `extract` (wim_extract.c) unpacks the image and keeps a manifest; works everywhere. The
 * place of the lazy engine (FUSE lower, overlay upper) is a second struct of this kind.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "mounts.h"
#include "op.h"
#include "tree.h"
#include "wim.h"

struct image_engine {
    const char *name;
    /* Fills the mount folder; reports ticks up to `to`. After a failure, `clear` follows. */
    HRESULT (*fill)(const struct mount *mount, struct wim *wim, struct op *op, unsigned to);
    /* What differs from the image; ticks from..to. `seen` is kept for `committed`. */
    HRESULT(*changes)
    (const struct mount *mount, struct op *op, unsigned from, unsigned to, struct tree *seen,
     wim_changes *out);
    /* The image now holds what `seen` saw. */
    HRESULT (*committed)(const struct mount *mount, const struct tree *seen);
    /* Empties the mount folder and forgets what the engine kept. */
    HRESULT (*clear)(const struct mount *mount);
    /* After a restart: the folder as it was. */
    HRESULT (*restore)(struct mount *mount);
};

extern const struct image_engine wim_extract_engine;

/* The engine a record names. Only names that a mount was made with are ever asked for. */
const struct image_engine *image_engine_of(const struct mount *mount);

#endif
