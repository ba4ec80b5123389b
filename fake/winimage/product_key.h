/* SPDX-License-Identifier: MIT */
/*
 * product_key.h - product keys of Windows 8 and later: 25 digits to the base of 24 that hold a
 * group (edition and channel), a serial number, a secret and a checksum. Whether Microsoft ever
 * gave a key away only Microsoft can tell: what is known here is its form and its group.
 */
#ifndef WINIMAGE_PRODUCT_KEY_H
#define WINIMAGE_PRODUCT_KEY_H

#include <stdint.h>

#include "hr.h"

enum { PRODUCT_KEY_TEXT = 30, PRODUCT_KEY_BYTES = 16, DIGITAL_PRODUCT_ID = 164 };

struct product_key {
    char text[PRODUCT_KEY_TEXT];      /* in capitals, with hyphens */
    uint8_t bytes[PRODUCT_KEY_BYTES]; /* as one number, the lowest byte first */
    uint32_t group, serial;
    const char *edition, *channel; /* "Professional", "Retail" */
};

/* DISMAPI_E_INVALID_PRODUCT_KEY: not five groups of five, a wrong checksum, or of no group that is
 * known. Hyphens may be left out. */
HRESULT product_key_read(const char *text, struct product_key *out);
/* The registry's DigitalProductId, where Windows and other programs look for the key. */
void product_key_digital_id(const struct product_key *key, const char *product_id,
                            uint8_t out[DIGITAL_PRODUCT_ID]);

#endif
