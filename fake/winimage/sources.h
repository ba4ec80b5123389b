/* SPDX-License-Identifier: MIT */
/*
 * sources.h - where payload that the image lacks may come from: the folders a caller names, in
 * their order, then the network. A folder is a Windows or its component store, or holds packages
 * called NAME~TOKEN~ARCHITECTURE~LANGUAGE~.cab (real-behaviour 4.6).
 */
#ifndef WINIMAGE_SOURCES_H
#define WINIMAGE_SOURCES_H

#include "change.h"
#include "package_source.h"

struct sources {
    VEC(char *) paths;  /* native */
    bool limits_access; /* not from the network */
};
void sources_clear(struct sources *sources);

/* Puts a component from a source into the store and, if `in_place`, where it is used. Where no
 * source has it:
 * CBS_E_SOURCE_MISSING, or why the network could not give it. */
HRESULT sources_add_component(const struct sources *sources, struct winimage *image,
                              struct change *change, const struct identity *component,
                              bool in_place);
/* The package of that name, in its highest version; codes as above. */
HRESULT sources_open_package(const struct sources *sources, const struct identity *package,
                             struct package_sources *out);
/* What a component of the store lacks; for repair. S_FALSE: no source has the right bytes. */
HRESULT sources_find_file(const struct sources *sources, const struct identity *component,
                          const char *name, const uint8_t *sha256, uint8_t **bytes, size_t *size);
/* A file of a source's Windows folder. S_FALSE: no source has it. */
HRESULT sources_read_windows_file(const struct sources *sources, const char *relative,
                                  uint8_t **bytes, size_t *size);
/* Adds the folders that a policy in the image names, behind those of the caller. */
HRESULT sources_add_policy(struct sources *sources, struct winimage *image);
/* Why nothing was found. */
HRESULT sources_missing(const struct sources *sources, const char *what);

#endif
