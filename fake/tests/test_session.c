/* SPDX-License-Identifier: MIT */
/*
 * test_session.c - the table of sessions and the image's queue. Threads meet by "blocked": one
 * waits for a call that is at rest; nothing sleeps.
 */
#include "unit_support.h"

#include "claim.h"
#include "session.h"
#include "settings.h"
#include "worker.h"

static const struct session_target target = {
    .root = "/image", .windows = "/image/Windows", .system_drive = "C:"};

static int start(void **state)
{
    (void)state;
    session_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    session_forget_all();
    return 0;
}

static DismSession open_one(void)
{
    DismSession id = 0;
    assert_hr(S_OK, session_open(&target, &id));
    return id;
}

static HRESULT nothing(void *context)
{
    (void)context;
    return S_OK;
}

static void the_first_session_is_two_and_numbers_only_go_up(void **state)
{
    (void)state;
    assert_int_equal(2, open_one());
    assert_int_equal(3, open_one());
    assert_hr(S_OK, session_close(2, nothing, NULL));
    assert_hr(S_OK, session_close(3, nothing, NULL));
    assert_int_equal(4, open_one());
    assert_int_equal(1, session_count());
    session_start();
    assert_int_equal(0, session_count());
    assert_int_equal(2, open_one());
}

static void a_number_that_is_not_open_is_refused(void **state)
{
    (void)state;
    struct session *session;
    DismSession id = open_one();
    static const DismSession never[] = {0, 1, 3, 0x7FFFFFFF, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        assert_hr(DISMAPI_E_INVALID_DISM_SESSION, session_acquire(never[i], &session));
        assert_hr(DISMAPI_E_INVALID_DISM_SESSION, session_close(never[i], nothing, NULL));
    }
    assert_hr(S_OK, session_close(id, nothing, NULL));
    assert_hr(DISMAPI_E_INVALID_DISM_SESSION, session_acquire(id, &session));
    assert_hr(DISMAPI_E_INVALID_DISM_SESSION, session_close(id, nothing, NULL));
}

static void the_target_is_copied(void **state)
{
    (void)state;
    char root[] = "/elsewhere";
    DismSession id;
    struct session *session;
    const struct session_target mine = {.root = root, .windows = root, .is_online = true};
    assert_hr(S_OK, session_open(&mine, &id));
    memset(root, 'x', sizeof root - 1);
    assert_true(session_is_open_on("/elsewhere"));
    assert_false(session_is_open_on("/image"));
    assert_hr(S_OK, session_acquire(id, &session));
    assert_string_equal("/elsewhere", session_target(session)->root);
    assert_true(session_target(session)->is_online);
    assert_null(session_target(session)->mount);
    session_release(session);
}

static HRESULT refuse(void *context)
{
    (void)context;
    return FAIL(HR_WIN32(ERROR_BUSY), "not now");
}

static void a_close_that_fails_leaves_the_session_open(void **state)
{
    (void)state;
    DismSession id = open_one();
    struct session *session;
    assert_hr(HR_WIN32(ERROR_BUSY), session_close(id, refuse, NULL));
    assert_hr(S_OK, session_acquire(id, &session));
    session_release(session);
    assert_hr(S_OK, session_close(id, nothing, NULL));
}

/* ---- close against a call that is under way ---- */

struct closing {
    DismSession id;
    uint64_t thread;
    bool is_call_over, drained_too_early;
    HRESULT hr;
    struct os_mutex lock;
    struct os_cond changed;
};

static HRESULT note_drained(void *context)
{
    struct closing *c = context;
    AUTO_LOCK(&c->lock);
    c->drained_too_early = !c->is_call_over;
    return S_OK;
}

static void close_it(void *argument)
{
    struct closing *c = argument;
    struct activity activity;
    activity_begin(&activity, API_DismCloseSession);
    {
        AUTO_LOCK(&c->lock);
        c->thread = os_thread_id();
        os_cond_broadcast(&c->changed);
    }
    c->hr = session_close(c->id, note_drained, c);
    activity_end(&activity);
}

static void close_waits_for_earlier_calls_and_refuses_later_ones(void **state)
{
    (void)state;
    struct closing c = {.id = open_one()};
    struct activity ours;
    struct session *session, *other;
    struct os_thread *thread;
    activity_begin(&ours, API_DismCommitImage);
    assert_hr(S_OK, session_acquire(c.id, &session));
    activity_held(true); /* at rest: whoever waits for us is blocked */

    assert_hr(S_OK, os_thread_start(close_it, &c, &thread));
    os_mutex_lock(&c.lock);
    while (!c.thread)
        os_cond_wait(&c.changed, &c.lock);
    os_mutex_unlock(&c.lock);
    await_blocked(c.thread);

    assert_hr(DISMAPI_E_INVALID_DISM_SESSION, session_acquire(c.id, &other));
    assert_hr(DISMAPI_E_INVALID_DISM_SESSION, session_close(c.id, nothing, NULL));
    assert_true(session_is_open_on("/image"));
    assert_int_equal(1, session_count());

    AUTO_JSON struct json *table = session_table_json();
    assert_true(json_bool(json_get(json_at(table, 0), "closing")));

    os_mutex_lock(&c.lock);
    c.is_call_over = true;
    os_mutex_unlock(&c.lock);
    activity_held(false);
    session_release(session);
    activity_end(&ours);
    os_thread_join(thread);
    assert_hr(S_OK, c.hr);
    assert_false(c.drained_too_early);
    assert_int_equal(0, session_count());
}

static void a_session_outlives_the_table_while_a_call_holds_it(void **state)
{
    (void)state;
    struct session *session;
    assert_hr(S_OK, session_acquire(open_one(), &session));
    session_forget_all();
    assert_int_equal(0, session_count());
    assert_string_equal("/image", session_target(session)->root);
    session_release(session);
}

/* ---- the queue ---- */

struct turns {
    struct image *image;
    struct os_mutex lock;
    struct os_cond changed;
    uint64_t thread[3];
    unsigned order[3], count;
};

struct turn {
    struct turns *turns;
    unsigned number;
};

static void take_turn(void *argument)
{
    const struct turn *turn = argument;
    struct turns *t = turn->turns;
    struct activity activity;
    activity_begin(&activity, API_DismCommitImage);
    os_mutex_lock(&t->lock);
    t->thread[turn->number] = os_thread_id();
    os_cond_broadcast(&t->changed);
    os_mutex_unlock(&t->lock);
    if (SUCCEEDED(image_enter(t->image))) {
        os_mutex_lock(&t->lock);
        t->order[t->count++] = turn->number;
        os_mutex_unlock(&t->lock);
        image_leave(t->image);
    }
    activity_end(&activity);
}

static void calls_on_an_image_take_turns_in_the_order_of_arrival(void **state)
{
    (void)state;
    struct turns t = {0};
    struct turn turn[3];
    struct os_thread *threads[3];
    struct activity ours;
    assert_hr(S_OK, image_acquire("/queue", &t.image));
    activity_begin(&ours, API_DismCommitImage);
    assert_hr(S_OK, image_enter(t.image));
    activity_held(true);
    for (unsigned i = 0; i < 3; i++) {
        turn[i] = (struct turn){&t, i};
        assert_hr(S_OK, os_thread_start(take_turn, &turn[i], &threads[i]));
        os_mutex_lock(&t.lock);
        while (!t.thread[i])
            os_cond_wait(&t.changed, &t.lock);
        os_mutex_unlock(&t.lock);
        await_blocked(t.thread[i]);
    }
    assert_int_equal(0, t.count);
    activity_held(false);
    image_leave(t.image);
    activity_end(&ours);
    for (unsigned i = 0; i < 3; i++)
        os_thread_join(threads[i]);
    assert_int_equal(3, t.count);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(i, t.order[i]);
    image_release(t.image);
}

static HRESULT answer_in_callback[2];
static struct image *images[2];

static void CALLBACK enter_both(UINT current, UINT total, PVOID user)
{
    (void)current, (void)total, (void)user;
    for (size_t i = 0; i < 2; i++) {
        answer_in_callback[i] = image_enter(images[i]);
        if (SUCCEEDED(answer_in_callback[i]))
            image_leave(images[i]);
    }
}

static void CALLBACK call_on_the_other(UINT current, UINT total, PVOID user)
{
    (void)current, (void)total, (void)user;
    if (FAILED(image_enter(images[1])))
        return;
    (void)image_callback(images[1], enter_both, 1, 2, NULL);
    image_leave(images[1]);
}

static void a_callback_in_a_callback_cannot_wait_for_either_call(void **state)
{
    (void)state;
    assert_hr(S_OK, image_acquire("/one", &images[0]));
    assert_hr(S_OK, image_acquire("/two", &images[1]));
    answer_in_callback[0] = answer_in_callback[1] = S_OK;
    assert_hr(S_OK, image_enter(images[0]));
    assert_hr(S_OK, image_callback(images[0], call_on_the_other, 1, 2, NULL));
    assert_hr(HR_WIN32(ERROR_POSSIBLE_DEADLOCK), answer_in_callback[0]);
    assert_hr(HR_WIN32(ERROR_POSSIBLE_DEADLOCK), answer_in_callback[1]);
    image_leave(images[0]);
    image_release(images[0]);
    image_release(images[1]);
}

static void a_callback_cannot_wait_for_its_own_call_but_use_another_image(void **state)
{
    (void)state;
    assert_hr(S_OK, image_acquire("/one", &images[0]));
    assert_hr(S_OK, image_acquire("/two", &images[1]));
    assert_hr(S_OK, image_enter(images[0]));
    assert_hr(S_OK, image_callback(images[0], enter_both, 1, 2, NULL));
    assert_hr(HR_WIN32(ERROR_POSSIBLE_DEADLOCK), answer_in_callback[0]);
    assert_hr(S_OK, answer_in_callback[1]);
    image_leave(images[0]);
    assert_false(image_in_callback());
    image_release(images[0]);
    image_release(images[1]);
}

/* ---- the claim's file, which stays when a session is closed ---- */

/* The only file in the folder, NULL if there is none; caller's. */
static char *claim_file(void)
{
    AUTO_FREE char *folder = NULL;
    AUTO_NAMES struct os_names names = {0};
    char *path = NULL;
    assert_hr(S_OK, settings_state_path("claims", &folder));
    assert_hr(S_OK, os_list(folder, &names));
    assert_true(names.len <= 1);
    if (names.len > 0)
        assert_hr(S_OK, path_join(folder, names.ptr[0], &path));
    return path;
}

/* Opens it as another process would, and says whether it got the lock. */
static HRESULT lock_as_another(const char *path, struct os_file **out)
{
    assert_hr(S_OK, os_open(path, OS_WRITE, out));
    return os_lock_file(*out, OS_LOCK_TRY);
}

static void an_image_is_free_for_others_between_two_sessions(void **state)
{
    (void)state;
    AUTO_FILE struct os_file *other = NULL, *late = NULL;
    DismSession id = 0;
    assert_hr(S_OK, session_close(open_one(), nothing, NULL));
    AUTO_FREE char *path = claim_file();
    assert_non_null(path);
    assert_hr(S_OK, lock_as_another(path, &other));
    assert_hr(WIMPROVIDER_E_IMAGE_IN_SERVICE, session_open(&target, &id));
    os_unlock_file(other);
    id = open_one();
    assert_hr(S_FALSE, lock_as_another(path, &late));
    assert_hr(S_OK, session_close(id, nothing, NULL));
}

static void a_claim_is_not_taken_on_a_file_that_others_have_removed(void **state)
{
    (void)state;
    AUTO_FILE struct os_file *other = NULL;
    assert_hr(S_OK, session_close(open_one(), nothing, NULL));
    AUTO_FREE char *path = claim_file();
    assert_hr(S_OK, os_remove_file(path));
    DismSession id = open_one();
    assert_hr(S_FALSE, lock_as_another(path, &other));
    assert_hr(S_OK, session_close(id, nothing, NULL));
}

static void nothing_is_left_of_claims_by_whoever_does_not_come_back(void **state)
{
    (void)state;
    struct session_target second = {.root = "/second", .windows = "/second/Windows"};
    DismSession id = 0;
    assert_hr(S_OK, session_close(open_one(), nothing, NULL));
    assert_hr(S_OK, session_open(&second, &id));
    assert_hr(S_OK, session_close(id, nothing, NULL));
    AUTO_FREE char *path = claim_file(); /* of the second only */
    assert_non_null(path);
    assert_hr(S_OK, claim_take("/second"));
    claim_drop("/second");
    assert_null(claim_file());
    assert_hr(S_OK, session_close(open_one(), nothing, NULL));
    session_forget_all();
    assert_null(claim_file());
}

static void a_file_that_others_have_locked_is_left_to_them(void **state)
{
    (void)state;
    AUTO_FILE struct os_file *other = NULL;
    assert_hr(S_OK, session_close(open_one(), nothing, NULL));
    AUTO_FREE char *path = claim_file();
    assert_hr(S_OK, lock_as_another(path, &other));
    session_forget_all();
    assert_true(os_exists(path));
    assert_hr(S_OK, os_remove_file(path));
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(the_first_session_is_two_and_numbers_only_go_up),
        SESSION_TEST(a_number_that_is_not_open_is_refused),
        SESSION_TEST(the_target_is_copied),
        SESSION_TEST(a_close_that_fails_leaves_the_session_open),
        SESSION_TEST(close_waits_for_earlier_calls_and_refuses_later_ones),
        SESSION_TEST(a_session_outlives_the_table_while_a_call_holds_it),
        SESSION_TEST(calls_on_an_image_take_turns_in_the_order_of_arrival),
        SESSION_TEST(a_callback_in_a_callback_cannot_wait_for_either_call),
        SESSION_TEST(a_callback_cannot_wait_for_its_own_call_but_use_another_image),
        SESSION_TEST(an_image_is_free_for_others_between_two_sessions),
        SESSION_TEST(a_claim_is_not_taken_on_a_file_that_others_have_removed),
        SESSION_TEST(nothing_is_left_of_claims_by_whoever_does_not_come_back),
        SESSION_TEST(a_file_that_others_have_locked_is_left_to_them),
    };
    support_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
