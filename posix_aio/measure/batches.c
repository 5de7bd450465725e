/* SPDX-License-Identifier: MIT */
/*
 * batches.c - batches of 256 reads of 4 to 32 KiB, O_DIRECT, for compare.sh
 *
 *     batches ENGINE FILE SECONDS     prints reads a second, the 99th percentile
 *                                     of a batch in us, and us of CPU per read
 *
 * The access pattern of NVIDIA NIXL's POSIX back end: one thread submits a batch,
 * then asks until all of it has ended.  ENGINE: posix (aio_read and aio_error, of
 * the library that is preloaded), libaio (io_submit) or io_uring.
 */
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include "../../uring/ring.h"

enum { BATCH = 256, PAGE = 4096, LARGEST = 8 * PAGE, BATCHES_MAX = 1 << 20 };

static char buf[BATCH][LARGEST] __attribute__((aligned(PAGE)));
static struct { size_t len; off_t at; } reads[BATCH];
static int fd;

static void check(int i, long n)
{
	if (n == (long)reads[i].len)
		return;
	fprintf(stderr, "batches: a read of %zu bytes returned %ld\n", reads[i].len,
		n);
	exit(1);
}

static void posix_batch(void)
{
	static struct aiocb cb[BATCH];
	int left[BATCH], n = BATCH;

	for (int i = 0; i < BATCH; i++) {
		cb[i] = (struct aiocb){
			.aio_fildes = fd, .aio_buf = buf[i],
			.aio_nbytes = reads[i].len, .aio_offset = reads[i].at,
			.aio_sigevent.sigev_notify = SIGEV_NONE,
		};
		left[i] = i;
		if (aio_read(&cb[i]))
			check(i, -errno);
	}
	while (n) {
		int still = 0;

		for (int k = 0; k < n; k++)
			if (aio_error(&cb[left[k]]) == EINPROGRESS)
				left[still++] = left[k];
			else
				check(left[k], aio_return(&cb[left[k]]));
		n = still;
	}
}

static void libaio_batch(void)
{
	static aio_context_t context;
	static struct iocb iocbs[BATCH];
	struct iocb *list[BATCH];
	struct io_event events[BATCH];
	struct timespec none = { 0, 0 };
	long n, done;

	if (!context && enter_kernel(__NR_io_setup, BATCH, &context)) {
		fprintf(stderr, "batches: io_setup is refused\n");
		exit(1);
	}
	for (int i = 0; i < BATCH; i++) {
		iocbs[i] = (struct iocb){
			.aio_data = i, .aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_fildes = fd, .aio_buf = (unsigned long)buf[i],
			.aio_nbytes = reads[i].len, .aio_offset = reads[i].at,
		};
		list[i] = &iocbs[i];
	}
	for (done = 0; done < BATCH; done += n) {
		n = enter_kernel(__NR_io_submit, context, BATCH - done,
				 list + done);
		if (n <= 0)
			check(done, n);
	}
	for (done = 0; done < BATCH; done += n) {
		n = enter_kernel(__NR_io_getevents, context, 0, BATCH, events,
				 &none);
		for (long k = 0; k < n; k++)
			check(events[k].data, events[k].res);
	}
}

static void io_uring_batch(void)
{
	static struct ring ring = { .fd = -1 };
	struct io_uring_params p = { 0 };

	if (ring.fd < 0 && ring_setup(&ring, BATCH, &p)) {
		fprintf(stderr, "batches: io_uring is refused\n");
		exit(1);
	}
	for (int i = 0; i < BATCH; i++) {
		struct io_uring_sqe *sqe = ring_sqe(&ring);

		sqe->opcode = IORING_OP_READ;
		sqe->fd = fd;
		sqe->addr = (unsigned long)buf[i];
		sqe->len = reads[i].len;
		sqe->off = reads[i].at;
		sqe->user_data = i;
	}
	ring_submit(&ring);
	for (unsigned done = 0, n; done < BATCH; done += n) {
		n = ring_ready(&ring);
		for (unsigned k = 0; k < n; k++) {
			struct io_uring_cqe *cqe = ring_cqe(&ring, k);

			check(cqe->user_data, cqe->res);
		}
		ring_seen(&ring, n);
	}
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	void (*batch)(void) = NULL;
	double *took, start, end, t;
	struct stat st;
	long n = 0;

	fd = argc == 4 ? open(argv[2], O_RDONLY | O_DIRECT) : -1;
	if (fd >= 0 && !strcmp(argv[1], "posix"))
		batch = posix_batch;
	else if (fd >= 0 && !strcmp(argv[1], "libaio"))
		batch = libaio_batch;
	else if (fd >= 0 && !strcmp(argv[1], "io_uring"))
		batch = io_uring_batch;
	took = malloc(BATCHES_MAX * sizeof(*took));
	if (!batch || !took || fstat(fd, &st) || st.st_size < LARGEST) {
		fprintf(stderr, "usage: batches posix|libaio|io_uring FILE "
			"SECONDS (O_DIRECT)\n");
		return 2;
	}
	start = now(CLOCK_MONOTONIC);
	end = start + atof(argv[3]);
	while ((t = now(CLOCK_MONOTONIC)) < end && n < BATCHES_MAX) {
		for (int i = 0; i < BATCH; i++) {
			reads[i].len = (1 + random() % 8) * PAGE;
			reads[i].at = random() % (st.st_size / LARGEST) *
				      LARGEST;
		}
		batch();
		took[n++] = now(CLOCK_MONOTONIC) - t;
	}
	qsort(took, n, sizeof(*took), by_size);
	printf("%.0f %.0f %.2f\n", n * BATCH / (t - start),
	       took[(n * 99 + 99) / 100 - 1] * 1e6,
	       now(CLOCK_PROCESS_CPUTIME_ID) / (n * BATCH) * 1e6);
	return 0;
}
