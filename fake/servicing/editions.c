/* SPDX-License-Identifier: MIT */
/*
 * editions.c - _DismGetCurrentEdition, _DismGetTargetEditions, _DismSetEdition,
 * _DismGetProductKeyInfo, _DismSetProductKey, _DismValidateProductKey, _DismGetRegistryMountPoint.
 */
#include "call.h"
#include "dism_codes.h"
#include "edition.h"
#include "error.h"
#include "place.h"
#include "result.h"
#include "servicing.h"
#include "text.h"
#include "windows_of.h"

static HRESULT give_text(const struct call *call, const char *text, DismString **out)
{
    struct result result AUTO(result_clear) = {0};
    void *block;
    TRY(result_begin(&result, call->api, 1, sizeof **out));
    TRY(result_string(&result, 0, text));
    TRY(result_finish(&result, &block));
    *out = block;
    return S_OK;
}

/* ---- _DismGetCurrentEdition, _DismGetTargetEditions ---- */

HRESULT impl__DismGetCurrentEdition(struct call *call, DismSession Session, DismString **EditionId)
{
    struct winimage *image;
    AUTO_FREE char *edition = NULL;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_EDITION_READ));
    TRY(edition_current(image, &edition));
    return give_text(call, edition, EditionId);
}

HRESULT impl__DismGetTargetEditions(struct call *call, DismSession Session, DismString **EditionIds,
                                    UINT *Count)
{
    struct winimage *image;
    AUTO_EDITIONS struct editions targets = {0};
    struct result result AUTO(result_clear) = {0};
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_TARGET_EDITIONS_READ));
    TRY(edition_targets(image, &targets));
    TRY(result_begin(&result, call->api, targets.list.len, sizeof **EditionIds));
    for (size_t i = 0; i < targets.list.len; i++)
        TRY(result_string(&result, i * sizeof **EditionIds, targets.list.ptr[i]));
    TRY(result_finish(&result, &block));
    *EditionIds = block;
    *Count = (UINT)targets.list.len;
    return S_OK;
}

/* ---- keys ---- */

static HRESULT take_key(PCWSTR text, struct product_key *out)
{
    AUTO_FREE char *key = NULL;
    if (!*text)
        return FAIL(E_INVALIDARG, "ProductKey is empty");
    TRY(text_from_utf16(text, &key));
    return product_key_read(key, out);
}

static HRESULT check_edition(const struct product_key *key, const char *edition)
{
    return text_equal_nocase(key->edition, edition)
               ? S_OK
               : FAIL(DISMAPI_E_INVALID_PRODUCT_KEY, "%s is a key of %s, not of %s", key->text,
                      key->edition, edition);
}

static HRESULT take_key_of_image(struct winimage *image, PCWSTR text, struct product_key *out)
{
    AUTO_FREE char *edition = NULL;
    TRY(take_key(text, out));
    TRY(edition_current(image, &edition));
    return check_edition(out, edition);
}

HRESULT impl__DismGetProductKeyInfo(struct call *call, DismSession Session, PCWSTR ProductKey,
                                    DismString **EditionId, DismString **Channel)
{
    struct product_key key;
    DismString *edition = NULL, *channel = NULL;
    (void)Session;
    TRY(take_key(ProductKey, &key));
    TRY(give_text(call, key.edition, &edition));
    HRESULT hr = give_text(call, key.channel, &channel);
    if (FAILED(hr)) {
        (void)result_delete(edition);
        return hr;
    }
    *EditionId = edition;
    *Channel = channel;
    return S_OK;
}

HRESULT impl__DismValidateProductKey(struct call *call, DismSession Session, PCWSTR ProductKey)
{
    struct winimage *image;
    struct product_key key;
    (void)Session;
    TRY(windows_of(call, &image));
    HRESULT hr = take_key_of_image(image, ProductKey, &key);
    if (hr != DISMAPI_E_INVALID_PRODUCT_KEY)
        return hr;
    struct error why = *error_last();
    return FAIL(HR_WIN32(ERROR_UNKNOWN_PRODUCT), "%s", why.text);
}

HRESULT impl__DismSetProductKey(struct call *call, DismSession Session, PCWSTR ProductKey)
{
    struct winimage *image;
    struct product_key key;
    AUTO_CHANGE struct change *change = NULL;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(take_key_of_image(image, ProductKey, &key));
    TRY(change_begin(image, &change));
    TRY(edition_set_key(change, &key));
    return change_carry_out(change, &call->op, STEP_PRODUCT_KEY_STAGE, STEP_PRODUCT_KEY_PLACE);
}

/* ---- _DismSetEdition ---- */

static HRESULT set_edition(struct op *op, struct winimage *image, const char *edition,
                           const struct product_key *key)
{
    AUTO_CHANGE struct change *change = NULL;
    TRY(servicing_begin(image, false, &change));
    TRY(op_ticks_to(op, 100));
    TRY(op_step(op, STEP_SET_EDITION_PLAN));
    TRY(edition_set(image, change, edition));
    if (key)
        TRY(edition_set_key(change, key));
    TRY(op_ticks_to(op, 500));
    return servicing_finish(change, op, STEP_SET_EDITION_STAGE, STEP_SET_EDITION_PLACE);
}

HRESULT impl__DismSetEdition(struct call *call, DismSession Session, PCWSTR EditionId,
                             PCWSTR ProductKey, HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                             PVOID UserData)
{
    struct winimage *image;
    struct product_key key;
    AUTO_FREE char *edition = NULL;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    if (!*EditionId)
        return FAIL(E_INVALIDARG, "EditionId is empty");
    TRY(text_from_utf16(EditionId, &edition));
    TRY(windows_of(call, &image));
    call->op.total = SERVICING_TICKS;
    if (ProductKey) {
        TRY(take_key(ProductKey, &key));
        TRY(check_edition(&key, edition));
    } else if (image->is_online) {
        return FAIL(E_INVALIDARG, "the running Windows changes its edition with a product key");
    }
    TRY(set_edition(&call->op, image, edition, ProductKey ? &key : NULL));
    return image->is_online ? ERROR_SUCCESS_REBOOT_REQUIRED : S_OK;
}

/* ---- _DismGetRegistryMountPoint ---- */

/* Windows' DISM loads the hives of offline images below this name, with the path of the file. */
#define LOADED "HKEY_LOCAL_MACHINE\\{bf1a281b-ad7b-4476-ac95-f47682990ce7}"

static const struct {
    const char *file; /* of an image; below the Windows folder, or (User) the image */
    const char *live; /* NULL: the running Windows has it loaded nowhere */
} hives[] = {
    [DismRegistrySoftware] = {"System32/config/SOFTWARE", "HKEY_LOCAL_MACHINE\\SOFTWARE"},
    [DismRegistrySystem] = {"System32/config/SYSTEM", "HKEY_LOCAL_MACHINE\\SYSTEM"},
    [DismRegistrySecurity] = {"System32/config/SECURITY", "HKEY_LOCAL_MACHINE\\SECURITY"},
    [DismRegistrySam] = {"System32/config/SAM", "HKEY_LOCAL_MACHINE\\SAM"},
    [DismRegistryDefault] = {"System32/config/DEFAULT", "HKEY_USERS\\.DEFAULT"},
    [DismRegistryUser] = {"Users/Default/NTUSER.DAT", NULL},
    [DismRegistryComponents] = {"System32/config/COMPONENTS", "HKEY_LOCAL_MACHINE\\COMPONENTS"},
    [DismRegistryDrivers] = {"System32/config/DRIVERS", "HKEY_LOCAL_MACHINE\\DRIVERS"}};

static HRESULT find_hive(const struct winimage *image, DismRegistryHive which, char **out)
{
    const char *file = hives[which].file;
    HRESULT hr = which == DismRegistryUser ? place_find(image->root, file, out)
                                           : winimage_find(image, file, out);
    return hr == S_FALSE ? FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "the image has no hive %s", file)
                         : hr;
}

HRESULT impl__DismGetRegistryMountPoint(struct call *call, DismSession Session,
                                        DismRegistryHive RegistryHive,
                                        DismString **RegistryMountPoint)
{
    struct winimage *image;
    AUTO_FREE char *file = NULL, *path = NULL;
    (void)Session;
    TRY(windows_of(call, &image));
    if (image->is_online)
        return hives[RegistryHive].live
                   ? give_text(call, hives[RegistryHive].live, RegistryMountPoint)
                   : FAIL(HR_WIN32(ERROR_NOT_SUPPORTED),
                          "the running Windows has %s loaded nowhere", hives[RegistryHive].file);
    TRY(find_hive(image, RegistryHive, &file));
    path = mem_format(LOADED "%s", file);
    return path ? give_text(call, path, RegistryMountPoint) : FAIL_MEMORY();
}
