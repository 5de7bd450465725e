/* SPDX-License-Identifier: MIT */
/*
 * format_fuzz.c - any bytes at all as the files of a log, into a report
 *
 *     make fuzz-format SECONDS=600
 *
 * The bytes go through source.c, paste.c, unpack.c and runs.c: UTF-16, gzip, a
 * mail's quotes, several runs.  A line "%%" begins another file of a set of
 * strace -ff.  Its seeds are the forms of tests/log/input_test.sh.
 */
#include <dlfcn.h>
#include "fuzz.h"
#include "../../log/runs.h"

enum { FILES = 4 };

static struct kept files[FILES];

static void start(void)
{
	for (int i = 0; i < FILES; i++)
		snprintf(files[i].path, sizeof(files[i].path),
			 "/dev/shm/iomodels-format_fuzz-%d.%d", getpid(), 7 + i);
	/* They stay, or each packed log would load and link one. */
	dlopen("libz.so.1", RTLD_NOW);
	dlopen("liblzma.so.5", RTLD_NOW);
	dlopen("libzstd.so.1", RTLD_NOW);
}

static void read_all(char *const *paths, unsigned n, const uint8_t *data,
		     size_t size)
{
	static struct reader r;
	unsigned long starts[RUNS_MAX];
	struct look k;
	unsigned runs;

	look_start(&k, &r, data, size);
	if (k.view == VIEW_TEXT && n == 1)
		r.starts = starts;
	reader_read(&r, paths, n);
	runs = r.n_runs;
	look_end(&k, &r);
	for (unsigned i = 0; runs > 1 && i < runs; i++) {
		look_start(&k, &r, data, size);
		r.from = starts[i];
		r.to = i + 1 < runs ? starts[i + 1] : 0;
		reader_read(&r, paths, n);
		look_end(&k, &r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = expanded(data, size);
	char *paths[FILES];
	unsigned n = 0;

	if (!*files[0].path)
		start();
	do {
		struct slice s = part(&rest);

		keep(&files[n], s.at, s.len);
		paths[n] = files[n].path;
		n++;
	} while (rest.len && n < FILES);
	read_all(paths, n, data, size);
	return 0;
}
