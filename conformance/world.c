/* SPDX-License-Identifier: MIT */
/* world.c - the world verbs this runner knows; relies on os.h, and on wimlib-imagex to alter an
 * image. */
#include "world.h"

#include "tool.h"

/* Only what the case itself was given may be touched. */
static HRESULT check_place(const struct world *world, const char *path)
{
    if (path_is_within(path, world->scratch))
        return S_OK;
    return FAIL(E_INVALIDARG, "%s is outside of the case's own folder", path);
}

static HRESULT delete_it(const char *path)
{
    return os_is_directory(path) ? os_remove_tree(path, true) : os_remove_file(path);
}

static HRESULT truncate_it(const char *path)
{
    struct os_stat stat;
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_stat(path, &stat));
    TRY(os_open(path, OS_READ | OS_WRITE, &file));
    return os_truncate(file, stat.size / 2);
}

static HRESULT flip_byte(const char *path)
{
    struct os_stat stat;
    AUTO_FILE struct os_file *file = NULL;
    unsigned char byte;
    size_t got;
    TRY(os_stat(path, &stat));
    if (stat.size == 0)
        return FAIL(E_INVALIDARG, "%s is empty: there is no byte to flip", path);
    TRY(os_open(path, OS_READ | OS_WRITE, &file));
    TRY(os_read_at(file, &byte, 1, stat.size / 2, &got));
    byte ^= 0xFF;
    return os_write_at(file, &byte, 1, stat.size / 2);
}

/* Another content, time and size, but still a valid image: one more sentence in its XML. */
static HRESULT modify_image(const struct world *world, const char *path)
{
    AUTO_FREE char *output = join(world->scratch, "modify.txt");
    const char *arguments[] = {NULL,
                               "info",
                               path,
                               "1",
                               "--image-property",
                               "DISPLAYDESCRIPTION=changed by somebody else after it was mounted",
                               NULL};
    int code = 0;
    TRY(tool_run_wimlib(arguments, output, &code));
    return code == 0 ? S_OK : FAIL(E_FAIL, "wimlib-imagex cannot modify %s (%d)", path, code);
}

static HRESULT modify_it(const struct world *world, const char *path)
{
    char magic[8] = {0};
    size_t got = 0;
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(path, OS_READ | OS_WRITE | OS_APPEND, &file));
    TRY(os_read_at(file, magic, sizeof magic, 0, &got));
    if (got == sizeof magic && memcmp(magic, "MSWIM\0\0", sizeof magic) == 0)
        return modify_image(world, path);
    return os_write(file, "changed\n", 8);
}

static HRESULT make_readonly(const char *path, struct change *change)
{
    struct os_stat stat;
    TRY(os_stat(path, &stat));
    TRY(os_set_mode(path, stat.mode & ~0222u));
    change->has_mode = true;
    change->mode = stat.mode;
    return S_OK;
}

static HRESULT tamper(struct world *world, const struct json *verb, struct change *change)
{
    const char *how = json_text(verb, "how"), *path = json_text(verb, "tamper");
    if (text_equal(how, "delete"))
        return delete_it(path);
    if (text_equal(how, "truncate"))
        return truncate_it(path);
    if (text_equal(how, "flip-byte"))
        return flip_byte(path);
    if (text_equal(how, "modify"))
        return modify_it(world, path);
    return make_readonly(path, change);
}

static HRESULT write_it(const char *path, const char *text)
{
    AUTO_FILE struct os_file *file = NULL;
    AUTO_FREE char *native = NULL, *folder = NULL;
    TRY(path_native(path, &native));
    TRY(path_parent(native, &folder));
    TRY(os_make_directories(folder));
    TRY(os_open(native, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    return os_write(file, text, strlen(text));
}

HRESULT world_apply(struct world *world, const struct json *verb)
{
    struct change change = {0};
    const char *path = json_text(verb, "writeFile");
    if (path) {
        TRY(check_place(world, path));
        return write_it(path, json_text(verb, "text"));
    }
    path = json_text(verb, "tamper");
    bool is_hold = !path;
    if (is_hold)
        path = json_text(verb, "holdFile");
    TRY(check_place(world, path));
    if (is_hold)
        TRY(os_open(path, OS_READ, &change.held));
    else
        TRY(tamper(world, verb, &change));
    if (!change.held && !change.has_mode)
        return S_OK;
    change.name = dup_text(json_text(verb, "as"));
    change.path = dup_text(path);
    struct change *slot = need(vec_push(&world->changes));
    *slot = change;
    return S_OK;
}

static void undo(struct world *world, size_t index)
{
    struct change *change = &world->changes.ptr[index];
    if (change->held)
        os_close(change->held);
    if (change->has_mode && os_exists(change->path))
        os_set_mode(change->path, change->mode);
    mem_free(change->name);
    mem_free(change->path);
    vec_remove(&world->changes, index);
}

HRESULT world_release(struct world *world, const char *name)
{
    bool is_all = text_equal(name, "*"), found = is_all;
    for (size_t i = world->changes.len; i-- > 0;) {
        const char *this_name = world->changes.ptr[i].name;
        if (this_name && (is_all || text_equal(this_name, name))) {
            undo(world, i);
            found = true;
        }
    }
    return found ? S_OK : FAIL(E_INVALIDARG, "the world change '%s' is not in force", name);
}

void world_reboot(struct world *world)
{
    for (size_t i = 0; i < world->changes.len; i++) {
        struct change *change = &world->changes.ptr[i];
        if (change->held)
            os_close(change->held);
        change->held = NULL; /* its name stays: a later phase may still release it */
    }
}

void world_clear(struct world *world)
{
    while (world->changes.len > 0)
        undo(world, world->changes.len - 1);
    vec_clear(&world->changes);
}
