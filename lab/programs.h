/* SPDX-License-Identifier: MIT */
/*
 * programs.h - the one list of what can be run, and what each can serve
 *
 * cli, capture, tests and bench all ask here; the sentence of a program is
 * not repeated but taken from its source's header at build time (about.inc).
 */
#ifndef IOMODELS_PROGRAMS_H
#define IOMODELS_PROGRAMS_H

enum {
	UDP	= 1 << 0,	/* datagrams, not connections */
	ONCE	= 1 << 1,	/* serves one connection, then exits */
	SERIAL	= 1 << 2,	/* one connection at a time: an idle peer blocks */
	LOSES	= 1 << 3,	/* loses connections: its documented lesson */
	FILES	= 1 << 4,	/* reads a file, is not a server */
	HOSTED	= 1 << 5,	/* linked with libc and a library */
	RING	= 1 << 6,	/* needs io_uring */
	SLOTS	= 1 << 7,	/* connections are slots of a ring, not descriptors */
	ANY_THREAD = 1 << 9,	/* any of its threads may serve any connection */
	ECHO_ONLY = 1 << 10,	/* a peer that does not know the service reply */
};

struct program {
	const char *name;	/* "epoll" */
	const char *dir;	/* "models", "uring", "posix_aio" */
	const char *group;	/* "I/O multiplexing" */
	const char *model;	/* what explain calls it; NULL: not ours */
	unsigned flags;
	const char *about;	/* a sentence, from the source's header */
};

extern struct program programs[];	/* ends with a null name; only read it */

/*
 * Echo servers on other people's event loops, to compare with.  They take the
 * servers' options, except --max-message, and the services echo and reply; those
 * that are ECHO_ONLY just echo.
 */
extern struct program peer_programs[];		/* likewise */

/* NULL when there is no such program; peers are looked for by peer_find. */
const struct program *program_find(const char *name);
const struct program *peer_find(const char *name);

/*
 * Where the executable is: DIR/NAME beside the running iomodels or test
 * (build/models/epoll), or libexecdir/iomodels/NAME once installed.  The text
 * is malloced; NULL when it is not there (not built: a library is missing).
 */
char *program_path(const struct program *p);

/* The path of libposixaio.so: malloced; NULL: it is not there. */
char *aio_library(void);

/*
 * When set, programs are looked for as program_dir/DIR/NAME and only there:
 * those of another architecture, or with a fault (tests/mutants).  At the
 * start it is the value of IOMODELS_PROGRAMS.
 */
extern const char *program_dir;

#endif
