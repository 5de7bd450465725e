/* SPDX-License-Identifier: MIT */
/*
 * explain_fuzz.c - any bytes at all as a log, into every report
 *
 *     make fuzz SECONDS=600
 *
 * libFuzzer (Debian's libclang-rt-14-dev) with the corpus of tests/corpus as
 * seeds; -fsanitize=address,undefined says what goes wrong.  The files go
 * through reader_line as those of reader_read do.
 */
#include <stdint.h>
#include <stdlib.h>
#include "../../log/report.h"

static void feed(struct reader *r, const char *text, size_t size)
{
	const char *end = text + size;
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
	static FILE *out;
	static struct reader r;
	static struct sequence a;
	struct scene scene = { .keeps_text = 1 };
	struct lines lines = { .fd = -1, .colour = 1 };

	if (!out)
		out = fopen("/dev/null", "w");
	if (!size)
		return 0;
	lines.out = out;
	reader_start(&r);
	r.path = "fuzz";
	if (data[0] & 1) {
		r.watch = lines_watch;
		r.line = lines_line;
		r.watch_context = &lines;
	} else {
		r.watch = scene_watch;
		r.line = scene_line;
		r.watch_context = &scene;
	}
	feed(&r, (const char *)data, size);
	report_text(out, &r, 1);
	report_json(out, &r, NULL);
	if (data[0] & 2)
		report_html(out, &r, &scene);
	else
		report_perfetto(out, &r, &scene);
	report_diff(out, &r, &a, &r, &a);
	scene_free(&scene);
	reader_free(&r);
	return 0;
}
