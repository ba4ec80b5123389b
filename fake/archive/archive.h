/* SPDX-License-Identifier: MIT */
/*
 * archive.h - what packages come in: cabinets (libmspack; .cab, and .msu of the older kind), ZIP
 * files (minizip; .appx, .msix and their bundles) and folders, listed and read in one way.
 *
 * Nothing is ever written by this: who wants files on a disk reads them and writes them where they
 * belong. Names are relative, with '/', UTF-8. A name that would lead outside (absolute, a drive,
 * "..", a stream, a device) makes the whole archive refused. One thread at a time.
 */
#ifndef ARCHIVE_ARCHIVE_H
#define ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"
#include "vec.h"

enum archive_kind { ARCHIVE_CAB, ARCHIVE_ZIP, ARCHIVE_FOLDER };

struct archive_entry {
    char *name;
    uint64_t size; /* unpacked, as the archive says */
    uint64_t time; /* FILETIME, 0: unknown */
};

struct archive;
/* By content, not by extension; a folder is one too. ERROR_FILE_NOT_FOUND; ERROR_INVALID_DATA: not
 * a cabinet nor a ZIP file, damaged, encrypted, split, or with a name that leads outside;
 * ERROR_FILE_TOO_LARGE: unpacked larger than `most` bytes in all (0: 8 GiB). */
HRESULT archive_open(const char *path, uint64_t most, struct archive **out);
/* An archive in memory (a cabinet within a cabinet); the bytes are copied. */
HRESULT archive_open_bytes(const void *bytes, size_t size, const char *name, uint64_t most,
                           struct archive **out);
void archive_close(struct archive *archive);
DEFINE_SCOPE(archive, struct archive, archive_close)
#define AUTO_ARCHIVE AUTO(scope_archive)

enum archive_kind archive_kind(const struct archive *archive);
size_t archive_count(const struct archive *archive);
const struct archive_entry *archive_entry(const struct archive *archive, size_t index);
/* Without letter case; SIZE_MAX: there is none. */
size_t archive_find(const struct archive *archive, const char *name);
/* The whole content, zero-terminated besides; caller's (mem_free). A wrong checksum or size is
 * ERROR_INVALID_DATA, more than `most` bytes ERROR_FILE_TOO_LARGE. */
HRESULT archive_read(struct archive *archive, size_t index, size_t most, uint8_t **bytes,
                     size_t *size);
/* Into a new file on a disk. */
HRESULT archive_extract(struct archive *archive, size_t index, const char *path);

#endif
