/* SPDX-License-Identifier: MIT */
/*
 * fuzz_manifest.c - libFuzzer's entry: any bytes as the manifest of a package (.mum) and as that of
 * a component. No file of a component may have a place outside of the image. An input is a
 * manifest.
 */
#include <stdlib.h>
#include <string.h>

#include "component.h"
#include "identity.h"
#include "manifest.h"

/* Neither a way up nor a drive. */
static void must_lie_inside(const char *path)
{
    if (*path == '/' || strpbrk(path, "\\:"))
        abort();
}

static void look_at_package(const struct manifest *manifest)
{
    AUTO_FREE char *text = identity_text(&manifest->identity);
    AUTO_FREE char *capability = manifest_capability_text(manifest);
    struct identity again AUTO(identity_clear) = {0};
    if (capability && !strchr(capability, '~'))
        abort();
    (void)manifest_release_type(manifest->release_type);
    (void)manifest_is_permanent(manifest);
    if (text && SUCCEEDED(identity_parse(text, &again)) &&
        !identity_is_same_package(&again, &manifest->identity))
        abort();
}

static void look_at_component(const struct component *component)
{
    for (size_t i = 0; i < component->files.len; i++) {
        const struct component_file *file = &component->files.ptr[i];
        if (strpbrk(file->name, "/\\:") || strcmp(file->name, "..") == 0)
            abort();
        if (file->place)
            must_lie_inside(file->place);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char root[] = "/image", windows[] = "/image/Windows";
    const struct winimage image = {.root = root, .windows = windows};
    AUTO_MANIFEST struct manifest *manifest = NULL;
    AUTO_COMPONENT struct component *component = NULL;
    if (SUCCEEDED(manifest_read(data, size, "input.mum", &manifest)))
        look_at_package(manifest);
    if (SUCCEEDED(component_read(&image, data, size, "input.manifest", &component)))
        look_at_component(component);
    return 0;
}
