/* SPDX-License-Identifier: MIT */
/*
 * appx_name.h - what an app package is called: NAME_VERSION_ARCHITECTURE_RESOURCE_PUBLISHERID, its
 * full name; its family is NAME_PUBLISHERID (real-behaviour 4.8).
 */
#ifndef WINIMAGE_APPX_NAME_H
#define WINIMAGE_APPX_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"

enum { APPX_PUBLISHER_ID = 13 };

/* 13 letters and digits made of the publisher's hash. */
HRESULT appx_publisher_id(const char *publisher, char out[APPX_PUBLISHER_ID + 1]);

struct appx_name {
    char *text; /* all of it */
    char *name, *architecture, *resource, *publisher_id;
    uint64_t version; /* four 16-bit numbers */
};
/* E_INVALIDARG: not of that form. Only characters that are no part of a path are taken, so that a
 * full name can be a folder's. */
HRESULT appx_name_parse(const char *text, struct appx_name *out);
/* `resource` "~" for bundles, "" for none. */
HRESULT appx_name_make(const char *name, uint64_t version, const char *architecture,
                       const char *resource, const char *publisher, struct appx_name *out);
HRESULT appx_name_copy(const struct appx_name *from, struct appx_name *out);
void appx_name_clear(struct appx_name *name);
#define AUTO_APPX_NAME AUTO(appx_name_clear)

bool appx_name_is_family(const struct appx_name *a, const struct appx_name *b);
/* Caller's; NULL without memory. */
char *appx_name_family(const struct appx_name *name);
/* "x64" as PROCESSOR_ARCHITECTURE_AMD64; false: no such word. */
bool appx_architecture(const char *word, unsigned *out);
/* Does an image of that architecture run packages of this one? */
bool appx_architecture_fits(const char *word, unsigned image);

#endif
