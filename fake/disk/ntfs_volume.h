/* SPDX-License-Identifier: MIT */
/*
 * ntfs_volume.h - the NTFS volume inside a disk, by libntfs-3g in this process: no root, no kernel
 * driver. Paths are below its root, UTF-8, '/' between components. A volume is used by one thread
 * at a time; different ones are independent.
 *
 * It reads and writes through callbacks (struct volume_io), so what is written lands where the
 * caller wants it: never in the container before a commit.
 */
#ifndef DISK_NTFS_VOLUME_H
#define DISK_NTFS_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

/* The sectors of one partition. write and flush may be NULL: read-only. */
struct volume_io {
    HRESULT (*read)(void *context, void *buffer, size_t size, uint64_t offset);
    HRESULT (*write)(void *context, const void *data, size_t size, uint64_t offset);
    HRESULT (*flush)(void *context);
    void *context;
    uint64_t size;
};

struct volume;
/* ERROR_UNRECOGNIZED_VOLUME (1005): no NTFS. ERROR_DISK_CORRUPT (1393): its structures make no
 * sense. For writing also ERROR_NOT_READY (21): Windows left it dirty, hibernated or with an open
 * log, and has to look at it first. */
HRESULT volume_open(const struct volume_io *io, bool for_writing, struct volume **out);
/* May it be written? ERROR_NOT_READY: no, as above. */
HRESULT volume_check_clean(struct volume *volume);
HRESULT volume_used_bytes(struct volume *volume, uint64_t *out);
/* Writes out what libntfs still holds. A volume whose close failed is gone all the same. */
HRESULT volume_close(struct volume *volume);
/* Without writing anything more. */
void volume_abandon(struct volume *volume);
DEFINE_SCOPE(volume, struct volume, volume_abandon)
#define AUTO_VOLUME AUTO(scope_volume)

enum entry_kind { ENTRY_FILE, ENTRY_FOLDER, ENTRY_LINK, ENTRY_OTHER };
struct volume_entry {
    enum entry_kind kind; /* ENTRY_OTHER: a reparse point that leads nowhere else */
    uint64_t record;      /* the same for all names of a file */
    uint64_t size;
    uint32_t attributes; /* FILE_ATTRIBUTE_* */
    unsigned links;      /* names, those of DOS not counted */
    int64_t mtime_ns;    /* since 1970 */
};
/* Every name below the root, a folder before what is in it; system files left out. A failure of
 * `each` ends it. */
HRESULT volume_each(struct volume *volume,
                    HRESULT (*each)(void *context, const char *path,
                                    const struct volume_entry *entry),
                    void *context);
/* Letter case does not matter where no name is the same to the letter. Nothing there:
 * ERROR_FILE_NOT_FOUND. */
HRESULT volume_look(struct volume *volume, const char *path, struct volume_entry *out);
/* The content with a NUL behind it, caller's. Above `most` bytes: ERROR_FILE_TOO_LARGE. */
HRESULT volume_read_file(struct volume *volume, const char *path, size_t most, char **data,
                         size_t *size);

/* Called with what is done of how much; a failure ends the work and is its result. */
struct volume_progress {
    HRESULT (*report)(void *context, uint64_t done, uint64_t total);
    void *context;
};
/* All files into an existing folder: contents (holes stay holes), names of one file, links, times.
 * What a Linux folder has no place for (attributes, security, streams) stays in the volume. */
HRESULT volume_extract(struct volume *volume, const char *folder,
                       const struct volume_progress *progress);

struct volume_change {
    bool is_addition;
    const char *path;   /* in the volume */
    const char *source; /* an addition: file or folder on this machine */
};
/* Deletions, then additions. What is there already keeps its attributes, security and streams; new
 * things inherit their security from their folder. Extended attributes user.NAME become streams,
 * none is taken away. */
HRESULT volume_change(struct volume *volume, const struct volume_change *changes, size_t count,
                      const struct volume_progress *progress);

#endif
