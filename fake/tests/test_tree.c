/* SPDX-License-Identifier: MIT */
/* test_tree.c - what changed below a folder since it was last looked at. */
#include "unit_support.h"

#include "tree.h"

static char *root;

static char *below(const char *name)
{
    char *path = mem_format("%s/%s", root, name);
    assert_non_null(path);
    return path;
}

static void put(const char *name, const char *content)
{
    AUTO_FREE char *path = below(name);
    AUTO_FILE struct os_file *file = NULL;
    assert_hr(S_OK, os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    assert_hr(S_OK, os_write(file, content, strlen(content)));
}

static void make_dir(const char *name)
{
    AUTO_FREE char *path = below(name);
    assert_hr(S_OK, os_make_directory(path));
}

static void take(const char *name)
{
    AUTO_FREE char *path = below(name);
    assert_hr(S_OK, os_is_directory(path) ? os_remove_tree(path, true) : os_remove_file(path));
}

static void move(const char *from, const char *to)
{
    AUTO_FREE char *source = below(from), *target = below(to);
    assert_hr(S_OK, os_rename(source, target));
}

static int begin(void **state)
{
    (void)state;
    static unsigned number;
    char name[16];
    snprintf(name, sizeof name, "tree%u", number++);
    root = in_folder(name);
    if (FAILED(os_make_directory(root)))
        return -1;
    make_dir("docs");
    make_dir("docs/deep");
    make_dir("empty");
    put("a", "content of a");
    put("docs/b", "content of b");
    put("docs/deep/c", "content of c");
    put("docs-2", "sorts between docs and what is in it");
    return 0;
}

static int end(void **state)
{
    (void)state;
    HRESULT hr = os_remove_tree(root, true);
    mem_free(root);
    return FAILED(hr);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "-path" and "+path", sorted, one per line. */
static char *describe(const wim_changes *changes)
{
    AUTO_FREE char **lines = mem_array(changes->len + 1, sizeof *lines);
    struct text out = {0};
    bool was_addition = false;
    for (size_t i = 0; i < changes->len; i++) {
        const struct wim_change *change = &changes->ptr[i];
        bool is_addition = change->kind == WIM_ADD;
        assert_true(is_addition || !was_addition); /* deletions first */
        was_addition = is_addition;
        lines[i] = mem_format("%c%s\n", is_addition ? '+' : '-', change->path);
        if (is_addition) {
            AUTO_FREE char *source = below(change->path);
            assert_string_equal(source, change->source);
        }
    }
    qsort(lines, changes->len, sizeof *lines, by_text);
    for (size_t i = 0; i < changes->len; i++) {
        text_add(&out, lines[i]);
        mem_free(lines[i]);
    }
    return text_take(&out);
}

static void assert_changes(const struct tree *old, const char *expected)
{
    AUTO_TREE struct tree now = {0};
    wim_changes changes AUTO(wim_changes_clear) = {0};
    assert_hr(S_OK, tree_scan(root, &now, NULL, NULL));
    assert_hr(S_OK, tree_changes(old, &now, root, &changes));
    AUTO_FREE char *got = describe(&changes);
    assert_string_equal(expected, got);
}

static void look(struct tree *out)
{
    assert_hr(S_OK, tree_scan(root, out, NULL, NULL));
}

static void nothing_done_is_no_change(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    assert_int_equal(7, old.list.len);
    assert_changes(&old, "");
}

static void entries_are_ordered_with_a_folders_content_behind_it(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    static const char *const order[] = {"a",           "docs",   "docs/b", "docs/deep",
                                        "docs/deep/c", "docs-2", "empty"};
    for (size_t i = 0; i < old.list.len; i++)
        assert_string_equal(order[i], old.list.ptr[i].path);
    for (size_t i = 0; i + 1 < old.list.len; i++) {
        assert_true(tree_compare_paths(order[i], order[i + 1]) < 0);
        assert_true(tree_compare_paths(order[i + 1], order[i]) > 0);
        assert_int_equal(0, tree_compare_paths(order[i], order[i]));
    }
}

static void added_removed_and_modified_files_are_found(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    put("docs/new", "new");
    take("a");
    put("docs/b", "other and longer content of b");
    assert_changes(&old, "+docs/b\n+docs/new\n-a\n");
}

static void a_modification_with_size_and_mtime_set_back_is_found(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    AUTO_FREE char *path = below("docs/b");
    struct os_stat before, after;
    look(&old);
    assert_hr(S_OK, os_lstat(path, &before));
    /* Until the file system's clock has moved on: two writes within one of its ticks look alike. */
    do {
        put("docs/b", "CONTENT OF B");
        assert_hr(S_OK, os_set_mtime(path, before.mtime_ns));
        assert_hr(S_OK, os_lstat(path, &after));
    } while (after.ctime_ns == before.ctime_ns);
    assert_int_equal(before.mtime_ns, after.mtime_ns);
    assert_int_equal(before.size, after.size);
    assert_changes(&old, "+docs/b\n");
}

static void a_renamed_file_goes_and_comes(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    move("docs/b", "docs/z");
    assert_changes(&old, "+docs/z\n-docs/b\n");
}

static void a_renamed_folder_goes_and_comes_as_one(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    move("docs", "papers");
    assert_changes(&old, "+papers\n-docs\n");
}

static void a_removed_folder_is_one_deletion(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    take("docs");
    take("empty");
    assert_changes(&old, "-docs\n-empty\n");
}

static void a_file_in_a_folders_place_is_found(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    take("docs");
    put("docs", "a file now");
    assert_changes(&old, "+docs\n-docs\n");
}

static void a_folder_in_a_files_place_is_found(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    take("a");
    make_dir("a");
    make_dir("a/x");
    put("a/x/y", "y");
    assert_changes(&old, "+a\n-a\n");
}

static void nested_new_folders_are_named_once(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    look(&old);
    make_dir("new");
    make_dir("new/er");
    put("new/er/file", "x");
    put("new/file", "x");
    put("new-file", "sorts between new and what is in it");
    make_dir("docs/deep/new");
    assert_changes(&old, "+docs/deep/new\n+new\n+new-file\n");
}

static void a_new_link_to_a_file_shows_both_names(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    AUTO_FREE char *from = below("docs/b"), *to = below("second-name");
    struct os_stat before, after;
    look(&old);
    assert_hr(S_OK, os_lstat(from, &before));
    do { /* see above: until the file system's clock has moved on */
        if (os_exists(to))
            take("second-name");
        assert_hr(S_OK, os_make_hard_link(from, to));
        assert_hr(S_OK, os_lstat(from, &after));
    } while (after.ctime_ns == before.ctime_ns);
    /* The number of links is part of a file's ctime; adding it again does no harm. */
    assert_changes(&old, "+docs/b\n+second-name\n");
}

static void symbolic_links_are_not_followed(void **state)
{
    (void)state;
    AUTO_FREE char *loop = below("docs/loop"), *dangling = below("dangling"),
                   *self = below("empty/s");
    AUTO_TREE struct tree old = {0};
    if (!support_has_links(root))
        skip();
    assert_hr(S_OK, os_make_link("..", loop));
    look(&old);
    assert_int_equal(8, old.list.len);
    assert_hr(S_OK, os_make_link("nowhere", dangling));
    assert_hr(S_OK, os_make_link(".", self));
    take("docs/loop");
    assert_hr(S_OK, os_make_link("../a", loop));
    assert_changes(&old, "+dangling\n+docs/loop\n+empty/s\n");
}

static void a_link_in_a_folders_place_is_found(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    AUTO_FREE char *link = below("docs");
    if (!support_has_links(root))
        skip();
    look(&old);
    take("docs");
    assert_hr(S_OK, os_make_link("empty", link));
    assert_changes(&old, "+docs\n-docs\n");
}

static void a_pipe_cannot_be_held_by_an_image(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, now = {0};
    wim_changes changes AUTO(wim_changes_clear) = {0};
    AUTO_FREE char *command = mem_format("mkfifo '%s/docs/pipe'", root);
    if (os_has_drives())
        skip(); /* no pipe lies in a folder of Windows */
    look(&old);
    assert_int_equal(0, system(command));
    assert_hr(S_OK, tree_scan(root, &now, NULL, NULL));
    assert_hr(HR_WIN32(ERROR_NOT_SUPPORTED), tree_changes(&old, &now, root, &changes));
    assert_non_null(strstr(error_last()->text, "docs/pipe"));
}

static void a_pipe_below_a_new_folder_cannot_be_held_either(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, now = {0};
    wim_changes changes AUTO(wim_changes_clear) = {0};
    AUTO_FREE char *command = mem_format("mkdir '%s/new' && mkfifo '%s/new/pipe'", root, root);
    if (os_has_drives())
        skip();
    look(&old);
    assert_int_equal(0, system(command));
    assert_hr(S_OK, tree_scan(root, &now, NULL, NULL));
    assert_hr(HR_WIN32(ERROR_NOT_SUPPORTED), tree_changes(&old, &now, root, &changes));
}

static void names_of_every_kind_survive_saving_and_loading(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, loaded = {0};
    AUTO_FREE char *manifest = in_folder("manifest");
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    put(longest, "255 bytes");
    put(" leading and trailing ", "2");
    put("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "4");
    if (!os_has_drives()) { /* where there are drives no name is like these */
        put("with\nnewline", "1");
        put("\"quoted\" \\ and 7 8 9", "3");
        put("not utf-8 \xFF", "5");
    }
    look(&old);
    assert_hr(S_OK, tree_save(&old, manifest));
    assert_hr(S_OK, tree_load(manifest, &loaded));
    assert_int_equal(old.list.len, loaded.list.len);
    for (size_t i = 0; i < old.list.len; i++) {
        const struct tree_entry *a = &old.list.ptr[i], *b = &loaded.list.ptr[i];
        assert_string_equal(a->path, b->path);
        assert_true(a->type == b->type && a->inode == b->inode && a->size == b->size);
        assert_true(a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns);
    }
    assert_changes(&loaded, "");
    if (os_has_drives())
        return;
    take("with\nnewline");
    assert_changes(&loaded, "-with\nnewline\n");
}

static void moments_before_1970_survive_saving_and_loading(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, loaded = {0};
    AUTO_FREE char *manifest = in_folder("manifest"), *path = below("a");
    assert_hr(S_OK, os_set_mtime(path, -9214646400000000123ll));
    look(&old);
    assert_hr(S_OK, tree_save(&old, manifest));
    assert_hr(S_OK, tree_load(manifest, &loaded));
    assert_changes(&loaded, "");
}

static void a_damaged_manifest_is_refused(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0};
    AUTO_FREE char *manifest = in_folder("manifest"), *cut = in_folder("cut"), *data = NULL;
    size_t size;
    look(&old);
    assert_hr(S_OK, tree_save(&old, manifest));
    assert_hr(S_OK, os_read_file(manifest, &data, &size));
    size_t refused = 0;
    for (size_t len = 0; len < size; len++) {
        AUTO_TREE struct tree loaded = {0};
        assert_hr(S_OK, os_write_file_atomic(cut, data, len));
        HRESULT hr = tree_load(cut, &loaded);
        /* Cut between two entries it is a shorter manifest; anywhere else it is none. */
        if (FAILED(hr)) {
            assert_hr(HR_WIN32(ERROR_FILE_CORRUPT), hr);
            refused++;
        } else {
            assert_true(loaded.list.len < old.list.len);
        }
    }
    assert_int_equal(size - old.list.len, refused);
}

static void entries_moved_away_and_back_count_as_unchanged(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, now = {0};
    AUTO_FREE char *aside = in_folder("aside"), *there = in_folder("aside/docs"),
                   *here = below("docs"), *a_there = in_folder("aside/a"), *a_here = below("a");
    assert_hr(S_OK, os_make_directory(aside));
    look(&old);
    assert_hr(S_OK, os_rename(here, there));
    assert_hr(S_OK, os_rename(a_here, a_there));
    assert_hr(S_OK, os_rename(there, here));
    assert_hr(S_OK, os_rename(a_there, a_here));
    look(&now);
    assert_hr(S_OK, tree_accept_moved(&old, &now));
    assert_changes(&old, "");
    /* What was changed before it was moved stays changed. */
    put("docs/b", "longer than it was before");
    put("a", "longer than it was before");
    AUTO_TREE struct tree later = {0};
    look(&later);
    assert_hr(S_OK, tree_accept_moved(&old, &later));
    assert_changes(&old, "+a\n+docs/b\n");
    assert_hr(S_OK, os_remove_directory(aside));
}

static void all_names_of_a_file_that_was_moved_count_as_unchanged(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, now = {0};
    AUTO_FREE char *a = below("a"), *other = below("docs/deep/a"), *aside = in_folder("a-aside");
    assert_hr(S_OK, os_make_hard_link(a, other));
    look(&old);
    assert_hr(S_OK, os_rename(a, aside));
    assert_hr(S_OK, os_rename(aside, a));
    look(&now);
    assert_hr(S_OK, tree_accept_moved(&old, &now));
    assert_changes(&old, "");
}

static void what_hid_its_change_before_it_was_moved_stays_changed(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, before = {0}, after = {0};
    AUTO_FREE char *a = below("a"), *aside = in_folder("a-aside");
    struct os_stat stat;
    assert_hr(S_OK, os_stat(a, &stat));
    look(&old);
    os_await_file_clock(stat.ctime_ns);
    put("a", "CONTENT OF A");
    assert_hr(S_OK, os_set_mtime(a, stat.mtime_ns));
    look(&before);
    tree_mark_changed(&old, &before);
    assert_hr(S_OK, os_rename(a, aside));
    assert_hr(S_OK, os_rename(aside, a));
    look(&after);
    assert_hr(S_OK, tree_accept_moved(&old, &after));
    assert_changes(&old, "+a\n");
}

static void put_anew(const char *name, const char *content)
{
    take(name);
    put(name, content);
}

static void a_copy_has_the_changes_that_the_tree_had(void **state)
{
    (void)state;
    AUTO_TREE struct tree old = {0}, then = {0}, now = {0};
    look(&old);
    put("docs/b", "changed before the copy");
    take("docs/deep/c");
    put("new", "made before the copy");
    look(&then);
    /* The same names and contents, in other files. */
    put_anew("a", "content of a");
    put_anew("docs/b", "changed before the copy");
    put_anew("docs-2", "sorts between docs and what is in it");
    put_anew("new", "made before the copy");
    assert_changes(&old, "+a\n+docs-2\n+docs/b\n+new\n-docs/deep/c\n");
    look(&now);
    tree_accept_copied(&old, &then, &now);
    assert_changes(&old, "+docs/b\n+new\n-docs/deep/c\n");
    put("a", "changed after the copy");
    assert_changes(&old, "+a\n+docs/b\n+new\n-docs/deep/c\n");
}

static HRESULT stop_at_once(void *context, size_t count)
{
    *(size_t *)context = count;
    return FAIL(HR_WIN32(ERROR_REQUEST_ABORTED), "enough");
}

static void a_scan_can_be_stopped(void **state)
{
    (void)state;
    AUTO_TREE struct tree now = {0};
    size_t count = 0;
    for (int i = 0; i < 600; i++) {
        char name[32];
        snprintf(name, sizeof name, "empty/%d", i);
        put(name, "");
    }
    assert_hr(HR_WIN32(ERROR_REQUEST_ABORTED), tree_scan(root, &now, stop_at_once, &count));
    assert_true(count > 0 && count < 600);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(nothing_done_is_no_change),
        TREE_TEST(entries_are_ordered_with_a_folders_content_behind_it),
        TREE_TEST(added_removed_and_modified_files_are_found),
        TREE_TEST(a_modification_with_size_and_mtime_set_back_is_found),
        TREE_TEST(a_renamed_file_goes_and_comes),
        TREE_TEST(a_renamed_folder_goes_and_comes_as_one),
        TREE_TEST(a_removed_folder_is_one_deletion),
        TREE_TEST(a_file_in_a_folders_place_is_found),
        TREE_TEST(a_folder_in_a_files_place_is_found),
        TREE_TEST(nested_new_folders_are_named_once),
        TREE_TEST(a_new_link_to_a_file_shows_both_names),
        TREE_TEST(symbolic_links_are_not_followed),
        TREE_TEST(a_link_in_a_folders_place_is_found),
        TREE_TEST(a_pipe_cannot_be_held_by_an_image),
        TREE_TEST(a_pipe_below_a_new_folder_cannot_be_held_either),
        TREE_TEST(names_of_every_kind_survive_saving_and_loading),
        TREE_TEST(moments_before_1970_survive_saving_and_loading),
        TREE_TEST(a_damaged_manifest_is_refused),
        TREE_TEST(entries_moved_away_and_back_count_as_unchanged),
        TREE_TEST(all_names_of_a_file_that_was_moved_count_as_unchanged),
        TREE_TEST(what_hid_its_change_before_it_was_moved_stays_changed),
        TREE_TEST(a_copy_has_the_changes_that_the_tree_had),
        TREE_TEST(a_scan_can_be_stopped),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
