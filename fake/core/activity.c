/* SPDX-License-Identifier: MIT */
/* activity.c - see activity.h. */
#include "activity.h"

const char activity_drain_mark = 0;

static struct os_mutex lock;
static struct os_cond announced;
static uint64_t announcements, last_serial;
static struct activity *list;
static _Thread_local struct activity *mine[8]; /* calls nest when callbacks call */
static _Thread_local unsigned depth;
static _Thread_local uint64_t moment;

static void announce_locked(void)
{
    announcements++;
    os_cond_broadcast(&announced);
}

void activity_announce(void)
{
    AUTO_LOCK(&lock);
    announce_locked();
}

bool activity_await(uint64_t *seen, uint64_t deadline_ms)
{
    AUTO_LOCK(&lock);
    while (announcements == *seen)
        if (!os_cond_wait_until(&announced, &lock, deadline_ms))
            return false;
    *seen = announcements;
    return true;
}

void activity_begin(struct activity *activity, enum api api)
{
    *activity = (struct activity){
        .api = api, .thread = os_thread_id(), .step = STEP_COUNT, .since_ms = os_now_ms()};
    moment++;
    AUTO_LOCK(&lock);
    activity->serial = ++last_serial;
    activity->next = list;
    list = activity;
    if (depth < sizeof mine / sizeof *mine)
        mine[depth] = activity;
    depth++;
    announce_locked();
}

void activity_end(struct activity *activity)
{
    moment++;
    if (activity->note)
        board_give_back(activity->note);
    AUTO_LOCK(&lock);
    for (struct activity **link = &list; *link; link = &(*link)->next) {
        if (*link == activity) {
            *link = activity->next;
            break;
        }
    }
    depth--;
    announce_locked();
}

static struct activity *newest(void)
{
    return depth > 0 && depth <= sizeof mine / sizeof *mine ? mine[depth - 1] : NULL;
}

static enum activity_state state_of(const struct activity *a)
{
    return a->is_held       ? ACTIVITY_HELD
           : a->in_callback ? ACTIVITY_IN_CALLBACK
           : a->waits_for   ? ACTIVITY_WAITING
                            : ACTIVITY_RUNNING;
}

static void write_note(const struct activity *a, struct board_note *note)
{
    note->api = a->api;
    note->thread = a->thread;
    note->step = a->step;
    note->tick = a->tick;
    note->total = a->total;
    note->state = state_of(a);
    note->since_ms = a->since_ms; /* last: a note without it is not shown */
}

/* Needs the lock. */
static void changed_locked(void)
{
    if (newest() && newest()->note)
        write_note(newest(), newest()->note);
    announce_locked();
}

/* From now on other processes see the calling thread's newest call. Takes the board's lock. */
static void put_on_board(void)
{
    if (!newest() || newest()->note)
        return;
    struct board_note *note = board_take();
    AUTO_LOCK(&lock);
    newest()->note = note;
}

void activity_wait(const void *what)
{
    moment++;
    if (what)
        put_on_board();
    AUTO_LOCK(&lock);
    if (newest())
        newest()->waits_for = what;
    changed_locked();
}

void activity_wait_ends(void)
{
    activity_wait(NULL);
}

void activity_has_turn(const void *image)
{
    AUTO_LOCK(&lock);
    if (newest()) {
        moment += newest()->waits_for != NULL;
        newest()->waits_for = NULL;
        newest()->has = image;
    }
    changed_locked();
}

void activity_turn_ends(const void *image)
{
    AUTO_LOCK(&lock);
    if (newest() && newest()->has == image)
        newest()->has = NULL;
    changed_locked();
}

void activity_callback(bool inside)
{
    moment++;
    AUTO_LOCK(&lock);
    if (newest())
        newest()->in_callback = inside;
    changed_locked();
}

void activity_held(bool held)
{
    moment++;
    put_on_board();
    AUTO_LOCK(&lock);
    if (newest())
        newest()->is_held = held;
    changed_locked();
}

void activity_step(enum step step)
{
    moment++;
    put_on_board();
    AUTO_LOCK(&lock);
    if (newest())
        newest()->step = step;
    changed_locked();
}

void activity_tick(unsigned tick, unsigned total)
{
    moment++;
    AUTO_LOCK(&lock);
    if (!newest())
        return;
    newest()->tick = tick;
    newest()->total = total;
    if (newest()->note)
        write_note(newest(), newest()->note);
}

uint64_t activity_moment(void)
{
    return depth > 0 ? moment : 0;
}

uint64_t activity_serial(void)
{
    return newest() ? newest()->serial : 0;
}

bool activity_runs(uint64_t serial)
{
    AUTO_LOCK(&lock);
    for (const struct activity *a = list; a; a = a->next)
        if (a->serial == serial)
            return true;
    return false;
}

static bool at_rest(const struct activity *a)
{
    return a->is_held || a->in_callback;
}

static bool is_stuck(const struct activity *a, unsigned hops)
{
    if (at_rest(a))
        return true;
    if (!a->waits_for || hops == 0)
        return false;
    bool waits_for_somebody = false;
    for (const struct activity *other = list; other; other = other->next) {
        if (other == a)
            continue;
        if (a->waits_for == ACTIVITY_DRAIN) {
            if (!is_stuck(other, hops - 1))
                return false;
            waits_for_somebody = true;
        } else if (other->has == a->waits_for) {
            return is_stuck(other, hops - 1);
        }
    }
    return waits_for_somebody;
}

bool activity_is_blocked(uint64_t thread)
{
    AUTO_LOCK(&lock);
    for (const struct activity *a = list; a; a = a->next)
        if (a->thread == thread)
            return a->waits_for && is_stuck(a, 16);
    return false;
}

const char *activity_state_name(enum activity_state state)
{
    static const char *const names[] = {"running", "waiting", "held", "in its callback"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "";
}

static void add_ours(struct json *array)
{
    AUTO_LOCK(&lock);
    for (const struct activity *a = list; a; a = a->next) {
        struct board_note note = {0};
        write_note(a, &note);
        json_push(array, board_entry(&note, os_pid()));
    }
}

struct json *activity_json(void)
{
    struct json *array = json_new_array();
    add_ours(array);
    board_add_others(array);
    return array;
}
