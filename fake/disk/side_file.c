/* SPDX-License-Identifier: MIT */
/* side_file.c - the side file's own structures: headers and index. See side.h. */
#include "side.h"

#include <string.h>

enum { HEADER = 4096, HEADERS = 2 * HEADER, INDEX_ENTRY = 24, SIDE_VERSION = 1 };
static const char magic[8] = "dismside";

struct side_stamp side_stamp_of(const struct container *c)
{
    struct side_stamp stamp = {.size = c->stat.size, .mtime_ns = c->stat.mtime_ns};
    memcpy(stamp.id, c->id, sizeof stamp.id);
    memcpy(stamp.version, c->version, sizeof stamp.version);
    return stamp;
}

/* ---- headers ---- */

static void put_header(const struct side_header *header, uint8_t out[HEADER])
{
    memset(out, 0, HEADER);
    memcpy(out, magic, sizeof magic);
    set_le(out + 8, 4, SIDE_VERSION);
    set_le(out + 12, 4, header->state);
    set_le(out + 16, 8, header->number);
    set_le(out + 24, 8, header->disk_size);
    set_le(out + 32, 8, header->stamp.size);
    set_le(out + 40, 8, (uint64_t)header->stamp.mtime_ns);
    memcpy(out + 48, header->stamp.id, 16);
    memcpy(out + 64, header->stamp.version, 16);
    set_le(out + 80, 8, header->index_at);
    set_le(out + 88, 8, header->index_count);
    set_le(out + 96, 4, header->index_crc);
    set_le(out + 104, 8, header->plan_at);
    set_le(out + 112, 8, header->plan_size);
    set_le(out + 120, 8, header->end);
    set_le(out + HEADER - 4, 4, crc32c_of(out, HEADER - 4));
}

static bool take_header(const uint8_t in[HEADER], struct side_header *out)
{
    if (memcmp(in, magic, sizeof magic) != 0 || LE32(in + 8) != SIDE_VERSION ||
        LE32(in + HEADER - 4) != crc32c_of(in, HEADER - 4))
        return false;
    *out = (struct side_header){
        .state = (enum side_state)LE32(in + 12),
        .number = LE64(in + 16),
        .disk_size = LE64(in + 24),
        .stamp = {.size = LE64(in + 32), .mtime_ns = (int64_t)LE64(in + 40)},
        .index_at = LE64(in + 80),
        .index_count = LE64(in + 88),
        .index_crc = LE32(in + 96),
        .plan_at = LE64(in + 104),
        .plan_size = LE64(in + 112),
        .end = LE64(in + 120),
    };
    memcpy(out->stamp.id, in + 48, 16);
    memcpy(out->stamp.version, in + 64, 16);
    return true;
}

/* S_FALSE: neither header is there, so nothing was ever flushed. */
static HRESULT read_header(struct side *side)
{
    uint8_t bytes[HEADER];
    bool found = false;
    for (unsigned i = 0; i < 2; i++) {
        struct side_header header;
        size_t got;
        TRY(os_read_at(side->file, bytes, HEADER, (uint64_t)i * HEADER, &got));
        if (got == HEADER && take_header(bytes, &header) &&
            (!found || header.number > side->header.number)) {
            side->header = header;
            found = true;
        }
    }
    side->end = found ? side->header.end : HEADERS;
    return found ? S_OK : S_FALSE;
}

HRESULT side_write_header(struct side *side, const struct side_header *header)
{
    uint8_t bytes[HEADER];
    struct side_header next = *header;
    next.number = side->header.number + 1;
    next.end = side->end;
    put_header(&next, bytes);
    /* Counted even if it fails: what of it is in the file then is not known, and the next one has
     * to win over it, from the same place. */
    side->header.number = next.number;
    HRESULT hr = os_write_at(side->file, bytes, HEADER, next.number % 2 * HEADER);
    if (SUCCEEDED(hr))
        hr = os_sync(side->file);
    if (FAILED(hr)) {
        side->header.number++;
        return hr;
    }
    side->header = next;
    return S_OK;
}

/* ---- index ---- */

static HRESULT damaged(const struct side *side)
{
    return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the changes in %s are damaged", side->path);
}

static HRESULT read_index(struct side *side)
{
    uint64_t count = side->header.index_count, size = count * INDEX_ENTRY;
    if (count > UINT32_MAX / 2)
        return damaged(side);
    AUTO_FREE uint8_t *index = mem_alloc(size + 1);
    if (!index)
        return FAIL_MEMORY();
    size_t got;
    TRY(os_read_at(side->file, index, size, side->header.index_at, &got));
    if (got != size || crc32c_of(index, size) != side->header.index_crc)
        return damaged(side);
    for (uint8_t *entry = index; entry < index + size; entry += INDEX_ENTRY) {
        struct side_cluster cluster = {LE64(entry), LE64(entry + 8), LE16(entry + 16)};
        if (cluster.number > side->header.disk_size / SIDE_CLUSTER)
            return damaged(side);
        TRY(side_note_cluster(side, &cluster));
    }
    return S_OK;
}

static HRESULT write_index(struct side *side, struct side_header *header)
{
    size_t size = side->clusters.len * INDEX_ENTRY;
    AUTO_FREE uint8_t *index = mem_alloc(size + 1);
    if (!index)
        return FAIL_MEMORY();
    for (size_t i = 0; i < side->clusters.len; i++) {
        const struct side_cluster *cluster = &side->clusters.ptr[i];
        set_le(index + i * INDEX_ENTRY, 8, cluster->number);
        set_le(index + i * INDEX_ENTRY + 8, 8, cluster->at);
        set_le(index + i * INDEX_ENTRY + 16, 2, cluster->pages);
    }
    header->index_at = side->end;
    header->index_count = side->clusters.len;
    header->index_crc = crc32c_of(index, size);
    TRY(os_write_at(side->file, index, size, side->end));
    side->end += size;
    return S_OK;
}

HRESULT side_flush(struct side *side)
{
    if (!side->is_dirty)
        return S_OK;
    struct side_header header = side->header;
    header.state = SIDE_OPEN;
    TRY(write_index(side, &header));
    TRY(os_sync(side->file));
    TRY(side_write_header(side, &header));
    side->is_dirty = false;
    return S_OK;
}

HRESULT side_empty(struct side *side, const struct side_stamp *stamp)
{
    struct side_header header = {
        .state = SIDE_OPEN, .disk_size = side->header.disk_size, .stamp = *stamp};
    side->end = HEADERS;
    TRY(side_write_header(side, &header));
    vec_clear(&side->clusters);
    for (size_t i = 0; i < side->slot_count; i++)
        side->slots[i] = 0;
    side->is_dirty = false;
    return os_truncate(side->file, HEADERS);
}

/* ---- opening ---- */

static HRESULT open_file(const char *path, unsigned mode, struct side **out)
{
    AUTO_SIDE struct side *side = mem_alloc(sizeof *side);
    if (!side || !(side->path = mem_dup(path)))
        return FAIL_MEMORY();
    TRY(os_open(path, mode, &side->file));
    *out = TAKE(side);
    return S_OK;
}

static HRESULT check_stamp(const struct side *side, const struct side_stamp *stamp)
{
    const struct side_stamp *was = &side->header.stamp;
    bool is_same = was->size == stamp->size && was->mtime_ns == stamp->mtime_ns &&
                   memcmp(was->id, stamp->id, 16) == 0 &&
                   memcmp(was->version, stamp->version, 16) == 0;
    return is_same
               ? S_OK
               : FAIL(WIMGAPI_E_WIM_CHANGED,
                      "the disk is not the one that the changes in %s were made to", side->path);
}

HRESULT side_open(const char *path, uint64_t disk_size, const struct side_stamp *stamp,
                  struct side **out)
{
    AUTO_SIDE struct side *side = NULL;
    TRY(open_file(path, OS_READ | OS_WRITE | OS_CREATE, &side));
    HRESULT hr = read_header(side);
    TRY(hr);
    if (hr == S_FALSE) {
        side->header = (struct side_header){.disk_size = disk_size, .stamp = *stamp};
    } else {
        if (side->header.state != SIDE_OPEN)
            return FAIL(HR_WIN32(ERROR_INVALID_STATE), "an apply of %s was cut off", path);
        if (side->header.index_count) {
            TRY(check_stamp(side, stamp));
            TRY(side->header.disk_size == disk_size ? S_OK : damaged(side));
        }
        side->header.disk_size = disk_size;
        side->header.stamp = *stamp;
        TRY(read_index(side));
    }
    *out = TAKE(side);
    return S_OK;
}

HRESULT side_open_cut_off(const char *path, struct side **out)
{
    if (!os_exists(path))
        return S_FALSE;
    AUTO_SIDE struct side *side = NULL;
    TRY(open_file(path, OS_READ | OS_WRITE, &side));
    HRESULT hr = read_header(side);
    if (hr == S_OK && side->header.state != SIDE_OPEN && side->header.state != SIDE_GROWING &&
        side->header.state != SIDE_APPLYING)
        return damaged(side);
    if (hr == S_OK)
        *out = TAKE(side);
    return hr;
}

void side_close(struct side *side)
{
    if (!side)
        return;
    os_close(side->file);
    mem_free(side->path);
    mem_free(side->slots);
    vec_clear(&side->clusters);
    mem_free(side);
}
