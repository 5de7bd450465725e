/* SPDX-License-Identifier: MIT */
/*
 * traces_test.c - captures: fresh, as committed, as headers say (with libc)
 *
 * Every server runs under strace again, for each of its tests.  The tests are
 * started from the top of the source, where traces/ and models/ are.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include "tap.h"
#include "../../capture/kernel.h"
#include "../../capture/ktrace.h"
#include "../../log/kernel_sequence.h"
#include "../../claims/notes.h"
#include "../../claims/observe.h"
#include "../../log/places.h"
#include "../../lab/probe.h"
#include "../../capture/strace.h"

/* ---- what a test is about ---- */

struct point {
	const struct program *program;
	const struct scenario *scenario;
	char name[64];
};

/* A fresh trace, or the end of the test. */
static void capture(struct trace *t, const struct program *p,
		    const struct scenario *c)
{
	const char *missing = trace_missing();
	char *path = program_path(p), why[256];

	if (missing)
		SKIP("%s", missing);
	if (!path)
		SKIP("%s is not built", p->name);
	free(path);
	if (probe_program(p, why))
		SKIP("%s", why);
	if (trace_run_frames(t, p, c, why))
		FAIL("%s", why);
}

static char *sequence(const struct trace *t, const char *besides)
{
	struct text text = { 0 };

	trace_sequence(t, besides, &text);
	return text.at;
}

/* Is there a capture of this architecture at all? */
static int has_captures(void)
{
	char path[256];

	notes_path(program_find("epoll"), scenario_find("two"), 0, "traces",
		   path);
	return !access(path, R_OK);
}

static int count_lines(const char *text)
{
	int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* ---- the committed captures are what the models still do ---- */

/* The calls are made by the lines of source that the .lines names. */
static void places_as_committed(const struct trace *now, const char *path)
{
	struct text fresh = { 0 }, old = { 0 }, strace = { 0 }, lines = { 0 };
	char beside[256], version[64], *then = text_of_file(path), *committed;

	/* strace 6.13 has no stack of a thread that ends meanwhile. */
	trace_version(version);
	if (now->threads > 1 && strcmp(version, "6.1"))
		return;
	places_path(path, beside);
	committed = text_of_file(beside);
	trace_format(now, &strace);
	places_format(now, &lines);
	places_sequence(strace.at, lines.at, &fresh);
	if (!*fresh.at)
		return;			/* this strace has no -k */
	places_sequence(then, committed ? committed : "", &old);
	EXPECT_STR(old.at, fresh.at);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same calls in the order of their names: any thread may make them. */
static char *sorted(char *sequence)
{
	struct text text = { 0 };
	char *calls[512];
	int n = 0;

	for (char *at = strtok(sequence, " \n"); at && n < 512;
	     at = strtok(NULL, " \n"))
		if (strcmp(at, "then"))
			calls[n++] = at;
	qsort(calls, n, sizeof(calls[0]), by_text);
	for (int i = 0; i < n; i++)
		text_add(&text, "%s ", calls[i]);
	return text.at;
}

static void as_committed(void *arg)
{
	struct point *point = arg;
	struct trace now, then;
	char path[256], why[256];

	if (point->program->flags & HOSTED)
		SKIP("a library's calls differ from version to version");
	capture(&now, point->program, point->scenario);
	notes_path(point->program, point->scenario, 0, "traces", path);
	if (trace_read(&then, path, why))
		SKIP("no capture of this architecture: make traces");
	if (point->program->flags & ANY_THREAD)
		EXPECT_STR(sorted(sequence(&then, NULL)),
			   sorted(sequence(&now, NULL)));
	else
		EXPECT_STR(sequence(&then, NULL), sequence(&now, NULL));
	if (!(point->program->flags & ANY_THREAD))
		places_as_committed(&now, path);
}

/*
 * Each .lines has a line for each of its .strace, and what it quotes is still
 * in the source.  The same without strace and for programs with a library.
 */
TEST(lines_quote_the_source)
{
	const struct scenario *played[PLAYED];
	struct text now = { 0 }, lost = { 0 };
	char path[256], beside[256], *strace, *lines;

	if (!has_captures())
		SKIP("no captures of this architecture: make traces");
	for (const struct program *p = programs; p->name; p++) {
		trace_scenarios(p, played);
		for (int c = 0; played[c]; c++) {
			notes_path(p, played[c], 0, "traces", path);
			places_path(path, beside);
			strace = text_of_file(path);
			lines = text_of_file(beside);
			if (!strace || !lines)
				FAIL("%s: %s", lines ? path : beside,
				     strerror(errno));
			EXPECT_EQ(count_lines(strace), count_lines(lines));
			places_follow(lines, &now, &lost);
		}
	}
	EXPECT_STR("", lost.at);
}

/* A line that moves is followed; one that is gone is reported. */
TEST(lines_follow_a_line_that_moves)
{
	struct text now = { 0 }, lost = { 0 };
	char path[64], quote[400], expected[400];
	int fd = lab_temporary(path);
	const char *source = "int a;\n\n\tcall(1);\nint b;\n\tcall(1);\n"
			     "int c;\n\tcall(1);\n";

	EXPECT_EQ((ssize_t)strlen(source), write(fd, source, strlen(source)));
	/* It was in line 6; the nearest one counts, a blank before it not. */
	snprintf(quote, sizeof(quote), "-\n%s:6 f: int b;\n"
		 "%s:4 f: call(1);\t%s:9 g: call(2);\n", path, path, path);
	snprintf(expected, sizeof(expected), "-\n%s:4 f: int b;\n"
		 "%s:3 f: call(1);\t%s:9 g: call(2);\n", path, path, path);
	places_follow(quote, &now, &lost);
	EXPECT_STR(expected, now.at);
	snprintf(expected, sizeof(expected), "%s:9 g: call(2);\n", path);
	EXPECT_STR(expected, lost.at);
	close(fd);
}

/* ---- the kernel's side ---- */

/* A fresh one, or the end of the test. */
static void capture_kernel(struct ktrace *t, const struct program *p,
			   const struct scenario *c)
{
	char *path = program_path(p), why[256], refused[256];
	struct kernel *k;

	if (!path)
		SKIP("%s is not built", p->name);
	free(path);
	if (probe_program(p, why) ||
	    (p->flags & FILES && lab_too_fast(why)))
		SKIP("%s", why);
	if (!ktrace_run(t, p, c, why))
		return;
	k = kernel_begin(refused);
	if (!k)
		SKIP("%s", refused);
	kernel_free(k);
	if (strstr(why, "the kernel lost") && !strstr(why, "lost -"))
		SKIP("%s: the machine is too busy", why);
	FAIL("%s", why);
}

static char *kernel_text(const char *log)
{
	struct text text = { 0 };

	kernel_sequence(log, &text);
	return text.at;
}

/* sequence without the first line that is this one. */
static char *without(char *sequence, const char *line)
{
	char *at = strstr(sequence, line);

	if (at)
		memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
	return sequence;
}

/* Of a disk that has answered before anybody could wait. */
static char *without_wait(char *sequence)
{
	return without(sequence, "1 io_uring_cqring_wait min_events\n");
}

/*
 * A message that comes before EPOLL_CTL_ADD makes the adding thread wake one that
 * sleeps; one that comes later is the client's doing.
 */
static char *without_ready_at_once(char *sequence)
{
	return without(sequence, "1 sched_waking thread\n");
}

/* "6.18" of "6.18.44-fc-v657" */
static void minor_version(const char *release, char version[32])
{
	const char *dot = strchr(release, '.');

	snprintf(version, 32, "%.*s", dot ?
		 (int)(dot + 1 + strcspn(dot + 1, ".-") - release) : 0, release);
}

/* Which of the threads serves is chance: let none of them be the first. */
static char *by_any_thread(char *log)
{
	static const char waking[] = "sched_waking 1\n";

	for (char *line = log; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "1 ", 2))
			*line = '2';
	}
	for (char *at = log; (at = strstr(at, waking)); )
		at[sizeof(waking) - 3] = '2';
	return log;
}

/* What the kernel does inside differs from kernel to kernel: needs the same. */
static void kernel_as_committed(void *arg)
{
	struct point *point = arg;
	char path[256], then[32], now[32], *committed, *at;
	struct ktrace t;
	struct utsname u;

	if (point->program->flags & HOSTED)
		SKIP("a library's calls differ from version to version");
	notes_path(point->program, point->scenario, 1, "traces", path);
	committed = text_of_file(path);
	if (!committed)
		SKIP("no capture of this architecture: make traces");
	at = strstr(committed, "\n# Linux ");
	if (!at)
		FAIL("%s: it does not name the Linux that it was made on", path);
	uname(&u);
	minor_version(at + strlen("\n# Linux "), then);
	minor_version(u.release, now);
	if (strcmp(then, now))
		SKIP("the capture is of Linux %s, this is Linux %s", then, now);
	capture_kernel(&t, point->program, point->scenario);
	if (point->program->flags & ANY_THREAD ||
	    !strcmp(point->program->name, "epoll_workers"))
		EXPECT_STR(kernel_text(by_any_thread(committed)),
			   kernel_text(by_any_thread(t.log.at)));
	else if (!strcmp(point->program->name, "epoll_thread"))
		EXPECT_STR(without_ready_at_once(kernel_text(committed)),
			   without_ready_at_once(kernel_text(t.log.at)));
	else if (point->program->flags & FILES)
		EXPECT_STR(without_wait(kernel_text(committed)),
			   without_wait(kernel_text(t.log.at)));
	else
		EXPECT_STR(kernel_text(committed),
			   kernel_text(t.log.at));
}

/* Callback and coroutine are epoll inside of the kernel as well. */
static void kernel_same_as_epoll(void *arg)
{
	struct point *point = arg;
	struct ktrace ours, epoll;

	capture_kernel(&ours, point->program, point->scenario);
	capture_kernel(&epoll, program_find("epoll"), point->scenario);
	EXPECT_STR(kernel_text(epoll.log.at),
		   kernel_text(ours.log.at));
}

/* Of one thread its lines in their order, and not what interrupts did. */
TEST(one_thread_is_compared_in_order)
{
	EXPECT_STR("1 sys_enter read(3)\n1 sched_switch S\n"
		   "client sched_waking 1\n",
		   kernel_text("# comment\n"
				   "1         sys_enter read(3)\n"
				   "interrupt sched_waking 1\n"
				   "client    sched_waking 1\n"
				   "1         sched_switch S\n"));
}

/* Of more threads what happened, not how often, by whom and with what. */
TEST(threads_are_compared_as_a_set)
{
	const char *a = "1         sys_enter accept4(3)\n"
			"2         sys_enter read(4)\n"
			"2         sched_switch S\n"
			"client    sched_waking 2\n"
			"2         sys_exit read = 110\n";
	const char *b = "1         sys_enter accept4(3)\n"
			"3         sys_enter read(5)\n"
			"3         sched_switch S\n"
			"1         sys_enter accept4(3)\n"
			"client    sched_waking 3\n";

	EXPECT_STR("1 sys_enter accept4\nclient sched_waking thread\n"
		   "thread sched_switch\nthread sys_enter read\n",
		   kernel_text(a));
	EXPECT_STR(kernel_text(a), kernel_text(b));
}

/* ---- the notes, and the index made of them ---- */

static void read_notes(struct notes *n)
{
	char why[256];

	if (notes_read(n, "traces", why))
		FAIL("%s", why);
}

/* Every note finds its line, in each capture that it is about. */
TEST(notes_find_their_lines)
{
	const struct scenario *played[PLAYED];
	char path[256], line[160], *capture;
	struct text missing = { 0 };
	struct notes n;

	if (!has_captures())
		SKIP("no captures of this architecture: make traces");
	read_notes(&n);
	text_add(&missing, "%s", "");
	for (const struct program *p = programs; p->name; p++) {
		trace_scenarios(p, played);
		for (int c = 0; played[c]; c++)
			for (int i = 0; i < n.n; i++) {
				if (!note_is_about(&n.at[i], p, played[c]))
					continue;
				notes_path(p, played[c], n.at[i].kernel,
					   "traces", path);
				capture = text_of_file(path);
				if (!capture ||
				    !note_matches(&n.at[i], capture, line))
					text_add(&missing, "notes:%d: %s has no "
						 "line \"%s\"\n",
						 n.at[i].line, path,
						 n.at[i].pattern);
				free(capture);
			}
	}
	EXPECT_STR("", missing.at);
	notes_free(&n);
}

/* A note that is about no model, or no scenario of its, is a slip. */
TEST(notes_are_about_something)
{
	const struct scenario *played[PLAYED];
	struct notes n;

	read_notes(&n);
	for (int i = 0; i < n.n; i++) {
		char *models = strdup(n.at[i].models);

		for (char *m = strtok(models, " "); m; m = strtok(NULL, " ")) {
			const struct program *p = program_find(m);
			int found = 0;

			if (!p)
				FAIL("notes:%d: %s: no such model",
				     n.at[i].line, m);
			trace_scenarios(p, played);
			for (int c = 0; played[c]; c++)
				found |= note_is_about(&n.at[i], p, played[c]);
			if (!found)
				FAIL("notes:%d: %s is not captured in %s",
				     n.at[i].line, m, n.at[i].scenario);
		}
		free(models);
	}
	notes_free(&n);
}

/* The function that a note names is in the source of each of its models. */
TEST(notes_name_functions_of_the_source)
{
	struct notes n;

	read_notes(&n);
	for (const struct program *p = programs; p->name; p++) {
		char path[128], word[64];

		snprintf(word, sizeof(word), " %s ", p->name);
		for (int i = 0; i < n.n; i++)
			if (strstr(n.at[i].models, word) &&
			    strcmp(n.at[i].function, "-") &&
			    !notes_find_function(p, n.at[i].function, path))
				FAIL("notes:%d: %s has no %s()", n.at[i].line,
				     path, n.at[i].function);
	}
	notes_free(&n);
}

/* Both sides of each capture have something said of them. */
TEST(every_capture_has_a_note)
{
	const struct scenario *played[PLAYED];
	struct notes n;

	read_notes(&n);
	for (const struct program *p = programs; p->name; p++) {
		trace_scenarios(p, played);
		for (int c = 0; played[c]; c++) {
			int sides[2] = { 0, !ktrace_is_wanted(played[c]) };

			for (int i = 0; i < n.n; i++)
				if (note_is_about(&n.at[i], p, played[c]))
					sides[n.at[i].kernel]++;
			if (!sides[0] || !sides[1])
				FAIL("traces/notes has no note on %s %s, %s",
				     p->name, played[c]->name, sides[0] ?
				     "the kernel's side" : "strace's");
		}
	}
	notes_free(&n);
}

/* What docs/reading-a-capture.md shows of the kernel's side is a part of that capture. */
TEST(the_page_shows_the_kernels_side)
{
	char *page = text_of_file("docs/reading-a-capture.md"), *from, *to;
	char *capture = text_of_file("traces/epoll.two.x86_64.kernel");

	if (!page || !capture)
		FAIL("docs/reading-a-capture.md or its capture: %s", strerror(errno));
	from = strstr(page, "\n1         sys_enter ");
	to = from ? strstr(from, "\n```") : NULL;
	if (!to)
		FAIL("docs/reading-a-capture.md shows no line of the kernel's side");
	to[1] = 0;
	if (!strstr(capture, from))
		FAIL("traces/epoll.two.x86_64.kernel lacks the part shown in "
		     "docs/reading-a-capture.md");
	free(page);
	free(capture);
}

/* So are the lines of source that it shows: each is there up to its tab. */
TEST(the_page_shows_lines_of_source)
{
	char *page = text_of_file("docs/reading-a-capture.md"), *line, *rest = page;
	char *lines = text_of_file("traces/epoll.two.x86_64.lines");
	int n = 0;

	if (!page || !lines)
		FAIL("docs/reading-a-capture.md or its capture: %s", strerror(errno));
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "models/epoll.c:", 15))
			continue;
		n++;
		if (!strstr(lines, line))
			FAIL("traces/epoll.two.x86_64.lines lacks what "
			     "docs/reading-a-capture.md shows: %s", line);
	}
	EXPECT_EQ(2, n);
	free(page);
	free(lines);
}

/* gcc makes one call of the two of hang_up(), unless a flag forbids it. */
TEST(a_line_names_the_branch_that_was_taken)
{
	char *lines = text_of_file("traces/epoll.two.x86_64.lines");
	char *source = text_of_file("models/epoll.c"), *taken, expected[64];
	int number = 1;

	if (!lines || !source)
		FAIL("models/epoll.c or its capture: %s", strerror(errno));
	/* The first: after recvfrom has returned 0. */
	taken = strstr(source, "return hang_up(fd)");
	if (!taken)
		FAIL("models/epoll.c does not hang up");
	for (char *c = source; c < taken; c++)
		number += *c == '\n';
	snprintf(expected, sizeof(expected), "\tmodels/epoll.c:%d serve: ", number);
	if (!strstr(lines, expected))
		FAIL("no call of hang_up() is from line %d", number);
	free(lines);
	free(source);
}

/* Neither notes nor captures have changed since the index was made. */
TEST(index_is_what_the_notes_make)
{
	struct text made = { 0 };
	struct notes n;
	char *index;

	if (!has_captures())
		SKIP("no captures of this architecture: make traces");
	read_notes(&n);
	notes_index(&n, "traces", &made);
	index = text_of_file("traces/README.md");
	if (!index)
		FAIL("traces/README.md: %s: make traces", strerror(errno));
	if (strcmp(index, made.at))
		FAIL("traces/README.md is an older one: "
		     "build/iomodels capture --index traces");
	notes_free(&n);
}

/* ---- what strace says of a thread that exit_group killed ---- */

/* What trace_read makes of a log. */
static void read_text(struct trace *t, const char *log)
{
	char path[64], why[256];
	int fd = lab_temporary(path);

	if (fd < 0 || write(fd, log, strlen(log)) != (ssize_t)strlen(log))
		FAIL("%s: %s", path, strerror(errno));
	if (trace_read(t, path, why))
		FAIL("%s", why);
	close(fd);
}

/*
 * Neither the call number 0 that strace 6.1 prints of such a thread nor the
 * "???" is taken for a call; a read before that is one, and so is one that
 * comes back.
 */
TEST(a_killed_thread_called_nothing)
{
	struct trace t;
	char log[1024];

	snprintf(log, sizeof(log),
		 "10 1.0 clone(child_stack=0x7f, flags=CLONE_VM) = 11 <0.1>\n"
		 "11 1.1 %s(0,  <unfinished ...>\n"
		 "12 1.1 pread64(3,  <unfinished ...>\n"
		 "11 1.2 <... %s resumed>\"x\", 1) = 1 <0.1>\n"
		 "10 1.3 exit_group(0 <unfinished ...>\n"
		 "11 1.4 %s(0,  <unfinished ...>\n"
		 "12 1.5 <... pread64 resumed> <unfinished ...>) = ?\n"
		 "12 1.5 ??" "?( <unfinished ...>\n"
		 "10 1.5 <... exit_group resumed>) = ?\n"
		 "12 1.6 <... ??? resumed>) = ?\n"
		 "11 1.6 +++ exited with 0 +++\n"
		 "12 1.6 +++ exited with 0 +++\n"
		 "10 1.7 +++ exited with 0 +++\n",
		 syscall_name(0), syscall_name(0), syscall_name(0));
	read_text(&t, log);
	EXPECT_EQ(4, t.count);
	EXPECT_STR(syscall_name(0), t.calls[1].name);
	EXPECT_STR("pread64", t.calls[2].name);
	EXPECT_STR("exit_group", t.calls[3].name);
	EXPECT_TRUE(!strstr(t.log.at, "???"));
	EXPECT_TRUE(strstr(t.log.at, "2  +++ exited with 0 +++\n"));
	trace_free(&t);
}

/* asm-generic/unistd.h (aarch64) gives the first four another name first. */
TEST(calls_have_names)
{
	EXPECT_STR("mmap", syscall_name(SYS_mmap));
	EXPECT_STR("lseek", syscall_name(SYS_lseek));
	EXPECT_STR("sendfile", syscall_name(SYS_sendfile));
	EXPECT_STR("fcntl", syscall_name(SYS_fcntl));
	EXPECT_STR("ppoll", syscall_name(SYS_ppoll));
	EXPECT_STR("?", syscall_name(-1));
}

/* ---- headers name every call, and count them ---- */

/* " * Trace     traces/epoll.two.x86_64.strace, .kernel": both are there. */
TEST(headers_name_their_captures)
{
	for (const struct program *p = programs; p->name; p++) {
		char path[128], name[128], strace[64], *source, *at;
		int n = 0;

		snprintf(path, sizeof(path), "%s/%s.c", p->dir, p->name);
		source = text_of_file(path);
		at = source ? strstr(source, "\n * Trace ") : NULL;
		if (!at)
			FAIL("%s: its header names no capture", path);
		while ((at = strstr(at, " traces/"))) {
			int len = strcspn(++at, ",\n");

			snprintf(name, sizeof(name), "%.*s", len, at);
			snprintf(strace, sizeof(strace), "traces/%s.", p->name);
			if (strncmp(name, strace, strlen(strace)) ||
			    access(name, R_OK))
				FAIL("%s: names %s", path, name);
			strcpy(strrchr(name, '.'), ".kernel");
			if (strncmp(at + len, ", .kernel\n", 10) ||
			    access(name, R_OK))
				FAIL("%s: there is no %s", path, name);
			n++;
		}
		EXPECT_GT(n, 0);
		free(source);
	}
}

/* Add the first comment of a file, and of what it includes, to text. */
static void add_header(char *text, size_t size, const char *path)
{
	char line[256], next[256];
	size_t n = strlen(text);
	FILE *f = fopen(path, "re");
	int inside = 1;

	if (!f)
		FAIL("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (inside && n + strlen(line) < size) {
			strcpy(text + n, line);
			n += strlen(line);
		}
		if (!strcmp(line, " */\n"))
			inside = 0;
		if (sscanf(line, "#include \"%255[^\"]\"", next) == 1 &&
		    !strstr(next, "syscalls/")) {
			char whole[600];

			snprintf(whole, sizeof(whole), "%.*s%s",
				 (int)(strrchr(path, '/') + 1 - path), path,
				 next);
			add_header(text, size, whole);
			n = strlen(text);
		}
	}
	fclose(f);
}

static void header_of(const struct program *p, char *text, size_t size)
{
	char path[128];

	text[0] = 0;
	snprintf(path, sizeof(path), "%s/%s.c", p->dir, p->name);
	add_header(text, size, path);
}

/* What libc calls to start a program and threads: no header has to name it. */
static const char libc_calls[] =
	" access arch_prctl brk close exit fstat getrandom madvise mmap mprotect"
	" munmap newfstatat openat pread64 prlimit64 read rseq rt_sigaction"
	" rt_sigprocmask sched_getparam sched_getscheduler set_robust_list"
	" set_tid_address ";

/*
 * A call that the header does not name is a call that the reader would not
 * expect: libc's start (brk, mprotect, set_tid_address) would be found here.
 */
static void header_names_calls(void *arg)
{
	static char header[64 << 10];
	struct point *point = arg;
	char why[256];
	const char *unnamed;
	struct trace t;

#ifdef __SANITIZE_ADDRESS__
	if (point->program->flags & HOSTED)
		SKIP("AddressSanitizer makes calls of its own");
#endif
	if (point->program->flags & FILES && lab_in_memory(why))
		SKIP("%s", why);
	capture(&t, point->program, point->scenario);
	header_of(point->program, header, sizeof(header) - sizeof(libc_calls));
	if (point->program->flags & HOSTED)
		strcat(header, libc_calls);
	unnamed = trace_unnamed(&t, header);
	if (unnamed)
		FAIL("%s/%s.c: its capture has %s, its header has not",
		     point->program->dir, point->program->name, unnamed);
}

/* Connections one after the other, each with some echoes; idle in between. */
static int visits, echoes;

static int play_visits(struct server *s, char why[256])
{
	for (int v = 0; v < visits; v++) {
		struct sockaddr_in a = {
			.sin_family = AF_INET,
			.sin_port = htons(s->port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		int udp = s->program->flags & UDP;
		int fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
		char c = 'x';

		if (fd < 0 || connect(fd, (void *)&a, sizeof(a)))
			goto failed;
		s->step(s);
		for (int e = 0; e < echoes; e++) {
			if (send(fd, &c, 1, 0) != 1 || recv(fd, &c, 1, 0) != 1)
				goto failed;
			s->step(s);
		}
		/* As in the scenarios: until the server knows that we left. */
		if (!udp && (shutdown(fd, SHUT_WR) || recv(fd, &c, 1, 0)))
			goto failed;
		close(fd);
		s->step(s);
		continue;
failed:
		snprintf(why, 256, "visit %d: %s", v, strerror(errno));
		close(fd);
		return -1;
	}
	return 0;
}

static int calls(const struct program *p, int n_visits, int n_echoes)
{
	static const struct scenario c = {
		.name = "visits", .service = "echo", .play = play_visits,
	};
	struct trace t;
	int n;

	visits = n_visits;
	echoes = n_echoes;
	capture(&t, p, &c);
	n = t.count;
	trace_free(&t);
	return n;
}

/*
 * " * Calls     3 per echo, 6 more per connection": 10 more echoes, and 5 more
 * connections, add just that.  "about" allows for what coalesces or is woken
 * in vain: half of it more or less.
 */
static void expect_count(int seen, int expected, int about)
{
	EXPECT_GE(seen, expected - about * expected / 2);
	EXPECT_LE(seen, expected + about * expected / 2);
}

static void header_counts_calls(void *arg)
{
	static char header[64 << 10];
	struct point *point = arg;
	const struct program *p = point->program;
	int echo = -1, more = -1, base, about;
	char line[128];
	char *at;

	header_of(p, header, sizeof(header));
	at = strstr(header, "\n * Calls ");
	if (!at)
		SKIP("the header gives no number");
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	about = strstr(line, "about ") != NULL;
	while ((at = strstr(line, "about ")))
		memmove(at, at + 6, strlen(at + 6) + 1);
	if (sscanf(line, " * Calls %d per echo, %d more", &echo, &more) < 1)
		SKIP("the header gives no number");
	base = calls(p, 1, 2);
	expect_count(calls(p, 1, 12) - base, 10 * echo, about);
	if (more >= 0 && !(p->flags & ONCE))
		expect_count(calls(p, 6, 2) - base, 5 * (2 * echo + more),
			     about);
}

/* ---- callback and coroutine are epoll, as the kernel sees them ---- */

static void same_as_epoll(void *arg)
{
	struct point *point = arg;
	struct trace ours, epoll;

	capture(&ours, point->program, point->scenario);
	capture(&epoll, program_find("epoll"), point->scenario);
	/* A stack is memory, not I/O: the coroutine's three calls for it. */
	EXPECT_STR(sequence(&epoll, "mmap mprotect munmap"),
		   sequence(&ours, "mmap mprotect munmap"));
}

/* ---- the list ---- */

static void add(const char *what, void (*fn)(void *), const struct program *p,
		const struct scenario *c)
{
	struct point *point = calloc(1, sizeof(*point));

	point->program = p;
	point->scenario = c;
	snprintf(point->name, sizeof(point->name), "%s/%s/%s", what, p->name,
		 c->name);
	tap_add(point->name, fn, point)->seconds = 30;
}

void tap_list(void)
{
	const struct scenario *played[PLAYED], *two = scenario_find("two");

	for (const struct program *p = programs; p->name; p++) {
		trace_scenarios(p, played);
		for (int i = 0; played[i]; i++) {
			add("as_committed", as_committed, p, played[i]);
			add("header_names", header_names_calls, p, played[i]);
			if (ktrace_is_wanted(played[i]))
				add("kernel_as_committed", kernel_as_committed,
				    p, played[i]);
		}
		if (!(p->flags & FILES))
			add("header_counts", header_counts_calls, p, two);
	}
	add("kernel_same_as_epoll", kernel_same_as_epoll,
	    program_find("callback"), two);
	add("kernel_same_as_epoll", kernel_same_as_epoll,
	    program_find("coroutine"), two);
	for (int i = 0; i < 2; i++) {
		const struct scenario *c = i ? two : scenario_find("one");

		add("same_as_epoll", same_as_epoll, program_find("callback"), c);
		add("same_as_epoll", same_as_epoll, program_find("coroutine"), c);
	}
}
