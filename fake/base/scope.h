/* SPDX-License-Identifier: MIT */
/*
 * scope.h - cleanup at the end of a scope instead of goto ladders.
 *
 * A local that owns something says so where it is made: `AUTO_FREE char *name = NULL;`. Ownership
 * leaves by TAKE: `*out = TAKE(name);`. AUTO(function) uses any function that takes a pointer to
 * the variable.
 */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include "mem.h"

#define AUTO(function) __attribute__((cleanup(function)))
#define TAKE(p)                                                                                    \
    (__extension__({                                                                               \
        __typeof__(p) take_value = (p);                                                            \
        (p) = NULL;                                                                                \
        take_value;                                                                                \
    }))

static inline void scope_free(void *pointer_to_pointer)
{
    mem_free(*(void **)pointer_to_pointer);
}
#define AUTO_FREE AUTO(scope_free)

/* Defines `static inline void scope_NAME(type **)` calling free_function, for AUTO(scope_NAME). */
#define DEFINE_SCOPE(name, type, free_function)                                                    \
    static inline void scope_##name(type **pointer)                                                \
    {                                                                                              \
        if (*pointer)                                                                              \
            free_function(*pointer);                                                               \
    }

#endif
