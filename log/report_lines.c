/* SPDX-License-Identifier: MIT */
/* report_lines.c - the log itself, each line with its phase and its descriptor */
#include <stdlib.h>
#include "duration.h"
#include "report.h"
#include "text.h"

/* See report.h: "5 connection 127.0.0.1:4000 (line 21)" */
size_t file_story(const struct file *f, int fd, char *text, size_t size)
{
	size_t len = snprintf(text, size, "%d %s", fd, file_kind_name(f->kind));

	if (f->name && len < size)
		len += snprintf(text + len, size - len, " %s", f->name);
	if (!f->assumed && len < size)
		len += snprintf(text + len, size - len, " (line %lu)",
				f->opened);
	return len < size ? len : size - 1;
}

static const char *colour_of(const struct step *st, int colour)
{
	if (!colour)
		return "";
	if (st->event->kind == EVENT_UNKNOWN)
		return "\033[31m";
	if (st->phase & PHASE_WAIT && st->phase & PHASE_COPY)
		return "\033[36m";
	if (st->phase & PHASE_WAIT)
		return "\033[33m";
	if (st->phase & (PHASE_COPY | PHASE_ACCEPT | PHASE_SUBMIT))
		return "\033[32m";
	if (st->phase & PHASE_SIGNAL)
		return "\033[35m";
	return "\033[2m";
}

/* ---- kernel.log, for captures ---- */

enum { PENDING_MAX = 60 };

struct pending {			/* of a thread, not yet shown */
	unsigned n;
	unsigned long more;
	struct kernel_line {
		long long ns;
		unsigned long line;
		char *text;
	} at[PENDING_MAX];
};

static void show(struct lines *x, struct pending *p, long long from,
		 long long before)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->n; i++) {
		struct kernel_line *k = &p->at[i];

		if (k->ns < from || k->ns >= before) {
			p->at[kept++] = *k;
			continue;
		}
		fprintf(x->out, "        %sk%lu  ", x->colour ? "\033[2m" : "",
			k->line);
		fwrite(k->text, 1, strlen(k->text), x->out);
		fprintf(x->out, "%s\n", x->colour ? "\033[0m" : "");
		free(k->text);
	}
	p->n = kept;
	if (p->more && !kept) {
		fprintf(x->out, "        ... and %lu more of kernel.log\n",
			p->more);
		p->more = 0;
	}
}

static void drop(struct pending *p)
{
	while (p->n)
		free(p->at[--p->n].text);
	p->more = 0;
}

/* Threads that strace shows keep their own; others are shown as they come. */
void lines_see(void *context, struct reader *r, const struct sight *s)
{
	struct lines *x = context;
	const struct tracepoint *t = s->point;
	struct kernel_line *k;
	struct pending *p;
	long pid = t->pid;
	const char *from;

	if (s->kind != SIGHT_LINE)
		return;
	if (!map_get(&r->world.tasks, pid))
		pid = 0;
	p = map_get(&x->pending, pid);
	if (!p) {
		p = need(calloc(1, sizeof(*p)));
		map_put(&x->pending, pid, p);
	}
	if (p->n == PENDING_MAX) {
		p->more++;
		return;
	}
	k = &p->at[p->n++];
	k->ns = s->from_ns;
	k->line = s->line;
	/* Under its call, its time and its thread are plain. */
	from = pid ? t->name.at : t->text.at;
	k->text = need(strndup(from, t->text.at + t->text.len - from));
}

static void show_before(struct lines *x)
{
	struct pending *loose = map_get(&x->pending, 0), *own;

	own = x->pid ? map_get(&x->pending, x->pid) : NULL;
	if (x->fd >= 0) {
		if (loose)
			drop(loose);
		if (own && !x->wanted)
			drop(own);
		return;
	}
	if (loose)
		show(x, loose, LLONG_MIN, LLONG_MAX);
	if (own)
		show(x, own, LLONG_MIN, x->since_ns);
}

void lines_free(struct lines *x)
{
	struct pending *p;

	map_each(&x->pending, i, p) {
		drop(p);
		free(p);
	}
	map_free(&x->pending);
	frames_free(&x->frames);
}

/* ---- lines ---- */

static int is_about(const struct step *st, int fd)
{
	if (st->fd == fd || st->made_fd == fd)
		return 1;
	for (unsigned i = 0; i < st->n_ready; i++)
		if (st->ready[i].fd == fd)
			return 1;
	return 0;
}

void lines_watch(void *context, struct reader *r, struct step *st)
{
	struct lines *x = context;
	struct event *e = st->event;
	char *at = x->note, *end = x->note + sizeof(x->note);
	char text[24];

	if (r->merge && e->kind == EVENT_CALL && st->task) {
		x->pid = st->task->pid;
		x->since_ns = e->start_ns == NO_TIME ? LLONG_MIN :
			      e->start_ns - r->merge->slack_ns;
	}
	if (!st->task && e->kind != EVENT_UNKNOWN)
		return;
	if (x->fd >= 0 && !is_about(st, x->fd))
		return;
	x->wanted = 1;
	x->tone = colour_of(st, x->colour);
	phase_text(st, at, end - at);
	at += strlen(at);
	if (st->wait_ns != NO_TIME && st->phase & PHASE_WAIT &&
	    !(st->kernel.seen && !st->kernel.sleeps) && end - at > 40)
		at += snprintf(at, end - at, " for %s",
			       time_text(st->wait_ns, text));
	if (e->first != e->last && e->kind == EVENT_CALL && end - at > 40)
		at += snprintf(at, end - at, " (since line %lu)", e->first);
	if (st->file && e->kind == EVENT_CALL && end - at > 40) {
		at += snprintf(at, end - at, "%s", at > x->note ? ": " : "");
		at += file_story(st->file, st->fd, at, end - at);
	}
	if (st->made && st->made != st->file && end - at > 40) {
		at += snprintf(at, end - at, " -> ");
		at += file_story(st->made, st->made_fd, at, end - at);
	}
	for (unsigned i = 0; i < st->n_ready && end - at > 60; i++) {
		at += snprintf(at, end - at, i ? ", " : "; ready: ");
		at += snprintf(at, end - at, "%d", st->ready[i].fd);
	}
}

/* strace -k: under a frame the lines of source, as far as DWARF knows them. */
static void show_frame(struct lines *x, const struct line *l)
{
	struct text text = { 0 };
	char *rest;

	frames_add(&x->frames, l->text, &text);
	for (char *at = text.at ? strtok_r(text.at, "\n", &rest) : NULL; at;
	     at = strtok_r(NULL, "\n", &rest))
		fprintf(x->out, "        %s%s%s\n", x->colour ? "\033[2m" : "",
			at, x->colour ? "\033[0m" : "");
	free(text.at);
}

void lines_line(void *context, struct reader *r, const struct line *l,
		unsigned long number)
{
	struct lines *x = context;
	struct pending *own;

	(void)r;
	show_before(x);
	if (x->fd < 0 || x->wanted) {
		fprintf(x->out, "%6lu  ", number);
		fwrite(l->text.at, 1, l->text.len, x->out);
		fputc('\n', x->out);
		if (l->kind == LINE_FRAME)
			show_frame(x, l);
		if (*x->note) {
			fprintf(x->out, "        %s", x->tone);
			fwrite(x->note, 1, strlen(x->note), x->out);
			fprintf(x->out, "%s\n", x->colour ? "\033[0m" : "");
		}
		own = x->pid ? map_get(&x->pending, x->pid) : NULL;
		if (own)
			show(x, own, LLONG_MIN, LLONG_MAX);
	}
	x->pid = 0;
	*x->note = 0;
	x->wanted = 0;
}
