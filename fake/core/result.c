/* SPDX-License-Identifier: MIT */
/* result.c - see result.h. */
#include "result.h"

#include <string.h>

#include "error.h"
#include "os.h"

#define FREED_MEMORY 1024 /* addresses remembered */

struct attached {
    struct attached *next;
    size_t size;
    char16_t text[];
};

struct block {
    struct block *next;
    struct attached *attached;
    enum api api;
    size_t size;
    max_align_t content[];
};

static struct os_mutex lock;
static struct block *live;
static size_t live_count;
static const void *freed[FREED_MEMORY];
static size_t freed_next;

static HRESULT add_zeros(struct result *r, size_t align, size_t size, size_t *offset)
{
    static const char zeros[256];
    size_t padding = (align - r->block.len % align) % align;
    *offset = r->block.len + padding;
    for (size_t left = padding + size; left;) {
        size_t part = left < sizeof zeros ? left : sizeof zeros;
        text_add_n(&r->block, zeros, part);
        left -= part;
    }
    return r->block.failed ? FAIL_MEMORY() : S_OK;
}

HRESULT result_begin(struct result *r, enum api api, size_t count, size_t size)
{
    size_t offset;
    *r = (struct result){.api = api};
    return add_zeros(r, 8, count * size, &offset);
}

void result_clear(struct result *r)
{
    text_clear(&r->block);
    vec_clear(&r->pointers);
}

void *result_at(struct result *r, size_t offset)
{
    return r->block.ptr + offset;
}

static HRESULT point(struct result *r, size_t where, size_t target)
{
    size_t *pointer = vec_push(&r->pointers);
    if (!pointer)
        return FAIL_MEMORY();
    *pointer = where;
    uintptr_t value = target + 1;
    memcpy(result_at(r, where), &value, sizeof value);
    return S_OK;
}

HRESULT result_string(struct result *r, size_t where, const char *text)
{
    if (!text)
        return S_OK;
    AUTO_FREE char16_t *wide = NULL;
    TRY(text_to_utf16(text, &wide));
    size_t offset, size = (text_utf16_len(wide) + 1) * sizeof *wide;
    TRY(add_zeros(r, sizeof *wide, size, &offset));
    memcpy(result_at(r, offset), wide, size);
    return point(r, where, offset);
}

HRESULT result_array(struct result *r, size_t where, size_t size, size_t *offset)
{
    TRY(add_zeros(r, 8, size, offset));
    return point(r, where, *offset);
}

HRESULT result_finish(struct result *r, void **out)
{
    size_t size = r->block.len ? r->block.len : 1;
    struct block *block = mem_alloc(sizeof *block + size);
    if (!block)
        return FAIL_MEMORY();
    char *content = (char *)block->content;
    if (r->block.len)
        memcpy(content, r->block.ptr, r->block.len);
    for (size_t i = 0; i < r->pointers.len; i++) {
        uintptr_t value;
        memcpy(&value, content + r->pointers.ptr[i], sizeof value);
        void *target = content + (value - 1);
        memcpy(content + r->pointers.ptr[i], &target, sizeof target);
    }
    block->api = r->api;
    block->size = r->block.len;
    AUTO_LOCK(&lock);
    block->next = live;
    live = block;
    live_count++;
    for (size_t i = 0; i < FREED_MEMORY; i++)
        if (freed[i] == content)
            freed[i] = NULL;
    result_clear(r);
    *out = content;
    return S_OK;
}

HRESULT result_attach(const void *content, const char16_t *text, const char16_t **out)
{
    size_t size = (text_utf16_len(text) + 1) * sizeof *text;
    struct attached *attached = mem_alloc(sizeof *attached + size);
    if (!attached)
        return FAIL_MEMORY();
    attached->size = size;
    memcpy(attached->text, text, size);
    AUTO_LOCK(&lock);
    for (struct block *block = live; block; block = block->next) {
        if ((const void *)block->content == content) {
            attached->next = block->attached;
            block->attached = attached;
            *out = attached->text;
            return S_OK;
        }
    }
    mem_free(attached);
    return FAIL(E_INVALIDARG, "%p is no result", content);
}

static void free_block(struct block *block)
{
    while (block->attached) {
        struct attached *attached = block->attached;
        block->attached = attached->next;
        memset(attached->text, 0xDD, attached->size);
        mem_free(attached);
    }
    /* A client that reads on gets a pattern no valid pointer has, not yesterday's data. */
    memset(block->content, 0xDD, block->size);
    mem_free(block);
}

enum result_delete result_delete(const void *pointer)
{
    AUTO_LOCK(&lock);
    for (struct block **link = &live; *link; link = &(*link)->next) {
        if ((const void *)(*link)->content == pointer) {
            struct block *block = *link;
            *link = block->next;
            live_count--;
            freed[freed_next++ % FREED_MEMORY] = pointer;
            free_block(block);
            return RESULT_DELETED;
        }
    }
    for (size_t i = 0; i < FREED_MEMORY; i++)
        if (freed[i] == pointer)
            return RESULT_DELETED_BEFORE;
    return RESULT_FOREIGN;
}

size_t result_live_count(void)
{
    AUTO_LOCK(&lock);
    return live_count;
}

void result_each_live(void (*each)(void *context, const void *pointer, enum api api, size_t size),
                      void *context)
{
    AUTO_LOCK(&lock);
    for (const struct block *block = live; block; block = block->next)
        each(context, block->content, block->api, block->size);
}
