/* SPDX-License-Identifier: MIT */
/*
 * ktrace.c - the kernel's side of a committed capture: made, read, compared
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "draw.h"
#include "ktrace.h"
#include "strace.h"
#include "watch.h"

/* ---- run ---- */

int ktrace_is_wanted(const struct scenario *c)
{
	return strcmp(c->name, "one") != 0;
}

int ktrace_run(struct ktrace *t, const struct program *p,
	       const struct scenario *c, char why[256])
{
	char *options[] = { "--depth", "4",
			    c == &reads_direct ? "--direct" : NULL, NULL };
	struct watched w;
	int ret;

	*t = (struct ktrace){ .program = p, .scenario = c };
	text_add(&t->log, "%s", "");
	ret = p->flags & FILES ? watch_file_job(&w, p, 6 * 4096, options, why)
			       : watch_server(&w, p, c, why);
	if (!ret && w.lost) {
		snprintf(why, 256, "%s: the kernel lost %ld events", p->name,
			 w.lost);
		ret = -1;
	}
	if (!ret)
		draw_watched(&w, !!(p->flags & FILES), &t->log);
	watch_free(&w);
	return ret;
}

void ktrace_free(struct ktrace *t)
{
	free(t->log.at);
	memset(t, 0, sizeof(*t));
}

/* ---- the files in traces/ ---- */

void ktrace_format(const struct ktrace *t, struct text *out)
{
	struct utsname u;

	uname(&u);
	text_add(out, "# %s: %s\n", t->program->name, t->program->about);
	text_add(out, "# scenario %s: %s; service %s\n", t->scenario->name,
		 t->scenario->about, t->scenario->service);
	if (t->program->flags & FILES)
		text_add(out, "# build/%s/%s FILE --depth 4%s, without strace\n",
			 t->program->dir, t->program->name,
			 t->scenario == &reads_direct ? " --direct" : "");
	else
		text_add(out, "# build/%s/%s --service %s, without strace\n",
			 t->program->dir, t->program->name,
			 t->scenario->service);
	text_add(out, "# Linux %s, %s; who ran, the tracepoint, what it tells\n",
		 u.release, u.machine);
	text_add(out, "%s", t->log.at);
}
