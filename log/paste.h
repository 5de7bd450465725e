/* SPDX-License-Identifier: MIT */
/*
 * paste.h - what other programs put around a log
 *
 * A log that was pasted, numbered by an editor, kept by journald or docker, or
 * shown by a browser is still a log.  What stands before each line is found
 * out from the first lines of the file and taken away from all.
 */
#ifndef IOMODELS_PASTE_H
#define IOMODELS_PASTE_H

#include "slice.h"

struct paste {
	int numbered;		/* each line begins with its number */
	int quoted;		/* "> " */
	int stamped;		/* "2026-11-28T19:08:44.1Z " of docker */
	int journal;		/* "Nov 28 19:08:44 host name[7]: " */
	int piped;		/* "app-1  | " */
	int html;		/* &lt;unfinished ...&gt; */
	int any;
	char *plain;		/* the line without entities */
	size_t plain_size;
};

/* Look at the first bytes of a file. */
void paste_look(struct paste *p, struct slice text);
/* The line without it; valid until the next call. */
struct slice paste_strip(struct paste *p, struct slice line);
void paste_free(struct paste *p);

/* The name of another tracer that wrote this text; NULL: none that is known. */
const char *paste_tracer(struct slice text);

#endif
