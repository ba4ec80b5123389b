/* SPDX-License-Identifier: MIT */
/*
 * versions.c - see versions.h. The only number seen in the field for an image that is too new is
 * E_NOTIMPL (field failure F56); the text asks for a newer DISM. Revisions do not count.
 */
#include "versions.h"

#include <stdio.h>

#include "error.h"
#include "mounts.h"
#include "text.h"
#include "image_file.h"
#include "world.h"

static HRESULT version_of(const struct mount *mount, struct world_version *out)
{
    static const char *const names[] = {"WINDOWS/VERSION/MAJOR", "WINDOWS/VERSION/MINOR",
                                        "WINDOWS/VERSION/BUILD", "WINDOWS/VERSION/SPBUILD"};
    AUTO_IMAGE_FILE struct image_file *file = NULL;
    TRY(image_file_open(mount->image_path, false, &file));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        out->part[i] = (unsigned)image_file_number(file, mount->index, names[i]);
    return S_OK;
}

static bool is_newer(const struct world_version *image, const struct world_version *host)
{
    for (int i = 0; i < 3; i++)
        if (image->part[i] != host->part[i])
            return image->part[i] > host->part[i];
    return false;
}

static HRESULT find_mount(const char *id, struct mount *out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    const struct mount *mount = mounts_find_id(&m, id);
    return mount ? mount_copy(mount, out) : S_FALSE;
}

HRESULT version_check(const char *mount_id)
{
    struct world_version host, image;
    struct mount mount AUTO(mount_clear) = {0};
    if (!mount_id || !world_host_version(&host))
        return S_OK;
    HRESULT hr = find_mount(mount_id, &mount);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    TRY(version_of(&mount, &image));
    if (!is_newer(&image, &host))
        return S_OK;
    return FAIL(
        E_NOTIMPL,
        "the image is Windows %u.%u.%u.%u and newer than this host, %u.%u.%u.%u: to service "
        "it takes a newer DISM",
        image.part[0], image.part[1], image.part[2], image.part[3], host.part[0], host.part[1],
        host.part[2], host.part[3]);
}
