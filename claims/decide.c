/* SPDX-License-Identifier: MIT */
/*
 * decide.c - how a claim is decided
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "claims.h"
#include "kernel.h"
#include "phase.h"
#include "play.h"
#include "probe.h"
#include "trace.h"

/* ---- a play, recorded ---- */

int run_play(char *const *command, struct text *said)
{
	pid_t pid, parent = getpid();
	int status = -1, fds[2];
	char buf[256];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(1);
		dup2(null, 0);
		dup2(null, 1);
		dup2(fds[1], 2);
		/* A play's descriptors begin at 3, whatever we were given. */
		syscall(SYS_close_range, 3, ~0U, 0);
		execvp(command[0], command);
		_exit(127);
	}
	close(fds[1]);
	while (pid > 0 && (n = read(fds[0], buf, sizeof(buf))) > 0)
		text_add(said, "%.*s", (int)n, buf);
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

/* The numbers of the threads, in the order in which they appear. */
struct numbers {
	int pids[256], n;
};

static int number_of(struct numbers *known, int pid, int add)
{
	for (int i = 0; i < known->n; i++)
		if (known->pids[i] == pid)
			return i + 1;
	if (!add || known->n == 256)
		return 0;
	known->pids[known->n++] = pid;
	return known->n;
}

/* Many blanks are one, none before ")": strace sets results in a column. */
static void squeeze(char *line)
{
	char *to = line;

	for (const char *at = line; *at; at++)
		if (*at != ' ' || (at[1] && !strchr(" )", at[1])))
			*to++ = *at;
	*to = 0;
}

/*
 * A call during which another thread ran is two lines in f, "CALL(...
 * <unfinished ...>" and "<... CALL resumed>REST".
 */
void record_strace(FILE *f, const char *from, struct text *record)
{
	static const char cut[] = "<unfinished ...>";
	char *line = NULL, *begun[257] = { NULL }, *at, *rest;
	struct numbers known = { .n = 0 };
	int playing = !from, who;
	size_t size = 0;

	rewind(f);
	while (getline(&line, &size, f) > 0) {
		long pid = strtol(line, &at, 10);

		at[strcspn(at, "\n")] = 0;
		at += strspn(at, " ");
		squeeze(at);
		if (from && !strncmp(at, from, strlen(from))) {
			playing = 1;
			record->len = 0;	/* it begins anew */
			text_add(record, "%s", "");
			continue;
		}
		if (!playing)
			continue;
		who = number_of(&known, pid, 1);
		rest = strstr(at, cut);
		if (rest && !rest[strlen(cut)]) {
			/* A blank is wanted where another argument comes. */
			while (rest > at && rest[-1] == ' ')
				rest--;
			strcpy(rest, rest > at && rest[-1] == ',' ? " " : "");
			free(begun[who]);
			begun[who] = strdup(at);
			continue;
		}
		rest = strncmp(at, "<... ", 5) ? NULL : strstr(at, " resumed>");
		if (rest && begun[who]) {
			rest += strlen(" resumed>");
			text_add(record, "%d %s%s\n", who, begun[who],
				 rest + (*rest == ' '));
			free(begun[who]);
			begun[who] = NULL;
		} else {
			text_add(record, "%d %s\n", who, at);
		}
	}
	for (who = 0; who < 257; who++) {
		if (begun[who])			/* it never ended */
			text_add(record, "%d %s%s\n", who, begun[who], cut);
		free(begun[who]);
	}
	free(line);
}

static int is_beginning(const struct event *e)
{
	return !strcmp(e->name, "sys_enter") &&
	       !strcmp(syscall_name(event_number(e, "id", -1)), "write") &&
	       (int)event_element(e, "args", 0) == -1 &&
	       event_element(e, "args", 2) == PLAY_BEGINS_BYTES;
}

/* "sched_waking comm=x pid=4711 ..." with our number of that process. */
static void add_fields(struct text *record, struct numbers *known,
		       const char *at)
{
	const char *pid;

	while ((pid = strstr(at, "pid=")) && isdigit((unsigned char)pid[4])) {
		char *end;
		int who = number_of(known, strtol(pid + 4, &end, 10), 0);

		if (who)
			text_add(record, "%.*spid=%d", (int)(pid - at), at, who);
		else
			text_add(record, "%.*s", (int)(end - at), at);
		at = end;
	}
	text_add(record, "%s", at);
}

/* The kernel's events as a record; 0, or -1 when the play is not in them. */
static int record_kernel(const struct kernel *k, struct text *record)
{
	struct numbers known = { .n = 0 };
	long n, first = -1, calls[257];
	const struct event *e = kernel_events(k, &n);
	size_t size;

	for (long i = 0; i < n; i++)
		if (is_beginning(&e[i]))
			first = i;
	if (first < 0)
		return -1;
	for (long i = first; i < n; i++)	/* ours make calls */
		if (!strcmp(e[i].name, "sys_enter") &&
		    strncmp(e[i].comm, "iou-", 4))
			number_of(&known, e[i].pid, 1);
	memset(calls, -1, sizeof(calls));
	for (long i = first + 2; i < n; i++) {
		int who = number_of(&known, e[i].pid, 0);
		char *line = NULL;
		FILE *f = open_memstream(&line, &size);

		if (!f)
			return -1;
		kernel_print(k, &e[i], f);
		fclose(f);
		if (!strcmp(e[i].name, "sys_exit"))
			calls[who] = -1;
		if (!strncmp(e[i].comm, "iou-", 4))
			text_add(record, "%.7s", e[i].comm);
		else if (!who)
			text_add(record, "(%s)", e[i].comm);
		else
			text_add(record, "%d", who);
		if (who && calls[who] >= 0)
			text_add(record, " in %s", syscall_name(calls[who]));
		if (!strcmp(e[i].name, "sys_enter"))
			calls[who] = event_number(&e[i], "id", -1);
		/* "SECONDS CPU PID COMM: EVENT ...", and no blank in COMM. */
		add_fields(record, &known, strstr(line, ": "));
		free(line);
	}
	return 0;
}

static int play_under_strace(char *self, const char *id, struct text *said,
			     struct text *record)
{
	char log[64], *command[] = {
		"strace", "-f", "-s", "400", "-o", log, self, "claims",
		"--play", (char *)id, NULL
	};
	int fd = lab_temporary(log), status;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (!f)
		return -1;
	status = run_play(command, said);
	record_strace(f, PLAY_BEGINS, record);
	fclose(f);
	return status;
}

static int play_under_kernel(char *self, const struct claim *c,
			     struct text *said, struct text *record)
{
	char why[256], follow[256];
	struct kernel *k = kernel_begin(why);
	char *command[] = {
		"sh", "-c", follow, self, "claims", "--play", (char *)c->id, NULL
	};
	int status = -1;
	long lost;

	if (!k) {
		text_add(said, "%s\n", why);
		return -1;
	}
	snprintf(follow, sizeof(follow), "(%s); exec %s \"$0\" \"$@\"",
		 kernel_follow_me(k), c->recorder == BY_KERNEL ? "" :
		 "strace -f -o /dev/null");
	status = run_play(command, said);
	lost = kernel_end(k);
	if (!status && lost) {
		text_add(said, "%ld records of the kernel were lost: the "
			 "machine is too busy\n", lost);
		status = -1;
	} else if (!status && record_kernel(k, record)) {
		text_add(said, "the kernel's events do not show the play\n");
		status = -1;
	}
	kernel_free(k);
	return status;
}

/* ---- the lines that decide ---- */

/* The next line of *at, without its end; NULL when there is none. */
static char *next_line(char **at)
{
	char *line = *at, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end)
		*end++ = 0;
	*at = end;
	return line;
}

static int compile(regex_t *re, const char *pattern, struct text *proof)
{
	if (!regcomp(re, pattern, REG_EXTENDED | REG_NOSUB))
		return 0;
	text_add(proof, "a bad pattern: %s\n", pattern);
	return -1;
}

/* So many lines of the record match, or `more`; the first is the proof. */
static int matches_times(const char *record, const char *pattern, int times,
			 int more, struct text *proof)
{
	char *copy = strdup(record), *at = copy, *line;
	struct text first = { 0 };
	int found = 0;
	regex_t re;

	if (compile(&re, pattern, proof)) {
		free(copy);
		return 0;
	}
	while ((line = next_line(&at)))
		if (!regexec(&re, line, 0, NULL, 0) && !found++)
			text_add(&first, "%s\n", line);
	if (found < times || (found > times && !more))
		text_add(proof, "%d lines, not %d, match %s\n", found, times,
			 pattern);
	else if (!found)
		text_add(proof, "no line matches %s\n", pattern);
	else if (found > 1)
		text_add(proof, "%d times: ", found);
	if (found)
		text_add(proof, "%s", first.at);
	regfree(&re);
	free(first.at);
	free(copy);
	return found == times || (found > times && more);
}

/* A line at or below *from matches; *from goes below it. */
static int matches_below(const char **from, const char *pattern,
			 struct text *proof)
{
	char *copy = strdup(*from), *at = copy, *line;
	int found = 0;
	regex_t re;

	if (compile(&re, pattern, proof)) {
		free(copy);
		return 0;
	}
	while (!found && (line = next_line(&at)))
		found = !regexec(&re, line, 0, NULL, 0);
	if (found) {
		text_add(proof, "%s\n", line);
		*from += at ? (size_t)(at - copy) : strlen(*from);
	} else {
		text_add(proof, "no line%s matches %s\n",
			 proof->len ? " below" : "", pattern);
	}
	regfree(&re);
	free(copy);
	return found;
}

int record_matches(const char *record, const char *patterns,
		   struct text *proof)
{
	char *copy = strdup(patterns), *at = copy, *pattern, *end;
	int ok = 1;

	for (const char *from = record; ok && (pattern = next_line(&at)); ) {
		long times = strtol(pattern, &end, 10);

		if (end != pattern && !strncmp(end, ": ", 2))
			ok = matches_times(record, end + 2, times, 0, proof);
		else if (end != pattern && !strncmp(end, "+: ", 3))
			ok = matches_times(record, end + 3, times, 1, proof);
		else
			ok = matches_below(&from, pattern, proof);
	}
	free(copy);
	return ok;
}

static void first_line(struct text *to, const char *text)
{
	text_add(to, "%.*s\n", (int)strcspn(text, "\n"), text);
}

static enum verdict decide_play(const struct claim *c, struct text *proof)
{
	struct text said = { 0 }, record = { 0 }, wrong = { 0 };
	const char *missing = c->recorder == BY_KERNEL ? NULL : trace_missing();
	enum verdict verdict = UNTESTABLE;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int status = -1;

	if (missing) {
		text_add(proof, "%s\n", missing);
		return UNTESTABLE;
	}
	self[n > 0 ? n : 0] = 0;
	text_add(&said, "%s", "");
	text_add(&record, "%s", "");
	if (n > 0)
		status = c->recorder == BY_STRACE ?
			 play_under_strace(self, c->id, &said, &record) :
			 play_under_kernel(self, c, &said, &record);
	if (getenv("IOMODELS_RECORD"))		/* to write a claim with */
		fputs(record.at, stderr);
	if (status && said.len)
		first_line(proof, said.at);
	else if (status)
		text_add(proof, "the calls could not be made (status %d)\n",
			 status);
	else if (record_matches(record.at, c->lines, proof))
		verdict = HOLDS;
	else if (!c->against)
		verdict = REFUTED;
	else if (text_add(&wrong, "%s", ""),
		 record_matches(record.at, c->against, &wrong))
		verdict = REFUTED;
	else
		verdict = UNDECIDED;
	if (wrong.len)
		text_add(proof, "%s", wrong.at);
	free(wrong.at);
	free(said.at);
	free(record.at);
	return verdict;
}

/* ---- programs ---- */

/* The pattern matches the whole text. */
static int is_all(const char *text, const char *pattern, struct text *proof)
{
	char whole[512];
	regex_t re;
	int found;

	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	if (compile(&re, whole, proof))
		return 0;
	found = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return found;
}

static enum verdict decide_phases(const struct claim *c, struct text *proof)
{
	const struct program *p = program_find(c->program);
	enum verdict verdict;
	struct phases seen;
	char why[256];
	int failed;

	if (c->direct && lab_too_fast(why)) {
		text_add(proof, "%s\n", why);
		return UNTESTABLE;
	}
	failed = c->direct ? phases_run_file(&seen, p, c->direct == 2, why)
			   : phases_run(&seen, p, why);
	if (failed) {
		text_add(proof, "%s\n", why);
		return failed < 0 ? UNTESTABLE : UNDECIDED;
	}
	text_add(proof, "%s: waits: %s; copies: %s\n", c->program, seen.waits,
		 seen.copies);
	verdict = is_all(seen.waits, c->waits, proof) &&
		  is_all(seen.copies, c->copies, proof) ? HOLDS : REFUTED;
	phases_free(&seen);
	return verdict;
}

/* Run a program under strace while "two" is played. */
static enum verdict run_two(struct trace *t, const char *program,
			    struct text *proof)
{
	char why[256];

	if (trace_missing()) {
		text_add(proof, "%s\n", trace_missing());
		return UNTESTABLE;
	}
	if (!trace_run(t, program_find(program), scenario_find("two"), why))
		return HOLDS;
	text_add(proof, "%s\n", why);		/* a server that does not serve */
	return UNDECIDED;
}

/* A program's calls have the lines that the claim asks for. */
static enum verdict decide_calls(const struct claim *c, struct text *proof)
{
	struct trace t = { 0 };
	struct text record = { 0 };
	enum verdict verdict = run_two(&t, c->program, proof);

	text_add(&record, "%s", "");
	for (int i = 0; i < t.count; i++)
		text_add(&record, "%d %s\n", t.calls[i].thread,
			 t.calls[i].text);
	if (verdict == HOLDS && !record_matches(record.at, c->calls, proof))
		verdict = REFUTED;
	trace_free(&t);
	free(record.at);
	return verdict;
}

/* A call with its arguments; what differs from run to run is left out. */
static void add_comparable(struct text *out, const char *text)
{
	for (const char *at = text; *at; ) {
		size_t len = 1;

		if (!strncmp(at, "0x", 2)) {		/* an address */
			len = 2 + strspn(at + 2, "0123456789abcdef");
			text_add(out, "0x");
		} else if (!strncmp(at, "htons(", 6)) {	/* the peer's port */
			len = 6 + strspn(at + 6, "0123456789");
			text_add(out, "htons(");
		} else {
			text_add(out, "%c", *at);
		}
		at += len;
	}
	text_add(out, "\n");
}

/*
 * What it does as a server, from listen to the signal that ends it.  A stack
 * is memory, not I/O, and the line that names the program is left out.
 */
static void comparable_calls(const struct trace *t, struct text *out)
{
	int serving = 0;

	text_add(out, "%s", "");
	for (int i = 0; i < t->count; i++) {
		const struct call *c = &t->calls[i];

		if (c->error && !strcmp(c->error, "EINTR"))
			break;
		if (serving && strcmp(c->name, "mmap") &&
		    strcmp(c->name, "mprotect") && strcmp(c->name, "munmap") &&
		    strncmp(c->text, "write(2", 7))
			add_comparable(out, c->text);
		serving |= !strcmp(c->name, "listen");
	}
}

/* The first line in which two texts differ, of both. */
static void first_difference(const char *name, const char *ours,
			     const char *other, const char *theirs,
			     struct text *proof)
{
	while (*ours && *theirs && strcspn(ours, "\n") == strcspn(theirs, "\n") &&
	       !strncmp(ours, theirs, strcspn(ours, "\n") + 1)) {
		ours += strcspn(ours, "\n") + 1;
		theirs += strcspn(theirs, "\n") + 1;
	}
	text_add(proof, "%s: %.*s\n", name, (int)strcspn(ours, "\n"), ours);
	text_add(proof, "%s: %.*s\n", other, (int)strcspn(theirs, "\n"), theirs);
}

static enum verdict decide_sequence(const struct claim *c, struct text *proof)
{
	struct text ours = { 0 }, theirs = { 0 };
	struct trace a = { 0 }, b = { 0 };
	enum verdict verdict = run_two(&a, c->program, proof);

	if (verdict == HOLDS)
		verdict = run_two(&b, c->same_as, proof);
	comparable_calls(&a, &ours);
	comparable_calls(&b, &theirs);
	if (verdict == HOLDS && strcmp(ours.at, theirs.at)) {
		verdict = REFUTED;
		first_difference(c->program, ours.at, c->same_as, theirs.at,
				 proof);
	} else if (verdict == HOLDS) {
		int n = 0;

		for (const char *at = ours.at; (at = strchr(at, '\n')); at++)
			n++;
		text_add(proof, "%s and %s: the same %d calls\n", c->program,
			 c->same_as, n);
	}
	trace_free(&a);
	trace_free(&b);
	free(ours.at);
	free(theirs.at);
	return verdict;
}

enum verdict claim_decide(const struct claim *c, struct text *proof)
{
	enum verdict verdict;
	char *path, why[256];

	text_add(proof, "%s", "");
	if (c->decide)
		return c->decide(c, proof);
	if (c->play)
		return decide_play(c, proof);
	path = program_path(program_find(c->program));
	if (!path)
		snprintf(why, sizeof(why), "%s is not built", c->program);
	if (!path || probe_program(program_find(c->program), why)) {
		text_add(proof, "%s\n", why);
		free(path);
		return UNTESTABLE;
	}
	free(path);
	if (c->same_as)
		return decide_sequence(c, proof);
	verdict = c->waits ? decide_phases(c, proof) : HOLDS;
	return c->calls && verdict == HOLDS ? decide_calls(c, proof) : verdict;
}

enum verdict claim_decide_twin(const struct claim *c, struct text *proof)
{
	struct claim twin = *c;

	text_add(proof, "%s", "");
	if (!c->twin)
		return UNTESTABLE;
	twin.against = NULL;
	if (c->twin_lines)
		twin.lines = c->twin_lines;
	if (c->twin_program)
		twin.program = c->twin_program;
	return claim_decide(&twin, proof);
}

int claim_play(const char *id)
{
	enum { SECONDS_MAX = 30 };		/* it takes milliseconds */

	for (const struct claim *c = claims; c->id; c++)
		if (c->play && !strcmp(c->id, id)) {
			alarm(SECONDS_MAX);
			play_begins();
			c->play();
			return 0;
		}
	return 2;
}
