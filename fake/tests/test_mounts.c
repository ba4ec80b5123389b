/* SPDX-License-Identifier: MIT */
/*
 * test_mounts.c - the mount registry: kept on disk, refused when damaged, what each record means,
 * restarts of the machine, also with a process killed in the middle of one.
 */
#include "unit_support.h"

#include "image.h"
#include "json.h"

static char *image, *folder, *registry;

static int begin(void **state)
{
    (void)state;
    image = in_folder("image.wim");
    folder = in_folder("mount");
    registry = in_folder("state/registry.json");
    write_file(image, "not looked into");
    return FAILED(os_make_directory(folder));
}

static int end(void **state)
{
    (void)state;
    HRESULT hr = os_remove_tree(support_folder, false);
    AUTO_FREE char *state_folder = in_folder("state");
    mem_free(image);
    mem_free(folder);
    mem_free(registry);
    return FAILED(hr) || FAILED(os_make_directory(state_folder));
}

static void keep_empty_manifest(const struct mount *mount)
{
    AUTO_FREE char *side = NULL, *manifest = NULL;
    struct tree nothing = {0};
    assert_hr(S_OK, mount_side_path(mount, NULL, &side));
    assert_hr(S_OK, os_make_directories(side));
    assert_hr(S_OK, mount_side_path(mount, "manifest", &manifest));
    assert_hr(S_OK, tree_save(&nothing, manifest));
}

/* A mount of `image` at `folder` in that state, unpacked; its id, caller's. */
static char *add_mount(enum mount_state mount_state)
{
    AUTO_MOUNTS struct mounts m = {0};
    struct os_stat now;
    assert_hr(S_OK, mounts_open(&m));
    struct mount *mount = mounts_add(&m);
    assert_non_null(mount);
    mount->image_path = mem_dup(image);
    mount->image_path_given = mem_dup(image);
    mount->mount_path = mem_dup(folder);
    mount->mount_path_given = mem_dup(folder);
    mount->engine = mem_dup("extract");
    mount->index = 3;
    mount->is_readonly = true;
    assert_hr(S_OK, os_stat(folder, &now));
    mount->folder_device = now.device;
    mount->folder_inode = now.inode;
    mount->stamp = (struct image_stamp){1ull << 60, UINT64_MAX, 5, -7};
    mount->state = mount_state;
    if (mount_state == MOUNT_COMMITTING)
        for (size_t i = 0; i < SAVED_HEADER; i++)
            mount->saved.header[i] = (unsigned char)(i * 7);
    mount->saved.stamp.size = 99;
    mount->saved.written.size = 101;
    assert_hr(S_OK, mounts_save(&m));
    keep_empty_manifest(mount);
    return mem_dup(mount->id);
}

static DismMountStatus status_now(const char *id)
{
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    const struct mount *mount = mounts_find_id(&m, id);
    assert_non_null(mount);
    return mount_status(&m, mount);
}

/* ---- on disk ---- */

static void a_record_survives_being_read_again(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_COMMITTING);
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    assert_int_equal(1, m.list.len);
    const struct mount *mount = mounts_find_path(&m, folder);
    assert_non_null(mount);
    assert_ptr_equal(mount, mounts_find_id(&m, id));
    assert_string_equal(image, mount->image_path);
    assert_string_equal("extract", mount->engine);
    assert_string_equal(m.boot, mount->boot);
    assert_null(mount->aside);
    assert_int_equal(3, mount->index);
    assert_true(mount->is_readonly);
    assert_int_equal(MOUNT_COMMITTING, mount->state);
    assert_true(mount->stamp.size == 1ull << 60 && mount->stamp.device == UINT64_MAX);
    assert_true(mount->stamp.inode == 5 && mount->stamp.mtime_ns == -7);
    assert_int_equal(99, mount->saved.stamp.size);
    assert_int_equal(101, mount->saved.written.size);
    for (size_t i = 0; i < SAVED_HEADER; i++)
        assert_int_equal((unsigned char)(i * 7), mount->saved.header[i]);
    assert_null(mounts_find_path(&m, image));
    assert_null(mounts_find_id(&m, "no id"));
}

static void ids_differ_and_removing_takes_the_right_one(void **state)
{
    (void)state;
    AUTO_FREE char *first = add_mount(MOUNT_OK), *second = add_mount(MOUNT_OK);
    assert_string_not_equal(first, second);
    assert_int_equal(36, strlen(first));
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    mounts_remove(&m, mounts_find_id(&m, first));
    assert_hr(S_OK, mounts_save(&m));
    mounts_close(&m);
    assert_hr(S_OK, mounts_open(&m));
    assert_int_equal(1, m.list.len);
    assert_non_null(mounts_find_id(&m, second));
}

static void what_is_not_saved_is_not_kept(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK);
    {
        AUTO_MOUNTS struct mounts m = {0};
        assert_hr(S_OK, mounts_open(&m));
        mounts_find_id(&m, id)->state = MOUNT_INVALID;
    }
    assert_int_equal(DismMountStatusOk, status_now(id));
}

static void assert_refused_and_left_alone(const char *content, size_t size)
{
    struct mounts m;
    AUTO_FREE char *after = NULL;
    size_t size_after;
    assert_hr(S_OK, os_write_file_atomic(registry, content, size));
    HRESULT hr = mounts_open(&m);
    if (hr != HR_WIN32(ERROR_FILE_CORRUPT))
        fail_msg("0x%08X for: %.*s", (unsigned)hr, (int)size, content);
    assert_non_null(strstr(error_last()->text, "registry.json"));
    assert_hr(HR_WIN32(ERROR_FILE_CORRUPT), mounts_reboot());
    assert_hr(S_OK, os_read_file(registry, &after, &size_after));
    assert_int_equal(size, size_after);
    assert_memory_equal(content, after, size);
}

static void a_registry_cut_short_anywhere_is_refused_and_left_alone(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_COMMITTING), *good = NULL;
    size_t size;
    assert_hr(S_OK, os_read_file(registry, &good, &size));
    while (size && good[size - 1] != '}')
        size--;
    for (size_t len = 0; len < size; len += 1 + len % 3)
        assert_refused_and_left_alone(good, len);
    assert_hr(S_OK, os_write_file_atomic(registry, good, size));
    assert_non_null(id);
    assert_int_equal(DismMountStatusOk, status_now(id));
}

static void a_registry_with_wrong_content_is_refused_and_left_alone(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "[]",
        "null",
        "\xFF\xFE",
        "{\"version\":2,\"reboots\":0,\"mounts\":[]}",
        "{\"version\":\"1\",\"reboots\":0,\"mounts\":[]}",
        "{\"version\":1,\"mounts\":[]}",
        "{\"version\":1,\"reboots\":-1,\"mounts\":[]}",
        "{\"version\":1,\"reboots\":0}",
        "{\"version\":1,\"reboots\":0,\"mounts\":{}}",
        "{\"version\":1,\"reboots\":0,\"mounts\":\"none\"}",
        "{\"version\":1,\"reboots\":0,\"mounts\":[7]}",
        "{\"version\":1,\"reboots\":0,\"mounts\":[{}]}",
        "{\"version\":1,\"reboots\":0,\"mounts\":[]} trailing",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_refused_and_left_alone(wrong[i], strlen(wrong[i]));
}

static void a_record_that_lacks_or_twists_a_member_is_refused(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_COMMITTING), *good = NULL;
    AUTO_JSON struct json *root = NULL;
    size_t size, members = 0;
    assert_hr(S_OK, os_read_file(registry, &good, &size));
    assert_hr(S_OK, json_parse(good, size, &root));
    for (const struct json *v = json_first(json_at(json_get(root, "mounts"), 0)); v;
         v = json_next(v), members++) {
        AUTO_JSON struct json *changed = json_copy(root);
        struct json *record = (struct json *)json_at(json_get(changed, "mounts"), 0);
        assert_true(json_set(record, json_key(v), json_new_null()));
        AUTO_FREE char *twisted = json_print(changed);
        assert_refused_and_left_alone(twisted, strlen(twisted));
        if (strcmp(json_key(v), "readOnly") == 0)
            continue; /* may be missing */
        json_remove(record, json_key(v));
        AUTO_FREE char *lacking = json_print(changed);
        assert_refused_and_left_alone(lacking, strlen(lacking));
    }
    assert_true(members > 10);
    assert_non_null(id);
}

/* ---- busy or abandoned ---- */

static void work_belongs_to_a_process_that_lives(void **state)
{
    (void)state;
    AUTO_FREE char *program = NULL;
    assert_hr(S_OK, os_executable_path(&program));
    const char *argv[] = {program, "wait", NULL};
    struct os_child_options options = {.argv = argv, .pipe_stdin = true};
    struct os_child *child;
    struct os_child_end child_end;
    assert_hr(S_OK, os_child_start(&options, &child));
    struct mount mount = {.state = MOUNT_COMMITTING, .owner_pid = os_child_pid(child)};
    mount.owner_start = os_process_start_time(mount.owner_pid);
    assert_true(mount_is_busy(&mount));
    assert_false(mount_is_ours(&mount));
    static const struct {
        enum mount_state state;
        bool is_work;
    } states[] = {{MOUNT_MOUNTING, true},   {MOUNT_OK, false},      {MOUNT_COMMITTING, true},
                  {MOUNT_UNMOUNTING, true}, {MOUNT_PARTIAL, false}, {MOUNT_INVALID, false}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        mount.state = states[i].state;
        assert_int_equal(states[i].is_work, mount_is_busy(&mount));
    }
    mount.state = MOUNT_COMMITTING;
    mount.owner_start++; /* the same number, another process */
    assert_false(mount_is_busy(&mount));
    mount.owner_start--;
    os_child_kill(child);
    assert_hr(S_OK, os_child_wait(child, os_now_ms() + PATIENCE_MS, &child_end));
    os_child_free(child);
    assert_false(mount_is_busy(&mount));
    mount_claim(&mount, MOUNT_UNMOUNTING);
    assert_true(mount_is_busy(&mount) && mount_is_ours(&mount));
}

/* ---- what a record means ---- */

static void set_owner(const char *id, bool is_alive)
{
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, id);
    enum mount_state before = mount->state;
    mount_claim(mount, before);
    if (!is_alive)
        mount->owner_start++;
    assert_hr(S_OK, mounts_save(&m));
}

static void every_state_has_its_status(void **state)
{
    (void)state;
    static const struct {
        enum mount_state state;
        bool is_alive;
        DismMountStatus status;
    } rows[] = {
        {MOUNT_MOUNTING, true, DismMountStatusInvalid},
        {MOUNT_MOUNTING, false, DismMountStatusInvalid},
        {MOUNT_OK, true, DismMountStatusOk},
        {MOUNT_OK, false, DismMountStatusOk},
        {MOUNT_COMMITTING, true, DismMountStatusOk},
        {MOUNT_COMMITTING, false, DismMountStatusOk},
        {MOUNT_UNMOUNTING, true, DismMountStatusOk},
        {MOUNT_UNMOUNTING, false, DismMountStatusInvalid},
        {MOUNT_PARTIAL, true, DismMountStatusInvalid},
        {MOUNT_INVALID, true, DismMountStatusInvalid},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_FREE char *id = add_mount(rows[i].state);
        set_owner(id, rows[i].is_alive);
        if (rows[i].status != status_now(id))
            fail_msg("%s, %s", mount_state_name(rows[i].state), rows[i].is_alive ? "busy" : "left");
    }
}

static void a_mount_without_its_image_file_is_invalid(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK), *away = in_folder("away.wim");
    assert_hr(S_OK, os_rename(image, away));
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_make_directory(image));
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_remove_directory(image));
    assert_hr(S_OK, os_rename(away, image));
    assert_int_equal(DismMountStatusOk, status_now(id));
}

static void a_mount_without_its_own_folder_is_invalid(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK), *away = in_folder("away");
    assert_hr(S_OK, os_rename(folder, away));
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_make_directory(folder));
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_remove_directory(folder));
    write_file(folder, "a file");
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_remove_file(folder));
    assert_hr(S_OK, os_rename(away, folder));
    assert_int_equal(DismMountStatusOk, status_now(id));
}

/* ---- restarts ---- */

static void put(const char *path, const char *name)
{
    AUTO_FREE char *file = mem_format("%s/%s", path, name);
    write_file(file, name);
}

static bool has(const char *path, const char *name)
{
    AUTO_FREE char *file = mem_format("%s/%s", path, name);
    return os_exists(file);
}

static char *aside_of(const char *id)
{
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    const struct mount *mount = mounts_find_id(&m, id);
    return mount->aside ? mem_dup(mount->aside) : NULL;
}

/* The way of DismRemountImage, without its checks. */
static void bring_back(const char *id)
{
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    struct mount *mount = mounts_find_id(&m, id);
    assert_hr(S_OK, image_engine_of(mount)->restore(mount));
    mem_free(mount->boot);
    mount->boot = mem_dup(m.boot);
    assert_hr(S_OK, mounts_save(&m));
}

static void a_restart_takes_the_tree_away_and_a_remount_brings_it_back(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK);
    put(folder, "one");
    put(folder, ".hidden");
    assert_hr(S_OK, mounts_reboot());
    assert_int_equal(DismMountStatusNeedsRemount, status_now(id));
    assert_true(os_is_empty_directory(folder));
    AUTO_FREE char *aside = aside_of(id);
    assert_non_null(aside);
    assert_true(has(aside, "one") && has(aside, ".hidden"));
    bring_back(id);
    assert_int_equal(DismMountStatusOk, status_now(id));
    assert_true(has(folder, "one") && has(folder, ".hidden"));
    assert_false(os_exists(aside));
}

static void two_restarts_are_as_good_as_one(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK);
    put(folder, "one");
    assert_hr(S_OK, mounts_reboot());
    assert_hr(S_OK, mounts_reboot());
    assert_int_equal(DismMountStatusNeedsRemount, status_now(id));
    bring_back(id);
    assert_int_equal(DismMountStatusOk, status_now(id));
    assert_true(has(folder, "one"));
}

static void a_process_killed_while_taking_the_tree_away_loses_nothing(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK), *text = NULL, *half = NULL;
    AUTO_JSON struct json *root = NULL;
    size_t size;
    put(folder, "one");
    put(folder, "two");
    /* As the killed process left it: the restart is counted, one of two entries is moved. */
    assert_hr(S_OK, os_read_file(registry, &text, &size));
    assert_hr(S_OK, json_parse(text, size, &root));
    assert_true(json_set(root, "reboots", json_new_number(1)));
    AUTO_FREE char *restarted = json_print(root);
    write_file(registry, restarted);
    half = mem_format("%s/.dismfake-%s", support_folder, id);
    assert_hr(S_OK, os_make_directory(half));
    put(half, "one");
    AUTO_FREE char *moved = mem_format("%s/one", folder);
    assert_hr(S_OK, os_remove_file(moved));

    assert_int_equal(DismMountStatusNeedsRemount, status_now(id));
    AUTO_FREE char *aside = aside_of(id);
    assert_string_equal(half, aside);
    assert_true(os_is_empty_directory(folder));
    bring_back(id);
    assert_true(has(folder, "one") && has(folder, "two"));
    assert_int_equal(DismMountStatusOk, status_now(id));
}

static void a_process_killed_while_bringing_the_tree_back_loses_nothing(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK);
    put(folder, "one");
    put(folder, "two");
    assert_hr(S_OK, mounts_reboot());
    AUTO_FREE char *aside = aside_of(id), *from = mem_format("%s/one", aside),
                   *to = mem_format("%s/one", folder);
    assert_hr(S_OK, os_rename(from, to));
    assert_int_equal(DismMountStatusNeedsRemount, status_now(id));
    bring_back(id);
    assert_true(has(folder, "one") && has(folder, "two"));
    assert_int_equal(DismMountStatusOk, status_now(id));
}

static void a_process_killed_before_the_record_was_saved_loses_nothing(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK);
    put(folder, "one");
    assert_hr(S_OK, mounts_reboot());
    {
        AUTO_MOUNTS struct mounts m = {0};
        assert_hr(S_OK, mounts_open(&m));
        struct mount *mount = mounts_find_id(&m, id);
        assert_hr(S_OK, image_engine_of(mount)->restore(mount));
    }
    assert_int_equal(DismMountStatusNeedsRemount, status_now(id));
    bring_back(id);
    assert_true(has(folder, "one"));
    assert_int_equal(DismMountStatusOk, status_now(id));
}

static void a_folder_in_the_place_of_the_mounted_one_is_left_where_it_is(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK), *moved = in_folder("moved");
    put(folder, "one");
    assert_hr(S_OK, os_rename(folder, moved));
    assert_hr(S_OK, os_make_directory(folder));
    put(folder, "of somebody");
    assert_hr(S_OK, mounts_reboot());
    assert_true(has(folder, "of somebody") && has(moved, "one"));
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_remove_tree(folder, true));
    if (!support_has_links(support_folder))
        return;
    assert_hr(S_OK, os_make_link(moved, folder)); /* the right folder, but not here any more */
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_hr(S_OK, os_remove_file(folder));
}

static void what_lies_in_the_way_of_a_remount_is_not_replaced(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK), *way = mem_format("%s/one", folder), *content = NULL;
    size_t size;
    put(folder, "one");
    put(folder, "two");
    assert_hr(S_OK, mounts_reboot());
    write_file(way, "of somebody");
    {
        AUTO_MOUNTS struct mounts m = {0};
        assert_hr(S_OK, mounts_open(&m));
        struct mount *mount = mounts_find_id(&m, id);
        assert_hr(HR_WIN32(ERROR_ALREADY_EXISTS), image_engine_of(mount)->restore(mount));
    }
    assert_hr(S_OK, os_read_file(way, &content, &size));
    assert_string_equal("of somebody", content);
    assert_hr(S_OK, os_remove_file(way));
    bring_back(id);
    assert_true(has(folder, "one") && has(folder, "two"));
}

static void a_mount_that_is_not_ok_is_left_where_it_is(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_PARTIAL);
    put(folder, "rest");
    assert_hr(S_OK, mounts_reboot());
    assert_int_equal(DismMountStatusInvalid, status_now(id));
    assert_true(has(folder, "rest"));
}

static void a_mount_whose_folder_is_gone_does_not_close_the_registry(void **state)
{
    (void)state;
    AUTO_FREE char *id = add_mount(MOUNT_OK);
    assert_hr(S_OK, os_remove_directory(folder));
    assert_hr(S_OK, mounts_reboot());
    assert_int_equal(DismMountStatusInvalid, status_now(id));
}

static void work_in_another_transaction(void *argument)
{
    for (int i = 0; i < 50; i++) {
        AUTO_MOUNTS struct mounts m = {0};
        if (FAILED(mounts_open(&m)))
            return;
        m.reboots++;
        if (FAILED(mounts_save(&m)))
            return;
        ++*(unsigned *)argument;
    }
}

static void transactions_of_threads_do_not_lose_each_others_changes(void **state)
{
    (void)state;
    struct os_thread *threads[3];
    unsigned done[3] = {0};
    for (size_t i = 0; i < 3; i++)
        assert_hr(S_OK, os_thread_start(work_in_another_transaction, &done[i], &threads[i]));
    for (size_t i = 0; i < 3; i++) {
        os_thread_join(threads[i]);
        assert_int_equal(50, done[i]);
    }
    AUTO_MOUNTS struct mounts m = {0};
    assert_hr(S_OK, mounts_open(&m));
    assert_int_equal(150, m.reboots);
}

#define MOUNTS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) /* the child of a test, until its input ends or it is killed */
        return getchar() == EOF ? 0 : 1;
    const struct CMUnitTest tests[] = {
        MOUNTS_TEST(a_record_survives_being_read_again),
        MOUNTS_TEST(ids_differ_and_removing_takes_the_right_one),
        MOUNTS_TEST(what_is_not_saved_is_not_kept),
        MOUNTS_TEST(a_registry_cut_short_anywhere_is_refused_and_left_alone),
        MOUNTS_TEST(a_registry_with_wrong_content_is_refused_and_left_alone),
        MOUNTS_TEST(a_record_that_lacks_or_twists_a_member_is_refused),
        MOUNTS_TEST(work_belongs_to_a_process_that_lives),
        MOUNTS_TEST(every_state_has_its_status),
        MOUNTS_TEST(a_mount_without_its_image_file_is_invalid),
        MOUNTS_TEST(a_mount_without_its_own_folder_is_invalid),
        MOUNTS_TEST(a_restart_takes_the_tree_away_and_a_remount_brings_it_back),
        MOUNTS_TEST(two_restarts_are_as_good_as_one),
        MOUNTS_TEST(a_process_killed_while_taking_the_tree_away_loses_nothing),
        MOUNTS_TEST(a_process_killed_while_bringing_the_tree_back_loses_nothing),
        MOUNTS_TEST(a_process_killed_before_the_record_was_saved_loses_nothing),
        MOUNTS_TEST(a_folder_in_the_place_of_the_mounted_one_is_left_where_it_is),
        MOUNTS_TEST(what_lies_in_the_way_of_a_remount_is_not_replaced),
        MOUNTS_TEST(a_mount_that_is_not_ok_is_left_where_it_is),
        MOUNTS_TEST(a_mount_whose_folder_is_gone_does_not_close_the_registry),
        MOUNTS_TEST(transactions_of_threads_do_not_lose_each_others_changes),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
