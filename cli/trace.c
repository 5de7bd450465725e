/* SPDX-License-Identifier: MIT */
/*
 * trace.c - iomodels trace: a command is captured, and what that shows
 *
 * capture and explain in one.  What may not be recorded here, most often the
 * kernel's side, is left out: record.c says so in one line.  stdout is the
 * command's alone; the report goes to stderr, or to a file.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../log/finding.h"
#include "cli.h"
#include "lab.h"
#include "record.h"

enum { KEY_OUTPUT = 256, KEY_JSON, KEY_HTML, KEY_LINES, KEY_FAIL_ON };

enum { EXPLAIN_MAX = 8, FOUND = 3 };

static char name[] = "iomodels trace";

struct options {
	char **command;
	long pid;
	const char *keep, *output;
	char *explain[EXPLAIN_MAX];	/* what is passed on to it */
	int forms;			/* of the report: one, or the text */
	int n;
};

static const struct argp_option rows[] = {
	{ "keep", 'o', "DIR", 0, "Keep the capture in DIR, a folder that "
	  "iomodels explain reads again", 0 },
	{ "output", KEY_OUTPUT, "FILE", 0, "The report goes to FILE, not to "
	  "stderr", 0 },
	{ "pid", 'p', "N", 0, "Attach to the running process N; Ctrl-C ends "
	  "the trace, not the process", 0 },
	{ "json", KEY_JSON, NULL, 0, "The report as JSON, for other programs "
	  "to read", 0 },
	{ "html", KEY_HTML, NULL, 0, "The report as a page for a browser", 0 },
	{ "lines", KEY_LINES, NULL, 0, "The log itself, with the meaning of "
	  "each line", 0 },
	{ "fail-on", KEY_FAIL_ON, "ID,...|any", 0, "Exit with 3 when the "
	  "report has one of these findings", 0 },
	{ 0 }
};

static void pass(struct argp_state *state, char *arg)
{
	struct options *o = state->input;

	if (o->n == EXPLAIN_MAX - 2)
		argp_error(state, "%s: too many options", arg);
	o->explain[o->n++] = arg;
}

static void check(const struct options *o, struct argp_state *state)
{
	if (!o->command && !o->pid)
		argp_error(state, "expected -- COMMAND or --pid N");
	if (o->forms > 1)
		argp_error(state, "expected only one of --json, --lines and "
			   "--html");
	if (o->command && o->pid)
		argp_error(state, "expected --pid N or -- COMMAND, not both");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	const char *wrong;
	char *word;

	switch (key) {
	case 'o':
		o->keep = arg;
		return 0;
	case KEY_OUTPUT:
		o->output = arg;
		return 0;
	case 'p':
		o->pid = number_arg(state, "pid", arg, 1, 1 << 22);
		return 0;
	case KEY_JSON:
		o->forms++;
		pass(state, "--json");
		return 0;
	case KEY_HTML:
		o->forms++;
		pass(state, "--html");
		return 0;
	case KEY_LINES:
		o->forms++;
		pass(state, "--lines");
		return 0;
	case KEY_FAIL_ON:
		wrong = finding_ids_check(arg);
		if (wrong)
			argp_error(state, "--fail-on: %s", wrong);
		else if (asprintf(&word, "--fail-on=%s", arg) >= 0)
			pass(state, word);
		return 0;
	case ARGP_KEY_ARGS:
		o->command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		check(o, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Where the capture goes, malloced: kept, or in a place for temporary files. */
static char *folder(const struct options *o)
{
	char path[PATH_MAX], *dir;

	if (o->keep) {
		dir = capture_folder(name, o->keep, "");
		if (dir && !capture_begin(name, dir))
			return dir;
		free(dir);
		return NULL;
	}
	if (!lab_temporary_folder(path, sizeof(path)))
		return strdup(path);
	error(0, errno, "%s", path);
	return NULL;
}

/* ---- a capture that is not kept is not left behind either ---- */

static struct {
	pid_t owner;
	int fd;
	const char *dir;
} temporary;

static void remove_temporary(int sig)
{
	if (getpid() == temporary.owner) {	/* not the command's child */
		unlinkat(temporary.fd, "strace.log", 0);
		unlinkat(temporary.fd, "kernel.log", 0);
		unlinkat(temporary.fd, "manifest.json", 0);
		rmdir(temporary.dir);
	}
	raise(sig);				/* SA_RESETHAND: it ends us */
}

/* While it records, the signals wait; the report may take longer. */
static void remove_at_signals(const char *dir)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, 0
	};
	struct sigaction act = { .sa_handler = remove_temporary,
				 .sa_flags = SA_RESETHAND }, was;

	temporary.owner = getpid();
	temporary.dir = dir;
	temporary.fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	for (const int *s = signals; *s; s++)
		if (!sigaction(*s, NULL, &was) && was.sa_handler != SIG_IGN)
			sigaction(*s, &act, NULL);
}

/* stdout becomes the report's; the command, which had it, has ended. */
static int report(struct options *o, const char *dir, int out)
{
	char *argv[EXPLAIN_MAX + 2] = { name };
	int argc = 1;

	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	for (int i = 0; i < o->n; i++)
		argv[argc++] = o->explain[i];
	argv[argc++] = (char *)dir;
	return explain_folder(argc, argv, o->keep ? dir : o->command ?
			      o->command[0] : "the process");
}

static int trace(struct options *o, const char *dir, int out)
{
	struct recording r = { .command = o->command, .pid = o->pid,
			       .dir = dir, .said_by = name,
			       .read = capture_read };
	int status = record(&r), found = 0;

	if (!r.failed && (r.lines || r.n)) {
		found = report(o, dir, out);
		if (!o->keep)
			fprintf(stderr, "%s: the line numbers of the report are "
				"those of the capture, which is deleted now; "
				"-o DIR keeps it\n", name);
	}
	if (!o->keep || !r.ended || r.failed) {
		capture_clear(dir);
		if (rmdir(dir) && !o->keep)
			error(0, errno, "%s", dir);
	}
	record_free(&r);
	return found == FOUND || !status ? found : status;
}

int trace_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = rows,
		.parser = parse,
		.args_doc = "-- COMMAND...\n--pid N",
		.doc = "Run COMMAND under strace, and with the kernel's "
		       "tracepoints if this user may use them; then explain on "
		       "stderr what COMMAND did. The exit status is that of COMMAND. "
		       "Ctrl-Z stops COMMAND and the recording; fg continues "
		       "both.",
	};
	struct options o = { 0 };
	int out = STDERR_FILENO, status = 1;
	char *dir;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	need_places();
	if (o.pid && kill(o.pid, 0) && errno == ESRCH)
		error(1, 0, "--pid %ld: no such process", o.pid);
	if (o.output)
		out = open(o.output, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC,
			   S_IRUSR | S_IWUSR);
	if (out < 0)
		error(1, errno, "%s", o.output);
	dir = folder(&o);
	if (dir && !o.keep)
		remove_at_signals(dir);
	if (dir)
		status = trace(&o, dir, out);
	temporary.owner = 0;			/* its name goes */
	free(dir);
	return status;
}
