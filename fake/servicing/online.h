/* SPDX-License-Identifier: MIT */
/* online.h - the image that DISM_ONLINE_IMAGE opens: a small Windows folder of our own. */
#ifndef SERVICING_ONLINE_H
#define SERVICING_ONLINE_H

#include "hr.h"

struct op;

/* Makes it at the first use; a folder that DISMFAKE_ONLINE names must exist. The machine's own
 * system is never read or changed. */
HRESULT online_prepare(void);
/* If the machine has restarted since this was called last, what was pending is carried out. */
HRESULT online_after_restart(struct op *op, const char *root, const char *windows);

#endif
