/* SPDX-License-Identifier: MIT */
/*
 * report_perfetto.c - Chrome trace JSON, which ui.perfetto.dev opens
 *
 * A call is a slice, a signal an instant; a flow leads from the wait that reported
 * a descriptor to the call that used it.  Events are sorted by time, slices of
 * a thread do not overlap, ids are numbers: Perfetto asks for all three.
 * With the kernel's side of a capture: a slice inside of a call for each sleep,
 * an instant for each copy and a flow to it from the sleep before, a slice of
 * io_uring's own threads for what they worked on, and an async event for each
 * request, from its submission to its last completion.
 */
#include <stdlib.h>
#include "json.h"
#include "report.h"

static const char *category(const struct scene_row *row)
{
	if (row->is_signal)
		return "signal";
	if (row->phase & PHASE_WAIT && row->phase & PHASE_COPY)
		return "wait+copy";
	return row->phase & PHASE_WAIT ? "wait" :
	       row->phase & PHASE_COPY ? "copy" :
	       row->phase & PHASE_ACCEPT ? "accept" :
	       row->phase & PHASE_SUBMIT ? "submit" :
	       row->phase & PHASE_EMPTY ? "empty" : "other";
}

static long process_of(const struct scene *s, long pid)
{
	for (unsigned i = 0; i < s->n_tasks; i++)
		if (s->tasks[i].pid == pid)
			return s->tasks[i].process;
	return pid;
}

/* Microseconds since the first row, with all the digits there are. */
static void time_member(struct json *j, const char *name, long long ns)
{
	char text[32];

	/* The sign once: -100 is "-0.100". */
	snprintf(text, sizeof(text), "%s%lld.%03lld", ns < 0 ? "-" : "",
		 llabs(ns / 1000), llabs(ns % 1000));
	if (!j->first)
		fputc(',', j->out);
	j->first = 0;
	fprintf(j->out, "\"%s\":%s", name, text);
}

static void event(struct json *j, const char *ph, const char *name,
		  const char *cat, long process, long pid)
{
	fputc('\n', j->out);
	json_open(j, NULL, '{');
	json_text(j, "ph", ph);
	json_text(j, "name", name);
	json_text(j, "cat", cat);
	json_number(j, "pid", process);
	json_number(j, "tid", pid);
}

static void meta(struct json *j, const char *what, long process, long pid,
		 const char *name)
{
	event(j, "M", what, "__metadata", process, pid);
	json_number(j, "ts", 0);
	json_open(j, "args", '{');
	json_text(j, "name", *name ? name : "task");
	json_close(j, '}');
	json_close(j, '}');
}

static void flow(struct json *j, const struct scene *s, unsigned id, long pid,
		 const char *ph, long long ns)
{
	event(j, ph, "ready", "ready", process_of(s, pid), pid);
	json_number(j, "id", id);
	if (*ph == 'f')
		json_text(j, "bp", "e");
	time_member(j, "ts", ns);
	json_close(j, '}');
}

/* What the call was given and what it returned, as strace wrote it. */
static void text_member(struct json *j, const struct scene *s,
			const struct scene_row *row)
{
	struct slice text = scene_text(s, row->last);

	if (text.len)
		json_slice(j, "log", text.at, text.len > 400 ? 400 : text.len);
}

static void slice(struct json *j, const struct scene *s,
		  const struct scene_row *row, long long base)
{
	const char *source = row_source(s, row);

	event(j, row->is_signal ? "i" : "X", row->name, category(row),
	      process_of(s, row->pid), row->pid);
	time_member(j, "ts", row->start_ns - base);
	if (row->is_signal)
		json_text(j, "s", "t");
	else
		time_member(j, "dur", row->end_ns - row->start_ns);
	json_open(j, "args", '{');
	json_number(j, "line", row->line);
	if (row->fd >= 0)
		json_number(j, "fd", row->fd);
	if (*row->note)
		json_text(j, "phase", row->note);
	if (*row->file)
		json_text(j, "descriptor", row->file);
	text_member(j, s, row);
	if (source)
		json_text(j, "source", source);
	json_close(j, '}');
	json_close(j, '}');
}

/* ---- the kernel's side ---- */

enum { FLOW_OF_MARKS = SCENE_MAX + 1 };	/* ids beside those of rows */

static void mark(struct json *j, const struct scene *s,
		 const struct scene_mark *m, long long base)
{
	char name[48];

	if (m->kind == MARK_COPIED)
		snprintf(name, sizeof(name), "copy %lld byte%s", m->bytes,
			 m->bytes == 1 ? "" : "s");
	else
		snprintf(name, sizeof(name), "%s", m->kind == MARK_SLEPT ?
			 "asleep" : m->name);
	event(j, m->kind == MARK_COPIED ? "i" : "X", name,
	      m->kind == MARK_COPIED ? "copy" : m->kind == MARK_SLEPT ? "wait" :
	      "io_uring", process_of(s, m->pid), m->pid);
	time_member(j, "ts", m->start_ns - base);
	if (m->kind == MARK_COPIED)
		json_text(j, "s", "t");
	else
		time_member(j, "dur", m->end_ns - m->start_ns);
	json_open(j, "args", '{');
	json_number(j, "kernel.log line", m->line);
	if (m->kind == MARK_WORKED)
		json_number(j, "result", m->bytes);
	json_close(j, '}');
	json_close(j, '}');
}

static void request(struct json *j, const struct scene_request *q,
		    const char *ph, const char *stage, long long ns,
		    const int *res)
{
	event(j, ph, *ph == 'n' ? stage : q->op, "io_uring", q->process,
	      q->pid);
	json_number(j, "id", q->serial);
	time_member(j, "ts", ns);
	json_open(j, "args", '{');
	if (*ph == 'b') {
		json_number(j, "ring", q->ring);
		if (q->fd >= 0)
			json_number(j, "fd", q->fd);
		json_text(j, "way", q->way ? q->way : "no completion");
		json_number(j, "kernel.log line", q->line);
	}
	if (res)
		json_number(j, "result", *res);
	json_close(j, '}');
	json_close(j, '}');
}

/* ---- all of them, in the order of time ---- */

struct item {
	long long ns, length;
	enum { ROW, MARK, ROW_FLOW, ROW_FLOW_END, MARK_FLOW, MARK_FLOW_END,
	       BEGIN, STAGE, END } kind;
	unsigned index;
};

struct items {
	struct item *at;
	unsigned n, size;
};

static void add(struct items *x, long long ns, long long length, int kind,
		unsigned index)
{
	if (x->n == x->size) {
		x->size = x->size ? x->size * 2 : 1024;
		x->at = need(realloc(x->at, x->size * sizeof(*x->at)));
	}
	x->at[x->n++] = (struct item){ ns, length, kind, index };
}

/* A slice before those inside of it, a flow after the slice it leaves. */
static int in_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	if (x->length != y->length)
		return x->length > y->length ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void add_rows(struct items *x, const struct scene *s)
{
	struct map used = { 0 };

	for (unsigned i = 0; i < s->n; i++)
		if (s->rows[i].from)
			map_put(&used, s->rows[i].from, x);
	for (unsigned i = 0; i < s->n; i++) {
		const struct scene_row *row = &s->rows[i];

		add(x, row->start_ns, row->end_ns - row->start_ns, ROW, i);
		if (map_get(&used, i + 1))
			add(x, row->start_ns, -1, ROW_FLOW, i);
		if (row->from && row->from <= i)
			add(x, row->start_ns, -1, ROW_FLOW_END, i);
	}
	map_free(&used);
}

/*
 * A sleep is drawn where it lies inside of its call; what does not, for want of
 * records, would cross slices.  io_uring's threads have no calls.
 */
static void add_marks(struct items *x, const struct scene *s)
{
	struct map row = { 0 }, slept = { 0 }, until = { 0 };
	unsigned next = 0;

	for (unsigned i = 0; i < s->n_marks; i++) {
		const struct scene_mark *m = &s->marks[i];
		const struct scene_row *in;
		long long *end;
		uintptr_t from;

		for (; next < s->n && s->rows[next].start_ns <= m->start_ns;
		     next++)
			if (!s->rows[next].is_signal)
				map_put(&row, s->rows[next].pid,
					&s->rows[next]);
		in = map_get(&row, m->pid);
		if (in && m->start_ns > in->end_ns)
			in = NULL;
		from = (uintptr_t)map_get(&slept, m->pid);
		if (m->kind == MARK_COPIED) {
			add(x, m->start_ns, -2, MARK, i);
			if (from && (in || map_get(&until, m->pid))) {
				add(x, s->marks[from - 1].start_ns, -1,
				    MARK_FLOW, i);
				add(x, m->start_ns, -1, MARK_FLOW_END, i);
				map_remove(&slept, m->pid);
			}
			continue;
		}
		/* Two slices of one of io_uring's threads may not cross. */
		end = map_get(&until, m->pid);
		if (in ? m->end_ns > in->end_ns :
		    map_get(&row, m->pid) || (end && *end > m->start_ns))
			continue;
		if (!in)
			map_put(&until, m->pid, &s->marks[i].end_ns);
		add(x, m->start_ns, m->end_ns - m->start_ns, MARK, i);
		if (m->kind == MARK_SLEPT)
			map_put(&slept, m->pid, (void *)(uintptr_t)(i + 1));
	}
	map_free(&row);
	map_free(&slept);
	map_free(&until);
}

static void add_requests(struct items *x, const struct scene *s)
{
	for (unsigned i = 0; i < s->n_requests; i++) {
		add(x, s->requests[i].start_ns, 0, BEGIN, i);
		add(x, s->requests[i].end_ns, -4, END, i);
	}
	for (unsigned i = 0; i < s->n_stages; i++)
		add(x, s->stages[i].ns, -3, STAGE, i);
}

static void write_item(struct json *j, const struct scene *s,
		       const struct item *x, long long base)
{
	static const char *const names[] = { "armed", "ready", "completed" };
	const struct scene_row *row;
	const struct scene_stage *t;

	switch (x->kind) {
	case ROW: case ROW_FLOW: case ROW_FLOW_END:
		row = &s->rows[x->index];
		if (x->kind == ROW)
			slice(j, s, row, base);
		else if (x->kind == ROW_FLOW)
			flow(j, s, x->index + 1, row->pid, "s", x->ns - base);
		else
			flow(j, s, row->from, row->pid, "f", x->ns - base);
		break;
	case MARK: mark(j, s, &s->marks[x->index], base); break;
	case MARK_FLOW: case MARK_FLOW_END:
		flow(j, s, FLOW_OF_MARKS + x->index, s->marks[x->index].pid,
		     x->kind == MARK_FLOW ? "s" : "f", x->ns - base);
		break;
	case BEGIN: case END:
		request(j, &s->requests[x->index], x->kind == BEGIN ? "b" : "e",
			"", x->ns - base, x->kind == END &&
			s->requests[x->index].done ?
			&s->requests[x->index].res : NULL);
		break;
	case STAGE:
		t = &s->stages[x->index];
		request(j, &s->requests[t->request], "n",
			names[t->kind == SIGHT_ARMED ? 0 :
			      t->kind == SIGHT_READY ? 1 : 2], x->ns - base,
			t->kind == SIGHT_COMPLETED ? &t->res : NULL);
		break;
	}
}

void report_perfetto(FILE *out, const struct reader *r, struct scene *s)
{
	struct json j = { .out = out, .first = 1, .compact = 1 };
	struct items x = { 0 };
	long long base;

	scene_settle(s);
	add_rows(&x, s);
	add_marks(&x, s);
	add_requests(&x, s);
	if (x.n)
		qsort(x.at, x.n, sizeof(*x.at), in_order);
	base = x.n ? x.at[0].ns : 0;
	json_open(&j, NULL, '{');
	json_text(&j, "displayTimeUnit", "ns");
	json_open(&j, "otherData", '{');
	json_text(&j, "made-by", "iomodels explain");
	json_text(&j, "log", r->path);
	json_text(&j, "clock", s->has_times ? "the log's" :
		  "none in the log: one microsecond stands for one line");
	json_text(&j, "complete", s->cut ? "no: the first 200000 calls"
					 : "yes");
	json_close(&j, '}');
	json_open(&j, "traceEvents", '[');
	for (unsigned i = 0; i < s->n_tasks; i++) {
		const struct scene_task *t = &s->tasks[i];

		if (t->pid == t->process)
			meta(&j, "process_name", t->process, t->pid, t->name);
		meta(&j, "thread_name", t->process, t->pid, t->name);
	}
	for (unsigned i = 0; i < x.n; i++)
		write_item(&j, s, &x.at[i], base);
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', out);
	free(x.at);
}
