/* SPDX-License-Identifier: MIT */
/*
 * client_of_shim.c - shim_client FOLDER: a Windows program that uses libwim-15.dll beside it as
 * wimlib.h says. Captures FOLDER\in, looks into the image, changes it, unpacks it to FOLDER\out and
 * prints what it was told; test_shim.py compares.
 */
#include <windows.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wimlib.h>

#include "wim_functions.h"

static struct {
#define SLOT(name) __typeof__(&wimlib_##name) name;
    WIM_FUNCTIONS(SLOT)
#undef SLOT
} wim;

static wchar_t folder[MAX_PATH];

static void load(void)
{
    HMODULE library = LoadLibraryA("libwim-15.dll");
    if (!library) {
        fprintf(stderr, "libwim-15.dll does not load: error %lu\n", GetLastError());
        exit(1);
    }
    FARPROC found;
#define FIND(name)                                                                                 \
    found = GetProcAddress(library, "wimlib_" #name);                                              \
    memcpy(&wim.name, &found, sizeof found);
    WIM_FUNCTIONS(FIND)
#undef FIND
}

/* Every path is in use until the end of the program. */
static wchar_t *below(const wchar_t *name)
{
    enum { ROOM = 2 * MAX_PATH };
    static wchar_t paths[32][ROOM];
    static size_t count;
    if (count == sizeof paths / sizeof *paths)
        exit(1);
    swprintf(paths[count], ROOM, L"%ls\\%ls", folder, name);
    return paths[count++];
}

static void print(const char *what, const wchar_t *text)
{
    char utf8[1024] = "(none)";
    if (text)
        WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof utf8, NULL, NULL);
    printf("%s %s\n", what, utf8);
}

static void done(const char *what, int code)
{
    printf("%s %d", what, code);
    print("", code ? wim.get_error_string((enum wimlib_error_code)code) : L"fine");
}

/* ---- callbacks ---- */

struct seen {
    DWORD thread;
    unsigned calls;
    int abort_at; /* this call, counted from 1 */
};

static enum wimlib_progress_status on_progress(enum wimlib_progress_msg message,
                                               union wimlib_progress_info *info, void *context)
{
    struct seen *seen = context;
    seen->calls++;
    if (GetCurrentThreadId() != seen->thread)
        printf("progress on a foreign thread\n");
    switch (message) {
    case WIMLIB_PROGRESS_MSG_EXTRACT_IMAGE_BEGIN:
        print("extract-from", info->extract.wimfile_name);
        print("extract-name", info->extract.image_name);
        print("extract-to", info->extract.target);
        break;
    case WIMLIB_PROGRESS_MSG_UPDATE_BEGIN_COMMAND:
        if (info->update.command->op == WIMLIB_UPDATE_OP_DELETE)
            print("update-delete", info->update.command->delete_.wim_path);
        else
            print("update-add", info->update.command->add.wim_target_path);
        break;
    case WIMLIB_PROGRESS_MSG_TEST_FILE_EXCLUSION: {
        const wchar_t *path = info->test_file_exclusion.path, *name = wcsrchr(path, L'\\');
        info->test_file_exclusion.will_exclude = name && wcscmp(name, L"\\left out.txt") == 0;
        if (info->test_file_exclusion.will_exclude)
            print("exclude", path);
        break;
    }
    case WIMLIB_PROGRESS_MSG_SCAN_BEGIN:
        print("scan-to", info->scan.wim_target_path);
        break;
    default:
        break;
    }
    return (int)seen->calls == seen->abort_at ? WIMLIB_PROGRESS_STATUS_ABORT
                                              : WIMLIB_PROGRESS_STATUS_CONTINUE;
}

static int on_entry(const struct wimlib_dir_entry *entry, void *context)
{
    (void)context;
    print("entry", entry->full_path);
    print("  name", entry->filename);
    if (entry->num_links > 1)
        printf("  links %u\n", entry->num_links);
    printf("  written %lld\n", (long long)entry->last_write_time.tv_sec);
    return 0;
}

/* ---- what is done ---- */

static void capture(void)
{
    WIMStruct *made;
    struct wimlib_capture_source source = {.fs_source_path = below(L"in"),
                                           .wim_target_path = (wchar_t *)L"\\"};
    done("create", wim.create_new_wim(WIMLIB_COMPRESSION_TYPE_XPRESS, &made));
    done("refuse-unix-data",
         wim.add_image_multisource(made, &source, 1, L"x", NULL, WIMLIB_ADD_FLAG_UNIX_DATA));
    done("capture", wim.add_image_multisource(made, &source, 1, L"Größe 図", NULL, 0));
    done("write", wim.write(made, below(L"image.wim"), WIMLIB_ALL_IMAGES, 0, 2));
    wim.free(made);
}

static void change(WIMStruct *image)
{
    struct wimlib_update_command commands[] = {
        {.op = WIMLIB_UPDATE_OP_DELETE, .delete_ = {.wim_path = (wchar_t *)L"\\Ordner\\weg.txt"}},
        {.op = WIMLIB_UPDATE_OP_ADD,
         .add = {.fs_source_path = below(L"more"),
                 .wim_target_path = (wchar_t *)L"\\Ordner\\mehr",
                 .add_flags = WIMLIB_ADD_FLAG_TEST_FILE_EXCLUSION}},
    };
    done("update", wim.update_image(image, 1, commands, 2, WIMLIB_UPDATE_FLAG_SEND_PROGRESS));
    done("overwrite", wim.overwrite(image, 0, 0));
}

static void copy(WIMStruct *image)
{
    WIMStruct *from;
    done("open", wim.open_wim_with_progress(below(L"image.wim"), 0, &from, NULL, NULL));
    done("copy", wim.export_image(from, 1, image, L"zweite", L"Beschreibung \xe4", 0));
    done("overwrite", wim.overwrite(image, 0, 0));
    wim.free(from);
}

static void use(void)
{
    struct seen seen = {.thread = GetCurrentThreadId()};
    WIMStruct *image;
    struct wimlib_wim_info info;
    done("open", wim.open_wim_with_progress(below(L"image.wim"), 0, &image, on_progress, &seen));
    print("image", wim.get_image_name(image, 1));
    print("property", wim.get_image_property(image, 1, L"DIRCOUNT"));
    print("no-property", wim.get_image_property(image, 1, L"NOTHING"));
    printf("in-use %d %d\n", wim.image_name_in_use(image, L"Größe 図"),
           wim.image_name_in_use(image, L"Größe"));
    change(image);
    copy(image);
    done("iterate", wim.iterate_dir_tree(image, 1, L"\\ORDNER",
                                         WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE, on_entry, NULL));
    done("info", wim.get_wim_info(image, &info));
    printf("images %u\n", info.image_count);
    done("refuse-unix-data",
         wim.extract_image(image, 1, below(L"out"), WIMLIB_EXTRACT_FLAG_UNIX_DATA));
    done("extract", wim.extract_image(image, 1, below(L"out"), 0));
    const wchar_t *names[] = {L"\\Ordner\\*.bin"};
    done("extract-paths",
         wim.extract_paths(image, 1, below(L"some"), names, 1, WIMLIB_EXTRACT_FLAG_GLOB_PATHS));
    printf("called %s\n", seen.calls > 5 ? "often" : "hardly");
    seen.abort_at = (int)seen.calls + 2;
    done("abort", wim.extract_image(image, 1, below(L"aborted"), 0));
    wim.free(image);
}

int main(int argc, char **argv)
{
    WIMStruct *none;
    if (argc != 2)
        return 64;
    MultiByteToWideChar(CP_UTF8, 0, argv[1], -1, folder, MAX_PATH);
    SetConsoleOutputCP(CP_UTF8);
    load();
    done("init", wim.global_init(0));
    capture();
    use();
    errno = 0;
    int code = wim.open_wim_with_progress(below(L"no\\image.wim"), 0, &none, NULL, NULL);
    printf("missing %d errno %d\n", code, errno);
    wim.global_cleanup();
    return 0;
}
