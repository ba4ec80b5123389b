/* SPDX-License-Identifier: MIT */
/*
 * vhdx_meta.c - a VHDX's region table (where block table and metadata lie), its metadata (sizes,
 * identity) and its parent locator. GUIDs are compared as the bytes that are in the file.
 */
#include "vhdx.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

typedef uint8_t guid_bytes[16];
enum { MOST_ENTRIES = 2047 };

static const guid_bytes bat_region = {0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42,
                                      0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08};
static const guid_bytes metadata_region = {0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B,
                                           0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E};

/* ---- regions ---- */

static HRESULT use_region(struct container *c, const uint8_t *entry)
{
    struct vhdx *vhdx = c->own;
    uint64_t at = LE64(entry + 16), size = LE32(entry + 24);
    if (at < VHDX_MIB || at % VHDX_MIB || !size || size % VHDX_MIB)
        return FAIL(VHDX_CORRUPT, "%s says that a region of %llu bytes lies at %llu", c->path,
                    (unsigned long long)size, (unsigned long long)at);
    TRY(places_add(&vhdx->used, at, size));
    uint64_t *at_out = memcmp(entry, bat_region, 16) == 0        ? &vhdx->bat_at
                       : memcmp(entry, metadata_region, 16) == 0 ? &vhdx->metadata_at
                                                                 : NULL;
    if (!at_out)
        return LE32(entry + 28) & 1
                   ? FAIL(VHD_E_UNSUPPORTED_VERSION, "%s needs a region that is not known", c->path)
                   : S_OK;
    if (*at_out)
        return FAIL(VHDX_CORRUPT, "%s names a region twice", c->path);
    *at_out = at;
    *(at_out == &vhdx->bat_at ? &vhdx->bat_size : &vhdx->metadata_size) = size;
    return S_OK;
}

static bool is_region_table(uint8_t *table)
{
    uint32_t stored = LE32(table + 4);
    set_le(table + 4, 4, 0);
    return memcmp(table, "regi", 4) == 0 && checksum_is(stored, crc32c_of(table, VHDX_TABLE)) &&
           LE32(table + 8) <= MOST_ENTRIES;
}

HRESULT vhdx_read_regions(struct container *c)
{
    struct vhdx *vhdx = c->own;
    AUTO_FREE uint8_t *table = mem_alloc(VHDX_TABLE);
    if (!table)
        return FAIL_MEMORY();
    bool is_good = false;
    for (unsigned i = 0; i < 2 && !is_good; i++) {
        TRY(container_file_read(c, table, VHDX_TABLE, VHDX_TABLE_AT + i * (uint64_t)VHDX_TABLE,
                                VHDX_CORRUPT));
        is_good = is_region_table(table);
    }
    if (!is_good)
        return FAIL(VHDX_CORRUPT, "both region tables of %s are damaged", c->path);
    for (uint32_t i = 0; i < LE32(table + 8); i++)
        TRY(use_region(c, table + 16 + 32 * i));
    if (!vhdx->bat_at || !vhdx->metadata_at)
        return FAIL(VHDX_CORRUPT, "%s has no %s", c->path,
                    vhdx->bat_at ? "metadata" : "block table");
    return S_OK;
}

/* ---- parent locator ---- */

/* "{83ED25D4-...}" in either letter case: the same GUID? Gives its bytes. */
static bool guid_from_text(const char *text, guid_bytes out)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    unsigned digits = 0;
    text += *text == '{';
    for (; *text && *text != '}'; text++) {
        static const char hex[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = strchr(hex, *text);
        if (*text == '-')
            continue;
        if (!digit || digits == 32)
            return false;
        uint8_t *byte = &out[order[digits / 2]];
        *byte = (uint8_t)(*byte << 4 | (digit - hex) % 16);
        digits++;
    }
    return digits == 32;
}

static HRESULT use_locator_entry(struct container *c, const char *key, char **value)
{
    static const struct {
        const char *key;
        bool is_path, is_relative;
        unsigned linkage;
    } known[] = {{"parent_linkage", .linkage = 0},
                 {"parent_linkage2", .linkage = 1},
                 {"relative_path", true, true, 0},
                 {"volume_path", true, false, 0},
                 {"absolute_win32_path", true, false, 0}};
    struct vhdx *vhdx = c->own;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!text_equal(known[i].key, key))
            continue;
        if (!known[i].is_path && !guid_from_text(*value, vhdx->linkage[known[i].linkage]))
            return FAIL(VHDX_CORRUPT, "%s: %s is '%s'", c->path, key, *value);
        struct parent_hint *hint = known[i].is_path ? vec_push(&c->hints) : NULL;
        if (known[i].is_path && !hint)
            return FAIL_MEMORY();
        if (hint)
            *hint = (struct parent_hint){TAKE(*value), known[i].is_relative};
    }
    return S_OK;
}

static HRESULT locator_text(const struct container *c, const uint8_t *item, uint32_t size,
                            uint32_t at, uint32_t bytes, char **out)
{
    if (at > size || bytes > size - at || bytes % 2)
        return FAIL(VHDX_CORRUPT, "the parent locator of %s names what lies outside of it",
                    c->path);
    AUTO_FREE char16_t *units = mem_array(bytes / 2 + 1, sizeof *units);
    if (!units)
        return FAIL_MEMORY();
    for (uint32_t i = 0; i < bytes / 2; i++)
        units[i] = LE16(item + at + 2 * i);
    return text_from_utf16_n(units, bytes / 2, out);
}

/* The relative path is to be tried first, whatever the order in the file. */
static void sort_hints(struct container *c)
{
    for (size_t i = 1; i < c->hints.len; i++) {
        struct parent_hint hint = c->hints.ptr[i];
        if (hint.is_relative) {
            memmove(c->hints.ptr + 1, c->hints.ptr, i * sizeof hint);
            c->hints.ptr[0] = hint;
        }
    }
}

static HRESULT read_locator(struct container *c, const uint8_t *item, uint32_t size)
{
    static const guid_bytes of_vhdx = {0xB7, 0xEF, 0x4A, 0xB0, 0x9E, 0xD1, 0x81, 0x4A,
                                       0xB7, 0x89, 0x25, 0xB8, 0xE9, 0x44, 0x59, 0x13};
    if (size < 20 || memcmp(item, of_vhdx, 16) != 0)
        return FAIL(VHD_E_UNSUPPORTED_VERSION, "%s names its parent in a way that is not known",
                    c->path);
    uint32_t count = LE16(item + 18);
    if (20 + 12 * count > size)
        return FAIL(VHDX_CORRUPT, "the parent locator of %s is cut off", c->path);
    for (const uint8_t *entry = item + 20; count--; entry += 12) {
        AUTO_FREE char *key = NULL, *value = NULL;
        TRY(locator_text(c, item, size, LE32(entry), LE16(entry + 8), &key));
        TRY(locator_text(c, item, size, LE32(entry + 4), LE16(entry + 10), &value));
        TRY(use_locator_entry(c, key, &value));
    }
    sort_hints(c);
    return S_OK;
}

/* ---- metadata ---- */

static HRESULT read_parameters(struct container *c, const uint8_t *item, uint32_t size)
{
    struct vhdx *vhdx = c->own;
    (void)size;
    c->block_size = LE32(item);
    if (c->block_size < 1u << 20 || c->block_size > 256u << 20 ||
        (c->block_size & (c->block_size - 1)))
        return FAIL(VHD_E_BLOCK_SIZE, "%s has blocks of %u bytes", c->path, c->block_size);
    vhdx->leaves_allocated = item[4] & 1;
    vhdx->has_parent = item[4] & 2;
    return S_OK;
}

#define MEMBER(name) NULL, offsetof(struct container, name), false
static const struct metadata_kind {
    guid_bytes id;
    uint32_t bytes; /* at least */
    HRESULT (*read)(struct container *c, const uint8_t *item, uint32_t size);
    size_t member;       /* without `read`: where in struct container it goes */
    bool is_of_children; /* there only if the disk has a parent */
    const char *name;
} kinds[] = {
    {{0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7,
      0x6B},
     8,
     read_parameters,
     0,
     false,
     "file parameters"},
    {{0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4,
      0xB8},
     8,
     MEMBER(size),
     "size"},
    {{0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7,
      0x46},
     16,
     MEMBER(id),
     "identity"},
    {{0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB,
      0x5F},
     4,
     MEMBER(sector_size),
     "sector size"},
    {{0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5,
      0x56},
     4,
     MEMBER(physical_sector_size),
     "physical sector size"},
    {{0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB,
      0x0C},
     20,
     read_locator,
     0,
     true,
     "parent locator"},
};
enum { KINDS = sizeof kinds / sizeof *kinds, LARGEST_ITEM = 1 << 20 };

static void keep(const uint8_t *item, uint32_t bytes, void *member)
{
    if (bytes == sizeof(uint64_t))
        *(uint64_t *)member = LE64(item);
    else if (bytes == sizeof(uint32_t))
        *(uint32_t *)member = LE32(item);
    else
        memcpy(member, item, bytes);
}

static HRESULT read_item(struct container *c, const uint8_t *entry, bool seen[KINDS])
{
    struct vhdx *vhdx = c->own;
    uint32_t at = LE32(entry + 16), size = LE32(entry + 20), flags = LE32(entry + 24);
    size_t kind = 0;
    while (kind < KINDS && memcmp(kinds[kind].id, entry, 16) != 0)
        kind++;
    if (kind == KINDS)
        return flags & 4
                   ? FAIL(VHD_E_UNSUPPORTED_VERSION, "%s needs metadata that is not known", c->path)
                   : S_OK;
    if (seen[kind] || size < kinds[kind].bytes || size > LARGEST_ITEM || at < VHDX_TABLE ||
        at > vhdx->metadata_size || size > vhdx->metadata_size - at)
        return FAIL(VHDX_CORRUPT, "the metadata of %s names its %s wrongly", c->path,
                    kinds[kind].name);
    seen[kind] = true;
    AUTO_FREE uint8_t *item = mem_alloc(size);
    if (!item)
        return FAIL_MEMORY();
    TRY(container_file_read(c, item, size, vhdx->metadata_at + at, VHDX_CORRUPT));
    if (kinds[kind].read)
        return kinds[kind].read(c, item, size);
    keep(item, kinds[kind].bytes, (char *)c + kinds[kind].member);
    return S_OK;
}

static HRESULT check_sizes(const struct container *c)
{
    if (c->sector_size != 512 && c->sector_size != 4096)
        return FAIL(VHD_E_SECTOR_SIZE, "%s has sectors of %u bytes", c->path, c->sector_size);
    if (c->physical_sector_size != 512 && c->physical_sector_size != 4096)
        return FAIL(VHD_E_SECTOR_SIZE, "%s has physical sectors of %u bytes", c->path,
                    c->physical_sector_size);
    if (!c->size || c->size % c->sector_size || c->size > 64ull << 40)
        return FAIL(VHD_E_SIZE, "%s says that the disk has %llu bytes", c->path,
                    (unsigned long long)c->size);
    return S_OK;
}

HRESULT vhdx_read_metadata(struct container *c)
{
    struct vhdx *vhdx = c->own;
    AUTO_FREE uint8_t *table = mem_alloc(VHDX_TABLE);
    if (!table)
        return FAIL_MEMORY();
    TRY(container_file_read(c, table, VHDX_TABLE, vhdx->metadata_at, VHDX_CORRUPT));
    uint32_t count = LE16(table + 10);
    if (memcmp(table, "metadata", 8) != 0 || count > MOST_ENTRIES)
        return FAIL(VHDX_CORRUPT, "the metadata of %s is damaged", c->path);
    bool seen[KINDS] = {false};
    for (uint32_t i = 0; i < count; i++)
        TRY(read_item(c, table + 32 + 32 * i, seen));
    for (size_t kind = 0; kind < KINDS; kind++)
        if (!seen[kind] && (!kinds[kind].is_of_children || vhdx->has_parent))
            return FAIL(VHDX_CORRUPT, "the metadata of %s has no %s", c->path, kinds[kind].name);
    return check_sizes(c);
}
