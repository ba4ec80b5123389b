/* SPDX-License-Identifier: MIT */
/* os_shared.c - see os_shared.h. */
#include "os_shared.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mem.h"

void os_names_clear(struct os_names *names)
{
    for (size_t i = 0; i < names->len; i++)
        mem_free(names->ptr[i]);
    mem_free(names->ptr);
    *names = (struct os_names){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void os_names_sort(struct os_names *names)
{
    if (names->len)
        qsort(names->ptr, names->len, sizeof *names->ptr, compare_names);
}

HRESULT os_read_all(struct os_file *file, uint64_t expected,
                    HRESULT (*read)(struct os_file *file, void *buffer, size_t size,
                                    uint64_t offset, size_t *got),
                    char **data, size_t *size)
{
    size_t cap = expected ? (size_t)expected + 1 : 4096, len = 0;
    AUTO_FREE char *content = mem_alloc(cap + 1);
    if (!content)
        return FAIL_MEMORY();
    for (;;) {
        size_t got = 0;
        TRY(read(file, content + len, cap - len, len, &got));
        len += got;
        if (len < cap)
            break;
        char *grown = mem_grow(content, cap + 1, cap * 2 + 1, 1);
        if (!grown)
            return FAIL_MEMORY();
        content = grown;
        cap *= 2;
    }
    content[len] = '\0';
    *data = TAKE(content);
    *size = len;
    return S_OK;
}

HRESULT os_take_line(struct text *buffer, size_t len, size_t skip, char **line)
{
    size_t shown = len > 0 && buffer->ptr[len - 1] == '\r' ? len - 1 : len;
    char *copy = mem_dup_n(buffer->ptr, shown);
    if (!copy)
        return FAIL_MEMORY();
    buffer->len -= len + skip;
    memmove(buffer->ptr, buffer->ptr + len + skip, buffer->len);
    buffer->ptr[buffer->len] = '\0';
    *line = copy;
    return S_OK;
}
