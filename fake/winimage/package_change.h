/* SPDX-License-Identifier: MIT */
/*
 * package_change.h - packages added to an image and removed from it. Planned only: change.h carries
 * it out.
 *
 * A new package's components go into the store and, unless a restart has to come first, to where
 * they are used. A version before it becomes superseded and keeps its components, so that removing
 * the new one brings it back.
 */
#ifndef WINIMAGE_PACKAGE_CHANGE_H
#define WINIMAGE_PACKAGE_CHANGE_H

#include "change.h"
#include "component_use.h"
#include "package_source.h"
#include "packages.h"

/* What a change means for who asked for it. */
struct package_outcome {
    bool needs_restart; /* of an online image: 3010 */
    bool needs_reload;  /* of the session: 1 */
    bool is_pending;    /* something in the image waits for a restart */
};

/* Installs, or where a restart has to come first lets it pend. An installed one stays as it is.
 * CBS_E_SOURCE_MISSING: the package lacks a file; ERROR_INVALID_DATA: a file is not what its
 * manifest says; ERROR_SXS_COMPONENT_STORE_CORRUPT: the image's older version of it is damaged. */
HRESULT package_add(struct winimage *image, struct change *change,
                    const struct package_source *source, struct package_outcome *outcome);
/* Into the store only, to be installed some other time. */
HRESULT package_stage(struct winimage *image, struct change *change,
                      const struct package_source *source);
/* One that is staged. */
HRESULT package_install_staged(struct winimage *image, struct change *change,
                               struct package *package, struct package_outcome *outcome);
/* Back to staged: its files go from where they are used, as far as nobody else uses them. */
HRESULT package_to_staged(struct winimage *image, struct change *change, struct package *package,
                          const struct component_users *users);
/* Known by its name alone: all its files go, as far as nobody else has them. */
HRESULT package_to_resolved(struct winimage *image, struct change *change, struct package *package);
/* CBS_E_CANNOT_UNINSTALL: permanent, or others need it. The version before, where it is still
 * there, is installed again. */
HRESULT package_remove(struct winimage *image, struct change *change, struct package *package,
                       struct package_outcome *outcome);

/* What a restart does with one that is InstallPending or UninstallPending; whatever its state. */
HRESULT package_finish_adding(struct winimage *image, struct change *change,
                              struct package *package);
HRESULT package_finish_removing(struct winimage *image, struct change *change,
                                struct package *package);

#endif
