/* SPDX-License-Identifier: MIT */
/* scene.c - every call at its time, for the reports that draw; see report.h */
#include <stdlib.h>
#include "report.h"

static void *grown(void *at, unsigned n, unsigned *size, size_t each)
{
	if (n < *size)
		return at;
	*size = *size ? *size * 2 : 256;
	return need(realloc(at, *size * each));
}

static void meet(struct scene *s, const struct task *t)
{
	struct scene_task *x;

	if (map_get(&s->known, t->pid))
		return;
	map_put(&s->known, t->pid, s);
	s->tasks = grown(s->tasks, s->n_tasks, &s->tasks_size,
			 sizeof(*s->tasks));
	x = &s->tasks[s->n_tasks++];
	x->pid = t->pid;
	x->process = t->process->pid;
	snprintf(x->name, sizeof(x->name), "%s", *t->comm ? t->comm
							  : t->process->exe);
}

/*
 * From the wait that reported a descriptor to the call that uses it: a wait of
 * the same task if there is one, else another's, which handed it over.
 */
static void connect_rows(struct scene *s, struct scene_row *row,
			 struct step *st)
{
	enum call_class class = call_class(st->event->call);
	uint64_t own = (uint64_t)st->task->pid << 32;
	void *wait, *any;

	for (unsigned i = 0; i < st->n_ready; i++) {
		uint64_t serial = st->ready[i].file->serial;

		map_put(&s->ready, serial, (void *)(uintptr_t)s->n);
		map_put(&s->ready, serial | own, (void *)(uintptr_t)s->n);
	}
	if (!st->file || (class != CLASS_IN && class != CLASS_ACCEPT &&
			  class != CLASS_OUT))
		return;
	wait = map_remove(&s->ready, st->file->serial | own);
	any = map_remove(&s->ready, st->file->serial);
	row->from = (uintptr_t)(wait ? wait : any);
}

void scene_watch(void *context, struct reader *r, struct step *st)
{
	struct scene *s = context;
	struct event *e = st->event;
	struct scene_row *row;

	(void)r;
	if (!st->task || (e->kind != EVENT_CALL && e->kind != EVENT_SIGNAL))
		return;
	if (s->n == SCENE_MAX) {
		s->cut = 1;
		return;
	}
	meet(s, st->task);
	s->rows = grown(s->rows, s->n, &s->size, sizeof(*s->rows));
	row = &s->rows[s->n++];
	*row = (struct scene_row){
		.pid = st->task->pid, .line = e->first, .last = e->last,
		.phase = st->phase, .fd = st->fd,
		.is_signal = e->kind == EVENT_SIGNAL,
	};
	if (e->start_ns != NO_TIME) {
		s->has_times = 1;
		row->start_ns = e->start_ns;
		row->end_ns = e->took_ns != NO_TIME && e->took_ns > 0 ?
			plus_ns(e->start_ns, e->took_ns) : e->start_ns;
		if (e->joined && e->end_ns > row->end_ns)
			row->end_ns = e->end_ns;
	} else {
		row->start_ns = e->first * 1000LL;
		row->end_ns = e->last * 1000LL + 900;
	}
	snprintf(row->name, sizeof(row->name), "%.*s", (int)e->line->name.len,
		 e->line->name.at);
	phase_text(st, row->note, sizeof(row->note));
	connect_rows(s, row, st);
}

void scene_line(void *context, struct reader *r, const struct line *l,
		unsigned long number)
{
	struct scene *s = context;
	size_t len = l->text.len;

	(void)r, (void)number;
	if (!s->keeps_text || s->text_lines >= SCENE_MAX)
		return;
	if (len > 2000)
		len = 2000;
	if (s->text_len + len + 1 > s->text_size) {
		s->text_size = (s->text_len + len + 1) * 2;
		s->text = need(realloc(s->text, s->text_size));
	}
	memcpy(s->text + s->text_len, l->text.at, len);
	s->text_len += len;
	s->text[s->text_len++] = '\n';
	s->text_lines++;
}

static int by_time(const void *a, const void *b)
{
	const struct scene_row *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* The arrows name rows by their place: they move with them. */
static void sort_rows(struct scene *s)
{
	unsigned *place = need(calloc(s->n + 1, sizeof(*place)));

	for (unsigned i = 0; i < s->n; i++)
		s->rows[i].last |= (unsigned long)i << 40;
	qsort(s->rows, s->n, sizeof(*s->rows), by_time);
	for (unsigned i = 0; i < s->n; i++) {
		place[s->rows[i].last >> 40] = i + 1;
		s->rows[i].last &= (1UL << 40) - 1;
	}
	for (unsigned i = 0; i < s->n; i++)
		if (s->rows[i].from)
			s->rows[i].from = place[s->rows[i].from - 1];
	free(place);
}

void scene_settle(struct scene *s)
{
	struct map last = { 0 };

	if (!s->n)
		return;
	sort_rows(s);
	for (unsigned i = 0; i < s->n; i++) {
		struct scene_row *row = &s->rows[i], *before;

		if (row->is_signal)
			continue;
		before = map_get(&last, row->pid);
		if (before && before->end_ns > row->start_ns)
			before->end_ns = row->start_ns;
		map_put(&last, row->pid, row);
	}
	map_free(&last);
}

void scene_free(struct scene *s)
{
	map_free(&s->known);
	map_free(&s->ready);
	free(s->rows);
	free(s->tasks);
	free(s->text);
}
