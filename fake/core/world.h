/* SPDX-License-Identifier: MIT */
/*
 * world.h - what surrounds the library on the simulated machine: volumes, services, elevation,
 * scanners, files and hives that others have open, other processes at work, what Windows Update
 * has, the version of the host (scenario-grammar 4).
 *
 * A list of changes, kept in the state folder (world.json) so that all its processes see it; no
 * file is the normal world. Bodies ask one of the questions below where the real thing would be
 * noticed; each answer that is a failure is also a "world" entry of the journal. A leaf but for
 * journal, settings and state_file: nothing else is called under its lock.
 */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "reflect.h"

/* ---- changing it ---- */

/* Makes one change, in the form of a world step. `path` is the canonical form of the path it names,
 * NULL when it names none. E_INVALIDARG with the JSON pointer of what is wrong. */
HRESULT world_change(const struct json *change, const char *path);
/* The key under which a change names its path ("volume"); NULL if it names none, or is no change.
 */
const char *world_path_key(const struct json *change);
/* NULL: every change that has a name. S_FALSE: there was none. */
HRESULT world_release(const char *name);
HRESULT world_reboot(void); /* what was open is closed, other processes are gone */
HRESULT world_clear(void);
/* The changes in force, an array of world steps; caller's. */
HRESULT world_list(struct json **out);

/* ---- questions ---- */

/* Is no change in force? Then no question has another answer than the normal world's. */
bool world_is_normal(void);

/* ERROR_ELEVATION_REQUIRED. */
HRESULT world_check_elevated(void);
/* Can a WIM be mounted into (or remounted at) that folder: filter service, kind of volume, access?
 */
HRESULT world_check_mount(const char *folder);
/* Is the path on a network volume? */
bool world_is_network(const char *path);
/* ERROR_DISK_FULL if that many bytes more do not fit on the volume of the path. */
HRESULT world_check_room(const char *path, uint64_t bytes);

enum world_access {
    WORLD_READ,    /* an image file, a file to be saved */
    WORLD_WRITE,   /* an image file */
    WORLD_PLACE,   /* the files of a mount */
    WORLD_SERVICE, /* what a session reads of its image */
    WORLD_CHANGE,  /* what servicing replaces or removes in it */
};
/* `count` files at or below the path are opened: sharing, access, scanners. 0: may it be opened?
 * (Counts for no scanner's n-th file.) */
HRESULT world_open_files(const char *path, enum world_access access, unsigned count);
/* Something at or below the folder that somebody has open. S_OK: found, *out (caller's) is its
 * path. S_FALSE: nothing. */
HRESULT world_find_opener(const char *folder, char **out);
/* WIMPROVIDER_E_IMAGE_IN_SERVICE if another process services the image with that root. */
HRESULT world_check_unserviced(const char *root);

/* Can a session be opened: the servicing host. */
HRESULT world_check_host(void);
/* May this call on an open session go on? `host_is_gone` belongs to the session: once its host has
 * died it stays dead. */
HRESULT world_check_call(enum api api, const char *root, bool *host_is_gone);

/* A folder with what Windows Update has, the n-th that the world knows (from 0); caller's. S_FALSE:
 * there is no further one. None at all: Windows Update cannot be reached. */
HRESULT world_windows_update(size_t nth, char **folder);

struct world_version {
    unsigned part[4]; /* major, minor, build, revision */
};
/* false: the host is as new as any image. */
bool world_host_version(struct world_version *out);

#endif
