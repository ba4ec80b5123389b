/* SPDX-License-Identifier: MIT */
/* test_world.c - changes of the world: what is refused, how long they last, what they answer. */
#include "unit_support.h"

#include "clock.h"
#include "dismfake.h"
#include "journal.h"
#include "settings.h"
#include "state_file.h"
#include "world.h"

static int forget(void **state)
{
    (void)state;
    clock_reset();
    return FAILED(journal_clear()) || FAILED(world_clear());
}

static void change(const char *format, ...) CHECK_FORMAT(1, 2);

static void change(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    AUTO_FREE char *json = mem_format_v(format, args);
    va_end(args);
    assert_hr(S_OK, DismFakeWorld(json));
}

static size_t changes_in_force(void)
{
    AUTO_JSON struct json *list = NULL;
    assert_hr(S_OK, world_list(&list));
    return json_len(list);
}

static void a_mistake_is_named_by_its_pointer_and_changes_nothing(void **state)
{
    static const struct {
        const char *json, *says;
    } mistakes[] = {
        {"{", "line 1"},
        {"[]", "expected an object"},
        {"{\"weather\": \"rain\"}", "none of the world's verbs"},
        {"{\"volume\": \"/x\"}", "/is"},
        {"{\"volume\": \"/x\", \"is\": {}}", "/is"},
        {"{\"volume\": \"/x\", \"is\": {\"kind\": \"floppy\"}}", "/is/kind knows no 'floppy'"},
        {"{\"volume\": \"/x\", \"is\": {\"dedup\": 1}}", "/is/dedup"},
        {"{\"volume\": \"/x\", \"is\": {\"freeBytes\": -1}}", "/is/freeBytes"},
        {"{\"volume\": \"/x\", \"is\": {\"colour\": 1}}", "'colour' at /is"},
        {"{\"volume\": 7, \"is\": {\"dedup\": true}}", "/volume"},
        {"{\"elevated\": \"no\"}", "a boolean at /elevated"},
        {"{\"service\": \"spooler\", \"is\": \"missing\"}", "/service knows no 'spooler'"},
        {"{\"service\": \"installer\"}", "/is"},
        {"{\"scanner\": \"/x\", \"does\": \"bark\"}", "/does knows no 'bark'"},
        {"{\"scanner\": \"/x\", \"does\": \"block\", \"nth\": 0}", "/nth is 0"},
        {"{\"holdFile\": \"/x\", \"share\": \"some\"}", "/share knows no 'some'"},
        {"{\"holdFile\": \"/x\", \"shared\": \"all\"}", "'shared'"},
        {"{\"holdFile\": \"\"}", "empty"},
        {"{\"tamper\": \"/x\", \"how\": \"delete\"}", "to the file itself"},
        {"{\"writeFile\": \"/x\", \"text\": \"\"}", "to the file itself"},
        {"{\"saveState\": \"kept\"}", "DismFakeSaveState"},
        {"{\"hostVersion\": \"10.0.1\"}", "'10.0.1'"},
        {"{\"windowsUpdate\": true}", "/windowsUpdate"},
        {"{\"windowsUpdate\": \"/x\", \"is\": \"missing\"}", "'is'"},
        {"{\"elevated\": false, \"as\": \"me\"}", "'as'"},
        {"{\"loadHive\": \"/x\", \"as\": 3}", "/as"},
        {"{\"advanceMs\": 1, \"as\": \"t\"}", "'as'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        HRESULT hr = DismFakeWorld(mistakes[i].json);
        if (SUCCEEDED(hr) || !strstr(error_last()->text, mistakes[i].says))
            fail_msg("%s gave 0x%08X and said '%s'", mistakes[i].json, (unsigned)hr,
                     error_last()->text);
    }
    assert_hr(E_INVALIDARG, DismFakeWorld(NULL));
    assert_int_equal(0, changes_in_force());
}

static void a_named_change_is_undone_by_its_name_once(void **state)
{
    (void)state;
    change("{\"holdFile\": \"%s/a\", \"as\": \"one\"}", support_folder);
    change("{\"holdFile\": \"%s/b\", \"as\": \"two\"}", support_folder);
    change("{\"loadHive\": \"%s/c\"}", support_folder);
    assert_hr(E_INVALIDARG, DismFakeWorld("{\"loadHive\": \"/d\", \"as\": \"one\"}"));
    assert_hr(S_OK, DismFakeWorldRelease("one"));
    assert_hr(S_FALSE, DismFakeWorldRelease("one"));
    assert_int_equal(2, changes_in_force());
    assert_hr(S_OK, DismFakeWorldRelease(NULL)); /* all that have a name */
    assert_int_equal(1, changes_in_force());
    assert_hr(S_FALSE, DismFakeWorldRelease(NULL));
}

static void a_restart_ends_what_processes_had_open_and_nothing_else(void **state)
{
    (void)state;
    change("{\"holdFile\": \"%s/a\"}", support_folder);
    change("{\"tamper\": \"%s/a\", \"how\": \"lock\"}", support_folder);
    change("{\"loadHive\": \"%s/a\"}", support_folder);
    change("{\"otherProcess\": \"%s\", \"does\": \"servicing\"}", support_folder);
    change("{\"tamper\": \"%s/a\", \"how\": \"deny-access\"}", support_folder);
    change("{\"volume\": \"%s\", \"is\": {\"dedup\": true}}", support_folder);
    change("{\"scanner\": \"%s\", \"does\": \"slow\"}", support_folder);
    assert_hr(S_OK, DismFakeWorld("{\"service\": \"installer\", \"is\": \"stopped\"}"));
    assert_hr(S_OK, DismFakeWorld("{\"hostVersion\": \"10.0.1.0\"}"));
    change("{\"windowsUpdate\": \"%s\"}", support_folder);
    assert_int_equal(10, changes_in_force());
    assert_hr(S_OK, DismFakeReboot());
    assert_int_equal(6, changes_in_force());
    assert_hr(S_OK, DismFakeReset());
    assert_int_equal(0, changes_in_force());
}

static void the_newest_elevation_and_version_replace_the_older(void **state)
{
    struct world_version version;
    (void)state;
    assert_false(world_host_version(&version));
    assert_hr(S_OK, DismFakeWorld("{\"hostVersion\": \"6.1.7600.0\"}"));
    assert_hr(S_OK, DismFakeWorld("{\"hostVersion\": \"10.0.26100.4\"}"));
    assert_true(world_host_version(&version));
    assert_int_equal(26100, version.part[2]);
    assert_hr(S_OK, DismFakeWorld("{\"elevated\": false}"));
    assert_hr(HR_WIN32(ERROR_ELEVATION_REQUIRED), world_check_elevated());
    assert_hr(S_OK, DismFakeWorld("{\"elevated\": true}"));
    assert_hr(S_OK, world_check_elevated());
    assert_int_equal(2, changes_in_force());
}

static void windows_update_has_what_is_said_in_that_order(void **state)
{
    AUTO_FREE char *first = in_folder("first"), *second = in_folder("second");
    char *found = NULL;
    (void)state;
    assert_hr(S_FALSE, world_windows_update(0, &found));
    change("{\"windowsUpdate\": \"%s\", \"as\": \"a\"}", first);
    change("{\"windowsUpdate\": \"%s\"}", second);
    for (size_t i = 0; i < 2; i++) {
        assert_hr(S_OK, world_windows_update(i, &found));
        assert_string_equal(path_name(i ? second : first), path_name(found));
        mem_free(found);
    }
    assert_hr(S_FALSE, world_windows_update(2, &found));
    assert_hr(S_OK, DismFakeWorldRelease("a"));
    assert_hr(S_FALSE, world_windows_update(1, &found));
}

static void room_is_what_is_left_of_it(void **state)
{
    (void)state;
    AUTO_FREE char *folder = in_folder("disk");
    AUTO_FREE char *old = in_folder("disk/old"), *new = in_folder("disk/deep/new");
    AUTO_FREE char *deep = in_folder("disk/deep"), *elsewhere = in_folder("elsewhere");
    assert_hr(S_OK, os_make_directories(deep));
    write_file(old, "0123456789");
    change("{\"volume\": \"%s\", \"is\": {\"freeBytes\": 20}}", folder);
    assert_hr(S_OK, world_check_room(new, 20));
    assert_hr(HR_WIN32(ERROR_DISK_FULL), world_check_room(new, 21));
    assert_hr(S_OK, world_check_room(elsewhere, 1000));
    write_file(new, "012345678901");
    assert_hr(S_OK, world_check_room(new, 8));
    assert_hr(HR_WIN32(ERROR_DISK_FULL), world_check_room(folder, 9));
    assert_hr(S_OK, os_remove_file(old)); /* makes room */
    assert_hr(S_OK, world_check_room(new, 18));
    assert_hr(HR_WIN32(ERROR_DISK_FULL), world_check_room(new, 19));
    assert_hr(S_OK, os_remove_tree(folder, true));
}

static void the_nearest_volume_says_what_holds(void **state)
{
    (void)state;
    AUTO_FREE char *close_by = in_folder("a/b"), *inside = in_folder("a/b/c"),
                   *beside = in_folder("ab");
    change("{\"volume\": \"%s/a\", \"is\": {\"kind\": \"network\", \"dedup\": true}}",
           support_folder);
    assert_true(world_is_network(close_by));
    assert_false(world_is_network(beside));
    change("{\"volume\": \"%s\", \"is\": {\"kind\": \"fixed\"}, \"as\": \"n\"}", close_by);
    assert_false(world_is_network(inside));
    /* What the near one does not speak of is the far one's word. */
    assert_hr(HR_WIN32(ERROR_NOT_SUPPORTED), world_check_mount(inside));
    assert_hr(S_OK, DismFakeWorldRelease("n"));
    assert_true(world_is_network(inside));
}

static void a_scanner_counts_files_from_its_beginning(void **state)
{
    (void)state;
    AUTO_FREE char *file = in_folder("scanned/file"), *other = in_folder("other");
    assert_hr(S_OK, world_open_files(file, WORLD_READ, 1));
    change("{\"scanner\": \"%s/scanned\", \"does\": \"block\", \"nth\": 3}", support_folder);
    assert_hr(S_OK, world_open_files(file, WORLD_READ, 1));
    assert_hr(S_OK, world_open_files(other, WORLD_READ, 5));
    assert_hr(S_OK, world_open_files(file, WORLD_READ, 0)); /* a question, no opening */
    assert_hr(S_OK, world_open_files(file, WORLD_READ, 1));
    assert_hr(E_ACCESSDENIED, world_open_files(file, WORLD_READ, 4));
    assert_hr(S_OK, world_open_files(file, WORLD_READ, 1));
}

static void a_slow_scanner_takes_virtual_time_for_each_file(void **state)
{
    (void)state;
    change("{\"scanner\": \"%s\", \"does\": \"slow\"}", support_folder);
    assert_hr(S_OK, world_open_files(support_folder, WORLD_PLACE, 3));
    assert_int_equal(3000, clock_advanced_ms());
}

static void sharing_lets_readers_in_and_writers_not(void **state)
{
    (void)state;
    AUTO_FREE char *file = in_folder("shared");
    change("{\"holdFile\": \"%s\", \"share\": \"read\", \"as\": \"h\"}", file);
    assert_hr(S_OK, world_open_files(file, WORLD_READ, 1));
    assert_hr(HR_WIN32(ERROR_SHARING_VIOLATION), world_open_files(file, WORLD_WRITE, 1));
    assert_hr(S_OK, DismFakeWorldRelease("h"));
    change("{\"holdFile\": \"%s\", \"as\": \"h\"}", file);
    assert_hr(S_OK, world_open_files(file, WORLD_WRITE, 1));
    assert_hr(S_OK, DismFakeWorldRelease("h"));
    change("{\"tamper\": \"%s\", \"how\": \"lock\"}", file);
    assert_hr(HR_WIN32(ERROR_SHARING_VIOLATION), world_open_files(file, WORLD_READ, 1));
}

static void a_path_is_known_through_a_link_too(void **state)
{
    (void)state;
    AUTO_FREE char *real = in_folder("real"), *link = in_folder("link"), *found = NULL;
    assert_hr(S_OK, os_make_directory(real));
    if (!support_has_links(support_folder))
        skip();
    assert_hr(S_OK, os_make_link(real, link));
    change("{\"holdFile\": \"%s/not there yet\"}", link);
    assert_hr(S_OK, world_find_opener(real, &found));
    assert_true(text_ends(found, "real/not there yet"));
    AUTO_FREE char *none = NULL;
    AUTO_FREE char *elsewhere = in_folder("elsewhere");
    assert_hr(S_FALSE, world_find_opener(elsewhere, &none));
}

static void what_stands_in_the_way_is_in_the_journal(void **state)
{
    (void)state;
    assert_hr(S_OK, DismFakeWorld("{\"elevated\": false}"));
    assert_hr(HR_WIN32(ERROR_ELEVATION_REQUIRED), world_check_elevated());
    AUTO_JSON struct json *all = NULL;
    assert_hr(S_OK, journal_read(&all));
    const struct json *entry = json_at(all, json_len(all) - 1);
    assert_string_equal("world", json_string(json_get(entry, "event")));
    assert_non_null(json_get(json_get(entry, "change"), "elevated"));
}

/* A list of another boot of the real machine, as a file written before it went down. */
static void the_real_machine_s_restart_counts_too(void **state)
{
    (void)state;
    AUTO_FREE char *path = in_folder("state/world.json");
    write_file(path,
               "{\"version\": 1, \"changes\": [{\"change\": {\"loadHive\": \"/a\"}, \"path\": "
               "\"/a\", \"boot\": \"an earlier one\"}, {\"change\": {\"elevated\": false}}]}");
    assert_int_equal(1, changes_in_force());
}

/* Until it is known that nothing is there, by a folder that has not changed for a while. */
static void look_until_settled(const char *name)
{
    const struct settings *settings;
    struct os_stat folder, found;
    assert_hr(S_OK, settings_get(&settings));
    int64_t clock;
    do {
        clock = os_file_clock_ns();
        assert_hr(S_OK, os_stat(settings->state, &folder));
        state_file_look(name, &found);
        assert_int_equal(0, found.inode);
    } while (!state_file_is_settled(&folder, clock));
    state_file_look(name, &found);
    assert_int_equal(0, found.inode);
}

static void what_was_not_there_is_found_when_it_comes(void **state)
{
    (void)state;
    AUTO_FREE char *path = NULL;
    assert_hr(S_OK, settings_state_path("guest", &path));
    for (int i = 0; i < 2; i++) {
        struct os_stat found;
        look_until_settled("guest");
        assert_hr(S_OK, os_write_file_atomic(path, "x", 1));
        state_file_look("guest", &found);
        assert_int_equal(1, found.size);
        state_file_look("guest", &found);
        assert_int_equal(1, found.size);
        assert_hr(S_OK, os_remove_file(path));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_mistake_is_named_by_its_pointer_and_changes_nothing, forget),
        cmocka_unit_test_setup(a_named_change_is_undone_by_its_name_once, forget),
        cmocka_unit_test_setup(a_restart_ends_what_processes_had_open_and_nothing_else, forget),
        cmocka_unit_test_setup(the_newest_elevation_and_version_replace_the_older, forget),
        cmocka_unit_test_setup(windows_update_has_what_is_said_in_that_order, forget),
        cmocka_unit_test_setup(room_is_what_is_left_of_it, forget),
        cmocka_unit_test_setup(the_nearest_volume_says_what_holds, forget),
        cmocka_unit_test_setup(a_scanner_counts_files_from_its_beginning, forget),
        cmocka_unit_test_setup(a_slow_scanner_takes_virtual_time_for_each_file, forget),
        cmocka_unit_test_setup(sharing_lets_readers_in_and_writers_not, forget),
        cmocka_unit_test_setup(a_path_is_known_through_a_link_too, forget),
        cmocka_unit_test_setup(what_stands_in_the_way_is_in_the_journal, forget),
        cmocka_unit_test_setup(the_real_machine_s_restart_counts_too, forget),
        cmocka_unit_test_setup(what_was_not_there_is_found_when_it_comes, forget),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
