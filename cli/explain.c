/* SPDX-License-Identifier: MIT */
/*
 * explain.c - iomodels explain: a strace log in, its I/O models out
 */
#include <errno.h>
#include <error.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "../log/baseline.h"
#include "../log/report.h"
#include "../log/runs.h"
#include "../log/safe.h"

struct arguments {
	enum form { TEXT, JSON, LINES, DIFF, PERFETTO, HTML } form;
	int fd;
	char **paths;
	unsigned n;
	const char *fail_on;		/* "any" or ids with commas; NULL */
	const char *baseline;		/* an earlier report; NULL */
	const char *name;		/* of what was read; NULL: its path */
};

enum { KEY_FD = 1000, KEY_PERFETTO, KEY_HTML, KEY_FAIL_ON, KEY_BASELINE };

enum { EXIT_FOUND = 3 };

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "The report as JSON, for other programs to "
	  "read", 0 },
	{ "lines", 'l', NULL, 0, "Print the log itself, and under each line "
	  "whether the call waited or copied, the history of its descriptor, the "
	  "kernel's events and, in a log of strace -k, the line of source", 0 },
	{ "fd", KEY_FD, "N", 0, "Only the lines about descriptor N", 0 },
	{ "diff", 'd', NULL, 0, "Compare two logs: the calls per message of "
	  "each, and their sequences of calls side by side", 0 },
	{ "html", KEY_HTML, NULL, 0, "A page for a browser: timelines with "
	  "wait and copy, and the log beside them", 0 },
	{ "perfetto", KEY_PERFETTO, NULL, 0, "Chrome trace JSON, which "
	  "ui.perfetto.dev opens", 0 },
	{ "fail-on", KEY_FAIL_ON, "ID,...|any", 0, "Exit with 3 when the "
	  "report has one of these findings. any: every fault and every cost, "
	  "but no note. A wrong ID prints the list of IDs", 0 },
	{ "baseline", KEY_BASELINE, "FILE", 0, "Compare the findings with those "
	  "of an earlier report (--json); then --fail-on counts only new ones", 0 },
	{ 0 }
};

static void choose(struct argp_state *state, enum form form)
{
	struct arguments *a = state->input;

	if (a->form != TEXT && a->form != form)
		argp_error(state, "expected only one of --json, --lines, "
			   "--diff, --html and --perfetto");
	a->form = form;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	const char *wrong;

	switch (key) {
	case 'j':
		choose(state, JSON);
		return 0;
	case 'l':
		choose(state, LINES);
		return 0;
	case 'd':
		choose(state, DIFF);
		return 0;
	case KEY_HTML:
		choose(state, HTML);
		return 0;
	case KEY_PERFETTO:
		choose(state, PERFETTO);
		return 0;
	case KEY_FD:
		choose(state, LINES);
		a->fd = number_arg(state, "fd", arg, 0, 1 << 20);
		return 0;
	case KEY_FAIL_ON:
		wrong = finding_ids_check(arg);
		if (wrong)
			argp_error(state, "--fail-on: %s", wrong);
		a->fail_on = arg;
		return 0;
	case KEY_BASELINE:
		a->baseline = arg;
		return 0;
	case ARGP_KEY_ARGS:
		a->paths = state->argv + state->next;
		a->n = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (isatty(0))
			argp_error(state, "no log: name a FILE, or send one "
				   "to standard input");
		return 0;
	case ARGP_KEY_END:
		if (a->form == DIFF && a->n != 2)
			argp_error(state, "--diff: expected two logs, not %u",
				   a->n);
		if (a->form == DIFF && (a->fail_on || a->baseline))
			argp_error(state, "--diff reports no findings: leave "
				   "out --fail-on and --baseline");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int wants_colour(void)
{
	return isatty(1) && !getenv("NO_COLOR");
}

static void *zeroed(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		error(1, errno, "no memory");
	return memory;
}

/* What was read of a log that ends too early is shown all the same. */
static int finish(struct reader *r, int rc)
{
	char text[sizeof(r->error) * 2];

	if (!rc)
		return 0;
	fflush(stdout);
	error(0, 0, "%s", safe_text(r->error, text, sizeof(text)));
	return 1;
}

/* A folder is a capture: both of its logs are read. */
static int is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static int read_logs(struct reader *r, char *const *paths, unsigned n)
{
	if (n == 1 && is_folder(paths[0]))
		return reader_read_folder(r, paths[0]);
	return reader_read(r, paths, n);
}

static int explain_diff(const struct arguments *a)
{
	struct reader *r[2];
	struct sequence *s[2];
	int status = 0;

	for (int i = 0; i < 2; i++) {
		r[i] = zeroed(sizeof(*r[i]));
		s[i] = zeroed(sizeof(*s[i]));
		reader_start(r[i]);
		r[i]->watch = diff_watch;
		r[i]->see = diff_see;
		r[i]->watch_context = s[i];
		status |= finish(r[i], read_logs(r[i], a->paths + i, 1));
	}
	if (!status) {
		FILE *out = safe_stream(stdout, 0);

		report_diff(out, r[0], s[0], r[1], s[1]);
		fclose(out);
	}
	for (int i = 0; i < 2; i++) {
		reader_free(r[i]);
		free(r[i]);
		free(s[i]);
	}
	return status;
}

static void report(struct reader *r, const struct arguments *a, void *context,
		   const struct baseline *b)
{
	FILE *out;

	switch (a->form) {
	case JSON:
		report_json(stdout, r, context);
		break;
	case PERFETTO:
		report_perfetto(stdout, r, context);
		break;
	case HTML:
		report_html(stdout, r, context);
		break;
	case TEXT:
		out = safe_stream(stdout, wants_colour());
		report_text(out, r, wants_colour());
		if (a->baseline)
			report_baseline(out, b, r, a->baseline);
		fclose(out);
		break;
	default:
		break;
	}
}

/* "log" was asked for and log.4711, log.4712 are there. */
static void hint(const char *path)
{
	char *pattern;
	glob_t g;

	if (!access(path, F_OK) || asprintf(&pattern, "%s.[0-9]*", path) < 0)
		return;
	if (!glob(pattern, 0, NULL, &g)) {
		error(0, 0, "strace -ff wrote a file for each task: name them "
		      "all, %s", pattern);
		globfree(&g);
	}
	free(pattern);
}

/* "spin" in "busy-ask,spin"; any is everything but a note. */
static int is_named_in(const char *list, const struct about *about)
{
	size_t len = strlen(about->id);

	for (const char *p = list; p; p = strchr(p, ',') ?
	     strchr(p, ',') + 1 : NULL)
		if ((!strncmp(p, about->id, len) &&
		     (!p[len] || p[len] == ',')) ||
		    (!strncmp(p, "any", 3) && (!p[3] || p[3] == ',') &&
		     about->severity != SEVERITY_NOTE))
			return 1;
	return 0;
}

static int is_found(const struct reader *r, const struct arguments *a,
		    const struct baseline *b)
{
	for (const struct finding *d = r->findings.first; d; d = d->next)
		if (is_named_in(a->fail_on, d->about) &&
		    !(a->baseline && baseline_count(b, d->about->id)))
			return 1;
	return 0;
}

static void see_line(void *context, struct reader *r, const struct line *l,
		     unsigned long number)
{
	(void)r;
	callsites_line(context, l, number);
}

/* A report for each run of a log that holds several. */
static int explain_runs(const struct arguments *a, const unsigned long *starts,
			unsigned n)
{
	struct reader *r = zeroed(sizeof(*r));
	int rc = 0, found = 0;

	for (unsigned i = 0; i < n; i++) {
		reader_start(r);
		r->from = starts[i];
		r->to = i + 1 < n ? starts[i + 1] : 0;
		rc |= finish(r, read_logs(r, a->paths, 1));
		printf("%srun %u of %u, from line %lu\n\n", i ? "\n" : "",
		       i + 1, n, starts[i]);
		fflush(stdout);
		if (r->calls || r->signals || r->findings.first)
			report(r, a, NULL, NULL);
		found |= a->fail_on && is_found(r, a, NULL);
		reader_free(r);
	}
	free(r);
	return rc ? rc : found ? EXIT_FOUND : 0;
}

static int explain(const struct arguments *a)
{
	static char *standard_input[] = { "-", NULL };
	unsigned long starts[RUNS_MAX];
	unsigned n_runs;
	struct lines lines = { .colour = wants_colour(), .fd = a->fd };
	struct reader *r = zeroed(sizeof(*r));
	struct baseline *b = zeroed(sizeof(*b));
	struct callsites sites = { 0 };
	struct scene *scene = NULL;
	int rc;

	if (a->baseline && baseline_read(b, a->baseline))
		error(1, 0, "%s", b->error);
	lines.out = safe_stream(stdout, lines.colour);
	reader_start(r);
	if (a->form == TEXT && !a->baseline && a->n == 1 &&
	    is_file(a->paths[0]))
		r->starts = starts;
	if (a->form == LINES) {
		r->watch = lines_watch;
		r->line = lines_line;
		r->see = lines_see;
		r->watch_context = &lines;
	} else if (a->form == JSON) {
		r->line = see_line;
		r->watch_context = &sites;
	} else if (a->form == HTML || a->form == PERFETTO) {
		scene = zeroed(sizeof(*scene));
		scene->keeps_text = 1;
		r->watch = scene_watch;
		r->line = scene_line;
		r->see = scene_see;
		r->watch_context = scene;
	}
	rc = a->n ? read_logs(r, a->paths, a->n)
		  : reader_read(r, standard_input, 1);
	fclose(lines.out);
	n_runs = r->n_runs;
	if (a->name)
		r->path = a->name;
	if (n_runs <= 1 && (r->calls || r->signals || r->findings.first))
		report(r, a, scene ? (void *)scene : &sites, b);
	rc = n_runs > 1 ? 0 : finish(r, rc);
	if (rc && a->n == 1)
		hint(a->paths[0]);
	if (!rc && n_runs <= 1 && a->fail_on && is_found(r, a, b))
		rc = EXIT_FOUND;
	lines_free(&lines);
	callsites_free(&sites);
	free(b);
	if (scene)
		scene_free(scene);
	free(scene);
	reader_free(r);
	free(r);
	return n_runs > 1 ? explain_runs(a, starts, n_runs) : rc;
}

int explain_folder(int argc, char **argv, const char *name)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[FILE...]\nFOLDER",
		.doc = "Read strace output, of any program and any version, "
		       "and say which I/O model each thread uses, who waited "
		       "and who copied, what a message costs, what is wrong, "
		       "and which lines prove it.\v"
		       "Several FILEs are read as one log: name all files that "
		       "one strace -ff wrote. For a FILE that holds several "
		       "runs, one after the other, explain prints a report for "
		       "each run. FOLDER is a folder that iomodels capture "
		       "wrote: explain reads its strace.log and kernel.log "
		       "together; it then knows exactly who waited and who copied. "
		       "Without FILE it reads standard input. The report has "
		       "the most detail for a log made by strace -f -ttt -T "
		       "-yy -o FILE COMMAND\n\n"
		       "The exit status is 0 when the log was read, 1 when it "
		       "could not be read to its end, 2 for a wrong command "
		       "line, 3 when --fail-on found something.",
	};
	struct arguments a = { .fd = -1, .name = name };

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	return a.form == DIFF ? explain_diff(&a) : explain(&a);
}

int explain_main(int argc, char **argv)
{
	return explain_folder(argc, argv, NULL);
}
