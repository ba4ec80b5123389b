/* SPDX-License-Identifier: MIT */
/*
 * package_source.h - packages as files: a cabinet (.cab), a folder with what was in one (or the
 * manifest in it), or an older .msu, which is a cabinet with several of them.
 */
#ifndef WINIMAGE_PACKAGE_SOURCE_H
#define WINIMAGE_PACKAGE_SOURCE_H

#include "archive.h"
#include "manifest.h"

struct package_source {
    struct archive *archive;
    struct manifest *manifest;
    char *text;   /* its identity */
    size_t index; /* of update.mum in the archive */
};

struct package_sources {
    VEC(struct package_source) list; /* at least one */
    bool is_msu;
};

/* ERROR_FILE_NOT_FOUND and the like: nothing there. CBS_E_INVALID_PACKAGE: a file that is no
 * cabinet, or an archive without a manifest (E_INVALIDARG for a folder, DismAddPackage's table).
 * ERROR_INVALID_DATA: damaged. ERROR_XML_PARSE_ERROR: so is the answer file of an .msu. */
HRESULT package_sources_open(const char *path, struct package_sources *out);
void package_sources_clear(struct package_sources *sources);
#define AUTO_PACKAGE_SOURCES AUTO(package_sources_clear)

#endif
