/* SPDX-License-Identifier: MIT */
/* os_win_module.c - os.h for Windows: the program and its libraries, and how a process ends. */
#include "os.h"

#include <string.h>

#include <windows.h>

#include "error.h"
#include "os_win_run.h"
#include "path.h"
#include "text.h"

/* ---- where code comes from ---- */

static HRESULT module_path(HMODULE module, char **out)
{
    for (DWORD room = MAX_PATH;; room *= 2) {
        AUTO_FREE WCHAR *path = mem_array(room, sizeof *path);
        if (!path)
            return FAIL_MEMORY();
        DWORD len = GetModuleFileNameW(module, path, room);
        if (len == 0)
            return win_error(GetLastError(), "ask where a module comes from", NULL);
        if (len < room)
            return win_path_from(path, out);
    }
}

HRESULT win_plain_path(const char *path, WCHAR **out)
{
    AUTO_FREE WCHAR *full = NULL;
    TRY(win_path(path, &full));
    size_t len = wcslen(full), prefix = 4; /* of \\?\ */
    if (len - prefix < MAX_PATH && len > prefix && full[prefix + 1] == L':')
        memmove(full, full + prefix, (len - prefix + 1) * sizeof *full);
    *out = TAKE(full);
    return S_OK;
}

HRESULT os_executable_path(char **out)
{
    return module_path(NULL, out);
}

HRESULT os_module_path(char **out)
{
    HMODULE self;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCWSTR)(uintptr_t)os_module_path, &self))
        return win_error(GetLastError(), "ask where this module comes from", NULL);
    return module_path(self, out);
}

/* ---- libraries ---- */

struct os_library {
    HMODULE handle;
};

HRESULT os_library_open(const char *absolute_path, struct os_library **out)
{
    if (!path_is_absolute(absolute_path)) /* a bare name would be searched for */
        return FAIL(E_INVALIDARG, "library path is not absolute: %s", absolute_path);
    AUTO_FREE struct os_library *library = mem_alloc(sizeof *library);
    AUTO_FREE WCHAR *path = NULL;
    if (!library)
        return FAIL_MEMORY();
    TRY(win_plain_path(absolute_path, &path));
    /* What it needs comes from its own folder or the system's, never from the current one. A box
     * that says what is missing would wait for somebody to press a button. */
    DWORD mode;
    SetThreadErrorMode(SEM_FAILCRITICALERRORS, &mode);
    library->handle = LoadLibraryExW(
        path, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    DWORD err = GetLastError();
    SetThreadErrorMode(mode, NULL);
    if (!library->handle && err == ERROR_MOD_NOT_FOUND && os_exists(absolute_path))
        return FAIL(HR_WIN32(err), "cannot load %s: a library that it needs is missing",
                    absolute_path);
    if (!library->handle)
        return win_error(err, "load", absolute_path);
    *out = TAKE(library);
    return S_OK;
}

void (*os_library_symbol(struct os_library *library, const char *name))(void)
{
    FARPROC symbol = GetProcAddress(library->handle, name);
    void (*function)(void) = NULL;
    memcpy(&function, &symbol, sizeof function);
    return function;
}

HRESULT os_library_find(const char *name, char **out)
{
    AUTO_FREE char16_t *units = NULL;
    HMODULE module;
    TRY(text_to_utf16(name, &units));
    *out = NULL;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, (LPCWSTR)units, &module))
        return S_FALSE;
    return module_path(module, out);
}

HRESULT os_library_path(struct os_library *library, char **out)
{
    return module_path(library->handle, out);
}

void os_library_close(struct os_library *library)
{
    if (!library)
        return;
    FreeLibrary(library->handle);
    mem_free(library);
}

/* ---- ends ---- */

/* The end at once: no debugger, no report, no box to press a button in. */
static LONG WINAPI end_process(EXCEPTION_POINTERS *what)
{
    (void)what;
    return EXCEPTION_EXECUTE_HANDLER;
}

static DWORD WINAPI write_nowhere(void *unused)
{
    (void)unused;
    SetUnhandledExceptionFilter(end_process);
    volatile char *volatile nowhere = NULL;
    *nowhere = 1;
    return 0;
}

/* On a thread of its own, where none of the client's __except blocks can catch it: as on Linux,
 * nobody goes on after it. */
static void violate_access(void)
{
    HANDLE thread = CreateThread(NULL, 0, write_nowhere, NULL, 0, NULL);
    if (thread)
        WaitForSingleObject(thread, INFINITE);
    else
        (void)write_nowhere(NULL);
}

_Noreturn void os_crash(enum os_crash how)
{
    UINT status = WIN_EXIT_KILLED;
    if (how == OS_CRASH_ACCESS_VIOLATION) {
        violate_access();
        status = (UINT)STATUS_ACCESS_VIOLATION;
    }
    if (how == OS_CRASH_ABORT) {
        SetErrorMode(SEM_NOGPFAULTERRORBOX);
        /* What abort of today's C runtime does; msvcrt's ends with code 3, like many a program. */
        __asm__ volatile("int $0x29" : : "c"(FAST_FAIL_FATAL_APP_EXIT));
        status = (UINT)STATUS_STACK_BUFFER_OVERRUN;
    }
    os_exit_now((int)status);
}

_Noreturn void os_exit_now(int code)
{
    TerminateProcess(GetCurrentProcess(), (UINT)code);
    for (;;)
        Sleep(INFINITE); /* not reached: it ends this thread too */
}
