/* SPDX-License-Identifier: MIT */
/*
 * driver_catalog.h - security catalogues (.cat): which digests one lists, and whether somebody
 * signed it. The form is read, PKCS #7 signed data around a trust list; no signature is verified:
 * the fake cannot tell whose it is, nor whether it is one.
 */
#ifndef WINIMAGE_DRIVER_CATALOG_H
#define WINIMAGE_DRIVER_CATALOG_H

#include <stdbool.h>

#include "hash.h"
#include "vec.h"

struct driver_digest {
    uint8_t size; /* of SHA-1 or SHA-256 */
    uint8_t bytes[SHA256_SIZE];
};
struct driver_catalog {
    VEC(struct driver_digest) digests;
    bool is_signed;
    char *signer; /* who issued the signer's certificate, by its common name; NULL: not known */
};
void driver_catalog_clear(struct driver_catalog *catalog);
/* ERROR_INVALID_DATA: it is none. `name` is for messages. */
HRESULT driver_catalog_read(const void *bytes, size_t size, const char *name,
                            struct driver_catalog *out);
/* Does it list a file with these bytes? */
bool driver_catalog_lists(const struct driver_catalog *catalog, const void *bytes, size_t size);

#endif
