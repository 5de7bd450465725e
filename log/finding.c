/* SPDX-License-Identifier: MIT */
/* finding.c - the list of findings: collected, merged, ranked; see finding.h */
#include <stdarg.h>
#include "finding_look.h"

enum {
	KEPT = 256,		/* beyond, processes are no longer told apart */
	MATTERS_PERCENT = 5,	/* of the log's time: it is ranked by its cost */
};

const char *severity_name(enum severity s)
{
	return s == SEVERITY_FAULT ? "fault" : s == SEVERITY_COST ? "cost"
								   : "note";
}

/* ---- making them ---- */

static void add_pid(struct finding *d, long pid)
{
	if (!pid || d->n_pids >= FINDING_PIDS)
		return;
	for (unsigned i = 0; i < d->n_pids; i++)
		if (d->pids[i] == pid)
			return;
	if (!(d->n_pids & (d->n_pids - 1)))	/* 0, 1, 2, 4 ...: full */
		d->pids = need(realloc(d->pids, (d->n_pids ? d->n_pids * 2 : 1) *
				       sizeof(*d->pids)));
	d->pids[d->n_pids++] = pid;
}

struct finding *finding_add(struct findings *f, const struct about *a,
			    long pid, unsigned long count, long long cost_ns)
{
	struct finding *d;

	for (d = f->first; d; d = d->next)
		if (d->about == a && (d->pid == pid || f->n > KEPT))
			break;
	if (!d) {
		d = need(calloc(1, sizeof(*d)));
		d->about = a;
		d->pid = pid;
		if (!f->tail)
			f->tail = &f->first;
		*f->tail = d;
		f->tail = &d->next;
		f->n++;
	}
	add_pid(d, pid);
	d->count += count;
	d->cost_ns = plus_ns(d->cost_ns, cost_ns);
	return d;
}

void finding_line(struct finding *d, unsigned long line)
{
	if (line && d->n_lines < FINDING_LINES)
		d->line[d->n_lines++] = line;
}

void finding_lines(struct finding *d, const struct tracks *t)
{
	for (unsigned i = 0; i < FINDING_LINES && i < t->n; i++)
		finding_line(d, t->line[i]);
}

void finding_subject(struct finding *d, const struct file *file)
{
	if (file && !*d->subject)
		snprintf(d->subject, sizeof(d->subject), "%d%s%s%s", file->fd,
			 file->name ? " (" : "", file->name ? file->name : "",
			 file->name ? ")" : "");
}

void finding_says(struct finding *d, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(d->says, sizeof(d->says), format, ap);
	va_end(ap);
}

/* ---- what sentences are made of ---- */

const char *file_text(const struct file *file, char *text, size_t size)
{
	if (!file)
		snprintf(text, size, "a descriptor");
	else if (file->name && *file->name)
		snprintf(text, size, "descriptor %d (%s)", file->fd, file->name);
	else
		snprintf(text, size, "descriptor %d", file->fd);
	return text;
}

const char *span_text(long long ns, char *text, size_t size)
{
	if (ns >= 1000000000)
		snprintf(text, size, "%.2f s", ns / 1e9);
	else if (ns >= MS)
		snprintf(text, size, "%.1f ms", ns / 1e6);
	else
		snprintf(text, size, "%lld us", ns / 1000);
	return text;
}

long long step_ns(const struct step *st)
{
	return st->event->took_ns == NO_TIME || st->event->took_ns < 0
		? 0 : st->event->took_ns;
}

long long call_lasted(const struct findings *f, const struct step *st)
{
	const struct event *e = st->event;

	if (e->took_ns != NO_TIME)
		return step_ns(st);
	if (!(e->line->flags & LINE_NO_RETURN) || e->start_ns == NO_TIME ||
	    f->last_ns == NO_TIME)
		return 0;
	return f->last_ns - e->start_ns;
}

int step_failed(const struct step *st, const char *error)
{
	return slice_is(st->event->line->error, error);
}

static int percent(long long part, long long first_ns, long long last_ns)
{
	if (first_ns == NO_TIME || last_ns <= first_ns)
		return -1;
	return (int)((double)part / (last_ns - first_ns) * 100 + 0.5);
}

int share_of(const struct findings *f, long long ns)
{
	return percent(ns, f->first_ns, f->last_ns);
}

int share_of_task(const struct habits *h, long long ns)
{
	return percent(ns, h->first_ns, h->last_ns);
}

const char *task_name(const struct task *t)
{
	return *t->comm ? t->comm : *t->process->exe ? t->process->exe
						     : "the program";
}

/* ---- looking ---- */

static void see_time(long long *first, long long *last, const struct event *e)
{
	long long end = e->end_ns != NO_TIME ? e->end_ns : e->start_ns;

	if (e->start_ns == NO_TIME)
		return;
	if (*first == NO_TIME || e->start_ns < *first)
		*first = e->start_ns;
	if (*last == NO_TIME || end > *last)
		*last = end;
}

static struct habits *habits_of(struct findings *f, const struct task *t)
{
	struct habits *h = map_get(&f->tasks, (uintptr_t)t);

	if (!h) {
		h = need(calloc(1, sizeof(*h)));
		h->first_ns = h->last_ns = NO_TIME;
		map_put(&f->tasks, (uintptr_t)t, h);
	}
	return h;
}

void finding_note(struct findings *f, struct step *st)
{
	struct event *e = st->event;
	struct habits *h;

	if (!f->calls && !f->first_ns)
		f->first_ns = f->last_ns = NO_TIME;
	see_time(&f->first_ns, &f->last_ns, e);
	if (!st->task)
		return;
	h = habits_of(f, st->task);
	see_time(&h->first_ns, &h->last_ns, e);
	if (e->kind == EVENT_CALL) {
		f->calls++;
		h->calls++;
		f->errors += !!(e->line->flags & LINE_HAS_ERROR);
	}
	ready_note(f, h, st);
	spin_note(f, h, st);
	cost_note(h, st);
	death_note(f, h, st);
	refusal_note(f, st);
	signal_note(f, h, st);
	net_note(f, st);
	time_note(f, h, st);
	between_note(f, h, st);
	h->last_line = e->last;
}

void finding_file_ends(struct findings *f, struct file *file)
{
	ready_file_ends(f, file);
	cost_file_ends(f, file);
	net_file_ends(f, file);
	between_file_ends(f, file);
	free(file->use);
	file->use = NULL;
}

static void habits_free(struct habits *h)
{
	free(h->ready);
	free(h->spin);
	free(h->time);
	free(h->cost);
	free(h);
}

void finding_task_ends(struct findings *f, struct task *t)
{
	struct habits *h = map_remove(&f->tasks, (uintptr_t)t);

	if (!h) {
		between_task_ends(f, h, t);
		return;
	}
	ready_task_ends(f, h, t);
	spin_task_ends(f, h, t);
	cost_task_ends(f, h, t);
	time_task_ends(f, h, t);
	between_task_ends(f, h, t);
	habits_free(h);
}

void finding_log_ends(struct findings *f)
{
	refusal_log_ends(f);
	between_log_ends(f);
}

/* ---- judging ---- */

/* The finding of the process that it cost most speaks for all. */
static void merge(struct finding *d, struct finding *other)
{
	if (other->cost_ns > d->cost_ns ||
	    (other->cost_ns == d->cost_ns && other->count > d->count &&
	     *other->says)) {
		memcpy(d->says, other->says, sizeof(d->says));
		memcpy(d->subject, other->subject, sizeof(d->subject));
		d->pid = other->pid;
	}
	d->fatal |= other->fatal;
	d->count += other->count;
	d->cost_ns = plus_ns(d->cost_ns, other->cost_ns);
	for (unsigned i = 0; i < other->n_lines; i++)
		finding_line(d, other->line[i]);
	for (unsigned i = 0; i < other->n_pids; i++)
		add_pid(d, other->pids[i]);
}

static int rank(const struct findings *f, const struct finding *d)
{
	enum severity s = d->about->severity;

	if (s == SEVERITY_NOTE)
		return 0;
	if (d->fatal)
		return 4;
	if (share_of(f, d->cost_ns) >= MATTERS_PERCENT)
		return 3;
	return s == SEVERITY_FAULT ? 2 : 1;
}

static int before(const struct findings *f, const struct finding *a,
		  const struct finding *b)
{
	int x = rank(f, a), y = rank(f, b);

	if (x != y)
		return x > y;
	if (a->cost_ns != b->cost_ns)
		return a->cost_ns > b->cost_ns;
	return a->line[0] < b->line[0];
}

static void finding_free(struct finding *d)
{
	free(d->pids);
	free(d);
}

void findings_settle(struct findings *f)
{
	struct finding *list, *d, *same, **at;

	ready_settle(f);
	between_settle(f);
	list = f->first;
	f->first = NULL;
	f->tail = NULL;
	f->n = 0;
	while ((d = list)) {
		list = d->next;
		for (same = list, at = &list; same; same = *at) {
			if (same->about != d->about) {
				at = &same->next;
				continue;
			}
			*at = same->next;
			merge(d, same);
			finding_free(same);
		}
		if (ready_too_few(f, d)) {
			finding_free(d);
			continue;
		}
		for (at = &f->first; *at && !before(f, d, *at);
		     at = &(*at)->next)
			;
		d->next = *at;
		*at = d;
		f->n++;
	}
}

void findings_free(struct findings *f)
{
	struct finding *d;
	struct habits *h;

	while ((d = f->first)) {
		f->first = d->next;
		finding_free(d);
	}
	map_each(&f->tasks, i, h)
		habits_free(h);
	map_free(&f->tasks);
	ready_free(f);
	death_free(f);
	refusal_free(f);
	time_free(f);
	between_free(f);
}
