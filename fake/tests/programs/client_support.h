/* SPDX-License-Identifier: MIT */
/*
 * client_support.h - what the C client programs share, on Linux and on Windows. They are clients
 * like any other: dismapi.h, dismfake.h and the C library, nothing of the fake's inside.
 */
#ifndef TESTS_CLIENT_SUPPORT_H
#define TESTS_CLIENT_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dismapi.h"
#include "dismfake.h"

/* UTF-8 as UTF-16; valid until the calling thread's eighth next call. */
static inline PCWSTR wide(const char *utf8)
{
    static _Thread_local WCHAR buffers[8][2048];
    static _Thread_local unsigned next;
    WCHAR *out = buffers[next++ % 8], *at = out;
    for (const unsigned char *p = (const unsigned char *)utf8; *p && at < out + 2040;) {
        unsigned more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : *p < 0xF0 ? 2 : 3;
        uint32_t cp = more == 0 ? *p : *p & (0x3Fu >> more);
        for (p++; more && (*p & 0xC0) == 0x80; more--)
            cp = cp << 6 | (*p++ & 0x3F);
        if (cp >= 0x10000) {
            *at++ = (WCHAR)(0xD7C0 + (cp >> 10));
            *at++ = (WCHAR)(0xDC00 + (cp & 0x3FF));
        } else {
            *at++ = (WCHAR)cp;
        }
    }
    *at = 0;
    return out;
}

/* UTF-16 as UTF-8; pairs of surrogates joined, tabs and line ends as spaces. */
static inline void narrow(PCWSTR text, char *out, size_t size)
{
    size_t n = 0;
    for (; text && *text && n + 5 < size; text++) {
        uint32_t cp = *text;
        if (cp >= 0xD800 && cp < 0xDC00 && text[1] >= 0xDC00 && text[1] < 0xE000)
            cp = 0x10000 + ((cp - 0xD800) << 10) + (*++text - 0xDC00u);
        if (cp < 0x80) {
            out[n++] = cp < 0x20 ? ' ' : (char)cp;
        } else if (cp < 0x800) {
            out[n++] = (char)(0xC0 | cp >> 6);
            out[n++] = (char)(0x80 | (cp & 0x3F));
        } else if (cp < 0x10000) {
            out[n++] = (char)(0xE0 | cp >> 12);
            out[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
            out[n++] = (char)(0x80 | (cp & 0x3F));
        } else {
            out[n++] = (char)(0xF0 | cp >> 18);
            out[n++] = (char)(0x80 | (cp >> 12 & 0x3F));
            out[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
            out[n++] = (char)(0x80 | (cp & 0x3F));
        }
    }
    out[n] = '\0';
}

static inline void last_message(char *out, size_t size)
{
    DismString *message = NULL;
    out[0] = '\0';
    if (DismGetLastErrorMessage(&message) != S_OK || !message)
        return;
    narrow(message->Value, out, size);
    (void)DismDelete(message);
}

/* Ends the program with the place, what was wanted and what came. */
#define CHECK(claim)                                                                               \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim);                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define CHECK_HR(expected, expression)                                                             \
    do {                                                                                           \
        HRESULT check_got = (expression);                                                          \
        if (check_got != (HRESULT)(expected)) {                                                    \
            char check_text[512];                                                                  \
            last_message(check_text, sizeof check_text);                                           \
            fprintf(stderr, "%s:%d: %s gave 0x%08X (%s), wanted 0x%08X\n", __FILE__, __LINE__,     \
                    #expression, (unsigned)check_got, check_text, (unsigned)(expected));           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* A path below a folder; valid until the calling thread's eighth next call. */
static inline const char *below(const char *folder, const char *name)
{
    static _Thread_local char buffers[8][1024];
    static _Thread_local unsigned next;
    char *out = buffers[next++ % 8];
    int length = snprintf(out, sizeof buffers[0], "%s/%s", folder, name);
    CHECK(length > 0 && (size_t)length < sizeof buffers[0]);
    return out;
}

static inline void put_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "wb");
    CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

#endif
