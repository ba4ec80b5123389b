/* SPDX-License-Identifier: MIT */
/* tree.c - see tree.h. */
#include "tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "path.h"
#include "text.h"

#define MAGIC "dismfake manifest 1\n"
#define REPORT_EVERY 256

void tree_clear(struct tree *tree)
{
    for (size_t i = 0; i < tree->list.len; i++)
        mem_free(tree->list.ptr[i].path);
    vec_clear(&tree->list);
}

/* ---- scanning ---- */

struct scan {
    struct tree *out;
    uint64_t device; /* of the root: what lies on another one is not part of the tree */
    HRESULT (*seen)(void *context, size_t count);
    void *context;
};

static HRESULT scan_folder(const struct scan *scan, const char *folder, const char *below);

static HRESULT scan_entry(const struct scan *scan, const char *folder, const char *below,
                          const char *name)
{
    AUTO_FREE char *path = NULL;
    TRY(path_join(folder, name, &path));
    struct os_stat now;
    TRY(os_lstat(path, &now));
    if (now.type == OS_TYPE_DIRECTORY && now.device != scan->device)
        return FAIL(HR_WIN32(ERROR_BUSY), "another file system is mounted at %s", path);
    struct tree_entry *entry = vec_push(&scan->out->list);
    if (!entry)
        return FAIL_MEMORY();
    entry->path = *below ? mem_format("%s/%s", below, name) : mem_dup(name);
    if (!entry->path)
        return FAIL_MEMORY();
    entry->type = now.type;
    entry->inode = now.inode;
    entry->size = now.size;
    entry->mtime_ns = now.mtime_ns;
    entry->ctime_ns = now.ctime_ns;
    if (scan->seen && scan->out->list.len % REPORT_EVERY == 0)
        TRY(scan->seen(scan->context, scan->out->list.len));
    if (now.type != OS_TYPE_DIRECTORY)
        return S_OK;
    AUTO_FREE char *relative = mem_dup(entry->path); /* the list may move */
    return relative ? scan_folder(scan, path, relative) : FAIL_MEMORY();
}

static HRESULT scan_folder(const struct scan *scan, const char *folder, const char *below)
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(folder, &names));
    for (size_t i = 0; i < names.len; i++)
        TRY(scan_entry(scan, folder, below, names.ptr[i]));
    return S_OK;
}

HRESULT tree_scan(const char *root, struct tree *out, HRESULT (*seen)(void *context, size_t count),
                  void *context)
{
    struct os_stat folder;
    TRY(os_stat(root, &folder));
    struct scan scan = {out, folder.device, seen, context};
    return scan_folder(&scan, root, "");
}

/* ---- keeping ---- */

HRESULT tree_save(const struct tree *tree, const char *path)
{
    struct text text AUTO(text_clear) = {0};
    text_add(&text, MAGIC);
    for (size_t i = 0; i < tree->list.len; i++) {
        const struct tree_entry *entry = &tree->list.ptr[i];
        text_addf(&text, "%d %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " ", (int)entry->type,
                  entry->inode, entry->size, entry->mtime_ns, entry->ctime_ns);
        text_add_n(&text, entry->path, strlen(entry->path) + 1);
    }
    return text.failed ? FAIL_MEMORY() : os_write_file_atomic(path, text.ptr, text.len);
}

HRESULT tree_keep(const struct tree *tree, const char *path, const char *root)
{
    int64_t newest = 0;
    TRY(tree_save(tree, path));
    if (os_file_clock_is_fine(root))
        return S_OK;
    for (size_t i = 0; i < tree->list.len; i++)
        if (tree->list.ptr[i].ctime_ns > newest)
            newest = tree->list.ptr[i].ctime_ns;
    os_await_file_clock(newest);
    return S_OK;
}

/* One entry; *next_out is what follows it, NULL if it is damaged. */
static HRESULT load_entry(const char *at, const char *end, struct tree_entry *entry,
                          const char **next_out)
{
    *next_out = NULL;
    char *next;
    entry->type = (enum os_type)strtoul(at, &next, 10);
    entry->inode = strtoull(next, &next, 10);
    entry->size = strtoull(next, &next, 10);
    entry->mtime_ns = strtoll(next, &next, 10);
    entry->ctime_ns = strtoll(next, &next, 10);
    if (*next != ' ')
        return S_OK;
    const char *name = next + 1;
    size_t len = strlen(name);
    if (len == 0 || name + len >= end)
        return S_OK;
    entry->path = mem_dup(name);
    *next_out = name + len + 1;
    return entry->path ? S_OK : FAIL_MEMORY();
}

HRESULT tree_load(const char *path, struct tree *out)
{
    AUTO_FREE char *data = NULL;
    size_t size;
    TRY(os_read_file(path, &data, &size));
    if (size < strlen(MAGIC) || memcmp(data, MAGIC, strlen(MAGIC)) != 0)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "%s is no manifest", path);
    const char *end = data + size;
    for (const char *at = data + strlen(MAGIC); at < end;) {
        struct tree_entry *entry = vec_push(&out->list);
        if (!entry)
            return FAIL_MEMORY();
        TRY(load_entry(at, end, entry, &at));
        if (!at)
            return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the manifest %s is damaged", path);
    }
    return S_OK;
}

/* ---- comparing ---- */

int tree_compare_paths(const char *a, const char *b)
{
    for (;; a++, b++) {
        /* A separator sorts before everything, so that a folder's content follows the folder. */
        int x = *a == '\0' ? 0 : *a == '/' ? 1 : (unsigned char)*a + 2;
        int y = *b == '\0' ? 0 : *b == '/' ? 1 : (unsigned char)*b + 2;
        if (x != y)
            return x - y;
        if (x == 0)
            return 0;
    }
}

bool tree_is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return len && strncmp(path, folder, len) == 0 && path[len] == '/';
}

bool tree_is_same(const struct tree_entry *old, const struct tree_entry *now)
{
    if (now->type == OS_TYPE_DIRECTORY)
        return true;
    return old->inode == now->inode && old->size == now->size && old->mtime_ns == now->mtime_ns &&
           old->ctime_ns == now->ctime_ns;
}

void wim_changes_clear(wim_changes *changes)
{
    for (size_t i = 0; i < changes->len; i++) {
        mem_free(changes->ptr[i].path);
        mem_free(changes->ptr[i].source);
    }
    vec_clear(changes);
}

HRESULT wim_changes_add(wim_changes *changes, enum wim_change_kind kind, const char *path,
                        const char *source)
{
    struct wim_change *change = vec_push(changes);
    if (!change)
        return FAIL_MEMORY();
    change->kind = kind;
    change->path = mem_dup(path);
    change->source = kind == WIM_ADD ? mem_dup(source) : NULL;
    return change->path && (kind != WIM_ADD || change->source) ? S_OK : FAIL_MEMORY();
}

HRESULT wim_changes_move(wim_changes *from, wim_changes *to)
{
    for (size_t i = 0; i < from->len; i++) {
        struct wim_change *change = vec_push(to);
        if (!change)
            return FAIL_MEMORY();
        *change = from->ptr[i];
        from->ptr[i] = (struct wim_change){0};
    }
    wim_changes_clear(from);
    return S_OK;
}

struct comparison {
    const char *root;
    wim_changes *deletions, *additions;
    const char *deleted, *added; /* the last folders named: what lies below is included */
};

static HRESULT gone(struct comparison *c, const struct tree_entry *old)
{
    if (c->deleted && tree_is_below(old->path, c->deleted))
        return S_OK;
    if (old->type == OS_TYPE_DIRECTORY)
        c->deleted = old->path;
    return wim_changes_add(c->deletions, WIM_DELETE, old->path, NULL);
}

/* NTFS would not have let anybody make such a file; a backslash would even become a folder. */
static HRESULT check_name(const char *path)
{
    const char *slash = strrchr(path, '/'); /* path_name would see a separator in a backslash */
    for (const char *at = slash ? slash + 1 : path; *at; at++)
        if ((unsigned char)*at < 0x20 || strchr("\\:<>\"|?*", *at))
            return FAIL(HR_WIN32(ERROR_INVALID_NAME), "%s: Windows has no such file name", path);
    if (!text_is_utf8(path, strlen(path)))
        return FAIL(HR_WIN32(ERROR_NO_UNICODE_TRANSLATION), "%s: the name is not UTF-8", path);
    return S_OK;
}

HRESULT tree_check_storable(const struct tree_entry *entry)
{
    TRY(check_name(entry->path));
    if (entry->type == OS_TYPE_OTHER || entry->type == OS_TYPE_WHITEOUT)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED),
                    "%s is a socket, a device or a pipe, which an image cannot hold", entry->path);
    return S_OK;
}

static HRESULT came(struct comparison *c, const struct tree_entry *now)
{
    AUTO_FREE char *source = NULL;
    TRY(tree_check_storable(now));
    if (c->added && tree_is_below(now->path, c->added))
        return S_OK;
    if (now->type == OS_TYPE_DIRECTORY)
        c->added = now->path;
    TRY(path_join(c->root, now->path, &source));
    return wim_changes_add(c->additions, WIM_ADD, now->path, source);
}

static HRESULT both(struct comparison *c, const struct tree_entry *old,
                    const struct tree_entry *now)
{
    if (old->type != now->type) {
        TRY(gone(c, old));
        return came(c, now);
    }
    return tree_is_same(old, now) ? S_OK : came(c, now);
}

HRESULT tree_side_by_side(const struct tree *old, const struct tree *now,
                          HRESULT (*each)(void *context, const struct tree_entry *old,
                                          const struct tree_entry *now),
                          void *context)
{
    size_t i = 0, k = 0;
    while (i < old->list.len || k < now->list.len) {
        int order = i == old->list.len ? 1
                    : k == now->list.len
                        ? -1
                        : tree_compare_paths(old->list.ptr[i].path, now->list.ptr[k].path);
        TRY(each(context, order <= 0 ? &old->list.ptr[i] : NULL,
                 order >= 0 ? &now->list.ptr[k] : NULL));
        i += order <= 0;
        k += order >= 0;
    }
    return S_OK;
}

static HRESULT compare(void *context, const struct tree_entry *old, const struct tree_entry *now)
{
    struct comparison *c = context;
    if (!now)
        return gone(c, old);
    return old ? both(c, old, now) : came(c, now);
}

/* ---- hard links ---- */

typedef VEC(uint64_t) inode_list;

static void inode_list_clear(inode_list *list)
{
    vec_clear(list);
}

static int compare_inodes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool has_inode(const inode_list *list, uint64_t inode)
{
    return list->len &&
           bsearch(&inode, list->ptr, list->len, sizeof *list->ptr, compare_inodes) != NULL;
}

/* Is it named by an addition, or below one? `from` moves along with the entries. */
static bool is_added(const wim_changes *additions, const char *path, size_t *from)
{
    while (*from < additions->len) {
        const char *added = additions->ptr[*from].path;
        if (text_equal(added, path) || tree_is_below(path, added))
            return true;
        if (tree_compare_paths(added, path) > 0)
            return false;
        (*from)++;
    }
    return false;
}

static HRESULT list_added(const struct tree *now, const wim_changes *additions, inode_list *out)
{
    size_t at = 0;
    for (size_t i = 0; i < now->list.len && at < additions->len; i++) {
        const struct tree_entry *entry = &now->list.ptr[i];
        if (entry->type == OS_TYPE_DIRECTORY || !is_added(additions, entry->path, &at))
            continue;
        uint64_t *inode = vec_push(out);
        if (!inode)
            return FAIL_MEMORY();
        *inode = entry->inode;
    }
    if (out->len)
        qsort(out->ptr, out->len, sizeof *out->ptr, compare_inodes);
    return S_OK;
}

HRESULT tree_add_linked(const struct tree *now, const char *root, wim_changes *additions)
{
    inode_list added AUTO(inode_list_clear) = {0};
    wim_changes others AUTO(wim_changes_clear) = {0};
    size_t at = 0;
    TRY(list_added(now, additions, &added));
    for (size_t i = 0; i < now->list.len && added.len; i++) {
        const struct tree_entry *entry = &now->list.ptr[i];
        AUTO_FREE char *source = NULL;
        if (entry->type == OS_TYPE_DIRECTORY || !has_inode(&added, entry->inode) ||
            is_added(additions, entry->path, &at))
            continue;
        TRY(path_join(root, entry->path, &source));
        TRY(wim_changes_add(&others, WIM_ADD, entry->path, source));
    }
    return wim_changes_move(&others, additions);
}

HRESULT tree_changes(const struct tree *old, const struct tree *now, const char *root,
                     wim_changes *out)
{
    wim_changes additions AUTO(wim_changes_clear) = {0};
    struct comparison c = {.root = root, .deletions = out, .additions = &additions};
    TRY(tree_side_by_side(old, now, compare, &c));
    TRY(tree_add_linked(now, root, &additions));
    return wim_changes_move(&additions, out);
}

static const struct tree_entry *find(const struct tree *tree, const char *path, size_t *from)
{
    for (; *from < tree->list.len; (*from)++) {
        int order = tree_compare_paths(path, tree->list.ptr[*from].path);
        if (order <= 0)
            return order == 0 ? &tree->list.ptr[*from] : NULL;
    }
    return NULL;
}

void tree_accept_copied(struct tree *old, const struct tree *then, const struct tree *now)
{
    size_t in_then = 0, in_now = 0;
    for (size_t i = 0; i < old->list.len; i++) {
        struct tree_entry *entry = &old->list.ptr[i];
        const struct tree_entry *was = find(then, entry->path, &in_then);
        const struct tree_entry *is = find(now, entry->path, &in_now);
        bool is_changed = !was || !is || entry->inode != was->inode || !tree_is_same(entry, was);
        entry->inode = is_changed ? 0 : is->inode; /* no file has the number 0 */
        if (is_changed)
            continue;
        entry->size = is->size;
        entry->mtime_ns = is->mtime_ns;
        entry->ctime_ns = is->ctime_ns;
    }
}

void tree_mark_changed(struct tree *old, const struct tree *now)
{
    size_t at = 0;
    for (size_t i = 0; i < old->list.len; i++) {
        struct tree_entry *entry = &old->list.ptr[i];
        const struct tree_entry *is = find(now, entry->path, &at);
        if (is && is->type == entry->type && !tree_is_same(entry, is))
            entry->inode = 0;
    }
}

static HRESULT list_moved(const struct tree *now, inode_list *out)
{
    for (size_t i = 0; i < now->list.len; i++) {
        if (strchr(now->list.ptr[i].path, '/'))
            continue;
        uint64_t *inode = vec_push(out);
        if (!inode)
            return FAIL_MEMORY();
        *inode = now->list.ptr[i].inode;
    }
    if (out->len)
        qsort(out->ptr, out->len, sizeof *out->ptr, compare_inodes);
    return S_OK;
}

HRESULT tree_accept_moved(struct tree *old, const struct tree *now)
{
    inode_list moved AUTO(inode_list_clear) = {0};
    size_t at = 0;
    TRY(list_moved(now, &moved));
    for (size_t i = 0; i < old->list.len && moved.len; i++) {
        struct tree_entry *before = &old->list.ptr[i];
        const struct tree_entry *after = find(now, before->path, &at);
        if (after && before->inode == after->inode && before->size == after->size &&
            before->mtime_ns == after->mtime_ns && has_inode(&moved, after->inode))
            before->ctime_ns = after->ctime_ns;
    }
    return S_OK;
}
