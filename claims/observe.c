/* SPDX-License-Identifier: MIT */
/*
 * observe.c - run a program while it is recorded; what log/ reads in the record
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../log/witness.h"
#include "kernel.h"
#include "observe.h"
#include "strace.h"
#include "watch.h"

/* ---- without strace ---- */

enum { FILE_BYTES = 4 << 20, BEFORE_NS = 100000 };

/* What happened from 100 us before the message on, as in kernel.log. */
static void keep_events(void *context, const struct sight *s)
{
	struct phases *p = context;
	const struct tracepoint *at = s->point;

	if (s->kind == SIGHT_LINE && at->ns + BEFORE_NS >= p->from_ns &&
	    at->ns <= p->to_ns)
		text_add(&p->events, "%.*s\n", (int)at->text.len, at->text.at);
}

/* Between two times, or when to_ns is 0 in all of the run. */
static void decide(struct phases *p, const struct watched *w)
{
	char *log = kernel_log(w->kernel);
	struct witness seen;

	witness_start(&seen, w->main_pid);
	seen.from_ns = p->from_ns;
	seen.to_ns = p->to_ns;
	seen.only_calls = 1;		/* the program's own pages may be cold */
	seen.see = keep_events;
	seen.context = p;
	witness_read(&seen, log);
	witness_waits(&seen, p->waits, sizeof(p->waits));
	witness_copies(&seen, p->copies, sizeof(p->copies));
	p->lost = w->lost;
	witness_free(&seen);
	free(log);
}

void phases_free(struct phases *p)
{
	free(p->events.at);
	p->events = (struct text){ 0 };
}

int phases_run(struct phases *p, const struct program *program, char why[256])
{
	struct watched w;
	int ret = watch_server(&w, program, scenario_find("two"), why);

	*p = (struct phases){ 0 };
	if (!ret && w.step_count < 3) {
		snprintf(why, 256, "the scenario made no steps");
		ret = 1;
	}
	if (!ret) {
		p->from_ns = w.steps[1];
		p->to_ns = w.steps[2];
		decide(p, &w);
	}
	watch_free(&w);
	return ret;
}

int phases_run_file(struct phases *p, const struct program *program, int direct,
		    char why[256])
{
	char *options[] = { "--depth", "8", "--random",
			    direct ? "--direct" : NULL, NULL };
	struct watched w;
	int ret = watch_file_job(&w, program, FILE_BYTES, options, why);

	*p = (struct phases){ 0 };
	if (!ret && strstr(kernel_missing(w.kernel), "mm_filemap_get_pages")) {
		snprintf(why, 256, "this kernel has no event "
			 "filemap:mm_filemap_get_pages, which shows who copies");
		ret = -1;
	}
	if (!ret)
		decide(p, &w);
	watch_free(&w);
	return ret;
}

/* ---- under strace ---- */

static int run(struct trace *t, const struct program *p,
	       const struct scenario *c, int frames, char why[256])
{
	struct straced s;
	int ret = strace_run(&s, p, c, frames, why);

	*t = (struct trace){ .program = p, .scenario = c,
			     .step_count = s.step_count };
	snprintf(t->command, sizeof(t->command), "build/%s/%s", p->dir,
		 p->name);
	memcpy(t->steps, s.steps, sizeof(t->steps));
	if (s.log && trace_read_log(t, s.log) && !ret) {
		snprintf(why, 256, "%s: strace wrote nothing", p->name);
		ret = -1;
	}
	strace_free(&s);
	return ret;
}

int trace_run(struct trace *t, const struct program *p,
	      const struct scenario *c, char why[256])
{
	return run(t, p, c, 0, why);
}

int trace_run_frames(struct trace *t, const struct program *p,
		     const struct scenario *c, char why[256])
{
	int ret = run(t, p, c, 1, why);

	/* strace 6.13 gives up when a thread ends while it reads its stack. */
	if (ret && strstr(why, "libunwind")) {
		trace_free(t);
		ret = run(t, p, c, 0, why);
	}
	return ret;
}

void trace_format(const struct trace *t, struct text *out)
{
	strace_head(t->program, t->scenario, out);
	text_add(out, "%s", t->log.at);
}
