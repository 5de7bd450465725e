/* SPDX-License-Identifier: MIT */
/*
 * recording.c - a play is run under strace or tracefs; the record it leaves
 */
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
#include "../log/transcript.h"
#include "kernel.h"
#include "lab.h"
#include "play.h"

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

int play_under_strace(char *self, const char *id, struct text *said,
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
	transcript_strace(f, PLAY_BEGINS, record);
	fclose(f);
	return status;
}

int play_under_kernel(char *self, const struct claim *c,
			     struct text *said, struct text *record)
{
	char why[256], follow[256];
	struct kernel *k = kernel_begin(why);
	char *log = NULL, *command[] = {
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
	if (!status && lost < 0) {
		text_add(said, "TMPDIR %s: %s: the kernel's records are not "
			 "complete\n", lab_tmp(), strerror(errno));
		status = -1;
	} else if (!status && lost) {
		text_add(said, "%ld records of the kernel were lost: the "
			 "machine is too busy\n", lost);
		status = -1;
	} else if (!status && transcript_kernel(log = kernel_log(k),
						PLAY_BEGINS_BYTES, record)) {
		text_add(said, "the kernel's events do not show "
			 "where the calls of this claim begin\n");
		status = -1;
	}
	free(log);
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

int compile_pattern(regex_t *re, const char *pattern, struct text *proof)
{
	if (!regcomp(re, pattern, REG_EXTENDED | REG_NOSUB))
		return 0;
	text_add(proof, "a bad pattern: %s\n", pattern);
	return -1;
}

/* `times` lines of the record match, or more if `more`; the first is the proof. */
static int matches_times(const char *record, const char *pattern, int times,
			 int more, struct text *proof)
{
	char *copy = strdup(record), *at = copy, *line;
	struct text first = { 0 };
	int found = 0;
	regex_t re;

	if (compile_pattern(&re, pattern, proof)) {
		free(copy);
		return 0;
	}
	while ((line = next_line(&at)))
		if (!regexec(&re, line, 0, NULL, 0) && !found++)
			text_add(&first, "%s\n", line);
	if (found < times || (found > times && !more))
		text_add(proof, found == 1 ? "%d line, not %d, matches %s\n" :
			 "%d lines, not %d, match %s\n", found, times, pattern);
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

	if (compile_pattern(&re, pattern, proof)) {
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
