/* SPDX-License-Identifier: MIT */
/* wim_file.c - see wim.h and wim_handle.h: opening and closing, wimlib's codes as HRESULTs. */
#include <errno.h>
#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "floor.h"
#include "mem.h"
#include "os.h"
#include "text.h"
#include "wim_handle.h"
#include "wim_raw.h"

#define SOLID_WIM_VERSION 3584 /* 0xE00, what solid resources need */

/* The metadata resource is compressed anew by every commit; level 10 instead of 50 makes that five
 * times faster for 0.005 % of size (measured: engines.md 3.4). */
#define COMPRESSION_LEVEL 10

static HRESULT code_to_hr(int code, int err)
{
    static const HRESULT table[] = {
        [WIMLIB_ERR_ALREADY_LOCKED] = HR_WIN32(ERROR_SHARING_VIOLATION),
        [WIMLIB_ERR_DECOMPRESSION] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_IMAGE_COUNT] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_IMAGE_NAME_COLLISION] = HR_WIN32(ERROR_ALREADY_EXISTS),
        [WIMLIB_ERR_INSUFFICIENT_PRIVILEGES] = HR_WIN32(ERROR_ACCESS_DENIED),
        [WIMLIB_ERR_INTEGRITY] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_CHUNK_SIZE] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_COMPRESSION_TYPE] = HR_WIN32(ERROR_BAD_FORMAT),
        [WIMLIB_ERR_INVALID_HEADER] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_IMAGE] = DISMAPI_E_INVALID_IMAGE_INDEX,
        [WIMLIB_ERR_INVALID_INTEGRITY_TABLE] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_METADATA_RESOURCE] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_PART_NUMBER] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_INVALID_RESOURCE_HASH] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_INVALID_UTF8_STRING] = HR_WIN32(ERROR_NO_UNICODE_TRANSLATION),
        [WIMLIB_ERR_IS_SPLIT_WIM] = WIMGAPI_E_SPLIT_WIM,
        [WIMLIB_ERR_METADATA_NOT_FOUND] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_NOMEM] = E_OUTOFMEMORY,
        [WIMLIB_ERR_NOT_A_REGULAR_FILE] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_NOT_A_WIM_FILE] = HR_WIN32(ERROR_BAD_FORMAT),
        [WIMLIB_ERR_PATH_DOES_NOT_EXIST] = HR_WIN32(ERROR_PATH_NOT_FOUND),
        [WIMLIB_ERR_RESOURCE_NOT_FOUND] = HR_WIN32(ERROR_FILE_CORRUPT),
        [WIMLIB_ERR_UNEXPECTED_END_OF_FILE] = HR_WIN32(ERROR_INVALID_DATA),
        [WIMLIB_ERR_UNKNOWN_VERSION] = HR_WIN32(ERROR_BAD_FORMAT),
        [WIMLIB_ERR_UNSUPPORTED] = HR_WIN32(ERROR_NOT_SUPPORTED),
        [WIMLIB_ERR_UNSUPPORTED_FILE] = HR_WIN32(ERROR_NOT_SUPPORTED),
        [WIMLIB_ERR_WIM_IS_ENCRYPTED] = HR_WIN32(ERROR_NOT_SUPPORTED),
        [WIMLIB_ERR_WIM_IS_INCOMPLETE] = WIMGAPI_E_SPLIT_WIM,
        [WIMLIB_ERR_WIM_IS_READONLY] = WIMPROVIDER_E_NO_WRITE_PERMISSION,
        [WIMLIB_ERR_XML] = HR_WIN32(ERROR_INVALID_DATA),
    };
    if (code > 0 && (size_t)code < sizeof table / sizeof *table && table[code])
        return table[code];
    return err ? hr_from_errno(err) : E_FAIL; /* open, read, write ...: the system's reason */
}

HRESULT wim_failed(const struct wim *wim, int code, int err, const char *doing, const char *path)
{
    if (code == WIMLIB_ERR_ABORTED_BY_PROGRESS && wim && FAILED(wim->progress_hr))
        return wim->progress_hr; /* whose message stands */
    struct port_why room;
    HRESULT hr = code_to_hr(code, err);
    if (err && hr == hr_from_errno(err))
        return FAIL(hr, "%s %s: %s (%s)", doing, path, port_why(code, &room), strerror(err));
    return FAIL(hr, "%s %s: %s", doing, path, port_why(code, &room));
}

HRESULT wim_start(void)
{
    static struct os_mutex lock;
    static bool is_started;
    AUTO_LOCK(&lock);
    if (is_started)
        return S_OK;
    TRY(port_start());
    WIM(set_default_compression_level)(-1, COMPRESSION_LEVEL);
    is_started = true;
    return S_OK;
}

HRESULT wim_read_facts(struct wim *wim, const char *path)
{
    struct wimlib_wim_info info;
    int code = WIM(get_wim_info)(wim->handle, &info);
    if (code)
        return wim_failed(NULL, code, 0, "cannot read", path);
    wim->facts = (struct wim_facts){
        .image_count = info.image_count,
        .boot_index = info.boot_index,
        .part = info.part_number,
        .parts = info.total_parts,
        .is_solid = info.compression_type == WIMLIB_COMPRESSION_TYPE_LZMS ||
                    info.wim_version == SOLID_WIM_VERSION,
        .has_integrity = info.has_integrity_table,
        .is_marked_readonly = info.is_marked_readonly,
    };
    return S_OK;
}

HRESULT wim_open_handle(struct wim *wim, const char *path, int flags,
                        wimlib_progress_func_t on_progress)
{
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    wimlib_tchar *file;
    TRY(wim_start());
    TRY(port_path(&texts, path, &file));
    errno = 0;
    int code = WIM(open_wim_with_progress)(file, flags, &wim->handle, on_progress, wim);
    if (code) {
        wim->handle = NULL;
        return wim_failed(NULL, code, errno, "cannot open", path);
    }
    return wim_read_facts(wim, path);
}

HRESULT wim_open_file(const char *path, int flags, wimlib_progress_func_t on_progress,
                      struct wim **out)
{
    AUTO_WIM struct wim *wim = mem_alloc(sizeof *wim);
    if (!wim)
        return FAIL_MEMORY();
    TRY(wim_open_handle(wim, path, flags, on_progress));
    *out = TAKE(wim);
    return S_OK;
}

void wim_close(struct wim *wim)
{
    if (wim->handle)
        WIM(free)(wim->handle);
    port_texts_clear(&wim->texts);
    if (wim->raw)
        wim_raw_close(wim->raw);
    mem_free(wim->path);
    mem_free(wim);
}

const struct wim_facts *wim_facts(const struct wim *wim)
{
    return &wim->facts;
}

/* Is not to fail: the text is wimlib's where nothing has to be converted. */
static const char *kept(struct wim *wim, const wimlib_tchar *text)
{
    FLOOR_PAUSE();
    const char *utf8 = NULL;
    return SUCCEEDED(port_utf8(&wim->texts, text, &utf8)) ? utf8 : NULL;
}

const char *wim_property(struct wim *wim, unsigned index, const char *name)
{
    FLOOR_PAUSE();
    AUTO_PORT_TEXTS struct port_texts texts = {0};
    wimlib_tchar *property;
    if (FAILED(port_text(&texts, name, &property)))
        return NULL;
    return kept(wim, WIM(get_image_property)(wim->handle, (int)index, property));
}

const char *wim_image_name(struct wim *wim, unsigned index)
{
    return kept(wim, WIM(get_image_name)(wim->handle, (int)index));
}

unsigned wim_index_of_name(struct wim *wim, const char *name)
{
    for (unsigned i = 1; i <= wim->facts.image_count; i++) {
        const char *other = wim_image_name(wim, i);
        if (other && text_equal_nocase(other, name))
            return i;
    }
    return 0;
}
