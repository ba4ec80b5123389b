/* SPDX-License-Identifier: MIT */
/* sha256.h - the SHA-256 of FIPS 180-4, for naming files by their content. */
#ifndef CONFORMANCE_SHA256_H
#define CONFORMANCE_SHA256_H

#include "util.h"

/* 64 hex digits, caller's; NULL with the error set when the file cannot be read. */
char *sha256_file(const char *path);
char *sha256_text(const void *data, size_t size);

#endif
