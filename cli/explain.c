/* SPDX-License-Identifier: MIT */
/*
 * explain.c - iomodels explain: an strace log in, its I/O models out
 */
#include <errno.h>
#include <error.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "../reader/report.h"

struct arguments {
	enum { TEXT, JSON } form;
	char **paths;
	unsigned n;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "The report for programs, as JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		a->form = JSON;
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
	}
	return ARGP_ERR_UNKNOWN;
}

static int wants_colour(void)
{
	return isatty(1) && !getenv("NO_COLOR");
}

static int explain(const struct arguments *a)
{
	static char *standard_input[] = { "-", NULL };
	struct reader *r = malloc(sizeof(*r));
	int rc;

	if (!r)
		error(1, errno, "no memory");
	reader_start(r);
	rc = a->n ? reader_read(r, a->paths, a->n)
		  : reader_read(r, standard_input, 1);
	if (r->calls || r->signals) {
		if (a->form == JSON)
			report_json(stdout, r);
		else
			report_text(stdout, r, wants_colour());
	}
	if (rc) {
		fflush(stdout);
		error(0, 0, "%s", r->error);
	}
	reader_free(r);
	free(r);
	return rc ? 1 : 0;
}

int explain_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[FILE...]",
		.doc = "Read strace output, of any program and any version, and "
		       "say which I/O model each thread uses, who waited and "
		       "who copied, what a message costs, what is odd, and "
		       "which lines prove it.\v"
		       "Several FILEs are one log: the set that strace -ff "
		       "writes. Without FILE standard input is read. The most "
		       "comes out of: strace -f -ttt -T -yy -o FILE COMMAND\n\n"
		       "Exit status: 0 done, 1 the log could not be read to "
		       "its end, 2 the command line was wrong.",
	};
	struct arguments a = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	return explain(&a);
}
