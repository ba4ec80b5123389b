/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xml.c - libFuzzer's entry: any bytes as an XML document. What is told of one is written as a
 * document again, in which the same is found. What is said of others is text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mem.h"
#include "scope.h"
#include "text.h"
#include "xml.h"

/* Attributes have other names, since prefixes are not told: two may have become one. */
static HRESULT write_start(void *context, const struct xml_element *e)
{
    struct text *out = context;
    text_addf(out, "<%s", e->name);
    for (size_t i = 0; i < e->attribute_count; i++) {
        text_addf(out, " a%zu=\"", i);
        TRY(xml_escape(out, e->attributes[i].value));
        text_add(out, "\"");
    }
    text_add(out, ">");
    return S_OK;
}

static HRESULT write_text(void *context, const char *text, size_t length)
{
    AUTO_FREE char *piece = mem_dup_n(text, length);
    return xml_escape(context, piece);
}

static HRESULT write_end(void *context, const char *name, unsigned depth)
{
    (void)depth;
    text_addf(context, "</%s>", name);
    return S_OK;
}

static const struct xml_handler writer = {write_start, write_text, write_end};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text first = {0}, second = {0};
    HRESULT hr = xml_read(data, size, "input", &writer, &first);
    if (FAILED(hr)) {
        if (hr == E_INVALIDARG || !text_is_utf8(error_last()->text, strlen(error_last()->text)))
            abort();
        return 0;
    }
    hr = xml_read(first.ptr, first.len, "again", &writer, &second);
    if (FAILED(hr) || !text_equal(first.ptr, second.ptr)) {
        fprintf(stderr, "0x%08X %s\n%s\n%s\n", (unsigned)hr, error_last()->text, first.ptr,
                second.ptr ? second.ptr : "");
        abort();
    }
    return 0;
}
