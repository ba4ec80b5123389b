/* SPDX-License-Identifier: MIT */
/*
 * probes.h - the named steps inside long calls. Rules name them ("DismMountImage/extract"), the
 * journal records them, op_step reaches them. X(id, the call, "step")
 */
#ifndef CORE_PROBES_H
#define CORE_PROBES_H

#define PROBES(X)                                                                                  \
    X(MOUNT_VALIDATE, DismMountImage, "validate")                                                  \
    X(MOUNT_REGISTER, DismMountImage, "register")                                                  \
    X(MOUNT_EXTRACT, DismMountImage, "extract")                                                    \
    X(MOUNT_MANIFEST, DismMountImage, "manifest")                                                  \
    X(MOUNT_FINISH, DismMountImage, "finish")                                                      \
    X(COMMIT_LOCK, DismCommitImage, "lock")                                                        \
    X(COMMIT_SCAN, DismCommitImage, "scan")                                                        \
    X(COMMIT_WRITE, DismCommitImage, "write")                                                      \
    X(COMMIT_FINISH, DismCommitImage, "finish")                                                    \
    X(UNMOUNT_LOCK, DismUnmountImage, "lock")                                                      \
    X(UNMOUNT_SCAN, DismUnmountImage, "scan")                                                      \
    X(UNMOUNT_WRITE, DismUnmountImage, "write")                                                    \
    X(UNMOUNT_FINISH, DismUnmountImage, "finish")                                                  \
    X(UNMOUNT_CHECK, DismUnmountImage, "check")                                                    \
    X(UNMOUNT_REMOVE, DismUnmountImage, "remove")                                                  \
    X(UNMOUNT_DONE, DismUnmountImage, "done")                                                      \
    X(REMOUNT_RESTORE, DismRemountImage, "restore")                                                \
    X(CLEANUP_SWEEP, DismCleanupMountpoints, "sweep")                                              \
    X(INFO_READ, DismGetImageInfo, "read")                                                         \
    X(SESSION_OPEN, DismOpenSession, "open")                                                       \
    X(SESSION_DRAIN, DismCloseSession, "drain")

#define PROBE_ENUM(id, call, step) STEP_##id,
enum step { PROBES(PROBE_ENUM) STEP_COUNT };

/* "DismMountImage/extract" */
const char *step_name(enum step step);
/* STEP_COUNT if there is none of that name. */
enum step step_by_name(const char *name);

#endif
