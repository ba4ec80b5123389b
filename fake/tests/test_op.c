/* SPDX-License-Identifier: MIT */
/* test_op.c - ticks, cancelling and rules inside a long operation, without any real work. */
#include "unit_support.h"

#include "os.h"
#include "fault.h"
#include "op.h"
#include "worker.h"

static struct {
    UINT ticks[512], count, wrong_total;
    UINT signal_at; /* sets `event` in this tick */
    HANDLE event;
} seen;

static struct call call;
static struct op *op;

static void CALLBACK record_tick(UINT current, UINT total, PVOID user)
{
    assert_ptr_equal(&seen, user);
    seen.ticks[seen.count++ % 512] = current;
    seen.wrong_total += total != op->total;
    if (seen.signal_at == current)
        (void)os_event_set(seen.event, true);
}

static int begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    seen.event = os_event_create(true, false);
    call = call_by_hand(API_DismMountImage);
    call.op = (struct op){.call = &call,
                          .cancel = seen.event,
                          .progress = record_tick,
                          .user = &seen,
                          .step = STEP_COUNT,
                          .total = 100};
    op = &call.op;
    return FAILED(image_acquire("/op", &op->image)) || FAILED(image_enter(op->image));
}

static int end(void **state)
{
    (void)state;
    image_leave(op->image);
    image_release(op->image);
    (void)os_event_close(seen.event);
    return fault_disarm(NULL);
}

static void assert_ticks(UINT count)
{
    assert_int_equal(count, seen.count);
    for (UINT i = 0; i < count; i++)
        assert_int_equal(i + 1, seen.ticks[i]);
    assert_int_equal(0, seen.wrong_total);
}

static void every_number_up_to_the_total_is_reported_once_and_in_order(void **state)
{
    (void)state;
    static const uint64_t done[] = {0, 1, 1, 3, 2, 17, 5, 1000, 1000000, 999999, 1000003};
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        assert_hr(S_OK, op_progress(op, 0, 90, done[i], 1000003));
    assert_ticks(90);
    assert_hr(S_OK, op_ticks_to(op, 40));
    assert_hr(S_OK, op_ticks_to(op, 100));
    assert_hr(S_OK, op_ticks_to(op, 250));
    assert_ticks(100);
}

static void odd_amounts_of_work_do_no_harm(void **state)
{
    (void)state;
    assert_hr(S_OK, op_progress(op, 10, 20, 0, 0));
    assert_ticks(20);
    assert_hr(S_OK, op_progress(op, 20, 50, 500, 100));
    assert_ticks(50);
    assert_hr(S_OK, op_progress(op, 50, 60, UINT64_MAX / 64, UINT64_MAX / 64));
    assert_ticks(60);
}

static void without_a_callback_the_ticks_are_counted_all_the_same(void **state)
{
    (void)state;
    op->progress = NULL;
    assert_hr(S_OK, op_ticks_to(op, 100));
    assert_int_equal(100, op->ticks);
    assert_int_equal(0, seen.count);
}

static void an_event_set_beforehand_lets_no_tick_through(void **state)
{
    (void)state;
    assert_true(os_event_set(seen.event, true));
    assert_hr(HR_WIN32(ERROR_REQUEST_ABORTED), op_ticks_to(op, 100));
    assert_ticks(0);
    assert_hr(HR_WIN32(ERROR_REQUEST_ABORTED), op_step(op, STEP_MOUNT_EXTRACT));
}

static void an_event_set_in_a_tick_ends_before_the_next(void **state)
{
    (void)state;
    for (UINT at = 1; at < 100; at += 7) {
        seen.count = 0;
        seen.signal_at = at;
        op->ticks = 0;
        assert_true(os_event_set(seen.event, false));
        assert_hr(HR_WIN32(ERROR_REQUEST_ABORTED), op_ticks_to(op, 100));
        assert_ticks(at);
    }
}

static void an_event_set_too_late_is_ignored(void **state)
{
    (void)state;
    assert_hr(S_OK, op_ticks_to(op, 50));
    assert_true(os_event_set(seen.event, true));
    op_no_cancel(op);
    assert_hr(S_OK, op_ticks_to(op, 70));
    assert_hr(S_OK, op_step(op, STEP_MOUNT_FINISH));
    op_no_return(op);
    assert_hr(S_OK, op_ticks_to(op, 100));
    assert_ticks(100);
}

static void an_event_set_in_the_last_tick_is_too_late(void **state)
{
    (void)state;
    seen.signal_at = 100;
    assert_hr(S_OK, op_ticks_to(op, 100));
    assert_ticks(100);
}

static void an_auto_reset_event_cancels_one_operation(void **state)
{
    (void)state;
    HANDLE automatic = os_event_create(false, true);
    op->cancel = automatic;
    assert_hr(HR_WIN32(ERROR_REQUEST_ABORTED), op_check_cancel(op));
    assert_hr(S_OK, op_check_cancel(op));
    assert_hr(S_OK, op_ticks_to(op, 100));
    assert_true(os_event_close(automatic));
}

static void a_handle_that_is_not_ours_is_never_looked_into(void **state)
{
    (void)state;
    static const uintptr_t strange[] = {1, 8, 0x0D150001, 0x0D15FFFC, 0xDEADBEEF, UINTPTR_MAX};
    /* To Windows a small number is some handle of this process. */
    for (size_t i = os_has_drives() ? 2 : 0; i < sizeof strange / sizeof *strange; i++) {
        op->cancel = (HANDLE)strange[i];
        op->ticks = 0;
        seen.count = 0;
        assert_hr(S_OK, op_ticks_to(op, 100));
        assert_ticks(100);
    }
}

static void a_tick_rule_fails_the_call_after_that_callback(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load("{\"id\":\"r\",\"at\":\"DismMountImage\",\"when\":{\"tick\":42},"
                               "\"do\":{\"return\":\"E_FAIL\"}}"));
    assert_hr(E_FAIL, op_ticks_to(op, 100));
    assert_ticks(42);
    assert_non_null(strstr(error_last()->text, "'r'"));
}

static void a_tick_rule_at_a_step_waits_for_that_step(void **state)
{
    (void)state;
    assert_hr(
        S_OK,
        fault_load("[{\"id\":\"early\",\"at\":\"DismMountImage/manifest\",\"when\":{\"tick\":3},"
                   "\"do\":{\"return\":\"E_FAIL\"}},"
                   "{\"id\":\"late\",\"at\":\"DismMountImage/manifest\",\"when\":{\"tick\":30},"
                   "\"do\":{\"return\":\"E_ACCESSDENIED\"}}]"));
    assert_hr(S_OK, op_step(op, STEP_MOUNT_EXTRACT));
    assert_hr(S_OK, op_ticks_to(op, 20));
    assert_hr(S_OK, op_step(op, STEP_MOUNT_MANIFEST));
    assert_hr(E_ACCESSDENIED, op_ticks_to(op, 100));
    assert_ticks(30);
}

static void a_rule_at_a_step_fails_on_arrival(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load("{\"id\":\"r\",\"at\":\"DismMountImage/extract\","
                               "\"do\":{\"return\":\"0xC1420117\"}}"));
    assert_hr(S_OK, op_step(op, STEP_MOUNT_VALIDATE));
    assert_hr(WIMGAPI_E_PARTIAL_UNMOUNT, op_step(op, STEP_MOUNT_EXTRACT));
    assert_hr(S_OK, op_step(op, STEP_MOUNT_EXTRACT));
}

static void after_the_point_of_no_return_no_rule_can_fail_the_call(void **state)
{
    (void)state;
    assert_hr(S_OK, fault_load("[{\"id\":\"t\",\"at\":\"DismMountImage\",\"when\":{\"tick\":100},"
                               "\"do\":{\"return\":\"E_FAIL\"}},"
                               "{\"id\":\"s\",\"at\":\"DismMountImage/finish\","
                               "\"do\":{\"return\":\"E_FAIL\"}}]"));
    op_no_return(op);
    assert_hr(S_OK, op_step(op, STEP_MOUNT_FINISH));
    assert_hr(S_OK, op_ticks_to(op, 100));
    assert_ticks(100);
}

static void steps_have_distinct_names_that_can_be_looked_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STEP_COUNT; i++) {
        const char *name = step_name((enum step)i);
        assert_int_equal(i, step_by_name(name));
        char api[64];
        snprintf(api, sizeof api, "%.*s", (int)strcspn(name, "/"), name);
        assert_int_not_equal(API_COUNT, reflect_api_by_name(api));
    }
    assert_int_equal(STEP_COUNT, step_by_name("DismMountImage/"));
    assert_int_equal(STEP_COUNT, step_by_name("DismMountImage/Extract"));
    assert_int_equal(STEP_COUNT, step_by_name(""));
    assert_string_equal("", step_name(STEP_COUNT));
}

#define OP_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OP_TEST(every_number_up_to_the_total_is_reported_once_and_in_order),
        OP_TEST(odd_amounts_of_work_do_no_harm),
        OP_TEST(without_a_callback_the_ticks_are_counted_all_the_same),
        OP_TEST(an_event_set_beforehand_lets_no_tick_through),
        OP_TEST(an_event_set_in_a_tick_ends_before_the_next),
        OP_TEST(an_event_set_too_late_is_ignored),
        OP_TEST(an_event_set_in_the_last_tick_is_too_late),
        OP_TEST(an_auto_reset_event_cancels_one_operation),
        OP_TEST(a_handle_that_is_not_ours_is_never_looked_into),
        OP_TEST(a_tick_rule_fails_the_call_after_that_callback),
        OP_TEST(a_tick_rule_at_a_step_waits_for_that_step),
        OP_TEST(a_rule_at_a_step_fails_on_arrival),
        OP_TEST(after_the_point_of_no_return_no_rule_can_fail_the_call),
        cmocka_unit_test(steps_have_distinct_names_that_can_be_looked_up),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
