/* SPDX-License-Identifier: MIT */
/* attach.c - see attach.h. */
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "scope.h"
#include "text.h"
#include "trace.h"

#define DEVICE "/dev/fuse"
#define READ_AHEAD_KB "1024"

static HRESULT refused(int err, const char *what, const char *path)
{
    return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "cannot %s %s: %s", what, path, strerror(err));
}

/* The system's refusal to do such a thing, or a mistake in what it should be done with? */
static HRESULT not_mounted(int err, const char *what, const char *path)
{
    if (err == ENOENT || err == ENOTDIR || err == ENAMETOOLONG || err == ENOMEM)
        return error_errno(err, what, path);
    return refused(err, what, path);
}

HRESULT attach_open_device(int *fd)
{
    *fd = open(DEVICE, O_RDWR | O_CLOEXEC);
    return *fd < 0 ? refused(errno, "open", DEVICE) : S_OK;
}

HRESULT attach_fuse(int fd, const char *source, const char *lower, uint64_t *device)
{
    char options[128];
    snprintf(options, sizeof options,
             "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions,allow_other", fd,
             (unsigned)geteuid(), (unsigned)getegid());
    if (mount(source, lower, "fuse.dismfake", MS_RDONLY | MS_NOSUID | MS_NODEV, options) != 0)
        return not_mounted(errno, "mount at", lower);
    struct statx st = {0};
    /* What the kernel knows: nobody answers requests yet. */
    if (statx(AT_FDCWD, lower, AT_STATX_DONT_SYNC, 0, &st) == 0)
        *device = makedev(st.stx_dev_major, st.stx_dev_minor);
    return S_OK;
}

void attach_tune(uint64_t device)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major(device), minor(device));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, READ_AHEAD_KB, strlen(READ_AHEAD_KB)) < 0)
        trace(TRACE_IMAGE, "%s stays as it is: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* A path as a value among overlayfs' options: its separators lose their meaning. */
static void add_option(struct text *options, const char *name, const char *path)
{
    text_addf(options, "%s%s=", options->len ? "," : "", name);
    for (const char *c = path; *c; c++) {
        if (*c == '\\' || *c == ',' || *c == ':')
            text_add(options, "\\");
        text_add_n(options, c, 1);
    }
}

HRESULT attach_overlay(const char *source, const char *lower, const char *upper, const char *work,
                       const char *target)
{
    struct text options AUTO(text_clear) = {0};
    add_option(&options, "lowerdir", lower);
    add_option(&options, "upperdir", upper);
    add_option(&options, "workdir", work);
    /* The upper is read by our own commit, which knows whiteouts and opaque folders only. The index
     * keeps hard links together when one of their names is written through. */
    text_add(&options, ",redirect_dir=off,index=on,metacopy=off");
    if (options.failed)
        return FAIL_MEMORY();
    if (mount(source, target, "overlay", 0, options.ptr) == 0)
        return S_OK;
    int err = errno;
    if (err == EPERM) {
        text_add(&options, ",userxattr");
        if (options.failed)
            return FAIL_MEMORY();
        if (mount(source, target, "overlay", 0, options.ptr) == 0)
            return S_OK;
    }
    return not_mounted(err, "mount an overlay at", target);
}

void attach_detach(const char *path)
{
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
        trace(TRACE_IMAGE, "cannot unmount %s: %s", path, strerror(errno));
}
