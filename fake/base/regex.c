/* SPDX-License-Identifier: MIT */
/*
 * regex.c - the subset of regular expressions in regex.h.
 *
 * A pattern becomes a short program, which runs over the text with all its possible positions at
 * once (Thompson's construction). There is no backtracking, so no pattern can take exponential
 * time.
 */
#include "regex.h"

#include <stdint.h>
#include <string.h>

#include "error.h"
#include "scope.h"
#include "text.h"
#include "vec.h"

#define MAX_PATTERN 2000
#define MAX_DEPTH 50

enum op { OP_RANGE, OP_SET, OP_ANY, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_MATCH };

struct step {
    enum op op;
    uint32_t low, high; /* RANGE; SET: its ranges are [low, high) of the program's */
    bool is_negated;    /* SET */
    int32_t to, also;   /* SPLIT, JUMP: relative to this step, so that a block can be moved */
};

struct range {
    uint32_t low, high;
};

struct program {
    VEC(struct step) steps;
    VEC(struct range) ranges;
};

static void program_clear(struct program *program)
{
    vec_clear(&program->steps);
    vec_clear(&program->ranges);
}

/* ---- compiling ---- */

struct compiler {
    const char *pattern, *at;
    struct program *program;
    unsigned depth;
};

static HRESULT refuse(const struct compiler *c, const char *what)
{
    return FAIL(E_INVALIDARG, "regular expression '%.200s', byte %td: %s", c->pattern,
                c->at - c->pattern, what);
}

static HRESULT add_step(struct compiler *c, struct step step)
{
    struct step *slot = vec_push(&c->program->steps);
    if (!slot)
        return FAIL_MEMORY();
    *slot = step;
    return S_OK;
}

/* Makes room before what was compiled from `start` on. */
static HRESULT insert_step(struct compiler *c, size_t start, struct step step)
{
    TRY(add_step(c, step));
    struct step *steps = c->program->steps.ptr;
    size_t last = c->program->steps.len - 1;
    memmove(&steps[start + 1], &steps[start], (last - start) * sizeof *steps);
    steps[start] = step;
    return S_OK;
}

static HRESULT add_range(struct compiler *c, uint32_t low, uint32_t high)
{
    struct range *slot = vec_push(&c->program->ranges);
    if (!slot)
        return FAIL_MEMORY();
    *slot = (struct range){low, high};
    return S_OK;
}

/* \d, \w or \s: adds its ranges. S_FALSE if the letter is none of them. */
static HRESULT add_class(struct compiler *c, char letter)
{
    switch (letter) {
    case 'd':
        return add_range(c, '0', '9');
    case 'w':
        TRY(add_range(c, '0', '9'));
        TRY(add_range(c, 'A', 'Z'));
        TRY(add_range(c, 'a', 'z'));
        return add_range(c, '_', '_');
    case 's':
        TRY(add_range(c, ' ', ' '));
        TRY(add_range(c, '\t', '\n'));
        return add_range(c, '\r', '\r');
    default:
        return S_FALSE;
    }
}

/* One character, perhaps escaped. */
static HRESULT read_character(struct compiler *c, uint32_t *cp)
{
    if (*c->at == '\\') {
        static const char letters[] = "tnr", meaning[] = "\t\n\r";
        char escaped = c->at[1];
        const char *letter = escaped ? strchr(letters, escaped) : NULL;
        if (!letter && (!escaped || !strchr("\\/.*+?|()[]{}^$-", escaped)))
            return refuse(c, "unknown escape");
        *cp = (unsigned char)(letter ? meaning[letter - letters] : escaped);
        c->at += 2;
        return S_OK;
    }
    size_t used = text_decode(c->at, cp);
    if (!used)
        return refuse(c, "bad UTF-8");
    c->at += used;
    return S_OK;
}

static HRESULT compile_set(struct compiler *c)
{
    struct step set = {.op = OP_SET, .low = (uint32_t)c->program->ranges.len};
    c->at++;
    if (*c->at == '^') {
        set.is_negated = true;
        c->at++;
    }
    if (*c->at == ']')
        return refuse(c, "an empty set");
    while (*c->at != ']') {
        if (!*c->at)
            return refuse(c, "the set is not closed");
        if (*c->at == '[')
            return refuse(c, "[ in a set needs a backslash");
        if (*c->at == '\\') {
            HRESULT hr = add_class(c, c->at[1]);
            TRY(hr);
            if (hr == S_OK) {
                c->at += 2;
                continue;
            }
        }
        uint32_t low = 0, high = 0;
        TRY(read_character(c, &low));
        high = low;
        if (*c->at == '-' && c->at[1] != ']') {
            c->at++;
            if (!*c->at)
                return refuse(c, "the set is not closed");
            TRY(read_character(c, &high));
        }
        if (high < low)
            return refuse(c, "a range that runs backwards");
        TRY(add_range(c, low, high));
    }
    c->at++;
    set.high = (uint32_t)c->program->ranges.len;
    return add_step(c, set);
}

static HRESULT compile_choice(struct compiler *c);

static HRESULT compile_group(struct compiler *c)
{
    if (c->depth == MAX_DEPTH)
        return refuse(c, "too many nested groups");
    c->at++;
    c->depth++;
    TRY(compile_choice(c));
    c->depth--;
    if (*c->at != ')')
        return refuse(c, "the group is not closed");
    c->at++;
    return S_OK;
}

static HRESULT compile_atom(struct compiler *c, bool *repeatable)
{
    *repeatable = true;
    switch (*c->at) {
    case '(':
        return compile_group(c);
    case '[':
        return compile_set(c);
    case '.':
        c->at++;
        return add_step(c, (struct step){.op = OP_ANY});
    case '^':
    case '$':
        *repeatable = false;
        return add_step(c, (struct step){.op = *c->at++ == '^' ? OP_BEGIN : OP_END});
    case '*':
    case '+':
    case '?':
        return refuse(c, "nothing to repeat");
    case '{':
    case '}':
    case ']':
        return refuse(c, "this character needs a backslash");
    default:
        break;
    }
    struct step step = {.op = OP_SET, .low = (uint32_t)c->program->ranges.len};
    if (*c->at == '\\') {
        HRESULT hr = add_class(c, c->at[1]);
        TRY(hr);
        if (hr == S_OK) {
            c->at += 2;
            step.high = (uint32_t)c->program->ranges.len;
            return add_step(c, step);
        }
    }
    uint32_t cp = 0;
    TRY(read_character(c, &cp));
    return add_step(c, (struct step){.op = OP_RANGE, .low = cp, .high = cp});
}

static HRESULT compile_repeat(struct compiler *c, size_t start)
{
    char how = *c->at++;
    int32_t size = (int32_t)(c->program->steps.len - start);
    if (*c->at && strchr("*+?", *c->at))
        return refuse(c, "a repeat of a repeat");
    if (how == '+')
        return add_step(c, (struct step){.op = OP_SPLIT, .to = -size, .also = 1});
    int32_t behind = size + (how == '*' ? 2 : 1);
    TRY(insert_step(c, start, (struct step){.op = OP_SPLIT, .to = 1, .also = behind}));
    if (how == '*')
        return add_step(c, (struct step){.op = OP_JUMP, .to = -(size + 1)});
    return S_OK;
}

static HRESULT compile_sequence(struct compiler *c)
{
    while (*c->at && *c->at != '|' && *c->at != ')') {
        size_t start = c->program->steps.len;
        bool repeatable = false;
        TRY(compile_atom(c, &repeatable));
        if (!*c->at || !strchr("*+?", *c->at))
            continue;
        if (!repeatable)
            return refuse(c, "nothing to repeat");
        TRY(compile_repeat(c, start));
    }
    return S_OK;
}

/* a|b|c: split a, (jump to the end) b|c. */
static HRESULT compile_choice(struct compiler *c)
{
    size_t start = c->program->steps.len;
    TRY(compile_sequence(c));
    if (*c->at != '|')
        return S_OK;
    c->at++;
    int32_t size = (int32_t)(c->program->steps.len - start);
    TRY(insert_step(c, start, (struct step){.op = OP_SPLIT, .to = 1, .also = size + 2}));
    TRY(add_step(c, (struct step){.op = OP_JUMP}));
    size_t jump = c->program->steps.len - 1;
    if (c->depth == MAX_DEPTH)
        return refuse(c, "too many alternatives");
    c->depth++;
    TRY(compile_choice(c));
    c->depth--;
    c->program->steps.ptr[jump].to = (int32_t)(c->program->steps.len - jump);
    return S_OK;
}

static HRESULT compile(const char *pattern, struct program *program)
{
    struct compiler c = {.pattern = pattern, .at = pattern, .program = program};
    if (strlen(pattern) > MAX_PATTERN)
        return refuse(&c, "longer than 2000 bytes");
    TRY(compile_choice(&c));
    if (*c.at)
        return refuse(&c, "a group is closed that was not opened");
    return add_step(&c, (struct step){.op = OP_MATCH});
}

HRESULT regex_check(const char *pattern)
{
    struct program program AUTO(program_clear) = {0};
    return compile(pattern, &program);
}

/* ---- running ---- */

/* Steps that wait for the next character, each at most once: mark[i] is the round it was added in.
 */
struct runner {
    const struct program *program;
    size_t *now, *next, *todo, *mark;
    size_t now_len, next_len, round;
    bool is_begin, is_end, matched;
};

static void runner_clear(struct runner *r)
{
    mem_free(r->now);
    mem_free(r->next);
    mem_free(r->todo);
    mem_free(r->mark);
}

static bool runner_init(struct runner *r, const struct program *program)
{
    size_t n = program->steps.len;
    *r = (struct runner){.program = program};
    r->now = mem_array(n, sizeof *r->now);
    r->next = mem_array(n, sizeof *r->next);
    r->todo = mem_array(2 * n + 1, sizeof *r->todo); /* each step enters at most two others, once */
    r->mark = mem_array(n, sizeof *r->mark);
    return r->now && r->next && r->todo && r->mark;
}

/* Adds a step and everything reachable from it without a character to `next`. */
static void enter(struct runner *r, size_t first)
{
    size_t len = 0;
    r->todo[len++] = first;
    while (len > 0) {
        size_t at = r->todo[--len];
        if (r->mark[at] == r->round)
            continue;
        r->mark[at] = r->round;
        const struct step *step = &r->program->steps.ptr[at];
        switch (step->op) {
        case OP_SPLIT:
            r->todo[len++] = (size_t)((ptrdiff_t)at + step->also);
            r->todo[len++] = (size_t)((ptrdiff_t)at + step->to);
            break;
        case OP_JUMP:
            r->todo[len++] = (size_t)((ptrdiff_t)at + step->to);
            break;
        case OP_BEGIN:
        case OP_END:
            if (step->op == OP_BEGIN ? r->is_begin : r->is_end)
                r->todo[len++] = at + 1;
            break;
        case OP_MATCH:
            r->matched = true;
            break;
        default:
            r->next[r->next_len++] = at;
            break;
        }
    }
}

static bool takes(const struct program *program, const struct step *step, uint32_t cp)
{
    if (step->op == OP_ANY)
        return true;
    if (step->op == OP_RANGE)
        return cp >= step->low && cp <= step->high;
    for (uint32_t i = step->low; i < step->high; i++) {
        const struct range *range = &program->ranges.ptr[i];
        if (cp >= range->low && cp <= range->high)
            return !step->is_negated;
    }
    return step->is_negated;
}

/* The character at s, and how long it is; a byte that is not WTF-8 is one character that only . and
 * negated sets take. */
static size_t next_character(const char *s, uint32_t *cp)
{
    size_t used = text_decode(s, cp);
    if (!used)
        *cp = 0x110000u + (unsigned char)*s;
    return used ? used : 1;
}

HRESULT regex_match(const char *pattern, const char *text, bool *matched)
{
    struct program program AUTO(program_clear) = {0};
    TRY(compile(pattern, &program));
    struct runner r AUTO(runner_clear) = {0};
    if (!runner_init(&r, &program))
        return FAIL_MEMORY();
    r.round = 1;
    r.is_begin = true;
    r.is_end = !*text;
    enter(&r, 0);
    while (*text && !r.matched) {
        uint32_t cp = 0;
        text += next_character(text, &cp);
        size_t *swap = r.now;
        r.now = r.next;
        r.now_len = r.next_len;
        r.next = swap;
        r.next_len = 0;
        r.round++;
        r.is_begin = false;
        r.is_end = !*text;
        for (size_t i = 0; i < r.now_len; i++) {
            if (takes(&program, &program.steps.ptr[r.now[i]], cp))
                enter(&r, r.now[i] + 1);
        }
        enter(&r, 0); /* a match may begin at any character */
    }
    *matched = r.matched;
    return S_OK;
}
