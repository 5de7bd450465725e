/* SPDX-License-Identifier: MIT */
/*
 * phases_run.c - run a program under tracefs, and see who waited and copied
 */
#include <stdlib.h>
#include <string.h>
#include "kernel_phases.h"
#include "watch.h"

enum { FILE_BYTES = 4 << 20 };

/* What happened from 100 us before the message on, as in kernel.log. */
static void keep_events(struct phases *p, const struct kernel *k, uint64_t from,
			uint64_t to)
{
	long n;
	const struct kernel_event *e = kernel_events(k, &n);
	FILE *f = open_memstream(&p->events.at, &p->events.len);

	for (long i = 0; f && i < n; i++)
		if (e[i].ns + 100000 >= from && e[i].ns <= to)
			kernel_print(k, &e[i], f);
	if (f)
		fclose(f);
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

	if (!ret && w.step_count < 3) {
		snprintf(why, 256, "the scenario made no steps");
		ret = 1;
	}
	if (!ret) {
		phases_between(p, w.events, w.n, w.steps[1], w.steps[2],
			       w.main_pid);
		p->lost = w.lost;
		keep_events(p, w.kernel, w.steps[1], w.steps[2]);
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

	memset(p, 0, sizeof(*p));
	if (!ret) {
		phases_of_file(p, w.events, w.n, w.inode, w.main_pid);
		p->lost = w.lost;
	}
	watch_free(&w);
	return ret;
}
