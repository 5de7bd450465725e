/* SPDX-License-Identifier: MIT */
/*
 * table.c - the tables of a comparison, for a terminal
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "results.h"

enum { RATE = offsetof(struct measurement, rate) };

/* "1.04 (1.02-1.06)" */
static const char *interval(const struct estimate *e, char text[40])
{
	if (!e->n)
		return "-";
	snprintf(text, 40, "%.2f (%.2f-%.2f)", e->median, e->low, e->high);
	return text;
}

/* Three digits that matter, whatever the size; "-" for what is not known. */
static const char *short_number(double v, char text[16])
{
	if (v < 0)
		return "-";
	snprintf(text, 16, v >= 99.5 ? "%.0f" : v >= 9.95 ? "%.1f" :
		 v >= 0.0005 || v == 0 ? "%.3g" : "%.0e", v);
	return text;
}

struct row {
	int contender, n;
	double rate;
};

static int fastest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->rate < y->rate) - (x->rate > y->rate);
}

static void print_row(const struct results *r, int layout, int workload,
		      int contender, double off, FILE *f)
{
	static const char *const words[] = { "behind", "equal", "ahead" };
	struct estimate e = ratio(r, layout, workload, contender, RATE);
	struct measurement m;
	char a[40], t[9][16];
	int n, bound = 0;

	m = medians(r, layout, workload, contender, &n);
	for (int i = 0; i < r->plan->repetitions; i++)
		bound += outcome_at(r, layout, workload, contender, i)->bound;
	fprintf(f, "  %-24s %8.0f  %-17s %-6s %6s %6s %6s %6s %6s %6s %6s %7s %7s%s%s\n",
		contender == 1 ? "(the base again)" :
		r->plan->contenders[contender].name, m.rate,
		contender ? interval(&e, a) : "1",
		contender > 1 ? words[verdict(&e, off) + 1] :
		contender ? "A/A" : "base",
		short_number(m.server_us, t[0]),
		short_number(m.kernel_us, t[1]),
		short_number(m.calls, t[2]),
		short_number(m.voluntary, t[3]),
		short_number(m.involuntary, t[4]),
		short_number(m.p50, t[5]), short_number(m.p99, t[6]),
		short_number(m.p999, t[7]), short_number(m.max, t[8]),
		2 * bound > n ? "  client-bound" : "",
		m.lost > 0 ? "  lost datagrams" : "");
}

static void print_workload(const struct results *r, int layout, int workload,
			   FILE *f)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];
	int n = 0, done = 0;
	char text[200];
	double off;

	for (int c = 0; c < p->contender_count; c++) {
		rows[n].contender = c;
		rows[n].rate = medians(r, layout, workload, c, &rows[n].n).rate;
		done = rows[n].n > done ? rows[n].n : done;
		n += rows[n].n > 0;
	}
	if (!n)
		return;
	qsort(rows, n, sizeof(*rows), fastest_first);
	off = noise(r, layout, workload, RATE);
	workload_describe(&p->workloads[workload], text, sizeof(text));
	fprintf(f, "\n%s [%s]\n", text, p->workloads[workload].name);
	fprintf(f, "server and client on %s; %d repetition%s of %.1f s; noise "
		"%.1f%%\n", layout == SAME ? "one processor" :
		"a processor each", done, done == 1 ? "" : "s",
		p->run_ms / 1e3, 100 * off);
	fprintf(f, "  %-24s %8s  %-24s %6s %6s %6s %6s %6s %6s %6s %7s %7s\n", "",
		"msg/s", "ratio to the base", "cpu us", "iou us", "calls",
		"sleeps", "preemp", "p50 us", "p99", "p99.9", "max");
	for (int i = 0; i < n; i++)
		print_row(r, layout, workload, rows[i].contender, off, f);
	for (int c = 2; c < p->contender_count; c++)
		if (*why_at(r, layout, workload, c))
			fprintf(f, "  %-24s left out: %s\n",
				p->contenders[c].name,
				why_at(r, layout, workload, c));
}

/* What took the processor away, or changed it, while we measured. */
static void print_disturbances(const struct results *r, FILE *f)
{
	const struct plan *p = r->plan;
	long cells = (long)LAYOUTS * p->workload_count * p->contender_count *
		     p->repetitions;
	double *spins = malloc(cells * sizeof(*spins)), steal = 0, most = 0;
	int n = 0;

	for (long i = 0; spins && i < cells; i++) {
		const struct outcome *o = &r->outcomes[i];

		if (!o->done)
			continue;
		spins[n++] = o->m.spin_us;
		steal += o->m.steal;
		most = o->m.steal > most ? o->m.steal : most;
	}
	if (n) {
		double middle = median(spins, n);

		fprintf(f, "\nDisturbances: the hypervisor took %.2f%% of the "
			"time (%.1f%% at most in one measurement);\n"
			"a fixed loop took %.0f us, 90%% of the times %.0f to "
			"%.0f us.\n", 100 * steal / n, 100 * most, middle,
			spins[n / 20], spins[n - 1 - n / 20]);
	}
	free(spins);
}

void table_print(const struct results *r, FILE *f)
{
	const struct plan *p = r->plan;

	fprintf(f, "%s\n%s\n%s\n", r->date, r->machine, r->command);
	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++)
			print_workload(r, layout, w, f);
	print_disturbances(r, f);
	if (*r->uncounted)
		fprintf(f, "%s\n", r->uncounted);
	fprintf(f, "\nratio: messages a second against %s's, within each "
		"repetition; the median (95%% bootstrap\ninterval). equal: 1 is "
		"in the interval, or the difference is within the noise, which "
		"is how\nfar the base's ratio to itself strays. Per message: cpu "
		"us, the server's processor time in all;\niou us, what io_uring's "
		"kernel threads used of it; calls, system calls as the kernel "
		"counts\nthem; sleeps and preemp, voluntary and involuntary "
		"context switches. Latencies of a closed\nloop, unless the "
		"workload has a rate.\n", p->contenders[0].name);
}
