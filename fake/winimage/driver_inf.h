/* SPDX-License-Identifier: MIT */
/*
 * driver_inf.h - what an INF says of a driver: its [Version], its models, its services and files.
 *
 * Sections can be decorated with what they are for (".NTamd64.10.0...22000"): of those that fit an
 * image the one for the latest Windows counts. What has no architecture in it is for x86.
 */
#ifndef WINIMAGE_DRIVER_INF_H
#define WINIMAGE_DRIVER_INF_H

#include <stdbool.h>

#include "inf.h"
#include "winimage.h"

struct driver_model {
    const char *manufacturer, *description, *install; /* borrowed of the INF */
    const char *hardware_id;                          /* "": compatible ones only */
    const struct inf_line *line;                      /* its values from 2 on are compatible ids */
    unsigned architecture;
};

struct driver_inf {
    struct inf *inf;
    char *name;                                     /* the file's */
    const char *class_name, *class_guid, *provider; /* borrowed; "": not said */
    const char *catalog;                            /* "": none */
    uint64_t date, version;                         /* FILETIME; 0: not said */
    bool is_locked_down;                            /* PnpLockdown */
    VEC(struct driver_model) models;
};

/* What an image takes: NULL for everything that there is. */
struct driver_target {
    unsigned architecture;
    uint64_t version; /* 0: not known */
};

/* ERROR_INVALID_DATA: it is no INF, or none of a driver. */
HRESULT driver_inf_read(const char *path, unsigned language, const struct driver_target *target,
                        struct driver_inf *out);
HRESULT driver_inf_parse(const void *bytes, size_t size, const char *name, unsigned language,
                         const struct driver_target *target, struct driver_inf *out);
void driver_inf_clear(struct driver_inf *driver);
#define AUTO_DRIVER_INF AUTO(driver_inf_clear)

/* S_FALSE: nothing of it is for that target. */
HRESULT driver_inf_fits(const struct driver_inf *driver, const struct driver_target *target);
/* [INSTALL.NTamd64.SUFFIX], [INSTALL.NT.SUFFIX] or [INSTALL.SUFFIX], the first there is; suffix ""
 * or ".Services". S_FALSE: none. */
HRESULT driver_inf_install(const struct inf *inf, const char *install, unsigned architecture,
                           const char *suffix, const struct inf_section **out);
/* The service that runs the device, "" where none is named; borrowed. */
HRESULT driver_inf_service(const struct driver_inf *driver, const struct driver_model *model,
                           const char **out);
/* The ids that a device of this model must not have, ',' between them. Caller's. */
HRESULT driver_inf_excluded(const struct driver_inf *driver, const struct driver_model *model,
                            char **out);

/* What the image takes, and the language number for its texts. */
HRESULT driver_target_of(struct winimage *image, struct driver_target *out, unsigned *language);
/* "amd64" of 9; "x86" where it is not known. */
const char *driver_architecture_word(unsigned architecture);

#endif
