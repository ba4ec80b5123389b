/* SPDX-License-Identifier: MIT */
/*
 * library.h - is the library initialised, and how many calls are in it? Initialising and shutting
 * down take turns (one mutex held throughout); the state itself is under the library lock, which is
 * held for look-ups only.
 */
#ifndef CORE_LIBRARY_H
#define CORE_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"

/* Among the calls in flight from here to library_count_out. DISMAPI_E_DISMAPI_NOT_INITIALIZED, or
 * DISMAPI_E_SHUTDOWN_IN_PROGRESS while DismShutdown waits for earlier calls. */
HRESULT library_count_in(void);
void library_count_out(void);
bool library_is_initialised(void);
/* Goes up with each shutdown and reboot. */
uint64_t library_epoch(void);

/* Runs `prepare` if the library is not initialised, and if that succeeds it is. A result of
 * DISMAPI_E_LOGGING_DISABLED counts as initialised too (DismInitialize.10). Concurrent callers
 * queue. */
HRESULT library_initialise(HRESULT (*prepare)(void *context), void *context);
/* Refuses while sessions are open; waits for calls in flight; then runs `finish`. */
HRESULT library_shut_down(void (*finish)(void));
/* Runs `during` with nobody else in the library; it stays as it is. ERROR_BUSY with calls in flight
 * or sessions open. */
HRESULT library_alone(HRESULT (*during)(void *context), void *context);
/* As a restart of the machine leaves it: no sessions, not initialised. ERROR_BUSY with calls in
 * flight. `during` runs in between, with the library closed to everybody. */
HRESULT library_restart(HRESULT (*during)(void));

#endif
