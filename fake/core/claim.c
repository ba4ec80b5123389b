/* SPDX-License-Identifier: MIT */
/*
 * claim.c - see claim.h. The file is named after the root's hash and taken away by whoever gives up
 * the lock, so a lock on a file that its path no longer names is worth nothing and tried again.
 */
#include "claim.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "hash.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "text.h"
#include "vec.h"
#include "world.h"

struct claim {
    char *root, *path;
    struct os_file *file; /* locked */
    unsigned count;
};

static struct os_mutex lock;
static VEC(struct claim) claims;

/* The one that was dropped last: open and not locked. */
static struct claim kept;
static unsigned kept_by; /* a forked child shares its parent's open file, and so its locks */

static void forget(struct claim *claim)
{
    if (claim->file)
        os_close(claim->file);
    mem_free(claim->root);
    mem_free(claim->path);
    *claim = (struct claim){0};
}

static void clear(struct claim *claim)
{
    if (claim->file)
        (void)os_remove_file(claim->path); /* while we have the lock */
    forget(claim);
}

static struct claim *find(const char *root)
{
    for (size_t i = 0; i < claims.len; i++)
        if (path_equal(claims.ptr[i].root, root))
            return &claims.ptr[i];
    return NULL;
}

static HRESULT path_of(const char *root, char **out)
{
    char hash[SHA256_TEXT];
    AUTO_FREE char *folder = NULL, *key = NULL;
    TRY(settings_state_path("claims", &folder));
    TRY(path_key(root, &key));
    hash_sha256_text(key, strlen(key), hash);
    return path_join(folder, hash, out);
}

/* Taking the file away is all that ever happens to its name. */
static bool is_still_named(struct os_file *file)
{
    struct os_stat ours;
    return SUCCEEDED(os_stat_file(file, &ours)) && ours.links > 0;
}

static HRESULT open_file(const char *path, struct os_file **out)
{
    AUTO_FREE char *folder = NULL;
    HRESULT hr = os_open(path, OS_WRITE | OS_CREATE, out);
    if (hr != HR_WIN32(ERROR_PATH_NOT_FOUND) && hr != HR_WIN32(ERROR_FILE_NOT_FOUND))
        return hr;
    TRY(settings_state_path("claims", &folder));
    TRY(os_make_directories(folder));
    return os_open(path, OS_WRITE | OS_CREATE, out);
}

static HRESULT lock_file(const char *root, const char *path, struct os_file **out)
{
    for (;;) {
        AUTO_FILE struct os_file *file = NULL;
        TRY(open_file(path, &file));
        HRESULT hr = os_lock_file(file, OS_LOCK_TRY);
        TRY(hr);
        if (hr == S_FALSE)
            return FAIL(WIMPROVIDER_E_IMAGE_IN_SERVICE, "another process is servicing %s", root);
        if (is_still_named(file)) {
            *out = TAKE(file);
            return S_OK;
        }
    }
}

/* Has it the lock, and on the file that others find? */
static bool lock_again(struct claim *claim)
{
    return os_lock_file(claim->file, OS_LOCK_TRY) == S_OK && is_still_named(claim->file);
}

/* Needs the lock. */
static void tidy(void)
{
    if (kept.file && kept_by == os_pid() && lock_again(&kept))
        clear(&kept);
    else
        forget(&kept);
}

/* Needs the lock. */
static bool take_kept(const char *root)
{
    if (!kept.file || !path_equal(kept.root, root))
        return false;
    if (kept_by != os_pid() || !lock_again(&kept)) {
        forget(&kept);
        return false;
    }
    struct claim *slot = vec_push(&claims);
    if (!slot) {
        clear(&kept);
        return false;
    }
    *slot = kept;
    slot->count = 1;
    kept = (struct claim){0};
    return true;
}

static HRESULT take(const char *root)
{
    AUTO_LOCK(&lock);
    struct claim *known = find(root);
    if (known) {
        known->count++;
        return S_OK;
    }
    if (take_kept(root))
        return S_OK;
    struct claim claim AUTO(clear) = {.root = mem_dup(root), .count = 1};
    if (!claim.root)
        return FAIL_MEMORY();
    TRY(path_of(root, &claim.path));
    TRY(lock_file(root, claim.path, &claim.file));
    struct claim *slot = vec_push(&claims);
    if (!slot)
        return FAIL_MEMORY();
    *slot = claim;
    claim = (struct claim){0};
    return S_OK;
}

HRESULT claim_take(const char *root)
{
    TRY(world_check_unserviced(root));
    return take(root);
}

HRESULT claim_check(const char *root)
{
    TRY(take(root));
    claim_drop(root);
    return S_OK;
}

static void drop(const char *root, void (*end)(struct claim *claim))
{
    AUTO_LOCK(&lock);
    struct claim *claim = find(root);
    if (!claim || --claim->count > 0)
        return;
    end(claim);
    vec_remove(&claims, claim - claims.ptr);
    if (claims.len == 0)
        vec_clear(&claims);
}

void claim_drop(const char *root)
{
    drop(root, clear);
}

static void keep(struct claim *claim)
{
    tidy();
    kept = *claim;
    kept_by = os_pid();
    os_unlock_file(kept.file);
    *claim = (struct claim){0};
}

void claim_drop_for_now(const char *root)
{
    drop(root, keep);
}

void claim_tidy(void)
{
    AUTO_LOCK(&lock);
    tidy();
}
