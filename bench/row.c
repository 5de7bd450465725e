/* SPDX-License-Identifier: MIT */
/*
 * row.c - a contender under a workload: all its repetitions, and who is ahead
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "compare_report.h"

enum { SELDOM = 2000 };		/* answers of a connection; more show nowhere */
#define MEAN_STRAYS 0.1		/* from the median: then the server stalls */

const char *short_number(double v, char text[16])
{
	if (v < 0)
		return "-";
	snprintf(text, 16, v >= 99.5 ? "%.0f" : v >= 9.95 ? "%.1f" :
		 v >= 0.995 || v == 0 ? "%.2f" : v >= 0.0095 ? "%.3f" :
		 "%.0e", v);
	if (v >= 1e6)
		snprintf(text, 16, "%.1fM", v / 1e6);
	return text;
}

/* By the ratio to the base, which is quieter than a rate; else as named.  A place
   among the others would rank what is not compared, so it comes last. */
static int fastest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int slower = (x->rate.median < y->rate.median) -
		     (x->rate.median > y->rate.median);

	if (row_is_unfit(x) || row_is_unfit(y))
		slower = row_is_unfit(x) - row_is_unfit(y);
	return slower ? slower : x->contender - y->contender;
}

static int strays(const struct estimate *e, const struct estimate *mean)
{
	return e->n && mean->n &&
	       (mean->median < e->median * (1 - MEAN_STRAYS) ||
		mean->median > e->median * (1 + MEAN_STRAYS));
}

/* What the median says counts only where the mean of all turns, in which stalls
   count, does not say otherwise. */
static enum verdict sure(const struct estimate *e, const struct estimate *mean,
			 double noise, double bound)
{
	enum verdict says = verdict(e, noise, bound);

	if (!mean->n)
		return says;
	if ((says == ABOVE && mean->median < 1) ||
	    (says == BELOW && mean->median > 1) ||
	    (says == EQUAL && (mean->median > 1 + bound ||
			       mean->median < 1 / (1 + bound))))
		return UNDECIDED;
	return says;
}

/* In most of the n repetitions that are done. */
static int is_bound(const struct outcome *o, int repetitions)
{
	int bound = 0, done = 0;

	for (int i = 0; i < repetitions; i++) {
		done += o[i].done;
		bound += o[i].done && o[i].bound;
	}
	return 2 * bound > done;
}

/*
 * Where the client was the limit, the rate is the client's, and the server could do
 * more.  So one that is ahead is ahead, and one that is behind such a base is behind;
 * of all else the rates say nothing.
 */
static enum verdict by_client(enum verdict says, int bound, int base_bound)
{
	if (says == FEW || (!bound && !base_bound))
		return says;
	if (bound && base_bound)
		return LIMITED;
	return says == UNDECIDED || says == (bound ? ABOVE : BELOW) ? says :
	       LIMITED;
}

/* Other programs had more of the time than its rate, or the base's, allows for. */
static int is_disturbed(const struct results *r, int layout, int workload,
			int contender)
{
	const struct workload *w = &r->plan->workloads[workload];

	for (int c = contender; c >= 0; c -= c ? c : 1)
		if (suspicion_of(outcome_at(r, layout, workload, c, 0),
				 r->plan->repetitions, w) == DISTURBED)
			return 1;
	return 0;
}

static void judge(const struct results *r, int layout, int workload,
		  struct row *row)
{
	struct estimate rate = ratio_of_means(r, layout, workload,
					      row->contender, RATE);
	struct estimate cpu = ratio_of_means(r, layout, workload,
					     row->contender, SERVER_US);
	double off = noise(r, layout, workload, RATE), bound = r->plan->bound;
	const struct workload *w = &r->plan->workloads[workload];
	enum verdict says;

	row->rate = ratio(r, layout, workload, row->contender, RATE);
	row->cpu = ratio(r, layout, workload, row->contender, SERVER_US);
	row->by_mean = row->contender > 1 && !row->floor &&
		       (strays(&row->rate, &rate) || strays(&row->cpu, &cpu));
	if (row->by_mean) {
		row->rate = rate;
		row->cpu = cpu;
	}
	if (row->floor)
		row->rate = (struct estimate){ 0 };
	row->faster = sure(&row->rate, &rate, off, bound);
	row->dearer = sure(&row->cpu, &cpu, noise(r, layout, workload,
						  SERVER_US), bound);
	if (row->faster != FEW && is_disturbed(r, layout, workload,
					       row->contender))
		row->faster = UNDECIDED;
	row->more = missing(&row->rate, off, bound);
	/* The mean contradicts: nothing says how many, so as many again. */
	if (row->faster == UNDECIDED && !row->more)
		row->more = row->rate.n;
	/* Without the base's second measurement the noise is not known. */
	if (!ratio(r, layout, workload, 1, RATE).n && row->n >= ENOUGH)
		row->faster = row->dearer = UNDECIDED;
	row->faster = by_client(row->faster, row->bound, is_bound(outcome_at(r,
				layout, workload, 0, 0), r->plan->repetitions));
	if (row->faster == LIMITED)
		row->more = 0;
	says = unfit(outcome_at(r, layout, workload, row->contender, 0),
		     r->plan->repetitions, w);
	if (!says)
		says = unfit(outcome_at(r, layout, workload, 0, 0),
			     r->plan->repetitions, w);
	if (says) {
		row->faster = row->dearer = says;
		row->more = 0;
	}
}

int rows_of(const struct results *r, int layout, int workload,
	    struct row rows[CONTENDERS])
{
	const struct workload *w = &r->plan->workloads[workload];
	const struct load load = {
		.kind = w->kind, .busy = w->busy, .rate = w->rate,
		.run_ms = r->plan->run_ms,
	};
	int n = 0, in_slices = measure_slices(&load) > 1;

	for (int c = 0; c < r->plan->contender_count; c++) {
		const struct contender *who = contender_of(r->plan, workload, c);
		struct row *row = &rows[n];
		int whole = 0;

		if (!who)
			continue;
		row->m = medians(r, layout, workload, c, &row->n);
		if (!row->n)
			continue;
		row->contender = c;
		row->name = c == 1 ? "(the base again)" : who->name;
		row->floor = who->floor;
		row->wrong = who->wrong;
		row->bound = is_bound(outcome_at(r, layout, workload, c, 0),
				      r->plan->repetitions);
		judge(r, layout, workload, row);
		row->suspicion = suspicion_of(outcome_at(r, layout, workload, c,
					      0), r->plan->repetitions, w);
		for (int i = 0; i < r->plan->repetitions; i++) {
			struct outcome *o = outcome_at(r, layout, workload, c,
						       i);

			whole += o->m.slice_count == 1 && in_slices;
		}
		row->whole = 2 * whole > row->n;
		n++;
	}
	qsort(rows, n, sizeof(*rows), fastest_first);
	return n;
}

int ended_early(const struct results *r, int layout, int workload,
		const struct row *row)
{
	return (row->faster == FEW || row->faster == UNDECIDED) &&
	       (*why_at(r, layout, workload, row->contender) ||
		*why_at(r, layout, workload, 0) ||
		*why_at(r, layout, workload, 1));
}

const char *closes_text(const struct measurement *m, char text[40])
{
	double n = m->again > 0 ? 1 / m->again : 0;
	int digits = n >= 1000 ? 100 : n >= 100 ? 10 : 1;

	*text = 0;
	if (n > 0 && n < 2)
		snprintf(text, 40, "each answer");
	else if (n > 0 && n < SELDOM)
		snprintf(text, 40, "about %.0f answers", (double)
			 (long)(n / digits + 0.5) * digits);
	return text;
}

const char *suspicion_text(const struct row *row)
{
	if (row->suspicion == DISTURBED || (row->suspicion == STALLS &&
	    row->m.disturbed > OTHERS_MAX && !row->whole))
		return "disturbed: it waited for other programs of this machine";
	return row->suspicion == STALLS ? "uneven: most messages are fast, a few "
	       "slow ones take most of the time" : row->suspicion == WRONG ?
	       "doubtful: rate x mean latency should be the number of messages "
	       "in flight" : "";
}

struct estimate kept(const struct results *r, int layout, int workload,
		     int contender, size_t offset)
{
	int before = without_idle(r->plan, workload), n = 0;
	double v[REPETITIONS];

	for (int i = 0; before >= 0 && i < r->plan->repetitions; i++) {
		struct outcome *o = outcome_at(r, layout, workload, contender,
					       i);
		struct outcome *alone = outcome_at(r, layout, before, contender,
						   i);

		v[n] = ratio_within(o, alone, offset);
		n += v[n] >= 0;
	}
	return estimate(v, n);
}
