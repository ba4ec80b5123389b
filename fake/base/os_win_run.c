/* SPDX-License-Identifier: MIT */
/*
 * os_win_run.c - os.h for Windows: this process and others, its environment, the machine.
 *
 * Threads and clocks are in os_win_thread.c, child processes in os_win_child.c, crashes and
 * libraries in os_win_module.c.
 */
#include "os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <ntsecapi.h>
#include <winternl.h>

#include "error.h"
#include "floor.h"
#include "os_win_run.h"
#include "text.h"

/* ---- processes ---- */

unsigned os_pid(void)
{
    return GetCurrentProcessId();
}

static uint64_t start_of(HANDLE process)
{
    FILETIME start, other;
    if (!GetProcessTimes(process, &start, &other, &other, &other))
        return 0;
    return (uint64_t)start.dwHighDateTime << 32 | start.dwLowDateTime;
}

/* What NtQuerySystemInformation(SystemProcessInformation) gives, as far as it is used here; the
 * header has these fields as reserved bytes. */
struct process_entry {
    ULONG next;
    ULONG threads;
    LARGE_INTEGER reserved[3];
    LARGE_INTEGER start, user, kernel;
    UNICODE_STRING name;
    LONG priority;
    HANDLE pid;
};

static uint64_t find_start(const char *list, unsigned pid)
{
    for (;;) {
        const struct process_entry *entry = (const struct process_entry *)(const void *)list;
        if ((uintptr_t)entry->pid == pid)
            return (uint64_t)entry->start.QuadPart;
        if (!entry->next)
            return 0;
        list += entry->next;
    }
}

/* Of a process that may not be opened: it is in the list of all. Memory of the system's, since a
 * live process must not pass for a dead one because ours is denied. */
static uint64_t listed_start(unsigned pid)
{
    for (ULONG size = 1 << 18;; size *= 2) {
        char *list = HeapAlloc(GetProcessHeap(), 0, size);
        if (!list)
            return UINT64_MAX; /* alive, but unlike any other */
        NTSTATUS status = NtQuerySystemInformation(SystemProcessInformation, list, size, NULL);
        uint64_t start = NT_SUCCESS(status) ? find_start(list, pid) : 0;
        HeapFree(GetProcessHeap(), 0, list);
        if (status != (NTSTATUS)0xC0000004) /* STATUS_INFO_LENGTH_MISMATCH */
            return start;
    }
}

/* A process is there as long as anybody has a handle to it, also after its end. */
static bool has_ended(HANDLE process)
{
    return WaitForSingleObject(process, 0) == WAIT_OBJECT_0;
}

bool os_process_lives(unsigned pid, uint64_t start_time)
{
    return start_time && os_process_start_time(pid) == start_time;
}

void os_process_forget(void)
{
    /* Nothing is kept: no mount of Windows has a process. */
}

uint64_t os_process_start_time(unsigned pid)
{
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, pid);
    if (!process)
        return GetLastError() == ERROR_ACCESS_DENIED ? listed_start(pid) : 0;
    uint64_t start = has_ended(process) ? 0 : start_of(process);
    CloseHandle(process);
    return start;
}

bool os_process_end(unsigned pid, uint64_t start_time, uint64_t deadline_ms, bool kill_it)
{
    DWORD access = PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE;
    HANDLE process = OpenProcess(kill_it ? access | PROCESS_TERMINATE : access, FALSE, pid);
    if (!process)
        return GetLastError() != ERROR_ACCESS_DENIED;
    /* The number may have been given to somebody else before it was opened. */
    bool is_over = start_of(process) != start_time || has_ended(process);
    if (!is_over && kill_it)
        TerminateProcess(process, WIN_EXIT_KILLED);
    if (!is_over)
        is_over = win_wait(process, deadline_ms);
    CloseHandle(process);
    return is_over;
}

bool win_wait(HANDLE object, uint64_t deadline_ms)
{
    for (;;) {
        DWORD result = WaitForSingleObject(object, win_ms_until(deadline_ms));
        if (result != WAIT_TIMEOUT)
            return result == WAIT_OBJECT_0;
        if (os_now_ms() >= deadline_ms)
            return false;
    }
}

/* ---- the machine ---- */

/* SystemTimeOfDayInformation, which the header has as reserved bytes. */
struct time_of_day {
    LARGE_INTEGER boot, now, zone_bias;
    ULONG zone, reserved;
    ULONGLONG boot_bias, sleep_bias;
};

/* The time of the start moves when somebody sets the clock; the bias says by how much. Under Wine
 * it is the start of the wineserver. */
HRESULT os_boot_id(char **out)
{
    struct time_of_day times = {0};
    NTSTATUS status =
        NtQuerySystemInformation(SystemTimeOfDayInformation, &times, sizeof times, NULL);
    char *id =
        NT_SUCCESS(status)
            ? mem_format("%016llx", (unsigned long long)times.boot.QuadPart - times.boot_bias)
            : mem_dup("unknown");
    if (!id)
        return FAIL_MEMORY();
    *out = id;
    return S_OK;
}

static const char *machine_name(void)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    switch (info.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
        return "x86_64";
    case PROCESSOR_ARCHITECTURE_INTEL:
        return "i686";
    case PROCESSOR_ARCHITECTURE_ARM64:
        return "aarch64";
    default:
        return "of an unknown kind";
    }
}

/* GetVersionEx tells a program what its manifest says it knows. */
static void real_version(OSVERSIONINFOW *version)
{
    LONG(WINAPI * get)(OSVERSIONINFOW *) = NULL;
    FARPROC function = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
    memcpy(&get, &function, sizeof get);
    version->dwOSVersionInfoSize = sizeof *version;
    if (get)
        (void)get(version);
}

HRESULT os_system_name(char **out)
{
    OSVERSIONINFOW version = {0};
    real_version(&version);
    const char *(CDECL * wine)(void) = NULL;
    FARPROC function = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version");
    memcpy(&wine, &function, sizeof wine);
    *out = mem_format("Windows %lu.%lu.%lu %s%s%s%s", version.dwMajorVersion,
                      version.dwMinorVersion, version.dwBuildNumber, machine_name(),
                      wine ? " (Wine " : "", wine ? wine() : "", wine ? ")" : "");
    return *out ? S_OK : FAIL_MEMORY();
}

void os_random(void *buffer, size_t size)
{
    for (size_t done = 0; done < size;) {
        ULONG some = size - done < 65536 ? (ULONG)(size - done) : 65536;
        if (!RtlGenRandom((char *)buffer + done, some))
            abort(); /* no Windows does that */
        done += some;
    }
}

/* ---- environment ---- */

/* Values that were handed out. Callers may keep them, so each stays; there are as many as there
 * were different values. */
struct variable {
    char *name, *value;
    struct variable *next;
};
static struct os_mutex variables_lock;
static struct variable *variables;

static const char *remember(const char *name, const char *value)
{
    AUTO_LOCK(&variables_lock);
    for (struct variable *v = variables; v; v = v->next)
        if (text_equal(v->name, name) && text_equal(v->value, value))
            return v->value;
    AUTO_FREE char *own_name = mem_dup(name);
    AUTO_FREE char *own_value = mem_dup(value);
    struct variable *v = own_name && own_value ? mem_alloc(sizeof *v) : NULL;
    if (!v)
        return NULL;
    *v = (struct variable){TAKE(own_name), TAKE(own_value), variables};
    variables = v;
    return v->value;
}

/* Into memory of the caller's; NULL: not set. */
static WCHAR *read_variable(const WCHAR *name)
{
    DWORD room = 256;
    for (;;) {
        AUTO_FREE WCHAR *value = mem_array(room, sizeof *value);
        if (!value)
            return NULL;
        SetLastError(ERROR_SUCCESS); /* an empty value is no failure */
        DWORD len = GetEnvironmentVariableW(name, value, room);
        if (len == 0 && GetLastError() != ERROR_SUCCESS)
            return NULL;
        if (len < room)
            return TAKE(value);
        room = len;
    }
}

const char *os_getenv(const char *name)
{
    FLOOR_PAUSE(); /* what is remembered already is nothing that can be counted on */
    struct error before = *error_last();
    AUTO_FREE char16_t *wide = NULL;
    AUTO_FREE char *value = NULL;
    const char *kept = NULL;
    if (SUCCEEDED(text_to_utf16(name, &wide))) {
        AUTO_FREE WCHAR *found = read_variable(wide);
        if (SUCCEEDED(text_from_utf16(found, &value)) && value)
            kept = remember(name, value);
    }
    error_restore(&before);
    return kept;
}

void os_setenv(const char *name, const char *value)
{
    FLOOR_PAUSE();
    AUTO_FREE char16_t *wide = NULL, *wide_value = NULL;
    if (SUCCEEDED(text_to_utf16(name, &wide)) && SUCCEEDED(text_to_utf16(value, &wide_value)))
        SetEnvironmentVariableW(wide, wide_value);
}

void os_environment(void (*each)(void *context, const char *assignment), void *context)
{
    FLOOR_PAUSE();
    WCHAR *all = GetEnvironmentStringsW();
    for (const WCHAR *at = all; at && *at; at += text_utf16_len(at) + 1) {
        AUTO_FREE char *assignment = NULL;
        /* "=C:=C:\folder" is what cmd.exe remembers of drives. */
        if (*at != L'=' && SUCCEEDED(text_from_utf16(at, &assignment)))
            each(context, assignment);
    }
    if (all)
        FreeEnvironmentStringsW(all);
}

/* ---- terminal, rights ---- */

static HANDLE stream(int fd)
{
    return GetStdHandle(fd == 0   ? STD_INPUT_HANDLE
                        : fd == 1 ? STD_OUTPUT_HANDLE
                                  : STD_ERROR_HANDLE);
}

bool os_is_terminal(int fd)
{
    DWORD mode;
    return GetConsoleMode(stream(fd), &mode);
}

unsigned os_terminal_width(int fd)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(stream(fd), &info))
        return 80;
    int width = info.srWindow.Right - info.srWindow.Left + 1;
    return width > 0 ? (unsigned)width : 80;
}

bool os_is_elevated(void)
{
    HANDLE token;
    TOKEN_ELEVATION elevation = {0};
    DWORD size;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    BOOL is_known = GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size);
    CloseHandle(token);
    return is_known && elevation.TokenIsElevated;
}
