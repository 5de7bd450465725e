/* SPDX-License-Identifier: MIT */
/*
 * outside.c - any server as it is: a command and a port, or a place
 *
 * Nothing is asked of the server but that it listens.  A process of ours, its
 * keeper, starts the command and adopts what the command leaves behind: a server
 * may put itself into the background, and a shell may end before its children.
 *
 *    this process ---- forks ----> keeper ---- forks ----> sh, the server
 *         |                          |  <-- orphans --- its descendants
 *         +----- SIGTERM, or we --> it ends them all
 *                die
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "count.h"
#include "lab.h"
#include "measure.h"
#include "outside.h"
#include "stat.h"

enum { READY_MS = 10000, STOP_MS = 2000, ENDS_MS = 200, LOOK_MS = 5 };

static void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* ---- its processes ---- */

static int add_pid(pid_t pid, pid_t *pids, int n)
{
	for (int i = 0; i < n; i++)
		if (pids[i] == pid)
			return n;
	if (n < TREE)
		pids[n++] = pid;
	return n;
}

/* The inode of the socket that listens on the port; 0: none. */
static unsigned long listening(int port)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	unsigned long inode = 0;

	for (int i = 0; i < 2 && !inode; i++) {
		FILE *f = fopen(tables[i], "re");
		char line[512];

		while (f && !inode && fgets(line, sizeof(line), f)) {
			unsigned at, state;
			unsigned long found;

			if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s "
				   "%*s %*s %*s %lu", &at, &state, &found) == 3 &&
			    state == 10 && (int)at == port)
				inode = found;
		}
		if (f)
			fclose(f);
	}
	return inode;
}

static int holds(const char *pid, unsigned long inode)
{
	char path[300], link[64], wanted[64];
	struct dirent *e;
	int found = 0;
	DIR *fds;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	fds = opendir(path);
	while (fds && !found && (e = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), e->d_name, link,
				       sizeof(link) - 1);

		link[n > 0 ? n : 0] = 0;
		found = !strcmp(link, wanted);
	}
	if (fds)
		closedir(fds);
	return found;
}

static int add_holders(unsigned long inode, pid_t *pids, int n)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;

	while (proc && (e = readdir(proc)))
		if (isdigit((unsigned char)*e->d_name) &&
		    atoi(e->d_name) != getpid() && holds(e->d_name, inode))
			n = add_pid(atoi(e->d_name), pids, n);
	if (proc)
		closedir(proc);
	return n;
}

/* The children of all threads of pid. */
static int add_children(pid_t pid, pid_t *pids, int n)
{
	char path[300];
	struct dirent *e;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (e = readdir(tasks))) {
		FILE *f;
		int child;

		if (!isdigit((unsigned char)*e->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", pid,
			 e->d_name);
		f = fopen(path, "re");
		while (f && fscanf(f, "%d", &child) == 1)
			n = add_pid(child, pids, n);
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return n;
}

int tree_grow(pid_t pids[TREE], int n)
{
	for (int i = 0; i < n; i++)
		n = add_children(pids[i], pids, n);
	return n;
}

int tree_of(pid_t keeper, int port, pid_t pids[TREE])
{
	unsigned long inode = port ? listening(port) : 0;
	int n = 0;

	if (keeper)
		n = add_children(keeper, pids, n);
	if (inode)
		n = add_holders(inode, pids, n);
	return tree_grow(pids, n);
}

/* ---- start ---- */

/* A port that nobody has just now. */
static int free_port(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&a, len) ||
	    getsockname(fd, (void *)&a, &len))
		a.sin_port = 0;
	if (fd >= 0)
		close(fd);
	return ntohs(a.sin_port);
}

static int answers(int port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = fd >= 0 && !connect(fd, (void *)&a, sizeof(a));

	if (fd >= 0)
		close(fd);
	return yes;
}

/* The command with the port in it. */
static char *command_of(const struct outside *o, int port)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	/* A plain command takes the place of the shell. */
	if (f && !strpbrk(o->start, ";&|<>()$`\n="))
		fputs("exec ", f);
	for (const char *at = o->start; f && *at; at++)
		if (!strncmp(at, "{port}", 6)) {
			fprintf(f, "%d", port);
			at += 5;
		} else {
			fputc(*at, f);
		}
	if (f)
		fclose(f);
	return text;
}

_Noreturn static void become(const char *command, int cpu, int err,
			      unsigned pad, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	cpu_set_t cpus;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	CPU_ZERO(&cpus);
	CPU_SET(cpu < 0 ? 0 : cpu, &cpus);
	if (cpu >= 0)
		sched_setaffinity(0, sizeof(cpus), &cpus);
	dup2(null, 0);
	dup2(null, 1);
	dup2(err, 2);
	pad_environment(pad);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

/* ---- the keeper ---- */

/* Those of our children that have ended; 0: no child is left.  *status is that of
   the command, once it has one. */
static int reap(pid_t command, int *status)
{
	int one;
	pid_t pid;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
		if (pid == command)
			*status = one;
	return pid == 0;
}

static void signal_all(int sig)
{
	pid_t pids[TREE];
	int n = tree_of(getpid(), 0, pids);

	for (int i = 0; i < n; i++)
		kill(pids[i], sig);
}

/* SIGTERM to all; SIGKILL to those that are there after two seconds, and to
   what they start meanwhile. */
static void end_all(pid_t command, int *status, const sigset_t *wanted)
{
	static const struct timespec moment = { 0, 20000000 };
	long long until = now_ns() + STOP_MS * 1000000LL;

	signal_all(SIGTERM);
	while (reap(command, status)) {
		if (now_ns() > until)
			signal_all(SIGKILL);
		sigtimedwait(wanted, NULL, &moment);
	}
}

/*
 * All signals are blocked in it; it waits for two of them.
 *
 * It ends as the command did, once the command has failed, or nothing that it has
 * started runs.  On SIGTERM, which the kernel also sends when the parent dies, it
 * ends all that the command has started, and itself.
 */
_Noreturn static void keep(const char *text, int cpu, int err, unsigned pad,
			   pid_t parent)
{
	const struct rlimit no_core = { 0, 0 };
	int status = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t self = getpid(), command;
	sigset_t wanted;

	setpgid(0, 0);				/* Ctrl-C is not for it */
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	command = fork();
	if (!command)
		become(text, cpu, err, pad, self);
	/* What is ours must not stay open because a server runs. */
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	syscall(SYS_close_range, 3, ~0U, 0);
	while (command > 0 && reap(command, &status) && !status)
		if (sigwaitinfo(&wanted, NULL) == SIGTERM)
			break;
	end_all(command, &status, &wanted);
	if (WIFSIGNALED(status)) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(WTERMSIG(status), SIG_DFL);
		sigemptyset(&wanted);
		sigaddset(&wanted, WTERMSIG(status));
		raise(WTERMSIG(status));
		sigprocmask(SIG_UNBLOCK, &wanted, NULL);
	}
	_exit(command < 0 ? 1 : WEXITSTATUS(status));
}

/* ---- ready, or not ---- */

static int ended_with(int status, const char *who, char why[300])
{
	return snprintf(why, 300, "%s ended with %s %d", who, WIFSIGNALED(status)
			? "signal" : "exit status", WIFSIGNALED(status) ?
			WTERMSIG(status) : WEXITSTATUS(status));
}

/* The line that says most: the last that names an error, else the last. */
static char *telling_line(char *text)
{
	char *telling = NULL, *line, *last = text;

	while ((line = strsep(&text, "\n"))) {
		if (*line)
			last = line;
		if (strstr(line, "Error:") || strstr(line, "error:"))
			telling = line;
	}
	return telling ? telling : last;
}

/* What it wrote last, or what became of it. */
static void last_words(const struct running *r, int status, char why[300])
{
	char text[2048];
	off_t size = lseek(r->err_fd, 0, SEEK_END);
	off_t at = size > (off_t)sizeof(text) - 1 ? size - sizeof(text) + 1 : 0;
	ssize_t n = pread(r->err_fd, text, sizeof(text) - 1, at);

	text[n > 0 ? n : 0] = 0;
	if (status && n > 0 && text[strspn(text, "\n")])
		snprintf(why, 300, "%.290s", telling_line(text));
	else
		snprintf(why + ended_with(status, "it", why), 100, " before it "
			 "listened on port %d", r->port);
}

static int wait_ready(struct running *r, char why[300])
{
	long long until = now_ns() + READY_MS * 1000000LL;
	int status = 0;

	while (!answers(r->port)) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = 0;
			last_words(r, status, why);
			return -1;
		}
		if (measure_stop)
			snprintf(why, 300, "stopped");
		else if (now_ns() > until)
			snprintf(why, 300, "nobody listened on port %d within "
				 "%d s", r->port, READY_MS / 1000);
		if (*why)
			return -1;
		pause_ms(LOOK_MS);
	}
	return 0;
}

int outside_start(const struct outside *o, int cpu, struct running *r,
		  char why[300])
{
	char path[] = "/tmp/iomodels-XXXXXX", *command;
	unsigned pad = draw(&stat_seed) % PAD;
	sigset_t all, before;
	pid_t self = getpid();

	*why = 0;
	*r = (struct running){ .port = o->port ? o->port : free_port(),
			       .err_fd = -1 };
	if (!o->start)
		return 0;
	if (o->port && answers(o->port)) {
		snprintf(why, 300, "port %d is in use already", o->port);
		return -1;
	}
	r->err_fd = mkostemp(path, O_CLOEXEC);
	unlink(path);
	command = command_of(o, r->port);
	/* Its SIGTERM must not be lost to our handler, which it inherits. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r->pid = r->err_fd < 0 || !command ? -1 : fork();
	if (!r->pid)
		keep(command, cpu, r->err_fd, pad, self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(command);
	if (r->pid < 0) {
		snprintf(why, 300, "cannot start it: %s", strerror(errno));
		r->pid = 0;
		return -1;
	}
	if (wait_ready(r, why)) {
		outside_stop(r);
		return -1;
	}
	return 0;
}

/* ---- stop ---- */

/* Its client saw it before its keeper did. */
int outside_ended(struct running *r, char why[300])
{
	int status = 0;

	for (int i = 0; r->pid && i < ENDS_MS / LOOK_MS; i++) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = 0;
			ended_with(status, "the server", why);
			return 1;
		}
		pause_ms(LOOK_MS);
	}
	return 0;
}

void outside_stop(struct running *r)
{
	if (r->pid) {
		kill(r->pid, SIGTERM);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	r->pid = 0;
	if (r->err_fd >= 0)
		close(r->err_fd);
	r->err_fd = -1;
}
