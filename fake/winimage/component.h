/* SPDX-License-Identifier: MIT */
/*
 * component.h - components: a manifest with a list of files, their hashes and where they belong.
 * The store (Windows\WinSxS) has a manifest and a folder of files for each, both named by its key,
 * ARCH_NAME_TOKEN_VERSION_LANGUAGE_HASH. An installed component's files are also where they belong.
 */
#ifndef WINIMAGE_COMPONENT_H
#define WINIMAGE_COMPONENT_H

#include "hash.h"
#include "identity.h"
#include "scope.h"
#include "vec.h"
#include "winimage.h"

struct component_file {
    char *name;
    char *place; /* below the image's root; NULL: nowhere that is known */
    bool has_hash;
    uint8_t sha256[SHA256_SIZE];
};

struct component {
    struct identity identity;
    VEC(struct component_file) files;
};

/* HR_WIN32(ERROR_INVALID_DATA): no XML, or no component. */
HRESULT component_read(const struct winimage *image, const void *bytes, size_t size,
                       const char *name, struct component **out);
void component_free(struct component *component);
DEFINE_SCOPE(component, struct component, component_free)
#define AUTO_COMPONENT AUTO(scope_component)

/* The store's names, read once. Belongs to the image. */
struct component_store {
    VEC(char *) keys; /* without ".manifest", sorted */
    bool has_cut_names;
};
HRESULT component_store_of(struct winimage *image, const struct component_store **out);
/* Its key in the store and, if asked for, what its manifest says. S_FALSE: the store has none. Both
 * the caller's. */
HRESULT component_find(struct winimage *image, const struct identity *identity, char **key,
                       struct component **out);
/* Could a name in the store ("KEY.manifest") be that component's? */
HRESULT component_may_be(const char *name, const struct identity *identity, bool *out);
/* Keys of the store that may be other versions of it; borrowed. */
struct component_keys {
    VEC(const char *) list;
};
HRESULT component_other_versions(struct winimage *image, const struct identity *identity,
                                 struct component_keys *out);
void component_keys_clear(struct component_keys *keys);
#define AUTO_COMPONENT_KEYS AUTO(component_keys_clear)
/* ERROR_SXS_COMPONENT_STORE_CORRUPT: a file is gone or has other bytes than its manifest says. */
HRESULT component_check_intact(const struct winimage *image, const char *key,
                               const struct component *component);
HRESULT component_read_key(struct winimage *image, const char *key, struct component **out);
/* Below the image's root; caller's, NULL without memory. */
char *component_manifest_place(const struct winimage *image, const char *key);
char *component_file_place(const struct winimage *image, const char *key, const char *name);

#endif
