/* SPDX-License-Identifier: MIT */
/*
 * bodies.h - the exports that have a body. Whoever writes one adds its name here; a name without a
 * body is a link error, a body without its name too.
 */
#ifndef SERVICING_BODIES_H
#define SERVICING_BODIES_H

#define HAS_BODY_DismInitialize ~, WITH_BODY
#define HAS_BODY_DismShutdown ~, WITH_BODY
#define HAS_BODY_DismOpenSession ~, WITH_BODY
#define HAS_BODY_DismCloseSession ~, WITH_BODY
#define HAS_BODY_DismMountImage ~, WITH_BODY
#define HAS_BODY_DismUnmountImage ~, WITH_BODY
#define HAS_BODY_DismCommitImage ~, WITH_BODY
#define HAS_BODY_DismRemountImage ~, WITH_BODY
#define HAS_BODY_DismCleanupMountpoints ~, WITH_BODY
#define HAS_BODY_DismGetImageInfo ~, WITH_BODY
#define HAS_BODY_DismGetMountedImageInfo ~, WITH_BODY
#define HAS_BODY_DismGetLastErrorMessage ~, WITH_BODY
#define HAS_BODY_DismDelete ~, WITH_BODY
#define HAS_BODY_DismGetPackages ~, WITH_BODY
#define HAS_BODY_DismGetPackageInfo ~, WITH_BODY
#define HAS_BODY_DismGetPackageInfoEx ~, WITH_BODY
#define HAS_BODY_DismAddPackage ~, WITH_BODY
#define HAS_BODY_DismRemovePackage ~, WITH_BODY
#define HAS_BODY_DismGetFeatures ~, WITH_BODY
#define HAS_BODY_DismGetFeatureInfo ~, WITH_BODY
#define HAS_BODY_DismGetFeatureParent ~, WITH_BODY
#define HAS_BODY_DismEnableFeature ~, WITH_BODY
#define HAS_BODY_DismDisableFeature ~, WITH_BODY
#define HAS_BODY_DismGetCapabilities ~, WITH_BODY
#define HAS_BODY_DismGetCapabilityInfo ~, WITH_BODY
#define HAS_BODY_DismAddCapability ~, WITH_BODY
#define HAS_BODY_DismRemoveCapability ~, WITH_BODY
#define HAS_BODY_DismCheckImageHealth ~, WITH_BODY
#define HAS_BODY_DismRestoreImageHealth ~, WITH_BODY
#define HAS_BODY_DismGetDrivers ~, WITH_BODY
#define HAS_BODY_DismGetDriverInfo ~, WITH_BODY
#define HAS_BODY_DismAddDriver ~, WITH_BODY
#define HAS_BODY_DismRemoveDriver ~, WITH_BODY
#define HAS_BODY__DismExportDriver ~, WITH_BODY
#define HAS_BODY_DismGetReservedStorageState ~, WITH_BODY
#define HAS_BODY_DismSetReservedStorageState ~, WITH_BODY
#define HAS_BODY_DismApplyUnattend ~, WITH_BODY
#define HAS_BODY__DismGetProvisionedAppxPackages ~, WITH_BODY
#define HAS_BODY__DismAddProvisionedAppxPackage ~, WITH_BODY
#define HAS_BODY__DismRemoveProvisionedAppxPackage ~, WITH_BODY
#define HAS_BODY__DismGetCurrentEdition ~, WITH_BODY
#define HAS_BODY__DismGetTargetEditions ~, WITH_BODY
#define HAS_BODY__DismSetEdition ~, WITH_BODY
#define HAS_BODY__DismGetProductKeyInfo ~, WITH_BODY
#define HAS_BODY__DismSetProductKey ~, WITH_BODY
#define HAS_BODY__DismValidateProductKey ~, WITH_BODY
#define HAS_BODY__DismGetRegistryMountPoint ~, WITH_BODY

/* WHETHER(name) is WITH_BODY for the names above and WITHOUT_BODY for all others: HAS_BODY_name
 * then stays a single word, and the second argument is the fixed one. */
#define BODY_SECOND(first, second, ...) second
#define BODY_FROM(...) BODY_SECOND(__VA_ARGS__, WITHOUT_BODY, ~)
#define WHETHER_BODY(name) BODY_FROM(HAS_BODY_##name)

#endif
