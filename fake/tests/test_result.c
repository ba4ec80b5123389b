/* SPDX-License-Identifier: MIT */
/* test_result.c - memory for callers: strings and arrays in one block, deletes told apart. */
#include "unit_support.h"

#include "result.h"

struct child {
    PCWSTR label;
    UINT value;
};

struct parent {
    PCWSTR name;
    struct child *children;
    UINT count;
};

static void *block_of(size_t size)
{
    struct result r AUTO(result_clear) = {0};
    void *out = NULL;
    assert_hr(S_OK, result_begin(&r, API_DismGetFeatures, 1, size));
    assert_hr(S_OK, result_finish(&r, &out));
    assert_non_null(out);
    return out;
}

static void assert_text(const char *expected, PCWSTR actual)
{
    AUTO_FREE char *text = NULL;
    assert_non_null(actual);
    assert_hr(S_OK, text_from_utf16(actual, &text));
    assert_string_equal(expected, text);
}

static void strings_and_nested_arrays_point_into_the_block(void **state)
{
    (void)state;
    enum { PARENTS = 50, CHILDREN = 7 };
    struct result r AUTO(result_clear) = {0};
    assert_hr(S_OK, result_begin(&r, API_DismGetImageInfo, PARENTS, sizeof(struct parent)));
    for (unsigned i = 0; i < PARENTS; i++) {
        size_t at = i * sizeof(struct parent), children;
        AUTO_FREE char *name = mem_format("parent %u \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", i);
        assert_hr(S_OK, result_string(&r, at + offsetof(struct parent, name), name));
        assert_hr(S_OK, result_array(&r, at + offsetof(struct parent, children),
                                     CHILDREN * sizeof(struct child), &children));
        ((struct parent *)result_at(&r, at))->count = CHILDREN;
        for (unsigned k = 0; k < CHILDREN; k++) {
            AUTO_FREE char *label = mem_format("child %u of %u", k, i);
            size_t child = children + k * sizeof(struct child);
            ((struct child *)result_at(&r, child))->value = i * 100 + k;
            assert_hr(S_OK, result_string(&r, child + offsetof(struct child, label), label));
        }
    }
    void *out;
    assert_hr(S_OK, result_finish(&r, &out));
    const struct parent *parents = out;
    for (unsigned i = 0; i < PARENTS; i++) {
        AUTO_FREE char *name = mem_format("parent %u \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", i);
        assert_text(name, parents[i].name);
        assert_int_equal(CHILDREN, parents[i].count);
        assert_int_equal(0, (uintptr_t)parents[i].children % 8);
        for (unsigned k = 0; k < CHILDREN; k++) {
            AUTO_FREE char *label = mem_format("child %u of %u", k, i);
            assert_text(label, parents[i].children[k].label);
            assert_int_equal(i * 100 + k, parents[i].children[k].value);
        }
    }
    assert_int_equal(RESULT_DELETED, result_delete(out));
}

static void what_was_not_filled_in_is_zero_and_null_stays_null(void **state)
{
    (void)state;
    struct result r AUTO(result_clear) = {0};
    void *out;
    assert_hr(S_OK, result_begin(&r, API_DismGetImageInfo, 2, sizeof(struct parent)));
    assert_hr(S_OK, result_string(&r, offsetof(struct parent, name), NULL));
    assert_hr(S_OK, result_finish(&r, &out));
    static const struct parent zero[2];
    assert_memory_equal(zero, out, sizeof zero);
    assert_int_equal(RESULT_DELETED, result_delete(out));
}

static void an_empty_text_is_not_null(void **state)
{
    (void)state;
    struct result r AUTO(result_clear) = {0};
    void *out;
    assert_hr(S_OK, result_begin(&r, API_DismGetImageInfo, 1, sizeof(struct parent)));
    assert_hr(S_OK, result_string(&r, offsetof(struct parent, name), ""));
    assert_hr(S_OK, result_finish(&r, &out));
    assert_text("", ((struct parent *)out)->name);
    assert_int_equal(RESULT_DELETED, result_delete(out));
}

static void text_that_is_not_utf8_fails_and_hands_nothing_over(void **state)
{
    (void)state;
    size_t before = result_live_count();
    struct result r AUTO(result_clear) = {0};
    assert_hr(S_OK, result_begin(&r, API_DismGetImageInfo, 1, sizeof(struct parent)));
    assert_hr(HR_WIN32(ERROR_NO_UNICODE_TRANSLATION),
              result_string(&r, offsetof(struct parent, name), "\xFF\xFE"));
    assert_int_equal(before, result_live_count());
}

static void a_block_of_no_structures_can_be_deleted(void **state)
{
    (void)state;
    struct result r AUTO(result_clear) = {0};
    void *out;
    assert_hr(S_OK, result_begin(&r, API_DismGetImageInfo, 0, sizeof(struct parent)));
    assert_hr(S_OK, result_finish(&r, &out));
    assert_non_null(out);
    assert_int_equal(RESULT_DELETED, result_delete(out));
}

static void a_second_delete_is_told_from_a_foreign_one(void **state)
{
    (void)state;
    int local;
    char *block = block_of(64);
    assert_int_equal(RESULT_FOREIGN, result_delete(&local));
    assert_int_equal(RESULT_FOREIGN, result_delete(block + 8));
    assert_int_equal(RESULT_DELETED, result_delete(block));
    assert_int_equal(RESULT_DELETED_BEFORE, result_delete(block));
    assert_int_equal(RESULT_DELETED_BEFORE, result_delete(block));
}

static void an_address_that_is_handed_out_again_counts_as_live(void **state)
{
    (void)state;
    const void *first = block_of(64);
    assert_int_equal(RESULT_DELETED, result_delete(first));
    const void *kept[64];
    size_t n = 0;
    do
        kept[n] = block_of(64);
    while (kept[n++] != first && n < 64);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(RESULT_DELETED, result_delete(kept[i]));
}

static void the_newest_thousand_deletes_are_remembered(void **state)
{
    (void)state;
    enum { MANY = 1025 };
    static const void *blocks[MANY];
    for (size_t i = 0; i < MANY; i++)
        blocks[i] = block_of(16);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(RESULT_DELETED, result_delete(blocks[i]));
    assert_int_equal(RESULT_DELETED_BEFORE, result_delete(blocks[1]));
    assert_int_equal(RESULT_DELETED_BEFORE, result_delete(blocks[MANY - 1]));
    assert_int_equal(RESULT_FOREIGN, result_delete(blocks[0]));
}

struct listing {
    const void *wanted;
    size_t found, others;
};

static void list_one(void *context, const void *pointer, enum api api, size_t size)
{
    struct listing *listing = context;
    bool is_it = pointer == listing->wanted && api == API_DismGetFeatures && size == 40;
    listing->found += is_it;
    listing->others += !is_it;
}

static void leaks_are_listed_with_their_call_and_size(void **state)
{
    (void)state;
    assert_int_equal(0, result_live_count());
    const void *kept = block_of(40), *gone = block_of(24);
    assert_int_equal(2, result_live_count());
    assert_int_equal(RESULT_DELETED, result_delete(gone));
    struct listing listing = {.wanted = kept};
    result_each_live(list_one, &listing);
    assert_int_equal(1, listing.found);
    assert_int_equal(0, listing.others);
    assert_int_equal(RESULT_DELETED, result_delete(kept));
    result_each_live(list_one, &listing);
    assert_int_equal(1, listing.found);
    assert_int_equal(0, result_live_count());
}

static void hand_out_and_delete(void *argument)
{
    size_t *failures = argument;
    for (int i = 0; i < 2000; i++) {
        void *block = block_of(32);
        memset(block, i, 32);
        *failures += result_delete(block) != RESULT_DELETED;
    }
}

static void threads_do_not_get_in_each_others_way(void **state)
{
    (void)state;
    struct os_thread *threads[4];
    size_t failures[4] = {0};
    for (size_t i = 0; i < 4; i++)
        assert_hr(S_OK, os_thread_start(hand_out_and_delete, &failures[i], &threads[i]));
    for (size_t i = 0; i < 4; i++) {
        os_thread_join(threads[i]);
        assert_int_equal(0, failures[i]);
    }
    assert_int_equal(0, result_live_count());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_and_nested_arrays_point_into_the_block),
        cmocka_unit_test(what_was_not_filled_in_is_zero_and_null_stays_null),
        cmocka_unit_test(an_empty_text_is_not_null),
        cmocka_unit_test(text_that_is_not_utf8_fails_and_hands_nothing_over),
        cmocka_unit_test(a_block_of_no_structures_can_be_deleted),
        cmocka_unit_test(a_second_delete_is_told_from_a_foreign_one),
        cmocka_unit_test(an_address_that_is_handed_out_again_counts_as_live),
        cmocka_unit_test(the_newest_thousand_deletes_are_remembered),
        cmocka_unit_test(leaks_are_listed_with_their_call_and_size),
        cmocka_unit_test(threads_do_not_get_in_each_others_way),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
