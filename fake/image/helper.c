/* SPDX-License-Identifier: MIT */
/* helper.c - see helper.h. */
#include "helper.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"

HRESULT helper_find(const char *name, char **out)
{
    static const char *const places[] = {"", "../libexec/dismfake/", "../../libexec/dismfake/",
                                         "../fake/"};
    AUTO_FREE char *module = NULL, *folder = NULL;
    TRY(os_module_path(&module));
    TRY(path_parent(module, &folder));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        AUTO_FREE char *path = mem_format("%s/%s%s", folder, places[i], name);
        if (!path)
            return FAIL_MEMORY();
        if (os_is_file(path)) {
            *out = TAKE(path);
            return S_OK;
        }
    }
    return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "%s is not installed with the library in %s", name,
                folder);
}

HRESULT helper_understand(const char *name, const char *line)
{
    unsigned code;
    int end = 0;
    if (text_equal(line, "ok") || text_starts(line, "ok "))
        return S_OK;
    if (text_starts(line, "refused ")) {
        FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s", line + strlen("refused "));
        return S_FALSE;
    }
    if (sscanf(line, "failed 0x%x %n", &code, &end) == 1 && end)
        return FAIL((HRESULT)code, "%s", line + end);
    return FAIL(E_FAIL, "%s answers '%s'", name, line);
}
