/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - what a capture's manifest.json says about its two logs
 */
#ifndef IOMODELS_READER_MANIFEST_H
#define IOMODELS_READER_MANIFEST_H

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
	char why_no_kernel[200], why_no_strace[200];
};

/* 0; -1 when there is no such file, or when it is no manifest. */
int manifest_read(struct manifest *m, const char *path);

#endif
