/* SPDX-License-Identifier: MIT */
/* os_win_run.h - what the files of Windows about processes and threads share. */
#ifndef BASE_OS_WIN_RUN_H
#define BASE_OS_WIN_RUN_H

#include "os_win.h"

/* What a process ends with that we kill: an NTSTATUS that is nobody else's (bit 29), so that nobody
 * takes it for the process's own doing. */
#define WIN_EXIT_KILLED 0xE0D15009u

/* Milliseconds to a deadline of os_now_ms, in pieces that a wait can take; 0 when it has passed. */
DWORD win_ms_until(uint64_t deadline_ms);
/* false when the deadline passed first. */
bool win_wait(HANDLE object, uint64_t deadline_ms);

/* The path for calls that do not know \\?\ (what a program is started with, what is loaded): with
 * it only where the path is too long without. Caller's. */
HRESULT win_plain_path(const char *path, WCHAR **out);

static inline void win_close(HANDLE *handle)
{
    scope_handle(handle);
    *handle = NULL;
}

#endif
