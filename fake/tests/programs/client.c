/* SPDX-License-Identifier: MIT */
/*
 * client.c - a C client from end to end: mounts, changes, commits, cancels, unmounts; wimlib-imagex
 * says what is in the file.
 */
#include "client_world.h"

#include <sys/stat.h>

static struct {
    UINT count, last, total, cancel_at;
    HANDLE event;
} progress;

static void CALLBACK on_progress(UINT current, UINT total, PVOID user)
{
    CHECK(user == &progress);
    CHECK(current == progress.last + 1 && total > 0);
    progress.count++;
    progress.last = current;
    progress.total = total;
    if (current == progress.cancel_at)
        CHECK(DismFakeSetEvent(progress.event));
}

static void begin(UINT cancel_at)
{
    HANDLE event = progress.event;
    memset(&progress, 0, sizeof progress);
    progress.event = event;
    progress.cancel_at = cancel_at;
    CHECK(DismFakeResetEvent(event));
}

static bool was_cancelled(HRESULT hr)
{
    return hr == (HRESULT)0x800704C7 || hr == (HRESULT)0x800704D3;
}

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static void look_at_the_image(const char *image)
{
    DismImageInfo *info = NULL;
    UINT count = 0;
    char name[64];
    CHECK_HR(S_OK, DismGetImageInfo(wide(image), &info, &count));
    CHECK(count == 1 && info[0].ImageIndex == 1);
    narrow(info[0].ImageName, name, sizeof name);
    CHECK(strcmp(name, "One") == 0);
    CHECK_HR(S_OK, DismDelete(info));
    CHECK_HR(E_INVALIDARG, DismDelete(info));
}

static void look_at_the_mount(const char *image, const char *mount)
{
    DismMountedImageInfo *info = NULL;
    UINT count = 0;
    char text[1024];
    CHECK_HR(S_OK, DismGetMountedImageInfo(&info, &count));
    CHECK(count == 1);
    narrow(info[0].MountPath, text, sizeof text);
    CHECK(strcmp(text, mount) == 0);
    narrow(info[0].ImageFilePath, text, sizeof text);
    CHECK(strcmp(text, image) == 0);
    CHECK(info[0].MountMode == DismReadWrite && info[0].MountStatus == DismMountStatusOk);
    CHECK_HR(S_OK, DismDelete(info));
}

static void cancel_a_mount(const char *image, const char *mount)
{
    begin(33);
    CHECK(was_cancelled(DismMountImage(wide(image), wide(mount), 1, NULL, DismImageIndex, 0,
                                       progress.event, on_progress, &progress)));
    CHECK(progress.count == 33);
    CHECK(shell("test -z \"$(ls -A '%s')\"", mount) == 0);
}

static void commit(const char *image, const char *mount, DismSession session)
{
    put_file(below(mount, "new.txt"), "new");
    put_file(below(mount, "docs/a"), "changed");
    CHECK(remove(below(mount, "hello.txt")) == 0);

    CHECK(shell("cp '%s' '%s.before'", image, image) == 0);
    begin(50);
    CHECK(was_cancelled(DismCommitImage(session, 0, progress.event, on_progress, &progress)));
    CHECK(progress.count == 50);
    CHECK(shell("cmp -s '%s' '%s.before'", image, image) == 0);

    begin(0);
    CHECK_HR(S_OK, DismCommitImage(session, 0, progress.event, on_progress, &progress));
    CHECK(progress.count == 100 && progress.total == 100);
    CHECK(shell("wimlib-imagex verify '%s' >/dev/null 2>&1", image) == 0);
    CHECK(shell("wimlib-imagex dir '%s' 1 | grep -qx /new.txt", image) == 0);
    CHECK(shell("wimlib-imagex dir '%s' 1 | grep -qx /hello.txt", image) != 0);
    CHECK(shell("test \"$(wimlib-imagex extract '%s' 1 /docs/a --to-stdout)\" = changed", image) ==
          0);
}

static void unmount(const char *image, const char *mount)
{
    put_file(below(mount, "second.txt"), "saved by the unmount");
    begin(0);
    CHECK_HR(S_OK, DismUnmountImage(wide(mount), DISM_COMMIT_IMAGE, NULL, on_progress, &progress));
    CHECK(progress.count == 200 && progress.total == 200);
    CHECK(shell("wimlib-imagex dir '%s' 1 | grep -qx /second.txt", image) == 0);
    CHECK(shell("wimlib-imagex verify '%s' >/dev/null 2>&1", image) == 0);
    CHECK(exists(mount) && shell("test -z \"$(ls -A '%s')\"", mount) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    const char *dir = argv[1];
    char image[512], mount[512];
    DismSession session = 0;
    make_world(dir, "XPRESS");
    snprintf(image, sizeof image, "%s/t.wim", dir);
    snprintf(mount, sizeof mount, "%s/m", dir);
    progress.event = DismFakeCreateEvent(TRUE, FALSE);
    CHECK(progress.event != NULL);

    CHECK_HR(S_OK, DismInitialize(DismLogErrorsWarningsInfo, wide(below(dir, "dism.log")), NULL));
    look_at_the_image(image);
    cancel_a_mount(image, mount);
    begin(0);
    CHECK_HR(S_OK, DismMountImage(wide(image), wide(mount), 0, wide("One"), DismImageName, 0, NULL,
                                  on_progress, &progress));
    CHECK(progress.count == 100 && progress.total == 100);
    look_at_the_mount(image, mount);
    CHECK(exists(below(mount, "Windows/System32/ntdll.dll")));
    CHECK_HR(S_OK, DismOpenSession(wide(mount), NULL, NULL, &session));
    commit(image, mount, session);
    CHECK_HR(0xC0040003, DismShutdown());
    CHECK_HR(0xC004000A, DismUnmountImage(wide(mount), DISM_DISCARD_IMAGE, NULL, NULL, NULL));
    CHECK_HR(S_OK, DismCloseSession(session));
    CHECK_HR(0xC0040004, DismCloseSession(session));
    unmount(image, mount);
    CHECK(DismFakeLiveAllocations() == 0);
    CHECK_HR(S_OK, DismShutdown());
    CHECK(DismFakeCloseEvent(progress.event));
    CHECK(shell("grep -q 'Starting DismApi.dll session' '%s/dism.log'", dir) == 0);
    CHECK(shell("rm -rf '%s'", dir) == 0);
    puts("done");
    return 0;
}
