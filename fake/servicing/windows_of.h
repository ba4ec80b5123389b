/* SPDX-License-Identifier: MIT */
/* windows_of.h - the Windows in the image of a call's session. */
#ifndef SERVICING_WINDOWS_OF_H
#define SERVICING_WINDOWS_OF_H

#include "winimage.h"

struct call;

/* Refreshed, and a change that was cut off ended. Belongs to the session. */
HRESULT windows_of(struct call *call, struct winimage **out);

#endif
