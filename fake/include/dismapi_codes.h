/* SPDX-License-Identifier: MIT */
/*
 * dismapi_codes.h - every result code the project knows by name, with a sentence of our own each.
 * Of codes with the same number the first is the one shown. Whoever includes it defines, before,
 *   DISM_CODE_KNOWN(name, value, text)   dismapi.h or dism_windows.h defines it
 *   DISM_CODE(name, value, text)         dism_codes.h defines it
 *   DISM_CODE_BARE(name, value, text)    a Win32 number used as it is, 3010 for example
 *   DISM_WIN32(name, number, text)       a Win32 number; as HRESULT 0x80070000 + number
 * and undefines them after. The numbers are those of contract.json; "ours" marks names that nobody
 * else uses. Two names of Microsoft's pages, DISMAPI_E_DISMAPI_ALREADY_INITIALIZED and
 * DISMAPI_E_ALREADY_ASSOCIATED, have no number anywhere and so no row.
 */
/* clang-format off */

/* ---- the API itself ---- */
DISM_CODE_KNOWN(S_OK, 0x00000000, "the operation succeeded")
DISM_CODE_KNOWN(DISMAPI_S_RELOAD_IMAGE_SESSION_REQUIRED, 0x00000001,
    "it succeeded, but the session must be closed and opened again before the next step")
DISM_CODE_KNOWN(S_FALSE, 0x00000001, "it succeeded with nothing to give")
DISM_CODE_KNOWN(DISMAPI_E_DISMAPI_NOT_INITIALIZED, 0xC0040001,
    "this process has not initialised the DISM API")
DISM_CODE_KNOWN(DISMAPI_E_SHUTDOWN_IN_PROGRESS, 0xC0040002,
    "the session is being shut down and takes no more operations")
DISM_CODE_KNOWN(DISMAPI_E_OPEN_SESSION_HANDLES, 0xC0040003,
    "the API cannot shut down while sessions are open")
DISM_CODE_KNOWN(DISMAPI_E_INVALID_DISM_SESSION, 0xC0040004, "no open session has this handle")
DISM_CODE_KNOWN(DISMAPI_E_INVALID_IMAGE_INDEX, 0xC0040005, "the file has no image with this index")
DISM_CODE_KNOWN(DISMAPI_E_INVALID_IMAGE_NAME, 0xC0040006, "the file has no image with this name")
DISM_CODE_KNOWN(DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH, 0xC0040007,
    "the path is not a mount point that DISM can unmount")
DISM_CODE_KNOWN(DISMAPI_E_LOGGING_DISABLED, 0xC0040009,
    "the log file cannot be opened, so nothing will be logged")
DISM_CODE_KNOWN(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_UNMOUNT_IMAGE_PATH, 0xC004000A,
    "the image cannot be unmounted while a session on it is open")
DISM_CODE_KNOWN(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_MOUNT_IMAGE_PATH, 0xC004000B,
    "the image cannot be mounted while a session on it is open")
DISM_CODE_KNOWN(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_REMOUNT_IMAGE_PATH, 0xC004000C,
    "the image cannot be remounted while a session on it is open")
DISM_CODE_KNOWN(DISMAPI_E_PARENT_FEATURE_DISABLED, 0xC004000D,
    "a feature that this one depends on is disabled")
DISM_CODE_KNOWN(DISMAPI_E_MUST_SPECIFY_ONLINE_IMAGE, 0xC004000E,
    "the path is that of the running system, which must be opened as the online image")
DISM_CODE_KNOWN(DISMAPI_E_INVALID_PRODUCT_KEY, 0xC004000F, "the product key is not valid")
DISM_CODE_KNOWN(DISMAPI_E_MUST_SPECIFY_INDEX_OR_NAME, 0xC0040020,
    "the image must be chosen by index or by name")
DISM_CODE_KNOWN(DISMAPI_E_NEEDS_REMOUNT, 0xC1510114,
    "the mount has lost its image and must be remounted first")
DISM_CODE_KNOWN(DISMAPI_E_UNKNOWN_FEATURE, 0x800F080C, "the image has no feature with this name")
DISM_CODE_KNOWN(DISMAPI_E_BUSY, 0x800F0902, "the servicing stack is busy with something else")

/* ---- COM and general ---- */
DISM_CODE_KNOWN(E_NOTIMPL, 0x80004001, "this is not implemented")
DISM_CODE_KNOWN(E_FAIL, 0x80004005, "it failed for a reason that has no code")
DISM_CODE_KNOWN(E_UNEXPECTED, 0x8000FFFF, "something happened that cannot happen")
DISM_CODE_KNOWN(E_ACCESSDENIED, 0x80070005, "access is refused")
DISM_CODE_KNOWN(E_OUTOFMEMORY, 0x8007000E, "there is not enough memory")
DISM_CODE_KNOWN(E_INVALIDARG, 0x80070057, "an argument is not valid")
DISM_CODE_KNOWN(REGDB_E_CLASSNOTREG, 0x80040154, "a COM class that is needed is not registered")

/* ---- bare Win32 numbers that the API hands out without the HRESULT frame ---- */
DISM_CODE_BARE(ERROR_CANCELLED, 0x000004C7, "the caller cancelled the operation")
DISM_CODE_BARE(ERROR_REQUEST_ABORTED, 0x000004D3, "the request was aborted")
DISM_CODE_BARE(ERROR_SUCCESS_REBOOT_REQUIRED, 0x00000BC2,
    "it succeeded, and a restart will complete it")
DISM_CODE_BARE(ERROR_SUCCESS_RESTART_REQUIRED, 0x00000BC3,
    "it succeeded, and the program must be restarted")

/* ---- mounting and WIM files; published nowhere with names, so these are ours ---- */
DISM_CODE(WIMGAPI_E_NOT_MOUNTED_STATE, 0xC1420004,
    "the image is not in the mounted state, so nothing can be committed")
DISM_CODE(WIMGAPI_E_FILE_READ_ONLY, 0xC1420101,
    "the image file is read-only and cannot be mounted for writing")
DISM_CODE(WIMGAPI_E_DIR_EXISTS, 0xC1420103, "the mount directory exists already")
DISM_CODE(WIMGAPI_E_NO_SUCH_FILE, 0xC1420105, "the file to extract is not in the image")
DISM_CODE(WIMGAPI_E_DIR_NOT_MOUNTED, 0xC142010B, "nothing is mounted in the directory")
DISM_CODE(WIMGAPI_E_MOUNT_READ_ONLY, 0xC142010C,
    "the image is mounted read-only, so nothing can be committed")
DISM_CODE(WIMGAPI_E_MOUNT_NOT_FOUND, 0xC1420111, "there is no such mounted image")
DISM_CODE(WIMGAPI_E_FILE_IN_USE, 0xC1420112, "a file of the mounted image is in use")
DISM_CODE(WIMGAPI_E_DIR_ALREADY_MOUNTED, 0xC1420113, "the directory holds a mounted image already")
DISM_CODE(WIMGAPI_E_DIR_NOT_EMPTY, 0xC1420114, "the mount directory is not empty")
DISM_CODE(WIMGAPI_E_DIR_MISSING, 0xC1420115, "the mount directory does not exist")
DISM_CODE(WIMGAPI_E_DIR_UNUSABLE, 0xC1420116,
    "the directory holds remains of an earlier mount and cannot be used")
DISM_CODE(WIMGAPI_E_PARTIAL_UNMOUNT, 0xC1420117,
    "the directory could not be unmounted completely, something in it may still be open")
DISM_CODE(WIMGAPI_E_IMAGE_IN_USE, 0xC1420118, "another process is using the image")
DISM_CODE(WIMGAPI_E_INVALID_MOUNT_DIR, 0xC142011C, "the directory is not a valid mount directory")
DISM_CODE(WIMGAPI_E_CANNOT_COMMIT, 0xC142011D,
    "the mount cannot be committed, as it is half mounted or half unmounted")
DISM_CODE(WIMGAPI_E_DIR_CHANGED, 0xC142011E, "the mount directory was changed from outside")
DISM_CODE(WIMGAPI_E_NO_REPARSE_POINTS, 0xC142011F,
    "the volume of the mount directory has no reparse points")
DISM_CODE(WIMGAPI_E_MOUNT_CORRUPT, 0xC1420120, "the mount is damaged")
DISM_CODE(WIMGAPI_E_WIM_CHANGED, 0xC1420122,
    "the image file changed after it was mounted, so nothing can be committed")
DISM_CODE(WIMGAPI_E_NO_REMOUNT_TARGET, 0xC1420123, "the directory has nothing to remount")
DISM_CODE(WIMGAPI_E_WIM_CHANGED_NO_REMOUNT, 0xC1420124,
    "the image file changed after it was mounted, so it cannot be remounted")
DISM_CODE(WIMGAPI_E_UNMOUNT_IN_PROGRESS, 0xC1420125, "the image is being unmounted at this moment")
DISM_CODE(WIMGAPI_E_ALREADY_MOUNTED, 0xC1420126, "the image is mounted already")
DISM_CODE(WIMGAPI_E_ALREADY_MOUNTED_READ_WRITE, 0xC1420127,
    "the image is mounted for writing already")
DISM_CODE(WIMGAPI_E_SPLIT_WIM, 0xC1420130, "a split image file cannot be used here")
DISM_CODE(WIMGAPI_E_VOLUME_ROOT, 0xC1420131, "the root of a volume cannot be a mount directory")
DISM_CODE(WIMGAPI_E_OTHER_VERSION, 0xC1420132,
    "the mount was made by another version of the imaging library")
DISM_CODE(WIMGAPI_E_NOT_FIXED_DRIVE, 0xC1420134, "the mount directory is not on a fixed drive")
DISM_CODE(WIMGAPI_E_DISTURBED, 0xC1420135,
    "another program, such as a virus scanner, disturbed the operation")
DISM_CODE(WIMGAPI_E_COMPRESSION_NOT_MOUNTABLE, 0xC142013C,
    "an image with this compression cannot be mounted")

/* ---- DISM's providers and its program; these names are ours, too ---- */
DISM_CODE(WIMPROVIDER_E_NO_WRITE_PERMISSION, 0xC1510111,
    "the image file may not be mounted for writing with these permissions")
DISM_CODE(WIMPROVIDER_E_NO_PERMISSION, 0xC1510112,
    "the image file may not be mounted with these permissions")
DISM_CODE(WIMPROVIDER_E_NO_SUCH_INDEX, 0xC1510113, "the image file has no such index")
DISM_CODE(WIMPROVIDER_E_INVALID_MOUNT, 0xC1510115, "the mounted image is not valid")
DISM_CODE(WIMPROVIDER_E_IMAGE_IN_SERVICE, 0xC15101FD, "another DISM is servicing the image")
DISM_CODE(APPXPROVIDER_E_LOCKED, 0xC1570106,
    "another session on the running system holds the app provider")
DISM_CODE(APPX_DEPLOY_OPEN_FAILED, 0x80073CF0, "the app package could not be opened")
DISM_CODE(APPX_DEPLOY_INVALID_PACKAGE, 0x80073CF2, "the app package is not valid")
DISM_CODE(APPX_DEPLOY_DEPENDENCY_MISSING, 0x80073CF3, "the app needs a package that is not there")
DISM_CODE(APPX_DEPLOY_DOWNGRADE, 0x80073D06, "a later version of the app is there")
DISM_CODE(APPX_DEPLOY_WRONG_ARCHITECTURE, 0x80073D10, "the app is for another architecture")
DISM_CODE(APPX_PACKAGE_INVALID_MANIFEST, 0x80080204, "the app's manifest is not valid")
DISM_CODE(APPX_PACKAGE_INVALID_BLOCK_MAP, 0x80080205, "the app's block map is not valid")
DISM_CODE(APPX_PACKAGE_CORRUPT_CONTENT, 0x80080206, "a file of the app package is damaged")
DISM_CODE(APPX_PACKAGE_WRONG_HASH, 0x80080207, "a file of the app is not what its block map says")
DISM_CODE(APPX_PACKAGE_NO_SIGNATURE, 0x800B0100, "the package has no signature")
DISM_CODE(DISM_E_STORE_UNUSABLE, 0x800401E3, "the servicing store cannot be used")
DISM_CODE(DISM_E_NETWORK_PATH, 0xC1500022, "the image path is on the network")
DISM_CODE(DISM_E_CANCELLED, 0xC150006B, "the operation ended early because it was cancelled")

/* ---- virtual disks; winerror.h calls them ERROR_VHD_... and ERROR_VIRTDISK_..., the short names
 * are ours ---- */
DISM_CODE(VHD_E_FOOTER_MISSING, 0xC03A0001, "the virtual disk has no footer")
DISM_CODE(VHD_E_FOOTER_CHECKSUM, 0xC03A0002,
    "the checksum of the virtual disk's footer is wrong")
DISM_CODE(VHD_E_FOOTER_CORRUPT, 0xC03A0003, "the footer of the virtual disk is damaged")
DISM_CODE(VHD_E_UNSUPPORTED_VERSION, 0xC03A0005,
    "the format of the virtual disk has a version that is not supported")
DISM_CODE(VHD_E_HEADER_CHECKSUM, 0xC03A0006,
    "the checksum of the virtual disk's sparse header is wrong")
DISM_CODE(VHD_E_HEADER_VERSION, 0xC03A0007,
    "the sparse header of the virtual disk has a version that is not supported")
DISM_CODE(VHD_E_HEADER_CORRUPT, 0xC03A0008, "the sparse header of the virtual disk is damaged")
DISM_CODE(VHD_E_BAT_CORRUPT, 0xC03A000A,
    "the block allocation table of the virtual disk is damaged")
DISM_CODE(VHD_E_BLOCK_SIZE, 0xC03A000B, "the block size of the virtual disk is not valid")
DISM_CODE(VHD_E_PARENT_NOT_FOUND, 0xC03A000D, "the parent of the differencing disk was not found")
DISM_CODE(VHD_E_PARENT_ID, 0xC03A000E,
    "the parent of the differencing disk has another identity than it should")
DISM_CODE(VHD_E_PARENT_TIME, 0xC03A000F,
    "the parent of the differencing disk has another time stamp than it should")
DISM_CODE(VHD_E_SIZE, 0xC03A0012, "the size of the virtual disk is not valid")
DISM_CODE(VHD_E_FILE_SIZE, 0xC03A0013, "the size of the virtual disk's file is not valid")
DISM_CODE(VHD_E_NOT_A_DISK, 0xC03A0015, "the file is no virtual disk")
DISM_CODE(VHD_E_PARENT_DENIED, 0xC03A0016,
    "access to the parent of the differencing disk is refused")
DISM_CODE(VHD_E_PARENT_SIZE, 0xC03A0017,
    "the parent of the differencing disk has another size than it should")
DISM_CODE(VHD_E_CHAIN_CYCLE, 0xC03A0018, "a differencing disk is among its own parents")
DISM_CODE(VHD_E_IN_PARENT, 0xC03A0019, "a parent of the differencing disk cannot be opened")
DISM_CODE(VHD_E_LIMITATION, 0xC03A001A, "this is beyond what virtual disks can do here")
DISM_CODE(VHD_E_INVALID_TYPE, 0xC03A001B, "a virtual disk of this type cannot be used here")
DISM_CODE(VHD_E_INVALID_STATE, 0xC03A001C,
    "the virtual disk is in a state that does not allow this")
DISM_CODE(VHD_E_SECTOR_SIZE, 0xC03A001D, "the sector size of the virtual disk is not supported")

/* ---- the servicing stack ---- */
DISM_CODE(CBS_E_NOT_INITIALIZED, 0x800F0801, "the servicing engine is not initialised")
DISM_CODE(CBS_E_ALREADY_INITIALIZED, 0x800F0802, "the servicing engine is initialised already")
DISM_CODE(CBS_E_INVALID_PARAMETER, 0x800F0803, "the servicing engine got a bad parameter")
DISM_CODE(CBS_E_OPEN_FAILED, 0x800F0804, "something could not be opened for servicing")
DISM_CODE(CBS_E_INVALID_PACKAGE, 0x800F0805, "the package is unknown or is none at all")
DISM_CODE(CBS_E_PENDING, 0x800F0806, "the operation waits for a restart")
DISM_CODE(CBS_E_NOT_INSTALLABLE, 0x800F0807, "the package cannot be installed")
DISM_CODE(CBS_E_IMAGE_NOT_ACCESSIBLE, 0x800F0808, "the image cannot be reached")
DISM_CODE(CBS_E_ARRAY_ELEMENT_MISSING, 0x800F0809,
    "an element that should be in the list is missing")
DISM_CODE(CBS_E_REESTABLISH_SESSION, 0x800F080A, "the servicing session must be made anew")
DISM_CODE(CBS_E_PROPERTY_NOT_AVAILABLE, 0x800F080B, "the property is not available")
DISM_CODE(CBS_E_UNKNOWN_UPDATE, 0x800F080C, "the feature or update is not known")
DISM_CODE(CBS_E_MANIFEST_INVALID_ITEM, 0x800F080D, "a manifest has an item that is not valid")
DISM_CODE(CBS_E_INVALID_INSTALL_STATE, 0x800F0813, "the install state does not allow this")
DISM_CODE(CBS_E_DPX_JOB_STATE_SAVED, 0x800F0816, "unpacking stopped half-way and kept its state")
DISM_CODE(CBS_E_PACKAGE_DELETED, 0x800F0817, "the package has been deleted")
DISM_CODE(CBS_E_IDENTITY_MISMATCH, 0x800F0818, "the package has another identity than expected")
DISM_CODE(CBS_E_UNEXPECTED_PROCESSOR_ARCHITECTURE, 0x800F081B,
    "the package is for another processor architecture")
DISM_CODE(CBS_E_NOT_APPLICABLE, 0x800F081E, "the package does not apply to this image")
DISM_CODE(CBS_E_SOURCE_MISSING, 0x800F081F, "the source files were found nowhere")
DISM_CODE(CBS_E_CANCEL, 0x800F0820, "servicing was cancelled")
DISM_CODE(CBS_E_ABORT, 0x800F0821, "servicing was aborted")
DISM_CODE(CBS_E_ILLEGAL_COMPONENT_UPDATE, 0x800F0822,
    "the package changes a component that it must not change")
DISM_CODE(CBS_E_NEW_SERVICING_STACK_REQUIRED, 0x800F0823,
    "the package needs a newer servicing stack")
DISM_CODE(CBS_E_SOURCE_NOT_IN_LIST, 0x800F0824, "the source is not among those allowed")
DISM_CODE(CBS_E_CANNOT_UNINSTALL, 0x800F0825, "the package cannot be removed")
DISM_CODE(CBS_E_PENDING_VICTIM, 0x800F0826, "another pending operation made this one fail")
DISM_CODE(CBS_E_STACK_SHUTDOWN_REQUIRED, 0x800F0827, "the servicing stack must be restarted first")
DISM_CODE(CBS_E_INSUFFICIENT_DISK_SPACE, 0x800F0828, "there is too little disk space for servicing")
DISM_CODE(CBS_E_NOT_ALLOWED_OFFLINE, 0x800F082E,
    "the package cannot be installed into an offline image")
DISM_CODE(CBS_E_EXCLUSIVE_WOULD_MERGE, 0x800F082F,
    "an exclusive operation cannot join those that are pending")
DISM_CODE(CBS_E_IMAGE_UNSERVICEABLE, 0x800F0830, "the image can no longer be serviced")
DISM_CODE(CBS_E_STORE_CORRUPTION, 0x800F0831, "the component store is damaged")
DISM_CODE(CBS_E_XML_PARSER_FAILURE, 0x800F0900, "an XML document could not be read")
DISM_CODE(CBS_E_BUSY, 0x800F0902, "servicing is busy")
DISM_CODE(CBS_E_DOWNLOAD_FAILURE, 0x800F0906, "the source files could not be downloaded")
DISM_CODE(CBS_E_GROUPPOLICY_DISALLOWED, 0x800F0907,
    "Group Policy forbids the download of source files")
DISM_CODE(CBS_E_INSTALLERS_FAILED, 0x800F0922, "the installers of the package failed")
DISM_CODE(CBS_E_INVALID_WINDOWS_UPDATE_COUNT, 0x800F0950,
    "Windows Update offered an unexpected number of updates")
DISM_CODE(CBS_S_BUSY, 0x000F0801, "it succeeded, the servicing stack is busy")
DISM_CODE(CBS_S_ALREADY_EXISTS, 0x000F0802, "it succeeded, as it was there already")
DISM_CODE(CBS_S_STACK_SHUTDOWN_REQUIRED, 0x000F0803,
    "it succeeded, the servicing stack must be restarted")

DISM_CODE(SPAPI_E_DRIVER_STORE_ADD_FAILED, 0x800F0247,
    "the driver could not be added to the driver store")

/* ---- known by number only; the name is ours ---- */
DISM_CODE(CBS_E_FOD_NOT_ON_WSUS, 0x800F0954,
    "the update server of the organisation does not offer the optional content")

/* ---- Win32 ---- */
DISM_WIN32(ERROR_FILE_NOT_FOUND, 2, "the file does not exist")
DISM_WIN32(ERROR_PATH_NOT_FOUND, 3, "the path does not exist")
DISM_WIN32(ERROR_ACCESS_DENIED, 5, "access is refused")
DISM_WIN32(ERROR_INVALID_HANDLE, 6, "the handle is not valid")
DISM_WIN32(ERROR_BAD_FORMAT, 11, "the file has the wrong format")
DISM_WIN32(ERROR_INVALID_DATA, 13, "the data is not valid")
DISM_WIN32(ERROR_NOT_SAME_DEVICE, 17, "the two paths are on different volumes")
DISM_WIN32(ERROR_WRITE_PROTECT, 19, "the medium is write-protected")
DISM_WIN32(ERROR_NOT_READY, 21, "the device is not ready")
DISM_WIN32(ERROR_CRC, 23, "the data does not match its checksum")
DISM_WIN32(ERROR_SHARING_VIOLATION, 32, "another process is using the file")
DISM_WIN32(ERROR_LOCK_VIOLATION, 33, "another process has locked part of the file")
DISM_WIN32(ERROR_HANDLE_EOF, 38, "the file ended too early")
DISM_WIN32(ERROR_HANDLE_DISK_FULL, 39, "the disk of this handle is full")
DISM_WIN32(ERROR_NOT_SUPPORTED, 50, "this is not supported here")
DISM_WIN32(ERROR_BAD_NETPATH, 53, "the network path was not found")
DISM_WIN32(ERROR_FILE_EXISTS, 80, "the file exists already")
DISM_WIN32(ERROR_CANNOT_MAKE, 82, "the file or directory cannot be made")
DISM_WIN32(ERROR_INVALID_PARAMETER, 87, "a parameter is not valid")
DISM_WIN32(ERROR_DISK_FULL, 112, "the disk is full")
DISM_WIN32(ERROR_SEM_TIMEOUT, 121, "the wait took too long")
DISM_WIN32(ERROR_INSUFFICIENT_BUFFER, 122, "the buffer is too small")
DISM_WIN32(ERROR_INVALID_NAME, 123, "the name has a syntax that is not allowed")
DISM_WIN32(ERROR_MOD_NOT_FOUND, 126, "a module that is needed was not found")
DISM_WIN32(ERROR_PROC_NOT_FOUND, 127, "the module lacks the function")
DISM_WIN32(ERROR_DIR_NOT_EMPTY, 145, "the directory is not empty")
DISM_WIN32(ERROR_BAD_PATHNAME, 161, "the path is not valid")
DISM_WIN32(ERROR_BUSY, 170, "the resource is in use")
DISM_WIN32(ERROR_ALREADY_EXISTS, 183, "it exists already")
DISM_WIN32(ERROR_FILENAME_EXCED_RANGE, 206, "the name is too long")
DISM_WIN32(ERROR_FILE_TOO_LARGE, 223, "the file is too large")
DISM_WIN32(ERROR_DIRECTORY, 267, "the path is not a directory")
DISM_WIN32(ERROR_ELEVATION_REQUIRED, 740, "the process needs administrator rights")
DISM_WIN32(ERROR_UNRECOGNIZED_VOLUME, 1005, "the volume holds no file system that is known")
DISM_WIN32(ERROR_BADDB, 1009, "the registry hive is damaged")
DISM_WIN32(ERROR_SERVICE_DOES_NOT_EXIST, 1060, "the service is not installed")
DISM_WIN32(ERROR_NO_UNICODE_TRANSLATION, 1113, "the text holds units that are not valid Unicode")
DISM_WIN32(ERROR_IO_DEVICE, 1117, "the device failed while reading or writing")
DISM_WIN32(ERROR_POSSIBLE_DEADLOCK, 1131, "waiting here could never end")
DISM_WIN32(ERROR_NOT_FOUND, 1168, "it was not found")
DISM_WIN32(ERROR_CANCELLED, 1223, "the caller cancelled the operation")
DISM_WIN32(ERROR_REQUEST_ABORTED, 1235, "the request was aborted")
DISM_WIN32(ERROR_SERVICE_NOT_FOUND, 1243, "the service is not there to be used")
DISM_WIN32(ERROR_ALREADY_INITIALIZED, 1247, "it was initialised before")
DISM_WIN32(ERROR_UNKNOWN_REVISION, 1305, "the revision is not known")
DISM_WIN32(ERROR_PRIVILEGE_NOT_HELD, 1314, "the process lacks a privilege")
DISM_WIN32(ERROR_FILE_CORRUPT, 1392, "the file or directory is damaged")
DISM_WIN32(ERROR_DISK_CORRUPT, 1393, "the structure of the disk is damaged")
DISM_WIN32(ERROR_TIMEOUT, 1460, "the time allowed is over")
DISM_WIN32(ERROR_XML_PARSE_ERROR, 1465, "the XML cannot be parsed")
DISM_WIN32(ERROR_UNKNOWN_PRODUCT, 1605, "the product is not known")
DISM_WIN32(RPC_S_SERVER_UNAVAILABLE, 1722, "the process that should do the work is not there")
DISM_WIN32(RPC_S_CALL_FAILED, 1726, "the process that did the work has ended")
DISM_WIN32(RPC_X_ENUM_VALUE_OUT_OF_RANGE, 1781, "the enumeration has no such value")
DISM_WIN32(ERROR_CANT_ACCESS_FILE, 1920, "the file cannot be accessed")
DISM_WIN32(ERROR_INVALID_STATE, 5023, "this cannot be done in the present state")
DISM_WIN32(ERROR_SUCCESS_REBOOT_REQUIRED, 3010, "done, and a restart will complete it")
DISM_WIN32(ERROR_SUCCESS_RESTART_REQUIRED, 3011, "done, and the program must be restarted")
DISM_WIN32(ERROR_SXS_ASSEMBLY_MISSING, 14081, "a component that another one refers to is missing")
DISM_WIN32(ERROR_SXS_COMPONENT_STORE_CORRUPT, 14098, "the component store is damaged")
/* clang-format on */
