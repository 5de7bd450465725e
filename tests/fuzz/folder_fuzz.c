/* SPDX-License-Identifier: MIT */
/*
 * folder_fuzz.c - any bytes as the three files of a capture, into every report
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

static char dir[64];

static const char *put(const char *name, const char *at, const char *end)
{
	const char *stop = memmem(at, end - at, "%%\n", 3);
	char path[128];
	FILE *f;

	if (!stop)
		stop = end;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
	if (stop > at || *name != 's') {
		f = fopen(path, "we");
		if (!f)
			abort();
		fwrite(at, 1, stop - at, f);
		fclose(f);
	}
	return stop < end ? stop + 3 : end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *out;
	static struct reader r;
	static struct sequence a;
	const char *at = (const char *)data, *end = at + size;
	struct scene scene = { .keeps_text = 1 };
	struct lines lines = { .fd = -1, .colour = 1 };
	int way = size % 3;

	if (!out) {
		out = fopen("/dev/null", "w");
		snprintf(dir, sizeof(dir), "/dev/shm/iomodels-fuzz-%d",
			 getpid());
		mkdir(dir, 0700);
	}
	at = put("strace.log", at, end);
	at = put("kernel.log", at, end);
	put("manifest.json", at, end);
	lines.out = out;
	a.n = 0;
	reader_start(&r);
	r.watch = way == 0 ? lines_watch : way == 1 ? scene_watch : diff_watch;
	r.line = way == 0 ? lines_line : way == 1 ? scene_line : NULL;
	r.see = way == 0 ? lines_see : way == 1 ? scene_see : diff_see;
	r.watch_context = way == 0 ? (void *)&lines : way == 1 ?
			  (void *)&scene : (void *)&a;
	reader_read_folder(&r, dir);
	report_text(out, &r, 1);
	report_json(out, &r, NULL);
	report_html(out, &r, &scene);
	report_perfetto(out, &r, &scene);
	report_diff(out, &r, &a, &r, &a);
	scene_free(&scene);
	lines_free(&lines);
	reader_free(&r);
	return 0;
}
