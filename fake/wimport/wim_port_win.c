/* SPDX-License-Identifier: MIT */
/* wim_port_win.c - see wim_port.h: libwim-15.dll, loaded when it is first needed. */
#include <stddef.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "os.h"
#include "os_win.h"
#include "path.h"
#include "text.h"
#include "wim_port.h"

#define LIBRARY "libwim-15.dll"

_Static_assert(sizeof(wimlib_tchar) == sizeof(char16_t), "wimlib's texts are UTF-16 here");

struct wim_functions wim_functions;

/* ---- the library ---- */

static HRESULT find_functions(struct os_library *library, const char *path)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define WIM_FUNCTION(function) {"wimlib_" #function, offsetof(struct wim_functions, function)},
        WIM_FUNCTIONS(WIM_FUNCTION)
#undef WIM_FUNCTION
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void (*found)(void) = os_library_symbol(library, rows[i].name);
        if (!found)
            return FAIL(HR_WIN32(ERROR_PROC_NOT_FOUND),
                        "%s has no %s: a newer wimlib is needed (" PORT_SOURCE ")", path,
                        rows[i].name);
        memcpy((char *)&wim_functions + rows[i].offset, &found, sizeof found);
    }
    return S_OK;
}

HRESULT port_load(char **file)
{
    struct os_library *library;
    AUTO_FREE char *module = NULL, *folder = NULL, *path = NULL;
    TRY(os_module_path(&module));
    TRY(path_parent(module, &folder));
    TRY(path_join(folder, LIBRARY, &path));
    if (!os_exists(path))
        return FAIL(HR_WIN32(ERROR_MOD_NOT_FOUND),
                    LIBRARY " is not in %s: image files need wimlib for Windows, from " PORT_SOURCE,
                    folder);
    TRY(os_library_open(path, &library));
    HRESULT hr = find_functions(library, path);
    if (FAILED(hr))
        os_library_close(library); /* else it stays: it has threads and handles of its own */
    *file = TAKE(path);
    return hr;
}

bool port_has_unix_data(void)
{
    return false;
}

/* ---- texts ---- */

/* On Linux there is nothing here that could fail: it does not count. */

HRESULT port_text(struct port_texts *texts, const char *utf8, wimlib_tchar **out)
{
    FLOOR_PAUSE();
    char16_t *text = NULL;
    TRY(text_to_utf16(utf8, &text));
    *out = (wimlib_tchar *)text;
    return text ? port_keep(texts, text) : S_OK;
}

HRESULT port_path(struct port_texts *texts, const char *path, wimlib_tchar **out)
{
    FLOOR_PAUSE();
    TRY(win_path(path, out));
    return port_keep(texts, *out);
}

HRESULT port_utf8(struct port_texts *texts, const wimlib_tchar *text, const char **out)
{
    FLOOR_PAUSE();
    char *utf8 = NULL;
    TRY(text_from_utf16((const char16_t *)text, &utf8));
    *out = utf8;
    return utf8 ? port_keep(texts, utf8) : S_OK;
}

HRESULT port_utf8_path(struct port_texts *texts, const wimlib_tchar *path, const char **out)
{
    FLOOR_PAUSE();
    char *utf8 = NULL;
    TRY(win_path_from(path, &utf8));
    *out = utf8;
    return port_keep(texts, utf8);
}

/* All of wimlib's are ASCII. */
const char *port_why(int code, struct port_why *room)
{
    const wimlib_tchar *why = WIM(get_error_string)((enum wimlib_error_code)code);
    size_t i = 0;
    for (; why[i] && i < sizeof room->text - 1; i++)
        room->text[i] = why[i] < 0x80 ? (char)why[i] : '?';
    room->text[i] = '\0';
    return room->text;
}
