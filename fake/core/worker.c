/* SPDX-License-Identifier: MIT */
/* worker.c - see worker.h. */
#include "worker.h"

#include "activity.h"
#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "text.h"

struct image {
    /* list lock */
    struct image *next;
    unsigned refs;
    /* fixed at creation */
    char *key;
    /* queue lock */
    struct os_mutex queue_lock;
    struct os_cond queue_moved;
    uint64_t next_ticket, serving;
    uint64_t owner; /* thread that has the turn, 0: nobody */
    /* who has the turn: the image in whose callback its call was made, NULL: in none */
    const struct image *outer;
    /* the command thread's one-place letter box, queue lock */
    struct os_thread *thread;
    unsigned thread_pid; /* whose: a child that was forked has the record, not the thread */
    bool stopping, has_letter;
    DISM_PROGRESS_CALLBACK callback;
    UINT current, total;
    PVOID user;
};

static struct os_mutex list_lock;
static struct image *images;

/* The image whose callback runs on this thread, NULL outside callbacks. */
static _Thread_local const struct image *callback_of;

HRESULT image_acquire(const char *key, struct image **out)
{
    AUTO_LOCK(&list_lock);
    for (struct image *image = images; image; image = image->next) {
        if (path_equal(image->key, key)) {
            image->refs++;
            *out = image;
            return S_OK;
        }
    }
    AUTO_FREE char *copy = mem_dup(key);
    struct image *image = copy ? mem_alloc(sizeof *image) : NULL;
    if (!image)
        return FAIL_MEMORY();
    image->key = TAKE(copy);
    image->refs = 1;
    image->next = images;
    images = image;
    *out = image;
    return S_OK;
}

static void stop_thread(struct image *image)
{
    if (!image->thread || image->thread_pid != os_pid())
        return;
    {
        AUTO_LOCK(&image->queue_lock);
        image->stopping = true;
        os_cond_broadcast(&image->queue_moved);
    }
    os_thread_join(image->thread);
}

void image_release(struct image *image)
{
    if (!image)
        return;
    {
        AUTO_LOCK(&list_lock);
        if (--image->refs > 0)
            return;
        struct image **link = &images;
        while (*link != image)
            link = &(*link)->next;
        *link = image->next;
    }
    stop_thread(image);
    mem_free(image->key);
    mem_free(image);
}

const char *image_key(const struct image *image)
{
    return image->key;
}

bool image_in_callback(void)
{
    return callback_of != NULL;
}

/* Does a call on the image wait for this thread, if only through callbacks in callbacks? */
static bool is_waited_for(const struct image *image)
{
    for (const struct image *at = callback_of; at; at = at->outer)
        if (at == image)
            return true;
    return false;
}

/* In a child that was forked, nobody waits on the condition any more, but it does not know. */
static void forget_parent(struct image *image)
{
    if (image->thread && image->thread_pid != os_pid()) {
        image->thread = NULL;
        image->queue_moved = (struct os_cond){0};
    }
}

HRESULT image_enter(struct image *image)
{
    if (is_waited_for(image))
        return FAIL(HR_WIN32(ERROR_POSSIBLE_DEADLOCK),
                    "a progress callback calls on the image %s that its own call still works on",
                    image->key);
    AUTO_LOCK(&image->queue_lock);
    forget_parent(image);
    uint64_t ticket = image->next_ticket++;
    if (ticket != image->serving) {
        activity_wait(image);
        while (ticket != image->serving)
            os_cond_wait(&image->queue_moved, &image->queue_lock);
    }
    image->owner = os_thread_id();
    image->outer = callback_of;
    activity_has_turn(image);
    return S_OK;
}

void image_leave(struct image *image)
{
    AUTO_LOCK(&image->queue_lock);
    activity_turn_ends(image);
    image->owner = 0;
    image->serving++;
    os_cond_broadcast(&image->queue_moved);
}

static void run_callback(const struct image *image, DISM_PROGRESS_CALLBACK callback, UINT current,
                         UINT total, PVOID user)
{
    const struct image *outer = callback_of;
    FLOOR_PAUSE(); /* what the client does is not the call's doing */
    callback_of = image;
    callback(current, total, user);
    callback_of = outer;
}

static void command_thread(void *argument)
{
    struct image *image = argument;
    AUTO_LOCK(&image->queue_lock);
    for (;;) {
        while (!image->has_letter && !image->stopping)
            os_cond_wait(&image->queue_moved, &image->queue_lock);
        if (!image->has_letter)
            return;
        os_mutex_unlock(&image->queue_lock);
        run_callback(image, image->callback, image->current, image->total, image->user);
        os_mutex_lock(&image->queue_lock);
        image->has_letter = false;
        os_cond_broadcast(&image->queue_moved);
    }
}

HRESULT image_callback(struct image *image, DISM_PROGRESS_CALLBACK callback, UINT current,
                       UINT total, PVOID user)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    activity_callback(true);
    if (settings->callback_on_caller) {
        run_callback(image, callback, current, total, user);
        activity_callback(false);
        return S_OK;
    }
    {
        AUTO_LOCK(&image->queue_lock);
        if (!image->thread) {
            TRY(os_thread_start(command_thread, image, &image->thread));
            image->thread_pid = os_pid();
        }
        image->callback = callback;
        image->current = current;
        image->total = total;
        image->user = user;
        image->has_letter = true;
        os_cond_broadcast(&image->queue_moved);
        while (image->has_letter)
            os_cond_wait(&image->queue_moved, &image->queue_lock);
    }
    activity_callback(false);
    return S_OK;
}
