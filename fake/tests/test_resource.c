/* SPDX-License-Identifier: MIT */
/* test_resource.c - chunk tables, right ones and every way to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dism_codes.h"
#include "error.h"
#include "resource.h"

#define CHUNK 32768u
#define AT 1000u /* where the resource lies in the file */
#define DAMAGED HR_WIN32(ERROR_FILE_CORRUPT)

static struct wim_blob blob_of(uint64_t stored, uint64_t size)
{
    return (struct wim_blob){
        .offset = AT, .stored_size = stored, .size = size, .kind = WIM_BLOB_COMPRESSED};
}

/* A table of entries in an allocation of its own size, so that a read beyond it is seen (ASan). */
static unsigned char *table_of(const uint64_t *entries, size_t count, unsigned entry_size)
{
    unsigned char *table = test_malloc(count * entry_size + (count == 0));
    for (size_t i = 0; i < count; i++) {
        for (unsigned byte = 0; byte < entry_size; byte++)
            table[i * entry_size + byte] = (unsigned char)(entries[i] >> 8 * byte);
    }
    return table;
}

static HRESULT locate(const struct resource *r, const uint64_t *entries, uint64_t chunk,
                      struct resource_chunk *out)
{
    unsigned char *table = table_of(entries, (size_t)r->chunk_count - 1, r->entry_size);
    HRESULT hr = resource_locate(r, 0, table, chunk, out);
    test_free(table);
    return hr;
}

static void a_single_chunk_needs_no_table(void **state)
{
    (void)state;
    struct wim_blob blob = blob_of(100, 300);
    struct resource r;
    struct resource_chunk chunk;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(r.chunk_count, 1);
    assert_int_equal(resource_table_part(&r, 0, 0).size, 0);
    assert_int_equal(locate(&r, NULL, 0, &chunk), S_OK);
    assert_int_equal(chunk.offset, AT);
    assert_int_equal(chunk.stored_size, 100);
    assert_int_equal(chunk.size, 300);
    assert_false(chunk.is_raw);
}

static void chunks_follow_one_another_behind_the_table(void **state)
{
    (void)state;
    struct wim_blob blob = blob_of(8 + 500 + CHUNK + 7, 2 * CHUNK + 10);
    const uint64_t entries[] = {500, 500 + CHUNK};
    struct resource r;
    struct resource_chunk chunk;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(r.chunk_count, 3);
    assert_int_equal(r.table_size, 8);
    assert_int_equal(locate(&r, entries, 0, &chunk), S_OK);
    assert_int_equal(chunk.offset, AT + 8);
    assert_int_equal(chunk.stored_size, 500);
    assert_int_equal(chunk.size, CHUNK);
    assert_int_equal(locate(&r, entries, 1, &chunk), S_OK);
    assert_int_equal(chunk.offset, AT + 8 + 500);
    assert_true(chunk.is_raw);
    assert_int_equal(locate(&r, entries, 2, &chunk), S_OK);
    assert_int_equal(chunk.offset, AT + 8 + 500 + CHUNK);
    assert_int_equal(chunk.stored_size, 7);
    assert_int_equal(chunk.size, 10);
}

static void exactly_full_chunks_have_no_empty_one_behind(void **state)
{
    (void)state;
    struct wim_blob blob = blob_of(4 + 10 + 20, 2 * CHUNK);
    struct resource r;
    struct resource_chunk chunk;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(r.chunk_count, 2);
    assert_int_equal(locate(&r, (uint64_t[]){10}, 1, &chunk), S_OK);
    assert_int_equal(chunk.size, CHUNK);
    assert_int_equal(chunk.stored_size, 20);
}

static void entries_are_wider_above_four_gibibytes(void **state)
{
    (void)state;
    struct resource r;
    struct wim_blob blob = blob_of(UINT32_MAX, UINT32_MAX);
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(r.entry_size, 4);
    blob.size++;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(r.entry_size, 8);
    assert_int_equal(r.table_size, (r.chunk_count - 1) * 8);
    blob.size += CHUNK;
    const uint64_t big = UINT32_MAX - 2 * CHUNK;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    unsigned char *table = table_of((uint64_t[]){big, big + 9}, 2, 8);
    struct resource_chunk chunk;
    blob.stored_size = 2ull * UINT32_MAX;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(resource_locate(&r, 2, table, 2, &chunk), S_OK);
    assert_int_equal(chunk.offset, AT + r.table_size + big);
    assert_int_equal(chunk.stored_size, 9);
    test_free(table);
}

static void a_part_of_the_table_is_enough(void **state)
{
    (void)state;
    struct wim_blob blob = blob_of(16 + 500, 5 * CHUNK);
    const uint64_t entries[] = {100, 200, 300, 400};
    struct resource r;
    struct resource_chunk whole, part;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    for (uint64_t first = 0; first < 5; first++) {
        for (uint64_t last = first; last < 5; last++) {
            struct resource_span span = resource_table_part(&r, first, last);
            size_t begin = (size_t)(span.offset - AT) / 4, count = (size_t)span.size / 4;
            assert_true(begin + count <= 4);
            unsigned char *table = table_of(entries + begin, count, 4);
            for (uint64_t i = first; i <= last; i++) {
                assert_int_equal(resource_locate(&r, first, table, i, &part), S_OK);
                assert_int_equal(locate(&r, entries, i, &whole), S_OK);
                assert_int_equal(part.offset, whole.offset);
                assert_int_equal(part.stored_size, whole.stored_size);
                assert_int_equal(part.size, whole.size);
            }
            test_free(table);
        }
    }
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, stored, size;
        uint32_t chunk_size;
    } bad[] = {
        {AT, 100, 300, 0},
        {AT, 100, 0, CHUNK},
        {AT, 0, 1, CHUNK},
        {AT, 4, CHUNK + 1, CHUNK},          /* a table and nothing behind it */
        {AT, 3, CHUNK + 1, CHUNK},          /* not even the table */
        {AT, 1000, 1000ull * CHUNK, CHUNK}, /* far more chunks than stored bytes */
        {AT, 1000, UINT64_MAX, CHUNK},      /* numbers whose products overflow */
        {AT, INT64_MAX, UINT64_MAX, 1},
        {AT, INT64_MAX, 100, CHUNK}, /* behind the end of any file */
        {UINT64_MAX, 100, 100, CHUNK},
        {INT64_MAX, 1, 100, CHUNK},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wim_blob blob = blob_of(bad[i].stored, bad[i].size);
        struct resource r;
        blob.offset = bad[i].offset;
        assert_int_equal(resource_measure(&blob, bad[i].chunk_size, &r), DAMAGED);
    }
}

static void tables_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct wim_blob blob = blob_of(8 + 300, 2 * CHUNK + 10);
    static const struct {
        uint64_t entries[2];
        unsigned good; /* a bit for each chunk that can still be located */
    } bad[] = {
        {{100, 100}, 1},        /* an empty chunk; the last one has 200 bytes for 10 */
        {{100, 99}, 1},         /* backwards */
        {{0, 295}, 2 | 4},      /* nothing stored of the first */
        {{100, 300}, 1 | 2},    /* nothing of the last */
        {{100, 301}, 1},        /* beyond the resource */
        {{UINT32_MAX, 295}, 4}, /* far beyond */
        {{100, UINT32_MAX}, 1}, {{100, 200}, 1 | 2}, /* the last one has 100 bytes for 10 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct resource r;
        assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
        for (unsigned chunk = 0; chunk < 3; chunk++) {
            struct resource_chunk out;
            HRESULT hr = locate(&r, bad[i].entries, chunk, &out);
            assert_int_equal(hr, bad[i].good & 1u << chunk ? S_OK : DAMAGED);
            if (hr == S_OK)
                assert_true(out.offset + out.stored_size <= AT + blob.stored_size);
        }
    }
}

static void a_chunk_cannot_be_stored_with_more_than_it_holds(void **state)
{
    (void)state;
    struct wim_blob blob = blob_of(4 + CHUNK + 1 + 5, CHUNK + 10);
    struct resource r;
    struct resource_chunk chunk;
    assert_int_equal(resource_measure(&blob, CHUNK, &r), S_OK);
    assert_int_equal(locate(&r, (uint64_t[]){CHUNK + 1}, 0, &chunk), DAMAGED);
    assert_int_equal(locate(&r, (uint64_t[]){CHUNK + 1}, 1, &chunk), S_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_chunk_needs_no_table),
        cmocka_unit_test(chunks_follow_one_another_behind_the_table),
        cmocka_unit_test(exactly_full_chunks_have_no_empty_one_behind),
        cmocka_unit_test(entries_are_wider_above_four_gibibytes),
        cmocka_unit_test(a_part_of_the_table_is_enough),
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(tables_that_cannot_be_are_refused),
        cmocka_unit_test(a_chunk_cannot_be_stored_with_more_than_it_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
