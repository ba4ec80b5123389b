/* SPDX-License-Identifier: MIT */
/*
 * claim.h - which process services an offline image. The real library has a named event per image
 * (real-behaviour 5.4); here it is a locked file in the state folder, which ends with its process.
 *
 * Claims of one process count up: any number of its sessions and calls share one. Taken and dropped
 * with no other lock held.
 */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include "hr.h"

/* WIMPROVIDER_E_IMAGE_IN_SERVICE while another process has it. */
HRESULT claim_take(const char *root);
/* Could it be taken, whatever the simulated world says of other processes? */
HRESULT claim_check(const char *root);
/* Gives one claim back. Nothing happens for a root without one. */
void claim_drop(const char *root);
/* The same, by who is likely to come back soon: the file stays, free for everybody, until somebody
 * drops a claim on it or claim_tidy is called. One file at a time. */
void claim_drop_for_now(const char *root);
void claim_tidy(void);

#endif
