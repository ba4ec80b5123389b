/* SPDX-License-Identifier: MIT */
/* regf_make.c - see regf.h: what makers of hives say, paths and texts. */
#include <string.h>

#include "bytes.h"
#include "error.h"
#include "regf.h"
#include "text.h"

enum { REG_OF_TEXT = 1, REG_OF_NUMBER = 4, REG_OF_TEXTS = 7 };

HRESULT regf_text_bytes(struct text *out, const char *text)
{
    AUTO_FREE char16_t *units = NULL;
    TRY(text_to_utf16(text, &units));
    const size_t count = text_utf16_len(units) + 1;
    for (size_t i = 0; i < count; i++)
        set_le(&units[i], 2, units[i]); /* in place: little endian */
    text_add_n(out, (const char *)units, 2 * count);
    return out->failed ? FAIL_MEMORY() : S_OK;
}

static HRESULT make(struct regf *regf, const char *path, regf_key *out)
{
    *out = regf_root(regf);
    while (*path) {
        size_t len = strcspn(path, "\\");
        if (len > 0)
            TRY(regf_make_child(regf, *out, path, len, out));
        path += len + (path[len] == '\\');
    }
    return S_OK;
}

HRESULT regf_add_key(struct regf *regf, const char *path)
{
    regf_key key;
    return make(regf, path, &key);
}

HRESULT regf_add_bytes(struct regf *regf, const char *path, const char *name, uint32_t type,
                       const void *data, size_t size)
{
    regf_key key;
    TRY(make(regf, path, &key));
    return regf_set(regf, key, name, type, data, size);
}

HRESULT regf_add_text(struct regf *regf, const char *path, const char *name, const char *text)
{
    struct text bytes AUTO(text_clear) = {0};
    TRY(regf_text_bytes(&bytes, text));
    return regf_add_bytes(regf, path, name, REG_OF_TEXT, bytes.ptr, bytes.len);
}

HRESULT regf_add_texts(struct regf *regf, const char *path, const char *name,
                       const char *const *texts, size_t count)
{
    struct text bytes AUTO(text_clear) = {0};
    for (size_t i = 0; i < count; i++)
        TRY(regf_text_bytes(&bytes, texts[i]));
    text_add_n(&bytes, "\0", 2);
    return bytes.failed ? FAIL_MEMORY()
                        : regf_add_bytes(regf, path, name, REG_OF_TEXTS, bytes.ptr, bytes.len);
}

HRESULT regf_add_number(struct regf *regf, const char *path, const char *name, uint32_t value)
{
    uint8_t bytes[4];
    set_le(bytes, 4, value);
    return regf_add_bytes(regf, path, name, REG_OF_NUMBER, bytes, sizeof bytes);
}
