# SPDX-License-Identifier: MIT
# Fuzz targets (./run fuzz): clang with -DDISMFAKE_SANITIZE=fuzzer-no-link,address,undefined and
# -DDISMFAKE_FUZZ=ON, in a build folder of its own, since checksums do not count there.

add_executable(fuzz_disk tests/fuzz/fuzz_disk.c)
target_link_libraries(fuzz_disk PRIVATE disk base dismfake_options)
target_link_options(fuzz_disk PRIVATE -fsanitize=fuzzer)
