/* SPDX-License-Identifier: MIT */
/*
 * touches.h - what a case changes around itself, in four levels that an operator grants. A fake
 * simulates a machine, so that nothing of it counts; any other library means what it does.
 *
 *   nothing   images and lists are read; the runner's own files in the case's folder
 *   scratch   also offline images in the case's folder, and the running system is read
 *   mounts    also images mounted in the case's folder, and DISM's own records of the machine: its
 *             list of mounts, its log
 *   machine   also the running system, mounts of others, anything outside of the case's folder
 */
#ifndef CONFORMANCE_TOUCHES_H
#define CONFORMANCE_TOUCHES_H

#include "reflect.h"
#include "scenario.h"

enum touches { TOUCHES_NOTHING, TOUCHES_SCRATCH, TOUCHES_MOUNTS, TOUCHES_MACHINE };

const char *touches_name(enum touches level);
/* false: there is no level of that name. */
bool touches_parse(const char *name, enum touches *out);
/* What the steps of a case ask for; *why (caller's) names the step that asks for most. */
enum touches touches_of(const struct scenario *scenario, char **why);
/* Is the call, with these resolved arguments, within the level? Paths that it could write to have
 * to lie below the folder. Relative paths start there. E_ACCESSDENIED says what does not fit. */
HRESULT touches_check(enum touches level, enum api api, const struct json *arguments,
                      const char *folder);

#endif
