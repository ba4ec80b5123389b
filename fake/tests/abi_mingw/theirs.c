/* SPDX-License-Identifier: MIT */
/*
 * theirs.c - the list as mingw-w64's dismapi.h says it, compiled by the native compiler with our
 * stand-ins for the Windows headers, and for Windows with the real ones. Their prototypes are
 * compared with the table by declaring all calls a second time: DISMAPI_H makes reflect.h do
 * without our own header.
 */
#include "abi_list.h"

#include "dism_windows.h"

typedef BOOL WINBOOL;

#include MINGW_DISMAPI_H

/* The table's types that their header does not know. */
typedef int DismStubPackageOption;
typedef int DismRegistryHive;
typedef struct DismAppxPackage DismAppxPackage;

#define DISMAPI_H
#include "dismapi_prototypes.h"

static const struct abi_item items[] = {
#include "abi_rows.h"
    {NULL, 0}};

const struct abi_item *abi_list_of_theirs(void)
{
    return items;
}

uint32_t abi_online_image_of_theirs(size_t i)
{
    return (uint32_t)DISM_ONLINE_IMAGE[i]; /* L"": wider units here, the same text */
}
