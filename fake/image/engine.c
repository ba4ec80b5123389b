/* SPDX-License-Identifier: MIT */
/* engine.c - which engine fills a mount folder. See image.h. */
#include "error.h"
#include "image.h"
#include "image_file.h"
#include "log.h"
#include "settings.h"
#include "text.h"

static const struct image_engine *const engines[] = {&wim_lazy_engine, &disk_engine,
                                                     &wim_extract_engine};

const struct image_engine *image_engine_of(const struct mount *mount)
{
    size_t i = 0;
    while (i + 1 < sizeof engines / sizeof *engines && !text_equal(engines[i]->name, mount->engine))
        i++;
    return engines[i];
}

static enum engine_choice choice(void)
{
    const struct settings *settings;
    return SUCCEEDED(settings_get(&settings)) ? settings->engine : ENGINE_AUTO;
}

const char *image_engine_wanted(const char *image_path)
{
    if (image_is_disk(image_path))
        return disk_engine.name;
    return choice() == ENGINE_EXTRACT ? wim_extract_engine.name : wim_lazy_engine.name;
}

static HRESULT change_engine(struct mount *mount, const struct image_engine *engine)
{
    AUTO_MOUNTS struct mounts m = {0};
    TRY(mounts_open(&m));
    struct mount *record = mounts_find_id(&m, mount->id);
    char *names[] = {mem_dup(engine->name), mem_dup(engine->name)};
    if (!record || !names[0] || !names[1]) {
        mem_free(names[0]);
        mem_free(names[1]);
        return FAIL_MEMORY();
    }
    mem_free(mount->engine);
    mem_free(record->engine);
    mount->engine = names[0];
    record->engine = names[1];
    return mounts_save(&m);
}

HRESULT image_fill(struct mount *mount, struct wim *wim, struct op *op, unsigned to)
{
    HRESULT hr = image_engine_of(mount)->fill(mount, wim, op, to);
    if (hr != S_FALSE)
        return hr;
    if (choice() == ENGINE_LAZY)
        return error_last()->hr;
    log_line(LOG_INFO, "Mount::Engine", S_OK, "%s is unpacked: %s", mount->image_path_given,
             error_last()->text);
    error_clear();
    TRY(change_engine(mount, &wim_extract_engine));
    return image_engine_of(mount)->fill(mount, wim, op, to);
}
