/* SPDX-License-Identifier: MIT */
/*
 * request.h - the requests of io_uring, from submission to completion
 *
 * A part of witness.h, in a file of its own.  A request is found by ring and
 * address; the address is used again at once.  A completion that is not the
 * last of its request (multishot) has no address: it is found by ring and
 * user_data.
 */
#ifndef IOMODELS_REQUEST_H
#define IOMODELS_REQUEST_H

#include "witness.h"

void request_take(struct witness *w, struct witness_task *t,
		  const struct tracepoint *p, unsigned long line);
/* The log has ended: what is in flight is counted as cut off. */
void requests_in_flight(struct witness *w);
/* Whether a read of this descriptor has ever ended. */
int request_answered(const struct witness *w, const struct witness_ring *r,
		     int fd);
/* The latency that this share of the requests (percent) did not exceed, in ns; by
   no more than a quarter too low. */
long long latency_at(const struct op_tally *t, unsigned percent);
void requests_free(struct witness *w);

#endif
