/* SPDX-License-Identifier: MIT */
/*
 * apps.c - _DismGetProvisionedAppxPackages, _DismAddProvisionedAppxPackage,
 * _DismRemoveProvisionedAppxPackage.
 */
#include "apps.h"

#include <stddef.h>

#include "app_change.h"
#include "call.h"
#include "client_path.h"
#include "describe.h"
#include "error.h"
#include "servicing.h"
#include "windows_of.h"

/* ---- _DismGetProvisionedAppxPackages ---- */

/* Windows shows the name where one would expect the name for people. */
static HRESULT list_app(struct result *result, size_t at, const struct app *app)
{
    DismAppxPackage *info = result_at(result, at);
    info->MajorVersion = (UINT)(app->name.version >> 48);
    info->MinorVersion = (UINT)(app->name.version >> 32) & 0xFFFF;
    info->Build = (UINT)(app->name.version >> 16) & 0xFFFF;
    info->RevisionNumber = (UINT)app->name.version & 0xFFFF;
    (void)appx_architecture(app->name.architecture, &info->Architecture);
    TRY(result_string(result, at + offsetof(DismAppxPackage, PackageName), app->name.text));
    TRY(result_string(result, at + offsetof(DismAppxPackage, DisplayName), app->name.name));
    TRY(result_string(result, at + offsetof(DismAppxPackage, PublisherId), app->name.publisher_id));
    TRY(result_string(result, at + offsetof(DismAppxPackage, ResourceId), app->name.resource));
    TRY(result_string(result, at + offsetof(DismAppxPackage, InstallLocation), app->location));
    return result_string(result, at + offsetof(DismAppxPackage, Region), app->regions);
}

HRESULT impl__DismGetProvisionedAppxPackages(struct call *call, DismSession Session,
                                             DismAppxPackage **Package, UINT *Count)
{
    struct winimage *image;
    AUTO_APPS struct apps apps = {0};
    struct result result AUTO(result_clear) = {0};
    UINT count = 0;
    size_t at = 0;
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_APPS_READ));
    TRY(apps_read(image, &apps));
    for (size_t i = 0; i < apps.list.len; i++)
        count += apps.list.ptr[i].is_main;
    TRY(result_begin(&result, call->api, count, sizeof **Package));
    for (size_t i = 0; i < apps.list.len; i++) {
        if (!apps.list.ptr[i].is_main)
            continue;
        TRY(list_app(&result, at, &apps.list.ptr[i]));
        at += sizeof **Package;
    }
    TRY(result_finish(&result, &block));
    *Package = block;
    *Count = count;
    return S_OK;
}

/* ---- _DismAddProvisionedAppxPackage ---- */

static HRESULT take_paths(PCWSTR *paths, UINT count, const char *what, struct app_paths *out)
{
    for (UINT i = 0; i < count; i++) {
        char **slot = vec_push(&out->list);
        if (!slot)
            return FAIL_MEMORY();
        TRY(client_path(paths[i], what, E_INVALIDARG, slot));
    }
    return S_OK;
}

static HRESULT add(struct call *call, struct winimage *image, const struct app_request *request)
{
    AUTO_CHANGE struct change *change = NULL;
    TRY(change_begin(image, &change));
    TRY(op_step(&call->op, STEP_ADD_APP_PLAN));
    TRY(app_provision(image, change, request));
    return change_carry_out(change, &call->op, STEP_ADD_APP_STAGE, STEP_ADD_APP_PLACE);
}

HRESULT impl__DismAddProvisionedAppxPackage(struct call *call, DismSession Session, PCWSTR AppPath,
                                            PCWSTR *DependencyPackages, UINT DependencyPackageCount,
                                            PCWSTR *OptionalPackages, UINT OptionalPackageCount,
                                            PCWSTR *LicensePaths, UINT LicensePathCount,
                                            BOOL SkipLicense, PCWSTR CustomDataPath, PCWSTR Region,
                                            DismStubPackageOption StubPackageOption)
{
    struct winimage *image;
    AUTO_APP_REQUEST struct app_request request = {.skips_license = SkipLicense,
                                                   .stub = StubPackageOption};
    (void)Session;
    TRY(client_path(AppPath, "AppPath", E_INVALIDARG, &request.path));
    TRY(take_paths(DependencyPackages, DependencyPackageCount, "DependencyPackages",
                   &request.dependencies));
    TRY(take_paths(OptionalPackages, OptionalPackageCount, "OptionalPackages", &request.optional));
    TRY(take_paths(LicensePaths, LicensePathCount, "LicensePaths", &request.licenses));
    if (CustomDataPath && *CustomDataPath)
        TRY(client_path(CustomDataPath, "CustomDataPath", E_INVALIDARG, &request.custom_data));
    if (Region && *Region)
        TRY(text_from_utf16(Region, &request.regions));
    TRY(windows_of(call, &image));
    return add(call, image, &request);
}

/* ---- _DismRemoveProvisionedAppxPackage ---- */

HRESULT impl__DismRemoveProvisionedAppxPackage(struct call *call, DismSession Session,
                                               PCWSTR PackageName)
{
    struct winimage *image;
    AUTO_FREE char *name = NULL;
    AUTO_CHANGE struct change *change = NULL;
    (void)Session;
    if (!*PackageName)
        return FAIL(E_INVALIDARG, "PackageName is empty");
    TRY(text_from_utf16(PackageName, &name));
    TRY(windows_of(call, &image));
    TRY(change_begin(image, &change));
    TRY(op_step(&call->op, STEP_REMOVE_APP_PLAN));
    TRY(app_deprovision(image, change, name));
    return change_carry_out(change, &call->op, STEP_REMOVE_APP_STAGE, STEP_REMOVE_APP_PLACE);
}
