/* SPDX-License-Identifier: MIT */
/*
 * gpt.c - the GUID partition table (UEFI specification, 5.3): a header and the entries at the
 * front, and both again at the end of the disk. The one at the front counts if it is whole.
 */
#include "partition.h"

#include <stdio.h>
#include <string.h>

#include "container.h"
#include "text.h"

enum { GPT_HEADER = 92, LEAST_ENTRY = 128, LARGEST_ENTRIES = 1 << 20, MOST_ENTRIES = 4096 };

struct gpt {
    uint64_t first, last; /* sectors that partitions may use */
    uint64_t entries_at;  /* sector */
    uint32_t count, entry_size;
    uint8_t disk_id[16];
    uint8_t *entries;
};

static void gpt_clear(struct gpt *gpt)
{
    mem_free(gpt->entries);
    *gpt = (struct gpt){0};
}

static HRESULT corrupt(const char *what, uint64_t sector)
{
    return FAIL(HR_WIN32(ERROR_DISK_CORRUPT), "the GPT at sector %llu %s",
                (unsigned long long)sector, what);
}

static bool is_possible(const struct gpt *gpt, const struct disk_info *info)
{
    uint64_t sectors = info->size / info->sector_size;
    uint64_t size = (uint64_t)gpt->count * gpt->entry_size;
    return gpt->first <= gpt->last && gpt->last < sectors && gpt->entry_size >= LEAST_ENTRY &&
           gpt->entry_size % 8 == 0 && gpt->count <= MOST_ENTRIES && size <= LARGEST_ENTRIES &&
           gpt->entries_at < sectors && size <= (sectors - gpt->entries_at) * info->sector_size;
}

static HRESULT read_entries(struct disk *disk, struct gpt *gpt, uint64_t sector, uint32_t crc)
{
    size_t size = (size_t)gpt->count * gpt->entry_size;
    gpt->entries = mem_alloc(size + 1);
    if (!gpt->entries)
        return FAIL_MEMORY();
    TRY(disk_read(disk, gpt->entries, size, gpt->entries_at * disk_info(disk).sector_size));
    return checksum_is(crc, crc32_of(gpt->entries, size))
               ? S_OK
               : corrupt("has entries with a wrong checksum", sector);
}

/* The table whose header is in that sector. S_FALSE: there is no header. */
static HRESULT read_table(struct disk *disk, uint64_t sector, struct gpt *out)
{
    struct disk_info info = disk_info(disk);
    uint8_t header[4096];
    TRY(disk_read(disk, header, info.sector_size, sector * info.sector_size));
    if (memcmp(header, "EFI PART", 8) != 0)
        return S_FALSE;
    uint32_t size = LE32(header + 12), stored = LE32(header + 16);
    if (LE16(header + 10) != 1 || size < GPT_HEADER || size > info.sector_size)
        return corrupt("has a version that is not known", sector);
    set_le(header + 16, 4, 0);
    if (!checksum_is(stored, crc32_of(header, size)))
        return corrupt("has a wrong checksum", sector);
    gpt_clear(out);
    *out = (struct gpt){.first = LE64(header + 40),
                        .last = LE64(header + 48),
                        .entries_at = LE64(header + 72),
                        .count = LE32(header + 80),
                        .entry_size = LE32(header + 84)};
    memcpy(out->disk_id, header + 56, 16);
    if (LE64(header + 24) != sector || !is_possible(out, &info))
        return corrupt("says what cannot be", sector);
    return read_entries(disk, out, sector, LE32(header + 88));
}

/* That at the front or, if it is not whole, that at the end. */
static HRESULT read_either(struct disk *disk, struct gpt *gpt, bool *is_from_backup)
{
    struct disk_info info = disk_info(disk);
    HRESULT front = read_table(disk, 1, gpt);
    *is_from_backup = false;
    if (front != S_FALSE && front != HR_WIN32(ERROR_DISK_CORRUPT))
        return front;
    struct error cause = *error_last();
    HRESULT end = read_table(disk, info.size / info.sector_size - 1, gpt);
    *is_from_backup = end == S_OK;
    if (end != S_FALSE || front == S_FALSE)
        return end;
    error_restore(&cause);
    return front;
}

static void guid_text(const uint8_t *guid, char out[GUID_TEXT])
{
    snprintf(out, GUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", LE32(guid),
             LE16(guid + 4), LE16(guid + 6), guid[8], guid[9], guid[10], guid[11], guid[12],
             guid[13], guid[14], guid[15]);
}

static void name_text(const uint8_t *utf16, char *out)
{
    for (unsigned i = 0; i < 36 && LE16(utf16 + 2 * i); i++) {
        uint32_t unit = LE16(utf16 + 2 * i), next = i < 35 ? LE16(utf16 + 2 * i + 2) : 0;
        bool is_pair = unit >> 10 == 0xD800 >> 10 && next >> 10 == 0xDC00 >> 10;
        if (is_pair)
            unit = 0x10000 + ((unit & 0x3FF) << 10) + (next & 0x3FF);
        i += is_pair;
        out += text_encode(unit, out);
    }
    *out = '\0';
}

static HRESULT add_partition(const struct gpt *gpt, const uint8_t *entry, unsigned number,
                             uint32_t sector_size, struct partitions *out)
{
    static const uint8_t unused[16] = {0};
    uint64_t first = LE64(entry + 32), last = LE64(entry + 40);
    if (memcmp(entry, unused, 16) == 0)
        return S_OK;
    if (first < gpt->first || last > gpt->last || first > last)
        return FAIL(HR_WIN32(ERROR_DISK_CORRUPT),
                    "partition %u is said to be sectors %llu to %llu, which it cannot", number,
                    (unsigned long long)first, (unsigned long long)last);
    struct partition *p = vec_push(&out->list);
    if (!p)
        return FAIL_MEMORY();
    p->number = number;
    p->offset = first * sector_size;
    p->size = (last - first + 1) * sector_size;
    p->attributes = LE64(entry + 48);
    guid_text(entry, p->type);
    guid_text(entry + 16, p->id);
    name_text(entry + 56, p->name);
    return S_OK;
}

HRESULT gpt_read(struct disk *disk, struct partitions *out)
{
    struct disk_info info = disk_info(disk);
    AUTO(gpt_clear) struct gpt gpt = {0};
    if (info.size < 3ull * info.sector_size)
        return S_FALSE;
    HRESULT hr = read_either(disk, &gpt, &out->is_from_backup);
    if (hr != S_OK)
        return hr;
    out->table = TABLE_GPT;
    guid_text(gpt.disk_id, out->id);
    for (uint32_t i = 0; i < gpt.count; i++)
        TRY(add_partition(&gpt, gpt.entries + (size_t)i * gpt.entry_size, i + 1, info.sector_size,
                          out));
    return S_OK;
}
