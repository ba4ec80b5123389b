/* SPDX-License-Identifier: MIT */
/*
 * json_read.c - JSON text to values, strictly (RFC 8259) and with line and column in every refusal.
 *
 * Beyond the RFC it refuses a key twice in one object, numbers too large for a double, \u0000 (our
 * strings end at a NUL) and nesting deeper than 100. A lone surrogate escape is taken: clients send
 * them.
 */
#include "json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "text.h"
#include "vec.h"

#define MAX_DEPTH 100
#define INVALID_DATA HR_WIN32(13)

struct reader {
    const char *text;
    size_t len, at;
    unsigned depth;
};

static unsigned line_at(const struct reader *r, size_t at, unsigned *column)
{
    unsigned line = 1;
    *column = 1;
    for (size_t i = 0; i < at && i < r->len; i++) {
        if (r->text[i] == '\n') {
            line++;
            *column = 1;
        } else if (((unsigned char)r->text[i] & 0xC0) != 0x80) {
            (*column)++;
        }
    }
    return line;
}

static HRESULT refuse(const struct reader *r, size_t at, const char *what)
{
    unsigned column = 0;
    unsigned line = line_at(r, at, &column);
    return FAIL(INVALID_DATA, "line %u, column %u: %s", line, column, what);
}

/* The character at the reading position; 0 at the end (a NUL in the text is refused beforehand). */
static char peek(const struct reader *r)
{
    return r->at < r->len ? r->text[r->at] : '\0';
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static void skip_space(struct reader *r)
{
    while (is_one_of(peek(r), " \t\r\n"))
        r->at++;
}

static bool skip_char(struct reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

static HRESULT unexpected(const struct reader *r, const char *wanted)
{
    AUTO_FREE char *what = NULL;
    if (r->at >= r->len) {
        what = mem_format("expected %s, the text ends here", wanted);
    } else {
        uint32_t cp = 0;
        size_t used = 0; /* the text is known to be UTF-8, but has no NUL behind it */
        do
            used++;
        while (r->at + used < r->len && ((unsigned char)r->text[r->at + used] & 0xC0) == 0x80);
        AUTO_FREE char *found = mem_dup_n(r->text + r->at, used);
        if (found)
            text_decode(found, &cp);
        what = cp < 0x20 ? mem_format("expected %s, got the character %#04x", wanted, (unsigned)cp)
                         : mem_format("expected %s, got '%s'", wanted, found ? found : "");
    }
    return what ? refuse(r, r->at, what) : FAIL_MEMORY();
}

/* ---- strings ---- */

static bool read_hex4(struct reader *r, uint32_t *unit)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = peek(r);
        if (!is_one_of(c, "0123456789abcdefABCDEF"))
            return false;
        uint32_t digit = (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        value = value << 4 | digit;
        r->at++;
    }
    *unit = value;
    return true;
}

static HRESULT read_unicode_escape(struct reader *r, struct text *t)
{
    size_t start = r->at - 2;
    uint32_t cp = 0;
    if (!read_hex4(r, &cp))
        return refuse(r, start, "\\u needs four hex digits");
    if (cp == 0)
        return refuse(r, start, "\\u0000 is not supported in a string");
    if (cp >= 0xD800 && cp <= 0xDBFF && r->len - r->at >= 6 && r->text[r->at] == '\\' &&
        r->text[r->at + 1] == 'u') {
        struct reader ahead = *r;
        ahead.at += 2;
        uint32_t low = 0;
        if (read_hex4(&ahead, &low) && low >= 0xDC00 && low <= 0xDFFF) {
            cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
            r->at = ahead.at;
        }
    }
    char bytes[4];
    text_add_n(t, bytes, text_encode(cp, bytes));
    return S_OK;
}

static HRESULT read_escape(struct reader *r, struct text *t)
{
    static const char letters[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
    r->at++;
    char c = peek(r);
    if (c == 'u') {
        r->at++;
        return read_unicode_escape(r, t);
    }
    const char *at = c ? strchr(letters, c) : NULL;
    if (!at)
        return refuse(r, r->at - 1, "unknown escape in a string");
    r->at++;
    text_add_n(t, &meaning[at - letters], 1);
    return S_OK;
}

static HRESULT read_string(struct reader *r, char **out)
{
    struct text t AUTO(text_clear) = {0};
    size_t start = r->at;
    if (!skip_char(r, '"'))
        return unexpected(r, "a string");
    while (!skip_char(r, '"')) {
        size_t plain = r->at;
        while (r->at < r->len && (unsigned char)r->text[r->at] >= 0x20 && r->text[r->at] != '"' &&
               r->text[r->at] != '\\')
            r->at++;
        text_add_n(&t, r->text + plain, r->at - plain);
        if (r->at >= r->len)
            return refuse(r, start, "the string is not closed");
        if (peek(r) == '\\')
            TRY(read_escape(r, &t));
        else if (peek(r) != '"')
            return refuse(r, r->at, "a control character in a string must be escaped");
    }
    *out = text_take(&t);
    return *out ? S_OK : FAIL_MEMORY();
}

/* ---- numbers ---- */

static size_t skip_digits(struct reader *r)
{
    size_t start = r->at;
    while (is_one_of(peek(r), "0123456789"))
        r->at++;
    return r->at - start;
}

static HRESULT read_number(struct reader *r, struct json **out)
{
    size_t start = r->at;
    skip_char(r, '-');
    bool has_zero = peek(r) == '0';
    size_t digits = skip_digits(r);
    if (digits == 0)
        return unexpected(r, "a digit");
    if (has_zero && digits > 1)
        return refuse(r, start, "a number must not start with 0");
    size_t point = 0;
    if (peek(r) == '.') {
        point = r->at++ - start;
        if (skip_digits(r) == 0)
            return unexpected(r, "a digit");
    }
    if (is_one_of(peek(r), "eE")) {
        r->at++;
        if (is_one_of(peek(r), "+-"))
            r->at++;
        if (skip_digits(r) == 0)
            return unexpected(r, "a digit");
    }
    AUTO_FREE char *copy = mem_dup_n(r->text + start, r->at - start);
    if (!copy)
        return FAIL_MEMORY();
    if (point) /* strtod follows the host program's LC_NUMERIC */
        copy[point] = localeconv()->decimal_point[0];
    double number = strtod(copy, NULL);
    if (!isfinite(number))
        return refuse(r, start, "the number is too large");
    *out = json_new_number(number);
    return *out ? S_OK : FAIL_MEMORY();
}

/* ---- arrays and objects ---- */

static HRESULT read_value(struct reader *r, struct json **out);

static HRESULT read_array(struct reader *r, struct json **out)
{
    AUTO_JSON struct json *array = json_new_array();
    if (!array)
        return FAIL_MEMORY();
    r->at++;
    skip_space(r);
    bool more = !skip_char(r, ']');
    while (more) {
        struct json *value = NULL;
        TRY(read_value(r, &value));
        if (!json_push(array, value))
            return FAIL_MEMORY();
        skip_space(r);
        more = skip_char(r, ',');
        if (!more && !skip_char(r, ']'))
            return unexpected(r, "',' or ']'");
    }
    *out = TAKE(array);
    return S_OK;
}

struct key {
    const char *name; /* borrowed from the object */
    size_t at;
};
struct keys {
    VEC(struct key) list;
};

static void keys_clear(struct keys *keys)
{
    vec_clear(&keys->list);
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

/* Sorts the keys, so that large objects stay cheap, and refuses the first that is there twice. */
static HRESULT check_keys(const struct reader *r, struct keys *keys)
{
    if (keys->list.len < 2)
        return S_OK;
    qsort(keys->list.ptr, keys->list.len, sizeof *keys->list.ptr, compare_keys);
    for (size_t i = 1; i < keys->list.len; i++) {
        const struct key *key = &keys->list.ptr[i];
        if (strcmp(key[-1].name, key->name) != 0)
            continue;
        AUTO_FREE char *what = mem_format("the key '%s' is there twice", key->name);
        return what ? refuse(r, key->at, what) : FAIL_MEMORY();
    }
    return S_OK;
}

/* Reads `"key" :`, leaving the position before the value. */
static HRESULT read_key(struct reader *r, char **key)
{
    skip_space(r);
    if (peek(r) != '"')
        return unexpected(r, "a key in double quotes");
    AUTO_FREE char *read = NULL;
    TRY(read_string(r, &read));
    skip_space(r);
    if (!skip_char(r, ':'))
        return unexpected(r, "':'");
    *key = TAKE(read);
    return S_OK;
}

static HRESULT read_member(struct reader *r, struct json *object, struct json **last,
                           struct keys *keys)
{
    AUTO_FREE char *name = NULL;
    skip_space(r);
    size_t at = r->at;
    TRY(read_key(r, &name));
    TRY(read_value(r, last));
    if (!json_add(object, name, *last))
        return FAIL_MEMORY();
    struct key *key = vec_push(&keys->list);
    if (!key)
        return FAIL_MEMORY();
    *key = (struct key){json_key(*last), at};
    return S_OK;
}

static HRESULT read_object(struct reader *r, struct json **out)
{
    AUTO_JSON struct json *object = json_new_object();
    struct keys keys AUTO(keys_clear) = {0};
    if (!object)
        return FAIL_MEMORY();
    r->at++;
    skip_space(r);
    bool more = !skip_char(r, '}');
    while (more) {
        struct json *value = NULL;
        TRY(read_member(r, object, &value, &keys));
        skip_space(r);
        more = skip_char(r, ',');
        if (!more && !skip_char(r, '}'))
            return unexpected(r, "',' or '}'");
    }
    TRY(check_keys(r, &keys));
    *out = TAKE(object);
    return S_OK;
}

static HRESULT read_word(struct reader *r, struct json **out)
{
    static const char *const words[] = {"null", "false", "true"};
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(words[i]);
        if (r->len - r->at < len || memcmp(r->text + r->at, words[i], len) != 0)
            continue;
        r->at += len;
        *out = i == 0 ? json_new_null() : json_new_bool(i == 2);
        return *out ? S_OK : FAIL_MEMORY();
    }
    return unexpected(r, "a value");
}

static HRESULT read_value(struct reader *r, struct json **out)
{
    skip_space(r);
    char c = peek(r);
    if (c == '{' || c == '[') {
        if (r->depth == MAX_DEPTH)
            return refuse(r, r->at, "nested deeper than 100");
        r->depth++;
        HRESULT hr = c == '{' ? read_object(r, out) : read_array(r, out);
        r->depth--;
        return hr;
    }
    if (c == '"') {
        AUTO_FREE char *string = NULL;
        TRY(read_string(r, &string));
        *out = json_new_string(string);
        return *out ? S_OK : FAIL_MEMORY();
    }
    return is_one_of(c, "-0123456789") ? read_number(r, out) : read_word(r, out);
}

static HRESULT check_bytes(const struct reader *r)
{
    if (!text_is_utf8(r->text, r->len)) {
        /* The longest good beginning is shorter than the place by less than one character. */
        size_t low = 0, at = 0;
        while (at < r->len) {
            size_t len = 1;
            while (len <= 4 && at + len <= r->len && !text_is_utf8(r->text + at, len))
                len++;
            if (len > 4 || at + len > r->len)
                break;
            at += len;
            low = at;
        }
        return refuse(r, low, "bad UTF-8");
    }
    const char *nul = memchr(r->text, '\0', r->len);
    return nul ? refuse(r, (size_t)(nul - r->text), "a NUL character") : S_OK;
}

static struct reader reader_of(const char *text, size_t len)
{
    bool has_mark = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    return has_mark ? (struct reader){.text = text + 3, .len = len - 3}
                    : (struct reader){.text = text, .len = len};
}

HRESULT json_parse(const char *text, size_t len, struct json **out)
{
    struct reader r = reader_of(text ? text : "", text ? len : 0);
    TRY(check_bytes(&r));
    AUTO_JSON struct json *value = NULL;
    TRY(read_value(&r, &value));
    skip_space(&r);
    if (r.at < r.len)
        return unexpected(&r, "nothing more");
    *out = TAKE(value);
    return S_OK;
}

/* ---- where a value stands ---- */

static HRESULT skip_value(struct reader *r)
{
    AUTO_JSON struct json *skipped = NULL;
    return read_value(r, &skipped);
}

/* From the start of an array or object to the start of the member `token` names; false: none. */
static bool seek_member(struct reader *r, const char *token)
{
    bool is_object = peek(r) == '{';
    if (!is_object && peek(r) != '[')
        return false;
    r->at++;
    for (size_t index = 0;; index++) {
        skip_space(r);
        AUTO_FREE char *name = NULL;
        if (is_object ? FAILED(read_key(r, &name)) : !(name = mem_format("%zu", index)))
            return false;
        skip_space(r);
        if (strcmp(name, token) == 0)
            return peek(r) != ']';
        if (FAILED(skip_value(r)))
            return false;
        skip_space(r);
        if (!skip_char(r, ','))
            return false;
    }
}

/* The next token of a pointer, unescaped; *rest goes behind it. NULL without memory. */
static char *next_token(const char **rest)
{
    struct text t = {0};
    const char *s = *rest + 1;
    for (; *s && *s != '/'; s++) {
        bool is_escape = *s == '~' && (s[1] == '0' || s[1] == '1');
        text_add_n(&t, is_escape ? (s[1] == '0' ? "~" : "/") : s, 1);
        s += is_escape;
    }
    *rest = s;
    return text_take(&t);
}

unsigned json_line_of(const char *text, size_t len, const char *pointer)
{
    struct error before = *error_last(); /* a search that finds nothing is no error */
    struct reader r = reader_of(text, len);
    bool found = true;
    skip_space(&r);
    while (found && *pointer == '/') {
        AUTO_FREE char *token = next_token(&pointer);
        found = token && seek_member(&r, token);
    }
    error_restore(&before);
    unsigned column = 0;
    return found && !*pointer && r.at < r.len ? line_at(&r, r.at, &column) : 0;
}
