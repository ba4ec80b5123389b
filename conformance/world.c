/* SPDX-License-Identifier: MIT */
/* world.c - the world verbs this runner knows; relies on os.h, and on wimlib-imagex to alter an
 * image. */
#include "world.h"

#include "tool.h"
#include "world_verbs.h"

/* Only what the case itself was given may be touched. */
static HRESULT check_place(const struct world *world, const char *path)
{
    if (path_is_within(path, world->scratch))
        return S_OK;
    return FAIL(E_INVALIDARG, "%s is outside of the case's own folder", path);
}

/* As another program opens it. */
static HRESULT hold(const struct world *world, const char *path, const char *share,
                    struct os_file **out)
{
    unsigned kept_out = text_equal(share, "none")   ? OS_ALONE
                        : text_equal(share, "read") ? OS_NO_WRITERS
                                                    : 0;
    return os_open(path, OS_READ | OS_FOLDER_TOO | (world->keeps_out ? kept_out : 0), out);
}

static HRESULT delete_it(const char *path)
{
    if (!os_is_directory(path))
        return os_remove_file(path);
    os_unmount_below(path); /* a mount folder may be a real mount */
    return os_remove_tree(path, true);
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
    if (text_equal(how, "lock"))
        return hold(world, path, "none", &change->held);
    if (text_equal(how, "deny-access"))
        return os_deny_access(path, &change->denial);
    return make_readonly(path, change);
}

/* ---- another version of an image ---- */

enum { WIM_VERSION_AT = 12, WIM_COUNT_AT = 44, WIM_NEWER_VERSION = 0x20000 };

static HRESULT open_wim(const char *path, struct os_file **out, unsigned *images)
{
    unsigned char header[WIM_COUNT_AT + 4];
    size_t got = 0;
    AUTO_FILE struct os_file *file = NULL;
    TRY(os_open(path, OS_READ | OS_WRITE, &file));
    TRY(os_read_at(file, header, sizeof header, 0, &got));
    if (got != sizeof header || memcmp(header, "MSWIM\0\0", 8) != 0)
        return FAIL(E_INVALIDARG, "%s is no WIM file", path);
    const unsigned char *count = header + WIM_COUNT_AT;
    *images = count[0] | (unsigned)count[1] << 8 | (unsigned)count[2] << 16;
    *out = TAKE(file);
    return S_OK;
}

static HRESULT make_container_newer(const char *path)
{
    static const unsigned char version[4] = {0, 0, WIM_NEWER_VERSION >> 16, 0};
    AUTO_FILE struct os_file *file = NULL;
    unsigned images;
    TRY(open_wim(path, &file, &images));
    return os_write_at(file, version, sizeof version, WIM_VERSION_AT);
}

static HRESULT set_property(const struct world *world, const char *path, unsigned index,
                            const char *property)
{
    AUTO_FREE char *output = join(world->scratch, "version.txt");
    AUTO_FREE char *number = format("%u", index);
    const char *arguments[] = {NULL, "info", path, number, "--image-property", property, NULL};
    int code = 0;
    TRY(tool_run_wimlib(arguments, output, &code));
    return code == 0 ? S_OK
                     : FAIL(E_FAIL, "wimlib-imagex cannot set %s in %s (%d)", property, path, code);
}

/* Every image of the file says that it holds that Windows. */
static HRESULT set_windows_version(const struct world *world, const char *path, const char *version)
{
    static const char *const names[] = {"MAJOR", "MINOR", "BUILD", "SPBUILD"};
    unsigned images = 0;
    {
        AUTO_FILE struct os_file *file = NULL;
        TRY(open_wim(path, &file, &images));
    }
    for (unsigned i = 1; i <= images; i++) {
        const char *at = version;
        for (size_t k = 0; k < 4; k++) {
            size_t len = strcspn(at, ".");
            AUTO_FREE char *property = format("WINDOWS/VERSION/%s=%.*s", names[k], (int)len, at);
            TRY(set_property(world, path, i, property));
            at += len + (at[len] == '.');
        }
    }
    return S_OK;
}

static HRESULT change_version(const struct world *world, const struct json *verb)
{
    const char *path = json_text(verb, "imageVersion"), *windows = json_text(verb, "windows");
    if (windows)
        TRY(set_windows_version(world, path, windows));
    return json_text(verb, "container") ? make_container_newer(path) : S_OK;
}

static HRESULT write_it(const char *path, const char *text)
{
    AUTO_FILE struct os_file *file = NULL;
    AUTO_FREE char *folder = NULL;
    TRY(path_parent(path, &folder));
    TRY(os_make_directories(folder));
    TRY(os_open(path, OS_WRITE | OS_CREATE | OS_TRUNCATE, &file));
    return os_write(file, text, strlen(text));
}

/* What is done for real; the rest is the library's own simulation. */
static HRESULT do_it(struct world *world, const struct json *verb, struct change *change)
{
    const char *path = json_text(verb, world_verb_of(verb)->name);
    if (!world_is_real(verb))
        return S_OK;
    TRY(check_place(world, path));
    if (json_get(verb, "writeFile"))
        return write_it(path, json_text(verb, "text"));
    if (json_get(verb, "imageVersion"))
        return change_version(world, verb);
    if (json_get(verb, "tamper"))
        return tamper(world, verb, change);
    return hold(world, path, json_text(verb, "share"), &change->held);
}

HRESULT world_apply(struct world *world, const struct json *verb)
{
    struct change change = {0};
    const char *name = json_text(verb, "as");
    TRY(do_it(world, verb, &change));
    if (!change.held && !change.has_mode && !change.denial && !name)
        return S_OK;
    change.name = dup_text(name);
    change.path = dup_text(json_text(verb, world_verb_of(verb)->name));
    struct change *slot = need(vec_push(&world->changes));
    *slot = change;
    return S_OK;
}

static void undo(struct world *world, size_t index)
{
    struct change *change = &world->changes.ptr[index];
    if (change->held)
        os_close(change->held);
    if (change->denial)
        os_allow_access(change->denial);
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
