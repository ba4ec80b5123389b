/* SPDX-License-Identifier: MIT */
/* floor.c - see floor.h. */
#include "floor.h"

static _Thread_local struct floor *in_force, *planned;

struct floor *floor_use(struct floor *floor)
{
    struct floor *was = in_force;
    in_force = floor;
    return was;
}

void floor_plan(struct floor *plan)
{
    planned = plan;
}

struct floor *floor_take_plan(void)
{
    struct floor *plan = planned;
    planned = NULL;
    return plan;
}

bool floor_undo(bool undoing)
{
    if (!in_force)
        return false;
    bool was = in_force->is_undoing;
    in_force->is_undoing = undoing;
    return was;
}

static bool fails(uint64_t number, uint64_t at, bool goes_on)
{
    return at && (number == at || (goes_on && number > at));
}

bool floor_denies_memory(void)
{
    struct floor *f = in_force;
    if (!f || !fails(++f->allocs, f->alloc_at, f->goes_on))
        return false;
    return f->alloc_failed = true;
}

int floor_denies_change(void)
{
    struct floor *f = in_force;
    if (!f || !fails(++f->changes, f->change_at, f->goes_on))
        return 0;
    f->change_failed = true;
    return f->change_errno ? f->change_errno : EIO;
}

uint64_t floor_room(uint64_t bytes)
{
    struct floor *f = in_force;
    if (!f || f->is_undoing)
        return bytes;
    uint64_t before = f->bytes;
    f->bytes += bytes;
    if (!f->has_disk_end || f->bytes <= f->disk_end)
        return bytes;
    f->disk_was_full = true;
    return before < f->disk_end ? f->disk_end - before : 0;
}

bool floor_has_disk_end(void)
{
    return in_force && in_force->has_disk_end && !in_force->is_undoing;
}
