/* SPDX-License-Identifier: MIT */
/* applicable.c - see applicable.h. */
#include "applicable.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "facts.h"
#include "place.h"
#include "text.h"

bool applicable_is_refusal(HRESULT hr)
{
    return hr == CBS_E_NOT_APPLICABLE || hr == CBS_E_NEW_SERVICING_STACK_REQUIRED ||
           hr == CBS_E_STORE_CORRUPTION;
}

static HRESULT check_architecture(struct winimage *image, const struct identity *identity)
{
    const struct facts *facts;
    const char *of = identity->architecture;
    TRY(facts_of(image, &facts));
    bool fits = !*facts->architecture || !*of || text_equal_nocase(of, facts->architecture) ||
                text_equal_nocase(of, "neutral") || text_equal_nocase(of, "msil") ||
                (text_equal_nocase(of, "wow64") && !text_equal_nocase(facts->architecture, "x86"));
    if (!fits)
        return FAIL(CBS_E_NOT_APPLICABLE, "%s is for %s, the image is %s", identity->name, of,
                    facts->architecture);
    return S_OK;
}

/* A part that has to be equal must be; where a part is greater, those behind it do not matter. */
static bool is_met(const struct manifest_parent *parent, uint64_t wanted, uint64_t found)
{
    const struct {
        enum compare how;
        unsigned shift;
        uint64_t mask;
    } parts[] = {{parent->version, 32, 0xFFFFFFFF},
                 {parent->build, 16, 0xFFFF},
                 {parent->revision, 0, 0xFFFF}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint64_t want = wanted >> parts[i].shift & parts[i].mask;
        uint64_t have = found >> parts[i].shift & parts[i].mask;
        if (have == want)
            continue;
        return parts[i].how == COMPARE_GE && have > want;
    }
    return true;
}

static bool is_same_family(const struct identity *a, const struct identity *b)
{
    return text_equal_nocase(a->name, b->name) &&
           (!*a->token || text_equal_nocase(a->token, b->token)) &&
           (!*a->architecture || text_equal_nocase(a->architecture, b->architecture)) &&
           text_equal_nocase(a->language, b->language);
}

static bool is_servicing_stack(const struct identity *identity)
{
    return strstr(identity->name, "ServicingStack") != NULL;
}

static HRESULT has_manifest(const struct winimage *image, const struct package *package, bool *out)
{
    AUTO_FREE char *place = package_file(image, package->text, ".mum"), *path = NULL;
    if (!place)
        return FAIL_MEMORY();
    HRESULT hr = place_find(image->root, place, &path);
    TRY(hr);
    *out = hr == S_OK;
    return S_OK;
}

static bool meets(const struct manifest_parent *parent, const struct identity *wanted,
                  const struct identity *found)
{
    uint64_t want = 0, have;
    (void)version_parse(wanted->version, &want);
    return is_same_family(wanted, found) && version_parse(found->version, &have) &&
           is_met(parent, want, have);
}

bool applicable_meets(const struct manifest_parent *parent, const struct identity *found)
{
    for (size_t i = 0; i < parent->identities.list.len; i++)
        if (meets(parent, &parent->identities.list.ptr[i], found))
            return true;
    return false;
}

/* S_FALSE: nothing does. */
static HRESULT find_parent(struct winimage *image, const struct manifest_parent *parent,
                           const struct identity *wanted, const struct identities *coming)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    for (size_t i = 0; coming && i < coming->list.len; i++)
        if (meets(parent, wanted, &coming->list.ptr[i]))
            return S_OK;
    for (size_t i = 0; i < packages->list.len; i++) {
        const struct package *p = &packages->list.ptr[i];
        if (!package_is_installed(p) || !meets(parent, wanted, &p->identity))
            continue;
        bool is_whole = false;
        TRY(has_manifest(image, p, &is_whole));
        if (is_whole)
            return S_OK;
        return FAIL(CBS_E_STORE_CORRUPTION, "%s, on which the package rests, has no manifest",
                    p->text);
    }
    return S_FALSE;
}

static HRESULT check_parent(struct winimage *image, const struct manifest *manifest,
                            const struct manifest_parent *parent, const struct identities *coming)
{
    const struct identity *first = parent->identities.list.len ? parent->identities.list.ptr : NULL;
    for (size_t i = 0; i < parent->identities.list.len; i++) {
        HRESULT hr = find_parent(image, parent, &parent->identities.list.ptr[i], coming);
        if (hr != S_FALSE)
            return hr;
    }
    if (!first)
        return S_OK;
    return FAIL(is_servicing_stack(first) ? CBS_E_NEW_SERVICING_STACK_REQUIRED
                                          : CBS_E_NOT_APPLICABLE,
                "%s needs %s %s, which is not installed", manifest->identity.name, first->name,
                first->version);
}

static HRESULT check_newer(const struct packages *packages, const struct identity *identity)
{
    uint64_t own, other;
    if (!version_parse(identity->version, &own))
        return S_OK;
    for (size_t i = 0; i < packages->list.len; i++) {
        const struct package *p = &packages->list.ptr[i];
        if (package_is_installed(p) && identity_is_same_package(&p->identity, identity) &&
            version_parse(p->identity.version, &other) && other > own)
            return FAIL(CBS_E_NOT_APPLICABLE, "%s %s is installed, which is newer than %s",
                        identity->name, p->identity.version, identity->version);
    }
    return S_OK;
}

HRESULT applicable_check(struct winimage *image, const struct manifest *manifest,
                         const struct identities *coming)
{
    struct packages *packages;
    TRY(packages_of(image, &packages));
    TRY(check_architecture(image, &manifest->identity));
    for (size_t i = 0; i < manifest->parents.len; i++)
        TRY(check_parent(image, manifest, &manifest->parents.ptr[i], coming));
    return check_newer(packages, &manifest->identity);
}
