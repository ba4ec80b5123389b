/* SPDX-License-Identifier: MIT */
/* online.c - see online.h. Made beside its place and renamed, so that it is whole or not there. */
#include "online.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "settings.h"

static HRESULT make_file(const char *root, const char *folder, const char *name, const char *text)
{
    AUTO_FREE char *parent = NULL, *path = NULL;
    TRY(path_join(root, folder, &parent));
    TRY(os_make_directories(parent));
    TRY(path_join(parent, name, &path));
    return os_write_file_atomic(path, text, strlen(text));
}

static HRESULT seed(const char *root)
{
    TRY(make_file(root, "Windows/System32", "ntdll.dll", "dismfake online image\n"));
    TRY(make_file(root, "Windows/System32/drivers/etc", "hosts", "127.0.0.1 localhost\r\n"));
    TRY(make_file(root, "Windows/Logs/DISM", "readme.txt", "the log of the online image\r\n"));
    return make_file(root, "Users/Public", "desktop.ini", "[.ShellClassInfo]\r\n");
}

HRESULT online_prepare(void)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    if (os_is_directory(settings->online))
        return S_OK;
    if (settings->online_is_given)
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "DISMFAKE_ONLINE names %s, which is no folder",
                    settings->online);
    AUTO_FREE char *making = mem_format("%s.making.%u", settings->online, os_pid());
    if (!making)
        return FAIL_MEMORY();
    if (os_exists(making))
        TRY(os_remove_tree(making, true));
    TRY(seed(making));
    HRESULT hr = os_rename(making, settings->online);
    if (FAILED(hr)) {
        (void)os_remove_tree(making, true);
        return os_is_directory(settings->online) ? S_OK : hr; /* another process was faster */
    }
    return S_OK;
}
