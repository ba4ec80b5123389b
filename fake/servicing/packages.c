/* SPDX-License-Identifier: MIT */
/*
 * packages.c - DismGetPackages, DismGetPackageInfo, DismGetPackageInfoEx, DismAddPackage,
 * DismRemovePackage.
 */
#include <stddef.h>

#include "applicable.h"
#include "call.h"
#include "change.h"
#include "client_path.h"
#include "describe.h"
#include "dism_codes.h"
#include "error.h"
#include "feature.h"
#include "log.h"
#include "os.h"
#include "package_change.h"
#include "package_choice.h"
#include "path.h"
#include "pending.h"
#include "scratch.h"
#include "servicing.h"
#include "text.h"
#include "windows_of.h"

/* ---- DismGetPackages ---- */

static bool is_listed(const struct package *package)
{
    return package->is_visible && package_state(package) != DismStateNotPresent;
}

static HRESULT list_package(struct result *result, size_t at, struct winimage *image,
                            struct package *package)
{
    DismReleaseType type;
    TRY(package_release_type(image, package, &type));
    DismPackage *info = result_at(result, at);
    info->PackageState = package_state(package);
    info->ReleaseType = type;
    info->InstallTime = describe_time(package->install_time);
    return result_string(result, at + offsetof(DismPackage, PackageName), package->text);
}

HRESULT impl_DismGetPackages(struct call *call, DismSession Session, DismPackage **Package,
                             UINT *Count)
{
    struct winimage *image;
    struct packages *packages;
    struct result result AUTO(result_clear) = {0};
    UINT count = 0;
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_PACKAGES_READ));
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++)
        count += is_listed(&packages->list.ptr[i]);
    TRY(result_begin(&result, call->api, count, sizeof **Package));
    size_t at = 0;
    for (size_t i = 0; i < packages->list.len; i++) {
        if (!is_listed(&packages->list.ptr[i]))
            continue;
        TRY(list_package(&result, at, image, &packages->list.ptr[i]));
        at += sizeof **Package;
    }
    TRY(result_finish(&result, &block));
    *Package = block;
    *Count = count;
    return S_OK;
}

/* ---- DismGetPackageInfo, DismGetPackageInfoEx ---- */

struct describing {
    struct winimage *image;
    struct package_choice choice;
    bool is_ex;
};

static HRESULT add_strings(struct result *r, const struct describing *d)
{
    static const struct manifest none;
    const struct manifest *m = d->choice.manifest ? d->choice.manifest : &none;
    AUTO_FREE char *client = NULL, *name = NULL;
    if (d->choice.package)
        TRY(package_installer(d->image, d->choice.package, &client, &name));
    const struct {
        size_t where;
        const char *text;
    } texts[] = {{offsetof(DismPackageInfo, PackageName), d->choice.text},
                 {offsetof(DismPackageInfo, Copyright), m->copyright},
                 {offsetof(DismPackageInfo, Company), m->company},
                 {offsetof(DismPackageInfo, DisplayName), m->display_name},
                 {offsetof(DismPackageInfo, Description), m->description},
                 {offsetof(DismPackageInfo, InstallClient), client},
                 {offsetof(DismPackageInfo, InstallPackageName), name},
                 {offsetof(DismPackageInfo, ProductName), m->product_name},
                 {offsetof(DismPackageInfo, ProductVersion), m->product_version},
                 {offsetof(DismPackageInfo, SupportInformation), m->support_information}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        TRY(describe_text(r, texts[i].where, texts[i].text));
    if (!d->is_ex)
        return S_OK;
    AUTO_FREE char *capability = m->has_capability ? manifest_capability_text(m) : mem_dup("");
    return capability ? result_string(r, offsetof(DismPackageInfoEx, CapabilityId), capability)
                      : FAIL_MEMORY();
}

static HRESULT add_features(struct result *r, const struct describing *d)
{
    size_t count = 0, at;
    for (size_t i = 0; d->choice.manifest && i < d->choice.manifest->updates.len; i++)
        count += d->choice.manifest->updates.ptr[i].is_feature;
    ((DismPackageInfo *)result_at(r, 0))->FeatureCount = (UINT)count;
    if (count == 0)
        return S_OK;
    TRY(result_array(r, offsetof(DismPackageInfo, Feature), count * sizeof(DismFeature), &at));
    for (size_t i = 0; i < d->choice.manifest->updates.len; i++) {
        const struct manifest_update *u = &d->choice.manifest->updates.ptr[i];
        if (!u->is_feature)
            continue;
        DismPackageFeatureState state = DismStateNotPresent;
        if (d->choice.package)
            TRY(feature_state(d->image, d->choice.package, u, &state));
        ((DismFeature *)result_at(r, at))->State = state;
        TRY(result_string(r, at + offsetof(DismFeature, FeatureName), u->name));
        at += sizeof(DismFeature);
    }
    return S_OK;
}

static HRESULT applies(struct winimage *image, const struct manifest *manifest, BOOL *out)
{
    HRESULT hr = applicable_check(image, manifest, NULL);
    if (FAILED(hr) && !applicable_is_refusal(hr))
        return hr;
    if (FAILED(hr))
        log_line(LOG_INFO, "Package::Applicable", hr, "%s", error_last()->text);
    error_clear();
    *out = SUCCEEDED(hr);
    return S_OK;
}

/* Whether it could be installed again says the real thing of installed ones too. Of several
 * packages one is enough, as when they are added. */
static HRESULT is_applicable(const struct describing *d, BOOL *out)
{
    *out = FALSE;
    if (d->choice.manifest)
        return applies(d->image, d->choice.manifest, out);
    for (size_t i = 0; i < d->choice.sources.list.len && !*out; i++)
        TRY(applies(d->image, d->choice.sources.list.ptr[i].manifest, out));
    return S_OK;
}

static DismFullyOfflineInstallableType offline_of(const struct manifest *m)
{
    return !m                                 ? DismFullyOfflineInstallableUndetermined
           : m->is_completely_offline_capable ? DismFullyOfflineInstallable
           : m->is_offline_said               ? DismFullyOfflineNotInstallable
                                              : DismFullyOfflineInstallableUndetermined;
}

static HRESULT describe(struct result *r, const struct describing *d)
{
    DismPackageInfo *info = result_at(r, 0);
    info->PackageState = d->choice.package ? package_state(d->choice.package) : DismStateNotPresent;
    info->ReleaseType =
        manifest_release_type(d->choice.manifest ? d->choice.manifest->release_type : NULL);
    info->InstallTime = describe_time(d->choice.package ? d->choice.package->install_time : 0);
    info->RestartRequired =
        manifest_restart_type(d->choice.manifest ? d->choice.manifest->restart : NULL);
    info->CreationTime =
        describe_stamp(d->choice.manifest ? d->choice.manifest->creation_time : NULL);
    info->LastUpdateTime =
        describe_stamp(d->choice.manifest ? d->choice.manifest->last_update_time : NULL);
    info->FullyOffline = offline_of(d->choice.manifest);
    TRY(is_applicable(d, &info->Applicable));
    TRY(add_strings(r, d));
    TRY(describe_properties(r, offsetof(DismPackageInfo, CustomProperty),
                            offsetof(DismPackageInfo, CustomPropertyCount),
                            d->choice.manifest ? d->choice.manifest->properties.ptr : NULL,
                            d->choice.manifest ? d->choice.manifest->properties.len : 0));
    return add_features(r, d);
}

static HRESULT describe_choice(struct call *call, const struct describing *d, void **out)
{
    struct result result AUTO(result_clear) = {0};
    TRY(result_begin(&result, call->api, 1,
                     d->is_ex ? sizeof(DismPackageInfoEx) : sizeof(DismPackageInfo)));
    TRY(describe(&result, d));
    return result_finish(&result, out);
}

static HRESULT get_info(struct call *call, PCWSTR identifier, DismPackageIdentifier kind,
                        bool is_ex, void **out)
{
    struct describing d = {.is_ex = is_ex};
    TRY(windows_of(call, &d.image));
    TRY(op_step(&call->op, is_ex ? STEP_PACKAGE_INFO_EX_READ : STEP_PACKAGE_INFO_READ));
    HRESULT hr = package_choose(d.image, identifier, kind, &d.choice);
    if (SUCCEEDED(hr))
        hr = describe_choice(call, &d, out);
    package_choice_clear(&d.choice);
    return hr;
}

HRESULT impl_DismGetPackageInfo(struct call *call, DismSession Session, PCWSTR Identifier,
                                DismPackageIdentifier PackageIdentifier,
                                DismPackageInfo **PackageInfo)
{
    void *block;
    (void)Session;
    TRY(get_info(call, Identifier, PackageIdentifier, false, &block));
    *PackageInfo = block;
    return S_OK;
}

HRESULT impl_DismGetPackageInfoEx(struct call *call, DismSession Session, PCWSTR Identifier,
                                  DismPackageIdentifier PackageIdentifier,
                                  DismPackageInfoEx **PackageInfoEx)
{
    void *block;
    (void)Session;
    TRY(get_info(call, Identifier, PackageIdentifier, true, &block));
    *PackageInfoEx = block;
    return S_OK;
}

/* ---- DismAddPackage ---- */

struct adding {
    struct call *call;
    bool ignores_check, prevents_pending;
    struct package_outcome outcome;
};

static HRESULT check_source(const struct winimage *image, const struct package_sources *sources,
                            const char *path)
{
    if (sources->is_msu && image->is_online)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED),
                    "%s is an .msu, which only an offline image takes", path);
    return S_OK;
}

/* Cabinets are unpacked there. */
static HRESULT check_scratch(const struct package_sources *sources)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < sources->list.len; i++) {
        const struct archive *archive = sources->list.ptr[i].archive;
        for (size_t k = 0; archive_kind(archive) != ARCHIVE_FOLDER && k < archive_count(archive);
             k++)
            bytes += archive_entry(archive, k)->size;
    }
    return scratch_check_room(bytes);
}

/* Which of the packages go in, in an order in which each finds what it needs. */
struct choice {
    struct identities coming;
    VEC(const struct package_source *) list;
    struct error refusal; /* of one that does not go in */
};

static void choice_clear(struct choice *choice)
{
    identities_clear(&choice->coming);
    vec_clear(&choice->list);
}

static bool is_chosen(const struct choice *choice, const struct package_source *source)
{
    for (size_t i = 0; i < choice->list.len; i++)
        if (choice->list.ptr[i] == source)
            return true;
    return false;
}

static HRESULT choose(struct choice *choice, const struct package_source *source)
{
    struct identity *identity = vec_push(&choice->coming.list);
    const struct package_source **slot = vec_push(&choice->list);
    if (!identity || !slot)
        return FAIL_MEMORY();
    *slot = source;
    return identity_copy(&source->manifest->identity, identity);
}

/* Goes in the same package, or a newer version of it, already? */
static HRESULT check_outdone(const struct choice *choice, const struct identity *identity)
{
    for (size_t i = 0; i < choice->coming.list.len; i++) {
        const struct identity *other = &choice->coming.list.ptr[i];
        if (identity_is_same_package(other, identity) && version_compare(other, identity) >= 0)
            return FAIL(CBS_E_NOT_APPLICABLE, "%s %s comes with it", other->name, other->version);
    }
    return S_OK;
}

static HRESULT fits(const struct adding *a, struct winimage *image, const struct choice *choice,
                    const struct package_source *source)
{
    TRY(check_outdone(choice, &source->manifest->identity));
    return a->ignores_check ? S_OK : applicable_check(image, source->manifest, &choice->coming);
}

/* Of that package the newest version that fits. S_FALSE: none does. */
static HRESULT newest(const struct adding *a, struct winimage *image,
                      const struct package_sources *sources, struct choice *choice,
                      const struct identity *of, const struct package_source **out)
{
    *out = NULL;
    for (size_t i = 0; i < sources->list.len; i++) {
        const struct package_source *s = &sources->list.ptr[i];
        const struct identity *identity = &s->manifest->identity;
        if (is_chosen(choice, s) || !identity_is_same_package(identity, of) ||
            (*out && version_compare(identity, &(*out)->manifest->identity) <= 0))
            continue;
        HRESULT hr = fits(a, image, choice, s);
        if (hr == S_OK)
            *out = s;
        else if (!applicable_is_refusal(hr))
            return hr;
        else
            choice->refusal = *error_last();
        error_clear();
    }
    return *out ? S_OK : S_FALSE;
}

/* S_FALSE: no more of them can be chosen. */
static HRESULT choose_next(const struct adding *a, struct winimage *image,
                           const struct package_sources *sources, struct choice *choice)
{
    for (size_t i = 0; i < sources->list.len; i++) {
        const struct package_source *s = &sources->list.ptr[i], *best;
        HRESULT hr = S_FALSE;
        if (!is_chosen(choice, s))
            hr = newest(a, image, sources, choice, &s->manifest->identity, &best);
        if (hr == S_OK)
            return choose(choice, best);
        TRY(hr);
    }
    return S_FALSE;
}

/* Of several packages those that do not apply are passed over, if one does. */
static HRESULT plan(struct adding *a, struct winimage *image, struct change *change,
                    const struct package_sources *sources)
{
    struct choice choice AUTO(choice_clear) = {0};
    HRESULT hr;
    while ((hr = choose_next(a, image, sources, &choice)) == S_OK)
        continue;
    TRY(hr);
    if (choice.list.len == 0) {
        error_restore(&choice.refusal);
        return choice.refusal.hr;
    }
    if (choice.list.len < sources->list.len)
        log_line(LOG_WARNING, "Package::Add", choice.refusal.hr, "passed over: %s",
                 choice.refusal.text);
    for (size_t i = 0; i < choice.list.len; i++)
        TRY(package_add(image, change, choice.list.ptr[i], &a->outcome));
    if (a->prevents_pending && a->outcome.is_pending)
        return FAIL(CBS_E_PENDING,
                    "the package would wait for a restart, and PreventPending is TRUE");
    return S_OK;
}

static HRESULT add(struct adding *a, struct winimage *image, const char *path)
{
    struct op *op = &a->call->op;
    AUTO_CHANGE struct change *change = NULL;
    AUTO_PACKAGE_SOURCES struct package_sources sources = {0};
    TRY(servicing_begin(image, a->prevents_pending, &change));
    TRY(op_step(op, STEP_ADD_PACKAGE_VALIDATE));
    TRY(package_sources_open(path, &sources));
    TRY(check_source(image, &sources, path));
    TRY(check_scratch(&sources));
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_ADD_PACKAGE_PLAN));
    TRY(plan(a, image, change, &sources));
    TRY(op_ticks_to(op, 500));
    return servicing_finish(change, op, STEP_ADD_PACKAGE_STAGE, STEP_ADD_PACKAGE_PLACE);
}

HRESULT impl_DismAddPackage(struct call *call, DismSession Session, PCWSTR PackagePath,
                            BOOL IgnoreCheck, BOOL PreventPending, HANDLE CancelEvent,
                            DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    struct winimage *image;
    AUTO_FREE char *path = NULL;
    struct adding a = {call, IgnoreCheck, PreventPending, {0}};
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(client_path(PackagePath, "PackagePath", E_INVALIDARG, &path));
    TRY(windows_of(call, &image));
    call->op.total = SERVICING_TICKS;
    TRY(add(&a, image, path));
    return servicing_result(&a.outcome);
}

/* ---- DismRemovePackage ---- */

HRESULT impl_DismRemovePackage(struct call *call, DismSession Session, PCWSTR Identifier,
                               DismPackageIdentifier PackageIdentifier, HANDLE CancelEvent,
                               DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    struct winimage *image;
    struct package_outcome outcome = {0};
    struct op *op = &call->op;
    AUTO_PACKAGE_CHOICE struct package_choice choice = {0};
    AUTO_CHANGE struct change *change = NULL;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(windows_of(call, &image));
    op->total = SERVICING_TICKS;
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(op, STEP_REMOVE_PACKAGE_VALIDATE));
    TRY(package_choose(image, Identifier, PackageIdentifier, &choice));
    if (!choice.package)
        return FAIL(CBS_E_INVALID_PACKAGE, "the image has no package %s", choice.text);
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_REMOVE_PACKAGE_PLAN));
    TRY(package_remove(image, change, choice.package, &outcome));
    TRY(op_ticks_to(op, 500));
    TRY(servicing_finish(change, op, STEP_REMOVE_PACKAGE_STAGE, STEP_REMOVE_PACKAGE_PLACE));
    return servicing_result(&outcome);
}
