/* SPDX-License-Identifier: MIT */
/*
 * folder_fuzz.c - any bytes as the three files of a capture, into a report
 *
 *     make fuzz-folder SECONDS=600
 *
 * The input is strace.log, kernel.log and manifest.json, each ended by a line
 * "%%"; a first one that is empty is left out.  (explain_fuzz.c is for logs.)
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>
#include "../../log/report.h"
#include "fuzz.h"

static char dir[64];

static const char *put(const char *name, const char *at, const char *end)
{
	const char *stop = memmem(at, end - at, "%%\n", 3);
	char path[128];
	FILE *f;

	if (!stop)
		stop = end;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (stop > at || *name != 's') {
		f = fopen(path, "we");
		if (!f)
			abort();
		fwrite(at, 1, stop - at, f);
		fclose(f);
	} else {
		unlink(path);
	}
	return stop < end ? stop + 3 : end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reader r;
	static struct sequence a;
	const char *at = (const char *)data, *end = at + size;
	struct scene scene = { .keeps_text = 1 };
	struct lines lines = { .fd = -1, .colour = 1, .out = sink() };
	FILE *out = lines.out;
	int way = size % 4;

	if (!*dir) {
		snprintf(dir, sizeof(dir), "/dev/shm/iomodels-fuzz-%d",
			 getpid());
		mkdir(dir, 0700);
	}
	at = put("strace.log", at, end);
	at = put("kernel.log", at, end);
	put("manifest.json", at, end);
	a.n = 0;
	reader_start(&r);
	r.watch = way == 0 ? lines_watch : way == 1 ? diff_watch : scene_watch;
	r.line = way == 0 ? lines_line : way == 1 ? NULL : scene_line;
	r.see = way == 0 ? lines_see : way == 1 ? diff_see : scene_see;
	r.watch_context = way == 0 ? (void *)&lines : way == 1 ? (void *)&a :
			  (void *)&scene;
	reader_read_folder(&r, dir);
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
