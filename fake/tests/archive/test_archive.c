/* SPDX-License-Identifier: MIT */
/* test_archive.c - archive.h on both systems. What other programs think of the same archives, and
 * what is damaged or hostile, is asked by the Python tests beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "mem.h"
#include "os.h"
#include "support_folder.h"

#define assert_hr(expected, expression)                                                            \
    do {                                                                                           \
        HRESULT hr_got = (expression);                                                             \
        if (hr_got != (HRESULT)(expected))                                                         \
            fail_msg("%s gave 0x%08X (%s), wanted 0x%08X", #expression, (unsigned)hr_got,          \
                     error_last()->text, (unsigned)(expected));                                    \
    } while (0)

#define INVALID HR_WIN32(ERROR_INVALID_DATA)
#define TOO_LARGE HR_WIN32(ERROR_FILE_TOO_LARGE)
#define WHEN 133367412300000000u /* 2023-08-17 10:20:30 */

/* makers.py made them: update.mum and a/B.dll packed (in one folder of the cabinet), c.txt (in
 * another one, stored). */
static const char cab_hex[] =
    "4d53434600000000b00000000000000034000000000000000301020003000000070000007d00000001000100"
    "a2000000010000002100000000000000000011578f5220007570646174652e6d756d00140000002100000000"
    "0011578f522000612f422e646c6c000600000000000000010011578f522000632e747874003dade52b1d0035"
    "00434bb3492c2e4ecd4dcaa9d4b7b3c1ca3430343236313533b7b044b000111169720600060073746f726564";
static const char zip_hex[] =
    "504b03041400000008008f5211573839781410000000210000000a0000007570646174652e6d756db3492c2e"
    "4ecd4dcaa9d4b7b3c1ca0400504b03041400000008008f521157d5ba89fc0e0000001400000007000000612f"
    "422e646c6c3330343236313533b7b03480b300504b03041400000008008f5211570bf9435608000000060000"
    "0005000000632e7478742b2ec92f4a4d0100504b010214031400000008008f52115738397814100000002100"
    "00000a00000000000000000000000000000000007570646174652e6d756d504b010214031400000008008f52"
    "1157d5ba89fc0e00000014000000070000000000000000000000000038000000612f422e646c6c504b010214"
    "031400000008008f5211570bf94356080000000600000005000000000000000000000000006b000000632e74"
    "7874504b05060000000003000300a0000000960000000000";

static const struct member {
    const char *name, *content;
} members[] = {{"update.mum", "<assembly/><assembly/><assembly/>"},
               {"a/B.dll", "01234567890123456789"},
               {"c.txt", "stored"}};
#define MEMBERS (sizeof members / sizeof *members)

struct sample {
    uint8_t bytes[400];
    size_t size;
    enum archive_kind kind;
} samples[2];

static char *folder;

static struct sample sample_of(const char *hex, enum archive_kind kind)
{
    struct sample s = {.kind = kind};
    for (unsigned byte; sscanf(hex + 2 * s.size, "%2x", &byte) == 1; s.size++)
        s.bytes[s.size] = (uint8_t)byte;
    return s;
}

static void write_file(const char *name, const void *bytes, size_t size, char **path)
{
    *path = mem_format("%s/%s", folder, name);
    assert_non_null(*path);
    assert_hr(S_OK, os_write_file_atomic(*path, bytes, size));
}

/* ---- reading ---- */

static void expect_member(struct archive *archive, const struct member *member)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size, index = archive_find(archive, member->name);
    assert_true(index < archive_count(archive));
    const struct archive_entry *e = archive_entry(archive, index);
    assert_string_equal(e->name, member->name);
    assert_int_equal(e->size, strlen(member->content));
    assert_true(e->time == (archive_kind(archive) == ARCHIVE_FOLDER ? 0 : WHEN));
    assert_hr(S_OK, archive_read(archive, index, (size_t)e->size, &bytes, &size));
    assert_int_equal(size, e->size);
    assert_string_equal((char *)bytes, member->content);
}

static void expect_members(struct archive *archive, enum archive_kind kind)
{
    assert_int_equal(archive_kind(archive), kind);
    assert_int_equal(archive_count(archive), MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        expect_member(archive, &members[i]);
    for (size_t i = MEMBERS; i-- > 0;) /* libmspack begins a folder anew */
        expect_member(archive, &members[i]);
}

static void archives_are_read_from_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO_ARCHIVE struct archive *archive = NULL;
        struct sample copy = samples[i];
        assert_hr(S_OK, archive_open_bytes(copy.bytes, copy.size, "it", 0, &archive));
        memset(copy.bytes, 0, copy.size);
        expect_members(archive, copy.kind);
    }
}

static void archives_are_read_from_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO_ARCHIVE struct archive *archive = NULL;
        AUTO_FREE char *path = NULL;
        write_file("Gr\xC3\xB6\xC3\x9F"
                   "e.msu",
                   samples[i].bytes, samples[i].size, &path);
        assert_hr(S_OK, archive_open(path, 0, &archive));
        expect_members(archive, samples[i].kind);
    }
}

static void make_folder(const char *name, char **path)
{
    *path = mem_format("%s/%s", folder, name);
    AUTO_FREE char *inner = mem_format("%s/a", *path);
    assert_hr(S_OK, os_make_directories(inner));
    for (size_t i = 0; i < MEMBERS; i++) {
        AUTO_FREE char *file = NULL, *below = mem_format("%s/%s", name, members[i].name);
        write_file(below, members[i].content, strlen(members[i].content), &file);
    }
}

static void a_folder_is_an_archive(void **state)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    AUTO_FREE char *path = NULL, *file = NULL;
    uint8_t *bytes;
    size_t size;
    (void)state;
    make_folder("files", &path);
    assert_hr(S_OK, archive_open(path, 0, &archive));
    expect_members(archive, ARCHIVE_FOLDER);
    write_file("files/c.txt", "cut", 3, &file);
    assert_hr(INVALID, archive_read(archive, archive_find(archive, "c.txt"), 99, &bytes, &size));
}

static void names_are_found_in_any_letter_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO_ARCHIVE struct archive *archive = NULL;
        assert_hr(S_OK, archive_open_bytes(samples[i].bytes, samples[i].size, "it", 0, &archive));
        size_t index = archive_find(archive, "A/b.DLL");
        assert_true(index < MEMBERS);
        assert_string_equal(archive_entry(archive, index)->name, "a/B.dll");
        assert_true(archive_find(archive, "B.dll") == SIZE_MAX);
        assert_true(archive_find(archive, "") == SIZE_MAX);
    }
}

/* ---- limits ---- */

static void more_than_allowed_is_not_read(void **state)
{
    AUTO_FREE char *path = NULL;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO_ARCHIVE struct archive *archive = NULL;
        const struct sample *s = &samples[i];
        uint8_t *bytes = NULL;
        size_t size;
        assert_hr(TOO_LARGE, archive_open_bytes(s->bytes, s->size, "it", 58, &archive));
        assert_hr(S_OK, archive_open_bytes(s->bytes, s->size, "it", 59, &archive));
        size_t index = archive_find(archive, "c.txt");
        assert_hr(TOO_LARGE, archive_read(archive, index, 5, &bytes, &size));
        assert_null(bytes);
    }
    make_folder("much", &path);
    AUTO_ARCHIVE struct archive *archive = NULL;
    assert_hr(TOO_LARGE, archive_open(path, 58, &archive));
    assert_hr(S_OK, archive_open(path, 59, &archive));
}

static void what_is_no_archive_is_refused(void **state)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    AUTO_FREE char *path = mem_format("%s/nothing", folder);
    (void)state;
    assert_hr(HR_WIN32(ERROR_FILE_NOT_FOUND), archive_open(path, 0, &archive));
    assert_hr(INVALID, archive_open_bytes("", 0, "it", 0, &archive));
    assert_hr(INVALID, archive_open_bytes("[Version]", 9, "it", 0, &archive));
    assert_hr(HR_WIN32(ERROR_NOT_SUPPORTED),
              archive_open_bytes("MSWIM\0\0\0", 8, "it", 0, &archive));
}

static HRESULT read_all(const void *bytes, size_t size)
{
    AUTO_ARCHIVE struct archive *archive = NULL;
    TRY(archive_open_bytes(bytes, size, "it", 0, &archive));
    for (size_t i = 0; i < archive_count(archive); i++) {
        AUTO_FREE uint8_t *content = NULL;
        size_t length;
        TRY(archive_read(archive, i, 1000, &content, &length));
    }
    return S_OK;
}

/* The last two bytes of this ZIP file are zero, and minizip takes what is missing for zero. */
static void what_is_cut_off_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct sample *s = &samples[i];
        for (size_t size = 0; size < s->size - 6; size++) {
            AUTO_FREE char *part = mem_dup_n((const char *)s->bytes, size);
            assert_hr(INVALID, read_all(part, size));
        }
        assert_hr(S_OK, read_all(s->bytes, s->size));
    }
}

/* ---- no memory ---- */

static void every_allocation_of_ours_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        HRESULT hr = E_OUTOFMEMORY;
        unsigned failed = 0;
        for (; hr == E_OUTOFMEMORY; failed++) {
            struct floor floor = {.alloc_at = failed + 1};
            (void)floor_use(&floor);
            hr = read_all(samples[i].bytes, samples[i].size);
            (void)floor_use(NULL);
        }
        assert_hr(S_OK, hr);
        assert_true(failed > 10);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archives_are_read_from_memory),
        cmocka_unit_test(archives_are_read_from_files),
        cmocka_unit_test(a_folder_is_an_archive),
        cmocka_unit_test(names_are_found_in_any_letter_case),
        cmocka_unit_test(more_than_allowed_is_not_read),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(every_allocation_of_ours_may_fail),
    };
    os_begin(&argc, &argv);
    samples[0] = sample_of(cab_hex, ARCHIVE_CAB);
    samples[1] = sample_of(zip_hex, ARCHIVE_ZIP);
    if (FAILED(support_make_folder("dismfake-archive", &folder)))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)os_remove_tree(folder, true);
    mem_free(folder);
    return failed;
}
