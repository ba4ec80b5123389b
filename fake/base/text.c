/* SPDX-License-Identifier: MIT */
/*
 * text.c - UTF-8 and UTF-16, the text builder.
 *
 * Inside, text is WTF-8: UTF-8 in which an unpaired surrogate may stand as three bytes, so that
 * every sequence of 16-bit units survives the way in and out again.
 */
#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mem.h"

#define NO_UNICODE_TRANSLATION HR_WIN32(1113)

/* ---- decoding and encoding ---- */

/* One code point from s[0..len); its length in bytes, 0 if it is not WTF-8. Surrogates pass. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *cp)
{
    if (len == 0)
        return 0;
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    size_t want = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || len < want)
        return 0;
    uint32_t value = s[0] & (0x7Fu >> want);
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3Fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[want] || value > 0x10FFFF)
        return 0;
    *cp = value;
    return want;
}

size_t text_decode(const char *text, uint32_t *cp)
{
    size_t len = 0;
    while (len < 4 && text[len])
        len++;
    return decode((const unsigned char *)text, len, cp);
}

size_t text_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

size_t text_utf16_len(const char16_t *text)
{
    size_t len = 0;
    while (text && text[len])
        len++;
    return len;
}

HRESULT text_from_utf16(const char16_t *text, char **out)
{
    if (!text) {
        *out = NULL;
        return S_OK;
    }
    return text_from_utf16_n(text, text_utf16_len(text), out);
}

HRESULT text_from_utf16_n(const char16_t *text, size_t units, char **out)
{
    if (!text) {
        *out = NULL;
        return S_OK;
    }
    if (units > (SIZE_MAX - 1) / 3)
        return FAIL_MEMORY();
    char *made = mem_alloc(units * 3 + 1); /* a pair takes four bytes for two units */
    if (!made)
        return FAIL_MEMORY();
    size_t len = 0;
    for (size_t i = 0; i < units; i++) {
        uint32_t cp = text[i];
        if (is_high(cp) && i + 1 < units && is_low(text[i + 1]))
            cp = 0x10000 + ((cp - 0xD800) << 10) + (text[++i] - 0xDC00u);
        len += text_encode(cp, made + len);
    }
    made[len] = '\0';
    *out = made;
    return S_OK;
}

HRESULT text_to_utf16(const char *text, char16_t **out)
{
    if (!text) {
        *out = NULL;
        return S_OK;
    }
    size_t len = strlen(text);
    char16_t *made = mem_array(len + 1, sizeof *made);
    if (!made)
        return FAIL_MEMORY();
    size_t units = 0;
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        size_t used = decode((const unsigned char *)text + at, len - at, &cp);
        if (!used) {
            mem_free(made);
            return FAIL(NO_UNICODE_TRANSLATION, "bad UTF-8 at byte %zu", at);
        }
        at += used;
        if (cp < 0x10000) {
            made[units++] = (char16_t)cp;
        } else {
            made[units++] = (char16_t)(0xD800 + ((cp - 0x10000) >> 10));
            made[units++] = (char16_t)(0xDC00 + ((cp - 0x10000) & 0x3FF));
        }
    }
    made[units] = 0;
    *out = made;
    return S_OK;
}

bool text_is_utf8(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        size_t used = decode((const unsigned char *)text + at, len - at, &cp);
        if (!used || (cp >= 0xD800 && cp <= 0xDFFF))
            return false;
        at += used;
    }
    return true;
}

bool text_to_u64(const char *text, unsigned long long *out)
{
    bool is_hex = text && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = is_hex ? text + 2 : text;
    if (!digits || !*digits)
        return false;
    if (digits[strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789")])
        return false;
    errno = 0;
    unsigned long long value = strtoull(digits, NULL, is_hex ? 16 : 10);
    if (errno == ERANGE)
        return false;
    *out = value;
    return true;
}

/* ---- the builder ---- */

static bool text_reserve(struct text *t, size_t more)
{
    if (t->failed || more >= SIZE_MAX - t->len) {
        t->failed = true;
        return false;
    }
    size_t want = t->len + more + 1;
    if (want <= t->cap)
        return true;
    size_t cap = t->cap ? t->cap : 128;
    while (cap < want)
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    char *grown = mem_grow(t->ptr, t->cap, cap, 1);
    if (!grown) {
        t->failed = true;
        return false;
    }
    t->ptr = grown;
    t->cap = cap;
    return true;
}

void text_add(struct text *t, const char *s)
{
    text_add_n(t, s, strlen(s));
}

void text_add_n(struct text *t, const char *s, size_t n)
{
    if (!text_reserve(t, n))
        return;
    if (n)
        memcpy(t->ptr + t->len, s, n);
    t->len += n;
    t->ptr[t->len] = '\0';
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_addv(t, format, args);
    va_end(args);
}

CHECK_FORMAT(2, 0) void text_addv(struct text *t, const char *format, va_list args)
{
    enum { USUAL = 95 }; /* then formatting it once is enough */
    if (!text_reserve(t, USUAL))
        return;
    va_list again;
    va_copy(again, args);
    size_t room = t->cap - t->len;
    int len = vsnprintf(t->ptr + t->len, room, format, args);
    if (len >= (int)room && text_reserve(t, (size_t)len))
        vsnprintf(t->ptr + t->len, (size_t)len + 1, format, again);
    va_end(again);
    t->failed = t->failed || len < 0;
    t->len += t->failed ? 0 : (size_t)len;
    t->ptr[t->len] = '\0';
}

void text_clear(struct text *t)
{
    mem_free(t->ptr);
    *t = (struct text){0};
}

char *text_take(struct text *t)
{
    if (!text_reserve(t, 0)) {
        text_clear(t);
        return NULL;
    }
    char *taken = t->ptr;
    *t = (struct text){0};
    return taken;
}
