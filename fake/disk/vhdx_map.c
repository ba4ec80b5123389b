/* SPDX-License-Identifier: MIT */
/* vhdx_map.c - a VHDX's block table and sector bitmaps: where what of the disk lies. */
#include "vhdx.h"

#include <string.h>

static HRESULT check_entry(const struct container *c, uint64_t index)
{
    const struct vhdx *vhdx = c->own;
    enum vhdx_state state = vhdx_state(vhdx->bat[index]);
    bool is_bitmap = index % (vhdx->chunk_ratio + 1ull) == vhdx->chunk_ratio;
    bool is_good = is_bitmap
                       ? state == VHDX_NOT_PRESENT || (state == VHDX_PRESENT && vhdx->has_parent)
                       : state <= VHDX_UNMAPPED || state == VHDX_PRESENT ||
                             (state == VHDX_PARTIAL && vhdx->has_parent);
    if (!is_good)
        return FAIL(VHDX_CORRUPT, "entry %llu of the block table of %s has state %u",
                    (unsigned long long)index, c->path, state);
    return S_OK;
}

static HRESULT use_entries(struct container *c)
{
    struct vhdx *vhdx = c->own;
    for (uint64_t i = 0; i < vhdx->entries; i++) {
        vhdx->bat[i] = LE64(&vhdx->bat[i]);
        TRY(check_entry(c, i));
        enum vhdx_state state = vhdx_state(vhdx->bat[i]);
        bool is_bitmap = i % (vhdx->chunk_ratio + 1ull) == vhdx->chunk_ratio;
        if (state == VHDX_PRESENT || state == VHDX_PARTIAL)
            TRY(places_add(&vhdx->used, vhdx_place(vhdx->bat[i]),
                           is_bitmap ? VHDX_MIB : c->block_size));
    }
    for (uint64_t block = 0; block < vhdx->blocks; block++)
        if (vhdx_state(vhdx->bat[vhdx_entry(vhdx, block)]) == VHDX_PARTIAL &&
            vhdx_state(vhdx->bat[vhdx_bitmap_entry(vhdx, block)]) != VHDX_PRESENT)
            return FAIL(VHDX_CORRUPT, "block %llu of %s has no sector bitmap",
                        (unsigned long long)block, c->path);
    return S_OK;
}

HRESULT vhdx_read_bat(struct container *c)
{
    struct vhdx *vhdx = c->own;
    vhdx->chunk_ratio = (uint32_t)(((uint64_t)c->sector_size << 23) / c->block_size);
    vhdx->blocks = (c->size + c->block_size - 1) / c->block_size;
    /* Without a parent the last entry is that of the last payload block. */
    vhdx->entries = vhdx->has_parent ? vhdx_bitmap_entry(vhdx, vhdx->blocks - 1) + 1
                                     : vhdx_entry(vhdx, vhdx->blocks - 1) + 1;
    if (vhdx->entries * 8 > vhdx->bat_size)
        return FAIL(VHDX_CORRUPT, "the block table of %s has no room for its %llu blocks", c->path,
                    (unsigned long long)vhdx->blocks);
    /* Before any of it is read: a table that is said to be huge has to be there. */
    TRY(places_check(&vhdx->used, c, c->stat.size, VHDX_CORRUPT));
    vhdx->bitmap_size = c->block_size / c->sector_size / 8;
    vhdx->bitmap_block = UINT64_MAX;
    vhdx->bitmap = mem_alloc(vhdx->bitmap_size);
    vhdx->bat = mem_array(vhdx->entries, sizeof *vhdx->bat);
    if (!vhdx->bat || !vhdx->bitmap)
        return FAIL_MEMORY();
    TRY(container_file_read(c, vhdx->bat, vhdx->entries * 8, vhdx->bat_at, VHDX_CORRUPT));
    TRY(use_entries(c));
    HRESULT hr = places_check(&vhdx->used, c, c->stat.size, VHDX_CORRUPT);
    vec_clear(&vhdx->used);
    return hr;
}

HRESULT vhdx_bitmap(struct container *c, uint64_t block, const uint8_t **out)
{
    struct vhdx *vhdx = c->own;
    if (vhdx->bitmap_block != block) {
        uint64_t at = vhdx_place(vhdx->bat[vhdx_bitmap_entry(vhdx, block)]);
        vhdx->bitmap_block = UINT64_MAX;
        TRY(container_file_read(c, vhdx->bitmap, vhdx->bitmap_size, at + vhdx_bits_at(vhdx, block),
                                VHDX_CORRUPT));
        vhdx->bitmap_block = block;
    }
    *out = vhdx->bitmap;
    return S_OK;
}

static bool has_sector(const uint8_t *bitmap, uint32_t sector)
{
    return bitmap[sector / 8] & (1 << sector % 8);
}

HRESULT vhdx_map(struct container *c, uint64_t offset, struct extent *out)
{
    struct vhdx *vhdx = c->own;
    uint64_t block = offset / c->block_size, left = c->size - block * c->block_size;
    uint32_t within = (uint32_t)(offset % c->block_size);
    uint32_t end = left < c->block_size ? (uint32_t)left : c->block_size;
    uint64_t entry = vhdx->bat[vhdx_entry(vhdx, block)];
    enum vhdx_state state = vhdx_state(entry);
    *out = (struct extent){state == VHDX_NOT_PRESENT && vhdx->has_parent    ? EXTENT_PARENT
                           : state == VHDX_PRESENT || state == VHDX_PARTIAL ? EXTENT_FILE
                                                                            : EXTENT_ZERO,
                           end - within, vhdx_place(entry) + within};
    if (state != VHDX_PARTIAL)
        return S_OK;
    const uint8_t *bitmap;
    TRY(vhdx_bitmap(c, block, &bitmap));
    uint32_t sector = within / c->sector_size, sectors = end / c->sector_size;
    bool is_here = has_sector(bitmap, sector);
    while (sector < sectors && has_sector(bitmap, sector) == is_here)
        sector++;
    out->kind = is_here ? EXTENT_FILE : EXTENT_PARENT;
    out->size = (uint64_t)sector * c->sector_size - within;
    return S_OK;
}
