/* SPDX-License-Identifier: MIT */
/* library.c - loads a DISM library and looks everything up by name; relies on os.h and reflect.h.
 */
#include "library.h"

static bool is_same_place(const char *a, const char *b)
{
    struct os_stat first, second;
    return SUCCEEDED(os_stat(a, &first)) && SUCCEEDED(os_stat(b, &second)) &&
           first.device == second.device && first.inode == second.inode;
}

HRESULT library_open(const char *path, struct library *library)
{
    *library = (struct library){0};
    AUTO_FREE char *other = NULL;
    TRY(os_library_find(path_name(path), &other));
    if (other && !is_same_place(path, other))
        return FAIL(E_UNEXPECTED,
                    "another %s is loaded in this process already, from %s: what %s does would be "
                    "taken for its doing",
                    path_name(path), other, path);
    TRY(os_library_open(path, &library->module));
    TRY(os_library_path(library->module, &library->loaded_from));
    if (!is_same_place(path, library->loaded_from))
        return FAIL(E_UNEXPECTED, "%s was asked for, and the system loaded %s", path,
                    library->loaded_from);
    for (size_t i = 0; i < API_COUNT; i++)
        library->exports[i] = os_library_symbol(library->module, reflect_calls[i].name);
#define LIBRARY_HOOK_FIND(name)                                                                    \
    library->hooks.name = (__typeof__(&name))os_library_symbol(library->module, #name);
    LIBRARY_HOOKS(LIBRARY_HOOK_FIND)
    return S_OK;
}

struct json *library_describe(const struct library *library)
{
    struct json *about = json_hold(json_new_object());
    struct json *exports = json_hold(json_new_array()), *missing = json_hold(json_new_array());
    struct json *hooks = json_hold(json_new_array());
    for (size_t i = 0; i < API_COUNT; i++)
        json_push(library->exports[i] ? exports : missing, json_new_string(reflect_calls[i].name));
#define LIBRARY_HOOK_LIST(name)                                                                    \
    if (library->hooks.name)                                                                       \
        json_push(hooks, json_new_string(#name));
    LIBRARY_HOOKS(LIBRARY_HOOK_LIST)
    json_set_string(about, "loadedFrom", library->loaded_from);
    json_set(about, "exports", exports);
    json_set(about, "missing", missing);
    json_set(about, "hooks", hooks);
    struct json *capabilities = NULL;
    char *text = NULL;
    if (library->hooks.DismFakeCapabilities && library->hooks.DismFakeFree &&
        SUCCEEDED(library->hooks.DismFakeCapabilities(&text)) && text) {
        if (FAILED(json_parse(text, strlen(text), &capabilities)))
            capabilities = NULL;
        library->hooks.DismFakeFree(text);
    }
    json_set(about, "capabilities", capabilities ? capabilities : json_new_null());
    return about;
}
