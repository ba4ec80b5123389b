/* SPDX-License-Identifier: MIT */
/*
 * text.h - text: UTF-8 inside, UTF-16 at the API's edge, a builder, comparison without letter case.
 *
 * Conversion keeps unpaired surrogates (WTF-8: three bytes each), since clients may send them.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

#include "hr.h"
#include "printf_style.h"

/* NULL in, NULL out. The result is the caller's: mem_free. */
HRESULT text_from_utf16(const char16_t *text, char **out);
HRESULT text_from_utf16_n(const char16_t *text, size_t units, char **out);
/* Not well-formed (W)UTF-8 fails with ERROR_NO_UNICODE_TRANSLATION (1113). */
HRESULT text_to_utf16(const char *text, char16_t **out);
size_t text_utf16_len(const char16_t *text);
bool text_is_utf8(const char *text, size_t len); /* strict: no surrogates */
/* The code point at the start of a text: its length in bytes, 0 at bad WTF-8 (the NUL counts as
 * one). */
size_t text_decode(const char *text, uint32_t *cp);
/* Writes a code point (a surrogate too) without a NUL: its length in bytes. */
size_t text_encode(uint32_t cp, char out[4]);

/* Of one code point, as Windows' file systems have it. */
uint32_t text_upper(uint32_t cp);
/* Ordinal comparison in upper case, as Windows compares names. <0, 0, >0. */
int text_compare_nocase(const char *a, const char *b);
bool text_equal(const char *a, const char *b); /* NULLs equal only each other */
bool text_equal_nocase(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_ends_nocase(const char *text, const char *suffix);
/* Decimal, or hex with 0x; whole string. false if it is not a number or too large. */
bool text_to_u64(const char *text, unsigned long long *out);

/* A builder. Zero is empty. A failed allocation is remembered: text_take then gives NULL. */
struct text {
    char *ptr;
    size_t len, cap;
    bool failed;
};
void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *s, size_t n);
void text_addf(struct text *t, const char *format, ...) CHECK_FORMAT(2, 3);
void text_addv(struct text *t, const char *format, va_list args);
void text_clear(struct text *t); /* frees */
char *text_take(struct text *t); /* caller's; "" if nothing was added */

#endif
