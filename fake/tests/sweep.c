/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - every call about images, mounts and sessions, with its 1st, 2nd, 3rd ... allocation
 * failing, change to the file system failing, byte not fitting on the disk, until nothing fails any
 * more. After each: the call said so, nothing leaks, the registry is readable, the image file is
 * what it was or complete, and a discard or a clean-up leads back to health.
 *
 * usage: test_sweep DIRECTORY STRIDE [CALL]
 *
 * STRIDE n: only every n-th allocation fails (sanitizers, which make everything slow).
 */
#include "programs/client_world.h"

#include "floor.h"
#include "os.h"
#include "result.h"

#define CANNOT_LOG (HRESULT)0xC0040009 /* DISMAPI_E_LOGGING_DISABLED: initialised nevertheless */
#define CLOSED (HRESULT)0xC0040001     /* DISMAPI_E_DISMAPI_NOT_INITIALIZED */

static char image[1024], folder[1024], claims[1024];
static char *pristine;
static size_t pristine_size;
static DismSession session;
static const char *where;   /* for messages: the call, the kind of failure and its number */
static unsigned stride = 1; /* of the allocations that are made to fail one after the other */
static bool all_fails;      /* not only one allocation or change, but all after it */
static unsigned absorbed, failures, verified;

#define ASSERT(claim)                                                                              \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            char assert_text[512];                                                                 \
            last_message(assert_text, sizeof assert_text);                                         \
            fprintf(stderr, "%s:%d: %s: not so: %s (%s)\n", __FILE__, __LINE__, where, #claim,     \
                    assert_text);                                                                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define ASSERT_OK(expression)                                                                      \
    do {                                                                                           \
        HRESULT assert_hr = (expression);                                                          \
        if (assert_hr != S_OK) {                                                                   \
            char assert_text[512];                                                                 \
            last_message(assert_text, sizeof assert_text);                                         \
            fprintf(stderr, "%s:%d: %s: %s gave 0x%08X (%s)\n", __FILE__, __LINE__, where,         \
                    #expression, (unsigned)assert_hr, assert_text);                                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* ---- looking ---- */

static bool file_is(const char *path, const char *content)
{
    size_t size;
    AUTO_FREE char *data = NULL;
    return SUCCEEDED(os_read_file(path, &data, &size)) && strcmp(data, content) == 0;
}

static bool image_is_pristine(void)
{
    size_t size;
    AUTO_FREE char *data = NULL;
    return SUCCEEDED(os_read_file(image, &data, &size)) && size == pristine_size &&
           memcmp(data, pristine, size) == 0;
}

static void restore_image_file(void)
{
    FILE *file = fopen(image, "wb");
    CHECK(file && fwrite(pristine, 1, pristine_size, file) == pristine_size && fclose(file) == 0);
}

/* wimlib's own reader, for the first images of each call that differ from the pristine one and one
 * in sixteen of the others: a process each. */
static void verify_image(void)
{
    static unsigned seen;
    if (seen++ % 16 < 2) {
        verified++;
        ASSERT(shell("wimlib-imagex verify '%s' >/dev/null 2>&1", image) == 0);
    }
}

static bool is_empty(const char *path)
{
    return !os_exists(path) || os_is_empty_directory(path);
}

static UINT mounted(DismMountStatus *status)
{
    DismMountedImageInfo *list = NULL;
    UINT count = 0;
    HRESULT hr = DismGetMountedImageInfo(&list, &count);
    if (hr == CLOSED)
        return 0;
    ASSERT_OK(hr);
    if (count && status)
        *status = list[0].MountStatus;
    ASSERT_OK(DismDelete(list));
    return count;
}

/* ---- steps ---- */

static HRESULT mount_image(void)
{
    return DismMountImage(wide(image), wide(folder), 1, NULL, DismImageIndex, DISM_MOUNT_READWRITE,
                          NULL, NULL, NULL);
}

static HRESULT unmount_image(DWORD flags)
{
    return DismUnmountImage(wide(folder), flags, NULL, NULL, NULL);
}

static HRESULT open_session(void)
{
    return DismOpenSession(wide(folder), NULL, NULL, &session);
}

static void close_session(void)
{
    if (session)
        ASSERT_OK(DismCloseSession(session));
    session = 0;
}

static void change_mount(void)
{
    put_file(below(folder, "hello.txt"), "changed");
    put_file(below(folder, "docs/new"), "a new file");
}

static void with_mount(void)
{
    ASSERT_OK(mount_image());
}

static void with_changed_mount(void)
{
    with_mount();
    change_mount();
}

/* Nothing but another content: a commit writes that without wimlib. */
static void with_edited_session(void)
{
    with_mount();
    put_file(below(folder, "hello.txt"), "changed");
    ASSERT_OK(open_session());
}

static void with_session(void)
{
    with_mount();
    ASSERT_OK(open_session());
}

static void with_changed_session(void)
{
    with_changed_mount();
    ASSERT_OK(open_session());
}

static void after_reboot(void)
{
    with_changed_mount();
    ASSERT_OK(DismShutdown());
    ASSERT_OK(DismFakeReboot());
    ASSERT_OK(DismInitialize(DismLogErrors, NULL, NULL));
}

/* A mount that a rule has stopped half way. */
static void with_invalid_mount(void)
{
    DismMountStatus status = DismMountStatusOk;
    ASSERT_OK(DismFakeLoadFaults("{\"id\":\"half\",\"at\":\"DismMountImage\","
                                 "\"do\":{\"return\":\"E_FAIL\",\"effect\":\"partial\"}}"));
    ASSERT(mount_image() == E_FAIL);
    ASSERT_OK(DismFakeDisarm("half"));
    ASSERT(mounted(&status) == 1 && status == DismMountStatusInvalid);
}

static void with_an_error(void)
{
    ASSERT(FAILED(DismCloseSession(77)));
}

static DismString *to_delete;

static void with_a_result(void)
{
    with_an_error();
    ASSERT_OK(DismGetLastErrorMessage(&to_delete));
}

static void shut_down(void)
{
    ASSERT_OK(DismShutdown());
}

static void nothing(void)
{
}

/* ---- the calls, and what holds when one has succeeded ---- */

static HRESULT call_initialize(void)
{
    return DismInitialize(DismLogErrorsWarningsInfo, NULL, NULL);
}

static HRESULT call_discard(void)
{
    return unmount_image(DISM_DISCARD_IMAGE);
}

static HRESULT call_unmount_commit(void)
{
    return unmount_image(DISM_COMMIT_IMAGE);
}

static HRESULT call_commit(void)
{
    return DismCommitImage(session, DISM_COMMIT_IMAGE, NULL, NULL, NULL);
}

static HRESULT call_append(void)
{
    return DismCommitImage(session, DISM_COMMIT_APPEND, NULL, NULL, NULL);
}

static HRESULT call_close(void)
{
    return DismCloseSession(session);
}

static HRESULT call_remount(void)
{
    return DismRemountImage(wide(folder));
}

static HRESULT call_open_online(void)
{
    return DismOpenSession(DISM_ONLINE_IMAGE, NULL, NULL, &session);
}

static HRESULT call_image_info(void)
{
    DismImageInfo *list = NULL;
    UINT count = 0;
    HRESULT hr = DismGetImageInfo(wide(image), &list, &count);
    ASSERT(SUCCEEDED(hr) ? list && count == 1 : !list && !count);
    (void)DismDelete(list);
    return hr;
}

static HRESULT call_mounted_info(void)
{
    DismMountedImageInfo *list = NULL;
    UINT count = 0;
    HRESULT hr = DismGetMountedImageInfo(&list, &count);
    ASSERT(SUCCEEDED(hr) ? list && count == 1 : !list && !count);
    (void)DismDelete(list);
    return hr;
}

static HRESULT call_message(void)
{
    DismString *message = NULL;
    HRESULT hr = DismGetLastErrorMessage(&message);
    ASSERT(SUCCEEDED(hr) == (message != NULL));
    (void)DismDelete(message);
    return hr;
}

static HRESULT call_delete(void)
{
    HRESULT hr = DismDelete(to_delete);
    if (SUCCEEDED(hr))
        to_delete = NULL;
    return hr;
}

static void is_mounted(void)
{
    DismMountStatus status;
    ASSERT(mounted(&status) == 1 && status == DismMountStatusOk);
    ASSERT(file_is(below(folder, "hello.txt"), "hello"));
}

static void is_unmounted(void)
{
    ASSERT(mounted(NULL) == 0);
    ASSERT(is_empty(folder));
}

static void is_edited(void)
{
    ASSERT(!image_is_pristine());
    verify_image();
    close_session();
    if (mounted(NULL))
        ASSERT_OK(unmount_image(DISM_DISCARD_IMAGE));
    ASSERT_OK(mount_image());
    ASSERT(file_is(below(folder, "hello.txt"), "changed"));
}

static void is_saved(void)
{
    is_edited();
    ASSERT(file_is(below(folder, "docs/new"), "a new file"));
}

static void is_appended(void)
{
    DismImageInfo *list = NULL;
    UINT count = 0;
    verify_image();
    ASSERT_OK(DismGetImageInfo(wide(image), &list, &count));
    ASSERT(count == 2);
    ASSERT_OK(DismDelete(list));
}

static void is_remounted(void)
{
    DismMountStatus status;
    ASSERT(mounted(&status) == 1 && status == DismMountStatusOk);
    ASSERT(file_is(below(folder, "hello.txt"), "changed"));
}

static void has_session(void)
{
    ASSERT(session != 0);
}

static void has_no_session(void)
{
    ASSERT(DismCloseSession(session) != S_OK);
    session = 0;
}

/* What holds after a failure, beside what holds for all calls. */

static void nothing_lost(void)
{
    DismMountStatus status;
    if (!image_is_pristine()) { /* written, and everything failed from then on */
        ASSERT(all_fails);
        verify_image();
    }
    ASSERT(mounted(&status) == 1 && status == DismMountStatusOk);
    ASSERT(file_is(below(folder, "hello.txt"), "changed"));
}

/* The mount is as good as before, or half unmounted; what was to be saved is saved or still there.
 */
static void nothing_lost_by_unmount(void)
{
    DismMountStatus status;
    if (!image_is_pristine()) {
        verify_image();
        return;
    }
    if (mounted(&status) == 1 && status == DismMountStatusOk)
        ASSERT(file_is(below(folder, "hello.txt"), "changed"));
}

static void no_session(void)
{
    ASSERT(session == 0);
}

struct operation {
    const char *name;
    void (*prepare)(void);
    HRESULT (*call)(void);
    void (*succeeded)(void), (*failed)(void);
};

static const struct operation operations[] = {
    {"DismInitialize", shut_down, call_initialize, nothing, nothing},
    {"DismShutdown", nothing, DismShutdown, nothing, nothing},
    {"DismGetLastErrorMessage", with_an_error, call_message, nothing, nothing},
    {"DismDelete", with_a_result, call_delete, nothing, nothing},
    {"DismGetImageInfo", nothing, call_image_info, nothing, nothing},
    {"DismGetMountedImageInfo", with_mount, call_mounted_info, is_mounted, is_mounted},
    {"DismMountImage", nothing, mount_image, is_mounted, nothing},
    {"DismOpenSession", with_mount, open_session, has_session, no_session},
    {"DismOpenSession online", nothing, call_open_online, has_session, no_session},
    {"DismCloseSession", with_session, call_close, has_no_session, has_session},
    {"DismCommitImage", with_changed_session, call_commit, is_saved, nothing_lost},
    {"DismCommitImage contents", with_edited_session, call_commit, is_edited, nothing_lost},
    {"DismCommitImage append", with_changed_session, call_append, is_appended, nothing_lost},
    {"DismUnmountImage discard", with_changed_mount, call_discard, is_unmounted, nothing},
    {"DismUnmountImage commit", with_changed_mount, call_unmount_commit, is_saved,
     nothing_lost_by_unmount},
    {"DismRemountImage", after_reboot, call_remount, is_remounted, nothing},
    {"DismCleanupMountpoints", with_invalid_mount, DismCleanupMountpoints, is_unmounted, nothing},
};

/* ---- the sweep ---- */

/* A sound mount ends by a reset, since an unmount looks through all processes of the machine; with
 * `thorough` as users end it. An invalid one ends by a clean-up, every time. */
static void end_mount(bool thorough)
{
    DismMountStatus status;
    if (mounted(&status) == 0)
        return;
    if (status == DismMountStatusInvalid && !thorough)
        ASSERT_OK(DismCleanupMountpoints());
    else if (thorough)
        ASSERT_OK(unmount_image(DISM_DISCARD_IMAGE));
    ASSERT(status != DismMountStatusInvalid || mounted(NULL) == 0);
    if (mounted(NULL)) {
        ASSERT_OK(DismShutdown());
        ASSERT_OK(DismFakeReset());
        ASSERT_OK(DismInitialize(DismLogErrors, NULL, NULL));
    }
}

/* Every way out that a user has: sessions closed, initialised, what is mounted discarded or cleaned
 * up. Then everything works as on the first day. */
static void back_to_health(bool thorough)
{
    HRESULT hr = DismInitialize(DismLogErrors, NULL, NULL);
    ASSERT(hr == S_OK || FAILED(hr)); /* it was already, or is now */
    (void)DismDelete(to_delete);
    to_delete = NULL;
    close_session();
    end_mount(thorough);
    ASSERT(mounted(NULL) == 0);
    ASSERT(result_live_count() == 0);
    if (!image_is_pristine())
        restore_image_file();
    if (thorough) {
        ASSERT_OK(mount_image());
        is_mounted();
        ASSERT_OK(unmount_image(DISM_DISCARD_IMAGE));
        ASSERT(is_empty(claims)); /* a file that could not be removed is of use again */
    }
    ASSERT(is_empty(folder));
    ASSERT_OK(DismShutdown());
    ASSERT_OK(DismInitialize(DismLogErrors, NULL, NULL));
}

enum mode { ONE_ALLOCATION, ALL_ALLOCATIONS, ONE_CHANGE, ALL_CHANGES, FULL_DISK, MODES };
static const char *const mode_names[] = {"allocation", "allocation and all after it", "change",
                                         "change and all after it", "byte"};

static bool is_memory(enum mode mode)
{
    return mode == ONE_ALLOCATION || mode == ALL_ALLOCATIONS;
}

static struct floor plan_of(enum mode mode, uint64_t number)
{
    struct floor plan = {0};
    plan.goes_on = mode == ALL_ALLOCATIONS || mode == ALL_CHANGES;
    if (is_memory(mode))
        plan.alloc_at = number;
    else if (mode == FULL_DISK)
        plan.disk_end = number;
    else
        plan.change_at = number;
    plan.has_disk_end = mode == FULL_DISK;
    return plan;
}

static bool has_fired(const struct floor *plan)
{
    return plan->alloc_failed || plan->change_failed || plan->disk_was_full;
}

static void check_failure(const struct operation *o, enum mode mode, HRESULT hr)
{
    char text[512];
    bool leaves_message =
        o->call != DismShutdown && o->call != call_message && o->call != call_delete;
    last_message(text, sizeof text);
    failures++;
    ASSERT(!leaves_message || strlen(text) > 5);
    if (is_memory(mode))
        ASSERT(hr == E_OUTOFMEMORY || hr == CANNOT_LOG);
    if (mode == FULL_DISK)
        ASSERT(hr == (HRESULT)0x80070070 || hr == CANNOT_LOG);
    /* Where everything fails, putting things back fails too: the next call that looks does it. */
    if (all_fails)
        (void)mounted(NULL);
    if (hr != CANNOT_LOG)
        o->failed();
}

/* One call with one failure; false if the failure did not come. */
static bool try_at(const struct operation *o, enum mode mode, uint64_t number, struct floor *plan)
{
    char place[128];
    snprintf(place, sizeof place, "%s, %s %llu", o->name, mode_names[mode],
             (unsigned long long)number);
    where = place;
    all_fails = mode == ALL_ALLOCATIONS || mode == ALL_CHANGES;
    o->prepare();
    *plan = plan_of(mode, number);
    floor_plan(plan);
    HRESULT hr = o->call();
    floor_plan(NULL);
    ASSERT(has_fired(plan) || hr == S_OK);
    if (FAILED(hr))
        check_failure(o, mode, hr);
    else
        o->succeeded();
    absorbed += has_fired(plan) && SUCCEEDED(hr);
    back_to_health(number % 16 == 1);
    return has_fired(plan);
}

static void sweep(const struct operation *o)
{
    struct floor plan;
    unsigned before = failures, absorbed_before = absorbed;
    uint64_t points[MODES] = {0};
    for (int mode = ONE_ALLOCATION; mode < FULL_DISK; mode++) {
        bool goes_on = mode == ALL_ALLOCATIONS || mode == ALL_CHANGES;
        unsigned step = is_memory((enum mode)mode) ? stride * (goes_on ? 5 : 1) : 1;
        for (uint64_t n = 1; try_at(o, (enum mode)mode, n, &plan); n += step)
            points[mode] = n;
    }
    ASSERT(!try_at(o, FULL_DISK, UINT64_MAX, &plan)); /* how many bytes there are */
    uint64_t bytes = plan.bytes;
    for (unsigned i = 0; i < 16 && i < bytes; i++, points[FULL_DISK]++)
        ASSERT(try_at(o, FULL_DISK, bytes * i / 16, &plan));
    printf("%-24s %4llu allocations, %3llu changes, %6llu bytes: %u failures, %u absorbed\n",
           o->name, (unsigned long long)points[ONE_ALLOCATION],
           (unsigned long long)points[ONE_CHANGE], (unsigned long long)bytes, failures - before,
           absorbed - absorbed_before);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    CHECK(argc >= 3 && atoi(argv[2]) > 0);
    stride = (unsigned)atoi(argv[2]);
    make_world(argv[1], "none");
    snprintf(image, sizeof image, "%s", below(argv[1], "t.wim"));
    snprintf(folder, sizeof folder, "%s", below(argv[1], "m"));
    snprintf(claims, sizeof claims, "%s", below(argv[1], "state/claims"));
    CHECK_HR(S_OK, os_read_file(image, &pristine, &pristine_size));
    where = "at first";
    ASSERT_OK(DismInitialize(DismLogErrors, NULL, NULL));
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (argc < 4 || strcmp(argv[3], operations[i].name) == 0)
            sweep(&operations[i]);
    where = "at last";
    ASSERT_OK(DismShutdown());
    printf("%u failures, %u absorbed, %u images given to wimlib-imagex verify\n", failures,
           absorbed, verified);
    mem_free(pristine);
    CHECK(failures > 300 || argc > 3);
    return 0;
}
