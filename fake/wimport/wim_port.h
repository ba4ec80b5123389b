/* SPDX-License-Identifier: MIT */
/*
 * wim_port.h - wimlib as both systems have it. WIM(free)(handle) is wimlib_free: linked on Linux;
 * on Windows found in libwim-15.dll, which users put beside our library or program. Its texts are
 * UTF-16 there, UTF-8 here.
 */
#ifndef WIMPORT_WIM_PORT_H
#define WIMPORT_WIM_PORT_H

#include <stdbool.h>
#include <wimlib.h>

#include "hr.h"
#include "scope.h"
#include "vec.h"
#include "wim_functions.h"

#ifdef _WIN32
struct wim_functions {
#define WIM_FUNCTION(name) __typeof__(&wimlib_##name) name;
    WIM_FUNCTIONS(WIM_FUNCTION)
#undef WIM_FUNCTION
};
extern struct wim_functions wim_functions; /* filled by port_start */
#define WIM(name) (wim_functions.name)
#else
#define WIM(name) wimlib_##name
#endif

/* To be called before WIM() is used; loads and starts wimlib the first time. ERROR_MOD_NOT_FOUND,
 * ERROR_PROC_NOT_FOUND or ERROR_UNKNOWN_REVISION, and a sentence for the user, where there is none
 * that can be used; a later call looks again. */
HRESULT port_start(void);
void port_stop(void); /* for the end of a program */
/* Does wimlib keep owner and mode here (..._FLAG_UNIX_DATA)? */
bool port_has_unix_data(void);

/* What converted texts lie in, where they have to be converted; zero is empty. */
struct port_texts {
    VEC(void *) list;
};
void port_texts_clear(struct port_texts *texts);
#define AUTO_PORT_TEXTS AUTO(port_texts_clear)
HRESULT port_keep(struct port_texts *texts, void *text); /* which is the texts' from now on */

/* For wimlib: a name or a path inside of an image; a path of the file system. NULL in, NULL out. */
HRESULT port_text(struct port_texts *texts, const char *utf8, wimlib_tchar **out);
HRESULT port_path(struct port_texts *texts, const char *path, wimlib_tchar **out);
/* From wimlib, the same. */
HRESULT port_utf8(struct port_texts *texts, const wimlib_tchar *text, const char **out);
HRESULT port_utf8_path(struct port_texts *texts, const wimlib_tchar *path, const char **out);

/* What one of wimlib's codes means, in `room` where it has to be converted. */
struct port_why {
    char text[120];
};
const char *port_why(int code, struct port_why *room);

/* wim_port_posix.c or wim_port_win.c: finds the functions; in which file, caller's. */
HRESULT port_load(char **file);
#define PORT_SOURCE "https://wimlib.net" /* where users get it */

#endif
