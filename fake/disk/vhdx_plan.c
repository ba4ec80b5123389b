/* SPDX-License-Identifier: MIT */
/*
 * vhdx_plan.c - how changes get into a VHDX.
 *
 * Blocks that are there are overwritten, new ones go behind the end, at a whole MiB. Before any of
 * it the header that does not count is written with new GUIDs, so that it counts; at the end the
 * other one follows. The log stays empty: the plan is one, and redone from its start.
 */
#include "vhdx.h"

#include <stdlib.h>
#include <string.h>

#include "plan.h"

struct entry_change {
    uint64_t index, was;
};

/* The block that is being planned; changes come in the order of the disk. */
struct work {
    struct container *c;
    struct plan *plan;
    uint64_t end; /* where the next new block goes */
    VEC(struct entry_change) entries;
    uint64_t block, at, written;
    bool is_begun, is_new;
    bool has_bits, is_changed; /* a sector bitmap counts; it has to be written */
    uint8_t *bitmap;
};

static HRESULT set_entry(struct work *w, uint64_t index, enum vhdx_state state, uint64_t at)
{
    struct vhdx *vhdx = w->c->own;
    struct entry_change *change = vec_push(&w->entries);
    if (!change)
        return FAIL_MEMORY();
    *change = (struct entry_change){index, vhdx->bat[index]};
    vhdx->bat[index] = at | state;
    return S_OK;
}

static uint64_t block_bytes(const struct container *c, uint64_t block)
{
    uint64_t left = c->size - block * c->block_size;
    return left < c->block_size ? left : c->block_size;
}

static HRESULT finish_block(struct work *w)
{
    struct vhdx *vhdx = w->c->own;
    if (!w->is_begun)
        return S_OK;
    if (w->is_new) {
        bool is_whole = !w->has_bits || w->written == block_bytes(w->c, w->block);
        w->has_bits = !is_whole;
        TRY(set_entry(w, vhdx_entry(vhdx, w->block), is_whole ? VHDX_PRESENT : VHDX_PARTIAL,
                      w->at));
    }
    if (!w->has_bits || !w->is_changed)
        return S_OK;
    uint64_t index = vhdx_bitmap_entry(vhdx, w->block);
    if (vhdx_state(vhdx->bat[index]) != VHDX_PRESENT) {
        TRY(set_entry(w, index, VHDX_PRESENT, w->end));
        w->end += VHDX_MIB;
    }
    return plan_structure(w->plan, PLAN_TABLES, w->c,
                          vhdx_place(vhdx->bat[index]) + vhdx_bits_at(vhdx, w->block), w->bitmap,
                          vhdx->bitmap_size);
}

static HRESULT begin_block(struct work *w, uint64_t block)
{
    struct vhdx *vhdx = w->c->own;
    TRY(finish_block(w));
    uint64_t entry = vhdx->bat[vhdx_entry(vhdx, block)];
    enum vhdx_state state = vhdx_state(entry);
    w->is_begun = true;
    w->block = block;
    w->written = 0;
    w->is_new = state != VHDX_PRESENT && state != VHDX_PARTIAL;
    w->has_bits = state == VHDX_PARTIAL || (state == VHDX_NOT_PRESENT && vhdx->has_parent);
    w->is_changed = w->is_new;
    w->at = w->is_new ? w->end : vhdx_place(entry);
    if (w->is_new)
        w->end += w->c->block_size;
    memset(w->bitmap, 0, vhdx->bitmap_size);
    if (state == VHDX_PARTIAL) {
        const uint8_t *bitmap;
        TRY(vhdx_bitmap(w->c, block, &bitmap));
        memcpy(w->bitmap, bitmap, vhdx->bitmap_size);
    }
    return S_OK;
}

static void set_sectors(struct work *w, uint32_t first, uint32_t count)
{
    for (uint32_t sector = first; sector < first + count; sector++) {
        uint8_t bit = (uint8_t)(1 << sector % 8);
        w->is_changed = w->is_changed || !(w->bitmap[sector / 8] & bit);
        w->bitmap[sector / 8] |= bit;
    }
}

static HRESULT plan_change(struct work *w, struct change change)
{
    while (change.size) {
        uint64_t block = change.offset / w->c->block_size;
        uint32_t within = (uint32_t)(change.offset % w->c->block_size);
        uint64_t size = w->c->block_size - within;
        size = size < change.size ? size : change.size;
        if (!w->is_begun || w->block != block)
            TRY(begin_block(w, block));
        TRY(plan_data(w->plan, w->at + within, size, change.at));
        if (w->has_bits)
            set_sectors(w, within / w->c->sector_size, (uint32_t)(size / w->c->sector_size));
        w->written += size;
        change.offset += size;
        change.at += size;
        change.size -= size;
    }
    return S_OK;
}

static int compare_entries(const void *a, const void *b)
{
    uint64_t x = ((const struct entry_change *)a)->index;
    uint64_t y = ((const struct entry_change *)b)->index;
    return x < y ? -1 : x > y;
}

/* Neighbours go in one write. */
static HRESULT plan_entries(struct work *w)
{
    struct vhdx *vhdx = w->c->own;
    if (!w->entries.len)
        return S_OK;
    AUTO_FREE uint8_t *bytes = mem_array(w->entries.len, 8);
    if (!bytes)
        return FAIL_MEMORY();
    qsort(w->entries.ptr, w->entries.len, sizeof *w->entries.ptr, compare_entries);
    for (size_t i = 0; i < w->entries.len;) {
        uint64_t first = w->entries.ptr[i].index;
        size_t n = 0;
        for (; i < w->entries.len && w->entries.ptr[i].index == first + n; i++, n++)
            set_le(bytes + 8 * n, 8, vhdx->bat[first + n]);
        TRY(plan_structure(w->plan, PLAN_TABLES, w->c, vhdx->bat_at + 8 * first, bytes, 8 * n));
    }
    return S_OK;
}

static void undo_entries(struct work *w)
{
    struct vhdx *vhdx = w->c->own;
    for (size_t i = 0; i < w->entries.len; i++)
        vhdx->bat[w->entries.ptr[i].index] = w->entries.ptr[i].was;
    vec_clear(&w->entries);
}

static void make_guid(uint8_t out[16])
{
    os_random(out, 16);
    out[7] = (uint8_t)((out[7] & 0x0F) | 0x40); /* version 4 */
    out[8] = (uint8_t)((out[8] & 0x3F) | 0x80);
}

static HRESULT plan_headers(struct container *c, struct plan *plan)
{
    struct vhdx *vhdx = c->own;
    AUTO_FREE uint8_t *header = mem_alloc(VHDX_HEADER);
    if (!header)
        return FAIL_MEMORY();
    memcpy(header, vhdx->header, VHDX_HEADER);
    make_guid(header + 16); /* who wrote the file */
    make_guid(header + 32); /* what the disk holds: children of what it was do not fit any more */
    for (unsigned i = 1; i <= 2; i++) {
        unsigned index = (vhdx->header_index + i) % 2;
        set_le(header + 8, 8, LE64(vhdx->header + 8) + i);
        set_le(header + 4, 4, 0);
        set_le(header + 4, 4, crc32c_of(header, VHDX_HEADER));
        TRY(plan_structure(plan, i == 1 ? PLAN_FIRST : PLAN_LAST, c,
                           VHDX_HEADER_AT * (index + 1ull), header, VHDX_HEADER));
    }
    return S_OK;
}

static HRESULT plan_all(struct work *w, const struct changes *changes)
{
    TRY(plan_headers(w->c, w->plan));
    for (size_t i = 0; i < changes->list.len; i++)
        TRY(plan_change(w, changes->list.ptr[i]));
    TRY(finish_block(w));
    TRY(plan_entries(w));
    if (w->end > w->plan->old_size && w->end != ROUND_UP(w->plan->old_size, VHDX_MIB))
        w->plan->new_size = w->end;
    return S_OK;
}

HRESULT vhdx_plan(struct container *c, const struct changes *changes, struct plan *plan)
{
    struct vhdx *vhdx = c->own;
    AUTO_FREE uint8_t *bitmap = mem_alloc(vhdx->bitmap_size);
    if (!bitmap)
        return FAIL_MEMORY();
    struct work w = {
        .c = c, .plan = plan, .end = ROUND_UP(c->stat.size, VHDX_MIB), .bitmap = bitmap};
    HRESULT hr = plan_all(&w, changes);
    undo_entries(&w);
    return hr;
}
