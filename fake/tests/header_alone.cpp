/* SPDX-License-Identifier: MIT */
/*
 * header_alone.cpp - dismapi.h as the only header of a C++ client. Compiled in every C++ dialect by
 * contract_tests.cmake; compiling without a warning is the test.
 */
#include "dismapi.h"

extern HRESULT header_alone_use(DismSession *session);
extern PCWSTR header_alone_name(const DismPackageInfoEx &package);

static void CALLBACK count_calls(UINT current, UINT total, PVOID data)
{
    *static_cast<UINT *>(data) += current <= total ? 1 : 0;
}

HRESULT header_alone_use(DismSession *session)
{
    UINT calls = 0;
    HRESULT hr = DismOpenSession(DISM_ONLINE_IMAGE, NULL, NULL, session);

    if (hr == DISMAPI_E_NEEDS_REMOUNT || FAILED(hr))
        return hr;
    return DismCommitImage(*session, DISM_COMMIT_APPEND, NULL, count_calls, &calls);
}

/* In C++ the longer structure is derived from the shorter. */
PCWSTR header_alone_name(const DismPackageInfoEx &package)
{
    const DismPackageInfo &base = package;
    return package.CapabilityId != NULL ? package.CapabilityId : base.PackageName;
}
