/* SPDX-License-Identifier: MIT */
/* shim_texts.c - see shim.h: texts, and what callbacks are told. */
#include "shim.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "text.h"

/* For text.c: nobody here asks what the last error was. */
HRESULT error_set(HRESULT hr, const char *format, ...)
{
    (void)format;
    return hr;
}

/* ---- texts ---- */

void texts_clear(struct texts *texts)
{
    for (size_t i = 0; i < texts->list.len; i++)
        mem_free(texts->list.ptr[i]);
    vec_clear(&texts->list);
}

static void *keep(struct texts *texts, void *text)
{
    void **slot = text ? vec_push(&texts->list) : NULL;
    if (slot)
        return *slot = text;
    mem_free(text);
    return NULL;
}

char *utf8_of(struct texts *texts, const void *text)
{
    char *utf8 = NULL;
    errno = EILSEQ;
    return FAILED(text_from_utf16(text, &utf8)) ? NULL : keep(texts, utf8);
}

unit *utf16_of(struct texts *texts, const char *text)
{
    char16_t *utf16 = NULL;
    errno = EILSEQ;
    return FAILED(text_to_utf16(text, &utf16)) ? NULL : keep(texts, utf16);
}

char *unix_path_of(struct texts *texts, const void *path)
{
    if (!path)
        return NULL;
    char *found = wine_get_unix_file_name(path);
    char *copy = found ? keep(texts, mem_dup(found)) : NULL;
    if (found)
        HeapFree(GetProcessHeap(), 0, found);
    errno = copy ? 0 : ENOENT;
    return copy;
}

unit *inside_path_of(struct texts *texts, const char *path)
{
    unit *text = utf16_of(texts, path);
    for (unit *c = text; c && *c; c++)
        if (*c == '/')
            *c = '\\';
    return text;
}

unit *dos_path_of(struct texts *texts, const char *path)
{
    unit *found = path ? wine_get_dos_file_name(path) : NULL;
    if (!found)
        return NULL;
    size_t size = (text_utf16_len((const char16_t *)found) + 1) * sizeof *found;
    unit *copy = mem_alloc(size);
    if (copy)
        memcpy(copy, found, size);
    HeapFree(GetProcessHeap(), 0, found);
    return keep(texts, copy);
}

/* ---- progress ---- */

/* Replaces a text of the structure by that of the other side. */
#define RETELL(field, convert) ((field) = (void *)convert(&texts, (field)))

enum wimlib_progress_status pass_progress(enum wimlib_progress_msg message,
                                          union wimlib_progress_info *info, void *shim_wim)
{
    const struct shim_wim *wim = shim_wim;
    AUTO_TEXTS struct texts texts = {0};
    union wimlib_progress_info told;
    if (!info) /* some messages have none */
        return wim->on_progress(message, NULL, wim->context);
    told = *info;
    switch (message) {
    case WIMLIB_PROGRESS_MSG_SCAN_BEGIN:
    case WIMLIB_PROGRESS_MSG_SCAN_DENTRY:
    case WIMLIB_PROGRESS_MSG_SCAN_END:
        RETELL(told.scan.source, dos_path_of);
        if (message == WIMLIB_PROGRESS_MSG_SCAN_DENTRY)
            RETELL(told.scan.cur_path, dos_path_of);
        if (message != WIMLIB_PROGRESS_MSG_SCAN_DENTRY ||
            told.scan.status == WIMLIB_SCAN_DENTRY_FIXED_SYMLINK ||
            told.scan.status == WIMLIB_SCAN_DENTRY_NOT_FIXED_SYMLINK)
            RETELL(told.scan.wim_target_path, inside_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_EXTRACT_IMAGE_BEGIN:
    case WIMLIB_PROGRESS_MSG_EXTRACT_TREE_BEGIN:
    case WIMLIB_PROGRESS_MSG_EXTRACT_FILE_STRUCTURE:
    case WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS:
    case WIMLIB_PROGRESS_MSG_EXTRACT_SPWM_PART_BEGIN:
    case WIMLIB_PROGRESS_MSG_EXTRACT_METADATA:
    case WIMLIB_PROGRESS_MSG_EXTRACT_IMAGE_END:
    case WIMLIB_PROGRESS_MSG_EXTRACT_TREE_END:
        RETELL(told.extract.wimfile_name, dos_path_of);
        RETELL(told.extract.image_name, utf16_of);
        RETELL(told.extract.target, dos_path_of);
        told.extract.reserved = NULL;
        break;
    case WIMLIB_PROGRESS_MSG_RENAME:
        RETELL(told.rename.from, dos_path_of);
        RETELL(told.rename.to, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_UPDATE_BEGIN_COMMAND:
        told.update.command = &wim->commands[told.update.completed_commands];
        break;
    case WIMLIB_PROGRESS_MSG_UPDATE_END_COMMAND:
        told.update.command = &wim->commands[told.update.completed_commands - 1];
        break;
    case WIMLIB_PROGRESS_MSG_VERIFY_INTEGRITY:
    case WIMLIB_PROGRESS_MSG_CALC_INTEGRITY:
        RETELL(told.integrity.filename, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_SPLIT_BEGIN_PART: /* another name chosen there is not heard here */
    case WIMLIB_PROGRESS_MSG_SPLIT_END_PART:
        RETELL(told.split.part_name, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_REPLACE_FILE_IN_WIM:
        RETELL(told.replace.path_in_wim, inside_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_DONE_WITH_FILE:
        RETELL(told.done_with_file.path_to_file, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_BEGIN_VERIFY_IMAGE:
    case WIMLIB_PROGRESS_MSG_END_VERIFY_IMAGE:
        RETELL(told.verify_image.wimfile, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_VERIFY_STREAMS:
        RETELL(told.verify_streams.wimfile, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_TEST_FILE_EXCLUSION:
        RETELL(told.test_file_exclusion.path, dos_path_of);
        break;
    case WIMLIB_PROGRESS_MSG_HANDLE_ERROR:
        RETELL(told.handle_error.path, dos_path_of);
        break;
    default: /* without texts */
        break;
    }
    enum wimlib_progress_status status = wim->on_progress(message, &told, wim->context);
    if (message == WIMLIB_PROGRESS_MSG_TEST_FILE_EXCLUSION)
        info->test_file_exclusion.will_exclude = told.test_file_exclusion.will_exclude;
    if (message == WIMLIB_PROGRESS_MSG_HANDLE_ERROR)
        info->handle_error.will_ignore = told.handle_error.will_ignore;
    return status;
}

/* ---- entries of an image ---- */

int pass_dir_entry(const struct wimlib_dir_entry *entry, void *dir_entry_call)
{
    const struct dir_entry_call *to = dir_entry_call;
    AUTO_TEXTS struct texts texts = {0};
    size_t streams = (size_t)entry->num_named_streams + 1;
    size_t size = sizeof *entry + streams * sizeof *entry->streams;
    struct wimlib_dir_entry *told = keep(&texts, mem_alloc(size));
    if (!told)
        return WIMLIB_ERR_NOMEM;
    memcpy(told, entry, size);
    RETELL(told->filename, utf16_of);
    RETELL(told->dos_name, utf16_of);
    RETELL(told->full_path, inside_path_of);
    for (size_t i = 0; i < streams; i++)
        RETELL(told->streams[i].stream_name, utf16_of);
    return to->call(told, to->context);
}
