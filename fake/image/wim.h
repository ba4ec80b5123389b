/* SPDX-License-Identifier: MIT */
/*
 * wim.h - WIM files through wimlib, whose codes become the HRESULTs of the WIM layers here and
 * nowhere else. An opened WIM is used by one thread at a time; different ones are independent.
 */
#ifndef IMAGE_WIM_H
#define IMAGE_WIM_H

#include <stdbool.h>
#include <stdint.h>

#include "hr.h"
#include "scope.h"

struct wim;

struct wim_facts {
    unsigned image_count;
    unsigned boot_index; /* 0: none */
    unsigned part, parts;
    bool is_solid; /* LZMS, as in .esd files: cannot be mounted (0xC142013C) */
    bool has_integrity;
    bool is_marked_readonly; /* by a flag in its header */
};

/* check_integrity: damage that the integrity table shows fails the call (DismMountImage.15).
 * for_writing takes wimlib's own lock and fails with WIMPROVIDER_E_NO_WRITE_PERMISSION on a
 * read-only file. */
HRESULT wim_open(const char *path, bool for_writing, bool check_integrity, struct wim **out);
/* The same for writing, to look at one image first (wim_look, wim_each_linked): without wimlib,
 * where that goes (wim_raw.h), until something asks for more. `file` is the same file, and stays
 * open. */
struct os_file;
HRESULT wim_open_to_commit(const char *path, unsigned index, struct os_file *file,
                           struct wim **out);
void wim_close(struct wim *wim);
DEFINE_SCOPE(wim, struct wim, wim_close)
#define AUTO_WIM AUTO(scope_wim)
const struct wim_facts *wim_facts(const struct wim *wim);

/* An element of the image's XML ("WINDOWS/VERSION/BUILD"); NULL if it has none. Borrowed. */
const char *wim_property(struct wim *wim, unsigned index, const char *name);
const char *wim_image_name(struct wim *wim, unsigned index); /* the same for its name */
/* 0 if no image has that name. */
unsigned wim_index_of_name(struct wim *wim, const char *name);

/* One name in an image. */
enum wim_kind { WIM_NOTHING, WIM_FILE /* links too */, WIM_FOLDER };
struct wim_entry {
    enum wim_kind kind;
    uint32_t attributes;
    bool has_security, has_short_name, has_unix_data;
    unsigned named_streams, links;
    uint64_t link_group; /* the same for all names of a file with several links */
};
/* path: below the root, '/' between components. Nothing there is WIM_NOTHING, no failure. */
HRESULT wim_look(struct wim *wim, unsigned index, const char *path, struct wim_entry *out);
/* Every name of a file that has several; a failure of `each` ends it. */
HRESULT wim_each_linked(struct wim *wim, unsigned index,
                        HRESULT (*each)(void *context, const char *path,
                                        const struct wim_entry *entry),
                        void *context);

/* What is directly in a folder of the image, named as in wim_look; a failure of `each` ends it. */
HRESULT wim_list(struct wim *wim, unsigned index, const char *folder,
                 HRESULT (*each)(void *context, const char *name, const struct wim_entry *entry),
                 void *context);
/* Unpacks these files, spelled as the image has them, with the folders they lie in. */
HRESULT wim_unpack(struct wim *wim, unsigned index, const char *folder, const char *const *paths,
                   size_t count);

/* An image with files and folders from anywhere, with everything a file system of this machine
 * knows of them; replaces `file`. */
struct wim_source {
    char *path; /* on the disk */
    char *name; /* in the archive, with '/' */
};
HRESULT wim_archive(const char *file, const struct wim_source *sources, size_t count);
/* Unpacks these names: with the folders they lie in, or each by its last component. What the
 * archive does not have is left out. */
HRESULT wim_unarchive(const char *file, const char *folder, const char *const *names, size_t count,
                      bool with_folders);

/* Called with what is done of how much; a failure ends the work and is its result. */
struct wim_progress {
    HRESULT (*report)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* Unpacks a whole image into an existing folder. After a failure part of it may be there. */
HRESULT wim_extract(struct wim *wim, unsigned index, const char *folder,
                    const struct wim_progress *progress);

/* Are attributes, short names and named streams of what wim_extract unpacks and wim_update adds the
 * image's and the files' own? (Windows; security descriptors are nowhere: an image's could keep us
 * from our own tree.) */
bool wim_keeps_metadata(void);

enum wim_change_kind { WIM_ADD, WIM_DELETE };
struct wim_change {
    enum wim_change_kind kind;
    char *path;   /* in the image, without leading separator */
    char *source; /* WIM_ADD: file or folder on the disk */
};
/* In memory; wim_write puts it into the file. Owner and mode are kept of files and folders that
 * have others than any program of this user's would give to a new one (os_has_default_mode); the
 * rest stays free of Unix data. */
HRESULT wim_update(struct wim *wim, unsigned index, const struct wim_change *changes, size_t count);
/* Into the file, all of it, if the changes are new contents of files that are there already, and if
 * the image could be read without wimlib (wim_patch.h). S_FALSE: they are not; nothing was done. */
HRESULT wim_write_contents(struct wim *wim, struct os_file *file, const struct wim_change *changes,
                           size_t count, const struct wim_progress *progress);
/* A further image at the end, a copy of that one. Its name is made unique: "name (2)". */
HRESULT wim_append_copy(struct wim *wim, const char *path, unsigned index, unsigned *new_index);
/* Into the file it was opened from: appends what is new and replaces the header last; synced. */
HRESULT wim_write(struct wim *wim, const char *path, bool with_integrity,
                  const struct wim_progress *progress);

#endif
