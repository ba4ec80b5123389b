/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - the helper as two processes: a child that stays and serves, and the parent, which
 * waits for the child's word, prints it and ends.
 */
#ifndef MOUNTFS_DAEMON_H
#define MOUNTFS_DAEMON_H

#include "hr.h"

/* What the child has to undo, should it die without a word. */
enum daemon_done {
    DAEMON_MOUNTED_LOWER = 'L',
    DAEMON_MOUNTED_TARGET = 'T',
    DAEMON_UNMOUNTED_LOWER = 'l'
};

/* Forks. Returns only in the child, which has a session, / as its folder, no terminal and no
 * descriptor but the pipe to its parent; the signals that end it are held back for daemon_wait. The
 * parent ends with 0 (the word begins with "ok"), 6 ("refused") or 1. */
void daemon_split(const char *lower, const char *target);
void daemon_note(enum daemon_done done);
/* Says the word, once. False: nobody is there to hear it. */
_Bool daemon_say(const char *line);
/* Until daemon_wake or a request to end (SIGTERM). True: the request. */
_Bool daemon_wait(void);
void daemon_wake(void); /* from any thread */
_Noreturn void daemon_end(int code);

#endif
