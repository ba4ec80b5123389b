/* SPDX-License-Identifier: MIT */
/*
 * threads.c - many threads in one client, for ThreadSanitizer and for deadlocks: separate images,
 * one image with many sessions, initialising at once, closing against committing.
 */
#include "client_world.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 3 };

static char dir[512], image[600];

static void CALLBACK count_ticks(UINT current, UINT total, PVOID user)
{
    UINT *last = user;
    CHECK(current == *last + 1 && total > 0);
    *last = current;
}

static void run_threads(void *(*run)(void *))
{
    static int numbers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, run, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

static void *use_an_image_of_its_own(void *argument)
{
    int n = *(int *)argument;
    char own[600], mount[600];
    snprintf(own, sizeof own, "%s/own%d.wim", dir, n);
    snprintf(mount, sizeof mount, "%s/mount%d", dir, n);
    for (int i = 0; i < ROUNDS; i++) {
        DismSession session;
        UINT last = 0;
        char name[32];
        snprintf(name, sizeof name, "file%d", i);
        CHECK_HR(S_OK, DismMountImage(wide(own), wide(mount), 1, NULL, DismImageIndex, 0, NULL,
                                      count_ticks, &last));
        CHECK(last == 100);
        CHECK_HR(S_OK, DismOpenSession(wide(mount), NULL, NULL, &session));
        put_file(below(mount, name), name);
        last = 0;
        CHECK_HR(S_OK, DismCommitImage(session, 0, NULL, count_ticks, &last));
        CHECK(last == 100);
        CHECK_HR(S_OK, DismCloseSession(session));
        CHECK_HR(S_OK, DismUnmountImage(wide(mount), DISM_DISCARD_IMAGE, NULL, NULL, NULL));
    }
    return NULL;
}

/* One mounted image, sessions of all threads on it. */
static void *use_the_shared_mount(void *argument)
{
    int n = *(int *)argument;
    for (int i = 0; i < ROUNDS; i++) {
        DismSession session;
        UINT last = 0;
        char name[32];
        snprintf(name, sizeof name, "shared/t%d-%d", n, i);
        CHECK_HR(S_OK, DismOpenSession(wide(below(dir, "shared")), NULL, NULL, &session));
        put_file(below(dir, name), name);
        CHECK_HR(S_OK, DismCommitImage(session, 0, NULL, count_ticks, &last));
        CHECK(last == 100);
        CHECK_HR(S_OK, DismCloseSession(session));
    }
    return NULL;
}

/* All threads commit and close the same sessions: each close succeeds once, each commit is done or
 * finds its session closed. */
static DismSession sessions[4];
static pthread_barrier_t barrier;
static pthread_mutex_t tally_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned closed, committed, refused;

static void *close_against_commit(void *argument)
{
    int n = *(int *)argument;
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < 4; i++) {
        HRESULT hr = n % 2 ? DismCloseSession(sessions[i])
                           : DismCommitImage(sessions[i], 0, NULL, NULL, NULL);
        CHECK(hr == S_OK || hr == (HRESULT)0xC0040004);
        CHECK(pthread_mutex_lock(&tally_lock) == 0);
        closed += n % 2 && hr == S_OK;
        committed += n % 2 == 0 && hr == S_OK;
        refused += hr != S_OK;
        CHECK(pthread_mutex_unlock(&tally_lock) == 0);
    }
    return NULL;
}

static unsigned initialised;

static void *initialise_and_shut_down(void *argument)
{
    (void)argument;
    pthread_barrier_wait(&barrier);
    HRESULT hr = DismInitialize(DismLogErrorsWarningsInfo, NULL, NULL);
    CHECK(hr == S_OK || hr == (HRESULT)0x800704DF);
    CHECK(pthread_mutex_lock(&tally_lock) == 0);
    initialised += hr == S_OK;
    CHECK(pthread_mutex_unlock(&tally_lock) == 0);
    return NULL;
}

static void *ask_while_others_shut_down(void *argument)
{
    int n = *(int *)argument;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 20; i++) {
        if (n == 0) {
            HRESULT hr = i % 2 ? DismInitialize(DismLogErrors, NULL, NULL) : DismShutdown();
            CHECK(hr == S_OK);
            continue;
        }
        DismImageInfo *info;
        UINT count;
        HRESULT hr = DismGetImageInfo(wide(image), &info, &count);
        CHECK(hr == S_OK || hr == (HRESULT)0xC0040001 || hr == (HRESULT)0xC0040002);
        CHECK(hr != S_OK || count == 1);
        CHECK_HR(S_OK, DismDelete(info));
        char *json;
        CHECK(DismFakeStatus(&json) == S_OK);
        DismFakeFree(json);
    }
    return NULL;
}

/* What a process has open that another thread is just starting keeps nothing busy: it is about to
 * become another program. Here it takes its time and then ends. */
static void a_process_that_begins_holds_nothing(void)
{
    CHECK(shell("mkdir '%s/begins'", dir) == 0);
    CHECK_HR(S_OK, DismMountImage(wide(below(dir, "shared.wim")), wide(below(dir, "begins")), 1,
                                  NULL, DismImageIndex, 0, NULL, NULL, NULL));
    put_file(below(dir, "begins/held"), "held");
    int held = open(below(dir, "begins/held"), O_RDONLY | O_CLOEXEC);
    CHECK(held >= 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        (void)poll(NULL, 0, 200);
        _exit(0);
    }
    CHECK(close(held) == 0);
    CHECK_HR(S_OK,
             DismUnmountImage(wide(below(dir, "begins")), DISM_DISCARD_IMAGE, NULL, NULL, NULL));
    CHECK(waitpid(child, NULL, 0) == child);
}

static void prepare(void)
{
    make_world(dir, "none");
    for (int i = 0; i < THREADS; i++)
        CHECK(shell("cp '%s' '%s/own%d.wim' && mkdir '%s/mount%d'", image, dir, i, dir, i) == 0);
    CHECK(shell("cp '%s' '%s/shared.wim' && mkdir '%s/shared'", image, dir, dir) == 0);
}

static unsigned lines_of(const char *command)
{
    unsigned count = 0;
    char line[512];
    FILE *list = popen(command, "r");
    CHECK(list);
    while (fgets(line, sizeof line, list))
        count++;
    CHECK(pclose(list) == 0);
    return count;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    char command[1200];
    snprintf(dir, sizeof dir, "%s", argv[1]);
    snprintf(image, sizeof image, "%s/t.wim", dir);
    prepare();
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);

    run_threads(initialise_and_shut_down);
    CHECK(initialised == 1);
    run_threads(use_an_image_of_its_own);
    for (int i = 0; i < THREADS; i++)
        CHECK(shell("wimlib-imagex verify '%s/own%d.wim' >/dev/null 2>&1", dir, i) == 0);
    snprintf(command, sizeof command, "wimlib-imagex dir '%s/own7.wim' 1 | grep /file", dir);
    CHECK(lines_of(command) == ROUNDS);

    CHECK_HR(S_OK, DismMountImage(wide(below(dir, "shared.wim")), wide(below(dir, "shared")), 1,
                                  NULL, DismImageIndex, 0, NULL, NULL, NULL));
    run_threads(use_the_shared_mount);
    snprintf(command, sizeof command, "wimlib-imagex dir '%s/shared.wim' 1 | grep /t", dir);
    CHECK(lines_of(command) == THREADS * ROUNDS);

    for (size_t i = 0; i < 4; i++)
        CHECK_HR(S_OK, DismOpenSession(wide(below(dir, "shared")), NULL, NULL, &sessions[i]));
    run_threads(close_against_commit);
    CHECK(closed == 4);
    CHECK(committed + refused + closed == THREADS * 4);
    CHECK_HR(S_OK,
             DismUnmountImage(wide(below(dir, "shared")), DISM_DISCARD_IMAGE, NULL, NULL, NULL));
    CHECK(shell("wimlib-imagex verify '%s/shared.wim' >/dev/null 2>&1", dir) == 0);

    a_process_that_begins_holds_nothing();

    run_threads(ask_while_others_shut_down);
    CHECK_HR(S_OK, DismShutdown());
    CHECK(DismFakeLiveAllocations() == 0);
    CHECK(pthread_barrier_destroy(&barrier) == 0);
    CHECK(shell("rm -rf '%s'", dir) == 0);
    puts("done");
    return 0;
}
