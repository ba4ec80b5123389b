/* SPDX-License-Identifier: MIT */
/* probes.c - see probes.h. */
#include "probes.h"

#include "reflect.h"
#include "text.h"

#define STEP_NAME_ROW(id, call, step) #call "/" step,
static const char *const step_names[STEP_COUNT] = {PROBES(STEP_NAME_ROW)};

const char *step_name(enum step step)
{
    return step < STEP_COUNT ? step_names[step] : "";
}

enum step step_by_name(const char *name)
{
    for (unsigned i = 0; i < STEP_COUNT; i++)
        if (text_equal(step_names[i], name))
            return (enum step)i;
    return STEP_COUNT;
}

const struct half_way *half_way_of(int api)
{
#define HALF_WAY_ROW(call, step, tick) {API_##call, step, tick},
    static const struct half_way rows[] = {HALF_WAYS(HALF_WAY_ROW)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].api == api)
            return &rows[i];
    return NULL;
}
