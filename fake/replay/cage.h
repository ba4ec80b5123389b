/* SPDX-License-Identifier: MIT */
/*
 * cage.h - work whose processes and mounts all end when the process that asked for it does.
 *
 * Four kinds of process:
 *   the supervisor   this process; ends when the client does, or by a kill
 *   the first        process 1 of a new PID namespace; ends when the supervisor does. With it the
 *                    kernel ends whatever lives in the namespace, and the mounts made there
 *   the worker       runs `work`; the only one of ours that uses a mounted file system
 *   what it starts   wimlib's server, which detaches from everything else
 *
 * The first process must never wait for a file system that one of the others serves: it could not
 * be killed then, and nor could they. All hold a copy of stdout and of what the client handed on
 * (os_child_options.keep): the end of the output is the end of the last of them.
 */
#ifndef REPLAY_CAGE_H
#define REPLAY_CAGE_H

/* Gives the exit code: that of `work`, which has said why if it is not 0. After 0 it has waited for
 * all of them and says "ok". client: whose end is ours, our parent; 0: nobody's. */
int cage_run(unsigned client, int (*work)(const void *context), const void *context);

#endif
