/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the kernel's side of a capture: tracepoints through tracefs
 *
 * Two tracefs instances of our own, because no single filter fits:
 *   A  by process: system calls, scheduling, delivered signals.  It follows
 *      the children of the process that writes its number into it.
 *   B  of all: io_uring, sockets, copies, generated signals, new tasks.  What
 *      io_uring does runs in the submitter, in the peer that sends, in kernel
 *      threads; no filter by process would keep it whole.  What belongs to
 *      others is left out when the events are read.
 * Nothing else in tracefs is touched.
 */
#ifndef IOMODELS_KERNEL_H
#define IOMODELS_KERNEL_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct kernel;
struct rings;

/* One record.  Its fields are read by name: layouts differ by kernel. */
struct kernel_event {
	uint64_t ns;			/* of the clock, see kernel_clock() */
	int cpu, pid;
	const char *comm;		/* of pid, at that time; "?" unknown */
	const char *name;		/* "sched_switch" */
	const struct event_type *type;
	const unsigned char *data;
	/* The kernel's stack of a sched_switch, see kernel_keep_stacks. */
	const struct event_type *stack_type;
	const unsigned char *stack;
};

/*
 * Make the instances and start to record.  NULL with the reason, and what to
 * do, in why when this user or this kernel does not allow it.
 */
struct kernel *kernel_begin(char why[256]);

/*
 * A shell's command: the shell that runs it is followed from then on, with
 * all its children.  It changes the working directory: run it in ( ) when
 * that matters.
 */
const char *kernel_follow_me(const struct kernel *k);

/*
 * From now on a thread's switch that begins a sleep carries the kernel's
 * stack, and each page fault of a mapped file is an event.  NULL, or why it is
 * not possible here: then all else is as without it.
 */
const char *kernel_keep_stacks(struct kernel *k);

/*
 * From now on a request of io_uring is printed with its buffer, and the rings
 * are looked at (rings.h).  0, or -1 with the reason.
 */
int kernel_watch_rings(struct kernel *k, char why[128]);
/* NULL: it was not asked for, or not possible. */
const struct rings *kernel_rings(const struct kernel *k);

/* Follow a process that runs: its threads, and all children from now on. */
int kernel_follow(struct kernel *k, pid_t pid);

/* What this process does to those that are followed is not of interest: the
   stops and wake-ups of a tracer. */
void kernel_leave_out(struct kernel *k, pid_t tracer);

/*
 * Stop recording, read what is left, remove the instances.  Returns the
 * number of records that the kernel had to drop, 0 when all is there; -1 with
 * errno when they are not complete, as TMPDIR, where they are kept, is full.
 */
long kernel_end(struct kernel *k);

/* The processors, and of each the records that the kernel had to drop; valid
   after kernel_end. */
int kernel_processors(const struct kernel *k);
long kernel_lost(const struct kernel *k, int cpu);

/*
 * What instance 0 or 1 was asked for, and how it was filtered.
 * Each list ends with NULL.
 */
const char *const *kernel_asked(int instance);
const char *const *kernel_filters(int instance);	/* "EVENT: FILTER" */

/* The events that this kernel does not have, each after a blank; or "". */
const char *kernel_missing(const struct kernel *k);

/* "tai" (equal to CLOCK_REALTIME when the offset is 0) or "mono". */
const char *kernel_clock(const struct kernel *k);

/* ns to add to an event's time to get CLOCK_REALTIME. */
int64_t kernel_offset(const struct kernel *k);

/*
 * After kernel_end: the events of the followed processes, their threads and
 * rings, in the order of time.  *n is their number.
 */
const struct kernel_event *kernel_events(const struct kernel *k, long *n);

/* A number field of an event; `otherwise` when it has no such field. */
long long event_number(const struct kernel_event *e, const char *field,
		       long long otherwise);

/* A text field ("op_str"), or NULL. */
const char *event_text(const struct kernel_event *e, const char *field);

/* Element i of an array field ("args"). */
unsigned long long event_element(const struct kernel_event *e, const char *field,
				 int i);

/* The name of system call nr on this architecture, or "?". */
const char *syscall_name(long nr);

/* One line: "SECONDS.NANOSECONDS cpu pid comm: name field=value ...". */
void kernel_print(const struct kernel *k, const struct kernel_event *e, FILE *f);

/* The lines of all of them, the text of a kernel.log, malloced. */
char *kernel_log(const struct kernel *k);

/* The format files of the events that were recorded, as the kernel had them. */
void kernel_print_formats(const struct kernel *k, FILE *f);

/* Remove what captures have left in tracefs whose process is gone. */
void kernel_clean_up(void);

/* Frees everything; also after a kernel_begin without a kernel_end. */
void kernel_free(struct kernel *k);

#endif
