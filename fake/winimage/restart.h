/* SPDX-License-Identifier: MIT */
/* restart.h - what a restart does with a Windows: what was pending is carried out. */
#ifndef WINIMAGE_RESTART_H
#define WINIMAGE_RESTART_H

#include "probes.h"
#include "winimage.h"

struct op;

/* All of it in one change, with these steps; without anything pending neither is entered. What
 * cannot be carried out (its payload is gone) goes on waiting. */
HRESULT restart_finish(struct winimage *image, struct op *op, enum step stage, enum step place);

#endif
