/* SPDX-License-Identifier: MIT */
/*
 * probe.h - what this kernel grants to this user, found by trying it
 *
 * Versions are never compared: distributions backport features, containers
 * refuse them.  Each probe does what a program will do; its errno says what
 * came of that, and /proc may show the reason.
 */
#ifndef IOMODELS_PROBE_H
#define IOMODELS_PROBE_H

#include "programs.h"

struct probe {
	const char *name;	/* "multishot RECV from a buffer ring" */
	const char *since;	/* the kernel that brought it: "6.0" */
	const char *users;	/* the programs that want it, blanks between */
	unsigned flag;		/* or all programs with this flag */
	int optional;		/* they do without */
	long (*try)(void);	/* 0, or -errno; see probe_try */
};

extern const struct probe probes[];	/* ends with a null name */

/* p wants what the probe tries, and cannot do without. */
int probe_concerns(const struct probe *probe, const struct program *p);

/* 0, or the -errno that it got. */
long probe_try(const struct probe *probe);

/*
 * The row of the table that iomodels explain has for the call that the probe
 * makes: what this errno means anywhere.  NULL: there is none.
 */
struct refusal;
const struct refusal *probe_refusal(const struct probe *probe, long err);

/* Why the probe got -errno, here, and what to do about it. */
void probe_why(const struct probe *probe, long err, char why[256]);

/*
 * Try all that p wants.  0, or the -errno of the first that is refused, with
 * "NAME: ERRNO: reason and remedy" in why.  Of several for which the kernel is too
 * old, it is the one that needs the newest kernel.
 */
long probe_program(const struct program *p, char why[256]);

/* A number that stands alone in a file of /proc/sys; -1: no such file. */
long probe_sysctl(const char *path);

/* The capability (CAP_SYS_ADMIN) is effective in the user namespace of the caller. */
int probe_capable(int capability);

/*
 * What the kernel asks for where kernel.io_uring_disabled is 1: the group in
 * kernel.io_uring_group, or CAP_SYS_ADMIN of the initial user namespace.  Root
 * of a container mostly lacks both.
 */
int probe_ring_right(void);

/* "Seccomp" (2: a filter) or another number of /proc/self/status; or -1. */
long probe_status(const char *name);

/*
 * A file without a name in dir, for reading and writing; at its end nothing
 * is left behind.  The descriptor, or -errno.
 */
int probe_file(const char *dir);

/* 0 when the file behind fd may be opened and read with O_DIRECT; -errno. */
long probe_direct(int fd);

#endif
