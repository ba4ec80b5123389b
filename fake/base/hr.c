/* SPDX-License-Identifier: MIT */
/*
 * hr.c - what an errno means as an HRESULT.
 *
 * The Win32 numbers are spelled out here, since base stands below the contract's table of names.
 */
#include "hr.h"

#include <errno.h>

struct errno_row {
    int err;
    uint32_t win32;
};

static const struct errno_row errno_rows[] = {
    {ENOENT, 2},   /* ERROR_FILE_NOT_FOUND */
    {ENOTDIR, 3},  /* ERROR_PATH_NOT_FOUND */
    {EMFILE, 4},   /* ERROR_TOO_MANY_OPEN_FILES */
    {ENFILE, 4},   /* the same */
    {EACCES, 5},   /* ERROR_ACCESS_DENIED */
    {EPERM, 5},    /* the same */
    {EISDIR, 5},   /* the same: Windows answers so for a folder opened as a file */
    {ENOMEM, 14},  /* ERROR_OUTOFMEMORY, which is E_OUTOFMEMORY */
    {EXDEV, 17},   /* ERROR_NOT_SAME_DEVICE */
    {EROFS, 19},   /* ERROR_WRITE_PROTECT */
    {EINVAL, 87},  /* ERROR_INVALID_PARAMETER, which is E_INVALIDARG */
    {EPIPE, 109},  /* ERROR_BROKEN_PIPE */
    {ENOSPC, 112}, /* ERROR_DISK_FULL */
#ifdef EDQUOT
    {EDQUOT, 112}, /* the same */
#endif
    {ENOTEMPTY, 145},    /* ERROR_DIR_NOT_EMPTY */
    {EBUSY, 170},        /* ERROR_BUSY */
    {ETXTBSY, 170},      /* the same */
    {EEXIST, 183},       /* ERROR_ALREADY_EXISTS */
    {ENAMETOOLONG, 206}, /* ERROR_FILENAME_EXCED_RANGE */
    {EFBIG, 223},        /* ERROR_FILE_TOO_LARGE */
    {EIO, 1117},         /* ERROR_IO_DEVICE */
    {ELOOP, 1921},       /* ERROR_CANT_RESOLVE_FILENAME */
    {ENOSYS, 50},        /* ERROR_NOT_SUPPORTED */
    {EOPNOTSUPP, 50},    /* the same */
};

HRESULT hr_from_errno(int err)
{
    for (size_t i = 0; i < sizeof errno_rows / sizeof errno_rows[0]; i++) {
        if (errno_rows[i].err == err)
            return HR_WIN32(errno_rows[i].win32);
    }
    return HR_WIN32(31); /* ERROR_GEN_FAILURE */
}
