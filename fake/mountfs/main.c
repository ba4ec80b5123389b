/* SPDX-License-Identifier: MIT */
/*
 * main.c - dismfake-mount: shows an image of a WIM file as a folder, read-only, or below an overlay
 * that takes the changes. The library starts it (image/wim_lazy.c); it stays until what it mounted
 * is unmounted.
 *
 * Answers with one line on stdout: "ok PID STARTTIME" (exit 0), "refused REASON" (6: the caller can
 * still unpack the image) or "failed 0xHRESULT MESSAGE" (1).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"
#include "daemon.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "nodes.h"
#include "os.h"
#include "server.h"
#include "store.h"
#include "text.h"
#include "trace.h"
#include "wim.h"
#include "wim_read.h"

#define EXIT_USAGE 64

struct options {
    const char *image, *index, *lower, *upper, *work, *target, *umask, *name;
    bool hides_streams;
    unsigned index_number, umask_bits;
};

static const char usage[] =
    "usage: dismfake-mount --image FILE --index N --lower DIR [--upper DIR "
    "--work DIR --target DIR]\n"
    "                      [--umask OCTAL] [--name NAME] [--hide-streams]\n";

/* ---- command line ---- */

static const char **option_named(struct options *options, const char *name)
{
    const struct {
        const char *name;
        const char **value;
    } all[] = {
        {"--image", &options->image}, {"--index", &options->index}, {"--lower", &options->lower},
        {"--upper", &options->upper}, {"--work", &options->work},   {"--target", &options->target},
        {"--umask", &options->umask}, {"--name", &options->name},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (text_equal(all[i].name, name))
            return all[i].value;
    }
    return NULL;
}

static bool check_options(struct options *options)
{
    unsigned long long index = 0;
    const bool wants_overlay = options->upper || options->work || options->target;
    if (!options->image || !options->index || !options->lower ||
        !text_to_u64(options->index, &index) || index == 0 || index > INT32_MAX)
        return false;
    if (wants_overlay && (!options->upper || !options->work || !options->target))
        return false;
    options->index_number = (unsigned)index;
    options->name = options->name ? options->name : options->image;
    options->hides_streams = options->hides_streams || wants_overlay;
    if (!options->umask) {
        options->umask_bits = umask(0);
        umask(options->umask_bits);
        return true;
    }
    char *end;
    unsigned long bits = strtoul(options->umask, &end, 8);
    options->umask_bits = (unsigned)bits;
    return *options->umask >= '0' && *options->umask <= '7' && !*end && bits <= 0777;
}

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--hide-streams")) {
            options->hides_streams = true;
            continue;
        }
        const char **value = option_named(options, argv[i]);
        if (!value || i + 1 == argc)
            return false;
        *value = argv[++i];
    }
    return check_options(options);
}

/* Absolute and without links, since the child goes elsewhere. What is not there keeps its name. */
static const char *real_path(const char *path)
{
    char *real = NULL;
    return path && SUCCEEDED(os_real_path(path, &real)) ? real : path;
}

static void resolve(struct options *options)
{
    options->image = real_path(options->image);
    options->lower = real_path(options->lower);
    options->upper = real_path(options->upper);
    options->work = real_path(options->work);
    options->target = real_path(options->target);
}

/* ---- the image ---- */

static HRESULT refuse(const char *why)
{
    return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "%s", why);
}

static HRESULT check_kind(struct wim *wim, const struct wim_storage *storage)
{
    if (storage->is_pipable)
        return refuse("a pipable image file is not served");
    if (wim_facts(wim)->parts > 1)
        return refuse("a part of a split image file is not served");
    if (wim_has_solid_resources(wim))
        return refuse("an image file with solid resources is not served");
    return S_OK;
}

static uint64_t device; /* of the file system that is served */

static void tune(void)
{
    if (device)
        attach_tune(device);
}

static HRESULT load(const struct options *options, struct server_options *server)
{
    struct os_stat before, after;
    struct wim *wim = NULL; /* for the rest of the process' life, as all of this */
    TRY(os_stat(options->image, &before));
    TRY(wim_open_to_look(options->image, options->index_number, &wim));
    struct wim_storage storage;
    wim_storage(wim, &storage);
    TRY(check_kind(wim, &storage));
    TRY(store_open(options->image, &storage, &server->store));
    TRY(os_stat(options->image, &after));
    if (before.inode != after.inode || before.device != after.device)
        return FAIL(HR_WIN32(ERROR_SHARING_VIOLATION), "%s was replaced while it was opened",
                    options->image);
    const char *root = options->target ? options->target : options->lower;
    TRY(nodes_new(wim, options->index_number, server->store, storage.has_rpfix ? root : "",
                  &server->nodes));
    uint64_t total = wim_total_bytes(wim, options->index_number);
    server->bytes = total ? total : after.size;
    server->umask = options->umask_bits;
    server->uid = geteuid();
    server->gid = getegid();
    server->hides_streams = options->hides_streams;
    server->agreed = tune;
    server->ended = daemon_wake;
    return S_OK;
}

/* The overlay keeps the image's file system by itself: once it stands, the lower folder is free
 * again and the two go as one when the target is unmounted. */
static HRESULT attach_target(const struct options *options)
{
    if (!options->target)
        return S_OK;
    TRY(attach_overlay(options->name, options->lower, options->upper, options->work,
                       options->target));
    daemon_note(DAEMON_MOUNTED_TARGET);
    attach_detach(options->lower);
    daemon_note(DAEMON_UNMOUNTED_LOWER);
    return S_OK;
}

static HRESULT attach(const struct options *options, const struct server_options *server, int fd)
{
    TRY(attach_fuse(fd, options->name, options->lower, &device));
    daemon_note(DAEMON_MOUNTED_LOWER);
    HRESULT hr = server_start(server, fd);
    if (SUCCEEDED(hr))
        hr = attach_target(options);
    if (FAILED(hr))
        attach_detach(options->lower);
    return hr;
}

static HRESULT mount_image(const struct options *options)
{
    static struct server_options server;
    int fd = -1;
    TRY(trace_configure(os_getenv("DISMFAKE_TRACE"), os_getenv("DISMFAKE_TRACE_FILE")));
    TRY(attach_open_device(&fd));
    TRY(load(options, &server));
    return attach(options, &server, fd);
}

static void say_failure(HRESULT hr)
{
    AUTO_FREE char *line = hr == HR_WIN32(ERROR_NOT_SUPPORTED)
                               ? mem_format("refused %s", error_last()->text)
                               : mem_format("failed 0x%08X %s", (unsigned)hr, error_last()->text);
    for (char *c = line; c && *c; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
    }
    daemon_say(line ? line : "failed 0x8007000E out of memory");
}

static bool say_ok(void)
{
    char word[64];
    snprintf(word, sizeof word, "ok %u %llu", os_pid(),
             (unsigned long long)os_process_start_time(os_pid()));
    return daemon_say(word);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    if (!parse(argc, argv, &options)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    resolve(&options);
    daemon_split(options.lower, options.target);

    HRESULT hr = mount_image(&options);
    if (FAILED(hr)) {
        say_failure(hr);
        daemon_end(1);
    }
    const char *folder = options.target ? options.target : options.lower;
    bool is_over = !say_ok();
    if (!is_over) {
        /* Nobody has to wait for the rest. Without it the server works too. */
        if (FAILED(server_widen()))
            trace(TRACE_IMAGE, "fewer threads: %s", error_last()->text);
        is_over = daemon_wait();
    }
    if (is_over)
        attach_detach(folder);
    daemon_end(0);
}
