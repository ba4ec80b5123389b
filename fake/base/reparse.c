/* SPDX-License-Identifier: MIT */
/* reparse.c - see reparse.h. */
#include "reparse.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "scope.h"
#include "text.h"

#define TAG_JUNCTION 0xA0000003u
#define TAG_SYMLINK 0xA000000Cu

bool reparse_is_link(uint32_t tag)
{
    return tag == TAG_JUNCTION || tag == TAG_SYMLINK;
}

static unsigned u16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

/* Four numbers (offset and size of the real target, the same of the one for display), a symbolic
 * link's flags, then the texts. */
static HRESULT substitute_name(uint32_t tag, const unsigned char *data, size_t size, char **out)
{
    const size_t header = tag == TAG_SYMLINK ? 12 : 8;
    if (size < header)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "a link's data of %zu bytes", size);
    const size_t at = u16(data), len = u16(data + 2);
    if (at > size - header || len > size - header - at || len % 2 != 0)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "a link's target outside of its data");
    AUTO_FREE char16_t *text = mem_array(len / 2 + 1, sizeof *text);
    if (!text)
        return FAIL_MEMORY();
    memcpy(text, data + header + at, len);
    return text_from_utf16_n(text, len / 2, out);
}

/* Behind "\??\C:" or "C:", or from the first separator of another device's name. NULL: the text is
 * relative. */
static const char *absolute_part(const char *name)
{
    const char *s = name;
    if (strncmp(s, "\\??\\", 4) == 0 || strncmp(s, "\\\\?\\", 4) == 0)
        s += 4;
    const bool has_drive = ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')) && s[1] == ':';
    if (has_drive)
        return s + 2;
    return s != name || *s == '\\' ? s : NULL;
}

HRESULT reparse_target(uint32_t tag, const unsigned char *data, size_t size, const char *root,
                       char **out)
{
    AUTO_FREE char *name = NULL;
    TRY(substitute_name(tag, data, size, &name));
    const char *absolute = absolute_part(name);
    char *target = absolute ? mem_format("%s%s%s", root, *absolute == '\\' ? "" : "/", absolute)
                            : mem_dup(name);
    if (!target)
        return FAIL_MEMORY();
    for (char *c = absolute ? target + strlen(root) : target; *c; c++) {
        if (*c == '\\')
            *c = '/';
    }
    *out = target;
    return S_OK;
}

/* ---- making ---- */

static void put_u16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

/* The target as Windows writes it: with its separators; an absolute one lies on C:. */
static HRESULT windows_target(const char *target, char **out)
{
    char *text = mem_format("%s%s", *target == '/' ? "C:" : "", target);
    if (!text)
        return FAIL_MEMORY();
    for (char *at = text; *at; at++)
        if (*at == '/')
            *at = '\\';
    *out = text;
    return S_OK;
}

HRESULT reparse_make_link(const char *target, char **out, size_t *size)
{
    const bool is_relative = *target != '/';
    AUTO_FREE char *shown = NULL;
    AUTO_FREE char16_t *print = NULL, *real = NULL;
    TRY(windows_target(target, &shown));
    AUTO_FREE char *substitute = mem_format("%s%s", is_relative ? "" : "\\??\\", shown);
    if (!substitute)
        return FAIL_MEMORY();
    TRY(text_to_utf16(shown, &print));
    TRY(text_to_utf16(substitute, &real));
    const size_t print_len = 2 * text_utf16_len(print), real_len = 2 * text_utf16_len(real);
    if (print_len + real_len + 20 > 16384)
        return FAIL(HR_WIN32(ERROR_INVALID_NAME), "a link to %s is too long for NTFS", target);
    unsigned char *data = mem_alloc(20 + real_len + print_len);
    if (!data)
        return FAIL_MEMORY();
    put_u16(data, TAG_SYMLINK & 0xFFFF);
    put_u16(data + 2, TAG_SYMLINK >> 16);
    put_u16(data + 4, 12 + real_len + print_len);
    put_u16(data + 10, real_len); /* the real target begins at 0 */
    put_u16(data + 12, real_len);
    put_u16(data + 14, print_len);
    data[16] = is_relative;
    memcpy(data + 20, real, real_len);
    memcpy(data + 20 + real_len, print, print_len);
    *out = (char *)data;
    *size = 20 + real_len + print_len;
    return S_OK;
}
