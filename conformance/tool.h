/* SPDX-License-Identifier: MIT */
/* tool.h - runs wimlib-imagex, the independent reader of images. */
#ifndef CONFORMANCE_TOOL_H
#define CONFORMANCE_TOOL_H

#include "util.h"

/* arguments[0] is filled in with the program; its output goes to the file. *exit_code is what it
 * said; fails if it is not installed, does not end in time or is killed. */
HRESULT tool_run_wimlib(const char **arguments, const char *output, int *exit_code);

bool tool_is_there(void);

#endif
