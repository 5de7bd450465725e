/* SPDX-License-Identifier: MIT */
/*
 * load.h - the client of a measurement
 */
#ifndef IOMODELS_LOAD_H
#define IOMODELS_LOAD_H

#include <sys/socket.h>
#include <sys/types.h>
#include "histogram.h"
#include "protocol.h"
#include "turns.h"

/* Rate x latency is so far from the number of messages in flight. */
#define SUSPICIOUS 0.3

enum load_kind {
	LOAD_ECHO,		/* a message and its echo, on a stream */
	LOAD_DATAGRAM,		/* the same, a datagram each */
	LOAD_CHURN,		/* connect, one JSON message, wait for the close */
	LOAD_FILE,		/* no client: a file is read; see files.h */
};

enum load_tree {
	TREE_ONE,		/* pid */
	TREE_BELOW,		/* and what it has started */
	TREE_KEPT,		/* all that tree_of(pid, inode) says */
};

/* What the client does now, in memory that others read meanwhile. */
enum load_stage {
	LOAD_CONNECTS = 1,	/* open of all connections are there */
	LOAD_ASKS,		/* one of them, for the first time */
	LOAD_WARMS,		/* then a slice, of slices */
	LOAD_RUNS,
	LOAD_ENDS,		/* what is in flight comes back */
	LOAD_COUNTS,
};

struct load_now {
	enum load_stage stage;
	unsigned open, all;		/* connections */
	unsigned slice, slices;
	unsigned long long answers;
};

struct load {
	enum load_kind kind;
	struct sockaddr_storage server;
	socklen_t server_len;
	unsigned busy, idle;	/* connections; LOAD_FILE: reads in flight */
	unsigned size;		/* bytes of a message */
	unsigned window;	/* messages in flight on a connection */
	double rate;		/* messages a second, of all connections; 0: as
				   fast as the answers come */
	unsigned warm_ms, run_ms;
	unsigned slices;	/* into which run_ms is divided; 0: one */
	unsigned count_ms;	/* 0: system calls are not counted */
	int shared;		/* server and client are on one processor, and
				   nobody else of ours */
	pid_t pid;		/* of the server */
	enum load_tree tree;	/* which processes are the server */
	unsigned long inode;	/* of its listening socket */
	int usage;		/* for group_ns(): of all that it has started;
				   0: it has no group */
	const struct protocol *protocol;	/* what is asked; NULL: an echo */
	struct turns turns;	/* asked before each slice */
	volatile struct load_now *now;	/* kept up to date; may be NULL */
};

/* All times and counts but `all` are of the slices, run_ms in sum. */
struct load_result {
	char why[200];			/* it failed; else empty */
	char uncounted[200];		/* why there are no system calls */
	double seconds;
	unsigned long long messages;
	double in_flight_ns;		/* how long messages were in flight, in sum */
	unsigned long long all;		/* messages, from first to last */
	unsigned long long sent, received;	/* bytes, from first to last */
	unsigned long long lost;	/* datagrams without an answer */
	unsigned long long wrong;	/* answers, from first to last */
	unsigned long long again;	/* connections made again: the server had
					   closed, from first to last */
	unsigned long long made;	/* connections, while we measured */
	unsigned long long no_room;	/* those for which the server's listen
					   queue had no room at first */
	char wrong_text[100];		/* of the first of those */
	double server_us, client_us;	/* of processor; server_us without what
					   processes used that ended */
	double kernel_us;		/* what iou- threads used of it, from
					   first to last */
	struct slice slices[SLICES];	/* slice_count of them: as many as were
					   asked for, or until TURN_LAST; one,
					   where slices would mislead */
	unsigned slice_count;
	long long voluntary, involuntary;	/* context switches of any server,
						   from first to last; negative:
						   not known */
	unsigned threads;		/* of the server */
	unsigned processes;
	long peak_kib;
	unsigned long long counted;	/* messages while calls were counted */
	long calls;			/* -1: not counted */
	struct histogram latency;
};

/*
 * A slice begins with all connections ready, and ends without those that wait for
 * longer than it.  Where these are many, it shows another rate.  And slices that
 * are hardly longer than one wait, all together, have too few waits to tell how
 * often there is one, or none.  unseen is the time, ns, of all waits that ended
 * after their slice, longest that of the longest one, both without the time of other
 * programs.
 */
int slices_mislead(const struct load_result *r, double in_flight, double unseen,
		   double longest);

/*
 * Run it in this process; *r must be zero.  0, or -1 with r->why.  What is
 * still open at the end is closed: the server has nobody left.
 */
int load_run(const struct load *l, struct load_result *r);

#endif
