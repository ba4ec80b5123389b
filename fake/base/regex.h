/* SPDX-License-Identifier: MIT */
/*
 * regex.h - the regular expressions of $regex: a small subset, matched in time proportional to the
 * lengths of pattern and text multiplied, whatever the pattern.
 *
 *   x        the character itself; letter case matters
 *   .        any one character
 *   [abc]    one of them; [a-z] ranges; [^...] none of them; \d \w \s and escapes inside
 *   \d \w \s an ASCII digit; an ASCII letter, digit or _; space, tab, line feed, carriage return
 *   \t \n \r and \ before any of  \ / . * + ? | ( ) [ ] { } ^ $ -  for the character itself
 *   x* x+ x? none or more, one or more, none or one
 *   a|b (..) either; a group
 *   ^ $      the beginning and the end of the whole text
 *
 * A match may be anywhere in the text unless ^ and $ say otherwise. Everything else is refused:
 * counted repeats {n}, lazy or doubled repeats, (?...), back references, \b and other escapes.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>

#include "hr.h"

/* E_INVALIDARG with the place in the pattern. */
HRESULT regex_check(const char *pattern);
HRESULT regex_match(const char *pattern, const char *text, bool *matched);

#endif
