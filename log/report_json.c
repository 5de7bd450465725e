/* SPDX-License-Identifier: MIT */
/*
 * report_json.c - the report for a program
 *
 * explain.schema.json describes it, and a test holds it to that.  Times are
 * integers of nanoseconds, lines count from 1 (those inside of "kernel" are of
 * kernel.log), a time that the log does not hold is null.  A later version adds
 * members; it changes none.  Version 3 added "verdict", "accounts", "at_end",
 * "unfollowed", and of a finding id, cause, remedy, unless, says, says_count (the part
 * of count that the sentence describes), cost_ns, share, fatal and pids.
 */
#include <stdlib.h>
#include "json.h"
#include "report.h"
#include "request.h"
#include "verdict.h"

static void time_member(struct json *j, const char *name, long long ns)
{
	if (ns == NO_TIME)
		json_null(j, name);
	else
		json_number(j, name, ns);
}

static void lines_member(struct json *j, const char *name,
			 const unsigned long *line, unsigned n)
{
	json_open(j, name, '[');
	for (unsigned i = 0; i < n; i++)
		json_number(j, NULL, line[i]);
	json_close(j, ']');
}

static void log_member(struct json *j, const struct reader *r)
{
	json_open(j, "log", '{');
	json_text(j, "path", r->path ? r->path : "");
	json_number(j, "files", r->n_paths);
	json_number(j, "bytes", r->bytes);
	json_number(j, "lines", r->joiner.lines);
	json_number(j, "unread", r->joiner.unknown);
	json_number(j, "own_output", r->joiner.own_output);
	json_number(j, "orphans", r->joiner.orphans);
	json_number(j, "out_of_order", r->joiner.out_of_order);
	json_bool(j, "times", r->joiner.has_times);
	json_bool(j, "durations", r->joiner.has_durations);
	time_member(j, "first_ns", r->first_ns);
	time_member(j, "span_ns", r->first_ns == NO_TIME ? NO_TIME
					: r->last_ns - r->first_ns);
	if (*r->error)
		json_text(j, "error", r->error);
	json_close(j, '}');
}

static void totals_member(struct json *j, const struct reader *r)
{
	unsigned long messages;
	double cost = reader_cost(r, &messages);

	json_open(j, "totals", '{');
	json_number(j, "calls", r->calls);
	json_number(j, "processes", r->world.processes_made);
	json_number(j, "tasks", r->world.tasks_made);
	json_number(j, "signals", r->signals);
	json_number(j, "sigio", r->signals_io);
	json_number(j, "accepts", r->accepts);
	json_number(j, "messages", messages);
	if (messages)
		json_real(j, "calls_per_message", cost);
	else
		json_null(j, "calls_per_message");
	json_number(j, "bytes_in", r->bytes_in);
	json_number(j, "bytes_out", r->bytes_out);
	json_number(j, "restarts", r->restarts);
	json_number(j, "interrupted", r->interrupted);
	json_number(j, "injected", r->injected);
	json_number(j, "artefacts", r->artefacts);
	json_number(j, "unknown_mode", r->unknown_mode);
	json_close(j, '}');
}

static void modes_member(struct json *j, enum model m, const struct part *p)
{
	static const char *const epoll[] = {
		"level", "edge", "oneshot", "exclusive",
	};
	static const char *const ring[] = { "sqpoll", "iopoll" };
	unsigned n = m == MODEL_EPOLL ? 4 : m == MODEL_RING ? 2 : 0;

	json_open(j, "modes", '[');
	for (unsigned i = 0; i < n; i++)
		if (p->modes & 1u << i)
			json_text(j, NULL, m == MODEL_EPOLL ? epoll[i]
							    : ring[i]);
	json_close(j, ']');
}

static void part_member(struct json *j, enum model m, const struct part *p)
{
	char label[96];

	json_open(j, NULL, '{');
	json_text(j, "model", model_name(m));
	json_text(j, "label", part_label(m, p, label, sizeof(label)));
	modes_member(j, m, p);
	json_text(j, "wait_call", p->wait_call.text);
	json_number(j, "waits", p->waits);
	json_number(j, "wait_ns", p->wait_ns);
	json_number(j, "longest_wait_ns", p->longest_ns);
	json_number(j, "longest_wait_line", p->longest_line);
	json_bool(j, "longest_wait_is_bound", p->at_most);
	json_number(j, "timeouts", p->timeouts);
	json_number(j, "asks", p->asks);
	json_number(j, "events", p->events);
	json_text(j, "accept_call", p->accept_call.text);
	json_number(j, "accepts", p->accepts);
	json_text(j, "copy_call", p->in_call.text);
	json_number(j, "copies", p->in);
	json_number(j, "messages", p->messages);
	json_number(j, "bytes_in", p->bytes_in);
	json_text(j, "send_call", p->out_call.text);
	json_number(j, "sends", p->out);
	json_number(j, "bytes_out", p->bytes_out);
	json_number(j, "again", p->again);
	json_number(j, "submitted", p->submitted);
	json_number(j, "requests", p->requests);
	json_number(j, "seen_calls", p->seen);
	json_number(j, "slept_calls", p->slept);
	json_number(j, "copied_bytes", p->copied);
	json_number(j, "descriptors", p->files);
	lines_member(j, "lines", p->proof, p->n_proofs);
	json_close(j, '}');
}

static void group_member(struct json *j, const struct group *g)
{
	static const char *const origins[] = { "first", "thread", "child" };
	enum model first = group_main(g);
	char verdict[160];

	json_open(j, NULL, '{');
	json_text(j, "verdict", group_verdict(g, verdict, sizeof(verdict)));
	json_text(j, "model", model_name(first));
	json_text(j, "role", role_name(g->role));
	json_text(j, "origin", origins[g->origin]);
	json_text(j, "exe", g->exe);
	json_number(j, "tasks", g->tasks);
	json_open(j, "pids", '[');
	for (unsigned i = 0; i < g->tasks && i < 8; i++)
		json_number(j, NULL, g->pid[i]);
	json_close(j, ']');
	json_number(j, "first_line", g->first);
	json_number(j, "last_line", g->last);
	json_number(j, "calls", g->sum.calls);
	json_number(j, "messages", g->served.messages);
	if (g->served.messages)
		json_real(j, "calls_per_message",
			  (double)g->served.calls / g->served.messages);
	else
		json_null(j, "calls_per_message");
	json_number(j, "futex_waits", g->sum.futex_waits);
	json_open(j, "parts", '[');
	if (first)
		part_member(j, first, &g->parts[first]);
	for (int m = 1; m < MODELS; m++)
		if (m != (int)first && g->mask & 1u << m)
			part_member(j, m, &g->parts[m]);
	json_close(j, ']');
	json_close(j, '}');
}

static void share_member(struct json *j, const struct reader *r, long long ns)
{
	long long span = r->first_ns == NO_TIME ? 0 : r->last_ns - r->first_ns;

	if (ns > 0 && span > 0)
		json_real(j, "share", ns > span ? 1.0 : (double)ns / span);
	else
		json_null(j, "share");
}

/* For each of its lines the line of source that made the call, or null. */
static void source_member(struct json *j, const struct finding *d,
			  const struct callsites *sites)
{
	const char *text;

	json_open(j, "source", '[');
	for (unsigned i = 0; i < d->n_lines && sites && !d->of_kernel; i++) {
		text = callsite_of(sites, d->line[i]);
		if (text)
			json_text(j, NULL, text);
		else
			json_null(j, NULL);
	}
	json_close(j, ']');
}

static void finding_member(struct json *j, const struct reader *r,
			   const struct finding *d,
			   const struct callsites *sites)
{
	char title[240];

	json_open(j, NULL, '{');
	json_text(j, "id", d->about->id);
	json_text(j, "kind", d->about->id);
	json_text(j, "severity", severity_name(d->about->severity));
	snprintf(title, sizeof(title), "%s%s%s", d->about->title,
		 d->about->limit ? ": " : "", d->about->limit
		 ? d->about->limit : "");
	json_text(j, "title", title);
	json_text(j, "cause", d->about->cause);
	json_text(j, "remedy", d->about->remedy);
	json_text(j, "advice", d->about->remedy);
	if (d->about->unless)
		json_text(j, "unless", d->about->unless);
	else
		json_null(j, "unless");
	json_text(j, "says", d->says);
	json_number(j, "count", d->count);
	json_number(j, "says_count", d->told ? d->told : d->count);
	if (d->cost_ns > 0)
		json_number(j, "cost_ns", d->cost_ns);
	else
		json_null(j, "cost_ns");
	share_member(j, r, d->cost_ns);
	json_bool(j, "fatal", d->fatal);
	json_open(j, "pids", '[');
	for (unsigned i = 0; i < d->n_pids; i++)
		json_number(j, NULL, d->pids[i]);
	json_close(j, ']');
	lines_member(j, "lines", d->line, d->n_lines);
	source_member(j, d, sites);
	json_text(j, "lines_of", d->of_kernel ? "kernel.log" : "log");
	json_number(j, "pid", d->pid);
	json_text(j, "descriptor", d->subject);
	json_close(j, '}');
}

static void verdict_member(struct json *j, const struct reader *r)
{
	char text[1024];
	enum verdict_of v = reader_verdict(r, text, sizeof(text));

	json_open(j, "verdict", '{');
	json_text(j, "text", text);
	json_text(j, "of", verdict_name(v));
	json_close(j, '}');
}

static void wait_member(struct json *j, const struct wait *w)
{
	char text[160];

	json_open(j, NULL, '{');
	json_text(j, "call", w->name);
	json_text(j, "for", wait_for_name(w->what));
	json_text(j, "object", w->object);
	json_text(j, "text", wait_text(w->what, w->call, w->object, text,
				       sizeof(text)));
	json_number(j, "count", w->count);
	json_number(j, "ns", w->ns);
	json_number(j, "longest_ns", w->longest_ns);
	json_number(j, "line", w->line);
	json_bool(j, "is_bound", w->at_most);
	json_number(j, "on_pid", w->on);
	json_text(j, "on_how", w->how);
	json_close(j, '}');
}

static void accounts_member(struct json *j, const struct reader *r)
{
	static const char *const origins[] = { "first", "thread", "child" };

	json_open(j, "accounts", '[');
	for (const struct account *a = r->accounts.first; a; a = a->next) {
		json_open(j, NULL, '{');
		json_number(j, "pid", a->pid);
		json_number(j, "process", a->process);
		json_text(j, "name", a->name);
		json_text(j, "origin", origins[a->origin]);
		json_number(j, "tasks", a->tasks);
		json_bool(j, "before_execve", a->before_exec);
		json_bool(j, "ended", a->ended);
		json_number(j, "calls", a->calls);
		json_number(j, "wall_ns", a->wall_ns);
		json_number(j, "wait_ns", a->wait_ns);
		json_number(j, "other_calls_ns", a->call_ns);
		json_number(j, "outside_ns", account_outside(a));
		json_open(j, "waits", '[');
		for (unsigned i = 0; i < a->n_waits; i++)
			wait_member(j, &a->wait[i]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void open_member(struct json *j, const struct reader *r,
			const struct unreturned *o)
{
	static const char *const hows[] = { "unfinished", "detached", "killed" };
	char text[200];

	json_open(j, NULL, '{');
	json_number(j, "pid", o->pid);
	json_number(j, "process", o->process);
	json_text(j, "call", o->name);
	json_text(j, "for", wait_for_name(o->what));
	json_text(j, "object", o->object);
	json_number(j, "line", o->line);
	time_member(j, "ns", o->ns);
	json_text(j, "how", hows[o->how]);
	json_text(j, "killed_by", o->killed);
	json_bool(j, "idle", open_is_idle(r, o) && !o->poller);
	json_bool(j, "unclear", o->unclear || o->poller);
	json_number(j, "on_pid", o->on);
	json_text(j, "on_how", o->why);
	json_text(j, "next", open_next(o, text, sizeof(text)));
	json_close(j, '}');
}

static void end_member(struct json *j, const struct reader *r)
{
	const struct accounts *a = &r->accounts;

	json_open(j, "at_end", '{');
	json_number(j, "open_calls", a->n_open);
	json_open(j, "calls", '[');
	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++)
		open_member(j, r, &a->open[i]);
	json_close(j, ']');
	json_close(j, '}');
	json_open(j, "unfollowed", '{');
	json_number(j, "threads", r->unfollowed_threads);
	json_number(j, "processes", r->unfollowed - r->unfollowed_threads);
	json_number(j, "line", r->unfollowed_line);
	json_close(j, '}');
}

static void files_member(struct json *j, const struct reader *r)
{
	json_open(j, "descriptors", '[');
	for (unsigned long i = 0; i < r->n_files && i < FILES_KEPT; i++) {
		const struct closed_file *f = &r->files[i];

		json_open(j, NULL, '{');
		json_number(j, "fd", f->fd);
		json_number(j, "pid", f->pid);
		json_text(j, "kind", file_kind_name(f->kind));
		json_text(j, "name", f->name);
		json_text(j, "told_by", model_name(f->by));
		if (f->nonblocking < 0)
			json_null(j, "nonblocking");
		else
			json_bool(j, "nonblocking", f->nonblocking);
		json_number(j, "opened_line", f->opened);
		json_number(j, "closed_line", f->closed);
		json_bool(j, "left_open", f->left_open);
		json_number(j, "accepts", f->accepts);
		json_number(j, "reads", f->reads);
		json_number(j, "bytes_in", f->bytes_in);
		json_number(j, "writes", f->writes);
		json_number(j, "bytes_out", f->bytes_out);
		json_number(j, "again", f->again_in);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "descriptor_kinds", '{');
	for (int k = 0; k < FILE_KINDS; k++)
		if (r->kinds[k])
			json_number(j, file_kind_name(k), r->kinds[k]);
	json_close(j, '}');
}

static void calls_member(struct json *j, const struct reader *r)
{
	unsigned n;
	struct tally **t = reader_tallies(r, &n);

	json_open(j, "calls", '[');
	for (unsigned i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", t[i]->name);
		json_number(j, "calls", t[i]->calls);
		json_number(j, "errors", t[i]->errors);
		json_number(j, "restarts", t[i]->restarts);
		json_number(j, "bytes", t[i]->bytes);
		json_number(j, "ns", t[i]->ns);
		json_number(j, "longest_ns", t[i]->longest_ns);
		json_number(j, "longest_line", t[i]->longest_line);
		json_close(j, '}');
	}
	json_close(j, ']');
	free(t);
}

static void places_member(struct json *j, const char *name,
			  const struct place *p, unsigned n, int waits)
{
	json_open(j, name, '[');
	for (unsigned i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "who", who_name(p[i].who));
		json_text(j, "call", p[i].call);
		json_bool(j, "after_call", p[i].outside == AFTER_CALL);
		json_bool(j, "page_fault", p[i].outside == IN_FAULT);
		json_number(j, "times", p[i].times);
		if (waits) {
			json_number(j, "for_messages", p[i].messages);
			json_number(j, "ns", p[i].ns);
			json_number(j, "longest_ns", p[i].longest_ns);
		} else {
			json_number(j, "bytes", p[i].bytes);
		}
		json_number(j, "line", p[i].line);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void ways_members(struct json *j, const unsigned long *way)
{
	json_number(j, "inline", way[WAY_INLINE]);
	json_number(j, "poll_armed", way[WAY_POLLED]);
	json_number(j, "worker", way[WAY_WORKER]);
	json_number(j, "later", way[WAY_LATER]);
}

static void ring_member(struct json *j, const struct witness_ring *r)
{
	json_open(j, NULL, '{');
	json_number(j, "fd", r->fd);
	json_number(j, "pid", r->pid);
	json_number(j, "flags", r->flags);
	json_number(j, "requests", r->requests);
	json_number(j, "completions", r->completions);
	json_number(j, "failed", r->failed);
	json_number(j, "multishot", r->more);
	json_number(j, "by_poller", r->by_poller);
	ways_members(j, r->way);
	json_number(j, "overflows", r->overflows);
	json_number(j, "messages", r->messages);
	json_number(j, "bytes_in", r->bytes_in);
	json_number(j, "accepts", r->accepts);
	json_number(j, "ends", r->ends);
	json_number(j, "sends", r->sends);
	json_number(j, "bytes_out", r->bytes_out);
	json_number(j, "reads", r->reads);
	json_number(j, "bytes_read", r->read_bytes);
	json_number(j, "writes", r->writes);
	json_number(j, "bytes_written", r->written_bytes);
	json_open(j, "ops", '[');
	for (unsigned op = 0; op < OPS; op++) {
		const struct op_tally *t = &r->op[op];

		if (!t->requests && !t->completions)
			continue;
		json_open(j, NULL, '{');
		json_text(j, "op", t->name);
		json_number(j, "opcode", op);
		json_number(j, "requests", t->requests);
		json_number(j, "completions", t->completions);
		json_number(j, "failed", t->failed);
		json_number(j, "forced_async", t->forced);
		ways_members(j, t->way);
		json_number(j, "bytes", t->bytes);
		if (t->timed) {
			json_number(j, "latency_p50_ns", latency_at(t, 50));
			json_number(j, "latency_p99_ns", latency_at(t, 99));
		}
		json_close(j, '}');
	}
	json_close(j, ']');
	json_number(j, "in_flight_at_end", r->cut.n);
	json_number(j, "oldest_in_flight_ns", r->cut_ns);
	json_close(j, '}');
}

static void slept_member(struct json *j, const struct merge *m,
			 const struct slept *s)
{
	const char *path = manifest_path(&m->manifest, s->fault.device,
					 s->fault.inode);
	char text[400];

	json_open(j, NULL, '{');
	json_text(j, "who", who_name(s->who));
	json_text(j, "call", s->call);
	json_number(j, "pid", s->pid);
	json_text(j, "reason", reason_id(s->reason));
	json_text(j, "why", slept_why(s, &m->manifest, text, sizeof(text)));
	json_text(j, "stack", s->top);
	if (path)
		json_text(j, "file", path);
	else
		json_null(j, "file");
	json_number(j, "times", s->times);
	json_number(j, "ns", s->ns);
	json_number(j, "longest_ns", s->longest_ns);
	json_number(j, "line", s->line);
	json_open(j, "woken_by", '[');
	for (unsigned i = 0; i < s->n_wakers; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", s->waker[i].name);
		json_number(j, "times", s->waker[i].times);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void kernel_member(struct json *j, const struct reader *r)
{
	const struct merge *m = r->merge;
	const struct witness *w = m ? &m->witness : NULL;
	char text[400];

	if (!m) {
		json_text(j, "phases", "inferred");
		json_text(j, "phases_why", *r->no_kernel ? r->no_kernel :
			  "the log has no kernel events");
		json_null(j, "kernel");
		return;
	}
	json_text(j, "phases", merge_verdict(m, text, sizeof(text)));
	json_text(j, "phases_why", text);
	json_open(j, "kernel", '{');
	json_number(j, "lines", m->lines);
	json_number(j, "unread", m->bad);
	json_number(j, "unknown_events", w->unknown);
	json_number(j, "out_of_order", m->disordered);
	if (m->manifest.there)
		json_number(j, "lost", m->manifest.lost);
	else
		json_null(j, "lost");
	json_bool(j, "aligned", m->manifest.proved);
	json_number(j, "calls", m->calls);
	json_number(j, "exact_calls", m->exact);
	json_text(j, "waits", witness_waits(w, text, sizeof(text)));
	json_text(j, "copies", witness_copies(w, text, sizeof(text)));
	places_member(j, "slept", w->waits, w->n_waits, 1);
	json_open(j, "sleeps", '[');
	for (unsigned i = 0; i < w->n_slept; i++)
		slept_member(j, m, &w->slept[i]);
	json_close(j, ']');
	places_member(j, "copied", w->copies, w->n_copies, 0);
	places_member(j, "cached", w->pages, w->n_pages, 0);
	json_open(j, "rings", '[');
	for (unsigned i = 0; i < w->n_rings; i++)
		ring_member(j, w->ring_list[i]);
	json_close(j, ']');
	json_number(j, "signals_lost", w->signals_lost);
	json_close(j, '}');
}

void report_json(FILE *out, const struct reader *r,
		 const struct callsites *sites)
{
	struct json j = { .out = out, .first = 1 };
	const char *sentence[MISSING_MAX];
	unsigned missing;

	json_open(&j, NULL, '{');
	json_text(&j, "format", "iomodels-explain");
	json_number(&j, "version", 3);
	verdict_member(&j, r);
	log_member(&j, r);
	accounts_member(&j, r);
	end_member(&j, r);
	totals_member(&j, r);
	kernel_member(&j, r);
	json_open(&j, "groups", '[');
	for (const struct group *g = r->models.groups; g; g = g->next)
		group_member(&j, g);
	json_close(&j, ']');
	json_open(&j, "findings", '[');
	for (const struct finding *d = r->findings.first; d; d = d->next)
		finding_member(&j, r, d, sites);
	json_close(&j, ']');
	files_member(&j, r);
	calls_member(&j, r);
	missing = reader_missing(r, sentence);
	json_open(&j, "missing", '[');
	for (unsigned i = 0; i < missing; i++)
		json_text(&j, NULL, sentence[i]);
	json_close(&j, ']');
	json_open(&j, "unread", '[');
	for (unsigned i = 0; i < r->n_unknown; i++) {
		json_open(&j, NULL, '{');
		json_number(&j, "line", r->unknown[i].line);
		json_text(&j, "text", r->unknown[i].text);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', out);
}
