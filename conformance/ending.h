/* SPDX-License-Identifier: MIT */
/* ending.h - how a process ended, in words. */
#ifndef CONFORMANCE_ENDING_H
#define CONFORMANCE_ENDING_H

#include "util.h"

/* Did it come to its end by itself, with code 0? */
bool ending_is_clean(const struct os_child_end *end);
/* "the process died of 0xC0000005, an access violation"; `when` finishes the sentence where it
 * ended with an ordinary code. Caller's. */
char *ending_text(const struct os_child_end *end, const char *when);

#endif
