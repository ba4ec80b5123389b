/* SPDX-License-Identifier: MIT */
/* saved_image.c - see saved_image.h. */
#include "saved_image.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"

/* ---- stamps ---- */

HRESULT image_stamp_of(const char *path, struct image_stamp *out)
{
    struct os_stat now;
    TRY(os_stat(path, &now));
    *out = (struct image_stamp){now.size, now.device, now.inode, now.mtime_ns};
    return S_OK;
}

bool image_stamp_same_file(const struct image_stamp *a, const struct image_stamp *b)
{
    return a->device == b->device && a->inode == b->inode;
}

bool image_stamp_equal(const struct image_stamp *a, const struct image_stamp *b)
{
    return image_stamp_same_file(a, b) && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

/* ---- saving and restoring ---- */

/* Where the header of a WIM has its flags (one of them says that somebody writes), and says where
 * its XML data and its integrity table begin (0: it has none). */
#define FLAGS_AT 0x10
#define FLAG_WRITE_IN_PROGRESS 0x40
#define GUID_AT 0x18
#define GUID_SIZE 16
#define IMAGE_COUNT_AT 0x2C
#define XML_OFFSET_AT 0x50
#define INTEGRITY_OFFSET_AT 0x84

static uint64_t little_endian(const unsigned char *bytes)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t find_tail(const struct saved_image *saved)
{
    uint64_t xml = little_endian(saved->header + XML_OFFSET_AT);
    uint64_t integrity = little_endian(saved->header + INTEGRITY_OFFSET_AT);
    uint64_t tail = integrity && integrity < xml ? integrity : xml;
    return tail >= SAVED_HEADER && tail < saved->stamp.size ? tail : saved->stamp.size;
}

static HRESULT save_tail(struct os_file *file, const struct mount *mount,
                         const struct saved_image *saved, struct saved_tail *out)
{
    AUTO_FREE char *path = NULL;
    size_t size = (size_t)(saved->stamp.size - saved->tail_offset);
    out->bytes = mem_alloc(size + 1);
    if (!out->bytes)
        return FAIL_MEMORY();
    TRY(os_read_at(file, out->bytes, size, saved->tail_offset, &out->size));
    TRY(mount_side_path(mount, "tail", &path));
    return os_write_file_atomic(path, out->bytes, out->size);
}

HRESULT saved_image_take(struct os_file *file, const struct mount *mount, struct saved_image *out,
                         struct saved_tail *tail)
{
    size_t got;
    TRY(image_stamp_of(mount->image_path, &out->stamp));
    TRY(os_read_at(file, out->header, SAVED_HEADER, 0, &got));
    if (got != SAVED_HEADER)
        return FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is shorter than a WIM header",
                    mount->image_path);
    out->tail_offset = find_tail(out);
    return save_tail(file, mount, out, tail);
}

HRESULT saved_image_restore(struct os_file *file, const struct mount *mount,
                            const struct saved_image *saved, const struct saved_tail *tail)
{
    struct image_stamp now;
    TRY(image_stamp_of(mount->image_path, &now));
    /* Another file in its place: a rewrite that was complete when it was renamed, or somebody's
     * own. */
    if (!image_stamp_same_file(&now, &saved->stamp))
        return S_OK;
    TRY(os_write_at(file, tail->bytes, tail->size, saved->tail_offset));
    TRY(os_write_at(file, saved->header, SAVED_HEADER, 0));
    TRY(os_truncate(file, saved->stamp.size));
    TRY(os_sync(file));
    return os_set_mtime(mount->image_path, saved->stamp.mtime_ns);
}

HRESULT saved_image_restore_cut_off(struct os_file *file, const struct mount *mount)
{
    AUTO_FREE char *path = NULL, *bytes = NULL;
    size_t size;
    TRY(mount_side_path(mount, "tail", &path));
    TRY(os_read_file(path, &bytes, &size));
    return saved_image_restore(file, mount, &mount->saved, &(struct saved_tail){bytes, size});
}

HRESULT saved_image_note_between(struct os_file *file, struct saved_image *saved)
{
    size_t got;
    TRY(os_read_at(file, saved->header_between, SAVED_HEADER, 0, &got));
    saved->has_between = got == SAVED_HEADER;
    return saved->has_between
               ? S_OK
               : FAIL(HR_WIN32(ERROR_INVALID_DATA), "the image file lost its header");
}

/* But for the flags, one of which says that somebody writes. */
static bool is_same_header(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, FLAGS_AT) == 0 &&
           memcmp(a + FLAGS_AT + 4, b + FLAGS_AT + 4, SAVED_HEADER - FLAGS_AT - 4) == 0;
}

static unsigned image_count(const unsigned char *header)
{
    unsigned count = 0;
    for (int i = 3; i >= 0; i--)
        count = count << 8 | header[IMAGE_COUNT_AT + i];
    return count;
}

/* The file as it is now. */
struct look {
    unsigned char header[SAVED_HEADER];
    struct os_stat stat;
    bool has_header;
};

static HRESULT look_at(struct os_file *file, struct look *out)
{
    size_t got;
    TRY(os_stat_file(file, &out->stat));
    TRY(os_read_at(file, out->header, SAVED_HEADER, 0, &got));
    out->has_header = got == SAVED_HEADER;
    return S_OK;
}

/* Has the last write of this commit, or the first of two, reached its end without being noted? */
static bool is_unnoted_write(const struct look *now, const struct saved_image *saved)
{
    unsigned before = image_count(saved->header), count = image_count(now->header);
    return now->has_header && saved->written.size == 0 && now->stat.size > saved->tail_offset &&
           !(now->header[FLAGS_AT] & FLAG_WRITE_IN_PROGRESS) &&
           memcmp(now->header + GUID_AT, saved->header + GUID_AT, GUID_SIZE) == 0 &&
           (count == before || count == before + 1);
}

static bool is_first_of_two(const struct saved_image *saved)
{
    return saved->is_written_twice && !saved->has_between;
}

HRESULT saved_image_is_as_left(struct os_file *file, const struct saved_image *saved, bool *out)
{
    struct look now;
    TRY(look_at(file, &now));
    bool is_known = now.has_header &&
                    (is_same_header(now.header, saved->header) ||
                     (saved->has_between && is_same_header(now.header, saved->header_between)));
    *out = (is_known && now.stat.size >= saved->tail_offset) ||
           (is_first_of_two(saved) && is_unnoted_write(&now, saved)) ||
           (saved->written.size == now.stat.size && saved->written.mtime_ns == now.stat.mtime_ns);
    return S_OK;
}

HRESULT saved_image_is_finished(struct os_file *file, const struct saved_image *saved, bool *out)
{
    struct look now;
    TRY(look_at(file, &now));
    *out = !is_first_of_two(saved) && is_unnoted_write(&now, saved);
    return S_OK;
}
