/* SPDX-License-Identifier: MIT */
/*
 * evidence_test.c - what the kernel itself counts of the models (with libc)
 *
 * strace counts what it sees; these tests ask the kernel: perf_event_open(2)
 * on the tracepoint raw_syscalls:sys_enter, and signal:signal_generate in a
 * tracefs instance of our own.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <dirent.h>
#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "tap.h"
#include "../../lab/probe.h"
#include "../../lab/scenario.h"

#define TRACEFS "/sys/kernel/tracing"

/* Mounted for this process alone where it is not mounted for all. */
static void need_tracefs(void)
{
	if (!access(TRACEFS "/events/signal", R_OK))
		return;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL,
					  MS_REC | MS_PRIVATE, NULL) ||
	    mount("nodev", TRACEFS, "tracefs", 0, NULL))
		SKIP("tracefs may not be read here (%s): run as root",
		     strerror(errno));
}

static void start(struct server *s, const char *name, const char *service)
{
	struct lab_options o = { .service = service };
	const struct program *p = program_find(name);
	char *path = program_path(p), why[256];

	if (!path)
		SKIP("%s is not built", name);
	free(path);
	if (probe_program(p, why))
		SKIP("%s", why);
	if (server_start(s, p, &o))
		FAIL("%s", s->err.at);
}

/* ---- system calls per echo ---- */

enum { BUSY = 128, THREADS = 64 };

struct counter {
	int fds[THREADS], n;
};

/* Count the system calls of every thread of pid from now on. */
static void count_begin(struct counter *c, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
	};
	char path[64];
	FILE *f = fopen(TRACEFS "/events/raw_syscalls/sys_enter/id", "re");
	struct dirent *e;
	DIR *tasks;

	if (!f || fscanf(f, "%llu", &attr.config) != 1)
		SKIP("no tracepoint raw_syscalls:sys_enter in this kernel");
	fclose(f);
	c->n = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (e = readdir(tasks)) && c->n < THREADS) {
		if (e->d_name[0] == '.')
			continue;
		c->fds[c->n] = syscall(SYS_perf_event_open, &attr,
				       atoi(e->d_name), -1, -1,
				       PERF_FLAG_FD_CLOEXEC);
		if (c->fds[c->n] < 0)
			SKIP("perf_event_open: %s (kernel.perf_event_paranoid)",
			     strerror(errno));
		c->n++;
	}
	closedir(tasks);
}

static long count_end(struct counter *c)
{
	unsigned long long sum = 0, one;

	for (int i = 0; i < c->n; i++) {
		ASSERT_EQ((long)sizeof(one), read(c->fds[i], &one, sizeof(one)));
		sum += one;
		close(c->fds[i]);
	}
	return sum;
}

static int join(const struct server *s)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = ASSERT_GE(socket(AF_INET, SOCK_STREAM, 0), 0);

	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	return fd;
}

static void echo(int fd)
{
	char c = 'x';

	ASSERT_EQ(1, send(fd, &c, 1, 0));
	ASSERT_EQ(1, recv(fd, &c, 1, 0));
}

/*
 * n echoes on one connection.  The first and the last are not counted whole,
 * since the server may still be at the end of one: one echo's calls more.
 */
static void calls_alone(const char *name, int per_echo)
{
	enum { ECHOES = 200 };
	struct counter c;
	struct server s;
	long calls;
	int fd;

	need_tracefs();
	start(&s, name, "echo");
	fd = join(&s);
	echo(fd);
	count_begin(&c, s.server_pid);
	for (int i = 0; i < ECHOES; i++)
		echo(fd);
	calls = count_end(&c);
	EXPECT_LE(calls, ECHOES * per_echo + per_echo);
	EXPECT_GE(calls, ECHOES * per_echo - per_echo);
	close(fd);
	server_free(&s);
}

TEST(one_connection_epoll) { calls_alone("epoll", 3); }
TEST(one_connection_poll) { calls_alone("poll", 3); }
TEST(one_connection_select) { calls_alone("select", 3); }
TEST(one_connection_callback) { calls_alone("callback", 3); }
TEST(one_connection_coroutine) { calls_alone("coroutine", 3); }
TEST(one_connection_blocking_thread) { calls_alone("blocking_thread", 2); }

/*
 * BUSY connections that all have said something when the server looks: it is
 * stopped while they speak.  Being continued costs it one EINTR a round.
 */
static void calls_busy(const char *name)
{
	enum { ROUNDS = 20 };
	struct counter c;
	struct server s;
	int fds[BUSY], status;
	long calls;
	char byte = 'x';

	need_tracefs();
	start(&s, name, "echo");
	for (int i = 0; i < BUSY; i++) {
		fds[i] = join(&s);
		echo(fds[i]);
	}
	count_begin(&c, s.server_pid);
	for (int round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, kill(s.server_pid, SIGSTOP));
		ASSERT_EQ(s.server_pid,
			  waitpid(s.server_pid, &status, WUNTRACED));
		for (int i = 0; i < BUSY; i++)
			ASSERT_EQ(1, send(fds[i], &byte, 1, 0));
		ASSERT_EQ(0, kill(s.server_pid, SIGCONT));
		for (int i = 0; i < BUSY; i++)
			ASSERT_EQ(1, recv(fds[i], &byte, 1, 0));
	}
	calls = count_end(&c);
	/* 2.1 per echo */
	EXPECT_LE(10 * calls, 21 * ROUNDS * BUSY);
	EXPECT_GE(calls, 2 * ROUNDS * BUSY);
	for (int i = 0; i < BUSY; i++)
		close(fds[i]);
	server_free(&s);
}

TEST(busy_connections_epoll) { calls_busy("epoll"); }
TEST(busy_connections_poll) { calls_busy("poll"); }
TEST(busy_connections_select) { calls_busy("select"); }
TEST(busy_connections_callback) { calls_busy("callback"); }
TEST(busy_connections_coroutine) { calls_busy("coroutine"); }

/* ---- the signals that a naive server loses ---- */

/*
 * A tracefs instance, named for the process that made it.  One whose process
 * is gone was left by a test that crashed.
 */
FIXTURE(tracing) {
	char unused;
};
static char instance[256];

static void remove_left_over(void)
{
	DIR *instances = opendir(TRACEFS "/instances");
	struct dirent *e;
	int pid;

	while (instances && (e = readdir(instances)))
		if (sscanf(e->d_name, "iomodels-%d", &pid) == 1 &&
		    kill(pid, 0) && errno == ESRCH) {
			snprintf(instance, sizeof(instance),
				 TRACEFS "/instances/iomodels-%d", pid);
			rmdir(instance);
		}
	closedir(instances);
}

FIXTURE_SETUP(tracing)
{
	self->unused = 0;
	need_tracefs();
	remove_left_over();
	snprintf(instance, sizeof(instance), TRACEFS "/instances/iomodels-%d",
		 getpid());
	if (mkdir(instance, 0700))
		SKIP("%s: %s", instance, strerror(errno));
}

FIXTURE_TEARDOWN(tracing)
{
	self->unused = 0;
	rmdir(instance);
}

static void put(const char *file, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		SKIP("%s: %s", path, strerror(errno));
	close(fd);
}

/*
 * Record every SIGIO that the kernel generates for a socket; the one that the
 * server sends itself when it is stopped (kill, SI_USER) is not one of them.
 */
static void record_sigio(void)
{
	put("events/signal/signal_generate/filter", "sig == 29 && code != 0");
	put("events/signal/signal_generate/enable", "1");
	put("tracing_on", "1");
}

/* How many of them, sent to pid, came to nothing: one was pending already. */
static int sigio_lost(pid_t pid)
{
	char path[300], line[512], to[32];
	int n = 0;
	FILE *f;

	put("tracing_on", "0");
	snprintf(path, sizeof(path), "%s/trace", instance);
	snprintf(to, sizeof(to), " pid=%d ", pid);
	f = fopen(path, "re");
	ASSERT_TRUE(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, to) && strstr(line, " res=2");
	fclose(f);
	return n;
}

static int lines(const struct server *s)
{
	int n = 0;

	for (const char *at = s->out.at; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

enum { CROWD = 200 };

/* All connect before the server may run, and all have said their word. */
static void crowd(struct server *s)
{
	int fd, status, unacknowledged;

	ASSERT_EQ(0, kill(s->server_pid, SIGSTOP));
	ASSERT_EQ(s->server_pid, waitpid(s->server_pid, &status, WUNTRACED));
	for (int i = 0; i < CROWD; i++) {
		fd = join(s);
		ASSERT_EQ(5, send(fd, "hello", 5, 0));
		/* Then the server's side has its connection, and SIGIO. */
		do
			ASSERT_EQ(0, ioctl(fd, SIOCOUTQ, &unacknowledged));
		while (unacknowledged);
		close(fd);
	}
	ASSERT_EQ(0, kill(s->server_pid, SIGCONT));
}

/*
 * 200 connections, 200 times SIGIO, but it is pending once: 199 times the
 * kernel says "already pending" (res=2), and a server that accepts one
 * connection per signal has accepted one.  The others sit in the backlog when it stops.
 */
TEST_F(tracing, naive_sigio_loses_what_the_kernel_coalesces)
{
	struct server s;

	record_sigio();
	start(&s, "sigio_tcp_naive", "print");
	crowd(&s);
	while (!lines(&s)) {
		struct pollfd p = { .fd = s.out_fd, .events = POLLIN };

		ASSERT_GT(poll(&p, 1, 5000), 0);
		server_drain(&s);
	}
	EXPECT_EQ(0, server_stop(&s));
	EXPECT_EQ(CROWD - 1, sigio_lost(s.server_pid));
	EXPECT_EQ(1, lines(&s));
	server_free(&s);
}

/* As many signals are lost, but no connection: sigio_tcp drains the backlog. */
TEST_F(tracing, draining_sigio_loses_no_connection)
{
	struct server s;

	record_sigio();
	start(&s, "sigio_tcp", "print");
	crowd(&s);
	while (lines(&s) < CROWD) {
		struct pollfd p = { .fd = s.out_fd, .events = POLLIN };

		ASSERT_GT(poll(&p, 1, 5000), 0);
		server_drain(&s);
	}
	EXPECT_EQ(0, server_stop(&s));
	EXPECT_GE(sigio_lost(s.server_pid), CROWD - 1);
	EXPECT_EQ(CROWD, lines(&s));
	server_free(&s);
}
