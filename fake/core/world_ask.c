/* SPDX-License-Identifier: MIT */
/* world_ask.c - what the changes of the world mean for the calls; see world.h. The codes are those
 * that field reports name for these causes. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "journal.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "world_model.h"

enum { SLOW_MS = 1000 }; /* virtual time that a slow scanner takes for a file */

/* The failure with its sentence, and an entry of the journal that names the change. */
static HRESULT notice(const struct json *entry, HRESULT hr, const char *format, ...)
    CHECK_FORMAT(3, 4);

static HRESULT notice(const struct json *entry, HRESULT hr, const char *format, ...)
{
    char text[768], code[16];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct json *line = json_new_object();
    json_set(line, "change", json_copy(world_entry_change(entry)));
    json_set_string(line, "hr", reflect_code_name(hr, code));
    journal_add("world", line);
    return FAIL(hr, "%s", text);
}

#define EACH_ENTRY(entry, list)                                                                    \
    const struct json *entry = json_first(list);                                                   \
    entry;                                                                                         \
    entry = json_next(entry)

/* ---- elevation, services ---- */

HRESULT world_check_elevated(void)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_snapshot(&list));
    for (EACH_ENTRY(entry, list)) {
        const struct json *elevated = json_get(world_entry_change(entry), "elevated");
        if (elevated && !json_bool(elevated))
            return notice(entry, HR_WIN32(ERROR_ELEVATION_REQUIRED),
                          "the process has no administrator rights");
    }
    return S_OK;
}

/* The newest word on that service; NULL: it runs. */
static const struct json *find_service(const struct json *list, const char *service,
                                       const char **state)
{
    const struct json *found = NULL;
    for (EACH_ENTRY(entry, list)) {
        if (text_equal(world_entry_text(entry, "service"), service))
            found = entry;
    }
    *state = found ? world_entry_text(found, "is") : "running";
    return text_equal(*state, "running") ? NULL : found;
}

static HRESULT check_filter(const struct json *list)
{
    const char *state;
    const struct json *entry = find_service(list, "mount-filter", &state);
    if (!entry)
        return S_OK;
    /* Field failure F20: a stripped Windows, and a product that blocks the driver. */
    HRESULT hr = text_equal(state, "disabled") ? HR_WIN32(ERROR_SERVICE_DOES_NOT_EXIST)
                                               : HR_WIN32(ERROR_SERVICE_NOT_FOUND);
    return notice(entry, hr, "the filter driver for mounted images is %s", state);
}

HRESULT world_check_host(void)
{
    AUTO_JSON struct json *list = NULL;
    const char *state;
    TRY(world_snapshot(&list));
    const struct json *entry = find_service(list, "servicing-host", &state);
    if (!entry)
        return S_OK;
    HRESULT hr = text_equal(state, "missing") ? (HRESULT)REGDB_E_CLASSNOTREG
                                              : HR_WIN32(RPC_S_SERVER_UNAVAILABLE);
    return notice(entry, hr, "the servicing host is %s", state);
}

static bool provisions_apps(enum api api)
{
    return api == API__DismAddProvisionedAppxPackage ||
           api == API__DismGetProvisionedAppxPackages ||
           api == API__DismOptimizeProvisionedAppxPackages ||
           api == API__DismRemoveProvisionedAppxPackage ||
           api == API__DismRemoveProvisionedAppxPackageAllUsers;
}

/* Field failure F59: the call during which the host dies, and those after it. */
HRESULT world_check_call(enum api api, const char *root, bool *host_is_gone)
{
    AUTO_JSON struct json *list = NULL;
    const char *state;
    TRY(world_snapshot(&list));
    if (*host_is_gone)
        return FAIL(HR_WIN32(RPC_S_SERVER_UNAVAILABLE),
                    "the servicing host of this session has ended");
    const struct json *host = find_service(list, "servicing-host", &state);
    if (host) {
        *host_is_gone = true;
        return notice(host, HR_WIN32(RPC_S_CALL_FAILED),
                      "the servicing host of this session ended during the call");
    }
    for (EACH_ENTRY(entry, list)) {
        const char *at = world_entry_path(entry, "otherProcess");
        if (at && provisions_apps(api) && path_equal(at, root) &&
            text_equal(world_entry_text(entry, "does"), "app-provisioning"))
            return notice(entry, APPXPROVIDER_E_LOCKED,
                          "another process provisions apps on the image at %s", root);
    }
    return S_OK;
}

HRESULT world_check_unserviced(const char *root)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_snapshot(&list));
    for (EACH_ENTRY(entry, list)) {
        const char *at = world_entry_path(entry, "otherProcess");
        if (at && path_equal(at, root) && text_equal(world_entry_text(entry, "does"), "servicing"))
            return notice(entry, WIMPROVIDER_E_IMAGE_IN_SERVICE, "another process is servicing %s",
                          root);
    }
    return S_OK;
}

/* ---- volumes ---- */

/* What the nearest volume (of several as near, the newest) says about a property. */
static const struct json *find_volume(const struct json *list, const char *path,
                                      const char *property)
{
    const struct json *found = NULL;
    size_t depth = 0;
    for (EACH_ENTRY(entry, list)) {
        const char *at = world_entry_path(entry, "volume");
        if (at && path_is_within(path, at) && strlen(at) >= depth &&
            json_get(json_get(world_entry_change(entry), "is"), property)) {
            found = entry;
            depth = strlen(at);
        }
    }
    return found;
}

static const struct json *said_of(const struct json *entry, const char *property)
{
    return json_get(json_get(world_entry_change(entry), "is"), property);
}

static bool is_kind(const struct json *entry, const char *kind)
{
    return text_equal(json_string(said_of(entry, "kind")), kind);
}

bool world_is_network(const char *path)
{
    AUTO_JSON struct json *list = NULL;
    if (FAILED(world_snapshot(&list)))
        return false;
    return is_kind(find_volume(list, path, "kind"), "network");
}

static HRESULT check_volume(const struct json *list, const char *folder)
{
    const struct json *kind = find_volume(list, folder, "kind");
    if (is_kind(kind, "removable"))
        return notice(kind, WIMGAPI_E_NOT_FIXED_DRIVE, "%s is on a removable drive", folder);
    const struct json *reparse = find_volume(list, folder, "reparsePoints");
    if (reparse && !json_bool(said_of(reparse, "reparsePoints")))
        return notice(reparse, WIMGAPI_E_NO_REPARSE_POINTS,
                      "the volume of %s has no reparse points", folder);
    const struct json *links = find_volume(list, folder, "hardLinks");
    if (links && !json_bool(said_of(links, "hardLinks")))
        return notice(links, HR_WIN32(ERROR_NOT_SUPPORTED), "the volume of %s has no hard links",
                      folder);
    const struct json *dedup = find_volume(list, folder, "dedup");
    if (json_bool(said_of(dedup, "dedup")))
        return notice(dedup, HR_WIN32(ERROR_NOT_SUPPORTED),
                      "the volume of %s is deduplicated, and the files of an image cannot be "
                      "placed there",
                      folder);
    return S_OK;
}

static uint64_t bytes_on(const char *path, uint64_t device)
{
    AUTO_NAMES struct os_names names = {0};
    struct os_stat stat;
    uint64_t bytes = 0;
    if (FAILED(os_lstat(path, &stat)))
        return 0; /* gone meanwhile */
    if (stat.type != OS_TYPE_DIRECTORY)
        return stat.type == OS_TYPE_FILE ? stat.size : 0;
    /* Files of an overlay have devices of their own; it is folders that another volume begins at.
     */
    if (stat.device != device || FAILED(os_list(path, &names)))
        return 0;
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *child = NULL;
        if (SUCCEEDED(path_join(path, names.ptr[i], &child)))
            bytes += bytes_on(child, device);
    }
    return bytes;
}

uint64_t world_bytes_below(const char *path)
{
    struct os_stat stat;
    return SUCCEEDED(os_stat(path, &stat)) ? bytes_on(path, stat.device) : 0;
}

HRESULT world_check_room(const char *path, uint64_t bytes)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_snapshot(&list));
    const struct json *volume = find_volume(list, path, "freeBytes");
    if (!volume)
        return S_OK;
    uint64_t before = (uint64_t)json_number(json_get(volume, "used"));
    uint64_t room = (uint64_t)json_number(said_of(volume, "freeBytes"));
    uint64_t now = world_bytes_below(world_entry_path(volume, "volume"));
    if (now + bytes <= before + room)
        return S_OK;
    return notice(volume, HR_WIN32(ERROR_DISK_FULL), "the volume of %s is full", path);
}

/* ---- files ---- */

static bool are_related(const char *a, const char *b)
{
    return path_is_within(a, b) || path_is_within(b, a);
}

/* Does what somebody has open keep others out? */
static bool keeps_out(const struct json *entry, enum world_access access)
{
    const struct json *change = world_entry_change(entry);
    const char *share = world_entry_text(entry, "share");
    if (json_get(change, "tamper"))
        return text_equal(world_entry_text(entry, "how"), "lock");
    if (json_get(change, "loadHive"))
        return true;
    if (!json_get(change, "holdFile") || !share)
        return false;
    return text_equal(share, "none") ||
           (text_equal(share, "read") && (access == WORLD_WRITE || access == WORLD_CHANGE));
}

static HRESULT check_sharing(const struct json *list, const char *path, enum world_access access)
{
    for (EACH_ENTRY(entry, list)) {
        const char *at = json_string(json_get(entry, "path"));
        if (at && path_is_within(at, path) && keeps_out(entry, access))
            return notice(entry, HR_WIN32(ERROR_SHARING_VIOLATION), "%s is open in another process",
                          at);
    }
    return S_OK;
}

static HRESULT check_access(const struct json *list, const char *path)
{
    for (EACH_ENTRY(entry, list)) {
        const char *at = world_entry_path(entry, "tamper");
        if (at && are_related(path, at) &&
            text_equal(world_entry_text(entry, "how"), "deny-access"))
            return notice(entry, E_ACCESSDENIED, "access to %s is denied", at);
    }
    return S_OK;
}

/* Field failure F21 has several codes for a scanner in the way; which one depends on who meets it.
 */
static HRESULT scanner_code(const char *does, enum world_access access)
{
    if (text_equal(does, "quarantine"))
        return access == WORLD_PLACE                               ? (HRESULT)WIMGAPI_E_NO_SUCH_FILE
               : access == WORLD_SERVICE || access == WORLD_CHANGE ? HR_WIN32(ERROR_PATH_NOT_FOUND)
                                                                   : HR_WIN32(ERROR_FILE_NOT_FOUND);
    if (text_equal(does, "deny-write") && access == WORLD_WRITE)
        return WIMPROVIDER_E_NO_WRITE_PERMISSION; /* F07 */
    return access == WORLD_PLACE && text_equal(does, "block") ? (HRESULT)WIMGAPI_E_DISTURBED
                                                              : (HRESULT)E_ACCESSDENIED;
}

/* How many of these files does the scanner meet? */
static unsigned scanned(const struct json *entry, unsigned count)
{
    uint64_t nth = 0, before = (uint64_t)json_number(json_get(entry, "opened"));
    if (!json_u64(json_get(world_entry_change(entry), "nth"), &nth))
        return count;
    return nth > before && nth <= before + count;
}

static HRESULT meet_scanner(const struct json *entry, const char *path, enum world_access access,
                            unsigned count)
{
    static const char *const words[] = {"blocks", "denies writing to", "has put away"};
    const char *does = world_entry_text(entry, "does");
    bool is_policy = text_equal(does, "deny-write");
    if (text_equal(does, "slow")) {
        clock_advance((uint64_t)SLOW_MS * scanned(entry, count));
        return S_OK;
    }
    /* Whether a file may be opened at all is asked for policies that speak of all files. */
    bool is_asked = count == 0 && !json_get(world_entry_change(entry), "nth");
    if (!is_asked && scanned(entry, count) == 0)
        return S_OK;
    if (is_policy && (access == WORLD_READ || access == WORLD_SERVICE))
        return S_OK;
    const char *word = words[is_policy ? 1 : text_equal(does, "quarantine") ? 2 : 0];
    const char *what = access == WORLD_PLACE || access == WORLD_SERVICE ? "a file below " : "";
    return notice(entry, scanner_code(does, access), "a scanner or policy %s %s%s", word, what,
                  path);
}

HRESULT world_open_files(const char *path, enum world_access access, unsigned count)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_count_opened(path, count, &list));
    TRY(check_access(list, path));
    TRY(check_sharing(list, path, access));
    for (EACH_ENTRY(entry, list)) {
        const char *at = world_entry_path(entry, "scanner");
        if (at && path_is_within(path, at))
            TRY(meet_scanner(entry, path, access, count));
    }
    return S_OK;
}

HRESULT world_find_opener(const char *folder, char **out)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_snapshot(&list));
    for (EACH_ENTRY(entry, list)) {
        const struct json *change = world_entry_change(entry);
        const char *at = json_string(json_get(entry, "path"));
        bool is_open = json_get(change, "holdFile") || json_get(change, "loadHive") ||
                       text_equal(world_entry_text(entry, "how"), "lock");
        if (!at || !is_open || !path_is_within(at, folder))
            continue;
        *out = mem_dup(at);
        return *out ? S_OK : FAIL_MEMORY();
    }
    return S_FALSE;
}

HRESULT world_check_mount(const char *folder)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_snapshot(&list));
    TRY(check_filter(list));
    TRY(check_volume(list, folder));
    return check_access(list, folder);
}

/* ---- Windows Update ---- */

HRESULT world_windows_update(size_t nth, char **folder)
{
    AUTO_JSON struct json *list = NULL;
    TRY(world_snapshot(&list));
    for (EACH_ENTRY(entry, list)) {
        const char *at = world_entry_path(entry, "windowsUpdate");
        if (!at || nth-- > 0)
            continue;
        *folder = mem_dup(at);
        return *folder ? S_OK : FAIL_MEMORY();
    }
    return S_FALSE;
}

/* ---- versions ---- */

bool world_host_version(struct world_version *out)
{
    AUTO_JSON struct json *list = NULL;
    if (FAILED(world_snapshot(&list)))
        return false;
    for (EACH_ENTRY(entry, list)) {
        const char *text = world_entry_text(entry, "hostVersion");
        if (text)
            return world_parse_version(text, out);
    }
    return false;
}
