/* SPDX-License-Identifier: MIT */
/*
 * path.h - paths as text, in the form the DISM API takes them: both separators, \\?\ prefixes,
 * drive letters. No file system access; what exists is os.h's business.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "hr.h"

/* \\server\share\..., //server/share/..., \\?\UNC\server\... (but not \\?\C:\... nor \\?\/...). */
bool path_is_network(const char *path);
/* "C:\", "C:/", "C:", "/", also behind \\?\ and with repeated separators. */
bool path_is_volume_root(const char *path);
/* "C:..." gives 'C' (upper case), 0 if there is no drive letter. Sees through \\?\. */
char path_drive(const char *path);
bool path_is_absolute(const char *path);
/* Not empty, and no character that no path of Windows can have: control characters, < > " | ? *
 * (? and * allowed as part of the \\?\ prefix; ':' only behind a drive letter). */
bool path_is_well_formed(const char *path);

/* The native form of an API path: \\?\ dropped, separators the system's own, repeated and trailing
 * separators dropped ("/" stays), "." and ".." resolved as text. A relative path stays relative. */
HRESULT path_native(const char *path, char **out);
/* The same, made absolute against a folder (the current one, from os_cwd). */
HRESULT path_absolute(const char *path, const char *base, char **out);

HRESULT path_join(const char *folder, const char *name, char **out);
/* Last component; "" for a root. Points into path. */
const char *path_name(const char *path);
/* Everything before the last component, "/" for a child of the root, "." for a bare name. */
HRESULT path_parent(const char *path, char **out);
/* ".wim" - letter case does not matter. */
bool path_has_extension(const char *path, const char *extension);
/* Is path the folder itself or below it? Both native and absolute. */
bool path_is_within(const char *path, const char *folder);

#endif
