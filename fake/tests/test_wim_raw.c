/* SPDX-License-Identifier: MIT */
/*
 * test_wim_raw.c - images that are wrong in one place or several, with a good hash: they are
 * refused, or can be looked at and written without a step beyond what is there (ASan, UBSan).
 *
 * usage: test_wim_raw IMAGE [SEED [ROUNDS]]: an uncompressed WIM file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "mem.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "wim_patch.h"
#include "wim_raw_parts.h"

static const char *image;
static unsigned long long seed = 1, rounds = 2000;

static struct {
    unsigned char *bytes;
    size_t size, table, table_size, entry, folders, folders_size;
    char *path, *source; /* the wrong image, and a new content */
    uint64_t looked;
} w;

static uint32_t random_number(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static void find_folders(void)
{
    const struct place table = place_get(w.bytes + HEADER_BLOBS);
    w.table = (size_t)table.offset;
    w.table_size = (size_t)table.size;
    for (w.entry = w.table; !(w.bytes[w.entry + 7] & PLACE_METADATA); w.entry += BLOB_ENTRY_SIZE)
        assert_true(w.entry < w.table + w.table_size);
    const struct place place = place_get(w.bytes + w.entry);
    assert_int_equal(place.size, place.stored_size);
    w.folders = (size_t)place.offset;
    w.folders_size = (size_t)place.size;
}

static int set_up(void **state)
{
    (void)state;
    AUTO_FREE char *folder = NULL;
    char *bytes;
    assert_int_equal(os_read_file(image, &bytes, &w.size), S_OK);
    assert_int_equal(os_temp_directory(&folder), S_OK);
    w.bytes = (unsigned char *)bytes;
    w.path = mem_format("%s/dismfake-raw-%u.wim", folder, os_pid());
    w.source = mem_format("%s/dismfake-raw-%u", folder, os_pid());
    assert_true(w.path && w.source);
    assert_int_equal(os_write_file_atomic(w.source, "another content", 15), S_OK);
    find_folders();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    os_remove_file(w.path);
    os_remove_file(w.source);
    mem_free(w.bytes);
    mem_free(w.path);
    mem_free(w.source);
    return 0;
}

/* ---- wrong images ---- */

static size_t random_place(void)
{
    switch (random_number(10)) {
    case 0:
        return random_number(WIM_HEADER_SIZE);
    case 1:
        return w.table + random_number((uint32_t)w.table_size);
    default:
        return w.folders + random_number((uint32_t)w.folders_size);
    }
}

static void spoil(unsigned char *bytes)
{
    static const unsigned char telling[] = {0, 1, 8, 127, 128, 255};
    size_t at = random_place(), number = at & ~(size_t)7;
    switch (random_number(4)) {
    case 0:
        bytes[at] = (unsigned char)random_number(256);
        break;
    case 1:
        bytes[at] ^= (unsigned char)(1u << random_number(8));
        break;
    case 2:
        bytes[at] = telling[random_number(sizeof telling)];
        break;
    default: /* a length or a place */
        if (number + 8 <= w.size)
            wim_put(bytes + number, 8,
                    random_number(3) ? random_number((uint32_t)w.folders_size + 16)
                                     : UINT64_MAX - random_number(1000));
    }
}

static void write_wrong_image(unsigned faults)
{
    AUTO_FREE unsigned char *bytes = mem_alloc(w.size);
    assert_non_null(bytes);
    memcpy(bytes, w.bytes, w.size);
    for (; faults > 0; faults--)
        spoil(bytes);
    hash_sha1(bytes + w.folders, w.folders_size, bytes + w.entry + BLOB_HASH);
    assert_int_equal(os_write_file_atomic(w.path, bytes, w.size), S_OK);
}

/* ---- all that can be done with one ---- */

struct looking {
    struct wim_raw *raw;
    const char *folder;
    unsigned depth;
};

static HRESULT see_file(void *context, const struct wim_file *file)
{
    const struct looking *above = context;
    const unsigned char *security = file->security;
    for (size_t i = 0; i < file->stream_count; i++)
        w.looked += file->streams[i].blob.size + (file->streams[i].name ? 1 : 0);
    w.looked += file->security_size ? security[file->security_size - 1] : 0;
    if (!file->name || above->depth > 3)
        return S_OK;
    AUTO_FREE char *path = mem_format("%s/%s", above->folder, file->name);
    struct looking here = {above->raw, path, above->depth + 1};
    struct wim_entry entry;
    assert_int_equal(wim_raw_look(above->raw, path, &entry), S_OK);
    assert_int_not_equal(entry.kind, WIM_NOTHING);
    return entry.kind == WIM_FOLDER ? wim_raw_children(above->raw, path, see_file, &here) : S_OK;
}

static HRESULT see_linked(void *context, const char *path, const struct wim_entry *entry)
{
    struct wim_entry again;
    assert_true(entry->links > 1);
    return wim_raw_look(context, path, &again);
}

static HRESULT go_on(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    assert_true(done <= total);
    return S_OK;
}

static bool use(struct wim_raw *raw, struct os_file *file)
{
    const struct wim_change change = {WIM_ADD, (char *)"hello.txt", w.source};
    const struct wim_progress progress = {go_on, NULL};
    struct looking top = {raw, "", 0};
    assert_int_equal(wim_raw_children(raw, "/", see_file, &top), S_OK);
    assert_int_equal(wim_raw_each_linked(raw, see_linked, raw), S_OK);
    return wim_patch(raw, file, &change, 1, &progress) == S_OK;
}

static bool try_image(bool *is_written)
{
    AUTO_FILE struct os_file *file = NULL;
    AUTO(scope_wim_raw) struct wim_raw *raw = NULL;
    assert_int_equal(os_open(w.path, OS_READ | OS_WRITE, &file), S_OK);
    if (FAILED(wim_raw_open(file, 1, &raw)))
        return false;
    *is_written = use(raw, file);
    return true;
}

static void wrong_images_are_refused_or_harmless(void **state)
{
    (void)state;
    unsigned long long opened = 0, written = 0, first = seed;
    bool is_written;
    write_wrong_image(0);
    assert_true(try_image(&is_written));
    for (unsigned long long i = 0; i < rounds; i++) {
        is_written = false;
        write_wrong_image(1 + random_number(4));
        opened += try_image(&is_written);
        written += is_written;
    }
    printf("seed %llu: of %llu wrong images %llu were opened and %llu written\n", first, rounds,
           opened, written);
    assert_in_range(opened, rounds / 20, rounds - rounds / 20);
}

int main(int argc, char **argv)
{
    if (argc < 2 || (argc > 2 && !text_to_u64(argv[2], &seed)) ||
        (argc > 3 && !text_to_u64(argv[3], &rounds)))
        return 64;
    image = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_images_are_refused_or_harmless, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
