/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what an apply is going to write into a container, down to the byte, before it writes
 * anything: placements of new blocks included, so that carrying it out twice is the same as once.
 *
 * It is kept in the side file. Data comes from the changes there; the container's own structures
 * (tables, bitmaps, headers) are in the plan, as they are to be and as they were: when a plan that
 * was cut off is carried out again, the container must have either.
 */
#ifndef DISK_PLAN_H
#define DISK_PLAN_H

#include "side.h"

/* Each phase is on the disk before the next begins. */
enum plan_phase {
    PLAN_FIRST,  /* what says that the file is being written */
    PLAN_DATA,   /* blocks */
    PLAN_TABLES, /* where blocks are, and which of their sectors count */
    PLAN_LAST,
    PLAN_PHASES,
};

struct plan_write {
    uint64_t target, size; /* in the container */
    uint64_t source;       /* in the side file; in plan.bytes */
    bool is_structure;
};

struct plan {
    uint64_t old_size, new_size; /* of the container */
    VEC(struct plan_write) writes[PLAN_PHASES];
    VEC(uint8_t) bytes;
};

void plan_clear(struct plan *plan);
#define AUTO_PLAN AUTO(plan_clear)

/* Part of a block, out of the side file. */
HRESULT plan_data(struct plan *plan, uint64_t target, uint64_t size, uint64_t source);
/* Part of a structure; what is there now is read from `c`. */
HRESULT plan_structure(struct plan *plan, enum plan_phase phase, const struct container *c,
                       uint64_t target, const void *bytes, size_t size);

/* A structure that stays what it is, for plan_check to know the container by. */
HRESULT plan_unchanged(struct plan *plan, const struct container *c, uint64_t target, size_t size);

HRESULT plan_save(const struct plan *plan, struct side *side, uint64_t *at, uint64_t *size);
HRESULT plan_load(const struct side *side, struct plan *out);

/* The two halves of carrying it out: what makes the container longer, and the rest of it. The first
 * is undone by giving the container its old size. */
HRESULT plan_grow(const struct plan *plan, const struct side *side, struct os_file *container,
                  const struct disk_watch *watch);
HRESULT plan_overwrite(const struct plan *plan, const struct side *side, struct os_file *container,
                       const struct disk_watch *watch);
/* May it be carried out (again)? Not if somebody else wrote the container's structures since. */
HRESULT plan_check(const struct plan *plan, struct os_file *container, const char *path);

#endif
