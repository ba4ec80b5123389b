/* SPDX-License-Identifier: MIT */
/*
 * frame.h - one call's arguments and results: from the scenario's JSON to words for the library,
 * and from what it left behind to JSON. Used by call.c alone.
 */
#ifndef CONFORMANCE_FRAME_H
#define CONFORMANCE_FRAME_H

#include "phase.h"

enum { MAX_ARGUMENTS = 12 };

struct frame {
    const struct json *step;
    const char *pointer;
    enum api api;
    const struct reflect_call *call;
    arg_word words[MAX_ARGUMENTS];
    arg_word slots[MAX_ARGUMENTS]; /* out variables */
    char16_t *texts[MAX_ARGUMENTS];
    PCWSTR *arrays[MAX_ARGUMENTS];
    size_t array_lens[MAX_ARGUMENTS];
    struct progress *progress;
    struct json *arguments; /* as resolved, for the record */
    struct json *out;
    bool keeps_result[MAX_ARGUMENTS]; /* bound, and the scenario deletes it itself */
};

/* Fills words, slots and arguments from the step's "with"; what is not given takes its default. */
HRESULT frame_put_arguments(struct frame *frame);
/* Which results the scenario itself gives to DismDelete. */
void frame_note_kept(struct frame *frame);
/* Results as JSON into frame->out; then they are given back to the library. */
void frame_read_results(struct frame *frame, HRESULT hr);
void frame_free_results(struct frame *frame, HRESULT hr);
/* Keeps count of what is open, for the residue. */
void frame_count_sessions(const struct frame *frame, HRESULT hr);
/* Does the step's "bind"; false when a pointer leads nowhere. */
bool frame_bind(struct frame *frame);
void frame_clear(struct frame *frame);

#endif
