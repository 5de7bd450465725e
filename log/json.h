/* SPDX-License-Identifier: MIT */
/*
 * json.h - writes JSON; the commas and the quotes are its business
 *
 * Text that is not UTF-8 (a path may hold anything) goes out as U+FFFD, so
 * that every JSON reader takes the whole.
 */
#ifndef IOMODELS_JSON_H
#define IOMODELS_JSON_H

#include <stdio.h>

struct json {
	FILE *out;
	int depth, first;	/* first: no comma is due */
	int compact;		/* everything on one line */
};

/* name is NULL inside an array. */
void json_open(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);
void json_text(struct json *j, const char *name, const char *text);
void json_slice(struct json *j, const char *name, const char *at, size_t len);
void json_number(struct json *j, const char *name, long long n);
void json_real(struct json *j, const char *name, double n);
void json_bool(struct json *j, const char *name, int yes);
void json_null(struct json *j, const char *name);

/* Just the text, escaped, without quotes. */
void json_escape(FILE *out, const char *at, size_t len);

#endif
