/* SPDX-License-Identifier: MIT */
/* driver_catalog.c - see driver_catalog.h: DER, each element inside of its parent. */
#include "driver_catalog.h"

#include <string.h>

#include "dism_codes.h"
#include "error.h"
#include "text.h"

enum tag {
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_EXPLICIT = 0xA0,
};
enum { MAX_DIGESTS = 1000000 };

struct der {
    const uint8_t *at;
    size_t left;
};
struct element {
    uint8_t tag;
    struct der content;
};

/* false: the end, or no element that lies inside. */
static bool next(struct der *from, struct element *out)
{
    if (from->left < 2)
        return false;
    size_t head = 2, size = from->at[1];
    if (size & 0x80) {
        size_t bytes = size & 0x7F;
        if (bytes == 0 || bytes > 4 || from->left < 2 + bytes)
            return false;
        for (size = 0; head < 2 + bytes; head++)
            size = size << 8 | from->at[head];
    }
    if (size > from->left - head)
        return false;
    *out = (struct element){from->at[0], {from->at + head, size}};
    from->at += head + size;
    from->left -= head + size;
    return true;
}

/* Goes to the next element with that tag. */
static bool seek(struct der *from, uint8_t tag, struct der *out)
{
    struct element e;
    while (next(from, &e))
        if (e.tag == tag) {
            *out = e.content;
            return true;
        }
    return false;
}

static bool is_oid(const struct der *content, const char *oid, size_t size)
{
    return content->left == size && memcmp(content->at, oid, size) == 0;
}
#define IS_OID(content, oid) is_oid((content), (oid), sizeof(oid) - 1)
#define OID_SIGNED_DATA "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"
#define OID_TRUST_LIST "\x2B\x06\x01\x04\x01\x82\x37\x0A\x01"
#define OID_INDIRECT_DATA "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x04"
#define OID_COMMON_NAME "\x55\x04\x03"

/* ---- members ---- */

static bool add(struct driver_catalog *c, const uint8_t *bytes, size_t size)
{
    struct driver_digest *d = c->digests.len < MAX_DIGESTS ? vec_push(&c->digests) : NULL;
    if (!d)
        return false;
    d->size = (uint8_t)size;
    memcpy(d->bytes, bytes, size);
    return true;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* A member's tag is its digest, or that in hexadecimal UTF-16, or something else. */
static bool add_tag(struct driver_catalog *c, const struct der *tag)
{
    uint8_t digest[SHA256_SIZE];
    if (tag->left == SHA1_SIZE || tag->left == SHA256_SIZE)
        return add(c, tag->at, tag->left);
    size_t size = tag->left / 4;
    if (tag->left % 4 || (size != SHA1_SIZE && size != SHA256_SIZE))
        return true;
    for (size_t i = 0; i < size; i++) {
        const uint8_t *units = tag->at + 4 * i;
        int high = hex_digit(units[0]), low = hex_digit(units[2]);
        if (high < 0 || low < 0 || units[1] || units[3])
            return true;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return add(c, digest, size);
}

/* SET { SEQUENCE { data, SEQUENCE { algorithm, OCTETS digest } } } */
static bool add_indirect(struct driver_catalog *c, struct der values)
{
    struct der data, info, digest;
    struct element first;
    if (!seek(&values, TAG_SEQUENCE, &data) || !next(&data, &first) ||
        !seek(&data, TAG_SEQUENCE, &info) || !seek(&info, TAG_OCTETS, &digest))
        return true;
    return digest.left == SHA1_SIZE || digest.left == SHA256_SIZE ? add(c, digest.at, digest.left)
                                                                  : true;
}

static bool add_member(struct driver_catalog *c, struct der member)
{
    struct der tag, attributes, attribute, oid, values;
    if (!seek(&member, TAG_OCTETS, &tag))
        return true;
    if (!add_tag(c, &tag))
        return false;
    if (!seek(&member, TAG_SET, &attributes))
        return true;
    while (seek(&attributes, TAG_SEQUENCE, &attribute))
        if (seek(&attribute, TAG_OID, &oid) && IS_OID(&oid, OID_INDIRECT_DATA) &&
            seek(&attribute, TAG_SET, &values) && !add_indirect(c, values))
            return false;
    return true;
}

static HRESULT read_members(struct driver_catalog *c, struct der list)
{
    struct der usage, algorithm, members, member;
    if (!seek(&list, TAG_SEQUENCE, &usage) || !seek(&list, TAG_SEQUENCE, &algorithm))
        return S_FALSE;
    if (!seek(&list, TAG_SEQUENCE, &members))
        return S_OK; /* it lists nothing */
    while (seek(&members, TAG_SEQUENCE, &member))
        if (!add_member(c, member))
            return FAIL_MEMORY();
    return S_OK;
}

/* ---- signers ---- */

/* A name is a SEQUENCE of SETs of SEQUENCEs { OID, text }. */
static HRESULT read_common_name(struct driver_catalog *c, struct der name)
{
    struct der set, pair, oid;
    struct element text;
    while (!c->signer && seek(&name, TAG_SET, &set))
        while (!c->signer && seek(&set, TAG_SEQUENCE, &pair))
            if (seek(&pair, TAG_OID, &oid) && IS_OID(&oid, OID_COMMON_NAME) && next(&pair, &text) &&
                text_is_utf8((const char *)text.content.at, text.content.left) &&
                !memchr(text.content.at, 0, text.content.left)) {
                c->signer = mem_dup_n((const char *)text.content.at, text.content.left);
                if (!c->signer)
                    return FAIL_MEMORY();
            }
    return S_OK;
}

/* SignerInfo: number, SEQUENCE { issuer, serial number }, ... */
static HRESULT read_signers(struct driver_catalog *c, struct der signers)
{
    struct der signer, who, issuer;
    if (!seek(&signers, TAG_SEQUENCE, &signer))
        return S_OK;
    c->is_signed = true;
    return seek(&signer, TAG_SEQUENCE, &who) && seek(&who, TAG_SEQUENCE, &issuer)
               ? read_common_name(c, issuer)
               : S_OK;
}

/* S_FALSE: it has another form. */
static HRESULT read(struct driver_catalog *c, struct der all)
{
    struct der whole, oid, wrapped, data, algorithms, content, list, signers;
    if (!seek(&all, TAG_SEQUENCE, &whole) || !seek(&whole, TAG_OID, &oid) ||
        !IS_OID(&oid, OID_SIGNED_DATA) || !seek(&whole, TAG_EXPLICIT, &wrapped) ||
        !seek(&wrapped, TAG_SEQUENCE, &data) || !seek(&data, TAG_SET, &algorithms) ||
        !seek(&data, TAG_SEQUENCE, &content) || !seek(&content, TAG_OID, &oid) ||
        !IS_OID(&oid, OID_TRUST_LIST) || !seek(&content, TAG_EXPLICIT, &wrapped) ||
        !seek(&wrapped, TAG_SEQUENCE, &list))
        return S_FALSE;
    HRESULT hr = read_members(c, list);
    if (hr != S_OK)
        return hr;
    return seek(&data, TAG_SET, &signers) ? read_signers(c, signers) : S_OK;
}

void driver_catalog_clear(struct driver_catalog *catalog)
{
    vec_clear(&catalog->digests);
    mem_free(catalog->signer);
    *catalog = (struct driver_catalog){0};
}

HRESULT driver_catalog_read(const void *bytes, size_t size, const char *name,
                            struct driver_catalog *out)
{
    *out = (struct driver_catalog){0};
    HRESULT hr = read(out, (struct der){bytes, size});
    if (hr == S_FALSE)
        hr = FAIL(HR_WIN32(ERROR_INVALID_DATA), "%s is no security catalogue", name);
    if (FAILED(hr))
        driver_catalog_clear(out);
    return hr;
}

bool driver_catalog_lists(const struct driver_catalog *catalog, const void *bytes, size_t size)
{
    uint8_t sha1[SHA1_SIZE], sha256[SHA256_SIZE];
    hash_sha1(bytes, size, sha1);
    hash_sha256(bytes, size, sha256);
    for (size_t i = 0; i < catalog->digests.len; i++) {
        const struct driver_digest *d = &catalog->digests.ptr[i];
        if (memcmp(d->bytes, d->size == SHA1_SIZE ? sha1 : sha256, d->size) == 0)
            return true;
    }
    return false;
}
