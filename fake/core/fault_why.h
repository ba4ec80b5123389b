/* SPDX-License-Identifier: MIT */
/*
 * fault_why.h - why a rule has not fired: what the journal says about the calls since it was armed,
 * held against the rule. The journal is the state folder's, so any process can ask about any other,
 * also one that has ended.
 */
#ifndef CORE_FAULT_WHY_H
#define CORE_FAULT_WHY_H

#include "json.h"

/* {"rule", "at", "origin", "fired", "times", "reasons": [{"code", "count", "text"}, ..]}, the
 * likeliest reason first. pid 0: of all processes. ERROR_NOT_FOUND if no such rule has been armed
 * as far as the journal goes back. */
HRESULT fault_why(const char *id, unsigned pid, struct json **out);

#endif
