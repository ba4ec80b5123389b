/* SPDX-License-Identifier: MIT */
/*
 * path.h - paths as text. Clients write them as Windows takes them: both separators, \\?\ prefixes,
 * drive letters, relative ones of four kinds. Inside they have one form, the native one: absolute,
 * '/' between the names, "C:/x" where the system has drives, and every name as the file system has
 * it. What exists is os.h's business.
 *
 * Names follow Windows' rules where the system has drives, and in paths with a drive letter
 * everywhere; the rules are applied once, on the way in.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "hr.h"

enum path_style {
    PATH_STYLE_SYSTEM, /* Windows' where os_has_drives */
    PATH_STYLE_POSIX,  /* one root, letter case counts; drives are other people's */
    PATH_STYLE_WINDOWS,
};
void path_set_style(enum path_style style); /* for tests */

/* ---- paths as clients write them ---- */

/* \\server\share\..., //server/share/..., \\?\UNC\server\... (but not \\?\C:\... nor \\?\/...). */
bool path_is_network(const char *path);
/* "C:\", "C:/", "/", also behind \\?\ and with repeated separators; "C:" where drives have no
 * current folder. */
bool path_is_volume_root(const char *path);
/* "C:..." gives 'C' (upper case), 0 if there is no drive letter. Sees through \\?\. */
char path_drive(const char *path);
/* Does it need no current folder? Where there are drives, "\a" and "C:a" do. */
bool path_is_absolute(const char *path);
/* What keeps it from naming a file, "a device's name" and the like; NULL: nothing. Control
 * characters, < > " | ? *, ':' but behind a drive letter (streams), \\.\ and other devices, CON,
 * NUL and their kind; '/', "." and ".." behind \\?\. */
const char *path_flaw(const char *path);

/* ---- the native form ---- */

/* \\?\ dropped, '/' between names, repeated and trailing separators dropped ("/" and "C:/" stay),
 * "." and ".." resolved as text, and by Windows' rules dots and spaces at the end of names
 * dropped; behind \\?\ names stay as they are. A relative path stays relative. */
HRESULT path_native(const char *path, char **out);
/* The same, made absolute against a native folder (for "\a": against its drive). */
HRESULT path_absolute(const char *path, const char *base, char **out);
/* The same, against this process's current folder, or that of the path's drive. */
HRESULT path_full(const char *path, char **out);

/* ---- native paths ---- */

HRESULT path_join(const char *folder, const char *name, char **out);
/* Last component; "" for a root. Points into path. */
const char *path_name(const char *path);
/* Everything before the last component, "/" for a child of the root, "." for a bare name. */
HRESULT path_parent(const char *path, char **out);
/* ".wim" - letter case does not matter. */
bool path_has_extension(const char *path, const char *extension);
/* The same path? Letter case does not matter where there are drives; NULLs equal only each other.
 */
bool path_equal(const char *a, const char *b);
/* What is left of the path below the folder, "" for the folder itself, NULL if it is elsewhere.
 * Points into path. */
const char *path_below(const char *path, const char *folder);
bool path_is_within(const char *path, const char *folder); /* path_below is not NULL */
/* The same text for all spellings that path_equal takes for one. Caller's. */
HRESULT path_key(const char *path, char **out);

/* A native path, or a sentence with some in it, as people of the system read it: where there are
 * drives with backslashes. In place. */
void path_show(char *text);
char *path_shown(const char *text); /* a copy; the caller's, NULL without memory */

#endif
