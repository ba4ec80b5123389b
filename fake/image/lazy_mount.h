/* SPDX-License-Identifier: MIT */
/*
 * lazy_mount.h - the kernel's side of a `lazy` mount: the helper process that serves the image, and
 * what is mounted on the mount folder. The source of every mount of ours is the id of its record,
 * so that no mount of anybody else is ever taken away.
 *
 * Read-only: the helper's FUSE file system on the mount folder. Read-write: an overlay of it and of
 * the side folder's "upper".
 */
#ifndef IMAGE_LAZY_MOUNT_H
#define IMAGE_LAZY_MOUNT_H

#include "mounts.h"

/* Starts the helper and mounts; fills mount->live. S_FALSE: FUSE or the overlay was refused, and
 * the thread's error says why. Hears no cancel: it takes a moment, and a helper that is left alone
 * could mount after the caller has cleared up. */
HRESULT lazy_start(struct mount *mount);
/* Is it mounted, and its helper alive? Cheap: no mount table is read. */
bool lazy_is_live(const struct mount *mount);
/* Is something of this record mounted on its folder, dead or alive? */
HRESULT lazy_is_mounted(const struct mount *mount, bool *out);
/* Unmounts and waits for the helper's end. ERROR_BUSY while somebody uses a live mount, unless
 * even_if_used. Fine if nothing is mounted. */
HRESULT lazy_stop(const struct mount *mount, bool even_if_used);

#endif
