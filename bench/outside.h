/* SPDX-License-Identifier: MIT */
/*
 * outside.h - any server as it is: a command and a port, or a place
 */
#ifndef IOMODELS_OUTSIDE_H
#define IOMODELS_OUTSIDE_H

#include <sys/types.h>

enum { TREE = 256 };			/* processes of a server, at most */
enum { PAD = 4096 };			/* the stack begins anywhere in a page */

struct outside {
	const char *start;		/* a command for sh; {port} in it stands
					   for a free port; NULL: it runs */
	int port;			/* 0: {port} */
	unsigned address;		/* network order; it runs there */
};

struct running {
	pid_t pid;			/* of its keeper, whose descendants it is;
					   0: it was running before */
	int port;
	int err_fd;			/* a file: what it wrote */
};

/*
 * Start it on a processor, negative: on any, and return when somebody listens
 * on its port.  0; or -1 with the reason in why, and nothing is left.
 */
int outside_start(const struct outside *o, int cpu, struct running *r,
		  char why[300]);

/* 1: it has ended, and why says how; so nothing of it is left. */
int outside_ended(struct running *r, char why[300]);

/* SIGTERM to all its processes, SIGKILL after two seconds; all that it has
   started ends, also where we are killed. */
void outside_stop(struct running *r);

/*
 * The processes of a server: the children of its keeper, other processes that
 * listen on the port, and the descendants of all these.  Returns how many.
 */
int tree_of(pid_t keeper, int port, pid_t pids[TREE]);

/* n of them, and those that they have started since: without the files of all
   processes, which takes long; how many. */
int tree_grow(pid_t pids[TREE], int n);

#endif
