/* SPDX-License-Identifier: MIT */
/* report_html.c - page.html with the log's data in it: one file, no network */
#include <stdlib.h>
#include "json.h"
#include "report.h"
#include "verdict.h"

/* page.html as it is; the Makefile says that this file depends on it. */
__asm__(".section .rodata\n"
	"page_start:\n"
	".incbin \"log/page.html\"\n"
	"page_end:\n"
	".byte 0\n"
	".previous\n");
/* Hidden: no entry of the GOT, which lld would misalign on aarch64. */
#define HERE(name) __asm__(name) __attribute__((visibility("hidden")))
extern const char page_start[] HERE("page_start"), page_end[] HERE("page_end");

static void rows_member(struct json *j, const struct scene *s)
{
	long long base = s->n ? s->rows[0].start_ns : 0;

	json_open(j, "rows", '[');
	for (unsigned i = 0; i < s->n; i++) {
		const struct scene_row *row = &s->rows[i];

		fputc('\n', j->out);
		json_open(j, NULL, '[');
		json_number(j, NULL, row->pid);
		json_number(j, NULL, row->start_ns - base);
		json_number(j, NULL, row->end_ns - base);
		json_number(j, NULL, row->is_signal ? PHASE_SIGNAL
						    : (long)row->phase);
		json_number(j, NULL, row->line);
		json_number(j, NULL, row->last);
		json_text(j, NULL, row->name);
		json_text(j, NULL, row->note);
		json_number(j, NULL, row->fd);
		json_number(j, NULL, row->from);
		json_number(j, NULL, row->exact);
		json_text(j, NULL, row->file);
		json_text(j, NULL, row_source(s, row) ?: "");
		json_close(j, ']');
	}
	json_close(j, ']');
}

/* [thread, from, to, kind, bytes, line of kernel.log, name] */
static void marks_member(struct json *j, const struct scene *s, long long base)
{
	json_open(j, "marks", '[');
	for (unsigned i = 0; i < s->n_marks; i++) {
		const struct scene_mark *m = &s->marks[i];

		fputc('\n', j->out);
		json_open(j, NULL, '[');
		json_number(j, NULL, m->pid);
		json_number(j, NULL, m->start_ns - base);
		json_number(j, NULL, m->end_ns - base);
		json_number(j, NULL, m->kind);
		json_number(j, NULL, m->bytes);
		json_number(j, NULL, m->line);
		json_text(j, NULL, m->name);
		json_close(j, ']');
	}
	json_close(j, ']');
}

/*
 * [ring, operation, from, to, result, way, is it done, line of kernel.log,
 * [stage, at, result, ...]]; a stage is 0 armed, 1 ready, 2 completed.
 */
static void requests_member(struct json *j, const struct scene *s,
			    long long base)
{
	unsigned *first = need(calloc(s->n_requests + 1, sizeof(*first)));
	unsigned *next = need(calloc(s->n_stages + 1, sizeof(*next)));

	for (unsigned i = s->n_stages; i--; ) {
		next[i] = first[s->stages[i].request];
		first[s->stages[i].request] = i + 1;
	}
	json_open(j, "requests", '[');
	for (unsigned i = 0; i < s->n_requests; i++) {
		const struct scene_request *q = &s->requests[i];

		fputc('\n', j->out);
		json_open(j, NULL, '[');
		json_number(j, NULL, q->ring);
		json_text(j, NULL, q->op);
		json_number(j, NULL, q->start_ns - base);
		json_number(j, NULL, q->end_ns - base);
		json_number(j, NULL, q->res);
		json_text(j, NULL, q->way ? q->way : "");
		json_number(j, NULL, q->done);
		json_number(j, NULL, q->line);
		json_open(j, NULL, '[');
		for (unsigned k = first[i]; k; k = next[k - 1]) {
			const struct scene_stage *t = &s->stages[k - 1];

			json_number(j, NULL, t->kind == SIGHT_ARMED ? 0 :
				    t->kind == SIGHT_READY ? 1 : 2);
			json_number(j, NULL, t->ns - base);
			json_number(j, NULL, t->res);
		}
		json_close(j, ']');
		json_close(j, ']');
	}
	json_close(j, ']');
	free(first);
	free(next);
}

static void lines_member(struct json *j, const struct scene *s)
{
	const char *p = s->text, *end = p ? p + s->text_len : p;

	json_open(j, "lines", '[');
	while (p < end) {
		const char *stop = memchr(p, '\n', end - p);

		fputc('\n', j->out);
		json_slice(j, NULL, p, stop - p);
		p = stop + 1;
	}
	json_close(j, ']');
}

static void summary_members(struct json *j, const struct reader *r)
{
	char verdict[1024], tasks[160];
	unsigned long messages;
	double cost = reader_cost(r, &messages);

	reader_verdict(r, verdict, sizeof(verdict));
	json_text(j, "verdict", verdict);
	json_real(j, "cost", cost > 0 ? cost : 0);
	json_number(j, "messages", messages);

	json_open(j, "groups", '[');
	for (const struct group *g = r->models.groups; g; g = g->next) {
		json_open(j, NULL, '{');
		json_text(j, "verdict", group_verdict(g, verdict,
						      sizeof(verdict)));
		json_text(j, "tasks", group_tasks(g, tasks, sizeof(tasks)));
		json_number(j, "messages", g->served.messages);
		json_number(j, "serving", g->served.calls);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "findings", '[');
	for (const struct finding *d = r->findings.first; d; d = d->next) {
		char title[240], rest[80];

		json_open(j, NULL, '{');
		json_text(j, "severity",
			  severity_name(d->about->severity));
		json_text(j, "title", finding_title(d, title, sizeof(title)));
		json_text(j, "says", d->says);
		json_text(j, "advice", d->about->remedy);
		json_text(j, "rest", finding_rest(d, rest, sizeof(rest)));
		json_open(j, "lines", '[');
		for (unsigned i = 0; i < d->n_lines && !d->of_kernel; i++)
			json_number(j, NULL, d->line[i]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void kernel_members(struct json *j, const struct reader *r)
{
	char text[400];

	if (!r->merge) {
		json_text(j, "phases", "inferred");
		json_text(j, "why", *r->no_kernel ? r->no_kernel :
			  "the log has no kernel events");
		return;
	}
	json_text(j, "phases", merge_verdict(r->merge, text, sizeof(text)));
	json_text(j, "why", text);
	json_text(j, "waits", witness_waits(&r->merge->witness, text,
					    sizeof(text)));
	json_text(j, "copies", witness_copies(&r->merge->witness, text,
					      sizeof(text)));
}

static void data(FILE *out, const struct reader *r, const struct scene *s)
{
	struct json j = { .out = out, .first = 1, .compact = 1 };

	json_open(&j, NULL, '{');
	json_text(&j, "path", r->path);
	json_bool(&j, "times", s->has_times);
	json_bool(&j, "cut", s->cut || s->text_lines < r->joiner.lines);
	json_number(&j, "calls", r->calls);
	json_open(&j, "tasks", '[');
	for (unsigned i = 0; i < s->n_tasks; i++) {
		json_open(&j, NULL, '{');
		json_number(&j, "pid", s->tasks[i].pid);
		json_number(&j, "process", s->tasks[i].process);
		json_text(&j, "name", s->tasks[i].name);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	summary_members(&j, r);
	kernel_members(&j, r);
	rows_member(&j, s);
	marks_member(&j, s, s->n ? s->rows[0].start_ns : 0);
	requests_member(&j, s, s->n ? s->rows[0].start_ns : 0);
	lines_member(&j, s);
	json_close(&j, '}');
}

void report_html(FILE *out, const struct reader *r, struct scene *s)
{
	static const char mark[] = "@DATA@";
	size_t len = page_end - page_start;
	const char *at = memmem(page_start, len, mark, sizeof(mark) - 1);

	scene_settle(s);
	fwrite(page_start, 1, at - page_start, out);
	data(out, r, s);
	at += sizeof(mark) - 1;
	fwrite(at, 1, page_end - at, out);
}
