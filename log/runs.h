/* SPDX-License-Identifier: MIT */
/*
 * runs.h - a log that holds several runs, one after the other
 *
 * strace -A -o FILE, or cat, puts the log of one command behind that of
 * another.  A run begins with an execve when all tasks before it have ended.
 */
#ifndef IOMODELS_RUNS_H
#define IOMODELS_RUNS_H

enum { RUNS_MAX = 64 };

/*
 * The line at which each run begins, the first included, into starts.  Returns
 * how many there are, at most RUNS_MAX; 1 also when the file cannot be read.
 * It reads the whole log: reader.c asks only if an execve follows an end.
 */
unsigned runs_find(const char *path, unsigned long starts[RUNS_MAX]);

#endif
