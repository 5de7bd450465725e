/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what makes each run of a harness fast
 */
#ifndef IOMODELS_FUZZ_H
#define IOMODELS_FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../log/report.h"

/* Freed memory stays poisoned for a while, but is not fresh pages each time. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "malloc_context_size=2:quarantine_size_mb=8:"
	       "thread_local_quarantine_size_kb=64";
}

static ssize_t nowhere(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	(void)text;
	return size;
}

/* Takes everything, without a system call. */
static FILE *sink(void)
{
	static FILE *f;

	if (!f) {
		f = fopencookie(NULL, "w", (cookie_io_functions_t){
			.write = nowhere });
		if (!f)
			abort();
		setvbuf(f, NULL, _IOFBF, 1 << 16);
	}
	return f;
}

/* A file in memory that stays: only what is in it changes. */
struct kept {
	char path[64];
	int fd, there;
};

static inline void keep(struct kept *k, const char *at, size_t size)
{
	if (!k->there) {
		k->fd = open(k->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		k->there = 1;
	}
	if (ftruncate(k->fd, size) ||
	    pwrite(k->fd, at, size, 0) != (ssize_t)size)
		abort();
}

static inline void drop(struct kept *k)
{
	if (k->there) {
		unlink(k->path);
		close(k->fd);
	}
	k->there = 0;
}

/*
 * The input, in which "\x01c" is a run of 5000 c: what has room for a line's
 * parts meets long ones, although the input is short.
 */
static inline struct slice expanded(const uint8_t *data, size_t size)
{
	enum { RUN = 5000, RUNS = 3 };
	static char room[RUN * RUNS + (1 << 13)];
	char *to = room;
	int runs = 0;

	for (size_t i = 0; i < size && i < 1 << 13; i++) {
		if (data[i] != 1 || i + 1 == size || runs == RUNS) {
			*to++ = data[i];
			continue;
		}
		memset(to, data[++i], RUN);
		to += RUN;
		runs++;
	}
	return slice_of(room, to);
}

/* The next part of the input, which "%%\n" ends. */
static inline struct slice part(struct slice *rest)
{
	const char *at = rest->at, *end = at + rest->len;
	const char *stop = memmem(at, rest->len, "%%\n", 3);

	*rest = slice_of(stop ? stop + 3 : end, end);
	return slice_of(at, stop ? stop : end);
}

/* An input gets one of the reports, and by its bytes: so each gets all. */
enum view { VIEW_TEXT, VIEW_DIFF, VIEW_HTML, VIEW_PERFETTO, VIEW_JSON, VIEWS };

struct look {
	enum view view;
	struct scene scene;
	struct lines lines;
	struct callsites sites;
};

static void sites_line(void *context, struct reader *r, const struct line *l,
		       unsigned long number)
{
	(void)r;
	callsites_line(context, l, number);
}

static struct sequence sequence;

static void look_start(struct look *k, struct reader *r, const uint8_t *data,
		       size_t size)
{
	unsigned sum = size;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	*k = (struct look){ .view = sum % VIEWS };
	reader_start(r);
	switch (k->view) {
	case VIEW_TEXT:
		k->lines = (struct lines){ .fd = -1, .colour = 1,
					   .out = sink() };
		r->watch = lines_watch;
		r->line = lines_line;
		r->see = lines_see;
		r->watch_context = &k->lines;
		break;
	case VIEW_DIFF:
		sequence.n = 0;
		r->watch = diff_watch;
		r->see = diff_see;
		r->watch_context = &sequence;
		break;
	case VIEW_JSON:
		r->line = sites_line;
		r->watch_context = &k->sites;
		break;
	default:
		k->scene.keeps_text = 1;
		r->watch = scene_watch;
		r->line = scene_line;
		r->see = scene_see;
		r->watch_context = &k->scene;
	}
}

static void look_end(struct look *k, struct reader *r)
{
	FILE *out = sink();

	switch (k->view) {
	case VIEW_TEXT:
		report_text(out, r, 1);
		break;
	case VIEW_DIFF:
		report_diff(out, r, &sequence, r, &sequence);
		break;
	case VIEW_HTML:
		report_html(out, r, &k->scene);
		break;
	case VIEW_PERFETTO:
		report_perfetto(out, r, &k->scene);
		break;
	default:
		report_json(out, r, &k->sites);
	}
	scene_free(&k->scene);
	lines_free(&k->lines);
	callsites_free(&k->sites);
	reader_free(r);
}

#endif
