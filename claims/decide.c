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
#include <sys/utsname.h>
#include <unistd.h>
#include "claims.h"
#include "kernel.h"
#include "observe.h"
#include "play.h"
#include "probe.h"
#include "strace.h"

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
	if (compile_pattern(&re, whole, proof))
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
		const struct traced_call *c = &t->calls[i];

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

/* This kernel is older than `since`, MAJOR.MINOR. */
static int is_before(const char *since, struct text *proof)
{
	int major = 0, minor = 0, wanted_major = 0, wanted_minor = 0;
	struct utsname u;

	if (!since || uname(&u) ||
	    sscanf(u.release, "%d.%d", &major, &minor) != 2 ||
	    sscanf(since, "%d.%d", &wanted_major, &wanted_minor) != 2)
		return 0;
	if (major > wanted_major ||
	    (major == wanted_major && minor >= wanted_minor))
		return 0;
	text_add(proof, "the claim needs Linux %s or later; this is %s\n",
		 since, u.release);
	return 1;
}

/*
 * The Linux from which on c can be tested.  Before 6.0 the events of io_uring
 * name no operation, and those of its lines are not found.
 */
static const char *testable_since(const struct claim *c)
{
	if (c->since)
		return c->since;
	return c->recorder == BY_KERNEL && strstr(c->lines, "io_uring_") ?
	       "6.0" : NULL;
}

enum verdict claim_decide(const struct claim *c, struct text *proof)
{
	enum verdict verdict;
	char *path, why[256];

	text_add(proof, "%s", "");
	if (is_before(testable_since(c), proof))
		return UNTESTABLE;
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
	/* It takes milliseconds, the largest seconds on a busy machine. */
	enum { SECONDS_MAX = 120 };

	for (const struct claim *c = claims; c->id; c++)
		if (c->play && !strcmp(c->id, id)) {
			alarm(SECONDS_MAX);
			claim_played = c;
			play_begins();
			c->play();
			return 0;
		}
	return 2;
}
