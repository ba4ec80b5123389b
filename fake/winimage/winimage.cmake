# SPDX-License-Identifier: MIT
# The Windows in an image (winimage.h), on hives, XML and archives. Sees nothing of how an image is mounted.

add_library(winimage OBJECT
    winimage/answer_file.c
    winimage/app_change.c
    winimage/applicable.c
    winimage/apps.c
    winimage/appx_manifest.c
    winimage/appx_name.c
    winimage/appx_package.c
    winimage/capability.c
    winimage/change.c
    winimage/change_plan.c
    winimage/component.c
    winimage/component_use.c
    winimage/driver_add.c
    winimage/driver_catalog.c
    winimage/driver_class.c
    winimage/driver_export.c
    winimage/driver_files.c
    winimage/driver_inf.c
    winimage/driver_keys.c
    winimage/driver_list.c
    winimage/driver_owned.c
    winimage/driver_remove.c
    winimage/driver_signature.c
    winimage/edition.c
    winimage/facts.c
    winimage/feature.c
    winimage/feature_change.c
    winimage/health.c
    winimage/health_repair.c
    winimage/identity.c
    winimage/inf.c
    winimage/manifest.c
    winimage/name_index.c
    winimage/package_add.c
    winimage/package_keys.c
    winimage/package_manifest.c
    winimage/package_source.c
    winimage/package_remove.c
    winimage/packages.c
    winimage/pending.c
    winimage/place.c
    winimage/product_key.c
    winimage/projection.c
    winimage/restart.c
    winimage/source.c
    winimage/source_package.c
    winimage/sources.c
    winimage/winimage.c)
target_include_directories(winimage PUBLIC winimage)
target_link_libraries(winimage PUBLIC core archive hive PRIVATE dismfake_options)
