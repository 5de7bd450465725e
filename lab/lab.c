/* SPDX-License-Identifier: MIT */
/*
 * lab.c - starts a server, waits until it serves, stops it, keeps its output
 *
 * The server writes into two pipes that this side reads without blocking, so
 * that neither can wait for the other.  It gets a signal when this process
 * dies (PR_SET_PDEATHSIG): nothing is left behind, however this one ends.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lab.h"
#include "stopped.h"

enum { START_MS = 10000, STOP_MS = 5000, SETTLE_MS = 5000, ARGS = 64 };

long lab_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + (t.tv_nsec - stopped_ns()) / 1000000;
}

/* ---- texts that grow ---- */

static void *must_have(void *mem)
{
	if (mem)
		return mem;
	fprintf(stderr, "lab: no memory\n");
	exit(1);
}

/* Read what *fd has into t; at its end close it. */
static void collect(struct text *t, int *fd)
{
	while (*fd >= 0) {
		ssize_t n;

		text_reserve(t, 4096);
		n = read(*fd, t->at + t->len, t->cap - t->len - 1);
		if (n > 0)
			t->len += n;
		t->at[t->len] = 0;
		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		close(*fd);
		*fd = -1;
	}
}

void server_drain(struct server *s)
{
	collect(&s->out, &s->out_fd);
	collect(&s->err, &s->err_fd);
}

/* ---- start ---- */

static void limit(int what, rlim_t value)
{
	struct rlimit l = { value, value };

	if (value && setrlimit(what, &l)) {
		fprintf(stderr, "lab: setrlimit to %ld: %s\n", (long)value,
			strerror(errno));
		_exit(1);
	}
}

/* Where the stack begins decides what shares a cache line with what. */
void pad_environment(unsigned bytes)
{
	char text[4097];

	if (!bytes || bytes >= sizeof(text))
		return;
	memset(text, 'x', bytes);
	text[bytes] = 0;
	setenv("IOMODELS_PAD", text, 1);
}

/* In the child.  What goes wrong is reported on stderr, as a server would. */
_Noreturn static void become(char *const *args, const struct lab_options *o,
			     const int *out, const int *err, pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* strace hands a SIGTERM on to the server, SIGKILL would free it. */
	prctl(PR_SET_PDEATHSIG, o->wrapper ? SIGTERM : SIGKILL);
	if (getppid() != parent)
		_exit(1);		/* it died before we asked */
	if (o->own_group)
		setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(null, 0) < 0 || dup2(err[1], 2) < 0 ||
	    dup2(o->stdout_fd ? o->stdout_fd : out[1], 1) < 0)
		_exit(1);
	if (o->listen_fd)
		fcntl(o->listen_fd, F_SETFD, 0);
	if (o->cpus && sched_setaffinity(0, sizeof(*o->cpus), o->cpus)) {
		fprintf(stderr, "lab: sched_setaffinity: %s\n", strerror(errno));
		_exit(1);
	}
	pad_environment(o->pad);
	limit(RLIMIT_NOFILE, o->nofile);
	limit(RLIMIT_SIGPENDING, o->sigpending);
	execvp(args[0], args);
	fprintf(stderr, "lab: execvp %s: %s\n", args[0], strerror(errno));
	_exit(127);
}

static void arguments(char **args, char *path, const struct server *s,
		      const struct lab_options *o)
{
	static char number[12];
	int n = 0;

	snprintf(number, sizeof(number), "%d",
		 o->listen_fd ? o->listen_fd : o->port);
	for (char *const *w = o->wrapper; w && *w && n < ARGS - 8; w++)
		args[n++] = *w;
	if (path)
		args[n++] = path;
	for (char *const *w = o->command; w && *w && n < ARGS - 8; w++)
		args[n++] = *w;
	args[n++] = o->listen_fd ? "--fd" : "--port";
	args[n++] = number;
	args[n++] = "--service";
	args[n++] = (char *)s->service;
	if (o->max_message) {
		args[n++] = "--max-message";
		args[n++] = (char *)o->max_message;
	}
	args[n] = NULL;
}

static int spawn(struct server *s, const struct lab_options *o)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	char *path = o->command ? NULL : program_path(s->program), *args[ARGS];
	pid_t self = getpid();

	if (!path && !o->command) {
		text_add(&s->err, "%s: not built\n", s->program->name);
		return -1;
	}
	arguments(args, path, s, o);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		text_add(&s->err, "lab: pipe2: %s\n", strerror(errno));
		free(path);
		return -1;
	}
	/* Only this end: the server's own end blocks, as a shell's pipe. */
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	s->pid = fork();
	if (!s->pid)
		become(args, o, out, err, self);
	free(path);
	close(out[1]);
	close(err[1]);
	s->out_fd = out[0];
	s->err_fd = err[0];
	if (s->pid < 0)
		text_add(&s->err, "lab: fork: %s\n", strerror(errno));
	return s->pid < 0 ? -1 : 0;
}

/* The first child of pid that /proc shows, or 0. */
static pid_t child_of(pid_t pid)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (proc && !found && (e = readdir(proc))) {
		char name[300], stat[512], *p;
		FILE *f;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(name, sizeof(name), "/proc/%s/stat", e->d_name);
		f = fopen(name, "re");
		if (!f)
			continue;
		/* "PID (name) S PPID ...", and a name may hold anything. */
		p = fgets(stat, sizeof(stat), f) ? strrchr(stat, ')') : NULL;
		if (p && strlen(p) > 4 && atoi(p + 4) == pid)
			found = atoi(e->d_name);
		fclose(f);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* A wrapper execs the server (env), forks it (strace) or plays it (qemu). */
static void find_server(struct server *s)
{
	pid_t child;

	s->server_pid = s->pid;
	while (s->wrapped && (child = child_of(s->server_pid)))
		s->server_pid = child;
}

/*
 * The port of the line "NAME: serving SERVICE on 127.0.0.1:PORT", or the
 * descriptor of "... on descriptor N"; or 0.
 */
static int serving(const struct server *s)
{
	const char *line = strstr(s->err.at, ": serving ");

	if (!line || !strchr(line, '\n'))
		return 0;
	if (strstr(line, " on descriptor "))
		return atoi(strstr(line, " on descriptor ") + 15);
	line = strstr(line, " on 127.0.0.1:");
	return line ? atoi(line + strlen(" on 127.0.0.1:")) : 0;
}

/* Sleep until the server writes or ends, at most until the deadline. */
static int wait_output(struct server *s, long deadline)
{
	struct pollfd p[2] = {
		{ .fd = s->out_fd, .events = POLLIN },
		{ .fd = s->err_fd, .events = POLLIN },
	};
	long left = deadline - lab_ms();
	int n = poll(p, 2, left > 0 ? left : 0);

	server_drain(s);
	return n;
}

static int start(struct server *s, const struct program *p,
		 const struct lab_options *o)
{
	long deadline = lab_ms() + START_MS;

	memset(s, 0, sizeof(*s));
	s->out_fd = s->err_fd = -1;
	s->program = p;
	s->service = o->service ? o->service : "print";
	s->wrapped = !!o->wrapper;
	s->own_group = o->own_group;
	text_add(&s->out, "%s", "");
	text_add(&s->err, "%s", "");
	if (spawn(s, o)) {
		s->ended = 1;
		return -1;
	}
	while (!(s->port = serving(s))) {
		if (s->err_fd < 0) {		/* it ended, or will */
			server_wait(s, STOP_MS);
			break;
		}
		if (wait_output(s, deadline) == 0) {
			server_stop(s);
			text_add(&s->err, "%s: did not print the line \"NAME: "
				 "serving ...\" on stderr within %d s\n",
			    p->name, START_MS / 1000);
			break;
		}
	}
	if (!s->port) {
		if (!s->err.len)
			text_add(&s->err, WIFSIGNALED(s->status) ?
			    "%s: ended by signal %d\n" :
			    "%s: ended with exit status %d\n", p->name,
			    WIFSIGNALED(s->status) ? WTERMSIG(s->status)
						   : WEXITSTATUS(s->status));
		return -1;
	}
	find_server(s);
	return 0;
}

int server_start(struct server *s, const struct program *p,
		 const struct lab_options *o)
{
	struct lab_options next = o ? *o : (struct lab_options){ 0 };

	while (start(s, p, &next)) {
		if (!next.port || next.port == 65535 ||
		    !strstr(s->err.at, "EADDRINUSE"))
			return -1;
		next.port++;
		server_free(s);
	}
	return 0;
}

/* ---- until the server is idle ---- */

/*
 * The context switches of all threads of pid so far, or -1 when one of them
 * runs or is stopped by its tracer.
 */
static long switches(pid_t pid)
{
	char path[300], line[128];
	struct dirent *e;
	long sum = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && sum >= 0 && (e = readdir(tasks))) {
		FILE *f;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid,
			 e->d_name);
		f = fopen(path, "re");
		while (f && sum >= 0 && fgets(line, sizeof(line), f)) {
			if (!strncmp(line, "State:", 6) &&
			    !strchr("SZ", line[strcspn(line, "\t") + 1]))
				sum = -1;		/* Z: it has ended */
			else if (strstr(line, "ctxt_switches:"))
				sum += atol(strchr(line, ':') + 1);
		}
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

/* Five looks in a row, a millisecond apart, find it in the same sleep. */
int server_settle(struct server *s)
{
	long before = -1;
	int same = 0;

	for (int look = 0; look < SETTLE_MS && same < 4; look++) {
		long found = switches(s->server_pid);

		same = found >= 0 && found == before ? same + 1 : 0;
		before = found;
		poll(NULL, 0, 1);
	}
	return same < 4 ? -1 : 0;
}

/* ---- stop ---- */

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/*
 * 1: it has ended.  A strace that was killed leaves the server, which is not
 * our child; its group keeps its number until we have waited for strace.
 */
static int reaped(struct server *s)
{
	siginfo_t end = { 0 };

	if (waitid(P_PID, s->pid, &end, WEXITED | WNOHANG | WNOWAIT) ||
	    !end.si_pid)
		return 0;
	if (s->own_group)
		kill(-s->pid, SIGKILL);
	return wait4(s->pid, &s->status, 0, &s->usage) == s->pid;
}

/* Reads its output and waits for its end; 0, or -1 when time ran out. */
static int wait_end(struct server *s, long deadline)
{
	int pidfd = syscall(SYS_pidfd_open, s->pid, 0);

	for (;;) {
		struct pollfd p[3] = {
			{ .fd = s->out_fd, .events = POLLIN },
			{ .fd = s->err_fd, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};
		long left = deadline - lab_ms();
		int n = poll(p, 3, left > 0 ? left : 0);

		server_drain(s);
		if (reaped(s))
			break;
		if (n == 0) {
			close(pidfd);
			return -1;
		}
	}
	close(pidfd);
	s->ended = 1;
	server_drain(s);		/* all that it wrote is there by now */
	return 0;
}

int server_wait(struct server *s, int timeout_ms)
{
	if (!s->ended && wait_end(s, lab_ms() + timeout_ms)) {
		if (!s->server_pid)
			find_server(s);
		kill(s->server_pid ? s->server_pid : s->pid, SIGKILL);
		if (wait_end(s, lab_ms() + STOP_MS)) {
			kill(s->pid, SIGKILL);		/* the wrapper hangs */
			wait_end(s, lab_ms() + STOP_MS);
		}
	}
	return exit_status(s->status);
}

int server_stop(struct server *s)
{
	if (!s->ended)
		kill(s->server_pid ? s->server_pid : s->pid, SIGTERM);
	return server_wait(s, STOP_MS);
}

void server_free(struct server *s)
{
	if (!s->ended)
		server_stop(s);
	if (s->out_fd >= 0)
		close(s->out_fd);
	if (s->err_fd >= 0)
		close(s->err_fd);
	free(s->out.at);
	free(s->err.at);
	memset(s, 0, sizeof(*s));
	s->out_fd = s->err_fd = -1;
	s->ended = 1;
}

/* ---- files ---- */

const char *lab_tmp(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

int lab_temporary(char path[64])
{
	char name[PATH_MAX];
	int fd;

	snprintf(name, sizeof(name), "%s/iomodels-XXXXXX", lab_tmp());
	fd = mkostemp(name, O_CLOEXEC);
	snprintf(path, 64, "TMPDIR %.50s", lab_tmp());	/* for a message */
	if (fd < 0)
		return -1;
	unlink(name);
	snprintf(path, 64, "/proc/%d/fd/%d", getpid(), fd);
	return fd;
}

int lab_temporary_folder(char *path, size_t size)
{
	snprintf(path, size, "%s/iomodels-trace.%d.XXXXXX", lab_tmp(),
		 getpid());
	if (!mkdtemp(path))
		return -1;
	/* Until we end: in another PID namespace our pid says nothing. */
	flock(open(path, O_DIRECTORY | O_CLOEXEC), LOCK_SH);
	return 0;
}

/* 1: a process holds it, perhaps one of another PID namespace. */
static int is_held(const char *folder)
{
	int fd = open(folder, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int held = fd < 0 || flock(fd, LOCK_EX | LOCK_NB);

	if (fd >= 0)
		close(fd);
	return held;
}

static void remove_files(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(folder);
}

void lab_clean_up(void)
{
	DIR *d = opendir(lab_tmp());
	struct dirent *e;
	struct stat s;

	while (d && (e = readdir(d))) {
		char path[PATH_MAX + 300];
		int pid, end = 0;

		sscanf(e->d_name, "iomodels-trace.%d.%*6[A-Za-z0-9]%n", &pid,
		       &end);
		if (!end || e->d_name[end] || !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/%s", lab_tmp(), e->d_name);
		if (!lstat(path, &s) && S_ISDIR(s.st_mode) &&
		    s.st_uid == geteuid() && !is_held(path))
			remove_files(path);
	}
	if (d)
		closedir(d);
}

int lab_file(long bytes, char why[256])
{
	static char data[4096];
	char name[] = "iomodels-file-XXXXXX";
	int fd = mkstemp(name), ok = fd >= 0;

	if (ok)
		unlink(name);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 2654435761u >> 16;
	for (long n = 0; ok && n < bytes; n += sizeof(data))
		ok = write(fd, data, sizeof(data)) == sizeof(data);
	if (ok && !fsync(fd)) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		return fd;
	}
	snprintf(why, 256, "cannot write a file of %ld bytes in this folder: %s",
		 bytes, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int lab_in_memory(char why[256])
{
	struct statfs s;

	if (statfs(".", &s) ||
	    (s.f_type != TMPFS_MAGIC && s.f_type != RAMFS_MAGIC))
		return 0;
	snprintf(why, 256, "this folder is in memory: cd to a folder on a disk");
	return 1;
}

int lab_too_fast(char why[256])
{
	enum { READS = 64, BYTES = 4096 };
	struct rusage before, after;
	char buf[BYTES];
	int fd, slept = 0;

	if (lab_in_memory(why))
		return 1;
	fd = lab_file(READS * BYTES, why);
	if (fd < 0)
		return 0;		/* the test that needs it prints why */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	for (int i = 0; i < READS; i++) {
		getrusage(RUSAGE_THREAD, &before);
		if (pread(fd, buf, BYTES, i * BYTES) != BYTES) {
			close(fd);
			return 0;
		}
		getrusage(RUSAGE_THREAD, &after);
		slept += after.ru_nvcsw > before.ru_nvcsw;
	}
	close(fd);
	if (slept > READS - READS / 16)
		return 0;
	snprintf(why, 256, "the disk of this folder is too fast: only %d of %d "
		 "reads waited for it", slept, READS);
	return 1;
}
