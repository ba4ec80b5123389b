/* SPDX-License-Identifier: MIT */
/*
 * archive.h - what packages come in: cabinets (libmspack; .cab, and .msu of the older kind), ZIP
 * files (minizip; .appx, .msix and their bundles) and folders, listed and read in one way.
 *
 * Nothing is ever written by this: who wants files on a disk reads them and writes them where they
 * belong. Names are relative, with '/', UTF-8. One that Windows would not take for exactly that
 * file below any folder (absolute, a drive, "..", a stream, a device, a dot or a space at the end),
 * or that is there twice, whatever its letter case, makes the whole archive refused: who looks at
 * one of two files and unpacks the other is fooled. One thread at a time.
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
/* By content, not by extension; a folder is one too, links to files in it included.
 * ERROR_FILE_NOT_FOUND; ERROR_INVALID_DATA: not a cabinet nor a ZIP file, damaged, encrypted,
 * split, or with names like the above; ERROR_NOT_SUPPORTED: a WIM (.msu of the newer kind);
 * ERROR_FILE_TOO_LARGE: unpacked larger than `most` bytes in all (0: 8 GiB). Names in a cabinet
 * that are not said to be UTF-8 are taken for Latin-1; "%20" in those of a ZIP file is a space, as
 * packages of apps have it. */
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
 * ERROR_INVALID_DATA, more than `most` bytes ERROR_FILE_TOO_LARGE. Behind a failure, nothing more
 * is read from a cabinet. */
HRESULT archive_read(struct archive *archive, size_t index, size_t most, uint8_t **bytes,
                     size_t *size);

#endif
