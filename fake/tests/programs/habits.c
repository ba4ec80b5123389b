/* SPDX-License-Identifier: MIT */
/* habits.c - what real clients do to the API and must not be hurt by; one function per habit. */
#include "client_world.h"

#include <unistd.h>

static char dir[512], image[600], mount[600];

static UINT ticks, zero_totals;

static void CALLBACK count_ticks(UINT current, UINT total, PVOID user)
{
    (void)user;
    ticks += current > 0;
    zero_totals += total == 0;
}

static HRESULT mount_with(HANDLE event, DWORD flags)
{
    return DismMountImage(wide(image), wide(mount), 1, NULL, DismImageIndex, flags, event,
                          count_ticks, NULL);
}

static HRESULT unmount(DWORD flags)
{
    return DismUnmountImage(wide(mount), flags, NULL, count_ticks, NULL);
}

/* A C# finally block frees an out pointer that a failed call left zero. */
static void delete_of_null_is_safe(void)
{
    DismImageInfo *info = (DismImageInfo *)(uintptr_t)0x1234;
    UINT count = 77;
    CHECK_HR(S_OK, DismDelete(NULL));
    CHECK(FAILED(DismGetImageInfo(wide("/no/such/file.wim"), &info, &count)));
    CHECK(info == NULL && count == 0);
    CHECK_HR(S_OK, DismDelete(info));
}

/* `out IntPtr session`: eight bytes where the API writes four. */
static void a_session_slot_of_eight_bytes_is_half_written(void)
{
    union {
        uint64_t slot;
        DismSession session;
    } out = {.slot = 0xAAAAAAAABBBBBBBBull};
    CHECK_HR(S_OK, mount_with(NULL, 0));
    CHECK_HR(S_OK, DismOpenSession(wide(mount), NULL, NULL, &out.session));
    CHECK(out.slot >> 32 == 0xAAAAAAAAu && (uint32_t)out.slot >= 2 && (uint32_t)out.slot < 1000);
    CHECK_HR(S_OK, DismCloseSession((DismSession)out.slot));
    CHECK_HR(S_OK, unmount(DISM_DISCARD_IMAGE));
}

static void the_message_is_that_of_the_last_failure_and_ends_in_cr_lf(void)
{
    DismString *first = NULL, *second = NULL;
    size_t len = 0;
    CHECK_HR(0xC0040004, DismCloseSession(4711));
    CHECK_HR(S_OK, DismGetLastErrorMessage(&first));
    CHECK_HR(S_OK, DismGetLastErrorMessage(&second));
    while (first->Value[len])
        len++;
    CHECK(len > 2 && first->Value[len - 2] == '\r' && first->Value[len - 1] == '\n');
    char text[256];
    narrow(second->Value, text, sizeof text);
    CHECK(strstr(text, "4711"));
    CHECK_HR(S_OK, DismDelete(first));
    CHECK_HR(S_OK, DismDelete(second));
}

/* A pointer where a value belongs. */
static void an_enum_that_is_a_pointer_is_refused(void)
{
    CHECK_HR(E_INVALIDARG, DismMountImage(wide(image), wide(mount), 1, NULL,
                                          (DismImageIdentifier)0x7F12, 0, NULL, NULL, NULL));
    char text[512];
    last_message(text, sizeof text);
    CHECK(strstr(text, "ImageIdentifier"));
}

/* What .NET on Linux passes as an event: a pointer of its own, or any number. */
static void an_unknown_event_is_never_looked_into(void)
{
    HANDLE strange[] = {(HANDLE)(uintptr_t)1, (HANDLE)(uintptr_t)0x56290000D6F8u, (HANDLE)&strange,
                        (HANDLE)UINTPTR_MAX};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        ticks = 0;
        CHECK_HR(S_OK, mount_with(strange[i], 0));
        CHECK(ticks == 100);
        CHECK_HR(S_OK, DismUnmountImage(wide(mount), DISM_DISCARD_IMAGE, strange[i], NULL, NULL));
    }
}

static void unknown_flag_bits_are_refused(void)
{
    CHECK_HR(E_INVALIDARG, mount_with(NULL, 0x80000000u));
    CHECK_HR(S_OK, mount_with(NULL, 0));
    CHECK_HR(E_INVALIDARG, unmount(0xFFFF0000u));
    CHECK_HR(E_INVALIDARG, unmount(0x2));
    CHECK_HR(E_INVALIDARG, unmount(DISM_DISCARD_IMAGE | 0x80000000u));
    CHECK_HR(S_OK, unmount(DISM_DISCARD_IMAGE));
}

static void progress_never_has_a_total_of_zero(void)
{
    DismSession session;
    CHECK_HR(S_OK, mount_with(NULL, 0));
    CHECK_HR(S_OK, DismOpenSession(wide(mount), NULL, NULL, &session));
    ticks = 0;
    CHECK_HR(S_OK, DismCommitImage(session, 0, NULL, count_ticks, NULL)); /* nothing to save */
    CHECK(ticks == 100);
    CHECK_HR(S_OK, DismCloseSession(session));
    CHECK_HR(S_OK, unmount(DISM_DISCARD_IMAGE));
    CHECK(zero_totals == 0);
}

static void separators_may_be_mixed_and_doubled(void)
{
    char odd[700];
    snprintf(odd, sizeof odd, "%s\\.\\m//", dir);
    CHECK_HR(S_OK, DismMountImage(wide(image), wide(odd), 1, NULL, DismImageIndex,
                                  DISM_MOUNT_READONLY, NULL, NULL, NULL));
    CHECK_HR(S_OK, unmount(DISM_DISCARD_IMAGE));
}

/* Paths of the log: relative is fine, a missing folder is a warning that leaves it initialised. */
static void a_relative_log_path_is_fine_and_a_missing_folder_a_warning(void)
{
    DismMountedImageInfo *info;
    UINT count;
    CHECK_HR(S_OK, DismInitialize(DismLogErrorsWarningsInfo, wide("relative.log"), NULL));
    CHECK_HR(S_OK, DismShutdown());
    CHECK(shell("test -s '%s/relative.log'", dir) == 0);
    CHECK_HR(0xC0040009,
             DismInitialize(DismLogErrors, wide(below(dir, "missing/folder/dism.log")), NULL));
    CHECK_HR(S_OK, DismGetMountedImageInfo(&info, &count));
    CHECK_HR(S_OK, DismDelete(info));
    CHECK(shell("test ! -e '%s/missing'", dir) == 0);
    CHECK_HR(S_OK, DismShutdown());
}

/* ManagedDism unloads one DLL and calls the other's DismShutdown. */
static void a_shutdown_without_initialize_is_refused(void)
{
    DismString *message = NULL;
    CHECK_HR(0xC0040001, DismShutdown());
    CHECK_HR(0xC0040001, DismCloseSession(2));
    (void)DismGetLastErrorMessage(&message);
    CHECK_HR(S_OK, DismDelete(message));
}

static void initialising_anew_works_for_ever(void)
{
    for (int i = 0; i < 45; i++) {
        DismImageInfo *info;
        UINT count;
        DismSession session;
        CHECK_HR(S_OK, DismInitialize(DismLogErrorsWarnings, NULL, NULL));
        CHECK_HR(0x800704DF, DismInitialize(DismLogErrorsWarnings, NULL, NULL));
        CHECK_HR(S_OK, DismGetImageInfo(wide(image), &info, &count));
        CHECK_HR(S_OK, DismDelete(info));
        CHECK_HR(S_OK, DismOpenSession(DISM_ONLINE_IMAGE, NULL, NULL, &session));
        CHECK(session == 2);
        CHECK_HR(S_OK, DismCloseSession(session));
        CHECK_HR(S_OK, DismShutdown());
    }
    CHECK_HR(0xC0040001, DismShutdown());
}

/* What was handed out may be deleted after the shutdown (a finaliser does). */
static void memory_can_be_deleted_after_shutdown(void)
{
    DismImageInfo *info;
    UINT count;
    CHECK_HR(S_OK, DismInitialize(DismLogErrorsWarnings, NULL, NULL));
    CHECK_HR(S_OK, DismGetImageInfo(wide(image), &info, &count));
    CHECK_HR(S_OK, DismShutdown());
    CHECK(DismFakeLiveAllocations() == 1);
    CHECK_HR(S_OK, DismDelete(info));
    CHECK(DismFakeLiveAllocations() == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    snprintf(dir, sizeof dir, "%s", argv[1]);
    snprintf(image, sizeof image, "%s/t.wim", dir);
    snprintf(mount, sizeof mount, "%s/m", dir);
    make_world(dir, "none");
    CHECK(chdir(dir) == 0);
    a_shutdown_without_initialize_is_refused();
    CHECK_HR(S_OK, DismInitialize(DismLogErrorsWarningsInfo, NULL, NULL));
    delete_of_null_is_safe();
    a_session_slot_of_eight_bytes_is_half_written();
    the_message_is_that_of_the_last_failure_and_ends_in_cr_lf();
    an_enum_that_is_a_pointer_is_refused();
    an_unknown_event_is_never_looked_into();
    unknown_flag_bits_are_refused();
    progress_never_has_a_total_of_zero();
    separators_may_be_mixed_and_doubled();
    CHECK_HR(S_OK, DismShutdown());
    a_relative_log_path_is_fine_and_a_missing_folder_a_warning();
    initialising_anew_works_for_ever();
    memory_can_be_deleted_after_shutdown();
    CHECK(chdir("/") == 0 && shell("rm -rf '%s'", dir) == 0);
    puts("done");
    return 0;
}
