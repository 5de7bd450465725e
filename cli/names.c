/* SPDX-License-Identifier: MIT */
/*
 * names.c - the names of programs as words of a command line
 */
#include <argp.h>
#include <string.h>
#include "cli.h"
#include "programs.h"

const char *nearest_program(const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;			/* three letters off is a guess */

	for (const struct program *p = programs; p->name; p++) {
		unsigned d = letters_between(name, p->name);

		if (d < best && d < strlen(p->name)) {
			best = d;
			nearest = p->name;
		}
	}
	return nearest;
}

void name_arg(struct argp_state *state, struct names *names, const char *arg)
{
	const char *near = nearest_program(arg);

	if (!program_find(arg))
		argp_error(state, "%s: no such model; %s%s%s", arg,
			   near ? "did you mean " : "iomodels list shows them",
			   near ? near : "", near ? "?" : "");
	if (names->n < NAMES)
		names->at[names->n++] = arg;
}

int is_named(const char *const *names, const struct program *p)
{
	if (!*names)
		return 1;
	while (*names && strcmp(*names, p->name))
		names++;
	return *names != NULL;
}
