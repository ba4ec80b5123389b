/* SPDX-License-Identifier: MIT */
/*
 * test_change.c - a change to the files and hives of an image: all of it or nothing, whatever
 * fails or ends the process, and never anything outside of the image.
 */
#include "unit_support.h"

#include "change.h"
#include "floor.h"
#include "hive.h"
#include "place.h"
#include "regf.h"

#define STAGING ".dismfake-change"
#define KILLED E_UNEXPECTED
#define KEY "Microsoft\\Test"

static char *image_root, *outside;
static struct winimage *image;
static struct call call;

/* ---- the image ---- */

static char *in_image(const char *place)
{
    char *path = mem_format("%s/%s", image_root, place);
    assert_non_null(path);
    return path;
}

static void put(const char *place, const char *content)
{
    AUTO_FREE char *path = in_image(place), *parent = NULL;
    assert_hr(S_OK, path_parent(path, &parent));
    assert_hr(S_OK, os_make_directories(parent));
    write_file(path, content);
}

static void put_hive(const char *place, const char *value)
{
    AUTO_REGF struct regf *regf = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FREE char *path = in_image(place);
    size_t size;
    assert_hr(S_OK, regf_new(&regf));
    assert_hr(S_OK, regf_add_text(regf, KEY, "state", value));
    assert_hr(S_OK, regf_write(regf, "test", 0, &bytes, &size));
    assert_hr(S_OK, os_write_file_atomic(path, bytes, size));
}

static void make_image(void)
{
    put("Windows/System32/config/readme", "");
    put_hive("Windows/System32/config/SOFTWARE", "old");
    put("Windows/System32/old.dll", "old");
    put("Windows/System32/Folder/a", "a");
    put("Windows/System32/Folder/b/c", "c");
    put("Windows/was-file", "file");
    put("Windows/was-folder/x", "x");
    put("Windows/goes", "goes");
    put("Windows/stays", "stays");
}

static int begin(void **state)
{
    (void)state;
    if (!image_root && FAILED(path_join(support_folder, "image", &image_root)))
        return -1;
    if (!outside && FAILED(path_join(support_folder, "outside", &outside)))
        return -1;
    (void)os_remove_tree(image_root, true);
    (void)os_remove_tree(outside, true);
    make_image();
    assert_hr(S_OK, os_make_directories(outside));
    AUTO_FREE char *windows = in_image("Windows"), *precious = mem_format("%s/precious", outside);
    write_file(precious, "precious");
    call = call_by_hand(API_DismAddPackage);
    call.op = (struct op){.call = &call, .step = STEP_COUNT, .total = 1000};
    return FAILED(winimage_open(image_root, windows, false, false, &image));
}

static int end(void **state)
{
    (void)state;
    winimage_close(image);
    image = NULL;
    return 0;
}

/* ---- what is in it ---- */

static void add_hive(struct text *out, const char *path)
{
    AUTO_HIVE struct hive *hive = NULL;
    assert_hr(S_OK, hive_open(path, &hive));
    AUTO_FREE char *value = hive_text(hive, hive_find(hive, hive_root(hive), KEY), "state");
    text_addf(out, " [%s]", value ? value : "");
}

static void add_tree(struct text *out, const char *path, const char *place)
{
    AUTO_NAMES struct os_names names = {0};
    assert_hr(S_OK, os_list(path, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *child = mem_format("%s/%s", path, names.ptr[i]);
        AUTO_FREE char *name = mem_format("%s/%s", place, names.ptr[i]), *content = NULL;
        size_t size;
        text_addf(out, "\n%s", name + 1);
        if (os_is_directory(child)) {
            add_tree(out, child, name);
        } else if (text_equal(names.ptr[i], "SOFTWARE")) {
            add_hive(out, child);
        } else {
            assert_hr(S_OK, os_read_file(child, &content, &size));
            text_addf(out, " '%s'", content);
        }
    }
}

static char *look(void)
{
    struct text text = {0};
    floor_use(NULL);
    add_tree(&text, image_root, "");
    char *all = text_take(&text);
    assert_non_null(all);
    return all;
}

#define BEFORE                                                                                     \
    "\nWindows"                                                                                    \
    "\nWindows/System32"                                                                           \
    "\nWindows/System32/Folder"                                                                    \
    "\nWindows/System32/Folder/a 'a'"                                                              \
    "\nWindows/System32/Folder/b"                                                                  \
    "\nWindows/System32/Folder/b/c 'c'"                                                            \
    "\nWindows/System32/config"                                                                    \
    "\nWindows/System32/config/SOFTWARE [old]"                                                     \
    "\nWindows/System32/config/readme ''"                                                          \
    "\nWindows/System32/old.dll 'old'"                                                             \
    "\nWindows/goes 'goes'"                                                                        \
    "\nWindows/stays 'stays'"                                                                      \
    "\nWindows/was-file 'file'"                                                                    \
    "\nWindows/was-folder"                                                                         \
    "\nWindows/was-folder/x 'x'"

#define AFTER                                                                                      \
    "\nWindows"                                                                                    \
    "\nWindows/System32"                                                                           \
    "\nWindows/System32/Folder"                                                                    \
    "\nWindows/System32/Folder/New"                                                                \
    "\nWindows/System32/Folder/New/d 'd'"                                                          \
    "\nWindows/System32/Folder/New/e 'e'"                                                          \
    "\nWindows/System32/Folder/empty"                                                              \
    "\nWindows/System32/config"                                                                    \
    "\nWindows/System32/config/SOFTWARE [new]"                                                     \
    "\nWindows/System32/config/readme ''"                                                          \
    "\nWindows/System32/old.dll 'newest'"                                                          \
    "\nWindows/stays 'stays'"                                                                      \
    "\nWindows/was-file"                                                                           \
    "\nWindows/was-file/y 'y'"                                                                     \
    "\nWindows/was-folder 'a file now'"

static void assert_looks(const char *expected)
{
    AUTO_FREE char *found = look();
    assert_string_equal(expected, found);
}

/* ---- the change ---- */

static HRESULT write_text(struct change *change, const char *place, const char *text)
{
    return change_write(change, place, text, strlen(text));
}

/* Replaces, removes a folder and puts others in its place, turns a file into a folder and a folder
 * into a file, takes things back, all in spellings of its own. */
static HRESULT make_plan(struct change *change)
{
    struct hive *hive;
    const char *path;
    AUTO_FREE char *source = mem_format("%s/precious", outside);
    if (!source)
        return E_OUTOFMEMORY;
    TRY(change_hive(change, HIVE_SOFTWARE, &hive));
    TRY(hive_set_text(hive, hive_find(hive, hive_root(hive), KEY), "state", "new"));
    TRY(write_text(change, "windows/SYSTEM32/old.dll", "newer"));
    TRY(write_text(change, "Windows/System32/folder/gone", "never there"));
    TRY(change_remove(change, "Windows/system32/FOLDER"));
    TRY(write_text(change, "Windows/System32/folder/New/d", "d"));
    TRY(change_stage(change, "Windows/System32/folder/NEW/e", &path));
    TRY(os_write_file_atomic(path, "e", 1));
    TRY(change_folder(change, "Windows/System32/Folder/empty"));
    TRY(change_remove(change, "Windows/goes"));
    TRY(change_remove(change, "Windows/nothing-there"));
    TRY(change_remove(change, "Windows/was-folder"));
    TRY(change_copy(change, "Windows/was-folder", source));
    TRY(write_text(change, "Windows/was-folder", "a file now"));
    TRY(change_remove(change, "Windows/was-file"));
    TRY(write_text(change, "Windows/was-file/y", "y"));
    return write_text(change, "Windows/System32/OLD.DLL", "newest");
}

static HRESULT make_change(void)
{
    AUTO_CHANGE struct change *change = NULL;
    call.op.is_past_return = false;
    TRY(change_begin(image, &change));
    TRY(make_plan(change));
    return change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN);
}

static HRESULT recover(void)
{
    return change_recover(image_root, false);
}

static void again(void **state)
{
    assert_int_equal(0, end(state));
    assert_int_equal(0, begin(state));
}

/* Every single one takes Wine minutes. */
static uint64_t stride(void)
{
    return os_has_drives() ? 31 : 1;
}

/* ---- tests ---- */

static void a_change_is_made(void **state)
{
    (void)state;
    assert_looks(BEFORE);
    assert_hr(S_OK, make_change());
    assert_looks(AFTER);
}

static void what_is_read_is_new_after_a_change(void **state)
{
    (void)state;
    struct hive *hive;
    assert_hr(S_OK, winimage_refresh(image));
    assert_hr(S_OK, winimage_hive(image, HIVE_SOFTWARE, &hive));
    assert_hr(S_OK, make_change());
    assert_hr(S_OK, winimage_refresh(image));
    assert_hr(S_OK, winimage_hive(image, HIVE_SOFTWARE, &hive));
    AUTO_FREE char *value = hive_text(hive, hive_find(hive, hive_root(hive), KEY), "state");
    assert_string_equal("new", value);
}

static void what_is_dropped_leaves_nothing(void **state)
{
    (void)state;
    struct change *change;
    assert_hr(S_OK, change_begin(image, &change));
    assert_hr(S_OK, make_plan(change));
    change_drop(change);
    assert_looks(BEFORE);
}

static void something_else_is_done_instead(void **state)
{
    (void)state;
    struct hive *hive;
    AUTO_CHANGE struct change *change = NULL;
    assert_hr(S_OK, change_begin(image, &change));
    assert_hr(S_OK, make_plan(change));
    change_forget(change);
    assert_looks(BEFORE);
    assert_hr(S_OK, change_hive(change, HIVE_SOFTWARE, &hive));
    hive_key key = hive_find(hive, hive_root(hive), KEY);
    AUTO_FREE char *value = hive_text(hive, key, "state");
    assert_string_equal("old", value);
    assert_hr(S_OK, hive_set_text(hive, key, "state", "spoilt"));
    assert_hr(S_OK, change_carry_out_instead(change));
    AUTO_FREE char *found = look();
    assert_non_null(strstr(found, "[spoilt]"));
    assert_null(strstr(found, "newest"));
}

static void a_mount_for_reading_is_not_changed(void **state)
{
    (void)state;
    image->is_readonly = true;
    assert_hr(E_ACCESSDENIED, make_change());
    assert_looks(BEFORE);
}

static void a_cancel_comes_in_time_until_the_mark(void **state)
{
    (void)state;
    call.op.cancel = os_event_create(true, true);
    assert_hr(HR_WIN32(ERROR_CANCELLED), make_change());
    assert_looks(BEFORE);
    assert_true(os_event_close(call.op.cancel));
}

/* Was it before the mark, and so nothing, or after it, and so all? */
static bool is_made(uint64_t n)
{
    AUTO_FREE char *found = look();
    bool made = strcmp(found, AFTER) == 0;
    if (!made && strcmp(found, BEFORE) != 0)
        fail_msg("failure %llu left half a change:%s", (unsigned long long)n, found);
    return made;
}

static void a_failure_anywhere_leaves_all_or_nothing(void **state)
{
    uint64_t made_at = 0, n = 1;
    for (bool failed = true; failed; n++) {
        struct floor floor = {.change_at = n};
        again(state);
        floor_use(&floor);
        HRESULT hr = make_change();
        floor_use(NULL);
        failed = floor.change_failed;
        if (FAILED(hr)) /* the first half is undone at once, the second is made later */
            assert_hr(S_OK, recover());
        bool made = is_made(n);
        assert_true(made || FAILED(hr));
        assert_true(made || !made_at);
        made_at = made && !made_at ? n : made_at;
    }
    assert_true(made_at > 20 && n > made_at + 10); /* the sweep met both halves */
}

/* All that is changed from there on fails: what is left is what a kill leaves. */
static HRESULT be_killed_at(uint64_t n, HRESULT (*run)(void))
{
    struct floor floor = {.change_at = n, .goes_on = true};
    floor_use(&floor);
    HRESULT hr = run();
    floor_use(NULL);
    return floor.change_failed ? KILLED : hr;
}

static void a_kill_anywhere_leaves_all_or_nothing(void **state)
{
    bool was_made = false;
    HRESULT hr = KILLED;
    for (uint64_t n = 1; hr == KILLED; n += stride()) {
        again(state);
        hr = be_killed_at(n, make_change);
        assert_hr(S_OK, recover());
        bool made = is_made(n);
        assert_true(made || !was_made);
        was_made = made;
    }
    assert_hr(S_OK, hr);
    assert_true(was_made);
}

static void whoever_recovers_may_be_killed_too(void **state)
{
    HRESULT hr = KILLED;
    for (uint64_t n = 1; hr == KILLED; n += stride()) {
        HRESULT recovery = KILLED;
        for (uint64_t m = 1; recovery == KILLED; m += stride()) {
            again(state);
            hr = be_killed_at(n, make_change);
            recovery = be_killed_at(m, recover);
            assert_hr(S_OK, recover());
            (void)is_made(n);
        }
    }
}

static void without_memory_it_is_all_or_nothing(void **state)
{
    bool failed = true;
    for (uint64_t n = 1; failed; n += stride() + n / 64) {
        struct floor floor = {.alloc_at = n};
        again(state);
        floor_use(&floor);
        HRESULT hr = make_change();
        floor_use(NULL);
        failed = floor.alloc_failed;
        assert_hr(S_OK, recover());
        assert_true(is_made(n) || FAILED(hr));
    }
}

static void a_full_disk_is_met_before_the_mark(void **state)
{
    HRESULT hr = E_FAIL;
    for (uint64_t room = 0; FAILED(hr); room += 97 * stride()) {
        struct floor floor = {.has_disk_end = true, .disk_end = room};
        again(state);
        floor_use(&floor);
        hr = make_change();
        floor_use(NULL);
        if (FAILED(hr))
            assert_int_equal(HR_WIN32(ERROR_DISK_FULL), hr);
        assert_true(is_made(room) == SUCCEEDED(hr)); /* with nothing to recover */
    }
}

static void nothing_outside_is_named(void **state)
{
    (void)state;
    static const char *const ways_out[] = {"..",
                                           "../outside/precious",
                                           "Windows/../../outside/precious",
                                           "Windows/nothing/../../../outside/precious",
                                           "nothing/./x",
                                           "Windows\\..\\..\\outside\\precious",
                                           "nothing\\..\\..\\outside\\precious",
                                           "Windows/new:stream",
                                           "",
                                           "/"};
    AUTO_CHANGE struct change *change = NULL;
    assert_hr(S_OK, change_begin(image, &change));
    for (size_t i = 0; i < sizeof ways_out / sizeof *ways_out; i++) {
        const char *path;
        assert_hr(E_INVALIDARG, write_text(change, ways_out[i], "x"));
        assert_hr(E_INVALIDARG, change_stage(change, ways_out[i], &path));
        assert_hr(E_INVALIDARG, change_folder(change, ways_out[i]));
        assert_hr(E_INVALIDARG, change_remove(change, ways_out[i]));
    }
    assert_hr(E_ACCESSDENIED, write_text(change, STAGING "/0", "x"));
    assert_hr(E_ACCESSDENIED, change_remove(change, ".DISMFAKE-change"));
    assert_hr(S_OK, change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN));
    assert_looks(BEFORE);
}

static void assert_precious(void)
{
    AUTO_FREE char *path = mem_format("%s/precious", outside), *content = NULL;
    AUTO_NAMES struct os_names names = {0};
    size_t size;
    assert_hr(S_OK, os_list(outside, &names));
    assert_int_equal(1, names.len);
    assert_hr(S_OK, os_read_file(path, &content, &size));
    assert_string_equal("precious", content);
}

static void a_link_that_leads_out_is_not_followed(void **state)
{
    (void)state;
    if (!support_has_links(support_folder))
        skip();
    AUTO_FREE char *link = in_image("Windows/out"), *file = in_image("Windows/out-file");
    AUTO_FREE char *in = in_image("Windows/in"), *found = NULL;
    assert_hr(S_OK, os_make_link(outside, link));
    assert_hr(S_OK, os_make_link("../../outside/precious", file));
    assert_hr(S_OK, os_make_link("System32", in));
    AUTO_CHANGE struct change *change = NULL;
    assert_hr(S_OK, change_begin(image, &change));
    HRESULT no = HR_WIN32(ERROR_CANT_ACCESS_FILE);
    assert_hr(no, write_text(change, "Windows/out/new", "x"));
    assert_hr(no, write_text(change, "Windows/OUT/precious", "x"));
    assert_hr(no, write_text(change, "Windows/out-file", "x"));
    assert_hr(no, change_remove(change, "Windows/out/precious"));
    assert_hr(no, place_find(image_root, "Windows/out/precious", &found));
    assert_hr(S_OK, write_text(change, "Windows/in/old.dll", "through a link inside"));
    assert_hr(S_OK, change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN));
    assert_precious();
    AUTO_FREE char *changed = in_image("Windows/System32/old.dll"), *content = NULL;
    size_t size;
    assert_hr(S_OK, os_read_file(changed, &content, &size));
    assert_string_equal("through a link inside", content);
}

static void what_cannot_be_placed_is_found_before_the_mark(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
    } rows[] = {{"Windows/System32", NULL},
                {"Windows/stays/below", NULL},
                {"Windows/stays/far/below", NULL},
                {"Windows/new", "Windows/new/below"},
                {"Windows/new/below", "Windows/new"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_CHANGE struct change *change = NULL;
        again(state);
        assert_hr(S_OK, change_begin(image, &change));
        assert_hr(S_OK, write_text(change, "Windows/other", "x"));
        assert_hr(S_OK, write_text(change, rows[i].first, "x"));
        if (rows[i].second)
            assert_hr(S_OK, write_text(change, rows[i].second, "x"));
        assert_hr(HR_WIN32(ERROR_DIRECTORY),
                  change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN));
        change_drop(TAKE(change));
        assert_looks(BEFORE);
    }
}

static void names_that_are_too_long_are_found_before_the_mark(void **state)
{
    static const size_t lengths[] = {256, 300, 5000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        AUTO_CHANGE struct change *change = NULL;
        char place[6000];
        again(state);
        memset(place, 'n', sizeof place);
        place[lengths[i]] = '\0';
        for (size_t k = 200; k < lengths[i] && lengths[i] > 1000; k += 200)
            place[k] = '/';
        assert_hr(S_OK, change_begin(image, &change));
        assert_hr(S_OK, write_text(change, place, "x"));
        assert_hr(HR_WIN32(ERROR_FILENAME_EXCED_RANGE),
                  change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN));
        change_drop(TAKE(change));
        assert_looks(BEFORE);
    }
}

static void a_new_folder_has_one_spelling(void **state)
{
    (void)state;
    AUTO_CHANGE struct change *change = NULL;
    assert_hr(S_OK, change_begin(image, &change));
    assert_hr(S_OK, change_remove(change, "Windows/System32"));
    assert_hr(S_OK, change_remove(change, "Windows/was-folder"));
    assert_hr(S_OK, write_text(change, "Program Files/\xC3\x84 b/c", "1"));
    assert_hr(S_OK, write_text(change, "PROGRAM FILES/\xC3\xA4 B/d", "2"));
    assert_hr(S_OK, write_text(change, "program files/\xC3\xA4 B-/e", "3"));
    assert_hr(S_OK, write_text(change, "program files/\xC3\xA4 B/C", "4"));
    assert_hr(S_OK, change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN));
    assert_looks("\nProgram Files"
                 "\nProgram Files/\xC3\x84 b"
                 "\nProgram Files/\xC3\x84 b/c '4'"
                 "\nProgram Files/\xC3\x84 b/d '2'"
                 "\nProgram Files/\xC3\xA4 B-"
                 "\nProgram Files/\xC3\xA4 B-/e '3'"
                 "\nWindows"
                 "\nWindows/goes 'goes'"
                 "\nWindows/stays 'stays'"
                 "\nWindows/was-file 'file'");
}

static void what_replaces_a_file_has_its_mode(void **state)
{
    (void)state;
    if (os_has_drives())
        skip();
    struct os_stat stat;
    AUTO_FREE char *path = in_image("Windows/System32/old.dll");
    assert_hr(S_OK, os_set_mode(path, 0640));
    assert_hr(S_OK, make_change());
    assert_hr(S_OK, os_stat(path, &stat));
    assert_int_equal(0640, stat.mode & 0777);
}

/* An image comes with such a folder that its maker has filled. */
static void a_plan_of_somebody_else_stays_inside(void **state)
{
    static const char *const plans[] = {
        "[[\"file\",\"../outside/new\",0]]",
        "[[\"file\",\"Windows/x\",0],[\"remove\",\"../outside/precious\",0]]",
        "[[\"remove\",\"Windows/nothing/../../../outside\",0]]",
        "[[\"remove\",\"\",0]]",
        "[[\"folder\",\"/\",0]]",
        "[[\"file\",7,0]]",
        "[[\"burn\",\"Windows\",0]]",
        "[[\"file\",\"Windows/x\",-1]]",
        "[\"file\"]",
        "[[",
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        again(state);
        put(STAGING "/0", "x");
        put(STAGING "/plan", plans[i]);
        assert_true(FAILED(recover()));
        assert_precious();
        AUTO_FREE char *staging = in_image(STAGING);
        assert_hr(S_OK, os_remove_tree(staging, true));
        assert_looks(BEFORE);
    }
}

static void a_staging_folder_that_is_a_link_is_refused(void **state)
{
    (void)state;
    if (!support_has_links(support_folder))
        skip();
    AUTO_FREE char *staging = in_image(STAGING);
    assert_hr(S_OK, os_make_link(outside, staging));
    assert_hr(HR_WIN32(ERROR_DIRECTORY), recover());
    assert_hr(HR_WIN32(ERROR_DIRECTORY), make_change());
    assert_precious();
}

static HRESULT plan_many(struct change *change, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char place[64];
        snprintf(place, sizeof place, "Windows/%s/folder-%u/%u", i % 2 ? "Many" : "MANY", i % 97,
                 i);
        TRY(change_folder(change, place));
    }
    return S_OK;
}

static void thousands_are_planned_in_one_change(void **state)
{
    (void)state;
    AUTO_CHANGE struct change *change = NULL;
    AUTO_FREE char *many = in_image("Windows/MANY"), *one = in_image("Windows/MANY/folder-96/193");
    AUTO_NAMES struct os_names names = {0};
    assert_hr(S_OK, change_begin(image, &change));
    assert_hr(S_OK, plan_many(change, 5000));
    assert_hr(S_OK, change_remove(change, "Windows/many/FOLDER-5"));
    assert_hr(S_OK, change_carry_out(change, &call.op, STEP_SESSION_OPEN, STEP_SESSION_DRAIN));
    assert_hr(S_OK, os_list(many, &names));
    assert_int_equal(96, names.len);
    assert_true(os_is_directory(one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(a_change_is_made),
        TEST(what_is_read_is_new_after_a_change),
        TEST(what_is_dropped_leaves_nothing),
        TEST(something_else_is_done_instead),
        TEST(a_mount_for_reading_is_not_changed),
        TEST(a_cancel_comes_in_time_until_the_mark),
        TEST(a_failure_anywhere_leaves_all_or_nothing),
        TEST(a_kill_anywhere_leaves_all_or_nothing),
        TEST(whoever_recovers_may_be_killed_too),
        TEST(without_memory_it_is_all_or_nothing),
        TEST(a_full_disk_is_met_before_the_mark),
        TEST(nothing_outside_is_named),
        TEST(a_link_that_leads_out_is_not_followed),
        TEST(what_cannot_be_placed_is_found_before_the_mark),
        TEST(names_that_are_too_long_are_found_before_the_mark),
        TEST(a_new_folder_has_one_spelling),
        TEST(what_replaces_a_file_has_its_mode),
        TEST(a_plan_of_somebody_else_stays_inside),
        TEST(a_staging_folder_that_is_a_link_is_refused),
        TEST(thousands_are_planned_in_one_change),
    };
    support_begin();
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    mem_free(image_root);
    mem_free(outside);
    return failures;
}
