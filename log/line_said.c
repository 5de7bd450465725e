/* SPDX-License-Identifier: MIT */
/*
 * line_said.c - the text of a line that is the same in each run: no leader,
 * no duration
 */
#include <string.h>
#include "line.h"

struct slice line_said(const struct line *l)
{
	const char *end = l->text.at + l->text.len, *at = l->body.at, *p;

	/* The body of a resumed call begins behind "<... NAME resumed>". */
	if (l->kind == LINE_RESUMED || l->kind == LINE_RESUMED_UNFINISHED) {
		p = memmem(l->text.at, l->text.len, "<... ", 5);
		at = p ? p : at;
	}
	if (l->took_ns != NO_TIME) {
		p = memrchr(at, '<', end - at);
		while (p && p > at && p[-1] == ' ')
			p--;
		end = p ? p : end;
	}
	return slice_of(at, end);
}
