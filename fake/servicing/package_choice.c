/* SPDX-License-Identifier: MIT */
/* package_choice.c - see package_choice.h. */
#include "package_choice.h"

#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

#define SEVERAL "Multiple_Packages~~~~0.0.0.0" /* what Windows calls such a cabinet */

void package_choice_clear(struct package_choice *choice)
{
    package_sources_clear(&choice->sources);
}

static HRESULT choose_named(struct winimage *image, const char *name, struct package_choice *out)
{
    struct packages *packages;
    struct identity identity = {0};
    TRY(packages_of(image, &packages));
    struct package *package = packages_find(packages, name);
    if (!package || package_state(package) == DismStateNotPresent) {
        TRY(identity_parse(name, &identity));
        identity_clear(&identity);
        return FAIL(CBS_E_INVALID_PACKAGE, "the image has no package %s", name);
    }
    out->package = package;
    out->text = package->text;
    return package_manifest(image, package, &out->manifest);
}

static HRESULT choose_file(struct winimage *image, PCWSTR identifier, struct package_choice *out)
{
    AUTO_FREE char *path = NULL;
    struct packages *packages;
    TRY(client_path(identifier, "Identifier", E_INVALIDARG, &path));
    if (path_has_extension(path, ".msu"))
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s is an .msu: one .cab or folder is meant",
                    path);
    TRY(package_sources_open(path, &out->sources));
    TRY(packages_of(image, &packages));
    if (out->sources.list.len > 1) {
        out->text = SEVERAL;
        return S_OK;
    }
    out->manifest = out->sources.list.ptr[0].manifest;
    out->text = out->sources.list.ptr[0].text;
    out->package = packages_find(packages, out->text);
    if (out->package && package_state(out->package) == DismStateNotPresent)
        out->package = NULL;
    return S_OK;
}

HRESULT package_choose(struct winimage *image, PCWSTR identifier, DismPackageIdentifier kind,
                       struct package_choice *out)
{
    AUTO_FREE char *name = NULL;
    TRY(text_from_utf16(identifier, &name));
    if (kind == DismPackageNone)
        return FAIL(E_INVALIDARG, "PackageIdentifier is DismPackageNone for '%s'", name);
    if (!*name)
        return FAIL(E_INVALIDARG, "Identifier is empty");
    return kind == DismPackageName ? choose_named(image, name, out)
                                   : choose_file(image, identifier, out);
}

HRESULT package_choose_for_feature(struct winimage *image, PCWSTR identifier,
                                   DismPackageIdentifier kind, struct package_choice *out)
{
    if (!identifier || (!*identifier && kind == DismPackageNone)) {
        out->is_foundation = true;
        return S_OK;
    }
    return package_choose(image, identifier, kind, out);
}
