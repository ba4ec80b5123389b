/* SPDX-License-Identifier: MIT */
/* hash_sha1.c - see hash_sha1.h. Whole images are named by SHA-1, so it has to be fast. */
#include "hash_sha1.h"

#include <stdbool.h>

/* ---- in C ---- */

static inline uint32_t rotate_left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static inline uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Word i of the schedule, of which the last 16 are kept. */
static inline uint32_t word(uint32_t w[16], unsigned i)
{
    if (i >= 16)
        w[i % 16] =
            rotate_left(w[(i + 13) % 16] ^ w[(i + 8) % 16] ^ w[(i + 2) % 16] ^ w[i % 16], 1);
    return w[i % 16];
}

#define CHOICE(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define PARITY(b, c, d) ((b) ^ (c) ^ (d))
#define MAJORITY(b, c, d) (((b) & (c)) | ((d) & ((b) | (c))))
#define ROUND(mix, k, i, a, b, c, d, e)                                                            \
    (e += rotate_left(a, 5) + mix(b, c, d) + (k) + word(w, i), b = rotate_left(b, 30))
#define ROUNDS_5(mix, k, i)                                                                        \
    ROUND(mix, k, i, a, b, c, d, e);                                                               \
    ROUND(mix, k, (i) + 1, e, a, b, c, d);                                                         \
    ROUND(mix, k, (i) + 2, d, e, a, b, c);                                                         \
    ROUND(mix, k, (i) + 3, c, d, e, a, b);                                                         \
    ROUND(mix, k, (i) + 4, b, c, d, e, a)
#define ROUNDS_20(mix, k, i)                                                                       \
    ROUNDS_5(mix, k, i);                                                                           \
    ROUNDS_5(mix, k, (i) + 5);                                                                     \
    ROUNDS_5(mix, k, (i) + 10);                                                                    \
    ROUNDS_5(mix, k, (i) + 15)

void hash_sha1_blocks_plain(uint32_t *state, const uint8_t *blocks, size_t count)
{
    for (; count > 0; count--, blocks += 64) {
        uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (unsigned i = 0; i < 16; i++)
            w[i] = big_endian(blocks + 4 * i);
        ROUNDS_20(CHOICE, 0x5A827999u, 0);
        ROUNDS_20(PARITY, 0x6ED9EBA1u, 20);
        ROUNDS_20(MAJORITY, 0x8F1BBCDCu, 40);
        ROUNDS_20(PARITY, 0xCA62C1D6u, 60);
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
}

/* ---- by x86's instructions ---- */

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define LEAF_FEATURES 7
#define EBX_SHA (1u << 29)

static bool has_instructions(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(LEAF_FEATURES, 0, &a, &b, &c, &d) && (b & EBX_SHA);
}

/* Four rounds, with words 4 * i to 4 * i + 3, and the four words that come in their place. */
#define FOUR(i, function)                                                                          \
    do {                                                                                           \
        e = (i) ? _mm_sha1nexte_epu32(before, w[(i) % 4]) : _mm_add_epi32(e, w[0]);                \
        before = abcd;                                                                             \
        abcd = _mm_sha1rnds4_epu32(abcd, e, function);                                             \
        w[(i) % 4] = _mm_sha1msg2_epu32(                                                           \
            _mm_xor_si128(_mm_sha1msg1_epu32(w[(i) % 4], w[((i) + 1) % 4]), w[((i) + 2) % 4]),     \
            w[((i) + 3) % 4]);                                                                     \
    } while (0)
#define TWENTY(i, function)                                                                        \
    do {                                                                                           \
        FOUR(i, function);                                                                         \
        FOUR((i) + 1, function);                                                                   \
        FOUR((i) + 2, function);                                                                   \
        FOUR((i) + 3, function);                                                                   \
        FOUR((i) + 4, function);                                                                   \
    } while (0)

__attribute__((target("sha,sse4.1"))) static void
with_instructions(uint32_t *state, const uint8_t *blocks, size_t count)
{
    const __m128i big_endian_order = _mm_set_epi64x(0x0001020304050607, 0x08090A0B0C0D0E0F);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1B);
    __m128i e = _mm_set_epi32((int)state[4], 0, 0, 0), before = abcd;
    for (; count > 0; count--, blocks += 64) {
        const __m128i abcd_was = abcd, e_was = e;
        __m128i w[4];
        for (unsigned i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks + 16 * i)),
                                    big_endian_order);
        TWENTY(0, 0);
        TWENTY(5, 1);
        TWENTY(10, 2);
        TWENTY(15, 3);
        e = _mm_sha1nexte_epu32(before, e_was);
        abcd = _mm_add_epi32(abcd, abcd_was);
    }
    _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1B));
    state[4] = (uint32_t)_mm_extract_epi32(e, 3);
}

void hash_sha1_blocks(uint32_t *state, const uint8_t *blocks, size_t count)
{
    static int known; /* 1: yes, 2: no; whoever finds out finds the same */
    if (!__atomic_load_n(&known, __ATOMIC_RELAXED))
        __atomic_store_n(&known, has_instructions() ? 1 : 2, __ATOMIC_RELAXED);
    if (__atomic_load_n(&known, __ATOMIC_RELAXED) == 1)
        with_instructions(state, blocks, count);
    else
        hash_sha1_blocks_plain(state, blocks, count);
}
#else
void hash_sha1_blocks(uint32_t *state, const uint8_t *blocks, size_t count)
{
    hash_sha1_blocks_plain(state, blocks, count);
}
#endif
