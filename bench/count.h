/* SPDX-License-Identifier: MIT */
/*
 * count.h - what the kernel counts of a server, in all its threads
 */
#ifndef IOMODELS_COUNT_H
#define IOMODELS_COUNT_H

#include <sys/types.h>

/*
 * System calls that pid and all its threads, now and later, enter: the
 * tracepoint raw_syscalls:sys_enter through perf_event_open.  The counting
 * makes each call slower, of every process, so time nothing meanwhile.
 * Returns 0, or -1 with the reason and what to do in why.
 */
struct counter {
	int *fds, n;
};

int counter_open(struct counter *c, pid_t pid, char why[200]);
int counter_add(struct counter *c, pid_t pid, char why[200]);	/* one more */
long counter_read(const struct counter *c);	/* since counter_open */
void counter_close(struct counter *c);

/* Nanoseconds of processor that all threads of pid have used, also those that
   have ended and io_uring's kernel threads; -1: no such process. */
long long cpu_ns(pid_t pid);

/*
 * What threads got and what they waited for: the kernel's schedstat.  delayed
 * is the time in which a thread could run and another had the processor.
 */
enum { DELAYS = 64 };			/* threads looked at */

struct delays {
	struct { pid_t tid; long long ran, delayed; } of[DELAYS];	/* ns */
	int n;
};

/* Add the threads of pid. */
void delays_add(struct delays *d, pid_t pid);

/*
 * The least time, in ns, in which one of these threads could run and programs
 * that are not ours had the processor.  ran is what all our threads on that
 * processor used meanwhile, in ns: a thread that waited longer than our other
 * threads ran has waited for another program.  The time that a thread sleeps is
 * not part of it.
 */
long long delayed_by_others(const struct delays *before,
			    const struct delays *after, long long ran);

/* Of these, what the kernel threads of io_uring used (iou-sqp, iou-wrk); and
   how many threads there are. */
long long kernel_thread_ns(pid_t pid, unsigned *threads);

/* The context switches of its threads so far; those that have ended are not in
   them. */
struct switches {
	long long voluntary, involuntary;
};

void switches_add(struct switches *s, pid_t pid);

/*
 * A number that differs once more children of pid have ended, or may have: the
 * page faults of those that pid has waited for.  Of children for which it need not
 * wait (SIGCHLD is ignored) nothing is left; then it is the number of the last
 * process of all.
 */
long ended_children(pid_t pid);

/* The most memory that pid had at a time, KiB; -1: not known. */
long peak_kib(pid_t pid);

/* What it has now, KiB, with its share of what it has in common with others. */
long share_kib(pid_t pid);

/* Nanoseconds of CLOCK_MONOTONIC. */
long long now_ns(void);

#endif
