/* SPDX-License-Identifier: MIT */
/*
 * paste.h - what other programs put around a log
 *
 * A log that was pasted, numbered by an editor, kept by journald or docker, or
 * shown by a browser is still a log.  What stands before each line is found
 * out from the first lines of the file, layer by layer from the outside, and
 * taken away from all.  Lines that a mail program or a terminal has wrapped
 * are put together again.
 */
#ifndef IOMODELS_PASTE_H
#define IOMODELS_PASTE_H

#include "slice.h"

enum layer {
	LAYER_JSON,		/* {"log":"...\n"} of docker; level=info msg="..." */
	LAYER_QUOTE,		/* "> " */
	LAYER_SYSLOG,		/* "<13>1 2026-11-28T19:08:44Z host app 1 - - " */
	LAYER_LOGGER,		/* "I1130 12:00:00.1 771 main.go:50] " */
	LAYER_STAMP,		/* "2026-11-28T19:08:44.1Z " of docker */
	LAYER_MONTH,		/* "Nov 28 19:08:44 " of journald */
	LAYER_TAG,		/* then: "host name[7]: " */
	LAYER_STREAM,		/* then: "stderr F " of a container's log */
	LAYER_POD,		/* "[pod/web-1/app] " */
	LAYER_PIPE,		/* "app-1  | " */
	LAYER_TIME,		/* "00:00:01 " of ts */
	LAYER_NUMBER,		/* each line begins with its number */
	LAYER_BULLET,		/* "+" of a diff, "- ", "* " */
	LAYER_QUOTED,		/* "12,\"read(3, ...)\"" of CSV, "read(3, ...)", */
	LAYER_CONSTANT,		/* "trace.log:": the same before all */
	LAYER_SHAPE,		/* "#12 0.345 ": the same, except its numbers */
	LAYERS
};

enum wrap { WRAP_NONE, WRAP_HARD, WRAP_WORDS };

struct text_room {
	char *at;
	size_t size;
};

struct paste {
	enum layer layer[LAYERS];	/* from the outside */
	unsigned n_layers;
	char constant[64], shape[96];
	const char *tail[2];	/* what all lines end in: " |" of a table, "$" */
	unsigned n_tails;
	int html;		/* &lt;unfinished ...&gt;, <span class="x"> */
	int mail;		/* "=3D" and lines that end in "=" */
	int typeset;		/* quotes and dots of a word processor */
	int stressed;		/* lines of "**...**" or "`...`" */
	int fenced;		/* lines ``` and {code} around it */
	int tabs;		/* instead of blanks */
	int cut_first;		/* the first line is the end of one */
	int any;
	enum wrap wrapped;
	size_t width;		/* of the longest line, where it is wrapped */
	int has_pid, has_time;	/* how a line begins that goes on with no other */
	int joins;		/* a line may go on in the next one */
	int part;		/* the line that was read last does so */
	struct text_room plain, unquoted;
};

/* Look at the first bytes of a file. */
void paste_look(struct paste *p, struct slice text);
/* The line without it; valid until the next call. */
struct slice paste_strip(struct paste *p, struct slice line);
/* Does this line go on with the one before it, which has last bytes? */
int paste_goes_on(const struct paste *p, size_t last, struct slice line);
void paste_free(struct paste *p);

/* The name of another tracer that wrote this text; NULL: none that is known. */
const char *paste_tracer(struct slice text);

#endif
