/* SPDX-License-Identifier: MIT */
/*
 * abi_rows.h - the body of an array of struct abi_item: sizes, places, members, constants and codes
 * of whichever dismapi.h was included before. Only what mingw-w64's header has, too.
 */
#define DISM_COMMON_ONLY

#define ABI_PLACE(structure, field)                                                                \
    {"place of " #structure "." #field, (uint32_t)offsetof(structure, field)},                     \
        {"size of " #structure "." #field, (uint32_t)sizeof(((structure *)0)->field)},

#define DISM_STRUCT(name) {"size of " #name, (uint32_t)sizeof(name)},
#define DISM_STRUCT_END(name)
#define DISM_FIELD(structure, field, kind) ABI_PLACE(structure, field)
#define DISM_FIELD_ENUM(structure, field, enumeration) ABI_PLACE(structure, field)
#define DISM_FIELD_RECORDS(structure, field, record, count) ABI_PLACE(structure, field)
#define DISM_FIELD_RECORD(structure, field, record) ABI_PLACE(structure, field)
#define DISM_FIELD_BASE(structure, record)                                                         \
    ABI_PLACE(structure, PackageName)                                                              \
    ABI_PLACE(structure, InstallTime)                                                              \
    ABI_PLACE(structure, FeatureCount)
#include "dismapi_structs.h"

#define DISM_ENUM(name) {"size of " #name, (uint32_t)sizeof(name)},
#define DISM_ENUM_VALUE(member) {#member, (uint32_t)(member)},
#define DISM_ENUM_END(name)
#include "dismapi_enums.h"

#define DISM_CONSTANT(name) {#name, (uint32_t)(name)},
#define DISM_TEXT_CONSTANT(name)
#include "dismapi_constants.h"

#define ABI_CODE(name) {#name, (uint32_t)(name)},
ABI_CODE(DISMAPI_S_RELOAD_IMAGE_SESSION_REQUIRED)
ABI_CODE(DISMAPI_E_DISMAPI_NOT_INITIALIZED)
ABI_CODE(DISMAPI_E_SHUTDOWN_IN_PROGRESS)
ABI_CODE(DISMAPI_E_OPEN_SESSION_HANDLES)
ABI_CODE(DISMAPI_E_INVALID_DISM_SESSION)
ABI_CODE(DISMAPI_E_INVALID_IMAGE_INDEX)
ABI_CODE(DISMAPI_E_INVALID_IMAGE_NAME)
ABI_CODE(DISMAPI_E_UNABLE_TO_UNMOUNT_IMAGE_PATH)
ABI_CODE(DISMAPI_E_LOGGING_DISABLED)
ABI_CODE(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_UNMOUNT_IMAGE_PATH)
ABI_CODE(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_MOUNT_IMAGE_PATH)
ABI_CODE(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_REMOUNT_IMAGE_PATH)
ABI_CODE(DISMAPI_E_PARENT_FEATURE_DISABLED)
ABI_CODE(DISMAPI_E_MUST_SPECIFY_ONLINE_IMAGE)
ABI_CODE(DISMAPI_E_INVALID_PRODUCT_KEY)
ABI_CODE(DISMAPI_E_NEEDS_REMOUNT)
ABI_CODE(DISMAPI_E_UNKNOWN_FEATURE)
ABI_CODE(DISMAPI_E_BUSY)
