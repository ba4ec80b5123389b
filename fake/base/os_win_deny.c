/* SPDX-License-Identifier: MIT */
/* os_win_deny.c - a file or folder denied to everybody, by its access control list. */
#include <windows.h>

#include <aclapi.h>

#include "os_win.h"

struct os_denial {
    wchar_t *path;
    PSECURITY_DESCRIPTOR before;
    PACL list; /* in it */
};

static void denial_free(struct os_denial *denial)
{
    if (denial && denial->before)
        LocalFree(denial->before);
    mem_free(denial ? denial->path : NULL);
    mem_free(denial);
}

/* An entry in front of all others, which the owner may still take away again. */
static DWORD deny_everybody(struct os_denial *denial)
{
    EXPLICIT_ACCESSW entry = {.grfAccessPermissions = GENERIC_ALL,
                              .grfAccessMode = DENY_ACCESS,
                              .grfInheritance = SUB_CONTAINERS_AND_OBJECTS_INHERIT};
    BYTE everybody[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof everybody;
    PACL list = NULL;
    DWORD code = GetNamedSecurityInfoW(denial->path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                                       NULL, NULL, &denial->list, NULL, &denial->before);
    if (code)
        return code;
    if (!CreateWellKnownSid(WinWorldSid, NULL, everybody, &size))
        return GetLastError();
    entry.Trustee.TrusteeForm = TRUSTEE_IS_SID;
    entry.Trustee.ptstrName = (LPWSTR)everybody;
    code = SetEntriesInAclW(1, &entry, denial->list, &list);
    if (!code)
        code = SetNamedSecurityInfoW(denial->path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL,
                                     NULL, list, NULL);
    if (list)
        LocalFree(list);
    return code;
}

HRESULT os_deny_access(const char *path, struct os_denial **out)
{
    struct os_denial *denial = mem_alloc(sizeof *denial);
    if (!denial)
        return FAIL_MEMORY();
    HRESULT hr = win_path(path, &denial->path);
    if (SUCCEEDED(hr)) {
        DWORD code = deny_everybody(denial);
        hr = code ? win_error(code, "deny access to", path) : S_OK;
    }
    if (FAILED(hr))
        denial_free(denial);
    else
        *out = denial;
    return hr;
}

void os_allow_access(struct os_denial *denial)
{
    (void)SetNamedSecurityInfoW(denial->path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                denial->list, NULL);
    denial_free(denial);
}
