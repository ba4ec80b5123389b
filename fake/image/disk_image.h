/* SPDX-License-Identifier: MIT */
/*
 * disk_image.h - the Windows in a virtual disk: which volume it is, what its hives say of it, its
 * files in a folder, and changes of that folder written back. A build without NTFS (CMake's
 * DISMFAKE_NTFS, Windows) answers E_NOTIMPL (disk_refused.c).
 */
#ifndef IMAGE_DISK_IMAGE_H
#define IMAGE_DISK_IMAGE_H

#include "mounts.h"
#include "tree.h"

bool disk_images_are_supported(void);

struct disk_image;
/* Read-only. The first NTFS volume with a Windows\System32: none is ERROR_NOT_FOUND, or what keeps
 * us from looking (BitLocker, ReFS). */
HRESULT disk_image_open(const char *path, struct disk_image **out);
void disk_image_close(struct disk_image *image);
DEFINE_SCOPE(disk_image, struct disk_image, disk_image_close)
#define AUTO_DISK_IMAGE AUTO(scope_disk_image)

/* See image_file_property. Borrowed. */
const char *disk_image_property(const struct disk_image *image, const char *name);
/* ERROR_SHARING_VIOLATION: somebody has it open. ERROR_NOT_READY: its NTFS is dirty, hibernated or
 * has an open log. */
HRESULT disk_image_check_writable(const struct disk_image *image);
HRESULT disk_image_extract(struct disk_image *image, const char *folder,
                           const struct wim_progress *progress);

/* A commit, with the container locked by the caller. */
struct disk_commit {
    const struct mount *mount;
    const struct wim_change *changes;
    size_t count;
    const struct wim_progress *changing, *applying; /* the two halves */
    HRESULT (*begin)(void *context);                /* before the container is written */
    void (*no_return)(void *context);               /* from here on it will be finished */
    void *context;
};
/* After a failure before `no_return` the container is as it was. After one behind it, or a kill,
 * disk_commit_recover has the word. */
HRESULT disk_commit(const struct disk_commit *commit);
/* Finishes or undoes what was cut off; the container is locked by the caller. */
HRESULT disk_commit_recover(const struct mount *mount, bool *is_finished);

#endif
