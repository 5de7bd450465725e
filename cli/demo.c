/* SPDX-License-Identifier: MIT */
/*
 * demo.c - iomodels demo: every model under strace, then one table
 *
 * The table is counted from the captures just made; nothing in it is typed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "kernel.h"
#include "observe.h"
#include "progress.h"
#include "strace.h"

enum { MODELS = 64 };

static struct done {
	const struct program *program;
	struct trace_cost row;
	struct phases phases;
	char why[256];			/* why there is no row */
} done[MODELS];
static int done_count;
static char no_kernel[256];		/* why the kernel's side is left out */
static const char *no_strace;		/* why strace's is */

static int bold;			/* stdout is a terminal */

static void title(const char *text)
{
	printf(bold ? "\033[1m%s\033[0m\n" : "%s\n", text);
}

/* The capture, without the set-up that all servers share. */
static void show(const struct trace *t)
{
	const char *line = t->log.at, *announced = strstr(line, ": serving ");

	if (announced)
		line = strchr(announced, '\n') + 1;
	while (*line) {
		int n = strcspn(line, "\n"), cut = n > 110 ? 107 : n;

		printf("  %.*s%s\n", cut, line, cut < n ? "..." : "");
		line += n + (line[n] == '\n');
	}
}

static void play(const struct program *p, const struct scenario *c, int quiet,
		 struct progress *progress)
{
	struct done *d = &done[done_count++];
	struct trace t;
	char *path;

	d->program = p;
	path = program_path(p);
	if (!path) {
		snprintf(d->why, sizeof(d->why), "not built");
		return;
	}
	free(path);
	if (!quiet && !no_strace) {
		printf("\n");
		title(p->name);
		printf("%s; %s/%s.c\n", p->about, p->dir, p->name);
		fflush(stdout);
	}
	progress_show(progress, p->name);	/* below the title */
	if (no_strace) {
		d->row.calls = d->row.threads = -1;
	} else if (trace_run(&t, p, c, d->why)) {
		progress_clear(progress);
		printf("  %s\n", d->why);
		trace_free(&t);
	} else {
		progress_clear(progress);
		if (!quiet)
			show(&t);
		if (trace_row(&t, &d->row))
			snprintf(d->why, sizeof(d->why),
				 "the capture shows no message");
		trace_free(&t);
	}
	/* Once more without strace, for the kernel's own events. */
	if (!*d->why && !*no_kernel &&
	    phases_run(&d->phases, p, no_kernel))
		memset(&d->phases, 0, sizeof(d->phases));
	phases_free(&d->phases);
}

/* The file jobs: no client and no strace, the kernel's side alone. */
static void file_jobs(int quiet, const char *const *names)
{
	if (!quiet) {
		printf("\n");
		title("file job           who waits                          who "
		      "copies");
	} else {
		printf("\n| file job | | who waits, in which call | who copies, "
		       "in which call |\n|---|---|---|---|\n");
	}
	for (const struct program *p = programs; p->name; p++) {
		char why[256], *path = program_path(p);

		if (!path || !(p->flags & FILES) || !is_named(names, p)) {
			free(path);
			continue;
		}
		free(path);
		for (int direct = 0; direct < 2; direct++) {
			const char *how = direct ? "O_DIRECT" : "buffered";
			struct phases f;

			if (phases_run_file(&f, p, direct, why))
				fprintf(quiet ? stderr : stdout, "%s %s: %s\n",
					p->name, how, why);
			else if (quiet)
				printf("| [%s](../%s/%s.c) | [%s](../traces/%s.%s."
				       "x86_64.strace) | %s | %s |\n", p->name,
				       p->dir, p->name, how, p->name,
				       direct ? "direct" : how, f.waits,
				       f.copies);
			else
				printf("%-17s  %-33s  %s\n", direct ?
				       "  O_DIRECT" : p->name, f.waits,
				       f.copies);
			phases_free(&f);
		}
	}
	if (!quiet)
		printf("\nEach job read a file that was not in the page cache.\n"
		       "waits: the call in which its threads slept longest.\n"
		       "copies: the thread that took the pages from the page "
		       "cache.\n");
}

/* As the table of docs/who-waits.md: --markdown. */
static void markdown(void)
{
	printf("| model | calls | threads | who waits, in which call | who "
	       "copies, in which call |\n|---|---|---|---|---|\n");
	for (int i = 0; i < done_count; i++) {
		const struct done *d = &done[i];

		if (!*d->why)
			printf("| [%s](../%s/%s.c) | [%d](../traces/%s.two."
			       "x86_64.strace) | %d | %s | %s |\n", d->program->name,
			       d->program->dir, d->program->name, d->row.calls,
			       d->program->name, d->row.threads,
			       d->phases.waits, d->phases.copies);
	}
}

static const char *or_unseen(const char *text)
{
	return *text ? text : "(not seen)";
}

/* -1: strace would have counted it. */
static const char *number(int n, char text[12])
{
	snprintf(text, 12, n < 0 ? "-" : "%d", n);
	return text;
}

static void table(void)
{
	int exact = !*no_kernel;

	printf("\n");
	title("model                     calls  threads  "
	      "who waits, in which call                "
	      "who copies, in which call");
	for (int i = 0; i < done_count; i++) {
		const struct done *d = &done[i];
		char calls[12], threads[12];

		if (*d->why)
			printf("%-24s  %s\n", d->program->name, d->why);
		else
			printf("%-24s  %5s  %7s  %-38s  %s\n",
			       d->program->name, number(d->row.calls, calls),
			       number(d->row.threads, threads),
			       or_unseen(exact ? d->phases.waits : d->row.waits),
			       or_unseen(exact ? d->phases.copies
					       : d->row.copies));
	}
	printf("\ncalls: system calls for one message and its echo, counted by "
	       "strace.\nwaits: the thread that slept before the message came "
	       "and woke before its echo\nwas back.\n");
	if (exact)
		printf("waits and copies are exact: they come from the "
		       "kernel's events sched_switch and\n"
		       "skb_copy_datagram_iovec, recorded in a second run "
		       "without strace.\n");
	else
		printf("waits and copies are inferred from strace, which sees "
		       "nothing of what io_uring\ndoes in the kernel.\n%s\n",
		       no_kernel);
}

struct options {
	int quiet;
	struct names names;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	if (key == 'm')
		o->quiet = 1;
	else if (key == ARGP_KEY_ARG)
		name_arg(state, &o->names, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int is_shown(const struct options *o, const struct program *p,
		    const struct scenario *two)
{
	return is_named(o->names.at, p) && !(p->flags & (FILES | two->unfit));
}

/* How many file jobs are named and built. */
static int count_jobs(const char *const *names)
{
	int n = 0;

	for (const struct program *p = programs; p->name; p++) {
		char *path = program_path(p);

		n += path && p->flags & FILES && is_named(names, p);
		free(path);
	}
	return n;
}

static int demo(void *arg)
{
	const struct scenario *two = scenario_find("two");
	const struct options *o = arg;
	const int quiet = o->quiet, jobs = count_jobs(o->names.at);
	struct progress progress = { 0 };
	struct kernel *k = NULL;

	bold = isatty(1);
	no_strace = trace_missing();
	if (no_strace && (quiet || !(k = kernel_begin(no_kernel)))) {
		fprintf(stderr, "iomodels demo: nothing can be shown: %s\n",
			no_strace);
		return 1;
	}
	kernel_free(k);
	for (const struct program *p = programs; p->name; p++)
		progress.all += is_shown(o, p, two);
	if (no_strace)
		printf("The system calls are left out: %s\n", no_strace);
	else if (!quiet && progress.all)
		printf("Each server runs under strace. A client sends two "
		       "messages to it, with a pause\nbetween, and the server "
		       "echoes each. Below are the server's system calls after\n"
		       "its set-up, one per line; the number is that of the "
		       "thread.\n");
	for (const struct program *p = programs; p->name; p++) {
		if (is_shown(o, p, two) && done_count < MODELS) {
			play(p, two, quiet, &progress);
			progress.done++;
		}
		if (ferror(stdout))		/* nobody reads it: main says so */
			return 1;
	}
	progress_clear(&progress);
	if (!progress.all && *no_kernel) {
		fprintf(stderr, "iomodels demo: nothing can be shown: %s\n",
			no_kernel);
		return 1;
	}
	if (quiet && progress.all)
		markdown();
	else if (progress.all)
		table();
	if (!*no_kernel && jobs)
		file_jobs(quiet, o->names.at);
	return 0;
}

int demo_main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "markdown", 'm', NULL, 0, "Only the table, as Markdown (docs/who-waits.md)",
		  0 },
		{ 0 }
	};
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.args_doc = "[MODEL...]",
		.doc = "Run each MODEL (default: all) under strace while a "
		       "client sends it two messages, show its system calls, "
		       "then one table of all.",
	};
	struct options o = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	return in_a_child(demo, &o);
}
