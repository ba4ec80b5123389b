/* SPDX-License-Identifier: MIT */
/*
 * source.h - one place where payload may come from: a folder (a Windows, its Windows folder, its
 * component store, packages called NAME~TOKEN~ARCHITECTURE~LANGUAGE~.cab), or an image in a WIM
 * with the same, of which what is asked for is unpacked into a folder of the change.
 */
#ifndef WINIMAGE_SOURCE_H
#define WINIMAGE_SOURCE_H

#include "change.h"
#include "component.h"

/* How an image is looked into: nothing here sees WIMs, who has them says so. */
struct source_reader {
    HRESULT (*open)(const char *path, unsigned index, void **image);
    void (*close)(void *image);
    /* What is directly in a folder, "" is the root; no links, no names that could lead elsewhere.
     * A failure of `each` ends it. */
    HRESULT(*list)
    (void *image, const char *folder,
     HRESULT (*each)(void *context, const char *name, bool is_folder), void *context);
    /* A file, spelled as listed, to the same path below `to`. */
    HRESULT (*unpack)(void *image, const char *path, const char *to);
};

struct source {
    char *text;                         /* as it was given */
    char *path;                         /* native */
    unsigned index;                     /* of an image; 0: a folder */
    const struct source_reader *reader; /* of an image */
    struct error *why;                  /* it was passed over; NULL: it was not */
    /* private */
    bool is_open, is_unusable;
    void *image;
    char *folder;             /* what is looked into */
    struct winimage *windows; /* NULL: it has none */
};

/* NULL without memory; texts are copied. */
struct source *source_new(const char *text, const char *path, unsigned index,
                          const struct source_reader *reader);
void source_free(struct source *source);
/* Before anything else is asked of it; `change` has to live longer. S_FALSE: that has failed
 * before. */
HRESULT source_open(struct source *source, struct change *change);

/* A file in its own folder, on the disk; caller's. S_FALSE: it has none of that name. */
HRESULT source_find_file(struct source *source, const char *name, char **path);
/* What follows is about its Windows; S_FALSE: it has none, or that is not in it. */
/* The component's key, caller's. */
HRESULT source_find_component(struct source *source, const struct identity *component, char **key);
/* The whole identity of a version of that package: this one, else the highest. Caller's. */
HRESULT source_find_package(struct source *source, const struct identity *package, char **text);
/* Below its Windows folder. */
HRESULT source_read(struct source *source, const char *relative_to_windows, uint8_t **bytes,
                    size_t *size);

/* A component with all its files, read and held against its hashes. */
struct source_payload {
    char *key;
    uint8_t *manifest;
    size_t manifest_size;
    struct component *component; /* its places are those of an image like `of` */
    struct source_bytes {
        uint8_t *ptr;
        size_t size;
    } * files; /* in the order of the component's */
};
/* ERROR_FILE_NOT_FOUND, ERROR_INVALID_DATA: it is not whole. */
HRESULT source_read_component(struct source *source, const struct winimage *of,
                              const struct identity *identity, struct source_payload *out);
void source_payload_clear(struct source_payload *payload);
#define AUTO_SOURCE_PAYLOAD AUTO(source_payload_clear)

/* source_package.c: what its Windows has of a package, put together as a folder as it comes in
 * cabinets; caller's, it goes with the change. ERROR_FILE_NOT_FOUND, ERROR_INVALID_DATA: that is
 * not all of it. */
HRESULT source_make_package(struct source *source, struct change *change,
                            const struct identity *package, char **folder);

#endif
