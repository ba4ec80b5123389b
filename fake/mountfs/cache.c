/* SPDX-License-Identifier: MIT */
/* cache.c - see cache.h. */
#include "cache.h"

#include <assert.h>

#include "error.h"
#include "mem.h"
#include "os.h"

struct cache {
    size_t slot_size, slot_count, bucket_count;
    struct os_mutex lock;
    struct os_cond filled; /* some slot has left SLOT_FILLING */
    /* under lock */
    struct cache_slot *slots;
    struct cache_slot **buckets;
    struct cache_slot *oldest, *newest;
};

/* ---- order of use ---- */

static void unlink_slot(struct cache *cache, struct cache_slot *slot)
{
    *(slot->older ? &slot->older->newer : &cache->oldest) = slot->newer;
    *(slot->newer ? &slot->newer->older : &cache->newest) = slot->older;
    slot->older = slot->newer = NULL;
}

static void append_slot(struct cache *cache, struct cache_slot *slot)
{
    slot->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = slot;
    cache->newest = slot;
}

static void prepend_slot(struct cache *cache, struct cache_slot *slot)
{
    slot->newer = cache->oldest;
    *(cache->oldest ? &cache->oldest->older : &cache->newest) = slot;
    cache->oldest = slot;
}

/* ---- the hash ---- */

static struct cache_slot **bucket_of(struct cache *cache, uint64_t resource, uint64_t chunk)
{
    uint64_t h = (resource + chunk * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    return &cache->buckets[(h >> 32) & (cache->bucket_count - 1)];
}

static struct cache_slot *find(struct cache *cache, uint64_t resource, uint64_t chunk)
{
    struct cache_slot *slot = *bucket_of(cache, resource, chunk);
    while (slot && (slot->resource != resource || slot->chunk != chunk))
        slot = slot->next;
    return slot;
}

static void insert(struct cache *cache, struct cache_slot *slot)
{
    struct cache_slot **bucket = bucket_of(cache, slot->resource, slot->chunk);
    slot->next = *bucket;
    *bucket = slot;
}

static void remove_from_hash(struct cache *cache, struct cache_slot *slot)
{
    struct cache_slot **at = bucket_of(cache, slot->resource, slot->chunk);
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    slot->next = NULL;
}

/* ---- the cache ---- */

HRESULT cache_new(size_t slot_size, size_t slot_count, struct cache **out)
{
    struct cache *cache = mem_alloc(sizeof *cache);
    if (!cache)
        return FAIL_MEMORY();
    cache->slot_size = slot_size;
    cache->slot_count = slot_count;
    cache->bucket_count = 16;
    while (cache->bucket_count < slot_count)
        cache->bucket_count *= 2;
    cache->slots = mem_array(slot_count, sizeof *cache->slots);
    cache->buckets = mem_array(cache->bucket_count, sizeof *cache->buckets);
    if (!cache->slots || !cache->buckets) {
        cache_free(cache);
        return FAIL_MEMORY();
    }
    for (size_t i = 0; i < slot_count; i++)
        append_slot(cache, &cache->slots[i]);
    *out = cache;
    return S_OK;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; cache->slots && i < cache->slot_count; i++)
        mem_free(cache->slots[i].data);
    mem_free(cache->slots);
    mem_free(cache->buckets);
    mem_free(cache);
}

/* The least recently used slot nobody holds, emptied; NULL: there is none. */
static struct cache_slot *make_room(struct cache *cache)
{
    struct cache_slot *slot = cache->oldest;
    while (slot && slot->pins > 0)
        slot = slot->newer;
    if (!slot)
        return NULL;
    if (slot->state != SLOT_FREE)
        remove_from_hash(cache, slot);
    slot->state = SLOT_FREE;
    if (!slot->data)
        slot->data = mem_alloc(cache->slot_size);
    return slot->data ? slot : NULL;
}

enum cache_claim cache_claim(struct cache *cache, uint64_t resource, uint64_t chunk, bool wait,
                             struct cache_slot **out)
{
    AUTO_LOCK(&cache->lock);
    struct cache_slot *slot;
    while ((slot = find(cache, resource, chunk)) && slot->state == SLOT_FILLING) {
        if (!wait)
            return CACHE_BUSY;
        os_cond_wait(&cache->filled, &cache->lock);
    }
    const bool is_there = slot != NULL;
    if (!slot) {
        slot = make_room(cache);
        if (!slot)
            return CACHE_FULL;
        slot->resource = resource;
        slot->chunk = chunk;
        slot->state = SLOT_FILLING;
        insert(cache, slot);
    }
    slot->pins++;
    unlink_slot(cache, slot);
    append_slot(cache, slot);
    *out = slot;
    return is_there ? CACHE_READY : CACHE_MINE;
}

void cache_filled(struct cache *cache, struct cache_slot *slot, bool is_good)
{
    AUTO_LOCK(&cache->lock);
    assert(slot->state == SLOT_FILLING && slot->pins > 0);
    slot->state = SLOT_READY;
    if (!is_good) {
        remove_from_hash(cache, slot);
        slot->state = SLOT_FREE;
    }
    os_cond_broadcast(&cache->filled);
}

void cache_unpin(struct cache *cache, struct cache_slot *slot)
{
    AUTO_LOCK(&cache->lock);
    assert(slot->pins > 0);
    slot->pins--;
    if (slot->state == SLOT_FREE && slot->pins == 0) {
        unlink_slot(cache, slot);
        prepend_slot(cache, slot);
    }
}
