/* SPDX-License-Identifier: MIT */
/* test_fault.c - fault rules: what is refused and how it is named, when they fire, holds. */
#include "unit_support.h"

#include "clock.h"
#include <errno.h>

#include "fault.h"
#include "fault_rule.h"
#include "floor.h"
#include "journal.h"
#include "settings.h"

static int disarm(void **state)
{
    (void)state;
    clock_reset();
    return FAILED(fault_disarm(NULL)) || FAILED(fault_disarm_state()) || FAILED(fault_refresh());
}

/* ---- refused ---- */

#define RULE(rest) "{\"id\":\"r\",\"at\":\"DismMountImage\"," rest "}"
#define RETURN "\"do\":{\"return\":\"E_FAIL\"}"
#define WHEN(inside) RULE("\"when\":{" inside "}," RETURN)
#define AT(where, inside) "{\"id\":\"r\",\"at\":\"" where "\",\"do\":{" inside "}}"
#define MUTATE(inside) AT("DismGetMountedImageInfo", "\"mutateOut\":{" inside "}")
#define DO(inside) RULE("\"do\":{" inside "}")

static const struct {
    const char *json, *pointer; /* the message holds the pointer and what is wrong */
} mistakes[] = {
    {"", ""},
    {"{", ""},
    {"[" RULE(RETURN) ",]", ""},
    {RULE(RETURN) " x", ""},
    {"null", "expected a rule"},
    {"\"text\"", "expected a rule"},
    {"[" RULE(RETURN) ",7]", "/1: expected a rule"},
    {"{}", "/id"},
    {"{\"id\":7,\"at\":\"DismMountImage\"," RETURN "}", "/id"},
    {"{\"id\":\"\",\"at\":\"DismMountImage\"," RETURN "}", "/id: '' is no name"},
    {"{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123\","
     "\"at\":\"DismMountImage\"," RETURN "}",
     "/id: '0123"},
    {"{\"id\":\"r\"," RETURN "}", "/at"},
    {"{\"id\":\"r\",\"at\":\"DismMountimage\"," RETURN "}", "/at: 'DismMountimage'"},
    {"{\"id\":\"r\",\"at\":\"DismMountImage/nowhere\"," RETURN "}",
     "/at: 'DismMountImage/nowhere'"},
    {"{\"id\":\"r\",\"at\":\"DismMountImage/\"," RETURN "}", "/at: 'DismMountImage/'"},
    {"{\"id\":\"r\",\"at\":null," RETURN "}", "/at"},
    {RULE("\"unknown\":1," RETURN), "'unknown'"},
    {RULE("\"times\":0," RETURN), "/times"},
    {RULE("\"times\":-1," RETURN), "/times"},
    {RULE("\"times\":1.5," RETURN), "/times"},
    {RULE("\"times\":\"2\"," RETURN), "/times"},
    {RULE("\"mustFire\":false," RETURN), "/mustFire"},
    {RULE("\"mustFire\":\"no\"," RETURN), "/mustFire"},
    {RULE("\"when\":3," RETURN), "/when"},
    {WHEN("\"nth\":0"), "/when/nth"},
    {WHEN("\"nth\":\"1\""), "/when/nth"},
    {WHEN("\"every\":0"), "/when/every"},
    {WHEN("\"tick\":0"), "/when/tick"},
    {WHEN("\"tick\":2.5"), "/when/tick"},
    {WHEN("\"thread\":7"), "/when/thread"},
    {WHEN("\"step\":[]"), "/when/step"},
    {WHEN("\"Nth\":1"), "'Nth'"},
    {WHEN("\"args\":{\"ImageIndex\":{\"$nonsense\":1}}"), "/when/args/ImageIndex"},
    {WHEN("\"args\":{\"Flags\":{\"$flagsAll\":[\"DISM_NO_SUCH_FLAG\"]}}"), "/when/args/Flags"},
    {RULE("\"times\":1"), "/do: expected an object"},
    {RULE("\"do\":\"crash\""), "/do: expected an object"},
    {RULE("\"do\":[]"), "/do: expected an object"},
    {DO(""), "/do"},
    {DO("\"explode\":true"), "'explode'"},
    {DO("\"return\":7"), "/do/return"},
    {DO("\"return\":\"NO_SUCH_CODE\""), "/do/return: 'NO_SUCH_CODE'"},
    {DO("\"return\":\"0x123456789\""), "/do/return: '0x123456789'"},
    {DO("\"return\":\"E_FAIL\",\"effect\":\"half\""), "/do/effect: 'half'"},
    {DO("\"return\":\"E_FAIL\",\"effect\":1"), "/do/effect"},
    {DO("\"return\":\"E_FAIL\",\"hold\":\"h\""), "'hold'"},
    {DO("\"return\":\"E_FAIL\",\"delayMs\":1"), "'delayMs'"},
    {DO("\"delayMs\":\"1\""), "/do/delayMs"},
    {DO("\"delayMs\":-1"), "/do/delayMs"},
    {DO("\"delayMs\":1,\"hold\":\"h\""), "'hold'"},
    {DO("\"hold\":7"), "/do/hold"},
    {DO("\"hold\":\"\""), "/do/hold: ''"},
    {DO("\"hold\":\"a/b\""), "/do/hold: 'a/b'"},
    {DO("\"hold\":\"..\""), "/do/hold: '..'"},
    {DO("\"crash\":\"gently\""), "/do/crash: 'gently'"},
    {DO("\"crash\":true"), "/do/crash"},
    {RULE("\"when\":{\"tick\":1},\"do\":{\"return\":\"E_FAIL\",\"effect\":\"complete\"}"),
     "/do/effect: complete"},
    {"{\"id\":\"r\",\"at\":\"DismMountImage/extract\",\"do\":{\"return\":\"S_OK\"}}",
     "/do/return: a success code"},
    {"[" RULE(RETURN) "," RULE(RETURN) "]", "/1/id: 'r' is used twice"},
    {WHEN("\"chance\":0"), "/when/chance"},
    {WHEN("\"chance\":1.5"), "/when/chance"},
    {WHEN("\"chance\":\"often\""), "/when/chance"},
    {RULE("\"mustFire\":false,\"when\":{\"nth\":1}," RETURN), "/mustFire"},
    {AT("DismMountImage/extract", "\"return\":\"E_FAIL\",\"effect\":\"partial\""),
     "/do/effect: partial belongs"},
    {AT("DismOpenSession", "\"return\":\"E_FAIL\",\"effect\":\"partial\""),
     "/do/effect: partial: DismOpenSession has no half-way"},
    {AT("DismDelete", "\"return\":\"E_FAIL\",\"effect\":\"partial\""),
     "DismDelete has no half-way"},
    {DO("\"diskFullAfterBytes\":-1"), "/do/diskFullAfterBytes"},
    {DO("\"diskFullAfterBytes\":1,\"allocFail\":1"), "'allocFail'"},
    {DO("\"allocFail\":0"), "/do/allocFail"},
    {DO("\"allocFail\":1.5"), "/do/allocFail"},
    {DO("\"mutateOut\":{\"/Count\":0}"),
     "/do/mutateOut: /Count: DismMountImage hands out no 'Count'"},
    {MUTATE(""), "/do/mutateOut: expected an object"},
    {AT("DismGetImageInfo", "\"mutateOut\":7"), "/do/mutateOut: expected an object"},
    {MUTATE("\"Count\":0"), "is no pointer"},
    {MUTATE("\"/count\":0"), "hands out no 'count'"},
    {MUTATE("\"/MountPath\":\"x\""), "hands out no 'MountPath'"},
    {MUTATE("\"/Count\":-1"), "/Count: expected a whole number"},
    {MUTATE("\"/Count\":1.5"), "/Count: expected a whole number"},
    {MUTATE("\"/Count/0\":1"), "/Count/0: leads into a plain number"},
    {MUTATE("\"/MountedImageInfo\":[]"), "/MountedImageInfo: expected null"},
    {MUTATE("\"/MountedImageInfo/0\":{}"), "name one of its fields"},
    {MUTATE("\"/MountedImageInfo/first/MountPath\":\"x\""), "the number of an element"},
    {MUTATE("\"/MountedImageInfo/0/Mountpath\":\"x\""), "DismMountedImageInfo has no 'Mountpath'"},
    {MUTATE("\"/MountedImageInfo/0/MountPath\":7"), "expected a text, null"},
    {MUTATE("\"/MountedImageInfo/0/MountPath\":{\"$utf16\":\"D83\"}"), "hexadecimal"},
    {MUTATE("\"/MountedImageInfo/0/MountPath/0\":\"x\""), "MountPath is a plain value"},
    {MUTATE("\"/MountedImageInfo/0/ImageIndex\":\"1\""), "expected a whole number"},
    {MUTATE("\"/MountedImageInfo/0/MountStatus\":\"DismReadOnly\""),
     "no member of DismMountStatus"},
    {MUTATE("\"/MountedImageInfo/0/MountStatus\":{\"$const\":\"DismNoSuch\"}"),
     "no member of DismMountStatus"},
    {AT("DismGetImageInfo",
        "\"mutateOut\":{\"/ImageInfo/0/CustomizedInfo/CreatedTime\":\"yesterday\"}"),
     "expected a time"},
    {AT("DismOpenSession", "\"mutateOut\":{\"/Session\":7}"), "could never be closed"},
    {AT("DismMountImage/extract", "\"mutateOut\":{\"/Count\":0}"), "belongs to a whole call"},
};

static void every_mistake_is_refused_with_its_pointer_and_arms_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        HRESULT hr = fault_load(mistakes[i].json);
        /* What is no JSON has no pointer, but line and column. */
        bool is_json = mistakes[i].pointer[0] != '\0';
        if (hr != (is_json ? E_INVALIDARG : HR_WIN32(ERROR_INVALID_DATA)))
            fail_msg("%s gave 0x%08X", mistakes[i].json, (unsigned)hr);
        if (!strstr(error_last()->text, is_json ? mistakes[i].pointer : "line"))
            fail_msg("%s: '%s' lacks '%s'", mistakes[i].json, error_last()->text,
                     mistakes[i].pointer);
        AUTO_JSON struct json *rules = fault_rules_json();
        assert_int_equal(0, json_len(rules));
    }
}

static void one_bad_rule_keeps_all_others_from_being_armed(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load("{\"id\":\"old\",\"at\":\"DismDelete\"," RETURN "}"));
    assert_hr(E_INVALIDARG, fault_load("[{\"id\":\"new\",\"at\":\"DismDelete\"," RETURN "},"
                                       "{\"id\":\"bad\",\"at\":\"Nowhere\"," RETURN "}]"));
    assert_hr(E_INVALIDARG, fault_load("[{\"id\":\"new\",\"at\":\"DismDelete\"," RETURN "},"
                                       "{\"id\":\"old\",\"at\":\"DismDelete\"," RETURN "}]"));
    assert_non_null(strstr(error_last()->text, "'old'"));
    AUTO_JSON struct json *rules = fault_rules_json();
    assert_int_equal(1, json_len(rules));
    assert_string_equal("old", json_string(json_get(json_at(rules, 0), "id")));
}

/* ---- firing ---- */

static struct fault_answer arrive_as(struct call *call, enum step step, unsigned tick)
{
    struct fault_answer answer;
    fault_at(call, step, tick, &answer);
    return answer;
}

static bool arrive(void)
{
    struct call call = call_by_hand(API_DismMountImage);
    return arrive_as(&call, STEP_COUNT, 0).returns;
}

/* Arrivals 1..8 as a pattern: x where the rule fires. */
static void assert_pattern(const char *rule, const char *pattern)
{
    char got[9] = "";
    assert_hr(S_OK, fault_disarm(NULL));
    assert_hr(S_OK, fault_load(rule));
    for (size_t i = 0; i < 8; i++)
        got[i] = arrive() ? 'x' : '.';
    if (strcmp(got, pattern) != 0)
        fail_msg("%s: %s, wanted %s", rule, got, pattern);
}

static void nth_every_and_times_choose_the_arrivals(void **state)
{
    (void)state;
    assert_pattern(RULE(RETURN), "x.......");
    assert_pattern(RULE("\"times\":3," RETURN), "xxx.....");
    assert_pattern(RULE("\"times\":100," RETURN), "xxxxxxxx");
    assert_pattern(WHEN("\"nth\":3"), "..x.....");
    assert_pattern(RULE("\"when\":{\"nth\":3},\"times\":2," RETURN), "..xx....");
    assert_pattern(RULE("\"when\":{\"every\":3},\"times\":9," RETURN), "..x..x..");
    assert_pattern(RULE("\"when\":{\"every\":2},\"times\":2," RETURN), ".x.x....");
    assert_pattern(RULE("\"when\":{\"every\":2,\"nth\":5},\"times\":9," RETURN), ".....x.x");
}

static void a_rule_fires_at_its_own_call_only(void **state)
{
    (void)state;
    struct call other = call_by_hand(API_DismUnmountImage);
    assert_hr(S_OK, fault_load(RULE("\"times\":9," RETURN)));
    assert_false(arrive_as(&other, STEP_COUNT, 0).returns);
    struct call mount = call_by_hand(API_DismMountImage);
    assert_false(arrive_as(&mount, STEP_MOUNT_EXTRACT, 0).returns);
    assert_false(arrive_as(&mount, STEP_MOUNT_EXTRACT, 1).returns);
    assert_true(arrive_as(&mount, STEP_COUNT, 0).returns);
}

static void what_it_returns_and_whether_the_work_is_done_come_back(void **state)
{
    (void)state;
    struct call call = call_by_hand(API_DismMountImage);
    assert_hr(S_OK, fault_load("[{\"id\":\"done\",\"at\":\"DismMountImage\","
                               "\"do\":{\"return\":\"0xC1420117\",\"effect\":\"complete\"}},"
                               "{\"id\":\"win\",\"at\":\"DismMountImage\","
                               "\"do\":{\"return\":\"win32:ERROR_DISK_FULL\"}}]"));
    struct fault_answer answer = arrive_as(&call, STEP_COUNT, 0);
    assert_true(answer.returns && answer.after_effect);
    assert_hr(WIMGAPI_E_PARTIAL_UNMOUNT, answer.hr);
    assert_string_equal("done", answer.rule);
    /* One answer per arrival: the second rule did not count the first. */
    answer = arrive_as(&call, STEP_COUNT, 0);
    assert_true(answer.returns);
    assert_false(answer.after_effect);
    assert_hr(HR_WIN32(ERROR_DISK_FULL), answer.hr);
    assert_string_equal("win", answer.rule);
    assert_false(arrive_as(&call, STEP_COUNT, 0).returns);
}

static void thread_and_step_names_narrow_a_rule(void **state)
{
    (void)state;
    struct call call = call_by_hand(API_DismMountImage);
    assert_hr(S_OK, fault_load("[{\"id\":\"t\",\"at\":\"DismMountImage\",\"times\":9,"
                               "\"when\":{\"thread\":\"worker\"}," RETURN "}]"));
    assert_false(arrive_as(&call, STEP_COUNT, 0).returns);
    call.thread_name = "worker2";
    assert_false(arrive_as(&call, STEP_COUNT, 0).returns);
    call.thread_name = "worker";
    assert_true(arrive_as(&call, STEP_COUNT, 0).returns);
    assert_hr(S_OK, fault_disarm("t"));
    assert_hr(S_OK,
              fault_load("[{\"id\":\"s\",\"at\":\"DismMountImage\",\"times\":9,"
                         "\"when\":{\"step\":\"second\",\"thread\":\"worker\"}," RETURN "}]"));
    assert_false(arrive_as(&call, STEP_COUNT, 0).returns);
    call.step_name = "second";
    assert_true(arrive_as(&call, STEP_COUNT, 0).returns);
    call.thread_name = "";
    assert_false(arrive_as(&call, STEP_COUNT, 0).returns);
}

static bool arrive_with(const char *args)
{
    struct call call = call_by_hand(API_DismMountImage);
    assert_hr(S_OK, json_parse(args, strlen(args), &call.args_json));
    bool fires = arrive_as(&call, STEP_COUNT, 0).returns;
    json_free(call.args_json);
    return fires;
}

static void arguments_narrow_a_rule_and_only_matches_count(void **state)
{
    (void)state;
    assert_hr(S_OK,
              fault_load(RULE("\"when\":{\"nth\":2,\"args\":{\"ImageIndex\":2,"
                              "\"Flags\":{\"$flagsAll\":[\"DISM_MOUNT_READONLY\"]}}}," RETURN)));
    assert_false(arrive_with("{\"ImageIndex\":1,\"Flags\":1}"));
    assert_false(arrive_with("{\"ImageIndex\":2,\"Flags\":1}"));
    assert_false(arrive_with("{\"ImageIndex\":2,\"Flags\":2}"));
    assert_true(arrive_with("{\"ImageIndex\":2,\"Flags\":3,\"ImageFilePath\":\"x\"}"));
}

static void ticks_are_counted_apart_from_arrivals(void **state)
{
    (void)state;
    struct call call = call_by_hand(API_DismMountImage);
    assert_hr(S_OK, fault_load(WHEN("\"tick\":5")));
    assert_false(arrive_as(&call, STEP_COUNT, 0).returns);
    for (unsigned i = 1; i < 5; i++)
        assert_false(arrive_as(&call, STEP_MOUNT_EXTRACT, i).returns);
    assert_true(arrive_as(&call, STEP_MOUNT_EXTRACT, 5).returns);
    assert_hr(S_OK, fault_disarm(NULL));
    /* The second mount's tick 5. */
    assert_hr(S_OK, fault_load(WHEN("\"tick\":5,\"nth\":2")));
    assert_false(arrive_as(&call, STEP_MOUNT_EXTRACT, 5).returns);
    assert_false(arrive_as(&call, STEP_MOUNT_EXTRACT, 4).returns);
    assert_true(arrive_as(&call, STEP_MOUNT_MANIFEST, 5).returns);
}

/* ---- chance ---- */

/* Which of the first 64 arrivals fire; a bit each. */
static uint64_t rolls(const char *id, const char *chance)
{
    uint64_t bits = 0;
    AUTO_FREE char *rule = mem_format("{\"id\":\"%s\",\"at\":\"DismMountImage\",\"times\":64,"
                                      "\"mustFire\":false,\"when\":{\"chance\":%s}," RETURN "}",
                                      id, chance);
    assert_hr(S_OK, fault_disarm(NULL));
    assert_hr(S_OK, fault_load(rule));
    for (unsigned i = 0; i < 64; i++)
        bits |= (uint64_t)arrive() << i;
    return bits;
}

static unsigned ones(uint64_t bits)
{
    unsigned count = 0;
    for (; bits; bits &= bits - 1)
        count++;
    return count;
}

static void chance_decides_alike_for_a_seed_and_otherwise_for_another_rule(void **state)
{
    (void)state;
    uint64_t first = rolls("r", "0.25");
    assert_true(first == rolls("r", "0.25"));
    assert_true(first != rolls("q", "0.25"));
    assert_in_range(ones(first), 6, 28);
    assert_in_range(ones(rolls("r", "0.9")), 48, 63);
    assert_int_equal(64, ones(rolls("r", "1")));
    /* What fires by a chance also fires by a greater one. */
    assert_true((rolls("r", "0.5") & first) == first);
}

static void another_seed_decides_otherwise(void **state)
{
    (void)state;
    struct fault_rule rule = {.id = "r", .chance = 0.5};
    unsigned same = 0, wins = 0;
    for (unsigned i = 1; i <= 1000; i++) {
        same += fault_wins(&rule, 1, i) == fault_wins(&rule, 2, i);
        wins += fault_wins(&rule, 3, i);
    }
    assert_in_range(same, 400, 600);
    assert_in_range(wins, 400, 600);
}

/* ---- laid on a call ---- */

/* A call that makes so many allocations and writes so many bytes; E_OUTOFMEMORY, 0x80070070. */
static HRESULT work(unsigned allocations, unsigned bytes)
{
    struct call call = call_by_hand(API_DismMountImage);
    HRESULT hr = S_OK;
    (void)arrive_as(&call, STEP_COUNT, 0);
    struct floor *outer = floor_use(&call.floor);
    for (unsigned i = 0; i < allocations; i++) {
        void *block = mem_alloc(1);
        hr = block ? hr : E_OUTOFMEMORY;
        mem_free(block);
    }
    AUTO_FREE char *path = in_folder("written"), *data = mem_alloc(bytes + 1);
    AUTO_FILE struct os_file *file = NULL;
    if (SUCCEEDED(hr))
        hr = os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file);
    if (SUCCEEDED(hr))
        hr = os_write(file, data, bytes);
    (void)floor_use(outer);
    fault_leave(&call, hr);
    return hr;
}

static void assert_fired(const char *id, unsigned times)
{
    AUTO_JSON struct json *list = fault_rules_json();
    for (const struct json *v = json_first(list); v; v = json_next(v))
        if (text_equal(id, json_string(json_get(v, "id"))))
            assert_int_equal(times, (int)json_number(json_get(v, "fired")));
}

static void a_full_disk_waits_for_the_call_that_writes_so_much(void **state)
{
    (void)state;
    struct os_stat now;
    AUTO_FREE char *path = in_folder("written");
    assert_hr(S_OK, fault_load(DO("\"diskFullAfterBytes\":100")));
    assert_hr(S_OK, work(0, 100));
    assert_fired("r", 0);
    assert_hr(HR_WIN32(ERROR_DISK_FULL), work(0, 101));
    assert_fired("r", 1);
    assert_hr(S_OK, os_stat(path, &now));
    assert_int_equal(100, now.size);
    assert_hr(S_OK, work(0, 101));
}

static void an_allocation_fails_in_the_call_that_makes_so_many(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load(DO("\"allocFail\":20")));
    assert_hr(S_OK, work(3, 1));
    assert_fired("r", 0);
    assert_hr(E_OUTOFMEMORY, work(20, 1));
    assert_fired("r", 1);
    assert_hr(S_OK, work(20, 1));
    AUTO_JSON struct json *journal = NULL;
    assert_hr(S_OK, journal_read(&journal));
    unsigned misses = 0;
    for (const struct json *v = json_first(journal); v; v = json_next(v))
        misses += text_equal("miss", json_string(json_get(v, "event"))) &&
                  strstr(json_string(json_get(v, "why")), "allocations") != NULL;
    assert_int_equal(1, misses);
}

static void what_already_lies_in_a_file_needs_no_room(void **state)
{
    (void)state;
    struct floor floor = {.has_disk_end = true, .disk_end = 5};
    AUTO_FREE char *path = in_folder("overwritten");
    AUTO_FILE struct os_file *file = NULL;
    write_file(path, "0123456789");
    assert_hr(S_OK, os_open(path, OS_READ | OS_WRITE, &file));
    (void)floor_use(&floor);
    HRESULT over = os_write_at(file, "abcdefghij", 10, 0);
    HRESULT beyond = os_write_at(file, "klmnopqrst", 10, 8);
    HRESULT after = os_write_at(file, "x", 1, 15);
    HRESULT copied = os_copy_file(path, "/nonexistent/x");
    (void)floor_use(NULL);
    assert_hr(S_OK, over);
    assert_hr(HR_WIN32(ERROR_DISK_FULL), beyond);
    assert_hr(HR_WIN32(ERROR_DISK_FULL), after);
    assert_true(FAILED(copied));
    AUTO_FREE char *data = NULL;
    size_t size;
    assert_hr(S_OK, os_read_file(path, &data, &size));
    assert_string_equal("abcdefghklmnopq", data);
}

static void a_change_to_the_file_system_fails_by_its_number(void **state)
{
    (void)state;
    AUTO_FREE char *folder = in_folder("changes"), *below = in_folder("changes/x");
    for (unsigned i = 1; i <= 3; i++) {
        struct floor floor = {.change_at = i, .change_errno = EACCES};
        (void)floor_use(&floor);
        HRESULT made = os_make_directory(folder), inner = os_make_directory(below);
        HRESULT removed = os_remove_tree(folder, true);
        (void)floor_use(NULL);
        assert_hr(i == 1 ? HR_WIN32(ERROR_ACCESS_DENIED) : S_OK, made);
        assert_true(i == 3 || FAILED(inner));
        assert_true(floor.change_failed);
        assert_true(i == 1 || SUCCEEDED(removed) || i == 3);
        if (os_exists(folder))
            assert_hr(S_OK, os_remove_tree(folder, true));
    }
}

static void json_that_lacks_something_for_want_of_memory_is_not_printed(void **state)
{
    (void)state;
    for (unsigned i = 1;; i++) {
        struct floor floor = {.alloc_at = i};
        (void)floor_use(&floor);
        struct json *object = json_new_object(), *array = json_new_array();
        json_push(array, json_new_number(1));
        json_set_string(object, "text", "x");
        json_set(object, "list", array);
        char *text = json_print(object);
        (void)floor_use(NULL);
        assert_true(floor.alloc_failed != (text != NULL));
        if (text)
            assert_string_equal("{\"text\":\"x\",\"list\":[1]}", text);
        mem_free(text);
        json_free(object);
        if (!floor.alloc_failed)
            return;
    }
}

static void a_delay_moves_the_virtual_clock_only(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load(RULE("\"times\":2,\"do\":{\"delayMs\":3600000}")));
    assert_false(arrive());
    assert_false(arrive());
    assert_false(arrive());
    assert_int_equal(7200000, clock_advanced_ms());
}

static void what_fired_can_be_asked_and_is_in_the_journal(void **state)
{
    (void)state;
    bool exists = false;
    assert_hr(S_OK, journal_clear());
    assert_hr(S_OK, fault_load(RULE("\"times\":2," RETURN)));
    assert_false(fault_has_fired("r", &exists));
    assert_true(exists);
    assert_true(arrive());
    assert_true(arrive());
    assert_false(arrive());
    assert_true(fault_has_fired("r", &exists));
    assert_false(fault_has_fired("other", &exists));
    assert_false(exists);
    AUTO_JSON struct json *rules = fault_rules_json();
    assert_int_equal(3, (int)json_number(json_get(json_at(rules, 0), "reached")));
    assert_int_equal(2, (int)json_number(json_get(json_at(rules, 0), "fired")));
    AUTO_JSON struct json *journal = NULL;
    assert_hr(S_OK, journal_read(&journal));
    assert_int_equal(3, json_len(journal));
    assert_string_equal("arm", json_string(json_get(json_at(journal, 0), "event")));
    assert_string_equal("fault", json_string(json_get(json_at(journal, 1), "event")));
    assert_string_equal("r", json_string(json_get(json_at(journal, 1), "rule")));
}

static void count_unused(void *context, const char *id, const char *at, unsigned reached)
{
    assert_string_equal("never", id);
    assert_string_equal("DismMountImage/finish", at);
    assert_int_equal(0, reached);
    ++*(unsigned *)context;
}

static void rules_that_never_fired_are_named(void **state)
{
    (void)state;
    unsigned count = 0;
    assert_hr(S_OK,
              fault_load("[" RULE(RETURN) ",{\"id\":\"never\",\"at\":\"DismMountImage/finish\","
                                          "\"do\":{\"hold\":\"h\"}}]"));
    assert_true(arrive());
    fault_each_unused(count_unused, &count);
    assert_int_equal(1, count);
}

static void disarming_takes_one_rule_or_all(void **state)
{
    (void)state;
    assert_hr(S_OK,
              fault_load("[" RULE(RETURN) ",{\"id\":\"q\",\"at\":\"DismDelete\"," RETURN "}]"));
    assert_hr(HR_WIN32(ERROR_NOT_FOUND), fault_disarm("nobody"));
    assert_hr(S_OK, fault_disarm("r"));
    assert_hr(HR_WIN32(ERROR_NOT_FOUND), fault_disarm("r"));
    assert_false(arrive());
    assert_hr(S_OK, fault_disarm(NULL));
    assert_hr(S_OK, fault_disarm(NULL));
    AUTO_JSON struct json *rules = fault_rules_json();
    assert_int_equal(0, json_len(rules));
}

/* ---- holds ---- */

struct parked {
    struct os_thread *thread;
    bool returns;
};

static void arrive_in_thread(void *argument)
{
    struct parked *parked = argument;
    parked->returns = arrive();
}

static void park(struct parked *parked)
{
    assert_hr(S_OK, os_thread_start(arrive_in_thread, parked, &parked->thread));
}

static void await_held(const char *hold, unsigned waiting)
{
    uint64_t seen = UINT64_MAX, deadline = os_now_ms() + PATIENCE_MS;
    while (activity_await(&seen, deadline)) {
        AUTO_JSON struct json *holds = fault_holds_json();
        for (const struct json *v = json_first(holds); v; v = json_next(v))
            if (text_equal(hold, json_string(json_get(v, "name"))) &&
                json_number(json_get(v, "waiting")) == waiting)
                return;
    }
    fail_msg("%u calls do not wait in the hold %s", waiting, hold);
}

static void everything_in_a_hold_is_let_go_at_once_and_later_arrivals_too(void **state)
{
    (void)state;
    struct parked parked[3] = {{0}};
    assert_hr(S_OK, fault_load(RULE("\"times\":9,\"do\":{\"hold\":\"gate\"}")));
    assert_false(fault_is_held("gate"));
    for (size_t i = 0; i < 3; i++) {
        park(&parked[i]);
        await_held("gate", (unsigned)i + 1);
    }
    assert_true(fault_is_held("gate"));
    assert_hr(S_OK, fault_release("gate"));
    for (size_t i = 0; i < 3; i++)
        os_thread_join(parked[i].thread);
    assert_false(fault_is_held("gate"));
    assert_false(arrive()); /* would stay for ever if the hold were closed */
    assert_hr(S_FALSE, fault_release("gate"));
}

static void a_release_before_the_arrival_counts(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load(RULE("\"do\":{\"hold\":\"early\"}")));
    assert_hr(S_FALSE, fault_release("early"));
    assert_false(arrive());
    assert_hr(HR_WIN32(ERROR_NOT_FOUND), fault_release("nobody's"));
}

static void arming_a_hold_again_closes_it(void **state)
{
    (void)state;
    struct parked parked = {0};
    assert_hr(S_OK, fault_load(RULE("\"do\":{\"hold\":\"again\"}")));
    assert_hr(S_FALSE, fault_release("again"));
    assert_hr(S_OK, fault_disarm(NULL));
    assert_hr(S_OK, fault_load(RULE("\"do\":{\"hold\":\"again\"}")));
    park(&parked);
    await_held("again", 1);
    assert_hr(S_OK, fault_release("again"));
    os_thread_join(parked.thread);
}

static void disarming_lets_go_what_the_rule_holds(void **state)
{
    (void)state;
    struct parked parked = {0};
    assert_hr(S_OK, fault_load(RULE("\"do\":{\"hold\":\"disarmed\"}")));
    park(&parked);
    await_held("disarmed", 1);
    assert_hr(S_OK, fault_disarm("r"));
    os_thread_join(parked.thread);
    assert_false(parked.returns);
}

static void a_rule_behind_a_hold_still_answers(void **state)
{
    (void)state;
    struct parked parked = {0};
    assert_hr(S_OK,
              fault_load("[{\"id\":\"h\",\"at\":\"DismMountImage\",\"do\":{\"hold\":\"first\"}},"
                         "{\"id\":\"e\",\"at\":\"DismMountImage\"," RETURN "}]"));
    park(&parked);
    await_held("first", 1);
    assert_hr(S_OK, fault_release("first"));
    os_thread_join(parked.thread);
    assert_true(parked.returns);
}

static void a_rule_behind_a_hold_answers_when_the_hold_was_disarmed(void **state)
{
    (void)state;
    struct parked parked = {0};
    assert_hr(S_OK,
              fault_load("[{\"id\":\"h\",\"at\":\"DismMountImage\",\"do\":{\"hold\":\"first\"}},"
                         "{\"id\":\"e\",\"at\":\"DismMountImage\"," RETURN "}]"));
    park(&parked);
    await_held("first", 1);
    assert_hr(S_OK, fault_disarm("h"));
    os_thread_join(parked.thread);
    assert_true(parked.returns);
}

/* ---- rules of the state folder ---- */

static void rules_of_the_state_folder_arrive_at_the_next_refresh(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load("{\"id\":\"own\",\"at\":\"DismDelete\"," RETURN "}"));
    assert_hr(S_OK, fault_arm_state(RULE("\"times\":9," RETURN)));
    assert_false(arrive());
    assert_hr(S_OK, fault_refresh());
    assert_true(arrive());
    assert_hr(S_OK, fault_arm_state("[]"));
    assert_hr(S_OK, fault_refresh());
    assert_false(arrive());
    assert_hr(S_OK, fault_arm_state(RULE("\"times\":9," RETURN)));
    assert_hr(S_OK, fault_refresh());
    assert_true(arrive());
    assert_hr(S_OK, fault_disarm_state());
    assert_hr(S_OK, fault_refresh());
    assert_false(arrive());
    AUTO_JSON struct json *rules = fault_rules_json();
    assert_int_equal(1, json_len(rules));
    assert_string_equal("process", json_string(json_get(json_at(rules, 0), "origin")));
}

static void a_mistake_for_the_state_folder_changes_nothing(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_arm_state(RULE("\"times\":9," RETURN)));
    assert_hr(E_INVALIDARG, fault_arm_state(RULE("\"times\":0," RETURN)));
    assert_non_null(strstr(error_last()->text, "/times"));
    assert_hr(S_OK, fault_refresh());
    assert_true(arrive());
}

static void a_release_for_the_state_folder_reaches_a_parked_call(void **state)
{
    (void)state;
    struct parked parked = {0};
    assert_hr(S_OK, fault_arm_state(RULE("\"do\":{\"hold\":\"outside\"}")));
    assert_hr(S_OK, fault_refresh());
    park(&parked);
    await_held("outside", 1);
    assert_hr(S_OK, fault_release_state("outside"));
    os_thread_join(parked.thread);
    /* An old release does not open what is armed anew. */
    assert_hr(S_OK, fault_arm_state(RULE("\"do\":{\"hold\":\"outside\"}")));
    assert_hr(S_OK, fault_refresh());
    park(&parked);
    await_held("outside", 1);
    assert_hr(S_OK, fault_release("outside"));
    os_thread_join(parked.thread);
}

#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, disarm, disarm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAULT_TEST(every_mistake_is_refused_with_its_pointer_and_arms_nothing),
        FAULT_TEST(one_bad_rule_keeps_all_others_from_being_armed),
        FAULT_TEST(nth_every_and_times_choose_the_arrivals),
        FAULT_TEST(a_rule_fires_at_its_own_call_only),
        FAULT_TEST(what_it_returns_and_whether_the_work_is_done_come_back),
        FAULT_TEST(thread_and_step_names_narrow_a_rule),
        FAULT_TEST(arguments_narrow_a_rule_and_only_matches_count),
        FAULT_TEST(ticks_are_counted_apart_from_arrivals),
        FAULT_TEST(chance_decides_alike_for_a_seed_and_otherwise_for_another_rule),
        FAULT_TEST(another_seed_decides_otherwise),
        FAULT_TEST(a_full_disk_waits_for_the_call_that_writes_so_much),
        FAULT_TEST(an_allocation_fails_in_the_call_that_makes_so_many),
        FAULT_TEST(what_already_lies_in_a_file_needs_no_room),
        FAULT_TEST(a_change_to_the_file_system_fails_by_its_number),
        FAULT_TEST(json_that_lacks_something_for_want_of_memory_is_not_printed),
        FAULT_TEST(a_delay_moves_the_virtual_clock_only),
        FAULT_TEST(what_fired_can_be_asked_and_is_in_the_journal),
        FAULT_TEST(rules_that_never_fired_are_named),
        FAULT_TEST(disarming_takes_one_rule_or_all),
        FAULT_TEST(everything_in_a_hold_is_let_go_at_once_and_later_arrivals_too),
        FAULT_TEST(a_release_before_the_arrival_counts),
        FAULT_TEST(arming_a_hold_again_closes_it),
        FAULT_TEST(disarming_lets_go_what_the_rule_holds),
        FAULT_TEST(a_rule_behind_a_hold_still_answers),
        FAULT_TEST(a_rule_behind_a_hold_answers_when_the_hold_was_disarmed),
        FAULT_TEST(rules_of_the_state_folder_arrive_at_the_next_refresh),
        FAULT_TEST(a_mistake_for_the_state_folder_changes_nothing),
        FAULT_TEST(a_release_for_the_state_folder_reaches_a_parked_call),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
