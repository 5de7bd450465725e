/* SPDX-License-Identifier: MIT */
/*
 * lists.c - lists of 32 reads with lio_listio(LIO_WAIT), for compare.sh
 *
 *     lists FILE SECONDS      prints reads a second, and us of CPU per read
 */
#include <aio.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { LIST = 32, BLOCK = 4096 };

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	static char buf[LIST][BLOCK] __attribute__((aligned(BLOCK)));
	static struct aiocb cb[LIST];
	struct aiocb *list[LIST];
	double start, end;
	struct stat st;
	long reads = 0;
	int fd;

	fd = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
	if (fd < 0 || fstat(fd, &st) || st.st_size < BLOCK) {
		fprintf(stderr, "usage: lists FILE SECONDS (O_DIRECT)\n");
		return 2;
	}
	for (int i = 0; i < LIST; i++) {
		cb[i].aio_fildes = fd;
		cb[i].aio_buf = buf[i];
		cb[i].aio_nbytes = BLOCK;
		cb[i].aio_lio_opcode = LIO_READ;
		cb[i].aio_sigevent.sigev_notify = SIGEV_NONE;
		list[i] = &cb[i];
	}
	start = now(CLOCK_MONOTONIC);
	end = start + atof(argv[2]);
	while (now(CLOCK_MONOTONIC) < end) {
		for (int i = 0; i < LIST; i++)
			cb[i].aio_offset = random() % (st.st_size / BLOCK) *
					   BLOCK;
		if (lio_listio(LIO_WAIT, list, LIST, NULL)) {
			perror("lio_listio");
			return 1;
		}
		reads += LIST;
	}
	end = now(CLOCK_MONOTONIC);
	printf("%.0f 0 %.2f\n", reads / (end - start),
	       now(CLOCK_PROCESS_CPUTIME_ID) / reads * 1e6);
	return 0;
}
