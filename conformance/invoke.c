/* SPDX-License-Identifier: MIT */
/* invoke.c - the call table expanded into one typed caller per export; relies on reflect.h only. */
#include "invoke.h"

#define UNPACK(kind, name) KIND_TYPE_##kind name = (KIND_TYPE_##kind)(uintptr_t)*words++;

#define DISM_CALL(api, ...)                                                                        \
    static HRESULT invoke_##api(void (*function)(void), const arg_word *words)                     \
    {                                                                                              \
        FOR_EACH(UNPACK, __VA_ARGS__)                                                              \
        HRESULT(WINAPI *typed)                                                                     \
        (FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__)) =                                                \
            (HRESULT(WINAPI *)(FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__)))function;                  \
        return typed(FOR_EACH_COMMA(DISM_NAME, __VA_ARGS__));                                      \
    }
#define DISM_CALL0(api)                                                                            \
    static HRESULT invoke_##api(void (*function)(void), const arg_word *words)                     \
    {                                                                                              \
        (void)words;                                                                               \
        return ((HRESULT(WINAPI *)(void))function)();                                              \
    }
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0

HRESULT invoke(enum api api, void (*function)(void), const arg_word *words)
{
    static HRESULT (*const callers[API_COUNT])(void (*)(void), const arg_word *) = {
#define DISM_CALL(api, ...) [API_##api] = invoke_##api,
#define DISM_CALL0(api) [API_##api] = invoke_##api,
#include "dismapi_calls.h"
#undef DISM_CALL
#undef DISM_CALL0
    };
    return callers[api](function, words);
}
