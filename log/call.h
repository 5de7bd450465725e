/* SPDX-License-Identifier: MIT */
/*
 * call.h - the system calls that I/O is made of, under all their names
 *
 * One entry per meaning: recv, recvfrom and recvmsg differ, but select,
 * _newselect and pselect6_time64 are one call to the reader of a log.
 */
#ifndef IOMODELS_CALL_H
#define IOMODELS_CALL_H

#include "slice.h"

enum call {
	CALL_OTHER,
	/* data in: the copy out of the kernel */
	CALL_READ, CALL_READV, CALL_PREAD, CALL_PREADV, CALL_RECVFROM,
	CALL_RECVMSG, CALL_RECVMMSG, CALL_GETDENTS,
	/* data out */
	CALL_WRITE, CALL_WRITEV, CALL_PWRITE, CALL_PWRITEV, CALL_SENDTO,
	CALL_SENDMSG, CALL_SENDMMSG, CALL_FSYNC,
	/* data from one descriptor to another */
	CALL_SENDFILE, CALL_SPLICE, CALL_COPY_FILE_RANGE,
	CALL_SPLICE_IN,		/* splice out of a socket: process.c tells */
	/* connections */
	CALL_SOCKET, CALL_SOCKETPAIR, CALL_BIND, CALL_LISTEN, CALL_ACCEPT,
	CALL_CONNECT, CALL_SHUTDOWN, CALL_SOCKOPT, CALL_SOCKNAME,
	/* descriptors */
	CALL_OPEN, CALL_OPENAT, CALL_CLOSE, CALL_CLOSE_RANGE, CALL_DUP, CALL_DUP2,
	CALL_FCNTL, CALL_FLOCK, CALL_IOCTL, CALL_PIPE, CALL_LSEEK,
	CALL_EVENTFD, CALL_SIGNALFD, CALL_TIMERFD, CALL_TIMERFD_SET,
	CALL_INOTIFY, CALL_MEMFD, CALL_PIDFD, CALL_PERF_EVENT,
	/* waiting for many */
	CALL_SELECT, CALL_POLL, CALL_EPOLL_CREATE, CALL_EPOLL_CTL,
	CALL_EPOLL_WAIT,
	/* signals */
	CALL_SIGACTION, CALL_SIGPROCMASK, CALL_SIGSUSPEND, CALL_SIGWAIT,
	CALL_SIGRETURN, CALL_SIGQUEUE, CALL_KILL, CALL_RESTART,
	/* native AIO and io_uring */
	CALL_IO_SETUP, CALL_IO_SUBMIT, CALL_IO_GETEVENTS, CALL_IO_CANCEL,
	CALL_IO_DESTROY, CALL_RING_SETUP, CALL_RING_ENTER, CALL_RING_REGISTER,
	/* processes and time */
	CALL_CLONE, CALL_FORK, CALL_UNSHARE, CALL_EXEC, CALL_EXIT, CALL_WAIT,
	CALL_FUTEX, CALL_SLEEP, CALL_MMAP, CALL_MUNMAP, CALL_MSYNC,
	CALLS
};

/* What a call is for; its phase follows from this and from the descriptor. */
enum call_class {
	CLASS_OTHER,
	CLASS_IN,		/* copies from the kernel */
	CLASS_OUT,		/* copies to the kernel */
	CLASS_ACCEPT,
	CLASS_WAIT,		/* sleeps until something is ready or done */
	CLASS_CONTROL,		/* makes, changes, ends descriptors */
	CLASS_SIGNAL,
	CLASS_TASK,		/* makes and ends threads and processes */
	CLASSES
};

enum call call_find(struct slice name);
/* A call without a kind of its own that waits: msgsnd, semop. */
int call_waits(struct slice name);
/* The name that this text gives: "select" for _newselect. */
const char *call_name(enum call c);

extern const unsigned char call_classes[CALLS];

static inline enum call_class call_class(enum call c)
{
	return call_classes[c];
}

#endif
