/* SPDX-License-Identifier: MIT */
/* pending.c - see pending.h: the notes. restart.c carries them out. */
#include "pending.h"

#include "bytes.h"
#include "dism_codes.h"
#include "error.h"
#include "packages.h"
#include "text.h"

#define PACKAGES CBS_KEY "\\PackagesPending"
#define REBOOT CBS_KEY "\\RebootPending"
#define UNSERVICEABLE "Unserviceable"
#define FEATURES SIDE_KEY "\\PendingFeatures"

static hive_key find(const struct hive *hive, const char *path)
{
    return hive_find(hive, hive_root(hive), path);
}

bool pending_exists(const struct hive *software)
{
    return hive_count_keys(software, find(software, PACKAGES)) ||
           hive_count_keys(software, find(software, FEATURES)) || find(software, REBOOT);
}

HRESULT pending_check(const struct hive *software, bool prevent)
{
    uint32_t number;
    AUTO_FREE char *text = hive_text(software, find(software, CBS_KEY), UNSERVICEABLE);
    if (text && !text_equal(text, "0"))
        return FAIL(CBS_E_IMAGE_UNSERVICEABLE,
                    "an operation failed that leaves this image without servicing");
    if (hive_number(software, find(software, CBS_KEY "\\SessionsPending"), "Exclusive", &number) &&
        number)
        return FAIL(CBS_E_EXCLUSIVE_WOULD_MERGE, "%u pending sessions want to be alone", number);
    if (prevent && pending_exists(software))
        return FAIL(DISMAPI_E_BUSY, "operations are pending in this image");
    return hive_trouble(software);
}

HRESULT pending_spoil(struct hive *software)
{
    hive_key key;
    TRY(hive_make(software, hive_root(software), CBS_KEY, &key));
    return hive_set_number(software, key, UNSERVICEABLE, 1);
}

HRESULT pending_add_package(struct hive *software, const char *identity)
{
    hive_key key;
    AUTO_FREE char *path = mem_format(PACKAGES "\\%s", identity);
    if (!path)
        return FAIL_MEMORY();
    TRY(hive_make(software, hive_root(software), path, &key));
    return hive_make(software, hive_root(software), REBOOT, &key);
}

static HRESULT delete (struct hive *software, const char *path)
{
    hive_key key = find(software, path);
    return key ? hive_delete_key(software, key) : S_OK;
}

/* true: the key was there. */
static HRESULT delete_below(struct hive *software, const char *list, const char *identity,
                            bool *was)
{
    AUTO_FREE char *path = mem_format("%s\\%s", list, identity);
    if (!path)
        return FAIL_MEMORY();
    *was = *was || find(software, path);
    TRY(delete (software, path));
    return hive_count_keys(software, find(software, list)) ? S_OK : delete (software, list);
}

static HRESULT drop_reboot(struct hive *software, bool was_noted)
{
    bool is_last = !find(software, PACKAGES) && !find(software, FEATURES);
    return was_noted && is_last ? delete (software, REBOOT) : S_OK;
}

HRESULT pending_drop_package(struct hive *software, const char *identity)
{
    bool was_noted = false;
    TRY(delete_below(software, PACKAGES, identity, &was_noted));
    TRY(delete_below(software, FEATURES, identity, &was_noted));
    return drop_reboot(software, was_noted);
}

HRESULT pending_add_feature(struct hive *software, const char *identity, const char *feature,
                            enum pending_feature what)
{
    hive_key key;
    AUTO_FREE char *path = mem_format(FEATURES "\\%s", identity);
    if (!path)
        return FAIL_MEMORY();
    TRY(hive_make(software, hive_root(software), path, &key));
    TRY(hive_set_number(software, key, feature, what));
    return hive_make(software, hive_root(software), REBOOT, &key);
}

static HRESULT note_value(void *context, const char *name, const struct hive_value *value)
{
    (void)name, (void)value;
    ++*(size_t *)context;
    return S_OK;
}

HRESULT pending_drop_feature(struct hive *software, const char *identity, const char *feature)
{
    AUTO_FREE char *path = mem_format(FEATURES "\\%s", identity);
    bool was_noted = false;
    size_t left = 0;
    if (!path)
        return FAIL_MEMORY();
    hive_key key = find(software, path);
    if (!key)
        return S_OK;
    TRY(hive_delete_value(software, key, feature));
    TRY(hive_each_value(software, key, note_value, &left));
    if (left)
        return S_OK;
    TRY(delete_below(software, FEATURES, identity, &was_noted));
    return drop_reboot(software, was_noted);
}

HRESULT pending_has_feature(const struct hive *software, const char *identity, const char *feature,
                            bool *out)
{
    AUTO_FREE char *path = mem_format(FEATURES "\\%s", identity);
    uint32_t number;
    if (!path)
        return FAIL_MEMORY();
    *out = hive_number(software, find(software, path), feature, &number);
    return hive_trouble(software);
}

/* ---- all of them ---- */

struct listing {
    const struct hive *software;
    const char *identity;
    HRESULT (*each)(void *context, const char *identity, const char *feature, uint32_t what);
    void *context;
};

static HRESULT list_feature(void *context, const char *name, const struct hive_value *value)
{
    const struct listing *l = context;
    uint32_t what =
        value->type == HIVE_DWORD && value->size == 4 ? (uint32_t)get_le(value->data, 4) : 0;
    return l->each(l->context, l->identity, name, what);
}

static HRESULT list_package(void *context, hive_key key, const char *name)
{
    struct listing *l = context;
    l->identity = name;
    return hive_each_value(l->software, key, list_feature, l);
}

HRESULT pending_each_feature(const struct hive *software,
                             HRESULT (*each)(void *context, const char *identity,
                                             const char *feature, uint32_t what),
                             void *context)
{
    struct listing l = {.software = software, .each = each, .context = context};
    return hive_each_key(software, find(software, FEATURES), list_package, &l);
}

HRESULT pending_clear(struct hive *software)
{
    TRY(delete (software, PACKAGES));
    TRY(delete (software, FEATURES));
    TRY(delete (software, REBOOT));
    hive_key sessions = find(software, CBS_KEY "\\SessionsPending");
    return sessions ? hive_delete_value(software, sessions, "Exclusive") : S_OK;
}
