/* SPDX-License-Identifier: MIT */
/*
 * results.h - what was measured, in memory and as JSON lines
 */
#ifndef IOMODELS_RESULTS_H
#define IOMODELS_RESULTS_H

#include <stddef.h>
#include <stdio.h>
#include "plan.h"
#include "stat.h"

enum {
	RATE = offsetof(struct measurement, rate),
	SERVER_US = offsetof(struct measurement, server_us),
};

struct outcome {
	int done, bound;		/* bound: the client was the limit */
	struct measurement m;
};

struct results {
	const struct plan *plan;
	struct outcome *outcomes;	/* see outcome_at() */
	char (*why)[300];		/* see why_at(): left out, or "" */
	char machine[400];		/* "Linux 6.18.44 x86_64, AMD EPYC family 26
					   model 2, 2 processors" */
	char network[120];		/* of measure_apart() */
	char date[32];			/* UTC */
	char command[1000];		/* as it can be typed */
	char uncounted[200];		/* why there are no system calls */
	char known_build[CONTENDERS];	/* the file names it; and the request of */
	char known_request[WORKLOADS];
};

/* All still to be measured. */
void results_begin(struct results *r, const struct plan *p, int argc,
		   char **argv);
void results_free(struct results *r);

/*
 * The name, family and model of the first processor in /proc/cpuinfo: "AMD EPYC
 * family 26 model 2", for a name like this one is that of many.  text holds the
 * architecture, which stays in it where there is no name.
 */
void results_processor(FILE *cpuinfo, char *text, size_t size);

struct outcome *outcome_at(const struct results *r, int layout, int workload,
			   int contender, int repetition);
char *why_at(const struct results *r, int layout, int workload, int contender);

/* The medians of a contender over its repetitions; n is how many. */
struct measurement medians(const struct results *r, int layout, int workload,
			   int contender, int *n);

/*
 * The ratio of a quantity of one contender to that of another in a repetition.
 * For rates and server_us: the median of the ratios within each turn, without
 * the turns in which other programs took much, unless hardly any is left; for
 * others, and for what was measured in one piece, the ratio.  Negative: none.
 */
double ratio_within(const struct outcome *is, const struct outcome *was,
		    size_t offset);

/*
 * RATE or SERVER_US against the base over all turns together, in which every
 * stall counts, the server's or the machine's.  Far from ratio() it tells of a
 * server that stalls.
 */
struct estimate ratio_of_means(const struct results *r, int layout,
			       int workload, int contender, size_t offset);

/* A quantity of one contender to that of another, of all repetitions. */
struct estimate ratio_of(const struct results *r, int layout, int workload,
			 int contender, int other, size_t offset);

/* The other one is the base. */
struct estimate ratio(const struct results *r, int layout, int workload,
		      int contender, size_t offset);

/* How far the interval of a ratio reaches from 1: 0.1 for 1.1, and 1/1.1. */
double reach(const struct estimate *e);

/*
 * What the differences of a workload must exceed: how far the interval of the
 * base's ratio to itself reaches from 1.
 */
double noise(const struct results *r, int layout, int workload, size_t offset);

enum { ENOUGH = 9 };		/* repetitions; fewer decide nothing */

/*
 * What a server measured against itself does not show, because it is the same
 * in each repetition: where the linker put a loop and what shares a cache line
 * with what.  Nothing is ranked for a difference that is not larger.
 */
#define LAYOUT_EFFECT 0.01

enum verdict { BELOW = -1, EQUAL, ABOVE, UNDECIDED, FEW,
	       ERRORS, DOUBTFUL,	/* see unfit() */
	       LIMITED };		/* of a rate: by the client; see row.c */

/*
 * BELOW, ABOVE: the range in which the true ratio lies in all but 1 of 250
 * cases is beyond the noise and LAYOUT_EFFECT, and farther from 1 than half of
 * the interval's width.  EQUAL: the interval, and the noise, lie within bound
 * (0.02: from 1/1.02 to 1.02).  All else is UNDECIDED, and with fewer than
 * ENOUGH repetitions it is FEW.  How often it is wrong:
 * tests/bench/bench_test.c, false_rankings().
 */
enum verdict verdict(const struct estimate *e, double noise, double bound);

#define WRONG_MOST 0.01			/* of the answers */

/* What suspicion() says of most of these n measurements under w. */
enum suspicion suspicion_of(const struct outcome *o, int n,
			    const struct workload *w);

/*
 * Why a server with these n measurements is not compared: ERRORS, more than
 * WRONG_MOST of its answers are wrong; DOUBTFUL, its rate cannot be right.
 * EQUAL: it is compared.
 */
enum verdict unfit(const struct outcome *o, int n, const struct workload *w);

/*
 * About how many more repetitions would decide it, when the interval narrows
 * with the square root of their number; 0: it is decided.
 */
int missing(const struct estimate *e, double noise, double bound);

/*
 * Of a contender's program, so that another build is not taken for it: a hash of
 * its file and the words of its command, or of a server's command and place; "" when
 * there is none.
 */
const char *build_of(const struct contender *c, char text[20]);

/* ---- JSON lines: what is measured, one line per measurement ---- */

/* To the digits that are kept, so that what is resumed reports the same. */
void results_round(struct measurement *m);

void results_write_head(const struct results *r, FILE *f);

/* After results_read(): a line with the builds and requests that the file does not
   name yet, unless it names all. */
void results_write_added(const struct results *r, FILE *f);
void results_write(const struct results *r, int layout, int workload,
		   int contender, int repetition, FILE *f);

/* What stands behind "name": in such a line; NULL: nothing. */
const char *results_field(const char *line, const char *name);

/* The measurement that is in such a line; -1: it has none. */
int results_take(const char *line, struct outcome *o);

/*
 * Take what the file holds; its last line may be cut.  The number of
 * measurements; -1 with the reason in why when it is another plan's.
 */
int results_read(struct results *r, FILE *f, char why[300]);

#endif
