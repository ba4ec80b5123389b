/* SPDX-License-Identifier: MIT */
/*
 * identity.h - what a package is called: NAME~TOKEN~ARCHITECTURE~LANGUAGE~VERSION, the language
 * empty where there is none (real-behaviour 4.3). Letter case does not matter.
 */
#ifndef WINIMAGE_IDENTITY_H
#define WINIMAGE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"

struct identity {
    /* Never NULL once filled; all in one block, which is the name's. */
    char *name, *token, *architecture, *language, *version;
};

/* E_INVALIDARG: not of that form. A version has one to four numbers of at most 65535, or is empty.
 */
HRESULT identity_parse(const char *text, struct identity *out);
/* Parts are copied; NULL is "", the language "neutral" too. */
HRESULT identity_make(const char *name, const char *token, const char *architecture,
                      const char *language, const char *version, struct identity *out);
HRESULT identity_copy(const struct identity *from, struct identity *out);
void identity_clear(struct identity *identity);
/* Caller's; NULL without memory. */
char *identity_text(const struct identity *identity);

bool identity_equal(const struct identity *a, const struct identity *b);
/* All but the versions are the same: two versions of one package. */
bool identity_is_same_package(const struct identity *a, const struct identity *b);

/* Of two versions of one package: below, at or above 0. No version is below all others. */
int version_compare(const struct identity *a, const struct identity *b);

/* 10.0.22621.1 as four 16-bit numbers, the first one highest; missing numbers are 0. false: no
 * version. */
bool version_parse(const char *text, uint64_t *out);

#endif
