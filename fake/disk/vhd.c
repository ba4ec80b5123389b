/* SPDX-License-Identifier: MIT */
/* vhd.c - opening and reading a VHD. See vhd.h for the format; writing is vhd_plan.c. */
#include "vhd.h"

#include <string.h>

#include "text.h"

#define LARGEST_DISK (2040ull << 30)
enum { TYPE_FIXED = 2, TYPE_DYNAMIC = 3, TYPE_DIFFERENCING = 4 };
enum { EPOCH_2000 = 946684800 }; /* 2000-01-01 in seconds since 1970 */

static uint32_t sum_without(const uint8_t *data, size_t size, size_t checksum_at)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += i >= checksum_at && i < checksum_at + 4 ? 0 : data[i];
    return ~sum;
}

static bool is_all(const uint8_t *data, uint8_t value, size_t size)
{
    return size == 0 || (data[0] == value && memcmp(data, data + 1, size - 1) == 0);
}

/* ---- footer ---- */

static HRESULT check_footer(const struct container *c, const uint8_t *footer, const char *which)
{
    if (memcmp(footer, "conectix", 8) != 0)
        return FAIL(VHD_E_FOOTER_MISSING, "%s has no footer at its %s", c->path, which);
    if (!checksum_is(BE32(footer + 64), sum_without(footer, VHD_FOOTER, 64)))
        return FAIL(VHD_E_FOOTER_CHECKSUM, "the footer at the %s of %s has a wrong checksum", which,
                    c->path);
    if (BE32(footer + 12) >> 16 != 1)
        return FAIL(VHD_E_UNSUPPORTED_VERSION, "%s has version %#x of the VHD format", c->path,
                    BE32(footer + 12));
    return S_OK;
}

static HRESULT read_footer(struct container *c, struct vhd *vhd)
{
    if (c->stat.size < VHD_FOOTER)
        return FAIL(VHD_E_FILE_SIZE, "%s has only %llu bytes", c->path,
                    (unsigned long long)c->stat.size);
    vhd->footer_at = c->stat.size - VHD_FOOTER;
    TRY(container_file_read(c, vhd->footer, VHD_FOOTER, vhd->footer_at, VHD_E_FILE_SIZE));
    HRESULT hr = check_footer(c, vhd->footer, "end");
    if (SUCCEEDED(hr))
        return hr;
    struct error cause = *error_last();
    /* Disks that are not fixed can do without: what is at the front is there for that. */
    TRY(container_file_read(c, vhd->footer, VHD_FOOTER, 0, VHD_E_FILE_SIZE));
    vhd->footer_at = ROUND_UP(c->stat.size, VHD_SECTOR);
    if (FAILED(check_footer(c, vhd->footer, "front")) || BE32(vhd->footer + 60) == TYPE_FIXED) {
        error_restore(&cause);
        return cause.hr;
    }
    return S_OK;
}

static HRESULT use_footer(struct container *c, const struct vhd *vhd)
{
    uint32_t type = BE32(vhd->footer + 60);
    if (type < TYPE_FIXED || type > TYPE_DIFFERENCING)
        return FAIL(VHD_E_INVALID_TYPE, "%s is a VHD of type %u", c->path, type);
    c->kind = DISK_VHD_FIXED + (type - TYPE_FIXED);
    c->size = BE64(vhd->footer + 48);
    c->sector_size = c->physical_sector_size = VHD_SECTOR;
    memcpy(c->id, vhd->footer + 68, sizeof c->id);
    memcpy(c->version, c->id, sizeof c->version); /* nothing in a VHD counts its writers */
    if (!c->size || c->size % VHD_SECTOR || c->size > LARGEST_DISK)
        return FAIL(VHD_E_SIZE, "%s says that the disk has %llu bytes", c->path,
                    (unsigned long long)c->size);
    if (type == TYPE_FIXED && c->size > vhd->footer_at)
        return FAIL(VHD_E_FILE_SIZE, "%s holds %llu bytes of a disk of %llu", c->path,
                    (unsigned long long)vhd->footer_at, (unsigned long long)c->size);
    return S_OK;
}

/* ---- header, block table ---- */

static HRESULT read_header(struct container *c, struct vhd *vhd)
{
    uint64_t at = BE64(vhd->footer + 16);
    const uint8_t *header = vhd->header;
    if (at < VHD_FOOTER || at > c->stat.size)
        return FAIL(VHD_E_HEADER_CORRUPT, "%s says that its header lies at %llu", c->path,
                    (unsigned long long)at);
    TRY(container_file_read(c, vhd->header, VHD_HEADER, at, VHD_E_HEADER_CORRUPT));
    if (memcmp(header, "cxsparse", 8) != 0)
        return FAIL(VHD_E_HEADER_CORRUPT, "%s has no header at %llu", c->path,
                    (unsigned long long)at);
    if (!checksum_is(BE32(header + 36), sum_without(header, VHD_HEADER, 36)))
        return FAIL(VHD_E_HEADER_CHECKSUM, "the header of %s has a wrong checksum", c->path);
    if (BE32(header + 24) >> 16 != 1)
        return FAIL(VHD_E_HEADER_VERSION, "the header of %s has version %#x", c->path,
                    BE32(header + 24));
    vhd->bat_at = BE64(header + 16);
    c->block_size = vhd->block_size = BE32(header + 32);
    if (vhd->block_size < VHD_SECTOR || vhd->block_size > 256u << 20 ||
        (vhd->block_size & (vhd->block_size - 1)))
        return FAIL(VHD_E_BLOCK_SIZE, "%s has blocks of %u bytes", c->path, vhd->block_size);
    vhd->bitmap_size = (uint32_t)ROUND_UP(vhd->block_size / VHD_SECTOR / 8, VHD_SECTOR);
    if (vhd->bitmap_size == 0)
        vhd->bitmap_size = VHD_SECTOR;
    uint64_t blocks = (c->size + vhd->block_size - 1) / vhd->block_size;
    if (blocks > BE32(header + 28))
        return FAIL(VHD_E_HEADER_CORRUPT, "%s has %llu blocks and room for %u", c->path,
                    (unsigned long long)blocks, BE32(header + 28));
    vhd->blocks = (uint32_t)blocks;
    return S_OK;
}

/* The paths to the parent are looked at again when the disk was written. */
static HRESULT add_paths(places *list, const struct container *c, const struct vhd *vhd)
{
    for (const uint8_t *locator = vhd->header + 576; locator < vhd->header + 768; locator += 24) {
        const uint64_t size = BE32(locator + 8), at = BE64(locator + 16);
        const bool is_path = memcmp(locator, "W2ru", 4) == 0 || memcmp(locator, "W2ku", 4) == 0;
        if (is_path && size && at < c->stat.size)
            TRY(places_add(list, at, size));
    }
    return S_OK;
}

static HRESULT check_places(struct container *c, const struct vhd *vhd)
{
    places list = {0};
    HRESULT hr = places_add(&list, 0, VHD_FOOTER);
    if (SUCCEEDED(hr))
        hr = places_add(&list, BE64(vhd->footer + 16), VHD_HEADER);
    if (SUCCEEDED(hr))
        hr = places_add(&list, vhd->bat_at, ROUND_UP(4ull * vhd->blocks, VHD_SECTOR));
    for (uint32_t i = 0; SUCCEEDED(hr) && i < vhd->blocks; i++)
        if (vhd->bat[i] != VHD_UNUSED)
            hr = places_add(&list, (uint64_t)vhd->bat[i] * VHD_SECTOR,
                            (uint64_t)vhd->bitmap_size + vhd->block_size);
    if (SUCCEEDED(hr) && c->kind == DISK_VHD_DIFFERENCING)
        hr = add_paths(&list, c, vhd);
    if (SUCCEEDED(hr))
        hr = places_check(&list, c, vhd->footer_at, VHD_E_BAT_CORRUPT);
    vec_clear(&list);
    return hr;
}

static HRESULT read_bat(struct container *c, struct vhd *vhd)
{
    if (vhd->bat_at > c->stat.size || 4ull * vhd->blocks > c->stat.size - vhd->bat_at)
        return FAIL(VHD_E_BAT_CORRUPT, "%s says that its block table lies at %llu", c->path,
                    (unsigned long long)vhd->bat_at);
    vhd->bat = mem_array(vhd->blocks, sizeof *vhd->bat);
    vhd->is_full = mem_array(vhd->blocks, sizeof *vhd->is_full);
    vhd->bitmap = mem_alloc(vhd->bitmap_size);
    if (!vhd->bat || !vhd->is_full || !vhd->bitmap)
        return FAIL_MEMORY();
    vhd->bitmap_block = VHD_UNUSED;
    TRY(container_file_read(c, vhd->bat, 4ull * vhd->blocks, vhd->bat_at, VHD_E_BAT_CORRUPT));
    for (uint32_t i = 0; i < vhd->blocks; i++)
        vhd->bat[i] = BE32(&vhd->bat[i]);
    return check_places(c, vhd);
}

/* ---- where the parent is ---- */

static HRESULT add_hint(struct container *c, const uint8_t *utf16, size_t bytes, bool is_big_endian,
                        bool is_relative)
{
    AUTO_FREE char16_t *units = mem_array(bytes / 2 + 1, sizeof *units);
    if (!units)
        return FAIL_MEMORY();
    size_t len = 0;
    for (; len < bytes / 2; len++) {
        units[len] = is_big_endian ? BE16(utf16 + 2 * len) : LE16(utf16 + 2 * len);
        if (!units[len])
            break;
    }
    if (!len)
        return S_OK;
    struct parent_hint *hint = vec_push(&c->hints);
    if (!hint)
        return FAIL_MEMORY();
    hint->is_relative = is_relative;
    return text_from_utf16_n(units, len, &hint->path);
}

static HRESULT add_locators(struct container *c, const struct vhd *vhd, const char *code,
                            bool is_relative)
{
    for (const uint8_t *locator = vhd->header + 576; locator < vhd->header + 768; locator += 24) {
        uint8_t path[2048];
        uint32_t size = BE32(locator + 8);
        if (memcmp(locator, code, 4) != 0)
            continue;
        if (size > sizeof path)
            return FAIL(VHD_E_HEADER_CORRUPT, "%s has a path of %u bytes to its parent", c->path,
                        size);
        TRY(container_file_read(c, path, size, BE64(locator + 16), VHD_E_HEADER_CORRUPT));
        TRY(add_hint(c, path, size, false, is_relative));
    }
    return S_OK;
}

static HRESULT read_hints(struct container *c, const struct vhd *vhd)
{
    TRY(add_locators(c, vhd, "W2ru", true));
    TRY(add_locators(c, vhd, "W2ku", false));
    return add_hint(c, vhd->header + 64, 512, true, false);
}

static HRESULT vhd_check_parent(struct container *child, const struct container *parent)
{
    const struct vhd *vhd = child->own, *other = parent->own;
    if (parent->format != &vhd_format ||
        memcmp(vhd->header + 40, parent->id, sizeof parent->id) != 0)
        return FAIL(VHD_E_PARENT_ID, "%s is not the disk that %s was made from", parent->path,
                    child->path);
    /* The time the parent's file was last written, for which some makers take what its footer
     * says. */
    uint32_t wanted = BE32(vhd->header + 56);
    int64_t written = parent->stat.mtime_ns / 1000000000 - EPOCH_2000;
    if (wanted && wanted != BE32(other->footer + 24) && (int64_t)wanted != written)
        return FAIL(
            VHD_E_PARENT_TIME,
            "%s was made from %s as of second %u of its calendar, which was written at %lld",
            child->path, parent->path, wanted, (long long)written);
    if (child->size != parent->size)
        return FAIL(VHD_E_PARENT_SIZE, "%s has %llu bytes, and its parent %s has %llu", child->path,
                    (unsigned long long)child->size, parent->path,
                    (unsigned long long)parent->size);
    return S_OK;
}

/* ---- the format ---- */

static void vhd_close(struct container *c)
{
    struct vhd *vhd = c->own;
    mem_free(vhd->bat);
    mem_free(vhd->is_full);
    mem_free(vhd->bitmap);
    mem_free(vhd);
    c->own = NULL;
}

static HRESULT vhd_open(struct container *c)
{
    struct vhd *vhd = c->own = mem_alloc(sizeof *vhd);
    if (!vhd)
        return FAIL_MEMORY();
    TRY(read_footer(c, vhd));
    TRY(use_footer(c, vhd));
    if (c->kind == DISK_VHD_FIXED)
        return S_OK;
    TRY(read_header(c, vhd));
    TRY(read_bat(c, vhd));
    return c->kind == DISK_VHD_DIFFERENCING ? read_hints(c, vhd) : S_OK;
}

uint32_t vhd_block_bytes(const struct container *c, uint32_t block)
{
    uint64_t left = c->size - (uint64_t)block * c->block_size;
    return left < c->block_size ? (uint32_t)left : c->block_size;
}

HRESULT vhd_bitmap(struct container *c, uint32_t block, const uint8_t **out)
{
    struct vhd *vhd = c->own;
    if (vhd->bitmap_block != block) {
        vhd->bitmap_block = VHD_UNUSED;
        TRY(container_file_read(c, vhd->bitmap, vhd->bitmap_size,
                                (uint64_t)vhd->bat[block] * VHD_SECTOR, VHD_E_BAT_CORRUPT));
        vhd->bitmap_block = block;
        vhd->is_full[block] =
            is_all(vhd->bitmap, 0xFF, vhd_block_bytes(c, block) / VHD_SECTOR / 8) &&
            vhd_block_bytes(c, block) / VHD_SECTOR % 8 == 0;
    }
    *out = vhd->bitmap;
    return S_OK;
}

static bool has_sector(const uint8_t *bitmap, uint32_t sector)
{
    return bitmap[sector / 8] & (0x80 >> sector % 8);
}

static HRESULT vhd_map(struct container *c, uint64_t offset, struct extent *out)
{
    struct vhd *vhd = c->own;
    if (c->kind == DISK_VHD_FIXED) {
        *out = (struct extent){EXTENT_FILE, c->size - offset, offset};
        return S_OK;
    }
    enum extent_kind absent = container_has_parent(c) ? EXTENT_PARENT : EXTENT_ZERO;
    uint32_t block = (uint32_t)(offset / vhd->block_size);
    uint32_t within = (uint32_t)(offset % vhd->block_size);
    uint32_t end = vhd_block_bytes(c, block);
    if (vhd->bat[block] == VHD_UNUSED) {
        *out = (struct extent){absent, end - within, 0};
        return S_OK;
    }
    uint64_t at = (uint64_t)vhd->bat[block] * VHD_SECTOR + vhd->bitmap_size + within;
    *out = (struct extent){EXTENT_FILE, end - within, at};
    if (vhd->is_full[block])
        return S_OK;
    const uint8_t *bitmap;
    TRY(vhd_bitmap(c, block, &bitmap));
    uint32_t sector = within / VHD_SECTOR;
    bool is_here = has_sector(bitmap, sector);
    while (sector < end / VHD_SECTOR && has_sector(bitmap, sector) == is_here)
        sector++;
    *out = (struct extent){is_here ? EXTENT_FILE : absent, sector * VHD_SECTOR - within, at};
    return S_OK;
}

const struct container_format vhd_format = {
    .open = vhd_open,
    .close = vhd_close,
    .map = vhd_map,
    .check_parent = vhd_check_parent,
    .plan = vhd_plan,
};
