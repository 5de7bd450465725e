/* SPDX-License-Identifier: MIT */
/*
 * sys.h - typed system calls: sys_NAME() is one kernel entry, nothing else
 *
 * Every function takes the arguments of its manual page (man 2 NAME) in the
 * same order and returns what the kernel returned: zero or more on success,
 * -errno on failure (-4095 to -1).  There is no errno variable, no retry and
 * no second call: strace shows the same calls as the source.  A
 * comment stands only where the kernel's call differs from libc's.
 *
 * Only calls that x86-64, aarch64 and riscv64 all have, so epoll_pwait and
 * not epoll_wait, ppoll and not poll, clone and not fork; the one exception
 * is select, on x86-64 alone, because it is a lesson of its own.
 *
 * Freestanding programs include this file and no libc header.  Hosted ones,
 * the twins written with a library, may include it too: hosted.h.
 */
#ifndef IOMODELS_SYS_H
#define IOMODELS_SYS_H

#if __STDC_HOSTED__
#include "hosted.h"
#else
#include <linux/types.h>
#include <asm/errno.h>
#include <linux/mman.h>
#include <asm/poll.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/aio_abi.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/wait.h>

#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef O_CLOEXEC
#define O_CLOEXEC 02000000
#endif
#ifndef FASYNC
#define FASYNC 020000			/* what fcntl(2) calls O_ASYNC */
#endif
#ifndef EPOLL_CLOEXEC
#define EPOLL_CLOEXEC O_CLOEXEC
#endif
enum { EFD_SEMAPHORE = 1, EFD_NONBLOCK = 04000, EFD_CLOEXEC = 02000000 };
#endif
#include "arch.h"
#include "socket.h"

/* ---- files ---- */

static inline long sys_read(int fd, void *kbuf, unsigned long len)
{
	return enter_kernel(__NR_read, fd, kbuf, len);
}

static inline long sys_write(int fd, const void *buf, unsigned long len)
{
	return enter_kernel(__NR_write, fd, buf, len);
}

static inline long sys_pread64(int fd, void *kbuf, unsigned long len,
			       long long offset)
{
	return enter_kernel(__NR_pread64, fd, kbuf, len, offset);
}

static inline long sys_pwrite64(int fd, const void *buf, unsigned long len,
				long long offset)
{
	return enter_kernel(__NR_pwrite64, fd, buf, len, offset);
}

static inline long sys_openat(int dirfd, const char *path, int flags,
			      unsigned mode)
{
	return enter_kernel(__NR_openat, dirfd, path, flags, mode);
}

static inline long sys_close(int fd)
{
	return enter_kernel(__NR_close, fd);
}

static inline long sys_lseek(int fd, long long offset, int whence)
{
	return enter_kernel(__NR_lseek, fd, offset, whence);
}

/* Does what stat(2) and fstat(2) do.  mask: which fields of *kst to fill. */
static inline long sys_statx(int dirfd, const char *path, int flags,
			     unsigned mask, struct statx *kst)
{
	return enter_kernel(__NR_statx, dirfd, path, flags, mask, kst);
}

static inline long sys_ftruncate(int fd, long long size)
{
	return enter_kernel(__NR_ftruncate, fd, size);
}

static inline long sys_unlinkat(int dirfd, const char *path, int flags)
{
	return enter_kernel(__NR_unlinkat, dirfd, path, flags);
}

/* arg is an int or a pointer, as cmd demands. */
static inline long sys_fcntl(int fd, int cmd, unsigned long arg)
{
	return enter_kernel(__NR_fcntl, fd, cmd, arg);
}

static inline long sys_ioctl(int fd, unsigned cmd, unsigned long arg)
{
	return enter_kernel(__NR_ioctl, fd, cmd, arg);
}

/* There is no dup2 on newer architectures; dup3 refuses old == new. */
static inline long sys_dup3(int old, int new, int flags)
{
	return enter_kernel(__NR_dup3, old, new, flags);
}

static inline long sys_pipe2(int kfd[2], int flags)
{
	return enter_kernel(__NR_pipe2, kfd, flags);
}

static inline long sys_eventfd2(unsigned count, int flags)
{
	return enter_kernel(__NR_eventfd2, count, flags);
}

/* ---- sockets ---- */

static inline long sys_socket(int family, int type, int protocol)
{
	return enter_kernel(__NR_socket, family, type, protocol);
}

static inline long sys_socketpair(int family, int type, int protocol,
				  int kfd[2])
{
	return enter_kernel(__NR_socketpair, family, type, protocol, kfd);
}

static inline long sys_bind(int fd, const void *addr, int len)
{
	return enter_kernel(__NR_bind, fd, addr, len);
}

static inline long sys_listen(int fd, int backlog)
{
	return enter_kernel(__NR_listen, fd, backlog);
}

static inline long sys_accept4(int fd, void *kaddr, int *klen, int flags)
{
	return enter_kernel(__NR_accept4, fd, kaddr, klen, flags);
}

static inline long sys_connect(int fd, const void *addr, int len)
{
	return enter_kernel(__NR_connect, fd, addr, len);
}

static inline long sys_shutdown(int fd, int how)
{
	return enter_kernel(__NR_shutdown, fd, how);
}

static inline long sys_getsockname(int fd, void *kaddr, int *klen)
{
	return enter_kernel(__NR_getsockname, fd, kaddr, klen);
}

static inline long sys_getpeername(int fd, void *kaddr, int *klen)
{
	return enter_kernel(__NR_getpeername, fd, kaddr, klen);
}

static inline long sys_setsockopt(int fd, int level, int name,
				  const void *value, int len)
{
	return enter_kernel(__NR_setsockopt, fd, level, name, value, len);
}

static inline long sys_getsockopt(int fd, int level, int name, void *kvalue,
				  int *klen)
{
	return enter_kernel(__NR_getsockopt, fd, level, name, kvalue, klen);
}

/* libc's recv(3) and send(3) are these two with a null address. */
static inline long sys_recvfrom(int fd, void *kbuf, unsigned long len,
				int flags, void *kaddr, int *klen)
{
	return enter_kernel(__NR_recvfrom, fd, kbuf, len, flags, kaddr, klen);
}

static inline long sys_sendto(int fd, const void *buf, unsigned long len,
			      int flags, const void *addr, int addr_len)
{
	return enter_kernel(__NR_sendto, fd, buf, len, flags, addr, addr_len);
}

static inline long sys_recvmsg(int fd, struct msghdr *kmsg, int flags)
{
	return enter_kernel(__NR_recvmsg, fd, kmsg, flags);
}

static inline long sys_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return enter_kernel(__NR_sendmsg, fd, msg, flags);
}

/* ---- waiting for many descriptors ---- */

static inline long sys_epoll_create1(int flags)
{
	return enter_kernel(__NR_epoll_create1, flags);
}

static inline long sys_epoll_ctl(int ep, int op, int fd,
				 const struct epoll_event *ev)
{
	return enter_kernel(__NR_epoll_ctl, ep, op, fd, ev);
}

/*
 * timeout in milliseconds, -1 for ever.  The mask, if any, replaces the
 * thread's signal mask while it sleeps; its size is the kernel's, 8 bytes.
 */
static inline long sys_epoll_pwait(int ep, struct epoll_event *kev, int max,
				   int timeout_ms, const unsigned long *mask)
{
	return enter_kernel(__NR_epoll_pwait, ep, kev, max, timeout_ms, mask,
		       sizeof(*mask));
}

/* The kernel writes the time that is left to *ktimeout; libc hides that. */
static inline long sys_ppoll(struct pollfd *kfds, unsigned n,
			     struct timespec *ktimeout,
			     const unsigned long *mask)
{
	return enter_kernel(__NR_ppoll, kfds, n, ktimeout, mask, sizeof(*mask));
}

/*
 * n is the highest descriptor plus one, and the three bitmaps are as long as
 * n asks: the limit of 1024 is the size of libc's fd_set, not the kernel's.
 * The sixth argument points at a pair, the mask and its size, because a
 * system call has no seventh.  Time left goes to *ktimeout.
 */
static inline long sys_pselect6(int n, unsigned long *kread,
				unsigned long *kwrite, unsigned long *kexcept,
				struct timespec *ktimeout,
				const unsigned long *mask)
{
	struct {
		const unsigned long *mask;
		unsigned long size;
	} pair = { mask, sizeof(*mask) };

	return enter_kernel(__NR_pselect6, n, kread, kwrite, kexcept, ktimeout,
		       &pair);
}

#ifdef __NR_select
/* x86-64 only.  Time left goes to *ktimeout, in microseconds. */
static inline long sys_select(int n, unsigned long *kread,
			      unsigned long *kwrite, unsigned long *kexcept,
			      struct timeval *ktimeout)
{
	return enter_kernel(__NR_select, n, kread, kwrite, kexcept, ktimeout);
}
#endif

/* ---- signals: a set is one long, bit n - 1 for signal n ---- */

#define SIGNAL_BIT(n) (1UL << ((n) - 1))

/* The kernel's structure: libc's has its members in another order. */
struct kernel_sigaction {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
#ifdef SA_RESTORER			/* riscv64 has none */
	void (*restorer)(void);
#endif
	unsigned long mask;
};

static inline long sys_rt_sigaction(int sig, const struct kernel_sigaction *act,
				    struct kernel_sigaction *kold)
{
	return enter_kernel(__NR_rt_sigaction, sig, act, kold, sizeof(act->mask));
}

static inline long sys_rt_sigprocmask(int how, const unsigned long *set,
				      unsigned long *kold)
{
	return enter_kernel(__NR_rt_sigprocmask, how, set, kold, sizeof(*set));
}

static inline long sys_rt_sigpending(unsigned long *kset)
{
	return enter_kernel(__NR_rt_sigpending, kset, sizeof(*kset));
}

/* Always ends with -EINTR, after a handler ran. */
static inline long sys_rt_sigsuspend(const unsigned long *mask)
{
	return enter_kernel(__NR_rt_sigsuspend, mask, sizeof(*mask));
}

/* Returns the signal's number; no handler runs.  NULL waits for ever. */
static inline long sys_rt_sigtimedwait(const unsigned long *set,
				       siginfo_t *kinfo,
				       const struct timespec *timeout)
{
	return enter_kernel(__NR_rt_sigtimedwait, set, kinfo, timeout, sizeof(*set));
}

static inline long sys_rt_sigqueueinfo(int pid, int sig, siginfo_t *info)
{
	return enter_kernel(__NR_rt_sigqueueinfo, pid, sig, info);
}

static inline long sys_kill(int pid, int sig)
{
	return enter_kernel(__NR_kill, pid, sig);
}

static inline long sys_tgkill(int pid, int tid, int sig)
{
	return enter_kernel(__NR_tgkill, pid, tid, sig);
}

/* ---- processes, threads, memory ---- */

static inline long sys_getpid(void)
{
	return enter_kernel(__NR_getpid);
}

static inline long sys_getppid(void)
{
	return enter_kernel(__NR_getppid);
}

static inline long sys_gettid(void)
{
	return enter_kernel(__NR_gettid);
}

/*
 * fork(2): the memory, with this stack, is copied; the open files behind the
 * descriptors are shared.  SIGCHLD tells us of the child's end.
 */
static inline long sys_clone_fork(void)
{
	return enter_kernel(__NR_clone, SIGCHLD, 0, 0, 0, 0);
}

/*
 * A thread: fn(arg) runs on the stack that ends at stack_top (16-aligned) and
 * must not return.  *ptid is written before clone returns (CLONE_PARENT_SETTID),
 * *ctid cleared and woken as a futex when the thread ends (CLONE_CHILD_CLEARTID).
 */
static inline long sys_clone_thread(unsigned long flags, void *stack_top,
				    int *ptid, int *ctid, void (*fn)(void *),
				    void *arg)
{
	return clone_onto(flags, stack_top, ptid, ctid, fn, arg);
}

static inline long sys_execve(const char *path, char *const *argv,
			      char *const *envp)
{
	return enter_kernel(__NR_execve, path, argv, envp);
}

static inline long sys_wait4(int pid, int *kstatus, int options, void *krusage)
{
	return enter_kernel(__NR_wait4, pid, kstatus, options, krusage);
}

/* Ends this thread only; libc's _exit(2) is exit_group. */
static inline __attribute__((noreturn)) void sys_exit(int status)
{
	enter_kernel(__NR_exit, status);
	__builtin_unreachable();
}

static inline __attribute__((noreturn)) void sys_exit_group(int status)
{
	enter_kernel(__NR_exit_group, status);
	__builtin_unreachable();
}

/* op decides what value, timeout, uaddr2 and val3 mean: futex(2). */
static inline long sys_futex(int *uaddr, int op, int value,
			     const struct timespec *timeout, int *uaddr2,
			     int val3)
{
	return enter_kernel(__NR_futex, uaddr, op, value, timeout, uaddr2, val3);
}

/* Returns how many bytes of kmask it wrote; libc returns 0. */
static inline long sys_sched_getaffinity(int pid, unsigned long size,
					 unsigned long *kmask)
{
	return enter_kernel(__NR_sched_getaffinity, pid, size, kmask);
}

static inline long sys_sched_setaffinity(int pid, unsigned long size,
					 const unsigned long *mask)
{
	return enter_kernel(__NR_sched_setaffinity, pid, size, mask);
}

static inline long sys_sched_yield(void)
{
	return enter_kernel(__NR_sched_yield);
}

/* The address, or -errno as a pointer: test it with failed(). */
static inline void *sys_mmap(void *addr, unsigned long len, int prot, int flags,
			     int fd, long long offset)
{
	return (void *)enter_kernel(__NR_mmap, addr, len, prot, flags, fd, offset);
}

static inline void *sys_mremap(void *old, unsigned long old_len,
			       unsigned long new_len, int flags)
{
	return (void *)enter_kernel(__NR_mremap, old, old_len, new_len, flags, 0);
}

static inline int failed(const void *address)
{
	return (unsigned long)address >= -4095UL;
}

static inline long sys_munmap(void *addr, unsigned long len)
{
	return enter_kernel(__NR_munmap, addr, len);
}

static inline long sys_mprotect(void *addr, unsigned long len, int prot)
{
	return enter_kernel(__NR_mprotect, addr, len, prot);
}

static inline long sys_madvise(void *addr, unsigned long len, int advice)
{
	return enter_kernel(__NR_madvise, addr, len, advice);
}

static inline long sys_prlimit64(int pid, int resource,
				 const struct rlimit64 *new,
				 struct rlimit64 *kold)
{
	return enter_kernel(__NR_prlimit64, pid, resource, new, kold);
}

/* ---- time ---- */

static inline long sys_clock_gettime(int clock, struct timespec *ktime)
{
	return enter_kernel(__NR_clock_gettime, clock, ktime);
}

static inline long sys_nanosleep(const struct timespec *time,
				 struct timespec *kleft)
{
	return enter_kernel(__NR_nanosleep, time, kleft);
}

static inline long sys_setitimer(int which, const struct itimerval *new,
				 struct itimerval *kold)
{
	return enter_kernel(__NR_setitimer, which, new, kold);
}

/* ---- Linux native AIO: io_setup(2); nothing of it is in libc ---- */

#if !__STDC_HOSTED__			/* libaio.h has structs of its own */

static inline long sys_io_setup(unsigned events, aio_context_t *kctx)
{
	return enter_kernel(__NR_io_setup, events, kctx);
}

static inline long sys_io_destroy(aio_context_t ctx)
{
	return enter_kernel(__NR_io_destroy, ctx);
}

static inline long sys_io_submit(aio_context_t ctx, long n, struct iocb **iocbs)
{
	return enter_kernel(__NR_io_submit, ctx, n, iocbs);
}

static inline long sys_io_getevents(aio_context_t ctx, long min, long max,
				    struct io_event *kevents,
				    struct timespec *timeout)
{
	return enter_kernel(__NR_io_getevents, ctx, min, max, kevents, timeout);
}

static inline long sys_io_cancel(aio_context_t ctx, struct iocb *iocb,
				 struct io_event *kevent)
{
	return enter_kernel(__NR_io_cancel, ctx, iocb, kevent);
}
#endif

#endif
