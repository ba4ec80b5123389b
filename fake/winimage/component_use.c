/* SPDX-License-Identifier: MIT */
/* component_use.c - see component_use.h. */
#include "component_use.h"

#include "component.h"
#include "error.h"
#include "feature.h"
#include "projection.h"

static bool has_component(const struct manifest_update *update, const struct identity *component)
{
    for (size_t i = 0; i < update->components.list.len; i++)
        if (identity_equal(&update->components.list.ptr[i], component))
            return true;
    return false;
}

HRESULT component_is_shared(struct winimage *image, const struct identity *component,
                            const struct package *without,
                            const struct manifest_update *without_update, bool *out)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    *out = false;
    for (size_t i = 0; i < packages->list.len && !*out; i++) {
        struct package *p = &packages->list.ptr[i];
        const struct manifest *m;
        if (p == without || package_state(p) == DismStateNotPresent)
            continue;
        TRY(package_manifest(image, p, &m));
        for (size_t u = 0; m && u < m->updates.len && !*out; u++)
            *out = &m->updates.ptr[u] != without_update &&
                   has_component(&m->updates.ptr[u], component);
    }
    return S_OK;
}

/* ---- what is on ---- */

static HRESULT is_on(struct winimage *image, const struct component_users *users,
                     const struct package *package, const struct manifest_update *update, bool *out)
{
    return users->is_on ? users->is_on(users->context, package, update, out)
                        : update_is_on(image, package, update, out);
}

static bool counts(const struct component_users *users, const struct package *package)
{
    return package != users->without && (package_is_installed(package) || package == users->also);
}

HRESULT component_is_used(struct winimage *image, const struct identity *component,
                          const struct component_users *users, bool *out)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    *out = false;
    for (size_t i = 0; i < packages->list.len && !*out; i++) {
        struct package *p = &packages->list.ptr[i];
        const struct manifest *m;
        if (!counts(users, p))
            continue;
        TRY(package_manifest(image, p, &m));
        for (size_t u = 0; m && u < m->updates.len && !*out; u++)
            if (has_component(&m->updates.ptr[u], component))
                TRY(is_on(image, users, p, &m->updates.ptr[u], out));
    }
    return S_OK;
}

/* Highest so far. */
struct search {
    struct winimage *image;
    const struct component_users *users;
    const struct identity *component, *best;
    uint64_t highest;
};

static void look_at(struct search *s, const struct identity *candidate)
{
    uint64_t version;
    if (!identity_is_same_package(candidate, s->component) ||
        identity_equal(candidate, s->component) || !version_parse(candidate->version, &version) ||
        (s->best && version <= s->highest))
        return;
    s->best = candidate;
    s->highest = version;
}

static HRESULT search_package(struct search *s, struct package *package)
{
    const struct manifest *m;
    TRY(package_manifest(s->image, package, &m));
    for (size_t u = 0; m && u < m->updates.len; u++) {
        const struct manifest_update *update = &m->updates.ptr[u];
        bool on;
        TRY(is_on(s->image, s->users, package, update, &on));
        for (size_t k = 0; on && k < update->components.list.len; k++)
            look_at(s, &update->components.list.ptr[k]);
    }
    return S_OK;
}

HRESULT component_rival(struct winimage *image, const struct identity *component,
                        const struct component_users *users, struct identity *out)
{
    struct search s = {.image = image, .users = users, .component = component};
    struct packages *packages;
    AUTO_COMPONENT_KEYS struct component_keys others = {0};
    TRY(component_other_versions(image, component, &others));
    if (others.list.len == 0) /* spares reading all those manifests */
        return S_FALSE;
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (counts(users, p))
            TRY(search_package(&s, p));
    }
    return s.best ? identity_copy(s.best, out) : S_FALSE;
}

HRESULT component_is_newest(struct winimage *image, const struct identity *component,
                            const struct component_users *users, bool *out)
{
    struct identity rival AUTO(identity_clear) = {0};
    uint64_t own = 0, other = 0;
    HRESULT hr = component_rival(image, component, users, &rival);
    TRY(hr);
    *out = hr == S_FALSE || !version_parse(component->version, &own) ||
           !version_parse(rival.version, &other) || own > other;
    return S_OK;
}

HRESULT component_unplace(struct winimage *image, struct change *change,
                          const struct identity *component, const struct component_users *users)
{
    struct identity rival AUTO(identity_clear) = {0};
    bool is_used;
    TRY(component_is_used(image, component, users, &is_used));
    if (is_used)
        return S_OK;
    HRESULT hr = component_rival(image, component, users, &rival);
    TRY(hr);
    TRY(projection_remove(image, change, component));
    return hr == S_OK ? projection_add(image, change, &rival) : S_OK;
}
