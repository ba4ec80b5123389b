/* SPDX-License-Identifier: MIT */
/* resource.c - see resource.h. */
#include "resource.h"

#include <assert.h>

#include "dism_codes.h"
#include "error.h"

static HRESULT damaged(const struct resource *resource, const char *what, uint64_t value)
{
    return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "resource at %llu of the image file: %s %llu",
                (unsigned long long)resource->blob->offset, what, (unsigned long long)value);
}

HRESULT resource_measure(const struct wim_blob *blob, uint32_t chunk_size, struct resource *out)
{
    struct resource r = {.blob = blob, .chunk_size = chunk_size};
    if (chunk_size == 0 || blob->size == 0)
        return damaged(&r, "no chunks of size", chunk_size);
    if (blob->offset > INT64_MAX || blob->stored_size > INT64_MAX - blob->offset)
        return damaged(&r, "stored size", blob->stored_size);
    r.chunk_count = (blob->size - 1) / chunk_size + 1;
    r.entry_size = blob->size > UINT32_MAX ? 8 : 4;
    if (r.chunk_count - 1 > blob->stored_size / r.entry_size)
        return damaged(&r, "too small for its number of chunks", r.chunk_count);
    r.table_size = (r.chunk_count - 1) * r.entry_size;
    if (r.table_size >= blob->stored_size)
        return damaged(&r, "nothing behind the chunk table of size", r.table_size);
    *out = r;
    return S_OK;
}

/* Entry i of the table belongs to chunk i + 1. */
static uint64_t first_entry(uint64_t first)
{
    return first ? first - 1 : 0;
}

struct resource_span resource_table_part(const struct resource *resource, uint64_t first,
                                         uint64_t last)
{
    assert(first <= last && last < resource->chunk_count);
    uint64_t begin = first_entry(first);
    uint64_t end = last + 1 < resource->chunk_count ? last + 1 : resource->chunk_count - 1;
    return (struct resource_span){
        .offset = resource->blob->offset + begin * resource->entry_size,
        .size = (end - begin) * resource->entry_size,
    };
}

static uint64_t entry(const struct resource *resource, const unsigned char *at)
{
    uint64_t value = 0;
    for (unsigned i = resource->entry_size; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

HRESULT resource_locate(const struct resource *resource, uint64_t first,
                        const unsigned char *table_part, uint64_t chunk, struct resource_chunk *out)
{
    assert(first <= chunk && chunk < resource->chunk_count);
    const uint64_t room = resource->blob->stored_size - resource->table_size;
    const uint64_t skipped = first_entry(first);
    const bool is_last = chunk + 1 == resource->chunk_count;
    uint64_t begin = 0, end = room;
    if (chunk > 0)
        begin = entry(resource, table_part + (chunk - 1 - skipped) * resource->entry_size);
    if (!is_last)
        end = entry(resource, table_part + (chunk - skipped) * resource->entry_size);
    if (begin >= end || end > room)
        return damaged(resource, "its chunk table is wrong at chunk", chunk);

    uint64_t size = resource->chunk_size;
    if (is_last)
        size = resource->blob->size - chunk * resource->chunk_size;
    if (end - begin > size)
        return damaged(resource, "more stored than there is to store at chunk", chunk);
    *out = (struct resource_chunk){
        .offset = resource->blob->offset + resource->table_size + begin,
        .stored_size = (uint32_t)(end - begin),
        .size = (uint32_t)size,
        .is_raw = end - begin == size,
    };
    return S_OK;
}
