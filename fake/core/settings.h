/* SPDX-License-Identifier: MIT */
/*
 * settings.h - the DISMFAKE_... environment, read once per process at the first call. An unknown
 * name or a bad value makes DismInitialize fail with a message that says which.
 */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include <stdbool.h>

#include "hr.h"

/* X(NAME behind DISMFAKE_, what it does) */
#define SETTINGS(X)                                                                                \
    X(STATE, "folder of the mount registry, the journal and the online image")                     \
    X(FAULTS, "fault rules: JSON text, or @file")                                                  \
    X(SEED, "whole number that decides rules with a chance; default 1")                            \
    X(ENGINE, "auto (default), lazy or extract: how an image becomes a folder")                    \
    X(HIVE, "hivex (default) or memory: what reads and changes registry hives")                    \
    X(ONLINE, "folder that DISM_ONLINE_IMAGE opens instead of a seeded one")                       \
    X(CALLBACK_THREAD, "image (default) or caller: where progress callbacks arrive")               \
    X(CLOCK, "start of the virtual clock, YYYY-MM-DDTHH:MM:SS; default: the system's")             \
    X(ALREADY_INITIALIZED, "HRESULT of a second DismInitialize; default 0x800704DF")               \
    X(JOURNAL, "on (default) or off")                                                              \
    X(LEAKS, "1: DismShutdown reports on stderr what was not given to DismDelete")                 \
    X(STRICT, "1: a rule that never fired ends the process at DismShutdown")                       \
    X(TRACE, "channels of the developer's trace, comma-separated; help lists them")                \
    X(TRACE_FILE, "where the trace goes; default: stderr")

enum engine_choice { ENGINE_AUTO, ENGINE_LAZY, ENGINE_EXTRACT };

struct settings {
    const char *state;  /* absolute, native; exists */
    const char *online; /* absolute, native; may not exist yet */
    bool online_is_given;
    const char *faults; /* NULL: none */
    enum engine_choice engine;
    unsigned long long seed;
    bool callback_on_caller;
    bool leaks, strict, journal;
    HRESULT already_initialized;
    bool clock_is_fixed;
    long long clock_start_ns; /* since 1970, UTC */
};

/* Reads the environment at the first call of the process; later calls give the same answer. */
HRESULT settings_get(const struct settings **out);
/* A path below the state folder; caller's. */
HRESULT settings_state_path(const char *name, char **out);

#endif
