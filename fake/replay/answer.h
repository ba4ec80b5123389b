/* SPDX-License-Identifier: MIT */
/* answer.h - what dismfake-replay says on stdout, a line at a time; see main.c. */
#ifndef REPLAY_ANSWER_H
#define REPLAY_ANSWER_H

#include <stdint.h>

#include "hr.h"
#include "printf_style.h"

#define EXIT_FAILED 1
#define EXIT_REFUSED 6
#define EXIT_USAGE 64

void answer(const char *format, ...) CHECK_FORMAT(1, 2);
/* "at DONE TOTAL", now and then. */
void answer_progress(uint64_t done, uint64_t total);
/* "refused REASON" for ERROR_NOT_SUPPORTED, else "failed 0xHRESULT MESSAGE", of the thread's error.
 * Gives the exit code. */
int answer_failure(HRESULT hr);

#endif
