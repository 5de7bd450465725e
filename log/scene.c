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

static void meet_as(struct scene *s, long pid, long process, const char *name)
{
	struct scene_task *x;

	if (map_get(&s->known, pid))
		return;
	map_put(&s->known, pid, s);
	s->tasks = grown(s->tasks, s->n_tasks, &s->tasks_size,
			 sizeof(*s->tasks));
	x = &s->tasks[s->n_tasks++];
	x->pid = pid;
	x->process = process;
	snprintf(x->name, sizeof(x->name), "%s", name);
}

static void meet(struct scene *s, const struct task *t)
{
	meet_as(s, t->pid, t->process->pid, *t->comm ? t->comm
						     : t->process->exe);
}

/* ---- what kernel.log shows ---- */

static void add_mark(struct scene *s, struct scene_mark m)
{
	if (s->n_marks == SCENE_MAX) {
		s->cut = 1;
		return;
	}
	s->marks = grown(s->marks, s->n_marks, &s->marks_size,
			 sizeof(*s->marks));
	s->marks[s->n_marks++] = m;
}

static void begin_request(struct scene *s, const struct sight *x)
{
	const struct request *q = x->request;
	struct scene_request *n;

	if (s->n_requests == SCENE_MAX) {
		s->cut = 1;
		return;
	}
	s->requests = grown(s->requests, s->n_requests, &s->requests_size,
			    sizeof(*s->requests));
	n = &s->requests[s->n_requests++];
	*n = (struct scene_request){
		.serial = q->serial, .line = q->line, .pid = q->pid,
		.process = x->task->process, .ring = q->ring->fd, .fd = -1,
		.start_ns = x->from_ns, .end_ns = x->from_ns,
	};
	snprintf(n->op, sizeof(n->op), "%s", q->op);
	map_put(&s->open, q->serial, (void *)(uintptr_t)s->n_requests);
}

static void add_stage(struct scene *s, const struct sight *x)
{
	const struct request *q = x->request;
	uintptr_t place = (uintptr_t)map_get(&s->open, q->serial);
	struct scene_request *n;

	if (!place || s->n_stages == SCENE_MAX) {
		s->cut |= !!place;
		return;
	}
	n = &s->requests[place - 1];
	n->end_ns = x->from_ns;
	n->fd = q->fd;
	s->stages = grown(s->stages, s->n_stages, &s->stages_size,
			  sizeof(*s->stages));
	s->stages[s->n_stages++] = (struct scene_stage){
		.request = place - 1, .kind = x->kind, .ns = x->from_ns,
		.res = x->res,
	};
	if (x->kind != SIGHT_COMPLETED)
		return;
	n->res = x->res;
	n->way = way_name(q->way);
	if (x->final) {
		n->done = 1;
		map_remove(&s->open, q->serial);
	}
}

void scene_see(void *context, struct reader *r, const struct sight *x)
{
	struct scene *s = context;
	const struct witness_task *t = x->task;
	struct scene_mark m = { .start_ns = x->from_ns, .end_ns = x->from_ns,
				.line = x->line, .bytes = x->bytes };

	(void)r;
	if (!t || x->kind == SIGHT_LINE)
		return;
	m.pid = t->pid;
	if (t->who == WHO_WORKER || t->who == WHO_POLLER)
		meet_as(s, t->pid, t->process, who_name(t->who));
	if (x->kind == SIGHT_SLEPT) {
		m.kind = MARK_SLEPT;
		m.end_ns = x->to_ns;
		add_mark(s, m);
	} else if (x->kind == SIGHT_COPIED) {
		m.kind = MARK_COPIED;
		add_mark(s, m);
	} else if (x->kind == SIGHT_SUBMITTED) {
		begin_request(s, x);
	} else {
		add_stage(s, x);
	}
	if (x->kind == SIGHT_COMPLETED && (t->who == WHO_WORKER ||
					   t->who == WHO_POLLER)) {
		m.kind = MARK_WORKED;
		m.start_ns = x->request->worker == t->pid ?
			     x->request->work_ns : x->request->submit_ns;
		/* Armed, it was left alone in between. */
		if (x->request->ready_ns > m.start_ns)
			m.start_ns = x->request->ready_ns;
		m.bytes = x->res;
		snprintf(m.name, sizeof(m.name), "%s", x->request->op);
		add_mark(s, m);
	}
}

/* ---- calls ---- */

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
		.exact = st->kernel.seen, .slept = st->kernel.sleeps > 0,
	};
	if (e->start_ns != NO_TIME) {
		s->has_times = 1;
		row->start_ns = e->start_ns;
		row->end_ns = e->took_ns != NO_TIME && e->took_ns > 0 ?
			plus_ns(e->start_ns, e->took_ns) : e->start_ns;
		if (e->joined && e->end_ns > row->end_ns)
			row->end_ns = e->end_ns;
		if (st->kernel.seen) {
			row->start_ns = st->kernel.enter_ns;
			row->end_ns = st->kernel.exit_ns;
		}
	} else if (r->first_ns != NO_TIME || e->end_ns != NO_TIME) {
		/* It began before the log did, or nobody says when. */
		row->end_ns = e->end_ns != NO_TIME ? e->end_ns : r->last_ns;
		row->start_ns = r->first_ns != NO_TIME && r->first_ns <
				row->end_ns ? r->first_ns : row->end_ns;
		if (e->took_ns != NO_TIME && e->took_ns >= 0 &&
		    row->end_ns - e->took_ns > row->start_ns)
			row->start_ns = row->end_ns - e->took_ns;
	} else {
		row->start_ns = e->first * 1000LL;
		row->end_ns = e->last * 1000LL + 900;
	}
	if (row->end_ns < row->start_ns)
		row->end_ns = row->start_ns;
	snprintf(row->name, sizeof(row->name), "%.*s", (int)e->line->name.len,
		 e->line->name.at);
	phase_text(st, row->note, sizeof(row->note));
	if (st->file && e->kind == EVENT_CALL)
		file_story(st->file, st->fd, row->file, sizeof(row->file));
	connect_rows(s, row, st);
}

void scene_line(void *context, struct reader *r, const struct line *l,
		unsigned long number)
{
	struct scene *s = context;
	size_t len = l->text.len;

	(void)r;
	callsites_line(&s->sites, l, number);
	if (!s->keeps_text || s->text_lines >= SCENE_MAX)
		return;
	if (len > 2000)
		len = 2000;
	if (s->text_len + len + 1 > s->text_size) {
		s->text_size = (s->text_len + len + 1) * 2;
		s->text = need(realloc(s->text, s->text_size));
	}
	s->line_at = grown(s->line_at, s->text_lines, &s->line_at_size,
			   sizeof(*s->line_at));
	s->line_at[s->text_lines] = s->text_len;
	memcpy(s->text + s->text_len, l->text.at, len);
	s->text_len += len;
	s->text[s->text_len++] = '\n';
	s->text_lines++;
}

const char *row_source(const struct scene *s, const struct scene_row *row)
{
	const char *text = callsite_of(&s->sites, row->last);

	return text ? text : callsite_of(&s->sites, row->line);
}

struct slice scene_text(const struct scene *s, unsigned long number)
{
	const char *at, *end;

	if (!number || number > s->text_lines)
		return (struct slice){ 0 };
	at = s->text + s->line_at[number - 1];
	end = memchr(at, '\n', s->text_len - (at - s->text));
	return slice_of(at, end);
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

static int marks_by_time(const void *a, const void *b)
{
	const struct scene_mark *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

void scene_settle(struct scene *s)
{
	struct map last = { 0 };

	if (s->n_marks)
		qsort(s->marks, s->n_marks, sizeof(*s->marks), marks_by_time);
	for (unsigned i = 0; i < s->n_requests; i++)
		if (!s->requests[i].done && s->n)
			s->requests[i].end_ns = s->rows[s->n - 1].end_ns >
				s->requests[i].end_ns ?
				s->rows[s->n - 1].end_ns : s->requests[i].end_ns;
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
	callsites_free(&s->sites);
	map_free(&s->known);
	map_free(&s->ready);
	map_free(&s->open);
	free(s->marks);
	free(s->requests);
	free(s->stages);
	free(s->rows);
	free(s->tasks);
	free(s->text);
	free(s->line_at);
}
