/* SPDX-License-Identifier: MIT */
/*
 * nodes.c - see nodes.h.
 *
 * Nodes lie in pages that never move, so that a number leads to its node without a lock. What is in
 * a node is written before its number gets out.
 */
#include "nodes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "hash.h"
#include "mem.h"
#include "os.h"
#include "reparse.h"
#include "text.h"
#include "vec.h"

#define PAGE_NODES 1024u
#define PAGES_MAX 32768u
#define TARGET_MAX 65536u

#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_REPARSE_POINT 0x400u
#define UNIX_TYPE 0170000u
#define UNIX_FILE 0100000u
#define UNIX_FOLDER 0040000u
#define UNIX_LINK 0120000u

struct link_group {
    uint64_t group; /* 0: free */
    uint32_t node;
};

struct nodes {
    struct wim *wim;
    unsigned index;
    struct store *store;
    char *link_root;
    _Atomic(struct node *) pages[PAGES_MAX];
    _Atomic uint32_t given;
    struct os_mutex lock; /* the WIM, and what follows */
    uint32_t count;       /* numbers given out; 0 is none of them */
    struct link_group *groups;
    size_t group_count, group_cap;
};

const struct node *nodes_get(struct nodes *nodes, uint64_t number)
{
    if (number == 0 || number >= (uint64_t)PAGE_NODES * PAGES_MAX)
        return NULL;
    struct node *page =
        atomic_load_explicit(&nodes->pages[number / PAGE_NODES], memory_order_acquire);
    return page ? &page[number % PAGE_NODES] : NULL;
}

static HRESULT add_node(struct nodes *nodes, uint32_t *number, struct node **out)
{
    const uint32_t next = nodes->count + 1;
    if (next >= PAGE_NODES * PAGES_MAX)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED), "an image with more than %u files", next);
    _Atomic(struct node *) *at = &nodes->pages[next / PAGE_NODES];
    struct node *page = atomic_load_explicit(at, memory_order_relaxed);
    if (!page) {
        page = mem_array(PAGE_NODES, sizeof *page);
        if (!page)
            return FAIL_MEMORY();
        atomic_store_explicit(at, page, memory_order_release);
    }
    nodes->count = next;
    *number = next;
    *out = &page[next % PAGE_NODES];
    return S_OK;
}

/* ---- hard links ---- */

static struct link_group *group_at(struct link_group *groups, size_t cap, uint64_t group)
{
    size_t i = (size_t)((group * 0x9E3779B97F4A7C15u) >> 32) & (cap - 1);
    while (groups[i].group && groups[i].group != group)
        i = (i + 1) & (cap - 1);
    return &groups[i];
}

static HRESULT grow_groups(struct nodes *nodes)
{
    if (nodes->group_count * 2 < nodes->group_cap)
        return S_OK;
    size_t cap = nodes->group_cap ? nodes->group_cap * 2 : 64;
    struct link_group *groups = mem_array(cap, sizeof *groups);
    if (!groups)
        return FAIL_MEMORY();
    for (size_t i = 0; i < nodes->group_cap; i++) {
        if (nodes->groups[i].group)
            *group_at(groups, cap, nodes->groups[i].group) = nodes->groups[i];
    }
    mem_free(nodes->groups);
    nodes->groups = groups;
    nodes->group_cap = cap;
    return S_OK;
}

/* ---- an entry of the WIM as a node ---- */

static enum node_type type_of(const struct wim_file *entry)
{
    if (entry->attributes & ATTRIBUTE_REPARSE_POINT && reparse_is_link(entry->reparse_tag))
        return NODE_LINK;
    if (entry->attributes & ATTRIBUTE_DIRECTORY)
        return NODE_FOLDER;
    const uint32_t type = entry->has_unix_mode ? entry->unix_mode & UNIX_TYPE : UNIX_FILE;
    return type == UNIX_FILE || type == UNIX_FOLDER || type == UNIX_LINK || type == 0
               ? NODE_FILE
               : NODE_SPECIAL;
}

static HRESULT copy_streams(const struct wim_file *entry, struct node *node)
{
    if (entry->stream_count < 2)
        return S_OK;
    node->streams = mem_array(entry->stream_count - 1, sizeof *node->streams);
    if (!node->streams)
        return FAIL_MEMORY();
    for (size_t i = 1; i < entry->stream_count; i++) {
        if (!entry->streams[i].name)
            continue;
        struct node_stream *stream = &node->streams[node->stream_count];
        stream->name = mem_dup(entry->streams[i].name);
        stream->blob = entry->streams[i].blob;
        if (!stream->name)
            return FAIL_MEMORY();
        node->stream_count++;
    }
    return S_OK;
}

static HRESULT read_target(struct nodes *nodes, const struct wim_file *entry, char **out)
{
    const struct wim_blob *blob = &entry->streams[0].blob;
    if (blob->size > TARGET_MAX)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the link %s has %llu bytes of data", entry->name,
                    (unsigned long long)blob->size);
    AUTO_FREE unsigned char *data = mem_alloc((size_t)blob->size + 1);
    if (!data)
        return FAIL_MEMORY();
    TRY(store_read(nodes->store, blob, 0, data, (size_t)blob->size));
    return reparse_target(entry->reparse_tag, data, (size_t)blob->size, nodes->link_root, out);
}

static HRESULT fill_node(struct nodes *nodes, const struct wim_file *entry, struct node *node)
{
    *node = (struct node){
        .type = type_of(entry),
        .attributes = entry->attributes,
        .links = entry->links ? entry->links : 1,
        .unix_mode = entry->has_unix_mode ? entry->unix_mode : 0,
        .unix_device = entry->unix_device,
        .security = entry->security_size ? entry->security : NULL,
        .security_size = (uint32_t)entry->security_size,
        .created = entry->created,
        .written = entry->written,
        .accessed = entry->accessed,
    };
    /* The nameless stream of a reparse point is its reparse data, and no content. */
    if (node->type == NODE_FILE && !(entry->attributes & ATTRIBUTE_REPARSE_POINT))
        node->blob = entry->streams[0].blob;
    if (node->blob.size > INT64_MAX)
        node->blob = (struct wim_blob){.kind = WIM_BLOB_ELSEWHERE};
    if (node->type == NODE_LINK && FAILED(read_target(nodes, entry, &node->target))) {
        /* The link stays, and reading it says that it is damaged. */
        if (error_last()->hr == E_OUTOFMEMORY)
            return E_OUTOFMEMORY;
        error_clear();
    }
    return copy_streams(entry, node);
}

static HRESULT node_of_entry(struct nodes *nodes, const struct wim_file *entry, uint32_t *number)
{
    struct link_group *group = NULL;
    if (entry->link_group) {
        TRY(grow_groups(nodes));
        group = group_at(nodes->groups, nodes->group_cap, entry->link_group);
        if (group->group) {
            *number = group->node;
            return S_OK;
        }
    }
    struct node *node = NULL;
    TRY(add_node(nodes, number, &node));
    TRY(fill_node(nodes, entry, node));
    if (group) {
        *group = (struct link_group){.group = entry->link_group, .node = *number};
        nodes->group_count++;
    }
    return S_OK;
}

/* ---- folders ---- */

struct collected {
    size_t name; /* in the text */
    uint32_t node;
    bool is_folder;
};
struct collecting {
    struct nodes *nodes;
    struct text names;
    VEC(struct collected) entries;
};

static void collecting_clear(struct collecting *c)
{
    text_clear(&c->names);
    vec_clear(&c->entries);
}

static HRESULT on_child(void *context, const struct wim_file *entry)
{
    struct collecting *c = context;
    if (!entry->name || !*entry->name)
        return S_OK;
    uint32_t number;
    TRY(node_of_entry(c->nodes, entry, &number));
    struct collected *one = vec_push(&c->entries);
    if (!one)
        return FAIL_MEMORY();
    *one = (struct collected){.name = c->names.len,
                              .node = number,
                              .is_folder = nodes_get(c->nodes, number)->type == NODE_FOLDER};
    text_add_n(&c->names, entry->name, strlen(entry->name) + 1);
    return c->names.failed ? FAIL_MEMORY() : S_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct child *)a)->name, ((const struct child *)b)->name);
}

static void folder_free(struct folder *folder)
{
    mem_free(folder->children);
    mem_free(folder->names);
    mem_free(folder);
}
DEFINE_SCOPE(folder, struct folder, folder_free)

/* What an overlay keeps of a file that it copies up (image/upper.c finds its other names by it). */
static HRESULT note_origin(const char *folder, const char *name, struct node *node)
{
    AUTO_FREE char *path = mem_format("%s/%s", folder, name);
    if (!path)
        return FAIL_MEMORY();
    node->origin = hash_name(path + 1);
    return S_OK;
}

static HRESULT make_folder(struct collecting *c, uint32_t number, const char *path,
                           struct folder **out)
{
    AUTO(scope_folder) struct folder *folder = mem_alloc(sizeof *folder);
    if (!folder)
        return FAIL_MEMORY();
    folder->count = c->entries.len;
    folder->names = text_take(&c->names);
    folder->children = mem_array(folder->count + 1, sizeof *folder->children);
    if (!folder->names || !folder->children)
        return FAIL_MEMORY();
    size_t at = 0;
    for (int folders = 0; folders <= 1; folders++) {
        const size_t begin = at;
        for (size_t i = 0; i < folder->count; i++) {
            const struct collected *one = &c->entries.ptr[i];
            if (one->is_folder == folders)
                folder->children[at++] =
                    (struct child){.name = folder->names + one->name, .node = one->node};
        }
        qsort(folder->children + begin, at - begin, sizeof *folder->children, by_name);
        if (!folders)
            folder->file_count = at;
    }
    for (size_t i = 0; i < folder->count; i++) {
        struct node *child = (struct node *)nodes_get(c->nodes, folder->children[i].node);
        if (child->parent)
            continue; /* another name of a file that is in use already */
        child->place = (uint32_t)i;
        child->parent = number;
        if (child->type == NODE_FOLDER)
            child->name = folder->children[i].name;
        else if (child->links > 1)
            TRY(note_origin(path, folder->children[i].name, child));
    }
    *out = TAKE(folder);
    return S_OK;
}

static HRESULT add_path(struct nodes *nodes, uint32_t number, struct text *path)
{
    if (number == NODE_ROOT)
        return S_OK;
    const struct node *node = nodes_get(nodes, number);
    TRY(add_path(nodes, node->parent, path));
    text_add(path, "/");
    text_add(path, node->name);
    return path->failed ? FAIL_MEMORY() : S_OK;
}

static HRESULT read_folder(struct nodes *nodes, uint32_t number, struct folder **out)
{
    struct text path AUTO(text_clear) = {0};
    TRY(add_path(nodes, number, &path));
    struct collecting c AUTO(collecting_clear) = {.nodes = nodes};
    TRY(wim_children(nodes->wim, nodes->index, path.len ? path.ptr : "/", on_child, &c));
    return make_folder(&c, number, path.len ? path.ptr : "", out);
}

HRESULT nodes_folder(struct nodes *nodes, uint32_t number, const struct folder **out)
{
    struct node *node = (struct node *)nodes_get(nodes, number);
    struct folder *folder = __atomic_load_n(&node->folder, __ATOMIC_ACQUIRE);
    if (!folder) {
        AUTO_LOCK(&nodes->lock);
        folder = node->folder;
        if (!folder) {
            TRY(read_folder(nodes, number, &folder));
            __atomic_store_n(&node->folder, folder, __ATOMIC_RELEASE);
        }
    }
    *out = folder;
    return S_OK;
}

const struct folder *nodes_known_folder(struct nodes *nodes, uint32_t number)
{
    struct node *node = (struct node *)nodes_get(nodes, number);
    return __atomic_load_n(&node->folder, __ATOMIC_ACQUIRE);
}

static uint32_t find_among(const struct child *children, size_t count, const char *name)
{
    const struct child key = {.name = name};
    const struct child *found = bsearch(&key, children, count, sizeof key, by_name);
    return found ? found->node : 0;
}

uint32_t folder_find(const struct folder *folder, const char *name)
{
    uint32_t node = find_among(folder->children, folder->file_count, name);
    return node ? node
                : find_among(folder->children + folder->file_count,
                             folder->count - folder->file_count, name);
}

/* ---- walking ---- */

/* The folder behind this one and everything below it; S_FALSE: none. */
static HRESULT next_folder(struct nodes *nodes, uint32_t number, uint32_t *next)
{
    while (number != NODE_ROOT) {
        const struct node *node = nodes_get(nodes, number);
        const struct folder *parent = NULL;
        TRY(nodes_folder(nodes, node->parent, &parent));
        if (node->place + 1 < parent->count) {
            *next = parent->children[node->place + 1].node;
            return S_OK;
        }
        number = node->parent;
    }
    return S_FALSE;
}

HRESULT nodes_next_file(struct nodes *nodes, struct place *place, uint32_t *number)
{
    for (;;) {
        const struct folder *folder = NULL;
        TRY(nodes_folder(nodes, place->folder, &folder));
        if (place->index < folder->file_count) {
            *number = folder->children[place->index++].node;
            if (nodes_get(nodes, *number)->type == NODE_FILE)
                return S_OK;
            continue;
        }
        uint32_t next = 0;
        if (folder->file_count < folder->count)
            next = folder->children[folder->file_count].node;
        HRESULT hr = next ? S_OK : next_folder(nodes, place->folder, &next);
        if (hr != S_OK)
            return hr;
        *place = (struct place){.folder = next};
    }
}

/* Time is counted in files given: what was given long ago may be forgotten. 0: never given. */
#define GIVEN_LASTS 50000u

void nodes_give(struct nodes *nodes, uint32_t number)
{
    uint32_t now = atomic_fetch_add_explicit(&nodes->given, 1, memory_order_relaxed) + 1;
    struct node *node = (struct node *)nodes_get(nodes, number);
    __atomic_store_n(&node->given, now ? now : 1, __ATOMIC_RELAXED);
}

bool nodes_was_given(struct nodes *nodes, uint32_t number)
{
    struct node *node = (struct node *)nodes_get(nodes, number);
    uint32_t when = __atomic_load_n(&node->given, __ATOMIC_RELAXED);
    uint32_t now = atomic_load_explicit(&nodes->given, memory_order_relaxed);
    return when && now - when < GIVEN_LASTS;
}

/* ---- all of them ---- */

static HRESULT on_root(void *context, const struct wim_file *entry)
{
    uint32_t number;
    TRY(node_of_entry(context, entry, &number));
    if (nodes_get(context, number)->type != NODE_FOLDER)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the image's root is no folder");
    return S_OK;
}

HRESULT nodes_new(struct wim *wim, unsigned index, struct store *store, const char *link_root,
                  struct nodes **out)
{
    struct nodes *nodes = mem_alloc(sizeof *nodes);
    if (!nodes)
        return FAIL_MEMORY();
    nodes->wim = wim;
    nodes->index = index;
    nodes->store = store;
    nodes->link_root = mem_dup(link_root);
    HRESULT hr = nodes->link_root ? wim_file_at(wim, index, "/", on_root, nodes) : FAIL_MEMORY();
    if (SUCCEEDED(hr) && nodes->count != NODE_ROOT)
        hr = FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the image %u has no root", index);
    if (FAILED(hr)) {
        nodes_free(nodes);
        return hr;
    }
    *out = nodes;
    return S_OK;
}

static void clear_node(struct node *node)
{
    for (uint32_t i = 0; i < node->stream_count; i++)
        mem_free(node->streams[i].name);
    mem_free(node->streams);
    if (node->type == NODE_LINK)
        mem_free(node->target);
    else if (node->type == NODE_FOLDER && node->folder)
        folder_free(node->folder);
}

void nodes_free(struct nodes *nodes)
{
    if (!nodes)
        return;
    for (uint32_t i = 1; i <= nodes->count; i++)
        clear_node((struct node *)nodes_get(nodes, i));
    for (uint32_t i = 0; i < PAGES_MAX; i++)
        mem_free(nodes->pages[i]);
    mem_free(nodes->groups);
    mem_free(nodes->link_root);
    mem_free(nodes);
}

uint64_t nodes_count(struct nodes *nodes)
{
    AUTO_LOCK(&nodes->lock);
    return nodes->count;
}
