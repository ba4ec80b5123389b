/* SPDX-License-Identifier: MIT */
/* wim_fuse.c - see wim_fuse.h. */
#include "wim_fuse.h"

#include <errno.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "text.h"
#include "wim_handle.h"

#define MOUNT_FLAGS (WIMLIB_MOUNT_FLAG_READWRITE | WIMLIB_MOUNT_FLAG_STREAM_INTERFACE_XATTR)
#define ERROR_TAG "[ERROR] "

/* ---- why it failed ---- */

/* The process that serves has no output of its own and answers with a bare number. What it wrote
 * into the file is a line a complaint, the first one the cause, with the system's reason last. */
static HRESULT first_complaint(const char *errors, char **out)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    TRY(os_read_file(errors, &text, &size));
    char *at = strstr(text, ERROR_TAG);
    if (!at)
        return S_FALSE;
    at += strlen(ERROR_TAG);
    at[strcspn(at, "\r\n")] = '\0';
    *out = mem_dup(at);
    return *out ? S_OK : FAIL_MEMORY();
}

static int reason_in(const char *complaint)
{
    static const int reasons[] = {ENOSPC, EDQUOT, EFBIG, EIO, EROFS, EACCES, EPERM, ENOENT, ENOMEM};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (text_ends(complaint, strerror(reasons[i])))
            return reasons[i];
    return 0;
}

static HRESULT explain(int code, const char *errors, const char *doing, const char *path)
{
    AUTO_FREE char *complaint = NULL;
    if (first_complaint(errors, &complaint) != S_OK)
        return wim_failed(NULL, code, 0, doing, path);
    HRESULT hr = wim_failed(NULL, code, reason_in(complaint), doing, path);
    return FAIL(hr, "%s %s: %s", doing, path, complaint);
}

/* ---- serving ---- */

HRESULT wim_fuse_serve(const char *path, unsigned index, const char *folder, const char *staging,
                       const char *errors, bool with_unix_data)
{
    int flags = MOUNT_FLAGS | (with_unix_data ? WIMLIB_MOUNT_FLAG_UNIX_DATA : 0);
    AUTO_WIM struct wim *wim = NULL;
    TRY(wim_open_file(path, WIMLIB_OPEN_FLAG_WRITE_ACCESS, NULL, &wim));
    if (wimlib_set_error_file_by_name(errors) == 0)
        wimlib_set_print_errors(true);
    int code = wimlib_mount_image(wim->handle, (int)index, folder, flags, staging);
    if (code == WIMLIB_ERR_FUSE)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "FUSE does not mount at %s", folder);
    return code ? explain(code, errors, "cannot open for writing", path) : S_OK;
}

/* ---- the commit ---- */

static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message,
                                               union wimlib_progress_info *info, void *context)
{
    const struct wim_progress *progress = context;
    if (message == WIMLIB_PROGRESS_MSG_WRITE_STREAMS)
        (void)progress->report(progress->context, info->write_streams.completed_bytes,
                               info->write_streams.total_bytes + 1);
    return WIMLIB_PROGRESS_STATUS_CONTINUE; /* nothing else is heard */
}

HRESULT wim_fuse_commit(const char *folder, const char *errors, bool with_integrity,
                        const struct wim_progress *progress)
{
    int flags =
        WIMLIB_UNMOUNT_FLAG_COMMIT | (with_integrity ? WIMLIB_UNMOUNT_FLAG_CHECK_INTEGRITY : 0);
    int code =
        wimlib_unmount_image_with_progress(folder, flags, on_progress, (void *)(uintptr_t)progress);
    if (code == WIMLIB_ERR_MQUEUE) /* which carries the progress */
        code = wimlib_unmount_image(folder, flags);
    return code ? explain(code, errors, "cannot write", "the image file") : S_OK;
}
