/* SPDX-License-Identifier: MIT */
/*
 * explain_fuzz.c - any bytes at all as a log, into a report
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
#include "fuzz.h"

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

/* Which report a log gets: any byte decides, so that all get all. */
static unsigned way_of(const uint8_t *data, size_t size)
{
	unsigned sum = size;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	return sum % 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reader r;
	static struct sequence a;
	struct scene scene = { .keeps_text = 1 };
	struct lines lines = { .fd = -1, .colour = 1, .out = sink() };
	FILE *out = lines.out;
	unsigned way;

	if (!size)
		return 0;
	way = way_of(data, size);
	a.n = 0;
	reader_start(&r);
	r.path = "fuzz";
	r.watch = way == 0 ? lines_watch : way == 1 ? diff_watch : scene_watch;
	r.line = way == 0 ? lines_line : way == 1 ? NULL : scene_line;
	r.watch_context = way == 0 ? (void *)&lines : way == 1 ? (void *)&a :
			  (void *)&scene;
	feed(&r, (const char *)data, size);
	if (way == 0)
		report_text(out, &r, 1);
	else if (way == 1)
		report_diff(out, &r, &a, &r, &a);
	else if (way == 2)
		report_html(out, &r, &scene);
	else
		report_perfetto(out, &r, &scene);
	if (way != 2)			/* the page has it within */
		report_json(out, &r, NULL);
	scene_free(&scene);
	lines_free(&lines);
	reader_free(&r);
	return 0;
}
