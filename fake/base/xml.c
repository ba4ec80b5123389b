/* SPDX-License-Identifier: MIT */
/*
 * xml.c - see xml.h, by libxml2's SAX interface. A document type ends the reading at once, before
 * an entity can be defined; libxml2's own limits (no XML_PARSE_HUGE) end what is nested or long
 * beyond reason, DEEPEST what is nested further than any file of Windows.
 */
#include "xml.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "scope.h"
#include "text.h"
#include "vec.h"

#define DEEPEST 256

struct reading {
    const char *name; /* for messages */
    const struct xml_handler *handler;
    void *context;
    xmlParserCtxtPtr parser;
    unsigned depth;
    HRESULT hr; /* not S_OK: the reading has ended */
    struct error error;
    VEC(struct xml_attribute) attributes;
    VEC(char *) values; /* of the attributes of this element */
};

const char *xml_attribute(const struct xml_element *element, const char *name)
{
    for (size_t i = 0; i < element->attribute_count; i++)
        if (text_equal(element->attributes[i].name, name))
            return element->attributes[i].value;
    return NULL;
}

/* hr S_FALSE ends the reading as a success. */
static void end_with(struct reading *r, HRESULT hr)
{
    if (r->hr != S_OK || hr == S_OK)
        return;
    r->hr = hr;
    if (FAILED(hr))
        r->error = *error_last();
    xmlStopParser(r->parser);
}

static void forget_values(struct reading *r)
{
    for (size_t i = 0; i < r->values.len; i++)
        mem_free(r->values.ptr[i]);
    r->values.len = 0;
    r->attributes.len = 0;
}

/* libxml2 gives five pointers an attribute: name, prefix, namespace, value and its end. */
static HRESULT take_attributes(struct reading *r, int count, const xmlChar **from)
{
    forget_values(r);
    for (int i = 0; i < count; i++, from += 5) {
        char *value = mem_dup_n((const char *)from[3], (size_t)(from[4] - from[3]));
        char **slot = value ? vec_push(&r->values) : NULL;
        if (!slot) {
            mem_free(value);
            return FAIL_MEMORY();
        }
        *slot = value;
        struct xml_attribute *attribute = vec_push(&r->attributes);
        if (!attribute)
            return FAIL_MEMORY();
        *attribute = (struct xml_attribute){(const char *)from[0], value};
    }
    return S_OK;
}

static HRESULT start(struct reading *r, const xmlChar *name, const xmlChar *space, int count,
                     const xmlChar **attributes)
{
    if (++r->depth > DEEPEST)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: elements are nested deeper than %d", r->name,
                    DEEPEST);
    if (!r->handler->start)
        return S_OK;
    TRY(take_attributes(r, count, attributes));
    const struct xml_element element = {(const char *)name, space ? (const char *)space : "",
                                        r->attributes.ptr, r->attributes.len, r->depth};
    return r->handler->start(r->context, &element);
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *space, int space_count, const xmlChar **spaces, int count,
                     int defaulted, const xmlChar **attributes)
{
    struct reading *r = context;
    (void)prefix, (void)space_count, (void)spaces, (void)defaulted;
    if (r->hr == S_OK)
        end_with(r, start(r, name, space, count, attributes));
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
    struct reading *r = context;
    (void)prefix, (void)space;
    if (r->hr == S_OK && r->handler->end)
        end_with(r, r->handler->end(r->context, (const char *)name, r->depth));
    r->depth--;
}

static void on_text(void *context, const xmlChar *text, int length)
{
    struct reading *r = context;
    if (r->hr == S_OK && r->handler->text)
        end_with(r, r->handler->text(r->context, (const char *)text, (size_t)length));
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
    struct reading *r = context;
    (void)name, (void)id, (void)uri;
    end_with(r, FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s: a document type is not accepted", r->name));
}

/* Not one of ours: without a document type there are the five of XML alone. */
static xmlEntityPtr on_entity(void *context, const xmlChar *name)
{
    (void)context;
    return xmlGetPredefinedEntity(name);
}

static void on_error(void *context, xmlErrorPtr error)
{
    struct reading *r = context;
    /* Not every name of a namespace is a URI. */
    if (error->level < XML_ERR_ERROR || error->code == XML_WAR_NS_URI)
        return;
    if (error->code == XML_ERR_NO_MEMORY) {
        end_with(r, FAIL_MEMORY());
        return;
    }
    int length = error->message ? (int)strcspn(error->message, "\r\n") : 0;
    end_with(r, FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s, line %d: %.*s", r->name, error->line,
                     length, error->message ? error->message : ""));
}

/* XML_PARSE_NOENT: without it "&amp;" in an attribute stays "&#38;"; there are no other entities.
 */
static HRESULT parse(struct reading *r, const void *bytes, size_t size)
{
    static const xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                                      .startElementNs = on_start,
                                      .endElementNs = on_end,
                                      .characters = on_text,
                                      .cdataBlock = on_text,
                                      .internalSubset = on_doctype,
                                      .getEntity = on_entity,
                                      .serror = on_error};
    if (size > INT_MAX)
        return FAIL(HR_WIN32(ERROR_FILE_TOO_LARGE), "%s is too long for XML", r->name);
    if (size == 0)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is empty", r->name);
    xmlInitParser();
    r->parser = xmlCreateMemoryParserCtxt(bytes, (int)size);
    if (!r->parser)
        return FAIL_MEMORY();
    *r->parser->sax = sax;
    r->parser->userData = r;
    (void)xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_NOENT);
    (void)xmlParseDocument(r->parser);
    const xmlParserInput *rest = r->parser->input; /* a NUL ends the reading, too */
    bool is_whole = r->parser->wellFormed && rest && rest->cur == rest->end;
    if (r->parser->myDoc)
        xmlFreeDoc(r->parser->myDoc);
    xmlFreeParserCtxt(r->parser);
    if (FAILED(r->hr))
        error_restore(&r->error);
    else if (r->hr == S_OK && !is_whole)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is not well-formed XML", r->name);
    return FAILED(r->hr) ? r->hr : S_OK;
}

HRESULT xml_read(const void *bytes, size_t size, const char *name,
                 const struct xml_handler *handler, void *context)
{
    struct reading r = {.name = name, .handler = handler, .context = context};
    HRESULT hr = parse(&r, bytes, size);
    forget_values(&r);
    vec_clear(&r.values);
    vec_clear(&r.attributes);
    return hr;
}

HRESULT xml_escape(struct text *out, const char *text)
{
    if (!text_is_utf8(text, strlen(text)))
        return FAIL(E_INVALIDARG, "a text that is not UTF-8 has no form in XML");
    for (; *text; text++) {
        switch (*text) {
        case '&':
            text_add(out, "&amp;");
            break;
        case '<':
            text_add(out, "&lt;");
            break;
        case '>':
            text_add(out, "&gt;");
            break;
        case '"':
            text_add(out, "&quot;");
            break;
        case '\'':
            text_add(out, "&apos;");
            break;
        case '\t':
        case '\n':
        case '\r':
            text_addf(out, "&#%d;", *text);
            break;
        default:
            if ((unsigned char)*text < 0x20)
                return FAIL(E_INVALIDARG, "a control character has no form in XML");
            text_add_n(out, text, 1);
        }
    }
    return out->failed ? FAIL_MEMORY() : S_OK;
}
