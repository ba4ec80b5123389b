/* SPDX-License-Identifier: MIT */
/* servicing.h - what every call that changes the Windows in an image does around its work. */
#ifndef SERVICING_SERVICING_H
#define SERVICING_SERVICING_H

#include "change.h"
#include "package_change.h"

struct op;

/* Progress of servicing is per mille (real-behaviour 2.1). */
enum { SERVICING_TICKS = 1000 };

/* Begins the change, if the image lets itself be changed (pending.h) and nobody else services it.
 */
HRESULT servicing_begin(struct winimage *image, bool prevents_pending, struct change **out);
/* Carries it out, with the ticks from 500 on, if the call has progress. */
HRESULT servicing_finish(struct change *change, struct op *op, enum step stage, enum step place);
/* S_OK, 1 (open the session again) or 3010 (restart). */
HRESULT servicing_result(const struct package_outcome *outcome);

#endif
