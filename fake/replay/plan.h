/* SPDX-License-Identifier: MIT */
/*
 * plan.h - a list of changes as single files, folders and links, with what is to be copied.
 *
 * The list is JSON: an array of {"delete": PATH} and {"add": PATH, "from": SOURCE, "anew": true}
 * (image/wim_replay.c writes it). "anew": what the image has there is not written into but made
 * new.
 */
#ifndef REPLAY_PLAN_H
#define REPLAY_PLAN_H

#include "os.h"
#include "vec.h"

struct plan_item {
    char *path, *source; /* in the image, on the disk */
    enum os_type type;
    bool is_anew;
    bool has_own_mode; /* not the one that files are made with */
    uint32_t mode;
    uint64_t size, device, inode;
    int64_t mtime_ns;
};

struct plan {
    bool keeps_modes; /* of what is written and made */
    VEC(char *) deletions;
    VEC(struct plan_item) items; /* a folder before what is in it */
    uint64_t work;               /* in bytes: data, and PLAN_STEP for each item and deletion */
};
#define PLAN_STEP 4096

HRESULT plan_read(const char *path, struct plan *out);
void plan_clear(struct plan *plan);
#define AUTO_PLAN AUTO(plan_clear)

#endif
