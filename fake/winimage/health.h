/* SPDX-License-Identifier: MIT */
/*
 * health.h - is the component store whole? A scan looks at every manifest of a package and a
 * component and at the hash of every file in the store; what it finds is recorded where Windows
 * does (real-behaviour 6), and a repair puts back what a source has.
 */
#ifndef WINIMAGE_HEALTH_H
#define WINIMAGE_HEALTH_H

#include "change.h"
#include "component.h"
#include "packages.h"
#include "sources.h"

enum health_kind {
    HEALTH_PACKAGE,   /* the manifest of a package that is in the image */
    HEALTH_COMPONENT, /* the manifest of a component that is in use */
    HEALTH_FILE       /* a file of the store */
};
struct health_damage {
    enum health_kind kind;
    struct identity identity; /* of the package or the component */
    char *key;                /* HEALTH_FILE: the component's in the store */
    char *name, *place;       /* HEALTH_FILE: of the file; where it is used too, or NULL */
    uint8_t sha256[SHA256_SIZE];
};
struct health_report {
    VEC(struct health_damage) list;
};
void health_report_clear(struct health_report *report);

/* What was recorded last, without looking at files. */
HRESULT health_recorded(struct winimage *image, DismImageHealthState *out);
/* `progress` is told how many of how many are done; its failure ends the scan. */
HRESULT health_scan(struct winimage *image,
                    HRESULT (*progress)(void *context, size_t done, size_t of), void *context,
                    struct health_report *report);
HRESULT health_record(struct winimage *image, struct change *change, bool is_damaged);
/* Plans to put back all that is damaged. Codes of sources.h where no source has it. */
HRESULT health_repair(struct winimage *image, struct change *change,
                      const struct health_report *report, const struct sources *sources);

#endif
