/* SPDX-License-Identifier: MIT */
/*
 * serve.h - what the io_uring servers share: the ring, the key of a request
 *
 * user_data comes back with the completion and is all that a program has to
 * tell whose it is.  A bare descriptor will not do: it can be closed and given
 * to the next connection while a completion for its former owner is still on
 * its way.  So each connection has a generation, counted up when it ends, and
 * a completion of another generation is nobody's:
 *
 *    63     56 55                    32 31                             0
 *   +---------+------------------------+--------------------------------+
 *   |  what   |       generation       |     descriptor or slot         |
 *   +---------+------------------------+--------------------------------+
 */
#ifndef IOMODELS_SERVE_H
#define IOMODELS_SERVE_H

#include "../models/server.h"
#include "ring.h"

enum { GENERATION_MASK = 0xffffff };

static unsigned generations[CONNS];	/* by descriptor or slot */

static inline __u64 key(unsigned what, unsigned index)
{
	return (__u64)what << 56 | (__u64)generations[index] << 32 | index;
}

static inline unsigned key_what(__u64 key)
{
	return key >> 56;
}

static inline unsigned key_index(__u64 key)
{
	return (unsigned)key;
}

/* The connection that the request was for is still there. */
static inline int key_lives(__u64 k)
{
	return (k >> 32 & GENERATION_MASK) == generations[key_index(k)];
}

/* The connection ended: what is on its way for it is for nobody. */
static inline void key_retire(unsigned index)
{
	generations[index] = (generations[index] + 1) & GENERATION_MASK;
}

/* ---- the ring ---- */

static struct ring ring;
static const struct __kernel_timespec one_second = { .tv_sec = 1 };

/* needs: the kernel that the flags ask for, for the line that ends us. */
static void ring_refused(const char *call, long err, const char *needs)
{
	if (err == -EINVAL)
		fail(1, "%s: EINVAL: this kernel is older than a flag of this "
		     "model; Linux %s is wanted (iomodels list shows others)\n",
		     call, needs);
	fail(1, "%s: %s: %s\n", call, errno_name(err), ring_why(err));
}

/*
 * Between open_socket, which reads the options, so that --help works
 * everywhere, and announce, so that a refusal is all that is said.
 */
static void open_ring(unsigned entries, unsigned flags, const char *needs)
{
	struct io_uring_params p = { .flags = flags };
	long err = ring_setup(&ring, entries, &p);

	if (!err && !(p.features & IORING_FEAT_FAST_POLL))
		err = -EINVAL;		/* a blocked request would hold a thread */
	if (err)
		ring_refused("io_uring_setup", err, needs);
}

#endif
