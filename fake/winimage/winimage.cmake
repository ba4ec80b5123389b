# SPDX-License-Identifier: MIT
# The Windows in an image (winimage.h), on hives, XML and archives. Sees nothing of how an image is mounted.

add_library(winimage OBJECT
    winimage/change.c winimage/identity.c winimage/manifest.c winimage/packages.c winimage/place.c winimage/winimage.c)
target_include_directories(winimage PUBLIC winimage)
target_link_libraries(winimage PUBLIC core archive hive PRIVATE dismfake_options)
