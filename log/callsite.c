/* SPDX-License-Identifier: MIT */
/* callsite.c - the line of source of each call; see callsite.h */
#include <stdlib.h>
#include <string.h>
#include "callsite.h"
#include "text.h"

enum { CHAIN_MAX = 500 };		/* bytes; a stack may be deep */

/* "a.h:5 f\nb.c:7 g\n" as "a.h:5 f < b.c:7 g". */
static char *one_line(const char *text)
{
	char *out = need(malloc(strlen(text) * 3 + 1)), *at = out;

	for (; *text; text++) {
		if (*text != '\n')
			*at++ = *text;
		else if (text[1])
			at = stpcpy(at, " < ");
	}
	*at = 0;
	return out;
}

void callsites_line(struct callsites *c, const struct line *l,
		    unsigned long number)
{
	char *line;

	if (l->kind == LINE_COMMENT)	/* also those of kernel.log */
		return;
	if (l->kind != LINE_FRAME) {
		c->line = number;
		if (c->text)
			c->text->len = 0;
		return;
	}
	if (!c->text)
		c->text = need(calloc(1, sizeof(*c->text)));
	if (!c->line || c->text->len > CHAIN_MAX)
		return;
	frames_add(&c->frames, l->text, c->text);
	if (c->text->len) {
		line = one_line(c->text->at);
		map_put(&c->of_line, c->line, (void *)text_once(&c->texts, line));
		free(line);
	}
}

const char *callsite_of(const struct callsites *c, unsigned long line)
{
	return map_get(&c->of_line, line);
}

void callsites_free(struct callsites *c)
{
	if (c->text)
		free(c->text->at);
	free(c->text);
	texts_free(&c->texts);
	map_free(&c->of_line);
	frames_free(&c->frames);
}
