/* SPDX-License-Identifier: MIT */
/* archive_parts.h - what archive.c and the readers of each kind share. */
#ifndef ARCHIVE_ARCHIVE_PARTS_H
#define ARCHIVE_ARCHIVE_PARTS_H

#include "archive.h"
#include "os.h"

/* The bytes of an archive, in a file or in memory. */
struct archive_input {
    struct os_file *file; /* NULL: in memory */
    uint8_t *bytes;
    uint64_t size;
};
/* Fewer than asked for at the end; 0 on failure too. */
size_t archive_input_read(const struct archive_input *input, void *buffer, size_t size,
                          uint64_t offset);

struct archive_entries {
    VEC(struct archive_entry) list;
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
    struct archive_entries entries;
    void *state;
    uint64_t most, total;
};

/* Checks and takes over the name (NULL: no memory); a folder's entry ends in '/' and is left out.
 */
HRESULT archive_add(struct archive *archive, char *name, uint64_t size, uint64_t time);
HRESULT archive_damaged(const struct archive *archive, const char *what);

extern const struct archive_reader archive_cab, archive_zip, archive_folder;

#endif
