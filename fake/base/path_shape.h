/* SPDX-License-Identifier: MIT */
/* path_shape.h - shared by path*.c: what stands at the start of a path. */
#ifndef BASE_PATH_SHAPE_H
#define BASE_PATH_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

enum path_kind {
    PATH_RELATIVE, /* a\b */
    PATH_ROOTED,   /* \a: of the current drive; /a: the whole path where there are no drives */
    PATH_DRIVE_RELATIVE, /* C:a: of that drive's current folder; only where there are drives */
    PATH_DRIVE,          /* C:\a, \\?\C:\a */
    PATH_NETWORK,        /* \\server\share\a, \\?\UNC\server\share\a */
    PATH_DEVICE,         /* \\.\a, \\?\Volume{...}\a: no path of files for us */
};
struct path_shape {
    enum path_kind kind;
    char drive;       /* as written; 0: none */
    bool is_verbatim; /* \\?\ C:\a: nothing behind it is anything but a name */
    bool is_windows;  /* rules of Windows for the names */
    const char *rest; /* behind prefix, drive and the slashes of a network path */
};

struct path_shape path_look(const char *path);
bool path_shape_is_absolute(const struct path_shape *shape);
bool path_has_drives(void); /* the style asked for, or the system's */

struct path_part {
    const char *ptr;
    size_t len;
};
bool path_part_is(const struct path_part *part, const char *text);

bool path_is_letter(char c);
bool path_is_separator(char c);
bool path_is_end(char c); /* of a name */
const char *path_skip_separators(const char *s);

#endif
