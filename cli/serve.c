/* SPDX-License-Identifier: MIT */
/*
 * serve.c - iomodels serve MODEL: check the options, then become the program
 *
 * It becomes it (exec) rather than starting it, so that signals, the exit
 * status and the process in `ps` are the model's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "programs.h"

enum { MAX_MESSAGE = 1 << 30 };

/* The model's command line: at most eight words and the NULL. */
struct request {
	const struct program *program;
	char *words[10];
	int count;
};

static const struct argp_option options[] = {
	{ "port", 'p', "N", 0, "Listen on port N (default 7007); 0: any "
	  "free port", 0 },
	{ "bind", 'b', "ADDR", 0, "Listen on this IPv4 address (default "
	  "127.0.0.1; 0.0.0.0: all addresses)", 0 },
	{ "service", 's', "NAME", 0, "print: collect what a peer sends until "
	  "it closes, then print it (default); echo: send every byte back; reply: "
	  "send an answer of the length that a request gives, for iomodels "
	  "compare", 0 },
	{ "max-message", 'm', "N", 0, "With --service print: refuse a message of "
	  "more than N bytes (default 1048576)", 0 },
	{ 0 }
};

/* The last of an option counts, as with the models themselves. */
static void pass_on(struct request *r, char *option, char *value)
{
	for (int i = 1; i < r->count; i += 2)
		if (!strcmp(r->words[i], option)) {
			r->words[i + 1] = value;
			return;
		}
	r->words[r->count++] = option;
	r->words[r->count++] = value;
}

static void choose(struct request *r, const char *name,
		   struct argp_state *state)
{
	const char *nearest;

	if (r->program)
		argp_error(state, "%s: expected one model at a time, and %s is "
			   "named already", name, r->program->name);
	r->program = program_find(name);
	if (r->program && r->program->flags & FILES)
		argp_error(state, "%s is a file job, not a server; iomodels "
			   "capture runs it", name);
	if (r->program)
		return;
	nearest = nearest_program(name);
	if (nearest)
		argp_error(state, "%s: no such model; did you mean %s?", name,
			   nearest);
	else
		argp_error(state, "%s: no such model; iomodels list shows "
			   "them", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;
	struct in_addr ip;

	switch (key) {
	case 'p':
		number_arg(state, "port", arg, 0, 65535);
		pass_on(r, "--port", arg);
		return 0;
	case 'b':
		if (inet_pton(AF_INET, arg, &ip) != 1)
			argp_error(state, "--bind %s: expected an IPv4 address "
				   "such as 127.0.0.1", arg);
		pass_on(r, "--bind", arg);
		return 0;
	case 's':
		if (strcmp(arg, "print") && strcmp(arg, "echo") &&
		    strcmp(arg, "reply"))
			argp_error(state, "--service %s: expected print, "
				   "echo or reply", arg);
		pass_on(r, "--service", arg);
		return 0;
	case 'm':
		number_arg(state, "max-message", arg, 0, MAX_MESSAGE);
		pass_on(r, "--max-message", arg);
		return 0;
	case ARGP_KEY_ARG:
		choose(r, arg, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "expected a MODEL; iomodels list shows them");
	}
	return ARGP_ERR_UNKNOWN;
}

int serve_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "MODEL",
		.doc = "Run the server of MODEL until SIGTERM or Ctrl-C."
		       "\viomodels list shows the models.",
	};
	struct request r = { .count = 1 };
	char *path;

	argp_parse(&argp, argc, argv, 0, NULL, &r);
	path = program_path(r.program);
	if (!path)
		error(1, 0, "%s is not built; iomodels list says why, and "
		      "what to do", r.program->name);
	r.words[0] = (char *)r.program->name;
	/* RLIMIT_FSIZE: the server says EFBIG, instead of ending without a word. */
	signal(SIGXFSZ, SIG_IGN);
	execv(path, r.words);
	error(1, errno, "execve %s", path);
	return 1;
}
