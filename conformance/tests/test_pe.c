/* SPDX-License-Identifier: MIT */
/*
 * test_pe.c - the reader of Windows libraries meets every cut and every flipped byte of one and
 * never does more than refuse it. The library is the first argument; what is in it is compared with
 * binutils' reader by pe_agreement.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pe.h"

static const char *library;
static char *bytes;
static size_t size;

static int read_library(void **state)
{
    (void)state;
    return FAILED(os_read_file(library, &bytes, &size)) ? -1 : 0;
}

static int drop_library(void **state)
{
    (void)state;
    mem_free(bytes);
    return 0;
}

/* The bytes on the heap in exactly their size, so that a sanitizer sees the first one beyond. */
static HRESULT describe(size_t len, size_t flipped)
{
    struct json *about = NULL;
    char *copy = need(mem_alloc(len ? len : 1));
    memcpy(copy, bytes, len);
    if (flipped < len)
        copy[flipped] = (char)~copy[flipped];
    HRESULT hr = pe_describe(copy, len, &about);
    json_free(about);
    mem_free(copy);
    return hr;
}

static void a_whole_library_is_read(void **state)
{
    (void)state;
    assert_int_equal(describe(size, SIZE_MAX), S_OK);
}

static void a_library_cut_anywhere_is_read_or_refused(void **state)
{
    (void)state;
    size_t step = size > 40000 ? size / 20000 : 1, refused = 0;
    for (size_t len = 0; len < size; len += step) {
        HRESULT hr = describe(len, SIZE_MAX);
        assert_true(hr == S_OK || hr == S_FALSE || hr == E_INVALIDARG);
        refused += hr != S_OK;
    }
    assert_true(refused > 0);
    assert_int_equal(describe(0, SIZE_MAX), S_FALSE);
    assert_int_not_equal(describe(300, SIZE_MAX), S_OK);
}

static void a_flipped_byte_anywhere_is_read_or_refused(void **state)
{
    (void)state;
    size_t step = size > 40000 ? size / 20000 : 1, refused = 0;
    for (size_t at = 0; at < size; at += at < 1024 ? 1 : step) {
        HRESULT hr = describe(size, at);
        assert_true(hr == S_OK || hr == S_FALSE || hr == E_INVALIDARG);
        refused += hr != S_OK;
    }
    assert_true(refused > 0);
    assert_int_equal(describe(size, 0), S_FALSE);
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    if (argc != 2)
        return 64;
    library = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_library_is_read),
        cmocka_unit_test(a_library_cut_anywhere_is_read_or_refused),
        cmocka_unit_test(a_flipped_byte_anywhere_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, read_library, drop_library);
}
