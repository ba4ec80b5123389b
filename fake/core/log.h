/* SPDX-License-Identifier: MIT */
/*
 * log.h - dism.log, in the real log's line format (real-behaviour 5.1), at the path and level given
 * to DismInitialize. A leaf: takes no other lock; a failing write switches nothing off and fails
 * nothing.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "dismapi.h"
#include "hr.h"
#include "printf_style.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Starts the log. path NULL: dism.log below the state folder, whose folders are made. A given path
 * whose folder is missing, or that cannot be written: DISMAPI_E_LOGGING_DISABLED, and logging stays
 * off. */
HRESULT log_open(const char *path, DismLogLevel level);
void log_close(void);
/* where: "Class::Method" of our own naming; hr is added for failures, S_OK is not. */
void log_line(enum log_level level, const char *where, HRESULT hr, const char *format, ...)
    CHECK_FORMAT(4, 5);
/* A line without date or component (blank lines, session marks). */
void log_bare(const char *text);

#endif
