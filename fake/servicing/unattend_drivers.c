/* SPDX-License-Identifier: MIT */
/* unattend_drivers.c - see unattend_drivers.h. */
#include "unattend_drivers.h"

#include "client_path.h"
#include "dism_codes.h"
#include "driver_change.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"

#define COMPONENT "Microsoft-Windows-PnpCustomizationsNonWinPE"
#define PATH "DriverPaths/PathAndCredentials/Path"
#define DEEPEST 64 /* folders */

/* Every INF in the folder and below it. */
static HRESULT add_below(struct winimage *image, struct change *change, const char *folder,
                         unsigned depth)
{
    AUTO_NAMES struct os_names names = {0};
    if (depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "folders of drivers are nested too deep");
    TRY(os_list(folder, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *path = NULL;
        struct os_stat stat;
        TRY(path_join(folder, names.ptr[i], &path));
        TRY(os_lstat(path, &stat));
        if (stat.type == OS_TYPE_DIRECTORY)
            TRY(add_below(image, change, path, depth + 1));
        else if (stat.type == OS_TYPE_FILE && path_has_extension(path, ".inf"))
            TRY(driver_add(image, change, path, NULL, false));
    }
    return S_OK;
}

HRESULT unattend_drivers(struct winimage *image, struct change *change,
                         const struct answer_file *file, const char *folder)
{
    for (size_t i = 0; i < file->settings.len; i++) {
        const struct answer_setting *s = &file->settings.ptr[i];
        AUTO_FREE char *path = NULL;
        if (!text_equal_nocase(s->component, COMPONENT) || !text_equal_nocase(s->path, PATH))
            continue;
        if (image->is_online)
            return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED),
                        "drivers of the running Windows are not for DISM to change");
        TRY(client_path_in(s->value, folder, "a driver path", HR_WIN32(ERROR_NOT_SUPPORTED),
                           &path));
        TRY(add_below(image, change, path, 0));
    }
    return S_OK;
}
