/* SPDX-License-Identifier: MIT */
/* test_error.c - the last error, errno as HRESULT, allocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "error.h"
#include "mem.h"
#include "os.h"
#include "scope.h"
#include "vec.h"

static void a_failure_carries_its_code_and_sentence(void **state)
{
    (void)state;
    assert_int_equal(FAIL(E_INVALIDARG, "index %d is too large", 7), E_INVALIDARG);
    assert_int_equal(error_last()->hr, E_INVALIDARG);
    assert_string_equal(error_last()->text, "index 7 is too large");
    error_clear();
    assert_int_equal(error_last()->hr, S_OK);
    assert_string_equal(error_last()->text, "");
}

static void a_failure_may_quote_the_last_one(void **state)
{
    (void)state;
    FAIL(E_FAIL, "inner");
    FAIL(E_FAIL, "outer: %s", error_last()->text);
    assert_string_equal(error_last()->text, "outer: inner");
}

static void a_long_sentence_is_cut_between_characters(void **state)
{
    (void)state;
    char text[1201];
    for (size_t shift = 0; shift < 2; shift++) {
        memset(text, 'x', sizeof text);
        for (size_t i = shift; i + 1 < sizeof text - 1; i += 2)
            memcpy(text + i, "\xC3\xA9", 2);
        text[sizeof text - 1] = '\0';
        FAIL(E_FAIL, "%s", text);
        size_t len = strlen(error_last()->text);
        assert_int_equal(len, shift == 0 ? 1022 : 1023);
        assert_memory_equal(error_last()->text, text, len);
    }
}

static void clear_and_set(void *argument)
{
    assert_int_equal(error_last()->hr, S_OK);
    FAIL(E_NOTIMPL, "of the other thread");
    *(struct error *)argument = *error_last();
}

static void each_thread_has_its_own_error(void **state)
{
    (void)state;
    FAIL(E_FAIL, "of this thread");
    struct error theirs = {0};
    struct os_thread *thread = NULL;
    assert_int_equal(os_thread_start(clear_and_set, &theirs, &thread), S_OK);
    os_thread_join(thread);
    assert_string_equal(error_last()->text, "of this thread");
    assert_string_equal(theirs.text, "of the other thread");
    error_restore(&theirs);
    assert_int_equal(error_last()->hr, E_NOTIMPL);
    assert_string_equal(error_last()->text, "of the other thread");
}

static void errno_becomes_the_code_windows_has_for_it(void **state)
{
    (void)state;
    static const struct {
        int err;
        uint32_t hr;
    } rows[] = {
        {ENOENT, 0x80070002},    {ENOTDIR, 0x80070003},      {EMFILE, 0x80070004},
        {EACCES, 0x80070005},    {EPERM, 0x80070005},        {EISDIR, 0x80070005},
        {ENOMEM, 0x8007000E},    {EXDEV, 0x80070011},        {EROFS, 0x80070013},
        {EINVAL, 0x80070057},    {ENOSPC, 0x80070070},
#ifdef EDQUOT
        {EDQUOT, 0x80070070},
#endif
        {ENOTEMPTY, 0x80070091}, {EBUSY, 0x800700AA},        {ETXTBSY, 0x800700AA},
        {EEXIST, 0x800700B7},    {ENAMETOOLONG, 0x800700CE}, {EIO, 0x8007045D},
        {ELOOP, 0x80070781},     {ENOTTY, 0x8007001F},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal((uint32_t)hr_from_errno(rows[i].err), rows[i].hr);
    assert_int_equal(hr_from_errno(ENOMEM), E_OUTOFMEMORY);
    assert_int_equal(hr_from_errno(EINVAL), E_INVALIDARG);
    assert_int_equal((uint32_t)error_errno(ENOSPC, "write", "/x/y"), 0x80070070);
    assert_string_equal(error_last()->text, "cannot write /x/y: No space left on device");
    error_errno(EMFILE, "start", NULL);
    assert_string_equal(error_last()->text, "cannot start: Too many open files");
}

static HRESULT try_twice(HRESULT first, int *reached)
{
    TRY(first);
    ++*reached;
    return S_OK;
}

static void try_returns_failures_and_passes_successes(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(try_twice(E_FAIL, &reached), E_FAIL);
    assert_int_equal(reached, 0);
    assert_int_equal(try_twice(S_FALSE, &reached), S_OK);
    assert_int_equal(reached, 1);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(mem_array(SIZE_MAX / 2, 3));
    assert_null(mem_grow(NULL, 0, SIZE_MAX / 4, 8));
    assert_null(mem_dup_n("", SIZE_MAX));
}

static void memory_is_zero_also_where_it_grew(void **state)
{
    (void)state;
    AUTO_FREE unsigned char *block = mem_array(3, 5);
    assert_non_null(block);
    for (size_t i = 0; i < 15; i++)
        assert_int_equal(block[i], 0);
    memset(block, 0xFF, 15);
    unsigned char *grown = mem_grow(block, 3, 400, 5);
    assert_non_null(grown);
    block = grown;
    for (size_t i = 0; i < 2000; i++)
        assert_int_equal(block[i], i < 15 ? 0xFF : 0);
    AUTO_FREE void *empty = mem_alloc(0);
    assert_non_null(empty);
    assert_null(mem_dup(NULL));
}

static void a_vector_grows_and_shrinks(void **state)
{
    (void)state;
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) {
        int *slot = vec_push(&v);
        assert_non_null(slot);
        assert_int_equal(*slot, 0);
        *slot = i;
    }
    vec_remove(&v, 0);
    vec_remove(&v, 500);
    assert_int_equal(v.len, 998);
    assert_int_equal(v.ptr[0], 1);
    assert_int_equal(v.ptr[500], 502);
    assert_int_equal(v.ptr[997], 999);
    vec_clear(&v);
    assert_null(v.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_carries_its_code_and_sentence),
        cmocka_unit_test(a_failure_may_quote_the_last_one),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(each_thread_has_its_own_error),
        cmocka_unit_test(errno_becomes_the_code_windows_has_for_it),
        cmocka_unit_test(try_returns_failures_and_passes_successes),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(memory_is_zero_also_where_it_grew),
        cmocka_unit_test(a_vector_grows_and_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
