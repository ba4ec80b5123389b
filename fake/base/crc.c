/* SPDX-License-Identifier: MIT */
/* crc.c - CRC-32 and CRC-32C, reflected, four bits at a time. See bytes.h. */
#include "bytes.h"

/* What a nibble shifted out of the register puts back: 16 multiples of the polynomial. */
static const uint32_t ieee[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
static const uint32_t castagnoli[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
    0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};

static uint32_t crc(const uint32_t table[16], const uint8_t *data, size_t size)
{
    uint32_t value = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        value ^= data[i];
        value = value >> 4 ^ table[value & 15];
        value = value >> 4 ^ table[value & 15];
    }
    return ~value;
}

uint32_t crc32_of(const void *data, size_t size)
{
    return crc(ieee, data, size);
}

uint32_t crc32c_of(const void *data, size_t size)
{
    return crc(castagnoli, data, size);
}
