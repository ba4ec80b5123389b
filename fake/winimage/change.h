/* SPDX-License-Identifier: MIT */
/*
 * change.h - one change to the Windows in an image: all of it or nothing.
 *
 * A servicing call plans: it takes hives to change, says what files come and go. Nothing of the
 * image is touched until change_carry_out, which stages   writes every new file, hives too, into a
 * folder of its own at the image's root
 *            (".dismfake-change"; the same file system, so that placing is renaming);
 *   marks    writes down what is to be done, by a rename: from here on the change is made;
 *   places   renames and removes, and takes the folder away.
 * Whoever finds that folder (change_recover, before anything else is done with an image) goes on
 * where it is marked and takes it away where it is not. A failure, cancel or kill before the mark
 * leaves the image as it was; after it the change is made by who comes next.
 */
#ifndef WINIMAGE_CHANGE_H
#define WINIMAGE_CHANGE_H

#include "probes.h"
#include "winimage.h"

struct op;
struct change;

/* To be called before anything is read that the change rests on: `image` is refreshed. The online
 * image, which many processes may service, is locked for as long as the change lasts.
 * E_ACCESSDENIED: the image is mounted read-only. */
HRESULT change_begin(struct winimage *image, struct change **out);
/* Throws away what has not been carried out. */
void change_drop(struct change *change);
DEFINE_SCOPE(change, struct change, change_drop)
#define AUTO_CHANGE AUTO(scope_change)

/* The hive with all changes so far, to be read and changed. Borrowed until the change ends. */
HRESULT change_hive(struct change *change, enum winimage_hive which, struct hive **out);

/* Places are below the image's root, '/' between names, in any letter case. A later word about a
 * place replaces an earlier one. Folders above are made as needed. */
HRESULT change_write(struct change *change, const char *place, const void *bytes, size_t size);
/* Gives a path at which the caller makes the file itself, now. Borrowed until the next call. */
HRESULT change_stage(struct change *change, const char *place, const char **path);
HRESULT change_copy(struct change *change, const char *place, const char *from);
/* A fresh folder for what is needed while the change is planned; it goes with the change. Caller's.
 */
HRESULT change_scratch(struct change *change, char **path);
HRESULT change_folder(struct change *change, const char *place);
/* A file, or a folder with everything in it; none is fine. */
HRESULT change_remove(struct change *change, const char *place);

/* Enters `stage` before the files are written and `place` before the mark, the last moment for a
 * cancel or a rule; then op_no_return. Forgets what `image` had read. */
HRESULT change_carry_out(struct change *change, struct op *op, enum step stage, enum step place);

/* Throws away what is planned; something else may be planned then, ... */
void change_forget(struct change *change);
/* ... and carried out in its place, when the call has failed already: no steps, no cancel. */
HRESULT change_carry_out_instead(struct change *change);

/* Ends a change that was cut off, in the image at that root. Needs the image's turn and, where it
 * is not the online one, its claim. */
HRESULT change_recover(const char *root, bool is_online);

#endif
