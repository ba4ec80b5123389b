/* SPDX-License-Identifier: MIT */
/*
 * test_disk.c - units of fake/disk that need no container of somebody else: checksums, the side
 * file, what a disk answers to wrong use. Whole containers are the business of tests/disk.
 */
#include "os_support.h"

#include "bytes.h"
#include "disk.h"
#include "floor.h"
#include "side.h"

#define assert_hr(expected, expression)                                                            \
    do {                                                                                           \
        HRESULT hr_got = (expression);                                                             \
        if (hr_got != (HRESULT)(expected))                                                         \
            fail_msg("%s gave 0x%08X (%s)", #expression, (unsigned)hr_got, error_last()->text);    \
    } while (0)

static void checksums_are_those_of_their_standards(void **state)
{
    (void)state;
    assert_int_equal(crc32_of("123456789", 9), 0xCBF43926);
    assert_int_equal(crc32c_of("123456789", 9), 0xE3069283);
    assert_int_equal(crc32_of("", 0), 0);
}

static void numbers_are_read_as_they_are_written(void **state)
{
    (void)state;
    uint8_t bytes[9] = {0};
    set_le(bytes + 1, 8, 0x0123456789ABCDEF);
    assert_int_equal(bytes[1], 0xEF);
    assert_true(LE64(bytes + 1) == 0x0123456789ABCDEF && BE64(bytes + 1) == 0xEFCDAB8967452301);
    set_be(bytes + 1, 4, 0x01020304);
    assert_int_equal(BE32(bytes + 1), 0x01020304);
    assert_int_equal(BE16(bytes + 2), 0x0203);
    assert_int_equal(LE16(bytes + 2), 0x0302);
}

/* A fixed VHD of so many bytes, all zero. */
static char *make_disk(uint64_t size)
{
    uint8_t footer[512] = "conectix";
    uint32_t sum = 0;
    set_be(footer + 12, 4, 0x10000);
    set_be(footer + 16, 8, UINT64_MAX);
    set_be(footer + 48, 8, size);
    set_be(footer + 60, 4, 2);
    for (size_t i = 0; i < sizeof footer; i++)
        sum += footer[i];
    set_be(footer + 64, 4, ~sum);
    char *path = in_folder("disk.vhd");
    AUTO_FILE struct os_file *file = NULL;
    assert_hr(S_OK, os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    assert_hr(S_OK, os_write_at(file, footer, sizeof footer, size));
    return path;
}

static void a_disk_is_read_and_written_within_its_size(void **state)
{
    (void)state;
    AUTO_FREE char *path = make_disk(65536 + 512), *side = in_folder("side");
    AUTO_DISK struct disk *disk = NULL;
    uint8_t bytes[1024] = {1};
    assert_hr(S_OK, disk_open(path, DISK_CHANGE, NULL, &disk));
    assert_hr(E_ACCESSDENIED, disk_write(disk, bytes, 1, 0)); /* there is no side file */
    assert_hr(E_ACCESSDENIED, disk_flush(disk));
    assert_hr(S_OK, disk_use_side_file(disk, side));
    assert_hr(S_OK, disk_read(disk, bytes, 512, 65536));
    assert_hr(S_OK, disk_read(disk, bytes, 0, 65536 + 512));
    assert_hr(E_INVALIDARG, disk_read(disk, bytes, 513, 65536));
    assert_hr(E_INVALIDARG, disk_read(disk, bytes, 1, UINT64_MAX));
    assert_hr(E_INVALIDARG, disk_write(disk, bytes, 1, 65536 + 512));
    assert_false(disk_is_changed(disk));
    assert_hr(S_OK, disk_write(disk, "x", 1, 65536 + 511));
    assert_true(disk_is_changed(disk));
    assert_int_equal(disk_changed_bytes(disk), SIDE_PAGE);
    assert_hr(S_OK, disk_read(disk, bytes, 2, 65536 + 510));
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[1], 'x');
    assert_hr(S_OK, disk_forget_changes(disk));
    assert_false(os_exists(side));
}

static void a_disk_for_reading_takes_no_changes(void **state)
{
    (void)state;
    AUTO_FREE char *path = make_disk(4096), *side = in_folder("side");
    AUTO_DISK struct disk *disk = NULL;
    assert_hr(S_OK, disk_open(path, DISK_READ, NULL, &disk));
    assert_hr(E_ACCESSDENIED, disk_use_side_file(disk, side));
    assert_false(os_exists(side));
}

static void a_disk_is_changed_by_one_at_a_time(void **state)
{
    (void)state;
    AUTO_FREE char *path = make_disk(4096);
    AUTO_DISK struct disk *first = NULL, *second = NULL;
    assert_hr(S_OK, disk_open(path, DISK_CHANGE, NULL, &first));
    assert_hr(HR_WIN32(ERROR_SHARING_VIOLATION), disk_open(path, DISK_CHANGE, NULL, &second));
    disk_close(TAKE(first));
    assert_hr(S_OK, disk_open(path, DISK_CHANGE, NULL, &second));
}

static void unflushed_changes_do_not_come_back(void **state)
{
    (void)state;
    AUTO_FREE char *path = make_disk(1 << 20), *side = in_folder("side");
    char byte = 0;
    for (unsigned round = 0; round < 2; round++) {
        AUTO_DISK struct disk *disk = NULL;
        assert_hr(S_OK, disk_open(path, DISK_CHANGE, NULL, &disk));
        assert_hr(S_OK, disk_use_side_file(disk, side));
        assert_hr(S_OK, disk_read(disk, &byte, 1, 5000));
        assert_int_equal(byte, round ? 'a' : 0);
        assert_hr(S_OK, disk_read(disk, &byte, 1, 900000));
        assert_int_equal(byte, 0);
        assert_hr(S_OK, disk_write(disk, "a", 1, 5000));
        assert_hr(S_OK, disk_flush(disk));
        assert_hr(S_OK, disk_write(disk, "b", 1, 900000));
    }
}

/* After a failure in a write, what was there before is there still. */
static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    AUTO_FREE char *path = make_disk(1 << 20), *side = in_folder("side");
    AUTO_DISK struct disk *disk = NULL;
    static char many[200000];
    char byte = 0;
    assert_hr(S_OK, disk_open(path, DISK_CHANGE, NULL, &disk));
    assert_hr(S_OK, disk_use_side_file(disk, side));
    assert_hr(S_OK, disk_write(disk, "a", 1, 5000));
    assert_hr(S_OK, disk_flush(disk));
    memset(many, 'b', sizeof many);
    for (uint64_t room = 0; room < sizeof many; room += 7000) {
        struct floor full = {.has_disk_end = true, .disk_end = room};
        (void)floor_use(&full);
        HRESULT hr = disk_write(disk, many, sizeof many, 100000);
        if (SUCCEEDED(hr))
            hr = disk_flush(disk);
        (void)floor_use(NULL);
        if (SUCCEEDED(hr))
            break;
        assert_hr(HR_WIN32(ERROR_DISK_FULL), hr);
        assert_hr(S_OK, disk_read(disk, &byte, 1, 5000));
        assert_int_equal(byte, 'a');
    }
    assert_hr(S_OK, disk_write(disk, many, sizeof many, 100000));
    assert_hr(S_OK, disk_flush(disk));
    assert_hr(S_OK, disk_read(disk, &byte, 1, 100000 + sizeof many - 1));
    assert_int_equal(byte, 'b');
}

#define in_own_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_those_of_their_standards),
        cmocka_unit_test(numbers_are_read_as_they_are_written),
        in_own_folder(a_disk_is_read_and_written_within_its_size),
        in_own_folder(a_disk_for_reading_takes_no_changes),
        in_own_folder(a_disk_is_changed_by_one_at_a_time),
        in_own_folder(unflushed_changes_do_not_come_back),
        in_own_folder(a_full_disk_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
