/* SPDX-License-Identifier: MIT */
/*
 * explain_alone.c - iomodels-explain: the reader of traces as a program alone
 *
 * It is what `iomodels explain` is, without the models and what runs them, and
 * needs nothing but libc: `make explain` builds it in seconds.
 */
#include <errno.h>
#include <stdlib.h>
#include "cli.h"
#include "version.h"

const char *argp_program_version = "iomodels-explain " VERSION;

int main(int argc, char **argv)
{
	static char name[] = "iomodels-explain";

	argv[0] = name;
	program_invocation_name = name;		/* of error(3) */
	atexit(flush_or_fail);
	argp_err_exit_status = 2;
	return explain_main(argc, argv);
}
