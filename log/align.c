/* SPDX-License-Identifier: MIT */
/*
 * align.c - whether strace's clock and the kernel's are one, from the data
 *
 * Both sides become lists of calls, sorted by thread; then the calls of a
 * thread are paired by name, in order.  A wrong pair cannot prove anything:
 * it is off by a whole call, so that its bounds leave no offset possible, or
 * are so wide that they say nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "align.h"
#include "line.h"
#include "map.h"
#include "tracepoint.h"

enum { AHEAD = 64 };			/* calls looked at for the same name */

/* A call: its first time and, 0 if unknown, the one it ended before. */
struct span {
	int pid;
	char name[28];
	int64_t begin, end;
	long order;
};

struct spans {
	struct span *at;
	long n, size;
};

static struct span *add(struct spans *s, int pid, int64_t begin)
{
	if (s->n == s->size) {
		s->size = s->size ? 2 * s->size : 256;
		s->at = need(realloc(s->at, s->size * sizeof(*s->at)));
	}
	s->at[s->n] = (struct span){ .pid = pid, .begin = begin, .order = s->n };
	return &s->at[s->n++];
}

static int by_thread(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void sort(struct spans *s)
{
	if (s->n)
		qsort(s->at, s->n, sizeof(*s->at), by_thread);
}

/* Drop those without a name: they only were the end of another one. */
static void drop_nameless(struct spans *s)
{
	long kept = 0;

	for (long i = 0; i < s->n; i++)
		if (*s->at[i].name)
			s->at[kept++] = s->at[i];
	s->n = kept;
}

static FILE *open_log(const char *folder, const char *name)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, "re");
}

/* Each line is an entry, and ends the one of its thread before it. */
static void read_strace(struct spans *s, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, f)) > 0) {
		struct span *call;
		struct line l;

		line_read(&l, line, n - (line[n - 1] == '\n'));
		if (!l.pid || l.at_ns == NO_TIME)
			continue;
		call = add(s, l.pid, l.at_ns);
		if ((l.kind == LINE_CALL || l.kind == LINE_UNFINISHED ||
		     l.kind == LINE_CUT) && l.name.len < sizeof(call->name))
			memcpy(call->name, l.name.at, l.name.len);
	}
	free(line);
	sort(s);
	for (long i = 0; i + 1 < s->n; i++)
		if (s->at[i].pid == s->at[i + 1].pid)
			s->at[i].end = s->at[i + 1].begin;
	drop_nameless(s);
}

static void read_kernel(struct spans *s, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, f)) > 0) {
		struct tracepoint p;
		struct slice name;
		struct span *call;

		if (tracepoint_read(&p, slice_of(line, line + n - 1)) ||
		    (p.kind != POINT_ENTER && p.kind != POINT_EXIT))
			continue;
		call = add(s, p.pid, p.ns);
		name = slice_after(tracepoint_text(&p, "id"), "(");
		if (p.kind == POINT_ENTER && name.len)
			snprintf(call->name, sizeof(call->name), "%.*s",
				 (int)name.len - 1, name.at);
	}
	free(line);
	sort(s);
	for (long i = 0; i + 1 < s->n; i++)
		if (s->at[i].pid == s->at[i + 1].pid && !*s->at[i + 1].name)
			s->at[i].end = s->at[i + 1].begin;
	drop_nameless(s);
}

static void pair(struct alignment *a, const struct span *strace,
		 const struct span *kernel)
{
	int64_t least = strace->begin - kernel->begin;
	int64_t most = strace->end - kernel->end;

	a->pairs++;
	if (least > a->least_ns)
		a->least_ns = least;
	if (strace->end && kernel->end && most < a->most_ns)
		a->most_ns = most;
}

/* The next call of that thread and name that is not far, or NULL. */
static const struct span *next_named(const struct spans *s, long i,
				     const struct span *like)
{
	for (long k = i; k < s->n && k < i + AHEAD; k++) {
		if (s->at[k].pid != like->pid)
			return NULL;
		if (!strcmp(s->at[k].name, like->name))
			return &s->at[k];
	}
	return NULL;
}

/* How many calls of the thread of s->at[i], from i on, ended before then. */
static long ended_before(const struct spans *s, long i, int64_t then)
{
	long n = i;

	while (n < s->n && s->at[n].pid == s->at[i].pid && s->at[n].end &&
	       s->at[n].end < then)
		n++;
	return n - i;
}

/*
 * Attached to a process that runs, the two sides do not begin at the same
 * call.  Only the times tell where a thread is first seen by both; from
 * there on the order counts, as it does for a command.
 */
static void skip_to_both(const struct spans *strace, long *i,
			 const struct spans *kernel, long *k)
{
	*i += ended_before(strace, *i, kernel->at[*k].begin);
	if (*i < strace->n && strace->at[*i].pid == kernel->at[*k].pid)
		*k += ended_before(kernel, *k, strace->at[*i].begin);
}

static void compare(struct alignment *a, const struct spans *strace,
		    const struct spans *kernel, int attached)
{
	long k = 0;
	int pid = -1;				/* of this thread */

	for (long i = 0; i < strace->n; i++) {
		const struct span *same;

		while (k < kernel->n && kernel->at[k].pid < strace->at[i].pid)
			k++;
		if (attached && k < kernel->n && pid != strace->at[i].pid &&
		    kernel->at[k].pid == strace->at[i].pid) {
			pid = strace->at[i].pid;
			skip_to_both(strace, &i, kernel, &k);
			i--;			/* the loop's i++ */
			continue;
		}
		same = next_named(kernel, k, &strace->at[i]);
		if (!same)
			continue;
		pair(a, &strace->at[i], same);
		k = same - kernel->at + 1;
	}
	a->only_strace = strace->n - a->pairs;
	a->only_kernel = kernel->n - a->pairs;
}

int align(struct alignment *a, const char *folder, int attached)
{
	struct spans strace = { 0 }, kernel = { 0 };
	FILE *f[2] = { open_log(folder, "strace.log"),
		       open_log(folder, "kernel.log") };

	*a = (struct alignment){ .least_ns = INT64_MIN, .most_ns = INT64_MAX };
	if (f[0] && f[1]) {
		read_strace(&strace, f[0]);
		read_kernel(&kernel, f[1]);
		compare(a, &strace, &kernel, attached);
	}
	for (int i = 0; i < 2; i++)
		if (f[i])
			fclose(f[i]);
	free(strace.at);
	free(kernel.at);
	if (a->least_ns == INT64_MIN || a->most_ns == INT64_MAX)
		return -1;
	a->proved = a->least_ns <= 0 && a->most_ns >= 0;
	a->bound_ns = llabs(a->least_ns) > llabs(a->most_ns)
			      ? llabs(a->least_ns) : llabs(a->most_ns);
	return 0;
}

/* ---- where the log of a command begins ---- */

/* A library is mapped in parts, one after the other. */
static int is_last(const struct text *files, struct slice path)
{
	const char *last;

	if (files->len <= path.len)
		return 0;
	last = files->at + files->len - path.len - 1;
	return !memcmp(last, path.at, path.len) &&
	       (last == files->at || last[-1] == '\n');
}

/* "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</lib/libc.so.6>, 0) = ..." */
static void add_mapped(struct text *files, const struct line *l)
{
	enum { BYTES_MAX = 1 << 16 };
	struct slice path = { 0 };

	if (slice_is(l->name, "mmap") && l->n_args > 4)
		line_fd(l->arg[4], &path);
	else if (slice_is(l->name, "execve") && l->n_args && l->arg[0].len > 2)
		path = slice_of(l->arg[0].at + 1,
				l->arg[0].at + l->arg[0].len - 1);
	if (path.len && files->len < BYTES_MAX && !is_last(files, path))
		text_add(files, "%.*s\n", (int)path.len, path.at);
}

long trim_strace(const char *folder, long pid, struct text *files)
{
	char path[4200], *line = NULL;
	FILE *in = open_log(folder, "strace.log"), *out;
	long to = 0, lines = 0, n;
	int kept = !pid, failed;
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/strace.log", folder);
	out = in ? fopen(path, "r+e") : NULL;
	while (out && (n = getline(&line, &size, in)) > 0) {
		struct line l;

		/* Reading is ahead of writing. */
		line_read(&l, line, n - (line[n - 1] == '\n'));
		kept |= l.pid == pid && slice_is(l.name, "execve");
		if (!kept)
			continue;
		add_mapped(files, &l);
		to += fwrite(line, 1, n, out);
		lines++;
	}
	free(line);
	if (in)
		fclose(in);
	failed = !out || fflush(out) || ftruncate(fileno(out), to);
	if (out && fclose(out))
		failed = 1;
	return failed ? -1 : lines;
}
