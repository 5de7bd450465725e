/* SPDX-License-Identifier: MIT */
/*
 * lock.h - who holds which lock: flock, fcntl and the mutexes of libc
 *
 * flock and OFD locks belong to the open file description and end with it;
 * POSIX locks belong to the process, which loses them when it closes any
 * descriptor of the file.  A mutex is seen only where a thread had to wait for
 * it: the thread has it from the end of that wait until its FUTEX_WAKE.
 */
#ifndef IOMODELS_LOCK_H
#define IOMODELS_LOCK_H

#include "process.h"

struct holder {
	long pid;			/* 0: nobody that the log shows */
	unsigned long line;		/* since when */
	long long since_ns;		/* NO_TIME */
};

enum lock_kind { FLOCK, POSIX, OFD, MUTEX };

struct lock {
	struct lock *next;
	enum lock_kind kind;
	struct holder by;		/* MUTEX: a thread; else a process */
	unsigned long serial;		/* of the open file description */
	int fd;				/* that has it, where it was seen last */
	long heir;			/* who has it after its taker; 0: nobody */
	unsigned long long from, to;	/* bytes, to: behind the last one */
	int writes;
};

/* After the call has changed the world. */
void lock_take(struct world *w, const struct step *st);
void lock_file_ends(struct world *w, const struct file *f);
void locks_free(struct world *w);

/* Whether the call asks for a lock, which goes into x, of those at *key. */
int lock_asks(const struct step *st, struct lock *x, uint64_t *key);
/* Who holds what conflicts with x? */
struct holder lock_holder(const struct world *w, const struct lock *x,
			  uint64_t key);
/* Who holds the lock that this call waits for? */
struct holder lock_held(const struct world *w, const struct step *st);
/* The last one that released it, seen or not: this call has got it since. */
struct holder lock_before(const struct world *w, const struct step *st);
/* 0: the futex at this address wakes more than one: a barrier counts to 2, too. */
int lock_is_mutex(const struct world *w, long pid, struct slice address);

#endif
