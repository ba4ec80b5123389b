/* SPDX-License-Identifier: MIT */
/*
 * state_file.c - see state_file.h. Most of the files are never there, and to look for what is not
 * there is dear: a file system in memory makes a new entry for every such look. The folder has
 * another stamp when anything was made in it, so a name that was not there is not there now if the
 * folder is the same.
 */
#include "state_file.h"

#include <stdio.h>

#include "error.h"
#include "settings.h"
#include "text.h"

static struct os_mutex lock;
static struct {
    char name[24];
    struct os_stat folder; /* when there was nothing at that name */
} absent[4];

bool state_file_is_settled(const struct os_stat *stat, int64_t clock)
{
    return stat->ctime_ns < clock;
}

bool state_file_is_same(const struct os_stat *a, const struct os_stat *b)
{
    return a->inode == b->inode && a->device == b->device && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static bool is_known_absent(const char *name, const struct os_stat *folder)
{
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (text_equal(absent[i].name, name))
            return state_file_is_same(&absent[i].folder, folder);
    return false;
}

static void note_absent(const char *name, const struct os_stat *folder)
{
    AUTO_LOCK(&lock);
    size_t i = 0, count = sizeof absent / sizeof *absent;
    while (i < count && absent[i].name[0] && !text_equal(absent[i].name, name))
        i++;
    if (i == count)
        return;
    snprintf(absent[i].name, sizeof absent[i].name, "%s", name);
    absent[i].folder = *folder;
}

void state_file_look(const char *name, struct os_stat *out)
{
    AUTO_FREE char *path = NULL;
    const struct settings *settings;
    struct os_stat folder;
    *out = (struct os_stat){0};
    if (FAILED(settings_get(&settings)))
        return;
    int64_t clock = os_file_clock_ns();
    bool has_folder = os_look(settings->state, &folder);
    if (has_folder && is_known_absent(name, &folder))
        return;
    if (FAILED(settings_state_path(name, &path)) || os_look(path, out))
        return;
    *out = (struct os_stat){0};
    if (has_folder && state_file_is_settled(&folder, clock))
        note_absent(name, &folder);
}
