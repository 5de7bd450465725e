/* SPDX-License-Identifier: MIT */
/*
 * filter.h - seccomp filters that play another kernel, or a container
 *
 * For this thread and all processes that it starts from then on.  Of several
 * filters the last one that refuses a call names the errno.  Each returns 0,
 * or -1 with errno where filters are not allowed.
 */
#ifndef IOMODELS_FILTER_H
#define IOMODELS_FILTER_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long filter_install(struct sock_filter *code, int n, unsigned flags)
{
	struct sock_fprog program = { n, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* The system call `call` returns -err. */
static inline long filter_call(int call, int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return filter_install(code, 4, 0);
}

/* Only where the low half of its n-th argument is `least` or more (test:
   BPF_JGE), or has one of these bits (BPF_JSET). */
static inline long filter_argument(int call, int n, int test, unsigned least,
				   int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,	/* little-endian */
			 offsetof(struct seccomp_data, args) + n * 8),
		BPF_JUMP(BPF_JMP | test | BPF_K, least, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return filter_install(code, 6, 0);
}

/* ---- faults at random ---- */

/* A thread that has no filter decides each of these n calls, for this thread and
   those that it starts: decide(call) returns the errno, or 0 to let it through. */
enum { FILTER_CALLS_MAX = 32 };
static int filter_faults_listener = -1;

static inline void *filter_decide(void *decide)
{
	int (*error_of)(int call) = decide;

	while (__atomic_load_n(&filter_faults_listener, __ATOMIC_ACQUIRE) == -1)
		sched_yield();
	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(filter_faults_listener, SECCOMP_IOCTL_NOTIF_RECV,
			  &call)) {
			if (errno == EINTR || errno == ENOENT)
				continue;	/* the caller is gone */
			return NULL;
		}
		answer.id = call.id;
		answer.error = -error_of(call.data.nr);
		if (!answer.error)
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(filter_faults_listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

static inline long filter_faults(const int *calls, int n, int (*decide)(int))
{
	struct sock_filter code[FILTER_CALLS_MAX + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
	};
	pthread_t thread;
	int fd;

	for (int i = 0; i < n; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, calls[i], n - i, 0);
	code[1 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_ALLOW);
	code[2 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_USER_NOTIF);
	if (pthread_create(&thread, NULL, filter_decide, (void *)decide))
		return -1;
	fd = filter_install(code, n + 3, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	/* -2: ioctl fails, and the thread ends. */
	__atomic_store_n(&filter_faults_listener, fd < 0 ? -2 : fd,
			 __ATOMIC_RELEASE);
	return fd < 0 ? -1 : 0;
}

/* ---- flags of io_uring_setup: they are in memory, out of a filter's sight ---- */

static int filter_listener;
static unsigned filter_flags;

/* params->flags, where the caller has it. */
static inline unsigned filter_read_flags(pid_t pid, uint64_t params)
{
	uint32_t flags = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &flags, sizeof(flags), params + 8) < 0)
		flags = 0;
	close(fd);
	return flags;
}

static inline void *filter_supervise(void *arg)
{
	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(filter_listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) {
			if (errno == EINTR || errno == ENOENT)
				continue;	/* the caller is gone */
			return arg;
		}
		answer.id = call.id;
		if (filter_read_flags(call.pid, call.data.args[1]) & filter_flags)
			answer.error = -EINVAL;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(filter_listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* io_uring_setup knows none of these flags; a thread here looks at each call. */
static inline long filter_setup_flags(unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	pthread_t thread;

	filter_flags = flags;
	filter_listener = filter_install(code, 4,
					 SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (filter_listener < 0)
		return -1;
	fcntl(filter_listener, F_SETFD, FD_CLOEXEC);
	return pthread_create(&thread, NULL, filter_supervise, NULL) ? -1 : 0;
}

#endif
