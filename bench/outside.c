/* SPDX-License-Identifier: MIT */
/*
 * outside.c - any server as it is: a command and where it listens, or one that runs
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
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "count.h"
#include "lab.h"
#include "measure.h"
#include "outside.h"
#include "stat.h"

enum { READY_MS = 10000, STOP_MS = 2000, ENDS_MS = 200, LOOK_MS = 5 };
enum { LISTENS = 10 };			/* a state of sockets: TCP_LISTEN */

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

static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };

/* The next socket in such a table that listens.  0: there is none. */
static int next_listener(FILE *f, int *port, unsigned long *inode)
{
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		unsigned at, state;

		if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s "
			   "%*s %*s %*s %lu", &at, &state, inode) == 3 &&
		    state == LISTENS) {
			*port = at;
			return 1;
		}
	}
	return 0;
}

/* The inode of the socket that listens on the port; 0: none. */
static unsigned long listening_on(int port)
{
	unsigned long inode, found = 0;
	int at;

	for (int i = 0; i < 2 && !found; i++) {
		FILE *f = fopen(tables[i], "re");

		while (!found && next_listener(f, &at, &inode))
			found = at == port ? inode : 0;
		if (f)
			fclose(f);
	}
	return found;
}

/* 2: the answer is about the socket that has this file, 1: perhaps (on overlayfs
   a device has two numbers), 0: it is not. */
static int has_file(struct nlmsghdr *h, const struct stat *file)
{
	struct unix_diag_msg *m = NLMSG_DATA(h);
	int len = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));

	for (struct rtattr *a = (void *)(m + 1); RTA_OK(a, len);
	     a = RTA_NEXT(a, len)) {
		struct unix_diag_vfs *v = RTA_DATA(a);

		if (a->rta_type == UNIX_DIAG_VFS &&
		    v->udiag_vfs_ino == (unsigned)file->st_ino)
			return 1 + (v->udiag_vfs_dev ==
				    (major(file->st_dev) << 20 |
				     minor(file->st_dev)));
	}
	return 0;
}

/* The best of these answers; 0: they end here. */
static int look_at_answers(struct nlmsghdr *h, unsigned n,
			   const struct stat *file, int *best,
			   unsigned long *inode)
{
	for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		struct unix_diag_msg *m = NLMSG_DATA(h);
		int fits;

		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
			return 0;		/* the end, or an error */
		fits = has_file(h, file);
		if (fits > *best) {
			*best = fits;
			*inode = m->udiag_ino;
		}
	}
	return 1;
}

/*
 * The inode of the socket that listens on the path; 0: none is found.  The kernel
 * says which file a socket has, whatever the name that it was bound to: a relative
 * one, one through a link, or one from before a rename.
 */
static unsigned long listening_at(const char *path)
{
	static struct nlmsghdr answers[4096];
	struct {
		struct nlmsghdr h;
		struct unix_diag_req r;
	} ask = {
		.h = {
			.nlmsg_len = sizeof(ask),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.r = {
			.sdiag_family = AF_UNIX,
			.udiag_states = 1 << LISTENS,
			.udiag_show = UDIAG_SHOW_VFS,
		},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	unsigned long inode = 0;
	struct stat file;
	ssize_t n = -1;
	int best = 0;

	if (fd >= 0 && !stat(path, &file))
		n = send(fd, &ask, sizeof(ask), 0);
	while (n > 0) {
		n = recv(fd, answers, sizeof(answers), 0);
		if (n > 0 && !look_at_answers(answers, n, &file, &best, &inode))
			n = 0;
	}
	if (fd >= 0)
		close(fd);
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

/* A port on which a process of this keeper listens; 0: none. */
static int listens_elsewhere(pid_t keeper)
{
	pid_t pids[TREE];
	int n = tree_grow(pids, add_children(keeper, pids, 0)), port, found = 0;
	unsigned long inode;
	char pid[16];

	for (int i = 0; i < 2 && !found; i++) {
		FILE *f = fopen(tables[i], "re");

		while (!found && next_listener(f, &port, &inode))
			for (int k = 0; k < n; k++) {
				snprintf(pid, sizeof(pid), "%d", pids[k]);
				if (holds(pid, inode))
					found = port;
			}
		if (f)
			fclose(f);
	}
	return found;
}

/* systemd has the sockets of the services that it starts on demand, and all
   processes are its descendants. */
static int leave_out_init(pid_t *pids, int n)
{
	for (int i = 0; i < n && n > 1; i++)
		if (pids[i] == 1)
			pids[i] = pids[--n];
	return n;
}

int tree_of(pid_t keeper, unsigned long inode, pid_t pids[TREE])
{
	int n = 0;

	if (keeper)
		n = add_children(keeper, pids, n);
	if (inode)
		n = leave_out_init(pids, add_holders(inode, pids, n));
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

/* PREFIX.1, or the next that nothing has just now. */
static void free_path(char path[PATH_SIZE], const char *prefix)
{
	int i = 0;

	do {
		snprintf(path, PATH_SIZE, "%.*s.%d", PATH_SIZE - 1 - SUFFIX,
			 prefix, ++i % 1000);
	} while (i < 1000 && !access(path, F_OK));
}

static void on_port(struct running *r, unsigned address)
{
	struct sockaddr_in *a = (void *)&r->at;

	*a = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = address ? address : htonl(INADDR_LOOPBACK),
		.sin_port = htons(r->port),
	};
	r->at_len = sizeof(*a);
}

static void on_path(struct running *r, const char *path)
{
	struct sockaddr_un *a = (void *)&r->at;

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(a->sun_path, path);
	r->at_len = sizeof(*a);
}

/* Where it is to listen. */
static void choose_place(const struct outside *o, struct running *r)
{
	char prefix[40];

	*r = (struct running){ .port = o->port ? o->port : free_port(),
			       .err_fd = -1,
			       .group = { .enter = -1, .usage = -1 } };
	if (o->path) {
		snprintf(r->path, PATH_SIZE, "%s", o->path);
	} else if (o->start && strstr(o->start, "{socket}")) {
		snprintf(prefix, sizeof(prefix), "/tmp/iomodels-%d", getpid());
		free_path(r->path, prefix);
	}
	if (o->start && o->path)
		free_path(r->file, o->path);
	else if (o->start)
		strcpy(r->file, r->path);
	if (o->on_path)
		on_path(r, r->path);
	else
		on_port(r, o->address);
}

/* 0: somebody listens there; else -errno.  Where a Unix socket's queue is full,
   somebody does. */
static int knock(const struct running *r)
{
	int unix_socket = r->at.ss_family == AF_UNIX, err = 0;
	int fd = socket(r->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
			(unix_socket ? SOCK_NONBLOCK : 0), 0);

	if (fd < 0 || connect(fd, (const void *)&r->at, r->at_len))
		err = unix_socket && errno == EAGAIN ? 0 : -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* "port 80", or the path. */
static const char *place_of(const struct running *r, char text[PATH_SIZE])
{
	if (r->at.ss_family == AF_UNIX)
		strcpy(text, r->path);
	else
		snprintf(text, PATH_SIZE, "port %d", r->port);
	return text;
}

/* A server that runs already.  If nobody listens on a port, the client says so. */
static int is_there(const struct running *r, char why[300])
{
	int err = r->at.ss_family == AF_UNIX ? knock(r) : 0;
	struct stat file;

	if (!err)
		return 1;
	if (!stat(r->path, &file) && !S_ISSOCK(file.st_mode))
		snprintf(why, 300, "%s is not a socket", r->path);
	else if (err == -EPROTOTYPE)
		snprintf(why, 300, "%s is not a stream socket", r->path);
	else if (err == -ECONNREFUSED)
		snprintf(why, 300, "nobody listens on %s", r->path);
	else
		snprintf(why, 300, "%s: %s", r->path, strerror(-err));
	return 0;
}

/* The command with the port and the path in it. */
static char *command_of(const struct outside *o, const struct running *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	/* A plain command takes the place of the shell. */
	if (f && !strpbrk(o->start, ";&|<>()$`\n="))
		fputs("exec ", f);
	for (const char *at = o->start; f && *at; at++)
		if (!strncmp(at, "{port}", 6)) {
			fprintf(f, "%d", r->port);
			at += 5;
		} else if (!strncmp(at, "{socket}", 8)) {
			fputs(r->path, f);
			at += 7;
		} else {
			fputc(*at, f);
		}
	if (f)
		fclose(f);
	return text;
}

_Noreturn static void become(const char *command, int cpu,
			      const struct running *r, unsigned pad, pid_t parent)
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
	group_enter(&r->group);
	dup2(null, 0);
	dup2(null, 1);
	dup2(r->err_fd, 2);
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

/* As 3 and 4: a group that is held is left alone. */
static void only_keep(int top, int enter)
{
	int a = fcntl(top, F_DUPFD, 5), b = fcntl(enter, F_DUPFD, 5);

	if (dup2(a, 3) < 0)
		close(3);
	if (dup2(b, 4) < 0)
		close(4);
	syscall(SYS_close_range, 5, ~0U, 0);
}

/*
 * All signals are blocked in it; it waits for two of them.
 *
 * It ends as the command did, once the command has failed, or nothing that it has
 * started runs.  On SIGTERM, which the kernel also sends when the parent dies, it
 * ends all that the command has started, removes its socket's file and its group,
 * and ends.
 */
_Noreturn static void keep(const char *text, int cpu, const struct running *r,
			   unsigned pad, pid_t parent)
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
	if (getppid() != parent) {
		group_remove(r->group.top, r->group.name);
		_exit(1);
	}
	command = fork();
	if (!command)
		become(text, cpu, r, pad, self);
	/* What is ours must not stay open because a server runs. */
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	only_keep(r->group.top, r->group.enter);
	while (command > 0 && reap(command, &status) && !status)
		if (sigwaitinfo(&wanted, NULL) == SIGTERM)
			break;
	end_all(command, &status, &wanted);
	if (*r->file)
		unlink(r->file);
	group_end(3, r->group.name);
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

static void look_for_listener(struct running *r)
{
	const struct sockaddr_un *a = (const void *)&r->at;

	r->inode = a->sun_family == AF_UNIX ? listening_at(a->sun_path) :
		   listening_on(r->port);
}

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

enum { LAST = 2048 };			/* bytes of what a server wrote */

/* What it wrote last, or "". */
static const char *wrote(const struct running *r, char text[LAST])
{
	off_t size = lseek(r->err_fd, 0, SEEK_END);
	off_t at = size > LAST - 1 ? size - LAST + 1 : 0;
	ssize_t n = pread(r->err_fd, text, LAST - 1, at);

	text[n > 0 ? n : 0] = 0;
	return telling_line(text);
}

/* What it wrote last, or what became of it. */
static void last_words(const struct running *r, int status, char why[300])
{
	char text[LAST], place[PATH_SIZE];
	const char *line = wrote(r, text);

	if (status && *line)
		snprintf(why, 300, "%.290s", line);
	else
		snprintf(why + ended_with(status, "it", why), 150, " before it "
			 "listened on %s", place_of(r, place));
}

static void not_ready(const struct running *r, char why[300])
{
	int other = listens_elsewhere(r->pid), n;
	char place[PATH_SIZE];

	n = snprintf(why, 200, "nobody listened on %s within %d s",
		     place_of(r, place), READY_MS / 1000);
	if (other)
		snprintf(why + n, 100, "; the server listens on port %d", other);
	else
		snprintf(why + n, 100, "; if it needs longer, start it before, "
			 "and name it with --connect");
}

static int wait_ready(struct running *r, char why[300])
{
	long long until = now_ns() + READY_MS * 1000000LL;
	int status = 0;

	while (knock(r)) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = 0;
			last_words(r, status, why);
			return -1;
		}
		if (measure_stop)
			snprintf(why, 300, "stopped");
		else if (now_ns() > until && r->port && listening_on(r->port))
			snprintf(why, 300, "it listens on port %d, but not at "
				 "127.0.0.1, where compare asks", r->port);
		else if (now_ns() > until)
			not_ready(r, why);
		if (*why)
			return -1;
		pause_ms(LOOK_MS);
	}
	return 0;
}

/* The next server can bind the path. */
static int move_away(struct running *r, char why[300])
{
	if (rename(r->path, r->file)) {
		snprintf(why, 300, "cannot rename %s: %s", r->path,
			 strerror(errno));
		return -1;
	}
	on_path(r, r->file);
	return 0;
}

int outside_start(const struct outside *o, int cpu, struct running *r,
		  char why[300])
{
	char path[] = "/tmp/iomodels-XXXXXX", place[PATH_SIZE], *command;
	unsigned pad = draw(&stat_seed) % PAD;
	sigset_t all, before;
	pid_t self = getpid();

	*why = 0;
	choose_place(o, r);
	if (!o->start) {
		if (!is_there(r, why))
			return -1;
		look_for_listener(r);
		return 0;
	}
	if ((o->port || o->path) && !knock(r)) {
		snprintf(why, 300, "%s is already in use", place_of(r, place));
		return -1;
	}
	r->err_fd = mkostemp(path, O_CLOEXEC);
	unlink(path);
	command = command_of(o, r);
	group_make(&r->group);
	/* Its SIGTERM must not be lost to our handler, which it inherits. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r->pid = r->err_fd < 0 || !command ? -1 : fork();
	if (!r->pid)
		keep(command, cpu, r, pad, self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(command);
	if (r->pid < 0) {
		snprintf(why, 300, "cannot start it: %s", strerror(errno));
		r->pid = 0;
		outside_stop(r);
		return -1;
	}
	if (wait_ready(r, why) || (o->path && move_away(r, why))) {
		outside_stop(r);
		return -1;
	}
	if (group_ns(r->group.usage) <= 0)	/* it could not enter */
		group_close(&r->group);
	look_for_listener(r);
	return 0;
}

/* ---- stop ---- */

/* In another PID namespace its number says nothing, but a listener does. */
static int is_left(const char *name, struct running *r)
{
	struct stat file;
	int pid, end = 0;

	sscanf(name, "iomodels-%d.%*3[0-9]%n", &pid, &end);
	if (!end || name[end] || !kill(pid, 0) || errno != ESRCH)
		return 0;
	snprintf(r->path, PATH_SIZE, "/tmp/%.60s", name);
	on_path(r, r->path);
	return !lstat(r->path, &file) && S_ISSOCK(file.st_mode) &&
	       knock(r) == -ECONNREFUSED;
}

void outside_clean_up(void)
{
	DIR *d = opendir("/tmp");
	struct dirent *e;
	struct running r;

	while (d && (e = readdir(d)))
		if (is_left(e->d_name, &r))
			unlink(r.path);
	if (d)
		closedir(d);
}

/* Its client saw it before its keeper did. */
int outside_ended(struct running *r, char why[300])
{
	int status = 0, n;
	char text[LAST];
	const char *line;

	for (int i = 0; r->pid && i < ENDS_MS / LOOK_MS; i++) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = 0;
			n = ended_with(status, "the server", why);
			line = wrote(r, text);
			if (*line)
				snprintf(why + n, 300 - n, "; it wrote: %.200s",
					 line);
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
	/* Its keeper has removed these, unless that was killed. */
	if (*r->file)
		unlink(r->file);
	*r->file = 0;
	group_end(r->group.top, r->group.name);
	*r->group.name = 0;
	group_close(&r->group);
}
