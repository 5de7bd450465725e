/* SPDX-License-Identifier: MIT */
/*
 * kernel_sequence.c - the part of the kernel's side that is the same in each run
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "kernel_sequence.h"

struct entry {				/* a line of a log */
	const char *who, *what;
	int who_length, what_length, place;
};

/* The next line of *at that is not a comment; 0 at the end. */
static int next_entry(const char **at, struct entry *e)
{
	while (**at) {
		const char *text = *at;
		int n = strcspn(text, "\n");

		*at += n + (text[n] == '\n');
		e->who = text;
		e->who_length = strcspn(text, " \n");
		e->what = text + e->who_length;
		e->what += strspn(e->what, " ");
		e->what_length = text + n - e->what;
		if (*text != '#' && n)
			return 1;
	}
	return 0;
}

static int is(const char *text, int length, const char *word)
{
	return length == (int)strlen(word) && !strncmp(text, word, length);
}

static int begins(const struct entry *e, const char *word)
{
	return !strncmp(e->what, word, strlen(word));
}

/* How the work of a log is divided, and so what of it can be compared. */
enum division {
	ALONE,				/* one thread, and perhaps iou-sqp */
	SHARED,				/* threads, or io_uring's workers */
	ALIKE,				/* the first thread is one of these */
	A_FILE,
};

static enum division division_of(const char *log)
{
	int shared = 0, first_waits = 0, others_wait = 0;
	struct entry e;

	while (next_entry(&log, &e)) {
		int first = is(e.who, e.who_length, "1");
		int waits = begins(&e, "sys_enter epoll_pwait");

		if (is(e.who, e.who_length, "device"))
			return A_FILE;
		first_waits |= first && waits;
		others_wait |= !first && waits;
		shared |= !first && (isdigit((unsigned char)*e.who) ||
				     !strncmp(e.who, "iou-wrk", 7));
	}
	return first_waits && others_wait ? ALIKE : shared ? SHARED : ALONE;
}

/* All threads but the first are one, and so are io_uring's workers. */
static void add_role(struct text *out, const char *who, int length,
		     enum division how)
{
	if (isdigit((unsigned char)*who) &&
	    (how == ALIKE || !is(who, length, "1")))
		text_add(out, "thread");
	else if (!strncmp(who, "iou-wrk", 7))
		text_add(out, "iou-wrk");
	else
		text_add(out, "%.*s", length, who);
}

/* Append the part of a line that does not depend on timing; of some lines that
 * is nothing. */
static void add_kind(struct text *out, const struct entry *e,
		     enum division how)
{
	int name = strcspn(e->what, " \n");

	if (begins(e, "sys_exit") || begins(e, "sys_enter futex") ||
	    begins(e, "sys_enter exit(") ||
	    begins(e, "signal_deliver SIGKILL") ||
	    is(e->who, e->who_length, "kernel") ||
	    is(e->who, e->who_length, "interrupt") ||
	    (how == A_FILE && begins(e, "sched_")))
		return;
	add_role(out, e->who, e->who_length, how);
	if (begins(e, "sched_waking ")) {
		text_add(out, " sched_waking ");
		add_role(out, e->what + name + 1, e->what_length - name - 1,
			 how);
	} else if (begins(e, "sys_enter ") || begins(e, "io_uring_")) {
		text_add(out, " %.*s", (int)strcspn(e->what, "(=\n"), e->what);
	} else {
		text_add(out, " %.*s", name, e->what);
	}
	text_add(out, "\n");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_set(const char *log, enum division how, struct text *out)
{
	struct text kinds = { 0 };
	char **lines = NULL, *at;
	struct entry e;
	int n = 0;

	text_add(&kinds, "%s", "");
	while (next_entry(&log, &e))
		add_kind(&kinds, &e, how);
	for (at = strtok(kinds.at, "\n"); at; at = strtok(NULL, "\n")) {
		lines = realloc(lines, (n + 1) * sizeof(*lines));
		if (!lines)
			abort();
		lines[n++] = at;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (int i = 0; i < n; i++)
		if (!i || strcmp(lines[i], lines[i - 1]))
			text_add(out, "%s\n", lines[i]);
	free(lines);
	free(kinds.at);
}

/*
 * Which of the two threads of SQPOLL sleeps, and must be woken, depends on how
 * long the other has been busy.
 */
static int is_about_sleep(const struct entry *e)
{
	return begins(e, "sched_switch") || begins(e, "sched_waking") ||
	       begins(e, "io_uring_cqring_wait") ||
	       begins(e, "sys_enter io_uring_enter") ||
	       begins(e, "sys_exit io_uring_enter");
}

void kernel_sequence(const char *log, struct text *out)
{
	static const char *const order[] = { "1", "iou-sqp", "client", NULL };
	int sqpoll = !strncmp(log, "iou-sqp", 7) || strstr(log, "\niou-sqp");
	enum division how = division_of(log);

	text_add(out, "%s", "");
	if (how != ALONE) {
		add_set(log, how, out);
		return;
	}
	for (const char *const *who = order; *who; who++) {
		const char *at = log;
		struct entry e;

		while (next_entry(&at, &e))
			if (is(e.who, e.who_length, *who) &&
			    !(sqpoll && is_about_sleep(&e)))
				text_add(out, "%s %.*s\n", *who, e.what_length,
					 e.what);
	}
}
