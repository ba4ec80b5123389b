/* SPDX-License-Identifier: MIT */
/*
 * store.c - see store.h.
 *
 * A thread that reads chunks has a bench: a decompressor and a buffer for what is stored. Benches
 * lie in a stack when nobody uses them, so that there are as many as threads that ever read at
 * once.
 */
#include "store.h"

#include <assert.h>
#include <string.h>

#include "cache.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "os.h"
#include "resource.h"

#define CACHE_BYTES (32u << 20)
#define CACHE_SLOTS_MIN 32u
#define CHUNK_SIZE_MAX (64u << 20)

struct bench {
    struct wim_decompressor *decompressor;
    unsigned char *stored; /* chunks as they lie in the file */
    size_t stored_cap;
    unsigned char *chunk; /* a decompressed chunk for which the cache has no room */
    struct bench *next;
};

struct store {
    struct os_file *file;
    struct wim_storage storage;
    struct cache *cache; /* NULL: nothing is compressed */
    struct os_mutex lock;
    struct bench *benches; /* under lock */
};

/* ---- benches ---- */

static void bench_free(struct bench *bench)
{
    wim_decompressor_free(bench->decompressor);
    mem_free(bench->stored);
    mem_free(bench->chunk);
    mem_free(bench);
}
DEFINE_SCOPE(bench, struct bench, bench_free)

static HRESULT take_bench(struct store *store, struct bench **out)
{
    {
        AUTO_LOCK(&store->lock);
        if (store->benches) {
            *out = store->benches;
            store->benches = (*out)->next;
            return S_OK;
        }
    }
    AUTO(scope_bench) struct bench *bench = mem_alloc(sizeof *bench);
    if (!bench)
        return FAIL_MEMORY();
    TRY(wim_decompressor_new(&store->storage, &bench->decompressor));
    *out = TAKE(bench);
    return S_OK;
}

static void give_bench(struct store *store, struct bench *bench)
{
    AUTO_LOCK(&store->lock);
    bench->next = store->benches;
    store->benches = bench;
}

static HRESULT reserve_stored(struct bench *bench, size_t size)
{
    if (bench->stored_cap >= size)
        return S_OK;
    mem_free(bench->stored);
    bench->stored_cap = 0;
    bench->stored = mem_alloc(size);
    if (!bench->stored)
        return FAIL_MEMORY();
    bench->stored_cap = size;
    return S_OK;
}

/* ---- open and close ---- */

static HRESULT make_cache(struct store *store)
{
    const uint32_t chunk_size = store->storage.chunk_size;
    if (store->storage.compression == 0)
        return S_OK;
    if (chunk_size == 0 || chunk_size > CHUNK_SIZE_MAX)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "chunks of %u bytes are too large", chunk_size);
    size_t slots = CACHE_BYTES / chunk_size;
    return cache_new(chunk_size, slots < CACHE_SLOTS_MIN ? CACHE_SLOTS_MIN : slots, &store->cache);
}

HRESULT store_open(const char *image, const struct wim_storage *storage, struct store **out)
{
    struct store *store = mem_alloc(sizeof *store);
    if (!store)
        return FAIL_MEMORY();
    store->storage = *storage;
    HRESULT hr = os_open(image, OS_READ, &store->file);
    if (SUCCEEDED(hr))
        hr = make_cache(store);
    if (FAILED(hr)) {
        store_close(store);
        return hr;
    }
    *out = store;
    return S_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    while (store->benches) {
        struct bench *bench = store->benches;
        store->benches = bench->next;
        bench_free(bench);
    }
    cache_free(store->cache);
    os_close(store->file);
    mem_free(store);
}

/* ---- reading ---- */

static HRESULT read_file(struct store *store, uint64_t offset, void *to, size_t size)
{
    size_t got = 0;
    TRY(os_read_at(store->file, to, size, offset, &got));
    if (got < size)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the image file ends before %llu",
                    (unsigned long long)(offset + size));
    return S_OK;
}

/* A run of chunks of one resource, and what of the blob is wanted. */
#define RUN_MAX 64u
struct run {
    struct store *store;
    struct bench *bench;
    struct resource resource;
    uint64_t first, last;
    struct resource_chunk chunks[RUN_MAX];
    uint64_t stored_from, stored_to; /* what bench->stored holds of the file */
    uint64_t begin, end;             /* the wanted range of the blob */
    unsigned char *to;               /* where `begin` goes */
};

static HRESULT locate_run(struct run *run)
{
    unsigned char table[(RUN_MAX + 1) * 8];
    struct resource_span part = resource_table_part(&run->resource, run->first, run->last);
    assert(part.size <= sizeof table);
    if (part.size)
        TRY(read_file(run->store, part.offset, table, (size_t)part.size));
    for (uint64_t i = run->first; i <= run->last; i++)
        TRY(resource_locate(&run->resource, run->first, table, i, &run->chunks[i - run->first]));
    return S_OK;
}

/* The chunk as it is stored: with the first one asked for, those behind it are read too. */
static HRESULT stored_chunk(struct run *run, const struct resource_chunk *chunk,
                            const unsigned char **out)
{
    if (chunk->offset < run->stored_from || chunk->offset >= run->stored_to) {
        const struct resource_chunk *last = &run->chunks[run->last - run->first];
        uint64_t end = last->offset + last->stored_size;
        TRY(reserve_stored(run->bench, (size_t)(end - chunk->offset)));
        run->stored_from = run->stored_to = 0;
        TRY(read_file(run->store, chunk->offset, run->bench->stored,
                      (size_t)(end - chunk->offset)));
        run->stored_from = chunk->offset;
        run->stored_to = end;
    }
    *out = run->bench->stored + (chunk->offset - run->stored_from);
    return S_OK;
}

static HRESULT make_chunk(struct run *run, const struct resource_chunk *chunk, unsigned char *to)
{
    const unsigned char *stored = NULL;
    TRY(stored_chunk(run, chunk, &stored));
    if (chunk->is_raw)
        memcpy(to, stored, chunk->size);
    else if (!wim_decompress(run->bench->decompressor, stored, chunk->stored_size, to, chunk->size))
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "chunk at %llu of the image file is damaged",
                    (unsigned long long)chunk->offset);
    return S_OK;
}

static void copy_wanted(const struct run *run, uint64_t number, const unsigned char *data)
{
    if (!run->to)
        return;
    uint64_t start = number * run->resource.chunk_size;
    uint64_t stop = start + run->chunks[number - run->first].size;
    uint64_t from = start > run->begin ? start : run->begin;
    uint64_t until = stop < run->end ? stop : run->end;
    memcpy(run->to + (from - run->begin), data + (from - start), (size_t)(until - from));
}

/* A chunk that does not fit into the cache at the moment. */
static HRESULT read_past_cache(struct run *run, uint64_t number)
{
    if (!run->bench->chunk && !(run->bench->chunk = mem_alloc(run->resource.chunk_size)))
        return FAIL_MEMORY();
    TRY(make_chunk(run, &run->chunks[number - run->first], run->bench->chunk));
    copy_wanted(run, number, run->bench->chunk);
    return S_OK;
}

/* S_FALSE: somebody else is at it. */
static HRESULT read_chunk(struct run *run, uint64_t number, bool wait)
{
    struct cache *cache = run->store->cache;
    struct cache_slot *slot = NULL;
    enum cache_claim claim = cache_claim(cache, run->resource.blob->offset, number, wait, &slot);
    if (claim == CACHE_BUSY)
        return S_FALSE;
    if (claim == CACHE_FULL)
        return read_past_cache(run, number);
    HRESULT hr = S_OK;
    if (claim == CACHE_MINE) {
        hr = make_chunk(run, &run->chunks[number - run->first], slot->data);
        cache_filled(cache, slot, SUCCEEDED(hr));
    }
    if (SUCCEEDED(hr))
        copy_wanted(run, number, slot->data);
    cache_unpin(cache, slot);
    return hr;
}

/* What nobody works at first, then what others have finished meanwhile. */
static HRESULT read_run(struct run *run)
{
    TRY(locate_run(run));
    uint64_t left = 0;
    for (uint64_t i = run->first; i <= run->last; i++) {
        HRESULT hr = read_chunk(run, i, false);
        TRY(hr);
        if (hr == S_FALSE)
            left |= 1ull << (i - run->first);
    }
    for (uint64_t i = run->first; i <= run->last; i++) {
        if (left & 1ull << (i - run->first))
            TRY(read_chunk(run, i, true));
    }
    return S_OK;
}

static HRESULT read_chunks(struct store *store, struct bench *bench, const struct wim_blob *blob,
                           uint64_t offset, void *to, size_t size)
{
    struct run run = {
        .store = store, .bench = bench, .begin = offset, .end = offset + size, .to = to};
    TRY(resource_measure(blob, store->storage.chunk_size, &run.resource));
    const uint64_t last = (offset + size - 1) / run.resource.chunk_size;
    for (uint64_t i = offset / run.resource.chunk_size; i <= last; i = run.last + 1) {
        run.first = i;
        run.last = last - i < RUN_MAX ? last : i + RUN_MAX - 1;
        run.stored_from = run.stored_to = 0;
        TRY(read_run(&run));
    }
    return S_OK;
}

HRESULT store_read(struct store *store, const struct wim_blob *blob, uint64_t offset, void *to,
                   size_t size)
{
    assert(offset <= blob->size && size <= blob->size - offset);
    if (size == 0)
        return S_OK;
    if (blob->kind == WIM_BLOB_PLAIN) {
        if (blob->offset > INT64_MAX || offset > INT64_MAX - blob->offset)
            return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "a resource at %llu of the image file",
                        (unsigned long long)blob->offset);
        return read_file(store, blob->offset + offset, to, size);
    }
    if (blob->kind != WIM_BLOB_COMPRESSED || !store->cache)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "content that is not in the image file");
    struct bench *bench = NULL;
    TRY(take_bench(store, &bench));
    HRESULT hr = read_chunks(store, bench, blob, offset, to, size);
    give_bench(store, bench);
    return hr;
}
