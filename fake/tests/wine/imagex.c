/* SPDX-License-Identifier: MIT */
/*
 * imagex.c - wimlib-imagex.exe for tests under Wine: runs Linux' wimlib-imagex, with the paths
 * among the arguments turned into Linux' ones. A winelib program, like shim.h's library. Never
 * shipped.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"
#include "text.h"

/* Of msvcrt's start-up, which calls it with UTF-16. */
int wmain(int argc, unit **argv);

static int is_path(const unit *text)
{
    int has_drive = text[0] && text[1] == ':' && (text[2] == '\\' || text[2] == '/');
    return has_drive || (text[0] == '\\' && text[1] == '\\');
}

/* "C:\a", also behind "--option=". */
static char *argument(struct texts *texts, unit *text)
{
    unit *value = text;
    while (*value && *value != '=')
        value++;
    if (is_path(text))
        return unix_path_of(texts, text);
    if (!*value || text[0] != '-' || !is_path(value + 1))
        return utf8_of(texts, text);
    *value = 0;
    char *option = utf8_of(texts, text), *path = unix_path_of(texts, value + 1);
    char *whole = mem_format("%s=%s", option ? option : "", path ? path : "");
    return whole;
}

int wmain(int argc, unit **argv)
{
    AUTO_TEXTS struct texts texts = {0};
    char *arguments[64] = {"wimlib-imagex"};
    if (argc >= 64)
        return 64;
    for (int i = 1; i < argc; i++)
        arguments[i] = argument(&texts, argv[i]);
    pid_t child = fork();
    if (child == 0) {
        dup2(1, 2); /* Wine hands on the standard output alone */
        execvp(arguments[0], arguments);
        perror("wimlib-imagex");
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        return 126;
    return WEXITSTATUS(status);
}
