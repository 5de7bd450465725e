/* SPDX-License-Identifier: MIT */
/*
 * report.h - what a reader says, in several forms
 */
#ifndef IOMODELS_REPORT_H
#define IOMODELS_REPORT_H

#include <stdio.h>
#include "reader.h"

void report_text(FILE *out, const struct reader *r, int colour);
void report_json(FILE *out, const struct reader *r);

/* --lines: reader.watch and reader.line with a struct lines as context. */
struct lines {
	FILE *out;
	int colour;
	int fd;				/* only lines about it; -1: all */
	int wanted;
	const char *tone;
	char note[400];
};

void lines_watch(void *context, struct reader *r, struct step *st);
void lines_line(void *context, struct reader *r, const struct line *l,
		unsigned long number);

/* --diff: reader.watch with a struct sequence as context, for each log. */
enum { SEQUENCE_MAX = 1000 };

struct sequence {
	unsigned n;
	char step[SEQUENCE_MAX][64 + 40];
};

void diff_watch(void *context, struct reader *r, struct step *st);
void report_diff(FILE *out, const struct reader *a, const struct sequence *x,
		 const struct reader *b, const struct sequence *y);

/*
 * --html and --perfetto: reader.watch and reader.line with a struct scene as
 * context.  They show every call at its time, so a scene is kept whole, up to
 * SCENE_MAX rows; what came after is not shown, and that is said.
 */
enum { SCENE_MAX = 200000 };

struct scene_row {
	long long start_ns, end_ns;	/* without times: 1000 ns a line */
	long pid;			/* of the task */
	unsigned long line, last;
	unsigned phase;
	int fd, is_signal;
	unsigned from;			/* the wait that reported it, + 1 */
	char name[24], note[72];
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
	struct map known;		/* pid -> a task is there */
	struct map ready;		/* file serial -> row of the wait, + 1 */
	char *text;			/* the lines, each with its newline */
	size_t text_len, text_size;
	unsigned long text_lines;
	int cut, has_times;
};

void scene_watch(void *context, struct reader *r, struct step *st);
void scene_line(void *context, struct reader *r, const struct line *l,
		unsigned long number);
/* In the order of time, and no two of one task over each other. */
void scene_settle(struct scene *s);
void scene_free(struct scene *s);
void report_perfetto(FILE *out, const struct reader *r, struct scene *s);
void report_html(FILE *out, const struct reader *r, struct scene *s);

/* A log may hold anything: what would drive a terminal goes out as '?'. */
void print_plain(FILE *out, const char *at, size_t len);

/* "1.20 s", "3.4 ms", "12 us" into text; "?" for NO_TIME. */
const char *time_text(long long ns, char text[24]);
/* "pid 7", "4 threads (7 8 9 10)" into text. */
const char *group_tasks(const struct group *g, char *text, size_t size);

#endif
