/* SPDX-License-Identifier: MIT */
/* sha256.c - FIPS 180-4, section 6.2; constants are its cube and square roots of primes. */
#include "sha256.h"

struct sha256 {
    uint32_t state[8];
    uint64_t total;
    unsigned char block[64];
    size_t filled;
};

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void mix(struct sha256 *s)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)s->block[i * 4] << 24 | (uint32_t)s->block[i * 4 + 1] << 16 |
               (uint32_t)s->block[i * 4 + 2] << 8 | s->block[i * 4 + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(v, s->state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[i] + w[i];
        uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        s->state[i] += v[i];
}

static void add(struct sha256 *s, const unsigned char *data, size_t size)
{
    s->total += size;
    while (size > 0) {
        size_t part = sizeof s->block - s->filled < size ? sizeof s->block - s->filled : size;
        memcpy(s->block + s->filled, data, part);
        s->filled += part;
        data += part;
        size -= part;
        if (s->filled == sizeof s->block) {
            mix(s);
            s->filled = 0;
        }
    }
}

static void start(struct sha256 *s)
{
    *s = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                   0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

static char *finish(struct sha256 *s)
{
    uint64_t bits = s->total * 8;
    unsigned char pad = 0x80, length[8];
    add(s, &pad, 1);
    pad = 0;
    while (s->filled != 56)
        add(s, &pad, 1);
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(bits >> (56 - i * 8));
    add(s, length, sizeof length);
    struct text hex = {0};
    for (int i = 0; i < 8; i++)
        text_addf(&hex, "%08x", s->state[i]);
    return need(text_take(&hex));
}

char *sha256_text(const void *data, size_t size)
{
    struct sha256 s;
    start(&s);
    add(&s, data, size);
    return finish(&s);
}

char *sha256_file(const char *path)
{
    enum { CHUNK = 1 << 16 };
    AUTO_FILE struct os_file *file = NULL;
    if (FAILED(os_open(path, OS_READ, &file)))
        return NULL;
    AUTO_FREE unsigned char *chunk = need(mem_alloc(CHUNK));
    struct sha256 s;
    start(&s);
    size_t got = 0;
    uint64_t offset = 0;
    do {
        if (FAILED(os_read_at(file, chunk, CHUNK, offset, &got)))
            return NULL;
        add(&s, chunk, got);
        offset += got;
    } while (got > 0);
    return finish(&s);
}
