/* SPDX-License-Identifier: MIT */
/*
 * os_posix_child.c - os.h for Linux: child processes.
 *
 * A child leads its own process group. It stays unreaped until os_child_free, so that its number
 * cannot be given to somebody else while we may still signal it.
 */
#include "os.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "os_posix.h"
#include "text.h"
#include "vec.h"

struct os_child {
    pid_t pid;
    int process; /* pidfd: readable when it has ended */
    int in, out; /* our ends of the pipes, -1: none */
    bool is_out_over;
    struct text buffer; /* read but not yet handed out */
    bool has_ended;
    struct os_child_end end;
};

/* ---- starting ---- */

/* Everything the child needs, made before: in it only async-signal-safe calls are allowed, since
 * other threads may hold any lock. */
struct launch {
    const struct os_child_options *options;
    VEC(char *) environment; /* borrowed strings */
    int fd[3];               /* what becomes 0, 1, 2; -1: ours */
    int report[2];           /* carries errno when exec fails; exec closes it */
    int keep;                /* what the program gets open besides, -1: nothing */
    bool dies_with_us;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void launch_clear(struct launch *launch)
{
    for (size_t i = 0; i < 3; i++)
        close_fd(&launch->fd[i]);
    close_fd(&launch->report[0]);
    close_fd(&launch->report[1]);
    close_fd(&launch->keep);
    vec_clear(&launch->environment);
}

/* Out of the way of 0, 1 and 2, which dup2 is going to replace. Takes fd over. */
static int fd_above_2(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int err = errno;
    close(fd);
    errno = err;
    return moved;
}

static HRESULT make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return error_errno(errno, "make a pipe", NULL);
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fd_above_2(ends[i]);
        if (ends[i] < 0)
            return error_errno(errno, "make a pipe", NULL);
    }
    return S_OK;
}

static HRESULT open_output(const char *path, int *fd)
{
    *fd = fd_above_2(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666));
    return *fd < 0 ? error_errno(errno, "open", path) : S_OK;
}

static HRESULT prepare_streams(struct launch *launch, struct os_child *child)
{
    const struct os_child_options *o = launch->options;
    int ends[2];
    if (o->pipe_stdin) {
        HRESULT hr = make_pipe(ends);
        launch->fd[0] = ends[0];
        child->in = ends[1];
        TRY(hr);
    } else {
        launch->fd[0] = fd_above_2(open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (launch->fd[0] < 0)
            return error_errno(errno, "open", "/dev/null");
    }
    if (o->pipe_stdout) {
        HRESULT hr = make_pipe(ends);
        child->out = ends[0];
        launch->fd[1] = ends[1];
        TRY(hr);
    } else if (o->stdout_path) {
        TRY(open_output(o->stdout_path, &launch->fd[1]));
    }
    if (o->stderr_path)
        TRY(open_output(o->stderr_path, &launch->fd[2]));
    if (o->keep) {
        launch->keep = fcntl(os_file_fd(o->keep), F_DUPFD_CLOEXEC, 3);
        if (launch->keep < 0)
            return error_errno(errno, "hand on", "a file");
    }
    return S_OK;
}

static bool same_name(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");
    return strncmp(a, b, len) == 0 && b[len] == '=';
}

static void add_unless_replaced(void *context, const char *assignment)
{
    struct launch *launch = context;
    for (const char *const *own = launch->options->environment; own && *own; own++) {
        if (same_name(*own, assignment))
            return;
    }
    char **slot = vec_push(&launch->environment);
    if (slot)
        *slot = (char *)(uintptr_t)assignment;
}

static HRESULT prepare_environment(struct launch *launch)
{
    os_environment(add_unless_replaced, launch);
    for (const char *const *own = launch->options->environment; own && *own; own++) {
        char **slot = vec_push(&launch->environment);
        if (!slot)
            return FAIL_MEMORY();
        *slot = (char *)(uintptr_t)*own;
    }
    return vec_push(&launch->environment) ? S_OK : FAIL_MEMORY(); /* the NULL at the end */
}

/* No handler of ours may run in the child, which is still in our memory. What is ignored stays so,
 * as with every exec, but for SIGPIPE. */
static void forget_handlers(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL &&
            (action.sa_handler != SIG_IGN || number == SIGPIPE))
            signal(number, SIG_DFL);
    }
}

_Noreturn static void become_program(const struct launch *launch)
{
    const struct os_child_options *o = launch->options;
    setpgid(0, 0);
    if (launch->dies_with_us)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    forget_handlers();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    bool ready = true;
    for (int i = 0; i < 3; i++)
        ready = ready && (launch->fd[i] < 0 || dup2(launch->fd[i], i) == i);
    if (launch->keep >= 0)
        ready = ready && fcntl(launch->keep, F_SETFD, 0) == 0;
    if (ready && (!o->directory || chdir(o->directory) == 0))
        execve(o->argv[0], (char *const *)(uintptr_t)o->argv, launch->environment.ptr);
    int err = errno;
    ssize_t written = write(launch->report[1], &err, sizeof err);
    _exit(written == (ssize_t)sizeof err ? 127 : 126);
}

/* vfork: copying the page tables of a large client would take longer than the program's work. Until
 * exec the child runs in our memory while this thread waits, with all signals blocked. */
static pid_t start(const struct launch *launch)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        become_program(launch);
    int err = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return pid;
}

static HRESULT fork_child(struct launch *launch, struct os_child *child)
{
    child->pid = start(launch);
    if (child->pid < 0) {
        child->pid = 0;
        return error_errno(errno, "start", launch->options->argv[0]);
    }
    setpgid(child->pid, child->pid); /* whoever is first; the other call fails harmlessly */
    close_fd(&launch->report[1]);
    int err = 0;
    ssize_t n;
    do
        n = read(launch->report[0], &err, sizeof err);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof err)
        return error_errno(err, "start", launch->options->argv[0]);
    child->process = pidfd_open(child->pid, 0);
    return child->process < 0 ? error_errno(errno, "watch the process of", launch->options->argv[0])
                              : S_OK;
}

static void free_child(struct os_child **child)
{
    os_child_free(*child);
}

HRESULT os_child_start(const struct os_child_options *options, struct os_child **out)
{
    struct os_child *child AUTO(free_child) = mem_alloc(sizeof *child);
    if (!child)
        return FAIL_MEMORY();
    child->process = child->in = child->out = -1;
    struct launch launch AUTO(launch_clear) = {
        .options = options,
        .fd = {-1, -1, -1},
        .report = {-1, -1},
        .keep = -1,
        /* The death signal is tied to the thread that forks. Only the main thread's end is the end
         * of the process; from any other thread the child would die too early. */
        .dies_with_us = gettid() == getpid(),
    };
    TRY(prepare_environment(&launch));
    TRY(prepare_streams(&launch, child));
    TRY(make_pipe(launch.report));
    TRY(fork_child(&launch, child));
    *out = TAKE(child);
    return S_OK;
}

/* ---- waiting ---- */

/* poll's timeout for a deadline, in pieces it can take; 0 when the deadline has passed. */
static int timeout_until(uint64_t deadline_ms)
{
    uint64_t now = os_now_ms();
    uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
    return left > 3600000 ? 3600000 : (int)left;
}

/* Is fd readable (or at its end) before the deadline? */
static bool wait_readable(int fd, uint64_t deadline_ms)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int timeout = timeout_until(deadline_ms);
        int n = poll(&wait, 1, timeout);
        if (n > 0)
            return true;
        if (n == 0 && timeout_until(deadline_ms) == 0)
            return false;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

/* Looks whether it has ended, without reaping it. */
static bool has_ended(struct os_child *child)
{
    siginfo_t info = {.si_pid = 0};
    if (child->has_ended)
        return true;
    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || !info.si_pid)
        return false;
    child->end.exited = info.si_code == CLD_EXITED;
    child->end.exit_code = child->end.exited ? info.si_status : 0;
    child->end.signal = child->end.exited ? 0 : info.si_status;
    child->has_ended = true;
    return true;
}

HRESULT os_child_wait(struct os_child *child, uint64_t deadline_ms, struct os_child_end *end)
{
    if (!has_ended(child) && (!wait_readable(child->process, deadline_ms) || !has_ended(child)))
        return S_FALSE;
    *end = child->end;
    return S_OK;
}

void os_child_kill(struct os_child *child)
{
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
}

unsigned os_child_pid(const struct os_child *child)
{
    return (unsigned)child->pid;
}

void os_child_free(struct os_child *child)
{
    if (!child)
        return;
    if (child->pid) {
        if (!has_ended(child))
            os_child_kill(child);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close_fd(&child->process);
    close_fd(&child->in);
    close_fd(&child->out);
    text_clear(&child->buffer);
    mem_free(child);
}

/* ---- talking ---- */

HRESULT os_child_write(struct os_child *child, const void *data, size_t size)
{
    if (child->in < 0)
        return FAIL(HR_WIN32(109), "the child's input is closed");
    /* A child that is gone must be an error here and not the end of this process. */
    sigset_t pipe_signal, old;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    HRESULT hr = S_OK;
    for (size_t done = 0; done < size && SUCCEEDED(hr);) {
        ssize_t n = write(child->in, (const char *)data + done, size - done);
        if (n < 0 && errno != EINTR)
            hr = error_errno(errno, "write to the child", NULL);
        done += n > 0 ? (size_t)n : 0;
    }
    if (FAILED(hr) && !sigismember(&old, SIGPIPE)) {
        struct timespec now = {0};
        sigtimedwait(&pipe_signal, NULL, &now); /* takes the signal that is waiting */
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return hr;
}

void os_child_close_stdin(struct os_child *child)
{
    close_fd(&child->in);
}

HRESULT os_child_read_line(struct os_child *child, uint64_t deadline_ms, char **line)
{
    struct text *b = &child->buffer;
    for (size_t seen = 0;;) {
        const char *end = b->len > seen ? memchr(b->ptr + seen, '\n', b->len - seen) : NULL;
        if (end)
            return os_take_line(b, (size_t)(end - b->ptr), 1, line);
        if (child->out < 0 || child->is_out_over)
            return b->len ? os_take_line(b, b->len, 0, line) : S_FALSE;
        seen = b->len;
        if (!wait_readable(child->out, deadline_ms))
            return S_FALSE;
        char chunk[4096];
        ssize_t n = read(child->out, chunk, sizeof chunk);
        if (n < 0 && errno != EINTR)
            return error_errno(errno, "read from the child", NULL);
        child->is_out_over = n == 0;
        text_add_n(b, chunk, n > 0 ? (size_t)n : 0);
        if (b->failed)
            return FAIL_MEMORY();
    }
}
