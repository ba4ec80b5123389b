/* SPDX-License-Identifier: MIT */
/* archive_parts.h - what archive.c and the readers of each kind share. */
#ifndef ARCHIVE_ARCHIVE_PARTS_H
#define ARCHIVE_ARCHIVE_PARTS_H

#include "archive.h"
#include "error.h"
#include "os.h"

/* The bytes of an archive, in a file or in memory. */
struct archive_input {
    struct os_file *file; /* NULL: in memory */
    uint8_t *bytes;
    uint64_t size;
};

/* What a kind of archive has to do. `state` is its own. */
struct archive_reader {
    enum archive_kind kind;
    HRESULT (*open)(struct archive *archive);
    HRESULT (*read)(struct archive *archive, size_t index, uint8_t *out, size_t size);
    void (*close)(struct archive *archive);
};

struct archive {
    const struct archive_reader *reader;
    char *name; /* its path, or what it is called */
    struct archive_input input;
    VEC(struct archive_entry) entries;
    const struct archive_entry **sorted; /* by name, without letter case */
    void *state;
    uint64_t most, total;
    struct error trouble; /* a failure of ours that a library got in the way of */
};

/* Fewer bytes than asked for at the end; 0 and trouble on failure. */
size_t archive_input_read(struct archive *archive, void *buffer, size_t size, uint64_t offset);
/* Checks and takes over the name (NULL: no memory). S_FALSE: a folder's own entry, which is left
 * out. */
HRESULT archive_add(struct archive *archive, char *name, uint64_t size, uint64_t time);
/* ERROR_INVALID_DATA, or the trouble there was. */
HRESULT archive_damaged(const struct archive *archive, const char *what);
/* A date and time of FAT, taken for UTC, as a FILETIME; month and day from 1 on. */
uint64_t archive_time(int year, int month, int day, int hour, int minute, int second);

extern const struct archive_reader archive_cab, archive_zip, archive_folder;

#endif
