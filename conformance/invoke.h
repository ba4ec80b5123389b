/* SPDX-License-Identifier: MIT */
/* invoke.h - calls an export of the table with its arguments as words. */
#ifndef CONFORMANCE_INVOKE_H
#define CONFORMANCE_INVOKE_H

#include "reflect.h"

HRESULT invoke(enum api api, void (*function)(void), const arg_word *words);

#endif
