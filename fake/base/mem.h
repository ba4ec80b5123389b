/* SPDX-License-Identifier: MIT */
/*
 * mem.h - allocation: zeroed, overflow-checked, one place to make it fail. NULL means no memory;
 * the caller answers FAIL_MEMORY().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "printf_style.h"

void *mem_alloc(size_t size);
void *mem_array(size_t count, size_t size);
/* Like realloc for an array; the added part is zero. On failure the old block is untouched. */
void *mem_grow(void *old, size_t old_count, size_t new_count, size_t size);
char *mem_dup(const char *text);
char *mem_dup_n(const char *text, size_t len);
char *mem_format(const char *format, ...) CHECK_FORMAT(1, 2);
char *mem_format_v(const char *format, va_list args);
void mem_free(void *block);

#endif
