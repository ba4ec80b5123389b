/* SPDX-License-Identifier: MIT */
/* name_index.h - finds one of many names, whatever its letter case. Zero is empty. */
#ifndef WINIMAGE_NAME_INDEX_H
#define WINIMAGE_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "hr.h"

struct name_index {
    struct name_slot {
        const char *name;
        size_t number;
    } * slots;
    size_t size, used;
};
void name_index_clear(struct name_index *index);
bool name_index_find(const struct name_index *index, const char *name, size_t *number);
/* The name is borrowed. S_FALSE: it is there already, and keeps its number. */
HRESULT name_index_add(struct name_index *index, const char *name, size_t number);

#endif
