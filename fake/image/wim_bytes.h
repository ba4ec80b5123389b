/* SPDX-License-Identifier: MIT */
/* wim_bytes.h - numbers as a WIM file has them: little endian, on no particular boundary. */
#ifndef IMAGE_WIM_BYTES_H
#define IMAGE_WIM_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t wim_get(const unsigned char *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}
static inline uint16_t wim_get16(const unsigned char *at)
{
    return (uint16_t)wim_get(at, 2);
}
static inline uint32_t wim_get32(const unsigned char *at)
{
    return (uint32_t)wim_get(at, 4);
}
static inline uint64_t wim_get64(const unsigned char *at)
{
    return wim_get(at, 8);
}

static inline void wim_put(unsigned char *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        at[i] = (unsigned char)value;
}

#endif
