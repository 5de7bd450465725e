/* SPDX-License-Identifier: MIT */
/*
 * hazard.h - memory that is given back, or used twice, while a request has it
 *
 * A part of witness.h, in a file of its own.  Where the address of a buffer is
 * not in kernel.log, an unmapping is only believed to have hit it when the
 * request failed with EFAULT afterwards.
 */
#ifndef IOMODELS_HAZARD_H
#define IOMODELS_HAZARD_H

#include "witness.h"

/* A system call of t begins: munmap, or an unregistering. */
void hazard_call(struct witness *w, const struct witness_task *t,
		 const struct tracepoint *p, unsigned long line);
/* q is submitted; its buffer is learnt of the event. */
void hazard_submit(struct witness *w, struct request *q,
		   const struct tracepoint *p);
void hazard_completed(struct request *q, int res);

#endif
