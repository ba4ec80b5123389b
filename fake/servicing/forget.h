/* SPDX-License-Identifier: MIT */
/* forget.h - a state folder as if nothing had ever happened. Nobody else is in the library. */
#ifndef SERVICING_FORGET_H
#define SERVICING_FORGET_H

#include "hr.h"

/* Mount folders are emptied, images stay as they are. */
HRESULT forget_mounts(void);
/* Also rules, world, journal and clock. */
HRESULT forget_everything(void);

#endif
