/* SPDX-License-Identifier: MIT */
/*
 * main.c - iomodels, the one command that a user types
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../bench/outside.h"
#include "../log/safe.h"
#include "cli.h"
#include "kernel.h"
#include "lab.h"
#include "version.h"

static const struct command commands[] = {
	{ "list",  "list the models, one line each", list_main },
	{ "serve", "run the server of a model", serve_main },
	{ "send",  "send JSON messages to a server", send_main },
	{ "explain", "say what a strace log shows: models, costs, faults",
	  explain_main },
	{ "trace", "run a command under strace, then explain what was seen",
	  trace_main },
	{ "demo",  "run every model, show its system calls and one table", demo_main },
	{ "doctor", "say which models cannot run here, why, and what to do",
	  doctor_main },
	{ "capture", "record a model or a command: strace and the kernel's events",
	  capture_main },
	{ "compare", "measure servers side by side, under the same load",
	  compare_main },
	{ "aio-run", "run a command with POSIX AIO on io_uring", aio_run_main },
	{ "claims", "check statements about I/O models, each by a new capture",
	  claims_main },
	{ NULL }
};

const char *argp_program_version = "iomodels " VERSION;

/* The command, and where in argv it was. */
struct choice {
	const struct command *command;
	int index;
};

/* "explain" for "explian"; NULL when nothing is near. */
static const char *nearest_command(const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (const struct command *c = commands; c->name; c++) {
		unsigned n = letters_between(name, c->name);

		if (n < best && n < strlen(c->name)) {
			best = n;
			nearest = c->name;
		}
	}
	return nearest;
}

/* "help" is --help, "help COMMAND" is COMMAND --help. */
static int as_option(int argc, char **argv)
{
	static char option[] = "--help";

	if (argc < 2 || strcmp(argv[1], "help"))
		return argc;
	if (argc > 2)
		argv[1] = argv[2];
	argc = argc > 2 ? 3 : 2;
	argv[argc - 1] = option;
	return argc;
}

/* Called with ARGP_KEY_ARGS at the first word that is not an option. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct choice *choice = state->input;
	const char *name = state->argv[state->next], *near;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		for (const struct command *c = commands; c->name; c++)
			if (!strcmp(c->name, name))
				choice->command = c;
		near = nearest_command(name);
		if (!choice->command)
			argp_error(state, "%s: no such command%s%s%s", name,
				   near ? "; did you mean " : "",
				   near ? near : "", near ? "?" : "");
		choice->index = state->next;
		state->next = state->argc;	/* the rest is the command's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_state_help(state, stderr, ARGP_HELP_SHORT_USAGE |
				ARGP_HELP_DOC);
		exit(2);
	}
	return ARGP_ERR_UNKNOWN;
}

/* The rows of the table, under --help. */
static char *help_filter(int key, const char *text, void *input)
{
	char *help;
	size_t size;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&help, &size);
	if (!f)
		return NULL;
	fputs("Commands:\n", f);
	for (const struct command *c = commands; c->name; c++)
		fprintf(f, "  %-10s %s\n", c->name, c->about);
	fputs("\niomodels help COMMAND says more.", f);
	fclose(f);
	return help;
}

/*
 * A file that we open must not become our stdout or stderr, or that of what we
 * start.  Closed descriptors get one on which reads and writes fail as before.
 */
static void fill_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

/* A limit of RLIMIT_FSIZE is an error like that of a full disk. */
static void keep_on(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "COMMAND [OPTION...]",
		.doc = "I/O models of Linux, each as one small "
		       "program on raw system calls.\v",
		.help_filter = help_filter,
	};
	struct choice choice = { 0 };
	static char name[64] = "iomodels";
	char **rest;

	/*
	 * If our parent ignores SIGCHLD, so would all that we start, and no
	 * child could be waited for.
	 */
	signal(SIGCHLD, SIG_DFL);
	/* Then write(2) says EFBIG; what we start has the default again. */
	if (signal(SIGXFSZ, keep_on) == SIG_IGN)
		signal(SIGXFSZ, SIG_IGN);
	atexit(flush_or_fail);
	safe_stderr();
	iomodels_path = argv[0];
	program_invocation_name = name;		/* of error(3) */
	argc = as_option(argc, argv);
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice);
	rest = argv + choice.index;
	snprintf(name, sizeof(name), "iomodels %s", choice.command->name);
	rest[0] = name;
	/* A model refuses closed ones itself. */
	if (choice.command->run != serve_main)
		fill_descriptors();
	/* Remove what earlier processes of ours left when they were killed. */
	kernel_clean_up();
	lab_clean_up();
	group_clean_up();
	outside_clean_up();
	return choice.command->run(argc - choice.index, rest);
}
