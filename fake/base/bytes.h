/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - numbers in files, little and big endian, at any alignment; and the two CRCs that disks
 * use (crc.c).
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t get_le(const void *at, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | ((const uint8_t *)at)[bytes];
    return value;
}
static inline uint64_t get_be(const void *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | ((const uint8_t *)at)[i];
    return value;
}
static inline void set_le(void *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        ((uint8_t *)at)[i] = (uint8_t)value;
}
static inline void set_be(void *at, unsigned bytes, uint64_t value)
{
    for (; bytes--; value >>= 8)
        ((uint8_t *)at)[bytes] = (uint8_t)value;
}

#define LE16(at) ((uint16_t)get_le((at), 2))
#define LE32(at) ((uint32_t)get_le((at), 4))
#define LE64(at) get_le((at), 8)
#define BE16(at) ((uint16_t)get_be((at), 2))
#define BE32(at) ((uint32_t)get_be((at), 4))
#define BE64(at) get_be((at), 8)

/* CRC-32 of IEEE 802.3 (GPT) and CRC-32C (VHDX). */
uint32_t crc32_of(const void *data, size_t size);
uint32_t crc32c_of(const void *data, size_t size);

#endif
