/* SPDX-License-Identifier: MIT */
/*
 * trace.h - developer's trace: one JSON line per event, on stderr or DISMFAKE_TRACE_FILE, for the
 * channels DISMFAKE_TRACE names (comma-separated; all; help prints them). Costs one load when off.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

#include "hr.h"
#include "printf_style.h"

#define TRACE_CHANNELS(X)                                                                          \
    X(CALL, "call") X(FAULT, "fault") X(OP, "op") X(IMAGE, "image") X(MOUNTS, "mounts")
#define TRACE_ENUM(id, name) TRACE_##id,
enum trace_channel { TRACE_CHANNELS(TRACE_ENUM) TRACE_COUNT };

/* channels: "call,op", "all", "" or NULL (off). An unknown name: E_INVALIDARG. path NULL: stderr.
 */
HRESULT trace_configure(const char *channels, const char *path);
bool trace_on(enum trace_channel channel);
/* Writes {"ch":..,"t":monotonic ms,"tid":..,"msg":"..."}; a leaf: takes no lock of ours but its
 * own. */
void trace(enum trace_channel channel, const char *format, ...) CHECK_FORMAT(2, 3);

#endif
