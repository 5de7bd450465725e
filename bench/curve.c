/* SPDX-License-Identifier: MIT */
/*
 * curve.c - what a message costs, against the work that it asks for
 *
 * Workloads of reply that differ in their work only are one curve: the more
 * work lies in a message, the less it matters who waits for it.
 */
#include <string.h>
#include "compare_report.h"

enum { POINTS = 7 };			/* that a line of the table has room for */

int alike_but_work(const struct workload *a, const struct workload *b)
{
	return a->reply && b->reply && !strcmp(a->protocol, b->protocol) &&
	       a->busy == b->busy && a->size == b->size &&
	       a->answer == b->answer && a->window == b->window &&
	       a->idle == b->idle;
}

int curve_of(const struct plan *p, int first, int points[WORKLOADS])
{
	int n = 0;

	for (int w = 0; w < p->workload_count; w++) {
		int at = n;

		if (!alike_but_work(&p->workloads[first], &p->workloads[w]))
			continue;
		if (w < first)
			return 0;		/* it is that one's */
		while (at && p->workloads[points[at - 1]].work >
			     p->workloads[w].work) {
			points[at] = points[at - 1];
			at--;
		}
		points[at] = w;
		n++;
	}
	return n > 1 ? n : 0;
}

double work_us(const struct workload *w, const struct measurement *m)
{
	return w->work * m->spin_us / 1000;
}

/* The row of a contender at a point, n of them; NULL: it has none. */
static const struct row *at(const struct row *rows, int n, int contender)
{
	for (int i = 0; i < n; i++)
		if (rows[i].contender == contender)
			return &rows[i];
	return NULL;
}

static void print_line(const char *name, char cells[POINTS][16], int n, FILE *f)
{
	fprintf(f, "  %-26.26s", name);
	for (int i = 0; i < n; i++)
		fprintf(f, " %9s", cells[i]);
	fprintf(f, "\n");
}

/* "0.62-": behind the base. */
static void ratio_cell(const struct row *row, char cell[16])
{
	static const char signs[] = "-=+?????";	/* by verdict */

	if (row && row->rate.n)
		snprintf(cell, 16, "%.2f%c", row->rate.median,
			 signs[row->faster + 1]);
}

static void print_curve(const struct results *r, int layout, const int *points,
			int n, FILE *f)
{
	static struct row rows[POINTS][CONTENDERS];
	const struct plan *p = r->plan;
	const struct workload *w = &p->workloads[points[0]];
	char cells[POINTS][16], cost[CONTENDERS][POINTS][16] = { 0 };
	char against[CONTENDERS][POINTS][16] = { 0 };
	int counts[POINTS];

	n = n < POINTS ? n : POINTS;
	fprintf(f, "\nCost of a message against its work, %u connection%s, "
		"requests of %u B, answers of %u B, %s\n", w->busy,
		w->busy == 1 ? "" : "s", w->size, w->answer, layout == TWO ?
		"each on its own processor" : "on one processor");
	for (int i = 0; i < n; i++) {
		w = &p->workloads[points[i]];
		counts[i] = rows_of(r, layout, points[i], rows[i]);
		snprintf(cells[i], 16, "%u", w->work);
	}
	print_line("thousand steps of work", cells, n, f);
	for (int i = 0; i < n; i++)
		short_number(counts[i] ? work_us(&p->workloads[points[i]],
						 &rows[i]->m) : -1, cells[i]);
	print_line("time of the steps, us", cells, n, f);
	for (int c = 0; c < p->contender_count; c++)
		for (int i = 0; i < n; i++) {
			const struct row *row = at(rows[i], counts[i], c);

			if (row)
				short_number(row->m.server_us, cost[c][i]);
			if (c)
				ratio_cell(row, against[c][i]);
		}
	fprintf(f, "  cpu us per message\n");
	for (int c = 0; c < p->contender_count; c++)
		if (c != 1 && *cost[c][0])
			print_line(p->contenders[c].name, cost[c], n, f);
	fprintf(f, "  messages/s against the base (+ ahead, - behind, = equal, ? "
		"undecided)\n");
	for (int c = 2; c < p->contender_count; c++)
		if (*against[c][0])
			print_line(p->contenders[c].name, against[c], n, f);
}

void curves_print(const struct results *r, int layout, FILE *f)
{
	int points[WORKLOADS];
	struct row rows[CONTENDERS];

	for (int w = 0; w < r->plan->workload_count; w++) {
		int n = curve_of(r->plan, w, points);

		if (n && rows_of(r, layout, w, rows))
			print_curve(r, layout, points, n, f);
	}
}
