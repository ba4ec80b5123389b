/* SPDX-License-Identifier: MIT */
/* plan.c - see plan.h. */
#include "plan.h"

#include "dism_codes.h"
#include "error.h"
#include "json.h"
#include "path.h"

void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->deletions.len; i++)
        mem_free(plan->deletions.ptr[i]);
    for (size_t i = 0; i < plan->items.len; i++) {
        mem_free(plan->items.ptr[i].path);
        mem_free(plan->items.ptr[i].source);
    }
    vec_clear(&plan->deletions);
    vec_clear(&plan->items);
}

static HRESULT add_deletion(struct plan *plan, const char *path)
{
    char **deletion = vec_push(&plan->deletions);
    if (!deletion || !(*deletion = mem_dup(path)))
        return FAIL_MEMORY();
    plan->work += PLAN_STEP;
    return S_OK;
}

static HRESULT add_item(struct plan *plan, const char *path, const char *source, bool is_anew);

static HRESULT add_children(struct plan *plan, const char *path, const char *source)
{
    AUTO_NAMES struct os_names names = {0};
    TRY(os_list(source, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *below = mem_format("%s/%s", path, names.ptr[i]), *from = NULL;
        if (!below)
            return FAIL_MEMORY();
        TRY(path_join(source, names.ptr[i], &from));
        TRY(add_item(plan, below, from, false));
    }
    return S_OK;
}

static HRESULT add_item(struct plan *plan, const char *path, const char *source, bool is_anew)
{
    struct os_stat now;
    TRY(os_lstat(source, &now));
    if (now.type == OS_TYPE_OTHER || now.type == OS_TYPE_WHITEOUT)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is neither file nor folder nor link", source);
    struct plan_item *item = vec_push(&plan->items);
    if (!item)
        return FAIL_MEMORY();
    *item = (struct plan_item){
        .path = mem_dup(path),
        .source = mem_dup(source),
        .type = now.type,
        .is_anew = is_anew,
        .has_own_mode = !os_has_default_mode(&now, os_umask()),
        .mode = now.mode,
        .size = now.size,
        .device = now.device,
        .inode = now.inode,
        .mtime_ns = now.mtime_ns,
    };
    if (!item->path || !item->source)
        return FAIL_MEMORY();
    plan->work += PLAN_STEP + (now.type == OS_TYPE_FILE ? now.size : 0);
    return now.type == OS_TYPE_DIRECTORY ? add_children(plan, path, source) : S_OK;
}

static HRESULT read_change(struct plan *plan, const struct json *change, size_t index)
{
    static const char *const keys[] = {"delete", "add", "from", "anew", NULL};
    AUTO_FREE char *pointer = json_pointer_index("", index);
    const char *deleted = NULL, *added, *source;
    bool is_anew = false;
    if (!pointer)
        return FAIL_MEMORY();
    TRY(json_only_keys(change, pointer, keys));
    TRY(json_opt_string(change, "delete", pointer, &deleted));
    if (deleted)
        return add_deletion(plan, deleted);
    TRY(json_need_string(change, "add", pointer, &added));
    TRY(json_need_string(change, "from", pointer, &source));
    TRY(json_opt_bool(change, "anew", pointer, &is_anew));
    return add_item(plan, added, source, is_anew);
}

HRESULT plan_read(const char *path, struct plan *out)
{
    AUTO_FREE char *text = NULL;
    AUTO_JSON struct json *list = NULL;
    size_t size, index = 0;
    TRY(os_read_file(path, &text, &size));
    TRY(json_parse(text, size, &list));
    if (!json_is(list, JSON_ARRAY))
        return FAIL(E_INVALIDARG, "%s is not a list", path);
    for (const struct json *change = json_first(list); change; change = json_next(change))
        TRY(read_change(out, change, index++));
    return S_OK;
}
