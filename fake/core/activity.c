/* SPDX-License-Identifier: MIT */
/* activity.c - see activity.h. */
#include "activity.h"

const char activity_drain_mark = 0;

static struct os_mutex lock;
static struct os_cond announced;
static uint64_t announcements;
static struct activity *list;
static _Thread_local struct activity *mine[8]; /* calls nest when callbacks call */
static _Thread_local unsigned depth;

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
    *activity = (struct activity){.api = api, .thread = os_thread_id()};
    AUTO_LOCK(&lock);
    activity->next = list;
    list = activity;
    if (depth < sizeof mine / sizeof *mine)
        mine[depth] = activity;
    depth++;
    announce_locked();
}

void activity_end(struct activity *activity)
{
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

void activity_wait(const void *what)
{
    AUTO_LOCK(&lock);
    if (newest())
        newest()->waits_for = what;
    announce_locked();
}

void activity_wait_ends(void)
{
    activity_wait(NULL);
}

void activity_has_turn(const void *image)
{
    AUTO_LOCK(&lock);
    if (newest()) {
        newest()->waits_for = NULL;
        newest()->has = image;
    }
    announce_locked();
}

void activity_turn_ends(const void *image)
{
    AUTO_LOCK(&lock);
    if (newest() && newest()->has == image)
        newest()->has = NULL;
    announce_locked();
}

void activity_callback(bool inside)
{
    AUTO_LOCK(&lock);
    if (newest())
        newest()->in_callback = inside;
    announce_locked();
}

void activity_held(bool held)
{
    AUTO_LOCK(&lock);
    if (newest())
        newest()->is_held = held;
    announce_locked();
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

struct json *activity_json(void)
{
    struct json *array = json_new_array();
    AUTO_LOCK(&lock);
    for (const struct activity *a = list; a; a = a->next) {
        struct json *entry = json_new_object();
        json_set_string(entry, "call", reflect_calls[a->api].name);
        json_set_number(entry, "thread", (double)a->thread);
        json_set_string(entry, "state",
                        a->is_held       ? "held"
                        : a->in_callback ? "in its callback"
                        : a->waits_for   ? "waiting"
                                         : "running");
        json_push(array, entry);
    }
    return array;
}
