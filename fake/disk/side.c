/* SPDX-License-Identifier: MIT */
/* side.c - the side file as storage: clusters, and reading and writing them. See side.h. */
#include "side.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding clusters ---- */

static size_t slot_of(const struct side *side, uint64_t number)
{
    return (size_t)((number * 0x9E3779B97F4A7C15ull) >> 32) & (side->slot_count - 1);
}

static struct side_cluster *find_cluster(const struct side *side, uint64_t number)
{
    if (!side->slot_count)
        return NULL;
    for (size_t slot = slot_of(side, number); side->slots[slot];
         slot = (slot + 1) & (side->slot_count - 1)) {
        struct side_cluster *cluster = &side->clusters.ptr[side->slots[slot] - 1];
        if (cluster->number == number)
            return cluster;
    }
    return NULL;
}

static void note_slot(struct side *side, size_t index)
{
    size_t slot = slot_of(side, side->clusters.ptr[index].number);
    while (side->slots[slot])
        slot = (slot + 1) & (side->slot_count - 1);
    side->slots[slot] = (uint32_t)index + 1;
}

HRESULT side_note_cluster(struct side *side, const struct side_cluster *cluster)
{
    if (side->clusters.len + 1 > side->slot_count / 2) {
        size_t count = side->slot_count ? side->slot_count * 2 : 256;
        uint32_t *slots = mem_array(count, sizeof *slots);
        if (!slots)
            return FAIL_MEMORY();
        mem_free(side->slots);
        side->slots = slots;
        side->slot_count = count;
        for (size_t i = 0; i < side->clusters.len; i++)
            note_slot(side, i);
    }
    struct side_cluster *added = vec_push(&side->clusters);
    if (!added)
        return FAIL_MEMORY();
    *added = *cluster;
    note_slot(side, side->clusters.len - 1);
    return S_OK;
}

/* ---- reading ---- */

static bool has_page(const struct side_cluster *cluster, uint64_t offset)
{
    return cluster && cluster->pages >> offset % SIDE_CLUSTER / SIDE_PAGE & 1;
}

/* How many bytes from `offset` on, up to `size`, are in the side file as one run, or are all not
 * in it. */
static size_t run_length(const struct side *side, uint64_t offset, size_t size, bool *is_here,
                         uint64_t *at)
{
    const struct side_cluster *cluster = find_cluster(side, offset / SIDE_CLUSTER);
    *is_here = has_page(cluster, offset);
    *at = *is_here ? cluster->at + offset % SIDE_CLUSTER : 0;
    size_t len = SIDE_PAGE - (size_t)(offset % SIDE_PAGE);
    while (len < size) {
        uint64_t next = offset + len;
        if (next % SIDE_CLUSTER == 0) {
            const struct side_cluster *other = find_cluster(side, next / SIDE_CLUSTER);
            if (has_page(other, next) != *is_here || (*is_here && other->at != *at + len))
                break;
            cluster = other;
        } else if (has_page(cluster, next) != *is_here) {
            break;
        }
        len += SIDE_PAGE;
    }
    return len < size ? len : size;
}

static HRESULT read_file(const struct side *side, void *buffer, size_t size, uint64_t at)
{
    size_t got = 0;
    TRY(os_read_at(side->file, buffer, size, at, &got));
    /* The last page of the disk may be shorter in it than its cluster is. */
    memset((char *)buffer + got, 0, size - got);
    return S_OK;
}

HRESULT side_read(struct side *side, struct container *base, void *buffer, size_t size,
                  uint64_t offset)
{
    for (char *to = buffer; size;) {
        bool is_here;
        uint64_t at;
        size_t len = run_length(side, offset, size, &is_here, &at);
        TRY(is_here ? read_file(side, to, len, at) : container_read(base, to, len, offset));
        to += len;
        offset += len;
        size -= len;
    }
    return S_OK;
}

/* ---- writing ---- */

static HRESULT make_cluster(struct side *side, uint64_t number, struct side_cluster **out)
{
    *out = find_cluster(side, number);
    if (*out)
        return S_OK;
    struct side_cluster cluster = {number, ROUND_UP(side->end, SIDE_PAGE), 0};
    TRY(side_note_cluster(side, &cluster));
    side->end = cluster.at + SIDE_CLUSTER;
    *out = &side->clusters.ptr[side->clusters.len - 1];
    return S_OK;
}

/* A part of a page that is not here yet: the rest of it comes from below. */
static HRESULT write_new_page(struct side *side, struct container *base, uint64_t at,
                              const void *data, size_t size, uint64_t offset)
{
    uint8_t page[SIDE_PAGE] = {0};
    size_t within = (size_t)(offset % SIDE_PAGE);
    uint64_t start = offset - within, left = base->size - start;
    TRY(container_read(base, page, left < SIDE_PAGE ? (size_t)left : SIDE_PAGE, start));
    memcpy(page + within, data, size);
    return os_write_at(side->file, page, SIDE_PAGE, at - within);
}

/* Within one cluster. */
static HRESULT write_part(struct side *side, struct container *base, const char *data, size_t size,
                          uint64_t offset)
{
    struct side_cluster *cluster;
    TRY(make_cluster(side, offset / SIDE_CLUSTER, &cluster));
    side->is_dirty = true;
    while (size) {
        uint64_t at = cluster->at + offset % SIDE_CLUSTER;
        size_t within = (size_t)(offset % SIDE_PAGE), len = SIDE_PAGE - within;
        if (!within && size >= SIDE_PAGE)
            len = size / SIDE_PAGE * SIDE_PAGE; /* whole pages need nothing from below */
        len = len < size ? len : size;
        bool is_whole = !within && len % SIDE_PAGE == 0;
        TRY(is_whole || has_page(cluster, offset)
                ? os_write_at(side->file, data, len, at)
                : write_new_page(side, base, at, data, len, offset));
        for (uint64_t page = offset; page < offset + len; page += SIDE_PAGE)
            cluster->pages |= (uint16_t)(1u << page % SIDE_CLUSTER / SIDE_PAGE);
        data += len;
        offset += len;
        size -= len;
    }
    return S_OK;
}

HRESULT side_write(struct side *side, struct container *base, const void *data, size_t size,
                   uint64_t offset)
{
    for (const char *from = data; size;) {
        size_t len = SIDE_CLUSTER - (size_t)(offset % SIDE_CLUSTER);
        len = len < size ? len : size;
        TRY(write_part(side, base, from, len, offset));
        from += len;
        offset += len;
        size -= len;
    }
    return S_OK;
}

/* ---- the changes as a list ---- */

uint64_t side_bytes(const struct side *side)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < side->clusters.len; i++)
        for (unsigned pages = side->clusters.ptr[i].pages; pages; pages &= pages - 1)
            bytes += SIDE_PAGE;
    return bytes;
}

static int compare_clusters(const void *a, const void *b)
{
    uint64_t x = ((const struct side_cluster *)a)->number;
    uint64_t y = ((const struct side_cluster *)b)->number;
    return x < y ? -1 : x > y;
}

static HRESULT add_page(const struct side *side, struct changes *out, uint64_t offset, uint64_t at)
{
    struct change *last = out->list.len ? &out->list.ptr[out->list.len - 1] : NULL;
    uint64_t left = side->header.disk_size - offset, size = left < SIDE_PAGE ? left : SIDE_PAGE;
    if (last && last->offset + last->size == offset && last->at + last->size == at) {
        last->size += size;
        return S_OK;
    }
    last = vec_push(&out->list);
    if (!last)
        return FAIL_MEMORY();
    *last = (struct change){offset, size, at};
    return S_OK;
}

HRESULT side_changes(const struct side *side, struct changes *out)
{
    AUTO_FREE struct side_cluster *sorted = mem_array(side->clusters.len, sizeof *sorted);
    if (!sorted)
        return FAIL_MEMORY();
    if (side->clusters.len)
        memcpy(sorted, side->clusters.ptr, side->clusters.len * sizeof *sorted);
    qsort(sorted, side->clusters.len, sizeof *sorted, compare_clusters);
    for (size_t i = 0; i < side->clusters.len; i++)
        for (unsigned page = 0; page < SIDE_PAGES; page++)
            if (sorted[i].pages >> page & 1)
                TRY(add_page(side, out, sorted[i].number * SIDE_CLUSTER + page * SIDE_PAGE,
                             sorted[i].at + page * SIDE_PAGE));
    return S_OK;
}
