/* SPDX-License-Identifier: MIT */
/* container.c - opening one file of a chain, reading through the chain. See container.h. */
#include "container.h"

#include <stdlib.h>
#include <string.h>

#include "path.h"

const char *disk_kind_name(enum disk_kind kind)
{
    static const char *const names[] = {"fixed VHD",  "dynamic VHD",  "differencing VHD",
                                        "fixed VHDX", "dynamic VHDX", "differencing VHDX"};
    return names[kind];
}

HRESULT container_file_read(const struct container *c, void *buffer, size_t size, uint64_t offset,
                            HRESULT code)
{
    size_t got = 0;
    TRY(os_read_at(c->file, buffer, size, offset, &got));
    if (got == size)
        return S_OK;
    return FAIL(code, "%s ends at %llu, before %zu bytes at %llu", c->path,
                (unsigned long long)c->stat.size, size, (unsigned long long)offset);
}

/* The format tells by a mark: that of VHDX at the front, that of VHD at the end and, unless the
 * disk is fixed, at the front too. */
static HRESULT probe(struct container *c)
{
    char front[8] = "", end[8] = "";
    size_t got;
    TRY(os_read_at(c->file, front, sizeof front, 0, &got));
    if (c->stat.size >= 512)
        TRY(os_read_at(c->file, end, sizeof end, c->stat.size - 512, &got));
    c->format = memcmp(front, "vhdxfile", 8) == 0 ? &vhdx_format
                : memcmp(front, "conectix", 8) == 0 || memcmp(end, "conectix", 8) == 0 ? &vhd_format
                                                                                       : NULL;
    if (c->format)
        return S_OK;
    if (c->stat.size >= 512 && path_has_extension(c->path, ".vhd"))
        return FAIL(VHD_E_FOOTER_MISSING, "%s has no footer", c->path);
    return FAIL(VHD_E_NOT_A_DISK, "%s is neither VHD nor VHDX", c->path);
}

static HRESULT read_structures(struct container *c)
{
    TRY(os_stat_file(c->file, &c->stat));
    TRY(probe(c));
    return c->format->open(c);
}

static void forget_structures(struct container *c)
{
    if (c->format && c->own)
        c->format->close(c);
    for (size_t i = 0; i < c->hints.len; i++)
        mem_free(c->hints.ptr[i].path);
    vec_clear(&c->hints);
}

HRESULT container_reload(struct container *c)
{
    forget_structures(c);
    return read_structures(c);
}

HRESULT container_open(const char *path, unsigned os_mode, HRESULT (*lock)(struct container *),
                       struct container **out)
{
    AUTO_CONTAINER struct container *c = mem_alloc(sizeof *c);
    if (!c || !(c->path = mem_dup(path)))
        return FAIL_MEMORY();
    /* A child may name anything as its parent, and opening a pipe waits. */
    TRY(os_stat(path, &c->stat));
    if (c->stat.type != OS_TYPE_FILE)
        return FAIL(VHD_E_NOT_A_DISK, "%s is no file", path);
    TRY(os_open(path, os_mode, &c->file));
    if (os_mode & OS_WRITE)
        TRY(lock(c));
    TRY(read_structures(c));
    *out = TAKE(c);
    return S_OK;
}

void container_free(struct container *c)
{
    while (c) {
        struct container *parent = c->parent;
        forget_structures(c);
        os_close(c->file);
        mem_free(c->path);
        mem_free(c);
        c = parent;
    }
}

HRESULT container_read(struct container *c, void *buffer, size_t size, uint64_t offset)
{
    for (char *to = buffer; size;) {
        struct extent extent = {EXTENT_ZERO, size, 0};
        if (offset < c->size) /* a child may be larger than its parent */
            TRY(c->format->map(c, offset, &extent));
        size_t part = extent.size < size ? (size_t)extent.size : size;
        if (extent.kind == EXTENT_FILE)
            TRY(container_file_read(c, to, part, extent.at, HR_WIN32(ERROR_HANDLE_EOF)));
        else if (extent.kind == EXTENT_PARENT && c->parent)
            TRY(container_read(c->parent, to, part, offset));
        else
            memset(to, 0, part);
        to += part;
        offset += part;
        size -= part;
    }
    return S_OK;
}

/* ---- places ---- */

HRESULT places_add(places *list, uint64_t at, uint64_t size)
{
    struct place *place = vec_push(list);
    if (!place)
        return FAIL_MEMORY();
    *place = (struct place){at, size};
    return S_OK;
}

static int compare_places(const void *a, const void *b)
{
    uint64_t x = ((const struct place *)a)->at, y = ((const struct place *)b)->at;
    return x < y ? -1 : x > y;
}

HRESULT places_check(places *list, const struct container *c, uint64_t end, HRESULT code)
{
    qsort(list->ptr, list->len, sizeof *list->ptr, compare_places);
    for (size_t i = 0; i < list->len; i++) {
        const struct place *this = &list->ptr[i], *next = this + 1;
        if (this->at > end || this->size > end - this->at)
            return FAIL(code,
                        "%s says that %llu bytes lie at %llu, but what it can use ends at %llu",
                        c->path, (unsigned long long)this->size, (unsigned long long)this->at,
                        (unsigned long long)end);
        if (i + 1 < list->len && this->at + this->size > next->at)
            return FAIL(code, "%s says that two things lie at %llu", c->path,
                        (unsigned long long)next->at);
    }
    return S_OK;
}
