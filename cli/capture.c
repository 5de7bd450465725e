/* SPDX-License-Identifier: MIT */
/*
 * capture.c - iomodels capture: one capture to stdout, or all into traces/
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "cli.h"
#include "trace.h"

struct options {
	const char *model, *scenario, *dir;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 't':
		o->dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			o->model = arg;
		else if (state->arg_num == 1)
			o->scenario = arg;
		else
			argp_error(state, "%s: a model and a scenario, no more",
				   arg);
		return 0;
	case ARGP_KEY_END:
		if (!o->model && !o->dir)
			argp_error(state, "which model? (iomodels list)");
		if (o->model && o->dir)
			argp_error(state, "--traces captures them all; leave "
				   "out %s", o->model);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int one(const struct options *o)
{
	const struct program *p = program_find(o->model);
	const struct scenario *c = scenario_find(o->scenario);
	struct text text = { 0 };
	struct trace t;
	char why[256];

	if (!p) {
		const char *near = nearest_program(o->model);

		fprintf(stderr, "iomodels capture: %s: no such model%s%s%s "
			"(iomodels list)\n", o->model, near ? "; " : "",
			near ? near : "", near ? "?" : "");
		return 2;
	}
	if (p->flags & FILES)
		c = strcmp(o->scenario, "direct") ? &reads_buffered
						  : &reads_direct;
	if (!c) {
		fprintf(stderr, "iomodels capture: %s: no such scenario; "
			"there are:", o->scenario);
		for (c = scenarios; c->name; c++)
			fprintf(stderr, " %s", c->name);
		fprintf(stderr, "\n");
		return 2;
	}
	if (p->flags & c->unfit) {
		fprintf(stderr, "iomodels capture: %s cannot serve %s by its "
			"nature (%s)\n", p->name, c->name, p->about);
		return 1;
	}
	if (trace_run(&t, p, c, why)) {
		fprintf(stderr, "iomodels capture: %s\n", why);
		trace_free(&t);
		return 1;
	}
	trace_format(&t, &text);
	fwrite(text.at, 1, text.len, stdout);
	free(text.at);
	trace_free(&t);
	return 0;
}

/* Write the file anew, but only if its sequence of calls has changed. */
static int keep(const struct trace *t, const char *dir)
{
	struct text now = { 0 }, then = { 0 }, text = { 0 };
	struct trace old;
	char path[256], why[256];
	int same = 0;
	FILE *f;

	trace_path(t, dir, path);
	trace_sequence(t, NULL, &now);
	if (!trace_read(&old, path, why)) {
		trace_sequence(&old, NULL, &then);
		same = !strcmp(now.at, then.at);
	}
	trace_free(&old);
	free(now.at);
	free(then.at);
	if (same) {
		printf("  %-50s as it was\n", path);
		return 0;
	}
	trace_format(t, &text);
	mkdir(dir, 0777);			/* a fresh clone may lack it */
	f = fopen(path, "we");
	if (!f || fwrite(text.at, 1, text.len, f) != text.len || fclose(f)) {
		fprintf(stderr, "iomodels capture: %s: %s\n", path,
			strerror(errno));
		free(text.at);
		return 1;
	}
	printf("  %-50s written\n", path);
	free(text.at);
	return 0;
}

static int all(const char *dir)
{
	const struct scenario *played[3];
	char why[256];
	int status = 0;

	for (const struct program *p = programs; p->name; p++) {
		char *path = program_path(p);

		trace_scenarios(p, played);
		for (int i = 0; path && played[i]; i++) {
			struct trace t;

			if (trace_run(&t, p, played[i], why)) {
				fprintf(stderr, "iomodels capture: %s\n", why);
				status = 1;
			} else {
				status |= keep(&t, dir);
			}
			trace_free(&t);
		}
		free(path);
	}
	return status;
}

int capture_main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "traces", 't', "DIR", 0, "capture every model in the scenarios "
		  "one and two into DIR; a file whose sequence of calls is the "
		  "same stays as it is", 0 },
		{ 0 }
	};
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.args_doc = "MODEL [SCENARIO]\n--traces DIR",
		.doc = "Run a model under strace while the client of a scenario "
		       "(one unless you say) speaks to it, and print its "
		       "system calls.",
	};
	struct options o = { .scenario = "one" };
	const char *missing;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	missing = trace_missing();
	if (missing) {
		fprintf(stderr, "iomodels capture: %s\n", missing);
		return 1;
	}
	return o.dir ? all(o.dir) : one(&o);
}
