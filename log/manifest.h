/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - what a capture's manifest.json says about its two logs
 */
#ifndef IOMODELS_READER_MANIFEST_H
#define IOMODELS_READER_MANIFEST_H

enum { MAPPED_KEPT = 64 };

/* A mapped file that a page fault touched. */
struct mapped {
	unsigned long long device, inode;
	char path[256];
};

enum { UNREAD_MAX = 64 };

/* Completions that lay ready in a ring, from a time to a time. */
struct unread_completions {
	long pid, thread;
	int ring;
	unsigned long completions;
	long long from_ns, to_ns;
	long long slept_ns;		/* of it, by the thread, elsewhere */
	char call[24];			/* the longest of these sleeps */
	long long longest_ns;
	unsigned long line;		/* of kernel.log */
};

struct manifest {
	int there;			/* it was read to its end */
	long pid;			/* of the command; 0: unknown */
	char command[64];		/* the last part of its path */
	char scenario[32];
	int strace, kernel;		/* that side was recorded */
	long long lost;			/* events; -1: could not be read */
	unsigned long long lossy;	/* processors below 64, a bit each */
	int lost_elsewhere;		/* on a processor beyond */
	int aligned, proved;
	long long bound_ns;
	char missing[256];		/* events that the kernel has not */
	char why_no_kernel[200], why_no_strace[200], why_no_stacks[200];
	char why_no_rings[200];
	struct mapped mapped[MAPPED_KEPT];
	unsigned n_mapped;
	struct unread_completions unread[UNREAD_MAX];
	unsigned n_unread;
};

/* The path of a mapped file, or NULL. */
const char *manifest_path(const struct manifest *m, unsigned long long device,
			  unsigned long long inode);

/* 0; -1 when there is no such file, or when it is not a manifest. */
int manifest_read(struct manifest *m, const char *path);

#endif
