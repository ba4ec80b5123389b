/* SPDX-License-Identifier: MIT */
/* test_hash.c - the digests against the examples of FIPS 180, and against sha256sum on a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hash.h"
#include "hash_sha1.h"
#include "os.h"
#include "path.h"
#include "text.h"

static void sha256_of_the_standard_examples_is_right(void **state)
{
    (void)state;
    char hex[SHA256_TEXT];
    hash_sha256_text("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256_text("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    hash_sha256_text(two_blocks, strlen(two_blocks), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void sha1_of_the_standard_example_is_right(void **state)
{
    (void)state;
    static const uint8_t expected[SHA1_SIZE] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
                                                0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
                                                0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    uint8_t digest[SHA1_SIZE];
    hash_sha1("abc", 3, digest);
    assert_memory_equal(digest, expected, SHA1_SIZE);
}

static void sha1_of_a_million_letters_is_right_in_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 1000000, BLOCKS = SIZE / 64 };
    static const uint8_t expected[SHA1_SIZE] = {0x34, 0xaa, 0x97, 0x3c, 0xd4, 0xc4, 0xda,
                                                0xa4, 0xf6, 0x1e, 0xeb, 0x2b, 0xdb, 0xad,
                                                0x27, 0x31, 0x65, 0x34, 0x01, 0x6f};
    uint8_t digest[SHA1_SIZE];
    AUTO_FREE uint8_t *letters = mem_alloc(SIZE);
    assert_non_null(letters);
    memset(letters, 'a', SIZE);
    hash_sha1(letters, SIZE, digest);
    assert_memory_equal(digest, expected, SHA1_SIZE);

    for (size_t i = 0; i < SIZE; i++)
        letters[i] = (uint8_t)(i * 2654435761u >> 13);
    uint32_t one[5] = {1, 2, 3, 4, 5}, other[5] = {1, 2, 3, 4, 5};
    hash_sha1_blocks(one, letters, BLOCKS);
    hash_sha1_blocks_plain(other, letters, BLOCKS);
    assert_memory_equal(one, other, sizeof one);
}

static void a_file_of_every_length_around_a_block_agrees_with_sha256sum(void **state)
{
    (void)state;
    AUTO_FREE char *folder = NULL;
    assert_int_equal(os_temp_directory(&folder), S_OK);
    if (os_has_drives())
        skip(); /* Windows has no sha256sum */
    AUTO_FREE char *path = mem_format("%s/dismfake-hash-%u", folder, os_pid());
    char content[200];
    memset(content, 'q', sizeof content);
    for (size_t size = 54; size < 132; size++) {
        char hex[SHA256_TEXT];
        AUTO_FREE char *line = NULL;
        struct os_child *child = NULL;
        const char *argv[] = {"/usr/bin/sha256sum", path, NULL};
        struct os_child_options options = {.argv = argv, .pipe_stdout = true};
        assert_int_equal(os_write_file_atomic(path, content, size), S_OK);
        assert_int_equal(hash_sha256_file(path, hex), S_OK);
        assert_int_equal(os_child_start(&options, &child), S_OK);
        assert_int_equal(os_child_read_line(child, os_now_ms() + 60000, &line), S_OK);
        os_child_free(child);
        assert_true(text_starts(line, hex));
    }
    assert_int_equal(os_remove_file(path), S_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_standard_examples_is_right),
        cmocka_unit_test(sha1_of_the_standard_example_is_right),
        cmocka_unit_test(sha1_of_a_million_letters_is_right_in_both_ways),
        cmocka_unit_test(a_file_of_every_length_around_a_block_agrees_with_sha256sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
