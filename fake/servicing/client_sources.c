/* SPDX-License-Identifier: MIT */
/* client_sources.c - see client_sources.h. */
#include "client_sources.h"

#include "client_path.h"
#include "dism_codes.h"
#include "error.h"

HRESULT client_sources(struct winimage *image, PCWSTR *paths, UINT count, BOOL limits_access,
                       struct sources *out)
{
    out->limits_access = limits_access;
    for (UINT i = 0; i < count; i++) {
        char **slot = vec_push(&out->paths);
        if (!slot)
            return FAIL_MEMORY();
        TRY(client_path(paths[i], "SourcePaths", E_INVALIDARG, slot));
    }
    return sources_add_policy(out, image);
}
