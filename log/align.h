/* SPDX-License-Identifier: MIT */
/*
 * align.h - whether strace's clock and the kernel's are one, from the data
 *
 * For a system call that both have seen, in a thread:
 *
 *     strace's line <= sys_enter       the tracer sees it first, then the call
 *     sys_exit <= strace's next line   goes on; at its end the other way round
 *
 * Each pair bounds what would have to be added to the kernel's times, from
 * below or from above.  When 0 is within all bounds the clocks agree, and the
 * farther of the two bounds is the greatest error that they can have.
 */
#ifndef IOMODELS_ALIGN_H
#define IOMODELS_ALIGN_H

#include <stdint.h>
#include "text.h"

struct alignment {
	long pairs;			/* calls that both have seen */
	long only_strace, only_kernel;	/* calls that one of them has not */
	int64_t least_ns, most_ns;	/* the offset lies between them */
	int64_t bound_ns;		/* the farther one from 0 */
	int proved;			/* 0 lies between them */
};

/*
 * Compare strace.log (-f -o, times since 1970) of the folder with kernel.log.
 * attached: they began in the middle of what the process did.  Returns 0, or -1
 * when there is nothing to compare.
 */
int align(struct alignment *a, const char *folder, int attached);

/*
 * Cut from strace.log what its process did before the first execve of pid,
 * which is the capture's own; nothing when pid is 0.  Adds to files the paths
 * that were executed or mapped, a line each.  Returns the number of lines that
 * stay; -1 with errno.
 */
long trim_strace(const char *folder, long pid, struct text *files);

#endif
