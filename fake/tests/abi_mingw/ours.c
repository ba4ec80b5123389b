/* SPDX-License-Identifier: MIT */
/* ours.c - the list as our dismapi.h says it. */
#include "abi_list.h"

#include "dismapi.h"

static const struct abi_item items[] = {
#include "abi_rows.h"
    {NULL, 0}};

const struct abi_item *abi_list_of_ours(void)
{
    return items;
}

uint32_t abi_online_image_of_ours(size_t i)
{
    return DISM_ONLINE_IMAGE[i];
}
