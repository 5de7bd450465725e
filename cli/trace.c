/* SPDX-License-Identifier: MIT */
/*
 * trace.c - iomodels trace: a command is captured, and what that shows
 *
 * capture -- COMMAND and explain in one; the capture itself is not kept.
 * What may not be recorded here, most often the kernel's side, is left out:
 * record.c says so in one line.
 */
#include <errno.h>
#include <limits.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli.h"
#include "lab.h"
#include "record.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char ***command = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		*command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "-- which command?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void remove_folder(const char *dir)
{
	static const char *const names[] = {
		"strace.log", "kernel.log", "manifest.json",
	};
	char path[PATH_MAX + 64];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	if (rmdir(dir))
		error(0, errno, "%s", dir);
}

static int trace(char *const *command)
{
	char dir[PATH_MAX];
	struct recording r = { .command = command, .dir = dir };
	int status;

	if (lab_temporary_folder(dir, sizeof(dir))) {
		error(0, errno, "%s", dir);
		return 1;
	}
	status = record(&r);
	if (r.lines || r.n)
		explain_log(dir, command[0]);
	record_free(&r);
	remove_folder(dir);
	return status;
}

int trace_main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "-- COMMAND...",
		.doc = "Run a command under strace and, where this user may, "
		       "the kernel's tracepoints, and explain what was seen. "
		       "Its exit status is that of the command.",
	};
	char **command = NULL;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &command);
	return trace(command);
}
