/* SPDX-License-Identifier: MIT */
/*
 * test_os_run.c - threads, processes and libraries, against the real system.
 *
 * The program starts itself as a child: `test_os_run ROLE ...`. A child that has to stay waits for
 * its input.
 */
#include "os_support.h"

static char *program; /* this one */

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

#define LATER (os_now_ms() + 60000)

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
    assert_int_equal(os_child_read_line(child, LATER, &line), S_OK);
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
    assert_int_equal(os_child_read_line(child, LATER, &line), S_FALSE);
    assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
    assert_true(end.exited && end.exit_code == 7 && end.signal == 0);
    assert_int_equal(os_child_wait(child, 0, &end), S_OK);
    assert_int_equal(os_child_write(child, "x", 1), HR_WIN32(109));
}

static void a_child_gets_its_arguments_as_they_are(void **state)
{
    (void)state;
    static const char *const arguments[] = {
        "",     "a b",      "\u00e4\u20ac\U0001F600", "*.c",     "\"", "say \"a b\"",
        "C:\\", "\\\\\"\\", "%PATH% $HOME",           "end\\\"", "'a'"};
    enum { COUNT = sizeof arguments / sizeof *arguments };
    const char *argv[2 + COUNT + 1] = {program, "arguments"};
    memcpy(argv + 2, arguments, sizeof arguments);
    AUTO_CHILD struct os_child *child = NULL;
    struct os_child_options options = {.argv = argv, .pipe_stdout = true};
    assert_int_equal(os_child_start(&options, &child), S_OK);
    for (size_t i = 0; i < COUNT; i++)
        assert_line(child, arguments[i]);
}

static void a_file_that_is_open_here_is_not_open_in_a_child(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("ours");
    AUTO_CHILD struct os_child *child = NULL;
    {
        AUTO_FILE struct os_file *file = NULL;
        assert_int_equal(os_open(path, OS_WRITE | OS_CREATE, &file), S_OK);
        assert_int_equal(os_lock_file(file, OS_LOCK_TRY), S_OK);
        child = start("echo", NULL);
        assert_int_equal(os_child_write(child, "\n", 1), S_OK);
        assert_line(child, ""); /* it runs */
    }
    char *found = NULL;
    unsigned pid;
    assert_int_equal(os_find_opener(folder, &found, &pid), S_FALSE);
}

static void writing_to_a_child_that_is_gone_is_an_error(void **state)
{
    (void)state;
    AUTO_CHILD struct os_child *child = start("exit", NULL);
    struct os_child_end end = {0};
    assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
    assert_int_equal(os_child_write(child, "x", 1), HR_WIN32(109));
}

static void a_child_ends_as_it_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        int signal;
    } rows[] = {{"terminate", OS_SIGNAL_KILL},
                {"violation", OS_SIGNAL_ACCESS_VIOLATION},
                {"abort", OS_SIGNAL_ABORT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO_CHILD struct os_child *child = start("crash", rows[i].how);
        struct os_child_end end = {0};
        assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
        assert_false(end.exited);
        assert_int_equal(end.signal, rows[i].signal);
    }
}

static void killing_a_child_ends_what_it_started(void **state)
{
    (void)state;
    AUTO_CHILD struct os_child *child = start("parent", NULL);
    AUTO_FREE char *line = NULL;
    assert_int_equal(os_child_read_line(child, LATER, &line), S_OK);
    unsigned long long grandchild = 0;
    assert_true(text_to_u64(line, &grandchild));
    assert_true(os_process_start_time((unsigned)grandchild) != 0);
    os_child_kill(child);
    struct os_child_end end = {0};
    assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
    assert_int_equal(end.signal, OS_SIGNAL_KILL);
    /* The pipe is at its end only when the grandchild, which shares it, is gone too. */
    char *none = NULL;
    uint64_t deadline = LATER;
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
    assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
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
    assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
    /* It is a zombie until it is freed: gone. */
    assert_true(os_process_start_time(os_child_pid(child)) == 0);
    AUTO_FREE char *boot = NULL;
    assert_int_equal(os_boot_id(&boot), S_OK);
    assert_true(strlen(boot) > 0 && !strchr(boot, '\n'));
}

static void a_process_that_was_asked_for_is_known_to_have_ended(void **state)
{
    (void)state;
    AUTO_CHILD struct os_child *child = start("echo", NULL), *other = start("echo", NULL);
    const unsigned pid = os_child_pid(child), other_pid = os_child_pid(other);
    const uint64_t begun = os_process_start_time(pid);
    for (int i = 0; i < 2; i++) {
        assert_true(os_process_lives(pid, begun));
        assert_true(os_process_lives(pid, begun));
        assert_true(os_process_lives(other_pid, os_process_start_time(other_pid)));
        assert_false(os_process_lives(pid, begun + 1));
        assert_false(os_process_lives(0, 0));
    }
    assert_true(os_process_lives(pid, begun));
    struct os_child_end end = {0};
    os_child_kill(child);
    assert_int_equal(os_child_wait(child, LATER, &end), S_OK);
    assert_false(os_process_lives(pid, begun));
    assert_false(os_process_lives(pid, begun));
    assert_true(os_process_lives(other_pid, os_process_start_time(other_pid)));
    os_process_forget();
    assert_true(os_process_lives(other_pid, os_process_start_time(other_pid)));
    os_process_forget();
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

/* Wine does not tell who has a file open. */
static void assert_opener(unsigned wanted, unsigned found)
{
    if (!os_has_drives() || found)
        assert_int_equal(found, wanted);
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
    assert_opener(os_pid(), pid);
    mem_free(path);
    assert_int_equal(os_remove_file(gone), S_OK);
    /* Where its name lives on as long as it is open, it still keeps the folder from being emptied.
     */
    struct os_names names = {0};
    assert_int_equal(os_list(folder, &names), S_OK);
    HRESULT hr = os_find_opener(folder, &path, &pid);
    assert_int_equal(hr, names.len ? S_OK : S_FALSE);
    if (hr == S_OK)
        mem_free(path);
    os_names_clear(&names);
    os_close(file);
    {
        AUTO_CHILD struct os_child *child = start("lock", held);
        assert_line(child, "locked");
        assert_int_equal(os_find_opener(folder, &path, &pid), S_OK);
        assert_string_equal(path, held);
        assert_opener(os_child_pid(child), pid);
        mem_free(path);
    }
    assert_int_equal(os_find_opener(folder, &path, &pid), S_FALSE);
    AUTO_FREE char *below = in_folder("below");
    assert_int_equal(os_make_directory(below), S_OK);
    const char *const argv[] = {program, "echo", NULL};
    struct os_child_options options = {
        .argv = argv, .directory = below, .pipe_stdin = true, .pipe_stdout = true};
    AUTO_CHILD struct os_child *inside = NULL;
    assert_int_equal(os_child_start(&options, &inside), S_OK);
    /* It is in its folder once it runs. */
    assert_int_equal(os_child_write(inside, "up\n", 3), S_OK);
    assert_line(inside, "up");
    assert_int_equal(os_find_opener(folder, &path, &pid), S_OK);
    assert_string_equal(path, below);
    assert_opener(os_child_pid(inside), pid);
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

/* Any library will do: one that this process has mapped, or one that every Windows has. */
static char *some_library(void)
{
    if (os_has_drives()) {
        char *path = mem_format("%s/system32/version.dll", os_getenv("SystemRoot"));
        for (char *s = path; s && *s; s++)
            *s = *s == '\\' ? '/' : *s;
        return path;
    }
    AUTO_FREE char *maps = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file("/proc/self/maps", &maps, &size), S_OK);
    char *found = strstr(maps, "/libcmocka.so");
    assert_non_null(found);
    *strchr(found, '\n') = '\0';
    while (found > maps && found[-1] != ' ')
        found--;
    return mem_dup(found);
}

static void a_loaded_library_tells_where_it_is(void **state)
{
    (void)state;
    AUTO_FREE char *wanted = some_library();
    struct os_library *library = NULL;
    assert_int_equal(os_library_open(wanted, &library), S_OK);
    AUTO_FREE char *path = NULL;
    assert_int_equal(os_library_path(library, &path), S_OK);
    assert_true(os_has_drives() ? text_equal_nocase(path, wanted) : text_equal(path, wanted));
    assert_non_null(os_library_symbol(library, os_has_drives() ? "GetFileVersionInfoW"
                                                               : "_cmocka_run_group_tests"));
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

/* Starts a process that stays with us and tells its number, and waits for it: on Linux a shell in
 * our group, since a child of os_child_start has its own. */
static int role_parent(void)
{
    if (!os_has_drives())
        return system("echo $$; exec cat");
    AUTO_FREE char *self = NULL;
    if (FAILED(os_executable_path(&self)))
        return 1;
    const char *const argv[] = {self, "stay", NULL};
    AUTO_CHILD struct os_child *child = NULL;
    struct os_child_end end;
    if (FAILED(
            os_child_start(&(struct os_child_options){.argv = argv, .pipe_stdin = true}, &child)))
        return 1;
    return os_child_wait(child, UINT64_MAX, &end) == S_OK ? 0 : 1;
}

static int role_stay(void)
{
    printf("%u\n", os_pid());
    fflush(stdout);
    return wait_for_end_of_input();
}

static int role_crash(const char *how)
{
    os_crash(!strcmp(how, "terminate")   ? OS_CRASH_TERMINATE
             : !strcmp(how, "violation") ? OS_CRASH_ACCESS_VIOLATION
                                         : OS_CRASH_ABORT);
}

static int role_arguments(char **argv)
{
    for (char **argument = argv + 2; *argument; argument++)
        printf("%s\n", *argument);
    return 0;
}

static int run_role(char **argv)
{
    const char *role = argv[1], *argument = argv[2];
    if (!strcmp(role, "echo"))
        return role_echo();
    if (!strcmp(role, "show"))
        return role_show(argument);
    if (!strcmp(role, "lock"))
        return role_lock(argument);
    if (!strcmp(role, "parent"))
        return role_parent();
    if (!strcmp(role, "stay"))
        return role_stay();
    if (!strcmp(role, "arguments"))
        return role_arguments(argv);
    if (!strcmp(role, "crash"))
        return role_crash(argument);
    os_exit_now(0);
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    if (argc > 1)
        return run_role(argv);
    const struct CMUnitTest tests[] = {
        OS_TEST(threads_hand_over_by_condition),
        OS_TEST(a_wait_ends_at_its_deadline),
        OS_TEST(a_lock_excludes),
        OS_TEST(a_child_talks_and_ends),
        OS_TEST(a_child_gets_its_arguments_as_they_are),
        OS_TEST(a_file_that_is_open_here_is_not_open_in_a_child),
        OS_TEST(writing_to_a_child_that_is_gone_is_an_error),
        OS_TEST(a_child_ends_as_it_is_told),
        OS_TEST(killing_a_child_ends_what_it_started),
        OS_TEST(a_child_gets_folder_environment_and_files),
        OS_TEST(a_program_that_is_not_there_is_reported_at_once),
        OS_TEST(a_process_is_known_by_number_and_start),
        OS_TEST(a_process_that_was_asked_for_is_known_to_have_ended),
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
