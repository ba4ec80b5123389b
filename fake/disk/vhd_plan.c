/* SPDX-License-Identifier: MIT */
/*
 * vhd_plan.c - how changes get into a VHD.
 *
 * Blocks that are there are overwritten. New ones begin where the footer is, which moves behind
 * them; the footer's copy at the front stays, for whoever looks while it moves. Bits are set for
 * sectors that are written (a new block of a dynamic disk has all of them).
 */
#include "vhd.h"

#include <string.h>

#include "plan.h"

/* The block that is being planned; changes come in the order of the disk. */
struct work {
    struct container *c;
    struct plan *plan;
    uint64_t end; /* where the next new block goes */
    uint32_t block;
    bool is_begun, is_new, is_changed;
    uint64_t at;
    uint8_t *bitmap;
};

static HRESULT finish_block(struct work *w)
{
    struct vhd *vhd = w->c->own;
    if (!w->is_begun || (!w->is_new && !w->is_changed))
        return S_OK;
    TRY(plan_structure(w->plan, w->is_new ? PLAN_DATA : PLAN_TABLES, w->c, w->at, w->bitmap,
                       vhd->bitmap_size));
    if (!w->is_new)
        return S_OK;
    uint8_t entry[4];
    set_be(entry, 4, w->at / VHD_SECTOR);
    return plan_structure(w->plan, PLAN_TABLES, w->c, vhd->bat_at + 4ull * w->block, entry, 4);
}

static HRESULT begin_block(struct work *w, uint32_t block)
{
    struct vhd *vhd = w->c->own;
    TRY(finish_block(w));
    w->is_begun = true;
    w->is_changed = false;
    w->block = block;
    w->is_new = vhd->bat[block] == VHD_UNUSED;
    if (!w->is_new) {
        const uint8_t *bitmap;
        TRY(vhd_bitmap(w->c, block, &bitmap));
        memcpy(w->bitmap, bitmap, vhd->bitmap_size);
        w->at = (uint64_t)vhd->bat[block] * VHD_SECTOR;
        return S_OK;
    }
    memset(w->bitmap, container_has_parent(w->c) ? 0 : 0xFF, vhd->bitmap_size);
    w->at = w->end;
    w->end += (uint64_t)vhd->bitmap_size + vhd->block_size;
    if (w->end / VHD_SECTOR >= VHD_UNUSED)
        return FAIL(VHD_E_LIMITATION, "%s would become too long", w->c->path);
    return S_OK;
}

static void set_sectors(struct work *w, uint32_t first, uint32_t count)
{
    for (uint32_t sector = first; sector < first + count; sector++) {
        uint8_t bit = (uint8_t)(0x80 >> sector % 8);
        w->is_changed = w->is_changed || !(w->bitmap[sector / 8] & bit);
        w->bitmap[sector / 8] |= bit;
    }
}

static HRESULT plan_change(struct work *w, struct change change)
{
    struct vhd *vhd = w->c->own;
    while (change.size) {
        uint32_t block = (uint32_t)(change.offset / vhd->block_size);
        uint32_t within = (uint32_t)(change.offset % vhd->block_size);
        uint64_t size = vhd->block_size - within;
        size = size < change.size ? size : change.size;
        if (!w->is_begun || w->block != block)
            TRY(begin_block(w, block));
        TRY(plan_data(w->plan, w->at + vhd->bitmap_size + within, size, change.at));
        set_sectors(w, within / VHD_SECTOR, (uint32_t)(size / VHD_SECTOR));
        change.offset += size;
        change.at += size;
        change.size -= size;
    }
    return S_OK;
}

static HRESULT plan_fixed(struct container *c, const struct changes *changes, struct plan *plan)
{
    const struct vhd *vhd = c->own;
    for (size_t i = 0; i < changes->list.len; i++) {
        const struct change *change = &changes->list.ptr[i];
        TRY(plan_data(plan, change->offset, change->size, change->at));
    }
    return plan_unchanged(plan, c, vhd->footer_at, VHD_FOOTER);
}

HRESULT vhd_plan(struct container *c, const struct changes *changes, struct plan *plan)
{
    struct vhd *vhd = c->own;
    if (c->kind == DISK_VHD_FIXED)
        return plan_fixed(c, changes, plan);
    AUTO_FREE uint8_t *bitmap = mem_alloc(vhd->bitmap_size);
    if (!bitmap)
        return FAIL_MEMORY();
    struct work w = {.c = c, .plan = plan, .end = vhd->footer_at, .bitmap = bitmap};
    for (size_t i = 0; i < changes->list.len; i++)
        TRY(plan_change(&w, changes->list.ptr[i]));
    TRY(finish_block(&w));
    TRY(plan_unchanged(plan, c, 0, VHD_FOOTER));
    if (w.end + VHD_FOOTER == c->stat.size)
        return S_OK;
    plan->new_size = w.end + VHD_FOOTER;
    return plan_structure(plan, PLAN_LAST, c, w.end, vhd->footer, VHD_FOOTER);
}
