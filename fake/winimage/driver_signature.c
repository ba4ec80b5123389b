/* SPDX-License-Identifier: MIT */
/* driver_signature.c - see driver_signature.h. */
#include "driver_signature.h"

#include "dism_codes.h"
#include "driver_catalog.h"
#include "driver_files.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "place.h"

void driver_proof_clear(struct driver_proof *proof)
{
    mem_free(proof->catalog);
    mem_free(proof->signer);
    *proof = (struct driver_proof){0};
}

static bool is_program(const char *bytes, size_t size)
{
    return size >= 64 && bytes[0] == 'M' && bytes[1] == 'Z';
}

static HRESULT check_files(const char *folder, const struct driver_catalog *catalog,
                           const struct driver_files *files, struct driver_proof *out)
{
    for (size_t i = 0; files && i < files->list.len; i++) {
        AUTO_FREE char *path = NULL, *bytes = NULL;
        size_t size;
        HRESULT hr = place_find(folder, files->list.ptr[i].source, &path);
        TRY(hr);
        if (hr == S_FALSE)
            continue;
        TRY(os_read_file(path, &bytes, &size));
        if (!is_program(bytes, size) && !driver_catalog_lists(catalog, bytes, size))
            out->why_not = "its catalogue does not list one of its files";
    }
    return S_OK;
}

static HRESULT check(const char *folder, const char *name, const void *inf, size_t size,
                     const struct driver_files *files, struct driver_proof *out)
{
    struct driver_catalog catalog AUTO(driver_catalog_clear) = {0};
    AUTO_FREE char *bytes = NULL;
    size_t length;
    if (!*name) {
        out->why_not = "it names no catalogue";
        return S_OK;
    }
    HRESULT hr = place_find(folder, name, &out->catalog);
    TRY(hr);
    if (hr == S_FALSE) {
        out->why_not = "its catalogue is not there";
        return S_OK;
    }
    TRY(os_read_file(out->catalog, &bytes, &length));
    TRY(driver_catalog_read(bytes, length, name, &catalog));
    out->signer = TAKE(catalog.signer);
    if (!catalog.is_signed)
        out->why_not = "nobody signed its catalogue";
    else if (!driver_catalog_lists(&catalog, inf, size))
        out->why_not = "its catalogue does not list the INF";
    else
        TRY(check_files(folder, &catalog, files, out));
    return S_OK;
}

HRESULT driver_signature_check(const char *folder, const char *name, const void *inf, size_t size,
                               const struct driver_files *files, struct driver_proof *out)
{
    *out = (struct driver_proof){0};
    HRESULT hr = check(folder, name, inf, size, files, out);
    if (FAILED(hr))
        driver_proof_clear(out);
    return hr;
}

static HRESULT check_stored(const struct winimage *image, const struct driver *driver, bool *out)
{
    struct driver_proof proof AUTO(driver_proof_clear) = {0};
    AUTO_FREE char *path = NULL, *folder = NULL, *bytes = NULL;
    size_t size;
    TRY(driver_inf_path(image, driver, &path));
    TRY(path_parent(path, &folder));
    TRY(os_read_file(path, &bytes, &size));
    TRY(driver_signature_check(folder, driver->catalog, bytes, size, NULL, &proof));
    *out = !proof.why_not;
    return S_OK;
}

HRESULT driver_signature(const struct winimage *image, const struct driver *driver,
                         DismDriverSignature *out)
{
    bool is_signed = driver->has_signer;
    if (driver->class.is_boot_critical) {
        is_signed = false;
        if (check_stored(image, driver, &is_signed) == E_OUTOFMEMORY)
            return E_OUTOFMEMORY;
        error_clear(); /* what cannot be read is not signed */
    }
    *out = is_signed ? DismDriverSignatureSigned
           : !*driver->catalog || !driver->is_in_box || driver->class.is_boot_critical
               ? DismDriverSignatureUnsigned
               : DismDriverSignatureUnknown;
    return S_OK;
}
