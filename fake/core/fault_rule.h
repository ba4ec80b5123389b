/* SPDX-License-Identifier: MIT */
/* fault_rule.h - one fault rule as data, and reading rules from JSON. Private to fault.c and its
 * parser. */
#ifndef CORE_FAULT_RULE_H
#define CORE_FAULT_RULE_H

#include "match.h"
#include "os.h"
#include "path.h"
#include "probes.h"
#include "reflect.h"
#include "vec.h"

enum fault_what { FAULT_RETURN, FAULT_DELAY, FAULT_HOLD, FAULT_CRASH };
enum fault_origin { FAULT_FROM_PROCESS, FAULT_FROM_ENVIRONMENT, FAULT_FROM_STATE };

struct fault_rule {
    char id[64], at[96];
    enum api api;
    enum step step; /* STEP_COUNT: at the call itself */
    /* when */
    unsigned nth, every, tick; /* nth 1, every 0, tick 0 unless given */
    char *thread, *step_label; /* NULL: any */
    struct json *args;         /* NULL: any */
    unsigned times;
    /* do */
    enum fault_what what;
    HRESULT hr;
    bool is_complete;
    uint64_t delay_ms;
    char hold[64];
    enum os_crash crash;
    /* counted */
    enum fault_origin origin;
    unsigned reached, fired;
    uint64_t serial; /* goes up with each rule armed: the list is in this order */
};

typedef VEC(struct fault_rule) fault_rules;

void fault_rule_clear(struct fault_rule *rule);
void fault_rules_clear(fault_rules *list);
/* An array of rules, or one rule. A mistake is E_INVALIDARG with the JSON pointer; what the grammar
 * knows and this library does not do yet is refused by name. */
HRESULT fault_rules_parse(const char *json, fault_rules *out);

/* Resolves $const and flag names for when.args. */
extern const struct match_context fault_match_context;

#endif
