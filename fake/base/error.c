/* SPDX-License-Identifier: MIT */
/* error.c - the calling thread's last error, in a fixed thread-local buffer. Allocates nothing. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "path.h"

static _Thread_local struct error last;

/* A text that filled the buffer may end inside a UTF-8 sequence; JSON reports must stay readable.
 */
static void drop_cut_sequence(char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && len - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (want > 1 && len - (start - 1) < want)
        text[start - 1] = '\0';
}

HRESULT error_set(HRESULT hr, const char *format, ...)
{
    /* Made apart from `last`, because the arguments may be the last error's own text. */
    char fresh[sizeof last.text];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(fresh, sizeof fresh, format, args);
    va_end(args);
    if (n < 0)
        fresh[0] = '\0';
    else if ((size_t)n >= sizeof fresh)
        drop_cut_sequence(fresh, sizeof fresh - 1);
    path_show(fresh);
    last.hr = hr;
    memcpy(last.text, fresh, strlen(fresh) + 1);
    return hr;
}

HRESULT error_errno(int err, const char *doing, const char *path)
{
    const char *reason = strerror(err); /* a thread's own text, in every libc we are built with */
    HRESULT hr = hr_from_errno(err);
    if (!path)
        return error_set(hr, "cannot %s: %s", doing, reason);
    return error_set(hr, "cannot %s %s: %s", doing, path, reason);
}

void error_clear(void)
{
    last.hr = S_OK;
    last.text[0] = '\0';
}

const struct error *error_last(void)
{
    return &last;
}

void error_restore(const struct error *saved)
{
    if (saved != &last)
        last = *saved;
}
