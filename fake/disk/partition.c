/* SPDX-License-Identifier: MIT */
/* partition.c - the MBR, and putting together what partition.h promises. */
#include "partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"

enum { MBR = 512, MBR_ENTRIES = 446, MBR_ENTRY = 16, MOST_LOGICAL = 128 };
enum { TYPE_PROTECTIVE = 0xEE };

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0F || type == 0x85;
}

static HRESULT read_table(struct disk *disk, uint64_t sector, uint8_t table[MBR])
{
    struct disk_info info = disk_info(disk);
    if (sector >= info.size / info.sector_size)
        return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "a partition table is said to be in sector %llu",
                    (unsigned long long)sector);
    return disk_read(disk, table, MBR, sector * info.sector_size);
}

/* `base` is the sector that the entry counts from. */
static HRESULT add_partition(struct disk *disk, const uint8_t *entry, uint64_t base,
                             unsigned number, struct partitions *out)
{
    struct disk_info info = disk_info(disk);
    uint64_t first = base + LE32(entry + 8), count = LE32(entry + 12);
    uint64_t sectors = info.size / info.sector_size;
    if (!count || !first || first > sectors || count > sectors - first)
        return FAIL(HR_WIN32(ERROR_DISK_CORRUPT),
                    "partition %u is said to have %llu sectors from %llu, and the disk has %llu",
                    number, (unsigned long long)count, (unsigned long long)first,
                    (unsigned long long)sectors);
    struct partition *p = vec_push(&out->list);
    if (!p)
        return FAIL_MEMORY();
    p->number = number;
    p->offset = first * info.sector_size;
    p->size = count * info.sector_size;
    p->mbr_type = entry[4];
    p->is_active = entry[0] & 0x80;
    return S_OK;
}

/* A chain of tables in the extended partition: each has one partition and the next table. */
static HRESULT read_logical(struct disk *disk, uint64_t extended, struct partitions *out)
{
    uint64_t sector = extended;
    for (unsigned n = 0; n < MOST_LOGICAL; n++) {
        uint8_t table[MBR];
        TRY(read_table(disk, sector, table));
        const uint8_t *entry = table + MBR_ENTRIES, *link = entry + MBR_ENTRY;
        if (LE16(table + MBR - 2) != 0xAA55)
            return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "sector %llu holds no partition table",
                        (unsigned long long)sector);
        if (entry[4])
            TRY(add_partition(disk, entry, sector, 5 + n, out));
        if (!is_extended(link[4]))
            return S_OK;
        sector = extended + LE32(link + 8);
    }
    return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "more than %d logical partitions", MOST_LOGICAL);
}

static HRESULT read_mbr(struct disk *disk, const uint8_t *mbr, struct partitions *out)
{
    out->table = TABLE_MBR;
    snprintf(out->id, sizeof out->id, "%08x", LE32(mbr + 440));
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *entry = mbr + MBR_ENTRIES + i * MBR_ENTRY;
        if (entry[4] && !is_extended(entry[4]))
            TRY(add_partition(disk, entry, 0, i + 1, out));
    }
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *entry = mbr + MBR_ENTRIES + i * MBR_ENTRY;
        if (is_extended(entry[4]))
            TRY(read_logical(disk, LE32(entry + 8), out));
    }
    return S_OK;
}

/* ---- together ---- */

static int compare_offsets(const void *a, const void *b)
{
    uint64_t x = (*(const struct partition *const *)a)->offset;
    uint64_t y = (*(const struct partition *const *)b)->offset;
    return x < y ? -1 : x > y;
}

static HRESULT check_overlaps(const struct partitions *partitions)
{
    size_t n = partitions->list.len;
    AUTO_FREE const struct partition **sorted = mem_array(n, sizeof *sorted);
    if (!sorted)
        return FAIL_MEMORY();
    for (size_t i = 0; i < n; i++)
        sorted[i] = &partitions->list.ptr[i];
    qsort(sorted, n, sizeof *sorted, compare_offsets);
    for (size_t i = 1; i < n; i++)
        if (sorted[i - 1]->offset + sorted[i - 1]->size > sorted[i]->offset)
            return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "partitions %u and %u share sectors",
                        sorted[i - 1]->number, sorted[i]->number);
    return S_OK;
}

static bool is_protective(const uint8_t *mbr)
{
    for (unsigned i = 0; i < 4; i++)
        if (mbr[MBR_ENTRIES + i * MBR_ENTRY + 4] == TYPE_PROTECTIVE)
            return true;
    return false;
}

/* A disk that is one volume, as a floppy is: its first sector is that of a file system. */
static HRESULT read_whole(struct disk *disk, enum volume_kind kind, struct partitions *out)
{
    struct partition *p = vec_push(&out->list);
    if (!p)
        return FAIL_MEMORY();
    p->number = 1;
    p->size = disk_info(disk).size;
    p->volume = kind;
    return S_OK;
}

static HRESULT read_any(struct disk *disk, struct partitions *out)
{
    uint8_t mbr[MBR];
    TRY(read_table(disk, 0, mbr));
    bool has_mark = LE16(mbr + MBR - 2) == 0xAA55;
    if (has_mark && is_protective(mbr)) {
        HRESULT hr = gpt_read(disk, out);
        return hr == S_FALSE ? FAIL(HR_WIN32(ERROR_DISK_CORRUPT),
                                    "the disk has the mark of a GPT, and none at either end")
                             : hr;
    }
    enum volume_kind kind;
    TRY(volume_probe(disk, 0, disk_info(disk).size, &kind));
    if (kind != VOLUME_UNKNOWN)
        return read_whole(disk, kind, out);
    return has_mark ? read_mbr(disk, mbr, out) : S_OK;
}

HRESULT partitions_read(struct disk *disk, struct partitions *out)
{
    TRY(read_any(disk, out));
    TRY(check_overlaps(out));
    for (size_t i = 0; i < out->list.len; i++) {
        struct partition *p = &out->list.ptr[i];
        TRY(volume_probe(disk, p->offset, p->size, &p->volume));
    }
    return S_OK;
}

void partitions_clear(struct partitions *partitions)
{
    vec_clear(&partitions->list);
}
