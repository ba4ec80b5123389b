/* SPDX-License-Identifier: MIT */
/* hash_sha1.h - SHA-1's inner part, for hash.c: by the processor's own instructions where it has
 * them. */
#ifndef BASE_HASH_SHA1_H
#define BASE_HASH_SHA1_H

#include <stddef.h>
#include <stdint.h>

void hash_sha1_blocks(uint32_t *state, const uint8_t *blocks, size_t count);
/* In C alone. */
void hash_sha1_blocks_plain(uint32_t *state, const uint8_t *blocks, size_t count);

#endif
