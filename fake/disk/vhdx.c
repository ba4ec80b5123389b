/* SPDX-License-Identifier: MIT */
/* vhdx.c - opening a VHDX: which header counts, and whether parents fit. See vhdx.h. */
#include "vhdx.h"

#include <string.h>

static bool is_zero(const uint8_t *data, size_t size)
{
    while (size && !*data)
        data++, size--;
    return size == 0;
}

static bool is_header(uint8_t *header)
{
    uint32_t stored = LE32(header + 4);
    set_le(header + 4, 4, 0);
    uint32_t computed = crc32c_of(header, VHDX_HEADER);
    set_le(header + 4, 4, stored);
    return memcmp(header, "head", 4) == 0 && checksum_is(stored, computed);
}

static HRESULT read_headers(struct container *c, struct vhdx *vhdx)
{
    AUTO_FREE uint8_t *both = mem_alloc(2 * VHDX_HEADER);
    if (!both)
        return FAIL_MEMORY();
    bool good[2];
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *header = both + i * VHDX_HEADER;
        TRY(container_file_read(c, header, VHDX_HEADER, VHDX_HEADER_AT * (i + 1ull), VHDX_CORRUPT));
        good[i] = is_header(header);
    }
    uint64_t first = LE64(both + 8), second = LE64(both + VHDX_HEADER + 8);
    if (!good[0] && !good[1])
        return FAIL(VHDX_CORRUPT, "both headers of %s are damaged", c->path);
    if (good[0] && good[1] && first == second && memcmp(both, both + VHDX_HEADER, VHDX_HEADER) != 0)
        return FAIL(VHDX_CORRUPT, "%s has two headers with number %llu", c->path,
                    (unsigned long long)first);
    vhdx->header_index = good[0] && (!good[1] || first >= second) ? 0 : 1;
    memcpy(vhdx->header, both + vhdx->header_index * VHDX_HEADER, VHDX_HEADER);
    return S_OK;
}

static HRESULT use_header(struct container *c, struct vhdx *vhdx)
{
    const uint8_t *header = vhdx->header;
    if (LE16(header + 66) != 1 || LE16(header + 64) != 0)
        return FAIL(VHD_E_UNSUPPORTED_VERSION, "%s has version %u of the VHDX format, log %u",
                    c->path, LE16(header + 66), LE16(header + 64));
    /* What the log holds is missing in the rest of the file; replaying it would write. */
    if (!is_zero(header + 48, 16))
        return FAIL(VHD_E_INVALID_STATE,
                    "%s was not closed: its log has writes that are not in the disk yet", c->path);
    memcpy(c->version, header + 16, sizeof c->version);
    memcpy(vhdx->data_guid, header + 32, sizeof vhdx->data_guid);
    uint64_t log_at = LE64(header + 72);
    uint32_t log_size = LE32(header + 68);
    if (log_at % VHDX_MIB || log_size % VHDX_MIB || (log_size && log_at < VHDX_MIB))
        return FAIL(VHDX_CORRUPT, "%s says that its log of %u bytes lies at %llu", c->path,
                    log_size, (unsigned long long)log_at);
    TRY(places_add(&vhdx->used, 0, VHDX_MIB));
    return log_size ? places_add(&vhdx->used, log_at, log_size) : S_OK;
}

static HRESULT vhdx_open(struct container *c)
{
    struct vhdx *vhdx = c->own = mem_alloc(sizeof *vhdx);
    if (!vhdx)
        return FAIL_MEMORY();
    TRY(read_headers(c, vhdx));
    TRY(use_header(c, vhdx));
    TRY(vhdx_read_regions(c));
    TRY(vhdx_read_metadata(c));
    TRY(vhdx_read_bat(c));
    c->kind = vhdx->has_parent         ? DISK_VHDX_DIFFERENCING
              : vhdx->leaves_allocated ? DISK_VHDX_FIXED
                                       : DISK_VHDX_DYNAMIC;
    return S_OK;
}

static void vhdx_close(struct container *c)
{
    struct vhdx *vhdx = c->own;
    vec_clear(&vhdx->used);
    mem_free(vhdx->bat);
    mem_free(vhdx->bitmap);
    mem_free(vhdx);
    c->own = NULL;
}

static HRESULT vhdx_check_parent(struct container *child, const struct container *parent)
{
    const struct vhdx *vhdx = child->own, *other = parent->own;
    /* A parent that was written since has another data GUID; the second linkage is for moments in
     * which that is meant. */
    if (parent->format != &vhdx_format ||
        (memcmp(vhdx->linkage[0], other->data_guid, 16) != 0 &&
         (is_zero(vhdx->linkage[1], 16) || memcmp(vhdx->linkage[1], other->data_guid, 16) != 0)))
        return FAIL(VHD_E_PARENT_ID, "%s is not, or no longer, the disk that %s was made from",
                    parent->path, child->path);
    if (child->sector_size != parent->sector_size)
        return FAIL(VHD_E_SECTOR_SIZE, "%s has sectors of %u bytes, and its parent %s of %u",
                    child->path, child->sector_size, parent->path, parent->sector_size);
    return S_OK;
}

const struct container_format vhdx_format = {
    .open = vhdx_open,
    .close = vhdx_close,
    .map = vhdx_map,
    .check_parent = vhdx_check_parent,
    .plan = vhdx_plan,
};
