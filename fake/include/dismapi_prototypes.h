/* SPDX-License-Identifier: MIT */
/*
 * dismapi_prototypes.h - declares all 95 exports from the table. For the calls that dismapi.h
 * declares it is a second declaration, so that the compiler compares header and table; for the rows
 * whose parameters nobody published it is the only one. For the library's own files, not for
 * clients.
 */
#ifndef DISMFAKE_DISMAPI_PROTOTYPES_H
#define DISMFAKE_DISMAPI_PROTOTYPES_H

#include "reflect.h"

#ifndef DISMAPI_EXPORT
#define DISMAPI_EXPORT
#endif

#define DISM_CALL(name, ...)                                                                       \
    DISMAPI_EXPORT HRESULT WINAPI name(FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__));
#define DISM_CALL0(name) DISMAPI_EXPORT HRESULT WINAPI name(void);
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0

#endif
