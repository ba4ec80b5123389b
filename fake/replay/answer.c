/* SPDX-License-Identifier: MIT */
/* answer.c - see answer.h. */
#include "answer.h"

#include <stdarg.h>
#include <stdio.h>

#include "dism_codes.h"
#include "error.h"

#define PARTS 1000 /* progress is worth a line when it has grown by this part */

/* Flushed at once: a process that forks must have nothing unsaid, or it is said twice. */
void answer(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

void answer_progress(uint64_t done, uint64_t total)
{
    static unsigned last;
    unsigned part = total ? (unsigned)((double)done / (double)total * PARTS) : 0;
    if (part == last)
        return;
    last = part;
    answer("at %llu %llu", (unsigned long long)done, (unsigned long long)total);
}

int answer_failure(HRESULT hr)
{
    if (hr == HR_WIN32(ERROR_NOT_SUPPORTED)) {
        answer("refused %s", error_last()->text);
        return EXIT_REFUSED;
    }
    answer("failed 0x%08X %s", (unsigned)hr, error_last()->text);
    return EXIT_FAILED;
}
