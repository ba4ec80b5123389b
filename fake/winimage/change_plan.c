/* SPDX-License-Identifier: MIT */
/* change_plan.c - see change_plan.h. */
#include "change_plan.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "json.h"
#include "os.h"
#include "path.h"
#include "place.h"
#include "text.h"
#include "world.h"

#define LONGEST_NAME 255
#define LONGEST_PATH 4000
#define SEPARATOR                                                                                  \
    '\1' /* in keys: before every character of a name, so that a folder's are together */

static const char *const verb_names[PLAN_VERB_COUNT] = {"folder", "file", "remove"};

void change_plan_clear(struct change_plan *plan)
{
    for (size_t i = 0; i < plan->entries.len; i++) {
        mem_free(plan->entries.ptr[i].place);
        mem_free(plan->entries.ptr[i].key);
    }
    vec_clear(&plan->entries);
    vec_clear(&plan->order);
}

/* ---- the order by key ---- */

static HRESULT make_key(const char *place, char **out)
{
    struct text key AUTO(text_clear) = {0};
    for (const char *s = place; *s;) {
        uint32_t cp;
        char bytes[4] = {*s == '/' ? SEPARATOR : *s};
        size_t len = *s == '/' ? 0 : text_decode(s, &cp);
        text_add_n(&key, bytes, len ? text_encode(text_upper(cp), bytes) : 1);
        s += len ? len : 1;
    }
    *out = text_take(&key);
    return *out ? S_OK : FAIL_MEMORY();
}

static const struct planned *at(const struct change_plan *plan, size_t position)
{
    return &plan->entries.ptr[plan->order.ptr[position]];
}

/* The first position whose key is not less than that. */
static size_t find(const struct change_plan *plan, const char *key)
{
    size_t low = 0, high = plan->order.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(at(plan, middle)->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at_or_below(const char *key, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(key, folder, len) == 0 && (key[len] == '\0' || key[len] == SEPARATOR);
}

static bool is_planned(const struct change_plan *plan, const char *key, enum change_verb verb)
{
    for (size_t i = find(plan, key); i < plan->order.len && text_equal(at(plan, i)->key, key); i++)
        if (at(plan, i)->verb == verb)
            return true;
    return false;
}

static void take_back(struct change_plan *plan, size_t position)
{
    struct planned *e = &plan->entries.ptr[plan->order.ptr[position]];
    mem_free(TAKE(e->place));
    mem_free(TAKE(e->key));
    vec_remove(&plan->order, position);
}

static void forget_earlier(struct change_plan *plan, enum change_verb verb, const char *key)
{
    size_t i = find(plan, key);
    while (i < plan->order.len && is_at_or_below(at(plan, i)->key, key)) {
        bool is_same = text_equal(at(plan, i)->key, key);
        if (verb != PLAN_REMOVE && !is_same)
            break;
        if (verb == PLAN_REMOVE || at(plan, i)->verb != PLAN_REMOVE)
            take_back(plan, i);
        else
            i++;
    }
}

/* ---- spelling ---- */

/* How many of the first names are the same in both keys. */
static size_t count_common(const char *a, const char *b)
{
    size_t names = 0;
    for (; *a && *a == *b; a++, b++)
        names += *a == SEPARATOR;
    bool ends_a = *a == '\0' || *a == SEPARATOR, ends_b = *b == '\0' || *b == SEPARATOR;
    return names + (ends_a && ends_b);
}

static size_t length_of_names(const char *place, size_t names)
{
    const char *s = place;
    for (; names > 0 && *s; names--) {
        s += *s == '/';
        s += strcspn(s, "/");
    }
    return (size_t)(s - place);
}

/* The names above that are planned already have the spelling they got then. */
static HRESULT spell_as_planned(const struct change_plan *plan, const char *key, char **place)
{
    size_t position = find(plan, key), best = 0;
    const struct planned *like = NULL;
    for (size_t i = position ? position - 1 : 0; i <= position && i < plan->order.len; i++) {
        size_t common = count_common(at(plan, i)->key, key);
        if (common > best) {
            best = common;
            like = at(plan, i);
        }
    }
    if (!like)
        return S_OK;
    char *spelled = mem_format("%.*s%s", (int)length_of_names(like->place, best), like->place,
                               *place + length_of_names(*place, best));
    if (!spelled)
        return FAIL_MEMORY();
    mem_free(*place);
    *place = spelled;
    return S_OK;
}

static HRESULT spell(const struct change_plan *plan, const char *root, const char *place,
                     char **out, char **key)
{
    AUTO_FREE char *path = NULL;
    TRY(place_of_new(root, place, &path));
    const char *below = path_below(path, root);
    if (!below || !*below)
        return FAIL(E_INVALIDARG, "'%s' names nothing inside the image", place);
    AUTO_FREE char *spelled = mem_dup(below);
    if (!spelled)
        return FAIL_MEMORY();
    TRY(make_key(spelled, key));
    TRY(spell_as_planned(plan, *key, &spelled));
    *out = TAKE(spelled);
    return S_OK;
}

/* Behind those of the same place: the order of places is the order in which they were said. */
static HRESULT put_in_order(struct change_plan *plan, size_t entry)
{
    const char *key = plan->entries.ptr[entry].key;
    size_t i = find(plan, key);
    while (i < plan->order.len && text_equal(at(plan, i)->key, key))
        i++;
    if (!vec_push(&plan->order))
        return FAIL_MEMORY();
    memmove(&plan->order.ptr[i + 1], &plan->order.ptr[i],
            (plan->order.len - 1 - i) * sizeof *plan->order.ptr);
    plan->order.ptr[i] = entry;
    return S_OK;
}

HRESULT change_plan_add(struct change_plan *plan, const char *root, enum change_verb verb,
                        const char *place, unsigned number)
{
    AUTO_FREE char *spelled = NULL, *key = NULL;
    TRY(spell(plan, root, place, &spelled, &key));
    forget_earlier(plan, verb, key);
    struct planned *e = vec_push(&plan->entries);
    if (!e)
        return FAIL_MEMORY();
    *e = (struct planned){verb, TAKE(spelled), number, TAKE(key)};
    return put_in_order(plan, plan->entries.len - 1);
}

/* ---- can it be carried out? ---- */

static HRESULT is_planned_above(const struct change_plan *plan, const char *key, bool or_there,
                                enum change_verb verb, bool *out)
{
    AUTO_FREE char *above = mem_dup(key);
    if (!above)
        return FAIL_MEMORY();
    *out = or_there && is_planned(plan, above, verb);
    for (char *end; !*out && (end = strrchr(above, SEPARATOR));) {
        *end = '\0';
        *out = is_planned(plan, above, verb);
    }
    return S_OK;
}

/* The folder above has to be one; what goes, or comes as a folder, is not in the way. */
static HRESULT check_parent(const struct change_plan *plan, const char *root,
                            const struct planned *e)
{
    AUTO_FREE char *path = NULL, *parent = NULL;
    bool is_file, goes;
    TRY(is_planned_above(plan, e->key, false, PLAN_FILE, &is_file));
    if (is_file)
        return FAIL(HR_WIN32(ERROR_DIRECTORY), "a folder above %s comes as a file", e->place);
    TRY(is_planned_above(plan, e->key, false, PLAN_REMOVE, &goes));
    if (goes)
        return S_OK;
    TRY(path_join(root, e->place, &path));
    TRY(path_parent(path, &parent));
    while (!path_equal(parent, root)) {
        char *above;
        if (os_is_directory(parent))
            return S_OK;
        if (os_exists(parent))
            return FAIL(HR_WIN32(ERROR_DIRECTORY), "%s is no folder", parent);
        TRY(path_parent(parent, &above));
        mem_free(parent);
        parent = above;
    }
    return S_OK;
}

static bool has_planned_below(const struct change_plan *plan, const char *key)
{
    size_t i = find(plan, key);
    while (i < plan->order.len && text_equal(at(plan, i)->key, key))
        i++;
    return i < plan->order.len && is_at_or_below(at(plan, i)->key, key);
}

static HRESULT check_kind(const struct change_plan *plan, const struct planned *e, const char *path)
{
    bool is_folder = e->verb == PLAN_FOLDER, goes;
    if (!is_folder && has_planned_below(plan, e->key))
        return FAIL(HR_WIN32(ERROR_DIRECTORY), "%s is to be a file and has files below", e->place);
    TRY(is_planned_above(plan, e->key, true, PLAN_REMOVE, &goes));
    if (goes || !os_exists(path))
        return S_OK;
    if (os_is_directory(path) != is_folder)
        return FAIL(HR_WIN32(ERROR_DIRECTORY), "%s is %s", path,
                    is_folder ? "no folder" : "a folder");
    return S_OK;
}

/* Somebody who has the file open would be in the way when it is too late to say so. */
static HRESULT check_unused(const char *path)
{
    AUTO_FILE struct os_file *file = NULL;
    if (!world_is_normal())
        TRY(world_open_files(path, WORLD_CHANGE, 1));
    return os_has_drives() && os_is_file(path) ? os_open(path, OS_READ | OS_ALONE, &file) : S_OK;
}

/* What file systems take: so many bytes in a name, and in a path. */
static HRESULT check_length(const char *place, const char *path)
{
    for (const char *s = place; *s; s += strcspn(s, "/"), s += *s == '/')
        if (strcspn(s, "/") > LONGEST_NAME)
            return FAIL(HR_WIN32(ERROR_FILENAME_EXCED_RANGE), "a name in %s is too long", place);
    if (strlen(path) > LONGEST_PATH)
        return FAIL(HR_WIN32(ERROR_FILENAME_EXCED_RANGE), "%s is too long", path);
    return S_OK;
}

HRESULT change_plan_check(const struct change_plan *plan, const char *root)
{
    for (size_t i = 0; i < plan->entries.len; i++) {
        const struct planned *e = &plan->entries.ptr[i];
        AUTO_FREE char *path = NULL;
        if (!e->place)
            continue;
        TRY(path_join(root, e->place, &path));
        if (e->verb != PLAN_REMOVE) {
            TRY(check_length(e->place, path));
            TRY(check_parent(plan, root, e));
            TRY(check_kind(plan, e, path));
        }
        if (e->verb != PLAN_FOLDER && os_exists(path))
            TRY(check_unused(path));
    }
    return S_OK;
}

/* ---- as a file ---- */

HRESULT change_plan_write(const struct change_plan *plan, const char *path)
{
    AUTO_JSON struct json *list = json_new_array();
    for (size_t i = 0; i < plan->entries.len; i++) {
        const struct planned *e = &plan->entries.ptr[i];
        if (!e->place)
            continue;
        struct json *row = json_new_array();
        json_push(row, json_new_string(verb_names[e->verb]));
        json_push(row, json_new_string(e->place));
        json_push(row, json_new_number(e->number));
        json_push(list, row);
    }
    AUTO_FREE char *text = json_print(list);
    return text ? os_write_file_atomic(path, text, strlen(text)) : FAIL_MEMORY();
}

static HRESULT read_row(struct change_plan *plan, const char *root, const struct json *row)
{
    uint64_t number;
    const char *verb = json_string(json_at(row, 0)), *place = json_string(json_at(row, 1));
    unsigned v = 0;
    while (verb && v < PLAN_VERB_COUNT && !text_equal(verb_names[v], verb))
        v++;
    if (!verb || v == PLAN_VERB_COUNT || !place || !json_u64(json_at(row, 2), &number) ||
        number > UINT32_MAX)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "an entry of a plan says nothing");
    return change_plan_add(plan, root, (enum change_verb)v, place, (unsigned)number);
}

HRESULT change_plan_read(struct change_plan *plan, const char *root, const char *path)
{
    AUTO_FREE char *text = NULL;
    AUTO_JSON struct json *list = NULL;
    size_t size;
    TRY(os_read_file(path, &text, &size));
    TRY(json_parse(text, size, &list));
    for (const struct json *row = json_first(list); row; row = json_next(row))
        TRY(read_row(plan, root, row));
    return S_OK;
}
