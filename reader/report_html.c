/* SPDX-License-Identifier: MIT */
/* report_html.c - page.html with the log's data in it: one file, no network */
#include "json.h"
#include "report.h"

/* page.html as it is; the Makefile says that this file depends on it. */
__asm__(".section .rodata\n"
	"page_start:\n"
	".incbin \"reader/page.html\"\n"
	"page_end:\n"
	".byte 0\n"
	".previous\n");
extern const char page_start[] __asm__("page_start"), page_end[] __asm__("page_end");

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
		json_close(j, ']');
	}
	json_close(j, ']');
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
	char verdict[160], tasks[160];

	json_open(j, "groups", '[');
	for (const struct group *g = r->models.groups; g; g = g->next) {
		json_open(j, NULL, '{');
		json_text(j, "verdict", group_verdict(g, verdict,
						      sizeof(verdict)));
		json_text(j, "tasks", group_tasks(g, tasks, sizeof(tasks)));
		json_number(j, "messages", g->sum.messages);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "findings", '[');
	for (const struct finding *d = r->findings.first; d; d = d->next) {
		json_open(j, NULL, '{');
		json_text(j, "severity",
			  severity_name(finding_severity(d->kind)));
		json_text(j, "title", finding_title(d->kind));
		json_text(j, "advice", finding_advice(d->kind));
		json_number(j, "count", d->count);
		json_open(j, "lines", '[');
		for (unsigned i = 0; i < d->n_lines && !d->of_kernel; i++)
			json_number(j, NULL, d->line[i]);
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
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
	rows_member(&j, s);
	lines_member(&j, s);
	json_close(&j, '}');
}

void report_html(FILE *out, const struct reader *r, struct scene *s)
{
	static const char mark[] = "\"DATA\"";
	size_t len = page_end - page_start;
	const char *at = memmem(page_start, len, mark, sizeof(mark) - 1);

	scene_settle(s);
	fwrite(page_start, 1, at - page_start, out);
	data(out, r, s);
	at += sizeof(mark) - 1;
	fwrite(at, 1, page_end - at, out);
}
