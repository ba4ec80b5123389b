/* SPDX-License-Identifier: MIT */
/* shim.c - see shim.h: the functions of wim_functions.h, exported as wimlib_NAME. */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "wim_functions.h"

#define NATIVE "libwim.so.15"

/* ---- Linux' library ---- */

static struct {
#define SLOT(name) __typeof__(&wimlib_##name) name;
    WIM_FUNCTIONS(SLOT)
#undef SLOT
} native;

PE int DllMain(void *module, unsigned reason, void *reserved);
PE int DllMain(void *module, unsigned reason, void *reserved)
{
    enum { PROCESS_ATTACH = 1 };
    (void)module, (void)reserved;
    if (reason != PROCESS_ATTACH)
        return 1;
    void *library = dlopen(NATIVE, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "libwim-15.dll (test shim): %s\n", dlerror());
        return 0;
    }
#define FIND(name) *(void **)&native.name = dlsym(library, "wimlib_" #name);
    WIM_FUNCTIONS(FIND)
#undef FIND
    lift_locks(library);
    return 1;
}

/* wimlib leaves the system's reason in errno, which on Windows is that of the C library there. */
static int with_errno(int code)
{
    static int *(PE * windows_errno)(void);
    int reason = errno == ENAMETOOLONG ? 38 : errno == ENOTEMPTY ? 41 : errno;
    if (!windows_errno)
        *(void **)&windows_errno = GetProcAddress(GetModuleHandleA("msvcrt.dll"), "_errno");
    if (windows_errno)
        *windows_errno() = reason;
    return code;
}

/* ---- the library ---- */

PE unsigned shim_get_version(void)
{
    return native.get_version();
}

PE int shim_global_init(int flags)
{
    const int cases =
        WIMLIB_INIT_FLAG_DEFAULT_CASE_SENSITIVE | WIMLIB_INIT_FLAG_DEFAULT_CASE_INSENSITIVE;
    if (!(flags & cases))
        flags |= WIMLIB_INIT_FLAG_DEFAULT_CASE_INSENSITIVE; /* as it is on Windows */
    return native.global_init(flags);
}

PE void shim_global_cleanup(void)
{
    native.global_cleanup();
}

PE int shim_set_print_errors(bool show)
{
    return native.set_print_errors(show);
}

PE int shim_set_default_compression_level(int type, unsigned level)
{
    return native.set_default_compression_level(type, level);
}

PE const unit *shim_get_error_string(enum wimlib_error_code code)
{
    static unit texts[128][160];
    const char *text = native.get_error_string(code);
    if ((unsigned)code >= sizeof texts / sizeof *texts)
        return texts[0];
    for (size_t i = 0; text[i] && i < sizeof *texts / sizeof **texts - 1; i++)
        texts[code][i] = (unsigned char)text[i];
    return texts[code];
}

/* ---- WIM files ---- */

static struct shim_wim *wrap(WIMStruct *wim)
{
    struct shim_wim *made = mem_alloc(sizeof *made);
    if (made)
        made->native = wim;
    return made;
}

PE int shim_create_new_wim(enum wimlib_compression_type type, struct shim_wim **out)
{
    WIMStruct *wim;
    int code = native.create_new_wim(type, &wim);
    if (!code)
        *out = wrap(wim);
    return code;
}

PE int shim_open_wim_with_progress(const unit *file, int flags, struct shim_wim **out,
                                   pe_progress on_progress, void *context)
{
    AUTO_TEXTS struct texts texts = {0};
    struct shim_wim *made = wrap(NULL);
    char *path = unix_path_of(&texts, file);
    if (!path)
        return with_errno(WIMLIB_ERR_OPEN);
    if (!made)
        return WIMLIB_ERR_NOMEM;
    made->on_progress = on_progress;
    made->context = context;
    errno = 0;
    int code = native.open_wim_with_progress(path, flags, &made->native,
                                             on_progress ? pass_progress : NULL, made);
    if (code)
        mem_free(made);
    else
        *out = made;
    return with_errno(code);
}

PE void shim_free(struct shim_wim *wim)
{
    if (!wim)
        return;
    native.free(wim->native);
    texts_clear(&wim->handed_out);
    mem_free(wim);
}

PE int shim_get_wim_info(struct shim_wim *wim, struct wimlib_wim_info *info)
{
    return native.get_wim_info(wim->native, info);
}

PE const unit *shim_get_image_name(struct shim_wim *wim, int image)
{
    return utf16_of(&wim->handed_out, native.get_image_name(wim->native, image));
}

PE const unit *shim_get_image_property(struct shim_wim *wim, int image, const unit *name)
{
    AUTO_TEXTS struct texts texts = {0};
    return utf16_of(&wim->handed_out,
                    native.get_image_property(wim->native, image, utf8_of(&texts, name)));
}

PE bool shim_image_name_in_use(const struct shim_wim *wim, const unit *name)
{
    AUTO_TEXTS struct texts texts = {0};
    return native.image_name_in_use(wim->native, utf8_of(&texts, name));
}

PE int shim_iterate_dir_tree(struct shim_wim *wim, int image, const unit *path, int flags,
                             pe_dir_entry call, void *context)
{
    AUTO_TEXTS struct texts texts = {0};
    struct dir_entry_call to = {call, context};
    return with_errno(native.iterate_dir_tree(wim->native, image, utf8_of(&texts, path), flags,
                                              pass_dir_entry, &to));
}

/* ---- writing ---- */

PE int shim_set_output_compression_type(struct shim_wim *wim, enum wimlib_compression_type type)
{
    return native.set_output_compression_type(wim->native, type);
}

PE int shim_set_output_pack_compression_type(struct shim_wim *wim,
                                             enum wimlib_compression_type type)
{
    return native.set_output_pack_compression_type(wim->native, type);
}

PE int shim_set_output_chunk_size(struct shim_wim *wim, uint32_t size)
{
    return native.set_output_chunk_size(wim->native, size);
}

PE int shim_set_output_pack_chunk_size(struct shim_wim *wim, uint32_t size)
{
    return native.set_output_pack_chunk_size(wim->native, size);
}

PE int shim_write(struct shim_wim *wim, const unit *file, int image, int flags, unsigned threads)
{
    AUTO_TEXTS struct texts texts = {0};
    char *path = unix_path_of(&texts, file);
    return with_errno(path ? native.write(wim->native, path, image, flags, threads)
                           : WIMLIB_ERR_OPEN);
}

PE int shim_overwrite(struct shim_wim *wim, int flags, unsigned threads)
{
    return with_errno(native.overwrite(wim->native, flags, threads));
}

PE int shim_split(struct shim_wim *wim, const unit *first, uint64_t size, int flags)
{
    AUTO_TEXTS struct texts texts = {0};
    char *path = unix_path_of(&texts, first);
    return with_errno(path ? native.split(wim->native, path, size, flags) : WIMLIB_ERR_OPEN);
}

PE int shim_export_image(struct shim_wim *from, int image, struct shim_wim *to, const unit *name,
                         const unit *description, int flags)
{
    AUTO_TEXTS struct texts texts = {0};
    return with_errno(native.export_image(from->native, image, to->native, utf8_of(&texts, name),
                                          utf8_of(&texts, description), flags));
}

PE int shim_add_image_multisource(struct shim_wim *wim, const struct wimlib_capture_source *sources,
                                  size_t count, const unit *name, const unit *config, int flags)
{
    AUTO_TEXTS struct texts texts = {0};
    AUTO_FREE struct wimlib_capture_source *told = mem_array(count + 1, sizeof *told);
    if (flags & WIMLIB_ADD_FLAG_UNIX_DATA) /* as on Windows */
        return WIMLIB_ERR_UNSUPPORTED;
    for (size_t i = 0; i < count; i++) {
        told[i].fs_source_path = unix_path_of(&texts, sources[i].fs_source_path);
        told[i].wim_target_path = utf8_of(&texts, sources[i].wim_target_path);
        if (!told[i].fs_source_path)
            return with_errno(WIMLIB_ERR_STAT);
    }
    return with_errno(native.add_image_multisource(wim->native, told, count, utf8_of(&texts, name),
                                                   unix_path_of(&texts, config), flags));
}

/* false: a file is not there. */
static bool retell_command(struct texts *texts, const struct wimlib_update_command *from,
                           struct wimlib_update_command *to)
{
    *to = *from;
    switch (from->op) {
    case WIMLIB_UPDATE_OP_ADD:
        to->add.fs_source_path = unix_path_of(texts, from->add.fs_source_path);
        to->add.wim_target_path = utf8_of(texts, from->add.wim_target_path);
        to->add.config_file = unix_path_of(texts, from->add.config_file);
        return to->add.fs_source_path != NULL;
    case WIMLIB_UPDATE_OP_DELETE:
        to->delete_.wim_path = utf8_of(texts, from->delete_.wim_path);
        return true;
    default:
        to->rename.wim_source_path = utf8_of(texts, from->rename.wim_source_path);
        to->rename.wim_target_path = utf8_of(texts, from->rename.wim_target_path);
        return true;
    }
}

PE int shim_update_image(struct shim_wim *wim, int image,
                         const struct wimlib_update_command *commands, size_t count, int flags)
{
    AUTO_TEXTS struct texts texts = {0};
    AUTO_FREE struct wimlib_update_command *told = mem_array(count + 1, sizeof *told);
    for (size_t i = 0; i < count; i++) {
        if (!retell_command(&texts, &commands[i], &told[i]))
            return with_errno(WIMLIB_ERR_STAT);
        if (told[i].op == WIMLIB_UPDATE_OP_ADD &&
            (told[i].add.add_flags & WIMLIB_ADD_FLAG_UNIX_DATA)) /* as on Windows */
            return WIMLIB_ERR_UNSUPPORTED;
    }
    wim->commands = commands;
    errno = 0;
    return with_errno(native.update_image(wim->native, image, told, count, flags));
}

/* ---- unpacking ---- */

PE int shim_extract_image(struct shim_wim *wim, int image, const unit *target, int flags)
{
    AUTO_TEXTS struct texts texts = {0};
    char *path = unix_path_of(&texts, target);
    if (flags & WIMLIB_EXTRACT_FLAG_UNIX_DATA) /* as on Windows */
        return WIMLIB_ERR_UNSUPPORTED;
    if (!path)
        return with_errno(WIMLIB_ERR_MKDIR);
    int code = native.extract_image(wim->native, image, path, flags), reason = errno;
    /* Also of what was unpacked before it failed. */
    int more = replace_links(native.iterate_dir_tree, wim->native, image, path);
    errno = reason;
    return with_errno(code ? code : more);
}

PE int shim_extract_paths(struct shim_wim *wim, int image, const unit *target,
                          const unit *const *paths, size_t count, int flags)
{
    AUTO_TEXTS struct texts texts = {0};
    AUTO_FREE const char **told = mem_array(count + 1, sizeof *told);
    char *path = unix_path_of(&texts, target);
    if (flags & WIMLIB_EXTRACT_FLAG_UNIX_DATA) /* as on Windows */
        return WIMLIB_ERR_UNSUPPORTED;
    for (size_t i = 0; i < count; i++)
        told[i] = utf8_of(&texts, paths[i]);
    return with_errno(path ? native.extract_paths(wim->native, image, path, told, count, flags)
                           : WIMLIB_ERR_MKDIR);
}
