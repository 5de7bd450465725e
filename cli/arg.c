/* SPDX-License-Identifier: MIT */
/*
 * arg.c - words of a command line: numbers, similar names, text to print
 */
#include <ctype.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "../log/safe.h"

const char *iomodels_path;

void flush_or_fail(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return;
	/* A write before this one failed, its errno is gone: try again. */
	if (!errno && putchar('\n') != EOF)
		fflush(stdout);
	error(0, errno, errno ? "stdout" : "stdout: a write failed");
	_exit(1);
}

long number_arg(const struct argp_state *state, const char *option,
		const char *text, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	/* strtol alone would take " 7", "+7" and the empty text. */
	if (!isdigit((unsigned char)*text) || *end || errno || n < min ||
	    n > max) {
		argp_error(state, "--%s %s: expected a number from %ld to %ld",
			   option, text, min, max);
		exit(2);			/* argp_error does not return */
	}
	return n;
}

long seconds_arg(const struct argp_state *state, const char *option,
		 const char *text, long max)
{
	char *end;
	double s = strtod(text, &end);

	/* strtod alone would take "0x1p3", "inf" and "nan". */
	if (text[strspn(text, "0123456789.")] || end == text || *end ||
	    s > max) {
		argp_error(state, "--%s %s: expected seconds from 0 to %ld, "
			   "such as 0.5", option, text, max);
		exit(2);
	}
	return s * 1000 + 0.5;
}

/* How many letters must change, go or come to make b of a: Levenshtein. */
unsigned letters_between(const char *a, const char *b)
{
	unsigned row[64], len = strlen(b);

	if (len >= 64)
		return 64;
	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= len; j++) {
			unsigned best = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

/* The length of the valid UTF-8 character at s, of n bytes; 0 if it is invalid. */
unsigned utf8_length(const char *text, size_t n)
{
	unsigned long c;
	int len = safe_utf8((const void *)text, n, &c);

	return len > 0 ? len : 0;
}

void print_safely(const char *s, size_t len)
{
	while (len) {
		unsigned n = utf8_length(s, len);
		unsigned long c;

		safe_utf8((const void *)s, len, &c);
		if (n && safe_character(c) && c != '\n' && c != '\t') {
			fwrite(s, 1, n, stdout);
		} else {			/* no text, or drives terminals */
			n = n ? n : 1;
			for (unsigned i = 0; i < n; i++)
				printf("\\x%02x", (unsigned char)s[i]);
		}
		s += n;
		len -= n;
	}
}
