/* SPDX-License-Identifier: MIT */
/*
 * capabilities.c - DismGetCapabilities, DismGetCapabilityInfo, DismAddCapability,
 * DismRemoveCapability.
 */
#include <stddef.h>

#include "applicable.h"
#include "call.h"
#include "capability.h"
#include "client_sources.h"
#include "describe.h"
#include "dism_codes.h"
#include "error.h"
#include "localise.h"
#include "facts.h"
#include "op.h"
#include "package_keys.h"
#include "projection.h"
#include "servicing.h"
#include "text.h"
#include "windows_of.h"

/* ---- DismGetCapabilities ---- */

HRESULT impl_DismGetCapabilities(struct call *call, DismSession Session,
                                 DismCapability **Capability, UINT *Count)
{
    struct winimage *image;
    const struct capabilities *capabilities;
    struct result result AUTO(result_clear) = {0};
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_CAPABILITIES_READ));
    TRY(capabilities_of(image, &capabilities));
    size_t count = capabilities->list.len, at = 0;
    TRY(result_begin(&result, call->api, count, sizeof **Capability));
    for (size_t i = 0; i < count; i++, at += sizeof **Capability) {
        const struct capability *c = &capabilities->list.ptr[i];
        ((DismCapability *)result_at(&result, at))->State = capability_state(c);
        TRY(result_string(&result, at + offsetof(DismCapability, Name), c->name));
    }
    TRY(result_finish(&result, &block));
    *Capability = block;
    *Count = (UINT)count;
    return S_OK;
}

/* ---- which capability ---- */

static HRESULT find_capability(struct winimage *image, PCWSTR given, const struct capability **out)
{
    const struct capabilities *capabilities;
    AUTO_FREE char *name = NULL;
    TRY(text_from_utf16(given, &name));
    TRY(capabilities_of(image, &capabilities));
    *out = capabilities_find(capabilities, name);
    return *out ? S_OK : FAIL(E_INVALIDARG, "'%s' is no capability that the image knows", name);
}

/* ---- DismGetCapabilityInfo ---- */

static HRESULT describe(struct winimage *image, struct result *r, const struct capability *c)
{
    const struct manifest *m = c->manifest;
    struct localised text = {m->display_name, m->description};
    DismCapabilityInfo *info = result_at(r, 0);
    info->State = capability_state(c);
    info->DownloadSize = describe_size(m->download_size);
    info->InstallSize = describe_size(m->install_size);
    TRY(localise(image, m, &m->texts, &text));
    TRY(describe_text(r, offsetof(DismCapabilityInfo, Name), c->name));
    TRY(describe_text(r, offsetof(DismCapabilityInfo, DisplayName), text.display_name));
    return describe_text(r, offsetof(DismCapabilityInfo, Description), text.description);
}

HRESULT impl_DismGetCapabilityInfo(struct call *call, DismSession Session, PCWSTR Name,
                                   DismCapabilityInfo **Info)
{
    struct winimage *image;
    const struct capability *capability;
    struct result result AUTO(result_clear) = {0};
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_CAPABILITY_INFO_READ));
    TRY(find_capability(image, Name, &capability));
    TRY(result_begin(&result, call->api, 1, sizeof **Info));
    TRY(describe(image, &result, capability));
    TRY(result_finish(&result, &block));
    *Info = block;
    return S_OK;
}

/* ---- DismAddCapability ---- */

/* What it needs has to be installed. */
static HRESULT check_dependencies(struct winimage *image, const struct capability *capability)
{
    const struct capabilities *capabilities;
    const struct identities *needs = &capability->manifest->capability_dependencies;
    TRY(capabilities_of(image, &capabilities));
    for (size_t i = 0; i < needs->list.len; i++) {
        AUTO_FREE char *name = manifest_dependency_text(&needs->list.ptr[i]);
        if (!name)
            return FAIL_MEMORY();
        const struct capability *other = capabilities_find(capabilities, name);
        if (!other || !other->package || !package_is_installed(other->package))
            return FAIL(CBS_E_INSTALLERS_FAILED, "%s needs %s, which is not installed",
                        capability->name, name);
    }
    return S_OK;
}

static HRESULT install(struct winimage *image, struct change *change, const struct capability *c,
                       const struct sources *sources, struct package_outcome *outcome)
{
    AUTO_PACKAGE_SOURCES struct package_sources found = {0};
    if (c->package && package_is_complete(c->package))
        return S_OK;
    TRY(check_dependencies(image, c));
    if (c->package && package_state(c->package) == DismStateStaged)
        return package_install_staged(image, change, c->package, outcome);
    TRY(sources_open_package(sources, &c->manifest->identity, &found));
    TRY(applicable_check(image, found.list.ptr[0].manifest, NULL));
    return package_add(image, change, &found.list.ptr[0], outcome);
}

HRESULT impl_DismAddCapability(struct call *call, DismSession Session, PCWSTR Name,
                               BOOL LimitAccess, PCWSTR *SourcePaths, UINT SourcePathCount,
                               HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    struct op *op = &call->op;
    struct sources sources AUTO(sources_clear) = {0};
    struct package_outcome outcome = {0};
    AUTO_CHANGE struct change *change = NULL;
    const struct capability *capability;
    struct winimage *image;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    op->total = SERVICING_TICKS;
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(op, STEP_ADD_CAPABILITY_VALIDATE));
    TRY(client_sources(image, change, SourcePaths, SourcePathCount, LimitAccess, &sources));
    TRY(find_capability(image, Name, &capability));
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_ADD_CAPABILITY_PLAN));
    TRY(install(image, change, capability, &sources, &outcome));
    TRY(op_ticks_to(op, 500));
    TRY(servicing_finish(change, op, STEP_ADD_CAPABILITY_STAGE, STEP_ADD_CAPABILITY_PLACE));
    return servicing_result(&outcome);
}

/* ---- DismRemoveCapability ---- */

HRESULT impl_DismRemoveCapability(struct call *call, DismSession Session, PCWSTR Name,
                                  HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                  PVOID UserData)
{
    struct op *op = &call->op;
    struct package_outcome outcome = {0};
    AUTO_CHANGE struct change *change = NULL;
    const struct capability *capability;
    struct winimage *image;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    op->total = SERVICING_TICKS;
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(op, STEP_REMOVE_CAPABILITY_VALIDATE));
    TRY(find_capability(image, Name, &capability));
    if (capability_state(capability) == DismStateNotPresent)
        return FAIL(CBS_E_CANNOT_UNINSTALL, "%s is not installed", capability->name);
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_REMOVE_CAPABILITY_PLAN));
    TRY(package_remove(image, change, capability->package, &outcome));
    TRY(op_ticks_to(op, 500));
    TRY(servicing_finish(change, op, STEP_REMOVE_CAPABILITY_STAGE, STEP_REMOVE_CAPABILITY_PLACE));
    return servicing_result(&outcome);
}
