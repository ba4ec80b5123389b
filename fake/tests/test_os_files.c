/* SPDX-License-Identifier: MIT */
/* test_os_files.c - files, locks, folders and links, against the real system. */
#include "os_support.h"

/* ---- files ---- */

static void a_file_is_written_read_and_cut(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f");
    {
        AUTO_FILE struct os_file *file = NULL;
        assert_int_equal(os_open(path, OS_READ | OS_WRITE, &file), HR_WIN32(2));
        assert_null(file);
        assert_int_equal(os_open(path, OS_READ | OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &file), S_OK);
        assert_int_equal(os_write(file, "hello", 5), S_OK);
        assert_int_equal(os_write_at(file, "J", 1, 0), S_OK);
        assert_int_equal(os_write_at(file, "!", 1, 6), S_OK);
        assert_int_equal(os_sync(file), S_OK);
        char buffer[16];
        size_t got = 0;
        assert_int_equal(os_read_at(file, buffer, sizeof buffer, 0, &got), S_OK);
        assert_int_equal(got, 7);
        assert_memory_equal(buffer, "Jello\0!", 7);
        assert_true(SUCCEEDED(os_reserve(file, 3, 100000)));
        assert_int_equal(os_truncate(file, 4), S_OK);
        struct os_stat stat;
        assert_int_equal(os_stat_file(file, &stat), S_OK);
        assert_int_equal(stat.size, 4);
        assert_int_equal(stat.type, OS_TYPE_FILE);
    }
    assert_content("f", "Jell");
    struct os_file *again = NULL;
    assert_int_equal(os_open(path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &again), HR_WIN32(183));
    assert_int_equal(os_open(path, OS_WRITE | OS_APPEND, &again), S_OK);
    assert_int_equal(os_write(again, "y", 1), S_OK);
    os_close(again);
    assert_content("f", "Jelly");
    assert_int_equal(os_open(path, OS_WRITE | OS_TRUNCATE, &again), S_OK);
    os_close(again);
    assert_content("f", "");
}

/* What it is when the folder of something is not there. */
static HRESULT no_folder(void)
{
    return HR_WIN32(os_has_drives() ? 3 : 2);
}

static void an_atomic_write_replaces_and_leaves_nothing_beside(void **state)
{
    (void)state;
    put("a", "old");
    put("a", "new");
    assert_content("a", "new");
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    put(name, "long name");
    AUTO_FREE char *missing = in_folder("none/a");
    assert_int_equal(os_write_file_atomic(missing, "x", 1), no_folder());
    assert_int_equal(os_make_directory(missing), no_folder());
    AUTO_FREE char *blocked = in_folder("d");
    assert_int_equal(os_make_directory(blocked), S_OK);
    assert_true(FAILED(os_write_file_atomic(blocked, "x", 1)));
    struct os_names names AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &names), S_OK);
    assert_int_equal(names.len, 3);
    assert_string_equal(names.ptr[0], "a");
    assert_string_equal(names.ptr[1], "d");
    assert_string_equal(names.ptr[2], name);
}

static void a_copy_has_content_mode_and_time(void **state)
{
    (void)state;
    AUTO_FREE char *from = in_folder("from");
    AUTO_FREE char *to = in_folder("to");
    AUTO_FREE char *big = mem_alloc(700001);
    memset(big, 'x', 700000);
    put("from", big);
    put("to", "something else");
    uint32_t mode = os_has_drives() ? 0444 : 0640;
    assert_int_equal(os_set_mtime(from, -1500000000), S_OK);
    assert_int_equal(os_set_mode(from, mode), S_OK);
    assert_int_equal(os_copy_file(from, to), S_OK);
    assert_content("to", big);
    struct os_stat stat;
    assert_int_equal(os_stat(to, &stat), S_OK);
    assert_int_equal(stat.mode, mode);
    assert_true(stat.mtime_ns == -1500000000);
    assert_int_equal(os_copy_file(from, from), E_INVALIDARG);
    assert_content("from", big);
}

static void a_lock_holds_off_other_opens_of_the_same_process(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("lock");
    struct os_file *a = NULL, *b = NULL, *c = NULL;
    assert_int_equal(os_open(path, OS_WRITE | OS_CREATE, &a), S_OK);
    assert_int_equal(os_open(path, OS_WRITE, &b), S_OK);
    assert_int_equal(os_open(path, OS_WRITE, &c), S_OK);
    assert_int_equal(os_lock_file(a, OS_LOCK_TRY), S_OK);
    assert_int_equal(os_lock_file(b, OS_LOCK_TRY), S_FALSE);
    os_close(c); /* with F_SETLK this would drop the lock */
    assert_int_equal(os_lock_file(b, OS_LOCK_TRY), S_FALSE);
    os_close(a);
    assert_int_equal(os_lock_file(b, OS_LOCK_WAIT), S_OK);
    os_close(b);
}

static void a_file_with_no_write_bit_is_not_writable_even_for_root(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f");
    put("f", "");
    assert_true(os_is_writable(path));
    assert_int_equal(os_set_mode(path, 0444), S_OK);
    assert_false(os_is_writable(path));
    AUTO_FREE char *none = in_folder("none");
    assert_false(os_is_writable(none));
}

/* ---- folders and links ---- */

static void access_is_denied_and_given_back(void **state)
{
    (void)state;
    static const char *const names[] = {"file", "folder"};
    put("file", "kept");
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *path = in_folder(names[i]);
        struct os_denial *denial = NULL;
        struct os_file *file = NULL;
        struct os_stat before, after;
        if (i == 1)
            assert_int_equal(os_make_directory(path), S_OK);
        assert_int_equal(os_stat(path, &before), S_OK);
        assert_int_equal(os_deny_access(path, &denial), S_OK);
        if (!os_is_elevated())
            assert_true(FAILED(os_open(path, OS_READ, &file)));
        os_allow_access(denial);
        assert_int_equal(os_stat(path, &after), S_OK);
        assert_int_equal(after.mode, before.mode);
    }
    assert_content("file", "kept");
}

static void access_to_what_is_gone_is_given_back_in_peace(void **state)
{
    (void)state;
    AUTO_FREE char *gone = in_folder("gone");
    struct os_denial *denial = NULL;
    assert_true(FAILED(os_deny_access(gone, &denial)));
    assert_null(denial);
    put("gone", "");
    assert_int_equal(os_deny_access(gone, &denial), S_OK);
    assert_int_equal(os_remove_file(gone), S_OK);
    os_allow_access(denial);
}

static void links_are_seen_as_such(void **state)
{
    (void)state;
    AUTO_FREE char *target = in_folder("target");
    AUTO_FREE char *link = in_folder("link");
    AUTO_FREE char *hard = in_folder("hard");
    AUTO_FREE char *dangling = in_folder("dangling");
    put("target", "1234");
    if (!support_has_links(folder))
        skip();
    assert_int_equal(os_make_link("target", link), S_OK);
    assert_int_equal(os_make_link("nowhere", dangling), S_OK);
    assert_int_equal(os_make_hard_link(target, hard), S_OK);
    AUTO_FREE char *text = NULL;
    assert_int_equal(os_read_link(link, &text), S_OK);
    assert_string_equal(text, "target");
    AUTO_FREE char *real = NULL;
    assert_int_equal(os_real_path(link, &real), S_OK);
    assert_string_equal(real, target);
    struct os_stat a, b;
    assert_int_equal(os_lstat(link, &a), S_OK);
    assert_int_equal(a.type, OS_TYPE_LINK);
    assert_int_equal(os_stat(link, &a), S_OK);
    assert_int_equal(os_stat(hard, &b), S_OK);
    assert_true(a.inode == b.inode && a.device == b.device && a.links == 2 && a.size == 4);
    assert_true(os_exists(dangling) && !os_is_file(dangling) && os_is_file(link));
    assert_int_equal(os_stat(dangling, &a), HR_WIN32(2));
    AUTO_FREE char *below = in_folder("target/x");
    assert_int_equal(os_stat(below, &a), HR_WIN32(3));
    assert_false(os_exists(below));
    assert_int_equal(os_set_mtime(link, 1000000100), S_OK);
    assert_int_equal(os_lstat(link, &a), S_OK);
    assert_int_equal(os_stat(link, &b), S_OK);
    assert_true(a.mtime_ns == 1000000100 && b.mtime_ns != 1000000100);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    AUTO_FREE char *deep = in_folder("a/b/c/");
    AUTO_FREE char *top = in_folder("a");
    assert_int_equal(os_make_directories(deep), S_OK);
    assert_int_equal(os_make_directories(deep), S_OK);
    assert_true(os_is_directory(deep) && os_is_empty_directory(deep));
    assert_false(os_is_empty_directory(top));
    assert_int_equal(os_make_directory(top), HR_WIN32(183));
    assert_int_equal(os_remove_directory(top), HR_WIN32(145));
    put("file", "");
    AUTO_FREE char *blocked = in_folder("file/x");
    AUTO_FREE char *file = in_folder("file");
    assert_true(FAILED(os_make_directories(blocked)));
    assert_int_equal(os_make_directories(file), HR_WIN32(183));
    assert_false(os_is_empty_directory(file));
}

static void names_are_listed_in_ordinal_order(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "C", "a", ".hidden", "\xC3\xA9", "10", "9"};
    static const char *const sorted[] = {".hidden", "10", "9", "C", "a", "b", "\xC3\xA9"};
    for (size_t i = 0; i < 7; i++)
        put(names[i], "");
    struct os_names list AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &list), S_OK);
    assert_int_equal(list.len, 7);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(list.ptr[i], sorted[i]);
    struct os_names none AUTO_NAMES = {0};
    AUTO_FREE char *missing = in_folder("none");
    assert_int_equal(os_list(missing, &none), no_folder());
}

static void a_tree_is_removed_without_following_links(void **state)
{
    (void)state;
    AUTO_FREE char *tree = in_folder("tree");
    AUTO_FREE char *deep = in_folder("tree/a/b/c");
    AUTO_FREE char *outside = in_folder("outside");
    AUTO_FREE char *link = in_folder("tree/a/link");
    AUTO_FREE char *locked = in_folder(os_has_drives() ? "tree/a/b/f" : "tree/a/b");
    bool has_links = support_has_links(folder);
    assert_int_equal(os_make_directories(deep), S_OK);
    assert_int_equal(os_make_directory(outside), S_OK);
    put("outside/kept", "kept");
    put("tree/a/b/f", "x");
    if (has_links)
        assert_int_equal(os_make_link(outside, link), S_OK);
    assert_int_equal(os_set_mode(locked, 0), S_OK);
    assert_int_equal(os_remove_tree(tree, false), S_OK);
    assert_true(os_is_empty_directory(tree));
    assert_content("outside/kept", "kept");
    assert_int_equal(os_remove_tree(tree, true), S_OK);
    assert_false(os_exists(tree));
    assert_int_equal(os_remove_tree(tree, true), HR_WIN32(2));
    if (!has_links)
        return;
    AUTO_FREE char *top_link = in_folder("top-link");
    assert_int_equal(os_make_link(outside, top_link), S_OK);
    assert_true(FAILED(os_remove_tree(top_link, false)));
    assert_int_equal(os_remove_tree(top_link, true), S_OK);
    assert_content("outside/kept", "kept");
}

static void many_files_are_removed(void **state)
{
    (void)state;
    AUTO_FREE char *tree = in_folder("tree");
    AUTO_FREE char *first = in_folder("tree/first");
    int each = os_has_drives() ? 1000 : 10000; /* Wine takes its time */
    assert_int_equal(os_make_directory(tree), S_OK);
    for (int d = 0; d < 2; d++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/%d", tree, d);
        assert_int_equal(os_make_directory(path), S_OK);
        for (int i = 0; i < each; i++) {
            struct os_file *file = NULL;
            snprintf(path, sizeof path, "%s/%d/file-%d", tree, d, i);
            assert_int_equal(os_open(path, OS_WRITE | OS_CREATE, &file), S_OK);
            os_close(file);
        }
    }
    assert_int_equal(os_remove_tree(tree, true), S_OK);
    assert_false(os_exists(first));
    assert_false(os_exists(tree));
}

static void a_change_behind_the_file_clock_has_another_time(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("file");
    struct os_stat before, after;
    for (int i = 0; i < 20; i++) {
        put("file", "same");
        assert_int_equal(os_stat(path, &before), S_OK);
        os_await_file_clock(before.ctime_ns);
        assert_int_equal(os_set_mode(path, before.mode), S_OK);
        assert_int_equal(os_stat(path, &after), S_OK);
        assert_true(after.ctime_ns > before.ctime_ns);
    }
    AUTO_FREE char *none = in_folder("none");
    assert_false(os_file_clock_is_fine(none));
}

static void times_that_64_bits_do_not_hold_are_the_nearest(void **state)
{
    (void)state;
    const int64_t of_1601 = -11644473600, of_2500 = 16725225600;
    assert_true(os_ns(of_1601, 0) == OS_NS_MIN);
    assert_true(os_ns(of_2500, 999999999) == OS_NS_MAX);
    assert_true(os_ns(INT64_MIN, 0) == OS_NS_MIN && os_ns(INT64_MAX, 0) == OS_NS_MAX);
    assert_true(os_ns(1, 5) == 1000000005 && os_ns(-1, 5) == -999999995);
    assert_true(os_ns(9223372035, 999999999) == 9223372035999999999);
    struct os_stat now;
    AUTO_FREE char *path = in_folder("old");
    assert_int_equal(os_write_file_atomic(path, "x", 1), S_OK);
    assert_int_equal(os_set_mtime(path, OS_NS_MIN), S_OK); /* file systems have their own limits */
    assert_int_equal(os_stat(path, &now), S_OK);
    assert_true(now.mtime_ns < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OS_TEST(a_file_is_written_read_and_cut),
        OS_TEST(an_atomic_write_replaces_and_leaves_nothing_beside),
        OS_TEST(a_copy_has_content_mode_and_time),
        OS_TEST(a_lock_holds_off_other_opens_of_the_same_process),
        OS_TEST(a_file_with_no_write_bit_is_not_writable_even_for_root),
        OS_TEST(access_is_denied_and_given_back),
        OS_TEST(access_to_what_is_gone_is_given_back_in_peace),
        OS_TEST(links_are_seen_as_such),
        OS_TEST(folders_are_made_with_their_parents),
        OS_TEST(names_are_listed_in_ordinal_order),
        OS_TEST(a_tree_is_removed_without_following_links),
        OS_TEST(many_files_are_removed),
        OS_TEST(a_change_behind_the_file_clock_has_another_time),
        OS_TEST(times_that_64_bits_do_not_hold_are_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
