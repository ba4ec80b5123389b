/* SPDX-License-Identifier: MIT */
/* disk.c - see disk.h: a chain of containers and, if it is to be written, a side file. */
#include "disk_parts.h"

#include <string.h>

static HRESULT is_locked_already(struct container *c)
{
    (void)c;
    return S_OK;
}

static HRESULT lock(struct container *c)
{
    HRESULT hr = os_lock_file(c->file, OS_LOCK_TRY);
    return hr == S_FALSE ? FAIL(HR_WIN32(ERROR_SHARING_VIOLATION), "somebody is using %s", c->path)
                         : hr;
}

HRESULT disk_open(const char *path, enum disk_mode mode, const struct disk_options *options,
                  struct disk **out)
{
    AUTO_DISK struct disk *disk = mem_alloc(sizeof *disk);
    if (!disk)
        return FAIL_MEMORY();
    disk->mode = mode;
    TRY(container_open(path, mode == DISK_READ ? OS_READ : OS_READ | OS_WRITE,
                       mode == DISK_CHANGE ? lock : is_locked_already, &disk->container));
    TRY(container_open_parents(disk->container, options));
    *out = TAKE(disk);
    return S_OK;
}

void disk_close(struct disk *disk)
{
    if (!disk)
        return;
    side_close(disk->side);
    container_free(disk->container);
    mem_free(disk);
}

struct disk_info disk_info(const struct disk *disk)
{
    const struct container *c = disk->container;
    struct disk_info info = {.kind = c->kind,
                             .size = c->size,
                             .file_size = c->stat.size,
                             .sector_size = c->sector_size,
                             .physical_sector_size = c->physical_sector_size,
                             .block_size = c->block_size};
    memcpy(info.id, c->id, sizeof info.id);
    while ((c = c->parent) != NULL)
        info.parents++;
    return info;
}

const char *disk_parent_path(const struct disk *disk, unsigned which)
{
    const struct container *c = disk->container->parent;
    while (c && which--)
        c = c->parent;
    return c ? c->path : NULL;
}

static HRESULT check_range(const struct disk *disk, size_t size, uint64_t offset)
{
    uint64_t end = disk->container->size;
    if (disk->is_lost)
        return FAIL(HR_WIN32(ERROR_INVALID_STATE), "an apply to %s was cut off",
                    disk->container->path);
    if (offset <= end && size <= end - offset)
        return S_OK;
    return FAIL(E_INVALIDARG, "%zu bytes at %llu are not within %s, which has %llu", size,
                (unsigned long long)offset, disk->container->path, (unsigned long long)end);
}

HRESULT disk_read(struct disk *disk, void *buffer, size_t size, uint64_t offset)
{
    TRY(check_range(disk, size, offset));
    return disk->side ? side_read(disk->side, disk->container, buffer, size, offset)
                      : container_read(disk->container, buffer, size, offset);
}

/* ---- changes ---- */

HRESULT disk_use_side_file(struct disk *disk, const char *path)
{
    if (disk->mode == DISK_READ)
        return FAIL(E_ACCESSDENIED, "%s is open for reading only", disk->container->path);
    struct side_stamp stamp = side_stamp_of(disk->container);
    struct side *side = NULL;
    TRY(side_open(path, disk->container->size, &stamp, &side));
    side_close(disk->side);
    disk->side = side;
    return S_OK;
}

static HRESULT need_side_file(const struct disk *disk)
{
    return disk->side
               ? S_OK
               : FAIL(E_ACCESSDENIED, "nothing takes the changes to %s", disk->container->path);
}

HRESULT disk_write(struct disk *disk, const void *data, size_t size, uint64_t offset)
{
    TRY(need_side_file(disk));
    TRY(check_range(disk, size, offset));
    return side_write(disk->side, disk->container, data, size, offset);
}

HRESULT disk_flush(struct disk *disk)
{
    TRY(need_side_file(disk));
    return side_flush(disk->side);
}

uint64_t disk_changed_bytes(const struct disk *disk)
{
    return disk->side ? side_bytes(disk->side) : 0;
}

bool disk_is_cut_off(const struct disk *disk)
{
    return disk->is_lost;
}

bool disk_is_changed(const struct disk *disk)
{
    return disk->side && disk->side->clusters.len;
}

HRESULT disk_forget_changes(struct disk *disk)
{
    TRY(need_side_file(disk));
    AUTO_FREE char *path = mem_dup(disk->side->path);
    if (!path)
        return FAIL_MEMORY();
    side_close(disk->side);
    disk->side = NULL;
    return os_remove_file(path);
}
