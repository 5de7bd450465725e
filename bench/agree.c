/* SPDX-License-Identifier: MIT */
/*
 * agree.c - do two comparisons rank the servers alike?
 *
 * Only what lies beyond the noise is a ranking.  So a run ranks each pair of
 * servers as ahead, behind or equal, in the way in which it compares a server
 * with the base: by the ratio within a turn, its median and interval, and the
 * noise of the base against itself.  Two runs contradict each other where one
 * says ahead and the other behind.  A run that says equal was too short or too
 * noisy to tell; the report also counts the pairs whose median in such a run is
 * on the opposite side.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "agree.h"
#include "results.h"

/* What one server did under one workload, in all repetitions. */
struct series {
	char workload[64], layout[16], server[64];
	int base;			/* it is what others are compared with */
	struct outcome *outcomes;	/* of REPETITIONS */
};

struct run {
	const char *dir;
	char about[700];		/* date, machine, command */
	struct series *all;
	int n;
};

struct count {
	int pairs, both, one, opposite, contradict;
	int verdicts, same;		/* of servers against the base */
};

static const struct {
	const char *about, *more, *less;
	size_t offset;
} what[] = {
	{ "messages/s", "faster", "slower", RATE },
	{ "cpu us", "dearer", "cheaper", SERVER_US },
};

/* ---- reading ---- */

/* A text as it stands in the line, without quotes. */
static void text_of(const char *line, const char *name, char *text, size_t size)
{
	const char *at = results_field(line, name), *end;

	*text = 0;
	if (!at || *at != '"')
		return;
	for (end = ++at; *end && *end != '"'; end++)
		end += *end == '\\' && end[1];
	snprintf(text, size, "%.*s", (int)(end - at), at);
}

/* The series of this line, new if need be; NULL: no memory. */
static struct series *series_of(struct run *r, const char *line)
{
	struct series s = { .base = 0 }, *all;
	char base[64];

	text_of(line, "workload", s.workload, sizeof(s.workload));
	text_of(line, "layout", s.layout, sizeof(s.layout));
	text_of(line, "server", s.server, sizeof(s.server));
	text_of(line, "base", base, sizeof(base));
	s.base = !strcmp(s.server, base);
	for (int i = 0; i < r->n; i++)
		if (!strcmp(r->all[i].workload, s.workload) &&
		    !strcmp(r->all[i].layout, s.layout) &&
		    !strcmp(r->all[i].server, s.server))
			return &r->all[i];
	s.outcomes = calloc(REPETITIONS, sizeof(*s.outcomes));
	all = realloc(r->all, (r->n + 1) * sizeof(*all));
	if (all)
		r->all = all;
	if (!all || !s.outcomes) {
		free(s.outcomes);
		return NULL;
	}
	r->all[r->n] = s;
	return &r->all[r->n++];
}

static int take(struct run *r, const char *line)
{
	const char *number = results_field(line, "repetition");
	int i = number ? atoi(number) - 1 : -1;
	struct series *s;

	if (i < 0 || i >= REPETITIONS)
		return 0;			/* cut, or not ours */
	s = series_of(r, line);
	if (!s)
		return -1;
	results_take(line, &s->outcomes[i]);
	return 0;
}

static int read_run(struct run *r, char why[300])
{
	char path[4200], *line = NULL, date[32], machine[400], command[200];
	size_t size = 0;
	ssize_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/results.jsonl", r->dir);
	f = fopen(path, "re");
	if (!f) {
		snprintf(why, 300, "%.200s: %s", path, strerror(errno));
		return -1;
	}
	n = getline(&line, &size, f);
	if (n > 0 && results_field(line, "iomodels")) {
		text_of(line, "date", date, sizeof(date));
		text_of(line, "machine", machine, sizeof(machine));
		text_of(line, "command", command, sizeof(command));
		snprintf(r->about, sizeof(r->about), "%s; %s; %s", date,
			 machine, command);
	}
	while (*r->about && (n = getline(&line, &size, f)) > 0)
		if (line[n - 1] == '\n' && take(r, line)) {
			snprintf(why, 300, "no memory");
			break;
		}
	free(line);
	fclose(f);
	if (!*why && !r->n)
		snprintf(why, 300, "%.200s: holds no measurement of iomodels "
			 "compare", path);
	return *why ? -1 : 0;
}

static void forget(struct run *r)
{
	while (r->n)
		free(r->all[--r->n].outcomes);
	free(r->all);
}

/* ---- comparing ---- */

static const struct series *find(const struct run *r, const struct series *like,
				 const char *server)
{
	for (int i = 0; i < r->n; i++) {
		const struct series *s = &r->all[i];

		if (!strcmp(s->workload, like->workload) &&
		    !strcmp(s->layout, like->layout) &&
		    (server ? !strcmp(s->server, server) : s->base))
			return s;
	}
	return NULL;
}

static struct estimate between(const struct series *a, const struct series *b,
			       size_t offset)
{
	double v[REPETITIONS];
	int n = 0;

	for (int i = 0; i < REPETITIONS; i++) {
		v[n] = ratio_within(&a->outcomes[i], &b->outcomes[i], offset);
		n += v[n] > 0;
	}
	return estimate(v, n);
}

/* As results.h's noise(); negative: the base was not measured twice. */
static double noise_of(const struct run *r, const struct series *place,
		       size_t offset)
{
	const struct series *base = find(r, place, NULL);
	const struct series *again = find(r, place, "again");
	struct estimate e = { .n = 0 };

	if (base && again)
		e = between(again, base, offset);
	return e.n < ENOUGH ? -1 : reach(&e);
}

static void say(const struct run *runs, int k, const struct series *a,
		const struct series *b, const struct estimate *e, FILE *out)
{
	fprintf(out, "  %s%s: %s is %s than %s in %s, %.3f (%.3f-%.3f), and "
		"%s in %s, %.3f (%.3f-%.3f)\n", a->workload,
		strcmp(a->layout, "two") ? "" : " on two processors", a->server,
		e[0].median > 1 ? what[k].more : what[k].less, b->server,
		runs[0].dir, e[0].median, e[0].low, e[0].high,
		e[1].median > 1 ? what[k].more : what[k].less, runs[1].dir,
		e[1].median, e[1].low, e[1].high);
}

/* One whose figures a run does not compare, or that it does not have. */
/* A rate that other programs disturbed ranks nothing; the processor time may. */
static int is_unfit(const struct series *s, size_t offset)
{
	struct workload w;
	char why[200];

	return !s || (!workload_parse(&w, s->workload, why) &&
		      (unfit(s->outcomes, REPETITIONS, &w) ||
		       (offset == RATE && suspicion_of(s->outcomes, REPETITIONS,
						       &w) == DISTURBED)));
}

/* Two servers that both runs have. */
static void compare_pair(const struct run *runs, int k, const double *noises,
			 const struct series *a, const struct series *b,
			 struct count *c, FILE *out)
{
	int says[2], opposite;
	struct estimate e[2];

	for (int i = 0; i < 2; i++) {
		const struct series *x = find(&runs[i], a, a->server);
		const struct series *y = find(&runs[i], a, b->server);

		if (is_unfit(x, what[k].offset) ||
		    is_unfit(y, what[k].offset))
			return;
		e[i] = between(x, y, what[k].offset);
		if (e[i].n < ENOUGH)
			return;
		says[i] = verdict(&e[i], noises[i], 0);
		says[i] = says[i] == UNDECIDED ? EQUAL : says[i];
	}
	c->pairs++;
	if (a->base || b->base) {
		c->verdicts++;
		c->same += says[0] == says[1];
	}
	opposite = (e[0].median > 1) != (e[1].median > 1);
	if (says[0] && says[1] && says[0] == says[1])
		c->both++;
	if (!says[0] != !says[1]) {
		c->one++;
		c->opposite += opposite;
	}
	if (says[0] && says[1] && says[0] != says[1]) {
		c->contradict++;
		say(runs, k, a, b, e, out);
	}
}

static void add(struct count *to, const struct count *c)
{
	to->pairs += c->pairs;
	to->both += c->both;
	to->one += c->one;
	to->opposite += c->opposite;
	to->contradict += c->contradict;
	to->verdicts += c->verdicts;
	to->same += c->same;
}

/* One workload, of which place is a series. */
static void compare_place(const struct run *runs, const struct series *place,
			  struct count *all, FILE *rows, FILE *out)
{
	for (int k = 0; k < 2; k++) {
		struct count c = { .pairs = 0 };
		double noises[2];

		for (int i = 0; i < 2; i++)
			noises[i] = noise_of(&runs[i], place, what[k].offset);
		if (noises[0] < 0 || noises[1] < 0)
			continue;
		for (int i = 0; i < runs->n; i++)
			for (int j = i + 1; j < runs->n; j++) {
				struct series *a = &runs->all[i];
				struct series *b = &runs->all[j];

				if (!strcmp(a->workload, place->workload) &&
				    !strcmp(a->layout, place->layout) &&
				    !strcmp(b->workload, place->workload) &&
				    !strcmp(b->layout, place->layout) &&
				    strcmp(a->server, "again") &&
				    strcmp(b->server, "again"))
					compare_pair(runs, k, noises, a, b, &c,
						     out);
			}
		if (!c.pairs)
			continue;
		fprintf(rows, "  %-20s %-4s %-10s %5.1f%% %5.1f%% %6d %6d %6d "
			"%6d %6d   %d of %d\n", place->workload, place->layout,
			what[k].about, 100 * noises[0], 100 * noises[1],
			c.pairs, c.both, c.one, c.opposite, c.contradict,
			c.same, c.verdicts);
		add(all, &c);
	}
}

static void compare_runs(const struct run *runs, struct count *all, FILE *out)
{
	char *table;
	size_t size;
	FILE *rows = open_memstream(&table, &size);

	for (int i = 0; i < 2; i++)
		fprintf(out, "%s: %s\n", runs[i].dir, runs[i].about);
	fprintf(out, "\n");
	for (int i = 0; i < runs->n; i++)
		if (runs->all[i].base)
			compare_place(runs, &runs->all[i], all, rows, out);
	fclose(rows);
	fprintf(out, "%s  %-20s %-4s %-10s %13s %6s %6s %6s %6s %6s   %s\n%s",
		all->contradict ? "\n" : "", "", "", "", "noise of each",
		"pairs", "both", "one", "opp.", "contra", "same verdict", table);
	fprintf(out,
"\n"
"  pairs         the pairs of servers that both runs have\n"
"  both          both runs rank the same server ahead, beyond the noise\n"
"  one           only one run ranks the pair\n"
"  opp.          the same, and the median ratio of the other run is on the other\n"
"                side of 1\n"
"  contra        the runs rank different servers ahead\n"
"  same verdict  servers with the same verdict against the base in both runs\n\n");
	fprintf(out, "Pairs ranked by both runs: %d; the same server is ahead in "
		"%d of them. Pairs ranked by one run only: %d; the median of the "
		"other run is on the other side of 1 in %d of them.\n",
		all->both + all->contradict, all->both, all->one, all->opposite);
	free(table);
}

int agree(const char *const dirs[2], FILE *out, char why[300])
{
	struct run runs[2] = { { .dir = dirs[0] }, { .dir = dirs[1] } };
	struct count all = { .pairs = 0 };
	FILE *mem;
	size_t size;
	char *text;

	*why = 0;
	for (int i = 0; i < 2 && !*why; i++)
		read_run(&runs[i], why);
	mem = open_memstream(&text, &size);
	if (!*why)
		compare_runs(runs, &all, mem);
	fclose(mem);
	if (!*why && !all.pairs)
		snprintf(why, 300, "no workload has, in both folders, two "
			 "servers with %d repetitions that can be compared",
			 ENOUGH);
	if (!*why)
		fputs(text, out);
	free(text);
	for (int i = 0; i < 2; i++)
		forget(&runs[i]);
	return *why ? -1 : all.contradict > 0;
}
