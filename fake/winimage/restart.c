/* SPDX-License-Identifier: MIT */
/* restart.c - see restart.h. */
#include "restart.h"

#include "change.h"
#include "dism_codes.h"
#include "error.h"
#include "feature_change.h"
#include "log.h"
#include "package_change.h"
#include "packages.h"
#include "pending.h"

struct restart {
    struct winimage *image;
    struct change *change;
};

static HRESULT finish_package(const struct restart *r, struct package *package)
{
    HRESULT hr = S_OK;
    if (package_state(package) == DismStateInstallPending)
        hr = package_finish_adding(r->image, r->change, package);
    else if (package_state(package) == DismStateUninstallPending)
        hr = package_finish_removing(r->image, r->change, package);
    if (hr != CBS_E_SOURCE_MISSING)
        return hr;
    log_line(LOG_WARNING, "Restart::Package", hr, "%s goes on waiting: %s", package->text,
             error_last()->text);
    error_clear();
    return S_OK;
}

static HRESULT finish_feature(void *context, const char *identity, const char *name, uint32_t what)
{
    const struct restart *r = context;
    const struct features *features;
    struct packages *packages;
    bool is_on;
    TRY(packages_of(r->image, &packages));
    TRY(features_of(r->image, &features));
    const struct package *package = packages_find(packages, identity);
    const struct feature *feature = package ? features_find(features, name, package) : NULL;
    if (!feature || !package_is_installed(package))
        return S_OK;
    TRY(feature_is_on(r->image, feature, &is_on));
    HRESULT hr = is_on ? feature_place(r->image, r->change, feature)
                       : feature_take_away(r->image, r->change, feature, NULL);
    if (SUCCEEDED(hr) && !is_on && what == PENDING_PAYLOAD_REMOVAL)
        hr = feature_forget(r->image, r->change, feature);
    if (hr != CBS_E_SOURCE_MISSING)
        return hr;
    log_line(LOG_WARNING, "Restart::Feature", hr, "%s is left as it is: %s", name,
             error_last()->text);
    error_clear();
    return S_OK;
}

static HRESULT finish_all(const struct restart *r)
{
    struct packages *packages;
    struct hive *now, *changed;
    TRY(packages_of(r->image, &packages));
    for (size_t i = 0; i < packages->list.len; i++)
        TRY(finish_package(r, &packages->list.ptr[i]));
    TRY(winimage_hive(r->image, HIVE_SOFTWARE, &now));
    TRY(pending_each_feature(now, finish_feature, (void *)r));
    TRY(change_hive(r->change, HIVE_SOFTWARE, &changed));
    return pending_clear(changed);
}

/* S_FALSE: nothing. */
static HRESULT is_anything_pending(struct winimage *image)
{
    struct packages *packages;
    struct hive *software;
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &software);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_FALSE;
    }
    TRY(hr);
    if (pending_exists(software))
        return S_OK;
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        DismPackageFeatureState state = package_state(&packages->list.ptr[i]);
        if (state == DismStateInstallPending || state == DismStateUninstallPending)
            return S_OK;
    }
    return S_FALSE;
}

HRESULT restart_finish(struct winimage *image, struct op *op, enum step stage, enum step place)
{
    AUTO_CHANGE struct change *change = NULL;
    TRY(change_begin(image, &change));
    HRESULT hr = is_anything_pending(image);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    const struct restart r = {image, change};
    TRY(finish_all(&r));
    return change_carry_out(change, op, stage, place);
}
