/* SPDX-License-Identifier: MIT */
/*
 * plan.h - what is to be compared: workloads, contenders, repetitions
 */
#ifndef IOMODELS_PLAN_H
#define IOMODELS_PLAN_H

#include <stddef.h>
#include "measure.h"

enum { WORKLOADS = 64, CONTENDERS = 64, REPETITIONS = 401, LAYOUTS = 2 };

/*
 * KIND, then any of -cN -sN -wN -iN -rN, in any order:
 *
 *   tcp, unix, udp   a message and its echo
 *   churn            connect, one JSON message, close, over TCP
 *   reply            a request, work, and an answer of any length, over TCP
 *   sink, source     a stream to the server, or from it: pieces of -sN bytes
 *                    (65536), -wN of them (4) on their way; reply carries it
 *   http             GET of --path, over TCP, as are
 *   redis-ping, redis-get, redis-set, line, bytes: protocol.h
 *   file             reads of a file: files.h
 *   -cN   busy connections (16)       -sN   bytes of a message (64)
 *   -wN   messages in flight on each (1)
 *   -iN   idle connections (0)        -rN   messages a second (as many as go)
 *   -aN   reply: bytes of the answer (64)   -kN   work: thousand steps of a
 *         loop, about a microsecond (0)
 *
 * file has -hot (all of it is in the page cache), -cold (nothing is) or -direct
 * (O_DIRECT); -random or -seq; -qN reads in flight (1); -sN bytes of each (4096).
 */
struct workload {
	char name[64];			/* as above, in this order */
	enum load_kind kind;
	int family;
	unsigned busy, size, window, idle, rate;	/* file: busy reads */
	const char *protocol;		/* its name; NULL: echo */
	struct protocol speaks;
	int reply;			/* the service reply */
	unsigned answer, work;		/* its bytes, and thousands of steps */
	enum file_state state;		/* file */
	int random;			/* file: else from first to last */
	int also;			/* layouts besides the plan's, a bit each */
};

/* 0; or -1 with what is wrong in why. */
int workload_parse(struct workload *w, const char *text, char why[200]);

/* "TCP echo, 16 connections, 64 B" */
void workload_describe(const struct workload *w, char *text, size_t size);

/* A server and a file, or a file job and connections. */
int other_world(const struct contender *c, const struct workload *w);

/* NULL, or why a server like c cannot serve w. */
const char *cannot_serve(const struct contender *c, const struct workload *w);

struct plan;

/*
 * The contender that is measured as number c of workload w.  Where the base
 * cannot serve it (datagrams), the first that can takes its two places; NULL:
 * this one has moved to them.
 */
const struct contender *contender_of(const struct plan *p, int w, int c);

/* The same workload without idle connections; -1: not in the plan. */
int without_idle(const struct plan *p, int workload);

enum layout {
	SAME,				/* server and client on one processor */
	TWO,				/* a processor each */
};

struct plan {
	struct workload workloads[WORKLOADS];
	int workload_count;
	struct contender contenders[CONTENDERS];
	int contender_count;		/* the first is the base, the second is
					   the base again: the check of the
					   method itself */
	int layouts;			/* a bit each */
	int repetitions;		/* at most */
	int least;			/* of each; more while undecided */
	double bound;			/* what lies within it is equal: 0.02 */
	unsigned warm_ms, run_ms, count_ms;
};

static inline int layouts_of(const struct plan *p, int workload)
{
	return p->layouts | p->workloads[workload].also;
}

/* The processors that we may run on; how many of the n wanted there are. */
int plan_processors(int *cpus, int n);

#endif
