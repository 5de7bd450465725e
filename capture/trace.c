/* SPDX-License-Identifier: MIT */
/*
 * trace.c - a server's system calls under strace: made, read, compared
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "kernel.h"
#include "trace.h"

#define STRING_BYTES "128"		/* of each string that strace shows */

static void *must_have(void *mem)
{
	if (mem)
		return mem;
	fprintf(stderr, "trace: no memory\n");
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- the client's steps ---- */

static struct trace *stepping;		/* whose steps are noted */

static void on_step(struct server *s)
{
	struct trace *t = stepping;

	server_settle(s);
	if (t->step_count < (int)(sizeof(t->steps) / sizeof(t->steps[0])))
		t->steps[t->step_count++] = now();
}

/* ---- strace's lines ---- */

enum { NONE = -1, GUESSED = -2 };

struct reading {
	struct trace *t;
	pid_t pids[256];		/* the thread numbers, less one */
	int open[256];			/* a thread's unfinished call, or NONE */
	int ending;			/* the thread that called exit_group */
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
	return ++t->threads;
}

/*
 * exit_group kills the other threads, one perhaps just when strace has been
 * told of its call.  PTRACE_GET_SYSCALL_INFO then knows of no call, and strace
 * prints "???(" or, with registers that it never read, call number 0 with an
 * argument 0: "read(0,  <unfinished ...>".  Neither was called.
 */
static int is_guess(const struct reading *r, int thread, const char *text)
{
	const char *zero = syscall_name(0);
	size_t n = strlen(zero);

	if (!r->ending || thread == r->ending ||
	    !strstr(text, " <unfinished ...>"))
		return 0;
	return !strncmp(text, "???", 3) ||
	       (!strncmp(text, zero, n) && !strncmp(text + n, "(0, ", 4));
}

/* "... = -1 EAGAIN (...)": the name of the error, malloced, or NULL. */
static const char *error_of(const char *text)
{
	const char *at = strstr(text, ") = -1 E"), *last = NULL;

	for (; at; at = strstr(at + 1, ") = -1 E"))
		last = at + 7;
	if (!last)		/* the blanks that align the results */
		for (at = strstr(text, "= -1 E"); at; at = strstr(at + 1, "= -1 E"))
			last = at + 5;
	return last ? must_have(strndup(last, strcspn(last, " \n"))) : NULL;
}

/* A new call of the thread; text is what the line says of it. */
static struct call *begin_call(struct trace *t, int thread, double at,
			       const char *text)
{
	struct call *c;

	t->calls = must_have(realloc(t->calls, (t->count + 1) *
				     sizeof(*t->calls)));
	c = &t->calls[t->count++];
	*c = (struct call){ .thread = thread, .entered = at };
	c->name = must_have(strndup(text, strcspn(text, "(")));
	c->text = must_have(strdup(text));
	return c;
}

static void end_call(struct call *c, double left, const char *rest)
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

/* Cut " <0.000123>" from the end; returns the seconds, -1 without it. */
static double cut_duration(char *text)
{
	size_t n = strlen(text);
	char *at = strrchr(text, '<');

	if (n < 4 || text[n - 1] != '>' || !at || at == text ||
	    at[-1] != ' ' || strspn(at + 1, "0123456789.") != strlen(at) - 2)
		return -1;
	at[-1] = 0;
	return atof(at + 1);
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
			int n = snprintf(at, 8, "%d", thread_number(r, pid));

			memmove(at + n, end, strlen(end) + 1);
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
static char *in_any_clone(const struct program *p, const char *text)
{
	const char *end = strstr(text, "\", [\"");
	char *whole;

	end = end ? strchr(end + 5, '"') : NULL;
	if (!end)
		return must_have(strdup(text));
	end++;
	end += 3 * !strncmp(end, "...", 3);
	must_have(asprintf(&whole, "execve(\"build/%s/%s\", [\"build/%s/%s\"%s",
			   p->dir, p->name, p->dir, p->name, end) < 0 ? NULL
								  : whole);
	return whole;
}

static void read_line(struct reading *r, char *line)
{
	char *own = NULL;
	struct trace *t = r->t;
	char *text, *end, *resumed;
	double at, took;
	struct call *c;
	int thread;

	thread = thread_number(r, strtol(line, &text, 10));
	at = strtod(text, &text);
	text += strspn(text, " ");
	took = cut_duration(text);
	if (is_guess(r, thread, text))
		r->open[thread - 1] = GUESSED;
	if (r->open[thread - 1] == GUESSED && text[0] != '+')
		return;
	number_pids(r, text);
	if (t->program && !strncmp(text, "execve(\"", 8))
		text = own = in_any_clone(t->program, text);
	shorten_paths(text);
	text_add(&t->log, "%d  %s\n", thread, text);
	if (!strncmp(text, "---", 3) || !strncmp(text, "+++", 3))
		return;
	end = strstr(text, " <unfinished ...>");
	resumed = strstr(text, " resumed>");
	if (!strncmp(text, "<... ", 5) && resumed) {
		if (r->open[thread - 1] >= 0)
			end_call(&t->calls[r->open[thread - 1]], at,
				 resumed + strlen(" resumed>"));
		r->open[thread - 1] = NONE;
		return;
	}
	if (!strncmp(text, "exit_group(", 11))
		r->ending = thread;
	if (end)
		*end = 0;
	c = begin_call(t, thread, at, text);
	if (end)
		r->open[thread - 1] = t->count - 1;
	else
		end_call(c, took < 0 ? 0 : at + took, "");
	free(own);
}

static int read_log(struct trace *t, FILE *f)
{
	struct reading r = { .t = t };
	size_t size = 0;
	char *line = NULL;
	ssize_t n;

	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		if (isdigit((unsigned char)line[0]))
			read_line(&r, line);
	}
	free(line);
	return t->count ? 0 : -1;
}

/* ---- run ---- */

const char *trace_missing(void)
{
	static char why[128];
	FILE *f = popen("strace -o /dev/null true 2>&1", "re");
	char line[100] = "";

	if (!f || !fgets(line, sizeof(line), f))
		line[0] = 0;
	if (f && pclose(f) == 0)
		return NULL;
	line[strcspn(line, "\n")] = 0;
	snprintf(why, sizeof(why), "%s", strstr(line, "not found") ?
		 "strace is not installed: apt-get install strace" : line);
	return why;
}

const struct scenario reads_buffered = {
	.name = "buffered", .about = "six blocks, through the page cache",
	.service = "none",
};
const struct scenario reads_direct = {
	.name = "direct", .about = "six blocks, with O_DIRECT",
	.service = "none",
};

const struct scenario *reads_find(const char *name)
{
	return !strcmp(name, "buffered") ? &reads_buffered :
	       !strcmp(name, "direct") ? &reads_direct : NULL;
}

void trace_scenarios(const struct program *p,
		     const struct scenario *list[PLAYED])
{
	int n = 0;

	if (p->flags & FILES) {
		list[n++] = &reads_buffered;
		list[n++] = &reads_direct;
	} else {
		list[n++] = scenario_find("one");
		list[n++] = scenario_find("two");
		if (p->flags & list[1]->unfit)
			n--;
		if (!strncmp(p->name, "sigio_", 6))
			list[n++] = &scenario_burst;
	}
	list[n] = NULL;
}

/* strace as the parent of a file job; 0 when that ended with 0. */
static int run_reader(const char *path, char *log, int direct, int fd)
{
	char file[32];
	int status = -1;
	pid_t pid;

	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		close(null);
		execlp("strace", "strace", "-f", "-ttt", "-T", "-s", "16", "-o",
		       log, path, "--depth", "4", file,
		       direct ? "--direct" : NULL, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return -1;
	return 0;
}

static int trace_reader(struct trace *t, char *log, int log_fd, char why[256])
{
	char *path = program_path(t->program);
	int direct = t->scenario == &reads_direct;
	int fd = lab_file(6 * 4096, why), ret = -1;
	FILE *f;

	if (fd >= 0 && path && run_reader(path, log, direct, fd))
		snprintf(why, 256, "%s%s failed", t->program->name,
			 direct ? " --direct" : "");
	else if (fd >= 0 && path && (f = fdopen(dup(log_fd), "r"))) {
		ret = read_log(t, f);
		fclose(f);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

int trace_run(struct trace *t, const struct program *p,
	      const struct scenario *c, char why[256])
{
	char log[64];
	char *wrapper[] = { "strace", "-f", "-ttt", "-T", "-s", STRING_BYTES,
			    "-o", log, NULL };
	struct lab_options o = { .service = c->service, .wrapper = wrapper,
				 .nofile = c->nofile, .port = 7007 };
	int fd = lab_temporary(log), ret = -1, status;
	struct server s;
	FILE *f;

	memset(t, 0, sizeof(*t));
	t->program = p;
	t->scenario = c;
	if (fd < 0) {
		snprintf(why, 256, "%s: %s", log, strerror(errno));
		return -1;
	}
	if (p->flags & FILES) {
		ret = trace_reader(t, log, fd, why);
		close(fd);
		return ret;
	}
	if (server_start(&s, p, &o)) {
		snprintf(why, 256, "%.200s", s.err.at);
		goto out;
	}
	stepping = t;
	s.step = on_step;
	server_settle(&s);
	ret = c->play(&s, why);
	server_settle(&s);
	status = server_stop(&s);
	if (status && !ret) {
		snprintf(why, 256, "%s: ended with status %d: %.150s", p->name,
			 status, s.err.at);
		ret = -1;
	}
	f = fdopen(fd, "r");
	if (!f || read_log(t, f)) {
		snprintf(why, 256, "%s: strace wrote nothing", p->name);
		ret = -1;
	}
	if (f)
		fclose(f);
	fd = -1;
out:
	server_free(&s);
	if (fd >= 0)
		close(fd);
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

/*
 * The steps of "two": connected, the first message is back, the second is
 * back.  What lies between the last two belongs to one message: the calls
 * that were begun there, and of those begun before, the ones that it ended
 * were waiting for it.
 */
int trace_row(const struct trace *t, struct row *row)
{
	double from, to;

	memset(row, 0, sizeof(*row));
	row->threads = t->threads;
	if (t->step_count < 3)
		return -1;
	from = t->steps[1];
	to = t->steps[2];
	for (int i = 0; i < t->count; i++) {
		const struct call *c = &t->calls[i];

		if (c->entered > to)
			break;
		if (c->entered < from) {
			if (c->left > from && c->left < to)
				name_once(row->waits, sizeof(row->waits),
					  c->name);
		} else {
			row->calls++;
		}
		if (c->left > from && c->left < to && !*row->copies &&
		    strstr(c->text, "send_msg") &&
		    (!strncmp(c->name, "re", 2) || !strncmp(c->name, "pread", 5)))
			snprintf(row->copies, sizeof(row->copies), "%s",
				 c->name);
	}
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
static int varies(const struct call *c)
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
		const struct call *c = &t->calls[i];

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
		/* Who only waits again was woken in vain. */
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

/* ---- the files in traces/ ---- */

void trace_path(const struct trace *t, const char *dir, char path[256])
{
	struct utsname u;

	uname(&u);
	snprintf(path, 256, "%s/%s.%s.%s.strace", dir, t->program->name,
		 t->scenario->name, u.machine);
}

void trace_version(char version[64])
{
	FILE *f = popen("strace -V", "re");
	char line[128] = "";
	const char *at;

	if (f && fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = 0;
	if (f)
		pclose(f);
	at = strstr(line, "version ");		/* "strace -- version 6.1" */
	snprintf(version, 64, "%s", at ? at + strlen("version ") : "unknown");
}

void trace_format(const struct trace *t, struct text *out)
{
	char version[64];
	struct utsname u;

	uname(&u);
	trace_version(version);
	text_add(out, "# %s: %s\n", t->program->name, t->program->about);
	text_add(out, "# scenario %s: %s; service %s\n", t->scenario->name,
		 t->scenario->about, t->scenario->service);
	if (t->program->flags & FILES)
		text_add(out, "# strace -f -s 16 build/%s/%s --depth 4 FILE%s\n",
			 t->program->dir, t->program->name,
			 t->scenario == &reads_direct ? " --direct" : "");
	else
		text_add(out, "# strace -f -s " STRING_BYTES " build/%s/%s "
			 "--port 7007 --service %s\n", t->program->dir,
			 t->program->name, t->scenario->service);
	text_add(out, "# Linux %s, strace %s, %s; the first column numbers the "
	    "threads\n", u.release, version, u.machine);
	text_add(out, "%s", t->log.at);
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
	ret = read_log(t, f);
	fclose(f);
	if (ret)
		snprintf(why, 256, "%s: no system call in it", path);
	return ret;
}
