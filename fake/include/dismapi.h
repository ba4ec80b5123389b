/* SPDX-License-Identifier: MIT */
/*
 * dismapi.h - the public face of the DISM API: types, packed structures, enumerations, constants,
 * result codes and prototypes, binary compatible with the Windows 10/11 DLL. Relies on
 * dism_windows.h for the Win32 names. Usable from C89, later C, C++98 and later C++.
 *
 * Written from public facts about the interface, in our own words. The name in brackets at the end
 * of a comment is the clause of contract.json it comes from.
 */
#ifndef DISMAPI_H
#define DISMAPI_H

#include "dism_windows.h"

/* Whoever builds the library defines this as its export decoration before including the header. */
#ifndef DISMAPI_EXPORT
#define DISMAPI_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- handles and callbacks ---- */

/* A number that DismOpenSession handed out; never DISM_SESSION_DEFAULT while open. */
typedef UINT DismSession;

/* Current counts up to Total, whose size differs per operation (100, 200, 1000 ... seen). UserData
 * is the caller's own pointer, untouched. */
typedef void(CALLBACK *DISM_PROGRESS_CALLBACK)(UINT Current, UINT Total, PVOID UserData);

/* ---- constants ---- */

/* ImagePath that stands for the running Windows. Where the language has no UTF-16 literals it is an
 * array, not a literal: both work as a PCWSTR. */
#if defined(_WIN32)
#define DISM_ONLINE_IMAGE L"DISM_{53BFAE52-B167-4E2F-A258-0A37B57FF845}"
#elif (!defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L) ||       \
    (defined(__cplusplus) && __cplusplus >= 201103L)
#define DISM_ONLINE_IMAGE u"DISM_{53BFAE52-B167-4E2F-A258-0A37B57FF845}"
#else
#ifdef __GNUC__
__attribute__((unused))
#endif
static const WCHAR dismapi_online_image[] = {'D', 'I', 'S', 'M', '_', '{', '5', '3', 'B', 'F', 'A',
                                             'E', '5', '2', '-', 'B', '1', '6', '7', '-', '4', 'E',
                                             '2', 'F', '-', 'A', '2', '5', '8', '-', '0', 'A', '3',
                                             '7', 'B', '5', '7', 'F', 'F', '8', '4', '5', '}', 0};
#define DISM_ONLINE_IMAGE dismapi_online_image
#endif

#define DISM_SESSION_DEFAULT 0

/* DismMountImage */
#define DISM_MOUNT_READWRITE 0x00000000
#define DISM_MOUNT_READONLY 0x00000001
#define DISM_MOUNT_OPTIMIZE 0x00000002
#define DISM_MOUNT_CHECK_INTEGRITY 0x00000004
#define DISM_MOUNT_SUPPORT_EA 0x00000008 /* since 20H2 */

/* DismUnmountImage: one of these two ... */
#define DISM_COMMIT_IMAGE 0x00000000
#define DISM_DISCARD_IMAGE 0x00000001

/* ... and, with a commit or in DismCommitImage, any of these. The mask parts the two groups. */
#define DISM_COMMIT_GENERATE_INTEGRITY 0x00010000
#define DISM_COMMIT_APPEND 0x00020000
#define DISM_COMMIT_SUPPORT_EA 0x00040000 /* since 20H2 */
#define DISM_COMMIT_MASK 0xFFFF0000

/* Reserved storage, since Windows 10 2004 */
#define DISM_RESERVED_STORAGE_DISABLED 0x00000000
#define DISM_RESERVED_STORAGE_ENABLED 0x00000001

/* ---- result codes of the API itself; more in dism_codes.h ---- */

#define DISMAPI_S_RELOAD_IMAGE_SESSION_REQUIRED ((HRESULT)0x00000001)
#define DISMAPI_E_DISMAPI_NOT_INITIALIZED ((HRESULT)0xC0040001)
#define DISMAPI_E_SHUTDOWN_IN_PROGRESS ((HRESULT)0xC0040002)
#define DISMAPI_E_OPEN_SESSION_HANDLES ((HRESULT)0xC0040003)
#define DISMAPI_E_INVALID_DISM_SESSION ((HRESULT)0xC0040004)
#define DISMAPI_E_INVALID_IMAGE_INDEX ((HRESULT)0xC0040005)
#define DISMAPI_E_INVALID_IMAGE_NAME ((HRESULT)0xC0040006)
#define DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH ((HRESULT)0xC0040007)
#define DISMAPI_E_LOGGING_DISABLED ((HRESULT)0xC0040009)
#define DISMAPI_E_OPEN_HANDLES_UNABLE_TO_UNMOUNT_IMAGE_PATH ((HRESULT)0xC004000A)
#define DISMAPI_E_OPEN_HANDLES_UNABLE_TO_MOUNT_IMAGE_PATH ((HRESULT)0xC004000B)
#define DISMAPI_E_OPEN_HANDLES_UNABLE_TO_REMOUNT_IMAGE_PATH ((HRESULT)0xC004000C)
#define DISMAPI_E_PARENT_FEATURE_DISABLED ((HRESULT)0xC004000D)
#define DISMAPI_E_MUST_SPECIFY_ONLINE_IMAGE ((HRESULT)0xC004000E)
#define DISMAPI_E_INVALID_PRODUCT_KEY ((HRESULT)0xC004000F)
#define DISMAPI_E_MUST_SPECIFY_INDEX_OR_NAME ((HRESULT)0xC0040020)
#define DISMAPI_E_NEEDS_REMOUNT ((HRESULT)0xC1510114)
#define DISMAPI_E_UNKNOWN_FEATURE ((HRESULT)0x800F080C)
#define DISMAPI_E_BUSY ((HRESULT)0x800F0902)

/* ---- enumerations ---- */

typedef enum _DismLogLevel {
    DismLogErrors = 0,
    DismLogErrorsWarnings = 1,
    DismLogErrorsWarningsInfo = 2,
    DismLogErrorsWarningsInfoDebug = 3 /* newer headers */
} DismLogLevel;

typedef enum _DismImageIdentifier {
    DismImageIndex = 0,
    DismImageName = 1,
    DismImageNone = 2 /* Windows 11 headers */
} DismImageIdentifier;

typedef enum _DismMountMode { DismReadWrite = 0, DismReadOnly = 1 } DismMountMode;

typedef enum _DismImageType {
    DismImageTypeUnsupported = -1,
    DismImageTypeWim = 0,
    DismImageTypeVhd = 1
} DismImageType;

typedef enum _DismImageBootable {
    DismImageBootableYes = 0,
    DismImageBootableNo = 1,
    DismImageBootableUnknown = 2
} DismImageBootable;

typedef enum _DismMountStatus {
    DismMountStatusOk = 0,
    DismMountStatusNeedsRemount = 1,
    DismMountStatusInvalid = 2
} DismMountStatus;

typedef enum _DismImageHealthState {
    DismImageHealthy = 0,
    DismImageRepairable = 1,
    DismImageNonRepairable = 2
} DismImageHealthState;

typedef enum _DismPackageIdentifier {
    DismPackageNone = 0,
    DismPackageName = 1,
    DismPackagePath = 2
} DismPackageIdentifier;

typedef enum _DismPackageFeatureState {
    DismStateNotPresent = 0,
    DismStateUninstallPending = 1,
    DismStateStaged = 2,
    DismStateResolved = 3,
    DismStateRemoved = 3, /* the same state under its newer name */
    DismStateInstalled = 4,
    DismStateInstallPending = 5,
    DismStateSuperseded = 6,
    DismStatePartiallyInstalled = 7
} DismPackageFeatureState;

typedef enum _DismReleaseType {
    DismReleaseTypeCriticalUpdate = 0,
    DismReleaseTypeDriver = 1,
    DismReleaseTypeFeaturePack = 2,
    DismReleaseTypeHotfix = 3,
    DismReleaseTypeSecurityUpdate = 4,
    DismReleaseTypeSoftwareUpdate = 5,
    DismReleaseTypeUpdate = 6,
    DismReleaseTypeUpdateRollup = 7,
    DismReleaseTypeLanguagePack = 8,
    DismReleaseTypeFoundation = 9,
    DismReleaseTypeServicePack = 10,
    DismReleaseTypeProduct = 11,
    DismReleaseTypeLocalPack = 12,
    DismReleaseTypeOther = 13,
    DismReleaseTypeOnDemandPack = 14
} DismReleaseType;

typedef enum _DismRestartType {
    DismRestartNo = 0,
    DismRestartPossible = 1,
    DismRestartRequired = 2
} DismRestartType;

typedef enum _DismDriverSignature {
    DismDriverSignatureUnknown = 0,
    DismDriverSignatureUnsigned = 1,
    DismDriverSignatureSigned = 2
} DismDriverSignature;

typedef enum _DismFullyOfflineInstallableType {
    DismFullyOfflineInstallable = 0,
    DismFullyOfflineNotInstallable = 1,
    DismFullyOfflineInstallableUndetermined = 2
} DismFullyOfflineInstallableType;

typedef enum _DismStubPackageOption {
    DismStubPackageOptionNone = 0,
    DismStubPackageOptionInstallFull = 1,
    DismStubPackageOptionInstallStub = 2
} DismStubPackageOption;

/* No public header names these values; the names are ours, the numbers what clients pass. */
typedef enum _DismRegistryHive {
    DismRegistrySoftware = 0,
    DismRegistrySystem = 1,
    DismRegistrySecurity = 2,
    DismRegistrySam = 3,
    DismRegistryDefault = 4,
    DismRegistryUser = 5,
    DismRegistryComponents = 6,
    DismRegistryDrivers = 7
} DismRegistryHive;

/* ---- structures: packed, so that 64-bit fields and pointers need not be aligned ----
 * All of them are made by the API. One call of DismDelete on the pointer that the call returned
 * frees the block with all strings and arrays inside. */

#pragma pack(push, 1)

typedef struct _DismPackage {
    PCWSTR PackageName;
    DismPackageFeatureState PackageState;
    DismReleaseType ReleaseType;
    SYSTEMTIME InstallTime;
} DismPackage;

typedef struct _DismCustomProperty {
    PCWSTR Name;
    PCWSTR Value;
    PCWSTR Path;
} DismCustomProperty;

typedef struct _DismFeature {
    PCWSTR FeatureName;
    DismPackageFeatureState State;
} DismFeature;

typedef struct _DismCapability {
    PCWSTR Name;
    DismPackageFeatureState State;
} DismCapability;

/* Stands in both package structures: C89 has no way to make one the unnamed start of the other. */
#define DISMAPI_PACKAGE_INFO_FIELDS                                                                \
    PCWSTR PackageName;                                                                            \
    DismPackageFeatureState PackageState;                                                          \
    DismReleaseType ReleaseType;                                                                   \
    SYSTEMTIME InstallTime;                                                                        \
    BOOL Applicable;                                                                               \
    PCWSTR Copyright;                                                                              \
    PCWSTR Company;                                                                                \
    SYSTEMTIME CreationTime;                                                                       \
    PCWSTR DisplayName;                                                                            \
    PCWSTR Description;                                                                            \
    PCWSTR InstallClient;                                                                          \
    PCWSTR InstallPackageName;                                                                     \
    SYSTEMTIME LastUpdateTime;                                                                     \
    PCWSTR ProductName;                                                                            \
    PCWSTR ProductVersion;                                                                         \
    DismRestartType RestartRequired;                                                               \
    DismFullyOfflineInstallableType FullyOffline;                                                  \
    PCWSTR SupportInformation;                                                                     \
    DismCustomProperty *CustomProperty;                                                            \
    UINT CustomPropertyCount;                                                                      \
    DismFeature *Feature;                                                                          \
    UINT FeatureCount;

typedef struct _DismPackageInfo {
    DISMAPI_PACKAGE_INFO_FIELDS
} DismPackageInfo;

/* A DismPackageInfo, then CapabilityId: a pointer to it may be used as a pointer to its start. */
#ifdef __cplusplus
typedef struct _DismPackageInfoEx : public _DismPackageInfo {
    PCWSTR CapabilityId;
} DismPackageInfoEx;
#else
typedef struct _DismPackageInfoEx {
    DISMAPI_PACKAGE_INFO_FIELDS
    PCWSTR CapabilityId;
} DismPackageInfoEx;
#endif

typedef struct _DismFeatureInfo {
    PCWSTR FeatureName;
    DismPackageFeatureState FeatureState;
    PCWSTR DisplayName;
    PCWSTR Description;
    DismRestartType RestartRequired;
    DismCustomProperty *CustomProperty;
    UINT CustomPropertyCount;
} DismFeatureInfo;

typedef struct _DismCapabilityInfo {
    PCWSTR Name;
    DismPackageFeatureState State;
    PCWSTR DisplayName;
    PCWSTR Description;
    DWORD DownloadSize; /* bytes, as InstallSize */
    DWORD InstallSize;
} DismCapabilityInfo;

typedef struct _DismString {
    PCWSTR Value;
} DismString;

typedef DismString DismLanguage;

typedef struct _DismWimCustomizedInfo {
    UINT Size; /* of this structure */
    UINT DirectoryCount;
    UINT FileCount;
    SYSTEMTIME CreatedTime;
    SYSTEMTIME ModifiedTime;
} DismWimCustomizedInfo;

typedef struct _DismImageInfo {
    DismImageType ImageType;
    UINT ImageIndex; /* from 1 */
    PCWSTR ImageName;
    PCWSTR ImageDescription;
    UINT64 ImageSize;
    UINT Architecture; /* PROCESSOR_ARCHITECTURE_... */
    PCWSTR ProductName;
    PCWSTR EditionId;
    PCWSTR InstallationType;
    PCWSTR Hal;
    PCWSTR ProductType;
    PCWSTR ProductSuite;
    UINT MajorVersion;
    UINT MinorVersion;
    UINT Build;
    UINT SpBuild;
    UINT SpLevel;
    DismImageBootable Bootable;
    PCWSTR SystemRoot;
    DismLanguage *Language;
    UINT LanguageCount;
    UINT DefaultLanguageIndex;
    VOID *CustomizedInfo; /* DismWimCustomizedInfo for a WIM, else NULL */
} DismImageInfo;

typedef struct _DismMountedImageInfo {
    PCWSTR MountPath;
    PCWSTR ImageFilePath;
    UINT ImageIndex;
    DismMountMode MountMode;
    DismMountStatus MountStatus;
} DismMountedImageInfo;

typedef struct _DismDriverPackage {
    PCWSTR PublishedName;
    PCWSTR OriginalFileName;
    BOOL InBox;
    PCWSTR CatalogFile;
    PCWSTR ClassName;
    PCWSTR ClassGuid;
    PCWSTR ClassDescription;
    BOOL BootCritical;
    DismDriverSignature DriverSignature;
    PCWSTR ProviderName;
    SYSTEMTIME Date;
    UINT MajorVersion;
    UINT MinorVersion;
    UINT Build;
    UINT Revision;
} DismDriverPackage;

typedef struct _DismDriver {
    PCWSTR ManufacturerName;
    PCWSTR HardwareDescription;
    PCWSTR HardwareId;
    UINT Architecture; /* PROCESSOR_ARCHITECTURE_... */
    PCWSTR ServiceName;
    PCWSTR CompatibleIds;
    PCWSTR ExcludeIds;
} DismDriver;

typedef struct _DismAppxPackage {
    PCWSTR PackageName;
    PCWSTR DisplayName;
    PCWSTR PublisherId;
    UINT MajorVersion;
    UINT MinorVersion;
    UINT Build;
    UINT RevisionNumber;
    UINT Architecture; /* PROCESSOR_ARCHITECTURE_... */
    PCWSTR ResourceId;
    PCWSTR InstallLocation;
    PCWSTR Region; /* older builds of the DLL end before it */
} DismAppxPackage;

#pragma pack(pop)

/* ---- functions ----
 * What holds for all of them, unless the comment says otherwise:
 * - Before DismInitialize and after DismShutdown they fail with DISMAPI_E_DISMAPI_NOT_INITIALIZED.
 * - A session that is unknown, closed or closing gives DISMAPI_E_INVALID_DISM_SESSION.
 * - Any thread may call; DismGetLastErrorMessage has the text of the calling thread's last failure.
 * - What an out-parameter received on success is freed by the caller with DismDelete. An array is
 *   one block with its length in Count.
 * - CancelEvent (an event to signal), Progress and UserData may each be NULL. Calls block; Progress
 *   is called during the call. A cancelled call fails, or ends as usual if it was too late to stop.
 * - Calls that change an image may also succeed with 1 (open the session again) or 3010 (restart).
 */

/* Starts the API, once per process. NULL LogFilePath: the default log; NULL ScratchDirectory: the
 * default temporary folder. Of concurrent calls one succeeds. A log that cannot be opened gives
 * DISMAPI_E_LOGGING_DISABLED. [DismInitialize.3] */
DISMAPI_EXPORT HRESULT WINAPI DismInitialize(DismLogLevel LogLevel, PCWSTR LogFilePath,
                                             PCWSTR ScratchDirectory);

/* Ends what DismInitialize began; mounts stay. DISMAPI_E_OPEN_SESSION_HANDLES, and nothing happens,
 * while sessions are open. Of concurrent calls one succeeds. [DismShutdown.2] */
DISMAPI_EXPORT HRESULT WINAPI DismShutdown(void);

/* Mounts the image with this index or name (ImageIdentifier says which) of a .wim, .vhd or .vhdx
 * into the existing, empty folder MountPath. Flags: DISM_MOUNT_... [DismMountImage.7] */
DISMAPI_EXPORT HRESULT WINAPI DismMountImage(PCWSTR ImageFilePath, PCWSTR MountPath,
                                             UINT ImageIndex, PCWSTR ImageName,
                                             DismImageIdentifier ImageIdentifier, DWORD Flags,
                                             HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                             PVOID UserData);

/* Ends a mount, with DISM_COMMIT_IMAGE or DISM_DISCARD_IMAGE, and commit flags. Fails while a
 * session is open on the image. [DismUnmountImage.2] */
DISMAPI_EXPORT HRESULT WINAPI DismUnmountImage(PCWSTR MountPath, DWORD Flags, HANDLE CancelEvent,
                                               DISM_PROGRESS_CALLBACK Progress, PVOID UserData);

/* Opens an image for servicing: the root of a mounted or applied image, or DISM_ONLINE_IMAGE. NULL
 * WindowsDirectory: "Windows" under the root; NULL SystemDrive: the drive of the root. *Session is
 * for DismCloseSession. [DismOpenSession.8] */
DISMAPI_EXPORT HRESULT WINAPI DismOpenSession(PCWSTR ImagePath, PCWSTR WindowsDirectory,
                                              PCWSTR SystemDrive, DismSession *Session);

/* Ends a session. Waits for calls already running on it in other threads; calls that come meanwhile
 * are refused. Neither commits nor unmounts. [DismCloseSession.3] */
DISMAPI_EXPORT HRESULT WINAPI DismCloseSession(DismSession Session);

/* The text of the last failure on the calling thread. Only S_OK gives something to free. Failures
 * of this call, DismShutdown and DismDelete leave no text. [DismGetLastErrorMessage.4] */
DISMAPI_EXPORT HRESULT WINAPI DismGetLastErrorMessage(DismString **ErrorMessage);

/* Brings a mount that needs it back to life, with its file, index and mode. [DismRemountImage.7] */
DISMAPI_EXPORT HRESULT WINAPI DismRemountImage(PCWSTR MountPath);

/* Saves the changes of a mounted image into its file; mount and session stay. Flags:
 * DISM_COMMIT_... E_INVALIDARG for a session that is not of a mount. [DismCommitImage.4] */
DISMAPI_EXPORT HRESULT WINAPI DismCommitImage(DismSession Session, DWORD Flags, HANDLE CancelEvent,
                                              DISM_PROGRESS_CALLBACK Progress, PVOID UserData);

/* Describes every image of an image file, in the order of their indexes. No session.
 * [DismGetImageInfo.3] */
DISMAPI_EXPORT HRESULT WINAPI DismGetImageInfo(PCWSTR ImageFilePath, DismImageInfo **ImageInfo,
                                               UINT *Count);

/* Lists the mounts of the computer, those of other processes too. No session.
 * [DismGetMountedImageInfo.5] */
DISMAPI_EXPORT HRESULT WINAPI DismGetMountedImageInfo(DismMountedImageInfo **MountedImageInfo,
                                                      UINT *Count);

/* Clears away invalid mounts; those in order or to be remounted stay. No session.
 * [DismCleanupMountpoints.2] */
DISMAPI_EXPORT HRESULT WINAPI DismCleanupMountpoints(void);

/* With ScanImage examines the image, else repeats what the last scan found; progress is reported by
 * a scan only. *ImageHealth is the caller's, nothing to free. [DismCheckImageHealth.2] */
DISMAPI_EXPORT HRESULT WINAPI DismCheckImageHealth(DismSession Session, BOOL ScanImage,
                                                   HANDLE CancelEvent,
                                                   DISM_PROGRESS_CALLBACK Progress, PVOID UserData,
                                                   DismImageHealthState *ImageHealth);

/* Repairs the image from SourcePaths (NULL and 0: none), then from policy's places, then, unless
 * LimitAccess, from Windows Update. CBS_E_SOURCE_MISSING if none has the files.
 * [DismRestoreImageHealth.2] */
DISMAPI_EXPORT HRESULT WINAPI DismRestoreImageHealth(DismSession Session, PCWSTR *SourcePaths,
                                                     UINT SourcePathCount, BOOL LimitAccess,
                                                     HANDLE CancelEvent,
                                                     DISM_PROGRESS_CALLBACK Progress,
                                                     PVOID UserData);

/* Frees what a call returned: give the very pointer. NULL is fine. From any thread, also after the
 * session was closed. [DismDelete.2] */
DISMAPI_EXPORT HRESULT WINAPI DismDelete(VOID *DismStructure);

/* Installs a .cab, .msu or expanded folder. IgnoreCheck skips the test of applicability (else
 * CBS_E_NOT_APPLICABLE); PreventPending refuses while the image has pending work.
 * [DismAddPackage.4] */
DISMAPI_EXPORT HRESULT WINAPI DismAddPackage(DismSession Session, PCWSTR PackagePath,
                                             BOOL IgnoreCheck, BOOL PreventPending,
                                             HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                             PVOID UserData);

/* Removes a package given by name or by the path it came from; DismPackageNone is no valid choice.
 * [DismRemovePackage.2] */
DISMAPI_EXPORT HRESULT WINAPI DismRemovePackage(DismSession Session, PCWSTR Identifier,
                                                DismPackageIdentifier PackageIdentifier,
                                                HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                                PVOID UserData);

/* Turns on a feature, or several between semicolons, of a package (NULL Identifier: the
 * foundation). EnableAll turns on parents too, else a disabled one gives
 * DISMAPI_E_PARENT_FEATURE_DISABLED. [DismEnableFeature.5] */
DISMAPI_EXPORT HRESULT WINAPI DismEnableFeature(DismSession Session, PCWSTR FeatureName,
                                                PCWSTR Identifier,
                                                DismPackageIdentifier PackageIdentifier,
                                                BOOL LimitAccess, PCWSTR *SourcePaths,
                                                UINT SourcePathCount, BOOL EnableAll,
                                                HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                                PVOID UserData);

/* Turns off a feature, or several between semicolons; RemovePayload also drops the files. NULL
 * PackageName: the foundation. [DismDisableFeature.2] */
DISMAPI_EXPORT HRESULT WINAPI DismDisableFeature(DismSession Session, PCWSTR FeatureName,
                                                 PCWSTR PackageName, BOOL RemovePayload,
                                                 HANDLE CancelEvent,
                                                 DISM_PROGRESS_CALLBACK Progress, PVOID UserData);

/* Lists the packages of the image. [DismGetPackages.1] */
DISMAPI_EXPORT HRESULT WINAPI DismGetPackages(DismSession Session, DismPackage **Package,
                                              UINT *Count);

/* Describes one package, by name or by path; by path it need not be installed, and Applicable tells
 * if it could be. One structure. [DismGetPackageInfo.4] */
DISMAPI_EXPORT HRESULT WINAPI DismGetPackageInfo(DismSession Session, PCWSTR Identifier,
                                                 DismPackageIdentifier PackageIdentifier,
                                                 DismPackageInfo **PackageInfo);

/* The same with the capability that the package carries. Since Windows 10.
 * [DismGetPackageInfoEx.1] */
DISMAPI_EXPORT HRESULT WINAPI DismGetPackageInfoEx(DismSession Session, PCWSTR Identifier,
                                                   DismPackageIdentifier PackageIdentifier,
                                                   DismPackageInfoEx **PackageInfoEx);

/* Lists the features of a package (NULL Identifier: the foundation). [DismGetFeatures.2] */
DISMAPI_EXPORT HRESULT WINAPI DismGetFeatures(DismSession Session, PCWSTR Identifier,
                                              DismPackageIdentifier PackageIdentifier,
                                              DismFeature **Feature, UINT *Count);

/* Describes one feature; DISMAPI_E_UNKNOWN_FEATURE for a name that is not there. One structure.
 * [DismGetFeatureInfo.4] */
DISMAPI_EXPORT HRESULT WINAPI DismGetFeatureInfo(DismSession Session, PCWSTR FeatureName,
                                                 PCWSTR Identifier,
                                                 DismPackageIdentifier PackageIdentifier,
                                                 DismFeatureInfo **FeatureInfo);

/* Lists the features one of which must be on before this one. [DismGetFeatureParent.1] */
DISMAPI_EXPORT HRESULT WINAPI DismGetFeatureParent(DismSession Session, PCWSTR FeatureName,
                                                   PCWSTR Identifier,
                                                   DismPackageIdentifier PackageIdentifier,
                                                   DismFeature **Feature, UINT *Count);

/* Carries out the offlineServicing pass of an answer file, with SingleSession all packages at once.
 * [DismApplyUnattend.2] */
DISMAPI_EXPORT HRESULT WINAPI DismApplyUnattend(DismSession Session, PCWSTR UnattendFile,
                                                BOOL SingleSession);

/* Adds one .inf to an offline image, under a new name oemN.inf. Unsigned drivers of 64-bit images
 * only with ForceUnsigned. [DismAddDriver.3] */
DISMAPI_EXPORT HRESULT WINAPI DismAddDriver(DismSession Session, PCWSTR DriverPath,
                                            BOOL ForceUnsigned);

/* Removes an added driver, by its published name, from an offline image. [DismRemoveDriver.1] */
DISMAPI_EXPORT HRESULT WINAPI DismRemoveDriver(DismSession Session, PCWSTR DriverPath);

/* Lists the added drivers, with AllDrivers those of Windows too. [DismGetDrivers.2] */
DISMAPI_EXPORT HRESULT WINAPI DismGetDrivers(DismSession Session, BOOL AllDrivers,
                                             DismDriverPackage **DriverPackage, UINT *Count);

/* Describes the hardware of one driver, published or an .inf. DriverPackage may be NULL; what it
 * receives is one structure with a DismDelete of its own. [DismGetDriverInfo.5] */
DISMAPI_EXPORT HRESULT WINAPI DismGetDriverInfo(DismSession Session, PCWSTR DriverPath,
                                                DismDriver **Driver, UINT *Count,
                                                DismDriverPackage **DriverPackage);

/* Lists the capabilities of the image. Since Windows 10, as the next three.
 * [DismGetCapabilities.1] */
DISMAPI_EXPORT HRESULT WINAPI DismGetCapabilities(DismSession Session, DismCapability **Capability,
                                                  UINT *Count);

/* Describes one capability. An unknown name fails, or gives an empty Name. One structure.
 * [DismGetCapabilityInfo.3] */
DISMAPI_EXPORT HRESULT WINAPI DismGetCapabilityInfo(DismSession Session, PCWSTR Name,
                                                    DismCapabilityInfo **Info);

/* Adds a capability from SourcePaths or, unless LimitAccess, from Windows Update.
 * [DismAddCapability.2] */
DISMAPI_EXPORT HRESULT WINAPI DismAddCapability(DismSession Session, PCWSTR Name, BOOL LimitAccess,
                                                PCWSTR *SourcePaths, UINT SourcePathCount,
                                                HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress,
                                                PVOID UserData);

/* Removes a capability. [DismRemoveCapability.2] */
DISMAPI_EXPORT HRESULT WINAPI DismRemoveCapability(DismSession Session, PCWSTR Name,
                                                   HANDLE CancelEvent,
                                                   DISM_PROGRESS_CALLBACK Progress, PVOID UserData);

/* *State (the caller's) becomes DISM_RESERVED_STORAGE_...; the running Windows only.
 * [DismGetReservedStorageState.1] */
DISMAPI_EXPORT HRESULT WINAPI DismGetReservedStorageState(DismSession Session, DWORD *State);

/* State is DISM_RESERVED_STORAGE_...; refused while the storage is in use.
 * [DismSetReservedStorageState.3] */
DISMAPI_EXPORT HRESULT WINAPI DismSetReservedStorageState(DismSession Session, DWORD State);

/* Provisions an app with its dependencies, optional packages and licences (arrays may be NULL with
 * 0); SkipLicense does without a licence. [_DismAddProvisionedAppxPackage.2] */
DISMAPI_EXPORT HRESULT WINAPI _DismAddProvisionedAppxPackage(
    DismSession Session, PCWSTR AppPath, PCWSTR *DependencyPackages, UINT DependencyPackageCount,
    PCWSTR *OptionalPackages, UINT OptionalPackageCount, PCWSTR *LicensePaths,
    UINT LicensePathCount, BOOL SkipLicense, PCWSTR CustomDataPath, PCWSTR Region,
    DismStubPackageOption StubPackageOption);

/* Lists the provisioned apps. [_DismGetProvisionedAppxPackages.2] */
DISMAPI_EXPORT HRESULT WINAPI _DismGetProvisionedAppxPackages(DismSession Session,
                                                              DismAppxPackage **Package,
                                                              UINT *Count);

/* Ends the provisioning of an app; users who have it keep it.
 * [_DismRemoveProvisionedAppxPackage.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismRemoveProvisionedAppxPackage(DismSession Session,
                                                                PCWSTR PackageName);

/* ---- exports that no published header has; parameters as public clients pass them ---- */

/* The edition id of the image. One structure. [_DismGetCurrentEdition.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismGetCurrentEdition(DismSession Session, DismString **EditionId);

/* Lists the editions the image can be raised to; may be none. [_DismGetTargetEditions.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismGetTargetEditions(DismSession Session, DismString **EditionIds,
                                                     UINT *Count);

/* Raises the edition; a running Windows needs ProductKey. [_DismSetEdition.2] */
DISMAPI_EXPORT HRESULT WINAPI _DismSetEdition(DismSession Session, PCWSTR EditionId,
                                              PCWSTR ProductKey, HANDLE CancelEvent,
                                              DISM_PROGRESS_CALLBACK Progress, PVOID UserData);

/* Puts a product key into the image. [_DismSetProductKey.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismSetProductKey(DismSession Session, PCWSTR ProductKey);

/* S_OK for a key that would be taken, else ERROR_UNKNOWN_PRODUCT. [_DismValidateProductKey.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismValidateProductKey(DismSession Session, PCWSTR ProductKey);

/* Edition and sales channel of a key: two structures, each with a DismDelete of its own.
 * [_DismGetProductKeyInfo.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismGetProductKeyInfo(DismSession Session, PCWSTR ProductKey,
                                                     DismString **EditionId, DismString **Channel);

/* The registry path at which a hive of the offline image is loaded. One structure.
 * [_DismGetRegistryMountPoint.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismGetRegistryMountPoint(DismSession Session,
                                                         DismRegistryHive RegistryHive,
                                                         DismString **RegistryMountPoint);

/* Writes an FFU file, with its parts at PartPath if not NULL, to a drive. No session.
 * [_DismApplyFfuImage.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismApplyFfuImage(PCWSTR ImagePath, PCWSTR ApplyPath,
                                                 PCWSTR PartPath);

/* Cuts an FFU file into parts of PartSize megabytes at most. No session. [_DismSplitFfuImage.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismSplitFfuImage(PCWSTR ImagePath, PCWSTR PartPath,
                                                 UINT64 PartSize);

/* *UsedSpace (the caller's) becomes the disk space that this type of component takes.
 * [_DismGetUsedSpace.1] */
DISMAPI_EXPORT HRESULT WINAPI _DismGetUsedSpace(DismSession Session, DWORD Type, UINT64 *UsedSpace);

#ifdef __cplusplus
}
#endif

#endif
