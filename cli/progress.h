/* SPDX-License-Identifier: MIT */
/*
 * progress.h - a line on the terminal: how much is done, how long it will take
 *
 * Only where stderr is a terminal; it is written over, and gone at the end.
 * If all is 0, the line names only what begins.
 */
#ifndef IOMODELS_PROGRESS_H
#define IOMODELS_PROGRESS_H

struct progress {
	long done, all;			/* parts; the caller counts them */
	long long began_ns;
	long long until_ns;		/* it goes on until then; 0: until all */
	void (*detail)(char text[200]);	/* what goes on now; asked every second,
					   by a thread; may be NULL */
	int shown;
};

/* What begins now, such as "epoll". */
void progress_show(struct progress *p, const char *what);

/* Before anything else is written to the terminal, and at the end. */
void progress_clear(struct progress *p);

#endif
