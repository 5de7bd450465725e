/* SPDX-License-Identifier: MIT */
/*
 * measure.h - one measurement: a server, a client, what they cost
 */
#ifndef IOMODELS_MEASURE_H
#define IOMODELS_MEASURE_H

#include <signal.h>
#include <stddef.h>
#include "files.h"
#include "load.h"
#include "outside.h"
#include "programs.h"

/* What is measured: one of our servers, a peer's, or any command. */
struct contender {
	const char *name;
	const struct program *program;	/* NULL: a command */
	char *const *command;		/* it takes --port and --service, and
					   says what it serves as ours do */
	const struct outside *outside;	/* any server: outside.h */
	char *wrong;			/* [100], its first wrong answer; or NULL */
	int floor;			/* no server: bench/floor.h, in its
					   place on the server's processor */
	int fio;			/* no server: an engine of fio */
	const char *options;		/* of a file job, ':' between; the
					   engine of fio; may be NULL */
};

struct setup {
	const struct contender *who;
	struct load load;		/* without the server's address and pid */
	int family;			/* AF_INET or AF_UNIX */
	enum file_state state;		/* LOAD_FILE: and the order */
	int random;
	int server_cpu, client_cpu;
};

/* Per message, or read of a file, unless it says otherwise; negative: not known. */
struct measurement {
	double rate;			/* messages a second */
	double mean, p50, p99, p999, max;	/* latency, us */
	double server_us, client_us;	/* of processor */
	double user_us, kernel_us;	/* of server_us: outside of the kernel,
					   and what iou- threads used */
	double calls;			/* system calls */
	double voluntary, involuntary;	/* context switches */
	double peak_kib, threads;	/* of the server, at most */
	double lost;			/* datagrams, of all */
	double wrong;			/* answers, of all */
	double again;			/* connections, of all: the server closes */
	double no_room;			/* connections for which the server's
					   listen queue was full, of those made
					   while we measured */
	double processes;		/* of the server */
	double bytes;			/* both ways */
	double busy_server, busy_client;	/* shares of the time */
	double steal;			/* share that the hypervisor took */
	double others;			/* share of the processors that other
					   programs used, in this repetition;
					   negative: not known */
	double disturbed;		/* share of the slices in which ours
					   waited for them for long */
	double spin_us;			/* what a fixed loop took just before */
	double in_flight;		/* messages at a time, from when each was
					   sent and answered; 0: not known; it is
					   not kept */
	struct slice slices[SLICES];	/* rate and server_us are of them all */
	int slice_count;		/* 0: it was in one piece */
};

/* The numbers of a measurement, by name. */
struct quantity {
	const char *name;
	size_t offset;
};

extern const struct quantity quantities[];	/* ends with a null name */

static inline double *quantity_in(struct measurement *m,
				  const struct quantity *q)
{
	return (double *)((char *)m + q->offset);
}

/* Set it (in a signal handler) and a measurement ends early, as failed. */
extern volatile sig_atomic_t measure_stop;

/*
 * Measure from now on in a network namespace of our own, with only the loopback
 * device and TCP reno.  (BBR paces what it sends: that would measure the
 * network, not the model.)  If it is refused (no root), measure in the
 * machine's network; how says which.  Also mount tracefs, which counts system
 * calls, where nobody else sees it, if it is not mounted.
 */
void measure_apart(char how[120]);

/* It did so, and each server of a fixed port can have one, too. */
int measure_is_apart(void);

/* Stay in the machine's network: a server that runs there is asked. */
void measure_here(char how[120]);

/*
 * n servers side by side: all are started, then they take turns in slices, in
 * an order drawn anew for each turn; meanwhile the others sleep.  m[i] is of
 * s[i]; where that failed, why[i] is not empty.  The calls are not counted
 * where that is refused; then uncounted says why.
 */
void measure_together(const struct setup *s, int n, struct measurement *m,
		      char (*why)[300], char uncounted[200]);

/* The slices of a measurement, unless it must be in one piece: load.c. */
unsigned measure_slices(const struct load *l);

/* Of one alone, or of a file job: 0, or -1. */
int measure(const struct setup *s, struct measurement *m, char why[300],
	    char uncounted[200]);

/*
 * A check that needs no model of where time went (Little's law): as many
 * messages are in flight as are sent a second, times how long one takes.  With
 * the median for "how long", a server that stalls shows, too.  Where messages were
 * in flight when the time began or ended, the law holds only about; in_flight counts
 * these as well, so it is exact.
 */
#define EXACT 0.02

enum suspicion {
	PLAUSIBLE,
	STALLS,				/* half of the messages are fast, and
					   few take most of the time */
	DISTURBED,			/* the rate is far from right, and other
					   programs are the reason */
	WRONG,				/* the rate cannot be right */
};

/* The share of all slices in which ours waited for other programs. */
static inline double waited_for_others(const struct measurement *m)
{
	double time = 0, waited = 0;

	for (int i = 0; i < m->slice_count; i++) {
		time += m->slices[i].seconds;
		waited += m->slices[i].seconds * m->slices[i].others;
	}
	return time > 0 ? waited / time : 0;
}

/*
 * Where another program has the processor when a slice begins or ends, all messages
 * in flight may wait for it, and the part of their wait that is on the other side
 * of this end is the error.  So in sum it is not longer than what client and server
 * waited for others, of which the slices have the longer one.
 */
static inline enum suspicion suspicion(const struct measurement *m,
				       double in_flight)
{
	double by_mean = m->rate * m->mean / 1e6 / in_flight;
	double by_median = m->rate * m->p50 / 1e6 / in_flight;
	double off = by_mean > 1 ? by_mean - 1 : 1 - by_mean;

	if (m->in_flight > 0 && (m->in_flight < in_flight * (1 - EXACT) ||
				 m->in_flight > in_flight * (1 + EXACT)))
		return WRONG;
	if (m->rate <= 0 || m->mean <= 0)
		return PLAUSIBLE;
	if (off > SUSPICIOUS)
		return off > SUSPICIOUS + 2 * waited_for_others(m) ? WRONG :
		       DISTURBED;
	return by_median < 1 - SUSPICIOUS || by_median > 1 + SUSPICIOUS ?
	       STALLS : PLAUSIBLE;
}

/* The client was what limited the rate: it had no time left, and the server
   had some. */
static inline int client_bound(const struct setup *s,
			       const struct measurement *m)
{
	return s->server_cpu != s->client_cpu && m->busy_client > 0.95 &&
	       m->busy_server >= 0 && m->busy_server < 0.95;
}

#endif
