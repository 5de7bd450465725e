/* SPDX-License-Identifier: MIT */
/*
 * libc.h - sys_NAME() made of libc's NAME(), for the tests of the raw layer
 *
 * `make check-libc` compiles the same tests against this file instead of
 * syscalls/sys.h.  Where a test passes with the one and fails with the other,
 * one of the two is wrong, usually ours.  What libc does not have goes through
 * syscall(2); what it hides by design (the mask of 8 bytes, the order of the
 * members of struct sigaction) is translated.
 */
#ifndef IOMODELS_LIBC_H
#define IOMODELS_LIBC_H

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <linux/aio_abi.h>
#include "../syscalls/hosted.h"
#include "../syscalls/socket.h"

#define LIBC(call) ({ long r_ = (long)(call); r_ == -1 ? -errno : r_; })
#define SIGNAL_BIT(n) (1UL << ((n) - 1))

typedef unsigned long mask_t;		/* the kernel's set of signals */

static inline const sigset_t *libc_set(const mask_t *mask, sigset_t *set)
{
	if (!mask)
		return NULL;
	sigemptyset(set);
	memcpy(set, mask, sizeof(*mask));
	return set;
}

#define SYS0(name) static inline long sys_##name(void) { return LIBC(name()); }
#define SYS1(name, A) static inline long sys_##name(A a) \
	{ return LIBC(name(a)); }
#define SYS2(name, A, B) static inline long sys_##name(A a, B b) \
	{ return LIBC(name(a, b)); }
#define SYS3(name, A, B, C) static inline long sys_##name(A a, B b, C c) \
	{ return LIBC(name(a, b, c)); }
#define SYS4(name, A, B, C, D) static inline long sys_##name(A a, B b, C c, D d) \
	{ return LIBC(name(a, b, c, d)); }
#define SYS5(name, A, B, C, D, E) \
	static inline long sys_##name(A a, B b, C c, D d, E e) \
	{ return LIBC(name(a, b, c, d, e)); }

SYS3(read, int, void *, unsigned long)
SYS3(write, int, const void *, unsigned long)
SYS4(pread64, int, void *, unsigned long, long long)
SYS4(pwrite64, int, const void *, unsigned long, long long)
SYS4(openat, int, const char *, int, unsigned)
SYS1(close, int)
SYS3(lseek, int, long long, int)
SYS5(statx, int, const char *, int, unsigned, struct statx *)
SYS2(ftruncate, int, long long)
SYS3(unlinkat, int, const char *, int)
SYS3(fcntl, int, int, unsigned long)
SYS3(ioctl, int, unsigned, unsigned long)
SYS3(dup3, int, int, int)
SYS2(pipe2, int *, int)

static inline long sys_eventfd2(unsigned count, int flags)
{
	return LIBC(eventfd(count, flags));
}

SYS3(socket, int, int, int)
SYS4(socketpair, int, int, int, int *)
SYS3(bind, int, const void *, int)
SYS2(listen, int, int)
SYS3(connect, int, const void *, int)
SYS2(shutdown, int, int)
SYS5(setsockopt, int, int, int, const void *, int)
SYS3(recvmsg, int, struct msghdr *, int)
SYS3(sendmsg, int, const struct msghdr *, int)

static inline long sys_accept4(int fd, void *addr, int *len, int flags)
{
	return LIBC(accept4(fd, addr, (socklen_t *)len, flags));
}

static inline long sys_getsockname(int fd, void *addr, int *len)
{
	return LIBC(getsockname(fd, addr, (socklen_t *)len));
}

static inline long sys_getpeername(int fd, void *addr, int *len)
{
	return LIBC(getpeername(fd, addr, (socklen_t *)len));
}

static inline long sys_getsockopt(int fd, int level, int name, void *value,
				  int *len)
{
	return LIBC(getsockopt(fd, level, name, value, (socklen_t *)len));
}

static inline long sys_recvfrom(int fd, void *buf, unsigned long n, int flags,
				void *addr, int *len)
{
	return LIBC(recvfrom(fd, buf, n, flags, addr, (socklen_t *)len));
}

static inline long sys_sendto(int fd, const void *buf, unsigned long n,
			      int flags, const void *addr, int len)
{
	return LIBC(sendto(fd, buf, n, flags, addr, len));
}

SYS1(epoll_create1, int)

static inline long sys_epoll_ctl(int ep, int op, int fd,
				 const struct epoll_event *ev)
{
	return LIBC(epoll_ctl(ep, op, fd, (struct epoll_event *)ev));
}

static inline long sys_epoll_pwait(int ep, struct epoll_event *ev, int max,
				   int timeout_ms, const mask_t *mask)
{
	sigset_t set;

	return LIBC(epoll_pwait(ep, ev, max, timeout_ms, libc_set(mask, &set)));
}

static inline long sys_ppoll(struct pollfd *fds, unsigned n,
			     struct timespec *timeout, const mask_t *mask)
{
	sigset_t set;

	return LIBC(ppoll(fds, n, timeout, libc_set(mask, &set)));
}

static inline long sys_pselect6(int n, mask_t *rd, mask_t *wr, mask_t *ex,
				struct timespec *timeout, const mask_t *mask)
{
	sigset_t set;

	return LIBC(pselect(n, (fd_set *)rd, (fd_set *)wr, (fd_set *)ex,
			    timeout, libc_set(mask, &set)));
}

#ifdef __NR_select
static inline long sys_select(int n, mask_t *rd, mask_t *wr, mask_t *ex,
			      struct timeval *timeout)
{
	return LIBC(select(n, (fd_set *)rd, (fd_set *)wr, (fd_set *)ex,
			   timeout));
}
#endif

struct kernel_sigaction {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static inline long sys_rt_sigaction(int sig, const struct kernel_sigaction *act,
				    struct kernel_sigaction *old)
{
	struct sigaction new = { 0 }, was;
	long err;

	if (act) {
		new.sa_sigaction = act->handler;
		new.sa_flags = act->flags & ~SA_RESTORER;
		libc_set(&act->mask, &new.sa_mask);
	}
	err = LIBC(sigaction(sig, act ? &new : NULL, &was));
	if (!err && old) {
		old->handler = was.sa_sigaction;
		old->flags = was.sa_flags;
		memcpy(&old->mask, &was.sa_mask, sizeof(old->mask));
	}
	return err;
}

static inline long sys_rt_sigprocmask(int how, const mask_t *mask, mask_t *old)
{
	sigset_t set, was;
	long err = LIBC(sigprocmask(how, libc_set(mask, &set), &was));

	if (!err && old)
		memcpy(old, &was, sizeof(*old));
	return err;
}

static inline long sys_rt_sigpending(mask_t *mask)
{
	sigset_t set;
	long err = LIBC(sigpending(&set));

	memcpy(mask, &set, sizeof(*mask));
	return err;
}

static inline long sys_rt_sigsuspend(const mask_t *mask)
{
	sigset_t set;

	return LIBC(sigsuspend(libc_set(mask, &set)));
}

static inline long sys_rt_sigtimedwait(const mask_t *mask, siginfo_t *info,
				       const struct timespec *timeout)
{
	sigset_t set;

	return LIBC(sigtimedwait(libc_set(mask, &set), info, timeout));
}

/* libc offers sigqueue(3), which fills in the siginfo by itself. */
static inline long sys_rt_sigqueueinfo(int pid, int sig, siginfo_t *info)
{
	return LIBC(syscall(SYS_rt_sigqueueinfo, pid, sig, info));
}

SYS2(kill, int, int)
SYS3(tgkill, int, int, int)
SYS0(getpid)
SYS0(getppid)
SYS0(gettid)

static inline long sys_clone_fork(void)
{
	return LIBC(fork());
}

SYS3(execve, const char *, char *const *, char *const *)
SYS4(wait4, int, int *, int, void *)

static inline __attribute__((noreturn)) void sys_exit(int status)
{
	syscall(SYS_exit, status);
	__builtin_unreachable();
}

static inline __attribute__((noreturn)) void sys_exit_group(int status)
{
	_exit(status);
}

/* Nothing of it is in libc. */
static inline long sys_futex(int *uaddr, int op, int value,
			     const struct timespec *timeout, int *uaddr2,
			     int val3)
{
	return LIBC(syscall(SYS_futex, uaddr, op, value, timeout, uaddr2, val3));
}

SYS0(sched_yield)

static inline void *sys_mmap(void *addr, unsigned long len, int prot, int flags,
			     int fd, long long offset)
{
	return (void *)LIBC(mmap(addr, len, prot, flags, fd, offset));
}

static inline void *sys_mremap(void *old, unsigned long old_len,
			       unsigned long new_len, int flags)
{
	return (void *)LIBC(mremap(old, old_len, new_len, flags));
}

static inline int failed(const void *address)
{
	return (unsigned long)address >= -4095UL;
}

SYS2(munmap, void *, unsigned long)
SYS3(mprotect, void *, unsigned long, int)
SYS3(madvise, void *, unsigned long, int)
SYS4(prlimit64, int, int, const struct rlimit64 *, struct rlimit64 *)
SYS2(clock_gettime, int, struct timespec *)
SYS2(nanosleep, const struct timespec *, struct timespec *)
SYS3(setitimer, int, const struct itimerval *, struct itimerval *)

/* Nothing of it is in libc. */
static inline long sys_io_setup(unsigned events, aio_context_t *ctx)
{
	return LIBC(syscall(SYS_io_setup, events, ctx));
}

static inline long sys_io_destroy(aio_context_t ctx)
{
	return LIBC(syscall(SYS_io_destroy, ctx));
}

static inline long sys_io_submit(aio_context_t ctx, long n, struct iocb **iocbs)
{
	return LIBC(syscall(SYS_io_submit, ctx, n, iocbs));
}

static inline long sys_io_getevents(aio_context_t ctx, long min, long max,
				    struct io_event *events,
				    struct timespec *timeout)
{
	return LIBC(syscall(SYS_io_getevents, ctx, min, max, events, timeout));
}

static inline long sys_io_cancel(aio_context_t ctx, struct iocb *iocb,
				 struct io_event *event)
{
	return LIBC(syscall(SYS_io_cancel, ctx, iocb, event));
}

#endif
