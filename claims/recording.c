/* SPDX-License-Identifier: MIT */
/*
 * recording.c - a play is run under strace or tracefs; the record it leaves
 */
#include <ctype.h>
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
#include "../log/line.h"
#include "kernel.h"
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

/*
 * The text as it is compared, malloced: many blanks are one, and there is none
 * before ")", where strace sets results in a column.
 */
static char *squeezed(struct slice text)
{
	char *copy = strndup(text.at, text.len), *to = copy;

	for (const char *at = copy; *at; at++)
		if (*at != ' ' || (at[1] && !strchr(" )", at[1])))
			*to++ = *at;
	*to = 0;
	return copy;
}

/* The beginning of a call; a blank is kept where another argument comes. */
static char *call_begun(struct slice text)
{
	char *begun;

	text = slice_trim(text);
	if (!text.len || text.at[text.len - 1] != ',')
		return squeezed(text);
	begun = squeezed(text);
	begun = realloc(begun, strlen(begun) + 2);
	return strcat(begun, " ");
}

/* A call during which another thread ran is two lines in f, and one here. */
static void record_line(const struct line *l, char **begun, int who,
			struct text *record)
{
	char *text;

	if (l->kind == LINE_UNFINISHED) {
		free(*begun);
		*begun = call_begun(l->body);
		return;
	}
	if (l->kind == LINE_RESUMED && *begun) {
		text = squeezed(l->body);
		text_add(record, "%d %s%s\n", who, *begun,
			 text + (*text == ' '));
		free(*begun);
		*begun = NULL;
	} else {
		text = squeezed(line_said(l));
		text_add(record, "%d %s\n", who, text);
	}
	free(text);
}

void record_strace(FILE *f, const char *from, struct text *record)
{
	char *text = NULL, *begun[257] = { NULL };
	struct numbers known = { .n = 0 };
	int playing = !from, who;
	size_t size = 0;
	ssize_t n;

	rewind(f);
	while ((n = getline(&text, &size, f)) > 0) {
		struct line l;

		line_read(&l, text, n - (text[n - 1] == '\n'));
		if (from && slice_starts(line_said(&l), from)) {
			playing = 1;
			record->len = 0;	/* it begins anew */
			text_add(record, "%s", "");
		} else if (playing) {
			who = number_of(&known, l.pid, 1);
			record_line(&l, &begun[who], who, record);
		}
	}
	for (who = 0; who < 257; who++) {
		if (begun[who])			/* it never ended */
			text_add(record, "%d %s<unfinished ...>\n", who,
				 begun[who]);
		free(begun[who]);
	}
	free(text);
}

static int is_beginning(const struct kernel_event *e)
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
	const struct kernel_event *e = kernel_events(k, &n);
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
	record_strace(f, PLAY_BEGINS, record);
	fclose(f);
	return status;
}

int play_under_kernel(char *self, const struct claim *c,
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

int compile_pattern(regex_t *re, const char *pattern, struct text *proof)
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

	if (compile_pattern(&re, pattern, proof)) {
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
