/* SPDX-License-Identifier: MIT */
/* callsite.c - the line of source of each call; see callsite.h */
#include <stdlib.h>
#include <string.h>
#include "callsite.h"
#include "hash.h"
#include "text.h"

enum { CHAIN_MAX = 500 };		/* bytes; a stack may be deep */

/* The next key where another text has it. */
static const char *kept_once(struct callsites *c, const char *text)
{
	uint64_t hash = hash_text(HASH_START, text);
	char *kept;

	for (; (kept = map_get(&c->texts, hash)); hash++)
		if (!strcmp(kept, text))
			return kept;
	kept = need(strdup(text));
	map_put(&c->texts, hash, kept);
	return kept;
}

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
		map_put(&c->of_line, c->line, (void *)kept_once(c, line));
		free(line);
	}
}

const char *callsite_of(const struct callsites *c, unsigned long line)
{
	return map_get(&c->of_line, line);
}

void callsites_free(struct callsites *c)
{
	char *text;

	map_each(&c->texts, i, text)
		free(text);
	if (c->text)
		free(c->text->at);
	free(c->text);
	map_free(&c->texts);
	map_free(&c->of_line);
	frames_free(&c->frames);
}
