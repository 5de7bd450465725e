/* SPDX-License-Identifier: MIT */
/*
 * text.h - a text that grows
 */
#ifndef IOMODELS_TEXT_H
#define IOMODELS_TEXT_H

#include <stddef.h>
#include "map.h"

/* Always ends with a 0 byte, once something has been added. */
struct text {
	char *at;
	size_t len, cap;
};

/* Make room for n more bytes and a 0; no memory ends the program. */
void text_reserve(struct text *t, size_t n);

/* Add to t as printf(3) does; no memory ends the program. */
__attribute__((format(printf, 2, 3)))
void text_add(struct text *t, const char *format, ...);

/* A copy of text that texts keeps, the same one for the same text. */
const char *text_once(struct map *texts, const char *text);
void texts_free(struct map *texts);

/* The whole file, malloced; NULL when it cannot be opened. */
char *text_of_file(const char *path);

#endif
