/* SPDX-License-Identifier: MIT */
/* disk_refused.c - disk_image.h where there is no library for NTFS. */
#include "disk_image.h"

#include "error.h"

static HRESULT refuse(const char *path)
{
    return FAIL(E_NOTIMPL, "%s: this build of dismfake has no NTFS and so no VHD and VHDX files",
                path);
}

bool disk_images_are_supported(void)
{
    return false;
}

HRESULT disk_image_open(const char *path, struct disk_image **out)
{
    (void)out;
    return refuse(path);
}

void disk_image_close(struct disk_image *image)
{
    (void)image;
}

const char *disk_image_property(const struct disk_image *image, const char *name)
{
    (void)image;
    (void)name;
    return NULL;
}

HRESULT disk_image_check_writable(const struct disk_image *image)
{
    (void)image;
    return S_OK;
}

HRESULT disk_image_extract(struct disk_image *image, const char *folder,
                           const struct wim_progress *progress)
{
    (void)image;
    (void)progress;
    return refuse(folder);
}

HRESULT disk_commit(const struct disk_commit *commit)
{
    return refuse(commit->mount->image_path);
}

HRESULT disk_commit_recover(const struct mount *mount, bool *is_finished)
{
    (void)is_finished;
    return refuse(mount->image_path);
}
