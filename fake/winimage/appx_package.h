/* SPDX-License-Identifier: MIT */
/*
 * appx_package.h - app packages as files: .appx, .msix, their bundles, or a folder with what was in
 * one.
 */
#ifndef WINIMAGE_APPX_PACKAGE_H
#define WINIMAGE_APPX_PACKAGE_H

#include "appx_manifest.h"
#include "archive.h"
#include "change.h"

#define APPX_MANIFEST "AppxManifest.xml"
#define APPX_BUNDLE_MANIFEST "AppxMetadata/AppxBundleManifest.xml"

struct appx_package {
    struct archive *archive;
    struct appx_manifest *manifest;
    struct appx_block_map *map; /* NULL: a folder without one */
};
/* ERROR_FILE_NOT_FOUND and the like: nothing there. APPX_DEPLOY_OPEN_FAILED: no ZIP file, damaged,
 * or with names that lead elsewhere. APPX_DEPLOY_INVALID_PACKAGE: without a manifest.
 * APPX_PACKAGE_NO_SIGNATURE: a ZIP file without one; whose it is nobody asks. */
HRESULT appx_package_open(const char *path, struct appx_package **out);
/* One of a bundle's. */
HRESULT appx_package_open_part(const struct appx_package *bundle, const struct appx_part *part,
                               struct appx_package **out);
void appx_package_close(struct appx_package *package);
DEFINE_SCOPE(appx_package, struct appx_package, appx_package_close)
#define AUTO_APPX_PACKAGE AUTO(scope_appx_package)

/* Its files into that folder below the image's root, each checked against the block map; of a
 * bundle those that are no packages. APPX_PACKAGE_CORRUPT_CONTENT, APPX_PACKAGE_WRONG_HASH. */
HRESULT appx_package_unpack(const struct appx_package *package, struct change *change,
                            const char *folder);

#endif
