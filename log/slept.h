/* SPDX-License-Identifier: MIT */
/*
 * slept.h - sleeps by their reason, and who ended them
 *
 * A part of witness.h, in a file of its own.
 */
#ifndef IOMODELS_SLEPT_H
#define IOMODELS_SLEPT_H

#include "witness.h"

/* The switch that begins a sleep of t. */
void slept_begins(struct witness_task *t, const struct tracepoint *p);
/* sched_waking: who has called t; by may be NULL. */
void slept_woken(struct witness_task *t, const struct witness_task *by,
		 const struct tracepoint *p);
/* t touched a page of a mapped file. */
void slept_fault(struct witness_task *t, const struct tracepoint *p);
/* It is over. */
void slept_add(struct witness *w, const struct witness_task *t, long long ns);

#endif
