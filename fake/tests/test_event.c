/* SPDX-License-Identifier: MIT */
/* test_event.c - our events: manual and automatic, closed and foreign handles. */
#include "unit_support.h"

#include "event.h"

static void a_manual_event_stays_signalled_until_it_is_reset(void **state)
{
    (void)state;
    bool is_known = false;
    HANDLE event = event_create(true, false);
    assert_false(event_consume(event, &is_known));
    assert_true(is_known);
    assert_true(event_set(event, true));
    assert_true(event_consume(event, NULL));
    assert_true(event_consume(event, NULL));
    assert_true(event_set(event, false));
    assert_false(event_consume(event, NULL));
    assert_true(event_close(event));
}

static void an_automatic_event_is_seen_once(void **state)
{
    (void)state;
    HANDLE event = event_create(false, true);
    assert_true(event_consume(event, NULL));
    assert_false(event_consume(event, NULL));
    assert_true(event_set(event, true));
    assert_true(event_set(event, true));
    assert_true(event_consume(event, NULL));
    assert_false(event_consume(event, NULL));
    assert_true(event_close(event));
}

static void a_closed_event_is_not_known_any_more(void **state)
{
    (void)state;
    bool is_known = true;
    HANDLE event = event_create(true, true), other = event_create(true, true);
    assert_true(event_close(event));
    assert_false(event_close(event));
    assert_false(event_set(event, true));
    assert_false(event_consume(event, &is_known));
    assert_false(is_known);
    assert_true(event_consume(other, NULL));
    assert_true(event_close(other));
}

static void a_closed_handle_does_not_come_back_as_another_event(void **state)
{
    (void)state;
    HANDLE event = event_create(true, true);
    assert_true(event_close(event));
    for (int i = 0; i < 100; i++)
        assert_ptr_not_equal(event, event_create(true, true));
    assert_false(event_consume(event, NULL));
}

static void foreign_handles_are_refused_and_never_followed(void **state)
{
    (void)state;
    HANDLE ours = event_create(true, true);
    uintptr_t near = (uintptr_t)ours;
    const uintptr_t foreign[] = {0,
                                 1,
                                 4,
                                 near - 1,
                                 near + 1,
                                 near + 2,
                                 near + 4,
                                 0xFFFF,
                                 (uintptr_t)&state,
                                 UINTPTR_MAX,
                                 UINTPTR_MAX - 3};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        bool is_known = true;
        assert_false(event_consume((HANDLE)foreign[i], &is_known));
        assert_false(is_known);
        assert_false(event_set((HANDLE)foreign[i], true));
        assert_false(event_close((HANDLE)foreign[i]));
    }
    assert_true(event_consume(ours, NULL));
    assert_true(event_close(ours));
}

static void consume_until_seen(void *argument)
{
    while (!event_consume(argument, NULL))
        continue;
}

static void a_set_in_one_thread_is_seen_in_another(void **state)
{
    (void)state;
    HANDLE event = event_create(false, false);
    struct os_thread *thread;
    assert_hr(S_OK, os_thread_start(consume_until_seen, event, &thread));
    assert_true(event_set(event, true));
    os_thread_join(thread);
    assert_false(event_consume(event, NULL));
    assert_true(event_close(event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manual_event_stays_signalled_until_it_is_reset),
        cmocka_unit_test(an_automatic_event_is_seen_once),
        cmocka_unit_test(a_closed_event_is_not_known_any_more),
        cmocka_unit_test(a_closed_handle_does_not_come_back_as_another_event),
        cmocka_unit_test(foreign_handles_are_refused_and_never_followed),
        cmocka_unit_test(a_set_in_one_thread_is_seen_in_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
