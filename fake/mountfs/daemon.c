/* SPDX-License-Identifier: MIT */
/* daemon.c - see daemon.h. */
#include "daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "scope.h"
#include "text.h"

#define PIPE_FD 3 /* of the child */
#define EXIT_REFUSED 6

static const int waited_for[] = {SIGTERM, SIGUSR1};

/* ---- parent ---- */

static void read_all(int fd, struct text *out)
{
    char buffer[512];
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))
        text_add_n(out, buffer, got > 0 ? (size_t)got : 0);
}

/* The child died without a word; what it mounted would stay for ever. */
static void undo(const char *notes, const char *lower, const char *target)
{
    if (strchr(notes, DAEMON_MOUNTED_TARGET))
        attach_detach(target);
    if (strchr(notes, DAEMON_MOUNTED_LOWER) && !strchr(notes, DAEMON_UNMOUNTED_LOWER))
        attach_detach(lower);
}

_Noreturn static void be_parent(int fd, pid_t child, const char *lower, const char *target)
{
    struct text said AUTO(text_clear) = {0};
    read_all(fd, &said);
    const char *notes = said.ptr ? said.ptr : "";
    const char *word = notes + strspn(notes, "LTl");
    const bool is_ok = text_starts(word, "ok ");
    int status = 0;
    if (!is_ok) {
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (*word) {
        printf("%s\n", word);
    } else {
        undo(notes, lower, target);
        printf("failed 0x%08X the mount helper ended by itself (status %#x)\n", (unsigned)E_FAIL,
               (unsigned)status);
    }
    fflush(stdout);
    _exit(is_ok ? 0 : text_starts(word, "refused ") ? EXIT_REFUSED : 1);
}

/* ---- child ---- */

static void take_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGUSR2, SIGALRM};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof waited_for / sizeof *waited_for; i++)
        sigaddset(&set, waited_for[i]);
    sigprocmask(SIG_SETMASK, &set, NULL); /* threads started later inherit it */
}

static void be_child(int fd)
{
    setsid();
    take_signals();
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; null >= 0 && i <= 2; i++)
        dup2(null, i);
    if (fd != PIPE_FD)
        dup2(fd, PIPE_FD);
    fcntl(PIPE_FD, F_SETFD, FD_CLOEXEC);
    close_range(PIPE_FD + 1, ~0u, 0);
    if (chdir("/") != 0)
        daemon_end(1);
}

void daemon_split(const char *lower, const char *target)
{
    int ends[2];
    pid_t child = -1;
    if (pipe2(ends, O_CLOEXEC) == 0)
        child = fork();
    if (child < 0) {
        printf("failed 0x%08X cannot start a process: %s\n", (unsigned)hr_from_errno(errno),
               strerror(errno));
        exit(1);
    }
    if (child == 0) {
        be_child(ends[1]);
        return;
    }
    close(ends[1]);
    be_parent(ends[0], child, lower, target);
}

static bool write_all(const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(PIPE_FD, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

void daemon_note(enum daemon_done done)
{
    const char note = (char)done;
    write_all(&note, 1);
}

bool daemon_say(const char *line)
{
    bool is_heard = write_all(line, strlen(line));
    close(PIPE_FD);
    return is_heard;
}

bool daemon_wait(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof waited_for / sizeof *waited_for; i++)
        sigaddset(&set, waited_for[i]);
    int got;
    do
        got = sigwaitinfo(&set, NULL);
    while (got < 0 && errno == EINTR);
    return got == SIGTERM;
}

void daemon_wake(void)
{
    kill(getpid(), SIGUSR1);
}

void daemon_end(int code)
{
    _exit(code);
}
