/* SPDX-License-Identifier: MIT */
/* wim_port.c - see wim_port.h: what is the same on both systems. */
#include "wim_port.h"

#include "dism_codes.h"
#include "error.h"
#include "os.h"

/* What 1.13 and 1.14 share; before it, names of functions and structures are others. */
enum { LEAST_MINOR = 13 };

static struct os_mutex lock;
static bool is_started;

static HRESULT check_version(const char *file)
{
    unsigned version = WIM(get_version)(), major = version >> 20, minor = (version >> 10) & 0x3FF;
    if (major == WIMLIB_MAJOR_VERSION && minor >= LEAST_MINOR)
        return S_OK;
    return FAIL(
        HR_WIN32(ERROR_UNKNOWN_REVISION),
        "%s is wimlib %u.%u.%u, which cannot be used: %d.%d or a later %d.x is needed (" PORT_SOURCE
        ")",
        file, major, minor, version & 0x3FF, WIMLIB_MAJOR_VERSION, LEAST_MINOR,
        WIMLIB_MAJOR_VERSION);
}

static HRESULT start(void)
{
    struct port_why room;
    AUTO_FREE char *file = NULL;
    TRY(port_load(&file));
    TRY(check_version(file));
    int code = WIM(global_init)(0);
    if (code)
        return FAIL(E_FAIL, "wimlib does not start: %s", port_why(code, &room));
    WIM(set_print_errors)(false);
    return S_OK;
}

HRESULT port_start(void)
{
    AUTO_LOCK(&lock);
    if (!is_started)
        TRY(start());
    is_started = true;
    return S_OK;
}

void port_stop(void)
{
    AUTO_LOCK(&lock);
    if (is_started)
        WIM(global_cleanup)();
    is_started = false;
}

HRESULT port_keep(struct port_texts *texts, void *text)
{
    void **slot = vec_push(&texts->list);
    if (slot) {
        *slot = text;
        return S_OK;
    }
    mem_free(text);
    return FAIL_MEMORY();
}

void port_texts_clear(struct port_texts *texts)
{
    for (size_t i = 0; i < texts->list.len; i++)
        mem_free(texts->list.ptr[i]);
    vec_clear(&texts->list);
}
