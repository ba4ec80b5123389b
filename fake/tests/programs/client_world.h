/* SPDX-License-Identifier: MIT */
/* client_world.h - a folder with an image for the C client programs that make their own, by Linux'
 * tools. */
#ifndef TESTS_CLIENT_WORLD_H
#define TESTS_CLIENT_WORLD_H

#include <stdarg.h>

#include "client_support.h"

/* Runs a shell command; its exit code. */
__attribute__((format(printf, 1, 2))) static inline int shell(const char *format, ...)
{
    char command[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command);
}

/* Makes DIR, DIR/tree with a small Windows folder, DIR/t.wim of it, DIR/m; DISMFAKE_STATE is
 * DIR/state. */
static inline void make_world(const char *dir, const char *compression)
{
    CHECK(shell("rm -rf '%s' && mkdir -p '%s/m' '%s/tree/Windows/System32' '%s/tree/docs'", dir,
                dir, dir, dir) == 0);
    put_file(below(dir, "tree/Windows/System32/ntdll.dll"), "not really");
    put_file(below(dir, "tree/hello.txt"), "hello");
    put_file(below(dir, "tree/docs/a"), "content of a");
    CHECK(shell("wimlib-imagex capture '%s/tree' '%s/t.wim' One --compress=%s >/dev/null", dir, dir,
                compression) == 0);
    CHECK(setenv("DISMFAKE_STATE", below(dir, "state"), 1) == 0);
}

#endif
