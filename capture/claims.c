/* SPDX-License-Identifier: MIT */
/*
 * claims.c - how a claim is decided
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "claims.h"
#include "phase.h"
#include "trace.h"

/* The command that plays: this one, as `iomodels claims --play ID`. */
static int run_strace(const char *id, const char *log)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int status = -1;
	pid_t pid;

	if (n < 0)
		return -1;
	self[n] = 0;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execlp("strace", "strace", "-f", "-s", "32", "-o", log, self,
		       "claims", "--play", id, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first line that pattern matches goes to proof. */
static int match(FILE *f, const char *pattern, struct text *proof)
{
	char *line = NULL;
	size_t size = 0;
	regex_t re;
	int found = 0;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB)) {
		text_add(proof, "a bad pattern: %s\n", pattern);
		return 0;
	}
	rewind(f);
	while (!found && getline(&line, &size, f) > 0)
		found = !regexec(&re, line, 0, NULL, 0);
	if (found) {
		const char *at = line + strspn(line, "0123456789 ");

		text_add(proof, "%s", at);
	}
	free(line);
	regfree(&re);
	return found;
}

static enum verdict decide_play(const struct claim *c, struct text *proof)
{
	char log[64];
	const char *missing = trace_missing();
	enum verdict verdict = UNTESTABLE;
	int fd, status;
	FILE *f;

	if (missing) {
		text_add(proof, "%s\n", missing);
		return UNTESTABLE;
	}
	fd = lab_temporary(log);
	if (fd < 0)
		return UNTESTABLE;
	status = run_strace(c->id, log);
	f = fdopen(fd, "r");
	if (status == 0 && f) {
		verdict = match(f, c->pattern, proof) &&
			  !(c->absent && match(f, c->absent, proof)) ? HOLDS
								     : REFUTED;
		if (verdict == REFUTED && !proof->len)
			text_add(proof, "no line matches %s\n", c->pattern);
	} else {
		text_add(proof, "the calls could not be made (status %d)\n",
			 status);
	}
	if (f)
		fclose(f);
	return verdict;
}

static enum verdict decide_phases(const struct claim *c, struct text *proof)
{
	const struct program *p = program_find(c->program);
	enum verdict verdict;
	struct phases seen;
	char why[256];
	int failed = c->direct ? phases_run_file(&seen, p, c->direct == 2, why)
			       : phases_run(&seen, p, why);

	if (failed) {
		text_add(proof, "%s\n", why);
		return UNTESTABLE;
	}
	text_add(proof, "%s: waits: %s; copies: %s\n", c->program, seen.waits,
		 seen.copies);
	verdict = strstr(seen.waits, c->waits) && strstr(seen.copies, c->copies)
		  ? HOLDS : REFUTED;
	phases_free(&seen);
	return verdict;
}

/* A stack is memory, not I/O. */
#define MEMORY "mmap mprotect munmap"

static enum verdict decide_sequence(const struct claim *c, struct text *proof)
{
	struct text ours = { 0 }, theirs = { 0 };
	const struct scenario *two = scenario_find("two");
	enum verdict verdict = UNTESTABLE;
	struct trace a, b;
	char why[256];

	memset(&b, 0, sizeof(b));
	if (trace_run(&a, program_find(c->program), two, why) ||
	    trace_run(&b, program_find(c->same_as), two, why)) {
		text_add(proof, "%s\n", why);
	} else {
		trace_sequence(&a, MEMORY, &ours);
		trace_sequence(&b, MEMORY, &theirs);
		verdict = strcmp(ours.at, theirs.at) ? REFUTED : HOLDS;
		text_add(proof, "%s: %s", c->program, ours.at);
		if (verdict == REFUTED)
			text_add(proof, "%s: %s", c->same_as, theirs.at);
	}
	trace_free(&a);
	trace_free(&b);
	free(ours.at);
	free(theirs.at);
	return verdict;
}

enum verdict claim_decide(const struct claim *c, struct text *proof)
{
	char *path;

	text_add(proof, "%s", "");
	if (c->decide)
		return c->decide(proof);
	if (c->play)
		return decide_play(c, proof);
	path = program_path(program_find(c->program));
	if (!path) {
		text_add(proof, "%s is not built\n", c->program);
		return UNTESTABLE;
	}
	free(path);
	return c->same_as ? decide_sequence(c, proof) : decide_phases(c, proof);
}

int claim_play(const char *id)
{
	for (const struct claim *c = claims; c->id; c++)
		if (c->play && !strcmp(c->id, id)) {
			c->play();
			return 0;
		}
	return 2;
}
