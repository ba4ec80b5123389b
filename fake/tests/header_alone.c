/* SPDX-License-Identifier: MIT */
/*
 * header_alone.c - dismapi.h as the only header of a C client. Compiled in every C dialect by
 * contract_tests.cmake; compiling without a warning is the test.
 */
#include "dismapi.h"

extern HRESULT header_alone_use(DismSession *session);
extern PCWSTR header_alone_name(const DismPackageInfoEx *package);

/* A client's usual gestures: the online image, comparing codes, freeing what came back. */
HRESULT header_alone_use(DismSession *session)
{
    DismPackage *packages = NULL;
    UINT count = 0;
    HRESULT hr = DismOpenSession(DISM_ONLINE_IMAGE, NULL, NULL, session);

    if (hr == DISMAPI_E_NEEDS_REMOUNT || hr == E_ACCESSDENIED)
        return hr;
    hr = DismGetPackages(*session, &packages, &count);
    if (SUCCEEDED(hr) && count > 0 && packages[0].PackageState == DismStateInstalled)
        hr = DismUnmountImage(packages[0].PackageName,
                              DISM_COMMIT_IMAGE | (DISM_COMMIT_MASK & DISM_COMMIT_APPEND), NULL,
                              NULL, NULL);
    return DismDelete(packages);
}

PCWSTR header_alone_name(const DismPackageInfoEx *package)
{
    return package->CapabilityId != NULL ? package->CapabilityId : package->PackageName;
}
