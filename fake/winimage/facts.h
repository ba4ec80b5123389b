/* SPDX-License-Identifier: MIT */
/* facts.h - what kind of Windows it is (real-behaviour 4.9). */
#ifndef WINIMAGE_FACTS_H
#define WINIMAGE_FACTS_H

#include "winimage.h"

struct facts {
    const char *architecture;          /* "amd64", as packages say it; "" where it is not known */
    unsigned architecture_number;      /* PROCESSOR_ARCHITECTURE_... */
    uint64_t version;                  /* version_parse of "10.0.22621.1413"; 0: not known */
    char *edition, *installation_type; /* "Professional"; "Client"; "" where not known */
    bool is_pe;
};
/* Belongs to the image. An image without hives has no facts, which is no error. */
HRESULT facts_of(struct winimage *image, const struct facts **out);
/* "en-US", the language the image was installed in; "" where it is not known. Caller's. */
HRESULT facts_default_language(struct winimage *image, char **out);
/* "amd64" as PROCESSOR_ARCHITECTURE_AMD64; false: no such word. "x64" is one too. */
bool architecture_of(const char *word, unsigned *out);

#endif
