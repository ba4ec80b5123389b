/* SPDX-License-Identifier: MIT */
/* disk_image.c - see disk_image.h. */
#include "disk_image.h"

#include "disk.h"
#include "disk_facts.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "ntfs_volume.h"
#include "partition.h"
#include "path.h"

#define FVE_E_LOCKED_VOLUME HR(0x80310000)

/* One partition of a disk. */
struct part {
    struct disk *disk;
    uint64_t offset;
};

struct disk_image {
    char *path;
    struct disk *disk;
    struct part part;
    struct volume *volume;
    struct disk_facts facts;
};

/* ---- the volume ---- */

static HRESULT read_part(void *context, void *buffer, size_t size, uint64_t offset)
{
    const struct part *part = context;
    return disk_read(part->disk, buffer, size, part->offset + offset);
}

static HRESULT write_part(void *context, const void *data, size_t size, uint64_t offset)
{
    const struct part *part = context;
    return disk_write(part->disk, data, size, part->offset + offset);
}

static HRESULT flush_part(void *context)
{
    const struct part *part = context;
    return disk_flush(part->disk);
}

static HRESULT open_volume(struct part *part, uint64_t size, bool for_writing, struct volume **out)
{
    const struct volume_io io = {.read = read_part,
                                 .write = for_writing ? write_part : NULL,
                                 .flush = for_writing ? flush_part : NULL,
                                 .context = part,
                                 .size = size};
    return volume_open(&io, for_writing, out);
}

static HRESULT look_for_windows(struct volume *volume, bool *found)
{
    struct volume_entry entry;
    HRESULT hr = volume_look(volume, "Windows/System32", &entry);
    *found = SUCCEEDED(hr) && entry.kind == ENTRY_FOLDER;
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND) || hr == HR_WIN32(ERROR_PATH_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    return hr;
}

/* What is said when no volume with a Windows was found: the one that could not be looked into may
 * have been it. */
static HRESULT nothing_found(const char *path, const struct partitions *partitions,
                             const struct error *failure)
{
    if (FAILED(failure->hr)) {
        error_restore(failure);
        return failure->hr;
    }
    for (size_t i = 0; i < partitions->list.len; i++) {
        const struct partition *p = &partitions->list.ptr[i];
        if (p->volume == VOLUME_BITLOCKER)
            return FAIL(FVE_E_LOCKED_VOLUME, "partition %u of %s is encrypted with BitLocker",
                        p->number, path);
        if (p->volume == VOLUME_REFS)
            return FAIL(HR_WIN32(ERROR_UNRECOGNIZED_VOLUME),
                        "partition %u of %s holds ReFS, which is not supported", p->number, path);
    }
    if (partitions->list.len == 0)
        return FAIL(HR_WIN32(ERROR_UNRECOGNIZED_VOLUME),
                    "%s has neither partitions nor a file system", path);
    return FAIL(HR_WIN32(ERROR_NOT_FOUND),
                "none of the partitions of %s is an NTFS volume with a Windows", path);
}

/* The first that holds a Windows; *part then is where it lies. */
static HRESULT find_windows(const char *path, struct part *part, uint64_t *size,
                            struct volume **out)
{
    AUTO_PARTITIONS struct partitions partitions = {0};
    struct error failure = {0};
    TRY(partitions_read(part->disk, &partitions));
    for (size_t i = 0; i < partitions.list.len; i++) {
        const struct partition *p = &partitions.list.ptr[i];
        AUTO_VOLUME struct volume *volume = NULL;
        bool is_found = false;
        if (p->volume != VOLUME_NTFS)
            continue;
        part->offset = p->offset;
        *size = p->size;
        if (FAILED(open_volume(part, p->size, false, &volume)) ||
            FAILED(look_for_windows(volume, &is_found)))
            failure = *error_last();
        if (is_found) {
            *out = TAKE(volume);
            return S_OK;
        }
    }
    return nothing_found(path, &partitions, &failure);
}

bool disk_images_are_supported(void)
{
    return true;
}

HRESULT disk_image_open(const char *path, struct disk_image **out)
{
    uint64_t size;
    AUTO_DISK_IMAGE struct disk_image *image = mem_alloc(sizeof *image);
    if (!image || !(image->path = mem_dup(path)))
        return FAIL_MEMORY();
    TRY(disk_open(path, DISK_READ, NULL, &image->disk));
    image->part.disk = image->disk;
    TRY(find_windows(path, &image->part, &size, &image->volume));
    TRY(disk_facts_read(image->volume, &image->facts));
    *out = TAKE(image);
    return S_OK;
}

void disk_image_close(struct disk_image *image)
{
    disk_facts_clear(&image->facts);
    if (image->volume)
        volume_abandon(image->volume);
    if (image->disk)
        disk_close(image->disk);
    mem_free(image->path);
    mem_free(image);
}

const char *disk_image_property(const struct disk_image *image, const char *name)
{
    return disk_facts_find(&image->facts, name);
}

HRESULT disk_image_check_writable(const struct disk_image *image)
{
    AUTO_DISK struct disk *disk = NULL;
    TRY(disk_open(image->path, DISK_CHANGE, NULL, &disk));
    return volume_check_clean(image->volume);
}

HRESULT disk_image_extract(struct disk_image *image, const char *folder,
                           const struct wim_progress *progress)
{
    const struct volume_progress p = {progress->report, progress->context};
    return volume_extract(image->volume, folder, &p);
}

/* ---- commit ---- */

static HRESULT change_volume(const struct disk_commit *c, struct disk *disk)
{
    struct part part = {disk, 0};
    uint64_t size;
    AUTO_VOLUME struct volume *volume = NULL;
    AUTO_FREE struct volume_change *changes = mem_array(c->count + 1, sizeof *changes);
    if (!changes)
        return FAIL_MEMORY();
    for (size_t i = 0; i < c->count; i++)
        changes[i] = (struct volume_change){.is_addition = c->changes[i].kind == WIM_ADD,
                                            .path = c->changes[i].path,
                                            .source = c->changes[i].source};
    TRY(find_windows(c->mount->image_path, &part, &size, &volume));
    volume_abandon(TAKE(volume));
    TRY(open_volume(&part, size, true, &volume));
    const struct volume_progress progress = {c->changing->report, c->changing->context};
    TRY(volume_change(volume, changes, c->count, &progress));
    TRY(volume_close(TAKE(volume)));
    return disk_flush(disk);
}

static HRESULT apply_step(void *context, uint64_t done, uint64_t total)
{
    const struct disk_commit *c = context;
    return c->applying->report(c->applying->context, done, total);
}

static void apply_no_return(void *context)
{
    const struct disk_commit *c = context;
    c->no_return(c->context);
}

static HRESULT change_and_apply(const struct disk_commit *c, struct disk *disk)
{
    const struct disk_watch watch = {(void *)(uintptr_t)c, apply_step, apply_no_return};
    TRY(change_volume(c, disk));
    TRY(c->begin(c->context));
    return disk_apply(disk, &watch);
}

HRESULT disk_commit(const struct disk_commit *c)
{
    AUTO_FREE char *side = NULL;
    AUTO_DISK struct disk *disk = NULL;
    TRY(mount_side_path(c->mount, "disk", &side));
    if (os_exists(side)) /* of a commit that was undone */
        TRY(os_remove_file(side));
    TRY(disk_open(c->mount->image_path, DISK_CHANGE_LOCKED, NULL, &disk));
    TRY(disk_use_side_file(disk, side));
    HRESULT hr = change_and_apply(c, disk);
    if (SUCCEEDED(hr))
        return disk_forget_changes(disk);
    /* Cut off behind the point of no return, the side file is what finishes it. */
    struct error reason = *error_last();
    FLOOR_UNDO();
    if (!disk_is_cut_off(disk))
        (void)disk_forget_changes(disk);
    error_restore(&reason);
    return hr;
}

HRESULT disk_commit_recover(const struct mount *mount, bool *is_finished)
{
    enum disk_recovered what;
    AUTO_FREE char *side = NULL;
    *is_finished = false;
    TRY(mount_side_path(mount, "disk", &side));
    TRY(disk_recover(mount->image_path, side, DISK_CHANGE_LOCKED, &what));
    *is_finished = what == DISK_FINISHED;
    return os_exists(side) ? os_remove_file(side) : S_OK;
}
