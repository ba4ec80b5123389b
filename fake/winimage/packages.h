/* SPDX-License-Identifier: MIT */
/*
 * packages.h - the packages of an image, as the registry's Component Based Servicing key has them
 * (real-behaviour 4.1). Read once and kept with the image.
 */
#ifndef WINIMAGE_PACKAGES_H
#define WINIMAGE_PACKAGES_H

#include "dismapi.h"
#include "identity.h"
#include "manifest.h"
#include "winimage.h"

#define CBS_KEY "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"

/* CurrentState. */
enum cbs_state {
    CBS_ABSENT = 0x00,
    CBS_UNINSTALL_PENDING = 0x05,
    CBS_RESOLVING = 0x10,
    CBS_RESOLVED = 0x20,
    CBS_STAGING = 0x30,
    CBS_STAGED = 0x40,
    CBS_SUPERSEDED = 0x50,
    CBS_INSTALL_PENDING = 0x60,
    CBS_PARTIALLY_INSTALLED = 0x65,
    CBS_INSTALLED = 0x70,
    CBS_PERMANENT = 0x80
};

struct package {
    char *text; /* its identity, as the registry spells it */
    struct identity identity;
    int32_t current_state; /* enum cbs_state; negative: the same, broken */
    bool is_visible;
    uint64_t install_time; /* FILETIME, UTC; 0: never */
    bool has_updates;      /* selections of features are kept with it */
    hive_key key;          /* its own, in the image's SOFTWARE */
    /* private: read when somebody asks */
    struct manifest *manifest;
    bool manifest_is_read, release_is_read;
    DismReleaseType release_type;
};

struct packages {
    VEC(struct package) list; /* in the order of the hive */
    size_t *by_name;          /* private: sorted by text */
};

/* An image without a registry, or without that key, has none. Belongs to the image. */
HRESULT packages_of(struct winimage *image, struct packages **out);
/* By its whole identity in any letter case; NULL: none. */
struct package *packages_find(const struct packages *packages, const char *identity);
/* Its manifest, *out NULL: there is none that can be read. */
HRESULT package_manifest(struct winimage *image, struct package *package,
                         const struct manifest **out);
/* From the start of the manifest alone. DismReleaseTypeOther where there is none. */
HRESULT package_release_type(struct winimage *image, struct package *package, DismReleaseType *out);

/* Who installed it, and from which file; NULL where absent. Caller's. */
HRESULT package_installer(struct winimage *image, const struct package *package, char **client,
                          char **name);

DismPackageFeatureState package_state(const struct package *package);
/* Installed, whatever is pending about it: what depends on it may rely on it. */
bool package_is_installed(const struct package *package);
/* That, and adding it again changes nothing: not only a part of it is. */
bool package_is_complete(const struct package *package);
/* Its state says so; a manifest can say it too. */
bool package_is_permanent(const struct package *package);
/* The path of its file below the image's root: ".mum" or ".cat". Caller's; NULL without memory. */
char *package_file(const struct winimage *image, const char *identity, const char *extension);

#endif
