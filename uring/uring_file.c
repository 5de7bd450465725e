/* SPDX-License-Identifier: MIT */
/*
 * uring_file.c - reads a file with io_uring, registered buffers and file
 *
 * On ext4 the thread copies what is in the page cache at once, in the
 * io_uring_enter that submits the read (on tmpfs a worker copies, from Linux
 * 6.5 on).  What the disk had to read first, the thread copies in the
 * io_uring_enter that waits.  With --direct, from a disk, no thread copies: the
 * device does.
 *
 *     io_uring_setup  mmap x2           the ring
 *     io_uring_register x2              the buffers, the file
 *   until every block is there:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *
 * Calls     1 for as many blocks as are ready together; with --batch N one more
 *           for each N of them, which does not wait.
 * Needs     Linux 6.1 (DEFER_TASKRUN: the kernel finishes requests only when we
 *           enter it; they do not interrupt us), else 5.1 (before 5.9 a worker
 *           reads what is not in memory); --link needs 5.3.
 * Limits    a) Registered buffers stay in memory: without CAP_IPC_LOCK, --depth
 *           times --block may not exceed RLIMIT_MEMLOCK.  --depth <= 32768.
 *           b) --link makes a chain of each batch: a read starts when the one
 *           before it has ended; with --direct the device sees only one.  A short
 *           read ends its chain: the others end with ECANCELED and are retried.
 * Compare   posix_aio/native_aio.c, which makes two calls, and whose buffered
 *           read waits in the first of them.
 * Trace     traces/uring_file.buffered.x86_64.strace, .kernel
 *           traces/uring_file.direct.x86_64.strace, .kernel
 */
#define OWN_HELP \
	"  --link           each read waits for the one before it in its batch\n"
#include "../models/file_job.h"
#include "ring.h"

static struct ring ring;
static struct io_uring_sqe *last;	/* of the batch, to be linked to */
static unsigned batched, in_flight;
static struct slot *slots;
static int linked;

static int own_option(char ***argv)
{
	linked |= same(**argv, "--link");
	return same(**argv, "--link");
}

/* The newest flags that this kernel takes. */
static long open_ring(void)
{
	static const unsigned flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0,
	};
	long err = -EINVAL;

	for (int i = 0; i < 2 && err == -EINVAL; i++) {
		struct io_uring_params p = { .flags = flags[i] };

		err = ring_setup(&ring, opt.depth, &p);
	}
	return err;
}

static void set_up(void)
{
	struct iovec all;
	long err = open_ring();

	if (err)
		fail(1, "io_uring_setup %u: %s: %s\n", opt.depth,
		     errno_name(err), err == -EINVAL && opt.depth > 32768 ?
		     "beyond 32768; use a smaller --depth" : ring_why(err));
	slots = new_slots();
	all.iov_base = slots->buf;
	all.iov_len = (unsigned long)opt.depth * opt.block;
	err = ring_fixed_buffers(&ring, &all, 1);
	if (err)
		fail(1, "io_uring_register of %lu bytes: %s: %s\n", all.iov_len,
		     errno_name(err), err == -ENOMEM ? "beyond RLIMIT_MEMLOCK "
		     "(ulimit -l), or no memory; lower --depth or --block" :
		     err == -EFAULT ? "beyond 1 GiB, the limit of this "
		     "kernel; lower --depth or --block" : ring_why(err));
	must(ring_files(&ring, &file, 1));
}

/* Put the read of what s wants into the batch. */
static void queue_read(struct slot *s)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);	/* depth: never 0 */

	sqe->opcode = IORING_OP_READ_FIXED;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fd = 0;				/* place 0 of those registered */
	sqe->buf_index = 0;			/* likewise */
	sqe->addr = (unsigned long)(s->buf + s->have);
	sqe->len = opt.block - s->have;
	sqe->off = s->offset + s->have;
	sqe->user_data = (unsigned long)s;
	if (linked && last)
		last->flags |= IOSQE_IO_LINK;
	last = sqe;
	batched++;
	in_flight++;
}

/* What ring_wait does not take now stays in the ring, for the next call. */
static void submit_and_wait(unsigned wait)
{
	long n = ring_again(ring_wait(&ring, wait, NULL));

	if (n < 0)
		fail(1, "io_uring_enter: %s: %s\n", errno_name(n),
		     ring_why(n));
	last = NULL;
	batched = 0;
}

static void reap(void)
{
	unsigned n = ring_ready(&ring);

	in_flight -= n;
	for (unsigned i = 0; i < n; i++) {
		struct io_uring_cqe *cqe = ring_cqe(&ring, i);
		struct slot *s = (struct slot *)cqe->user_data;

		/* ECANCELED: Limits b) */
		if (cqe->res == -ECANCELED ||
		    !got(s, "IORING_OP_READ_FIXED", cqe->res) || next_block(s))
			queue_read(s);
		if (opt.batch && batched == opt.batch)
			submit_and_wait(0);
	}
	ring_seen(&ring, n);
}

int main(int argc, char **argv)
{
	(void)argc;
	open_file(argv);
	set_up();
	for (unsigned i = 0; i < opt.depth && next_block(&slots[i]); i++)
		queue_read(&slots[i]);
	while (in_flight) {
		submit_and_wait(1);
		reap();
	}
	report();
	return 0;
}
