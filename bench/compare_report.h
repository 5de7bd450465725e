/* SPDX-License-Identifier: MIT */
/*
 * compare_report.h - what the reports of a comparison share
 */
#ifndef IOMODELS_REPORT_OF_RESULTS_H
#define IOMODELS_REPORT_OF_RESULTS_H

#include <stdio.h>
#include "results.h"

/* A contender under a workload, all repetitions together. */
struct row {
	const char *name, *wrong;	/* wrong: its first wrong answer */
	int contender, n;		/* n repetitions */
	int floor, bound;		/* bound: mostly, the client was */
	int whole;			/* likewise: it was in one piece, and
					   slices would mislead */
	int by_mean;			/* rate and cpu are ratio_of_means():
					   the server stalls */
	enum suspicion suspicion;	/* of m */
	struct measurement m;		/* medians */
	struct estimate rate, cpu;	/* against the base */
	enum verdict faster, dearer;
	int more;			/* missing() repetitions, for faster */
};

/* It is not compared: its answers are wrong or its rate is doubtful, or the
   base's. */
static inline int row_is_unfit(const struct row *row)
{
	return row->dearer == ERRORS || row->dearer == DOUBTFUL;
}

/* All that were measured, the fastest first, those that are not compared last; how
   many. */
int rows_of(const struct results *r, int layout, int workload,
	    struct row rows[CONTENDERS]);

/* It has too few repetitions, because it failed, or the base did; more of them
   would decide nothing. */
int ended_early(const struct results *r, int layout, int workload,
		const struct row *row);

/* RATE or SERVER_US with idle connections against that without, where the plan
   has both; else n is 0. */
struct estimate kept(const struct results *r, int layout, int workload,
		     int contender, size_t offset);

/*
 * After how many answers the server closes a connection: "each answer", "about 100
 * answers"; "" where it hardly ever does.
 */
const char *closes_text(const struct measurement *m, char text[40]);

#define NO_ROOM_MOST 0.01		/* of the connections; more is reported */

/* As suspicion() says of a row, in words; "" when it is plausible. */
const char *suspicion_text(const struct row *row);

/* Digits that matter, whatever the size; "-" for what is not known. */
const char *short_number(double v, char text[16]);

/* What took the processor away, or changed it, while we measured; 0: nothing
   was measured. */
int disturbances(const struct results *r, char *text, size_t size);

void table_print(const struct results *r, FILE *f);

/* Workloads of reply that are alike except for their work. */
int alike_but_work(const struct workload *a, const struct workload *b);

/* Those of them that are like the first, by their work; 0: it is not the first
   of them, or it is alone. */
int curve_of(const struct plan *p, int first, int points[WORKLOADS]);

/* What the work of a message takes by itself. */
double work_us(const struct workload *w, const struct measurement *m);

void curves_print(const struct results *r, int layout, FILE *f);

/*
 * What the whole run says, in one or two sentences: who is ahead of the base or
 * behind it, who is equal, and what is undecided.
 */
void conclude(const struct results *r, FILE *f);

/* A proxy asks in its own network for a server that is not there, as its answer's
   first line says. */
int may_miss_another(const struct results *r, const struct contender *c,
		     const char *status);

/* One row per server, one column per workload.  **bold**: better than the base,
   *italic*: worse, by more than the noise. */
enum matrix { MATRIX_RATE, MATRIX_CPU, MATRIX_CALLS, MATRIX_KEPT };

void table_matrix(const struct results *r, int layout, enum matrix what,
		  FILE *f);
void table_markdown(const struct results *r, FILE *f);

/* Everything, as one JSON object. */
void export_json(const struct results *r, FILE *f);

/*
 * DIR/report.html with its plots, which gnuplot draws from DIR/plots.gp.
 * 0; or with the reason in why: 1, the page has no plots, or -1, there is none.
 */
int page_write(const struct results *r, const char *dir, char why[300]);

#endif
