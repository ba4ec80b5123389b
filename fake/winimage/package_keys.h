/* SPDX-License-Identifier: MIT */
/* package_keys.h - the registry's record of packages, written (real-behaviour 4.1). */
#ifndef WINIMAGE_PACKAGE_KEYS_H
#define WINIMAGE_PACKAGE_KEYS_H

#include "packages.h"

/* What a selection of a feature (Updates) says. */
enum selection { SELECTION_OFF = 0, SELECTION_ON = 1, SELECTION_DEFAULT = 255 };

struct package_record {
    const char *text;
    const struct manifest *manifest;
    enum cbs_state state;
    uint64_t time;        /* FILETIME */
    const char *location; /* where it came from, as Windows writes it */
};
/* All of it: values, owners, selections, indexes. A package that is there keeps its selections. */
HRESULT package_keys_write(struct hive *hive, const struct package_record *record);
HRESULT package_keys_set_state(struct hive *hive, const char *text, enum cbs_state state);
HRESULT package_keys_delete(struct hive *hive, const char *text, const struct manifest *manifest);

/* SELECTION_DEFAULT where there is none. */
HRESULT package_keys_selection(const struct hive *hive, const char *text, const char *feature,
                               uint32_t *out);
HRESULT package_keys_select(struct hive *hive, const char *text, const char *feature,
                            enum selection selection);

#endif
