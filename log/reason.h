/* SPDX-License-Identifier: MIT */
/*
 * reason.h - why a thread slept, as the kernel's stack tells
 *
 * A capture keeps the stack of each switch that begins a sleep (the field
 * stack of sched_switch) and who ended it (sched_waking).  The functions in a
 * stack differ by kernel: a stack that no rule knows stays REASON_UNKNOWN, and
 * its innermost functions are shown.
 */
#ifndef IOMODELS_REASON_H
#define IOMODELS_REASON_H

#include "slice.h"

enum reason {
	REASON_NONE,			/* there is no stack */
	REASON_UNKNOWN,
	REASON_FAULT_DISK, REASON_FAULT_SWAP, REASON_RECLAIM,
	REASON_DIRTY, REASON_FROZEN, REASON_JOURNAL, REASON_WRITEBACK,
	REASON_INODE_LOCK, REASON_MEMORY_LOCK, REASON_KERNEL_LOCK,
	REASON_FUSE, REASON_NFS, REASON_FILE_LOCK,
	REASON_PIPE_EMPTY, REASON_PIPE_FULL, REASON_FIFO_PEER,
	REASON_SOCKET_EMPTY, REASON_SOCKET_FULL, REASON_ACCEPT, REASON_CONNECT,
	REASON_FUTEX, REASON_READINESS, REASON_TIMER, REASON_CHILD,
	REASON_SIGNAL, REASON_COMPLETION, REASON_EVENT_FD, REASON_TERMINAL,
	REASON_DISK_DIRECT, REASON_DISK, REASON_IDLE_WORKER, REASON_IDLE_POLLER,
	REASONS
};

/* stack: "INNERMOST<CALLER<..."; empty: REASON_NONE. */
enum reason reason_of(struct slice stack);

/* The thread waits in a page fault: not at its exit, not in task work. */
int reason_is_fault(struct slice stack);
/* "disk read by a page fault", for people. */
const char *reason_text(enum reason r);
/* "page-fault": stable, for programs. */
const char *reason_id(enum reason r);

#endif
