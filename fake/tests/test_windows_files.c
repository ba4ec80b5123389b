/* SPDX-License-Identifier: MIT */
/* test_windows_files.c - os.h on Windows: names that Windows treats specially, long paths, files
 * that others have open, locks between processes. */
#include "os_support.h"

#include <windows.h>

#define PATIENCE_MS 60000

static void assert_round_trip(const char *name)
{
    put(name, name);
    assert_content(name, name);
}

/* A chain of folders with names of 200 letters, so many below the test's; caller's. */
static char *deep_path(unsigned levels)
{
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    struct text path = {0};
    text_add(&path, folder);
    for (unsigned i = 0; i < levels; i++)
        text_addf(&path, "/%s", name);
    char *made = text_take(&path);
    assert_non_null(made);
    return made;
}

static void paths_of_any_length_work(unsigned levels)
{
    AUTO_FREE char *deep = deep_path(levels);
    AUTO_FREE char *file = mem_format("%s/f", deep), *moved = mem_format("%s/g", deep);
    AUTO_FREE char *top = deep_path(1), *data = NULL, *real = NULL;
    size_t size = 0;
    struct os_names names AUTO_NAMES = {0};
    assert_int_equal(os_make_directories(deep), S_OK);
    assert_int_equal(os_write_file_atomic(file, "deep", 4), S_OK);
    assert_int_equal(os_rename(file, moved), S_OK);
    assert_int_equal(os_read_file(moved, &data, &size), S_OK);
    assert_string_equal(data, "deep");
    assert_int_equal(os_real_path(moved, &real), S_OK);
    assert_string_equal(real, moved);
    assert_int_equal(os_list(deep, &names), S_OK);
    assert_int_equal(names.len, 1);
    assert_int_equal(os_remove_tree(top, true), S_OK);
    assert_false(os_exists(top));
}

static void paths_beyond_260_units_work(void **state)
{
    (void)state;
    paths_of_any_length_work(3);
}

static void paths_near_the_end_are_told_from_those_beyond(void **state)
{
    (void)state;
    AUTO_FREE char *longest = deep_path((32700 - (unsigned)strlen(folder)) / 201);
    AUTO_FREE char *beyond = deep_path(163);
    struct os_stat stat;
    assert_true(strlen(longest) > 32400 && strlen(beyond) > 32767);
    /* Linux below Wine ends at 4,096 bytes; what is asked for is that nothing was cut off. */
    HRESULT hr = os_stat(longest, &stat);
    assert_true(hr == HR_WIN32(2) || hr == HR_WIN32(3) || hr == HR_WIN32(206));
    assert_int_equal(os_stat(beyond, &stat), HR_WIN32(206));
    assert_int_equal(os_make_directory(beyond), HR_WIN32(206));
}

static void both_separators_lead_to_the_same(void **state)
{
    (void)state;
    AUTO_FREE char *made = in_folder("a\\b/c\\\\d"), *asked = in_folder("A/B\\.\\C/x/../D");
    assert_int_equal(os_make_directories(made), S_OK);
    assert_true(os_is_directory(asked));
    AUTO_FREE char *real = NULL, *wanted = in_folder("a/b/c/d");
    assert_int_equal(os_real_path(asked, &real), S_OK);
    assert_string_equal(real, wanted);
}

static void reserved_names_are_names_like_others(void **state)
{
    (void)state;
    static const char *const names[] = {"CON", "NUL.txt", "COM1", "aux.", "nul"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_round_trip(names[i]);
    struct os_names list AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &list), S_OK);
    assert_int_equal(list.len, 5);
}

static void dots_and_spaces_at_the_end_are_kept(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "a.", "a ", "a. ."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_round_trip(names[i]);
    struct os_names list AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &list), S_OK);
    assert_int_equal(list.len, 4);
}

static void letter_case_is_kept_and_does_not_matter(void **state)
{
    (void)state;
    put("Name", "1");
    put("nAME", "2");
    assert_content("NAME", "2");
    struct os_names list AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &list), S_OK);
    assert_int_equal(list.len, 1);
}

static void what_is_read_only_is_replaced_and_removed(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f"), *tree = in_folder("t"), *inside = in_folder("t/f");
    put("f", "old");
    assert_int_equal(os_set_mode(path, 0444), S_OK);
    assert_false(os_is_writable(path));
    put("f", "new");
    assert_content("f", "new");
    assert_int_equal(os_set_mode(path, 0444), S_OK);
    assert_int_equal(os_remove_file(path), S_OK);
    assert_false(os_exists(path));
    assert_int_equal(os_make_directory(tree), S_OK);
    assert_int_equal(os_set_mode(tree, 0555), HR_WIN32(50));
    put("t/f", "");
    assert_int_equal(os_set_mode(inside, 0444), S_OK);
    assert_int_equal(os_remove_tree(tree, true), S_OK);
}

/* From Windows 10 on; before it, and under Wine, it is refused and nothing has happened. */
static void an_open_file_can_be_replaced(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f");
    AUTO_FILE struct os_file *file = NULL;
    char content[8] = "";
    size_t got = 0;
    put("f", "old");
    assert_int_equal(os_open(path, OS_READ, &file), S_OK);
    HRESULT hr = os_write_file_atomic(path, "newer", 5);
    assert_true(hr == S_OK || hr == E_ACCESSDENIED);
    assert_content("f", hr == S_OK ? "newer" : "old");
    struct os_names names AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &names), S_OK);
    assert_int_equal(names.len, 1);
    assert_int_equal(os_read_at(file, content, sizeof content, 0, &got), S_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(content, "old", 3);
}

static void replace_it(void *path)
{
    if (os_write_file_atomic(path, "newer", 5) != S_OK)
        fprintf(stderr, "%s\n", error_last()->text);
}

static void a_reader_that_goes_is_waited_for(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f");
    struct os_file *file = NULL;
    struct os_thread *thread = NULL;
    put("f", "old");
    assert_int_equal(os_open(path, OS_READ, &file), S_OK);
    assert_int_equal(os_thread_start(replace_it, path, &thread), S_OK);
    os_close(file);
    os_thread_join(thread);
    assert_content("f", "newer");
}

static void an_open_file_can_be_removed_and_its_name_is_free(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f");
    AUTO_FILE struct os_file *file = NULL;
    struct os_stat stat;
    put("f", "old");
    assert_int_equal(os_open(path, OS_READ | OS_WRITE, &file), S_OK);
    assert_int_equal(os_stat_file(file, &stat), S_OK);
    assert_int_equal(stat.links, 1);
    assert_int_equal(os_remove_file(path), S_OK);
    assert_false(os_exists(path));
    assert_int_equal(os_stat_file(file, &stat), S_OK);
    assert_int_equal(stat.links, 0);
    put("f", "new");
    assert_content("f", "new");
    assert_int_equal(os_write_at(file, "still", 5, 0), S_OK);
    assert_content("f", "new");
}

/* Somebody who shares nothing, as other programs do. */
static void a_file_that_others_do_not_share_is_left_alone(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("f"), *native = mem_dup(path);
    AUTO_FREE char16_t *wide = NULL;
    struct os_file *file = NULL;
    put("f", "theirs");
    for (char *s = native; *s; s++)
        *s = *s == '/' ? '\\' : *s;
    assert_int_equal(text_to_utf16(native, &wide), S_OK);
    HANDLE theirs = CreateFileW(wide, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(theirs != INVALID_HANDLE_VALUE);
    assert_int_equal(os_open(path, OS_READ, &file), HR_WIN32(ERROR_SHARING_VIOLATION));
    assert_int_equal(os_remove_file(path), HR_WIN32(ERROR_SHARING_VIOLATION));
    assert_true(FAILED(os_write_file_atomic(path, "ours", 4)));
    assert_true(FAILED(os_remove_tree(folder, false)));
    CloseHandle(theirs);
    assert_content("f", "theirs");
}

/* ---- locks ---- */

static int lock_and_wait(const char *path)
{
    AUTO_FILE struct os_file *file = NULL;
    if (os_open(path, OS_WRITE, &file) != S_OK)
        return 2;
    HRESULT hr = os_lock_file(file, OS_LOCK_TRY);
    printf("%s\n", hr == S_OK ? "locked" : hr == S_FALSE ? "busy" : "failed");
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
}

static struct os_child *start_locker(const char *path, const char *answer)
{
    AUTO_FREE char *program = NULL, *line = NULL;
    struct os_child *child = NULL;
    assert_int_equal(os_executable_path(&program), S_OK);
    const char *argv[] = {program, path, NULL};
    struct os_child_options options = {.argv = argv, .pipe_stdin = true, .pipe_stdout = true};
    assert_int_equal(os_child_start(&options, &child), S_OK);
    assert_int_equal(os_child_read_line(child, os_now_ms() + PATIENCE_MS, &line), S_OK);
    assert_string_equal(line, answer);
    return child;
}

static void a_lock_holds_between_processes_and_ends_with_them(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("lock");
    AUTO_FILE struct os_file *ours = NULL;
    put("lock", "content");
    assert_int_equal(os_open(path, OS_READ | OS_WRITE, &ours), S_OK);
    struct os_child *child = start_locker(path, "locked");
    assert_int_equal(os_lock_file(ours, OS_LOCK_TRY), S_FALSE);
    assert_content("lock", "content"); /* who does not ask for the lock does not see it */
    assert_int_equal(os_write_at(ours, "C", 1, 0), S_OK);
    os_child_kill(child);
    os_child_free(child);
    assert_int_equal(os_lock_file(ours, OS_LOCK_WAIT), S_OK);
    child = start_locker(path, "busy");
    os_child_free(child);
    os_unlock_file(ours);
    child = start_locker(path, "locked");
    os_child_free(child);
}

/* ---- appending ---- */

#define LINES 300

static HRESULT append_lines(const char *path, char letter)
{
    char line[64];
    AUTO_FILE struct os_file *file = NULL;
    memset(line, letter, sizeof line);
    line[sizeof line - 1] = '\n';
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_APPEND, &file));
    for (int i = 0; i < LINES; i++)
        TRY(os_write(file, line, sizeof line));
    return S_OK;
}

static void what_two_processes_append_is_whole(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("log"), *program = NULL, *data = NULL;
    struct os_child *child = NULL;
    struct os_child_end end = {0};
    size_t size = 0, lines = 0;
    assert_int_equal(os_executable_path(&program), S_OK);
    const char *argv[] = {program, "append", path, NULL};
    struct os_child_options options = {.argv = argv};
    assert_int_equal(os_child_start(&options, &child), S_OK);
    struct os_stat stat;
    while (!os_look(path, &stat) || stat.size == 0) /* until the other one is at it */
        os_pause(1);
    assert_int_equal(append_lines(path, 'p'), S_OK);
    assert_int_equal(os_child_wait(child, os_now_ms() + PATIENCE_MS, &end), S_OK);
    os_child_free(child);
    assert_true(end.exited && end.exit_code == 0);
    assert_int_equal(os_read_file(path, &data, &size), S_OK);
    for (const char *line = data; *line; line += 64, lines++)
        assert_true(strspn(line, (const char[]){line[0], 0}) == 63 && line[63] == '\n');
    assert_int_equal(lines, 2 * LINES);
}

/* ---- places ---- */

static void folders_are_where_windows_says(void **state)
{
    (void)state;
    AUTO_FREE char *local = mem_dup(os_getenv("LOCALAPPDATA")), *path = NULL, *root = NULL;
    assert_int_equal(os_system_root(&root), S_OK);
    assert_true(os_is_volume_root(root));
    assert_false(os_is_volume_root(folder));
    os_setenv("LOCALAPPDATA", "C:\\some\\where\\");
    assert_int_equal(os_state_directory("dismfake", &path), S_OK);
    assert_string_equal(path, "C:/some/where/dismfake");
    os_setenv("LOCALAPPDATA", local);
    assert_false(os_may_mount());
    assert_int_equal(os_unmount(folder, false), HR_WIN32(50));
}

static void a_file_as_memory_is_seen_by_readers(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("map");
    void *memory = NULL;
    assert_int_equal(os_map_new(path, 5, &memory), S_OK);
    memcpy(memory, "12345", 5);
    assert_content("map", "12345");
    void *again = NULL;
    assert_int_equal(os_map_new(path, 5, &again), HR_WIN32(183));
    os_unmap(memory, 5);
    assert_int_equal(os_remove_file(path), S_OK);
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    if (argc > 2)
        return append_lines(argv[2], 'c') == S_OK ? 0 : 1;
    if (argc > 1)
        return lock_and_wait(argv[1]);
    const struct CMUnitTest tests[] = {
        OS_TEST(paths_beyond_260_units_work),
        OS_TEST(paths_near_the_end_are_told_from_those_beyond),
        OS_TEST(both_separators_lead_to_the_same),
        OS_TEST(reserved_names_are_names_like_others),
        OS_TEST(dots_and_spaces_at_the_end_are_kept),
        OS_TEST(letter_case_is_kept_and_does_not_matter),
        OS_TEST(what_is_read_only_is_replaced_and_removed),
        OS_TEST(an_open_file_can_be_replaced),
        OS_TEST(a_reader_that_goes_is_waited_for),
        OS_TEST(an_open_file_can_be_removed_and_its_name_is_free),
        OS_TEST(a_file_that_others_do_not_share_is_left_alone),
        OS_TEST(a_lock_holds_between_processes_and_ends_with_them),
        OS_TEST(what_two_processes_append_is_whole),
        OS_TEST(folders_are_where_windows_says),
        OS_TEST(a_file_as_memory_is_seen_by_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
