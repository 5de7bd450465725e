/* SPDX-License-Identifier: MIT */
/*
 * traces.c - iomodels capture --traces: both sides of models, and an index
 *
 * A file is written only when its compared part has changed; log/normal.h and
 * log/kernel_sequence.h say which part that is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"
#include "kernel.h"
#include "ktrace.h"
#include "../log/kernel_sequence.h"
#include "../log/places.h"
#include "notes.h"
#include "observe.h"
#include "probe.h"
#include "progress.h"
#include "strace.h"

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "iomodels capture: %s%s%s\n", what, *why ? ": " : "",
		why);
	return 1;
}

/* Where it does not fit, what was there before stays. */
static int write_file(const char *path, const struct text *text)
{
	char beside[264];
	FILE *f;
	int ok;

	snprintf(beside, sizeof(beside), "%.256s.new", path);
	f = fopen(beside, "we");
	ok = f && fwrite(text->at, 1, text->len, f) == text->len;
	if (f && fclose(f))
		ok = 0;
	if (ok && !rename(beside, path))
		return 0;
	failed(path, strerror(errno));
	unlink(beside);
	return 1;
}

/* Write the file anew, but only if what is compared is not the same. */
static int keep(const char *path, const struct text *whole, const char *now,
		const char *then)
{
	int same = then && !strcmp(now, then);

	if (!same && write_file(path, whole))
		return 1;
	printf("  %-54s %s\n", path, same ? "unchanged" : "written");
	return 0;
}

/*
 * The log and the line of source of each of its calls.  When only the latter
 * is new, and this run made the calls in the order of the committed log, the
 * log stays as it is.
 */
static int keep_both(const char *path, const struct text *whole,
		     const struct text *lines, int same)
{
	struct text now = { 0 }, then = { 0 };
	char *log = text_of_file(path), *old;
	char beside[256];
	int status;

	places_path(path, beside);
	old = text_of_file(beside);
	places_sequence(whole->at, lines->at, &now);
	places_sequence(log ? log : "", old ? old : "", &then);
	if (!same || (strcmp(now.at, then.at) && *now.at &&
		      !places_fit(log, whole->at))) {
		status = keep(path, whole, "", NULL);
		if (!status && *now.at)
			status = keep(beside, lines, "", NULL);
	} else {
		status = keep(path, whole, "", "");
		if (!status && *now.at)
			status = keep(beside, lines, now.at, then.at);
	}
	free(log);
	free(old);
	free(now.at);
	free(then.at);
	return status;
}

static int keep_strace(const char *dir, const struct program *p,
		       const struct scenario *c)
{
	struct text now = { 0 }, then = { 0 }, whole = { 0 }, lines = { 0 };
	char path[256], why[256];
	struct trace t, old;
	int status;

	if (trace_run_frames(&t, p, c, why)) {
		trace_free(&t);
		return failed(why, "");
	}
	notes_path(p, c, 0, dir, path);
	trace_sequence(&t, NULL, &now);
	if (!trace_read(&old, path, why))
		trace_sequence(&old, NULL, &then);
	trace_free(&old);
	trace_format(&t, &whole);
	places_format(&t, &lines);
	status = keep_both(path, &whole, &lines,
			   then.at && !strcmp(now.at, then.at));
	trace_free(&t);
	free(now.at);
	free(then.at);
	free(whole.at);
	free(lines.at);
	return status;
}

static int keep_kernel(const char *dir, const struct program *p,
		       const struct scenario *c)
{
	struct text now = { 0 }, then = { 0 }, whole = { 0 };
	char path[256], why[256], *old;
	struct ktrace t;
	int status;

	if (ktrace_run(&t, p, c, why)) {
		ktrace_free(&t);
		return failed(why, "");
	}
	notes_path(p, c, 1, dir, path);
	kernel_sequence(t.log.at, &now);
	old = text_of_file(path);
	if (old)
		kernel_sequence(old, &then);
	ktrace_format(&t, &whole);
	status = keep(path, &whole, now.at, then.at);
	ktrace_free(&t);
	free(old);
	free(now.at);
	free(then.at);
	free(whole.at);
	return status;
}

/* The numbers of a .lines as the source has them now. */
static int follow(const char *path)
{
	struct text now = { 0 }, lost = { 0 };
	char *then = text_of_file(path);
	int status = 0;

	if (!then)
		return 0;
	places_follow(then, &now, &lost);
	if (*lost.at) {
		*strchr(lost.at, '\n') = 0;
		status = failed(path, "the source no longer has this line; "
				"run make traces:") | failed(lost.at, "");
	}
	if (!status && strcmp(then, now.at))
		status = keep(path, &now, now.at, then);
	free(now.at);
	free(lost.at);
	free(then);
	return status;
}

static int follow_all(const char *dir)
{
	const struct scenario *played[PLAYED];
	char path[256], beside[256];
	int status = 0;

	for (const struct program *p = programs; p->name; p++) {
		trace_scenarios(p, played);
		for (int i = 0; played[i]; i++) {
			notes_path(p, played[i], 0, dir, path);
			places_path(path, beside);
			status |= follow(beside);
		}
	}
	return status;
}

int capture_index(const char *dir)
{
	struct text whole = { 0 };
	char path[256], why[256], *old;
	struct notes n;
	int status;

	if (notes_read(&n, dir, why)) {
		notes_free(&n);
		return failed(why, "");
	}
	notes_index(&n, dir, &whole);
	snprintf(path, sizeof(path), "%.200s/README.md", dir);
	old = text_of_file(path);
	status = keep(path, &whole, whole.at, old);
	notes_free(&n);
	free(old);
	free(whole.at);
	return status ? status : follow_all(dir);
}

/* Captures alone need no notes. */
static int access_notes(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%.200s/notes", dir);
	return access(path, F_OK);
}

/* Nothing is captured for a folder that cannot be written. */
static int open_folder(const char *dir)
{
	int fd;

	mkdir(dir, 0777);			/* a fresh clone may lack it */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || access(dir, W_OK | X_OK))
		return failed(dir, strerror(errno));
	close(fd);
	return 0;
}

/* Returns 0; 1 when it failed, and a line has said why. */
static int play(const char *dir, const struct program *p,
		const char *no_kernel)
{
	const struct scenario *played[PLAYED];
	char why[256];
	int status = 0;

	if (probe_program(p, why)) {
		printf("  %s left out: %s\n", p->name, why);
		return 0;
	}
	trace_scenarios(p, played);
	for (int i = 0; played[i] && !status; i++) {
		status = keep_strace(dir, p, played[i]);
		if (!status && !*no_kernel && ktrace_is_wanted(played[i]))
			status = keep_kernel(dir, p, played[i]);
		fflush(stdout);
	}
	return status;
}

struct work {
	const char *dir;
	const char *const *names;
};

static int capture_into(void *arg)
{
	const struct work *w = arg;
	const char *dir = w->dir;
	const char *missing = trace_missing();
	char no_kernel[256] = "";
	struct progress progress = { 0 };
	struct kernel *k;
	int status = 0;

	if (missing)
		return failed(missing, "");
	if (open_folder(dir))
		return 1;
	k = kernel_begin(no_kernel);
	kernel_free(k);
	if (*no_kernel)
		fprintf(stderr, "iomodels capture: without the kernel's events: "
			"%s\n", no_kernel);
	for (const struct program *p = programs; p->name; p++)
		progress.all += is_named(w->names, p);
	for (const struct program *p = programs; p->name && !status; p++) {
		char *path = program_path(p);

		if (!is_named(w->names, p)) {
			free(path);
			continue;
		}
		progress_show(&progress, p->name);
		if (path)
			status = play(dir, p, no_kernel);
		else
			printf("  %s left out: not built\n", p->name);
		progress_clear(&progress);
		progress.done++;
		free(path);
	}
	if (!status && !access_notes(dir))
		status = capture_index(dir);
	return status;
}

int capture_traces(const char *dir, const char *const *names)
{
	struct work w = { dir, names };

	return in_a_child(capture_into, &w);
}
