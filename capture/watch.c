/* SPDX-License-Identifier: MIT */
/*
 * watch.c - a program under tracefs alone: no strace slows or stops it
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lab.h"
#include "watch.h"

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static struct watched *stepping;	/* whose steps are noted */

static void on_step(struct server *s)
{
	struct watched *w = stepping;

	server_settle(s);
	if (w->step_count < (int)(sizeof(w->steps) / sizeof(w->steps[0])))
		w->steps[w->step_count++] = now();
}

static int end(struct watched *w, char why[256])
{
	int64_t offset = kernel_offset(w->kernel);

	w->lost = kernel_end(w->kernel);
	if (w->lost < 0)
		snprintf(why, 256, "TMPDIR %.99s: %s: the kernel's records are "
			 "not complete", lab_tmp(), strerror(errno));
	w->events = kernel_events(w->kernel, &w->n);
	w->stop -= offset;
	return w->lost < 0 ? -1 : 0;
}

int watch_server(struct watched *w, const struct program *p,
		 const struct scenario *c, char why[256])
{
	char follow[256];
	char *wrapper[] = { "sh", "-c", follow, "sh", NULL };
	struct lab_options o = { .service = c->service, .wrapper = wrapper,
				 .nofile = c->nofile };
	struct server s;
	int ret = -1;

	memset(w, 0, sizeof(*w));
	w->kernel = kernel_begin(why);
	if (!w->kernel)
		return -1;
	snprintf(follow, sizeof(follow), "(%s); exec \"$@\"",
		 kernel_follow_me(w->kernel));
	if (server_start(&s, p, &o)) {
		snprintf(why, 256, "%.200s", s.err.at);
	} else {
		stepping = w;
		s.step = on_step;
		server_settle(&s);
		ret = c->play(&s, why) ? 1 : 0;
		server_settle(&s);
		w->stop = now();
		server_stop(&s);
	}
	w->main_pid = s.server_pid;
	server_free(&s);
	return end(w, why) ? -1 : ret;
}

/* The file job as a child; returns its exit status. */
static int run_reader(struct watched *w, char *path, char *file,
		      char *const *options)
{
	char command[512];
	char *args[16] = { "sh", "-c", command, "sh", path, file };
	int status = -1;

	snprintf(command, sizeof(command), "(%s); exec \"$@\" >/dev/null 2>&1",
		 kernel_follow_me(w->kernel));
	for (int i = 0; options[i] && i < 9; i++)
		args[6 + i] = options[i];
	w->main_pid = fork();
	if (!w->main_pid) {
		execvp(args[0], args);
		_exit(127);
	}
	if (w->main_pid < 0 ||
	    waitpid(w->main_pid, &status, 0) != w->main_pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int watch_file_job(struct watched *w, const struct program *p, long bytes,
		 char *const *options, char why[256])
{
	char *path = program_path(p), file[32];
	int status = -1, fd;
	struct stat st;

	memset(w, 0, sizeof(*w));
	if (!path) {
		snprintf(why, 256, "%s is not built", p->name);
		return -1;
	}
	fd = lab_file(bytes, why);
	if (fd >= 0 && !fstat(fd, &st))
		w->kernel = kernel_begin(why);
	if (w->kernel) {
		w->inode = st.st_ino;
		snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
		status = run_reader(w, path, file, options);
		w->stop = now();
		if (status)
			snprintf(why, 256, "%s%s%s ended with status %d",
				 p->name, *options ? " " : "",
				 *options ? *options : "", status);
		if (end(w, why))
			status = -1;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return status ? -1 : 0;
}

void watch_free(struct watched *w)
{
	kernel_free(w->kernel);
	memset(w, 0, sizeof(*w));
}
