/* SPDX-License-Identifier: MIT */
/*
 * unimplemented.c - the exports that do nothing yet and say so: E_NOTIMPL and a message with their
 * name.
 *
 * Whoever writes a body adds its name to HAS_BODY. A name in that list without a body is a link
 * error, a body without its name there too.
 */
#include "call.h"

#define HAS_BODY_DismInitialize ~, WITH_BODY
#define HAS_BODY_DismShutdown ~, WITH_BODY
#define HAS_BODY_DismOpenSession ~, WITH_BODY
#define HAS_BODY_DismCloseSession ~, WITH_BODY
#define HAS_BODY_DismMountImage ~, WITH_BODY
#define HAS_BODY_DismUnmountImage ~, WITH_BODY
#define HAS_BODY_DismCommitImage ~, WITH_BODY
#define HAS_BODY_DismRemountImage ~, WITH_BODY
#define HAS_BODY_DismCleanupMountpoints ~, WITH_BODY
#define HAS_BODY_DismGetImageInfo ~, WITH_BODY
#define HAS_BODY_DismGetMountedImageInfo ~, WITH_BODY
#define HAS_BODY_DismGetLastErrorMessage ~, WITH_BODY
#define HAS_BODY_DismDelete ~, WITH_BODY
#define HAS_BODY_DismGetPackages ~, WITH_BODY
#define HAS_BODY_DismGetPackageInfo ~, WITH_BODY
#define HAS_BODY_DismGetPackageInfoEx ~, WITH_BODY
#define HAS_BODY_DismAddPackage ~, WITH_BODY
#define HAS_BODY_DismRemovePackage ~, WITH_BODY

/* CHOOSE(name) is WITH_BODY for the names above and WITHOUT_BODY for all others: HAS_BODY_name then
 * stays a single word, and the second argument is the fixed one. */
#define SECOND_OF(first, second, ...) second
#define CHOOSE_FROM(...) SECOND_OF(__VA_ARGS__, WITHOUT_BODY, ~)
#define CHOOSE(name) CHOOSE_FROM(HAS_BODY_##name)

#define IGNORE_ARG(kind, name) (void)name;
#define WITH_BODY(name, ...)
#define WITHOUT_BODY(name, ...)                                                                    \
    HRESULT impl_##name(struct call *call, FOR_EACH_COMMA(DISM_PARAM, __VA_ARGS__))                \
    {                                                                                              \
        FOR_EACH(IGNORE_ARG, __VA_ARGS__)                                                          \
        return call_not_implemented(call);                                                         \
    }

#define EXPAND(macro, ...) macro(__VA_ARGS__)
#define DISM_CALL(name, ...) EXPAND(CHOOSE(name), name, __VA_ARGS__)
#define DISM_CALL0(name) /* all of these have bodies */
#include "dismapi_calls.h"
