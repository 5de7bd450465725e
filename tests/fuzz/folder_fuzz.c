/* SPDX-License-Identifier: MIT */
/*
 * folder_fuzz.c - any bytes as the three files of a capture, into a report
 *
 *     make fuzz-folder SECONDS=600
 *
 * The input is strace.log, kernel.log and manifest.json, each ended by a line
 * "%%"; if the first one is empty, there is no such file.  Its seeds are tests/fuzz/captures
 * and, by folders.awk, pieces of tests/fuzz/seeds.  (explain_fuzz.c is for logs.)
 */
#include <sys/stat.h>
#include "fuzz.h"

static struct kept files[3];

static const char *folder(void)
{
	static const char *const names[] = { "strace.log", "kernel.log",
					     "manifest.json" };
	static char dir[48];

	if (*dir)
		return dir;
	snprintf(dir, sizeof(dir), "/dev/shm/iomodels-folder_fuzz-%d", getpid());
	mkdir(dir, 0700);
	for (int i = 0; i < 3; i++)
		snprintf(files[i].path, sizeof(files[i].path), "%s/%s", dir,
			 names[i]);
	return dir;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reader r;
	struct slice rest = expanded(data, size);
	const char *dir = folder();
	struct look k;

	for (int i = 0; i < 3; i++) {
		struct slice s = part(&rest);

		if (s.len || i)
			keep(&files[i], s.at, s.len);
		else
			drop(&files[i]);
	}
	look_start(&k, &r, data, size);
	reader_read_folder(&r, dir);
	look_end(&k, &r);
	return 0;
}
