/* SPDX-License-Identifier: MIT */
/* name_index.c - see name_index.h: an open hash table. */
#include "name_index.h"

#include "error.h"
#include "mem.h"
#include "text.h"

static uint64_t hash(const char *name)
{
    uint64_t value = 14695981039346656037u; /* FNV-1a */
    uint32_t cp;
    for (size_t length; *name && (length = text_decode(name, &cp)) > 0; name += length)
        value = (value ^ text_upper(cp)) * 1099511628211u;
    return value ^ value >> 32;
}

/* The slot that has the name, or the free one where it belongs. */
static struct name_slot *slot_of(struct name_slot *slots, size_t size, const char *name)
{
    size_t at = (size_t)hash(name) & (size - 1);
    while (slots[at].name && !text_equal_nocase(slots[at].name, name))
        at = (at + 1) & (size - 1);
    return &slots[at];
}

void name_index_clear(struct name_index *index)
{
    mem_free(index->slots);
    *index = (struct name_index){0};
}

bool name_index_find(const struct name_index *index, const char *name, size_t *number)
{
    if (index->size == 0)
        return false;
    const struct name_slot *slot = slot_of(index->slots, index->size, name);
    if (slot->name)
        *number = slot->number;
    return slot->name != NULL;
}

static HRESULT grow(struct name_index *index)
{
    size_t size = index->size ? index->size * 2 : 64;
    struct name_slot *slots = mem_array(size, sizeof *slots);
    if (!slots)
        return FAIL_MEMORY();
    for (size_t i = 0; i < index->size; i++)
        if (index->slots[i].name)
            *slot_of(slots, size, index->slots[i].name) = index->slots[i];
    mem_free(index->slots);
    index->slots = slots;
    index->size = size;
    return S_OK;
}

HRESULT name_index_add(struct name_index *index, const char *name, size_t number)
{
    if (index->used * 2 >= index->size)
        TRY(grow(index));
    struct name_slot *slot = slot_of(index->slots, index->size, name);
    if (slot->name)
        return S_FALSE;
    *slot = (struct name_slot){name, number};
    index->used++;
    return S_OK;
}
