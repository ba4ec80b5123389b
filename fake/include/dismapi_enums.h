/* SPDX-License-Identifier: MIT */
/*
 * dismapi_enums.h - the enumerations of the API, as rows. Whoever includes it defines, before,
 * DISM_ENUM(name), DISM_ENUM_VALUE(member) and DISM_ENUM_END(name), and undefines them after.
 * With DISM_COMMON_ONLY the rows that mingw-w64's header lacks are left out.
 */
/* clang-format off */
DISM_ENUM(DismLogLevel)
DISM_ENUM_VALUE(DismLogErrors)
DISM_ENUM_VALUE(DismLogErrorsWarnings)
DISM_ENUM_VALUE(DismLogErrorsWarningsInfo)
#ifndef DISM_COMMON_ONLY
DISM_ENUM_VALUE(DismLogErrorsWarningsInfoDebug)
#endif
DISM_ENUM_END(DismLogLevel)

DISM_ENUM(DismImageIdentifier)
DISM_ENUM_VALUE(DismImageIndex)
DISM_ENUM_VALUE(DismImageName)
#ifndef DISM_COMMON_ONLY
DISM_ENUM_VALUE(DismImageNone)
#endif
DISM_ENUM_END(DismImageIdentifier)

DISM_ENUM(DismMountMode)
DISM_ENUM_VALUE(DismReadWrite)
DISM_ENUM_VALUE(DismReadOnly)
DISM_ENUM_END(DismMountMode)

DISM_ENUM(DismImageType)
DISM_ENUM_VALUE(DismImageTypeUnsupported)
DISM_ENUM_VALUE(DismImageTypeWim)
DISM_ENUM_VALUE(DismImageTypeVhd)
DISM_ENUM_END(DismImageType)

DISM_ENUM(DismImageBootable)
DISM_ENUM_VALUE(DismImageBootableYes)
DISM_ENUM_VALUE(DismImageBootableNo)
DISM_ENUM_VALUE(DismImageBootableUnknown)
DISM_ENUM_END(DismImageBootable)

DISM_ENUM(DismMountStatus)
DISM_ENUM_VALUE(DismMountStatusOk)
DISM_ENUM_VALUE(DismMountStatusNeedsRemount)
DISM_ENUM_VALUE(DismMountStatusInvalid)
DISM_ENUM_END(DismMountStatus)

DISM_ENUM(DismImageHealthState)
DISM_ENUM_VALUE(DismImageHealthy)
DISM_ENUM_VALUE(DismImageRepairable)
DISM_ENUM_VALUE(DismImageNonRepairable)
DISM_ENUM_END(DismImageHealthState)

DISM_ENUM(DismPackageIdentifier)
DISM_ENUM_VALUE(DismPackageNone)
DISM_ENUM_VALUE(DismPackageName)
DISM_ENUM_VALUE(DismPackagePath)
DISM_ENUM_END(DismPackageIdentifier)

DISM_ENUM(DismPackageFeatureState)
DISM_ENUM_VALUE(DismStateNotPresent)
DISM_ENUM_VALUE(DismStateUninstallPending)
DISM_ENUM_VALUE(DismStateStaged)
DISM_ENUM_VALUE(DismStateResolved)
DISM_ENUM_VALUE(DismStateRemoved)
DISM_ENUM_VALUE(DismStateInstalled)
DISM_ENUM_VALUE(DismStateInstallPending)
DISM_ENUM_VALUE(DismStateSuperseded)
DISM_ENUM_VALUE(DismStatePartiallyInstalled)
DISM_ENUM_END(DismPackageFeatureState)

DISM_ENUM(DismReleaseType)
DISM_ENUM_VALUE(DismReleaseTypeCriticalUpdate)
DISM_ENUM_VALUE(DismReleaseTypeDriver)
DISM_ENUM_VALUE(DismReleaseTypeFeaturePack)
DISM_ENUM_VALUE(DismReleaseTypeHotfix)
DISM_ENUM_VALUE(DismReleaseTypeSecurityUpdate)
DISM_ENUM_VALUE(DismReleaseTypeSoftwareUpdate)
DISM_ENUM_VALUE(DismReleaseTypeUpdate)
DISM_ENUM_VALUE(DismReleaseTypeUpdateRollup)
DISM_ENUM_VALUE(DismReleaseTypeLanguagePack)
DISM_ENUM_VALUE(DismReleaseTypeFoundation)
DISM_ENUM_VALUE(DismReleaseTypeServicePack)
DISM_ENUM_VALUE(DismReleaseTypeProduct)
DISM_ENUM_VALUE(DismReleaseTypeLocalPack)
DISM_ENUM_VALUE(DismReleaseTypeOther)
DISM_ENUM_VALUE(DismReleaseTypeOnDemandPack)
DISM_ENUM_END(DismReleaseType)

DISM_ENUM(DismRestartType)
DISM_ENUM_VALUE(DismRestartNo)
DISM_ENUM_VALUE(DismRestartPossible)
DISM_ENUM_VALUE(DismRestartRequired)
DISM_ENUM_END(DismRestartType)

DISM_ENUM(DismDriverSignature)
DISM_ENUM_VALUE(DismDriverSignatureUnknown)
DISM_ENUM_VALUE(DismDriverSignatureUnsigned)
DISM_ENUM_VALUE(DismDriverSignatureSigned)
DISM_ENUM_END(DismDriverSignature)

DISM_ENUM(DismFullyOfflineInstallableType)
DISM_ENUM_VALUE(DismFullyOfflineInstallable)
DISM_ENUM_VALUE(DismFullyOfflineNotInstallable)
DISM_ENUM_VALUE(DismFullyOfflineInstallableUndetermined)
DISM_ENUM_END(DismFullyOfflineInstallableType)

#ifndef DISM_COMMON_ONLY
DISM_ENUM(DismStubPackageOption)
DISM_ENUM_VALUE(DismStubPackageOptionNone)
DISM_ENUM_VALUE(DismStubPackageOptionInstallFull)
DISM_ENUM_VALUE(DismStubPackageOptionInstallStub)
DISM_ENUM_END(DismStubPackageOption)
#endif

#ifndef DISM_COMMON_ONLY
DISM_ENUM(DismRegistryHive)
DISM_ENUM_VALUE(DismRegistrySoftware)
DISM_ENUM_VALUE(DismRegistrySystem)
DISM_ENUM_VALUE(DismRegistrySecurity)
DISM_ENUM_VALUE(DismRegistrySam)
DISM_ENUM_VALUE(DismRegistryDefault)
DISM_ENUM_VALUE(DismRegistryUser)
DISM_ENUM_VALUE(DismRegistryComponents)
DISM_ENUM_VALUE(DismRegistryDrivers)
DISM_ENUM_END(DismRegistryHive)
#endif
/* clang-format on */
