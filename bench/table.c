/* SPDX-License-Identifier: MIT */
/*
 * table.c - the tables of a comparison, for a terminal and for Markdown
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "compare_report.h"

enum {
	COLUMNS = 100,
	LARGE = 4096,			/* bytes of a message: it is a stream */
};

static int digits(double ratio)
{
	return ratio < 10 ? 2 : ratio < 100 ? 1 : 0;
}

/* "1.04 1.02-1.06"; of large ratios only digits that there is room for. */
static const char *interval(const struct estimate *e, char text[40])
{
	if (!e->n)
		return "-";
	snprintf(text, 40, "%.*f %.*f-%.*f", digits(e->median), e->median,
		 digits(e->high), e->low, digits(e->high), e->high);
	return text;
}

/* ---- terminal ---- */

/* "-" where nothing is compared. */
static const char *word(const struct row *row, const struct estimate *e,
			enum verdict says, const char *const words[8])
{
	return row->contender == 0 ? "base" : row->contender == 1 ? "A/A" :
	       !e->n ? "" : words[says + 1];
}

static void print_row(const struct row *row, FILE *f)
{
	static const char *const faster[] = {
		"behind", "equal", "ahead", "undecided", "too few", "errors",
		"doubtful", "client",
	};
	static const char *const dearer[] = {
		"less", "equal", "more", "?", "", "", "", "",
	};
	const struct measurement *m = &row->m;
	char a[40], b[40], t[4][16];

	fprintf(f, "  %-24.24s %7s %-14s %-9s %6s %-14s %-5s %5s %6s\n",
		row->name, short_number(m->rate, t[0]),
		row->contender ? interval(&row->rate, a) : "1",
		word(row, &row->rate, row->faster, faster),
		short_number(m->server_us, t[1]),
		row->contender ? interval(&row->cpu, b) : "1",
		word(row, &row->cpu, row->dearer, dearer),
		short_number(m->calls, t[2]), short_number(m->p50, t[3]));
}

/* Messages that a server handles between two sleeps. */
static double batch(const struct measurement *m)
{
	return m->voluntary > 0 ? 1 / m->voluntary : -1;
}

/* What a stream carries: an echo carries all twice. */
static void print_stream(const struct row *row, const struct workload *w,
			 FILE *f)
{
	const struct measurement *m = &row->m;
	int one_way = w->reply && (w->size >= LARGE) != (w->answer >= LARGE);

	if (m->bytes < LARGE || m->rate <= 0)
		return;
	fprintf(f, "  %-24s %.3g GiB/s%s", "", m->rate * m->bytes / (1 << 30),
		one_way ? "" : " both ways");
	if (m->server_us >= 0)
		fprintf(f, ", %.3g s of processor time per GiB", m->server_us /
			1e6 / m->bytes * (1 << 30));
	fprintf(f, "\n");
}

static void print_more(const struct row *row, const struct workload *w, FILE *f)
{
	const struct measurement *m = &row->m;
	char t[8][16], closes[40];

	fprintf(f, "    %-22.22s %6s %6s %6s %6s %6s %6s %6s", row->name,
		short_number(m->p99, t[0]), short_number(m->p999, t[1]),
		short_number(m->max, t[2]), short_number(batch(m), t[3]),
		short_number(m->kernel_us, t[4]),
		short_number(m->involuntary, t[5]),
		short_number(m->peak_kib < 0 ? -1 : m->peak_kib / 1024, t[6]));
	if (m->threads < 0)
		fprintf(f, "     -");
	else
		fprintf(f, " %5.0f", m->threads);
	fprintf(f, "%s%s\n", row->bound ? " client-bound" : "",
		m->lost > 0 ? " lost datagrams" : "");
	if (m->wrong > 0)
		fprintf(f, "  %-24s %.3g%% of the answers are wrong: %.42s\n", "",
			100 * m->wrong, row->wrong && *row->wrong ? row->wrong :
			"?");
	if (*closes_text(m, closes))
		fprintf(f, "  %-24s the server closes after %s\n", "", closes);
	if (m->no_room > NO_ROOM_MOST)
		fprintf(f, "  %-24s its listen queue was full for %.0f%% of the "
			"connections\n", "", 100 * m->no_room);
	print_stream(row, w, f);
	if (m->processes > 1)
		fprintf(f, "  %-24s %.0f processes\n", "", m->processes);
	if (m->server_us < 0 && w->kind != LOAD_FILE && !row->floor)
		fprintf(f, "  %-24s processor time not known: some of its "
			"processes end, or may end, while it is measured\n", "");
	if (row->whole)
		fprintf(f, "  %-24s measured in one piece, not in short slices: "
			"some connections wait longer than a slice\n", "");
	if (*suspicion_text(row))
		fprintf(f, "  %-24s %s\n", "", suspicion_text(row));
	if (row->by_mean && row->suspicion == PLAUSIBLE)
		fprintf(f, "  %-24s uneven: some turns are much slower, so the "
			"mean of all is compared\n", "");
}

static void print_kept(const struct results *r, int layout, int workload,
		       const struct row *rows, int n, FILE *f)
{
	char a[40], b[40];
	int told = 0;

	for (int i = 0; i < n; i++) {
		struct estimate rate = kept(r, layout, workload,
					    rows[i].contender, RATE);
		struct estimate cpu = kept(r, layout, workload,
					   rows[i].contender, SERVER_US);

		if (!rate.n || rows[i].contender == 1)
			continue;
		if (!told++)
			fprintf(f, "  against the same without idle "
				"connections:\n");
		fprintf(f, "  %-24.24s %7s %-24s %6s %s\n", rows[i].name, "",
			interval(&rate, a), "", interval(&cpu, b));
	}
}

/* Were they measured side by side, in slices?  File jobs are with O_DIRECT. */
static int in_turns(const struct results *r, int layout, int workload)
{
	for (int c = 0; c < r->plan->contender_count; c++)
		for (int i = 0; i < r->plan->repetitions; i++)
			if (outcome_at(r, layout, workload, c, i)->m.slice_count)
				return 1;
	return 0;
}

/* --connect: where it runs is not for us to say. */
static int runs_elsewhere(const struct results *r, int workload)
{
	const struct contender *c = contender_of(r->plan, workload, 0);

	return c && c->outside && !c->outside->start;
}

static const char *noise_text(const struct results *r, int layout, int workload,
			      size_t offset, char text[16])
{
	if (!ratio(r, layout, workload, 1, offset).n)
		return "-";
	snprintf(text, 16, "%.1f%%", 100 * noise(r, layout, workload, offset));
	return text;
}

static void print_workload(const struct results *r, int layout, int workload,
			   FILE *f)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];
	int n = rows_of(r, layout, workload, rows), done = 0;
	const struct row *best = NULL, *floor = NULL;
	struct estimate above;
	int file = p->workloads[workload].kind == LOAD_FILE;
	char text[200], of_rate[16], of_cpu[16];

	if (!n)
		return;
	for (int i = 0; i < n; i++) {
		done = rows[i].n > done ? rows[i].n : done;
		if (rows[i].floor)
			floor = &rows[i];
		else if (rows[i].contender != 1 && rows[i].cpu.n &&
			 !row_is_unfit(&rows[i]) &&
			 (!best || rows[i].cpu.median < best->cpu.median))
			best = &rows[i];
	}
	workload_describe(&p->workloads[workload], text, sizeof(text));
	fprintf(f, "\n%s  [%s]\n", text, p->workloads[workload].name);
	fprintf(f, "%s, %s; %d repetition%s of %.2g s; noise %s (rate), "
		"%s (cpu us)\n", runs_elsewhere(r, workload) ? "the server where it "
		"runs, the client on one processor" : file || layout == SAME ? layout == SAME ?
		"on one processor" : "on two processors" :
		"each on its own processor", in_turns(r, layout, workload) ?
		"in turns" : "one after the other", done,
		done == 1 ? "" : "s", p->run_ms / 1e3,
		noise_text(r, layout, workload, RATE, of_rate),
		noise_text(r, layout, workload, SERVER_US, of_cpu));
	fprintf(f, "  %-24s %7s %-24s %6s %-20s %5s %6s\n", "",
		file ? "reads/s" : "msg/s", "against the base", "cpu us",
		"against the base", "calls", "p50 us");
	for (int i = 0; i < n; i++)
		print_row(&rows[i], f);
	fprintf(f, "  %-24s %6s %6s %6s %6s %6s %6s %6s %5s\n", "", "p99 us",
		"p99.9", "max", "batch", "iou us", "preem", "MiB", "thr");
	for (int i = 0; i < n; i++)
		print_more(&rows[i], &p->workloads[workload], f);
	if (floor && best) {
		char t[40];

		above = ratio_of(r, layout, workload, best->contender,
				 floor->contender, SERVER_US);
		fprintf(f, "  cpu us against the floor (only the two calls of an "
			"echo): %s for %s,\n  the cheapest server; %.2f for the "
			"client (%.2f us)\n",
			interval(&above, t), best->name,
			best->m.client_us / floor->m.server_us,
			best->m.client_us);
	}
	print_kept(r, layout, workload, rows, n, f);
	for (int c = 0; c < p->contender_count; c++)
		if (*why_at(r, layout, workload, c) && c != 1 &&
		    !other_world(contender_of(p, workload, c),
				 &p->workloads[workload]))
			fprintf(f, "  %-24s left out: %s\n",
				contender_of(p, workload, c)->name,
				why_at(r, layout, workload, c));
}

int disturbances(const struct results *r, char *text, size_t size)
{
	const struct plan *p = r->plan;
	long cells = (long)LAYOUTS * p->workload_count * p->contender_count *
		     p->repetitions;
	double *spins = malloc(cells * sizeof(*spins)), steal = 0, most = 0;
	double middle, others = 0, disturbed = 0;
	int n = 0;

	for (long i = 0; spins && i < cells; i++) {
		const struct outcome *o = &r->outcomes[i];

		if (!o->done)
			continue;
		spins[n++] = o->m.spin_us;
		steal += o->m.steal;
		others += o->m.others > 0 ? o->m.others : 0;
		disturbed += o->m.disturbed;
		most = o->m.steal > most ? o->m.steal : most;
	}
	if (n) {
		middle = median(spins, n);
		snprintf(text, size, "The hypervisor took %.2f%% of the time "
			 "(%.1f%% in the worst measurement), other programs "
			 "took %.1f%%. In %.1f%% of the slices server and client "
			 "waited for other programs for more than a tenth of "
			 "the slice. A fixed loop ran before each measurement, "
			 "to show how steady the processor is. It took %.0f us "
			 "(median), and %.0f to %.0f us in 90%% of the runs.", 100 * steal / n, 100 * most,
			 100 * others / n, 100 * disturbed / n, middle,
			 spins[n / 20], spins[n - 1 - n / 20]);
	}
	free(spins);
	return n;
}

/* In lines of at most 100 columns. */
static void print_folded(const char *text, FILE *f)
{
	while (strlen(text) > COLUMNS) {
		int n = COLUMNS;

		while (n > 1 && text[n] != ' ')
			n--;
		fprintf(f, "%.*s\n", n, text);
		text += n + (text[n] == ' ');
	}
	fprintf(f, "%s\n", text);
}

static int has(const struct results *r, enum verdict says)
{
	struct row rows[CONTENDERS];
	int found = 0;

	for (int k = 0; k < LAYOUTS * r->plan->workload_count; k++) {
		int n = rows_of(r, k / r->plan->workload_count,
				k % r->plan->workload_count, rows);

		for (int i = 0; i < n; i++)
			found |= rows[i].contender > 1 && rows[i].faster == says;
	}
	return found;
}

/* What the words and columns of the tables mean. */
static void print_legend(const struct results *r, FILE *f)
{
	const struct plan *p = r->plan;

	fprintf(f, "\nAgainst the base: the median of the ratios of all repetitions, "
		"and its 95%% interval.\nThis median is not the quotient of two "
		"figures of this table: each figure is a median itself.\n"
		"  equal       within %g%%\n"
		"  ?           undecided\n"
		"  -           not known\n"
		"  A/A         the base against itself\n"
		"  cpu us      processor time per message (or read)\n"
		"  calls       system calls per message (or read)\n"
		"  p50 to max  latency in us\n"
		"  batch       messages per sleep of the server\n"
		"  iou us      processor time of io_uring's kernel threads per message\n"
		"  preem       preemptions per message\n"
		"  MiB         the largest memory use\n"
		"  thr         threads\n", 100 * p->bound);
	if (has(r, FEW))
		fprintf(f, "  too few     a verdict needs 9 repetitions%s\n",
			p->least < ENOUGH ? " (-r 9)" : "");
	if (has(r, LIMITED))
		fprintf(f, "  client      the client was busy all the time and limited "
			"the rate, so there is no verdict\n");
	fprintf(f, "docs/method.md explains the method.\n");
}

/* What conclude() writes, folded. */
static void print_conclusion(const struct results *r, FILE *f)
{
	char *text, *line, *rest;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	conclude(r, mem);
	fclose(mem);
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line)
		print_folded(line, f);
	free(text);
}

void table_print(const struct results *r, FILE *f)
{
	const struct plan *p = r->plan;
	char text[1200];

	fprintf(f, "%s\n%s\n%s\n%s\n", r->date, r->machine, r->network,
		r->command);
	for (int layout = 0; layout < LAYOUTS; layout++) {
		for (int w = 0; w < p->workload_count; w++)
			print_workload(r, layout, w, f);
		curves_print(r, layout, f);
	}
	if (disturbances(r, text, sizeof(text))) {
		fprintf(f, "\n");
		print_folded(text, f);
	}
	if (*r->uncounted)
		print_folded(r->uncounted, f);
	print_legend(r, f);
	fprintf(f, "\n");
	print_conclusion(r, f);
}

/* ---- Markdown: one row per server, one column per workload ---- */

/* The row of a contender, or NULL. */
static const struct row *row_of(const struct row *rows, int n, int contender)
{
	for (int i = 0; i < n; i++)
		if (rows[i].contender == contender)
			return &rows[i];
	return NULL;
}

/* Bold: better, italic: worse; what is not compared says why. */
static void ratio_cell(const struct estimate *e, enum verdict says,
		       enum verdict better, FILE *f)
{
	if (!e->n)
		fprintf(f, " |");
	else if (says == ERRORS || says == DOUBTFUL || says == LIMITED)
		fprintf(f, " %.2f (%s) |", e->median, says == ERRORS ? "errors" :
			says == DOUBTFUL ? "doubtful" : "client-bound");
	else
		fprintf(f, says == better ? " **%.2f** |" : says == -better ?
			" *%.2f* |" : " %.2f |", e->median);
}

/* What stands in a cell. */
static void cell(const struct results *r, const struct row *row, int layout,
		 int workload, enum matrix what, FILE *f)
{
	const struct contender *first = contender_of(r->plan, workload, 0);
	/* Where the base cannot serve, another one is the base. */
	const char *base = first == &r->plan->contenders[0] ? "" : first->name;
	struct estimate e;
	char t[16];

	if (!row) {
		fprintf(f, " |");
		return;
	}
	switch (what) {
	case MATRIX_RATE:
		if (row->contender == 0)
			fprintf(f, " %s%s%s/s |", base, *base ? " " : "",
				short_number(row->m.rate, t));
		else
			ratio_cell(&row->rate, row->faster, ABOVE, f);
		return;
	case MATRIX_CPU:
		if (row->contender == 0)
			fprintf(f, " %s us |", short_number(row->m.server_us, t));
		else
			ratio_cell(&row->cpu, row->dearer, BELOW, f);
		return;
	case MATRIX_CALLS:
		fprintf(f, " %s |", row->m.calls < 0 ? "" :
			short_number(row->m.calls, t));
		return;
	case MATRIX_KEPT:
		e = kept(r, layout, workload, row->contender, RATE);
		if (e.n)
			fprintf(f, " %.2f |", e.median);
		else
			fprintf(f, " |");
	}
}

void table_matrix(const struct results *r, int layout, enum matrix what,
		  FILE *f)
{
	const struct plan *p = r->plan;
	static struct row rows[WORKLOADS][CONTENDERS];
	int n[WORKLOADS];

	fprintf(f, "| |");
	for (int w = 0; w < p->workload_count; w++) {
		n[w] = rows_of(r, layout, w, rows[w]);
		if (n[w])
			fprintf(f, " %s |", p->workloads[w].name);
	}
	fprintf(f, "\n|---|");
	for (int w = 0; w < p->workload_count; w++)
		if (n[w])
			fprintf(f, "--:|");
	fprintf(f, "\n");
	for (int c = 0; c < p->contender_count; c++) {
		int any = 0;

		for (int w = 0; w < p->workload_count; w++)
			any |= !!row_of(rows[w], n[w], c);
		if (!any)
			continue;
		fprintf(f, "| %s%s |", p->contenders[c].name, c == 0 ?
			", the base" : c == 1 ? " again" : "");
		for (int w = 0; w < p->workload_count; w++)
			if (n[w])
				cell(r, row_of(rows[w], n[w], c), layout, w,
				     what, f);
		fprintf(f, "\n");
	}
}

static void matrices(const struct results *r, int layout, const char *where,
		     FILE *f)
{
	const struct plan *p = r->plan;
	int files = p->workload_count && p->workloads[0].kind == LOAD_FILE;
	const char *const titles[] = {
		files ? "Reads per second" : "Messages per second",
		files ? "Processor time per read" :
			"Processor time of the server per message",
		files ? "System calls per read" : "System calls per message",
	};

	for (int what = 0; what < 3; what++) {
		fprintf(f, "\n%s%s%s:\n\n", titles[what], where,
			what == MATRIX_CALLS ? "" : ", against the base");
		table_matrix(r, layout, what, f);
	}
}

void table_markdown(const struct results *r, FILE *f)
{
	int used = 0;

	for (int w = 0; w < r->plan->workload_count; w++)
		used |= layouts_of(r->plan, w);
	fprintf(f, "%s; %s; %s; `%s`\n", r->date, r->machine, r->network,
		r->command);
	for (int layout = 0; layout < LAYOUTS; layout++)
		if (used & 1 << layout)
			matrices(r, layout, layout == TWO ?
				 ", on two processors" : "", f);
}
