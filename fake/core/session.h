/* SPDX-License-Identifier: MIT */
/*
 * session.h - the table of open sessions. Numbers only go up, so a stale one is always recognised;
 * 1 is the library's internal session, the first caller gets 2 (DismInitialize.11).
 *
 * Close marks the session, which refuses everything that comes later, and then takes its place in
 * the image's queue behind what came earlier: draining and refusing are one mechanism.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "dismapi.h"
#include "hr.h"
#include "json.h"

struct image;
struct session;

struct session_target {
    const char *root;    /* of the image: canonical path */
    const char *windows; /* its Windows folder, absolute */
    const char *system_drive;
    const char *mount; /* id of the mount it was opened on; NULL for a plain folder or online */
    bool is_online;
};

/* Forgets what an earlier DismInitialize left; makes the internal session. */
void session_start(void);
HRESULT session_open(const struct session_target *target, DismSession *out);
/* Found, and its image's turn taken. DISMAPI_E_INVALID_DISM_SESSION for unknown, closed and
 * closing. */
HRESULT session_acquire(DismSession id, struct session **out);
void session_release(struct session *session);
/* Refuses newcomers, waits for earlier calls, takes it out of the table. `drained` runs while the
 * session waits for nothing any more and is still there; its failure leaves the session open. */
HRESULT session_close(DismSession id, HRESULT (*drained)(void *context), void *context);

struct image *session_image(const struct session *session);
const struct session_target *session_target(const struct session *session);
/* What servicing keeps with the session, released when that ends. Guarded by the image's turn. */
struct session_kept {
    void *ptr;
    void (*release)(void *ptr);
};
struct session_kept *session_kept(struct session *session);
/* Has the process that serves it died? Guarded by the image's turn. */
bool *session_host_is_gone(struct session *session);
size_t session_count(void);
/* A session on that image root is open. */
bool session_is_open_on(const char *root);
void session_forget_all(void);
/* [{session, root, online, closing}] */
struct json *session_table_json(void);

#endif
