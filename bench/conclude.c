/* SPDX-License-Identifier: MIT */
/*
 * conclude.c - what a comparison says, in one or two sentences
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "compare_report.h"

enum {
	NAMED = 6,			/* servers in a list, at most */
	SIZE_MOST = 1024,		/* bytes: answers differ by less */
};

/* One server in all workloads and layouts. */
struct standing {
	int ahead, behind, equal, undecided;	/* workloads */
	int few;			/* repetitions, where that is too few */
	int limited;			/* workloads, by the client */
	double best, worst;		/* ratios of those ahead, behind */
	const char *best_at, *worst_at;	/* workloads */
	int best_layout, worst_layout;
	int more;			/* repetitions missing, the most */
	int doubtful;			/* workloads */
	const char *doubtful_at;	/* the first of them */
	int doubtful_layout;
	int disturbed;			/* workloads */
	double wrong;			/* answers, the largest share */
	const char *wrong_text;		/* the first of them, or NULL */
	double no_room;			/* connections, likewise */
};

static void add(struct standing *s, const struct row *row, int layout,
		const char *workload)
{
	double ratio = row->rate.median;

	switch (row->faster) {
	case ABOVE:
		if (!s->ahead++ || ratio > s->best) {
			s->best = ratio;
			s->best_at = workload;
			s->best_layout = layout;
		}
		break;
	case BELOW:
		if (!s->behind++ || ratio < s->worst) {
			s->worst = ratio;
			s->worst_at = workload;
			s->worst_layout = layout;
		}
		break;
	case EQUAL:
		s->equal++;
		break;
	case UNDECIDED:
		s->undecided++;
		s->more = row->more > s->more ? row->more : s->more;
		break;
	case FEW:
		s->few = row->rate.n > s->few ? row->rate.n : s->few;
		break;
	case LIMITED:
		s->limited++;
		break;
	case ERRORS:
	case DOUBTFUL:
		break;
	}
}

/* What makes its figures worth less. */
static void look_at_row(struct standing *s, const struct row *row, int layout,
			const char *workload)
{
	if (row->suspicion == WRONG && !s->doubtful++) {
		s->doubtful_at = workload;
		s->doubtful_layout = layout;
	}
	s->disturbed += row->suspicion == DISTURBED;
	s->wrong = row->m.wrong > s->wrong ? row->m.wrong : s->wrong;
	if (!s->wrong_text && row->wrong && *row->wrong)
		s->wrong_text = row->wrong;
	s->no_room = row->m.no_room > s->no_room ? row->m.no_room : s->no_room;
}

static int look(const struct results *r, struct standing all[CONTENDERS])
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];
	int workloads = 0;

	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++) {
			int n = rows_of(r, layout, w, rows);

			workloads += n > 0;
			for (int i = 0; i < n; i++)
				look_at_row(&all[rows[i].contender], &rows[i],
					    layout, p->workloads[w].name);
			for (int i = 0; i < n; i++)
				if (rows[i].contender > 1 && rows[i].rate.n &&
				    !ended_early(r, layout, w, &rows[i]))
					add(&all[rows[i].contender], &rows[i],
					    layout, p->workloads[w].name);
		}
	return workloads;
}

/* "a", ", b" and so on, then how many more; 0: it is not to be named. */
static int listed(FILE *f, int n)
{
	if (n < NAMED)
		fprintf(f, "%s", n ? ", " : "");
	return n < NAMED;
}

static void rest(FILE *f, int n)
{
	if (n > NAMED)
		fprintf(f, " and %d more", n - NAMED);
}

/* Which layout it was, where there are both. */
static const char *place(const struct plan *p, int layout)
{
	int used = 0;

	for (int w = 0; w < p->workload_count; w++)
		used |= layouts_of(p, w);
	return layout == TWO && used & 1 << SAME ? " on two processors" : "";
}

/* "Ahead of epoll: a (1.05 at tcp-c16)." */
static int say_ranked(const struct results *r, const struct standing *all,
		      int ahead, int workloads, const char *lead, FILE *f)
{
	const struct plan *p = r->plan;
	int n = 0;

	for (int c = 2; c < p->contender_count; c++) {
		const struct standing *s = &all[c];

		if (!(ahead ? s->ahead : s->behind))
			continue;
		if (!n)
			fprintf(f, "%s%s %s: ", lead, ahead ? "ahead of" :
				"behind", p->contenders[0].name);
		if (!listed(f, n++))
			continue;
		fprintf(f, "%s (%.2f", p->contenders[c].name,
			ahead ? s->best : s->worst);
		if (workloads > 1)
			fprintf(f, " at %s%s", ahead ? s->best_at : s->worst_at,
				place(p, ahead ? s->best_layout :
				      s->worst_layout));
		fprintf(f, ")");
	}
	rest(f, n);
	return n;
}

static int say_equal(const struct results *r, const struct standing *all,
		     const char *lead, FILE *f)
{
	const struct plan *p = r->plan;
	int n = 0;

	for (int c = 2; c < p->contender_count; c++) {
		const struct standing *s = &all[c];

		if (!s->equal || s->ahead || s->behind || s->undecided ||
		    s->limited)
			continue;
		if (!n)
			fprintf(f, "%sequal within %g%%: ", lead,
				100 * p->bound);
		if (listed(f, n++))
			fprintf(f, "%s", p->contenders[c].name);
	}
	rest(f, n);
	return n;
}

static void say_undecided(const struct results *r, const struct standing *all,
			  int workloads, FILE *f)
{
	const struct plan *p = r->plan;
	int n = 0, few = 0;

	for (int c = 2; c < p->contender_count; c++) {
		const struct standing *s = &all[c];

		few = s->few > few ? s->few : few;
		if (!s->undecided)
			continue;
		if (!n)
			fprintf(f, "Undecided: ");
		if (!listed(f, n++))
			continue;
		fprintf(f, "%s (", p->contenders[c].name);
		if (workloads > 1)
			fprintf(f, "in %d of %d workloads; ", s->undecided,
				workloads);
		fprintf(f, "needs %s %d more repetition%s)", s->more >= 1000 ?
			"over" : "about", s->more >= 1000 ? 1000 : s->more,
			s->more == 1 ? "" : "s");
	}
	rest(f, n);
	if (n)
		fprintf(f, "; --until-decided 10m repeats their workloads.\n");
	if (few)
		fprintf(f, "%d repetition%s no verdict: a verdict (ahead, "
			"behind or equal) needs %d%s.\n", few,
			few == 1 ? " gives" : "s give", ENOUGH,
			p->least < ENOUGH ? " (-r 9)" : "");
}

static void say_disturbed(const struct results *r, const struct standing *all,
			  FILE *f)
{
	int n = 0;

	for (int c = 0; c < r->plan->contender_count; c++)
		if (c != 1 && all[c].disturbed) {
			if (!n)
				fprintf(f, "Other programs of this machine had "
					"the processors for so long that rates "
					"may be far off (");
			if (listed(f, n++))
				fprintf(f, "%s", r->plan->contenders[c].name);
		}
	rest(f, n);
	if (n)
		fprintf(f, "): measure again when the machine is idle.\n");
}

/* What the client was the limit of. */
static void say_limited(const struct results *r, const struct standing *all,
			FILE *f)
{
	int n = 0;

	for (int c = 2; c < r->plan->contender_count; c++)
		if (all[c].limited) {
			if (!n)
				fprintf(f, "Not ranked, because the client was "
					"busy all the time and limited the rate: ");
			if (listed(f, n++))
				fprintf(f, "%s", r->plan->contenders[c].name);
		}
	rest(f, n);
	if (n)
		fprintf(f, "; the processor times are compared all the same.\n");
}

/* The base alone, or nobody to compare it with. */
static void say_base(const struct results *r, FILE *f)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];
	char rate[16], p50[16], p99[16];
	int said = 0;

	for (int layout = 0; layout < LAYOUTS; layout++)
		for (int w = 0; w < p->workload_count; w++) {
			int n = rows_of(r, layout, w, rows);

			for (int i = 0; i < n; i++) {
				if (rows[i].contender)
					continue;
				fprintf(f, "%s%s%s%s: %s %s/s, half of them within "
					"%s us, 99%% within %s us", said ? ""
					: p->contenders[0].name, said ? "; " :
					", ", p->workloads[w].name, layout
					== TWO ? " on two processors" : "",
					short_number(rows[i].m.rate, rate),
					p->workloads[w].kind == LOAD_FILE ?
					"reads" : "messages",
					short_number(rows[i].m.p50, p50),
					short_number(rows[i].m.p99, p99));
				said = 1;
			}
		}
	fprintf(f, said ? ".\n" : "Nothing is compared: there are no figures of "
		"%s, the base.\n", p->contenders[0].name);
}

static int differ(const struct measurement *a, const struct measurement *b)
{
	char x[40], y[40];

	return strcmp(closes_text(a, x), closes_text(b, y)) != 0 &&
	       (a->again < b->again / 1.5 || b->again < a->again / 1.5);
}

/* When a server and the base close their connections: "" for never. */
struct closing {
	const char *name;
	char base[40], server[40];
	int said;
};

/* The first workload in which one closes its connections and the other does
   not, or later.  0: none. */
static int look_at_closes(const struct results *r, int contender,
			  struct closing *c)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];

	for (int k = 0; k < LAYOUTS * p->workload_count; k++) {
		int w = k % p->workload_count;
		int n = rows_of(r, k / p->workload_count, w, rows);
		const struct row *two[2] = { NULL, NULL };

		for (int i = 0; i < n; i++) {
			if (rows[i].contender == 0)
				two[0] = &rows[i];
			if (rows[i].contender == contender)
				two[1] = &rows[i];
		}
		if (!two[0] || !two[1] || two[1]->floor ||
		    !differ(&two[0]->m, &two[1]->m))
			continue;
		c->name = two[1]->name;
		closes_text(&two[0]->m, c->base);
		closes_text(&two[1]->m, c->server);
		return 1;
	}
	return 0;
}

/* The names of all that close as the first of them does; how many. */
static int name_alike(struct closing *c, int n, FILE *f)
{
	int named = 0;

	for (int i = 0; i < n; i++) {
		if (strcmp(c[i].base, c->base) || strcmp(c[i].server, c->server))
			continue;
		c[i].said = 1;
		if (listed(f, named++))
			fprintf(f, "%s", c[i].name);
	}
	rest(f, named);
	return named;
}

static void say_closes(const struct results *r, FILE *f)
{
	const char *base = r->plan->contenders[0].name;
	struct closing all[CONTENDERS] = { { .name = NULL } };
	int n = 0;

	for (int c = 2; c < r->plan->contender_count; c++)
		n += look_at_closes(r, c, &all[n]);
	for (int i = 0; i < n; i++) {
		struct closing *c = &all[i];
		int many;

		if (c->said)
			continue;
		if (*c->base) {
			fprintf(f, "%s closes its connections after %s, ", base,
				c->base);
			many = name_alike(c, n - i, f) > 1;
			fprintf(f, "%s%s", *c->server ? " after " : many ?
				" keep them open" : " keeps them open",
				c->server);
		} else {
			many = name_alike(c, n - i, f) > 1;
			fprintf(f, " close%s connections after %s, %s keeps them "
				"open", many ? " their" : "s its", c->server,
				base);
		}
		fprintf(f, ": the ratio includes the cost of new "
			"connections.\n");
	}
}

/* The first workload in which the answers of a server and of the base are of
   very different sizes. */
static int say_sizes(const struct results *r, int contender, FILE *f)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];

	for (int k = 0; k < LAYOUTS * p->workload_count; k++) {
		int w = k % p->workload_count;
		int n = rows_of(r, k / p->workload_count, w, rows);
		double base = 0, bytes = 0, most, least;
		char text[2][16];

		for (int i = 0; i < n && p->workloads[w].protocol; i++) {
			if (rows[i].contender == 0)
				base = rows[i].m.bytes;
			if (rows[i].contender == contender && !rows[i].floor)
				bytes = rows[i].m.bytes;
		}
		most = base > bytes ? base : bytes;
		least = base + bytes - most;
		if (least <= 0 || most < 2 * least || most - least < SIZE_MOST)
			continue;
		fprintf(f, "A request and its answer are %s bytes long with %s, "
			"and %s bytes with %s: the ratio includes this "
			"difference.\n",
			short_number(bytes, text[0]),
			p->contenders[contender].name,
			short_number(base, text[1]), p->contenders[0].name);
		return 1;
	}
	return 0;
}

static int on_path(const struct contender *c)
{
	return c->outside && c->outside->on_path;
}

/*
 * Some servers are asked over a Unix socket and the base over TCP, or the other way
 * round.  (A workload of echoes uses only one of the two.)
 */
static void say_sockets(const struct results *r, FILE *f)
{
	const struct plan *p = r->plan;
	int base = on_path(&p->contenders[0]), n = 0, both = 0;

	for (int w = 0; w < p->workload_count; w++)
		both |= !!p->workloads[w].protocol;
	for (int c = 2; both && c < p->contender_count; c++)
		if (on_path(&p->contenders[c]) != base &&
		    !p->contenders[c].floor && listed(f, n++))
			fprintf(f, "%s", p->contenders[c].name);
	rest(f, n);
	if (n)
		fprintf(f, " %s asked over %s, %s over %s: the ratio includes "
			"this difference.\n", n > 1 ? "are" : "is",
			base ? "TCP" : "a Unix socket", p->contenders[0].name,
			base ? "a Unix socket" : "TCP");
}

/* The share of the time in which both may have waited for other programs.  These used
   more where ours slept, for example all of it. */
static double waited_most(const struct measurement *m)
{
	double most = 2 * OTHERS_MAX + m->disturbed;

	return m->others >= 0 && m->others < most ? m->others : most;
}

/*
 * Neither it nor its client worked for half of the time, though messages were
 * sent as fast as they were answered, and no other program had the processor:
 * the workload in which it worked least.
 */
static int say_waits(const struct results *r, int contender, FILE *f)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS], least = { .name = NULL };
	const char *workload = NULL;

	for (int k = 0; k < LAYOUTS * p->workload_count; k++) {
		int w = k % p->workload_count;
		int n = rows_of(r, k / p->workload_count, w, rows);

		for (int i = 0; i < n; i++) {
			const struct measurement *m = &rows[i].m;

			if (rows[i].contender != contender || rows[i].floor ||
			    p->workloads[w].rate || m->busy_server <= 0 ||
			    m->busy_server + m->busy_client +
			    waited_most(m) > 0.5 || m->disturbed > OTHERS_MAX ||
			    (workload && m->busy_server >= least.m.busy_server))
				continue;
			least = rows[i];
			workload = p->workloads[w].name;
		}
	}
	if (!workload)
		return 0;
	fprintf(f, "%s waits most of the time (%s: it used %.0f%% of a "
		"processor); iomodels trace shows what it waits for.\n", least.name,
		workload, 100 * least.m.busy_server);
	return 1;
}

int may_miss_another(const struct results *r, const struct contender *c,
			    const char *status)
{
	return c->outside && c->outside->start && status &&
	       !strncmp(r->network, "a network of its own", 20) &&
	       !strncmp(status, "HTTP/1.", 7) && strlen(status) > 11 &&
	       strchr("234", status[11]) && !strncmp(status + 9, "50", 2);
}

/* How many tables there are. */
static int tables(const struct plan *p)
{
	int n = 0;

	for (int w = 0; w < p->workload_count; w++)
		for (int layout = 0; layout < LAYOUTS; layout++)
			n += (layouts_of(p, w) >> layout) & 1;
	return n;
}

static int done(const struct results *r, int layout, int workload, int contender)
{
	int n = 0;

	for (int i = 0; i < r->plan->repetitions; i++)
		n += outcome_at(r, layout, workload, contender, i)->done;
	return n;
}

/*
 * The base, a command or an address of the command line did not start again, ended
 * or gave no answer in a repetition; or a model, after its first repetition: one that
 * cannot run here is named in the table only.  The base is also contender 1.  Returns
 * 1 if it failed.
 */
static int say_failed(const struct results *r, int contender, FILE *f)
{
	const struct plan *p = r->plan;
	const struct contender *c = &p->contenders[contender];
	const char *said = NULL;
	int more = 0;

	for (int k = 0; k < LAYOUTS * p->workload_count; k++) {
		int layout = k / p->workload_count, w = k % p->workload_count;
		const char *why = why_at(r, layout, w, contender);
		int n = done(r, layout, w, contender);

		if (!*why || p->workloads[w].kind == LOAD_FILE ||
		    (contender && !c->outside && !c->command && !n) ||
		    cannot_serve(c, &p->workloads[w]))
			continue;
		more += !!said;
		if (said)
			continue;
		said = why;
		fprintf(f, "%s failed in repetition %d", c->name, n + 1);
		if (tables(p) > 1)
			fprintf(f, " at %s%s", p->workloads[w].name,
				place(p, layout));
	}
	if (more)
		fprintf(f, " and in %d more workload%s", more, more > 1 ? "s" : "");
	if (said)
		fprintf(f, ": %s.\n", said);
	return !!said;
}

static void say_wrong(const struct standing *s, const char *name, int is_base,
		      FILE *f)
{
	fprintf(f, "%.3g%% of what %s answered is wrong", 100 * s->wrong, name);
	if (s->wrong_text)
		fprintf(f, " (%s)", s->wrong_text);
	fprintf(f, "%s.\n", s->wrong <= WRONG_MOST ? "" : is_base ?
		", so nothing is compared with it" : ", so it is not compared");
}

static void say_doubtful(const struct results *r, const struct standing *s,
			 int contender, int workloads, FILE *f)
{
	fprintf(f, "Do not trust the rate of %s",
		r->plan->contenders[contender].name);
	if (workloads > 1)
		fprintf(f, " at %s%s", s->doubtful_at,
			place(r->plan, s->doubtful_layout));
	if (s->doubtful > 1)
		fprintf(f, " and in %d more workload%s", s->doubtful - 1,
			s->doubtful > 2 ? "s" : "");
	fprintf(f, ": rate x mean latency must be the number of messages in "
		"flight, and is not, so %s%s.\n", contender ? "it is not compared" :
		"nothing is compared with it", workloads > 1 ? " there" : "");
}

/* The base has something to be compared with. */
static int compares(const struct results *r)
{
	const struct plan *p = r->plan;
	struct row rows[CONTENDERS];

	for (int k = 0; k < LAYOUTS * p->workload_count; k++) {
		int n = rows_of(r, k / p->workload_count, k % p->workload_count,
				rows);

		for (int i = 0; i < n; i++)
			if (rows[i].contender > 1 && rows[i].rate.n)
				return 1;
	}
	return 0;
}

void conclude(const struct results *r, FILE *f)
{
	struct standing all[CONTENDERS] = { { 0 } };
	int workloads = look(r, all), said = 0;
	char *sentence;
	size_t size;
	FILE *text = open_memstream(&sentence, &size);

	said += say_ranked(r, all, 1, workloads, "", text);
	said += say_ranked(r, all, 0, workloads, said ? "; " : "", text);
	said += say_equal(r, all, said ? "; " : "", text);
	fclose(text);
	if (said)
		fprintf(f, "%c%s.\n", toupper((unsigned char)*sentence),
			sentence + 1);
	free(sentence);
	say_undecided(r, all, workloads, f);
	say_disturbed(r, all, f);
	say_limited(r, all, f);
	if (!compares(r))
		say_base(r, f);
	else
		say_sockets(r, f);
	for (int c = 0; c < r->plan->contender_count; c++)
		if (say_failed(r, c, f) && !c)
			c++;
	say_closes(r, f);
	for (int c = 2, n = 0; c < r->plan->contender_count && n < NAMED; c++)
		n += say_sizes(r, c, f);
	for (int c = 0, n = 0; c < r->plan->contender_count && n < NAMED; c++)
		n += c != 1 && say_waits(r, c, f);
	for (int c = 0; c < r->plan->contender_count; c++) {
		const char *name = r->plan->contenders[c].name;

		if (all[c].doubtful && c != 1)
			say_doubtful(r, &all[c], c, workloads, f);
		if (all[c].no_room > NO_ROOM_MOST && c != 1)
			fprintf(f, "The listen queue of %s was full for %.0f%% "
				"of its connections: for each of these, a "
				"client waits a second until the kernel "
				"repeats the SYN, unless it tries again "
				"earlier.\n", name, 100 * all[c].no_room);
		if (all[c].wrong > 0 && c != 1)
			say_wrong(&all[c], name, c == 0, f);
		if (all[c].wrong > 0 && c != 1 &&
		    may_miss_another(r, &r->plan->contenders[c],
				     all[c].wrong_text))
			fprintf(f, "%s runs in a network namespace of its own: "
				"if it needs another server, start both in "
				"one COMMAND (A & B).\n", name);
	}
}
