/* SPDX-License-Identifier: MIT */
/*
 * explain_fuzz.c - any bytes at all as a log, into a report
 *
 *     make fuzz SECONDS=600
 *
 * libFuzzer (Debian's libclang-rt-14-dev) with the corpus of tests/corpus as
 * seeds; -fsanitize=address,undefined says what goes wrong.  The lines go
 * through reader_line as those of reader_read do.  (format_fuzz.c
 * tests how the lines are found in a file.)
 */
#include "fuzz.h"

static void feed(struct reader *r, struct slice all)
{
	const char *text = all.at, *end = text + all.len;
	unsigned long number = 0;

	while (text < end) {
		const char *stop = memchr(text, '\n', end - text);
		char *line;

		if (!stop)
			stop = end;
		/* A copy of its own, so that a byte too far is seen. */
		line = malloc(stop - text + !(stop - text));
		memcpy(line, text, stop - text);
		reader_line(r, line, stop - text, ++number, 0);
		free(line);
		text = stop + 1;
	}
	reader_end(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reader r;
	struct look k;

	if (!size)
		return 0;
	look_start(&k, &r, data, size);
	r.path = "fuzz";
	feed(&r, expanded(data, size));
	look_end(&k, &r);
	return 0;
}
