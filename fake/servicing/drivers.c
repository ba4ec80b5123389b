/* SPDX-License-Identifier: MIT */
/*
 * drivers.c - DismGetDrivers, DismGetDriverInfo, DismAddDriver, DismRemoveDriver,
 * _DismExportDriver.
 */
#include <stddef.h>

#include "call.h"
#include "client_path.h"
#include "describe.h"
#include "dism_codes.h"
#include "driver_change.h"
#include "driver_export.h"
#include "driver_signature.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "servicing.h"
#include "text.h"
#include "windows_of.h"

/* ---- DismDriverPackage ---- */

struct driver_texts {
    const char *published, *original, *catalog, *provider;
};

static HRESULT describe_package(struct result *r, size_t at, const struct driver_texts *texts,
                                const struct driver_class *class, uint64_t date, uint64_t version)
{
    DismDriverPackage *p = result_at(r, at);
    p->BootCritical = class->is_boot_critical;
    p->Date = describe_time(date);
    p->MajorVersion = (UINT)(version >> 48);
    p->MinorVersion = (UINT)(version >> 32 & 0xFFFF);
    p->Build = (UINT)(version >> 16 & 0xFFFF);
    p->Revision = (UINT)(version & 0xFFFF);
    TRY(describe_text(r, at + offsetof(DismDriverPackage, PublishedName), texts->published));
    TRY(describe_text(r, at + offsetof(DismDriverPackage, OriginalFileName), texts->original));
    TRY(describe_text(r, at + offsetof(DismDriverPackage, CatalogFile), texts->catalog));
    TRY(describe_text(r, at + offsetof(DismDriverPackage, ClassName), class->name));
    TRY(describe_text(r, at + offsetof(DismDriverPackage, ClassGuid), class->guid));
    TRY(describe_text(r, at + offsetof(DismDriverPackage, ClassDescription), class->description));
    return describe_text(r, at + offsetof(DismDriverPackage, ProviderName), texts->provider);
}

/* One that is in the image. */
static HRESULT describe_driver(struct result *r, size_t at, const struct winimage *image,
                               const struct driver *d)
{
    DismDriverSignature signature;
    AUTO_FREE char *below = NULL, *path = NULL;
    TRY(driver_signature(image, d, &signature));
    TRY(driver_store_place(d->id, d->inf_name, &below));
    if (!(path = mem_format("%s/%s", image->windows, below)))
        return FAIL_MEMORY();
    path_show(path);
    DismDriverPackage *p = result_at(r, at);
    p->InBox = d->is_in_box;
    p->DriverSignature = signature;
    const struct driver_texts texts = {d->published, path, d->catalog, d->provider};
    return describe_package(r, at, &texts, &d->class, d->date, d->version);
}

/* ---- DismGetDrivers ---- */

HRESULT impl_DismGetDrivers(struct call *call, DismSession Session, BOOL AllDrivers,
                            DismDriverPackage **DriverPackage, UINT *Count)
{
    struct winimage *image;
    struct drivers *drivers;
    struct result result AUTO(result_clear) = {0};
    UINT count = 0;
    void *block;
    (void)Session;
    TRY(windows_of(call, &image));
    TRY(op_step(&call->op, STEP_DRIVERS_READ));
    TRY(drivers_of(image, &drivers));
    for (size_t i = 0; i < drivers->list.len; i++)
        count += AllDrivers || !drivers->list.ptr[i].is_in_box;
    TRY(result_begin(&result, call->api, count, sizeof **DriverPackage));
    size_t at = 0;
    for (size_t i = 0; i < drivers->list.len; i++) {
        if (!AllDrivers && drivers->list.ptr[i].is_in_box)
            continue;
        TRY(describe_driver(&result, at, image, &drivers->list.ptr[i]));
        at += sizeof **DriverPackage;
    }
    TRY(result_finish(&result, &block));
    *DriverPackage = block;
    *Count = count;
    return S_OK;
}

/* ---- DismGetDriverInfo ---- */

struct describing {
    struct winimage *image;
    const struct driver *driver; /* NULL: a file, not the image's driver */
    char *path;                  /* of the INF */
    struct driver_inf inf;
};

static void describing_clear(struct describing *d)
{
    mem_free(d->path);
    driver_inf_clear(&d->inf);
}

static HRESULT add_ids(struct result *r, size_t where, const struct driver_model *model)
{
    struct text ids AUTO(text_clear) = {0};
    for (size_t i = 2; i < model->line->values.len; i++)
        text_addf(&ids, "%s%s", ids.len ? "," : "", inf_field(model->line, i));
    AUTO_FREE char *text = text_take(&ids);
    return text ? result_string(r, where, text) : FAIL_MEMORY();
}

static HRESULT describe_model(struct result *r, size_t at, const struct describing *d,
                              const struct driver_model *model)
{
    const char *service;
    AUTO_FREE char *excluded = NULL;
    ((DismDriver *)result_at(r, at))->Architecture = model->architecture;
    TRY(driver_inf_service(&d->inf, model, &service));
    TRY(driver_inf_excluded(&d->inf, model, &excluded));
    TRY(describe_text(r, at + offsetof(DismDriver, ManufacturerName), model->manufacturer));
    TRY(describe_text(r, at + offsetof(DismDriver, HardwareDescription), model->description));
    TRY(describe_text(r, at + offsetof(DismDriver, HardwareId), model->hardware_id));
    TRY(describe_text(r, at + offsetof(DismDriver, ServiceName), service));
    TRY(add_ids(r, at + offsetof(DismDriver, CompatibleIds), model));
    return describe_text(r, at + offsetof(DismDriver, ExcludeIds), excluded);
}

static HRESULT describe_models(struct call *call, const struct describing *d, DismDriver **out)
{
    struct result result AUTO(result_clear) = {0};
    void *block;
    TRY(result_begin(&result, call->api, d->inf.models.len, sizeof **out));
    for (size_t i = 0; i < d->inf.models.len; i++)
        TRY(describe_model(&result, i * sizeof **out, d, &d->inf.models.ptr[i]));
    TRY(result_finish(&result, &block));
    *out = block;
    return S_OK;
}

static HRESULT file_signature(const struct describing *d, DismDriverSignature *out)
{
    struct driver_proof proof AUTO(driver_proof_clear) = {0};
    AUTO_FREE char *folder = NULL, *bytes = NULL;
    size_t size;
    TRY(path_parent(d->path, &folder));
    TRY(os_read_file(d->path, &bytes, &size));
    HRESULT hr = driver_signature_check(folder, d->inf.catalog, bytes, size, NULL, &proof);
    if (hr == E_OUTOFMEMORY)
        return hr;
    *out =
        SUCCEEDED(hr) && !proof.why_not ? DismDriverSignatureSigned : DismDriverSignatureUnsigned;
    error_clear();
    return S_OK;
}

/* A file has no published name: it stands under its path. */
static HRESULT describe_file(struct result *r, const struct describing *d)
{
    struct driver_class class AUTO(driver_class_clear) = {0};
    AUTO_FREE char *shown = path_shown(d->path);
    DismDriverSignature signature;
    if (!shown)
        return FAIL_MEMORY();
    TRY(driver_class_of(d->image, "", "", &d->inf, &class));
    TRY(file_signature(d, &signature));
    ((DismDriverPackage *)result_at(r, 0))->DriverSignature = signature;
    const struct driver_texts texts = {shown, shown, d->inf.catalog, d->inf.provider};
    return describe_package(r, 0, &texts, &class, d->inf.date, d->inf.version);
}

static HRESULT describe_whole(struct call *call, const struct describing *d,
                              DismDriverPackage **out)
{
    struct result result AUTO(result_clear) = {0};
    void *block;
    TRY(result_begin(&result, call->api, 1, sizeof **out));
    TRY(d->driver ? describe_driver(&result, 0, d->image, d->driver) : describe_file(&result, d));
    TRY(result_finish(&result, &block));
    *out = block;
    return S_OK;
}

static HRESULT find_published(PCWSTR text, struct winimage *image, const struct driver **out)
{
    AUTO_FREE char *name = NULL;
    struct drivers *drivers;
    TRY(text_from_utf16(text, &name));
    TRY(drivers_of(image, &drivers));
    *out = drivers_find(drivers, name);
    return S_OK;
}

static bool is_name(PCWSTR text)
{
    for (; *text; text++)
        if (*text == '/' || *text == '\\' || *text == ':')
            return false;
    return true;
}

static HRESULT check_file(const char *path)
{
    struct os_stat stat;
    TRY(os_stat(path, &stat));
    if (stat.type != OS_TYPE_FILE)
        return FAIL(E_INVALIDARG, "%s is no file", path);
    return S_OK;
}

/* A published name, if the image has it; else a file, by any path to it. */
static HRESULT choose(struct describing *d, PCWSTR text)
{
    if (is_name(text) && *text)
        TRY(find_published(text, d->image, &d->driver));
    if (d->driver && !d->driver->has_version)
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "the image has %s, but not its version",
                    d->driver->published);
    if (d->driver)
        return driver_inf_path(d->image, d->driver, &d->path);
    TRY(client_path(text, "DriverPath", E_INVALIDARG, &d->path));
    if (is_name(text) && !os_exists(d->path))
        return FAIL(HR_WIN32(ERROR_NOT_FOUND), "the image has no driver %s", path_name(d->path));
    return check_file(d->path);
}

HRESULT impl_DismGetDriverInfo(struct call *call, DismSession Session, PCWSTR DriverPath,
                               DismDriver **Driver, UINT *Count, DismDriverPackage **DriverPackage)
{
    struct describing d AUTO(describing_clear) = {0};
    struct driver_target target;
    unsigned language;
    DismDriver *models = NULL;
    (void)Session;
    TRY(windows_of(call, &d.image));
    TRY(op_step(&call->op, STEP_DRIVER_INFO_READ));
    TRY(choose(&d, DriverPath));
    TRY(driver_target_of(d.image, &target, &language));
    TRY(driver_inf_read(d.path, language, d.driver ? &target : NULL, &d.inf));
    TRY(describe_models(call, &d, &models));
    HRESULT hr = DriverPackage ? describe_whole(call, &d, DriverPackage) : S_OK;
    if (FAILED(hr)) {
        result_delete(models);
        return hr;
    }
    *Driver = models;
    *Count = (UINT)d.inf.models.len;
    return S_OK;
}

/* ---- DismAddDriver, DismRemoveDriver ---- */

static HRESULT offline_image(struct call *call, struct winimage **out)
{
    TRY(windows_of(call, out));
    if ((*out)->is_online)
        return FAIL(HR_WIN32(ERROR_NOT_SUPPORTED),
                    "drivers of the running Windows are not for DISM to change");
    return S_OK;
}

HRESULT impl_DismAddDriver(struct call *call, DismSession Session, PCWSTR DriverPath,
                           BOOL ForceUnsigned)
{
    struct winimage *image;
    AUTO_FREE char *path = NULL;
    AUTO_CHANGE struct change *change = NULL;
    (void)Session;
    TRY(offline_image(call, &image));
    TRY(client_path(DriverPath, "DriverPath", E_INVALIDARG, &path));
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(&call->op, STEP_ADD_DRIVER_VALIDATE));
    TRY(check_file(path));
    TRY(driver_add(image, change, path, NULL, ForceUnsigned));
    return servicing_finish(change, &call->op, STEP_ADD_DRIVER_STAGE, STEP_ADD_DRIVER_PLACE);
}

HRESULT impl_DismRemoveDriver(struct call *call, DismSession Session, PCWSTR DriverPath)
{
    struct winimage *image;
    AUTO_FREE char *name = NULL;
    AUTO_CHANGE struct change *change = NULL;
    (void)Session;
    TRY(offline_image(call, &image));
    TRY(text_from_utf16(DriverPath, &name));
    if (!*name)
        return FAIL(E_INVALIDARG, "DriverPath is empty");
    TRY(servicing_begin(image, false, &change));
    TRY(op_step(&call->op, STEP_REMOVE_DRIVER_VALIDATE));
    TRY(driver_remove(image, change, name));
    return servicing_finish(change, &call->op, STEP_REMOVE_DRIVER_STAGE, STEP_REMOVE_DRIVER_PLACE);
}

/* ---- _DismExportDriver ---- */

static HRESULT report_progress(void *context, size_t done, size_t of)
{
    struct op *op = context;
    TRY(op_check_cancel(op));
    return op_progress(op, 0, op->total, done, of);
}

HRESULT impl__DismExportDriver(struct call *call, DismSession Session, PCWSTR DestinationPath,
                               HANDLE CancelEvent, DISM_PROGRESS_CALLBACK Progress, PVOID UserData)
{
    struct winimage *image;
    struct op *op = &call->op;
    AUTO_FREE char *path = NULL;
    (void)Session, (void)CancelEvent, (void)Progress, (void)UserData;
    TRY(client_path(DestinationPath, "DestinationPath", E_INVALIDARG, &path));
    TRY(windows_of(call, &image));
    op->total = SERVICING_TICKS;
    TRY(op_step(op, STEP_EXPORT_DRIVER_READ));
    if (!os_is_directory(path))
        return FAIL(HR_WIN32(ERROR_PATH_NOT_FOUND), "there is no folder %s", path);
    TRY(op_step(op, STEP_EXPORT_DRIVER_COPY));
    TRY(drivers_export(image, path, report_progress, op));
    return op_ticks_to(op, op->total);
}
