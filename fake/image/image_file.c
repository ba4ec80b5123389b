/* SPDX-License-Identifier: MIT */
/* image_file.c - see image_file.h. */
#include "image_file.h"

#include <stdlib.h>

#include "disk_image.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "os.h"
#include "path.h"

struct image_file {
    char *path;
    struct wim *wim; /* one of the two */
    struct disk_image *disk;
};

bool image_is_disk(const char *path)
{
    return path_has_extension(path, ".vhd") || path_has_extension(path, ".vhdx");
}

bool image_disks_are_supported(void)
{
    return disk_images_are_supported();
}

HRESULT image_file_open(const char *path, bool check_integrity, struct image_file **out)
{
    AUTO_IMAGE_FILE struct image_file *file = mem_alloc(sizeof *file);
    if (!file || !(file->path = mem_dup(path)))
        return FAIL_MEMORY();
    if (image_is_disk(path))
        TRY(disk_image_open(path, &file->disk));
    else
        TRY(wim_open(path, false, check_integrity, &file->wim));
    *out = TAKE(file);
    return S_OK;
}

void image_file_close(struct image_file *file)
{
    if (file->wim)
        wim_close(file->wim);
    if (file->disk)
        disk_image_close(file->disk);
    mem_free(file->path);
    mem_free(file);
}

struct wim *image_file_wim(const struct image_file *file)
{
    return file->wim;
}

unsigned image_file_count(const struct image_file *file)
{
    return file->wim ? wim_facts(file->wim)->image_count : 1;
}

const char *image_file_property(const struct image_file *file, unsigned index, const char *name)
{
    return file->wim ? wim_property(file->wim, index, name) : disk_image_property(file->disk, name);
}

uint64_t image_file_number(const struct image_file *file, unsigned index, const char *name)
{
    const char *text = image_file_property(file, index, name);
    return text ? strtoull(text, NULL, 0) : 0;
}

unsigned image_file_index_of_name(const struct image_file *file, const char *name)
{
    return file->wim ? wim_index_of_name(file->wim, name) : 0;
}

HRESULT image_file_check_writable(const struct image_file *file)
{
    bool is_marked = file->wim && wim_facts(file->wim)->is_marked_readonly;
    if (is_marked || !os_is_writable(file->path))
        return FAIL(WIMPROVIDER_E_NO_WRITE_PERMISSION, "%s is read-only: mount it read-only",
                    file->path);
    return S_OK;
}

HRESULT image_file_check_unused(const struct image_file *file)
{
    return file->disk ? disk_image_check_writable(file->disk) : S_OK;
}
