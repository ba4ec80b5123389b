/* SPDX-License-Identifier: MIT */
/*
 * shim.h - libwim-15.dll for tests under Wine: wimlib's Windows interface (UTF-16, paths with
 * drives, backslashes inside of an image, no Unix data) in front of Linux' libwim.so.15. A winelib
 * module: ELF code in a Wine process. Never shipped. Structures have the same layout on both sides
 * but for what their texts are, so the Windows side's are seen through wimlib.h as it is for Linux.
 */
#ifndef TESTS_WINE_SHIM_H
#define TESTS_WINE_SHIM_H

#include <stddef.h>
#include <wimlib.h>

#include "hr.h"
#include "scope.h"
#include "vec.h"

#define PE __attribute__((ms_abi))
typedef unsigned short unit; /* of the Windows side's texts */

/* Of kernel32.dll; Wine's own headers do not go with Linux' ones. */
PE char *wine_get_unix_file_name(const void *dos_path);
PE unit *wine_get_dos_file_name(const char *unix_path);
PE void *GetProcessHeap(void);
PE int HeapFree(void *heap, unsigned flags, void *block);
PE void *GetModuleHandleA(const char *name);
PE void *GetProcAddress(void *module, const char *name);

typedef enum wimlib_progress_status(PE *pe_progress)(enum wimlib_progress_msg message,
                                                     union wimlib_progress_info *info,
                                                     void *context);
typedef int(PE *pe_dir_entry)(const struct wimlib_dir_entry *entry, void *context);

struct texts {
    VEC(void *) list;
};
void texts_clear(struct texts *texts);
#define AUTO_TEXTS AUTO(texts_clear)

/* What the Windows side has in the place of a WIMStruct. */
struct shim_wim {
    WIMStruct *native;
    pe_progress on_progress;
    void *context;
    const struct wimlib_update_command *commands; /* during an update */
    struct texts handed_out;
};

/* NULL in, NULL out; NULL, too, for what cannot be converted (errno says why). */
char *utf8_of(struct texts *texts, const void *text);
char *unix_path_of(struct texts *texts, const void *path); /* of the file system */
unit *utf16_of(struct texts *texts, const char *text);
unit *inside_path_of(struct texts *texts, const char *path); /* in the image */
unit *dos_path_of(struct texts *texts, const char *path);

/* On Windows wimlib locks no WIM file against other writers; neither does this library any more. */
void lift_locks(void *library);

/* Wine 8 knows no reparse points: it follows symbolic links, does not list those that lead nowhere
 * and cannot delete those to folders. So what was unpacked as one becomes an empty folder or file,
 * as its attributes say. */
int replace_links(int (*iterate)(WIMStruct *, int, const char *, int,
                                 wimlib_iterate_dir_tree_callback_t, void *),
                  WIMStruct *wim, int image, char *target);

/* wimlib's callbacks, in front of those of the Windows side. */
enum wimlib_progress_status pass_progress(enum wimlib_progress_msg message,
                                          union wimlib_progress_info *info, void *shim_wim);
struct dir_entry_call {
    pe_dir_entry call;
    void *context;
};
int pass_dir_entry(const struct wimlib_dir_entry *entry, void *dir_entry_call);

#endif
