/* SPDX-License-Identifier: MIT */
/*
 * driver_list.h - the drivers of an image: what DriverDatabase of the hives SYSTEM and DRIVERS says
 * (real-behaviour 4.7), and their INFs in the driver store.
 */
#ifndef WINIMAGE_DRIVER_LIST_H
#define WINIMAGE_DRIVER_LIST_H

#include "driver_class.h"

#define DRIVER_DATABASE "DriverDatabase"
#define DRIVER_STORE "System32/DriverStore/FileRepository"
#define DRIVER_CATALOGS "System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}"
enum { DRIVER_VERSION_SIZE = 48 }; /* of a package's value Version */

struct driver {
    enum winimage_hive hive;
    char *published, *id; /* "oem0.inf"; its folder in the driver store */
    char *inf_name, *catalog, *provider;
    struct driver_class class;
    bool is_in_box, has_version, has_signer;
    unsigned architecture;
    uint64_t date, version;
};
struct drivers {
    VEC(struct driver) list; /* those published as oemN.inf by number, then the others by name */
};

/* Belongs to the image. ERROR_PATH_NOT_FOUND: it has no driver store. */
HRESULT drivers_of(struct winimage *image, struct drivers **out);
/* By published name; NULL: there is none. */
const struct driver *drivers_find(const struct drivers *drivers, const char *published);
/* By its folder in the driver store. */
const struct driver *drivers_find_id(const struct drivers *drivers, const char *id);
/* N of "oemN.inf"; false: another name. */
bool driver_is_oem(const char *published, unsigned *number);

/* "System32/DriverStore/FileRepository/ID/NAME". Caller's. */
HRESULT driver_store_place(const char *id, const char *name, char **out);
/* Where its INF is, in the store or, if it is not there, in Windows\INF; absolute, caller's.
 * ERROR_FILE_NOT_FOUND. */
HRESULT driver_inf_path(const struct winimage *image, const struct driver *driver, char **out);

#endif
