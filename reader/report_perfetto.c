/* SPDX-License-Identifier: MIT */
/*
 * report_perfetto.c - Chrome trace JSON, which ui.perfetto.dev opens
 *
 * A slice a call, an instant a signal, and a flow from the wait that reported
 * a descriptor to the call that used it.  Events are sorted by time, slices of
 * a thread do not overlap, ids are numbers: Perfetto asks for all three.
 * (Requests of a ring become async events when a capture has kernel events:
 * strace shows no completion.)
 */
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

	snprintf(text, sizeof(text), "%lld.%03lld", ns / 1000, ns % 1000);
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

static void flow(struct json *j, const struct scene *s, unsigned id,
		 const struct scene_row *row, const char *ph, long long ns)
{
	event(j, ph, "ready", "ready", process_of(s, row->pid), row->pid);
	json_number(j, "id", id);
	if (*ph == 'f')
		json_text(j, "bp", "e");
	time_member(j, "ts", ns);
	json_close(j, '}');
}

static void slice(struct json *j, const struct scene *s,
		  const struct scene_row *row, long long base)
{
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
	json_close(j, '}');
	json_close(j, '}');
}

/*
 * A flow begins inside the wait's slice.  It is written there, where its time
 * keeps the order, and ends at the row that names it.
 */
void report_perfetto(FILE *out, const struct reader *r, struct scene *s)
{
	struct json j = { .out = out, .first = 1, .compact = 1 };
	struct map used = { 0 };
	long long base;

	scene_settle(s);
	base = s->n ? s->rows[0].start_ns : 0;
	for (unsigned i = 0; i < s->n; i++)
		if (s->rows[i].from)
			map_put(&used, s->rows[i].from, s);
	json_open(&j, NULL, '{');
	json_text(&j, "displayTimeUnit", "ns");
	json_open(&j, "otherData", '{');
	json_text(&j, "made-by", "iomodels explain");
	json_text(&j, "log", r->path);
	json_text(&j, "clock", s->has_times ? "the log's" :
		  "none in the log: a microsecond is a line");
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
	for (unsigned i = 0; i < s->n; i++) {
		const struct scene_row *row = &s->rows[i];

		slice(&j, s, row, base);
		if (map_get(&used, i + 1))
			flow(&j, s, i + 1, row, "s", row->start_ns - base);
		if (row->from && row->from <= i)
			flow(&j, s, row->from, row, "f", row->start_ns - base);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', out);
	map_free(&used);
}
