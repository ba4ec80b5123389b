/* SPDX-License-Identifier: MIT */
/* session.c - see session.h. */
#include "session.h"

#include "claim.h"
#include "dism_codes.h"
#include "error.h"
#include "os.h"
#include "path.h"
#include "text.h"
#include "vec.h"
#include "worker.h"

#define FIRST_SESSION 2

struct session {
    /* fixed at creation */
    DismSession id;
    struct image *image;
    struct session_target target;
    bool has_claim; /* against other processes; not for the online image */
    /* the image's turn */
    bool host_is_gone;
    struct session_kept kept;
    /* table lock */
    unsigned refs; /* one of the table, one for each call on it */
    bool is_closing;
};

static struct os_mutex lock;
static VEC(struct session *) table;
static DismSession next_id = FIRST_SESSION;

static void destroy(struct session *session)
{
    if (session->kept.ptr)
        session->kept.release(session->kept.ptr);
    if (session->has_claim)
        claim_drop_for_now(session->target.root);
    image_release(session->image);
    mem_free((char *)session->target.root);
    mem_free((char *)session->target.windows);
    mem_free((char *)session->target.system_drive);
    mem_free((char *)session->target.mount);
    mem_free(session);
}

static void unreference(struct session *session)
{
    {
        AUTO_LOCK(&lock);
        if (--session->refs > 0)
            return;
    }
    destroy(session);
}

void session_start(void)
{
    session_forget_all();
    AUTO_LOCK(&lock);
    next_id = FIRST_SESSION;
}

static HRESULT copy(const char *from, const char **to)
{
    *to = from ? mem_dup(from) : NULL;
    return from && !*to ? FAIL_MEMORY() : S_OK;
}

static HRESULT fill(struct session *session, const struct session_target *target)
{
    session->target.is_online = target->is_online;
    TRY(copy(target->root, &session->target.root));
    TRY(copy(target->windows, &session->target.windows));
    TRY(copy(target->system_drive, &session->target.system_drive));
    TRY(copy(target->mount, &session->target.mount));
    TRY(image_acquire(target->root, &session->image));
    if (target->is_online)
        return S_OK; /* the running system is serviced by many at once */
    TRY(claim_take(target->root));
    session->has_claim = true;
    return S_OK;
}

static HRESULT add_to_table(struct session *session)
{
    AUTO_LOCK(&lock);
    struct session **slot = vec_push(&table);
    if (!slot)
        return FAIL_MEMORY();
    session->id = next_id++;
    session->refs = 1;
    *slot = session;
    return S_OK;
}

HRESULT session_open(const struct session_target *target, DismSession *out)
{
    struct session *session = mem_alloc(sizeof *session);
    if (!session)
        return FAIL_MEMORY();
    HRESULT hr = fill(session, target);
    if (SUCCEEDED(hr))
        hr = add_to_table(session);
    if (FAILED(hr)) {
        destroy(session);
        return hr;
    }
    *out = session->id;
    return S_OK;
}

/* Needs the table lock. */
static HRESULT find(DismSession id, struct session **out)
{
    for (size_t i = 0; i < table.len; i++) {
        if (table.ptr[i]->id != id)
            continue;
        if (table.ptr[i]->is_closing)
            return FAIL(DISMAPI_E_INVALID_DISM_SESSION, "session %u is being closed", id);
        *out = table.ptr[i];
        return S_OK;
    }
    return FAIL(DISMAPI_E_INVALID_DISM_SESSION, "session %u is not open", id);
}

HRESULT session_acquire(DismSession id, struct session **out)
{
    struct session *session;
    {
        AUTO_LOCK(&lock);
        TRY(find(id, &session));
        session->refs++;
    }
    HRESULT hr = image_enter(session->image);
    if (FAILED(hr)) {
        unreference(session);
        return hr;
    }
    *out = session;
    return S_OK;
}

void session_release(struct session *session)
{
    image_leave(session->image);
    unreference(session);
}

static HRESULT mark_closing(DismSession id, struct session **out)
{
    AUTO_LOCK(&lock);
    TRY(find(id, out));
    (*out)->is_closing = true;
    return S_OK;
}

static void reopen(struct session *session)
{
    AUTO_LOCK(&lock);
    session->is_closing = false;
}

static void remove_from_table(const struct session *session)
{
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < table.len; i++) {
        if (table.ptr[i] == session) {
            vec_remove(&table, i);
            return;
        }
    }
}

HRESULT session_close(DismSession id, HRESULT (*drained)(void *context), void *context)
{
    struct session *session;
    TRY(mark_closing(id, &session));
    HRESULT hr = image_enter(session->image);
    if (SUCCEEDED(hr)) {
        hr = drained(context);
        image_leave(session->image);
    }
    if (FAILED(hr)) {
        reopen(session);
        return hr;
    }
    remove_from_table(session);
    unreference(session);
    return S_OK;
}

struct image *session_image(const struct session *session)
{
    return session->image;
}

const struct session_target *session_target(const struct session *session)
{
    return &session->target;
}

struct session_kept *session_kept(struct session *session)
{
    return &session->kept;
}

bool *session_host_is_gone(struct session *session)
{
    return &session->host_is_gone;
}

size_t session_count(void)
{
    AUTO_LOCK(&lock);
    return table.len;
}

bool session_is_open_on(const char *root)
{
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < table.len; i++)
        if (path_equal(table.ptr[i]->target.root, root))
            return true;
    return false;
}

/* NULL: there is none. */
static struct session *take_last(void)
{
    AUTO_LOCK(&lock);
    if (table.len > 0)
        return table.ptr[--table.len];
    vec_clear(&table);
    return NULL;
}

void session_forget_all(void)
{
    for (struct session *session; (session = take_last());)
        unreference(session);
    claim_tidy();
}

struct json *session_table_json(void)
{
    struct json *array = json_new_array();
    AUTO_LOCK(&lock);
    for (size_t i = 0; i < table.len; i++) {
        struct json *entry = json_new_object();
        json_set_number(entry, "session", table.ptr[i]->id);
        AUTO_FREE char *root = path_shown(table.ptr[i]->target.root);
        json_set_string(entry, "root", root);
        json_set_bool(entry, "online", table.ptr[i]->target.is_online);
        json_set_bool(entry, "closing", table.ptr[i]->is_closing);
        json_push(array, entry);
    }
    return array;
}
