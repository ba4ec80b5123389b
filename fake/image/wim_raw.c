/* SPDX-License-Identifier: MIT */
/* wim_raw.c - see wim_raw.h: opening. */
#include <stdatomic.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "vec.h"
#include "wim_raw_parts.h"

#define MAGIC "MSWIM\0\0"
#define USUAL_VERSION 0x10D00u
#define USUAL_FLAGS                                                                                \
    (HEADER_FLAG_COMPRESSED | HEADER_FLAG_RPFIX | HEADER_FLAG_XPRESS | HEADER_FLAG_LZX)
#define XPRESS 1 /* wimlib's numbers */
#define LZX 2
#define SIZE_MAX_READ (1u << 30)
#define THREADS_MAX 4u
#define CHUNKS_AT_ONCE 16u

static HRESULT unusual(const char *what)
{
    return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "an image file with %s", what);
}

/* ---- places ---- */

struct place place_get(const unsigned char *at)
{
    return (struct place){.stored_size = wim_get(at, 7),
                          .flags = at[7],
                          .offset = wim_get64(at + 8),
                          .size = wim_get64(at + 16)};
}

void place_put(unsigned char *at, const struct place *place)
{
    wim_put(at, 7, place->stored_size);
    at[7] = (unsigned char)place->flags;
    wim_put(at + 8, 8, place->offset);
    wim_put(at + 16, 8, place->size);
}

struct wim_blob place_blob(const struct place *place)
{
    bool is_compressed = (place->flags & PLACE_COMPRESSED) != 0;
    return (struct wim_blob){.offset = place->offset,
                             .stored_size = place->stored_size,
                             .size = place->size,
                             .kind = place->flags & PLACE_SPANNED ? WIM_BLOB_ELSEWHERE
                                     : place->size == 0           ? WIM_BLOB_EMPTY
                                     : is_compressed              ? WIM_BLOB_COMPRESSED
                                                                  : WIM_BLOB_PLAIN};
}

/* ---- the header ---- */

static HRESULT read_at(struct os_file *file, uint64_t offset, void *to, size_t size)
{
    size_t got = 0;
    if (offset > INT64_MAX)
        return unusual("something beyond its end");
    TRY(os_read_at(file, to, size, offset, &got));
    return got == size ? S_OK : unusual("something beyond its end");
}

static HRESULT read_header(struct os_file *file, struct wim_raw *raw)
{
    struct os_stat stat;
    const unsigned char *header = raw->header;
    TRY(os_stat_file(file, &stat));
    TRY(read_at(file, 0, raw->header, WIM_HEADER_SIZE));
    uint32_t flags = wim_get32(header + HEADER_FLAGS);
    uint32_t kind = flags & (HEADER_FLAG_COMPRESSED | HEADER_FLAG_XPRESS | HEADER_FLAG_LZX);
    raw->file_size = stat.size;
    raw->storage = (struct wim_storage){.chunk_size = wim_get32(header + HEADER_CHUNK_SIZE),
                                        .has_rpfix = (flags & HEADER_FLAG_RPFIX) != 0};
    if (memcmp(header, MAGIC, sizeof MAGIC) != 0 || wim_get32(header + 8) != WIM_HEADER_SIZE ||
        wim_get32(header + HEADER_VERSION) != USUAL_VERSION || (flags & ~USUAL_FLAGS))
        return unusual("an unusual header");
    if (kind == (HEADER_FLAG_COMPRESSED | HEADER_FLAG_XPRESS))
        raw->storage.compression = XPRESS;
    else if (kind == (HEADER_FLAG_COMPRESSED | HEADER_FLAG_LZX))
        raw->storage.compression = LZX;
    else if (kind != 0)
        return unusual("an unusual compression");
    if (raw->storage.compression && raw->storage.chunk_size != 32768)
        return unusual("unusual chunks");
    if (wim_get16(header + HEADER_PART) != 1 || wim_get16(header + HEADER_PARTS) != 1)
        return unusual("several parts");
    if (raw->index == 0 || raw->index > wim_get32(header + HEADER_IMAGE_COUNT))
        return unusual("fewer images");
    return S_OK;
}

/* ---- blobs ---- */

bool raw_is_no_hash(const unsigned char hash[SHA1_SIZE])
{
    static const unsigned char none[SHA1_SIZE];
    return memcmp(hash, none, SHA1_SIZE) == 0;
}

static uint32_t *slot_of(const struct wim_raw *raw, const unsigned char *hash)
{
    size_t i = wim_get32(hash) & raw->slot_mask;
    while (raw->slots[i] &&
           memcmp(raw->blobs + (raw->slots[i] - 1) * (size_t)BLOB_ENTRY_SIZE + BLOB_HASH, hash,
                  SHA1_SIZE) != 0)
        i = (i + 1) & raw->slot_mask;
    return &raw->slots[i];
}

unsigned char *raw_blob(const struct wim_raw *raw, const unsigned char hash[SHA1_SIZE])
{
    uint32_t number = *slot_of(raw, hash);
    return number ? raw->blobs + (number - 1) * (size_t)BLOB_ENTRY_SIZE : NULL;
}

static HRESULT make_slots(struct wim_raw *raw, size_t count)
{
    mem_free(raw->slots);
    raw->slots = mem_array(count, sizeof *raw->slots);
    if (!raw->slots)
        return FAIL_MEMORY();
    raw->slot_mask = count - 1;
    return S_OK;
}

/* The first of several with one hash counts. */
static void note_blob(const struct wim_raw *raw, size_t i)
{
    const unsigned char *blob = raw->blobs + i * BLOB_ENTRY_SIZE;
    if (blob[7] & PLACE_METADATA)
        return;
    uint32_t *slot = slot_of(raw, blob + BLOB_HASH);
    *slot = *slot ? *slot : (uint32_t)i + 1;
}

HRESULT raw_add_blob(struct wim_raw *raw, const struct place *place,
                     const unsigned char hash[SHA1_SIZE])
{
    if (!vec_reserve_raw((void **)&raw->blobs, &raw->blob_cap, raw->blob_count + 1,
                         BLOB_ENTRY_SIZE))
        return FAIL_MEMORY();
    unsigned char *blob = raw->blobs + raw->blob_count * BLOB_ENTRY_SIZE;
    place_put(blob, place);
    wim_put(blob + BLOB_PART, 2, 1);
    wim_put(blob + BLOB_REFS, 4, 0);
    memcpy(blob + BLOB_HASH, hash, SHA1_SIZE);
    raw->blob_count++;
    if (raw->blob_count * 2 <= raw->slot_mask) {
        note_blob(raw, raw->blob_count - 1);
        return S_OK;
    }
    TRY(make_slots(raw, (raw->slot_mask + 1) * 2));
    for (size_t i = 0; i < raw->blob_count; i++)
        note_blob(raw, i);
    return S_OK;
}

/* The images' folders come in the order of the images; what is not referred to counts for nothing.
 */
static HRESULT see_blob(struct wim_raw *raw, size_t i, unsigned *images)
{
    const unsigned char *blob = raw->blobs + i * BLOB_ENTRY_SIZE;
    struct place place = place_get(blob);
    if (wim_get16(blob + BLOB_PART) != 1 || place.size == 0 || raw_is_no_hash(blob + BLOB_HASH) ||
        (!(place.flags & PLACE_COMPRESSED) && place.size != place.stored_size) ||
        (place.flags & ~(PLACE_METADATA | PLACE_COMPRESSED)))
        return unusual("an unusual table of blobs");
    note_blob(raw, i);
    if (!(place.flags & PLACE_METADATA))
        return S_OK;
    if (wim_get32(blob + BLOB_REFS) != 1)
        return unusual("folders that images share");
    if (++*images == raw->index)
        raw->metadata = i;
    return S_OK;
}

static HRESULT read_blobs(struct os_file *file, struct wim_raw *raw)
{
    struct place place = place_get(raw->header + HEADER_BLOBS);
    unsigned images = 0;
    size_t slots = 64;
    if (place.flags & PLACE_COMPRESSED || place.size != place.stored_size ||
        place.size % BLOB_ENTRY_SIZE || place.size > SIZE_MAX_READ)
        return unusual("an unusual table of blobs");
    raw->blob_count = (size_t)place.size / BLOB_ENTRY_SIZE;
    while (slots < raw->blob_count * 2)
        slots *= 2;
    raw->blob_cap = raw->blob_count + 1;
    raw->blobs = mem_array(raw->blob_cap, BLOB_ENTRY_SIZE);
    if (!raw->blobs)
        return FAIL_MEMORY();
    TRY(make_slots(raw, slots));
    TRY(read_at(file, place.offset, raw->blobs, (size_t)place.size));
    for (size_t i = 0; i < raw->blob_count; i++)
        TRY(see_blob(raw, i, &images));
    return images == wim_get32(raw->header + HEADER_IMAGE_COUNT)
               ? S_OK
               : unusual("folders of other images than its own");
}

/* ---- the folders, unpacked by several threads ---- */

struct inflating {
    const struct wim_raw *raw;
    struct resource resource;
    atomic_size_t next;
    atomic_bool is_damaged;
};

static bool inflate(struct inflating *work, struct wim_decompressor *decompressor, size_t chunk)
{
    const struct wim_raw *raw = work->raw;
    const struct resource *resource = &work->resource;
    struct resource_chunk at;
    struct resource_span table = resource_table_part(resource, chunk, chunk);
    uint64_t base = resource->blob->offset;
    if (FAILED(resource_locate(resource, chunk, raw->stored + (table.offset - base), chunk, &at)))
        return false;
    const unsigned char *from = raw->stored + (at.offset - base);
    unsigned char *to = raw->bytes + chunk * resource->chunk_size;
    if (at.is_raw)
        memcpy(to, from, at.size);
    return at.is_raw || wim_decompress(decompressor, from, at.stored_size, to, at.size);
}

static void inflate_some(void *argument)
{
    struct inflating *work = argument;
    struct wim_decompressor *decompressor = NULL;
    size_t count = (size_t)work->resource.chunk_count;
    bool is_good = SUCCEEDED(wim_decompressor_new(&work->raw->storage, &decompressor));
    while (is_good && !work->is_damaged) {
        size_t i = atomic_fetch_add(&work->next, CHUNKS_AT_ONCE);
        size_t end = i + CHUNKS_AT_ONCE < count ? i + CHUNKS_AT_ONCE : count;
        if (i >= count)
            break;
        for (; is_good && i < end; i++)
            is_good = inflate(work, decompressor, i);
    }
    if (!is_good)
        work->is_damaged = true;
    wim_decompressor_free(decompressor);
}

static HRESULT inflate_all(const struct wim_raw *raw, const struct wim_blob *blob)
{
    struct inflating work = {.raw = raw};
    struct os_thread *threads[THREADS_MAX];
    unsigned count = 0, most = os_processor_count() - 1;
    TRY(resource_measure(blob, raw->storage.chunk_size, &work.resource));
    while (count < most && count < THREADS_MAX &&
           (count + 2) * CHUNKS_AT_ONCE <= work.resource.chunk_count &&
           SUCCEEDED(os_thread_start(inflate_some, &work, &threads[count])))
        count++;
    inflate_some(&work);
    while (count > 0)
        os_thread_join(threads[--count]);
    return work.is_damaged ? unusual("damaged folders") : S_OK;
}

static HRESULT read_folders(struct os_file *file, struct wim_raw *raw)
{
    const unsigned char *entry = raw->blobs + raw->metadata * BLOB_ENTRY_SIZE;
    struct place place = place_get(entry);
    struct wim_blob blob = place_blob(&place);
    unsigned char hash[SHA1_SIZE];
    if (place.size > SIZE_MAX_READ || place.stored_size > SIZE_MAX_READ)
        return unusual("very large folders");
    raw->size = (size_t)place.size;
    raw->stored = mem_alloc((size_t)place.stored_size);
    raw->bytes = mem_alloc(raw->size + 8);
    if (!raw->stored || !raw->bytes)
        return FAIL_MEMORY();
    TRY(read_at(file, place.offset, raw->stored, (size_t)place.stored_size));
    if (blob.kind == WIM_BLOB_COMPRESSED)
        TRY(inflate_all(raw, &blob));
    else
        memcpy(raw->bytes, raw->stored, raw->size);
    hash_sha1(raw->bytes, raw->size, hash);
    return memcmp(hash, entry + BLOB_HASH, SHA1_SIZE) == 0 ? S_OK : unusual("damaged folders");
}

/* ---- all of it ---- */

static HRESULT read_all(struct os_file *file, struct wim_raw *raw)
{
    TRY(read_header(file, raw));
    TRY(read_blobs(file, raw));
    TRY(read_folders(file, raw));
    return raw_check_tree(raw);
}

HRESULT wim_raw_only_look(struct wim_raw *raw, struct os_file *file)
{
    AUTO_FREE char *xml = NULL;
    mem_free(raw->stored);
    raw->stored = NULL;
    TRY(raw_read_xml(raw, file, &xml));
    raw->total_bytes = raw_total_bytes(xml, raw->index);
    return S_OK;
}

uint64_t wim_raw_total_bytes(const struct wim_raw *raw)
{
    return raw->total_bytes;
}

void wim_raw_storage(const struct wim_raw *raw, struct wim_storage *out)
{
    *out = raw->storage;
}

HRESULT wim_raw_open(struct os_file *file, unsigned index, struct wim_raw **out)
{
    AUTO(scope_wim_raw) struct wim_raw *raw = mem_alloc(sizeof *raw);
    if (!raw)
        return FAIL_MEMORY();
    raw->index = index;
    TRY(read_all(file, raw));
    *out = TAKE(raw);
    return S_OK;
}

void wim_raw_close(struct wim_raw *raw)
{
    mem_free(raw->blobs);
    mem_free(raw->slots);
    mem_free(raw->stored);
    mem_free(raw->bytes);
    mem_free(raw->security);
    mem_free(raw->links);
    mem_free(raw);
}
