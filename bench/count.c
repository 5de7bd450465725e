/* SPDX-License-Identifier: MIT */
/*
 * count.c - what the kernel counts of a server: calls, processor, memory
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "count.h"

long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ---- /proc ---- */

static FILE *open_proc(pid_t pid, const char *tid, const char *file)
{
	char path[300];

	snprintf(path, sizeof(path), tid ? "/proc/%d/task/%s/%s" :
		 "/proc/%d/%s%s", pid, tid ? tid : "", file);
	return fopen(path, "re");
}

static DIR *open_tasks(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return opendir(path);
}

/* The next thread's number, as text; NULL after the last. */
static const char *next_task(DIR *tasks)
{
	struct dirent *e;

	while ((e = readdir(tasks)))
		if (isdigit((unsigned char)*e->d_name))
			return e->d_name;
	return NULL;
}

/* The number behind a word at the start of a line. */
static long number_in(pid_t pid, const char *file, const char *word)
{
	FILE *f = open_proc(pid, NULL, file);
	char line[256];
	long found = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			found = atol(line + strlen(word));
	if (f)
		fclose(f);
	return found;
}

long peak_kib(pid_t pid)
{
	return number_in(pid, "status", "VmHWM:");
}

long share_kib(pid_t pid)
{
	return number_in(pid, "smaps_rollup", "Pss:");
}

/* ---- processor ---- */

long long cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return -1;
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long task_ns(pid_t pid, const char *tid)
{
	FILE *f = open_proc(pid, tid, "schedstat");
	long long ns = 0;

	if (f && fscanf(f, "%lld", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

void delays_add(struct delays *d, pid_t pid)
{
	DIR *tasks = open_tasks(pid);
	const char *tid;

	while (tasks && d->n < DELAYS && (tid = next_task(tasks))) {
		FILE *f = open_proc(pid, tid, "schedstat");
		long long ran, delayed;

		if (f && fscanf(f, "%lld %lld", &ran, &delayed) == 2) {
			d->of[d->n].tid = atoi(tid);
			d->of[d->n].ran = ran;
			d->of[d->n++].delayed = delayed;
		}
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
}

/* A thread that is new began at 0. */
long long delayed_by_others(const struct delays *before,
			    const struct delays *after, long long ran)
{
	long long most = 0;

	for (int i = 0; i < after->n; i++) {
		long long delayed = after->of[i].delayed;
		long long by_ours = ran - after->of[i].ran;

		for (int k = 0; k < before->n; k++)
			if (before->of[k].tid == after->of[i].tid) {
				delayed -= before->of[k].delayed;
				by_ours += before->of[k].ran;
			}
		by_ours = by_ours > 0 ? by_ours : 0;
		if (delayed - by_ours > most)
			most = delayed - by_ours;
	}
	return most;
}

long long kernel_thread_ns(pid_t pid, unsigned *threads)
{
	DIR *tasks = open_tasks(pid);
	long long sum = 0;
	const char *tid;

	*threads = 0;
	while (tasks && (tid = next_task(tasks))) {
		FILE *f = open_proc(pid, tid, "comm");
		char name[32];

		if (f && fgets(name, sizeof(name), f) &&
		    !strncmp(name, "iou-", 4))
			sum += task_ns(pid, tid);
		if (f)
			fclose(f);
		++*threads;
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

void switches_add(struct switches *s, pid_t pid)
{
	DIR *tasks = open_tasks(pid);
	const char *tid;

	while (tasks && (tid = next_task(tasks))) {
		FILE *f = open_proc(pid, tid, "status");
		char line[256];
		long long n;

		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "voluntary_ctxt_switches: %lld", &n) == 1)
				s->voluntary += n;
			if (sscanf(line, "nonvoluntary_ctxt_switches: %lld",
				   &n) == 1)
				s->involuntary += n;
		}
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
}

/* ---- children that ended ---- */

static int ignores_children(pid_t pid)
{
	FILE *f = open_proc(pid, NULL, "status");
	unsigned long long ignored = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigIgn: %llx", &ignored) == 1)
			break;
	if (f)
		fclose(f);
	return ignored >> (SIGCHLD - 1) & 1;
}

static long last_process(void)
{
	FILE *f = fopen("/proc/loadavg", "re");
	long last = 0;

	if (f && fscanf(f, "%*s %*s %*s %*s %ld", &last) != 1)
		last = 0;
	if (f)
		fclose(f);
	return last;
}

long ended_children(pid_t pid)
{
	FILE *f = open_proc(pid, NULL, "stat");
	char text[1024];
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	const char *at;
	long faults = 0;

	if (f)
		fclose(f);
	text[n] = 0;
	at = strrchr(text, ')');		/* a name may hold spaces */
	if (at)
		sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %ld", &faults);
	return ignores_children(pid) ? last_process() : faults;
}

/* ---- system calls ---- */

/* The number of the tracepoint; or -1 with the reason in why. */
static int tracepoint(char why[200])
{
	static const char *const places[] = {
		"/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
		"/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
	};
	int id = -1, err = 0;	/* of the first place: debugfs is root's alone */

	for (int i = 0; i < 2 && id < 0; i++) {
		FILE *f = fopen(places[i], "re");

		if (f && fscanf(f, "%d", &id) != 1)
			id = -1;
		if (f)
			fclose(f);
		else if (i == 0)
			err = errno;
	}
	if (id < 0 && err == ENOENT)
		snprintf(why, 200, "system calls are not counted: no tracefs "
			 "is mounted; as root, mount -t tracefs nodev "
			 "/sys/kernel/tracing");
	else if (id < 0)
		snprintf(why, 200, "system calls are not counted: their "
			 "tracepoint's number is in /sys/kernel/tracing, which "
			 "this user may not read (%s); run it as root",
			 strerror(err));
	return id;
}

int counter_open(struct counter *c, pid_t pid, char why[200])
{
	*c = (struct counter){ 0 };
	return counter_add(c, pid, why);
}

int counter_add(struct counter *c, pid_t pid, char why[200])
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.inherit = 1,			/* threads yet to come */
	};
	int id = tracepoint(why);
	const char *tid;
	DIR *tasks;

	if (id < 0)
		return -1;
	attr.config = id;
	tasks = open_tasks(pid);
	while (tasks && (tid = next_task(tasks))) {
		int fd = syscall(SYS_perf_event_open, &attr, atoi(tid), -1, -1,
				 PERF_FLAG_FD_CLOEXEC);

		if (fd < 0 && errno == ESRCH)
			continue;		/* it has ended meanwhile */
		c->fds = fd < 0 ? c->fds :
			 realloc(c->fds, (c->n + 1) * sizeof(*c->fds));
		if (fd < 0 || !c->fds) {
			if (errno == EMFILE)
				snprintf(why, 200, "system calls of more than "
					 "%d threads are not counted (ulimit "
					 "-Hn)", c->n);
			else
				snprintf(why, 200, "system calls are not "
					 "counted: perf_event_open: %s; run it "
					 "as root, or set "
					 "kernel.perf_event_paranoid=1",
					 strerror(errno));
			closedir(tasks);
			counter_close(c);
			return -1;
		}
		c->fds[c->n++] = fd;
	}
	if (tasks)
		closedir(tasks);
	return 0;
}

long counter_read(const struct counter *c)
{
	unsigned long long one;
	long sum = 0;

	for (int i = 0; i < c->n; i++)
		if (read(c->fds[i], &one, sizeof(one)) == sizeof(one))
			sum += one;
	return sum;
}

void counter_close(struct counter *c)
{
	for (int i = 0; i < c->n; i++)
		close(c->fds[i]);
	free(c->fds);
	*c = (struct counter){ 0 };
}
