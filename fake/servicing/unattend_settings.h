/* SPDX-License-Identifier: MIT */
/* unattend_settings.h - the settings of the offlineServicing pass that are values of the registry.
 */
#ifndef SERVICING_UNATTEND_SETTINGS_H
#define SERVICING_UNATTEND_SETTINGS_H

#include "answer_file.h"
#include "change.h"

/* What is not known is left out; dism.log says so. */
HRESULT unattend_settings(struct winimage *image, struct change *change,
                          const struct answer_file *file);

#endif
