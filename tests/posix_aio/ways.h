/* SPDX-License-Identifier: MIT */
/*
 * ways.h - the ways that libposixaio has here, and tests that refuse some
 *
 * A test of libposixaio is compiled up to three times (Makefile): X_ours_test,
 * where the kernel decides which ways there are; X_noring_test, where a seccomp
 * filter refuses io_uring as Docker's does; X_threads_test, where it refuses
 * native AIO as well.
 */
#ifndef IOMODELS_WAYS_H
#define IOMODELS_WAYS_H

#include <aio.h>
#include <dirent.h>
#include "../filter.h"
#include "tap.h"

#ifdef OURS
enum { IS_OURS = 1 };
#define GLIBC_CANNOT(what)
#else
enum { IS_OURS = 0 };
#define GLIBC_CANNOT(what) SKIP("glibc: " what)
#endif

#ifndef REFUSED			/* 1: io_uring; 2: native AIO, too */
#define REFUSED 0
#else
__attribute__((constructor)) static void refuse_ways(void)
{
	static const int calls[] = {
		__NR_io_uring_setup, __NR_io_uring_enter,
		__NR_io_uring_register, __NR_io_setup, __NR_io_submit,
	};

	for (int i = 0; i < (REFUSED == 1 ? 3 : 5); i++)
		if (filter_call(calls[i], EPERM)) {
			printf("TAP version 13\n1..0 # SKIP no seccomp filter: "
			       "%s\n", errno_name(errno));
			exit(4);
		}
}
#endif

/* io_uring is refused to all threads from now on: a ring that is there breaks. */
static inline long filter_all_rings(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __NR_io_uring_setup, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, __NR_io_uring_register, 1,
			 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return filter_install(code, 5, SECCOMP_FILTER_FLAG_TSYNC);
}

/* A thread of process pid with that name, or 0. */
static inline pid_t thread_named(pid_t pid, const char *wanted)
{
	char path[300], name[32] = "";
	struct dirent *e;
	pid_t tid = 0;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	ASSERT_TRUE(dir);
	while ((e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", pid,
			 e->d_name);
		f = fopen(path, "r");
		if (f && fgets(name, sizeof(name), f) &&
		    !strncmp(name, wanted, strlen(name) - 1) &&
		    !wanted[strlen(name) - 1])
			tid = atoi(e->d_name);
		if (f)
			fclose(f);
	}
	closedir(dir);
	return tid;
}

/* The one that owns the library's io_uring. */
static inline pid_t ring_thread(pid_t pid)
{
	return thread_named(pid, "posixaio");
}

/*
 * Does a request that waits for a stream wait in an io_uring?  Only there it needs
 * no thread of its own, and a read keeps its file when the program closes it.
 */
static inline int streams_have_a_ring(void)
{
	struct aiocb cb = { .aio_nbytes = 1 };
	const struct aiocb *list[] = { &cb };
	char byte;
	int p[2], found;

	if (!IS_OURS)
		return 0;
	ASSERT_EQ(0, pipe(p));
	cb.aio_fildes = p[0];
	cb.aio_buf = &byte;
	cb.aio_sigevent.sigev_notify = SIGEV_NONE;
	ASSERT_EQ(0, aio_read(&cb));
	found = !!ring_thread(getpid());
	ASSERT_EQ(1, write(p[1], "x", 1));
	while (aio_error(&cb) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	ASSERT_EQ(1, aio_return(&cb));
	close(p[0]);
	close(p[1]);
	return found;
}

#endif
