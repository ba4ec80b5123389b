/* SPDX-License-Identifier: MIT */
/*
 * os_win_child.c - os.h for Windows: child processes.
 *
 * A child and all it starts are in a job, which ends them when it is told to or when its last
 * handle goes, so also when this process dies. Its output comes through a named pipe, because an
 * anonymous one cannot be waited for. What it is started with is made in os_win_launch.c.
 */
#include "os_shared.h"

#include <string.h>
#include <windows.h>

#include "error.h"
#include "os_win_run.h"
#include "os_win_launch.h"
#include "text.h"

struct os_child {
    HANDLE process, job;
    unsigned pid;
    HANDLE in, out; /* our ends of the pipes, NULL: none */
    /* A read under way writes into the next three, also between two calls. */
    OVERLAPPED reading;
    char chunk[4096];
    bool is_reading;
    bool is_out_over;
    struct text buffer; /* read but not yet handed out */
};

/* ---- starting ---- */

static HRESULT make_job(HANDLE *job)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    *job = CreateJobObjectW(NULL, NULL);
    if (!*job ||
        !SetInformationJobObject(*job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        return win_error(GetLastError(), "make a job", NULL);
    return S_OK;
}

/* It does not run before it is in the job: nothing that it starts is outside. */
static HRESULT start_in_job(struct os_child *child, const struct win_launch *launch)
{
    PROCESS_INFORMATION info;
    TRY(win_launch_start(launch, &info));
    child->process = info.hProcess;
    child->pid = info.dwProcessId;
    HRESULT hr = S_OK;
    if (!AssignProcessToJobObject(child->job, info.hProcess) ||
        ResumeThread(info.hThread) == (DWORD)-1) {
        hr = win_error(GetLastError(), "start", launch->options->argv[0]);
        TerminateProcess(info.hProcess, WIN_EXIT_KILLED);
    }
    CloseHandle(info.hThread);
    return hr;
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
    struct win_launch launch AUTO(win_launch_clear) = {.options = options};
    TRY(win_launch_prepare(&launch, &child->in, &child->out));
    child->reading.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!child->reading.hEvent)
        return win_error(GetLastError(), "make an event", NULL);
    TRY(make_job(&child->job));
    TRY(start_in_job(child, &launch));
    *out = TAKE(child);
    return S_OK;
}

/* ---- waiting ---- */

/* A status of severity "error" is what the system ends a process with; programs end with small
 * numbers. */
static struct os_child_end end_of(DWORD code)
{
    struct os_child_end end = {.exited = true, .exit_code = (int)code};
    if (code < 0xC0000000)
        return end;
    end.exited = false;
    end.exit_code = 0;
    end.signal = code == WIN_EXIT_KILLED                      ? OS_SIGNAL_KILL
                 : code == (DWORD)STATUS_ACCESS_VIOLATION     ? OS_SIGNAL_ACCESS_VIOLATION
                 : code == (DWORD)STATUS_STACK_BUFFER_OVERRUN ? OS_SIGNAL_ABORT
                                                              : (int)code;
    return end;
}

HRESULT os_child_wait(struct os_child *child, uint64_t deadline_ms, struct os_child_end *end)
{
    DWORD code;
    if (!win_wait(child->process, deadline_ms) || !GetExitCodeProcess(child->process, &code))
        return S_FALSE;
    *end = end_of(code);
    return S_OK;
}

void os_child_kill(struct os_child *child)
{
    TerminateJobObject(child->job, WIN_EXIT_KILLED);
}

unsigned os_child_pid(const struct os_child *child)
{
    return child->pid;
}

/* What it started and left running goes on, as on Linux. */
static void release_job(HANDLE job)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION none = {.BasicLimitInformation.LimitFlags = 0};
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &none, sizeof none);
}

static void stop_reading(struct os_child *child)
{
    DWORD n;
    if (!child->is_reading)
        return;
    CancelIoEx(child->out, &child->reading);
    GetOverlappedResult(child->out, &child->reading, &n, TRUE);
}

void os_child_free(struct os_child *child)
{
    if (!child)
        return;
    if (child->process) {
        if (win_wait(child->process, 0)) {
            release_job(child->job);
        } else {
            os_child_kill(child);
            WaitForSingleObject(child->process, INFINITE);
        }
    }
    stop_reading(child);
    win_close(&child->process);
    win_close(&child->job);
    win_close(&child->in);
    win_close(&child->out);
    win_close(&child->reading.hEvent);
    text_clear(&child->buffer);
    mem_free(child);
}

/* ---- talking ---- */

HRESULT os_child_write(struct os_child *child, const void *data, size_t size)
{
    if (!child->in)
        return FAIL(HR_WIN32(ERROR_BROKEN_PIPE), "the child's input is closed");
    for (size_t done = 0; done < size;) {
        DWORD n, some = size - done < 65536 ? (DWORD)(size - done) : 65536;
        if (!WriteFile(child->in, (const char *)data + done, some, &n, NULL))
            return win_error(GetLastError(), "write to the child", NULL);
        done += n;
    }
    return S_OK;
}

void os_child_close_stdin(struct os_child *child)
{
    win_close(&child->in);
}

static HRESULT pipe_failed(struct os_child *child)
{
    DWORD err = GetLastError();
    if (err != ERROR_BROKEN_PIPE && err != ERROR_PIPE_NOT_CONNECTED)
        return win_error(err, "read from the child", NULL);
    child->is_out_over = true;
    return S_OK;
}

/* Adds to the buffer, or finds the output's end; S_FALSE after the deadline. */
static HRESULT read_more(struct os_child *child, uint64_t deadline_ms)
{
    if (!child->is_reading) {
        if (!ReadFile(child->out, child->chunk, sizeof child->chunk, NULL, &child->reading) &&
            GetLastError() != ERROR_IO_PENDING)
            return pipe_failed(child);
        child->is_reading = true;
    }
    if (!win_wait(child->reading.hEvent, deadline_ms))
        return S_FALSE;
    DWORD n = 0;
    child->is_reading = false;
    if (!GetOverlappedResult(child->out, &child->reading, &n, FALSE))
        return pipe_failed(child);
    text_add_n(&child->buffer, child->chunk, n);
    return child->buffer.failed ? FAIL_MEMORY() : S_OK;
}

HRESULT os_child_read_line(struct os_child *child, uint64_t deadline_ms, char **line)
{
    struct text *b = &child->buffer;
    for (size_t seen = 0;;) {
        const char *end = b->len > seen ? memchr(b->ptr + seen, '\n', b->len - seen) : NULL;
        if (end)
            return os_take_line(b, (size_t)(end - b->ptr), 1, line);
        if (!child->out || child->is_out_over)
            return b->len ? os_take_line(b, b->len, 0, line) : S_FALSE;
        seen = b->len;
        HRESULT hr = read_more(child, deadline_ms);
        if (hr != S_OK)
            return hr;
    }
}
