/* SPDX-License-Identifier: MIT */
/*
 * sources.h - where payload that the image lacks may come from: the places a caller names, in their
 * order, then those of a policy, then Windows Update (real-behaviour 4.6). One that is not there,
 * cannot be read or has damage is passed over, with a warning in the log.
 */
#ifndef WINIMAGE_SOURCES_H
#define WINIMAGE_SOURCES_H

#include "package_source.h"
#include "source.h"

struct sources {
    VEC(struct source *) list;
    bool limits_access;    /* not from Windows Update */
    bool has_update;       /* which is among the list */
    struct change *change; /* in which what sources have is unpacked */
};
void sources_clear(struct sources *sources);

/* Puts a component from a source into the store and, if `in_place`, where it is used. Where no
 * source has it: CBS_E_SOURCE_MISSING, or why Windows Update could not give it. */
HRESULT sources_add_component(const struct sources *sources, struct winimage *image,
                              struct change *change, const struct identity *component,
                              bool in_place);
/* The package of that name; codes as above. A cabinet may have any version. */
HRESULT sources_open_package(const struct sources *sources, const struct identity *package,
                             struct package_sources *out);
/* What a component of the store lacks; for repair. S_FALSE: no source has the right bytes. */
HRESULT sources_find_file(const struct sources *sources, const struct identity *component,
                          const char *name, const uint8_t *sha256, uint8_t **bytes, size_t *size);
/* A file of a source's Windows folder. S_FALSE: no source has it. */
HRESULT sources_read_windows_file(const struct sources *sources, const char *relative,
                                  uint8_t **bytes, size_t *size);
/* Why nothing was found. */
HRESULT sources_missing(const struct sources *sources, const char *what);

/* What a policy in the image says: places with semicolons between them (caller's, NULL: none), and
 * whether Windows Update is never to be asked. */
HRESULT sources_policy(struct winimage *image, char **places, bool *limits_access);

#endif
