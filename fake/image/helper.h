/* SPDX-License-Identifier: MIT */
/*
 * helper.h - the programs that belong to the library: what FUSE takes a process of its own for.
 */
#ifndef IMAGE_HELPER_H
#define IMAGE_HELPER_H

#include "hr.h"

/* Beside the library in a build, in libexec of an installed tree. Caller's. */
HRESULT helper_find(const char *name, char **out);
/* A helper's last word: "ok ...", "refused REASON" (S_FALSE, and the thread's error says why) or
 * "failed 0xHRESULT MESSAGE". */
HRESULT helper_understand(const char *name, const char *line);

#endif
