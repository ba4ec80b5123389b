/* SPDX-License-Identifier: MIT */
/* packages.c - see packages.h. */
#include "packages.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "text.h"

#define FIRST_WITH_HIGH_NIBBLE ((uint64_t)6 << 48 | (uint64_t)1 << 32) /* Windows 7: 6.1 */

static void package_clear(struct package *p)
{
    mem_free(p->text);
    identity_clear(&p->identity);
    if (p->manifest)
        manifest_free(p->manifest);
}

static void packages_free(void *ptr)
{
    struct packages *packages = ptr;
    for (size_t i = 0; i < packages->list.len; i++)
        package_clear(&packages->list.ptr[i]);
    vec_clear(&packages->list);
    mem_free(packages->by_name);
    mem_free(packages);
}

/* ---- the registry ---- */

struct reading {
    const struct hive *hive;
    struct packages *packages;
    struct package *package; /* the one whose values are read */
    uint32_t time_high, time_low;
    bool is_vista;
};

/* Before Windows 7 the state was in the low nibble (real-behaviour 4.1); 5 is what it is now. */
static int32_t state_of(const struct reading *r, uint32_t number)
{
    bool is_old_form = r->is_vista && number < 0x10 && number != CBS_UNINSTALL_PENDING;
    return (int32_t)(is_old_form ? number << 4 : number);
}

static bool number_of(const struct hive_value *value, uint32_t *out)
{
    if (value->type != HIVE_DWORD || value->size < 4)
        return false;
    *out = LE32(value->data);
    return true;
}

static HRESULT read_value(void *context, const char *name, const struct hive_value *value)
{
    struct reading *r = context;
    uint32_t number;
    if (!number_of(value, &number))
        return S_OK;
    if (text_equal_nocase(name, "CurrentState"))
        r->package->current_state = state_of(r, number);
    else if (text_equal_nocase(name, "Visibility"))
        r->package->is_visible = number == 1;
    else if (text_equal_nocase(name, "InstallTimeHigh"))
        r->time_high = number;
    else if (text_equal_nocase(name, "InstallTimeLow"))
        r->time_low = number;
    return S_OK;
}

static HRESULT read_child(void *context, hive_key key, const char *name)
{
    struct reading *r = context;
    (void)key;
    if (text_equal_nocase(name, "Updates"))
        r->package->has_updates = true;
    return S_OK;
}

/* A name that is no identity is a package all the same: others list it too. */
static HRESULT read_identity(const char *name, struct identity *out)
{
    HRESULT hr = identity_parse(name, out);
    if (hr != E_INVALIDARG)
        return hr;
    error_clear();
    return identity_make(name, "", "", "", "", out);
}

static HRESULT read_package(void *context, hive_key key, const char *name)
{
    struct reading *r = context;
    struct package *p = vec_push(&r->packages->list);
    if (!p || !(p->text = mem_dup(name)))
        return FAIL_MEMORY();
    p->is_visible = true;
    r->package = p;
    r->time_high = r->time_low = 0;
    TRY(read_identity(name, &p->identity));
    TRY(hive_each_value(r->hive, key, read_value, r));
    p->install_time = (uint64_t)r->time_high << 32 | r->time_low;
    p->key = key;
    return hive_each_key(r->hive, key, read_child, r);
}

static HRESULT read_registry(struct winimage *image, struct packages *packages)
{
    const struct facts *facts;
    struct hive *hive;
    HRESULT hr = winimage_hive(image, HIVE_SOFTWARE, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    TRY(facts_of(image, &facts));
    struct reading r = {.hive = hive,
                        .packages = packages,
                        .is_vista = facts->version && facts->version < FIRST_WITH_HIGH_NIBBLE};
    hive_key key = hive_find(hive, hive_root(hive), CBS_KEY "\\Packages");
    TRY(hive_each_key(hive, key, read_package, &r));
    return hive_trouble(hive);
}

/* ---- finding ---- */

static _Thread_local const struct package *sorted;

static int compare(const void *a, const void *b)
{
    return text_compare_nocase(sorted[*(const size_t *)a].text, sorted[*(const size_t *)b].text);
}

static HRESULT sort(struct packages *packages)
{
    size_t count = packages->list.len;
    packages->by_name = mem_array(count + 1, sizeof *packages->by_name);
    if (!packages->by_name)
        return FAIL_MEMORY();
    for (size_t i = 0; i < count; i++)
        packages->by_name[i] = i;
    sorted = packages->list.ptr;
    qsort(packages->by_name, count, sizeof *packages->by_name, compare);
    return S_OK;
}

HRESULT packages_of(struct winimage *image, struct packages **out)
{
    struct packages *packages = winimage_part(image, PART_PACKAGES);
    if (packages) {
        *out = packages;
        return S_OK;
    }
    packages = mem_alloc(sizeof *packages);
    if (!packages)
        return FAIL_MEMORY();
    HRESULT hr = read_registry(image, packages);
    if (SUCCEEDED(hr))
        hr = sort(packages);
    if (FAILED(hr)) {
        packages_free(packages);
        return hr;
    }
    winimage_keep(image, PART_PACKAGES, packages, packages_free);
    *out = packages;
    return S_OK;
}

struct package *packages_find(const struct packages *packages, const char *identity)
{
    size_t low = 0, high = packages->list.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct package *p = &packages->list.ptr[packages->by_name[middle]];
        int order = text_compare_nocase(identity, p->text);
        if (order == 0)
            return p;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

HRESULT package_installer(struct winimage *image, const struct package *package, char **client,
                          char **name)
{
    struct hive *hive;
    TRY(winimage_hive(image, HIVE_SOFTWARE, &hive));
    *client = hive_text(hive, package->key, "InstallClient");
    *name = hive_text(hive, package->key, "InstallName");
    return hive_trouble(hive);
}

/* ---- states ---- */

static enum cbs_state cbs_state_of(const struct package *package)
{
    uint32_t state = (uint32_t)package->current_state;
    return (enum cbs_state)((package->current_state < 0 ? 0 - state : state) & 0xFF);
}

bool package_is_permanent(const struct package *package)
{
    return cbs_state_of(package) == CBS_PERMANENT;
}

DismPackageFeatureState package_state(const struct package *package)
{
    switch (cbs_state_of(package)) {
    case CBS_ABSENT:
        return DismStateNotPresent;
    case CBS_UNINSTALL_PENDING:
        return DismStateUninstallPending;
    case CBS_RESOLVING:
    case CBS_RESOLVED:
        return DismStateRemoved;
    case CBS_STAGING:
    case CBS_STAGED:
        return DismStateStaged;
    case CBS_SUPERSEDED:
        return DismStateSuperseded;
    case CBS_INSTALL_PENDING:
        return DismStateInstallPending;
    case CBS_PARTIALLY_INSTALLED:
        return DismStatePartiallyInstalled;
    case CBS_INSTALLED:
    case CBS_PERMANENT:
        return DismStateInstalled;
    default:
        return DismStateNotPresent;
    }
}

bool package_is_complete(const struct package *package)
{
    return package_is_installed(package) && package_state(package) != DismStatePartiallyInstalled;
}

bool package_is_installed(const struct package *package)
{
    DismPackageFeatureState state = package_state(package);
    return state == DismStateInstalled || state == DismStateInstallPending ||
           state == DismStatePartiallyInstalled;
}
