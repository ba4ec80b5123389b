/* SPDX-License-Identifier: MIT */
/* test_posix_event.c - the handles of Linux, which are numbers in a table of ours. */
#include "os_support.h"

static void assert_foreign(HANDLE handle)
{
    bool is_known = true;
    assert_false(os_event_consume(handle, &is_known));
    assert_false(is_known);
    assert_false(os_event_set(handle, true));
    assert_false(os_event_close(handle));
}

static void a_closed_handle_does_not_come_back_as_another_event(void **state)
{
    (void)state;
    HANDLE event = os_event_create(true, true);
    assert_true(os_event_close(event));
    for (int i = 0; i < 100; i++)
        assert_ptr_not_equal(event, os_event_create(true, true));
    assert_false(os_event_consume(event, NULL));
}

static void numbers_beside_a_handle_are_refused(void **state)
{
    (void)state;
    HANDLE ours = os_event_create(true, true);
    uintptr_t number = (uintptr_t)ours;
    const uintptr_t beside[] = {1,          4,      number - 1,  number + 1,     number + 2,
                                number + 4, 0xFFFF, UINTPTR_MAX, UINTPTR_MAX - 3};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        assert_foreign((HANDLE)beside[i]);
    assert_true(os_event_consume(ours, NULL));
    assert_true(os_event_close(ours));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_handle_does_not_come_back_as_another_event),
        cmocka_unit_test(numbers_beside_a_handle_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
