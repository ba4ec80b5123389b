/* SPDX-License-Identifier: MIT */
/*
 * unit_support.h - what the unit tests of the fake share: cmocka, a state folder of their own,
 * calls made by hand. Include it first.
 */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "activity.h"
#include "call.h"
#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "support_folder.h"
#include "text.h"

#define assert_hr(expected, expression)                                                            \
    do {                                                                                           \
        HRESULT hr_got = (expression);                                                             \
        if (hr_got != (HRESULT)(expected))                                                         \
            fail_msg("%s gave 0x%08X (%s), wanted 0x%08X", #expression, (unsigned)hr_got,          \
                     error_last()->text, (unsigned)(expected));                                    \
    } while (0)

#define PATIENCE_MS 60000 /* real time after which a wait counts as failed; never used up */

static char *support_folder;

static inline void support_remove_folder(void)
{
    (void)os_remove_tree(support_folder, true);
    mem_free(support_folder);
}

/* A fresh folder for this process, taken away at its end; DISMFAKE_STATE points into it. */
static inline const char *support_begin(void)
{
    if (FAILED(support_make_folder("dismfake-unit", &support_folder)))
        abort();
    atexit(support_remove_folder);
    AUTO_FREE char *state = mem_format("%s/state", support_folder);
    os_setenv("DISMFAKE_STATE", state);
    return support_folder;
}

/* A path in that folder, caller's. */
static inline char *in_folder(const char *name)
{
    char *path = mem_format("%s/%s", support_folder, name);
    assert_non_null(path);
    return path;
}

static inline void write_file(const char *path, const char *content)
{
    assert_hr(S_OK, os_write_file_atomic(path, content, strlen(content)));
}

/* Returns when the newest call of that thread waits for one that is at rest. */
static inline void await_blocked(uint64_t thread)
{
    uint64_t seen = UINT64_MAX, deadline = os_now_ms() + PATIENCE_MS;
    while (activity_await(&seen, deadline))
        if (activity_is_blocked(thread))
            return;
    fail_msg("thread %llu is not blocked", (unsigned long long)thread);
}

/* A call that was not made through an export. */
static inline struct call call_by_hand(enum api api)
{
    return (struct call){.api = api, .thread_name = "", .step_name = ""};
}

#endif
