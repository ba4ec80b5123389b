/* SPDX-License-Identifier: MIT */
/*
 * probes.h - the named steps inside long calls. Rules name them ("DismMountImage/extract"), the
 * journal records them, op_step reaches them. X(id, the call, "step")
 */
#ifndef CORE_PROBES_H
#define CORE_PROBES_H

#define PROBES(X)                                                                                  \
    X(MOUNT_VALIDATE, DismMountImage, "validate")                                                  \
    X(MOUNT_REGISTER, DismMountImage, "register")                                                  \
    X(MOUNT_EXTRACT, DismMountImage, "extract")                                                    \
    X(MOUNT_MANIFEST, DismMountImage, "manifest")                                                  \
    X(MOUNT_FINISH, DismMountImage, "finish")                                                      \
    X(COMMIT_LOCK, DismCommitImage, "lock")                                                        \
    X(COMMIT_SCAN, DismCommitImage, "scan")                                                        \
    X(COMMIT_WRITE, DismCommitImage, "write")                                                      \
    X(COMMIT_FINISH, DismCommitImage, "finish")                                                    \
    X(UNMOUNT_LOCK, DismUnmountImage, "lock")                                                      \
    X(UNMOUNT_SCAN, DismUnmountImage, "scan")                                                      \
    X(UNMOUNT_WRITE, DismUnmountImage, "write")                                                    \
    X(UNMOUNT_FINISH, DismUnmountImage, "finish")                                                  \
    X(UNMOUNT_CHECK, DismUnmountImage, "check")                                                    \
    X(UNMOUNT_REMOVE, DismUnmountImage, "remove")                                                  \
    X(UNMOUNT_DONE, DismUnmountImage, "done")                                                      \
    X(REMOUNT_RESTORE, DismRemountImage, "restore")                                                \
    X(REMOUNT_RECORD, DismRemountImage, "record")                                                  \
    X(CLEANUP_SWEEP, DismCleanupMountpoints, "sweep")                                              \
    X(CLEANUP_FORGET, DismCleanupMountpoints, "forget")                                            \
    X(INFO_READ, DismGetImageInfo, "read")                                                         \
    X(SESSION_OPEN, DismOpenSession, "open")                                                       \
    X(SESSION_STAGE, DismOpenSession, "stage")                                                     \
    X(SESSION_PLACE, DismOpenSession, "place")                                                     \
    X(SESSION_DRAIN, DismCloseSession, "drain")                                                    \
    X(PACKAGES_READ, DismGetPackages, "read")                                                      \
    X(PACKAGE_INFO_READ, DismGetPackageInfo, "read")                                               \
    X(PACKAGE_INFO_EX_READ, DismGetPackageInfoEx, "read")                                          \
    X(ADD_PACKAGE_VALIDATE, DismAddPackage, "validate")                                            \
    X(ADD_PACKAGE_PLAN, DismAddPackage, "plan")                                                    \
    X(ADD_PACKAGE_STAGE, DismAddPackage, "stage")                                                  \
    X(ADD_PACKAGE_PLACE, DismAddPackage, "place")                                                  \
    X(REMOVE_PACKAGE_VALIDATE, DismRemovePackage, "validate")                                      \
    X(REMOVE_PACKAGE_PLAN, DismRemovePackage, "plan")                                              \
    X(REMOVE_PACKAGE_STAGE, DismRemovePackage, "stage")                                            \
    X(REMOVE_PACKAGE_PLACE, DismRemovePackage, "place")                                            \
    X(FEATURES_READ, DismGetFeatures, "read")                                                      \
    X(FEATURE_INFO_READ, DismGetFeatureInfo, "read")                                               \
    X(FEATURE_PARENT_READ, DismGetFeatureParent, "read")                                           \
    X(CAPABILITIES_READ, DismGetCapabilities, "read")                                              \
    X(CAPABILITY_INFO_READ, DismGetCapabilityInfo, "read")                                         \
    X(ENABLE_FEATURE_VALIDATE, DismEnableFeature, "validate")                                      \
    X(ENABLE_FEATURE_PLAN, DismEnableFeature, "plan")                                              \
    X(ENABLE_FEATURE_STAGE, DismEnableFeature, "stage")                                            \
    X(ENABLE_FEATURE_PLACE, DismEnableFeature, "place")                                            \
    X(DISABLE_FEATURE_VALIDATE, DismDisableFeature, "validate")                                    \
    X(DISABLE_FEATURE_PLAN, DismDisableFeature, "plan")                                            \
    X(DISABLE_FEATURE_STAGE, DismDisableFeature, "stage")                                          \
    X(DISABLE_FEATURE_PLACE, DismDisableFeature, "place")                                          \
    X(ADD_CAPABILITY_VALIDATE, DismAddCapability, "validate")                                      \
    X(ADD_CAPABILITY_PLAN, DismAddCapability, "plan")                                              \
    X(ADD_CAPABILITY_STAGE, DismAddCapability, "stage")                                            \
    X(ADD_CAPABILITY_PLACE, DismAddCapability, "place")                                            \
    X(REMOVE_CAPABILITY_VALIDATE, DismRemoveCapability, "validate")                                \
    X(REMOVE_CAPABILITY_PLAN, DismRemoveCapability, "plan")                                        \
    X(REMOVE_CAPABILITY_STAGE, DismRemoveCapability, "stage")                                      \
    X(REMOVE_CAPABILITY_PLACE, DismRemoveCapability, "place")                                      \
    X(CHECK_HEALTH_SCAN, DismCheckImageHealth, "scan")                                             \
    X(CHECK_HEALTH_STAGE, DismCheckImageHealth, "stage")                                           \
    X(CHECK_HEALTH_PLACE, DismCheckImageHealth, "place")                                           \
    X(RESTORE_HEALTH_SCAN, DismRestoreImageHealth, "scan")                                         \
    X(RESTORE_HEALTH_PLAN, DismRestoreImageHealth, "plan")                                         \
    X(RESTORE_HEALTH_STAGE, DismRestoreImageHealth, "stage")                                       \
    X(RESTORE_HEALTH_PLACE, DismRestoreImageHealth, "place")                                       \
    X(DRIVERS_READ, DismGetDrivers, "read")                                                        \
    X(DRIVER_INFO_READ, DismGetDriverInfo, "read")                                                 \
    X(ADD_DRIVER_VALIDATE, DismAddDriver, "validate")                                              \
    X(ADD_DRIVER_STAGE, DismAddDriver, "stage")                                                    \
    X(ADD_DRIVER_PLACE, DismAddDriver, "place")                                                    \
    X(REMOVE_DRIVER_VALIDATE, DismRemoveDriver, "validate")                                        \
    X(REMOVE_DRIVER_STAGE, DismRemoveDriver, "stage")                                              \
    X(REMOVE_DRIVER_PLACE, DismRemoveDriver, "place")                                              \
    X(EXPORT_DRIVER_READ, _DismExportDriver, "read")                                               \
    X(EXPORT_DRIVER_COPY, _DismExportDriver, "copy")                                               \
    X(RESERVED_READ, DismGetReservedStorageState, "read")                                          \
    X(RESERVED_STAGE, DismSetReservedStorageState, "stage")                                        \
    X(RESERVED_PLACE, DismSetReservedStorageState, "place")                                        \
    X(UNATTEND_READ, DismApplyUnattend, "read")                                                    \
    X(UNATTEND_STAGE, DismApplyUnattend, "stage")                                                  \
    X(UNATTEND_PLACE, DismApplyUnattend, "place")                                                  \
    X(APPS_READ, _DismGetProvisionedAppxPackages, "read")                                          \
    X(ADD_APP_PLAN, _DismAddProvisionedAppxPackage, "plan")                                        \
    X(ADD_APP_STAGE, _DismAddProvisionedAppxPackage, "stage")                                      \
    X(ADD_APP_PLACE, _DismAddProvisionedAppxPackage, "place")                                      \
    X(REMOVE_APP_PLAN, _DismRemoveProvisionedAppxPackage, "plan")                                  \
    X(REMOVE_APP_STAGE, _DismRemoveProvisionedAppxPackage, "stage")                                \
    X(REMOVE_APP_PLACE, _DismRemoveProvisionedAppxPackage, "place")                                \
    X(EDITION_READ, _DismGetCurrentEdition, "read")                                                \
    X(TARGET_EDITIONS_READ, _DismGetTargetEditions, "read")                                        \
    X(SET_EDITION_PLAN, _DismSetEdition, "plan")                                                   \
    X(SET_EDITION_STAGE, _DismSetEdition, "stage")                                                 \
    X(SET_EDITION_PLACE, _DismSetEdition, "place")                                                 \
    X(PRODUCT_KEY_STAGE, _DismSetProductKey, "stage")                                              \
    X(PRODUCT_KEY_PLACE, _DismSetProductKey, "place")

#define PROBE_ENUM(id, call, step) STEP_##id,
enum step { PROBES(PROBE_ENUM) STEP_COUNT };

/* Where a rule with "effect": "partial" stops a call, so that exactly half of its work is done: on
 * arrival at a step, or (STEP_COUNT) when that tick has been reported. What is half then stands
 * behind each row.
 *
 *   DismMountImage          the folder is half filled, its record stays, Invalid; a clean-up or a
 *                           discard ends it
 *   DismUnmountImage        saved, if asked to; the folder is as it was, its record is half
 *                           unmounted: Invalid, a commit is 0xC142011D, only a discard is left
 *   DismCommitImage         the image file is half written when writing it stops; it is put back
 * byte for byte, the mount is Ok and a retry saves everything DismRemountImage        the tree is
 * back in its folder, the record still needs a remount DismCleanupMountpoints  the first mount's
 * folder is emptied, its record stays; the others are removed; another clean-up ends it servicing
 * nothing of the change is made, but the image takes no other one (0x800F0830); only a discard is
 * left */
#define HALF_WAYS(X)                                                                               \
    X(DismMountImage, STEP_COUNT, 50)                                                              \
    X(DismUnmountImage, STEP_UNMOUNT_REMOVE, 0)                                                    \
    X(DismCommitImage, STEP_COUNT, 60)                                                             \
    X(DismRemountImage, STEP_REMOUNT_RECORD, 0)                                                    \
    X(DismCleanupMountpoints, STEP_CLEANUP_FORGET, 0)                                              \
    X(DismAddPackage, STEP_ADD_PACKAGE_PLACE, 0)                                                   \
    X(DismRemovePackage, STEP_REMOVE_PACKAGE_PLACE, 0)                                             \
    X(DismEnableFeature, STEP_ENABLE_FEATURE_PLACE, 0)                                             \
    X(DismDisableFeature, STEP_DISABLE_FEATURE_PLACE, 0)                                           \
    X(DismAddCapability, STEP_ADD_CAPABILITY_PLACE, 0)                                             \
    X(DismRemoveCapability, STEP_REMOVE_CAPABILITY_PLACE, 0)                                       \
    X(DismAddDriver, STEP_ADD_DRIVER_PLACE, 0)                                                     \
    X(DismRemoveDriver, STEP_REMOVE_DRIVER_PLACE, 0)

struct half_way {
    int api; /* enum api of reflect.h */
    enum step step;
    unsigned tick;
};
/* NULL: the call has none, it has been done or it has not. */
const struct half_way *half_way_of(int api);

/* "DismMountImage/extract" */
const char *step_name(enum step step);
/* STEP_COUNT if there is none of that name. */
enum step step_by_name(const char *name);

#endif
