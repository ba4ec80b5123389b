/* SPDX-License-Identifier: MIT */
/*
 * xml.h - XML read as a stream of events, by libxml2's SAX interface. No document type is accepted
 * (so no entity is ever expanded), nothing is fetched, nesting and size have an end.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stddef.h>

#include "hr.h"

struct xml_attribute {
    const char *name; /* without a prefix */
    const char *value;
};

struct xml_element {
    const char *name;  /* without a prefix */
    const char *space; /* URI of its namespace; "" if none */
    const struct xml_attribute *attributes;
    size_t attribute_count;
    unsigned depth; /* 1: the root */
};
/* NULL: there is none. */
const char *xml_attribute(const struct xml_element *element, const char *name);

/* Any of them may be NULL. Texts are UTF-8 and valid during the call; `text` may come in pieces. A
 * failure ends the reading and is passed on; S_FALSE of `start` or `end` ends it as a success. */
struct xml_handler {
    HRESULT (*start)(void *context, const struct xml_element *element);
    HRESULT (*text)(void *context, const char *text, size_t length);
    HRESULT (*end)(void *context, const char *name, unsigned depth);
};

/* HRESULT_FROM_WIN32(ERROR_INVALID_DATA): not well formed, namespaces included, has a document
 * type, or is nested deeper than 256; the message has the line. ERROR_FILE_TOO_LARGE: 2 GiB and
 * more. `name` is for messages. UTF-8, UTF-16, ISO 8859 and, on Linux, what iconv knows. */
HRESULT xml_read(const void *bytes, size_t size, const char *name,
                 const struct xml_handler *handler, void *context);

struct text;
/* Adds the text with &, <, >, quotes, tabs and line ends escaped, for content and attributes.
 * E_INVALIDARG: other control characters, or not UTF-8. */
HRESULT xml_escape(struct text *out, const char *text);

#endif
