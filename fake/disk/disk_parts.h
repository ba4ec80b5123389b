/* SPDX-License-Identifier: MIT */
/* disk_parts.h - what a struct disk is made of, for disk.c and apply.c. */
#ifndef DISK_DISK_PARTS_H
#define DISK_DISK_PARTS_H

#include "side.h"

struct disk {
    enum disk_mode mode;
    struct container *container; /* with its parents */
    struct side *side;           /* NULL: not to be written */
    bool is_lost;                /* an apply did not come to its end: only recovery helps */
};

#endif
