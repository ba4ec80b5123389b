/* SPDX-License-Identifier: MIT */
/* world_step.h - a world step as clients write it, with paths in any form the API takes. */
#ifndef SERVICING_WORLD_STEP_H
#define SERVICING_WORLD_STEP_H

#include "hr.h"

HRESULT world_step(const char *json);

#endif
