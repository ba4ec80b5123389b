/* SPDX-License-Identifier: MIT */
/* wim_port_posix.c - see wim_port.h: wimlib is linked and its texts are ours. */
#include <stdint.h>

#include "error.h"
#include "wim_port.h"

HRESULT port_load(char **file)
{
    *file = mem_dup("libwim.so.15");
    return *file ? S_OK : FAIL_MEMORY();
}

bool port_has_unix_data(void)
{
    return true;
}

HRESULT port_text(struct port_texts *texts, const char *utf8, wimlib_tchar **out)
{
    (void)texts;
    *out = (wimlib_tchar *)(uintptr_t)utf8; /* wimlib's structures have no const */
    return S_OK;
}

HRESULT port_path(struct port_texts *texts, const char *path, wimlib_tchar **out)
{
    return port_text(texts, path, out);
}

HRESULT port_utf8(struct port_texts *texts, const wimlib_tchar *text, const char **out)
{
    (void)texts;
    *out = text;
    return S_OK;
}

HRESULT port_utf8_path(struct port_texts *texts, const wimlib_tchar *path, const char **out)
{
    return port_utf8(texts, path, out);
}

const char *port_why(int code, struct port_why *room)
{
    (void)room;
    return WIM(get_error_string)((enum wimlib_error_code)code);
}
