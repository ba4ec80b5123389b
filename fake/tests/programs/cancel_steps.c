/* SPDX-License-Identifier: MIT */
/*
 * cancel_steps.c - a cancel at every named step of mount, commit and unmount: the call is held at
 * the step, the event is set, the hold released. Before the point of no return the call ends as
 * cancelled and the image file is what it was; behind it the call succeeds. Every time there is a
 * way back to health.
 */
#include "client_world.h"

#include <pthread.h>

enum how { COMMIT, UNMOUNT_COMMIT, DISCARD, MOUNT };

static const struct {
    enum how how;
    const char *step;
    bool is_too_late;
} rows[] = {
    {MOUNT, "DismMountImage/validate", false},
    {MOUNT, "DismMountImage/register", false},
    {MOUNT, "DismMountImage/extract", false},
    {MOUNT, "DismMountImage/manifest", false},
    {MOUNT, "DismMountImage/finish", false},
    {COMMIT, "DismCommitImage/lock", false},
    {COMMIT, "DismCommitImage/scan", false},
    {COMMIT, "DismCommitImage/write", false},
    {COMMIT, "DismCommitImage/finish", false},
    {UNMOUNT_COMMIT, "DismUnmountImage/lock", false},
    {UNMOUNT_COMMIT, "DismUnmountImage/scan", false},
    {UNMOUNT_COMMIT, "DismUnmountImage/write", false},
    {UNMOUNT_COMMIT, "DismUnmountImage/finish", false},
    {UNMOUNT_COMMIT, "DismUnmountImage/check", true},
    {UNMOUNT_COMMIT, "DismUnmountImage/remove", true},
    {UNMOUNT_COMMIT, "DismUnmountImage/done", true},
    {DISCARD, "DismUnmountImage/check", false},
    {DISCARD, "DismUnmountImage/remove", true},
    {DISCARD, "DismUnmountImage/done", true},
};

static char image[1024], mount[1024], copy[1024];
static HANDLE event;

/* Waits until the call is parked at the step, cancels it there, lets it go. */
static void *canceller(void *unused)
{
    (void)unused;
    CHECK_HR(S_OK, DismFakeAwait("held:gate", 60000));
    CHECK(DismFakeSetEvent(event));
    CHECK_HR(S_OK, DismFakeRelease("gate"));
    return NULL;
}

static HRESULT run_cancelled(enum how how, const char *step, DismSession session)
{
    char rule[256];
    pthread_t thread;
    HRESULT hr;
    (void)snprintf(rule, sizeof rule, "[{\"id\":\"r\",\"at\":\"%s\",\"do\":{\"hold\":\"gate\"}}]",
                   step);
    CHECK_HR(S_OK, DismFakeLoadFaults(rule));
    CHECK(DismFakeResetEvent(event));
    CHECK(pthread_create(&thread, NULL, canceller, NULL) == 0);
    if (how == MOUNT)
        hr =
            DismMountImage(wide(image), wide(mount), 1, NULL, DismImageIndex, 0, event, NULL, NULL);
    else if (how == COMMIT)
        hr = DismCommitImage(session, 0, event, NULL, NULL);
    else
        hr = DismUnmountImage(wide(mount), how == DISCARD, event, NULL, NULL);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_HR(S_OK, DismFakeDisarm(NULL));
    return hr;
}

/* -1: nothing is mounted, else the status of the one mount. */
static int mounted_status(void)
{
    DismMountedImageInfo *info = NULL;
    UINT count = 0;
    CHECK_HR(S_OK, DismGetMountedImageInfo(&info, &count));
    CHECK(count < 2);
    int status = count ? (int)info[0].MountStatus : -1;
    CHECK_HR(S_OK, DismDelete(info));
    return status;
}

static bool is_unchanged(void)
{
    return shell("cmp -s '%s' '%s'", image, copy) == 0;
}

static bool is_empty(void)
{
    return shell("test -z \"$(ls -A '%s')\"", mount) == 0;
}

static void check_state_after_cancel(enum how how)
{
    CHECK(is_unchanged());
    switch (how) {
    case MOUNT:
        CHECK(mounted_status() == -1 && is_empty());
        break;
    case COMMIT:
    case DISCARD:
        CHECK(mounted_status() == DismMountStatusOk && !is_empty());
        break;
    case UNMOUNT_COMMIT:
        CHECK(mounted_status() == DismMountStatusInvalid);
        CHECK_HR(0xC142011D, DismUnmountImage(wide(mount), 0, NULL, NULL, NULL));
        break;
    }
}

static void heal(void)
{
    if (mounted_status() != -1)
        CHECK_HR(S_OK, DismUnmountImage(wide(mount), DISM_DISCARD_IMAGE, NULL, NULL, NULL));
    CHECK_HR(S_OK, DismCleanupMountpoints());
    CHECK(mounted_status() == -1 && is_empty());
    CHECK(shell("wimlib-imagex verify '%s' >/dev/null 2>&1", image) == 0);
    CHECK_HR(S_OK, DismMountImage(wide(image), wide(mount), 1, NULL, DismImageIndex, 0, NULL, NULL,
                                  NULL));
    CHECK_HR(S_OK, DismUnmountImage(wide(mount), DISM_DISCARD_IMAGE, NULL, NULL, NULL));
}

static void try_row(size_t i)
{
    DismSession session = DISM_SESSION_DEFAULT;
    enum how how = rows[i].how;
    CHECK(shell("cp '%s' '%s'", copy, image) == 0);
    if (how != MOUNT) {
        CHECK_HR(S_OK, DismMountImage(wide(image), wide(mount), 1, NULL, DismImageIndex, 0, NULL,
                                      NULL, NULL));
        put_file(below(mount, "new.txt"), "a change");
    }
    if (how == COMMIT)
        CHECK_HR(S_OK, DismOpenSession(wide(mount), NULL, NULL, &session));
    HRESULT hr = run_cancelled(how, rows[i].step, session);
    printf("%s: 0x%08X\n", rows[i].step, (unsigned)hr);
    if (how == COMMIT)
        CHECK_HR(S_OK, DismCloseSession(session));
    if (rows[i].is_too_late) {
        CHECK_HR(S_OK, hr);
        CHECK(mounted_status() == -1 && is_empty());
        CHECK(is_unchanged() == (how == DISCARD));
    } else {
        CHECK(hr == (HRESULT)0x800704C7 || hr == (HRESULT)0x800704D3);
        check_state_after_cancel(how);
    }
    heal();
}

/* A step added to the library and not to this table would go untested. */
static void check_no_step_is_missing(void)
{
    static const char *const calls[] = {"\"DismMountImage/", "\"DismCommitImage/",
                                        "\"DismUnmountImage/"};
    char *text = NULL;
    size_t steps = 0;
    CHECK_HR(S_OK, DismFakeCapabilities(&text));
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
        for (const char *at = text; (at = strstr(at, calls[k])) != NULL; at++)
            steps++;
    DismFakeFree(text);
    size_t known = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        known += !(rows[i].how == DISCARD);
    CHECK(known == steps);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    make_world(argv[1], "none");
    (void)snprintf(image, sizeof image, "%s", below(argv[1], "t.wim"));
    (void)snprintf(copy, sizeof copy, "%s", below(argv[1], "copy.wim"));
    (void)snprintf(mount, sizeof mount, "%s", below(argv[1], "m"));
    CHECK(shell("cp '%s' '%s'", image, copy) == 0);
    CHECK_HR(S_OK, DismInitialize(DismLogErrors, NULL, NULL));
    event = DismFakeCreateEvent(TRUE, FALSE);
    CHECK(event != NULL);
    check_no_step_is_missing();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        try_row(i);
    CHECK(DismFakeCloseEvent(event));
    CHECK_HR(S_OK, DismShutdown());
    return 0;
}
