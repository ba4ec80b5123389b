/* SPDX-License-Identifier: MIT */
/*
 * server.h - the FUSE file system: nodes and store behind libfuse's low-level interface. Nothing of
 * it ever changes, so the kernel may keep whatever it has been told.
 */
#ifndef MOUNTFS_SERVER_H
#define MOUNTFS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"
#include "nodes.h"
#include "store.h"

struct server_options {
    struct nodes *nodes;
    struct store *store;
    unsigned umask;       /* of files that come without a Unix mode */
    unsigned uid, gid;    /* whose files they are */
    uint64_t bytes;       /* of the image, for statfs */
    bool hides_streams;   /* listxattr does not name them */
    void (*agreed)(void); /* once, when the kernel sends its first request but for the greeting */
    void (*ended)(void);  /* the file system was unmounted for good; on a thread of the server */
};
/* Serves what was mounted with that descriptor of /dev/fuse, on a thread of its own, until it is
 * unmounted. The options are borrowed for as long as the process lives. */
HRESULT server_start(const struct server_options *options, int fuse_fd);
/* All the other threads, and reading ahead: what the first requests need not wait for. */
HRESULT server_widen(void);

#endif
