/* SPDX-License-Identifier: MIT */
/*
 * unload.c LIBRARY IMAGE FOLDER - a client that unloads the library while threads are alive in it,
 * and loads it again. Nothing of it may be gone for them, and nothing is left behind by each time.
 *
 * It is linked with the base layer for threads and libraries of both systems, not with the library.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dismapi.h"
#include "dismfake.h"
#include "error.h"
#include "os.h"
#include "text.h"

/* More than Windows has thread-local slots for a process (1088). */
#define MANY_LOADS 1200
#define ROUNDS 20
#define THREADS 4

static void check(bool is_so, const char *claim, int line)
{
    if (is_so)
        return;
    fprintf(stderr, "unload.c:%d: not so: %s (%s)\n", line, claim, error_last()->text);
    os_exit_now(1);
}
#define CHECK(claim) check((claim), #claim, __LINE__)

static struct {
    char *library, *image, *folder; /* absolute, with a drive where there are any */
    WCHAR *wide_image, *wide_mount;
} world;

/* ---- the library ---- */

#define FUNCTIONS(row)                                                                             \
    row(DismInitialize) row(DismShutdown) row(DismMountImage) row(DismUnmountImage)                \
        row(DismOpenSession) row(DismCommitImage) row(DismCloseSession)                            \
            row(DismGetLastErrorMessage) row(DismDelete)
#define POINTER(name) __typeof__(name) *name;
#define LOOK_UP(name)                                                                              \
    library.name = (__typeof__(name) *)os_library_symbol(library.handle, #name);                   \
    CHECK(library.name != NULL);

static struct {
    struct os_library *handle;
    FUNCTIONS(POINTER)
} library;

static void load(void)
{
    CHECK(os_library_open(world.library, &library.handle) == S_OK);
    FUNCTIONS(LOOK_UP)
}

static void unload(void)
{
    os_library_close(library.handle);
    library.handle = NULL;
}

/* A call that needs what the library keeps for each thread: it fails, and the failure has a text.
 */
static void fail_once(void)
{
    DismString *text = NULL;
    CHECK(library.DismCloseSession(4711) == DISMAPI_E_DISMAPI_NOT_INITIALIZED);
    CHECK(library.DismGetLastErrorMessage(&text) == S_OK && text);
    CHECK(library.DismDelete(text) == S_OK);
}

/* ---- clients' threads ---- */

static struct {
    struct os_mutex lock;
    struct os_cond moved;
    unsigned arrived, stage;
} meeting;

static void arrive_and_wait_for(unsigned stage)
{
    AUTO_LOCK(&meeting.lock);
    meeting.arrived++;
    os_cond_broadcast(&meeting.moved);
    while (meeting.stage < stage)
        os_cond_wait(&meeting.moved, &meeting.lock);
}

static void await_arrivals(unsigned count)
{
    AUTO_LOCK(&meeting.lock);
    while (meeting.arrived < count)
        os_cond_wait(&meeting.moved, &meeting.lock);
}

static void go_to(unsigned stage)
{
    AUTO_LOCK(&meeting.lock);
    meeting.stage = stage;
    os_cond_broadcast(&meeting.moved);
}

/* Its last look at the library is before the unload, its end after it. */
static void call_and_outlive(void *unused)
{
    (void)unused;
    DismString *text = NULL;
    CHECK(FAILED(library.DismCloseSession(4711)));
    CHECK(library.DismGetLastErrorMessage(&text) == S_OK);
    CHECK(library.DismDelete(text) == S_OK);
    arrive_and_wait_for(1);
}

static void CALLBACK stay_in_callback(UINT current, UINT total, PVOID user)
{
    (void)total, (void)user;
    if (current == 50)
        arrive_and_wait_for(1);
}

/* Is inside a call, and in it inside a callback on the library's own thread, when it is unloaded.
 */
static void commit(void *session)
{
    CHECK(library.DismCommitImage(*(DismSession *)session, 0, NULL, stay_in_callback, NULL) ==
          S_OK);
}

/* ---- the tests ---- */

static void load_many_times(void)
{
    for (int i = 0; i < MANY_LOADS; i++) {
        load();
        fail_once();
        unload();
    }
}

static DismSession open_session(void)
{
    DismSession session = 0;
    CHECK(library.DismInitialize(DismLogErrors, NULL, NULL) == S_OK);
    CHECK(library.DismMountImage(world.wide_image, world.wide_mount, 1, NULL, DismImageIndex,
                                 DISM_MOUNT_READWRITE, NULL, NULL, NULL) == S_OK);
    CHECK(library.DismOpenSession(world.wide_mount, NULL, NULL, &session) == S_OK);
    return session;
}

static void unload_among_threads(void)
{
    struct os_thread *threads[THREADS], *committer;
    meeting.arrived = meeting.stage = 0;
    load();
    DismSession session = open_session();
    for (int i = 0; i < THREADS; i++)
        CHECK(os_thread_start(call_and_outlive, NULL, &threads[i]) == S_OK);
    CHECK(os_thread_start(commit, &session, &committer) == S_OK);
    await_arrivals(THREADS + 1);
    unload();
    go_to(1);
    for (int i = 0; i < THREADS; i++)
        os_thread_join(threads[i]);
    os_thread_join(committer);
    load(); /* the same one: it knows the session */
    CHECK(library.DismCloseSession(session) == S_OK);
    CHECK(library.DismUnmountImage(world.wide_mount, DISM_DISCARD_IMAGE, NULL, NULL, NULL) == S_OK);
    CHECK(library.DismShutdown() == S_OK);
    unload();
}

/* The process ends while one of its threads is in a call, and the library's in that call's
 * callback. */
static void end_among_threads(void)
{
    static DismSession session;
    static struct os_thread *committer; /* never joined */
    meeting.arrived = meeting.stage = 0;
    load();
    session = open_session();
    CHECK(os_thread_start(commit, &session, &committer) == S_OK);
    await_arrivals(1);
    unload();
}

static void enter_world(char **argv)
{
    CHECK(os_real_path(argv[1], &world.library) == S_OK);
    CHECK(os_real_path(argv[2], &world.image) == S_OK);
    CHECK(os_make_directories(argv[3]) == S_OK);
    CHECK(os_real_path(argv[3], &world.folder) == S_OK);
    AUTO_FREE char *state = mem_format("%s/state", world.folder);
    AUTO_FREE char *mount = mem_format("%s/m", world.folder);
    AUTO_FREE char *image = mem_format("%s/t.wim", world.folder);
    CHECK(state && mount && image);
    CHECK(os_remove_tree(world.folder, false) == S_OK);
    CHECK(os_make_directories(mount) == S_OK);
    CHECK(os_copy_file(world.image, image) == S_OK);
    os_setenv("DISMFAKE_STATE", state);
    os_setenv("DISMFAKE_JOURNAL", "off");    /* most of the time a load takes */
    os_setenv("DISMFAKE_ENGINE", "extract"); /* leaves nothing mounted when the process ends */
    CHECK(text_to_utf16(image, (char16_t **)&world.wide_image) == S_OK);
    CHECK(text_to_utf16(mount, (char16_t **)&world.wide_mount) == S_OK);
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    if (argc != 4)
        return 2;
    enter_world(argv);
    load_many_times();
    for (int i = 0; i < ROUNDS; i++)
        unload_among_threads();
    end_among_threads();
    return 0;
}
