/* SPDX-License-Identifier: MIT */
/* path_shape.c - what a client's path says, and what is wrong with it. Asks the system for nothing
 * but its style. */
#include "path_shape.h"

#include <string.h>

#include "os.h"
#include "path.h"
#include "text.h"

static enum path_style wanted_style;

void path_set_style(enum path_style style)
{
    wanted_style = style;
}

bool path_has_drives(void)
{
    return wanted_style == PATH_STYLE_SYSTEM ? os_has_drives() : wanted_style == PATH_STYLE_WINDOWS;
}

/* ---- what stands at the start ---- */

bool path_is_separator(char c)
{
    return c == '/' || c == '\\';
}

const char *path_skip_separators(const char *s)
{
    while (path_is_separator(*s))
        s++;
    return s;
}

bool path_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool path_is_end(char c)
{
    return c == '\0' || path_is_separator(c);
}

/* Behind \\?\ or \\.\ in any spelling. */
static struct path_shape look_behind_prefix(const char *path)
{
    struct path_shape shape = {.kind = PATH_DEVICE, .is_windows = true, .rest = path + 4};
    const char *rest = path + 4;
    bool is_unc = (rest[0] == 'U' || rest[0] == 'u') && (rest[1] == 'N' || rest[1] == 'n') &&
                  (rest[2] == 'C' || rest[2] == 'c') && path_is_separator(rest[3]);
    shape.is_verbatim = memcmp(path, "\\\\?\\", 4) == 0;
    if (is_unc) {
        shape.kind = PATH_NETWORK;
        shape.rest = path_skip_separators(rest + 4);
    } else if (path[2] == '?' && path_is_letter(rest[0]) && rest[1] == ':' &&
               path_is_end(rest[2])) {
        shape.kind = PATH_DRIVE;
        shape.drive = rest[0];
        shape.rest = rest + 2;
    } else if (path[2] == '?' && path_is_separator(*rest) && !path_has_drives()) {
        shape.kind = PATH_ROOTED; /* a path of this system in the extended form */
        shape.is_windows = shape.is_verbatim = false;
    }
    return shape;
}

struct path_shape path_look(const char *path)
{
    struct path_shape shape = {.rest = path, .is_windows = path_has_drives()};
    bool is_double = path_is_separator(path[0]) && path_is_separator(path[1]);
    if (is_double && (path[2] == '?' || path[2] == '.') && path_is_separator(path[3]))
        return look_behind_prefix(path);
    if (is_double && path[2] == '.' && !path[3]) {
        shape.kind = PATH_DEVICE;
    } else if (is_double && !path_is_end(path[2])) {
        shape.kind = PATH_NETWORK;
        shape.rest = path + 2;
    } else if (path_is_separator(path[0])) {
        shape.kind = PATH_ROOTED;
    } else if (path_is_letter(path[0]) && path[1] == ':') {
        shape.kind =
            !path_has_drives() || path_is_separator(path[2]) ? PATH_DRIVE : PATH_DRIVE_RELATIVE;
        shape.drive = path[0];
        shape.is_windows = true;
        shape.rest = path + 2;
    }
    return shape;
}

bool path_is_network(const char *path)
{
    return path_look(path).kind == PATH_NETWORK;
}

bool path_is_volume_root(const char *path)
{
    struct path_shape shape = path_look(path);
    return (shape.kind == PATH_DRIVE || shape.kind == PATH_ROOTED) &&
           *path_skip_separators(shape.rest) == '\0';
}

char path_drive(const char *path)
{
    char drive = path_look(path).drive;
    return (char)(drive >= 'a' ? drive - 'a' + 'A' : drive);
}

bool path_shape_is_absolute(const struct path_shape *shape)
{
    return shape->kind != PATH_RELATIVE && shape->kind != PATH_DRIVE_RELATIVE &&
           !(shape->kind == PATH_ROOTED && path_has_drives());
}

bool path_is_absolute(const char *path)
{
    struct path_shape shape = path_look(path);
    return path_shape_is_absolute(&shape);
}

/* ---- names ---- */

bool path_part_is(const struct path_part *part, const char *text)
{
    return part->len == strlen(text) && memcmp(part->ptr, text, part->len) == 0;
}

static bool part_starts_nocase(const struct path_part *part, const char *upper)
{
    size_t len = strlen(upper);
    for (size_t i = 0; i < len; i++)
        if (i >= part->len || text_upper((unsigned char)part->ptr[i]) != (unsigned char)upper[i])
            return false;
    return true;
}

/* CON, com1.txt, "NUL ": what stands before the first dot decides. */
static bool is_device_name(struct path_part part)
{
    static const char *const whole[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
    static const char *const numbered[] = {"COM", "LPT"};
    static const char *const numbers[] = {"1", "2", "3", "4",        "5",        "6",
                                          "7", "8", "9", "\xC2\xB9", "\xC2\xB2", "\xC2\xB3"};
    const char *dot = memchr(part.ptr, '.', part.len);
    if (dot)
        part.len = (size_t)(dot - part.ptr);
    while (part.len > 0 && part.ptr[part.len - 1] == ' ')
        part.len--;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (part.len == strlen(whole[i]) && part_starts_nocase(&part, whole[i]))
            return true;
    if (!part_starts_nocase(&part, numbered[0]) && !part_starts_nocase(&part, numbered[1]))
        return false;
    struct path_part number = {part.ptr + 3, part.len - 3};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (path_part_is(&number, numbers[i]))
            return true;
    return false;
}

static const char *flaw_of_verbatim(const char *rest)
{
    if (strchr(rest, '/'))
        return "a slash behind \\\\?\\";
    while (*rest) {
        struct path_part part = {rest, strcspn(rest, "\\")};
        if (path_part_is(&part, ".") || path_part_is(&part, ".."))
            return "a name of dots behind \\\\?\\";
        rest += part.len + (rest[part.len] != '\0');
    }
    return NULL;
}

const char *path_flaw(const char *path)
{
    struct path_shape shape = path_look(path);
    if (!*path || (!*shape.rest && shape.kind != PATH_DRIVE && shape.kind != PATH_DRIVE_RELATIVE))
        return "no name";
    if (shape.kind == PATH_DEVICE)
        return "a device";
    for (const char *s = shape.rest; *s; s++) {
        if ((unsigned char)*s < 0x20 || strchr("<>\"|?*:", *s))
            return "a character that no name has";
    }
    if (!shape.is_windows)
        return NULL;
    if (shape.is_verbatim)
        return flaw_of_verbatim(shape.rest);
    const char *name = shape.rest;
    for (const char *s = name; *s; s++)
        if (path_is_separator(*s))
            name = s + 1;
    return is_device_name((struct path_part){name, strlen(name)}) ? "a device's name" : NULL;
}
