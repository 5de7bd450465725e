/* SPDX-License-Identifier: MIT */
/*
 * mapped.h - which files the page faults of a capture were about
 *
 * The tracepoint has device and inode only.  The path of such a file is one that
 * the program gave to mmap or execve, if it still names the same file.
 */
#ifndef IOMODELS_MAPPED_H
#define IOMODELS_MAPPED_H

#include <stdint.h>
#include "kernel.h"

struct mapped_file {
	uint64_t device, inode;
	char *path;			/* NULL: not found */
};

/*
 * The files of the faults, to be freed with mapped_free; *n is their number.
 * paths: of what was executed and mapped, a line each, or NULL.
 */
struct mapped_file *mapped_files(const struct kernel_event *events, long n_events,
				 const char *executable, const char *paths,
				 unsigned *n);
void mapped_free(struct mapped_file *files, unsigned n);

#endif
