/* SPDX-License-Identifier: MIT */
/*
 * files.h - file jobs, ours and engines of fio: what they read, what it cost
 */
#ifndef IOMODELS_FILES_H
#define IOMODELS_FILES_H

enum file_state {
	FILE_HOT,			/* all of it is in the page cache */
	FILE_COLD,			/* nothing of it */
	FILE_DIRECT,			/* O_DIRECT: without the page cache */
};

struct contender;
struct setup;
struct measurement;

/* MiB of the file that is read, before the first measurement. */
extern unsigned files_mib;

/*
 * As measure(), for a workload of kind LOAD_FILE.  The first one makes the
 * file, in the current folder and without a name, so that nothing is left of
 * it however we end.
 */
int files_measure(const struct setup *s, struct measurement *m, char why[300],
		  char uncounted[200]);

/*
 * n file jobs on one file side by side, in turns, as measure_together().  Only
 * where files_in_turns() returns 1 for one of them; all have the same work.
 */
int files_in_turns(const struct setup *s);
void files_together(const struct setup *s, int n, struct measurement *m,
		    char (*why)[300], char uncounted[200]);

/*
 * "uring_file:batch=2": a file job with options, or "fio:io_uring": an engine of
 * fio, also with options ("fio:io_uring:fixedbufs=0"); "fio:libposixaio" is its
 * engine posixaio on our library.  0; 1: it is neither; -EINVAL or -ENOENT, and
 * why: it is misspelt, or not available here.  c points into name, which must
 * stay.
 */
int files_contender(struct contender *c, const char *name, char why[200]);

/* Of fio, and this engine? */
int files_engine_is(const struct contender *c, const char *engine);

#endif
