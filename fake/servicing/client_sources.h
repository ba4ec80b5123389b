/* SPDX-License-Identifier: MIT */
/* client_sources.h - the SourcePaths of a call. */
#ifndef SERVICING_CLIENT_SOURCES_H
#define SERVICING_CLIENT_SOURCES_H

#include "sources.h"

/* Behind them those of the image's policy. A folder that is not there is passed over when somebody
 * looks into it. */
HRESULT client_sources(struct winimage *image, PCWSTR *paths, UINT count, BOOL limits_access,
                       struct sources *out);

#endif
