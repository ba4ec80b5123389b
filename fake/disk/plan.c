/* SPDX-License-Identifier: MIT */
/* plan.c - see plan.h: collecting writes, keeping them, carrying them out. */
#include "plan.h"

#include <string.h>

enum { PLAN_HEADER = 64, PLAN_ENTRY = 32, COPY_PIECE = 1 << 20 };
static const char magic[8] = "dismplan";

void plan_clear(struct plan *plan)
{
    for (unsigned i = 0; i < PLAN_PHASES; i++)
        vec_clear(&plan->writes[i]);
    vec_clear(&plan->bytes);
}

/* ---- collecting ---- */

static HRESULT add_bytes(struct plan *plan, size_t size, uint8_t **out)
{
    size_t len = plan->bytes.len;
    if (!vec_reserve_raw((void **)&plan->bytes.ptr, &plan->bytes.cap, len + size, 1))
        return FAIL_MEMORY();
    plan->bytes.len = len + size;
    *out = plan->bytes.ptr + len;
    return S_OK;
}

/* A write either makes the container longer or stays within what it was. */
static HRESULT add_write(struct plan *plan, enum plan_phase phase, struct plan_write write)
{
    while (write.size) {
        struct plan_write *part = vec_push(&plan->writes[phase]);
        if (!part)
            return FAIL_MEMORY();
        *part = write;
        if (write.target < plan->old_size && write.size > plan->old_size - write.target)
            part->size = plan->old_size - write.target;
        write.target += part->size;
        write.source += part->size;
        write.size -= part->size;
    }
    return S_OK;
}

HRESULT plan_data(struct plan *plan, uint64_t target, uint64_t size, uint64_t source)
{
    return add_write(plan, PLAN_DATA, (struct plan_write){target, size, source, false});
}

HRESULT plan_structure(struct plan *plan, enum plan_phase phase, const struct container *c,
                       uint64_t target, const void *bytes, size_t size)
{
    /* As they are to be, then as they are, for each part that add_write makes. */
    while (size) {
        size_t part = size;
        if (target < plan->old_size && part > plan->old_size - target)
            part = (size_t)(plan->old_size - target);
        uint64_t source = plan->bytes.len;
        uint8_t *to = NULL;
        TRY(add_bytes(plan, 2 * part, &to));
        memcpy(to, bytes, part);
        memset(to + part, 0, part);
        if (target < plan->old_size)
            TRY(container_file_read(c, to + part, part, target, HR_WIN32(ERROR_HANDLE_EOF)));
        TRY(add_write(plan, phase, (struct plan_write){target, part, source, true}));
        target += part;
        bytes = (const char *)bytes + part;
        size -= part;
    }
    return S_OK;
}

HRESULT plan_unchanged(struct plan *plan, const struct container *c, uint64_t target, size_t size)
{
    AUTO_FREE uint8_t *bytes = mem_alloc(size);
    if (!bytes)
        return FAIL_MEMORY();
    TRY(container_file_read(c, bytes, size, target, HR_WIN32(ERROR_HANDLE_EOF)));
    return plan_structure(plan, PLAN_LAST, c, target, bytes, size);
}

/* ---- keeping ---- */

static size_t count_writes(const struct plan *plan)
{
    size_t count = 0;
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++)
        count += plan->writes[phase].len;
    return count;
}

HRESULT plan_save(const struct plan *plan, struct side *side, uint64_t *at, uint64_t *size)
{
    size_t count = count_writes(plan), whole = PLAN_HEADER + count * PLAN_ENTRY + plan->bytes.len;
    AUTO_FREE uint8_t *bytes = mem_alloc(whole);
    if (!bytes)
        return FAIL_MEMORY();
    memcpy(bytes, magic, sizeof magic);
    set_le(bytes + 16, 8, count);
    set_le(bytes + 24, 8, plan->bytes.len);
    set_le(bytes + 32, 8, plan->old_size);
    set_le(bytes + 40, 8, plan->new_size);
    uint8_t *entry = bytes + PLAN_HEADER;
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++) {
        for (size_t i = 0; i < plan->writes[phase].len; i++, entry += PLAN_ENTRY) {
            const struct plan_write *write = &plan->writes[phase].ptr[i];
            set_le(entry, 8, write->target);
            set_le(entry + 8, 8, write->size);
            set_le(entry + 16, 8, write->source);
            entry[24] = (uint8_t)phase;
            entry[25] = write->is_structure;
        }
    }
    if (plan->bytes.len)
        memcpy(entry, plan->bytes.ptr, plan->bytes.len);
    set_le(bytes + 8, 4, crc32c_of(bytes + 16, whole - 16));
    TRY(os_write_at(side->file, bytes, whole, side->end));
    *at = side->end;
    *size = whole;
    side->end += whole;
    return os_sync(side->file);
}

static HRESULT take_entries(const uint8_t *entry, uint64_t count, struct plan *out)
{
    for (; count--; entry += PLAN_ENTRY) {
        struct plan_write *write = vec_push(&out->writes[entry[24] % PLAN_PHASES]);
        if (!write)
            return FAIL_MEMORY();
        *write = (struct plan_write){LE64(entry), LE64(entry + 8), LE64(entry + 16), entry[25]};
    }
    return S_OK;
}

HRESULT plan_load(const struct side *side, struct plan *out)
{
    size_t whole = (size_t)side->header.plan_size, got = 0;
    AUTO_FREE uint8_t *bytes = mem_alloc(whole + PLAN_HEADER);
    if (!bytes)
        return FAIL_MEMORY();
    TRY(os_read_at(side->file, bytes, whole, side->header.plan_at, &got));
    uint64_t count = LE64(bytes + 16), size = LE64(bytes + 24);
    if (got != whole || whole < PLAN_HEADER || memcmp(bytes, magic, sizeof magic) != 0 ||
        LE32(bytes + 8) != crc32c_of(bytes + 16, whole - 16) ||
        PLAN_HEADER + count * PLAN_ENTRY + size != whole)
        return FAIL(HR_WIN32(ERROR_FILE_CORRUPT), "the plan in %s is damaged", side->path);
    out->old_size = LE64(bytes + 32);
    out->new_size = LE64(bytes + 40);
    TRY(take_entries(bytes + PLAN_HEADER, count, out));
    if (!size)
        return S_OK;
    uint8_t *to = NULL;
    TRY(add_bytes(out, (size_t)size, &to));
    memcpy(to, bytes + PLAN_HEADER + count * PLAN_ENTRY, (size_t)size);
    return S_OK;
}

/* ---- carrying out ---- */

static HRESULT copy_data(const struct side *side, struct os_file *container, uint8_t *buffer,
                         const struct plan_write *write)
{
    for (uint64_t done = 0; done < write->size;) {
        size_t part = write->size - done < COPY_PIECE ? (size_t)(write->size - done) : COPY_PIECE;
        size_t got = 0;
        TRY(os_read_at(side->file, buffer, part, write->source + done, &got));
        memset(buffer + got, 0, part - got); /* the last page of the disk may be cut short */
        TRY(os_write_at(container, buffer, part, write->target + done));
        done += part;
    }
    return S_OK;
}

static HRESULT carry_out(const struct plan *plan, const struct side *side,
                         struct os_file *container, uint8_t *buffer, const struct plan_write *write)
{
    return write->is_structure ? os_write_at(container, plan->bytes.ptr + write->source,
                                             (size_t)write->size, write->target)
                               : copy_data(side, container, buffer, write);
}

/* How many bytes there are to write, on both sides of the old end. */
static uint64_t plan_bytes_of(const struct plan *plan, bool beyond)
{
    uint64_t sum = 0;
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++)
        for (size_t i = 0; i < plan->writes[phase].len; i++)
            if ((plan->writes[phase].ptr[i].target >= plan->old_size) == beyond)
                sum += plan->writes[phase].ptr[i].size;
    return sum;
}

static HRESULT tell(const struct disk_watch *watch, uint64_t done, uint64_t total)
{
    return watch && watch->step ? watch->step(watch->context, done, total) : S_OK;
}

/* The rest is to be written when nothing can be taken back any more, and a file may have holes. */
static HRESULT reserve(const struct plan *plan, struct os_file *container)
{
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++) {
        for (size_t i = 0; i < plan->writes[phase].len; i++) {
            const struct plan_write *write = &plan->writes[phase].ptr[i];
            if (write->target < plan->old_size)
                TRY(os_reserve(container, write->target, write->size));
        }
    }
    return S_OK;
}

HRESULT plan_grow(const struct plan *plan, const struct side *side, struct os_file *container,
                  const struct disk_watch *watch)
{
    AUTO_FREE uint8_t *buffer = mem_alloc(COPY_PIECE);
    if (!buffer)
        return FAIL_MEMORY();
    uint64_t done = 0, total = plan_bytes_of(plan, true) + plan_bytes_of(plan, false);
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++) {
        for (size_t i = 0; i < plan->writes[phase].len; i++) {
            const struct plan_write *write = &plan->writes[phase].ptr[i];
            if (write->target < plan->old_size)
                continue;
            TRY(tell(watch, done, total));
            TRY(carry_out(plan, side, container, buffer, write));
            done += write->size;
        }
    }
    TRY(tell(watch, done, total));
    TRY(reserve(plan, container));
    if (plan->new_size == plan->old_size)
        return S_OK;
    TRY(os_truncate(container, plan->new_size));
    return os_sync(container);
}

HRESULT plan_overwrite(const struct plan *plan, const struct side *side, struct os_file *container,
                       const struct disk_watch *watch)
{
    AUTO_FREE uint8_t *buffer = mem_alloc(COPY_PIECE);
    if (!buffer)
        return FAIL_MEMORY();
    uint64_t done = plan_bytes_of(plan, true), total = done + plan_bytes_of(plan, false);
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++) {
        for (size_t i = 0; i < plan->writes[phase].len; i++) {
            const struct plan_write *write = &plan->writes[phase].ptr[i];
            if (write->target >= plan->old_size)
                continue;
            (void)tell(watch, done, total);
            TRY(carry_out(plan, side, container, buffer, write));
            done += write->size;
        }
        if (plan->writes[phase].len)
            TRY(os_sync(container));
    }
    (void)tell(watch, total, total);
    return S_OK;
}

/* ---- may it? ---- */

static HRESULT check_write(const struct plan *plan, struct os_file *container, const char *path,
                           const struct plan_write *write)
{
    size_t size = (size_t)write->size, got = 0;
    AUTO_FREE uint8_t *now = mem_alloc(size);
    if (!now)
        return FAIL_MEMORY();
    TRY(os_read_at(container, now, size, write->target, &got));
    const uint8_t *later = plan->bytes.ptr + write->source, *before = later + size;
    for (size_t i = 0; i < size; i++)
        if (i >= got || (now[i] != later[i] && now[i] != before[i]))
            return FAIL(WIMGAPI_E_WIM_CHANGED,
                        "%s was changed at %llu after an apply to it was cut off", path,
                        (unsigned long long)(write->target + i));
    return S_OK;
}

HRESULT plan_check(const struct plan *plan, struct os_file *container, const char *path)
{
    struct os_stat stat;
    TRY(os_stat_file(container, &stat));
    if (stat.size < plan->old_size || stat.size > plan->new_size)
        return FAIL(WIMGAPI_E_WIM_CHANGED,
                    "%s has %llu bytes, which an apply that was cut off did not leave it with",
                    path, (unsigned long long)stat.size);
    for (unsigned phase = 0; phase < PLAN_PHASES; phase++)
        for (size_t i = 0; i < plan->writes[phase].len; i++)
            if (plan->writes[phase].ptr[i].is_structure &&
                plan->writes[phase].ptr[i].target < plan->old_size)
                TRY(check_write(plan, container, path, &plan->writes[phase].ptr[i]));
    return S_OK;
}
