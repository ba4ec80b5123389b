/* SPDX-License-Identifier: MIT */
/*
 * client_path.h - paths as clients of the API give them, made native and absolute. On Linux the
 * drive C: is the online image's folder and other drives are empty, so that a Windows client's
 * paths mean something and never the machine's own files.
 */
#ifndef SERVICING_CLIENT_PATH_H
#define SERVICING_CLIENT_PATH_H

#include "dismapi.h"
#include "hr.h"

/* Empty or malformed: E_INVALIDARG. A network path: `network_hr`. Caller's. */
HRESULT client_path(PCWSTR text, const char *what, HRESULT network_hr, char **out);
/* The same, whatever kind of volume the world puts the path on. */
HRESULT client_path_any_volume(PCWSTR text, const char *what, HRESULT network_hr, char **out);
/* The same of a path in a file of the client's, relative to a native folder. */
HRESULT client_path_in(const char *text, const char *folder, const char *what, HRESULT network_hr,
                       char **out);
/* Links resolved where it exists, else as it is. Caller's. */
HRESULT client_path_canonical(const char *path, char **out);

#endif
