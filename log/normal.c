/* SPDX-License-Identifier: MIT */
/*
 * normal.c - the calls of a strace log in normal form, and what they show
 */
#include <asm/unistd.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "line.h"
#include "normal.h"
#include "reader.h"

/* The name of call number 0. */
#if defined(__NR_read) && __NR_read == 0
#define CALL_ZERO "read"
#else
#define CALL_ZERO "io_setup"
#endif

static void *must_have(void *mem)
{
	if (mem)
		return mem;
	fprintf(stderr, "trace: no memory\n");
	exit(1);
}

/* ---- strace's lines ---- */

enum { NONE = -1, GUESSED = -2 };

struct reading {
	struct trace *t;
	pid_t pids[256];		/* the thread numbers, less one */
	int open[256];			/* a thread's unfinished call, or NONE */
	int ending;			/* the thread that called exit_group */
	int unfinished[256];		/* its line of the log, or NONE */
	int line, thread;		/* last line of the log; or NONE */
};

static int thread_number(struct reading *r, pid_t pid)
{
	struct trace *t = r->t;

	for (int i = 0; i < t->threads; i++)
		if (r->pids[i] == pid)
			return i + 1;
	if (t->threads == 256)
		return 256;
	r->pids[t->threads] = pid;
	r->open[t->threads] = NONE;
	r->unfinished[t->threads] = NONE;
	return ++t->threads;
}

/*
 * exit_group kills the other threads, one perhaps just when strace has learned
 * of its call.  PTRACE_GET_SYSCALL_INFO then knows of no call, and strace
 * prints "???(" or, with registers that it never read, call number 0 with an
 * argument 0: "read(0,  <unfinished ...>".  Neither was called.
 */
static int is_guess(const struct reading *r, int thread, const struct line *l)
{
	struct slice said = line_said(l);

	if (!r->ending || thread == r->ending ||
	    !slice_find(said, " <unfinished ...>"))
		return 0;
	return slice_starts(said, "???") || slice_starts(said, CALL_ZERO "(0, ");
}

/* "... = -1 EAGAIN (...)": the name of the error, malloced, or NULL. */
static const char *error_of(const char *text)
{
	struct line l = { .took_ns = NO_TIME };

	if (line_read_call(&l, text, strlen(text)) ||
	    !(l.flags & LINE_HAS_ERROR))
		return NULL;
	return must_have(strndup(l.error.at, l.error.len));
}

/* A new call of the thread; text is what the line says of it. */
static struct traced_call *begin_call(struct trace *t, int thread, double at,
			       const char *text)
{
	struct traced_call *c;

	t->calls = must_have(realloc(t->calls, (t->count + 1) *
				     sizeof(*t->calls)));
	c = &t->calls[t->count++];
	*c = (struct traced_call){ .thread = thread, .entered = at };
	c->name = must_have(strndup(text, strcspn(text, "(")));
	c->text = must_have(strdup(text));
	return c;
}

static void end_call(struct traced_call *c, double left, const char *rest)
{
	if (*rest) {
		char *whole;

		must_have(asprintf(&whole, "%s%s", c->text, rest) < 0 ? NULL
								     : whole);
		free(c->text);
		c->text = whole;
	}
	c->left = left;
	c->error = error_of(c->text);
}

/* pid numbers that the program prints, as thread numbers: getpid() = 1. */
static void number_pids(struct reading *r, char *text)
{
	static const char *const before[] = {
		"getpid()", "F_SETOWN, ", "clone(", "F_GETOWN)", "gettid()",
		"clone resumed>",
	};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		char *at = strstr(text, before[i]), *end;
		long pid;

		if (!at)
			continue;
		at += strlen(before[i]);
		if (before[i][strlen(before[i]) - 1] != ' ')
			at = strrchr(at, '=');
		if (!at)
			continue;
		at += *at == '=' ? 2 : 0;
		pid = strtol(at, &end, 10);
		if (end > at && pid > 0) {
			char number[12];
			int n = snprintf(number, sizeof(number), "%d",
					 thread_number(r, pid));

			if (n > end - at)	/* it is one already */
				continue;
			memmove(at + n, end, strlen(end) + 1);
			memcpy(at, number, n);
		}
	}
}

/* The path of the build is nobody's business: execve("build/models/epoll". */
static void shorten_paths(char *text)
{
	char cwd[4096], *at;
	size_t n;

	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, "/") == 0)
		return;
	n = strlen(cwd);
	while ((at = strstr(text, cwd)))
		memmove(at, at + n + (at[n] == '/'),
			strlen(at + n + (at[n] == '/')) + 1);
}

/*
 * strace has perhaps cut argv[0] in the middle of that path: execve of a
 * program is written as in any other clone.  malloced.
 */
static char *in_any_clone(const char *command, const char *text)
{
	const char *end = strstr(text, "\", [\"");
	char *whole;

	end = end ? strchr(end + 5, '"') : NULL;
	if (!end)
		return must_have(strdup(text));
	end++;
	end += 3 * !strncmp(end, "...", 3);
	must_have(asprintf(&whole, "execve(\"%s\", [\"%s\"%s", command,
			   command, end) < 0 ? NULL : whole);
	return whole;
}

/* The line as the log keeps it: no pids, no paths of this machine. */
static char *normal_text(struct reading *r, const struct line *l)
{
	struct slice said = line_said(l);
	char *text = must_have(strndup(said.at, said.len)), *whole;

	number_pids(r, text);
	if (*r->t->command && !strncmp(text, "execve(\"", 8)) {
		whole = in_any_clone(r->t->command, text);
		free(text);
		text = whole;
	}
	shorten_paths(text);
	return text;
}

static void read_call(struct reading *r, const struct line *l, int thread,
		      char *text)
{
	double at = l->at_ns == NO_TIME ? 0 : l->at_ns / 1e9;
	int *open = &r->open[thread - 1];
	char *end = strstr(text, " <unfinished ...>");
	struct trace *t = r->t;
	struct traced_call *c;

	if (l->kind == LINE_RESUMED) {
		if (*open >= 0)
			t->calls[*open].last = t->lines;
		if (*open >= 0)
			end_call(&t->calls[*open], at,
				 strstr(text, " resumed>") +
				 strlen(" resumed>"));
		*open = NONE;
		return;
	}
	if (!strncmp(text, "exit_group(", 11))
		r->ending = thread;
	if (end)
		*end = 0;
	c = begin_call(t, thread, at, text);
	c->last = t->lines;
	if (end)
		*open = t->count - 1;
	else
		end_call(c, l->took_ns == NO_TIME ? 0 : at + l->took_ns / 1e9,
			 "");
}

/* A line of the log; the frames that follow are its own. */
static void add_line(struct reading *r, const struct line *l, int thread,
		     const char *text)
{
	struct trace *t = r->t;

	text_add(&t->log, "%d  %s\n", thread, text);
	t->frames = must_have(realloc(t->frames, (t->lines + 1) *
				      sizeof(*t->frames)));
	t->frames[t->lines] = (struct text){ 0 };
	r->line = t->lines++;
	if (l->kind == LINE_UNFINISHED)
		r->unfinished[thread - 1] = r->line;
	else if (l->kind != LINE_RESUMED)
		r->unfinished[thread - 1] = NONE;
	r->thread = thread;
}

/* They follow the end of a call, and are those of its beginning as well. */
static void add_frame(struct reading *r, const char *line)
{
	int first;

	if (r->line == NONE)
		return;
	text_add(&r->t->frames[r->line], "%s", line);
	first = r->unfinished[r->thread - 1];
	if (first != NONE && first != r->line)
		text_add(&r->t->frames[first], "%s", line);
}

static void read_line(struct reading *r, const char *line, size_t len)
{
	int thread, ends;
	struct line l;
	char *text;

	line_read(&l, line, len);
	thread = thread_number(r, l.pid);
	ends = l.kind == LINE_EXITED || l.kind == LINE_KILLED ||
	       l.kind == LINE_SUPERSEDED;
	r->line = NONE;
	if (is_guess(r, thread, &l))
		r->open[thread - 1] = GUESSED;
	if (r->open[thread - 1] == GUESSED && !ends)
		return;
	text = normal_text(r, &l);
	add_line(r, &l, thread, text);
	if (!ends && l.kind != LINE_SIGNAL && l.kind != LINE_STOPPED)
		read_call(r, &l, thread, text);
	free(text);
}

int trace_read_log(struct trace *t, FILE *f)
{
	struct reading r = { .t = t, .line = NONE };
	size_t size = 0;
	char *line = NULL;
	ssize_t n;

	while ((n = getline(&line, &size, f)) > 0)
		if (isdigit((unsigned char)line[0]))
			read_line(&r, line, n - (line[n - 1] == '\n'));
		else if (!strncmp(line, " > ", 3))
			add_frame(&r, line);
	free(line);
	return t->count ? 0 : -1;
}

int trace_read(struct trace *t, const char *path, char why[256])
{
	FILE *f = fopen(path, "re");
	int ret;

	memset(t, 0, sizeof(*t));
	if (!f) {
		snprintf(why, 256, "%s: %s", path, strerror(errno));
		return -1;
	}
	ret = trace_read_log(t, f);
	fclose(f);
	if (ret)
		snprintf(why, 256, "%s: no system call in it", path);
	return ret;
}

void trace_free(struct trace *t)
{
	for (int i = 0; i < t->count; i++) {
		free(t->calls[i].name);
		free(t->calls[i].text);
		free((char *)t->calls[i].error);
	}
	free(t->calls);
	for (int i = 0; i < t->lines; i++)
		free(t->frames[i].at);
	free(t->frames);
	free(t->log.at);
	memset(t, 0, sizeof(*t));
}

/* ---- what it shows ---- */

static void name_once(char *list, size_t size, const char *name)
{
	size_t n = strlen(name);
	char *at = strstr(list, name);

	if (at && (at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
		return;
	snprintf(list + strlen(list), size - strlen(list), "%s%s",
		 *list ? " " : "", name);
}

/* The second message of "two": from when to when, and its calls by line. */
struct message {
	double from, to;
	const struct traced_call **ends;	/* at each line of the log, or NULL */
	struct trace_cost *row;
};

/* The reader knows what each call did; this decides which of them count. */
static void see_call(void *context, struct reader *r, struct step *st)
{
	const struct message *m = context;
	const struct event *e = st->event;
	const struct traced_call *c = NULL;
	struct trace_cost *row = m->row;

	(void)r;
	if (e->kind != EVENT_CALL || !st->task)
		return;
	/* A call that a signal interrupts goes on to rt_sigreturn. */
	for (unsigned long n = e->last; n >= e->first && !c; n--)
		if (m->ends[n] && m->ends[n]->thread == st->task->pid &&
		    slice_is(e->line->name, m->ends[n]->name))
			c = m->ends[n];
	if (!c || c->left <= m->from || c->left >= m->to)
		return;
	if (c->entered < m->from && st->phase & PHASE_WAIT)
		name_once(row->waits, sizeof(row->waits), c->name);
	if (call_class(e->call) == CLASS_IN && st->phase & PHASE_COPY &&
	    !*row->copies)
		snprintf(row->copies, sizeof(row->copies), "%s", c->name);
}

static void read_phases(const struct trace *t, struct message *m)
{
	struct reader *r = must_have(calloc(1, sizeof(*r)));
	const char *line = t->log.at, *end;

	m->ends = must_have(calloc(t->lines + 1, sizeof(*m->ends)));
	for (int i = 0; i < t->count; i++)
		m->ends[t->calls[i].last] = &t->calls[i];
	reader_start(r);
	r->path = "strace";
	r->watch = see_call;
	r->watch_context = m;
	for (int n = 1; n <= t->lines; n++, line = end + 1) {
		end = strchr(line, '\n');
		reader_line(r, line, end - line, n, 0);
	}
	reader_end(r);
	reader_free(r);
	free(r);
	free(m->ends);
}

/*
 * The steps of "two": connected, the first message is back, the second is
 * back.  What lies between the last two belongs to one message: the calls
 * that were begun there, and of those begun before, the ones that it ended
 * were waiting for it.
 */
int trace_row(const struct trace *t, struct trace_cost *row)
{
	struct message m = { .row = row };

	memset(row, 0, sizeof(*row));
	row->threads = t->threads;
	if (t->step_count < 3)
		return -1;
	m.from = t->steps[1];
	m.to = t->steps[2];
	for (int i = 0; i < t->count && t->calls[i].entered <= m.to; i++)
		row->calls += t->calls[i].entered >= m.from;
	read_phases(t, &m);
	return row->calls ? 0 : -1;
}

/* names[n] repeats the last one or two calls before it. */
static int repeats(char **names, int n)
{
	if (n >= 1 && !strcmp(names[n], names[n - 1]))
		return 1;
	if (n >= 3 && !strcmp(names[n], names[n - 2]) &&
	    !strcmp(names[n - 1], names[n - 3]))
		return 2;
	return 0;
}

/* name is one of the words in text. */
static int is_word(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *at = text;

	while (at && (at = strstr(at, name))) {
		if (!isalnum((unsigned char)at[n]) && at[n] != '_' &&
		    (at == text || (!isalnum((unsigned char)at[-1]) &&
				    at[-1] != '_')))
			return 1;
		at += n;
	}
	return 0;
}

/* What depends on who was faster, or on how the program was called. */
static int varies(const struct traced_call *c)
{
	return is_word("execve futex getsockname", c->name) ||
	       *c->name == '?' ||
	       (c->error && !strcmp(c->error, "EAGAIN"));
}

/* The calls of a thread from one index to another, and how many they are. */
static char *thread_sequence(const struct trace *t, int thread, int from, int to,
			     const char *besides, int *length)
{
	char **names = must_have(calloc(t->count + 1, sizeof(*names)));
	struct text line = { 0 };
	int n = 0;

	for (int i = from; i < to; i++) {
		const struct traced_call *c = &t->calls[i];

		if (c->thread != thread || varies(c) ||
		    is_word(besides, c->name))
			continue;
		names[n] = c->name;
		n += 1 - repeats(names, n);
	}
	text_add(&line, "%s", "");
	for (int i = 0; i < n; i++)
		text_add(&line, "%s%s", i ? " " : "", names[i]);
	free(names);
	*length = n;
	return line.at;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line for each thread that did at least `least` calls, sorted. */
static void threads_sequence(const struct trace *t, int from, int to, int least,
			     const char *besides, struct text *out)
{
	char **lines = must_have(calloc(t->threads + 1, sizeof(*lines)));
	int n = 0, length;

	for (int i = 0; i < t->threads; i++) {
		lines[n] = thread_sequence(t, i + 1, from, to, besides, &length);
		if (length >= least)
			n++;
		else
			free(lines[n]);
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	for (int i = 0; i < n; i++) {
		text_add(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
}

/*
 * The names alone, without memory: libc's threads and heap vary too much.  And
 * without a thread's end, which exit_group may forestall.
 */
static void names_sequence(const struct trace *t, struct text *out)
{
	char **names = must_have(calloc(t->count + 1, sizeof(*names)));
	int n = 0;

	for (int i = 0; i < t->count; i++)
		if (!varies(&t->calls[i]) &&
		    !is_word("brk mmap munmap mprotect madvise exit exit_group "
			     "rt_sigprocmask", t->calls[i].name))
			names[n++] = t->calls[i].name;
	qsort(names, n, sizeof(*names), compare_lines);
	for (int i = 0; i < n; i++)
		if (!i || strcmp(names[i], names[i - 1]))
			text_add(out, "%s\n", names[i]);
	free(names);
}

/* The first call of that name that succeeded, or the number of calls. */
static int first_call(const struct trace *t, const char *name)
{
	int i = 0;

	while (i < t->count && (strcmp(t->calls[i].name, name) ||
				t->calls[i].error))
		i++;
	return i;
}

void trace_sequence(const struct trace *t, const char *besides,
		    struct text *out)
{
	int accepted = first_call(t, "accept4"), stop = first_call(t, "shutdown");

	text_add(out, "%s", "");
	if (first_call(t, "set_tid_address") < t->count ||
	    (t->threads > 1 && accepted == t->count)) {
		names_sequence(t, out);
	} else if (t->threads == 1) {
		/* A ring may have the end of its accept before it is asked. */
		threads_sequence(t, 0, first_call(t, "io_uring_setup") < t->count
				 ? stop : t->count, 1, besides, out);
	} else {
		threads_sequence(t, 0, accepted, 1, besides, out);
		text_add(out, "then\n");
		/* A thread that only waits again was woken in vain. */
		threads_sequence(t, accepted, stop, 2, besides, out);
	}
}

const char *trace_unnamed(const struct trace *t, const char *header)
{
	for (int i = 0; i < t->count; i++)
		if (*t->calls[i].name != '?' &&
		    !is_word(header, t->calls[i].name) &&
		    !is_word("execve exit_group", t->calls[i].name))
			return t->calls[i].name;
	return NULL;
}
