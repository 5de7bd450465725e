/* SPDX-License-Identifier: MIT */
/*
 * reader.h - read a log, and report what it shows
 *
 * text -> line.c -> event.c -> process.c (with task.c and descriptor.c) ->
 * phase.c -> model.c, finding.c -> a report.  Each step knows only those
 * before it.  A capture has a second log: kernel.log -> tracepoint.c ->
 * witness.c (with request.c), and merge.c lays what it says beside each step.
 */
#ifndef IOMODELS_READER_H
#define IOMODELS_READER_H

#include "account.h"
#include "event.h"
#include "finding.h"
#include "merge.h"
#include "model.h"
#include "process.h"

enum { UNKNOWN_KEPT = 10, FILES_KEPT = 200 };

struct tally {				/* a call, by its name in the log */
	char name[32];
	enum call call;
	unsigned long calls, errors, restarts;
	long long ns, longest_ns;
	unsigned long longest_line;
	unsigned long long bytes;
};

/*
 * What is kept of a descriptor after it is closed: those that matter most, in
 * the order in which they were closed; and sums of all of a kind.
 */
struct closed_file {
	unsigned long serial, nth;	/* nth: of those that were closed */
	unsigned long long rank;
	enum file_kind kind;
	enum model by;
	int fd, nonblocking, left_open;
	long pid;
	char name[64];
	unsigned long opened, closed, reads, writes, accepts, again_in;
	unsigned long long bytes_in, bytes_out;
};

struct file_sum {
	unsigned long files, accepts;
	unsigned long long bytes_in, bytes_out;
};

struct reader {
	struct joiner joiner;
	struct world world;
	struct models models;
	struct findings findings;
	struct accounts accounts;
	struct step step;
	struct merge *merge;		/* of a capture; else NULL */
	char no_kernel[300];		/* why a capture has no kernel.log */

	unsigned long from, to;		/* only these lines of a log; to 0: all */
	/*
	 * NULL, or RUNS_MAX places: where the runs of the log begin.  With
	 * n_runs above 1 reading stopped, to begin again with one of them.
	 */
	unsigned long *starts;
	unsigned n_runs;
	const char *path;		/* the first log; for the heading */
	unsigned n_paths;
	struct map tallies;		/* hash of the name -> struct tally */
	struct tally *last_tally[CALLS];	/* of each kind of call */
	unsigned long calls, signals, signals_io, accepts, artefacts;
	unsigned long injected, interrupted, restarts, tables;
	char table[160];		/* what the rows of strace -c say most of */
	unsigned long long bytes, bytes_in, bytes_out;
	long long first_ns, last_ns;
	unsigned long kinds[FILE_KINDS];	/* files, by kind */
	unsigned long unknown_mode;	/* sockets that may block or not */
	unsigned long followed;		/* children that have a line */
	unsigned long unfollowed, unfollowed_threads, unfollowed_line;
	struct closed_file files[FILES_KEPT];
	unsigned long n_files;
	/* A heap of places in files[], the least first, once they are too many. */
	unsigned char least[FILES_KEPT];
	struct file_sum file_sums[FILE_KINDS];
	struct { unsigned long line; char text[120]; } unknown[UNKNOWN_KEPT];
	unsigned n_unknown;
	char complaint[100];		/* of strace, before the first call */
	char error[400];		/* why it stopped early; empty: it did not */

	/* Called for each step, for reports that show every line. */
	void (*watch)(void *context, struct reader *r, struct step *st);
	void *watch_context;
	/* Called for what kernel.log shows, as it is read. */
	void (*see)(void *context, struct reader *r, const struct sight *s);
	/* Called for each line, after the steps that it completed. */
	void (*line)(void *context, struct reader *r, const struct line *l,
		     unsigned long number);
};

void reader_start(struct reader *r);
/*
 * Read logs: one, or the set of -ff as one log on their common clock.  Returns
 * 0; -1 when they could not be read to the end (error says where and why; what
 * came before was read).
 */
int reader_read(struct reader *r, char *const *paths, unsigned n);
/*
 * Read a folder of iomodels capture: strace.log and kernel.log on their one
 * clock, or the one that is there.
 */
int reader_read_folder(struct reader *r, const char *folder);
/* One line of text; for tests, and for what does not come from a file. */
void reader_line(struct reader *r, const char *text, size_t len,
		 unsigned long number, long default_pid);
void reader_end(struct reader *r);
void reader_free(struct reader *r);

/* Calls a message, over all tasks; messages that strace can see. */
double reader_cost(const struct reader *r, unsigned long *messages);

/*
 * What the log leaves out so that a verdict cannot be given, a sentence each;
 * returns their number.
 */
enum { MISSING_MAX = 4 };
unsigned reader_missing(const struct reader *r,
			const char *sentence[MISSING_MAX]);

/* Listeners and sockets before others, and those that moved most first. */
unsigned long long reader_file_rank(const struct closed_file *f);

/* The tallies, most calls first; the caller frees.  *n is their number. */
struct tally **reader_tallies(const struct reader *r, unsigned *n);

#endif
