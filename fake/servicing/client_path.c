/* SPDX-License-Identifier: MIT */
/* client_path.c - see client_path.h. */
#include "client_path.h"

#include <string.h>

#include "error.h"
#include "os.h"
#include "path.h"
#include "settings.h"
#include "text.h"
#include "world.h"

#define LONGEST_PATH 32767 /* UTF-16 units, the limit of \\?\ paths */

/* A path on a volume of the simulated machine: a network drive is as good as \\\\server\\share. */
static HRESULT check_volume(const char *path, const char *what, HRESULT network_hr)
{
    if (!world_is_network(path))
        return S_OK;
    return FAIL(network_hr, "%s is %s on a network drive: files on the network are not supported",
                what, path);
}

static HRESULT map_drive(const char *native, char drive, char **out)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    const char *rest = strchr(native, ':') + 1;
    while (*rest == '/')
        rest++;
    AUTO_FREE char *folder = NULL;
    if (drive == 'C')
        folder = mem_dup(settings->online);
    else
        folder = mem_format("%s/drives/%c", settings->state, drive);
    if (!folder)
        return FAIL_MEMORY();
    return *rest ? path_join(folder, rest, out) : path_absolute(folder, "/", out);
}

/* `folder` is what it is relative to; NULL: this process's current one. */
static HRESULT resolve(const char *path, const char *folder, const char *what, HRESULT network_hr,
                       char **out)
{
    AUTO_FREE char *native = NULL;
    if (!*path)
        return FAIL(E_INVALIDARG, "%s is empty", what);
    if (path_is_network(path))
        return FAIL(network_hr, "%s is %s: files on the network are not supported", what, path);
    const char *flaw = path_flaw(path);
    if (flaw)
        return FAIL(E_INVALIDARG, "%s is %s, which is no well-formed path: %s", what, path, flaw);
    TRY(folder ? path_absolute(path, folder, &native) : path_full(path, &native));
    if (path_is_network(native)) /* the current folder is */
        return FAIL(network_hr, "%s is %s: files on the network are not supported", what, native);
    char drive = path_drive(native);
    if (drive && !os_has_drives())
        return map_drive(native, drive, out);
    *out = TAKE(native);
    return S_OK;
}

HRESULT client_path_any_volume(PCWSTR text, const char *what, HRESULT network_hr, char **out)
{
    AUTO_FREE char *utf8 = NULL;
    if (text_utf16_len(text) > LONGEST_PATH)
        return FAIL(E_INVALIDARG, "%s is longer than %d characters", what, LONGEST_PATH);
    TRY(text_from_utf16(text, &utf8));
    return resolve(utf8, NULL, what, network_hr, out);
}

HRESULT client_path_in(const char *text, const char *folder, const char *what, HRESULT network_hr,
                       char **out)
{
    AUTO_FREE char *path = NULL;
    TRY(resolve(text, folder, what, network_hr, &path));
    TRY(check_volume(path, what, network_hr));
    *out = TAKE(path);
    return S_OK;
}

HRESULT client_path(PCWSTR text, const char *what, HRESULT network_hr, char **out)
{
    AUTO_FREE char *path = NULL;
    TRY(client_path_any_volume(text, what, network_hr, &path));
    TRY(check_volume(path, what, network_hr));
    *out = TAKE(path);
    return S_OK;
}

HRESULT client_path_canonical(const char *path, char **out)
{
    if (SUCCEEDED(os_real_path(path, out)))
        return S_OK;
    *out = mem_dup(path); /* nothing there, or a mount whose helper is dead */
    return *out ? S_OK : FAIL_MEMORY();
}
