/* SPDX-License-Identifier: MIT */
/*
 * corpus_test.c - logs of real programs, and what is known of each (with libc)
 *
 * tests/corpus/facts says it, one per line: LOG KEY VALUE.  A LOG ending in
 * ".*" is the set that strace -ff wrote.  The tests run at the top of the
 * source.
 */
#include <glob.h>
#include <malloc.h>
#include "../../log/report.h"
#include "agreement.h"
#include "tap.h"

enum { FACTS = 600 };

static struct fact {
	char log[96], key[24], value[128];
} facts[FACTS];
static unsigned n_facts;

static void load_facts(void)
{
	FILE *f = fopen("tests/corpus/facts", "r");
	char text[256];

	if (!f)
		FAIL("tests/corpus/facts: not there; start at the top of the "
		     "source");
	while (fgets(text, sizeof(text), f) && n_facts < FACTS) {
		struct fact *a = &facts[n_facts];

		*a->value = 0;
		if (*text != '#' && sscanf(text, "%95s %23s %127[^\n]", a->log,
					   a->key, a->value) >= 2)
			n_facts++;
	}
	fclose(f);
	ASSERT_GT(n_facts, 50);
}

static int read_log(struct reader *r, const char *log)
{
	glob_t g;
	int rc;

	reader_start(r);
	if (glob(log, 0, NULL, &g))
		FAIL("%s: no such log", log);
	rc = reader_read(r, g.gl_pathv, g.gl_pathc);
	if (rc)
		tap_say("%s", r->error);
	globfree(&g);
	return rc;
}

static int has_verdict(const struct reader *r, const char *wanted)
{
	char text[160];

	for (const struct group *g = r->models.groups; g; g = g->next)
		if (!strcmp(group_verdict(g, text, sizeof(text)), wanted))
			return 1;
	return 0;
}

static int has_finding(const struct reader *r, const char *wanted)
{
	for (const struct finding *d = r->findings.first; d; d = d->next)
		if (!strcmp(d->about->id, wanted))
			return 1;
	return 0;
}

/* Faults and costs; a note is not an alarm. */
static long alarms(const struct reader *r)
{
	long n = 0;

	for (const struct finding *d = r->findings.first; d; d = d->next)
		n += d->about->severity != SEVERITY_NOTE;
	return n;
}

static int holds(const struct reader *r, const struct fact *a)
{
	unsigned long messages;

	reader_cost(r, &messages);
	if (!strcmp(a->key, "verdict"))
		return has_verdict(r, a->value);
	if (!strcmp(a->key, "finding"))
		return has_finding(r, a->value);
	if (!strcmp(a->key, "alarms"))
		return alarms(r) == atol(a->value);
	if (!strcmp(a->key, "accepts"))
		return r->accepts == strtoul(a->value, NULL, 10);
	if (!strcmp(a->key, "messages"))
		return messages == strtoul(a->value, NULL, 10);
	tap_say("%s: unknown key %s", a->log, a->key);
	return 0;
}

static struct reader r;

/* Every line of every log is understood, and every fact holds. */
TEST_TIMEOUT(the_facts_hold, 60)
{
	const char *open = "";

	load_facts();
	for (unsigned i = 0; i < n_facts; i++) {
		if (strcmp(open, facts[i].log)) {
			if (*open)
				reader_free(&r);
			open = facts[i].log;
			EXPECT_EQ(0, read_log(&r, open));
			if (r.joiner.unknown)
				tap_say("%s:%lu: %s", open, r.unknown[0].line,
					r.unknown[0].text);
			EXPECT_EQ(0, r.joiner.unknown);
		}
		if (!holds(&r, &facts[i])) {
			tap_say("%s: not so: %s %s", open, facts[i].key,
				facts[i].value);
			EXPECT_TRUE(0);
		}
	}
}

/* What awk counts in the file, without knowing of calls that are split. */
static unsigned long counted(const char *log, const char *program)
{
	char command[1024], text[64] = "";
	FILE *p;

	snprintf(command, sizeof(command), "awk '%s' %s", program, log);
	p = popen(command, "r");
	if (!p || !fgets(text, sizeof(text), p))
		tap_say("%s: awk said nothing", log);
	pclose(p);
	return strtoul(text, NULL, 10);
}

/* Begun calls: a name and a parenthesis after the leader. */
#define BEGUN "!/^#/ && !/ resumed>/ && " \
	"match($0, /^([0-9<>a-z_]+ +)?([0-9.:]+ +)?(\\(\\+ +[0-9.]+\\) +)?" \
	"(\\[[ 0-9a-f?]+\\] +)*[a-z_0-9]+\\(/)"

static unsigned long tally(const struct reader *reader, const char *name)
{
	const struct tally *t;

	map_each(&reader->tallies, i, t)
		if (!strcmp(t->name, name))
			return t->calls + t->restarts;
	return 0;
}

static long long longest_epoll_wait(const struct reader *reader)
{
	const struct tally *t;
	long long longest = 0;

	map_each(&reader->tallies, i, t)
		if (t->call == CALL_EPOLL_WAIT && t->longest_ns > longest)
			longest = t->longest_ns;
	return longest;
}

/* Calls, accepts, bytes and the longest wait are those that another tool counts. */
TEST_TIMEOUT(the_counts_are_awk_s, 60)
{
	static const char *const names[] = {
		"accept4", "recvfrom", "epoll_ctl", "close", "fcntl",
	};
	const char *open = "";

	load_facts();
	for (unsigned i = 0; i < n_facts; i++) {
		const char *log = facts[i].log;
		unsigned long n;

		if (!strcmp(open, log) || strstr(log, "stderr") ||
		    strstr(log, ".*") || strstr(log, "_z.") ||
		    strstr(log, "_Y."))
			continue;
		open = log;
		ASSERT_EQ(0, read_log(&r, log));
		n = counted(log, BEGUN " { n++ } END { print n + 0 }");
		if (n != r.calls + r.restarts - r.joiner.orphans)
			tap_say("%s", log);
		/* An orphan has no beginning that awk could count. */
		EXPECT_EQ(n, r.calls + r.restarts - r.joiner.orphans);
		for (unsigned k = 0; k < 5 && !r.joiner.orphans; k++) {
			char program[512];

			snprintf(program, sizeof(program), "%s && "
				 "index(substr($0, 1, RLENGTH), \" %s(\") "
				 "{ n++ } END { print n + 0 }", BEGUN,
				 names[k]);
			EXPECT_EQ(counted(log, program), tally(&r, names[k]));
		}
		n = counted(log, "/accept4?(\\(| resumed).*= [0-9]+(<[^ ]*)?"
			    "( <[0-9.]+>)?$/ { n++ } END { print n + 0 }");
		EXPECT_EQ(n, r.accepts);
		n = counted(log, "/(read|recv(from|msg)?|readv|pread64)(\\(| resu"
			    "med)/ && !/unfinished/ && match($0, /\\) += [0-9]+"
			    "( <[0-9.]+>)?$/) { s = substr($0, RSTART); "
			    "sub(/^\\) += /, \"\", s); n += s + 0 } "
			    "END { print n + 0 }");
		EXPECT_EQ(n, r.bytes_in);
		n = counted(log, "/epoll_p?wait(\\(| resumed)/ && "
			    "match($0, /<[0-9.]+>$/) { t = substr($0, RSTART + 1, "
			    "RLENGTH - 2) + 0; if (t > m) m = t } "
			    "END { printf \"%.0f\\n\", m * 1e9 }");
		if (n)
			EXPECT_EQ(n, longest_epoll_wait(&r));
		reader_free(&r);
	}
}

/*
 * What a title counts and names is in the sentence below it, too, or a second
 * sentence tells of the rest.
 */
TEST_TIMEOUT(titles_and_sentences_agree, 60)
{
	const char *const logs[] = { "tests/corpus/*[e0-9]", "traces/*.strace" };
	unsigned findings = 0;
	glob_t g;

	for (unsigned i = 0; i < 2; i++) {
		ASSERT_EQ(0, glob(logs[i], 0, NULL, &g));
		for (unsigned k = 0; k < g.gl_pathc; k++) {
			reader_start(&r);
			reader_read(&r, &g.gl_pathv[k], 1);
			for (const struct finding *d = r.findings.first; d;
			     d = d->next, findings++) {
				if (!disagreement(d))
					continue;
				tap_say("%s: %s, %lu times, %s: %s: %s",
					g.gl_pathv[k], d->about->id, d->count,
					d->subject, d->says, disagreement(d));
				EXPECT_TRUE(0);
			}
			reader_free(&r);
		}
		globfree(&g);
	}
	EXPECT_GT(findings, 15);
}

/* A log cut anywhere is read up to there, and never ends the reader. */
TEST_TIMEOUT(a_log_cut_anywhere, 60)
{
	static char text[1 << 16];
	FILE *f = fopen("tests/corpus/ssrv_t.strace", "r");
	size_t len;

	ASSERT_TRUE(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (size_t n = 0; n < len; n += 37) {
		size_t at = 0, number = 0;

		reader_start(&r);
		while (at < n) {
			const char *end = memchr(text + at, '\n', n - at);
			size_t stop = end ? (size_t)(end - text) : n;

			reader_line(&r, text + at, stop - at, ++number, 0);
			at = stop + 1;
		}
		reader_end(&r);
		EXPECT_LE(r.joiner.unknown, 1);
		reader_free(&r);
	}
}

/* Write a log of this text and give its path. */
static char *log_of(const char *text, size_t len)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/corpus_test.XXXXXX");
	fd = mkstemp(path);
	ASSERT_GE(fd, 0);
	ASSERT_EQ((long)len, write(fd, text, len));
	close(fd);
	return path;
}

TEST(colour_and_carriage_returns)
{
	static const char text[] =
		"\033[1;34mread\033[0m(3, \033[33m\"x\"\033[0m, 1) = "
		"\033[32m1\033[m\r\n"
		"7 close(3) = 0\r\n";
	char *path = log_of(text, sizeof(text) - 1), *paths[] = { path };

	reader_start(&r);
	EXPECT_EQ(0, reader_read(&r, paths, 1));
	EXPECT_EQ(0, r.joiner.unknown);
	EXPECT_EQ(2, r.calls);
	EXPECT_EQ(1, r.bytes_in);
	reader_free(&r);
	unlink(path);
}

static void refused(const char *text, size_t len, const char *why)
{
	char *path = log_of(text, len), *paths[] = { path };

	reader_start(&r);
	EXPECT_EQ(-1, reader_read(&r, paths, 1));
	if (!strstr(r.error, why))
		EXPECT_STR(why, r.error);
	reader_free(&r);
	unlink(path);
}

TEST(what_is_no_log_is_refused)
{
	static const char binary[] = "close(3) = 0\nab\0cd\n";
	static const char torn[] = "close(3) = 0\nread(3, \"ab";
	static const char errno_torn[] = "close(3) = 0\n"
		"close(4) = -1 EBADF (Bad fi";
	static const char took_torn[] = "close(3) = 0 <0.000011>\n"
		"read(4, \"abc\", 9) = 3 <0.0000";
	static const char text[] = "Dear Sir,\nhello\n";
	static const char no_call[] = "strace: Process 7 attached\n"
		"strace: Process 7 detached\n";

	refused(binary, sizeof(binary) - 1, ":2: a NUL byte");
	refused(torn, sizeof(torn) - 1, ":2: the log ends in the middle");
	refused(errno_torn, sizeof(errno_torn) - 1, ":2: the log ends in the");
	refused(took_torn, sizeof(took_torn) - 1, ":2: the log ends in the");
	refused(text, sizeof(text) - 1, "no line of strace output");
	refused(no_call, sizeof(no_call) - 1, "no system call in it");
	refused("", 0, "the log is empty");
}

/* On a page a call that began before the log begins where the log does. */
TEST(a_call_from_before_the_log_on_a_page)
{
	static const char *const lines[] = {
		"7 1700000000.500000 close(3) = 0 <0.000010>",
		"8 1700000001.000000 <... epoll_wait resumed>[], 9, -1) = 0",
		"9 1700000001.500000 <... futex resumed>) = 0 <0.200000>",
	};
	struct scene s = { 0 };

	reader_start(&r);
	r.watch = scene_watch;
	r.watch_context = &s;
	for (unsigned i = 0; i < 3; i++)
		reader_line(&r, lines[i], strlen(lines[i]), i + 1, 0);
	reader_end(&r);
	ASSERT_EQ(3, s.n);
	EXPECT_EQ(1700000000500000000LL, s.rows[1].start_ns);
	EXPECT_EQ(1700000001000000000LL, s.rows[1].end_ns);
	EXPECT_EQ(1700000001300000000LL, s.rows[2].start_ns);
	scene_free(&s);
	reader_free(&r);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ASSERT_TRUE(f);
	fputs(text, f);
	fclose(f);
}

/*
 * -ff has a call in one line, at the time it began.  An accept that slept
 * returns a number that another thread closes in between.
 */
TEST(a_set_is_read_by_ends)
{
	char main_log[64], thread_log[64], *paths[2] = { main_log, thread_log };
	const char *sentence[MISSING_MAX];

	snprintf(main_log, sizeof(main_log), "/tmp/corpus_test.%d.7", getpid());
	snprintf(thread_log, sizeof(thread_log), "/tmp/corpus_test.%d.8",
		 getpid());
	write_file(main_log,
		   "1700000000.000001 listen(3, 9) = 0 <0.000010>\n"
		   "1700000000.000100 accept4(3, NULL, NULL, 0) = 4 <0.000010>\n"
		   "1700000000.100000 clone(child_stack=0x1, flags=CLONE_VM|"
		   "CLONE_FILES|CLONE_THREAD) = 8 <0.000010>\n"
		   "1700000000.200000 accept4(3, NULL, NULL, 0) = 4 <0.800000>\n"
		   "1700000001.100000 read(4, \"second\", 9) = 6 <0.000010>\n");
	write_file(thread_log,
		   "1700000000.100100 read(4, \"one\", 9) = 3 <0.200000>\n"
		   "1700000000.300200 close(4) = 0 <0.000010>\n");
	reader_start(&r);
	EXPECT_EQ(0, reader_read(&r, paths, 2));
	EXPECT_EQ(0, r.joiner.out_of_order);
	/* The first connection had 3 bytes, the second 6. */
	EXPECT_EQ(3, r.files[0].bytes_in);
	EXPECT_EQ(0, reader_missing(&r, sentence));
	reader_free(&r);
	/* Without times: 4 is given again, so the thread has closed it. */
	write_file(main_log,
		   "execve(\"/bin/x\", [\"x\"], 0x1 /* 2 vars */) = 0\n"
		   "socket(AF_INET, SOCK_STREAM, 0) = 3\n"
		   "accept4(3, NULL, NULL, 0) = 4\n"
		   "clone(child_stack=0x1, flags=CLONE_VM|CLONE_FILES|"
		   "CLONE_THREAD) = 8\n"
		   "accept4(3, NULL, NULL, 0) = 4\n"
		   "read(4, \"second\", 9) = 6\n");
	write_file(thread_log, "     0.000100 read(4, \"one\", 9) = 3\n"
		   "     0.000100 close(4) = 0\n");	/* -r: no times */
	reader_start(&r);
	EXPECT_EQ(0, reader_read(&r, paths, 2));
	EXPECT_EQ(3, r.files[0].bytes_in);
	ASSERT_EQ(1, reader_missing(&r, sentence));
	EXPECT_TRUE(strstr(sentence[0], "no order"));
	reader_free(&r);
	unlink(main_log);
	unlink(thread_log);
}

/* Without -f the children of a log never speak; they are not kept. */
TEST_TIMEOUT(children_that_are_not_traced, 60)
{
	char text[128];

	reader_start(&r);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "clone(child_stack=0x1, flags="
			 "CLONE_VM|CLONE_FILES|CLONE_THREAD) = %d", 100 + i);
		reader_line(&r, text, strlen(text), i + 1, 0);
	}
	EXPECT_LE(r.world.tasks.size, 4096);
	EXPECT_LE(r.joiner.announced.size, 8192 * 2);
	reader_end(&r);
	EXPECT_EQ(100000, r.calls);
	reader_free(&r);
}

/* A hundred thousand connections leave no more memory in use than ten. */
TEST_TIMEOUT(memory_is_bounded, 60)
{
	char text[256];
	unsigned long number = 0;

	reader_start(&r);
	for (int i = 0; i < 100000; i++) {
		int pid = 100 + i;

		snprintf(text, sizeof(text), "7 accept4(3, NULL, NULL, 0) = 4");
		reader_line(&r, text, strlen(text), ++number, 0);
		snprintf(text, sizeof(text), "7 clone(child_stack=0x1, "
			 "flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = %d", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
		snprintf(text, sizeof(text), "%d recvfrom(4, \"x\", 9, 0, NULL, "
			 "NULL) = 1", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
		snprintf(text, sizeof(text), "%d close(4) = 0", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
		snprintf(text, sizeof(text), "%d +++ exited with 0 +++", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
	}
	EXPECT_LE(r.joiner.strands.size, 16);
	EXPECT_LE(r.world.tasks.size, 16);
	EXPECT_LE(r.joiner.announced.size, 16);
	reader_end(&r);
	EXPECT_EQ(100000, r.accepts);
	EXPECT_EQ(2, r.models.n_groups);
	reader_free(&r);
}

/*
 * The threads of a log that was cut off are all alive: each costs what it did,
 * and one that slept in a mutex did little.
 */
TEST_TIMEOUT(a_thread_alive_is_small, 60)
{
	enum { THREADS = 20000, BYTES_MAX = 1540 };
	size_t before = mallinfo2().uordblks, each;
	unsigned long number = 0;
	char text[256];

	reader_start(&r);
	for (int i = 0; i < THREADS; i++) {
		int pid = 100 + i;

		snprintf(text, sizeof(text), "7 clone(child_stack=0x1, "
			 "flags=CLONE_VM|CLONE_FILES|CLONE_THREAD) = %d", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
		snprintf(text, sizeof(text), "%d set_robust_list(0x7f2, 24) "
			 "= 0", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
		snprintf(text, sizeof(text), "%d futex(0x7f1122, "
			 "FUTEX_WAIT_PRIVATE, 2, NULL) = 0", pid);
		reader_line(&r, text, strlen(text), ++number, 0);
	}
	each = (mallinfo2().uordblks - before) / THREADS;
	reader_end(&r);
	reader_free(&r);
	EXPECT_LE(each, BYTES_MAX);
}
