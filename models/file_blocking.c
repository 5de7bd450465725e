/* SPDX-License-Identifier: MIT */
/*
 * file_blocking.c - reads a file with pread64, one block after the other
 *
 * The thread waits in pread64 and copies in the same pread64.  --depth has no
 * effect: a thread that sleeps in a call cannot make another.
 *
 *   for each block:
 *     pread64                           sleeps unless the page cache has it
 *
 * Calls     1 per block.
 * Needs     Linux 4.11 (statx); --direct: a file system that has O_DIRECT.
 * Limits    one read in flight: without readahead the device has one at a time.
 * Compare   file_threads.c makes the same call in many threads.
 * Trace     traces/file_blocking.buffered.x86_64.strace, .kernel
 *           traces/file_blocking.direct.x86_64.strace, .kernel
 */
#include "file_job.h"

int main(int argc, char **argv)
{
	struct slot *s;

	(void)argc;
	open_file(argv);
	opt.depth = 1;
	s = new_slots();
	while (next_block(s)) {
		long n;

		do
			n = retry(sys_pread64(file, s->buf + s->have,
					      opt.block - s->have,
					      s->offset + s->have));
		while (!got(s, "pread64", n));
	}
	report();
	return 0;
}
