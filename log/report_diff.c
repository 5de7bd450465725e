/* SPDX-License-Identifier: MIT */
/*
 * report_diff.c - two logs beside each other: what each pays, what each does
 *
 * The sequences are compared from the first peer on, as names with their
 * phase; set-up differs for reasons that nobody asks about.
 */
#include <stdlib.h>
#include "report.h"

static int length_of(struct slice name)
{
	return name.len < 50 ? name.len : 50;
}

void diff_watch(void *context, struct reader *r, struct step *st)
{
	struct sequence *s = context;
	struct event *e = st->event;
	char phase[40];

	(void)r;
	if (!st->task || !st->task->process->serving || s->n == SEQUENCE_MAX)
		return;
	if (e->kind == EVENT_SIGNAL)
		snprintf(s->step[s->n++], sizeof(s->step[0]), "-- %.*s --",
			 length_of(e->line->name), e->line->name.at);
	if (e->kind != EVENT_CALL)
		return;
	phase_text(st, phase, sizeof(phase));
	snprintf(s->step[s->n++], sizeof(s->step[0]), "%.*s%s%s",
		 length_of(e->line->name), e->line->name.at, *phase ? ": " : "",
		 phase);
}

/* What a ring did is in no line of strace. */
void diff_see(void *context, struct reader *r, const struct sight *x)
{
	struct sequence *s = context;
	const struct task *t;

	if (x->kind != SIGHT_COMPLETED || s->n == SEQUENCE_MAX)
		return;
	t = map_get(&r->world.tasks, x->request->pid);
	if (!t)
		t = map_get(&r->world.tasks, x->request->ring->pid);
	if (!t || !t->process->serving)
		return;
	snprintf(s->step[s->n++], sizeof(s->step[0]), "  %s: %s%s, %d",
		 x->request->op, x->request->by_poller ? "SQPOLL, " : "",
		 way_name(x->request->way), x->res);
}

static double a_message(unsigned long calls, unsigned long messages)
{
	return messages ? (double)calls / messages : 0;
}

static const struct tally *same_call(const struct reader *r, const char *name)
{
	const struct tally *t;

	map_each(&r->tallies, i, t)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

static void cost_row(FILE *out, const char *name, unsigned long a,
		     unsigned long b, unsigned long m, unsigned long n)
{
	fprintf(out, "    %-20s %8lu", name, a);
	fprintf(out, m ? " %11.2f" : "           -", a_message(a, m));
	fprintf(out, "  | %8lu", b);
	fprintf(out, n ? " %11.2f\n" : "           -\n", a_message(b, n));
}

static unsigned long requests(const struct reader *r)
{
	unsigned long n = 0;

	for (unsigned i = 0; r->merge && i < r->merge->witness.n_rings; i++)
		n += r->merge->witness.ring_list[i]->requests;
	return n;
}

static void costs(FILE *out, const struct reader *a, const struct reader *b)
{
	unsigned long m, n;
	unsigned count;
	struct tally **t;

	reader_cost(a, &m);
	reader_cost(b, &n);
	fprintf(out, "    %-20s %8s %11s  | %8s %11s\n", "", "calls",
		"per message", "calls", "per message");
	cost_row(out, "messages", m, n, m, n);
	cost_row(out, "all calls", a->calls, b->calls, m, n);
	if (requests(a) || requests(b))
		cost_row(out, "ring requests", requests(a), requests(b), m, n);
	t = reader_tallies(a, &count);
	for (unsigned i = 0; i < count; i++) {
		const struct tally *o = same_call(b, t[i]->name);

		cost_row(out, t[i]->name, t[i]->calls, o ? o->calls : 0, m, n);
	}
	free(t);
	t = reader_tallies(b, &count);
	for (unsigned i = 0; i < count; i++)
		if (!same_call(a, t[i]->name))
			cost_row(out, t[i]->name, 0, t[i]->calls, m, n);
	free(t);
}

static void verdicts(FILE *out, const struct reader *r)
{
	const char *between = "";
	char text[400];

	fprintf(out, "%s: ", r->path);
	for (const struct group *g = r->models.groups; g; g = g->next)
		if (g->role != ROLE_SILENT) {
			fprintf(out, "%s%s", between,
				group_verdict(g, text, sizeof(text)));
			between = "; ";
		}
	fprintf(out, "\n");
	if (!r->merge)
		return;
	fprintf(out, "    waits: %s; ", witness_waits(&r->merge->witness, text,
						      sizeof(text)));
	fprintf(out, "copies: %s (", witness_copies(&r->merge->witness, text,
						    sizeof(text)));
	fprintf(out, "%s)\n", merge_verdict(r->merge, text, sizeof(text)));
}

/* The longest common subsequence, from the back: length[i][j] of a[i..] b[j..]. */
static void side_by_side(FILE *out, const struct sequence *a,
			 const struct sequence *b)
{
	enum { W = SEQUENCE_MAX + 1 };
	unsigned short (*length)[W] = need(calloc(a->n + 1, sizeof(*length)));
	unsigned i, j;

	for (i = a->n; i--; )
		for (j = b->n; j--; )
			length[i][j] = !strcmp(a->step[i], b->step[j]) ?
				length[i + 1][j + 1] + 1 :
				length[i + 1][j] > length[i][j + 1] ?
				length[i + 1][j] : length[i][j + 1];
	for (i = j = 0; i < a->n || j < b->n; ) {
		if (i < a->n && j < b->n && !strcmp(a->step[i], b->step[j]))
			fprintf(out, "    %-38s | %s\n", a->step[i++],
				b->step[j++]);
		else if (j == b->n || (i < a->n && length[i + 1][j] >=
						    length[i][j + 1]))
			fprintf(out, "  < %-38s |\n", a->step[i++]);
		else
			fprintf(out, "  > %-38s | %s\n", "", b->step[j++]);
	}
	free(length);
}

void report_diff(FILE *out, const struct reader *a, const struct sequence *x,
		 const struct reader *b, const struct sequence *y)
{
	verdicts(out, a);
	verdicts(out, b);
	fprintf(out, "\n");
	costs(out, a, b);
	fprintf(out, "\nthe calls, from the first peer on%s\n",
		x->n == SEQUENCE_MAX || y->n == SEQUENCE_MAX ?
		" (the first 1000 steps)" : "");
	side_by_side(out, x, y);
}
