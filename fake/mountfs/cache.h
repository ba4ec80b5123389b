/* SPDX-License-Identifier: MIT */
/*
 * cache.h - decompressed chunks, each made once by whoever asks first; the least recently used ones
 * make room. Thread-safe. A chunk is named by the offset of its resource and its number.
 *
 * A slot that cache_claim hands out is pinned: it keeps its content until cache_unpin. A thread
 * holds one at a time, so a wait for somebody else's chunk always ends.
 */
#ifndef MOUNTFS_CACHE_H
#define MOUNTFS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hr.h"

struct cache;
struct cache_slot {
    unsigned char *data; /* room for one chunk */
    uint64_t resource, chunk;
    /* under the cache's lock */
    enum { SLOT_FREE, SLOT_FILLING, SLOT_READY } state;
    unsigned pins;
    struct cache_slot *next;          /* in its hash chain */
    struct cache_slot *older, *newer; /* in the order of use */
};

HRESULT cache_new(size_t slot_size, size_t slot_count, struct cache **out);
void cache_free(struct cache *cache);

enum cache_claim {
    CACHE_READY, /* *slot holds the chunk: cache_unpin when done */
    CACHE_MINE,  /* *slot is to be filled: cache_filled, then cache_unpin */
    CACHE_BUSY,  /* somebody is filling it (only without `wait`) */
    CACHE_FULL,  /* all slots are in use: do without */
};
enum cache_claim cache_claim(struct cache *cache, uint64_t resource, uint64_t chunk, bool wait,
                             struct cache_slot **slot);
/* is_good false: the content is worth nothing and forgotten; who waits for it tries itself. */
void cache_filled(struct cache *cache, struct cache_slot *slot, bool is_good);
void cache_unpin(struct cache *cache, struct cache_slot *slot);

#endif
