/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - a package's manifest (.mum): what the package is, what it needs, what it brings
 * (real-behaviour 4.4). Read whole; nothing of it is checked against an image here.
 */
#ifndef WINIMAGE_MANIFEST_H
#define WINIMAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dismapi.h"
#include "identity.h"
#include "scope.h"
#include "vec.h"

struct identities {
    VEC(struct identity) list;
};
void identities_clear(struct identities *identities);

/* How a part of a version is compared with a parent's: "GE" is what it is without a word. */
enum compare { COMPARE_EQ, COMPARE_GE };

/* One of `parents` has to be there. */
struct manifest_parent {
    enum compare version, build, revision; /* major.minor, build, revision */
    bool is_delegate;                      /* its features appear as the parent's */
    struct identities identities;
};

/* A name and a value of customInformation; a path of elements above it. */
struct manifest_property {
    char *path, *name, *value;
};

/* One of localizedStrings: what its owner is called in a language, or the value that $(string.ID)
 * stands for. */
struct manifest_text {
    char *language, *display_name, *description, *id, *value; /* NULL where absent */
};
struct manifest_texts {
    VEC(struct manifest_text) list;
};

struct manifest_update {
    char *name, *display_name, *description, *restart; /* NULL where absent, but the name */
    bool is_feature;                                   /* selectable */
    bool is_on_by_default;                             /* once its parent is on */
    VEC(char *) parents; /* the features it lies below (detectUpdate) */
    struct identities components;
    struct identities packages; /* contained */
    VEC(char *) drivers;        /* INFs in the package's own folder */
    VEC(struct manifest_property) properties;
    struct manifest_texts texts; /* its own */
};

struct manifest {
    struct identity identity;
    char *description, *display_name, *company, *copyright, *support_information;
    char *creation_time, *last_update_time; /* as written; NULL where absent */
    char *release_type, *restart, *permanence, *product_name, *product_version;
    VEC(struct manifest_parent) parents; /* each has to be met */
    VEC(struct manifest_update) updates;
    bool has_capability;
    char *capability_name, *capability_version, *capability_language; /* "1.0" as written */
    struct identities capability_dependencies; /* of other capabilities: name, language, version */
    VEC(struct manifest_property) properties;  /* of the package itself */
    struct manifest_texts texts;
    uint64_t download_size, install_size; /* bytes; 0: not said */
    bool is_completely_offline_capable, is_offline_said;
};

/* HR_WIN32(ERROR_INVALID_DATA): no XML, or no manifest of a package. `name` is for messages. */
HRESULT manifest_read(const void *bytes, size_t size, const char *name, struct manifest **out);
HRESULT manifest_read_file(const char *path, struct manifest **out);
void manifest_free(struct manifest *manifest);
DEFINE_SCOPE(manifest, struct manifest, manifest_free)
#define AUTO_MANIFEST AUTO(scope_manifest)

bool manifest_is_permanent(const struct manifest *manifest);
DismReleaseType manifest_release_type(const char *word); /* NULL: none is said */
DismRestartType manifest_restart_type(const char *word);
/* "Language.Basic~~~en-US~0.0.1.0", of what it declares and of what that depends on; caller's, NULL
 * without memory. */
char *manifest_capability_text(const struct manifest *manifest);
char *manifest_dependency_text(const struct identity *dependency);

#endif
