/* SPDX-License-Identifier: MIT */
/*
 * file_threads.c - reads a file with pread64 in a pool of --depth threads
 *
 * Libraries do this where the system has no asynchronous read: each thread
 * waits in pread64 and copies in the same pread64; the first thread sleeps.
 *
 *     (mmap mprotect clone) x depth     the threads
 *     futex                             the first sleeps until all have ended
 *   each thread, for each block:
 *     pread64                           sleeps unless the page cache has it
 *   and at its end:
 *     futex  rt_sigprocmask munmap exit
 *
 * Calls     1 per block, and 7 per thread: 3 to start it, 4 to end it.
 * Needs     Linux 4.11 (statx); --direct: a file system that has O_DIRECT.
 * Limits    a thread for each read in flight: RLIMIT_NPROC and memory limit them.
 * Compare   file_blocking.c has one thread; posix_aio_glibc.c uses glibc's threads.
 * Trace     traces/file_threads.buffered.x86_64.strace, .kernel
 *           traces/file_threads.direct.x86_64.strace, .kernel
 */
#include "file_job.h"

static struct count threads;
static struct slot *slots;

static void read_blocks(long i)
{
	struct slot *s = &slots[i];

	while (next_block(s)) {
		long n;

		do
			n = retry(sys_pread64(file, s->buf + s->have,
					      opt.block - s->have,
					      s->offset + s->have));
		while (!got(s, "pread64", n));
	}
	count_down(&threads);
}

int main(int argc, char **argv)
{
	int n;

	(void)argc;
	open_file(argv);
	slots = new_slots();
	for (unsigned i = 0; i < opt.depth; i++) {
		long tid;

		count_up(&threads);
		tid = thread_start(read_blocks, i);
		if (tid < 0)
			fail(1, "thread %u: %s: %s\n", i + 1, errno_name(tid),
			     tid == -EAGAIN ? "RLIMIT_NPROC (ulimit -u) or a "
			     "cgroup allows no more; use a smaller --depth" :
			     "no memory; use a smaller --depth");
	}
	while ((n = count_read(&threads)))
		futex_wait(&threads.n, n, NULL);
	report();
	return 0;
}
