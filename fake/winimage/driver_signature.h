/* SPDX-License-Identifier: MIT */
/* driver_signature.h - is a driver signed, as far as the fake can tell (driver_catalog.h)? */
#ifndef WINIMAGE_DRIVER_SIGNATURE_H
#define WINIMAGE_DRIVER_SIGNATURE_H

#include "dismapi.h"
#include "driver_list.h"

struct driver_proof {
    char *catalog;       /* the catalogue's path; NULL: there is none */
    char *signer;        /* NULL: it is not signed, or nobody is named */
    const char *why_not; /* NULL: it is signed */
};
void driver_proof_clear(struct driver_proof *proof);

/* Looks into the catalogue `name` ("": the INF names none) beside the INF: does it list the INF and
 * `files`, all below `folder`? Programs are left out: Windows hashes them in another way.
 * ERROR_INVALID_DATA: it is no catalogue. */
struct driver_files;
HRESULT driver_signature_check(const char *folder, const char *name, const void *inf, size_t size,
                               const struct driver_files *files, struct driver_proof *out);

/* Of a driver in the image: by its catalogue where Windows needs it to start, as the page of
 * DismDriverSignature has it; by what was found when it was added otherwise. */
HRESULT driver_signature(const struct winimage *image, const struct driver *driver,
                         DismDriverSignature *out);

#endif
