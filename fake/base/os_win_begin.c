/* SPDX-License-Identifier: MIT */
/* os_win_begin.c - os.h for Windows: what a program has to do first. Only programs link it. */
#include "os.h"

#include <stdlib.h>

#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include "os_win.h"

/* The C runtime's, without a header in mingw-w64: the arguments as main would get them. */
struct runtime_start {
    int new_mode;
};
extern int __cdecl __wgetmainargs(int *argc, wchar_t ***argv, wchar_t ***environment,
                                  int expands_patterns, struct runtime_start *start);

static HRESULT read_arguments(int *argc, char ***argv)
{
    int count;
    wchar_t **wide, **environment;
    struct runtime_start start = {0};
    if (__wgetmainargs(&count, &wide, &environment, 0, &start) < 0)
        return FAIL(E_FAIL, "the C runtime does not give the arguments");
    char **all = mem_array((size_t)count + 1, sizeof *all); /* for as long as the program runs */
    if (!all)
        return FAIL_MEMORY();
    for (int i = 0; i < count; i++)
        TRY(text_from_utf16(wide[i], &all[i]));
    *argc = count;
    *argv = all;
    return S_OK;
}

void os_begin(int *argc, char ***argv)
{
    /* A crash ends a program, ours or one that it starts, instead of showing a box to nobody. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    for (int fd = 0; fd < 3; fd++)
        _setmode(fd, _O_BINARY);
    if (os_is_terminal(1) || os_is_terminal(2))
        SetConsoleOutputCP(CP_UTF8);
    if (FAILED(read_arguments(argc, argv)))
        abort();
}
