/* SPDX-License-Identifier: MIT */
/*
 * strace.c - a program under strace while a scenario is played
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "strace.h"

#define STRING_BYTES "128"		/* of each string that strace shows */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- the client's steps ---- */

static struct straced *stepping;	/* whose steps are noted */

static void on_step(struct server *s)
{
	struct straced *t = stepping;

	server_settle(s);
	if (t->step_count < (int)(sizeof(t->steps) / sizeof(t->steps[0])))
		t->steps[t->step_count++] = now();
}

/* ---- run ---- */

const char *trace_missing(void)
{
	static char why[128];
	FILE *f = popen("strace -o /dev/null /bin/sh -c : 2>&1", "re");
	char line[100];

	if (!f)
		snprintf(line, sizeof(line), "a pipe for strace: %s",
			 strerror(errno));
	else if (!fgets(line, sizeof(line), f))
		snprintf(line, sizeof(line), "strace does not run");
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

/* Its last line without the newline, "" if there is none. */
static void last_line(FILE *f, char line[200])
{
	char *next = NULL;
	size_t size = 0;

	line[0] = 0;
	rewind(f);
	while (getline(&next, &size, f) > 0)
		snprintf(line, 200, "%.*s", (int)strcspn(next, "\n"), next);
	free(next);
}

/*
 * strace as the parent of a file job.  Its wait status, or -1; what stands last
 * on its stderr, or on the program's, goes to said.
 */
static int run_file_job(const char *path, char *log, int direct, int fd,
			int frames, char said[200])
{
	FILE *err = tmpfile();
	char file[32];
	int status = -1;
	pid_t pid;

	snprintf(said, 200, "%s", strerror(errno));
	if (!err)
		return -1;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(fileno(err), 2);
		close(null);
		execlp("strace", "strace", frames ? "-fk" : "-f", "-ttt", "-T",
		       "-s", "16", "-o", log, path, "--depth", "4", file,
		       direct ? "--direct" : NULL, NULL);
		_exit(127);
	}
	if (pid < 0)
		snprintf(said, 200, "fork: %s", strerror(errno));
	else if (waitpid(pid, &status, 0) == pid)
		last_line(err, said);
	fclose(err);
	return status;
}

static int file_job(struct straced *t, char *log, int frames, char why[256])
{
	char *path = program_path(t->program);
	int direct = t->scenario == &reads_direct;
	int fd = lab_file(6 * 4096, why), ret = -1;
	char said[200] = "no memory for its path";

	if (fd >= 0 && path)
		ret = run_file_job(path, log, direct, fd, frames, said);
	if (fd >= 0 && ret < 0)
		snprintf(why, 256, "%.100s: %.150s", t->program->name, said);
	else if (fd >= 0 && ret)
		snprintf(why, 256, "%s%s: strace ended with %s %d: %.150s",
			 t->program->name, direct ? " --direct" : "",
			 WIFEXITED(ret) ? "status" : "signal",
			 WIFEXITED(ret) ? WEXITSTATUS(ret) : WTERMSIG(ret),
			 said);
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

static int server(struct straced *t, char *log, int frames, char why[256])
{
	const struct scenario *c = t->scenario;
	/* -I 2: with -o strace would ignore the SIGTERM of our death. */
	char *wrapper[] = { "strace", "-I", "2", frames ? "-fk" : "-f", "-ttt",
			    "-T", "-s", STRING_BYTES, "-o", log, NULL };
	struct lab_options o = { .service = c->service, .wrapper = wrapper,
				 .nofile = c->nofile, .port = 7007,
				 .own_group = 1 };
	int ret = -1, status;
	struct server s;

	if (server_start(&s, t->program, &o)) {
		snprintf(why, 256, "%.200s", s.err.at);
		goto out;
	}
	stepping = t;
	s.step = on_step;
	server_settle(&s);
	ret = c->play(&s, why);
	server_settle(&s);
	status = server_stop(&s);
	if (WIFSIGNALED(s.status)) {	/* strace ends as the server did */
		snprintf(why, 256, "%s, or strace, was ended by signal %d (%s)",
			 t->program->name, WTERMSIG(s.status),
			 strsignal(WTERMSIG(s.status)));
		ret = -1;
	} else if (status && !ret) {
		snprintf(why, 256, "%s: ended with status %d: %.150s",
			 t->program->name, status, s.err.at);
		ret = -1;
	}
out:
	server_free(&s);
	return ret;
}

/* A strace that was built without -k refuses it. */
static int can_show_frames(void)
{
	static int refused = -1;

	if (refused < 0)
		refused = system("strace -k -o /dev/null /bin/sh -c : "
				 "2>/dev/null") != 0;
	return !refused;
}

int strace_run(struct straced *t, const struct program *p,
	       const struct scenario *c, int frames, char why[256])
{
	char log[64];
	int fd = lab_temporary(log);

	*t = (struct straced){ .program = p, .scenario = c };
	t->log = fd < 0 ? NULL : fdopen(fd, "r");
	if (!t->log) {
		snprintf(why, 256, "%s: %s", log, strerror(errno));
		return -1;
	}
	frames = frames && can_show_frames();
	return p->flags & FILES ? file_job(t, log, frames, why)
				: server(t, log, frames, why);
}

void strace_free(struct straced *t)
{
	if (t->log)
		fclose(t->log);
	*t = (struct straced){ 0 };
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

void strace_head(const struct program *p, const struct scenario *c,
		 struct text *out)
{
	char version[64];
	struct utsname u;

	uname(&u);
	trace_version(version);
	text_add(out, "# %s: %s\n", p->name, p->about);
	text_add(out, "# scenario %s: %s; service %s\n", c->name, c->about,
		 c->service);
	if (p->flags & FILES)
		text_add(out, "# strace -f -s 16 build/%s/%s --depth 4 FILE%s\n",
			 p->dir, p->name, c == &reads_direct ? " --direct" : "");
	else
		text_add(out, "# strace -f -s " STRING_BYTES " build/%s/%s "
			 "--port 7007 --service %s\n", p->dir, p->name,
			 c->service);
	text_add(out, "# Linux %s, strace %s, %s; the first column numbers the "
		 "threads\n", u.release, version, u.machine);
}
