/* SPDX-License-Identifier: MIT */
/*
 * vec.h - a growing array of any type: `VEC(struct rule) rules;` has ptr, len, cap. Zero is empty.
 *
 * vec_push(&v) gives a pointer to a new zeroed element, or NULL without memory. vec_fit(&v) gives
 * back what it has too much.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdbool.h>
#include <string.h>

#include "mem.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *ptr;                                                                                 \
        size_t len, cap;                                                                           \
    }

static inline bool vec_reserve_raw(void **ptr, size_t *cap, size_t want, size_t size)
{
    if (want <= *cap)
        return true;
    size_t cap_new = *cap ? *cap * 2 : 8;
    while (cap_new < want)
        cap_new *= 2;
    void *grown = mem_grow(*ptr, *cap, cap_new, size);
    if (!grown)
        return false;
    *ptr = grown;
    *cap = cap_new;
    return true;
}

static inline bool vec_fit_raw(void **ptr, size_t *cap, size_t len, size_t size)
{
    if (len == 0 || len == *cap)
        return true;
    void *fitting = mem_grow(*ptr, *cap, len, size);
    if (!fitting)
        return false;
    *ptr = fitting;
    *cap = len;
    return true;
}

#define vec_fit(v) vec_fit_raw((void **)&(v)->ptr, &(v)->cap, (v)->len, sizeof *(v)->ptr)
#define vec_push(v)                                                                                \
    (vec_reserve_raw((void **)&(v)->ptr, &(v)->cap, (v)->len + 1, sizeof *(v)->ptr)                \
         ? (memset(&(v)->ptr[(v)->len], 0, sizeof *(v)->ptr), &(v)->ptr[(v)->len++])               \
         : NULL)
#define vec_remove(v, index)                                                                       \
    (memmove(&(v)->ptr[(index)], &(v)->ptr[(index) + 1],                                           \
             ((v)->len - (size_t)(index)-1) * sizeof *(v)->ptr),                                   \
     (v)->len--)
#define vec_clear(v) (mem_free((v)->ptr), (v)->ptr = NULL, (v)->len = (v)->cap = 0)

#endif
