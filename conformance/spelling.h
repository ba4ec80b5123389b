/* SPDX-License-Identifier: MIT */
/* spelling.h - other ways to write the path of one file ($spelled). */
#ifndef CONFORMANCE_SPELLING_H
#define CONFORMANCE_SPELLING_H

#include "util.h"

/* Does only a system with drive letters take that spelling for the same path? */
bool spelling_needs_drives(const char *style);
/* The absolute path in that style; relative ones start at this process's current folder. Caller's;
 * NULL with the error set where the path cannot be written so. */
char *spelling_make(const char *path, const char *style);

#endif
