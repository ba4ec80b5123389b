/* SPDX-License-Identifier: MIT */
/* app_change.h - apps provisioned, and no longer. Planned only: change.h carries it out. */
#ifndef WINIMAGE_APP_CHANGE_H
#define WINIMAGE_APP_CHANGE_H

#include "change.h"
#include "dismapi.h"
#include "vec.h"

struct app_paths {
    VEC(char *) list;
};
void app_paths_clear(struct app_paths *paths);

struct app_request { /* paths are native */
    char *path;
    struct app_paths dependencies, optional, licenses;
    bool skips_license;
    char *custom_data, *regions; /* NULL: none */
    DismStubPackageOption stub;
};
void app_request_clear(struct app_request *request);
#define AUTO_APP_REQUEST AUTO(app_request_clear)

/* Codes of appx_package.h and: APPX_DEPLOY_WRONG_ARCHITECTURE; APPX_DEPLOY_DEPENDENCY_MISSING,
 * neither given nor in the image; APPX_DEPLOY_DOWNGRADE; ERROR_XML_PARSE_ERROR: a licence that is
 * no XML; E_INVALIDARG: none where one is needed. */
HRESULT app_provision(struct winimage *image, struct change *change,
                      const struct app_request *request);
/* Its files go, unless a user has the app. ERROR_PATH_NOT_FOUND: not provisioned. */
HRESULT app_deprovision(struct winimage *image, struct change *change, const char *full_name);

#endif
