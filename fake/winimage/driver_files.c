/* SPDX-License-Identifier: MIT */
/* driver_files.c - see driver_files.h. */
#include "driver_files.h"

#include <stdlib.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "name_index.h"
#include "path.h"
#include "text.h"

struct gathering {
    const struct driver_inf *driver;
    unsigned architecture;
    struct driver_files *files;
    struct name_index seen;     /* sources */
    struct name_index sections; /* install sections that are done */
};

void driver_files_clear(struct driver_files *files)
{
    for (size_t i = 0; i < files->list.len; i++) {
        mem_free(files->list.ptr[i].source);
        mem_free(files->list.ptr[i].destination);
    }
    vec_clear(&files->list);
}

static void gathering_clear(struct gathering *g)
{
    name_index_clear(&g->seen);
    name_index_clear(&g->sections);
}

/* ---- names ---- */

static HRESULT outside(const struct driver_inf *driver, const char *name)
{
    return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s names '%s', which is no name inside a folder",
                driver->name, name);
}

/* A folder below another one: no drive, no way up. Separators in front do not count. */
static HRESULT clean_folder(const struct driver_inf *driver, const char *folder, char **out)
{
    struct text text AUTO(text_clear) = {0};
    for (const char *at = folder; *at;) {
        size_t length = strcspn(at, "\\/");
        bool is_up = length == 2 && at[0] == '.' && at[1] == '.';
        if (is_up || memchr(at, ':', length) || memchr(at, '%', length))
            return outside(driver, folder);
        if (length > 0 && !(length == 1 && at[0] == '.')) {
            text_add_n(&text, at, length);
            text_add(&text, "/");
        }
        at += length + (at[length] != 0);
    }
    *out = text_take(&text);
    return *out ? S_OK : FAIL_MEMORY();
}

/* By Windows' rules for names, wherever this runs. */
static HRESULT check_name(const struct driver_inf *driver, const char *name)
{
    AUTO_FREE char *path = mem_format("C:/%s", name);
    if (!path)
        return FAIL_MEMORY();
    bool is_plain = *name && !strpbrk(name, "\\/:") && !text_equal(name, ".") &&
                    !text_equal(name, "..") && strlen(name) < 256 && !path_flaw(path);
    return is_plain ? S_OK : outside(driver, name);
}

/* The line of a section that can be decorated with an architecture. S_FALSE: none. */
static HRESULT find_line(const struct gathering *g, const char *section, const char *key,
                         const struct inf_line **out)
{
    AUTO_FREE char *own = mem_format("%s.%s", section, driver_architecture_word(g->architecture));
    if (!own)
        return FAIL_MEMORY();
    *out = inf_line(inf_section(g->driver->inf, own), key);
    if (!*out)
        *out = inf_line(inf_section(g->driver->inf, section), key);
    return *out ? S_OK : S_FALSE;
}

/* [SourceDisksFiles] NAME = DISK, FOLDER and [SourceDisksNames] DISK = TEXT, TAG, , FOLDER */
static HRESULT find_source(const struct gathering *g, const char *name, struct driver_file *out)
{
    const struct inf_line *file, *disk;
    AUTO_FREE char *of_disk = NULL, *of_file = NULL;
    TRY(find_line(g, "SourceDisksFiles", name, &file));
    out->is_listed = file != NULL;
    disk = NULL;
    if (file)
        TRY(find_line(g, "SourceDisksNames", inf_field(file, 0), &disk));
    TRY(clean_folder(g->driver, inf_field(disk, 3), &of_disk));
    TRY(clean_folder(g->driver, inf_field(file, 1), &of_file));
    out->source = mem_format("%s%s%s", of_disk, of_file, name);
    return out->source ? S_OK : FAIL_MEMORY();
}

/* ---- destinations ---- */

/* The folder of that number below the Windows folder, NULL: another one. */
static const char *folder_of(unsigned long dirid)
{
    return dirid == 10 ? "" : dirid == 11 ? "System32/" : dirid == 12 ? "System32/drivers/" : NULL;
}

static HRESULT find_destination(const struct gathering *g, const char *section, const char *name,
                                char **out)
{
    const struct inf_section *dirs = inf_section(g->driver->inf, "DestinationDirs");
    const struct inf_line *line = *section ? inf_line(dirs, section) : NULL;
    AUTO_FREE char *below = NULL;
    if (!line)
        line = inf_line(dirs, "DefaultDestDir");
    const char *folder = folder_of(strtoul(inf_field(line, 0), NULL, 10));
    TRY(clean_folder(g->driver, inf_field(line, 1), &below));
    if (!folder)
        return S_OK;
    *out = mem_format("%s%s%s", folder, below, name);
    return *out ? S_OK : FAIL_MEMORY();
}

HRESULT driver_files_place(const char *dirid_path, bool *is_in_store, char **out)
{
    char *end;
    *out = NULL;
    *is_in_store = false;
    if (*dirid_path != '%')
        return S_OK;
    unsigned long dirid = strtoul(dirid_path + 1, &end, 10);
    if (*end != '%')
        return S_OK;
    const struct driver_inf none = {.name = (char *)"a service"};
    const char *folder = folder_of(dirid);
    AUTO_FREE char *below = NULL;
    TRY(clean_folder(&none, end + 1, &below));
    *is_in_store = dirid == 13;
    if (!*below || (!folder && !*is_in_store))
        return S_OK;
    below[strlen(below) - 1] = 0;
    *out = mem_format("%s%s", folder ? folder : "", below);
    return *out ? S_OK : FAIL_MEMORY();
}

/* ---- sections ---- */

/* A file: its name where it goes, and, where that differs, the one it comes from. */
static HRESULT add_file(struct gathering *g, const char *section, const char *name,
                        const char *source)
{
    struct driver_file file = {0};
    TRY(check_name(g->driver, name));
    if (*source)
        TRY(check_name(g->driver, source));
    HRESULT hr = find_source(g, *source ? source : name, &file);
    if (SUCCEEDED(hr))
        hr = find_destination(g, section, name, &file.destination);
    if (SUCCEEDED(hr))
        hr = name_index_add(&g->seen, file.source, 0);
    struct driver_file *added = hr == S_OK ? vec_push(&g->files->list) : NULL;
    if (added) {
        *added = file;
        return S_OK;
    }
    mem_free(file.source);
    mem_free(file.destination);
    return hr == S_OK ? FAIL_MEMORY() : hr;
}

static HRESULT add_list(struct gathering *g, const char *name)
{
    const struct inf_section *list = inf_section(g->driver->inf, name);
    HRESULT hr = name_index_add(&g->sections, name, 0);
    if (!list || hr != S_OK)
        return hr;
    for (size_t i = 0; i < list->lines.len; i++)
        TRY(add_file(g, name, inf_field(&list->lines.ptr[i], 0),
                     inf_field(&list->lines.ptr[i], 1)));
    return S_OK;
}

static HRESULT add_install(struct gathering *g, const char *install, const char *suffix)
{
    const struct inf_section *section;
    TRY(driver_inf_install(g->driver->inf, install, g->architecture, suffix, &section));
    for (size_t i = 0; section && i < section->lines.len; i++) {
        const struct inf_line *line = &section->lines.ptr[i];
        if (!line->key.text || !text_equal_nocase(line->key.text, "CopyFiles"))
            continue;
        for (size_t k = 0; k < line->values.len; k++) {
            const char *what = inf_field(line, k);
            if (*what == '@')
                TRY(add_file(g, "", what + 1, ""));
            else if (*what)
                TRY(add_list(g, what));
        }
    }
    return S_OK;
}

static HRESULT gather(struct gathering *g)
{
    struct name_index installs AUTO(name_index_clear) = {0};
    for (size_t i = 0; i < g->driver->models.len; i++) {
        const char *install = g->driver->models.ptr[i].install;
        HRESULT hr = name_index_add(&installs, install, 0);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        TRY(add_install(g, install, ""));
        TRY(add_install(g, install, ".CoInstallers"));
    }
    TRY(add_install(g, "ClassInstall32", ""));
    return g->driver->models.len ? S_OK : add_install(g, "DefaultInstall", "");
}

HRESULT driver_files_of(const struct driver_inf *driver, unsigned architecture,
                        struct driver_files *out)
{
    struct gathering g AUTO(gathering_clear) = {driver, architecture, out, {0}, {0}};
    *out = (struct driver_files){0};
    HRESULT hr = gather(&g);
    if (FAILED(hr))
        driver_files_clear(out);
    return FAILED(hr) ? hr : S_OK;
}
