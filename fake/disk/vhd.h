/* SPDX-License-Identifier: MIT */
/*
 * vhd.h - the VHD format ("Virtual Hard Disk Image Format Specification", 1.0), shared by vhd.c
 * (reading) and vhd_plan.c (writing). Numbers are big endian.
 *
 * Fixed: the disk, then a footer of 512 bytes. Dynamic and differencing: a copy of the footer, a
 * header, the block table (BAT: the sector of each block), blocks (a bitmap with a bit for each
 * sector, then the sectors), the footer. A bit that is not set: the sector is zero, or the
 * parent's.
 */
#ifndef DISK_VHD_H
#define DISK_VHD_H

#include "container.h"

enum { VHD_SECTOR = 512, VHD_FOOTER = 512, VHD_HEADER = 1024 };
#define VHD_UNUSED UINT32_MAX

struct vhd {
    uint8_t footer[VHD_FOOTER]; /* as it is to be written */
    uint64_t footer_at;         /* where the one at the end is, or has to come */
    uint8_t header[VHD_HEADER];
    uint64_t bat_at;
    uint32_t *bat; /* one for each block of the disk */
    uint32_t blocks, block_size, bitmap_size;
    bool *is_full; /* blocks whose bits are known to be all set */
    uint8_t *bitmap;
    uint32_t bitmap_block; /* whose bitmap that is; VHD_UNUSED: nobody's */
};

/* The block's bitmap as it is in the file; valid until the next call. */
HRESULT vhd_bitmap(struct container *c, uint32_t block, const uint8_t **out);
HRESULT vhd_plan(struct container *c, const struct changes *changes, struct plan *plan);
/* How many bytes of that block the disk has; the last one may be longer. */
uint32_t vhd_block_bytes(const struct container *c, uint32_t block);

#endif
