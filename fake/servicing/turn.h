/* SPDX-License-Identifier: MIT */
/* turn.h - what every call on a folder needs around its work: the image's turn among this process's
 * calls, and the claim on it among processes. */
#ifndef SERVICING_TURN_H
#define SERVICING_TURN_H

#include "hr.h"

struct image;

/* Runs `body` with the turn and the claim of the image at that root (a canonical path).
 * WIMPROVIDER_E_IMAGE_IN_SERVICE while another process has a session on it or works on it. */
HRESULT turn_run(const char *root, HRESULT (*body)(void *context, struct image *image),
                 void *context);

#endif
