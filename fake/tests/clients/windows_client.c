/* SPDX-License-Identifier: MIT */
/*
 * windows_client.c - a client as any Windows program is one: compiled with mingw-w64's own
 * dismapi.h, linked with its libdismapi.a, knowing nothing of the fake. windows_client.exe FOLDER,
 * which has t.wim and an empty folder m.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <windows.h>

#include <dismapi.h>

#define CHECK(claim)                                                                               \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim);                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
#define CHECK_HR(expected, call) check_code(__LINE__, #call, (call), (DWORD)(expected))

static void last_message(wchar_t *out, size_t size)
{
    DismString *message = NULL;
    out[0] = L'\0';
    if (DismGetLastErrorMessage(&message) != S_OK)
        return;
    wcsncpy(out, message->Value, size - 1);
    out[size - 1] = L'\0';
    CHECK(DismDelete(message) == S_OK);
}

static void check_code(int line, const char *call, HRESULT got, DWORD expected)
{
    wchar_t text[512];
    if ((DWORD)got == expected)
        return;
    last_message(text, sizeof text / sizeof *text);
    fprintf(stderr, "%s:%d: %s gave 0x%08lX (%ls), wanted 0x%08lX\n", __FILE__, line, call,
            (unsigned long)got, text, (unsigned long)expected);
    exit(1);
}

static struct {
    UINT count, total, cancel_at;
    HANDLE event;
} progress;

static void CALLBACK on_progress(UINT current, UINT total, PVOID user)
{
    CHECK(user == &progress);
    CHECK(current == progress.count + 1);
    progress.count = current;
    progress.total = total;
    if (current == progress.cancel_at)
        CHECK(SetEvent(progress.event));
}

static void begin(UINT cancel_at)
{
    progress.count = progress.total = 0;
    progress.cancel_at = cancel_at;
    CHECK(ResetEvent(progress.event));
}

static bool was_cancelled(HRESULT hr)
{
    return hr == HRESULT_FROM_WIN32(ERROR_CANCELLED) ||
           hr == HRESULT_FROM_WIN32(ERROR_REQUEST_ABORTED);
}

/* A path below a folder; valid until the fourth next call. */
static const wchar_t *below(const wchar_t *folder, const wchar_t *name)
{
    static wchar_t buffers[4][1024];
    static unsigned next;
    wchar_t *out = buffers[next++ % 4];
    CHECK(_snwprintf(out, 1024, L"%ls\\%ls", folder, name) > 0);
    return out;
}

static void put_file(const wchar_t *path, const char *content)
{
    FILE *file = _wfopen(path, L"wb");
    CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static bool is_empty(const wchar_t *folder)
{
    WIN32_FIND_DATAW found;
    unsigned count = 0;
    HANDLE search = FindFirstFileW(below(folder, L"*"), &found);
    CHECK(search != INVALID_HANDLE_VALUE);
    do {
        if (wcscmp(found.cFileName, L".") != 0 && wcscmp(found.cFileName, L"..") != 0)
            count++;
    } while (FindNextFileW(search, &found));
    CHECK(FindClose(search));
    return count == 0;
}

static void look_at_the_image(const wchar_t *image)
{
    DismImageInfo *info = NULL;
    UINT count = 0;
    CHECK_HR(S_OK, DismGetImageInfo(image, &info, &count));
    CHECK(count == 2 && info[0].ImageIndex == 1 && info[1].ImageIndex == 2);
    CHECK(info[0].ImageType == DismImageTypeWim && info[0].Bootable == DismImageBootableNo);
    CHECK(wcscmp(info[0].ImageName, L"One") == 0);
    CHECK(wcscmp(info[1].ImageName, L"Zw\u00f6lf") == 0);
    const DismWimCustomizedInfo *custom = info[0].CustomizedInfo;
    CHECK(custom->Size == sizeof *custom && custom->FileCount == 3 && custom->DirectoryCount == 4);
    CHECK_HR(S_OK, DismDelete(info));
    CHECK_HR(E_INVALIDARG, DismDelete(info));
}

static void learn_why_a_call_failed(const wchar_t *folder)
{
    DismImageInfo *info = NULL;
    UINT count = 0;
    wchar_t text[512];
    CHECK_HR(HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND),
             DismGetImageInfo(below(folder, L"missing-\u00e9.wim"), &info, &count));
    last_message(text, sizeof text / sizeof *text);
    CHECK(wcsstr(text, L"missing-\u00e9.wim"));
}

static void cancel_a_mount(const wchar_t *image, const wchar_t *mount)
{
    begin(33);
    CHECK(was_cancelled(DismMountImage(image, mount, 1, NULL, DismImageIndex, DISM_MOUNT_READWRITE,
                                       progress.event, on_progress, &progress)));
    CHECK(progress.count == 33);
    CHECK(is_empty(mount));
}

static void look_at_the_mount(const wchar_t *image, const wchar_t *mount)
{
    DismMountedImageInfo *info = NULL;
    UINT count = 0;
    CHECK_HR(S_OK, DismGetMountedImageInfo(&info, &count));
    CHECK(count == 1 && info[0].ImageIndex == 1);
    CHECK(_wcsicmp(info[0].MountPath, mount) == 0);
    CHECK(_wcsicmp(info[0].ImageFilePath, image) == 0);
    CHECK(info[0].MountMode == DismReadWrite && info[0].MountStatus == DismMountStatusOk);
    CHECK_HR(S_OK, DismDelete(info));
}

static void change_and_commit(const wchar_t *mount)
{
    DismSession session = 0;
    CHECK_HR(S_OK, DismOpenSession(mount, NULL, NULL, &session));
    CHECK(session != DISM_SESSION_DEFAULT);
    put_file(below(mount, L"\u00fcber.txt"), "new");
    CHECK(DeleteFileW(below(mount, L"hello.txt")));
    begin(50);
    CHECK(was_cancelled(DismCommitImage(session, 0, progress.event, on_progress, &progress)));
    CHECK(progress.count == 50);
    begin(0);
    CHECK_HR(S_OK, DismCommitImage(session, 0, progress.event, on_progress, &progress));
    CHECK(progress.count == 100 && progress.total == 100);
    CHECK_HR(DISMAPI_E_OPEN_SESSION_HANDLES, DismShutdown());
    CHECK_HR(DISMAPI_E_OPEN_HANDLES_UNABLE_TO_UNMOUNT_IMAGE_PATH,
             DismUnmountImage(mount, DISM_DISCARD_IMAGE, NULL, NULL, NULL));
    CHECK_HR(S_OK, DismCloseSession(session));
    CHECK_HR(DISMAPI_E_INVALID_DISM_SESSION, DismCloseSession(session));
}

static void unmount(const wchar_t *mount)
{
    put_file(below(mount, L"second.txt"), "saved by the unmount");
    begin(0);
    CHECK_HR(S_OK,
             DismUnmountImage(mount, DISM_COMMIT_IMAGE, progress.event, on_progress, &progress));
    CHECK(progress.count == 200 && progress.total == 200);
    CHECK(is_empty(mount));
}

int wmain(int argc, wchar_t **argv)
{
    wchar_t image[1024], mount[1024];
    CHECK(argc == 2);
    wcscpy(image, below(argv[1], L"t.wim"));
    wcscpy(mount, below(argv[1], L"m"));
    progress.event = CreateEventW(NULL, TRUE, FALSE, NULL);
    CHECK(progress.event);

    CHECK_HR(DISMAPI_E_DISMAPI_NOT_INITIALIZED, DismCloseSession(1));
    CHECK_HR(S_OK, DismInitialize(DismLogErrorsWarningsInfo, below(argv[1], L"dism.log"), NULL));
    look_at_the_image(image);
    learn_why_a_call_failed(argv[1]);
    cancel_a_mount(image, mount);
    begin(0);
    CHECK_HR(S_OK, DismMountImage(image, mount, 0, L"One", DismImageName, DISM_MOUNT_READWRITE,
                                  progress.event, on_progress, &progress));
    CHECK(progress.count == 100 && progress.total == 100);
    look_at_the_mount(image, mount);
    change_and_commit(mount);
    unmount(mount);
    CHECK_HR(S_OK, DismShutdown());
    CHECK(CloseHandle(progress.event));
    puts("done");
    return 0;
}
