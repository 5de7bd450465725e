/* SPDX-License-Identifier: MIT */
/*
 * aio_run.c - iomodels aio-run -- COMMAND: a command with libposixaio
 */
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../lab/programs.h"
#include "cli.h"

#define LIBRARY "libposixaio.so.0"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char ***command = state->input;

	(void)arg;
	switch (key) {
	case 's':
		if (setenv("POSIXAIO_STATS", "1", 1))
			return errno;
		return 0;
	case ARGP_KEY_ARGS:
		*command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "expected a COMMAND, as in iomodels "
			   "aio-run -- fio --ioengine=posixaio ...");
	}
	return ARGP_ERR_UNKNOWN;
}

int aio_run_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "stats", 's', NULL, 0, "Print at the exit of each process how "
		  "many requests were done in each way (see below)", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "-- COMMAND [ARG...]",
		.doc = "Run COMMAND with libposixaio instead of glibc's POSIX "
		       "AIO (the functions of aio.h, such as aio_read).\vThe library is put "
		       "into LD_PRELOAD, so it also reaches the programs that "
		       "COMMAND starts, but not a program that is linked "
		       "statically or runs with the rights of another user "
		       "(setuid).  With POSIXAIO_DEBUG=1 the library reports "
		       "on stderr whether it uses io_uring, and when that "
		       "changes.  --stats counts the requests by the way that "
		       "they took: inline (from the page cache, in the call "
		       "itself), native (O_DIRECT), ring (io_uring) and pool "
		       "(threads).  The other counters: retried (a request was "
		       "submitted again, because it was done in part only, or "
		       "not at all), threads and rings (created), broken-rings "
		       "(given up after an error).  The exit status is that of "
		       "COMMAND, 127 if it does not exist, 126 if it cannot be "
		       "run.",
	};
	char **command = NULL, *path, *preload, *old = getenv("LD_PRELOAD");

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &command);
	path = aio_library();
	if (!path)
		error(1, 0, LIBRARY " is neither beside this "
		      "program nor in " LIBDIR ": run make or make install");
	if (strpbrk(path, ": "))
		error(1, 0, "%s: LD_PRELOAD takes no path with a "
		      "blank or a colon; move the library to another folder",
		      path);
	if (asprintf(&preload, "%s%s%s", path, old && *old ? ":" : "",
		     old ? old : "") < 0 || setenv("LD_PRELOAD", preload, 1))
		error(1, errno, "setting LD_PRELOAD");
	execvp(command[0], command);
	error(errno == ENOENT ? 127 : 126, errno, "%s", command[0]);
	return 1;
}
