/* SPDX-License-Identifier: MIT */
/* transcript.c - a log as lines to match patterns with; see transcript.h */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "line.h"
#include "map.h"
#include "text.h"
#include "tracepoint.h"
#include "transcript.h"

/* The threads, in the order in which they appear. */
struct numbers {
	long pids[256];
	int n;
};

static int number_of(struct numbers *known, long pid, int add)
{
	for (int i = 0; i < known->n; i++)
		if (known->pids[i] == pid)
			return i + 1;
	if (!add || known->n == 256)
		return 0;
	known->pids[known->n++] = pid;
	return known->n;
}

/* ---- strace.log ---- */

/*
 * The text as it is compared, malloced: many blanks are one, and there is none
 * before ")", where strace sets results in a column.
 */
static char *squeezed(struct slice text)
{
	char *copy = need(strndup(text.at, text.len)), *to = copy;

	for (const char *at = copy; *at; at++)
		if (*at != ' ' || (at[1] && !strchr(" )", at[1])))
			*to++ = *at;
	*to = 0;
	return copy;
}

/* The beginning of a call; a blank is kept where another argument comes. */
static char *call_begun(struct slice text)
{
	char *begun;

	text = slice_trim(text);
	if (!text.len || text.at[text.len - 1] != ',')
		return squeezed(text);
	begun = squeezed(text);
	begun = need(realloc(begun, strlen(begun) + 2));
	return strcat(begun, " ");
}

/* A call during which another thread ran is two lines in f, and one here. */
static void add_line(struct text *out, const struct line *l, char **begun,
		     int who)
{
	char *text;

	if (l->kind == LINE_UNFINISHED) {
		free(*begun);
		*begun = call_begun(l->body);
		return;
	}
	if (l->kind == LINE_RESUMED && *begun) {
		text = squeezed(l->body);
		text_add(out, "%d %s%s\n", who, *begun,
			 text + (*text == ' '));
		free(*begun);
		*begun = NULL;
	} else {
		text = squeezed(line_said(l));
		text_add(out, "%d %s\n", who, text);
	}
	free(text);
}

void transcript_strace(FILE *f, const char *from, struct text *out)
{
	char *text = NULL, *begun[257] = { NULL };
	struct numbers known = { .n = 0 };
	int inside = !from, who;
	size_t size = 0;
	ssize_t n;

	rewind(f);
	while ((n = getline(&text, &size, f)) > 0) {
		struct line l;

		line_read(&l, text, n - (text[n - 1] == '\n'));
		if (from && slice_starts(line_said(&l), from)) {
			inside = 1;
			out->len = 0;	/* it begins anew */
			text_add(out, "%s", "");
		} else if (inside) {
			who = number_of(&known, l.pid, 1);
			add_line(out, &l, &begun[who], who);
		}
	}
	for (who = 0; who < 257; who++) {
		if (begun[who])			/* it never ended */
			text_add(out, "%d %s<unfinished ...>\n", who,
				 begun[who]);
		free(begun[who]);
	}
	free(text);
}

/* ---- kernel.log ---- */

/* A write(2) of this many bytes to descriptor -1. */
static int is_mark(const struct tracepoint *p, long long bytes)
{
	struct slice args = tracepoint_text(p, "args"), arg[3];

	if (p->kind != POINT_ENTER ||
	    !slice_find(tracepoint_text(p, "id"), "(write)"))
		return 0;
	for (int i = 0; i < 3; i++)
		if (!line_element(&args, &arg[i]))
			return 0;
	return slice_ends(arg[0], "ffffffff") &&
	       slice_number(arg[2], NULL) == bytes;
}

static int is_of_ring(const struct tracepoint *p)
{
	return slice_starts(p->comm, "iou-");
}

/* "sched_waking comm=x pid=4711 ..." with our number of that process. */
static void add_fields(struct text *out, struct numbers *known, const char *at)
{
	const char *pid;

	while ((pid = strstr(at, "pid=")) && isdigit((unsigned char)pid[4])) {
		char *end;
		int who = number_of(known, strtol(pid + 4, &end, 10), 0);

		if (who)
			text_add(out, "%.*spid=%d", (int)(pid - at), at, who);
		else
			text_add(out, "%.*s", (int)(end - at), at);
		at = end;
	}
	text_add(out, "%s\n", at);
}

/* The name of a call: "id=45(recvfrom)". */
static void set_call(char call[40], const struct tracepoint *p)
{
	struct slice name = slice_after(tracepoint_text(p, "id"), "(");

	snprintf(call, 40, "%.*s", name.len ? (int)name.len - 1 : 0, name.at);
}

static void add_event(struct text *out, const struct tracepoint *p,
		      struct numbers *known, char calls[257][40])
{
	int who = number_of(known, p->pid, 0);
	char *event = need(strndup(p->name.at, p->text.at + p->text.len -
					       p->name.at));

	if (p->kind == POINT_EXIT)
		*calls[who] = 0;
	if (is_of_ring(p))
		text_add(out, "%.7s", p->comm.at);
	else if (!who)
		text_add(out, "(%.*s)", (int)p->comm.len, p->comm.at);
	else
		text_add(out, "%d", who);
	if (who && *calls[who])
		text_add(out, " in %s", calls[who]);
	if (p->kind == POINT_ENTER)
		set_call(calls[who], p);
	text_add(out, ": ");
	add_fields(out, known, event);
	free(event);
}

/* The next line of the log that is an event; 0: there is none. */
static int next_event(const char **log, struct tracepoint *p)
{
	while (**log) {
		const char *line = *log, *end = strchrnul(line, '\n');

		*log = end + (*end != 0);
		if (!tracepoint_read(p, slice_of(line, end)))
			return 1;
	}
	return 0;
}

int transcript_kernel(const char *log, long long bytes, struct text *out)
{
	static char calls[257][40];
	struct numbers known = { .n = 0 };
	const char *at = log, *from = NULL;
	struct tracepoint p;

	memset(calls, 0, sizeof(calls));
	while (next_event(&at, &p))
		if (is_mark(&p, bytes))
			from = p.text.at;
	if (!from)
		return -1;
	for (at = from; next_event(&at, &p); )	/* ours make calls */
		if (p.kind == POINT_ENTER && !is_of_ring(&p))
			number_of(&known, p.pid, 1);
	at = from;
	next_event(&at, &p);			/* the mark, and its end */
	next_event(&at, &p);
	while (next_event(&at, &p))
		add_event(out, &p, &known, calls);
	return 0;
}
