/* SPDX-License-Identifier: MIT */
/*
 * floor.h - failures on the floor, under everything: the n-th allocation, the n-th change to the
 * file system, a disk that is full after n bytes. mem.c, json.c and os_*.c ask; whoever wants
 * failures puts a record in force for the calling thread (call.c does so for every call).
 *
 * Relies on nothing: a thread-local pointer, NULL when nothing can fail.
 */
#ifndef BASE_FLOOR_H
#define BASE_FLOOR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct floor {
    /* what fails; zero: nothing */
    uint64_t alloc_at;  /* this allocation, counted from 1 */
    uint64_t change_at; /* this change to the file system */
    int change_errno;   /* ... with this reason; 0: EIO */
    bool goes_on;       /* ... and all allocations or changes after it */
    bool has_disk_end;  /* files may grow together by ... */
    uint64_t disk_end;  /* ... so many bytes, and then no more */
    /* what has been asked for */
    uint64_t allocs, changes, bytes;
    bool alloc_failed, change_failed, disk_was_full;
    bool is_undoing; /* what is undone gives its space back: the disk has room for that */
};

/* The record in force becomes this one (NULL: none); gives the one before, to be put back. */
struct floor *floor_use(struct floor *floor);

/* For tests of whole calls: what the calling thread's next call has in force (NULL: nothing). When
 * that call returns, the record says what it asked for. */
void floor_plan(struct floor *plan);
struct floor *floor_take_plan(void);

/* For a scope that does not count and cannot fail: what the fake writes for its own purposes, and
 * the client's callbacks. */
struct floor_pause {
    struct floor *was;
};
static inline void floor_pause_ends(struct floor_pause *pause)
{
    (void)floor_use(pause->was);
}
#define FLOOR_PAUSE()                                                                              \
    __attribute__((cleanup(floor_pause_ends), unused)) struct floor_pause floor_pause_here = {     \
        floor_use(NULL)}

/* For a scope that undoes. */
bool floor_undo(bool undoing); /* gives what was */
static inline void floor_undo_ends(const bool *was)
{
    (void)floor_undo(*was);
}
#define FLOOR_UNDO()                                                                               \
    __attribute__((cleanup(floor_undo_ends), unused)) bool floor_undo_here = floor_undo(true)

/* An allocation is about to happen. true: it has to fail. */
bool floor_denies_memory(void);
/* A change to the file system is about to happen. The errno it has to fail with, 0: go on. */
int floor_denies_change(void);
/* Runs a system call that changes something, unless it is denied: true if it did, else errno says
 * why not. */
#define FLOOR_CHANGES(call) ((errno = floor_denies_change()) == 0 && (call) == 0)
/* A file is about to grow by so many bytes: how many of them there is room for. */
uint64_t floor_room(uint64_t bytes);
/* Is there an end of the disk, so that writing has to be measured? */
bool floor_has_disk_end(void);

#endif
