/* SPDX-License-Identifier: MIT */
/*
 * native_aio.c - reads a file with Linux native AIO, through raw system calls
 *
 * With --direct io_submit hands the reads to the device and returns; the
 * thread waits in io_getevents and nobody copies: the device writes into the
 * buffers.  Without it, io_submit itself waits and copies, block by block,
 * and io_getevents finds everything done.
 *
 *     io_setup                          a context: room for --depth reads
 *     io_submit                         the first --depth reads
 *   until every block is there:
 *     io_getevents                      the call that should sleep
 *     io_submit                         as many as were done
 *
 * Calls     2 for as many blocks as one io_getevents returns; with --batch N an
 *           io_submit for each N of them.
 * Needs     Linux 4.11 (statx).  CONFIG_AIO, else ENOSYS.
 * Limits    a) A buffered read is synchronous, in io_submit.  With --direct,
 *           too, io_submit can wait: to map blocks, or for the device's queue.
 *           b) fs.aio-max-nr limits the requests of all programs together
 *           (EAGAIN from io_setup).
 * Compare   libaio.c makes the same calls through the library; uring_file.c
 *           has two rings instead of the two calls.
 * Trace     traces/native_aio.buffered.x86_64.strace, .kernel
 *           traces/native_aio.direct.x86_64.strace, .kernel
 */
#include "../models/file_job.h"

static aio_context_t ctx;
static struct iocb *iocbs, **batch;	/* one per slot; those to submit */
static unsigned batched, in_flight;
static struct slot *slots;

static void set_up(void)
{
	long err = sys_io_setup(opt.depth, &ctx);

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

	cb->aio_lio_opcode = IOCB_CMD_PREAD;
	cb->aio_fildes = file;
	cb->aio_buf = (unsigned long)(s->buf + s->have);
	cb->aio_nbytes = opt.block - s->have;
	cb->aio_offset = s->offset + s->have;
	cb->aio_data = (unsigned long)s;
	batch[batched++] = cb;
}

/* io_submit may take fewer than it is given, and returns how many. */
static void submit(void)
{
	for (unsigned done = 0; done < batched; ) {
		long n = retry(sys_io_submit(ctx, batched - done,
					     batch + done));

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
	long n = must(retry(sys_io_getevents(ctx, 1, 64, events, NULL)));

	in_flight -= n;
	for (long i = 0; i < n; i++) {
		struct slot *s = (struct slot *)events[i].data;

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
