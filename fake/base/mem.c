/* SPDX-License-Identifier: MIT */
/* mem.c - the one place that allocates: zeroed memory, sizes checked for overflow. */
#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"

void *mem_alloc(size_t size)
{
    if (floor_denies_memory())
        return NULL;
    /* Never calloc(0): NULL has to mean "no memory". */
    return calloc(1, size ? size : 1);
}

void *mem_array(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return mem_alloc(count * size);
}

void *mem_grow(void *old, size_t old_count, size_t new_count, size_t size)
{
    if (size && new_count > SIZE_MAX / size)
        return NULL;
    if (!old) /* what the system gives is zero already */
        return mem_alloc(new_count * size);
    if (floor_denies_memory())
        return NULL;
    size_t bytes = new_count * size;
    char *grown = realloc(old, bytes ? bytes : 1);
    if (grown && new_count > old_count)
        memset(grown + old_count * size, 0, (new_count - old_count) * size);
    return grown;
}

char *mem_dup(const char *text)
{
    return text ? mem_dup_n(text, strlen(text)) : NULL;
}

char *mem_dup_n(const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(len + 1);
    if (copy && len)
        memcpy(copy, text, len);
    return copy;
}

char *mem_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mem_format_v(format, args);
    va_end(args);
    return text;
}

CHECK_FORMAT(1, 0) char *mem_format_v(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        return NULL;
    char *text = mem_alloc((size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

void mem_free(void *block)
{
    free(block);
}
