/* SPDX-License-Identifier: MIT */
/* cage.c - see cage.h. */
#include "cage.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "dism_codes.h"
#include "error.h"

static bool is_over(int process)
{
    struct pollfd now = {.fd = process, .events = POLLIN};
    return poll(&now, 1, 0) > 0;
}

/* ---- process 1 ---- */

static int exit_code_of(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    answer("failed 0x%08X the process that replays ended by signal %d", (unsigned)E_FAIL,
           WTERMSIG(status));
    return EXIT_FAILED;
}

_Noreturn static void be_first(int supervisor, int (*work)(const void *), const void *context)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_over(supervisor)) /* before that was set */
        _exit(EXIT_FAILED);
    close(supervisor);
    pid_t worker = fork();
    if (worker == 0)
        _exit(work(context));
    int code = worker < 0 ? EXIT_FAILED : 0, status;
    if (worker < 0)
        answer("failed 0x%08X cannot start a process: %s", (unsigned)E_FAIL, strerror(errno));
    /* Until the last one has ended; if the work has failed, they end with us. */
    while (code == 0) {
        pid_t ended = wait(&status);
        if (ended < 0 && errno == ECHILD)
            break;
        if (ended == worker)
            code = exit_code_of(status);
    }
    if (code == 0)
        answer("ok");
    _exit(code);
}

/* ---- the supervisor ---- */

static HRESULT refuse(const char *what, int err)
{
    return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s: %s", what, strerror(err));
}

static bool be_slave(void)
{
    return mount("none", "/", NULL, MS_SLAVE | MS_REC, NULL) == 0;
}

/* Up from a current folder that lies outside of the root, to the root of the namespace. */
static bool climb(void)
{
    struct stat here, above;
    do
        if (stat(".", &here) != 0 || chdir("..") != 0 || stat(".", &above) != 0)
            return false;
    while (here.st_dev != above.st_dev || here.st_ino != above.st_ino);
    return chroot(".") == 0;
}

/* In a chroot "/" is no mount whose kind could be changed. The namespace is ours: we step out to
 * its own root and in again. */
static bool be_slave_in_chroot(void)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool ok = root >= 0 && folder >= 0 && fchdir(root) == 0 && chroot("proc") == 0 && climb() &&
              be_slave();
    int err = errno;
    ok = root >= 0 && fchdir(root) == 0 && chroot(".") == 0 && folder >= 0 && fchdir(folder) == 0 &&
         ok;
    if (root >= 0)
        close(root);
    if (folder >= 0)
        close(folder);
    errno = err;
    return ok;
}

static HRESULT make_namespaces(void)
{
    if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC) != 0)
        return refuse("namespaces are not allowed", errno);
    /* What is mounted here is seen nowhere else; what others unmount goes here too. */
    if (!be_slave() && (errno != EINVAL || !be_slave_in_chroot()))
        return refuse("mounts cannot be made private", errno);
    return S_OK;
}

static HRESULT watch(pid_t pid, int *process)
{
    *process = pidfd_open(pid, 0);
    return *process < 0 ? refuse("a process cannot be watched", errno) : S_OK;
}

static HRESULT watch_client(unsigned client, int *process)
{
    *process = -1;
    if (client == 0)
        return S_OK;
    TRY(watch((pid_t)client, process));
    if (getppid() != (pid_t)client) /* it ended before, and the number may be another's */
        return FAIL(E_FAIL, "the client is gone");
    return S_OK;
}

static int wait_for_first(pid_t first, int process, int client)
{
    struct pollfd ends[] = {{.fd = process, .events = POLLIN}, {.fd = client, .events = POLLIN}};
    while (poll(ends, client < 0 ? 1 : 2, -1) < 0 && errno == EINTR)
        ;
    if (client >= 0 && ends[1].revents)
        kill(first, SIGKILL);
    int status;
    while (waitpid(first, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static HRESULT start(unsigned client, int (*work)(const void *), const void *context, int *code)
{
    int watched, ourselves, process;
    TRY(watch_client(client, &watched));
    TRY(watch(getpid(), &ourselves));
    /* Those that detach give up 0, 1 and 2. */
    if (fcntl(STDOUT_FILENO, F_DUPFD, 3) < 0)
        return error_errno(errno, "hand on", "the output");
    TRY(make_namespaces());
    pid_t first = fork();
    if (first == 0)
        be_first(ourselves, work, context);
    if (first < 0)
        return refuse("a namespace cannot be entered", errno);
    TRY(watch(first, &process));
    *code = wait_for_first(first, process, watched);
    return S_OK;
}

int cage_run(unsigned client, int (*work)(const void *context), const void *context)
{
    int code = 0;
    HRESULT hr = start(client, work, context, &code);
    return FAILED(hr) ? answer_failure(hr) : code;
}
