/* SPDX-License-Identifier: MIT */
/*
 * disk.h - a virtual disk (VHD, VHDX, and what they were made from) as a row of bytes: read, change
 * beside it, write the changes in or forget them.
 *
 * Nothing is written to the container before disk_apply. Until then changes are in a side file,
 * which may be opened again by another process. disk_apply can be killed at any moment:
 * disk_recover takes back what it had begun, or finishes it (apply.c). Parents are only ever read.
 * A disk is used by one thread at a time.
 */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

enum disk_kind {
    DISK_VHD_FIXED,
    DISK_VHD_DYNAMIC,
    DISK_VHD_DIFFERENCING,
    DISK_VHDX_FIXED,
    DISK_VHDX_DYNAMIC,
    DISK_VHDX_DIFFERENCING,
};
const char *disk_kind_name(enum disk_kind kind);

struct disk_info {
    enum disk_kind kind;
    uint64_t size, file_size; /* bytes; of the disk, of the container */
    uint32_t sector_size, physical_sector_size;
    uint32_t block_size; /* what is allocated at once; 0: fixed VHD */
    uint8_t id[16];      /* unique id (VHD), virtual disk id (VHDX), as in the file */
    unsigned parents;    /* how many disks this one stands on */
};

struct disk;
enum disk_mode {
    DISK_READ,
    DISK_CHANGE, /* the container is locked (os_lock_file): ERROR_SHARING_VIOLATION if it is taken
                  */
    DISK_CHANGE_LOCKED, /* the caller has locked it already, by a file of his own */
};
struct disk_options {
    /* Turns a Windows path with a drive letter, as a child names its parent, into a native one,
     * caller's; S_FALSE: no such drive. NULL: such paths name nothing here. */
    HRESULT (*native_path)(void *context, const char *windows_path, char **out);
    void *context;
};
/* `options` may be NULL. Every block table, checksum and link of the chain has been looked at when
 * it returns. */
HRESULT disk_open(const char *path, enum disk_mode mode, const struct disk_options *options,
                  struct disk **out);
void disk_close(struct disk *disk); /* changes stay in the side file as of the last flush */
DEFINE_SCOPE(disk, struct disk, disk_close)
#define AUTO_DISK AUTO(scope_disk)

struct disk_info disk_info(const struct disk *disk);
const char *disk_parent_path(const struct disk *disk, unsigned which); /* 0: of the disk itself */
/* Any offset and size within the disk. */
HRESULT disk_read(struct disk *disk, void *buffer, size_t size, uint64_t offset);

/* ---- changes; DISK_CHANGE only ---- */

/* From now on the disk can be written. The side file is made, or opened with the changes in it:
 * WIMGAPI_E_WIM_CHANGED if the container is another one since. disk_recover comes before. */
HRESULT disk_use_side_file(struct disk *disk, const char *path);
HRESULT disk_write(struct disk *disk, const void *data, size_t size, uint64_t offset);
HRESULT disk_flush(struct disk *disk);         /* what was written is kept, come what may */
bool disk_is_changed(const struct disk *disk); /* since the last apply */
bool disk_is_cut_off(const struct disk *disk); /* an apply failed behind the point of no return */
uint64_t disk_changed_bytes(const struct disk *disk);
HRESULT disk_forget_changes(struct disk *disk); /* the side file goes; the disk cannot be written */

/* How far an apply is. Any may be NULL. */
struct disk_watch {
    void *context;
    /* Before the point of no return a failure ends the apply, with the container as it was; after
     * it the answer does not count. */
    HRESULT (*step)(void *context, uint64_t done, uint64_t total);
    void (*no_return)(void *context);
};
/* Writes the changes into the container, synced; the disk goes on with none. If it fails before the
 * point of no return (the disk is full, for example), the container is as it was and the changes
 * are still there; after it, or when not even taking back succeeds, disk_recover has to finish and
 * this disk is of no further use. */
HRESULT disk_apply(struct disk *disk, const struct disk_watch *watch);

/* What an apply that was cut off needs; the container is not open. `mode` is one of the two that
 * change. */
enum disk_recovered {
    DISK_WHOLE,    /* nothing was cut off, or there is no side file */
    DISK_UNDONE,   /* the container is as before; the changes wait in the side file */
    DISK_FINISHED, /* the changes are in the container */
};
HRESULT disk_recover(const char *path, const char *side_path, enum disk_mode mode,
                     enum disk_recovered *out);

#endif
