/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - the regular expressions of the scenario schema: those of base's regex.h, and the
 * counted repeats {n} and {n,m}.
 */
#ifndef CONFORMANCE_PATTERN_H
#define CONFORMANCE_PATTERN_H

#include <stdbool.h>

/* Dies on a pattern it cannot read: patterns come from our own schema. */
bool pattern_matches(const char *pattern, const char *text);

#endif
