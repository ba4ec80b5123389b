/* SPDX-License-Identifier: MIT */
/*
 * place.h - paths inside an image. Windows' programs name them in any letter case, and a link in an
 * image may lead out of it: both are settled here and nowhere else.
 */
#ifndef WINIMAGE_PLACE_H
#define WINIMAGE_PLACE_H

#include "hr.h"

/* The file or folder that a path of Windows ('/' between names) names below `root`, whatever its
 * letter case: absolute, as the file system spells it, caller's. S_FALSE: there is none.
 * ERROR_CANT_ACCESS_FILE: a link on the way leads out of the image. */
HRESULT place_find(const char *root, const char *relative, char **out);
/* The same for what may not be there yet: what exists of it as it is spelled, the rest as given. */
HRESULT place_of_new(const char *root, const char *relative, char **out);

#endif
