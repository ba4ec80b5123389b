/* SPDX-License-Identifier: MIT */
/* server.c - see server.h. */
#define FUSE_USE_VERSION 312
#include "server.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "ahead.h"
#include "attributes.h"
#include "dism_codes.h"
#include "error.h"
#include "mem.h"
#include "os.h"
#include "scope.h"
#include "text.h"
#include "trace.h"

#define FOREVER (10 * 365 * 86400.0) /* seconds; the kernel's limit is near */
#define THREADS_MIN 4u
#define THREADS_MAX 16u
#define BACKGROUND_REQUESTS 64

static struct {
    const struct server_options *options;
    struct fuse_session *session;
    struct ahead *ahead;
    atomic_uint running;
    enum { GREETING, AGREED, TOLD } _Atomic state; /* how far the kernel and we are */
} server;

/* What this thread answers with: grows to the largest answer. */
struct reply_buffer {
    char *ptr;
    size_t cap;
};
static _Thread_local struct reply_buffer reply;

static char *reply_reserve(size_t size)
{
    if (reply.cap < size) {
        mem_free(reply.ptr);
        reply.ptr = mem_alloc(size);
        reply.cap = reply.ptr ? size : 0;
    }
    return reply.ptr;
}

/* ---- answers ---- */

/* A failure of ours as errno. Damage is told in the trace. */
static int errno_of(HRESULT hr, uint64_t number)
{
    if (hr == E_OUTOFMEMORY)
        return ENOMEM;
    trace(TRACE_IMAGE, "node %llu: %s", (unsigned long long)number, error_last()->text);
    return EIO;
}

static const struct node *node_for(fuse_req_t request, fuse_ino_t number)
{
    const struct node *node = nodes_get(server.options->nodes, number);
    if (!node)
        fuse_reply_err(request, ESTALE);
    return node;
}

static const struct folder *folder_for(fuse_req_t request, fuse_ino_t number)
{
    const struct node *node = node_for(request, number);
    if (!node)
        return NULL;
    if (node->type != NODE_FOLDER) {
        fuse_reply_err(request, ENOTDIR);
        return NULL;
    }
    const struct folder *folder = NULL;
    HRESULT hr = nodes_folder(server.options->nodes, (uint32_t)number, &folder);
    if (FAILED(hr))
        fuse_reply_err(request, errno_of(hr, number));
    return folder;
}

static struct timespec timespec_of(struct wim_time time_of_node)
{
    return (struct timespec){.tv_sec = time_of_node.seconds, .tv_nsec = time_of_node.nanoseconds};
}

static struct stat stat_of(uint64_t number, const struct node *node)
{
    static const unsigned types[] = {
        [NODE_FILE] = S_IFREG, [NODE_FOLDER] = S_IFDIR, [NODE_LINK] = S_IFLNK};
    /* Without a Unix mode a file has the one that unpacking would give it. */
    static const unsigned modes[] = {[NODE_FILE] = 0644, [NODE_FOLDER] = 0755};
    struct stat st = {
        .st_ino = number,
        .st_nlink = node->links,
        .st_uid = server.options->uid,
        .st_gid = server.options->gid,
        .st_size = (off_t)node->blob.size,
        .st_blksize = 4096,
        .st_atim = timespec_of(node->accessed),
        .st_mtim = timespec_of(node->written),
        .st_ctim = timespec_of(node->written),
    };
    if (node->type == NODE_SPECIAL) {
        st.st_mode = node->unix_mode;
        st.st_rdev = node->unix_device;
    } else if (node->type == NODE_LINK) {
        st.st_mode = S_IFLNK | 0777;
        st.st_size = node->target ? (off_t)strlen(node->target) : 0;
    } else {
        st.st_mode =
            types[node->type] | (node->unix_mode ? node->unix_mode & 07777
                                                 : modes[node->type] & ~server.options->umask);
    }
    st.st_blocks = (st.st_size + 511) / 512;
    return st;
}

static struct fuse_entry_param entry_of(uint32_t number)
{
    struct fuse_entry_param entry = {
        .ino = number,
        .attr_timeout = FOREVER,
        .entry_timeout = FOREVER,
    };
    if (number) {
        const struct node *node = nodes_get(server.options->nodes, number);
        entry.attr = stat_of(number, node);
        entry.generation = node->origin;
    }
    return entry;
}

/* ---- names and attributes ---- */

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    const struct folder *folder = folder_for(request, parent);
    if (!folder)
        return;
    const struct fuse_entry_param entry = entry_of(folder_find(folder, name));
    fuse_reply_entry(request, &entry); /* number 0: the kernel remembers that there is nothing */
}

static void on_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
    (void)file;
    const struct node *node = node_for(request, number);
    if (!node)
        return;
    const struct stat st = stat_of(number, node);
    fuse_reply_attr(request, &st, FOREVER);
}

static void on_readlink(fuse_req_t request, fuse_ino_t number)
{
    const struct node *node = node_for(request, number);
    if (!node)
        return;
    if (node->type != NODE_LINK)
        fuse_reply_err(request, EINVAL);
    else if (!node->target)
        fuse_reply_err(request, EIO);
    else
        fuse_reply_readlink(request, node->target);
}

/* The kernel then opens by itself and never asks again. */
static void on_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
    (void)number;
    (void)file;
    fuse_reply_err(request, ENOSYS);
}

static size_t add_entry(fuse_req_t request, char *at, size_t room, const char *name,
                        uint32_t number, off_t next, bool with_attributes)
{
    if (with_attributes) {
        const struct fuse_entry_param entry = entry_of(number);
        return fuse_add_direntry_plus(request, at, room, name, &entry, next);
    }
    const struct stat st = stat_of(number, nodes_get(server.options->nodes, number));
    return fuse_add_direntry(request, at, room, name, &st, next);
}

/* "." and ".." are no look-ups: they come without a number the kernel would count. */
static size_t add_dots(fuse_req_t request, char *at, size_t room, const char *name, uint32_t number,
                       off_t next, bool with_attributes)
{
    struct fuse_entry_param entry = entry_of(number);
    entry.ino = 0;
    return with_attributes ? fuse_add_direntry_plus(request, at, room, name, &entry, next)
                           : fuse_add_direntry(request, at, room, name, &entry.attr, next);
}

static void read_folder(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                        bool with_attributes)
{
    const struct folder *folder = folder_for(request, number);
    if (!folder)
        return;
    char *buffer = reply_reserve(size);
    if (!buffer) {
        fuse_reply_err(request, ENOMEM);
        return;
    }
    const uint32_t parent = nodes_get(server.options->nodes, number)->parent;
    size_t used = 0;
    for (uint64_t i = offset < 0 ? 0 : (uint64_t)offset; i < folder->count + 2; i++) {
        size_t added;
        if (i < 2)
            added =
                add_dots(request, buffer + used, size - used, i ? ".." : ".",
                         i && parent ? parent : (uint32_t)number, (off_t)i + 1, with_attributes);
        else
            added = add_entry(request, buffer + used, size - used, folder->children[i - 2].name,
                              folder->children[i - 2].node, (off_t)i + 1, with_attributes);
        if (added > size - used)
            break;
        used += added;
    }
    fuse_reply_buf(request, buffer, used);
}

static void on_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    (void)file;
    read_folder(request, number, size, offset, false);
}

static void on_readdirplus(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                           struct fuse_file_info *file)
{
    (void)file;
    read_folder(request, number, size, offset, true);
}

static void on_statfs(fuse_req_t request, fuse_ino_t number)
{
    (void)number;
    const struct statvfs st = {
        .f_bsize = 4096,
        .f_frsize = 4096,
        .f_blocks = (server.options->bytes + 4095) / 4096,
        .f_files = nodes_count(server.options->nodes),
        .f_namemax = 255,
    };
    fuse_reply_statfs(request, &st);
}

/* ---- content ---- */

static void on_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    (void)file;
    const struct node *node = node_for(request, number);
    if (!node)
        return;
    const uint64_t from = offset < 0 ? 0 : (uint64_t)offset;
    if (node->type != NODE_FILE || from >= node->blob.size) {
        fuse_reply_buf(request, NULL, 0);
        return;
    }
    if (size > node->blob.size - from)
        size = (size_t)(node->blob.size - from);
    if (from == 0) {
        nodes_give(server.options->nodes, (uint32_t)number);
        ahead_saw(server.ahead, (uint32_t)number);
    }
    char *buffer = reply_reserve(size);
    HRESULT hr =
        buffer ? store_read(server.options->store, &node->blob, from, buffer, size) : FAIL_MEMORY();
    if (FAILED(hr))
        fuse_reply_err(request, errno_of(hr, number));
    else
        fuse_reply_buf(request, buffer, size);
}

static void give(uint32_t number, const void *data, size_t size)
{
    struct fuse_bufvec content = FUSE_BUFVEC_INIT(size);
    content.buf[0].mem = (void *)data;
    fuse_lowlevel_notify_store(server.session, number, 0, &content, 0);
}

/* ---- extended attributes ---- */

static void reply_value(fuse_req_t request, const void *value, size_t len, size_t room)
{
    if (room == 0)
        fuse_reply_xattr(request, len);
    else if (len > room)
        fuse_reply_err(request, ERANGE);
    else
        fuse_reply_buf(request, value, len);
}

static void on_getxattr(fuse_req_t request, fuse_ino_t number, const char *name, size_t room)
{
    const struct node *node = node_for(request, number);
    if (!node)
        return;
    struct attribute value;
    if (!attribute_find(node, name, &value)) {
        fuse_reply_err(request, ENODATA);
        return;
    }
    if (!value.blob) {
        reply_value(request, value.bytes, value.size, room);
        return;
    }
    if (value.blob->size > ATTRIBUTE_SIZE_MAX) {
        fuse_reply_err(request, E2BIG);
        return;
    }
    const size_t size = (size_t)value.blob->size;
    char *buffer = room ? reply_reserve(size + 1) : NULL;
    HRESULT hr = S_OK;
    if (room)
        hr =
            buffer ? store_read(server.options->store, value.blob, 0, buffer, size) : FAIL_MEMORY();
    if (FAILED(hr))
        fuse_reply_err(request, errno_of(hr, number));
    else
        reply_value(request, buffer, size, room);
}

static void on_listxattr(fuse_req_t request, fuse_ino_t number, size_t room)
{
    const struct node *node = node_for(request, number);
    if (!node)
        return;
    struct text names AUTO(text_clear) = {0};
    if (!server.options->hides_streams)
        attribute_names(node, &names);
    if (names.failed)
        fuse_reply_err(request, ENOMEM);
    else
        reply_value(request, names.ptr, names.len, room);
}

/* ---- the loop ---- */

static void on_init(void *context, struct fuse_conn_info *connection)
{
    (void)context;
    const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS |
                            FUSE_CAP_CACHE_SYMLINKS;
    connection->want = connection->capable & wanted;
    connection->max_background = BACKGROUND_REQUESTS;
    connection->congestion_threshold = BACKGROUND_REQUESTS;
    connection->time_gran = 100;
    atomic_store(&server.state, AGREED);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .readlink = on_readlink,
    .open = on_open,
    .opendir = on_open,
    .read = on_read,
    .readdir = on_readdir,
    .readdirplus = on_readdirplus,
    .statfs = on_statfs,
    .getxattr = on_getxattr,
    .listxattr = on_listxattr,
};

static void serve(void *unused)
{
    (void)unused;
    struct fuse_buf request = {0};
    while (!fuse_session_exited(server.session)) {
        int got = fuse_session_receive_buf(server.session, &request);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            break;
        if (atomic_load_explicit(&server.state, memory_order_relaxed) == AGREED &&
            atomic_exchange(&server.state, TOLD) == AGREED)
            server.options->agreed();
        fuse_session_process_buf(server.session, &request);
    }
    if (atomic_fetch_sub(&server.running, 1) == 1)
        server.options->ended();
}

static HRESULT start_thread(void)
{
    struct os_thread *thread = NULL; /* ends with the process */
    atomic_fetch_add(&server.running, 1);
    HRESULT hr = os_thread_start(serve, NULL, &thread);
    if (FAILED(hr))
        atomic_fetch_sub(&server.running, 1);
    return hr;
}

HRESULT server_start(const struct server_options *options, int fuse_fd)
{
    static char name[] = "dismfake-mount";
    char *argv[] = {name, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    server.options = options;
    TRY(ahead_new(options->nodes, options->store, give, &server.ahead));
    server.session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    if (!server.session)
        return FAIL(E_FAIL, "libfuse does not start");
    char descriptor[32];
    snprintf(descriptor, sizeof descriptor, "/dev/fd/%d", fuse_fd);
    if (fuse_session_mount(server.session, descriptor) != 0)
        return FAIL(E_FAIL, "libfuse does not take the descriptor %d", fuse_fd);
    return start_thread();
}

HRESULT server_widen(void)
{
    unsigned count = os_processor_count() + 2;
    count = count < THREADS_MIN ? THREADS_MIN : count > THREADS_MAX ? THREADS_MAX : count;
    for (unsigned i = 1; i < count; i++)
        TRY(start_thread());
    return ahead_start(server.ahead);
}
