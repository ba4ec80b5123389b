/* SPDX-License-Identifier: MIT */
/* os_win_program.c - programs by name. */
#include "os_win.h"

HRESULT os_find_program(const char *name, char **out)
{
    AUTO_FREE char16_t *wide = NULL;
    AUTO_FREE wchar_t *path = NULL, *found = NULL;
    TRY(text_to_utf16(name, &wide));
    DWORD size = GetEnvironmentVariableW(L"PATH", NULL, 0), len = 0;
    if (!(path = mem_array((size_t)size + 1, sizeof *path)))
        return FAIL_MEMORY();
    (void)GetEnvironmentVariableW(L"PATH", path, size);
    size = SearchPathW(path, wide, L".exe", 0, NULL, NULL);
    if (size && !(found = mem_array((size_t)size + 1, sizeof *found)))
        return FAIL_MEMORY();
    if (size)
        len = SearchPathW(path, wide, L".exe", size + 1, found, NULL);
    if (len == 0 || len > size)
        return FAIL(HR_WIN32(2), "there is no program %s.exe in PATH", name);
    return win_path_from(found, out);
}
