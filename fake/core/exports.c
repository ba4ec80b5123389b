/* SPDX-License-Identifier: MIT */
/*
 * exports.c - the table expanded into the exported functions. Each is the duties around one body:
 * call_enter, impl_NAME, call_leave.
 */
#ifdef _WIN32
#define DISMAPI_EXPORT __declspec(dllexport)
#else
#define DISMAPI_EXPORT __attribute__((visibility("default")))
#endif

#include "dismapi_prototypes.h"

#include "call.h"

#define PACK(kind, name) REFLECT_WORD(name)

#define DISM_CALL(name, ...)                                                                       \
    DISMAPI_EXPORT HRESULT WINAPI name(FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__))                    \
    {                                                                                              \
        const arg_word args[] = {FOR_EACH_COMMA(PACK, __VA_ARGS__)};                               \
        struct call call;                                                                          \
        HRESULT hr = call_enter(&call, API_##name, args);                                          \
        if (SUCCEEDED(hr))                                                                         \
            hr = impl_##name(&call, FOR_EACH_COMMA(DISM_NAME, __VA_ARGS__));                       \
        return call_leave(&call, hr);                                                              \
    }
#define DISM_CALL0(name)                                                                           \
    DISMAPI_EXPORT HRESULT WINAPI name(void)                                                       \
    {                                                                                              \
        struct call call;                                                                          \
        HRESULT hr = call_enter(&call, API_##name, NULL);                                          \
        if (SUCCEEDED(hr))                                                                         \
            hr = impl_##name(&call);                                                               \
        return call_leave(&call, hr);                                                              \
    }

#include "dismapi_calls.h"
