/* SPDX-License-Identifier: MIT */
/* product_key.c - see product_key.h. */
#include "product_key.h"

#include <stdbool.h>
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"

#define DIGITS "BCDFGHJKMPQRTVWXY2346789"
#define LETTERS 25 /* one of them is the N, whose place is the first digit */

/* The groups of the KMS client keys that Microsoft publishes for Windows 10 and Server 2016 and
 * later (learn.microsoft.com, "KMS client activation and product keys"), and of the keys that setup
 * brings along, whose channels public lists name. */
static const struct {
    uint32_t group;
    const char *edition, *channel;
} groups[] = {
    {3261, "Core", "Retail"},
    {3263, "Core", "Volume:GVLK"},
    {3266, "CoreCountrySpecific", "Retail"},
    {3267, "CoreCountrySpecific", "Volume:GVLK"},
    {3270, "CoreN", "Retail"},
    {3272, "CoreN", "Volume:GVLK"},
    {3276, "CoreSingleLanguage", "Retail"},
    {3277, "CoreSingleLanguage", "Volume:GVLK"},
    {3280, "Education", "Retail"},
    {3281, "Education", "Volume:GVLK"},
    {3285, "EducationN", "Retail"},
    {3286, "EducationN", "Volume:GVLK"},
    {3289, "Enterprise", "OEM:NONSLP"},
    {3290, "Enterprise", "Volume:GVLK"},
    {3295, "EnterpriseS", "Volume:GVLK"},
    {3299, "EnterpriseN", "Volume:GVLK"},
    {3302, "EnterpriseSN", "Volume:GVLK"},
    {3308, "Professional", "Retail"},
    {3311, "Professional", "Volume:GVLK"},
    {3316, "ProfessionalN", "Retail"},
    {3319, "ProfessionalN", "Volume:GVLK"},
    {3760, "ServerSolution", "Volume:GVLK"},
    {3764, "ServerDatacenter", "Volume:GVLK"},
    {3776, "ServerStandard", "Volume:GVLK"},
    {3782, "EnterpriseS", "Volume:GVLK"},
    {3783, "EnterpriseSN", "Volume:GVLK"},
    {3784, "ProfessionalEducation", "Volume:GVLK"},
    {3785, "ProfessionalEducationN", "Volume:GVLK"},
    {3800, "ProfessionalEducation", "Retail"},
    {3801, "ProfessionalEducationN", "Retail"},
    {3856, "EnterpriseG", "Volume:GVLK"},
    {3861, "EnterpriseGN", "Volume:GVLK"},
    {3917, "ProfessionalWorkstation", "Retail"},
    {3918, "ProfessionalWorkstation", "Volume:GVLK"},
    {3922, "ProfessionalWorkstationN", "Retail"},
    {3923, "ProfessionalWorkstationN", "Volume:GVLK"},
    {4250, "EnterpriseS", "Volume:GVLK"},
    {4253, "EnterpriseSN", "Volume:GVLK"},
    {4297, "ServerStandard", "Volume:GVLK"},
    {4300, "ServerDatacenter", "Volume:GVLK"},
    {4332, "ServerSolution", "Volume:GVLK"},
    {4469, "ServerTurbine", "Volume:GVLK"},
    {4541, "ServerStandard", "Volume:GVLK"},
    {4546, "ServerDatacenter", "Volume:GVLK"},
    {4844, "IoTEnterpriseS", "Volume:GVLK"},
    {4915, "ServerDatacenter", "Volume:GVLK"},
    {4929, "ServerStandard", "Volume:GVLK"},
    {4937, "ServerTurbine", "Volume:GVLK"},
};

/* ---- numbers of 128 bits ---- */

static void multiply_add(uint8_t bytes[PRODUCT_KEY_BYTES], unsigned factor, unsigned summand)
{
    unsigned carry = summand;
    for (size_t i = 0; i < PRODUCT_KEY_BYTES; i++) {
        carry += bytes[i] * factor;
        bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static uint32_t bits_at(const uint8_t bytes[PRODUCT_KEY_BYTES], unsigned at, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = count; i-- > 0;)
        value = value << 1 | (bytes[(at + i) / 8] >> ((at + i) % 8) & 1u);
    return value;
}

/* ---- reading ---- */

enum {
    GROUP_AT = 0,
    GROUP_BITS = 20,
    SERIAL_BITS = 30,
    SUM_AT = 103,
    SUM_BITS = 10,
    HAS_N_AT = 115
};

/* CRC-32 with its highest bit first, of the number without the checksum. */
static uint32_t checksum(const uint8_t bytes[PRODUCT_KEY_BYTES])
{
    uint8_t copy[PRODUCT_KEY_BYTES];
    uint32_t crc = UINT32_MAX;
    memcpy(copy, bytes, sizeof copy);
    for (unsigned at = SUM_AT; at < SUM_AT + SUM_BITS; at++)
        copy[at / 8] &= (uint8_t) ~(1u << at % 8);
    for (size_t i = 0; i < sizeof copy; i++) {
        crc ^= (uint32_t)copy[i] << 24;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc >> 31 ? 0x04C11DB7 : 0);
    }
    return ~crc & ((1u << SUM_BITS) - 1);
}

/* 25 letters in capitals; false: other signs, or not as many. */
static bool collect(const char *text, char letters[LETTERS])
{
    size_t count = 0;
    for (; *text; text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        if (c == '-' && count % 5 == 0 && count > 0 && text[-1] != '-' && count < LETTERS)
            continue;
        if (count == LETTERS || !strchr(DIGITS "N", c))
            return false;
        letters[count++] = c;
    }
    return count == LETTERS;
}

static bool to_number(const char letters[LETTERS], uint8_t bytes[PRODUCT_KEY_BYTES])
{
    const char *n = memchr(letters, 'N', LETTERS);
    if (!n)
        return false;
    multiply_add(bytes, 24, (unsigned)(n - letters));
    for (const char *c = letters; c < letters + LETTERS; c++) {
        const char *digit = strchr(DIGITS, *c);
        if (c == n)
            continue;
        if (!digit)
            return false; /* a second N */
        multiply_add(bytes, 24, (unsigned)(digit - DIGITS));
    }
    return true;
}

static void show(const char letters[LETTERS], char text[PRODUCT_KEY_TEXT])
{
    for (size_t i = 0; i < LETTERS; i++) {
        if (i && i % 5 == 0)
            *text++ = '-';
        *text++ = letters[i];
    }
    *text = '\0';
}

static bool find_group(struct product_key *key)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (groups[i].group != key->group)
            continue;
        key->edition = groups[i].edition;
        key->channel = groups[i].channel;
        return true;
    }
    return false;
}

HRESULT product_key_read(const char *text, struct product_key *out)
{
    char letters[LETTERS];
    struct product_key key = {0};
    if (!collect(text, letters) || !to_number(letters, key.bytes))
        return FAIL(DISMAPI_E_INVALID_PRODUCT_KEY, "'%s' is no product key", text);
    show(letters, key.text);
    key.group = bits_at(key.bytes, GROUP_AT, GROUP_BITS);
    key.serial = bits_at(key.bytes, GROUP_BITS, SERIAL_BITS);
    if (bits_at(key.bytes, SUM_AT, SUM_BITS) != checksum(key.bytes))
        return FAIL(DISMAPI_E_INVALID_PRODUCT_KEY, "%s has a wrong checksum", key.text);
    if (!find_group(&key))
        return FAIL(DISMAPI_E_INVALID_PRODUCT_KEY,
                    "%s is of group %u, which is of no known edition", key.text,
                    (unsigned)key.group);
    *out = key;
    return S_OK;
}

/* ---- DigitalProductId ---- */

void product_key_digital_id(const struct product_key *key, const char *product_id,
                            uint8_t out[DIGITAL_PRODUCT_ID])
{
    enum { MAJOR_AT = 4, ID_AT = 8, ID_SIZE = 24, GROUP_NUMBER_AT = 32, KEY_AT = 52 };
    memset(out, 0, DIGITAL_PRODUCT_ID);
    set_le(out, 4, DIGITAL_PRODUCT_ID);
    set_le(out + MAJOR_AT, 2, 3);
    memcpy(out + ID_AT, product_id, strnlen(product_id, ID_SIZE - 1));
    set_le(out + GROUP_NUMBER_AT, 4, key->group);
    memcpy(out + KEY_AT, key->bytes, PRODUCT_KEY_BYTES - 1);
    out[KEY_AT + HAS_N_AT / 8] |= 1u << HAS_N_AT % 8;
}
