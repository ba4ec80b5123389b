/* SPDX-License-Identifier: MIT */
/*
 * test_os.c - files, locks, folders, threads and processes, against the real system.
 *
 * The program starts itself as a child: `test_os ROLE ...`. A child that has to stay waits for its
 * input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "error.h"
#include "os.h"
#include "text.h"

static char *folder;  /* a fresh one for each test */
static char *program; /* this one */

static char *in_folder(const char *name)
{
    char *path = mem_format("%s/%s", folder, name);
    assert_non_null(path);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    char name[] = "/tmp/dismfake-os-XXXXXX";
    if (!mkdtemp(name) || FAILED(os_real_path(name, &folder)))
        return -1;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    HRESULT hr = os_remove_tree(folder, true);
    mem_free(folder);
    return hr == S_OK ? 0 : -1;
}

static void put(const char *name, const char *content)
{
    AUTO_FREE char *path = in_folder(name);
    assert_int_equal(os_write_file_atomic(path, content, strlen(content)), S_OK);
}

static void assert_content(const char *name, const char *content)
{
    AUTO_FREE char *path = in_folder(name);
    AUTO_FREE char *data = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file(path, &data, &size), S_OK);
    assert_int_equal(size, strlen(content));
    assert_string_equal(data, content);
}

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

static void a_file_of_proc_is_read_to_its_end(void **state)
{
    (void)state;
    AUTO_FREE char *data = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file("/proc/self/maps", &data, &size), S_OK);
    assert_true(size > 0 && strlen(data) == size);
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
    assert_int_equal(os_write_file_atomic(missing, "x", 1), HR_WIN32(2));
    assert_int_equal(os_make_directory(missing), HR_WIN32(2));
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
    assert_int_equal(os_set_mode(from, 0640), S_OK);
    assert_int_equal(os_set_mtime(from, -1500000000), S_OK);
    assert_int_equal(os_copy_file(from, to), S_OK);
    assert_content("to", big);
    struct os_stat stat;
    assert_int_equal(os_stat(to, &stat), S_OK);
    assert_int_equal(stat.mode, 0640);
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

static void links_are_seen_as_such(void **state)
{
    (void)state;
    AUTO_FREE char *target = in_folder("target");
    AUTO_FREE char *link = in_folder("link");
    AUTO_FREE char *hard = in_folder("hard");
    AUTO_FREE char *dangling = in_folder("dangling");
    put("target", "1234");
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
    assert_int_equal(os_set_mtime(link, 1000000001), S_OK);
    assert_int_equal(os_lstat(link, &a), S_OK);
    assert_int_equal(os_stat(link, &b), S_OK);
    assert_true(a.mtime_ns == 1000000001 && b.mtime_ns != 1000000001);
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
    static const char *const names[] = {"b", "B", "a", ".hidden", "\xC3\xA9", "10", "9"};
    static const char *const sorted[] = {".hidden", "10", "9", "B", "a", "b", "\xC3\xA9"};
    for (size_t i = 0; i < 7; i++)
        put(names[i], "");
    struct os_names list AUTO_NAMES = {0};
    assert_int_equal(os_list(folder, &list), S_OK);
    assert_int_equal(list.len, 7);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(list.ptr[i], sorted[i]);
    struct os_names none AUTO_NAMES = {0};
    AUTO_FREE char *missing = in_folder("none");
    assert_int_equal(os_list(missing, &none), HR_WIN32(2));
}

static void a_tree_is_removed_without_following_links(void **state)
{
    (void)state;
    AUTO_FREE char *tree = in_folder("tree");
    AUTO_FREE char *deep = in_folder("tree/a/b/c");
    AUTO_FREE char *outside = in_folder("outside");
    AUTO_FREE char *link = in_folder("tree/a/link");
    AUTO_FREE char *locked = in_folder("tree/a/b");
    assert_int_equal(os_make_directories(deep), S_OK);
    assert_int_equal(os_make_directory(outside), S_OK);
    put("outside/kept", "kept");
    put("tree/a/b/f", "x");
    assert_int_equal(os_make_link(outside, link), S_OK);
    assert_int_equal(os_set_mode(locked, 0), S_OK);
    assert_int_equal(os_remove_tree(tree, false), S_OK);
    assert_true(os_is_empty_directory(tree));
    assert_content("outside/kept", "kept");
    assert_int_equal(os_remove_tree(tree, true), S_OK);
    assert_false(os_exists(tree));
    assert_int_equal(os_remove_tree(tree, true), HR_WIN32(2));
    AUTO_FREE char *top_link = in_folder("top-link");
    assert_int_equal(os_make_link(outside, top_link), S_OK);
    assert_true(FAILED(os_remove_tree(top_link, false)));
    assert_int_equal(os_remove_tree(top_link, true), S_OK);
    assert_content("outside/kept", "kept");
}

static void twenty_thousand_files_are_removed(void **state)
{
    (void)state;
    AUTO_FREE char *tree = in_folder("tree");
    AUTO_FREE char *first = in_folder("tree/first");
    assert_int_equal(os_make_directory(tree), S_OK);
    for (int d = 0; d < 2; d++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/%d", tree, d);
        assert_int_equal(os_make_directory(path), S_OK);
        for (int i = 0; i < 10000; i++) {
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

static void special_folders_follow_the_environment(void **state)
{
    (void)state;
    AUTO_FREE char *home = mem_dup(os_getenv("HOME"));
    static const char *const rows[][3] = {
        /* XDG_STATE_HOME, HOME, state folder */
        {"/x/state", "/home/u", "/x/state/dismfake"},
        {"relative", "/home/u", "/home/u/.local/state/dismfake"},
        {NULL, "/home/u", "/home/u/.local/state/dismfake"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        os_setenv("XDG_STATE_HOME", rows[i][0]);
        os_setenv("HOME", rows[i][1]);
        AUTO_FREE char *path = NULL;
        assert_int_equal(os_state_directory("dismfake", &path), S_OK);
        assert_string_equal(path, rows[i][2]);
    }
    os_setenv("XDG_STATE_HOME", NULL);
    os_setenv("HOME", NULL);
    AUTO_FREE char *last = NULL;
    assert_int_equal(os_state_directory("dismfake", &last), S_OK);
    assert_true(text_starts(last, "/tmp/dismfake-"));
    os_setenv("HOME", home);
    assert_true(os_is_volume_root("/"));
    assert_true(os_is_volume_root("/proc"));
    assert_false(os_is_volume_root(folder));
}

/* ---- threads ---- */

struct handover {
    struct os_mutex mutex;
    struct os_cond cond;
    int turn;
    bool held_by_other;
    uint64_t thread;
};

static void answer(void *argument)
{
    struct handover *h = argument;
    h->held_by_other = os_mutex_held(&h->mutex);
    AUTO_LOCK(&h->mutex);
    h->thread = os_thread_id();
    while (h->turn != 1)
        os_cond_wait(&h->cond, &h->mutex);
    h->turn = 2;
    os_cond_broadcast(&h->cond);
}

static void threads_hand_over_by_condition(void **state)
{
    (void)state;
    struct handover h = {0};
    struct os_thread *thread = NULL;
    os_mutex_lock(&h.mutex);
    assert_true(os_mutex_held(&h.mutex));
    assert_int_equal(os_thread_start(answer, &h, &thread), S_OK);
    h.turn = 1;
    os_cond_broadcast(&h.cond);
    while (h.turn != 2)
        assert_true(os_cond_wait_until(&h.cond, &h.mutex, os_now_ms() + 60000));
    assert_true(os_mutex_held(&h.mutex));
    os_mutex_unlock(&h.mutex);
    assert_false(os_mutex_held(&h.mutex));
    os_thread_join(thread);
    assert_false(h.held_by_other);
    assert_true(h.thread != 0 && h.thread != os_thread_id());
}

static void a_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    struct handover h = {0};
    uint64_t start = os_now_ms();
    os_mutex_lock(&h.mutex);
    while (os_cond_wait_until(&h.cond, &h.mutex, start + 30)) {
    }
    assert_true(os_mutex_held(&h.mutex));
    os_mutex_unlock(&h.mutex);
    assert_true(os_now_ms() >= start + 30);
}

static void count_up(void *argument)
{
    struct handover *h = argument;
    for (int i = 0; i < 10000; i++) {
        AUTO_LOCK(&h->mutex);
        h->turn++;
    }
}

static void a_lock_excludes(void **state)
{
    (void)state;
    struct handover h = {0};
    struct os_thread *threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(os_thread_start(count_up, &h, &threads[i]), S_OK);
    for (int i = 0; i < 4; i++)
        os_thread_join(threads[i]);
    assert_int_equal(h.turn, 40000);
}

/* ---- processes ---- */

#define FAR (os_now_ms() + 60000)

static void free_child(struct os_child **child)
{
    os_child_free(*child);
}
#define AUTO_CHILD AUTO(free_child)

static struct os_child *start(const char *role, const char *argument)
{
    const char *const argv[] = {program, role, argument, NULL};
    struct os_child_options options = {.argv = argv, .pipe_stdin = true, .pipe_stdout = true};
    struct os_child *child = NULL;
    HRESULT hr = os_child_start(&options, &child);
    if (FAILED(hr))
        fail_msg("%s", error_last()->text);
    return child;
}

static void assert_line(struct os_child *child, const char *wanted)
{
    AUTO_FREE char *line = NULL;
    assert_int_equal(os_child_read_line(child, FAR, &line), S_OK);
    assert_string_equal(line, wanted);
}

static void a_child_talks_and_ends(void **state)
{
    (void)state;
    AUTO_CHILD struct os_child *child = start("echo", NULL);
    struct os_child_end end = {0};
    char *line = NULL;
    assert_int_equal(os_child_wait(child, 0, &end), S_FALSE);
    assert_int_equal(os_child_read_line(child, 0, &line), S_FALSE);
    assert_int_equal(os_child_write(child, "one\r\ntwo\n\nthree", 15), S_OK);
    os_child_close_stdin(child);
    assert_line(child, "one");
    assert_line(child, "two");
    assert_line(child, "");
    assert_line(child, "three");
    assert_int_equal(os_child_read_line(child, FAR, &line), S_FALSE);
    assert_int_equal(os_child_wait(child, FAR, &end), S_OK);
    assert_true(end.exited && end.exit_code == 7 && end.signal == 0);
    assert_int_equal(os_child_wait(child, 0, &end), S_OK);
    assert_int_equal(os_child_write(child, "x", 1), HR_WIN32(109));
}

static void writing_to_a_child_that_is_gone_is_an_error(void **state)
{
    (void)state;
    AUTO_CHILD struct os_child *child = start("exit", NULL);
    struct os_child_end end = {0};
    assert_int_equal(os_child_wait(child, FAR, &end), S_OK);
    assert_int_equal(os_child_write(child, "x", 1), HR_WIN32(109));
}

static void a_child_ends_as_it_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        int signal;
    } rows[] = {{"terminate", SIGKILL}, {"violation", SIGSEGV}, {"abort", SIGABRT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_CHILD struct os_child *child = start("crash", rows[i].how);
        struct os_child_end end = {0};
        assert_int_equal(os_child_wait(child, FAR, &end), S_OK);
        assert_false(end.exited);
        assert_int_equal(end.signal, rows[i].signal);
    }
}

static void killing_a_child_ends_what_it_started(void **state)
{
    (void)state;
    AUTO_CHILD struct os_child *child = start("parent", NULL);
    AUTO_FREE char *line = NULL;
    assert_int_equal(os_child_read_line(child, FAR, &line), S_OK);
    unsigned long long grandchild = 0;
    assert_true(text_to_u64(line, &grandchild));
    assert_true(os_process_start_time((unsigned)grandchild) != 0);
    os_child_kill(child);
    struct os_child_end end = {0};
    assert_int_equal(os_child_wait(child, FAR, &end), S_OK);
    assert_int_equal(end.signal, SIGKILL);
    /* The pipe is at its end only when the grandchild, which shares it, is gone too. */
    char *none = NULL;
    uint64_t deadline = FAR;
    assert_int_equal(os_child_read_line(child, deadline, &none), S_FALSE);
    assert_true(os_now_ms() < deadline);
}

static void a_child_gets_folder_environment_and_files(void **state)
{
    (void)state;
    AUTO_FREE char *out = in_folder("out");
    AUTO_FREE char *err = in_folder("err");
    const char *const argv[] = {program, "show", "DISMFAKE_TEST", NULL};
    const char *const environment[] = {"DISMFAKE_TEST=new", NULL};
    os_setenv("DISMFAKE_TEST", "old");
    struct os_child_options options = {.argv = argv,
                                       .environment = environment,
                                       .directory = folder,
                                       .stdout_path = out,
                                       .stderr_path = err};
    AUTO_CHILD struct os_child *child = NULL;
    assert_int_equal(os_child_start(&options, &child), S_OK);
    struct os_child_end end = {0};
    assert_int_equal(os_child_wait(child, FAR, &end), S_OK);
    assert_true(end.exited && end.exit_code == 0);
    AUTO_FREE char *wanted = mem_format("%s new\n", folder);
    assert_content("out", wanted);
    assert_content("err", "to stderr\n");
    assert_string_equal(os_getenv("DISMFAKE_TEST"), "old");
}

static void a_program_that_is_not_there_is_reported_at_once(void **state)
{
    (void)state;
    AUTO_FREE char *none = in_folder("none");
    const char *const argv[] = {none, NULL};
    struct os_child *child = NULL;
    assert_int_equal(os_child_start(&(struct os_child_options){.argv = argv}, &child), HR_WIN32(2));
    assert_null(child);
    const char *const good[] = {program, "exit", NULL};
    struct os_child_options options = {.argv = good, .directory = none};
    assert_int_equal(os_child_start(&options, &child), HR_WIN32(2));
    assert_null(child);
}

static void a_process_is_known_by_number_and_start(void **state)
{
    (void)state;
    assert_true(os_process_start_time(os_pid()) != 0);
    assert_true(os_process_start_time(os_pid()) == os_process_start_time(os_pid()));
    AUTO_CHILD struct os_child *child = start("exit", NULL);
    struct os_child_end end = {0};
    assert_int_equal(os_child_wait(child, FAR, &end), S_OK);
    /* It is a zombie until it is freed: gone. */
    assert_true(os_process_start_time(os_child_pid(child)) == 0);
    AUTO_FREE char *boot = NULL;
    assert_int_equal(os_boot_id(&boot), S_OK);
    assert_true(strlen(boot) > 0 && !strchr(boot, '\n'));
}

static void a_lock_of_another_process_is_seen_and_ends_with_it(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("lock");
    AUTO_CHILD struct os_child *child = start("lock", path);
    assert_line(child, "locked");
    AUTO_FILE struct os_file *file = NULL;
    assert_int_equal(os_open(path, OS_WRITE, &file), S_OK);
    assert_int_equal(os_lock_file(file, OS_LOCK_TRY), S_FALSE);
    os_child_kill(child);
    assert_int_equal(os_lock_file(file, OS_LOCK_WAIT), S_OK);
}

static void whoever_has_something_open_is_found(void **state)
{
    (void)state;
    char *path = NULL;
    unsigned pid = 0;
    AUTO_FREE char *held = in_folder("held (deleted)");
    AUTO_FREE char *gone = in_folder("gone");
    assert_int_equal(os_find_opener(folder, &path, &pid), S_FALSE);
    struct os_file *file = NULL;
    assert_int_equal(os_open(gone, OS_WRITE | OS_CREATE, &file), S_OK);
    assert_int_equal(os_find_opener(folder, &path, &pid), S_OK);
    assert_string_equal(path, gone);
    assert_int_equal(pid, os_pid());
    mem_free(path);
    assert_int_equal(os_remove_file(gone), S_OK);
    assert_int_equal(os_find_opener(folder, &path, &pid), S_FALSE);
    os_close(file);
    {
        AUTO_CHILD struct os_child *child = start("lock", held);
        assert_line(child, "locked");
        assert_int_equal(os_find_opener(folder, &path, &pid), S_OK);
        assert_string_equal(path, held);
        assert_int_equal(pid, os_child_pid(child));
        mem_free(path);
    }
    assert_int_equal(os_find_opener(folder, &path, &pid), S_FALSE);
    AUTO_FREE char *below = in_folder("below");
    assert_int_equal(os_make_directory(below), S_OK);
    const char *const argv[] = {program, "echo", NULL};
    struct os_child_options options = {.argv = argv, .directory = below, .pipe_stdin = true};
    AUTO_CHILD struct os_child *inside = NULL;
    assert_int_equal(os_child_start(&options, &inside), S_OK);
    assert_int_equal(os_find_opener(folder, &path, &pid), S_OK);
    assert_string_equal(path, below);
    assert_int_equal(pid, os_child_pid(inside));
    mem_free(path);
}

/* ---- libraries ---- */

static void a_library_is_loaded_by_absolute_path_only(void **state)
{
    (void)state;
    struct os_library *library = NULL;
    assert_int_equal(os_library_open("libcjson.so.1", &library), E_INVALIDARG);
    AUTO_FREE char *none = in_folder("none.so");
    assert_int_equal(os_library_open(none, &library), HR_WIN32(126));
    put("text.so", "not a library");
    AUTO_FREE char *text = in_folder("text.so");
    assert_int_equal(os_library_open(text, &library), HR_WIN32(193));
    assert_null(library);
}

static void a_loaded_library_tells_where_it_is(void **state)
{
    (void)state;
    /* Any library this process has mapped will do; its path is in its own map. */
    AUTO_FREE char *maps = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file("/proc/self/maps", &maps, &size), S_OK);
    char *found = strstr(maps, "/libcmocka.so");
    assert_non_null(found);
    *strchr(found, '\n') = '\0';
    while (found > maps && found[-1] != ' ')
        found--;
    struct os_library *library = NULL;
    assert_int_equal(os_library_open(found, &library), S_OK);
    AUTO_FREE char *path = NULL;
    assert_int_equal(os_library_path(library, &path), S_OK);
    assert_string_equal(path, found);
    assert_non_null(os_library_symbol(library, "_cmocka_run_group_tests"));
    assert_null(os_library_symbol(library, "no_such_thing"));
    os_library_close(library);
}

static void random_numbers_differ(void **state)
{
    (void)state;
    unsigned char a[32] = {0}, b[32] = {0};
    os_random(a, sizeof a);
    os_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* ---- the child's side ---- */

static int wait_for_end_of_input(void)
{
    while (getchar() != EOF) {
    }
    return 0;
}

static int role_echo(void)
{
    for (int c = getchar(); c != EOF; c = getchar()) {
        putchar(c);
        fflush(stdout);
    }
    return 7;
}

static int role_show(const char *variable)
{
    AUTO_FREE char *cwd = NULL;
    if (FAILED(os_cwd(&cwd)))
        return 1;
    printf("%s %s\n", cwd, os_getenv(variable));
    fprintf(stderr, "to stderr\n");
    return 0;
}

static int role_lock(const char *path)
{
    AUTO_FILE struct os_file *file = NULL;
    if (FAILED(os_open(path, OS_WRITE | OS_CREATE, &file)) ||
        os_lock_file(file, OS_LOCK_TRY) != S_OK)
        return 1;
    puts("locked");
    fflush(stdout);
    return wait_for_end_of_input();
}

/* Starts a process that stays in our group, and waits for it: a shell that tells its number. */
static int role_parent(void)
{
    return system("echo $$; exec cat");
}

static int role_crash(const char *how)
{
    os_crash(!strcmp(how, "terminate")   ? OS_CRASH_TERMINATE
             : !strcmp(how, "violation") ? OS_CRASH_ACCESS_VIOLATION
                                         : OS_CRASH_ABORT);
}

static int run_role(const char *role, const char *argument)
{
    if (!strcmp(role, "echo"))
        return role_echo();
    if (!strcmp(role, "show"))
        return role_show(argument);
    if (!strcmp(role, "lock"))
        return role_lock(argument);
    if (!strcmp(role, "parent"))
        return role_parent();
    if (!strcmp(role, "crash"))
        return role_crash(argument);
    os_exit_now(0);
}

#define OS_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(int argc, char **argv)
{
    if (argc > 1)
        return run_role(argv[1], argc > 2 ? argv[2] : NULL);
    const struct CMUnitTest tests[] = {
        OS_TEST(a_file_is_written_read_and_cut),
        OS_TEST(a_file_of_proc_is_read_to_its_end),
        OS_TEST(an_atomic_write_replaces_and_leaves_nothing_beside),
        OS_TEST(a_copy_has_content_mode_and_time),
        OS_TEST(a_lock_holds_off_other_opens_of_the_same_process),
        OS_TEST(a_file_with_no_write_bit_is_not_writable_even_for_root),
        OS_TEST(links_are_seen_as_such),
        OS_TEST(folders_are_made_with_their_parents),
        OS_TEST(names_are_listed_in_ordinal_order),
        OS_TEST(a_tree_is_removed_without_following_links),
        OS_TEST(twenty_thousand_files_are_removed),
        OS_TEST(special_folders_follow_the_environment),
        OS_TEST(threads_hand_over_by_condition),
        OS_TEST(a_wait_ends_at_its_deadline),
        OS_TEST(a_lock_excludes),
        OS_TEST(a_child_talks_and_ends),
        OS_TEST(writing_to_a_child_that_is_gone_is_an_error),
        OS_TEST(a_child_ends_as_it_is_told),
        OS_TEST(killing_a_child_ends_what_it_started),
        OS_TEST(a_child_gets_folder_environment_and_files),
        OS_TEST(a_program_that_is_not_there_is_reported_at_once),
        OS_TEST(a_process_is_known_by_number_and_start),
        OS_TEST(a_lock_of_another_process_is_seen_and_ends_with_it),
        OS_TEST(whoever_has_something_open_is_found),
        OS_TEST(a_library_is_loaded_by_absolute_path_only),
        OS_TEST(a_loaded_library_tells_where_it_is),
        OS_TEST(random_numbers_differ),
    };
    if (FAILED(os_executable_path(&program)))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mem_free(program);
    return failed;
}
