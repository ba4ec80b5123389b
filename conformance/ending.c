/* SPDX-License-Identifier: MIT */
/* ending.c - see ending.h. On Windows a crash is an exit code: the exception's. */
#include "ending.h"

static const char *exception_name(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *name;
    } exceptions[] = {
        {0xC0000005, "an access violation"},
        {0xC0000006, "a page that could not be read"},
        {0xC000001D, "an illegal instruction"},
        {0xC0000094, "a division by zero"},
        {0xC00000FD, "a stack overflow"},
        {0xC0000135, "a library that it needs and that is not there"},
        {0xC0000139, "a function that a library of its lacks"},
        {0xC000013A, "Ctrl+C"},
        {0xC0000142, "a library of its that could not start"},
        {0xC0000374, "a damaged heap"},
        {0xC0000409, "a check that it failed (fail fast)"},
        {0xC0000420, "an assertion"},
        {0x80000003, "a breakpoint"},
        {0xE06D7363, "a C++ exception that nobody caught"},
        {0xE0434352, "a .NET exception that nobody caught"},
    };
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        if (exceptions[i].code == code)
            return exceptions[i].name;
    }
    return "an exception";
}

/* The exception that os.h shows as a signal on Windows; 0 for none. */
static uint32_t exception_of(const struct os_child_end *end)
{
    if (!end->signal)
        return (uint32_t)end->exit_code >= 0x80000000u ? (uint32_t)end->exit_code : 0;
    if (!os_has_drives() || end->signal == OS_SIGNAL_KILL)
        return 0;
    return end->signal == OS_SIGNAL_ACCESS_VIOLATION ? 0xC0000005
           : end->signal == OS_SIGNAL_ABORT          ? 0xC0000409
                                                     : (uint32_t)end->signal;
}

bool ending_is_clean(const struct os_child_end *end)
{
    return !end->signal && end->exit_code == 0;
}

char *ending_text(const struct os_child_end *end, const char *when)
{
    uint32_t code = exception_of(end);
    if (end->signal && !code && os_has_drives())
        return dup_text("the process was ended from outside");
    if (end->signal && !code)
        return format("the process died of signal %d", end->signal);
    if (code)
        return format("the process died of 0x%08X, %s", code, exception_name(code));
    return format("the process ended with code %d %s", end->exit_code, when);
}
