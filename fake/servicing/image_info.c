/* SPDX-License-Identifier: MIT */
/*
 * image_info.c - DismGetImageInfo and DismGetMountedImageInfo: what images are in a file, what is
 * mounted.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "client_path.h"
#include "clock.h"
#include "dism_codes.h"
#include "error.h"
#include "image_file.h"
#include "mounts.h"
#include "os.h"
#include "path.h"
#include "result.h"
#include "text.h"
#include "wim_commit.h"

/* ---- DismGetImageInfo ---- */

struct describing {
    struct result *result;
    const struct image_file *file;
    unsigned index;
    size_t at; /* of this image's record */
};

static uint64_t number_of(const struct describing *d, const char *name)
{
    return image_file_number(d->file, d->index, name);
}

static const char *text_of(const struct describing *d, const char *name)
{
    return image_file_property(d->file, d->index, name);
}

static HRESULT add_string(const struct describing *d, size_t offset, const char *name)
{
    return result_string(d->result, d->at + offset, text_of(d, name));
}

/* That of a disk is not known: what boots it is in other partitions (real-behaviour). */
static DismImageBootable bootable(const struct describing *d)
{
    const struct wim *wim = image_file_wim(d->file);
    if (!wim)
        return DismImageBootableUnknown;
    return wim_facts(wim)->boot_index == d->index ? DismImageBootableYes : DismImageBootableNo;
}

static SYSTEMTIME time_of(const struct describing *d, const char *element)
{
    char high[48], low[48];
    snprintf(high, sizeof high, "%s/HIGHPART", element);
    snprintf(low, sizeof low, "%s/LOWPART", element);
    uint64_t filetime = number_of(d, high) << 32 | number_of(d, low);
    return filetime ? clock_from_filetime(filetime) : (SYSTEMTIME){0};
}

static HRESULT add_numbers(const struct describing *d)
{
    DismImageInfo *info = result_at(d->result, d->at);
    info->ImageType = image_file_wim(d->file) ? DismImageTypeWim : DismImageTypeVhd;
    info->ImageIndex = d->index;
    info->ImageSize = number_of(d, "TOTALBYTES");
    info->Architecture = (UINT)number_of(d, "WINDOWS/ARCH");
    info->MajorVersion = (UINT)number_of(d, "WINDOWS/VERSION/MAJOR");
    info->MinorVersion = (UINT)number_of(d, "WINDOWS/VERSION/MINOR");
    info->Build = (UINT)number_of(d, "WINDOWS/VERSION/BUILD");
    info->SpBuild = (UINT)number_of(d, "WINDOWS/VERSION/SPBUILD");
    info->SpLevel = (UINT)number_of(d, "WINDOWS/VERSION/SPLEVEL");
    info->Bootable = bootable(d);
    return S_OK;
}

static HRESULT add_strings(const struct describing *d)
{
    TRY(add_string(d, offsetof(DismImageInfo, ImageName), "NAME"));
    TRY(add_string(d, offsetof(DismImageInfo, ImageDescription), "DESCRIPTION"));
    TRY(add_string(d, offsetof(DismImageInfo, ProductName), "WINDOWS/PRODUCTNAME"));
    TRY(add_string(d, offsetof(DismImageInfo, EditionId), "WINDOWS/EDITIONID"));
    TRY(add_string(d, offsetof(DismImageInfo, InstallationType), "WINDOWS/INSTALLATIONTYPE"));
    TRY(add_string(d, offsetof(DismImageInfo, Hal), "WINDOWS/HAL"));
    TRY(add_string(d, offsetof(DismImageInfo, ProductType), "WINDOWS/PRODUCTTYPE"));
    TRY(add_string(d, offsetof(DismImageInfo, ProductSuite), "WINDOWS/PRODUCTSUITE"));
    return add_string(d, offsetof(DismImageInfo, SystemRoot), "WINDOWS/SYSTEMROOT");
}

static const char *language(const struct describing *d, unsigned number)
{
    char name[64];
    snprintf(name, sizeof name, "WINDOWS/LANGUAGES/LANGUAGE[%u]", number);
    return text_of(d, name);
}

static HRESULT add_languages(const struct describing *d)
{
    const char *preferred = text_of(d, "WINDOWS/LANGUAGES/DEFAULT");
    unsigned count = 0, default_index = 0;
    while (language(d, count + 1)) {
        if (preferred && text_equal_nocase(language(d, count + 1), preferred))
            default_index = count;
        count++;
    }
    size_t array;
    if (count == 0)
        return S_OK;
    TRY(result_array(d->result, d->at + offsetof(DismImageInfo, Language),
                     count * sizeof(DismLanguage), &array));
    DismImageInfo *info = result_at(d->result, d->at);
    info->LanguageCount = count;
    info->DefaultLanguageIndex = default_index;
    for (unsigned i = 0; i < count; i++)
        TRY(result_string(d->result, array + i * sizeof(DismLanguage), language(d, i + 1)));
    return S_OK;
}

static HRESULT add_customized(const struct describing *d)
{
    size_t at;
    TRY(result_array(d->result, d->at + offsetof(DismImageInfo, CustomizedInfo),
                     sizeof(DismWimCustomizedInfo), &at));
    DismWimCustomizedInfo *custom = result_at(d->result, at);
    custom->Size = sizeof *custom;
    custom->DirectoryCount = (UINT)number_of(d, "DIRCOUNT");
    custom->FileCount = (UINT)number_of(d, "FILECOUNT");
    custom->CreatedTime = time_of(d, "CREATIONTIME");
    custom->ModifiedTime = time_of(d, "LASTMODIFICATIONTIME");
    return S_OK;
}

static HRESULT describe(const struct describing *d)
{
    TRY(add_numbers(d));
    TRY(add_strings(d));
    TRY(add_languages(d));
    return image_file_wim(d->file) ? add_customized(d) : S_OK; /* DismGetImageInfo.5 */
}

HRESULT impl_DismGetImageInfo(struct call *call, PCWSTR ImageFilePath, DismImageInfo **ImageInfo,
                              UINT *Count)
{
    AUTO_FREE char *path = NULL;
    AUTO_IMAGE_FILE struct image_file *file = NULL;
    struct result result AUTO(result_clear) = {0};
    TRY(client_path(ImageFilePath, "ImageFilePath", E_INVALIDARG, &path));
    if (!os_exists(path))
        return FAIL(HR_WIN32(ERROR_FILE_NOT_FOUND), "there is no file %s", path);
    if (!os_is_file(path))
        return FAIL(E_INVALIDARG, "%s is not a file", path);
    TRY(op_step(&call->op, STEP_INFO_READ));
    TRY(wim_recover());
    TRY(image_file_open(path, false, &file));
    unsigned count = image_file_count(file);
    TRY(result_begin(&result, call->api, count, sizeof **ImageInfo));
    for (unsigned i = 0; i < count; i++) {
        struct describing d = {&result, file, i + 1, i * sizeof **ImageInfo};
        TRY(describe(&d));
    }
    void *block;
    TRY(result_finish(&result, &block));
    *ImageInfo = block;
    *Count = count;
    return S_OK;
}

/* ---- DismGetMountedImageInfo ---- */

/* A mount that its process is still making is not mounted yet. */
static bool is_listed(const struct mount *mount)
{
    return mount->state != MOUNT_MOUNTING || !mount_is_busy(mount);
}

static HRESULT add_path(struct result *result, size_t where, const char *native)
{
    AUTO_FREE char *shown = path_shown(native);
    return shown ? result_string(result, where, shown) : FAIL_MEMORY();
}

static HRESULT list_mount(struct result *result, size_t at, const struct mounts *m,
                          const struct mount *mount)
{
    DismMountedImageInfo *info = result_at(result, at);
    info->ImageIndex = mount->index;
    info->MountMode = mount->is_readonly ? DismReadOnly : DismReadWrite;
    info->MountStatus = mount_status(m, mount);
    TRY(add_path(result, at + offsetof(DismMountedImageInfo, MountPath), mount->mount_path_given));
    return add_path(result, at + offsetof(DismMountedImageInfo, ImageFilePath),
                    mount->image_path_given);
}

HRESULT impl_DismGetMountedImageInfo(struct call *call, DismMountedImageInfo **MountedImageInfo,
                                     UINT *Count)
{
    TRY(wim_recover());
    AUTO_MOUNTS struct mounts m = {0};
    struct result result AUTO(result_clear) = {0};
    TRY(mounts_open(&m));
    UINT count = 0;
    for (size_t i = 0; i < m.list.len; i++)
        count += is_listed(&m.list.ptr[i]);
    TRY(result_begin(&result, call->api, count, sizeof **MountedImageInfo));
    size_t at = 0;
    for (size_t i = 0; i < m.list.len; i++) {
        if (!is_listed(&m.list.ptr[i]))
            continue;
        TRY(list_mount(&result, at, &m, &m.list.ptr[i]));
        at += sizeof **MountedImageInfo;
    }
    void *block;
    TRY(result_finish(&result, &block));
    *MountedImageInfo = block;
    *Count = count;
    return S_OK;
}
