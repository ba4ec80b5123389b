/* SPDX-License-Identifier: MIT */
/*
 * test_settings.c - the DISMFAKE_... environment. It is read once per process, so every case is a
 * child: this program, started as `test_settings child`, prints what it understood.
 */
#include "unit_support.h"

#include "settings.h"

static char *program;

static int report(void)
{
    const struct settings *s, *again;
    HRESULT hr = settings_get(&s);
    if (FAILED(hr)) {
        printf("0x%08X %s\n", (unsigned)hr, error_last()->text);
        error_clear();
        /* The answer stays the same, whatever the environment becomes. */
        os_setenv("DISMFAKE_NO_SUCH_THING", NULL);
        return settings_get(&s) != hr || error_last()->text[0] == '\0';
    }
    printf("ok state=%s online=%s given=%d faults=%s caller=%d leaks=%d strict=%d journal=%d "
           "already=0x%08X clock=%d %lld seed=%llu\n",
           s->state, s->online, s->online_is_given, s->faults ? s->faults : "-",
           s->callback_on_caller, s->leaks, s->strict, s->journal, (unsigned)s->already_initialized,
           s->clock_is_fixed, s->clock_start_ns, s->seed);
    return settings_get(&again) != S_OK || again != s;
}

/* What a child with these variables prints; `ends` is its exit code. */
static char *ask(const char *first, const char *second)
{
    AUTO_FREE char *state = mem_format("DISMFAKE_STATE=%s/state", support_folder);
    const char *argv[] = {program, "child", NULL};
    bool has_state = first && text_starts(first, "DISMFAKE_STATE=");
    const char *environment[] = {has_state ? first : state, has_state ? second : first,
                                 has_state ? NULL : second, NULL};
    struct os_child_options options = {
        .argv = argv, .environment = environment, .directory = support_folder, .pipe_stdout = true};
    struct os_child *child;
    struct os_child_end end = {0};
    char *line = NULL;
    assert_hr(S_OK, os_child_start(&options, &child));
    assert_hr(S_OK, os_child_read_line(child, os_now_ms() + PATIENCE_MS, &line));
    assert_hr(S_OK, os_child_wait(child, os_now_ms() + PATIENCE_MS, &end));
    os_child_free(child);
    assert_true(end.exited);
    assert_int_equal(0, end.exit_code);
    return line;
}

static void expect(const char *first, const char *second, const char *part)
{
    AUTO_FREE char *line = ask(first, second);
    if (!strstr(line, part))
        fail_msg("%s: '%s' lacks '%s'", first ? first : "nothing", line, part);
}

static void without_settings_the_defaults_hold(void **state)
{
    (void)state;
    AUTO_FREE char *expected =
        mem_format("ok state=%s/state online=%s/state/online given=0 faults=- caller=0 leaks=0 "
                   "strict=0 journal=1 already=0x800704DF clock=0 0 seed=1",
                   support_folder, support_folder);
    AUTO_FREE char *line = ask(NULL, NULL);
    assert_string_equal(expected, line);
}

static void an_unknown_name_is_refused_by_name(void **state)
{
    (void)state;
    expect("DISMFAKE_NO_SUCH_THING=1", NULL, "0x80070057 DISMFAKE_NO_SUCH_THING");
    expect("DISMFAKE_=1", NULL, "0x80070057 DISMFAKE_ ");
    expect("DISMFAKE_FAULT=[]", NULL, "0x80070057 DISMFAKE_FAULT ");
    expect("DISMFAKE_STATES=x", NULL, "0x80070057 DISMFAKE_STATES");
    expect("dismfake_leaks=1", NULL, "ok ");
    expect("DISMFAKE=1", NULL, "ok ");
}

static void a_bad_value_is_refused_with_name_and_value(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"DISMFAKE_ENGINE=lazy2", "DISMFAKE_ENGINE is 'lazy2'"},
        {"DISMFAKE_HIVE=1", "DISMFAKE_HIVE is '1'"},
        {"DISMFAKE_CALLBACK_THREAD=mine", "DISMFAKE_CALLBACK_THREAD is 'mine'"},
        {"DISMFAKE_JOURNAL=1", "DISMFAKE_JOURNAL is '1'"},
        {"DISMFAKE_LEAKS=yes", "DISMFAKE_LEAKS is 'yes'"},
        {"DISMFAKE_STRICT=on", "DISMFAKE_STRICT is 'on'"},
        {"DISMFAKE_ALREADY_INITIALIZED=oops", "DISMFAKE_ALREADY_INITIALIZED is 'oops'"},
        {"DISMFAKE_SEED=dice", "DISMFAKE_SEED is 'dice'"},
        {"DISMFAKE_SEED=-1", "DISMFAKE_SEED is '-1'"},
        {"DISMFAKE_CLOCK=yesterday", "DISMFAKE_CLOCK is 'yesterday'"},
        {"DISMFAKE_CLOCK=2024-13-01T00:00:00", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_CLOCK=2024-01-32T00:00:00", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_CLOCK=2024-01-01T24:00:00", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_CLOCK=2024-01-01T00:00:00Z", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_CLOCK=2024-01-01", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_CLOCK=1677-12-31T23:59:59", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_CLOCK=2262-01-01T00:00:00", "DISMFAKE_CLOCK is"},
        {"DISMFAKE_ONLINE=/", "the machine's own system is never opened"},
        {"DISMFAKE_TRACE=nonsense", "nonsense"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect(bad[i][0], NULL, bad[i][1]);
        expect(bad[i][0], NULL, "0x80");
    }
}

static void an_impossible_date_is_refused(void **state)
{
    (void)state;
    expect("DISMFAKE_CLOCK=2023-02-29T00:00:00", NULL, "DISMFAKE_CLOCK is");
    expect("DISMFAKE_CLOCK=2024-04-31T00:00:00", NULL, "DISMFAKE_CLOCK is");
}

static void good_values_are_taken(void **state)
{
    (void)state;
    expect("DISMFAKE_ENGINE=extract", "DISMFAKE_CALLBACK_THREAD=caller", "caller=1");
    expect("DISMFAKE_ENGINE=auto", "DISMFAKE_CALLBACK_THREAD=image", "caller=0");
    expect("DISMFAKE_HIVE=memory", NULL, "ok ");
    expect("DISMFAKE_HIVE=hivex", NULL, "ok ");
    expect("DISMFAKE_JOURNAL=off", NULL, "journal=0");
    expect("DISMFAKE_LEAKS=1", "DISMFAKE_STRICT=1", "leaks=1 strict=1");
    expect("DISMFAKE_ALREADY_INITIALIZED=S_OK", NULL, "already=0x00000000");
    expect("DISMFAKE_ALREADY_INITIALIZED=0x00000001", NULL, "already=0x00000001");
    expect("DISMFAKE_FAULTS=[]", NULL, "faults=[] ");
    expect("DISMFAKE_SEED=42", NULL, "seed=42");
    expect("DISMFAKE_SEED=", NULL, "seed=1");
    expect("DISMFAKE_CLOCK=1970-01-01T00:00:01", NULL, "clock=1 1000000000");
    expect("DISMFAKE_CLOCK=2024-02-29T12:00:00", NULL, "clock=1 1709208000000000000");
    expect("DISMFAKE_CLOCK=1969-12-31T23:59:59", NULL, "clock=1 -1000000000");
    expect("DISMFAKE_CLOCK=2261-12-31T23:59:59", NULL, "clock=1 9214646399000000000");
}

static void an_empty_value_is_the_default(void **state)
{
    (void)state;
    expect("DISMFAKE_LEAKS=", "DISMFAKE_FAULTS=", "faults=- caller=0 leaks=0");
    expect("DISMFAKE_CLOCK=", "DISMFAKE_ONLINE=", "given=0");
}

static void folders_are_absolute_and_the_state_folder_is_made(void **state)
{
    (void)state;
    AUTO_FREE char *expected =
        mem_format("ok state=%s/a/b/c online=%s/on given=1", support_folder, support_folder);
    AUTO_FREE char *made = in_folder("a/b/c");
    expect("DISMFAKE_STATE=a/./x/..//b/c/", "DISMFAKE_ONLINE=on", expected);
    assert_true(os_is_directory(made));
}

static void a_state_folder_that_cannot_be_made_is_refused(void **state)
{
    (void)state;
    AUTO_FREE char *file = in_folder("file");
    write_file(file, "in the way");
    expect("DISMFAKE_STATE=file/below", NULL, "0x8007");
    if (!os_has_drives())
        expect("DISMFAKE_STATE=C:\\state", NULL, "0x80070057 DISMFAKE_STATE is 'C:\\state'");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_settings_the_defaults_hold),
        cmocka_unit_test(an_unknown_name_is_refused_by_name),
        cmocka_unit_test(a_bad_value_is_refused_with_name_and_value),
        cmocka_unit_test(an_impossible_date_is_refused),
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(an_empty_value_is_the_default),
        cmocka_unit_test(folders_are_absolute_and_the_state_folder_is_made),
        cmocka_unit_test(a_state_folder_that_cannot_be_made_is_refused),
    };
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return report();
    support_begin();
    if (FAILED(os_executable_path(&program)))
        return 1;
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    mem_free(program);
    return failures;
}
