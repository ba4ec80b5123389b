/* SPDX-License-Identifier: MIT */
/* unattend.c - DismApplyUnattend. */
#include <string.h>

#include "answer_file.h"
#include "applicable.h"
#include "call.h"
#include "client_path.h"
#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "feature_change.h"
#include "log.h"
#include "os.h"
#include "package_keys.h"
#include "path.h"
#include "servicing.h"
#include "text.h"
#include "unattend_drivers.h"
#include "unattend_settings.h"
#include "windows_of.h"

#define LARGEST_FILE (16u << 20)

struct applying {
    struct call *call;
    struct winimage *image;
    struct change *change; /* of a single session, or of the package at hand */
    char *folder;          /* of the answer file: sources are relative to it */
    struct package_outcome outcome;
};

/* ---- packages ---- */

static HRESULT open_source(const struct applying *a, const struct answer_package *p,
                           struct package_sources *out)
{
    AUTO_FREE char *path = NULL;
    if (!p->source || !*p->source)
        return FAIL(CBS_E_SOURCE_MISSING, "the answer file names no source for %s",
                    p->identity.name);
    TRY(client_path_in(p->source, a->folder, "a source", HR_WIN32(ERROR_NOT_SUPPORTED), &path));
    TRY(package_sources_open(path, out));
    if (!identity_is_same_package(&out->list.ptr[0].manifest->identity, &p->identity))
        return FAIL(CBS_E_IDENTITY_MISMATCH, "%s is %s, not %s", path, out->list.ptr[0].text,
                    p->identity.name);
    return S_OK;
}

static HRESULT install(struct applying *a, const struct answer_package *p)
{
    AUTO_PACKAGE_SOURCES struct package_sources sources = {0};
    TRY(open_source(a, p, &sources));
    const struct package_source *source = &sources.list.ptr[0];
    TRY(applicable_check(a->image, source->manifest, NULL));
    if (p->action == ANSWER_STAGE)
        return package_stage(a->image, a->change, source);
    return package_add(a->image, a->change, source, &a->outcome);
}

static HRESULT find_package(const struct applying *a, const struct answer_package *p,
                            struct package **out)
{
    AUTO_FREE char *text = identity_text(&p->identity);
    struct packages *packages;
    if (!text)
        return FAIL_MEMORY();
    TRY(packages_of(a->image, &packages));
    *out = packages_find(packages, text);
    if (!*out || package_state(*out) == DismStateNotPresent)
        return FAIL(CBS_E_INVALID_PACKAGE, "the image has no package %s", text);
    return S_OK;
}

static HRESULT configure(struct applying *a, const struct answer_package *p)
{
    const struct sources none = {.limits_access = true};
    const struct features *features;
    struct package *package;
    struct feature_plan plan = {
        .image = a->image, .change = a->change, .sources = &none, .enables_parents = true};
    HRESULT hr = S_OK;
    TRY(find_package(a, p, &package));
    TRY(features_of(a->image, &features));
    for (size_t i = 0; i < p->selections.len && SUCCEEDED(hr); i++) {
        const struct answer_selection *s = &p->selections.ptr[i];
        const struct feature *f = features_find(features, s->feature, package);
        f = f ? f : features_find(features, s->feature, NULL);
        hr = !f         ? FAIL(DISMAPI_E_UNKNOWN_FEATURE, "the image has no feature %s", s->feature)
             : s->is_on ? feature_enable(&plan, f)
                        : feature_disable(&plan, f);
    }
    feature_plan_clear(&plan);
    TRY(hr);
    a->outcome.needs_restart |= plan.outcome.needs_restart;
    a->outcome.is_pending |= plan.outcome.is_pending;
    return S_OK;
}

static HRESULT apply_package(struct applying *a, const struct answer_package *p)
{
    struct package *package;
    switch (p->action) {
    case ANSWER_REMOVE:
        TRY(find_package(a, p, &package));
        return package_remove(a->image, a->change, package, &a->outcome);
    case ANSWER_CONFIGURE:
        return configure(a, p);
    default:
        return install(a, p);
    }
}

/* ---- all of it ---- */

static HRESULT carry_out(struct applying *a)
{
    return change_carry_out(a->change, &a->call->op, STEP_UNATTEND_STAGE, STEP_UNATTEND_PLACE);
}

static HRESULT apply_settings(struct applying *a, const struct answer_file *file)
{
    TRY(unattend_settings(a->image, a->change, file));
    return unattend_drivers(a->image, a->change, file, a->folder);
}

static HRESULT apply_in_one(struct applying *a, const struct answer_file *file)
{
    AUTO_CHANGE struct change *change = NULL;
    TRY(servicing_begin(a->image, false, &change));
    a->change = change;
    for (size_t i = 0; i < file->packages.len; i++)
        TRY(apply_package(a, &file->packages.ptr[i]));
    TRY(apply_settings(a, file));
    return carry_out(a);
}

/* A package is a session of its own: those before one that fails stay. */
static HRESULT apply_one(struct applying *a, const struct answer_file *file, size_t index)
{
    AUTO_CHANGE struct change *change = NULL;
    TRY(servicing_begin(a->image, false, &change));
    a->change = change;
    TRY(index < file->packages.len ? apply_package(a, &file->packages.ptr[index])
                                   : apply_settings(a, file));
    TRY(carry_out(a));
    a->call->op.is_past_return = false; /* the next one can fail again */
    return S_OK;
}

static HRESULT apply(struct applying *a, const struct answer_file *file, bool in_one)
{
    if (file->packages.len == 0 && file->settings.len == 0)
        return S_OK;
    if (in_one)
        return apply_in_one(a, file);
    for (size_t i = 0; i < file->packages.len; i++)
        TRY(apply_one(a, file, i));
    return file->settings.len ? apply_one(a, file, file->packages.len) : S_OK;
}

static HRESULT read_file(const char *path, struct answer_file **out)
{
    AUTO_FREE char *bytes = NULL;
    struct os_stat stat;
    size_t size;
    TRY(os_stat(path, &stat));
    if (stat.type != OS_TYPE_FILE || stat.size > LARGEST_FILE)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no file of an answer file's size", path);
    TRY(os_read_file(path, &bytes, &size));
    return answer_file_read(bytes, size, path, out);
}

HRESULT impl_DismApplyUnattend(struct call *call, DismSession Session, PCWSTR UnattendFile,
                               BOOL SingleSession)
{
    AUTO_FREE char *path = NULL, *folder = NULL;
    AUTO_ANSWER_FILE struct answer_file *file = NULL;
    struct applying a = {.call = call};
    const struct facts *facts;
    (void)Session;
    TRY(client_path(UnattendFile, "UnattendFile", E_INVALIDARG, &path));
    TRY(windows_of(call, &a.image));
    TRY(op_step(&call->op, STEP_UNATTEND_READ));
    TRY(read_file(path, &file));
    TRY(facts_of(a.image, &facts));
    answer_file_keep(file, facts->architecture);
    TRY(path_parent(path, &folder));
    a.folder = folder;
    TRY(apply(&a, file, SingleSession));
    return servicing_result(&a.outcome);
}
