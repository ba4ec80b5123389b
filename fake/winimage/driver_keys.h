/* SPDX-License-Identifier: MIT */
/* driver_keys.h - what the registry of an image says of a driver (real-behaviour 4.7), written and
 * taken away. Hives are those of a change. */
#ifndef WINIMAGE_DRIVER_KEYS_H
#define WINIMAGE_DRIVER_KEYS_H

#include "driver_class.h"

struct driver_record {
    const struct driver_inf *inf; /* read for the image */
    const struct driver_class *class;
    const char *published, *id;
    const char *signer; /* NULL: it is not signed */
    const char *from;   /* the folder it came from */
    unsigned architecture;
    uint64_t time;
};

/* DriverDatabase. ERROR_INVALID_DATA: an id or the class's GUID is none. */
HRESULT driver_keys_write(struct hive *hive, const struct driver_record *record);
HRESULT driver_keys_delete(struct hive *hive, const char *published, const char *id);

/* Services that its models run, below CONTROLSET\Services. */
HRESULT driver_services_write(struct hive *system, const char *control_set,
                              const struct driver_record *record);
/* Those that nobody else owns. */
HRESULT driver_services_delete(struct hive *system, const char *control_set, const char *published);

/* That a file (below the Windows folder) belongs to the driver; `source` is below its folder. */
HRESULT driver_lockdown_write(struct hive *software, const struct driver_record *record,
                              const char *place, const char *source);
HRESULT driver_lockdown_delete(struct hive *software, const char *published);
/* Does the file belong to another driver? */
HRESULT driver_lockdown_is_of_others(const struct hive *software, const char *place,
                                     const char *published, bool *out);

#endif
