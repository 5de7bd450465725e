/* SPDX-License-Identifier: MIT */
/*
 * list.c - iomodels list: every program, and which are not built and why
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "programs.h"

/* Where the sentence says "(with LIBRARY)", that library was not there. */
void not_built(const struct program *p, char *text, size_t size)
{
	const char *with = strrchr(p->about, '(');
	char lib[32];

	if (with && sscanf(with, "(with %31[a-z])", lib) == 1 &&
	    strcmp(lib, "libc"))
		snprintf(text, size, "not built: no %s; apt install %s-dev, "
			 "then make", lib, strcmp(lib, "libuv") ? lib : "libuv1");
	else
		snprintf(text, size, "not built: run make");
}

int list_main(int argc, char **argv)
{
	static const struct argp argp = {
		.doc = "List the models in groups, one line each, and say which "
		       "are not built, and why.",
	};
	const char *group = "";

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	for (const struct program *p = programs; p->name; p++) {
		char *path = program_path(p), why[128];

		if (strcmp(group, p->group))
			printf("%s%s\n", *group ? "\n" : "", p->group);
		group = p->group;
		printf("  %-18s %s", p->name, p->about);
		if (!path) {
			not_built(p, why, sizeof(why));
			printf(" [%s]", why);
		}
		putchar('\n');
		free(path);
	}
	printf("\niomodels serve MODEL runs one; iomodels send speaks to it.\n");
	return 0;
}
