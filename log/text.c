/* SPDX-License-Identifier: MIT */
/*
 * text.c - a text that grows
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hash.h"
#include "text.h"

static void *must_have(void *mem)
{
	if (mem)
		return mem;
	fprintf(stderr, "iomodels: no memory\n");
	exit(1);
}

void text_reserve(struct text *t, size_t more)
{
	if (t->len + more < t->cap)
		return;
	t->cap = 2 * (t->len + more) + 1;
	t->at = must_have(realloc(t->at, t->cap));
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	char *line;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	must_have(n < 0 ? NULL : line);
	text_reserve(t, n);
	memcpy(t->at + t->len, line, n + 1);
	t->len += n;
	free(line);
}

const char *text_once(struct map *texts, const char *text)
{
	uint64_t key = hash_text(HASH_START, text);
	char *kept;

	for (; (kept = map_get(texts, key)); key++)	/* another text has it */
		if (!strcmp(kept, text))
			return kept;
	kept = must_have(strdup(text));
	map_put(texts, key, kept);
	return kept;
}

void texts_free(struct map *texts)
{
	char *text;

	map_each(texts, i, text)
		free(text);
	map_free(texts);
}

char *text_of_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct text t = { 0 };
	size_t n;

	if (!f)
		return NULL;
	text_add(&t, "%s", "");
	do {
		text_reserve(&t, 1 << 16);
		n = fread(t.at + t.len, 1, 1 << 16, f);
		t.len += n;
	} while (n);
	t.at[t.len] = 0;
	fclose(f);
	return t.at;
}
