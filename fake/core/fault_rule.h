/* SPDX-License-Identifier: MIT */
/* fault_rule.h - one fault rule as data, and reading rules from JSON. Private to fault*.c. */
#ifndef CORE_FAULT_RULE_H
#define CORE_FAULT_RULE_H

#include "fault.h"
#include "fault_mutate.h"
#include "match.h"
#include "os.h"
#include "path.h"
#include "probes.h"
#include "reflect.h"
#include "vec.h"

enum fault_what {
    FAULT_RETURN,
    FAULT_DELAY,
    FAULT_HOLD,
    FAULT_CRASH,
    FAULT_DISK_FULL,
    FAULT_ALLOC_FAIL,
    FAULT_MUTATE,
};
enum fault_effect { EFFECT_NONE, EFFECT_PARTIAL, EFFECT_COMPLETE };

struct fault_rule {
    char id[64], at[96];
    char *text; /* the rule as it was given, JSON on one line */
    enum api api;
    enum step step; /* STEP_COUNT: at the call itself */
    /* when */
    unsigned nth, every, tick; /* nth 1, every 0, tick 0 unless given */
    char *thread, *step_label; /* NULL: any */
    struct json *args;         /* NULL: any */
    double chance;             /* 1 unless given */
    unsigned times;
    bool must_fire;
    /* do */
    enum fault_what what;
    HRESULT hr;
    enum fault_effect effect;
    uint64_t delay_ms;
    char hold[64];
    enum os_crash crash;
    uint64_t number; /* FAULT_DISK_FULL: bytes, FAULT_ALLOC_FAIL: which */
    struct mutation mutation;
    /* counted */
    enum fault_origin origin;
    unsigned reached, fired;
    unsigned pending; /* calls on which it has been laid and which are not through yet */
    uint64_t serial;  /* goes up with each rule armed: the list is in this order */
};

typedef VEC(struct fault_rule) fault_rules;

void fault_rule_clear(struct fault_rule *rule);
void fault_rules_clear(fault_rules *list);
/* An array of rules, or one rule. A mistake is E_INVALIDARG with the JSON pointer. */
HRESULT fault_rules_parse(const char *json, fault_rules *out);
/* The member "do" of a rule, whose at and when are known (fault_parse_do.c). */
HRESULT fault_parse_do(const struct json *rule_json, const char *pointer, struct fault_rule *rule);

/* Does the n-th arrival (from 1) lose or win the dice of when.chance? Depends on the seed, the
 * rule's id and n alone, not on who else rolls. */
bool fault_wins(const struct fault_rule *rule, uint64_t seed, unsigned arrival);

/* Writes to the journal that the rule is armed now; by_others: not in this process. */
void fault_note_armed(const struct fault_rule *rule, enum fault_origin origin, bool by_others);

/* Resolves $const and flag names for when.args. */
extern const struct match_context fault_match_context;

#endif
