/* SPDX-License-Identifier: MIT */
/*
 * worker.h - one queue and one command thread per image (a mount folder, an offline folder, the
 * online image). Calls on an image take their turn in the order of arrival; a turn is held for the
 * whole call. Progress callbacks run on the image's command thread while the caller waits, since
 * clients must expect a foreign thread (real-behaviour 2.2; DISMFAKE_CALLBACK_THREAD=caller for the
 * other reading).
 *
 * Lock order: the image list's lock is taken for look-ups only; a turn is taken with no lock held.
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "dismapi.h"
#include "hr.h"

struct image;

/* The image of that key (a canonical path), made if there is none. Caller's: image_release. */
HRESULT image_acquire(const char *key, struct image **out);
void image_release(struct image *image);
const char *image_key(const struct image *image);

/* Waits for the turn. Fails with ERROR_POSSIBLE_DEADLOCK where waiting could never end: in a
 * callback of a call that has this image's turn. */
HRESULT image_enter(struct image *image);
void image_leave(struct image *image);
/* Does the calling thread run a callback of a call that has some image's turn? */
bool image_in_callback(void);

/* Runs the callback on the command thread (or here) and waits for it. Needs the turn. */
HRESULT image_callback(struct image *image, DISM_PROGRESS_CALLBACK callback, UINT current,
                       UINT total, PVOID user);

#endif
