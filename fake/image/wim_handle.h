/* SPDX-License-Identifier: MIT */
/* wim_handle.h - what wim.c and wim_read.c share: the two files of the fake that see wimlib. */
#ifndef IMAGE_WIM_HANDLE_H
#define IMAGE_WIM_HANDLE_H

#include <wimlib.h>

#include "wim.h"

struct wim {
    WIMStruct *handle;
    struct wim_facts facts;
    const struct wim_progress *progress;
    HRESULT progress_hr;
};

/* wimlib's code (and the system's reason, 0: none) as this thread's error: "DOING PATH: why". */
HRESULT wim_failed(const struct wim *wim, int code, int err, const char *doing, const char *path);

#endif
