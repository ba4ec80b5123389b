/* SPDX-License-Identifier: MIT */
/* client_sources.h - the SourcePaths of a call. */
#ifndef SERVICING_CLIENT_SOURCES_H
#define SERVICING_CLIENT_SOURCES_H

#include "sources.h"

/* "PATH", or "wim:PATH:INDEX" ("esd:" is the same): an image in a file. Behind them those of the
 * image's policy and Windows Update. One that is not there is passed over when somebody looks into
 * it. E_INVALIDARG: no well-formed path, or no index behind the last colon. */
HRESULT client_sources(struct winimage *image, struct change *change, PCWSTR *paths, UINT count,
                       BOOL limits_access, struct sources *out);

#endif
