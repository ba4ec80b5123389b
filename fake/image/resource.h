/* SPDX-License-Identifier: MIT */
/*
 * resource.h - where the chunks of a compressed resource lie: the arithmetic of its chunk table,
 * every number of which is checked against the resource's own sizes. Reads nothing itself.
 *
 * A resource is a table and, behind it, its chunks. Each chunk holds `chunk_size` bytes, the last
 * one what is left. The table has an entry for each chunk but the first: where it begins, counted
 * from the table's end. Entries have 4 bytes, or 8 where the content is larger than 4 GiB. A chunk
 * that is stored with the size of its content is not compressed.
 */
#ifndef MOUNTFS_RESOURCE_H
#define MOUNTFS_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"
#include "wim_codec.h"

struct resource {
    const struct wim_blob *blob;
    uint32_t chunk_size;
    unsigned entry_size;
    uint64_t chunk_count;
    uint64_t table_size;
};
/* Fails with ERROR_FILE_CORRUPT where the sizes cannot be right. Borrows the blob. */
HRESULT resource_measure(const struct wim_blob *blob, uint32_t chunk_size, struct resource *out);

/* The part of the table that says where chunks first..last lie: that many bytes at that place of
 * the file. Size 0: the chunk needs no table. */
struct resource_span {
    uint64_t offset;
    uint64_t size;
};
struct resource_span resource_table_part(const struct resource *resource, uint64_t first,
                                         uint64_t last);

struct resource_chunk {
    uint64_t offset; /* in the file */
    uint32_t stored_size, size;
    bool is_raw;
};
/* One chunk of such a part, which begins with the chunk `first`. */
HRESULT resource_locate(const struct resource *resource, uint64_t first,
                        const unsigned char *table_part, uint64_t chunk,
                        struct resource_chunk *out);

#endif
