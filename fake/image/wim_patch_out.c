/* SPDX-License-Identifier: MIT */
/* wim_patch_out.c - resources at the end of a WIM file. */
#include <string.h>

#include "error.h"
#include "wim_patch_parts.h"

#define WAITING_MAX (4u << 20)
#define TABLE_ENTRY 4u /* resources of 4 GiB and more are not written here */

void patch_out_clear(struct patch_out *out)
{
    vec_clear(&out->waiting);
    wim_compressor_free(out->compressor);
}

static HRESULT reserve(struct patch_out *out, size_t more, unsigned char **room)
{
    if (!vec_reserve_raw((void **)&out->waiting.ptr, &out->waiting.cap, out->waiting.len + more, 1))
        return FAIL_MEMORY();
    *room = out->waiting.ptr + out->waiting.len;
    return S_OK;
}

HRESULT patch_flush(struct patch_out *out)
{
    if (out->waiting.len == 0)
        return S_OK;
    TRY(os_write_at(out->file, out->waiting.ptr, out->waiting.len, out->written));
    out->written += out->waiting.len;
    out->waiting.len = 0;
    return S_OK;
}

static HRESULT added(struct patch_out *out, size_t stored, size_t size, unsigned flags,
                     struct place *place)
{
    *place = (struct place){.offset = out->written + out->waiting.len,
                            .stored_size = stored,
                            .size = size,
                            .flags = flags};
    out->waiting.len += stored;
    return out->waiting.len < WAITING_MAX ? S_OK : patch_flush(out);
}

HRESULT patch_add_plain(struct patch_out *out, const void *data, size_t size, struct place *place)
{
    unsigned char *room;
    TRY(reserve(out, size, &room));
    if (size)
        memcpy(room, data, size);
    return added(out, size, size, 0, place);
}

/* ---- chunks ---- */

/* What a chunk takes; it is stored as it is where that is no more. */
static size_t squeeze(const struct patch_out *out, const unsigned char *from, size_t size,
                      unsigned char *to)
{
    size_t stored = wim_compress(out->compressor, from, size, to, size - 1);
    if (stored)
        return stored;
    memcpy(to, from, size);
    return size;
}

/* The chunk as the file has it; 0: it has to be made. */
static size_t take_over(const struct resource *old, const struct wim_raw *raw, size_t chunk,
                        unsigned char *to)
{
    struct resource_chunk at;
    struct resource_span table = resource_table_part(old, chunk, chunk);
    uint64_t base = old->blob->offset;
    if (FAILED(resource_locate(old, chunk, raw->stored + (table.offset - base), chunk, &at)))
        return 0;
    memcpy(to, raw->stored + (at.offset - base), at.stored_size);
    return at.stored_size;
}

struct chunks {
    const struct wim_raw *raw; /* NULL: all is new */
    const struct resource *old;
    const bool *is_changed;
};

/* A table and the chunks behind it. As it is, where that is no larger. */
static HRESULT add_chunks(struct patch_out *out, const unsigned char *data, size_t size,
                          const struct chunks *chunks, unsigned flags, struct place *place)
{
    const size_t chunk_size = out->storage->chunk_size, count = (size - 1) / chunk_size + 1;
    const size_t table = (count - 1) * TABLE_ENTRY;
    unsigned char *room;
    size_t at = 0;
    TRY(reserve(out, table + size, &room));
    for (size_t i = 0; i < count; i++) {
        size_t stored = 0, part = i + 1 < count ? chunk_size : size - i * chunk_size;
        if (i)
            wim_put(room + (i - 1) * TABLE_ENTRY, TABLE_ENTRY, at);
        if (chunks->raw && !chunks->is_changed[i])
            stored = take_over(chunks->old, chunks->raw, i, room + table + at);
        if (!stored)
            stored = squeeze(out, data + i * chunk_size, part, room + table + at);
        at += stored;
    }
    if (table + at < size)
        return added(out, table + at, size, flags | PLACE_COMPRESSED, place);
    memcpy(room, data, size);
    return added(out, size, size, flags, place);
}

static HRESULT need_compressor(struct patch_out *out)
{
    return out->compressor ? S_OK : wim_compressor_new(out->storage, &out->compressor);
}

HRESULT patch_add_blob(struct patch_out *out, const void *data, size_t size, struct place *place)
{
    const struct chunks all_new = {.raw = NULL};
    if (!out->storage->compression)
        return patch_add_plain(out, data, size, place);
    TRY(need_compressor(out));
    return add_chunks(out, data, size, &all_new, 0, place);
}

HRESULT patch_add_folders(struct patch_out *out, const struct wim_raw *raw, const bool *is_changed,
                          struct place *place)
{
    const struct place was = place_get(raw->blobs + raw->metadata * BLOB_ENTRY_SIZE);
    const struct wim_blob blob = place_blob(&was);
    struct resource old;
    if (blob.kind != WIM_BLOB_COMPRESSED) {
        TRY(patch_add_plain(out, raw->bytes, raw->size, place));
        place->flags = PLACE_METADATA;
        return S_OK;
    }
    TRY(need_compressor(out));
    TRY(resource_measure(&blob, raw->storage.chunk_size, &old));
    const struct chunks chunks = {raw, &old, is_changed};
    return add_chunks(out, raw->bytes, raw->size, &chunks, PLACE_METADATA, place);
}
