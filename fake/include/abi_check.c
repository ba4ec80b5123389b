/* SPDX-License-Identifier: MIT */
/*
 * abi_check.c - holds the ABI to literal numbers at compile time: size and place of every field,
 * value of every constant, argument bytes of every export. The numbers are transcribed from
 * contract.json, which has them from compilations of the published layouts; nothing here is
 * computed from our header. It makes no code. Relies on dismapi.h, dism_codes.h and reflect.h.
 */
#include <assert.h>

#include "dism_codes.h"
#include "reflect.h"

#define ABI_PICK(x64, x86) (sizeof(void *) == 8 ? (x64) : (x86))
#define ABI_SIZE(type, x64, x86) static_assert(sizeof(type) == ABI_PICK(x64, x86), "size of " #type)
#define ABI_FIELD(type, field, x64, x86)                                                           \
    static_assert(offsetof(type, field) == ABI_PICK(x64, x86), "place of " #type "." #field)
#define ABI_VALUE(name, value)                                                                     \
    static_assert((uint32_t)(name) == (uint32_t)(value), "value of " #name)

/* ---- structures: size, then places, each for 64-bit and 32-bit ---- */

ABI_SIZE(DismPackage, 32, 28);
ABI_FIELD(DismPackage, PackageName, 0, 0);
ABI_FIELD(DismPackage, PackageState, 8, 4);
ABI_FIELD(DismPackage, ReleaseType, 12, 8);
ABI_FIELD(DismPackage, InstallTime, 16, 12);

ABI_SIZE(DismCustomProperty, 24, 12);
ABI_FIELD(DismCustomProperty, Name, 0, 0);
ABI_FIELD(DismCustomProperty, Value, 8, 4);
ABI_FIELD(DismCustomProperty, Path, 16, 8);

ABI_SIZE(DismFeature, 12, 8);
ABI_FIELD(DismFeature, FeatureName, 0, 0);
ABI_FIELD(DismFeature, State, 8, 4);

ABI_SIZE(DismCapability, 12, 8);
ABI_FIELD(DismCapability, Name, 0, 0);
ABI_FIELD(DismCapability, State, 8, 4);

ABI_SIZE(DismPackageInfo, 172, 124);
ABI_FIELD(DismPackageInfo, PackageName, 0, 0);
ABI_FIELD(DismPackageInfo, PackageState, 8, 4);
ABI_FIELD(DismPackageInfo, ReleaseType, 12, 8);
ABI_FIELD(DismPackageInfo, InstallTime, 16, 12);
ABI_FIELD(DismPackageInfo, Applicable, 32, 28);
ABI_FIELD(DismPackageInfo, Copyright, 36, 32);
ABI_FIELD(DismPackageInfo, Company, 44, 36);
ABI_FIELD(DismPackageInfo, CreationTime, 52, 40);
ABI_FIELD(DismPackageInfo, DisplayName, 68, 56);
ABI_FIELD(DismPackageInfo, Description, 76, 60);
ABI_FIELD(DismPackageInfo, InstallClient, 84, 64);
ABI_FIELD(DismPackageInfo, InstallPackageName, 92, 68);
ABI_FIELD(DismPackageInfo, LastUpdateTime, 100, 72);
ABI_FIELD(DismPackageInfo, ProductName, 116, 88);
ABI_FIELD(DismPackageInfo, ProductVersion, 124, 92);
ABI_FIELD(DismPackageInfo, RestartRequired, 132, 96);
ABI_FIELD(DismPackageInfo, FullyOffline, 136, 100);
ABI_FIELD(DismPackageInfo, SupportInformation, 140, 104);
ABI_FIELD(DismPackageInfo, CustomProperty, 148, 108);
ABI_FIELD(DismPackageInfo, CustomPropertyCount, 156, 112);
ABI_FIELD(DismPackageInfo, Feature, 160, 116);
ABI_FIELD(DismPackageInfo, FeatureCount, 168, 120);

ABI_SIZE(DismFeatureInfo, 44, 28);
ABI_FIELD(DismFeatureInfo, FeatureName, 0, 0);
ABI_FIELD(DismFeatureInfo, FeatureState, 8, 4);
ABI_FIELD(DismFeatureInfo, DisplayName, 12, 8);
ABI_FIELD(DismFeatureInfo, Description, 20, 12);
ABI_FIELD(DismFeatureInfo, RestartRequired, 28, 16);
ABI_FIELD(DismFeatureInfo, CustomProperty, 32, 20);
ABI_FIELD(DismFeatureInfo, CustomPropertyCount, 40, 24);

ABI_SIZE(DismCapabilityInfo, 36, 24);
ABI_FIELD(DismCapabilityInfo, Name, 0, 0);
ABI_FIELD(DismCapabilityInfo, State, 8, 4);
ABI_FIELD(DismCapabilityInfo, DisplayName, 12, 8);
ABI_FIELD(DismCapabilityInfo, Description, 20, 12);
ABI_FIELD(DismCapabilityInfo, DownloadSize, 28, 16);
ABI_FIELD(DismCapabilityInfo, InstallSize, 32, 20);

ABI_SIZE(DismString, 8, 4);
ABI_FIELD(DismString, Value, 0, 0);

ABI_SIZE(DismWimCustomizedInfo, 44, 44);
ABI_FIELD(DismWimCustomizedInfo, Size, 0, 0);
ABI_FIELD(DismWimCustomizedInfo, DirectoryCount, 4, 4);
ABI_FIELD(DismWimCustomizedInfo, FileCount, 8, 8);
ABI_FIELD(DismWimCustomizedInfo, CreatedTime, 12, 12);
ABI_FIELD(DismWimCustomizedInfo, ModifiedTime, 28, 28);

ABI_SIZE(DismImageInfo, 140, 96);
ABI_FIELD(DismImageInfo, ImageType, 0, 0);
ABI_FIELD(DismImageInfo, ImageIndex, 4, 4);
ABI_FIELD(DismImageInfo, ImageName, 8, 8);
ABI_FIELD(DismImageInfo, ImageDescription, 16, 12);
ABI_FIELD(DismImageInfo, ImageSize, 24, 16);
ABI_FIELD(DismImageInfo, Architecture, 32, 24);
ABI_FIELD(DismImageInfo, ProductName, 36, 28);
ABI_FIELD(DismImageInfo, EditionId, 44, 32);
ABI_FIELD(DismImageInfo, InstallationType, 52, 36);
ABI_FIELD(DismImageInfo, Hal, 60, 40);
ABI_FIELD(DismImageInfo, ProductType, 68, 44);
ABI_FIELD(DismImageInfo, ProductSuite, 76, 48);
ABI_FIELD(DismImageInfo, MajorVersion, 84, 52);
ABI_FIELD(DismImageInfo, MinorVersion, 88, 56);
ABI_FIELD(DismImageInfo, Build, 92, 60);
ABI_FIELD(DismImageInfo, SpBuild, 96, 64);
ABI_FIELD(DismImageInfo, SpLevel, 100, 68);
ABI_FIELD(DismImageInfo, Bootable, 104, 72);
ABI_FIELD(DismImageInfo, SystemRoot, 108, 76);
ABI_FIELD(DismImageInfo, Language, 116, 80);
ABI_FIELD(DismImageInfo, LanguageCount, 124, 84);
ABI_FIELD(DismImageInfo, DefaultLanguageIndex, 128, 88);
ABI_FIELD(DismImageInfo, CustomizedInfo, 132, 92);

ABI_SIZE(DismMountedImageInfo, 28, 20);
ABI_FIELD(DismMountedImageInfo, MountPath, 0, 0);
ABI_FIELD(DismMountedImageInfo, ImageFilePath, 8, 4);
ABI_FIELD(DismMountedImageInfo, ImageIndex, 16, 8);
ABI_FIELD(DismMountedImageInfo, MountMode, 20, 12);
ABI_FIELD(DismMountedImageInfo, MountStatus, 24, 16);

ABI_SIZE(DismDriverPackage, 100, 72);
ABI_FIELD(DismDriverPackage, PublishedName, 0, 0);
ABI_FIELD(DismDriverPackage, OriginalFileName, 8, 4);
ABI_FIELD(DismDriverPackage, InBox, 16, 8);
ABI_FIELD(DismDriverPackage, CatalogFile, 20, 12);
ABI_FIELD(DismDriverPackage, ClassName, 28, 16);
ABI_FIELD(DismDriverPackage, ClassGuid, 36, 20);
ABI_FIELD(DismDriverPackage, ClassDescription, 44, 24);
ABI_FIELD(DismDriverPackage, BootCritical, 52, 28);
ABI_FIELD(DismDriverPackage, DriverSignature, 56, 32);
ABI_FIELD(DismDriverPackage, ProviderName, 60, 36);
ABI_FIELD(DismDriverPackage, Date, 68, 40);
ABI_FIELD(DismDriverPackage, MajorVersion, 84, 56);
ABI_FIELD(DismDriverPackage, MinorVersion, 88, 60);
ABI_FIELD(DismDriverPackage, Build, 92, 64);
ABI_FIELD(DismDriverPackage, Revision, 96, 68);

ABI_SIZE(DismDriver, 52, 28);
ABI_FIELD(DismDriver, ManufacturerName, 0, 0);
ABI_FIELD(DismDriver, HardwareDescription, 8, 4);
ABI_FIELD(DismDriver, HardwareId, 16, 8);
ABI_FIELD(DismDriver, Architecture, 24, 12);
ABI_FIELD(DismDriver, ServiceName, 28, 16);
ABI_FIELD(DismDriver, CompatibleIds, 36, 20);
ABI_FIELD(DismDriver, ExcludeIds, 44, 24);

ABI_SIZE(DismAppxPackage, 68, 44);
ABI_FIELD(DismAppxPackage, PackageName, 0, 0);
ABI_FIELD(DismAppxPackage, DisplayName, 8, 4);
ABI_FIELD(DismAppxPackage, PublisherId, 16, 8);
ABI_FIELD(DismAppxPackage, MajorVersion, 24, 12);
ABI_FIELD(DismAppxPackage, MinorVersion, 28, 16);
ABI_FIELD(DismAppxPackage, Build, 32, 20);
ABI_FIELD(DismAppxPackage, RevisionNumber, 36, 24);
ABI_FIELD(DismAppxPackage, Architecture, 40, 28);
ABI_FIELD(DismAppxPackage, ResourceId, 44, 32);
ABI_FIELD(DismAppxPackage, InstallLocation, 52, 36);
ABI_FIELD(DismAppxPackage, Region, 60, 40);

ABI_SIZE(DismPackageInfoEx, 180, 128);
/* It starts with a whole DismPackageInfo. */
ABI_FIELD(DismPackageInfoEx, PackageName, 0, 0);
ABI_FIELD(DismPackageInfoEx, PackageState, 8, 4);
ABI_FIELD(DismPackageInfoEx, ReleaseType, 12, 8);
ABI_FIELD(DismPackageInfoEx, InstallTime, 16, 12);
ABI_FIELD(DismPackageInfoEx, Applicable, 32, 28);
ABI_FIELD(DismPackageInfoEx, Copyright, 36, 32);
ABI_FIELD(DismPackageInfoEx, Company, 44, 36);
ABI_FIELD(DismPackageInfoEx, CreationTime, 52, 40);
ABI_FIELD(DismPackageInfoEx, DisplayName, 68, 56);
ABI_FIELD(DismPackageInfoEx, Description, 76, 60);
ABI_FIELD(DismPackageInfoEx, InstallClient, 84, 64);
ABI_FIELD(DismPackageInfoEx, InstallPackageName, 92, 68);
ABI_FIELD(DismPackageInfoEx, LastUpdateTime, 100, 72);
ABI_FIELD(DismPackageInfoEx, ProductName, 116, 88);
ABI_FIELD(DismPackageInfoEx, ProductVersion, 124, 92);
ABI_FIELD(DismPackageInfoEx, RestartRequired, 132, 96);
ABI_FIELD(DismPackageInfoEx, FullyOffline, 136, 100);
ABI_FIELD(DismPackageInfoEx, SupportInformation, 140, 104);
ABI_FIELD(DismPackageInfoEx, CustomProperty, 148, 108);
ABI_FIELD(DismPackageInfoEx, CustomPropertyCount, 156, 112);
ABI_FIELD(DismPackageInfoEx, Feature, 160, 116);
ABI_FIELD(DismPackageInfoEx, FeatureCount, 168, 120);
ABI_FIELD(DismPackageInfoEx, CapabilityId, 172, 124);

ABI_SIZE(DismLanguage, 8, 4);
ABI_FIELD(DismLanguage, Value, 0, 0);

ABI_SIZE(SYSTEMTIME, 16, 16);
ABI_FIELD(SYSTEMTIME, wYear, 0, 0);
ABI_FIELD(SYSTEMTIME, wMonth, 2, 2);
ABI_FIELD(SYSTEMTIME, wDayOfWeek, 4, 4);
ABI_FIELD(SYSTEMTIME, wDay, 6, 6);
ABI_FIELD(SYSTEMTIME, wHour, 8, 8);
ABI_FIELD(SYSTEMTIME, wMinute, 10, 10);
ABI_FIELD(SYSTEMTIME, wSecond, 12, 12);
ABI_FIELD(SYSTEMTIME, wMilliseconds, 14, 14);

/* ---- enumerations: all of int size ---- */

ABI_SIZE(DismLogLevel, 4, 4);
ABI_VALUE(DismLogErrors, 0);
ABI_VALUE(DismLogErrorsWarnings, 1);
ABI_VALUE(DismLogErrorsWarningsInfo, 2);
ABI_VALUE(DismLogErrorsWarningsInfoDebug, 3);

ABI_SIZE(DismImageIdentifier, 4, 4);
ABI_VALUE(DismImageIndex, 0);
ABI_VALUE(DismImageName, 1);
ABI_VALUE(DismImageNone, 2);

ABI_SIZE(DismMountMode, 4, 4);
ABI_VALUE(DismReadWrite, 0);
ABI_VALUE(DismReadOnly, 1);

ABI_SIZE(DismImageType, 4, 4);
ABI_VALUE(DismImageTypeUnsupported, -1);
ABI_VALUE(DismImageTypeWim, 0);
ABI_VALUE(DismImageTypeVhd, 1);

ABI_SIZE(DismImageBootable, 4, 4);
ABI_VALUE(DismImageBootableYes, 0);
ABI_VALUE(DismImageBootableNo, 1);
ABI_VALUE(DismImageBootableUnknown, 2);

ABI_SIZE(DismMountStatus, 4, 4);
ABI_VALUE(DismMountStatusOk, 0);
ABI_VALUE(DismMountStatusNeedsRemount, 1);
ABI_VALUE(DismMountStatusInvalid, 2);

ABI_SIZE(DismImageHealthState, 4, 4);
ABI_VALUE(DismImageHealthy, 0);
ABI_VALUE(DismImageRepairable, 1);
ABI_VALUE(DismImageNonRepairable, 2);

ABI_SIZE(DismPackageIdentifier, 4, 4);
ABI_VALUE(DismPackageNone, 0);
ABI_VALUE(DismPackageName, 1);
ABI_VALUE(DismPackagePath, 2);

ABI_SIZE(DismPackageFeatureState, 4, 4);
ABI_VALUE(DismStateNotPresent, 0);
ABI_VALUE(DismStateUninstallPending, 1);
ABI_VALUE(DismStateStaged, 2);
ABI_VALUE(DismStateResolved, 3);
ABI_VALUE(DismStateRemoved, 3);
ABI_VALUE(DismStateInstalled, 4);
ABI_VALUE(DismStateInstallPending, 5);
ABI_VALUE(DismStateSuperseded, 6);
ABI_VALUE(DismStatePartiallyInstalled, 7);

ABI_SIZE(DismReleaseType, 4, 4);
ABI_VALUE(DismReleaseTypeCriticalUpdate, 0);
ABI_VALUE(DismReleaseTypeDriver, 1);
ABI_VALUE(DismReleaseTypeFeaturePack, 2);
ABI_VALUE(DismReleaseTypeHotfix, 3);
ABI_VALUE(DismReleaseTypeSecurityUpdate, 4);
ABI_VALUE(DismReleaseTypeSoftwareUpdate, 5);
ABI_VALUE(DismReleaseTypeUpdate, 6);
ABI_VALUE(DismReleaseTypeUpdateRollup, 7);
ABI_VALUE(DismReleaseTypeLanguagePack, 8);
ABI_VALUE(DismReleaseTypeFoundation, 9);
ABI_VALUE(DismReleaseTypeServicePack, 10);
ABI_VALUE(DismReleaseTypeProduct, 11);
ABI_VALUE(DismReleaseTypeLocalPack, 12);
ABI_VALUE(DismReleaseTypeOther, 13);
ABI_VALUE(DismReleaseTypeOnDemandPack, 14);

ABI_SIZE(DismRestartType, 4, 4);
ABI_VALUE(DismRestartNo, 0);
ABI_VALUE(DismRestartPossible, 1);
ABI_VALUE(DismRestartRequired, 2);

ABI_SIZE(DismDriverSignature, 4, 4);
ABI_VALUE(DismDriverSignatureUnknown, 0);
ABI_VALUE(DismDriverSignatureUnsigned, 1);
ABI_VALUE(DismDriverSignatureSigned, 2);

ABI_SIZE(DismFullyOfflineInstallableType, 4, 4);
ABI_VALUE(DismFullyOfflineInstallable, 0);
ABI_VALUE(DismFullyOfflineNotInstallable, 1);
ABI_VALUE(DismFullyOfflineInstallableUndetermined, 2);

ABI_SIZE(DismStubPackageOption, 4, 4);
ABI_VALUE(DismStubPackageOptionNone, 0);
ABI_VALUE(DismStubPackageOptionInstallFull, 1);
ABI_VALUE(DismStubPackageOptionInstallStub, 2);

ABI_SIZE(DismRegistryHive, 4, 4);
ABI_VALUE(DismRegistrySoftware, 0);
ABI_VALUE(DismRegistrySystem, 1);
ABI_VALUE(DismRegistrySecurity, 2);
ABI_VALUE(DismRegistrySam, 3);
ABI_VALUE(DismRegistryDefault, 4);
ABI_VALUE(DismRegistryUser, 5);
ABI_VALUE(DismRegistryComponents, 6);
ABI_VALUE(DismRegistryDrivers, 7);

ABI_VALUE(PROCESSOR_ARCHITECTURE_INTEL, 0);
ABI_VALUE(PROCESSOR_ARCHITECTURE_ARM, 5);
ABI_VALUE(PROCESSOR_ARCHITECTURE_IA64, 6);
ABI_VALUE(PROCESSOR_ARCHITECTURE_AMD64, 9);
ABI_VALUE(PROCESSOR_ARCHITECTURE_NEUTRAL, 11);
ABI_VALUE(PROCESSOR_ARCHITECTURE_ARM64, 12);

/* ---- constants ---- */

ABI_VALUE(DISM_SESSION_DEFAULT, 0);
ABI_VALUE(DISM_MOUNT_READWRITE, 0x00000000);
ABI_VALUE(DISM_MOUNT_READONLY, 0x00000001);
ABI_VALUE(DISM_MOUNT_OPTIMIZE, 0x00000002);
ABI_VALUE(DISM_MOUNT_CHECK_INTEGRITY, 0x00000004);
ABI_VALUE(DISM_MOUNT_SUPPORT_EA, 0x00000008);
ABI_VALUE(DISM_COMMIT_IMAGE, 0x00000000);
ABI_VALUE(DISM_DISCARD_IMAGE, 0x00000001);
ABI_VALUE(DISM_COMMIT_GENERATE_INTEGRITY, 0x00010000);
ABI_VALUE(DISM_COMMIT_APPEND, 0x00020000);
ABI_VALUE(DISM_COMMIT_SUPPORT_EA, 0x00040000);
ABI_VALUE(DISM_COMMIT_MASK, 0xFFFF0000);
ABI_VALUE(DISM_RESERVED_STORAGE_DISABLED, 0);
ABI_VALUE(DISM_RESERVED_STORAGE_ENABLED, 1);
static_assert(sizeof(DismSession) == 4, "size of DismSession");
static_assert(sizeof(WCHAR) == 2, "size of WCHAR");
static_assert(sizeof(HRESULT) == 4, "size of HRESULT");
static_assert(sizeof(BOOL) == 4, "size of BOOL");
static_assert(sizeof(DISM_ONLINE_IMAGE) == 44 * sizeof(WCHAR), "length of DISM_ONLINE_IMAGE");

/* ---- result codes ---- */

ABI_VALUE(DISMAPI_S_RELOAD_IMAGE_SESSION_REQUIRED, 0x00000001);
ABI_VALUE(DISMAPI_E_DISMAPI_NOT_INITIALIZED, 0xC0040001);
ABI_VALUE(DISMAPI_E_SHUTDOWN_IN_PROGRESS, 0xC0040002);
ABI_VALUE(DISMAPI_E_OPEN_SESSION_HANDLES, 0xC0040003);
ABI_VALUE(DISMAPI_E_INVALID_DISM_SESSION, 0xC0040004);
ABI_VALUE(DISMAPI_E_INVALID_IMAGE_INDEX, 0xC0040005);
ABI_VALUE(DISMAPI_E_INVALID_IMAGE_NAME, 0xC0040006);
ABI_VALUE(DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH, 0xC0040007);
ABI_VALUE(DISMAPI_E_LOGGING_DISABLED, 0xC0040009);
ABI_VALUE(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_UNMOUNT_IMAGE_PATH, 0xC004000A);
ABI_VALUE(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_MOUNT_IMAGE_PATH, 0xC004000B);
ABI_VALUE(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_REMOUNT_IMAGE_PATH, 0xC004000C);
ABI_VALUE(DISMAPI_E_PARENT_FEATURE_DISABLED, 0xC004000D);
ABI_VALUE(DISMAPI_E_MUST_SPECIFY_ONLINE_IMAGE, 0xC004000E);
ABI_VALUE(DISMAPI_E_INVALID_PRODUCT_KEY, 0xC004000F);
ABI_VALUE(DISMAPI_E_MUST_SPECIFY_INDEX_OR_NAME, 0xC0040020);
ABI_VALUE(DISMAPI_E_NEEDS_REMOUNT, 0xC1510114);
ABI_VALUE(DISMAPI_E_UNKNOWN_FEATURE, 0x800F080C);
ABI_VALUE(DISMAPI_E_BUSY, 0x800F0902);
ABI_VALUE(S_OK, 0x00000000);
ABI_VALUE(S_FALSE, 0x00000001);
ABI_VALUE(ERROR_SUCCESS_REBOOT_REQUIRED, 0x00000BC2);
ABI_VALUE(ERROR_SUCCESS_RESTART_REQUIRED, 0x00000BC3);
ABI_VALUE(0x80070000u + ERROR_FILE_NOT_FOUND, 0x80070002);
ABI_VALUE(0x80070000u + ERROR_PATH_NOT_FOUND, 0x80070003);
ABI_VALUE(0x80070000u + ERROR_ACCESS_DENIED, 0x80070005);
ABI_VALUE(0x80070000u + ERROR_BAD_FORMAT, 0x8007000B);
ABI_VALUE(0x80070000u + ERROR_INVALID_DATA, 0x8007000D);
ABI_VALUE(E_OUTOFMEMORY, 0x8007000E);
ABI_VALUE(0x80070000u + ERROR_SHARING_VIOLATION, 0x80070020);
ABI_VALUE(0x80070000u + ERROR_LOCK_VIOLATION, 0x80070021);
ABI_VALUE(0x80070000u + ERROR_HANDLE_DISK_FULL, 0x80070027);
ABI_VALUE(0x80070000u + ERROR_NOT_SUPPORTED, 0x80070032);
ABI_VALUE(E_INVALIDARG, 0x80070057);
ABI_VALUE(0x80070000u + ERROR_DISK_FULL, 0x80070070);
ABI_VALUE(0x80070000u + ERROR_MOD_NOT_FOUND, 0x8007007E);
ABI_VALUE(0x80070000u + ERROR_DIR_NOT_EMPTY, 0x80070091);
ABI_VALUE(0x80070000u + ERROR_ALREADY_EXISTS, 0x800700B7);
ABI_VALUE(0x80070000u + ERROR_DIRECTORY, 0x8007010B);
ABI_VALUE(0x80070000u + ERROR_ELEVATION_REQUIRED, 0x800702E4);
ABI_VALUE(0x80070000u + ERROR_NOT_FOUND, 0x80070490);
ABI_VALUE(0x80070000u + ERROR_CANCELLED, 0x800704C7);
ABI_VALUE(0x80070000u + ERROR_REQUEST_ABORTED, 0x800704D3);
ABI_VALUE(0x80070000u + ERROR_UNKNOWN_PRODUCT, 0x80070645);
ABI_VALUE(0x80070000u + RPC_X_ENUM_VALUE_OUT_OF_RANGE, 0x800706F5);
ABI_VALUE(E_FAIL, 0x80004005);
ABI_VALUE(REGDB_E_CLASSNOTREG, 0x80040154);
ABI_VALUE(CBS_E_NOT_INITIALIZED, 0x800F0801);
ABI_VALUE(CBS_E_ALREADY_INITIALIZED, 0x800F0802);
ABI_VALUE(CBS_E_INVALID_PARAMETER, 0x800F0803);
ABI_VALUE(CBS_E_OPEN_FAILED, 0x800F0804);
ABI_VALUE(CBS_E_INVALID_PACKAGE, 0x800F0805);
ABI_VALUE(CBS_E_PENDING, 0x800F0806);
ABI_VALUE(CBS_E_NOT_INSTALLABLE, 0x800F0807);
ABI_VALUE(CBS_E_IMAGE_NOT_ACCESSIBLE, 0x800F0808);
ABI_VALUE(CBS_E_ARRAY_ELEMENT_MISSING, 0x800F0809);
ABI_VALUE(CBS_E_REESTABLISH_SESSION, 0x800F080A);
ABI_VALUE(CBS_E_PROPERTY_NOT_AVAILABLE, 0x800F080B);
ABI_VALUE(CBS_E_UNKNOWN_UPDATE, 0x800F080C);
ABI_VALUE(CBS_E_MANIFEST_INVALID_ITEM, 0x800F080D);
ABI_VALUE(CBS_E_INVALID_INSTALL_STATE, 0x800F0813);
ABI_VALUE(CBS_E_DPX_JOB_STATE_SAVED, 0x800F0816);
ABI_VALUE(CBS_E_PACKAGE_DELETED, 0x800F0817);
ABI_VALUE(CBS_E_IDENTITY_MISMATCH, 0x800F0818);
ABI_VALUE(CBS_E_UNEXPECTED_PROCESSOR_ARCHITECTURE, 0x800F081B);
ABI_VALUE(CBS_E_NOT_APPLICABLE, 0x800F081E);
ABI_VALUE(CBS_E_SOURCE_MISSING, 0x800F081F);
ABI_VALUE(CBS_E_CANCEL, 0x800F0820);
ABI_VALUE(CBS_E_ABORT, 0x800F0821);
ABI_VALUE(CBS_E_ILLEGAL_COMPONENT_UPDATE, 0x800F0822);
ABI_VALUE(CBS_E_NEW_SERVICING_STACK_REQUIRED, 0x800F0823);
ABI_VALUE(CBS_E_SOURCE_NOT_IN_LIST, 0x800F0824);
ABI_VALUE(CBS_E_CANNOT_UNINSTALL, 0x800F0825);
ABI_VALUE(CBS_E_PENDING_VICTIM, 0x800F0826);
ABI_VALUE(CBS_E_STACK_SHUTDOWN_REQUIRED, 0x800F0827);
ABI_VALUE(CBS_E_INSUFFICIENT_DISK_SPACE, 0x800F0828);
ABI_VALUE(CBS_E_NOT_ALLOWED_OFFLINE, 0x800F082E);
ABI_VALUE(CBS_E_EXCLUSIVE_WOULD_MERGE, 0x800F082F);
ABI_VALUE(CBS_E_IMAGE_UNSERVICEABLE, 0x800F0830);
ABI_VALUE(CBS_E_STORE_CORRUPTION, 0x800F0831);
ABI_VALUE(CBS_E_XML_PARSER_FAILURE, 0x800F0900);
ABI_VALUE(CBS_E_BUSY, 0x800F0902);
ABI_VALUE(CBS_E_DOWNLOAD_FAILURE, 0x800F0906);
ABI_VALUE(CBS_E_GROUPPOLICY_DISALLOWED, 0x800F0907);
ABI_VALUE(CBS_E_INSTALLERS_FAILED, 0x800F0922);
ABI_VALUE(CBS_E_INVALID_WINDOWS_UPDATE_COUNT, 0x800F0950);
ABI_VALUE(CBS_S_BUSY, 0x000F0801);
ABI_VALUE(CBS_S_ALREADY_EXISTS, 0x000F0802);
ABI_VALUE(CBS_S_STACK_SHUTDOWN_REQUIRED, 0x000F0803);

/* ---- arguments: bytes that each export takes off an x86 stack, where contract.json has them ----
 */

#define ABI_BYTES_OF(kind, name) +(KIND_##kind == KIND_NUMBER64 ? 8 : 4)
#define DISM_CALL(name, ...) ABI_BYTES_##name = 0 FOR_EACH(ABI_BYTES_OF, __VA_ARGS__),
#define DISM_CALL0(name) ABI_BYTES_##name = 0,
enum abi_bytes {
#include "dismapi_calls.h"
    ABI_EXPORT_COUNT = 95 /* in mingw-w64's import library */
};
#undef DISM_CALL
#undef DISM_CALL0

static_assert((int)API_COUNT == (int)ABI_EXPORT_COUNT, "number of exports");
#define ABI_BYTES(name, bytes) static_assert(ABI_BYTES_##name == (bytes), "arguments of " #name)

ABI_BYTES(DismAddCapability, 32);
ABI_BYTES(DismAddDriver, 12);
ABI_BYTES(DismAddPackage, 28);
ABI_BYTES(DismApplyUnattend, 12);
ABI_BYTES(DismCheckImageHealth, 24);
ABI_BYTES(DismCleanupMountpoints, 0);
ABI_BYTES(DismCloseSession, 4);
ABI_BYTES(DismCommitImage, 20);
ABI_BYTES(DismDelete, 4);
ABI_BYTES(DismDisableFeature, 28);
ABI_BYTES(DismEnableFeature, 44);
ABI_BYTES(DismGetCapabilities, 12);
ABI_BYTES(DismGetCapabilityInfo, 12);
ABI_BYTES(DismGetDriverInfo, 20);
ABI_BYTES(DismGetDrivers, 16);
ABI_BYTES(DismGetFeatureInfo, 20);
ABI_BYTES(DismGetFeatureParent, 24);
ABI_BYTES(DismGetFeatures, 20);
ABI_BYTES(DismGetImageInfo, 12);
ABI_BYTES(DismGetLastErrorMessage, 4);
ABI_BYTES(DismGetMountedImageInfo, 8);
ABI_BYTES(DismGetPackageInfo, 16);
ABI_BYTES(DismGetPackageInfoEx, 16);
ABI_BYTES(DismGetPackages, 12);
ABI_BYTES(DismGetReservedStorageState, 8);
ABI_BYTES(DismInitialize, 12);
ABI_BYTES(DismMountImage, 36);
ABI_BYTES(DismOpenSession, 16);
ABI_BYTES(DismRemountImage, 4);
ABI_BYTES(DismRemoveCapability, 20);
ABI_BYTES(DismRemoveDriver, 8);
ABI_BYTES(DismRemovePackage, 24);
ABI_BYTES(DismRestoreImageHealth, 28);
ABI_BYTES(DismSetReservedStorageState, 8);
ABI_BYTES(DismShutdown, 0);
ABI_BYTES(DismUnmountImage, 20);
ABI_BYTES(_DismAddDriverEx, 24);
ABI_BYTES(_DismAddPackageEx, 40);
ABI_BYTES(_DismAddProvisionedAppxPackage, 48);
ABI_BYTES(_DismApplyFfuImage, 12);
ABI_BYTES(_DismApplyProvisioningPackage, 20);
ABI_BYTES(_DismEnableDisableFeature, 48);
ABI_BYTES(_DismGetCurrentEdition, 8);
ABI_BYTES(_DismGetDriversEx, 24);
ABI_BYTES(_DismGetEffectiveSystemUILanguage, 8);
ABI_BYTES(_DismGetFeaturesEx, 20);
ABI_BYTES(_DismGetInstallLanguage, 8);
ABI_BYTES(_DismGetKCacheBinaryValue, 16);
ABI_BYTES(_DismGetKCacheDwordValue, 12);
ABI_BYTES(_DismGetKCacheStringValue, 12);
ABI_BYTES(_DismGetLastCBSSessionID, 8);
ABI_BYTES(_DismGetOSUninstallWindow, 8);
ABI_BYTES(_DismGetProductKeyInfo, 16);
ABI_BYTES(_DismGetProvisionedAppxPackages, 12);
ABI_BYTES(_DismGetProvisioningPackageInfo, 12);
ABI_BYTES(_DismGetRegistryMountPoint, 12);
ABI_BYTES(_DismGetStateFromCBSSessionID, 16);
ABI_BYTES(_DismGetTargetEditions, 12);
ABI_BYTES(_DismGetUsedSpace, 12);
ABI_BYTES(_DismRemoveOSUninstall, 4);
ABI_BYTES(_DismRemoveProvisionedAppxPackage, 8);
ABI_BYTES(_DismRevertPendingActions, 16);
ABI_BYTES(_DismSetAllIntlSettings, 8);
ABI_BYTES(_DismSetEdition, 24);
ABI_BYTES(_DismSetEdition2, 24);
ABI_BYTES(_DismSetFirstBootCommandLine, 12);
ABI_BYTES(_DismSetMachineName, 8);
ABI_BYTES(_DismSetOSUninstallWindow, 8);
ABI_BYTES(_DismSetProductKey, 8);
ABI_BYTES(_DismSetSkuIntlDefaults, 8);
ABI_BYTES(_DismSplitFfuImage, 16);
ABI_BYTES(_DismStage, 4);
ABI_BYTES(_DismSysprepCleanup, 24);
ABI_BYTES(_DismSysprepGeneralize, 28);
ABI_BYTES(_DismSysprepSpecialize, 20);
ABI_BYTES(_DismValidateProductKey, 8);
