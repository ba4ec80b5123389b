/* SPDX-License-Identifier: MIT */
/* test_os_event.c - events: manual and automatic, closed and foreign handles. */
#include "os_support.h"

static void assert_foreign(HANDLE handle)
{
    bool is_known = true;
    assert_false(os_event_consume(handle, &is_known));
    assert_false(is_known);
    assert_false(os_event_set(handle, true));
    assert_false(os_event_close(handle));
}

static void a_manual_event_stays_signalled_until_it_is_reset(void **state)
{
    (void)state;
    bool is_known = false;
    HANDLE event = os_event_create(true, false);
    assert_false(os_event_consume(event, &is_known));
    assert_true(is_known);
    assert_true(os_event_set(event, true));
    assert_true(os_event_consume(event, NULL));
    assert_true(os_event_consume(event, NULL));
    assert_true(os_event_set(event, false));
    assert_false(os_event_consume(event, NULL));
    assert_true(os_event_close(event));
}

static void an_automatic_event_is_seen_once(void **state)
{
    (void)state;
    HANDLE event = os_event_create(false, true);
    assert_true(os_event_consume(event, NULL));
    assert_false(os_event_consume(event, NULL));
    assert_true(os_event_set(event, true));
    assert_true(os_event_set(event, true));
    assert_true(os_event_consume(event, NULL));
    assert_false(os_event_consume(event, NULL));
    assert_true(os_event_close(event));
}

static void a_closed_event_is_not_known_any_more(void **state)
{
    (void)state;
    bool is_known = true;
    HANDLE event = os_event_create(true, true), other = os_event_create(true, true);
    assert_true(os_event_close(event));
    assert_false(os_event_close(event));
    assert_false(os_event_set(event, true));
    assert_false(os_event_consume(event, &is_known));
    assert_false(is_known);
    assert_true(os_event_consume(other, NULL));
    assert_true(os_event_close(other));
}

static void what_is_no_handle_is_refused_and_never_followed(void **state)
{
    assert_foreign(NULL);
    assert_foreign(&state); /* an address */
}

static void consume_until_seen(void *argument)
{
    while (!os_event_consume(argument, NULL))
        continue;
}

static void a_set_in_one_thread_is_seen_in_another(void **state)
{
    (void)state;
    HANDLE event = os_event_create(false, false);
    struct os_thread *thread;
    assert_int_equal(os_thread_start(consume_until_seen, event, &thread), S_OK);
    assert_true(os_event_set(event, true));
    os_thread_join(thread);
    assert_false(os_event_consume(event, NULL));
    assert_true(os_event_close(event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manual_event_stays_signalled_until_it_is_reset),
        cmocka_unit_test(an_automatic_event_is_seen_once),
        cmocka_unit_test(a_closed_event_is_not_known_any_more),
        cmocka_unit_test(what_is_no_handle_is_refused_and_never_followed),
        cmocka_unit_test(a_set_in_one_thread_is_seen_in_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
