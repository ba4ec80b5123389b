/* SPDX-License-Identifier: MIT */
/*
 * mount_check.c - see mount_check.h. Clients open sessions often and mount rarely: what was read of
 * the registry is of use until the file is another one, which one look at it tells. A good answer
 * may come from what is remembered; every other is found under the registry's lock.
 */
#include "mount_check.h"

#include "dism_codes.h"
#include "error.h"
#include "image.h"
#include "settings.h"
#include "state_file.h"
#include "text.h"
#include "wim_commit.h"

static struct os_mutex lock; /* a leaf but for the settings */
static struct os_stat known_file;
static struct mounts known; /* never a transaction: it has no lock */

static bool look_at_registry(struct os_stat *out)
{
    AUTO_FREE char *path = NULL;
    return SUCCEEDED(settings_state_path("registry.json", &path)) && os_look(path, out);
}

static void forget(void)
{
    for (size_t i = 0; i < known.list.len; i++)
        mount_clear(&known.list.ptr[i]);
    vec_clear(&known.list);
    mem_free(known.boot);
    known = (struct mounts){0};
    known_file = (struct os_stat){0};
}

/* Would a transaction find more to do than to read? */
static bool is_at_rest(const struct mounts *m)
{
    for (size_t i = 0; i < m->list.len; i++) {
        const struct mount *mount = &m->list.ptr[i];
        if (mount->state != MOUNT_OK || !text_equal(mount->boot, m->boot))
            return false;
    }
    return true;
}

/* Takes over what a transaction that ends has read. */
static void remember(struct mounts *m)
{
    struct os_stat now;
    AUTO_LOCK(&lock);
    forget();
    int64_t clock = os_file_clock_ns();
    if (!is_at_rest(m) || !look_at_registry(&now) || !state_file_is_settled(&now, clock))
        return;
    known = *m;
    known.lock = NULL;
    known_file = now;
    *m = (struct mounts){.lock = m->lock};
}

static HRESULT take_id(const struct mount *mount, char **out)
{
    *out = mem_dup(mount->id);
    return *out ? S_OK : FAIL_MEMORY();
}

/* S_FALSE: what is remembered does not say that all is well. */
static HRESULT ask_memory(const char *root, char **id_out)
{
    struct os_stat now;
    AUTO_LOCK(&lock);
    if (!known_file.inode || !look_at_registry(&now) || !state_file_is_same(&now, &known_file))
        return S_FALSE;
    const struct mount *mount = mounts_find_path(&known, root);
    if (!mount)
        return S_OK; /* a plain folder */
    return mount_status(&known, mount) == DismMountStatusOk ? take_id(mount, id_out) : S_FALSE;
}

static HRESULT ask_registry(const struct mounts *m, const char *root, char **id_out)
{
    const struct mount *mount = mounts_find_path((struct mounts *)m, root);
    if (!mount)
        return S_OK; /* a plain folder */
    if (mount_is_busy(mount) && !mount_is_ours(mount))
        return FAIL(WIMPROVIDER_E_IMAGE_IN_SERVICE, "process %u is working on the image",
                    mount->owner_pid);
    switch (mount_status(m, mount)) {
    case DismMountStatusOk:
        return take_id(mount, id_out);
    case DismMountStatusNeedsRemount:
        return FAIL(DISMAPI_E_NEEDS_REMOUNT, "the image at %s must be remounted first", root);
    default:
        return FAIL(WIMPROVIDER_E_INVALID_MOUNT,
                    "the mount at %s is invalid: discard it or clean up the mount points", root);
    }
}

HRESULT mount_check(const char *root, char **id_out)
{
    AUTO_MOUNTS struct mounts m = {0};
    HRESULT hr = ask_memory(root, id_out);
    if (hr != S_FALSE)
        return hr;
    TRY(mounts_open(&m));
    if (wim_has_cut_off(&m)) {
        mounts_close(&m);
        TRY(wim_recover());
        TRY(mounts_open(&m));
    }
    hr = ask_registry(&m, root, id_out);
    remember(&m);
    return hr;
}
