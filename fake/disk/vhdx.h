/* SPDX-License-Identifier: MIT */
/*
 * vhdx.h - the VHDX format ([MS-VHDX]), shared by vhdx.c (opening), vhdx_meta.c (what its tables
 * say), vhdx_map.c (reading) and vhdx_plan.c (writing). Numbers are little endian.
 *
 * In the first MiB: a mark, two headers (the one with the larger sequence number counts), two
 * equal region tables. Behind it, in MiBs: log, metadata, block table (BAT: state and place of each
 * payload block, and after each chunk of them those of its sector bitmap), blocks.
 */
#ifndef DISK_VHDX_H
#define DISK_VHDX_H

#include "container.h"

enum {
    VHDX_HEADER = 4096,
    VHDX_HEADER_AT = 64 << 10, /* the first; the second comes as far behind it */
    VHDX_TABLE = 64 << 10,     /* size of a region table, and of the metadata's */
    VHDX_TABLE_AT = 192 << 10,
    VHDX_MIB = 1 << 20,
};
enum vhdx_state {
    VHDX_NOT_PRESENT = 0,
    VHDX_UNDEFINED = 1,
    VHDX_ZERO = 2,
    VHDX_UNMAPPED = 3,
    VHDX_PRESENT = 6,
    VHDX_PARTIAL = 7, /* its sector bitmap tells which sectors are here */
};

struct vhdx {
    uint8_t header[VHDX_HEADER]; /* the one that counts */
    unsigned header_index;
    places used; /* until the file is open: what lies where */
    uint64_t bat_at, bat_size, metadata_at, metadata_size;
    uint64_t *bat, blocks, entries;
    uint32_t chunk_ratio; /* payload blocks for each sector bitmap block */
    bool leaves_allocated, has_parent;
    uint8_t data_guid[16], linkage[2][16]; /* who we are to children; who the parent has to be */
    uint8_t *bitmap;                       /* the part of a sector bitmap for one block */
    uint32_t bitmap_size;
    uint64_t bitmap_block; /* whose that is; UINT64_MAX: nobody's */
};

/* vhdx_meta.c */
HRESULT vhdx_read_regions(struct container *c);
HRESULT vhdx_read_metadata(struct container *c);
/* vhdx_map.c */
HRESULT vhdx_read_bat(struct container *c);
HRESULT vhdx_map(struct container *c, uint64_t offset, struct extent *out);
/* vhdx_plan.c */
HRESULT vhdx_plan(struct container *c, const struct changes *changes, struct plan *plan);

static inline enum vhdx_state vhdx_state(uint64_t entry)
{
    return (enum vhdx_state)(entry & 7);
}
static inline uint64_t vhdx_place(uint64_t entry)
{
    return entry >> 20 << 20; /* in MiB, above 20 other bits */
}
/* Which entry of the table is that of a block, and of the sector bitmap it shares. */
static inline uint64_t vhdx_entry(const struct vhdx *vhdx, uint64_t block)
{
    return block + block / vhdx->chunk_ratio;
}
static inline uint64_t vhdx_bitmap_entry(const struct vhdx *vhdx, uint64_t block)
{
    return (block / vhdx->chunk_ratio + 1) * ((uint64_t)vhdx->chunk_ratio + 1) - 1;
}
/* Where the block's bits begin in its sector bitmap block. */
static inline uint64_t vhdx_bits_at(const struct vhdx *vhdx, uint64_t block)
{
    return block % vhdx->chunk_ratio * vhdx->bitmap_size;
}
HRESULT vhdx_bitmap(struct container *c, uint64_t block, const uint8_t **out);

/* What is wrong with a VHDX has one code on Windows, whatever it is. */
#define VHDX_CORRUPT HR_WIN32(ERROR_FILE_CORRUPT)

#endif
