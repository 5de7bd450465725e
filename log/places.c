/* SPDX-License-Identifier: MIT */
/* places.c - the line of source of each call in a capture; see places.h */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frames.h"
#include "line.h"
#include "places.h"

/* ---- sources ---- */

/* A source file, by lines; line 1 is at[0]. */
struct listing {
	struct listing *next;
	char *path;
	char **at;
	int n;
};

static struct listing *listings;	/* kept: a source is read once */

/* Without the blanks on both ends, in place. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = 0;
	return text;
}

static const struct listing *listing_of(const char *path)
{
	struct listing *l;
	char *text;

	for (l = listings; l; l = l->next)
		if (!strcmp(l->path, path))
			return l;
	l = need(calloc(1, sizeof(*l)));
	l->path = need(strdup(path));
	l->next = listings;
	listings = l;
	text = text_of_file(path);
	for (char *line; text && (line = strsep(&text, "\n")); l->n++) {
		l->at = need(realloc(l->at, (l->n + 1) * sizeof(*l->at)));
		for (char *p = line; *p; p++)	/* a tab ends a place */
			if (*p == '\t')
				*p = ' ';
		l->at[l->n] = trim(line);
	}
	return l;
}

/* The line with that text that is nearest to number; 0: there is none. */
static int find_line(const struct listing *l, const char *text, int number)
{
	int best = 0;

	for (int i = 1; i <= l->n; i++)
		if (!strcmp(l->at[i - 1], text) &&
		    (!best || abs(i - number) < abs(best - number)))
			best = i;
	return best;
}

/* ---- places ---- */

struct place {
	char file[128], function[128];
	const char *text;
	int line;
};

/* "models/epoll.c:87 serve", and after ": " the text, when it is there. */
static int read_place(struct place *p, const char *at)
{
	const char *text;

	if (sscanf(at, "%127[^: ]:%d %127[^:\n]", p->file, &p->line,
		   p->function) != 3)
		return -1;
	text = strstr(at, ": ");
	p->text = text ? text + 2 : "";
	return 0;
}

/* Of our sources; not of a library, and not the instruction itself. */
static int is_shown(const struct place *p)
{
	return p->file[0] != '/' && strncmp(p->file, "syscalls/", 9) &&
	       listing_of(p->file)->n >= p->line && p->line > 0;
}

static void format_line(struct frames *f, char *frames, struct text *out)
{
	struct text chain = { 0 };
	char *rest = NULL, *line;
	int n = 0;

	for (line = frames ? strtok_r(frames, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		frames_add(f, (struct slice){ line, strlen(line) }, &chain);
	for (line = chain.at ? strtok_r(chain.at, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		struct place p;

		if (read_place(&p, line) || !is_shown(&p))
			continue;
		text_add(out, "%s%s:%d %s: %s", n++ ? "\t" : "", p.file, p.line,
			 p.function, listing_of(p.file)->at[p.line - 1]);
	}
	text_add(out, "%s\n", n ? "" : "-");
	free(chain.at);
}

/*
 * "1  recvfrom(5, ..." or "1  <... recvfrom resumed>": not a signal or an end.
 * Of rt_sigreturn strace shows where it returns to, of execve the first
 * instruction.
 */
static int is_call(const char *line)
{
	struct line l;

	line_read(&l, line, strlen(line));
	if (l.kind == LINE_RESUMED || l.kind == LINE_RESUMED_UNFINISHED)
		return 1;
	return (l.kind == LINE_CALL || l.kind == LINE_UNFINISHED) &&
	       !slice_is(l.name, "rt_sigreturn") && !slice_is(l.name, "execve");
}

void places_format(const struct trace *t, struct text *out)
{
	char *log = need(strdup(t->log.at)), *rest = log, *line;
	struct frames f = { 0 };

	text_add(out, "# for each line of the .strace beside this: the line of "
		 "source of its call\n# FILE:LINE FUNCTION: TEXT, then its "
		 "callers\n# written by iomodels capture --traces; --index "
		 "lets the numbers follow the source\n#\n");
	for (int i = 0; i < t->lines && (line = strsep(&rest, "\n")); i++)
		format_line(&f, is_call(line) ? t->frames[i].at : NULL, out);
	frames_free(&f);
	free(log);
}

/* ---- what changes, and what must not ---- */

static void follow_line(char *line, struct text *out, struct text *lost)
{
	char *at;

	for (int n = 0; (at = strsep(&line, "\t")); n++) {
		struct place p;
		int now;

		text_add(out, "%s", n ? "\t" : "");
		if (read_place(&p, at)) {
			text_add(out, "%s", at);
			continue;
		}
		now = find_line(listing_of(p.file), p.text, p.line);
		if (!now)
			text_add(lost, "%s\n", at);
		text_add(out, "%s:%d %s: %s", p.file, now ? now : p.line,
			 p.function, p.text);
	}
}

void places_follow(const char *file, struct text *out, struct text *lost)
{
	char *copy = need(strdup(file)), *rest = copy, *line;

	text_add(out, "%s", "");
	text_add(lost, "%s", "");
	while ((line = strsep(&rest, "\n")) && (rest || *line)) {
		if (*line == '#' || *line == '-')
			text_add(out, "%s", line);
		else
			follow_line(line, out, lost);
		text_add(out, "\n");
	}
	free(copy);
}

/* "1  <... recvfrom resumed>" and "1  recvfrom(5": recvfrom, of thread 1. */
static void name_of(const char *line, size_t len, char name[40])
{
	struct line l;

	line_read(&l, line, len);
	snprintf(name, 40, "%.*s", (int)l.name.len, l.name.len ? l.name.at : "");
}

static int varies(const char *line, size_t len, const char *name)
{
	struct slice l = { line, len };

	return !strcmp(name, "futex") || !strcmp(name, "execve") ||
	       slice_find(l, " EAGAIN ");
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void places_sequence(const char *strace, const char *file, struct text *out)
{
	char **list = NULL;
	int n = 0;

	while (*strace && *file) {
		size_t len = strcspn(strace, "\n"), width = strcspn(file, "\n");
		char name[40], place[1000], *line;
		struct place p;

		name_of(strace, len, name);
		snprintf(place, sizeof(place), "%.*s",
			 (int)strcspn(file, "\t\n"), file);
		if (*file != '#' && !varies(strace, len, name) &&
		    !read_place(&p, place)) {
			need(asprintf(&line, "%s %s %s: %s", name, p.file,
				      p.function, p.text) < 0 ? NULL : "");
			list = need(realloc(list, (n + 1) * sizeof(*list)));
			list[n++] = line;
		}
		strace += len + (strace[len] != 0);
		file += width + (file[width] != 0);
	}
	text_add(out, "%s", "");
	if (n)
		qsort(list, n, sizeof(*list), compare);
	for (int i = 0; i < n; i++)
		if (!i || strcmp(list[i], list[i - 1]))
			text_add(out, "%s\n", list[i]);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

int places_fit(const char *a, const char *b)
{
	while (*a && *b) {
		size_t len = strcspn(a, "\n"), width = strcspn(b, "\n");
		char x[40], y[40];

		name_of(a, len, x);
		name_of(b, width, y);
		if (*a != *b || (*a != '#' && strcmp(x, y)))
			return 0;
		a += len + (a[len] != 0);
		b += width + (b[width] != 0);
	}
	return !*a && !*b;
}

void places_path(const char *strace, char path[256])
{
	snprintf(path, 256, "%.*s.lines", (int)(strrchr(strace, '.') - strace),
		 strace);
}
