/* SPDX-License-Identifier: MIT */
/*
 * libaio.c - reads a file with Linux native AIO (with libaio)
 *
 * The twin of native_aio.c: the library fills the same structures and makes
 * the same calls.  One thing the library does by itself: with a zero timeout
 * io_getevents looks into the completion ring first, and makes no call if the
 * ring is empty.
 *
 *     io_setup                          io_setup(3)
 *     io_submit                         io_prep_pread, io_submit(3)
 *   until every block is there:
 *     io_getevents                      io_getevents(3); newer versions of the
 *                                       library (Debian 13) io_pgetevents
 *     io_submit
 *
 * Calls     2 for as many blocks as one io_getevents returns; with --batch N an
 *           io_submit for each N of them.
 * Needs     Linux 4.11 (statx).  CONFIG_AIO, else ENOSYS.
 * Limits    as native_aio.c.  The library returns -errno and leaves errno as
 *           it was.
 * Compare   native_aio.c, line by line.
 * Trace     traces/libaio.buffered.x86_64.strace, .kernel
 *           traces/libaio.direct.x86_64.strace, .kernel
 */
#include <libaio.h>
#include "../models/file_job.h"

static io_context_t ctx;
static struct iocb *iocbs, **batch;	/* one per slot; those to submit */
static unsigned batched, in_flight;
static struct slot *slots;

static void set_up(void)
{
	long err = io_setup(opt.depth, &ctx);

	if (err)
		fail(1, "io_setup %u: %s%s\n", opt.depth, errno_name(err),
		     err == -EAGAIN ? ": beyond fs.aio-max-nr; use a smaller "
				      "--depth, or sysctl fs.aio-max-nr=N" :
		     err == -ENOSYS ? ": no CONFIG_AIO in this kernel, or a "
				      "seccomp filter hides it; use "
				      "uring_file or file_threads" :
		     err == -EPERM ? ": forbidden here, perhaps by a seccomp "
				     "filter; use file_threads" : "");
	slots = new_slots();
	iocbs = memory(opt.depth * (sizeof(*iocbs) + sizeof(*batch)));
	batch = (struct iocb **)(iocbs + opt.depth);
}

/* Put the read of what s wants into the batch. */
static void queue_read(struct slot *s)
{
	struct iocb *cb = &iocbs[s - slots];

	io_prep_pread(cb, file, s->buf + s->have, opt.block - s->have,
		      s->offset + s->have);
	cb->data = s;				/* io_prep_pread cleared it */
	batch[batched++] = cb;
}

/* io_submit may take fewer than it is given, and returns how many. */
static void submit(void)
{
	for (unsigned done = 0; done < batched; ) {
		long n = retry(io_submit(ctx, batched - done, batch + done));

		if (n < 0)
			file_failed("io_submit", n);
		done += n;
	}
	in_flight += batched;
	batched = 0;
}

static void reap(void)
{
	struct io_event events[64];
	long n = must(retry(io_getevents(ctx, 1, 64, events, NULL)));

	in_flight -= n;
	for (long i = 0; i < n; i++) {
		struct slot *s = events[i].data;

		if (!got(s, "io_submit", events[i].res) || next_block(s))
			queue_read(s);
		if (opt.batch && batched == opt.batch)
			submit();
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	open_file(argv);
	set_up();
	for (unsigned i = 0; i < opt.depth && next_block(&slots[i]); i++)
		queue_read(&slots[i]);
	submit();
	while (in_flight) {
		reap();
		submit();
	}
	report();
	return 0;
}
