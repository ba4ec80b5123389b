/* SPDX-License-Identifier: MIT */
/* mounts_file.c - see mounts_file.h. Numbers above 2^53 and bytes are written as text. */
#include "mounts_file.h"

#include <stdio.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "json.h"
#include "settings.h"
#include "text.h"

#define VERSION 1

static const char *const state_names[] = {"mounting",   "ok",      "committing",
                                          "unmounting", "partial", "invalid"};

const char *mounts_file_state_name(enum mount_state state)
{
    return state_names[state];
}

/* ---- writing ---- */

static void set_big(struct json *object, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    json_set_string(object, key, text);
}

static struct json *stamp_json(const struct image_stamp *stamp)
{
    struct json *object = json_new_object();
    set_big(object, "size", stamp->size);
    set_big(object, "device", stamp->device);
    set_big(object, "inode", stamp->inode);
    set_big(object, "mtimeNs", (uint64_t)stamp->mtime_ns);
    return object;
}

static void set_header(struct json *object, const char *key, const unsigned char *header)
{
    char hex[2 * SAVED_HEADER + 1];
    for (size_t i = 0; i < SAVED_HEADER; i++)
        snprintf(hex + 2 * i, 3, "%02x", header[i]);
    json_set_string(object, key, hex);
}

static struct json *saved_json(const struct saved_image *saved)
{
    struct json *object = json_new_object();
    json_set(object, "stamp", stamp_json(&saved->stamp));
    if (saved->written.size)
        json_set(object, "written", stamp_json(&saved->written));
    set_big(object, "tailOffset", saved->tail_offset);
    set_header(object, "header", saved->header);
    if (saved->is_written_twice)
        json_set_bool(object, "isWrittenTwice", true);
    if (saved->has_between)
        set_header(object, "headerBetween", saved->header_between);
    return object;
}

static struct json *live_json(const struct live_mount *live)
{
    struct json *object = json_new_object();
    set_big(object, "device", live->device);
    json_set_number(object, "helperPid", live->helper_pid);
    set_big(object, "helperStart", live->helper_start);
    return object;
}

static struct json *mount_json(const struct mount *mount)
{
    struct json *object = json_new_object();
    json_set_string(object, "id", mount->id);
    json_set_string(object, "imagePath", mount->image_path);
    json_set_string(object, "imagePathGiven", mount->image_path_given);
    json_set_string(object, "mountPath", mount->mount_path);
    json_set_string(object, "mountPathGiven", mount->mount_path_given);
    json_set_number(object, "index", mount->index);
    json_set_bool(object, "readOnly", mount->is_readonly);
    json_set_string(object, "engine", mount->engine);
    json_set_string(object, "state", state_names[mount->state]);
    json_set_string(object, "boot", mount->boot);
    if (mount->aside)
        json_set_string(object, "aside", mount->aside);
    if (mount->live.helper_pid)
        json_set(object, "live", live_json(&mount->live));
    json_set_number(object, "ownerPid", mount->owner_pid);
    set_big(object, "ownerStart", mount->owner_start);
    json_set_number(object, "ownerCall", (double)mount->owner_call);
    set_big(object, "folderDevice", mount->folder_device);
    set_big(object, "folderInode", mount->folder_inode);
    json_set(object, "stamp", stamp_json(&mount->stamp));
    if (mount->state == MOUNT_COMMITTING)
        json_set(object, "saved", saved_json(&mount->saved));
    return object;
}

HRESULT mounts_file_write(const struct mounts *m)
{
    AUTO_FREE char *path = NULL;
    AUTO_JSON struct json *root = json_new_object();
    if (!root)
        return FAIL_MEMORY();
    struct json *array = json_new_array();
    if (!json_set(root, "mounts", array))
        return FAIL_MEMORY();
    TRY(settings_state_path("registry.json", &path));
    for (size_t i = 0; i < m->list.len; i++)
        if (!json_push(array, mount_json(&m->list.ptr[i])))
            return FAIL_MEMORY();
    json_set_number(root, "version", VERSION);
    json_set_number(root, "reboots", m->reboots);
    AUTO_FREE char *text = json_print_pretty(root);
    if (!text)
        return FAIL_MEMORY();
    return os_write_file_atomic(path, text, strlen(text));
}

/* ---- reading ---- */

static HRESULT get_big(const struct json *object, const char *key, const char *pointer,
                       uint64_t *out)
{
    const char *text;
    unsigned long long value;
    TRY(json_need_string(object, key, pointer, &text));
    if (!text_to_u64(text, &value))
        return FAIL(E_INVALIDARG, "%s/%s is no number", pointer, key);
    *out = value;
    return S_OK;
}

static HRESULT get_text(const struct json *object, const char *key, const char *pointer, char **out)
{
    const char *text;
    TRY(json_need_string(object, key, pointer, &text));
    *out = mem_dup(text);
    return *out ? S_OK : FAIL_MEMORY();
}

static HRESULT get_number(const struct json *object, const char *key, const char *pointer,
                          unsigned *out)
{
    uint64_t value;
    TRY(json_need_u64(object, key, pointer, &value));
    *out = (unsigned)value;
    return S_OK;
}

static HRESULT get_stamp(const struct json *object, const char *pointer, struct image_stamp *out)
{
    uint64_t mtime;
    TRY(get_big(object, "size", pointer, &out->size));
    TRY(get_big(object, "device", pointer, &out->device));
    TRY(get_big(object, "inode", pointer, &out->inode));
    TRY(get_big(object, "mtimeNs", pointer, &mtime));
    out->mtime_ns = (int64_t)mtime;
    return S_OK;
}

static HRESULT get_header(const struct json *object, const char *key, const char *pointer,
                          unsigned char *out)
{
    const char *hex;
    TRY(json_need_string(object, key, pointer, &hex));
    if (strlen(hex) != 2 * SAVED_HEADER)
        return FAIL(E_INVALIDARG, "%s/%s is not %d bytes", pointer, key, SAVED_HEADER);
    for (size_t i = 0; i < SAVED_HEADER; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return FAIL(E_INVALIDARG, "%s/%s is not hexadecimal", pointer, key);
        out[i] = (unsigned char)byte;
    }
    return S_OK;
}

static HRESULT get_saved(const struct json *object, const char *pointer, struct saved_image *out)
{
    TRY(get_stamp(json_get(object, "stamp"), pointer, &out->stamp));
    if (json_get(object, "written"))
        TRY(get_stamp(json_get(object, "written"), pointer, &out->written));
    TRY(get_big(object, "tailOffset", pointer, &out->tail_offset));
    TRY(get_header(object, "header", pointer, out->header));
    out->is_written_twice = json_get(object, "isWrittenTwice") != NULL;
    out->has_between = json_get(object, "headerBetween") != NULL;
    if (out->has_between)
        TRY(get_header(object, "headerBetween", pointer, out->header_between));
    return S_OK;
}

static HRESULT get_live(const struct json *object, const char *pointer, struct live_mount *out)
{
    TRY(get_big(object, "device", pointer, &out->device));
    TRY(get_number(object, "helperPid", pointer, &out->helper_pid));
    return get_big(object, "helperStart", pointer, &out->helper_start);
}

static HRESULT get_state(const struct json *object, const char *pointer, enum mount_state *out)
{
    const char *name;
    TRY(json_need_string(object, "state", pointer, &name));
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++) {
        if (text_equal(state_names[i], name)) {
            *out = (enum mount_state)i;
            return S_OK;
        }
    }
    return FAIL(E_INVALIDARG, "%s/state: '%s' is no state", pointer, name);
}

static HRESULT read_mount(const struct json *object, const char *pointer, struct mount *mount)
{
    TRY(get_text(object, "id", pointer, &mount->id));
    TRY(get_text(object, "imagePath", pointer, &mount->image_path));
    TRY(get_text(object, "imagePathGiven", pointer, &mount->image_path_given));
    TRY(get_text(object, "mountPath", pointer, &mount->mount_path));
    TRY(get_text(object, "mountPathGiven", pointer, &mount->mount_path_given));
    TRY(get_text(object, "engine", pointer, &mount->engine));
    TRY(get_text(object, "boot", pointer, &mount->boot));
    if (json_get(object, "aside"))
        TRY(get_text(object, "aside", pointer, &mount->aside));
    if (json_get(object, "live"))
        TRY(get_live(json_get(object, "live"), pointer, &mount->live));
    TRY(get_number(object, "index", pointer, &mount->index));
    TRY(get_number(object, "ownerPid", pointer, &mount->owner_pid));
    TRY(json_opt_bool(object, "readOnly", pointer, &mount->is_readonly));
    TRY(get_state(object, pointer, &mount->state));
    TRY(get_big(object, "ownerStart", pointer, &mount->owner_start));
    TRY(json_need_u64(object, "ownerCall", pointer, &mount->owner_call));
    TRY(get_big(object, "folderDevice", pointer, &mount->folder_device));
    TRY(get_big(object, "folderInode", pointer, &mount->folder_inode));
    TRY(get_stamp(json_get(object, "stamp"), pointer, &mount->stamp));
    return mount->state == MOUNT_COMMITTING
               ? get_saved(json_get(object, "saved"), pointer, &mount->saved)
               : S_OK;
}

static HRESULT parse(const char *text, size_t size, struct mounts *m)
{
    AUTO_JSON struct json *root = NULL;
    uint64_t version;
    TRY(json_parse(text, size, &root));
    TRY(json_need_u64(root, "version", "", &version));
    if (version != VERSION)
        return FAIL(E_INVALIDARG, "version %llu is not known", (unsigned long long)version);
    TRY(get_number(root, "reboots", "", &m->reboots));
    size_t index = 0;
    const struct json *mounts = json_get(root, "mounts");
    if (!json_is(mounts, JSON_ARRAY))
        return FAIL(E_INVALIDARG, "/mounts is not an array");
    for (const struct json *v = json_first(mounts); v; v = json_next(v), index++) {
        char pointer[32];
        snprintf(pointer, sizeof pointer, "/mounts/%zu", index);
        struct mount *mount = vec_push(&m->list);
        if (!mount)
            return FAIL_MEMORY();
        TRY(read_mount(v, pointer, mount));
    }
    return S_OK;
}

HRESULT mounts_file_read_from(const char *path, struct mounts *m)
{
    AUTO_FREE char *text = NULL;
    size_t size;
    if (!os_exists(path))
        return S_OK;
    TRY(os_read_file(path, &text, &size));
    HRESULT hr = parse(text, size, m);
    if (SUCCEEDED(hr) || hr == E_OUTOFMEMORY)
        return hr;
    AUTO_FREE char *reason = mem_dup(error_last()->text);
    return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the mount registry %s cannot be read: %s", path,
                reason ? reason : "");
}

HRESULT mounts_file_read(struct mounts *m)
{
    AUTO_FREE char *path = NULL;
    TRY(settings_state_path("registry.json", &path));
    return mounts_file_read_from(path, m);
}
