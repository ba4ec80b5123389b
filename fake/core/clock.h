/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the virtual clock: real (or DISMFAKE_CLOCK) time plus what rules and
 * DismFakeAdvanceClock added. Nothing else in the fake answers with a time. A leaf: takes no other
 * lock.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>

#include "hr.h"

int64_t clock_now_ns(void); /* since 1970, UTC */
uint64_t clock_now_filetime(void);
uint64_t clock_advanced_ms(void);
void clock_advance(uint64_t milliseconds);
void clock_reset(void);
/* Nanoseconds since 1970 as date and time, UTC. */
SYSTEMTIME clock_system_time(int64_t ns);
/* A Windows FILETIME (100 ns since 1601) the same way. */
SYSTEMTIME clock_from_filetime(uint64_t filetime);

#endif
