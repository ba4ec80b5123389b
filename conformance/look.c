/* SPDX-License-Identifier: MIT */
/*
 * look.c - check steps: a bound value, or what the runner sees with its own eyes. Images are read
 * by the program wimlib-imagex, so that the library under judgement cannot vouch for itself.
 */
#include "expect.h"
#include "phase.h"
#include "tool.h"

enum { TEXT_LIMIT = 65536 };

static struct json *look_at_file(const char *path)
{
    struct os_stat stat;
    struct json *seen = json_hold(json_new_object());
    bool exists = SUCCEEDED(os_stat(path, &stat));
    json_set_bool(seen, "exists", exists);
    if (!exists || stat.type != OS_TYPE_FILE)
        return seen;
    json_set_number(seen, "size", (double)stat.size);
    char *hash = sha256_file(path);
    if (hash)
        json_put_text(seen, "sha256", hash);
    AUTO_FREE char *text = NULL;
    size_t size = 0;
    if (stat.size <= TEXT_LIMIT && SUCCEEDED(os_read_file(path, &text, &size)) &&
        strlen(text) == size && text_is_utf8(text, size))
        json_set_string(seen, "text", text);
    return seen;
}

static struct json *look_at_folder(const char *path)
{
    AUTO_NAMES struct os_names names = {0};
    if (FAILED(os_list(path, &names)))
        return json_hold(json_new_null());
    struct json *list = json_hold(json_new_array());
    for (size_t i = 0; i < names.len; i++)
        json_push(list, json_new_string(names.ptr[i]));
    return list;
}

static HRESULT extract(const char *image, const char *index, const char *path, const char *folder)
{
    enum { PATH_NOT_FOUND = 49 };
    AUTO_FREE char *wanted = format("%s%s", *path == '/' || *path == '\\' ? "" : "/", path);
    AUTO_FREE char *target = format("--dest-dir=%s", folder);
    AUTO_FREE char *output = format("%s.txt", folder);
    const char *arguments[] = {NULL,   "extract",   image,        index, wanted,
                               target, "--no-acls", "--nullglob", NULL};
    int code = 0;
    TRY(tool_run_wimlib(arguments, output, &code));
    AUTO_FREE char *said = NULL;
    size_t size;
    if (FAILED(os_read_file(output, &said, &size)))
        said = NULL;
    os_remove_file(output);
    if (code == 0 || code == PATH_NOT_FOUND)
        return S_OK;
    return FAIL(E_FAIL, "wimlib-imagex cannot read %s: %s", image, said ? said : "");
}

static struct json *look_into_image(const char *image, const struct json *what)
{
    static unsigned long counter; /* under the phase's lock */
    AUTO_FREE char *name = NULL;
    {
        AUTO_LOCK(&the_phase.lock);
        name = format("look-%lu", ++counter);
    }
    AUTO_FREE char *folder = join(the_phase.scratch, name);
    AUTO_FREE char *index = format("%.0f", json_number(json_get(what, "index")));
    const char *path = json_text(what, "path");
    if (FAILED(os_make_directories(folder)) || FAILED(extract(image, index, path, folder)))
        return NULL;
    size_t at = strlen(path);
    while (at > 0 && path[at - 1] != '/' && path[at - 1] != '\\')
        at--;
    AUTO_FREE char *file = join(folder, path + at);
    struct json *seen = look_at_file(file);
    os_remove_tree(folder, true);
    return seen;
}

static struct json *look(const struct json *what)
{
    static const char *const keys[] = {"$dir", "$file", "$inImage"};
    for (size_t i = 0; i < 3; i++) {
        const struct json *value = json_get(what, keys[i]);
        AUTO_FREE char *path = NULL;
        if (!value)
            continue;
        {
            AUTO_LOCK(&the_phase.lock);
            if (FAILED(value_path(&the_phase.values, value, the_phase.scratch, &path)))
                return NULL;
        }
        return i == 0   ? look_at_folder(path)
               : i == 1 ? look_at_file(path)
                        : look_into_image(path, what);
    }
    AUTO_LOCK(&the_phase.lock);
    return value_resolve(&the_phase.values, what);
}

enum flow check_step(const struct json *step, const char *pointer)
{
    /* wimlib-imagex reads no disks */
    if (json_get(json_get(step, "check"), "$inImage") && json_bool(json_get(the_phase.job, "disk")))
        return FLOW_ON;
    struct json *seen = look(json_get(step, "check"));
    if (!seen) {
        phase_fail("ERROR", pointer, step, NULL, "%s", error_last()->text);
        return FLOW_STOP;
    }
    struct json *line = json_hold(json_new_object());
    json_set_string(line, "pointer", pointer);
    json_set(line, "seen", json_copy(seen));
    observe("check", line);
    AUTO_FREE char *why = NULL;
    HRESULT hr;
    {
        AUTO_LOCK(&the_phase.lock);
        hr = expect_value(json_get(step, "matches"), seen, &the_phase.values, &why);
    }
    json_free(seen);
    if (hr == S_OK)
        return FLOW_ON;
    phase_fail(FAILED(hr) ? "ERROR" : "FAIL", pointer, step, step, "check: %s",
               FAILED(hr) ? error_last()->text
               : why      ? why
                          : "does not match");
    return FLOW_STOP;
}
