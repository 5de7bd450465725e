/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a reader says, in several forms
 */
#ifndef IOMODELS_REPORT_H
#define IOMODELS_REPORT_H

#include <stdio.h>
#include "callsite.h"
#include "frames.h"
#include "reader.h"

/* (out: a safe_stream, where it is a terminal.) */
void report_text(FILE *out, const struct reader *r, int colour);
/* Parts of it: where the time went, and the calls that were open at the end. */
void report_time(FILE *out, const struct reader *r, const char *bold,
		 const char *off);
void report_end(FILE *out, const struct reader *r, const char *bold,
		const char *off);
/* sites: lines of source for the findings; NULL: none are looked for. */
void report_json(FILE *out, const struct reader *r,
		 const struct callsites *sites);

/* --lines: reader.watch and reader.line with a struct lines as context. */
struct lines {
	FILE *out;
	int colour;
	int fd;				/* only lines about it; -1: all */
	int wanted;
	const char *tone;
	char note[400];
	struct map pending;		/* pid -> what the kernel saw of it */
	long pid;			/* of the call being shown; 0: none */
	long long since_ns;
	struct frames frames;		/* of a log made with strace -k */
};

/* merge.see, for a capture: the kernel's events under their call. */
void lines_see(void *context, struct reader *r, const struct sight *s);
void lines_free(struct lines *x);
void lines_watch(void *context, struct reader *r, struct step *st);
void lines_line(void *context, struct reader *r, const struct line *l,
		unsigned long number);

/* --diff: reader.watch with a struct sequence as context, for each log. */
enum { SEQUENCE_MAX = 1000 };

struct sequence {
	unsigned n;
	char step[SEQUENCE_MAX][64 + 40];
};

void diff_see(void *context, struct reader *r, const struct sight *s);
void diff_watch(void *context, struct reader *r, struct step *st);
void report_diff(FILE *out, const struct reader *a, const struct sequence *x,
		 const struct reader *b, const struct sequence *y);

/*
 * --html and --perfetto: reader.watch and reader.line with a struct scene as
 * context.  They show every call at its time, so a scene is kept whole, up to
 * SCENE_MAX rows; the page says that what came after is not shown.
 */
enum { SCENE_MAX = 200000 };

struct scene_row {
	long long start_ns, end_ns;	/* without times: 1000 ns a line */
	long pid;			/* of the task */
	unsigned long line, last;
	unsigned phase;
	int fd, is_signal, exact, slept;
	unsigned from;			/* the wait that reported it, + 1 */
	char name[24], note[72];	/* its phase */
	char file[96];			/* what its descriptor is */
};

/* What kernel.log shows of a thread between its calls' beginnings and ends. */
enum mark_kind { MARK_SLEPT, MARK_COPIED, MARK_WORKED };

struct scene_mark {
	enum mark_kind kind;
	long pid;
	long long start_ns, end_ns;
	long long bytes;
	unsigned long line;		/* of kernel.log */
	char name[16];			/* of the request worked on */
};

/* A request of a ring, and the stages of its way. */
struct scene_request {
	unsigned long serial, line;
	long pid, process;
	int ring, fd, res, done;
	char op[16];
	const char *way;
	long long start_ns, end_ns;
};

struct scene_stage {
	unsigned request;		/* its place in the list */
	enum sight_kind kind;
	long long ns;
	int res;
};

struct scene_task {
	long pid, process;
	char name[48];
};

struct scene {
	int keeps_text;
	struct scene_row *rows;
	unsigned n, size;
	struct scene_task *tasks;
	unsigned n_tasks, tasks_size;
	struct scene_mark *marks;
	unsigned n_marks, marks_size;
	struct scene_request *requests;
	unsigned n_requests, requests_size;
	struct scene_stage *stages;
	unsigned n_stages, stages_size;
	struct map open;		/* serial -> place of the request, + 1 */
	struct map known;		/* pid -> a task is there */
	struct map ready;		/* file serial -> row of the wait, + 1 */
	char *text;			/* the lines, each with its newline */
	size_t text_len, text_size;
	size_t *line_at;		/* where each begins in text */
	unsigned text_lines, line_at_size;
	int cut, has_times;
	struct callsites sites;
};

void scene_see(void *context, struct reader *r, const struct sight *s);
void scene_watch(void *context, struct reader *r, struct step *st);
void scene_line(void *context, struct reader *r, const struct line *l,
		unsigned long number);
/* In the order of time, and no two of one task over each other. */
void scene_settle(struct scene *s);
void scene_free(struct scene *s);
/* The line of source that made the call, of a log of strace -k; or NULL. */
const char *row_source(const struct scene *s, const struct scene_row *row);
/* A line of the log; empty when it is not kept. */
struct slice scene_text(const struct scene *s, unsigned long number);
void report_perfetto(FILE *out, const struct reader *r, struct scene *s);
void report_html(FILE *out, const struct reader *r, struct scene *s);

/* "5 connection 127.0.0.1:4000 (line 21)" into text; returns its length. */
size_t file_story(const struct file *f, int fd, char *text, size_t size);

/* "pid 7", "4 threads (7 8 9 10)" into text. */
const char *group_tasks(const struct group *g, char *text, size_t size);

/* Why it slept, of which file; into text. */
const char *slept_why(const struct slept *s, const struct manifest *m, char *text,
		      size_t size);

#endif
