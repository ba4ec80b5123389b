/* SPDX-License-Identifier: MIT */
/* source_image.h - images in WIM files, for what looks into sources. */
#ifndef SERVICING_SOURCE_IMAGE_H
#define SERVICING_SOURCE_IMAGE_H

#include "source.h"

extern const struct source_reader source_image;

#endif
