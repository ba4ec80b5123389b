/* SPDX-License-Identifier: MIT */
/* online.c - see online.h. Made of a recipe (fixtures/recipes/serviced-client.json) beside its
 * place and renamed, so that it is whole or not there. */
#include "online.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "mounts.h"
#include "online_recipe.h"
#include "op.h"
#include "os.h"
#include "path.h"
#include "recipe.h"
#include "restart.h"
#include "settings.h"
#include "text.h"

#define BOOT "online-boot" /* of the state folder: the boot in which it was last looked at */

/* A file's names after the first are links to it. */
struct seeding {
    const struct tree *tree;
    char **first; /* of each inode, NULL: not written yet */
};

static HRESULT write_file(const char *path, const struct content *content)
{
    AUTO_FREE uint8_t *bytes = mem_alloc((size_t)content->size + 1);
    AUTO_FILE struct os_file *file = NULL;
    if (!bytes)
        return FAIL_MEMORY();
    content_make(content, bytes);
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    return os_write(file, bytes, (size_t)content->size);
}

static HRESULT seed_file(struct seeding *s, size_t node, const char *path)
{
    size_t inode = s->tree->nodes.ptr[node].inode;
    if (s->first[inode])
        return os_make_hard_link(s->first[inode], path);
    TRY(write_file(path, &s->tree->inodes.ptr[inode].content));
    s->first[inode] = mem_dup(path);
    return s->first[inode] ? S_OK : FAIL_MEMORY();
}

static HRESULT seed_folder(struct seeding *s, size_t folder, const char *path)
{
    TRY(os_make_directories(path));
    for (size_t i = 0; i < s->tree->nodes.ptr[folder].children.len; i++) {
        size_t child = s->tree->nodes.ptr[folder].children.ptr[i];
        AUTO_FREE char *inner = NULL;
        TRY(path_join(path, s->tree->nodes.ptr[child].name, &inner));
        TRY(tree_inode(s->tree, child)->kind == INODE_DIRECTORY ? seed_folder(s, child, inner)
                                                                : seed_file(s, child, inner));
    }
    return S_OK;
}

/* What the fake makes for itself can be neither counted nor failed (floor.h). */
static HRESULT seed(const char *root)
{
    FLOOR_PAUSE();
    AUTO_RECIPE struct recipe *recipe = NULL;
    TRY(recipe_parse((const char *)online_recipe, sizeof online_recipe, NULL, RECIPE_WHOLE,
                     &recipe));
    struct seeding s = {.tree = &recipe->images.ptr[0].tree};
    s.first = mem_array(s.tree->inodes.len, sizeof *s.first);
    if (!s.first)
        return FAIL_MEMORY();
    HRESULT hr = seed_folder(&s, 0, root);
    for (size_t i = 0; i < s.tree->inodes.len; i++)
        mem_free(s.first[i]);
    mem_free(s.first);
    return hr;
}

HRESULT online_prepare(void)
{
    const struct settings *settings;
    TRY(settings_get(&settings));
    if (os_is_directory(settings->online))
        return S_OK;
    if (settings->online_is_given)
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "DISMFAKE_ONLINE names %s, which is no folder",
                    settings->online);
    AUTO_FREE char *making = mem_format("%s.making.%u", settings->online, os_pid());
    if (!making)
        return FAIL_MEMORY();
    if (os_exists(making))
        TRY(os_remove_tree(making, true));
    TRY(seed(making));
    HRESULT hr = os_rename(making, settings->online);
    if (FAILED(hr)) {
        (void)os_remove_tree(making, true);
        return os_is_directory(settings->online) ? S_OK : hr; /* another process was faster */
    }
    return S_OK;
}

/* ---- after a restart ---- */

static HRESULT boot_now(char **out)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    *out = mem_dup(m.boot);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT finish_pending(struct op *op, const char *root, const char *windows)
{
    struct winimage *image;
    TRY(winimage_open(root, windows, true, false, &image));
    HRESULT hr = restart_finish(image, op, STEP_SESSION_STAGE, STEP_SESSION_PLACE);
    winimage_close(image);
    op_no_cancel(op); /* the session is still to be opened, and may fail */
    return hr;
}

HRESULT online_after_restart(struct op *op, const char *root, const char *windows)
{
    const struct settings *settings;
    AUTO_FREE char *path = NULL, *boot = NULL, *known = NULL;
    size_t size;
    TRY(settings_get(&settings));
    TRY(path_join(settings->state, BOOT, &path));
    TRY(boot_now(&boot));
    if (os_is_file(path))
        TRY(os_read_file(path, &known, &size));
    if (known && text_equal(known, boot))
        return S_OK;
    if (known)
        TRY(finish_pending(op, root, windows));
    return os_write_file_atomic(path, boot, strlen(boot));
}
