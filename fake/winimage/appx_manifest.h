/* SPDX-License-Identifier: MIT */
/*
 * appx_manifest.h - what is said of an app: AppxManifest.xml of a package,
 * AppxMetadata/AppxBundleManifest.xml of a bundle, AppxBlockMap.xml of either.
 */
#ifndef WINIMAGE_APPX_MANIFEST_H
#define WINIMAGE_APPX_MANIFEST_H

#include "appx_name.h"
#include "hash.h"
#include "scope.h"
#include "vec.h"

struct appx_dependency {
    char *name;
    char publisher_id[APPX_PUBLISHER_ID + 1];
    uint64_t least; /* version */
};

struct appx_part { /* a package of a bundle */
    char *file;    /* '/' between names */
    char *architecture;
    bool is_resource, is_stub;
    VEC(char *) languages;
};

struct appx_manifest {
    struct appx_name name;
    bool is_bundle, is_framework, is_resource, is_optional;
    VEC(struct appx_dependency) dependencies;
    VEC(struct appx_part) parts;
};
/* APPX_PACKAGE_INVALID_MANIFEST: no XML, or no manifest of an app. `name` is for messages. */
HRESULT appx_manifest_read(const void *bytes, size_t size, const char *name,
                           struct appx_manifest **out);
void appx_manifest_free(struct appx_manifest *manifest);
DEFINE_SCOPE(appx_manifest, struct appx_manifest, appx_manifest_free)
#define AUTO_APPX_MANIFEST AUTO(scope_appx_manifest)

struct appx_mapped {
    char *file; /* '/' between names */
    uint64_t size;
    VEC(uint8_t) hashes; /* of SHA256_SIZE bytes each, one for every block */
};
struct appx_block_map {
    VEC(struct appx_mapped) files; /* sorted */
};
/* APPX_PACKAGE_INVALID_BLOCK_MAP. */
HRESULT appx_block_map_read(const void *bytes, size_t size, const char *name,
                            struct appx_block_map **out);
void appx_block_map_free(struct appx_block_map *map);
DEFINE_SCOPE(appx_block_map, struct appx_block_map, appx_block_map_free)
#define AUTO_APPX_BLOCK_MAP AUTO(scope_appx_block_map)
/* NULL: not in the map. Letter case does not matter. */
const struct appx_mapped *appx_block_map_find(const struct appx_block_map *map, const char *file);
/* APPX_PACKAGE_WRONG_HASH: the file has other bytes than the map says. */
HRESULT appx_mapped_check(const struct appx_mapped *mapped, const uint8_t *bytes, size_t size);

#endif
