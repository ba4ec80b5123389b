/* SPDX-License-Identifier: MIT */
/*
 * pending.h - what waits for a restart. Windows notes it below Component Based Servicing
 * (PackagesPending, RebootPending, SessionsPending\Exclusive, Unserviceable). Which features wait
 * it has nowhere that is known: they are in a key of our own.
 */
#ifndef WINIMAGE_PENDING_H
#define WINIMAGE_PENDING_H

#include "change.h"

/* Our own key of the SOFTWARE hive. */
#define SIDE_KEY "dismfake"

/* May the image be changed? CBS_E_IMAGE_UNSERVICEABLE, CBS_E_EXCLUSIVE_WOULD_MERGE; with `prevent`
 * DISMAPI_E_BUSY while anything waits. */
HRESULT pending_check(const struct hive *software, bool prevent);
bool pending_exists(const struct hive *software);

/* A critical operation has failed: the image takes no further change. */
HRESULT pending_spoil(struct hive *software);

HRESULT pending_add_package(struct hive *software, const char *identity);
/* With its features. */
HRESULT pending_drop_package(struct hive *software, const char *identity);
/* What a feature waits for besides what its selection says. */
enum pending_feature { PENDING_SELECTION = 1, PENDING_PAYLOAD_REMOVAL = 2 };
HRESULT pending_add_feature(struct hive *software, const char *identity, const char *feature,
                            enum pending_feature what);
HRESULT pending_drop_feature(struct hive *software, const char *identity, const char *feature);
HRESULT pending_has_feature(const struct hive *software, const char *identity, const char *feature,
                            bool *out);

/* Calls `each` with the features that wait; it may change the hive's other keys. */
HRESULT pending_each_feature(const struct hive *software,
                             HRESULT (*each)(void *context, const char *identity,
                                             const char *feature, uint32_t what),
                             void *context);
/* Nothing waits any more. */
HRESULT pending_clear(struct hive *software);

#endif
