/* SPDX-License-Identifier: MIT */
/* entry.h - one file, folder or link of the disk, taken over into a mounted image. */
#ifndef REPLAY_ENTRY_H
#define REPLAY_ENTRY_H

#include <time.h>

#include "hr.h"

struct times {
    struct timespec both[2]; /* of the last access and the last writing */
};

/* Makes that folder the current one: wimlib's file system is asked about every folder of a path
 * each time it is walked. S_FALSE: there is none. */
HRESULT entry_enter(const char *folder);

HRESULT entry_times(const char *path, struct times *out); /* of a link itself */
/* Gone in the meantime is fine. */
HRESULT entry_set_times(const char *path, const struct times *times);

/* Writes into `to`, which is made if it is not there, cuts it off and sets its times. `copied` is
 * called with the number of bytes so far. Holes stay holes as far as the file systems have them. */
HRESULT entry_copy(const char *from, const char *to, const struct times *times,
                   HRESULT (*copied)(void *context, uint64_t bytes), void *context);
/* The extended attributes user.NAME become named streams; those that are the same stay. A name that
 * no stream can have is left out and noted in an answer. */
HRESULT entry_copy_streams(const char *from, const char *to);

#endif
