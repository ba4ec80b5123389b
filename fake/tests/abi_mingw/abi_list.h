/* SPDX-License-Identifier: MIT */
/*
 * abi_list.h - what a header says, as a list of names and numbers. ours.c and theirs.c include it,
 * each after another dismapi.h, so that both lists are made of the same rows.
 */
#ifndef ABI_LIST_H
#define ABI_LIST_H

#include <stddef.h>
#include <stdint.h>

struct abi_item {
    const char *name;
    uint32_t value;
};

/* Both lists end with a NULL name. */
const struct abi_item *abi_list_of_ours(void);
const struct abi_item *abi_list_of_theirs(void);
/* Unit i of DISM_ONLINE_IMAGE; 0 ends it. */
uint32_t abi_online_image_of_ours(size_t i);
uint32_t abi_online_image_of_theirs(size_t i);

#endif
