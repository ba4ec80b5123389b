/* SPDX-License-Identifier: MIT */
/* test_cache.c - chunks are made once, stay while they are held, and make room in order of use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache.h"
#include "mem.h"
#include "os.h"

#define SLOT 64u

static struct cache *new_cache(size_t slots)
{
    struct cache *cache = NULL;
    assert_int_equal(cache_new(SLOT, slots, &cache), S_OK);
    return cache;
}

static void fill(struct cache *cache, uint64_t resource, uint64_t chunk)
{
    struct cache_slot *slot = NULL;
    assert_int_equal(cache_claim(cache, resource, chunk, true, &slot), CACHE_MINE);
    memset(slot->data, (int)(resource + chunk), SLOT);
    cache_filled(cache, slot, true);
    cache_unpin(cache, slot);
}

static bool has(struct cache *cache, uint64_t resource, uint64_t chunk)
{
    struct cache_slot *slot = NULL;
    enum cache_claim claim = cache_claim(cache, resource, chunk, false, &slot);
    bool is_there = claim == CACHE_READY;
    if (claim == CACHE_READY)
        assert_int_equal(slot->data[SLOT - 1], (unsigned char)(resource + chunk));
    if (claim == CACHE_MINE)
        cache_filled(cache, slot, false);
    if (slot)
        cache_unpin(cache, slot);
    return is_there;
}

static void the_least_recently_used_makes_room(void **state)
{
    (void)state;
    struct cache *cache = new_cache(3);
    fill(cache, 100, 0);
    fill(cache, 100, 1);
    fill(cache, 200, 0);
    assert_true(has(cache, 100, 0));
    fill(cache, 200, 1);
    assert_true(has(cache, 100, 0));
    assert_true(has(cache, 200, 0));
    assert_true(has(cache, 200, 1));
    assert_false(has(cache, 100, 1));
    cache_free(cache);
}

static void what_is_held_stays(void **state)
{
    (void)state;
    struct cache *cache = new_cache(2);
    struct cache_slot *held = NULL, *other = NULL, *none = NULL;
    fill(cache, 1, 0);
    assert_int_equal(cache_claim(cache, 1, 0, false, &held), CACHE_READY);
    fill(cache, 1, 1);
    fill(cache, 1, 2);
    assert_int_equal(held->data[0], 1);
    assert_int_equal(cache_claim(cache, 1, 3, false, &other), CACHE_MINE);
    assert_int_equal(cache_claim(cache, 1, 4, false, &none), CACHE_FULL);
    cache_filled(cache, other, false);
    cache_unpin(cache, other);
    cache_unpin(cache, held);
    cache_free(cache);
}

static void what_went_wrong_is_forgotten(void **state)
{
    (void)state;
    struct cache *cache = new_cache(2);
    struct cache_slot *slot = NULL;
    assert_int_equal(cache_claim(cache, 1, 0, false, &slot), CACHE_MINE);
    cache_filled(cache, slot, false);
    cache_unpin(cache, slot);
    assert_false(has(cache, 1, 0));
    fill(cache, 1, 0);
    assert_true(has(cache, 1, 0));
    cache_free(cache);
}

static void somebody_at_work_is_not_waited_for_unless_asked(void **state)
{
    (void)state;
    struct cache *cache = new_cache(2);
    struct cache_slot *slot = NULL, *other = NULL;
    assert_int_equal(cache_claim(cache, 1, 0, false, &slot), CACHE_MINE);
    assert_int_equal(cache_claim(cache, 1, 0, false, &other), CACHE_BUSY);
    cache_filled(cache, slot, true);
    assert_int_equal(cache_claim(cache, 1, 0, false, &other), CACHE_READY);
    cache_unpin(cache, other);
    cache_unpin(cache, slot);
    cache_free(cache);
}

/* ---- threads ---- */

#define THREADS 8u
#define ROUNDS 4000u
#define CHUNKS 24u

struct crowd {
    struct cache *cache;
    struct os_mutex lock;
    unsigned wrong; /* under lock */
};

static void read_chunks(void *argument)
{
    struct crowd *crowd = argument;
    unsigned wrong = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint64_t chunk = (i * 7 + i / 5) % CHUNKS;
        struct cache_slot *slot = NULL;
        enum cache_claim claim = cache_claim(crowd->cache, 5, chunk, true, &slot);
        if (claim == CACHE_FULL)
            continue;
        if (claim == CACHE_MINE) {
            memset(slot->data, (int)chunk, SLOT);
            cache_filled(crowd->cache, slot, i % 11 != 0);
        }
        wrong += slot->data[0] != chunk || slot->data[SLOT - 1] != chunk;
        cache_unpin(crowd->cache, slot);
    }
    AUTO_LOCK(&crowd->lock);
    crowd->wrong += wrong;
}

static void many_threads_always_find_what_they_asked_for(void **state)
{
    (void)state;
    struct crowd crowd = {.cache = new_cache(16)};
    struct os_thread *threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(os_thread_start(read_chunks, &crowd, &threads[i]), S_OK);
    for (unsigned i = 0; i < THREADS; i++)
        os_thread_join(threads[i]);
    assert_int_equal(crowd.wrong, 0);
    cache_free(crowd.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_recently_used_makes_room),
        cmocka_unit_test(what_is_held_stays),
        cmocka_unit_test(what_went_wrong_is_forgotten),
        cmocka_unit_test(somebody_at_work_is_not_waited_for_unless_asked),
        cmocka_unit_test(many_threads_always_find_what_they_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
