/* SPDX-License-Identifier: MIT */
/*
 * group.h - a control group for a server: the processor time of all that it starts
 *
 * What a process used is not in /proc after its end, and its parent has it in
 * hundredths of a second only.  The group's count keeps it, and is exact while the
 * processes of the group sleep.
 */
#ifndef IOMODELS_GROUP_H
#define IOMODELS_GROUP_H

struct group {
	int top;			/* the folder of our own group */
	char name[40];			/* of a new one in it; "": there is none */
	int enter, usage;		/* its files cgroup.procs and cpu.stat; while
					   enter is open, others leave the group */
};

/* 0; or -1, where that is refused (no root, a container): then its name is "". */
int group_make(struct group *g);

/* This process and all that it starts are in it, unless that is refused. */
void group_enter(const struct group *g);

/* No process is in it: all have been waited for. */
void group_remove(int top, const char *name);

/* SIGKILL to the processes that are in it (from Linux 5.14 on), then the same, also
   with the groups in it.  It may be gone already. */
void group_end(int top, const char *name);

/* The same for the groups in our own group whose owner is gone: compare, and the
   keeper of its server, were killed. */
void group_clean_up(void);

/* We use its files no longer. */
void group_close(struct group *g);

/* Nanoseconds of processor that all in it have used, from the file cpu.stat; -1:
   not known. */
long long group_ns(int usage);

#endif
