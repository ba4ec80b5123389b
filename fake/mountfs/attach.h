/* SPDX-License-Identifier: MIT */
/*
 * attach.h - the two mounts: the image's file system, and the overlay that takes the changes.
 * Whatever the system refuses (no /dev/fuse, no right to mount, no such upper) is
 * HR_WIN32(ERROR_NOT_SUPPORTED); a path that is not there has its own code.
 */
#ifndef MOUNTFS_ATTACH_H
#define MOUNTFS_ATTACH_H

#include <stdint.h>

#include "hr.h"

/* A descriptor of /dev/fuse. */
HRESULT attach_open_device(int *fd);
/* Mounts the FUSE file system whose requests that descriptor will give. `source` is what the
 * system's table of mounts shows, `device` the number the file system got. */
HRESULT attach_fuse(int fd, const char *source, const char *lower, uint64_t *device);
/* Larger reads ahead, where the system lets us. Only when the kernel and the server have agreed on
 * how they talk, which would undo it. Does not touch the mount: that would keep it busy. */
void attach_tune(uint64_t device);
HRESULT attach_overlay(const char *source, const char *lower, const char *upper, const char *work,
                       const char *target);
/* Takes a mount away at once; who uses it keeps it until he is through. */
void attach_detach(const char *path);

#endif
