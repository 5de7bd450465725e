/* SPDX-License-Identifier: MIT */
/*
 * outside.h - any server as it is: a command and where it listens, or one that runs
 */
#ifndef IOMODELS_OUTSIDE_H
#define IOMODELS_OUTSIDE_H

#include <sys/socket.h>
#include <sys/types.h>
#include "group.h"

enum { TREE = 256 };			/* processes of a server, at most */
enum { PAD = 4096 };			/* the stack begins anywhere in a page */

struct outside {
	const char *start;		/* a command for sh; {port} in it stands
					   for a free port, {socket} for a free
					   path; NULL: it runs */
	int port;			/* 0: {port} */
	unsigned address;		/* network order; it runs there */
	int on_path;			/* it listens on a Unix socket */
	const char *path;		/* of this socket; NULL: {socket} */
};

enum {
	PATH_SIZE = 108,		/* of a Unix socket's path, and its 0 */
	SUFFIX = 4,			/* bytes of ".123" */
};

struct running {
	pid_t pid;			/* of its keeper, whose descendants it is;
					   0: it was running before */
	int port;
	char path[PATH_SIZE];		/* what it is to bind, or "" */
	char file[PATH_SIZE];		/* its socket while it runs, or "": the
					   keeper removes it */
	struct sockaddr_storage at;	/* where it listens */
	socklen_t at_len;
	unsigned long inode;		/* of its listening socket; 0: not known */
	int err_fd;			/* a file: what it wrote */
	struct group group;		/* of all its processes, if possible */
};

/*
 * Start it on a processor, negative: on any, and return when somebody listens
 * on its port or path.  0; or -1 with the reason in why, and nothing is left.
 *
 * The base is there twice, so a socket at a path of --ready gets another name, PATH.1
 * or so, when the server listens: then the next one can bind PATH.
 */
int outside_start(const struct outside *o, int cpu, struct running *r,
		  char why[300]);

/* 1: it has ended, and why says how; so nothing of it is left. */
int outside_ended(struct running *r, char why[300]);

/* SIGTERM to all its processes, SIGKILL after two seconds; all that it has
   started ends, also where we are killed. */
void outside_stop(struct running *r);

/* Remove the sockets of {socket} on which nobody listens and whose owner is gone:
   compare, and the keeper of its server, were killed. */
void outside_clean_up(void);

/*
 * The processes of a server: the children of its keeper, other processes that
 * have the listening socket, and the descendants of all these.  Returns how many.
 */
int tree_of(pid_t keeper, unsigned long inode, pid_t pids[TREE]);

/* n of them, and those that they have started since: without the files of all
   processes, which takes long; how many. */
int tree_grow(pid_t pids[TREE], int n);

#endif
