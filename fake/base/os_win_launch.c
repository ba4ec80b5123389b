/* SPDX-License-Identifier: MIT */
/* os_win_launch.c - see os_win_launch.h. */
#include "os_win_launch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os_win_run.h"
#include "text.h"
#include "vec.h"

void win_launch_clear(struct win_launch *launch)
{
    mem_free(launch->program);
    mem_free(launch->command);
    mem_free(launch->directory);
    mem_free(launch->environment);
    for (size_t i = 0; i < 3; i++)
        win_close(&launch->stream[i]);
}

/* ---- command line ---- */

/* Always in quotes: without them the C runtime of mingw-w64 takes * and ? for a pattern. What the
 * runtime takes out again: a backslash counts double before a quote only. */
static void add_argument(struct text *command, const char *argument)
{
    size_t backslashes = 0;
    text_add(command, "\"");
    for (const char *at = argument; *at; at++) {
        if (*at == '"')
            for (size_t i = 0; i < backslashes + 1; i++)
                text_add(command, "\\");
        backslashes = *at == '\\' ? backslashes + 1 : 0;
        text_add_n(command, at, 1);
    }
    for (size_t i = 0; i < backslashes; i++)
        text_add(command, "\\");
    text_add(command, "\"");
}

static HRESULT make_command(const char *const *argv, WCHAR **out)
{
    struct text command AUTO(text_clear) = {0};
    for (size_t i = 0; argv[i]; i++) {
        text_add(&command, i ? " " : "");
        add_argument(&command, argv[i]);
    }
    AUTO_FREE char *line = text_take(&command);
    return line ? text_to_utf16(line, out) : FAIL_MEMORY();
}

/* ---- environment ---- */

struct variables {
    const char *const *own;
    VEC(char *) all;
    bool failed;
};

static void variables_clear(struct variables *variables)
{
    for (size_t i = 0; i < variables->all.len; i++)
        mem_free(variables->all.ptr[i]);
    vec_clear(&variables->all);
}

/* As Windows compares names of variables, and in the order it wants them in. */
static int compare_names(const char *a, const char *b)
{
    AUTO_FREE char *first = mem_dup_n(a, strcspn(a, "="));
    AUTO_FREE char *second = mem_dup_n(b, strcspn(b, "="));
    return first && second ? text_compare_nocase(first, second) : strcmp(a, b);
}

static int compare_entries(const void *a, const void *b)
{
    return compare_names(*(char *const *)a, *(char *const *)b);
}

static void add_variable(struct variables *variables, const char *assignment)
{
    char **slot = vec_push(&variables->all);
    if (slot)
        *slot = mem_dup(assignment);
    variables->failed = variables->failed || !slot || !*slot;
}

static void add_unless_replaced(void *context, const char *assignment)
{
    struct variables *variables = context;
    for (const char *const *own = variables->own; own && *own; own++)
        if (compare_names(*own, assignment) == 0)
            return;
    add_variable(variables, assignment);
}

static HRESULT join_variables(const struct variables *variables, WCHAR **out)
{
    VEC(WCHAR) block = {0};
    HRESULT hr = S_OK;
    for (size_t i = 0; i < variables->all.len && SUCCEEDED(hr); i++) {
        AUTO_FREE char16_t *entry = NULL;
        hr = text_to_utf16(variables->all.ptr[i], &entry);
        for (size_t k = 0; SUCCEEDED(hr) && k <= text_utf16_len(entry); k++) {
            WCHAR *unit = vec_push(&block);
            if (unit)
                *unit = entry[k];
            else
                hr = FAIL_MEMORY();
        }
    }
    if (SUCCEEDED(hr) && (!vec_push(&block) || !vec_push(&block)))
        hr = FAIL_MEMORY();
    if (SUCCEEDED(hr))
        *out = block.ptr;
    else
        vec_clear(&block);
    return hr;
}

static HRESULT make_environment(const char *const *own, WCHAR **out)
{
    struct variables variables AUTO(variables_clear) = {.own = own};
    os_environment(add_unless_replaced, &variables);
    for (; own && *own; own++)
        add_variable(&variables, *own);
    if (variables.failed)
        return FAIL_MEMORY();
    qsort(variables.all.ptr, variables.all.len, sizeof *variables.all.ptr, compare_entries);
    return join_variables(&variables, out);
}

/* ---- handles ---- */

static SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};

static HRESULT open_stream(const WCHAR *path, DWORD access, DWORD how, const char *name,
                           HANDLE *out)
{
    HANDLE handle =
        CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    &inheritable, how, FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return win_error(GetLastError(), "open", name);
    *out = handle;
    return S_OK;
}

static HRESULT open_output(const char *path, HANDLE *out)
{
    AUTO_FREE WCHAR *wide = NULL;
    TRY(win_path(path, &wide));
    return open_stream(wide, FILE_APPEND_DATA | SYNCHRONIZE, CREATE_ALWAYS, path, out);
}

/* Ours, if we have one: a program with windows has none. */
static HRESULT share_stream(DWORD which, HANDLE *out)
{
    HANDLE self = GetCurrentProcess(), ours = GetStdHandle(which);
    if (ours && ours != INVALID_HANDLE_VALUE &&
        DuplicateHandle(self, ours, self, out, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return S_OK;
    *out = NULL;
    return open_stream(L"NUL", GENERIC_WRITE, OPEN_EXISTING, "NUL", out);
}

static HRESULT make_input(HANDLE *theirs, HANDLE *ours)
{
    if (!CreatePipe(theirs, ours, NULL, 0)) {
        *theirs = *ours = NULL;
        return win_error(GetLastError(), "make a pipe", NULL);
    }
    if (!SetHandleInformation(*theirs, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
        return win_error(GetLastError(), "hand on", "a pipe");
    return S_OK;
}

static HRESULT make_output(HANDLE *theirs, HANDLE *ours)
{
    static atomic_uint count;
    WCHAR name[80];
    uint64_t random;
    os_random(&random, sizeof random);
    (void)swprintf(name, sizeof name / sizeof *name, L"\\\\.\\pipe\\dismfake-%lu-%u-%016llx",
                   GetCurrentProcessId(), atomic_fetch_add(&count, 1), (unsigned long long)random);
    HANDLE end = CreateNamedPipeW(
        name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, 65536, 65536, 0, NULL);
    if (end == INVALID_HANDLE_VALUE)
        return win_error(GetLastError(), "make a pipe", NULL);
    *ours = end;
    return open_stream(name, GENERIC_WRITE, OPEN_EXISTING, "a pipe", theirs);
}

static HRESULT prepare_streams(struct win_launch *launch, HANDLE *in, HANDLE *out)
{
    const struct os_child_options *o = launch->options;
    TRY(o->pipe_stdin
            ? make_input(&launch->stream[0], in)
            : open_stream(L"NUL", GENERIC_READ, OPEN_EXISTING, "NUL", &launch->stream[0]));
    TRY(o->pipe_stdout   ? make_output(&launch->stream[1], out)
        : o->stdout_path ? open_output(o->stdout_path, &launch->stream[1])
                         : share_stream(STD_OUTPUT_HANDLE, &launch->stream[1]));
    return o->stderr_path ? open_output(o->stderr_path, &launch->stream[2])
                          : share_stream(STD_ERROR_HANDLE, &launch->stream[2]);
}

/* ---- start ---- */

HRESULT win_launch_prepare(struct win_launch *launch, HANDLE *in, HANDLE *out)
{
    const struct os_child_options *o = launch->options;
    if (o->keep)
        return FAIL(E_NOTIMPL, "a lock cannot be handed on to a process here");
    if (o->directory && !os_is_directory(o->directory))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "cannot start %s in %s: no such folder",
                    o->argv[0], o->directory);
    TRY(win_plain_path(o->argv[0], &launch->program));
    if (o->directory)
        TRY(win_plain_path(o->directory, &launch->directory));
    TRY(make_command(o->argv, &launch->command));
    TRY(make_environment(o->environment, &launch->environment));
    return prepare_streams(launch, in, out);
}

/* Gives the list to free; NULL, and the thread's error, when there is none. */
static LPPROC_THREAD_ATTRIBUTE_LIST list_handles(const struct win_launch *launch)
{
    SIZE_T size = 0;
    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    AUTO_FREE LPPROC_THREAD_ATTRIBUTE_LIST list = mem_alloc(size);
    if (!list) {
        FAIL_MEMORY();
        return NULL;
    }
    if (!InitializeProcThreadAttributeList(list, 1, 0, &size) ||
        !UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                   (void *)(uintptr_t)launch->stream, sizeof launch->stream, NULL,
                                   NULL)) {
        win_error(GetLastError(), "choose what a process inherits", NULL);
        return NULL;
    }
    return TAKE(list);
}

HRESULT win_launch_start(const struct win_launch *launch, PROCESS_INFORMATION *out)
{
    AUTO_FREE LPPROC_THREAD_ATTRIBUTE_LIST list = list_handles(launch);
    if (!list)
        return error_last()->hr;
    STARTUPINFOEXW info = {.StartupInfo = {.cb = sizeof info,
                                           .dwFlags = STARTF_USESTDHANDLES,
                                           .hStdInput = launch->stream[0],
                                           .hStdOutput = launch->stream[1],
                                           .hStdError = launch->stream[2]},
                           .lpAttributeList = list};
    BOOL started = CreateProcessW(launch->program, launch->command, NULL, NULL, TRUE,
                                  CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT |
                                      CREATE_NEW_PROCESS_GROUP | EXTENDED_STARTUPINFO_PRESENT,
                                  launch->environment, launch->directory, &info.StartupInfo, out);
    DWORD err = GetLastError();
    DeleteProcThreadAttributeList(list);
    return started ? S_OK : win_error(err, "start", launch->options->argv[0]);
}
