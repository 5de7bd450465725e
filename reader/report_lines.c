/* SPDX-License-Identifier: MIT */
/* report_lines.c - the log itself, each line with its phase and its descriptor */
#include <stdlib.h>
#include "report.h"

/* "5 connection 127.0.0.1:4000 (accept4 in line 21)" */
static size_t file_text(char *text, size_t size, const struct file *f, int fd)
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

	(void)r;
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
		at += file_text(at, end - at, st->file, st->fd);
	}
	if (st->made && st->made != st->file && end - at > 40) {
		at += snprintf(at, end - at, " -> ");
		at += file_text(at, end - at, st->made, st->made_fd);
	}
	for (unsigned i = 0; i < st->n_ready && end - at > 60; i++) {
		at += snprintf(at, end - at, i ? ", " : ": ");
		at += snprintf(at, end - at, "%d", st->ready[i].fd);
	}
}

void lines_line(void *context, struct reader *r, const struct line *l,
		unsigned long number)
{
	struct lines *x = context;

	(void)r;
	if (x->fd < 0 || x->wanted) {
		fprintf(x->out, "%6lu  ", number);
		print_plain(x->out, l->text.at, l->text.len);
		fputc('\n', x->out);
		if (*x->note) {
			fprintf(x->out, "        %s", x->tone);
			print_plain(x->out, x->note, strlen(x->note));
			fprintf(x->out, "%s\n", x->colour ? "\033[0m" : "");
		}
	}
	*x->note = 0;
	x->wanted = 0;
}
