# SPDX-License-Identifier: MIT
# dismfake-replay: commits that keep what an image has besides content.

add_executable(dismfake-replay
    image/wim_fuse.c replay/answer.c replay/cage.c replay/entry.c replay/main.c replay/plan.c
    replay/replay.c)
target_include_directories(dismfake-replay PRIVATE replay)
target_link_libraries(dismfake-replay PRIVATE wimfile wimport base dismfake_options)
install(TARGETS dismfake-replay RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/dismfake)
