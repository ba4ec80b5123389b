/* SPDX-License-Identifier: MIT */
/*
 * library.h - the DISM library under judgement: loaded by absolute path, every export and every
 * hook of the fake looked up by name. Loading happens in child processes only.
 */
#ifndef CONFORMANCE_LIBRARY_H
#define CONFORMANCE_LIBRARY_H

#include "dismfake.h"
#include "reflect.h"
#include "util.h"

#define LIBRARY_HOOKS(X)                                                                           \
    X(DismFakeCreateEvent)                                                                         \
    X(DismFakeSetEvent)                                                                            \
    X(DismFakeCloseEvent)                                                                          \
    X(DismFakeLoadFaults)                                                                          \
    X(DismFakeDisarm)                                                                              \
    X(DismFakeRelease)                                                                             \
    X(DismFakeAwait)                                                                               \
    X(DismFakeNameThread)                                                                          \
    X(DismFakeNameStep)                                                                            \
    X(DismFakeThreadId)                                                                            \
    X(DismFakeReboot)                                                                              \
    X(DismFakeAdvanceClock)                                                                        \
    X(DismFakeSaveState)                                                                           \
    X(DismFakeRestoreState)                                                                        \
    X(DismFakeWorld)                                                                               \
    X(DismFakeWorldRelease)                                                                        \
    X(DismFakeCapabilities)                                                                        \
    X(DismFakeLiveAllocations)                                                                     \
    X(DismFakeFree)

#define LIBRARY_HOOK_MEMBER(name) __typeof__(&name) name;
struct library {
    struct os_library *module;
    char *loaded_from;
    void (*exports[API_COUNT])(void); /* NULL: missing */
    struct {
        LIBRARY_HOOKS(LIBRARY_HOOK_MEMBER)
    } hooks; /* NULL: the library has none of that name */
};

/* Fails if it cannot be loaded, or if a module of that name is there from
 * another place. */
HRESULT library_open(const char *path, struct library *library);

/* What the library says of itself, as {"loadedFrom","exports":[..],"missing":[..],"hooks":[..],
 * "capabilities":{..} or null}. */
struct json *library_describe(const struct library *library);

#endif
