/* SPDX-License-Identifier: MIT */
/*
 * unimplemented.c - the exports that do nothing yet and say so: E_NOTIMPL and a message with their
 * name.
 */
#include "bodies.h"
#include "call.h"

#define IGNORE_ARG(kind, name) (void)name;
#define WITH_BODY(name, ...)
#define WITHOUT_BODY(name, ...)                                                                    \
    HRESULT impl_##name(struct call *call, FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__))                \
    {                                                                                              \
        FOR_EACH(IGNORE_ARG, __VA_ARGS__)                                                          \
        return call_not_implemented(call);                                                         \
    }

#define EXPAND(macro, ...) macro(__VA_ARGS__)
#define DISM_CALL(name, ...) EXPAND(WHETHER_BODY(name), name, __VA_ARGS__)
#define DISM_CALL0(name) /* all of these have bodies */
#include "dismapi_calls.h"
