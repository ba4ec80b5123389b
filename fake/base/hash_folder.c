/* SPDX-License-Identifier: MIT */
/* hash_folder.c - a folder named by its content, see hash.h. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hash.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "vec.h"

#define DEEPEST 100

struct names {
    VEC(char *) list; /* below the folder */
};

static void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->list.len; i++)
        mem_free(names->list.ptr[i]);
    vec_clear(&names->list);
}

static HRESULT collect(const char *folder, const char *below, unsigned depth, struct names *out)
{
    AUTO_NAMES struct os_names names = {0};
    if (depth > DEEPEST)
        return FAIL(E_INVALIDARG, "folders nested too deep in %s", folder);
    TRY(os_list(folder, &names));
    for (size_t i = 0; i < names.len; i++) {
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *name = mem_format("%s%s%s", below, *below ? "/" : "", names.ptr[i]);
        struct os_stat stat;
        if (!name)
            return FAIL_MEMORY();
        TRY(path_join(folder, names.ptr[i], &path));
        TRY(os_lstat(path, &stat));
        if (stat.type == OS_TYPE_DIRECTORY) {
            TRY(collect(path, name, depth + 1, out));
            continue;
        }
        char **slot = vec_push(&out->list);
        if (!slot)
            return FAIL_MEMORY();
        *slot = TAKE(name);
    }
    return S_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

HRESULT hash_sha256_folder(const char *path, char out[SHA256_TEXT])
{
    struct names names AUTO(names_clear) = {0};
    struct text list AUTO(text_clear) = {0};
    TRY(collect(path, "", 0, &names));
    if (names.list.len)
        qsort(names.list.ptr, names.list.len, sizeof *names.list.ptr, compare);
    for (size_t i = 0; i < names.list.len; i++) {
        AUTO_FREE char *file = NULL;
        char hash[SHA256_TEXT];
        TRY(path_join(path, names.list.ptr[i], &file));
        TRY(hash_sha256_file(file, hash));
        text_addf(&list, "%s  %s\n", hash, names.list.ptr[i]);
    }
    if (list.failed)
        return FAIL_MEMORY();
    hash_sha256_text(list.ptr ? list.ptr : "", list.len, out);
    return S_OK;
}
