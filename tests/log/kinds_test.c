/* SPDX-License-Identifier: MIT */
/*
 * kinds_test.c - each kind that explain must recognise has a log with the fault and one that looks like it (with libc)
 *
 * The table is tests/log/kinds.txt, whose head says how it is written.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "../../log/reader.h"
#include "../../log/verdict.h"
#include "agreement.h"
#include "tap.h"

enum { LIST = 16, FACTS = 16, BODY = 400000 };

/* One log of a row, and what its report has to say. */
struct input {
	char log[BODY];
	size_t len;
	char says[FACTS][160], not[FACTS][160], finds[FACTS][40];
	unsigned n_says, n_not, n_finds;
	int quiet;			/* no fault and no cost */
};

static struct reader r;
static char said[1024];
static struct input fault, like;
static char row[160], held[FACTS][200];
static unsigned n_held, rows, wrong;
static long long clock_ns, step_ns;

static void reset(struct input *in)
{
	in->len = in->n_says = in->n_not = in->n_finds = 0;
	in->quiet = 0;
	clock_ns = 1700000000LL * 1000000000;
	step_ns = 100000;
}

/* "@" is the time, "%" the number of the repetition, from 3. */
static void put(struct input *in, const char *line, unsigned n)
{
	for (; *line && in->len < BODY - 64; line++) {
		char *to = in->log + in->len;

		if (*line == '@')
			in->len += sprintf(to, "%lld.%06lld", clock_ns /
					   1000000000, clock_ns % 1000000000 /
					   1000);
		else if (*line == '%' && line[1] != ' ')
			in->len += sprintf(to, "%u", 3 + n);
		else
			in->log[in->len++] = *line;
	}
	in->log[in->len++] = '\n';
	clock_ns += step_ns;
}

static void tell(const char *what, const char *fact)
{
	tap_say("%s: %s \"%s\"", row, what, fact);
	tap_say("%s", said);
	wrong++;
}

static int is_found(const char *id)
{
	for (const struct finding *d = r.findings.first; d; d = d->next)
		if (!strcmp(d->about->id, id))
			return 1;
	return 0;
}

/* Reads it as explain does, from a file. */
static void check(const struct input *in)
{
	int fd = memfd_create("kind", 0);
	char path[40], *paths[] = { path };

	ASSERT_TRUE(fd >= 0 && write(fd, in->log, in->len) == (ssize_t)in->len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader_start(&r);
	reader_read(&r, paths, 1);
	reader_verdict(&r, said, sizeof(said));
	if (!*said)
		snprintf(said, sizeof(said), "%s", r.error);
	for (unsigned i = 0; i < in->n_says; i++)
		if (!strstr(said, in->says[i]))
			tell("does not say", in->says[i]);
	for (unsigned i = 0; i < in->n_not; i++)
		if (strstr(said, in->not[i]))
			tell("says", in->not[i]);
	for (unsigned i = 0; i < in->n_finds; i++)
		if (!is_found(in->finds[i]))
			tell("has no finding", in->finds[i]);
	for (const struct finding *d = r.findings.first; d && in->quiet;
	     d = d->next)
		if (d->about->severity != SEVERITY_NOTE)
			tell("has the finding", d->about->id);
	for (const struct finding *d = r.findings.first; d; d = d->next)
		if (disagreement(d)) {
			snprintf(said, sizeof(said), "%s: %lu, %s: %s",
				 d->about->id, d->count, d->subject, d->says);
			tell(disagreement(d), said);
		}
	reader_free(&r);
	close(fd);
}

/* "FILE NAME": a test of that name is in the file. */
static void check_held(const char *where)
{
	char file[100], name[100], line[400], test[130];
	FILE *f;
	int there = 0;

	if (sscanf(where, "%99s %99s", file, name) != 2) {
		tell("is not a file and a test:", where);
		return;
	}
	f = fopen(file, "re");
	snprintf(test, sizeof(test), "TEST(%s)", name);
	while (f && fgets(line, sizeof(line), f))
		there |= strstr(line, test) || (strstr(file, ".sh") &&
						strstr(line, name));
	if (f)
		fclose(f);
	if (!there)
		tell("there is no test", where);
}

static void row_ends(void)
{
	if (!*row)
		return;
	rows++;
	*said = 0;
	if (n_held) {
		for (unsigned i = 0; i < n_held; i++)
			check_held(held[i]);
	} else if (!fault.len || !like.len) {
		tell("has not both logs", "");
	} else if (!fault.n_says && !fault.n_finds) {
		tell("names no fact", "");
	} else if (!like.quiet && !like.n_not && !like.n_says) {
		tell("names no fact of the other log", "");
	} else {
		check(&fault);
		check(&like);
	}
	*row = 0;
	n_held = 0;
	reset(&like);
	reset(&fault);
}

static void keep(char *to, size_t size, const char *text)
{
	slice_copy((struct slice){ text, strlen(text) }, to, size);
}

/* Into the next item of a list, each of `size` bytes. */
static void add(void *list, unsigned *n, size_t size, const char *text)
{
	if (*n == FACTS)
		FAIL("%s: more than %d of \"%s\"", row, FACTS, text);
	keep((char *)list + (*n)++ * size, size, text);
}

static int directive(struct input *in, const char *line)
{
	if (!strncmp(line, "says: ", 6))
		add(in->says, &in->n_says, sizeof(*in->says), line + 6);
	else if (!strncmp(line, "not: ", 5))
		add(in->not, &in->n_not, sizeof(*in->not), line + 5);
	else if (!strncmp(line, "finds: ", 7))
		add(in->finds, &in->n_finds, sizeof(*in->finds), line + 7);
	else if (!strcmp(line, "quiet"))
		in->quiet = 1;
	else if (!strncmp(line, "held: ", 6))
		add(held, &n_held, sizeof(*held), line + 6);
	else if (!strncmp(line, "step: ", 6))
		step_ns = atof(line + 6) * 1e9;
	else if (!strncmp(line, "later: ", 7))
		clock_ns += atof(line + 7) * 1e9;
	else
		return 0;
	return 1;
}

static void read_table(void)
{
	FILE *f = fopen("tests/log/kinds.txt", "re");
	char block[8][2000], line[2000];
	struct input *in = &fault;
	unsigned n_block = 0, times = 0;

	ASSERT_TRUE(f != NULL);
	reset(&like);
	reset(&fault);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "## ", 3) || !strncmp(line, "# ", 2)) {
			row_ends();
			in = &fault;
			if (line[1] == '#')
				keep(row, sizeof(row), line + 3);
		} else if (!*row || directive(in, line)) {
			continue;
		} else if (!strcmp(line, "like:")) {
			in = &like;
			reset(in);
		} else if (sscanf(line, "*%u {", &times) == 1) {
			n_block = 0;
		} else if (times && strcmp(line, "}")) {
			if (n_block == 8)
				FAIL("%s: more than 8 lines are repeated", row);
			keep(block[n_block++], 2000, line);
		} else if (times) {
			for (unsigned n = 0; n < times; n++)
				for (unsigned i = 0; i < n_block; i++)
					put(in, block[i], n);
			times = 0;
		} else if (*line) {
			put(in, line[0] == '.' && !line[1] ? "" : line, 0);
		}
	}
	row_ends();
	fclose(f);
}

/* Each row of the table holds. */
TEST_TIMEOUT(each_kind_and_what_looks_like_it, 60)
{
	read_table();
	tap_say("%u kinds", rows);
	EXPECT_GE(rows, 60);
	EXPECT_EQ(0, wrong);
}
