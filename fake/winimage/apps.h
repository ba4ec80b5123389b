/* SPDX-License-Identifier: MIT */
/*
 * apps.h - the provisioned apps of an image: AppxProvisioning.xml says which, the SOFTWARE hive
 * where they are (real-behaviour 4.8).
 */
#ifndef WINIMAGE_APPS_H
#define WINIMAGE_APPS_H

#include "appx_name.h"
#include "hive.h"
#include "text.h"
#include "vec.h"
#include "winimage.h"

#define APPS_KEY "Microsoft\\Windows\\CurrentVersion\\Appx\\AppxAllUserStore"
#define APPS_FOLDER "Program Files/WindowsApps"
/* A key of our own with a key for each app, for what Windows keeps nowhere that is known. */
#define APPS_SIDE_KEY "dismfake\\Apps"

struct app {
    struct appx_name name;
    bool is_main;   /* no framework, and no part of a bundle */
    char *location; /* of its manifest, as Windows writes it */
    char *regions;  /* NULL: none said */
};
struct apps {
    VEC(struct app) list; /* frameworks, too; in the order of the file, then of the hive */
};
/* An image without that file and those keys has none. ERROR_INVALID_DATA: the file is damaged. */
HRESULT apps_read(struct winimage *image, struct apps *out);
void apps_clear(struct apps *apps);
#define AUTO_APPS AUTO(apps_clear)
/* By its full name in any letter case; NULL: none. */
const struct app *apps_find(const struct apps *apps, const char *full_name);

/* ---- AppxProvisioning.xml, to be changed ---- */

struct app_entry { /* an element below <Provisioned>, <EndOfLife> or another list */
    char *list, *name, *full_name, *family;
    char *attributes; /* all of them as XML */
    bool is_main;     /* what is listed: no framework, and no part of a bundle */
};
struct app_entries {
    VEC(struct app_entry) list;
};
/* None: the image has no such file. ERROR_INVALID_DATA: it is damaged. */
HRESULT app_entries_read(const struct winimage *image, struct app_entries *out);
void app_entries_clear(struct app_entries *entries);
#define AUTO_APP_ENTRIES AUTO(app_entries_clear)
/* `type`: "bundle", "framework", "resource", "optional"; NULL: an application. */
HRESULT app_entries_add(struct app_entries *entries, const struct appx_name *name, const char *type,
                        bool is_of_bundle);
/* Of a package in the list of the provisioned, or of a family in the list of those that ended. */
void app_entries_drop(struct app_entries *entries, const char *full_name);
void app_entries_revive(struct app_entries *entries, const char *family);
/* The file as Windows writes it: one line, UTF-8. */
HRESULT app_entries_text(const struct app_entries *entries, struct text *out);
#define APPS_FILE "ProgramData/Microsoft/Windows/AppxProvisioning.xml"

#endif
