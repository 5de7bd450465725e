/* SPDX-License-Identifier: MIT */
/*
 * kernel_phases.h - who waited and who copied, from the kernel's own events
 *
 * The two phases of an input operation (Stevens): wait until the data are
 * there, copy them to the process.  Both are read off a run without strace:
 *   waits   a thread that had gone to sleep before the message came and that
 *           was back on a processor before the next step; and in which call
 *   copies  the thread in whose context skb:skb_copy_datagram_iovec ran, and
 *           in which call, or after which it had already returned
 */
#ifndef IOMODELS_KERNEL_PHASES_H
#define IOMODELS_KERNEL_PHASES_H

#include "kernel.h"
#include "scenario.h"

struct phases {
	char waits[160];	/* "main in epoll_pwait, thread in futex" */
	char copies[160];	/* "thread in recvfrom" */
	double waited_ms;	/* the longest of them, from its sleep on */
	long bytes;		/* copied to the program */
	long lost;		/* records that the kernel dropped */
	struct text events;	/* those of the second message, a line each;
				   to be freed: phases_free */
};

/*
 * Run p under tracefs, without strace, while "two" is played; the phases are
 * those of its second message.  Returns 0, or with the reason in why -1 when
 * it cannot be run or seen here, 1 when the server did not serve.
 */
int phases_run(struct phases *p, const struct program *program, char why[256]);

/*
 * Run a file job on a file of its own that is not in the page cache, with
 * O_DIRECT if direct is set.  waits: the calls in which its threads slept
 * longest; copies: who took pages from the page cache, or "the device" when
 * nobody did and blocks were asked for.
 */
int phases_run_file(struct phases *p, const struct program *program, int direct,
		    char why[256]);

void phases_free(struct phases *p);

/* Read off n events: those of a file job on the file of that inode, ... */
void phases_of_file(struct phases *p, const struct kernel_event *e, long n,
		    unsigned long inode, int main_pid);

/* ... and those that lie between two times, of the process main_pid. */
void phases_between(struct phases *p, const struct kernel_event *e, long n,
		    uint64_t from, uint64_t to, int main_pid);

#endif
