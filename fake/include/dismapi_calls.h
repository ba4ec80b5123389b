/* SPDX-License-Identifier: MIT */
/*
 * dismapi_calls.h - THE TABLE: one row per export of DismApi.dll, (kind, name) per argument.
 *
 * Everything that must agree about the API's shape is made from these rows: prototypes, exports,
 * the trace, the runner's callers, the .def file. The kinds are listed in reflect.h. Rows hold
 * names and kinds only, no behaviour.
 *
 * The 95 names are those of mingw-w64's import library. Where no public source gives an export's
 * parameters, its row has OPAQUE_ARG as often as the library's x86 byte count says (bytes / 4).
 * _DismExportDriver: a client (lostindark/DriverStoreExplorer) passes session and folder; the byte
 * count leaves the three arguments that every call with progress ends with.
 */
/* clang-format off */
DISM_CALL(DismAddCapability, (SESSION, Session), (WSTR, Name), (BOOLEAN, LimitAccess),
          (WSTRS, SourcePaths), (COUNT, SourcePathCount), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(DismAddDriver, (SESSION, Session), (WSTR, DriverPath), (BOOLEAN, ForceUnsigned))
DISM_CALL(DismAddPackage, (SESSION, Session), (WSTR, PackagePath), (BOOLEAN, IgnoreCheck),
          (BOOLEAN, PreventPending), (CANCEL, CancelEvent), (PROGRESS, Progress),
          (USERDATA, UserData))
DISM_CALL(DismApplyUnattend, (SESSION, Session), (WSTR, UnattendFile), (BOOLEAN, SingleSession))
DISM_CALL(DismCheckImageHealth, (SESSION, Session), (BOOLEAN, ScanImage), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData), (OUT_HEALTH, ImageHealth))
DISM_CALL0(DismCleanupMountpoints)
DISM_CALL(DismCloseSession, (SESSION, Session))
DISM_CALL(DismCommitImage, (SESSION, Session), (FLAGS, Flags), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(DismDelete, (MEMORY, DismStructure))
DISM_CALL(DismDisableFeature, (SESSION, Session), (WSTR, FeatureName), (WSTR_OPT, PackageName),
          (BOOLEAN, RemovePayload), (CANCEL, CancelEvent), (PROGRESS, Progress),
          (USERDATA, UserData))
DISM_CALL(DismEnableFeature, (SESSION, Session), (WSTR, FeatureName), (WSTR_OPT, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (BOOLEAN, LimitAccess), (WSTRS, SourcePaths),
          (COUNT, SourcePathCount), (BOOLEAN, EnableAll), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(DismGetCapabilities, (SESSION, Session), (OUT_CAPABILITIES, Capability),
          (OUT_COUNT, Count))
DISM_CALL(DismGetCapabilityInfo, (SESSION, Session), (WSTR, Name), (OUT_CAPABILITY_INFO, Info))
DISM_CALL(DismGetDriverInfo, (SESSION, Session), (WSTR, DriverPath), (OUT_DRIVERS, Driver),
          (OUT_COUNT, Count), (OUT_DRIVER_PACKAGE_OPT, DriverPackage))
DISM_CALL(DismGetDrivers, (SESSION, Session), (BOOLEAN, AllDrivers),
          (OUT_DRIVER_PACKAGES, DriverPackage), (OUT_COUNT, Count))
DISM_CALL(DismGetFeatureInfo, (SESSION, Session), (WSTR, FeatureName), (WSTR_OPT, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (OUT_FEATURE_INFO, FeatureInfo))
DISM_CALL(DismGetFeatureParent, (SESSION, Session), (WSTR, FeatureName), (WSTR_OPT, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (OUT_FEATURES, Feature), (OUT_COUNT, Count))
DISM_CALL(DismGetFeatures, (SESSION, Session), (WSTR_OPT, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (OUT_FEATURES, Feature), (OUT_COUNT, Count))
DISM_CALL(DismGetImageInfo, (WSTR, ImageFilePath), (OUT_IMAGE_INFOS, ImageInfo), (OUT_COUNT, Count))
DISM_CALL(DismGetLastErrorMessage, (OUT_STRING, ErrorMessage))
DISM_CALL(DismGetMountedImageInfo, (OUT_MOUNTED_IMAGE_INFOS, MountedImageInfo), (OUT_COUNT, Count))
DISM_CALL(DismGetPackageInfo, (SESSION, Session), (WSTR, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (OUT_PACKAGE_INFO, PackageInfo))
DISM_CALL(DismGetPackageInfoEx, (SESSION, Session), (WSTR, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (OUT_PACKAGE_INFO_EX, PackageInfoEx))
DISM_CALL(DismGetPackages, (SESSION, Session), (OUT_PACKAGES, Package), (OUT_COUNT, Count))
DISM_CALL(DismGetReservedStorageState, (SESSION, Session), (OUT_DWORD, State))
DISM_CALL(DismInitialize, (LOG_LEVEL, LogLevel), (WSTR_OPT, LogFilePath),
          (WSTR_OPT, ScratchDirectory))
DISM_CALL(DismMountImage, (WSTR, ImageFilePath), (WSTR, MountPath), (NUMBER, ImageIndex),
          (WSTR_OPT, ImageName), (IMAGE_IDENTIFIER, ImageIdentifier), (FLAGS, Flags),
          (CANCEL, CancelEvent), (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(DismOpenSession, (WSTR, ImagePath), (WSTR_OPT, WindowsDirectory), (WSTR_OPT, SystemDrive),
          (OUT_SESSION, Session))
DISM_CALL(DismRemountImage, (WSTR, MountPath))
DISM_CALL(DismRemoveCapability, (SESSION, Session), (WSTR, Name), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(DismRemoveDriver, (SESSION, Session), (WSTR, DriverPath))
DISM_CALL(DismRemovePackage, (SESSION, Session), (WSTR, Identifier),
          (PACKAGE_IDENTIFIER, PackageIdentifier), (CANCEL, CancelEvent), (PROGRESS, Progress),
          (USERDATA, UserData))
DISM_CALL(DismRestoreImageHealth, (SESSION, Session), (WSTRS, SourcePaths),
          (COUNT, SourcePathCount), (BOOLEAN, LimitAccess), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(DismSetReservedStorageState, (SESSION, Session), (DWORD, State))
DISM_CALL0(DismShutdown)
DISM_CALL(DismUnmountImage, (WSTR, MountPath), (FLAGS, Flags), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(_DismAddCapabilityEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6), (OPAQUE_ARG, Arg7), (OPAQUE_ARG, Arg8))
DISM_CALL(_DismAddDriverEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismAddPackageEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6), (OPAQUE_ARG, Arg7), (OPAQUE_ARG, Arg8), (OPAQUE_ARG, Arg9),
          (OPAQUE_ARG, Arg10))
DISM_CALL(_DismAddPackageFamilyToUninstallBlocklist, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismAddProvisionedAppxPackage, (SESSION, Session), (WSTR, AppPath),
          (WSTRS, DependencyPackages), (COUNT, DependencyPackageCount), (WSTRS, OptionalPackages),
          (COUNT, OptionalPackageCount), (WSTRS, LicensePaths), (COUNT, LicensePathCount),
          (BOOLEAN, SkipLicense), (WSTR_OPT, CustomDataPath), (WSTR_OPT, Region),
          (STUB_OPTION, StubPackageOption))
DISM_CALL(_DismApplyCustomDataImage, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismApplyFfuImage, (WSTR, ImagePath), (WSTR, ApplyPath), (WSTR_OPT, PartPath))
DISM_CALL(_DismApplyProvisioningPackage, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3),
          (OPAQUE_ARG, Arg4), (OPAQUE_ARG, Arg5))
DISM_CALL(_DismCleanImage, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismEnableDisableFeature, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6), (OPAQUE_ARG, Arg7), (OPAQUE_ARG, Arg8), (OPAQUE_ARG, Arg9),
          (OPAQUE_ARG, Arg10), (OPAQUE_ARG, Arg11), (OPAQUE_ARG, Arg12))
DISM_CALL(_DismExportDriver, (SESSION, Session), (WSTR, DestinationPath), (CANCEL, CancelEvent),
          (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(_DismExportSource, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6), (OPAQUE_ARG, Arg7))
DISM_CALL(_DismExportSourceEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6), (OPAQUE_ARG, Arg7))
DISM_CALL(_DismGetCapabilitiesEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismGetCapabilityInfoEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismGetCurrentEdition, (SESSION, Session), (OUT_STRING, EditionId))
DISM_CALL(_DismGetDriversEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismGetEffectiveSystemUILanguage, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismGetFeaturesEx, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5))
DISM_CALL(_DismGetInstallLanguage, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismGetKCacheBinaryValue, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4))
DISM_CALL(_DismGetKCacheDwordValue, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismGetKCacheStringValue, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismGetLastCBSSessionID, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismGetNonRemovableAppsPolicy, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismGetOSUninstallWindow, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismGetOsInfo, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismGetProductKeyInfo, (SESSION, Session), (WSTR, ProductKey), (OUT_STRING, EditionId),
          (OUT_STRING, Channel))
DISM_CALL(_DismGetProvisionedAppxPackages, (SESSION, Session), (OUT_APPX_PACKAGES, Package),
          (OUT_COUNT, Count))
DISM_CALL(_DismGetProvisioningPackageInfo, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismGetRegistryMountPoint, (SESSION, Session), (REGISTRY_HIVE, RegistryHive),
          (OUT_STRING, RegistryMountPoint))
DISM_CALL(_DismGetStateFromCBSSessionID, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3),
          (OPAQUE_ARG, Arg4))
DISM_CALL(_DismGetTargetCompositionEditions, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismGetTargetEditions, (SESSION, Session), (OUT_STRINGS, EditionIds), (OUT_COUNT, Count))
DISM_CALL(_DismGetTargetVirtualEditions, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3),
          (OPAQUE_ARG, Arg4))
DISM_CALL(_DismGetUsedSpace, (SESSION, Session), (DWORD, Type), (OUT_NUMBER64, UsedSpace))
DISM_CALL(_DismInitiateOSUninstall, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismOptimizeImage, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5))
DISM_CALL(_DismOptimizeProvisionedAppxPackages, (OPAQUE_ARG, Arg1))
DISM_CALL(_DismRemoveOSUninstall, (OPAQUE_ARG, Arg1))
DISM_CALL(_DismRemovePackageFamilyFromUninstallBlocklist, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismRemoveProvisionedAppxPackage, (SESSION, Session), (WSTR, PackageName))
DISM_CALL(_DismRemoveProvisionedAppxPackageAllUsers, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismRevertPendingActions, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4))
DISM_CALL(_DismSetAllIntlSettings, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismSetAppXProvisionedDataFile, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismSetEdition, (SESSION, Session), (WSTR, EditionId), (WSTR_OPT, ProductKey),
          (CANCEL, CancelEvent), (PROGRESS, Progress), (USERDATA, UserData))
DISM_CALL(_DismSetEdition2, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismSetFirstBootCommandLine, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3))
DISM_CALL(_DismSetMachineName, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismSetOSUninstallWindow, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismSetProductKey, (SESSION, Session), (WSTR, ProductKey))
DISM_CALL(_DismSetSkuIntlDefaults, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2))
DISM_CALL(_DismSplitFfuImage, (WSTR, ImagePath), (WSTR, PartPath), (NUMBER64, PartSize))
DISM_CALL(_DismStage, (OPAQUE_ARG, Arg1))
DISM_CALL(_DismSysprepCleanup, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6))
DISM_CALL(_DismSysprepGeneralize, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5), (OPAQUE_ARG, Arg6), (OPAQUE_ARG, Arg7))
DISM_CALL(_DismSysprepSpecialize, (OPAQUE_ARG, Arg1), (OPAQUE_ARG, Arg2), (OPAQUE_ARG, Arg3), (OPAQUE_ARG, Arg4),
          (OPAQUE_ARG, Arg5))
DISM_CALL(_DismValidateProductKey, (SESSION, Session), (WSTR, ProductKey))
/* clang-format on */
