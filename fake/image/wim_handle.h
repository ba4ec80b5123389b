/* SPDX-License-Identifier: MIT */
/* wim_handle.h - what wim.c, wim_update.c, wim_file.c and wim_read.c share: the files that see
 * wimlib. */
#ifndef IMAGE_WIM_HANDLE_H
#define IMAGE_WIM_HANDLE_H

#include "os.h"
#include "wim.h"
#include "wim_port.h"

struct wim {
    WIMStruct *handle; /* NULL: not opened yet, all there is is `raw` */
    struct wim_raw *raw;
    char *path;
    struct wim_facts facts;
    const struct wim_progress *progress;
    HRESULT progress_hr;
    /* For the floor, under which wimlib works: what has been written so far. */
    const char *written_path; /* the image file while it is being written, else NULL */
    struct os_stat before;    /* ... as it was */
    uint64_t bytes;
    struct wim_additions *additions; /* while they are scanned, else NULL */
    struct port_texts texts;         /* properties that were handed out */
};

HRESULT wim_start(void); /* before anything else of wimlib; once is enough */
/* wimlib's flags and its callback, whose context is the struct wim; NULL: none. */
HRESULT wim_open_file(const char *path, int flags, wimlib_progress_func_t on_progress,
                      struct wim **out);
HRESULT wim_open_handle(struct wim *wim, const char *path, int flags,
                        wimlib_progress_func_t on_progress);
HRESULT wim_open_rest(struct wim *wim); /* of what wim_open_to_commit gave; at any time */
HRESULT wim_read_facts(struct wim *wim, const char *path); /* after what changes them */
/* wimlib's code (and the system's reason, 0: none) as this thread's error: "DOING PATH: why". */
HRESULT wim_failed(const struct wim *wim, int code, int err, const char *doing, const char *path);

/* wim_update.c: shall this file be left out of the folder that is being added? */
enum wimlib_progress_status wim_exclude(struct wim *wim, union wimlib_progress_info *info);

#endif
