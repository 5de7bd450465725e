/* SPDX-License-Identifier: MIT */
/*
 * observe.c - run a program while it is recorded; what log/ reads in the record
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../log/witness.h"
#include "observe.h"
#include "watch.h"

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
	char *log = watch_log(w);
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
	if (!ret)
		decide(p, &w);
	watch_free(&w);
	return ret;
}
