/* SPDX-License-Identifier: MIT */
/*
 * notes.h - what to look at in the captures: traces/notes, traces/README.md
 *
 * A note ties lines of a capture, by a pattern, to a function in the source.
 * DIR/notes has them; its head tells how they are written.
 */
#ifndef IOMODELS_NOTES_H
#define IOMODELS_NOTES_H

#include <regex.h>
#include "programs.h"
#include "scenario.h"

struct note {
	char models[512], scenario[16];	/* the models, each after a blank */
	int kernel;			/* else it is of strace's side */
	char function[64];		/* in the model's source; "-": in none */
	char *pattern, *text;
	regex_t regex;
	int line;			/* of DIR/notes, where it begins */
};

struct notes {
	struct note *at;
	int n;
};

/* Read DIR/notes.  Returns 0, or -1 with the reason in why. */
int notes_read(struct notes *n, const char *dir, char why[256]);

void notes_free(struct notes *n);

int note_is_about(const struct note *n, const struct program *p,
		  const struct scenario *c);

/*
 * How many lines of a capture's text match; the first is copied to line.
 * Comment lines do not count.
 */
int note_matches(const struct note *n, const char *text, char line[160]);

/*
 * The file of p's source that defines the function, from the top of the
 * source: 1.  0 when there is none; path is p's own then.
 */
int notes_find_function(const struct program *p, const char *function,
			char path[128]);

/* DIR/NAME.SCENARIO.ARCH.strace or .kernel */
void notes_path(const struct program *p, const struct scenario *c, int kernel,
		const char *dir, char path[256]);

/* The text of DIR/README.md, from the notes and the captures that are there. */
void notes_index(const struct notes *n, const char *dir, struct text *out);

#endif
