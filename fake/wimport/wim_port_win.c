/* SPDX-License-Identifier: MIT */
/* wim_port_win.c - see wim_port.h: libwim-15.dll, loaded when it is first needed. */
#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "wim_port.h"

#define LIBRARY "libwim-15.dll"
#define SOURCE "https://wimlib.net"

_Static_assert(sizeof(wimlib_tchar) == sizeof(char16_t), "wimlib's texts are UTF-16 here");

struct wim_functions wim_functions;

/* ---- the library ---- */

static HRESULT find_functions(struct os_library *library, const char *path)
{
    static const struct {
        const char *name;
        void (**slot)(void);
    } rows[] = {
#define WIM_FUNCTION(function)                                                                     \
    {"wimlib_" #function, (void (**)(void))(void *)&wim_functions.function},
        WIM_FUNCTIONS(WIM_FUNCTION)
#undef WIM_FUNCTION
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *rows[i].slot = os_library_symbol(library, rows[i].name);
        if (!*rows[i].slot)
            return FAIL(HR_WIN32(ERROR_PROC_NOT_FOUND),
                        "%s has no %s: a newer wimlib is needed (" SOURCE ")", path, rows[i].name);
    }
    return S_OK;
}

HRESULT port_load(void)
{
    static struct os_library *library; /* stays: it has threads and handles of its own */
    AUTO_FREE char *module = NULL, *folder = NULL, *path = NULL;
    if (library)
        return S_OK;
    TRY(os_module_path(&module));
    TRY(path_parent(module, &folder));
    TRY(path_join(folder, LIBRARY, &path));
    if (!os_exists(path))
        return FAIL(HR_WIN32(ERROR_MOD_NOT_FOUND),
                    LIBRARY " is not in %s: image files need wimlib for Windows, from " SOURCE,
                    folder);
    struct os_library *opened;
    TRY(os_library_open(path, &opened));
    HRESULT hr = find_functions(opened, path);
    if (FAILED(hr))
        os_library_close(opened);
    else
        library = opened;
    return hr;
}

bool port_has_unix_data(void)
{
    return false;
}

/* ---- texts ---- */

HRESULT port_text(struct port_texts *texts, const char *utf8, wimlib_tchar **out)
{
    char16_t *text = NULL;
    TRY(text_to_utf16(utf8, &text));
    *out = (wimlib_tchar *)text;
    return text ? port_keep(texts, text) : S_OK;
}

/* Absolute, with backslashes, and behind what switches the limit of 260 units off. */
static HRESULT long_form(const char *path, char **out)
{
    AUTO_FREE char *cwd = NULL, *absolute = NULL;
    if (!path_is_absolute(path))
        TRY(os_cwd(&cwd));
    TRY(path_absolute(path, cwd, &absolute));
    char *made = mem_format("\\\\?\\%s", absolute);
    if (!made)
        return FAIL_MEMORY();
    for (char *c = made; *c; c++)
        if (*c == '/')
            *c = '\\';
    *out = made;
    return S_OK;
}

HRESULT port_path(struct port_texts *texts, const char *path, wimlib_tchar **out)
{
    AUTO_FREE char *form = NULL;
    TRY(long_form(path, &form));
    return port_text(texts, form, out);
}

HRESULT port_utf8(struct port_texts *texts, const wimlib_tchar *text, const char **out)
{
    char *utf8 = NULL;
    TRY(text_from_utf16((const char16_t *)text, &utf8));
    *out = utf8;
    return utf8 ? port_keep(texts, utf8) : S_OK;
}

HRESULT port_utf8_path(struct port_texts *texts, const wimlib_tchar *path, const char **out)
{
    char *utf8 = NULL;
    TRY(text_from_utf16((const char16_t *)path, &utf8));
    *out = utf8;
    if (!utf8)
        return S_OK;
    for (char *c = utf8; *c; c++)
        if (*c == '\\')
            *c = '/';
    bool is_long = utf8[0] == '/' && utf8[1] && utf8[2] == '?' && utf8[3] == '/';
    if (is_long)
        *out = utf8 + 4;
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
