/* SPDX-License-Identifier: MIT */
/*
 * result.h - memory handed to callers: one block per result, structures first, then their strings.
 * DismDelete frees it in one go; live blocks are listed, freed ones remembered for a while, so that
 * foreign and double deletes are told apart. A leaf: takes no other lock.
 */
#ifndef CORE_RESULT_H
#define CORE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"
#include "reflect.h"
#include "text.h"
#include "vec.h"

/* A result being built. Offsets count from the first structure. Zero is empty. */
struct result {
    struct text block;
    VEC(size_t) pointers; /* offsets that hold an offset + 1 until result_finish; 0 is NULL */
    enum api api;
};

/* Room for `count` zeroed structures of `size` bytes. */
HRESULT result_begin(struct result *r, enum api api, size_t count, size_t size);
void result_clear(struct result *r);
/* Bytes at an offset, valid until the next call that adds. */
void *result_at(struct result *r, size_t offset);
/* Makes the PCWSTR at `where` point to a copy of the text; NULL stays NULL. */
HRESULT result_string(struct result *r, size_t where, const char *text);
/* Makes the pointer at `where` point to `size` new zeroed bytes, whose offset comes back. */
HRESULT result_array(struct result *r, size_t where, size_t size, size_t *offset);
/* Hands the block over: the caller of the API owns it from now on. */
HRESULT result_finish(struct result *r, void **out);

/* Memory of its own for a text that belongs to that result: goes when it is deleted. */
HRESULT result_attach(const void *content, const char16_t *text, const char16_t **out);

enum result_delete { RESULT_DELETED, RESULT_DELETED_BEFORE, RESULT_FOREIGN };
enum result_delete result_delete(const void *pointer);
size_t result_live_count(void);
/* Calls `each` for every live block, under the leaf lock. */
void result_each_live(void (*each)(void *context, const void *pointer, enum api api, size_t size),
                      void *context);

#endif
