/* SPDX-License-Identifier: MIT */
/*
 * world.h - changes to what surrounds the library, made by the parent process on request of a
 * phase, so that they outlive it.
 */
#ifndef CONFORMANCE_WORLD_H
#define CONFORMANCE_WORLD_H

#include "util.h"

struct change {
    char *name;
    char *path;
    struct os_file *held; /* holdFile */
    struct os_denial *denial;
    bool has_mode; /* readonly */
    uint32_t mode;
};

struct world {
    const char *scratch;
    bool keeps_out; /* an open file keeps others out for real; else the library simulates it */
    VEC(struct change) changes;
};

/* A resolved world verb: paths are native and absolute. */
HRESULT world_apply(struct world *world, const struct json *verb);
/* "*" undoes every named change. */
HRESULT world_release(struct world *world, const char *name);
void world_reboot(struct world *world); /* what is held open is closed */
void world_clear(struct world *world);  /* everything undone */

#endif
