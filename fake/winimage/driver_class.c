/* SPDX-License-Identifier: MIT */
/* driver_class.c - see driver_class.h. */
#include "driver_class.h"

#include "dism_codes.h"
#include "error.h"
#include "text.h"

/* learn.microsoft.com, "System-Defined Device Setup Classes"; which ones Windows needs to start is
 * our guess (real-behaviour 4.7). */
static const struct known {
    const char *name, *guid, *description;
    bool is_boot_critical;
} known[] = {
    {"1394", "{6bdd1fc1-810f-11d0-bec7-08002be2092f}", "IEEE 1394 host controllers", true},
    {"Battery", "{72631e54-78a4-11d0-bcf7-00aa00b7b32a}", "Batteries", false},
    {"Biometric", "{53d29ef7-377c-4d14-864b-eb3a85769359}", "Biometric devices", false},
    {"Bluetooth", "{e0cbf06c-cd8b-4647-bb8a-263b43f0f974}", "Bluetooth", false},
    {"Camera", "{ca3e7ab9-b4c3-4ae6-8251-579ef933890f}", "Cameras", false},
    {"CDROM", "{4d36e965-e325-11ce-bfc1-08002be10318}", "DVD/CD-ROM drives", true},
    {"Computer", "{4d36e966-e325-11ce-bfc1-08002be10318}", "Computer", true},
    {"DiskDrive", "{4d36e967-e325-11ce-bfc1-08002be10318}", "Disk drives", true},
    {"Display", "{4d36e968-e325-11ce-bfc1-08002be10318}", "Display adapters", false},
    {"Extension", "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}", "Extensions", false},
    {"FDC", "{4d36e969-e325-11ce-bfc1-08002be10318}", "Floppy disk controllers", true},
    {"Firmware", "{f2e7dd72-6468-4e36-b6f1-6488f42c1b52}", "Firmware", false},
    {"HDC", "{4d36e96a-e325-11ce-bfc1-08002be10318}", "IDE ATA/ATAPI controllers", true},
    {"HIDClass", "{745a17a0-74d3-11d0-b6fe-00a0c90f57da}", "Human Interface Devices", true},
    {"Image", "{6bdd1fc6-810f-11d0-bec7-08002be2092f}", "Imaging devices", false},
    {"Keyboard", "{4d36e96b-e325-11ce-bfc1-08002be10318}", "Keyboards", true},
    {"MEDIA", "{4d36e96c-e325-11ce-bfc1-08002be10318}", "Sound, video and game controllers", false},
    {"Modem", "{4d36e96d-e325-11ce-bfc1-08002be10318}", "Modems", false},
    {"Monitor", "{4d36e96e-e325-11ce-bfc1-08002be10318}", "Monitors", false},
    {"Mouse", "{4d36e96f-e325-11ce-bfc1-08002be10318}", "Mice and other pointing devices", true},
    {"MTD", "{4d36e970-e325-11ce-bfc1-08002be10318}", "Memory technology devices", true},
    {"MultiFunction", "{4d36e971-e325-11ce-bfc1-08002be10318}", "Multifunction adapters", false},
    {"Net", "{4d36e972-e325-11ce-bfc1-08002be10318}", "Network adapters", false},
    {"NetClient", "{4d36e973-e325-11ce-bfc1-08002be10318}", "Network Client", false},
    {"NetService", "{4d36e974-e325-11ce-bfc1-08002be10318}", "Network Service", false},
    {"NetTrans", "{4d36e975-e325-11ce-bfc1-08002be10318}", "Network Protocol", false},
    {"PCMCIA", "{4d36e977-e325-11ce-bfc1-08002be10318}", "PCMCIA adapters", true},
    {"Ports", "{4d36e978-e325-11ce-bfc1-08002be10318}", "Ports (COM & LPT)", false},
    {"Printer", "{4d36e979-e325-11ce-bfc1-08002be10318}", "Printers", false},
    {"Processor", "{50127dc3-0f36-415e-a6cc-4cb3be910b65}", "Processors", true},
    {"SCSIAdapter", "{4d36e97b-e325-11ce-bfc1-08002be10318}", "Storage controllers", true},
    {"SDHost", "{a0a588a4-c46f-4b37-b7ea-c82fe89870c6}", "SD host adapters", true},
    {"SecurityDevices", "{d94ee5d8-d189-4994-83d2-f68d7d41b0e6}", "Security devices", false},
    {"Sensor", "{5175d334-c371-4806-b3ba-71fd53c9258d}", "Sensors", false},
    {"SmartCardReader", "{50dd5230-ba8a-11d1-bf5d-0000f805f530}", "Smart card readers", false},
    {"SoftwareComponent", "{5c4c3332-344d-483c-8739-259e934c9cc8}", "Software components", false},
    {"SoftwareDevice", "{62f9c741-b25a-46ce-b54c-9bccce08b6f2}", "Software devices", false},
    {"System", "{4d36e97d-e325-11ce-bfc1-08002be10318}", "System devices", true},
    {"USB", "{36fc9e60-c465-11cf-8056-444553540000}", "Universal Serial Bus controllers", true},
    {"USBDevice", "{88bae032-5a81-49f0-bc3d-a4ff138216d6}", "Universal Serial Bus devices", false},
    {"Volume", "{71a27cdd-812a-11d0-bec7-08002be2092f}", "Storage volumes", true},
    {"WPD", "{eec5ad98-8080-425f-922a-dabf3de3f69a}", "Portable Devices", false},
};

void driver_class_clear(struct driver_class *class)
{
    mem_free(class->guid);
    mem_free(class->name);
    mem_free(class->description);
    *class = (struct driver_class){0};
}

static const struct known *find_known(const char *guid, const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal_nocase(*guid ? guid : name, *guid ? known[i].guid : known[i].name))
            return &known[i];
    return NULL;
}

/* ---- the image's Control\Class ---- */

struct seeking {
    const struct hive *hive;
    const char *guid, *name;
    struct driver_class *found;
};

static HRESULT compare(void *context, hive_key key, const char *child)
{
    struct seeking *s = context;
    AUTO_FREE char *name = NULL;
    if (s->found->guid || (*s->guid && !text_equal_nocase(child, s->guid)))
        return S_OK;
    name = hive_text(s->hive, key, "Class");
    if (!*s->guid && (!name || !text_equal_nocase(name, s->name)))
        return S_OK;
    s->found->name = TAKE(name);
    s->found->description = hive_text(s->hive, key, "");
    s->found->guid = mem_dup(child);
    return s->found->guid ? S_OK : FAIL_MEMORY();
}

static HRESULT ask_registry(struct winimage *image, const char *guid, const char *name,
                            struct driver_class *out)
{
    struct hive *hive;
    AUTO_FREE char *control_set = NULL, *path = NULL;
    HRESULT hr = winimage_hive(image, HIVE_SYSTEM, &hive);
    if (hr == HR_WIN32(ERROR_FILE_NOT_FOUND)) {
        error_clear();
        return S_OK;
    }
    TRY(hr);
    TRY(winimage_control_set(image, &control_set));
    if (!(path = mem_format("%s\\Control\\Class", control_set)))
        return FAIL_MEMORY();
    struct seeking s = {hive, guid, name, out};
    TRY(hive_each_key(hive, hive_find(hive, hive_root(hive), path), compare, &s));
    return hive_trouble(hive);
}

/* ---- the INF's own ---- */

/* [ClassInstall32] AddReg = SECTION; there HKR,,,,"NAME" is the class's name. Borrowed, or NULL. */
static HRESULT ask_inf(const struct driver_inf *driver, const char **out)
{
    static const unsigned numbers[] = {9, 12, 0};
    const struct inf_section *install = NULL;
    *out = NULL;
    for (size_t i = 0; !install && i < 3; i++)
        TRY(driver_inf_install(driver->inf, "ClassInstall32", numbers[i], "", &install));
    const struct inf_line *add = inf_line(install, "AddReg");
    for (size_t i = 0; add && i < add->values.len; i++) {
        const struct inf_section *registry = inf_section(driver->inf, inf_field(add, i));
        for (size_t k = 0; registry && k < registry->lines.len; k++) {
            const struct inf_line *line = &registry->lines.ptr[k];
            if (text_equal_nocase(inf_field(line, 0), "HKR") && !*inf_field(line, 1) &&
                !*inf_field(line, 2) && *inf_field(line, 4))
                *out = inf_field(line, 4);
        }
    }
    return S_OK;
}

/* ---- together ---- */

/* Gives `*text` a copy of the first of the two that says something. */
static HRESULT fill(char **text, const char *first, const char *second)
{
    if (*text && **text)
        return S_OK;
    mem_free(*text);
    *text = mem_dup(first && *first ? first : second ? second : "");
    return *text ? S_OK : FAIL_MEMORY();
}

static HRESULT find(struct winimage *image, const char *guid, const char *name,
                    const struct driver_inf *inf, struct driver_class *out)
{
    const char *own = NULL;
    if (inf && inf->inf) {
        guid = *guid ? guid : inf->class_guid;
        name = *name ? name : inf->class_name;
        TRY(ask_inf(inf, &own));
    }
    const struct known *k = find_known(guid, name);
    TRY(ask_registry(image, guid, name, out));
    TRY(fill(&out->guid, guid, k ? k->guid : NULL));
    TRY(fill(&out->name, k ? k->name : NULL, name));
    TRY(fill(&out->description, k ? k->description : NULL, own));
    TRY(fill(&out->description, out->name, NULL));
    out->is_boot_critical = k && k->is_boot_critical;
    return *out->name || inf ? S_OK : S_FALSE;
}

HRESULT driver_class_of(struct winimage *image, const char *guid, const char *name,
                        const struct driver_inf *inf, struct driver_class *out)
{
    *out = (struct driver_class){0};
    HRESULT hr = find(image, guid, name, inf, out);
    if (FAILED(hr))
        driver_class_clear(out);
    return hr;
}
