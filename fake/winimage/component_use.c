/* SPDX-License-Identifier: MIT */
/* component_use.c - see component_use.h. */
#include "component_use.h"

#include "component.h"
#include "error.h"
#include "feature.h"

HRESULT component_is_shared(struct winimage *image, const struct identity *component,
                            const struct package *without, bool *out)
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
            for (size_t k = 0; k < m->updates.ptr[u].components.list.len && !*out; k++)
                *out = identity_equal(&m->updates.ptr[u].components.list.ptr[k], component);
    }
    return S_OK;
}

/* Highest so far. */
struct search {
    struct winimage *image;
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
        bool is_on;
        TRY(update_is_on(s->image, package, update, &is_on));
        for (size_t k = 0; is_on && k < update->components.list.len; k++)
            look_at(s, &update->components.list.ptr[k]);
    }
    return S_OK;
}

HRESULT component_rival(struct winimage *image, const struct identity *component,
                        const struct component_users *users, struct identity *out)
{
    struct search s = {.image = image, .component = component};
    struct packages *packages;
    AUTO_COMPONENT_KEYS struct component_keys others = {0};
    TRY(component_other_versions(image, component, &others));
    if (others.list.len == 0) /* spares reading all those manifests */
        return S_FALSE;
    TRY(packages_of(image, &packages));
    for (size_t i = 0; i < packages->list.len; i++) {
        struct package *p = &packages->list.ptr[i];
        if (p != users->without && (package_is_installed(p) || p == users->also))
            TRY(search_package(&s, p));
    }
    return s.best ? identity_copy(s.best, out) : S_FALSE;
}
