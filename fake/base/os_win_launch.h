/* SPDX-License-Identifier: MIT */
/* os_win_launch.h - what a process is started with: command line, environment, handles. */
#ifndef BASE_OS_WIN_LAUNCH_H
#define BASE_OS_WIN_LAUNCH_H

#include "os.h"

struct win_launch {
    const struct os_child_options *options;
    WCHAR *program, *command, *directory;
    WCHAR *environment; /* NAME=VALUE, each with its NUL, and one more */
    HANDLE stream[3];   /* input, output, errors: the child's own, and all that it inherits */
};
/* `in` and `out` become our ends of the pipes that are asked for. */
HRESULT win_launch_prepare(struct win_launch *launch, HANDLE *in, HANDLE *out);
/* The process exists but does not run yet. */
HRESULT win_launch_start(const struct win_launch *launch, PROCESS_INFORMATION *out);
void win_launch_clear(struct win_launch *launch);

#endif
