/* SPDX-License-Identifier: MIT */
/* wim_functions.h - every function of wimlib that is used on Windows too, for wim_port.h. */
#ifndef WIMPORT_WIM_FUNCTIONS_H
#define WIMPORT_WIM_FUNCTIONS_H

#define WIM_FUNCTIONS(X)                                                                           \
    X(add_image_multisource)                                                                       \
    X(create_new_wim)                                                                              \
    X(export_image)                                                                                \
    X(extract_image)                                                                               \
    X(extract_paths)                                                                               \
    X(free)                                                                                        \
    X(get_error_string)                                                                            \
    X(get_image_name)                                                                              \
    X(get_image_property)                                                                          \
    X(get_version)                                                                                 \
    X(get_wim_info)                                                                                \
    X(global_cleanup)                                                                              \
    X(global_init)                                                                                 \
    X(image_name_in_use)                                                                           \
    X(iterate_dir_tree)                                                                            \
    X(open_wim_with_progress)                                                                      \
    X(overwrite)                                                                                   \
    X(set_default_compression_level)                                                               \
    X(set_output_chunk_size)                                                                       \
    X(set_output_compression_type)                                                                 \
    X(set_output_pack_chunk_size)                                                                  \
    X(set_output_pack_compression_type)                                                            \
    X(set_print_errors)                                                                            \
    X(split)                                                                                       \
    X(update_image)                                                                                \
    X(write)

#endif
