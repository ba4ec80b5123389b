/* SPDX-License-Identifier: MIT */
/* package_keys.c - see package_keys.h. */
#include "package_keys.h"

#include <string.h>

#include "error.h"
#include "text.h"

#define IS_OWN 0x20000 /* of an owner's state: the package owns itself */
#define ANY_VERSION "0.0.0.0"
#define CLIENT "DISM Package Manager Provider"
#define USER "S-1-5-18"

static HRESULT package_key(struct hive *hive, const char *text, const char *below, hive_key *out)
{
    AUTO_FREE char *path = mem_format(CBS_KEY "\\Packages\\%s%s", text, below);
    return path ? hive_make(hive, hive_root(hive), path, out) : FAIL_MEMORY();
}

static HRESULT note_value(void *context, const char *name, const struct hive_value *value)
{
    (void)name, (void)value;
    *(bool *)context = false;
    return S_OK;
}

/* KEY\IDENTITY-WITHOUT-VERSION has a value for every version; for `text` it is set, or (state < 0)
 * deleted, and with the last value the key. */
static HRESULT set_index(struct hive *hive, const char *index, const char *family, const char *text,
                         int state)
{
    AUTO_FREE char *path = mem_format(CBS_KEY "\\%s\\%s", index, family);
    hive_key key;
    if (!path)
        return FAIL_MEMORY();
    if (state >= 0) {
        TRY(hive_make(hive, hive_root(hive), path, &key));
        return hive_set_number(hive, key, text, (uint32_t)state);
    }
    key = hive_find(hive, hive_root(hive), path);
    if (!key)
        return S_OK;
    TRY(hive_delete_value(hive, key, text));
    bool is_empty = hive_count_keys(hive, key) == 0;
    TRY(hive_each_value(hive, key, note_value, &is_empty));
    return is_empty ? hive_delete_key(hive, key) : S_OK;
}

static char *without_version(const struct identity *i)
{
    return mem_format("%s~%s~%s~%s~" ANY_VERSION, i->name, i->token, i->architecture, i->language);
}

static HRESULT set_indexes(struct hive *hive, const char *text, const struct manifest *manifest,
                           int state)
{
    AUTO_FREE char *own = without_version(&manifest->identity);
    if (!own)
        return FAIL_MEMORY();
    TRY(set_index(hive, "PackageIndex", own, text, state));
    for (size_t i = 0; i < manifest->parents.len; i++) {
        const struct identities *ids = &manifest->parents.ptr[i].identities;
        for (size_t k = 0; k < ids->list.len; k++) {
            AUTO_FREE char *parent = without_version(&ids->list.ptr[k]);
            if (!parent)
                return FAIL_MEMORY();
            TRY(set_index(hive, "PackageDetect", parent, text, state));
        }
    }
    for (size_t i = 0; i < manifest->updates.len; i++)
        for (size_t k = 0; k < manifest->updates.ptr[i].parents.len; k++)
            TRY(set_index(hive, "UpdateDetect", manifest->updates.ptr[i].parents.ptr[k], text,
                          state));
    if (!manifest->has_capability)
        return S_OK;
    AUTO_FREE char *capability = manifest_capability_text(manifest);
    return capability ? set_index(hive, "CapabilityIndex", capability, text, state) : FAIL_MEMORY();
}

static HRESULT set_values(struct hive *hive, hive_key key, const struct package_record *r)
{
    AUTO_FREE char *file = mem_format("%s.mum", r->text);
    if (!file)
        return FAIL_MEMORY();
    TRY(hive_set_number(hive, key, "CurrentState", r->state));
    TRY(hive_set_text(hive, key, "InstallClient", CLIENT));
    TRY(hive_set_text(hive, key, "InstallLocation", r->location));
    TRY(hive_set_text(hive, key, "InstallName", file));
    TRY(hive_set_number(hive, key, "InstallTimeHigh", (uint32_t)(r->time >> 32)));
    TRY(hive_set_number(hive, key, "InstallTimeLow", (uint32_t)r->time));
    TRY(hive_set_text(hive, key, "InstallUser", USER));
    TRY(hive_set_number(hive, key, "SelfUpdate", 0));
    return hive_set_number(hive, key, "Visibility", 1);
}

static HRESULT set_selections(struct hive *hive, const struct package_record *r)
{
    hive_key key;
    bool has_features = false;
    for (size_t i = 0; i < r->manifest->updates.len; i++)
        has_features = has_features || r->manifest->updates.ptr[i].is_feature;
    if (!has_features)
        return S_OK;
    TRY(package_key(hive, r->text, "\\Updates", &key));
    for (size_t i = 0; i < r->manifest->updates.len; i++) {
        const struct manifest_update *u = &r->manifest->updates.ptr[i];
        uint32_t number;
        if (u->is_feature && !hive_number(hive, key, u->name, &number))
            TRY(hive_set_number(hive, key, u->name, SELECTION_DEFAULT));
    }
    return S_OK;
}

HRESULT package_keys_write(struct hive *hive, const struct package_record *r)
{
    hive_key key;
    TRY(package_key(hive, r->text, "", &key));
    TRY(set_values(hive, key, r));
    TRY(package_key(hive, r->text, "\\Owners", &key));
    TRY(hive_set_number(hive, key, r->text, r->state | IS_OWN));
    TRY(set_selections(hive, r));
    return set_indexes(hive, r->text, r->manifest, (int)r->state);
}

struct restating {
    struct hive *hive;
    const char *text;
    uint32_t state;
};

static HRESULT restate_in(void *context, hive_key key, const char *name)
{
    const struct restating *r = context;
    uint32_t number;
    (void)name;
    if (hive_number(r->hive, key, r->text, &number) && number != r->state)
        return hive_set_number(r->hive, key, r->text, r->state);
    return hive_trouble(r->hive);
}

/* Wherever an index has the package. */
static HRESULT restate(struct hive *hive, const char *text, uint32_t state)
{
    static const char *const indexes[] = {"PackageDetect", "UpdateDetect", "CapabilityIndex"};
    struct restating r = {hive, text, state};
    const char *version = strrchr(text, '~');
    AUTO_FREE char *own = version ? mem_format(CBS_KEY "\\PackageIndex\\%.*s~" ANY_VERSION,
                                               (int)(version - text), text)
                                  : mem_dup("");
    if (!own)
        return FAIL_MEMORY();
    TRY(restate_in(&r, *own ? hive_find(hive, hive_root(hive), own) : 0, own));
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        AUTO_FREE char *path = mem_format(CBS_KEY "\\%s", indexes[i]);
        if (!path)
            return FAIL_MEMORY();
        TRY(hive_each_key(hive, hive_find(hive, hive_root(hive), path), restate_in, &r));
    }
    return S_OK;
}

HRESULT package_keys_set_state(struct hive *hive, const char *text, enum cbs_state state)
{
    hive_key key;
    uint32_t number;
    TRY(package_key(hive, text, "", &key));
    TRY(hive_set_number(hive, key, "CurrentState", state));
    TRY(restate(hive, text, state));
    TRY(package_key(hive, text, "\\Owners", &key));
    return hive_number(hive, key, text, &number)
               ? hive_set_number(hive, key, text, state | (number & ~0xFFu))
               : S_OK;
}

HRESULT package_keys_delete(struct hive *hive, const char *text, const struct manifest *manifest)
{
    AUTO_FREE char *path = mem_format(CBS_KEY "\\Packages\\%s", text);
    if (!path)
        return FAIL_MEMORY();
    hive_key key = hive_find(hive, hive_root(hive), path);
    if (key)
        TRY(hive_delete_key(hive, key));
    return manifest ? set_indexes(hive, text, manifest, -1) : S_OK;
}

HRESULT package_keys_selection(const struct hive *hive, const char *text, const char *feature,
                               uint32_t *out)
{
    AUTO_FREE char *path = mem_format(CBS_KEY "\\Packages\\%s\\Updates", text);
    if (!path)
        return FAIL_MEMORY();
    if (!hive_number(hive, hive_find(hive, hive_root(hive), path), feature, out))
        *out = SELECTION_DEFAULT;
    return hive_trouble(hive);
}

HRESULT package_keys_select(struct hive *hive, const char *text, const char *feature,
                            enum selection selection)
{
    hive_key key;
    TRY(package_key(hive, text, "\\Updates", &key));
    return hive_set_number(hive, key, feature, selection);
}
