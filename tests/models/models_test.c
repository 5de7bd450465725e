/* SPDX-License-Identifier: MIT */
/*
 * models_test.c - every scenario against every model that claims it (with libc)
 *
 *     models_test -l              lists MODEL/SCENARIO/SERVICE and the rest
 *     models_test '*crowd*'       runs some
 *
 * IOMODELS_PROGRAMS=DIR tests the programs DIR/models/NAME, those of another
 * architecture, under IOMODELS_WRAPPER="qemu-aarch64"; points that look at
 * the server through /proc are then skipped.  IOMODELS_SOAK=1 repeats crowd
 * 50 times and makes 10,000 connections where 2,000 are usual.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include "lab.h"
#include "probe.h"
#include "scenario.h"
#include "tap.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1			/* and so are the programs with libc */
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

enum { ANSWER_MS = 10000, STOP_MS = 5000 };

/* A test of one model. */
struct point {
	const struct program *p;
	const struct scenario *c;	/* NULL: not a scenario */
	const char *service;
};

static char *wrapper[8];		/* empty: none */
static int soak;

/* ---- a server ---- */

static void show(const char *what, const struct text *t)
{
	const char *end = t->at + t->len, *at = end;

	for (int lines = 0; at > t->at && lines < 5; lines += at[-1] == '\n')
		at--;
	if (t->len)
		SAY("%s ends: %.400s", what, at);
}

/* What the kernel, or a filter, refuses p is not a fault of p: 1, and why. */
static int refused(const struct program *p, char why[256])
{
	if (!wrapper[0])
		return probe_program(p, why) != 0;
	snprintf(why, 256, "qemu-user has no io_uring");
	return !!(p->flags & RING);
}

static void serve_with(struct server *s, const struct program *p,
		       struct lab_options *o)
{
	char *path = program_path(p), why[256];

	if (!path)
		SKIP("not built");
	free(path);
	if (refused(p, why))
		SKIP("%s", why);
	o->wrapper = wrapper[0] ? wrapper : NULL;
	if (!server_start(s, p, o))
		return;
	s->err.at[strcspn(s->err.at, "\n")] = 0;
	if (strstr(s->err.at, "ENOSYS"))	/* qemu, or a smaller kernel */
		SKIP("%s", s->err.at);
	FAIL("%s", s->err.at);
}

static void serve(struct server *s, const struct program *p,
		  const char *service)
{
	struct lab_options o = { .service = service };

	serve_with(s, p, &o);
}

static void skip_wrapped(void)
{
	if (wrapper[0])
		SKIP("the test reads /proc of the server, which shows %s",
		     wrapper[0]);
}

/* The number that follows name in /proc/PID/file, or -1. */
static long proc_number(pid_t pid, const char *file, const char *name, int base)
{
	char path[64], line[256];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	f = fopen(path, "re");
	while (f && n < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			n = strtol(line + strlen(name), NULL, base);
	if (f)
		fclose(f);
	return n;
}

static int descriptors(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = -2;			/* . and .. */

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* ---- a client, as a beginner would write it ---- */

static int client_of(int port, int type)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	int fd = ASSERT_GE(socket(AF_INET, type | SOCK_CLOEXEC, 0), 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (void *)&a, sizeof(a))) {
		close(fd);
		return -errno;
	}
	return fd;
}

static int client(const struct server *s)
{
	int udp = s->program->flags & UDP;

	return ASSERT_GE(client_of(s->port, udp ? SOCK_DGRAM : SOCK_STREAM), 0);
}

static void tell(int fd, const void *data, size_t len)
{
	ASSERT_EQ(len, send(fd, data, len, MSG_NOSIGNAL));
}

/* The bytes come back; the rest of them, when TCP cuts. */
static void hear(int fd, const char *text)
{
	char buf[256];
	size_t len = strlen(text);

	ASSERT_EQ(len, recv(fd, buf, len, MSG_WAITALL));
	ASSERT_EQ(0, memcmp(buf, text, len));
}

static void hear_end(int fd)
{
	char c;

	ASSERT_EQ(0, recv(fd, &c, 1, 0));
}

/* Until fd has something to say, read what the server prints. */
static void keep_reading(struct server *s, int fd)
{
	struct pollfd f[2] = { { fd, POLLIN, 0 }, { .events = POLLIN } };

	do {
		f[1].fd = s->out_fd;
		if (!poll(f, 2, ANSWER_MS))
			return;
		server_drain(s);
	} while (!f[0].revents);
}

/* A whole message to a print server; its end is seen when it is printed. */
static void message(struct server *s, const void *data, size_t len)
{
	int fd = client(s);

	tell(fd, data, len);
	if (!(s->program->flags & UDP)) {
		ASSERT_EQ(0, shutdown(fd, SHUT_WR));
		keep_reading(s, fd);
		hear_end(fd);
	}
	close(fd);
}

static void wait_for(struct server *s, struct text *t, const char *what)
{
	for (int ms = 0; !strstr(t->at, what); ms++) {
		if (ms == ANSWER_MS)
			FAIL("\"%s\" did not come out; there is: %.200s", what,
			     t->at);
		poll(NULL, 0, 1);
		server_drain(s);
	}
}

/* ---- the scenarios ---- */

/* The line about an accept4 that failed; a server prints it once. */
static const char *says_that_peers_wait(const struct program *p,
					const char *error)
{
	static char line[128];

	snprintf(line, sizeof(line), "%s: accept: %s; new peers wait%s\n",
		 p->name, error, strcmp(error, "EMFILE") ? "" :
		 " until a descriptor is free (ulimit -n)");
	return line;
}

static void scenario(void *arg)
{
	const struct point *t = arg;
	struct lab_options o = { .service = t->service, .nofile = t->c->nofile };
	int times = soak && !strcmp(t->c->name, "crowd") ? 50 : 1;
	struct server s;
	char why[256];
	int err = 0, status;

	if (t->c->nofile)
		skip_wrapped();
	serve_with(&s, t->p, &o);
	for (int i = 0; i < times && !err; i++)
		err = t->c->play(&s, why);
	if (err)
		SAY("%s", why);
	EXPECT_EQ(0, err);
	/* Reading on ends blocking_once; the others are asked to end. */
	status = t->p->flags & ONCE && !err ? server_wait(&s, STOP_MS)
					     : server_stop(&s);
	EXPECT_EQ(0, status);
	if (!strcmp(s.service, "print") && !err &&
	    !scenario_printed_all(t->c, &s, why))
		FAIL("%s", why);
	/* These accept into a table of the ring, not into descriptors. */
	if (t->c->nofile && !strstr(t->p->name, "uring_multishot") &&
	    !strstr(t->p->name, "uring_fast"))
		EXPECT_STR(says_that_peers_wait(t->p, "EMFILE"),
			   strchr(s.err.at, '\n') + 1);
	/* Where no peer misbehaves there is nothing to report. */
	else if (strcmp(t->c->name, "reset"))
		EXPECT_STR("", strchr(s.err.at, '\n') + 1);
	if (err || status)
		show("stderr", &s.err);
	server_free(&s);
}

/* ---- the end: SIGTERM, SIGINT ---- */

static void ends_on(const struct program *p, int sig)
{
	struct server s;

	serve(&s, p, "echo");
	ASSERT_EQ(0, kill(s.server_pid, sig));
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	EXPECT_STR("", strchr(s.err.at, '\n') + 1);
	server_free(&s);
}

/* With nobody connected it ends at once, and in silence. */
static void signals_end_it(void *arg)
{
	const struct point *t = arg;

	ends_on(t->p, SIGTERM);
	ends_on(t->p, SIGINT);
}

/* A peer in the middle of a message has time to end it; nobody else comes. */
static void finishes_what_is_in_hand(void *arg)
{
	const struct point *t = arg;
	struct server s;
	int fd, late, tries = 0;

	serve(&s, t->p, "echo");
	fd = client(&s);
	tell(fd, "before", 6);
	hear(fd, "before");
	ASSERT_EQ(0, kill(s.server_pid, SIGTERM));
	/* The signal is on its way; a client that comes now is reset. */
	while ((late = client_of(s.port, SOCK_STREAM)) != -ECONNREFUSED) {
		if (late >= 0)
			close(late);
		else
			ASSERT_ERR(-ECONNRESET, late);
		ASSERT_LT(tries++, ANSWER_MS);
		poll(NULL, 0, 1);
	}
	tell(fd, "after", 5);
	hear(fd, "after");
	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	hear_end(fd);
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	EXPECT_STR("", strchr(s.err.at, '\n') + 1);
	server_free(&s);
}

/* Connects and goes, until nobody listens; after the hundredth it says so. */
static void knock(int port, int say)
{
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int n = 1; (fd = client_of(port, SOCK_STREAM)) != -ECONNREFUSED;
	     n++) {
		if (fd >= 0)
			close(fd);
		if (n == 100 && write(say, "x", 1) != 1)
			break;
	}
	_exit(0);
}

/* However fast connections come, one after the other, it ends when asked to. */
static void ends_while_they_come(void *arg)
{
	enum { PEERS = 3 };
	const struct point *t = arg;
	struct server s;
	pid_t pid[PEERS];
	int told[2], status;
	char c;

	serve(&s, t->p, "echo");
	ASSERT_EQ(0, pipe(told));
	for (int i = 0; i < PEERS; i++) {
		pid[i] = ASSERT_GE(fork(), 0);
		if (!pid[i])
			knock(s.port, told[1]);
	}
	close(told[1]);
	for (int i = 0; i < PEERS; i++)
		ASSERT_EQ(1, read(told[0], &c, 1));
	ASSERT_EQ(0, kill(s.server_pid, SIGTERM));
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	for (int i = 0; i < PEERS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], &status, 0);
	}
	server_free(&s);
}

/*
 * A peer that stays silent has two seconds, then it ends all the same.  All
 * models at once, since each takes its two seconds.
 */
TEST_TIMEOUT(a_silent_peer_delays_the_end_by_two_seconds, 30)
{
	struct lab_options o = {
		.service = "echo",
		.wrapper = wrapper[0] ? wrapper : NULL,
	};
	static struct server s[64];
	int n = 0, fd[64];

	for (const struct program *p = programs; p->name; p++) {
		char *path = program_path(p), why[256];

		if (p->flags & (UDP | FILES) || !path || n == 64 ||
		    refused(p, why))
			continue;
		free(path);
		if (server_start(&s[n], p, &o)) {
			SAY("left out: %s", s[n].err.at);
			continue;
		}
		fd[n] = client(&s[n]);
		tell(fd[n], "x", 1);
		hear(fd[n], "x");	/* so it has been accepted */
		n++;
	}
	if (!n)
		SKIP("not built");
	for (int i = 0; i < n; i++)
		ASSERT_EQ(0, kill(s[i].server_pid, SIGTERM));
	for (int i = 0; i < n; i++) {
		int status = server_wait(&s[i], STOP_MS);

		if (status || !strstr(s[i].err.at, "two seconds"))
			SAY("%s: status %d: %s", s[i].program->name, status,
			    s[i].err.at);
		EXPECT_EQ(0, status);
		EXPECT_TRUE(strstr(s[i].err.at, "two seconds"));
	}
}

/* Send without an end; another process takes what comes back. */
static void flood(int fd)
{
	static char bytes[1 << 16];

	if (fork())
		while (write(fd, bytes, sizeof(bytes)) > 0)
			;
	else
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
	_exit(0);
}

/* Peers that never let EAGAIN come do not keep the signal out. */
TEST_TIMEOUT(floods_delay_the_end_by_two_seconds, 60)
{
	static const char *const drain[] = {
		"epoll_et", "sigio_tcp", "sigio_queued",
	};

	for (int i = 0; i < 3; i++) {
		struct server s;
		int fd;

		serve(&s, program_find(drain[i]), "echo");
		for (int n = 0; n < 4; n++) {
			fd = client(&s);	/* here: it might come too late */
			if (!fork())
				flood(fd);
			close(fd);
		}
		fd = client(&s);
		for (int n = 0; n < 30; n++) {	/* it gets its turn */
			tell(fd, "x", 1);
			hear(fd, "x");
		}
		EXPECT_EQ(0, server_stop(&s));
		close(fd);
		server_free(&s);
		while (wait(NULL) > 0)
			;
	}
}

/* ---- output that nobody can take ---- */

static void output_fails(const struct program *p, int out, const char *errno_text)
{
	struct lab_options o = { .stdout_fd = out };
	struct server s;
	int fd;

	serve_with(&s, p, &o);
	fd = client(&s);
	tell(fd, "hello", 5);
	close(fd);
	EXPECT_EQ(1, server_wait(&s, STOP_MS));
	if (!strstr(s.err.at, "write to stdout") ||
	    !strstr(s.err.at, errno_text))
		FAIL("%s is not reported: %s", errno_text, s.err.at);
	server_free(&s);
}

static void closed_output_ends_it(void *arg)
{
	const struct point *t = arg;
	int pipe[2];

	ASSERT_EQ(0, pipe2(pipe, O_CLOEXEC));
	close(pipe[0]);
	output_fails(t->p, pipe[1], "EPIPE");
	output_fails(t->p, open("/dev/full", O_WRONLY | O_CLOEXEC), "ENOSPC");
}

/* ---- arguments that cannot be served ---- */

static int closed = -1;			/* what run() closes before */

/* Run it to its end; its exit status, and the one line that it wrote. */
static int run(const struct program *p, const char *option, const char *value,
	       char line[512])
{
	char *path = program_path(p), *args[16];
	int out[2], n = 0, status = 0;
	ssize_t len, got = 0;
	pid_t pid;

	if (!path)
		SKIP("not built");
	for (; wrapper[n]; n++)
		args[n] = wrapper[n];
	args[n++] = path;
	args[n++] = (char *)option;
	args[n++] = (char *)value;
	args[n] = NULL;
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		dup2(out[1], 2);
		close(closed);
		execvp(args[0], args);
		_exit(127);
	}
	close(out[1]);
	while (got < 511 && (len = read(out[0], line + got, 511 - got)) > 0) {
		got += len;
		if (memchr(line, '\n', got) && strstr(line, ": serving "))
			kill(pid, SIGKILL);	/* it should not have */
	}
	line[got] = 0;
	close(out[0]);
	waitpid(pid, &status, 0);
	EXPECT_TRUE(strchr(line, '\n') && !strchr(line, '\n')[1]);
	free(path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_IN(text, line) do {					\
	if (!strstr(line, text)) {					\
		SAY("no \"%s\" in: %s", text, line);			\
		EXPECT_TRUE(strstr(line, text));			\
	}								\
} while (0)

/* One line that names the call and the errno; 1, or 2 for a wrong usage. */
static void refuses_bad_arguments(void *arg)
{
	const struct point *t = arg;
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int udp = t->p->flags & UDP;
	char port[16], line[512] = "", why[256];
	int fd;

	if (refused(t->p, why))
		SKIP("%s", why);
	fd = ASSERT_GE(socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0), 0);
	ASSERT_EQ(0, bind(fd, (void *)&a, sizeof(a)));
	if (!udp)
		ASSERT_EQ(0, listen(fd, 1));
	ASSERT_EQ(0, getsockname(fd, (void *)&a, &len));
	snprintf(port, sizeof(port), "%d", ntohs(a.sin_port));

	EXPECT_EQ(1, run(t->p, "--port", port, line));
	EXPECT_IN("bind", line);
	EXPECT_IN(port, line);
	EXPECT_IN("EADDRINUSE", line);
	EXPECT_EQ(1, run(t->p, "--bind", "192.0.2.1", line));
	EXPECT_IN("bind 192.0.2.1", line);
	EXPECT_IN("EADDRNOTAVAIL", line);
	EXPECT_EQ(1, run(t->p, "--bind", "nonsense", line));
	EXPECT_IN("nonsense", line);
	EXPECT_EQ(2, run(t->p, "--port", "65536", line));
	EXPECT_IN("65536", line);
	EXPECT_EQ(2, run(t->p, "--service", "dance", line));
	EXPECT_IN("dance", line);
	EXPECT_EQ(2, run(t->p, "--nonsense", NULL, line));
	EXPECT_IN("--nonsense", line);
}

/* Else the listener, or a peer, would have the number of stdout. */
static void refuses_a_closed_stdout(void *arg)
{
	const struct point *t = arg;
	char line[512] = "";

	if (wrapper[0])
		SKIP("the wrapper opens descriptors of its own");
	closed = 1;
	EXPECT_EQ(1, run(t->p, "--port", "0", line));
	EXPECT_IN("descriptor 1 is closed", line);
}

/* The server inherits many descriptors: the listener's has no place. */
TEST(a_listener_beyond_the_tables_is_refused)
{
	enum { CONNS = 16384 };			/* of models/server_options.h */
	static const char *const names[] = { "epoll", "poll", "callback",
					     "native_aio_poll" };
	struct rlimit l;
	char line[512];

	if (wrapper[0])
		SKIP("the wrapper opens descriptors of its own");
	getrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_max < CONNS + 100)
		SKIP("RLIMIT_NOFILE is %ld, the test needs %d (ulimit -Hn)",
		     (long)l.rlim_max, CONNS + 100);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	while (ASSERT_GE(dup(0), 0) < CONNS)
		;
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(1, run(program_find(names[i]), "--port", "0", line));
		EXPECT_IN("fewer open descriptors", line);
	}
}

/* ---- what is printed ---- */

/* One line per message, whatever is in it; the terminal sees no control. */
static void prints_safely(void *arg)
{
#define SAID(text) text, sizeof(text) - 1
	static const struct { const char *said; int len; const char *printed; } said[] = {
		{ SAID("plain"), " plain\n" },
		{ SAID("\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80 \xc3\xa9"),
		  " \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80 \xc3\xa9\n" },
		{ SAID("a\x1b[31mred"), " a\\x1b[31mred\n" },
		{ SAID("nul\0in it"), " nul\\x00in it\n" },
		{ SAID("bell\a back\b del\x7f"), " bell\\x07 back\\x08 del\\x7f\n" },
		{ SAID("two\nlines\r\ttab"), " two\\nlines\\r\\ttab\n" },
		{ SAID("csi \xc2\x9b""31m"), " csi \\xc2\\x9b31m\n" },
		{ SAID("lone \x9b c1"), " lone \\x9b c1\n" },
		{ SAID("cut \xe4\xbd"), " cut \\xe4\\xbd\n" },
		{ SAID("long \xc0\xaf way"), " long \\xc0\\xaf way\n" },
		{ SAID("half \xed\xa0\x80"), " half \\xed\\xa0\\x80\n" },
		{ SAID("far \xf4\x90\x80\x80"), " far \\xf4\\x90\\x80\\x80\n" },
		{ SAID("\xff\xfe"), " \\xff\\xfe\n" },
	};
	const struct point *t = arg;
	struct server s;

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		/* blocking_once prints one and ends; try each on a new one. */
		if (i == 0 || t->p->flags & ONCE)
			serve(&s, t->p, "print");
		message(&s, said[i].said, said[i].len);
		wait_for(&s, &s.out, said[i].printed);
		if (t->p->flags & ONCE)
			server_free(&s);
	}
}

/* Messages up to --max-message are printed whole; beyond, they are refused. */
static void refuses_long_messages(void *arg)
{
	const struct point *t = arg;
	int udp = t->p->flags & UDP;
	size_t max = udp ? 20000 : 100000;
	struct lab_options o = { .max_message = udp ? "20000" : "100000" };
	char *text = malloc(max + 1), c;
	struct server s;
	ssize_t n;
	int fd;

	memset(text, 'x', max + 1);
	serve_with(&s, t->p, &o);
	if (!(t->p->flags & ONCE)) {
		message(&s, text, max);
		wait_for(&s, &s.out, "x\n");
		ASSERT_GE(s.out.len, max);
	}
	fd = client(&s);
	tell(fd, text, max + 1);
	wait_for(&s, &s.err, "max-message");
	if (!udp) {			/* closed, and told nothing */
		n = recv(fd, &c, 1, 0);
		EXPECT_LE(n, 0);
		EXPECT_TRUE(!n || errno == ECONNRESET);	/* EAGAIN: it waits */
	}
	close(fd);
	if (!(t->p->flags & ONCE)) {
		message(&s, "others", 6);
		wait_for(&s, &s.out, " others\n");
	}
	EXPECT_EQ(0, t->p->flags & ONCE ? server_wait(&s, STOP_MS)
					: server_stop(&s));
	EXPECT_TRUE(!strstr(s.err.at, "others"));
	if (t->p->flags & ONCE)
		EXPECT_EQ(0, s.out.len);
	server_free(&s);
}

/* ---- nothing grows ---- */

struct size { long rss, size, fds, threads; };

static struct size size_of(const struct server *s)
{
	return (struct size){
		.rss = proc_number(s->pid, "smaps_rollup", "Rss:", 10),
		.size = proc_number(s->pid, "status", "VmSize:", 10),
		.fds = descriptors(s->pid),
		.threads = proc_number(s->pid, "status", "Threads:", 10),
	};
}

static void come_and_go(struct server *s, int times)
{
	for (int i = 0; i < times; i++) {
		int fd = client(s);

		tell(fd, "hello", 5);
		hear(fd, "hello");
		if (!(s->program->flags & UDP)) {
			shutdown(fd, SHUT_WR);
			hear_end(fd);
		}
		close(fd);
		server_drain(s);
	}
}

/* Connections one after the other leave nothing behind. */
static void nothing_grows(void *arg)
{
	const struct point *t = arg;
	int hosted = t->p->flags & HOSTED, settled = 0;
	struct size before, after;
	struct server s;

	skip_wrapped();
	if (hosted && SANITIZED)
		SKIP("AddressSanitizer keeps what has been freed");
	serve(&s, t->p, "echo");
	come_and_go(&s, 500);
	before = size_of(&s);
	come_and_go(&s, soak ? 10000 : 2000);
	/* The last thread may still be on its way out. */
	for (int ms = 0; ms < ANSWER_MS && !settled; ms++) {
		after = size_of(&s);
		settled = after.threads <= before.threads &&
			  after.fds <= before.fds &&
			  (after.size <= before.size || hosted);
		poll(NULL, 0, !settled);
	}
	EXPECT_GT(before.rss, 0);
	EXPECT_LE(after.rss, before.rss + (hosted ? 1024 : 64));	/* kB */
	/* libc may reserve an arena of 64 MiB for a new thread, unused. */
	if (!hosted)
		EXPECT_LE(after.size, before.size);
	EXPECT_LE(after.fds, before.fds);
	EXPECT_LE(after.threads, before.threads);
	EXPECT_EQ(0, server_stop(&s));
	server_free(&s);
}

/* ---- peers that do not read, that reset, that wait ---- */

/*
 * SMALL	buffers of sockets: a peer that does not read is soon owed
 *		something
 * TAKES_MAX	a server that takes more of such a peer has no limit
 * RINGS_KB	memory that may be touched for the first time: the buffers of
 *		a ring, which the kernel uses in turn
 */
enum { SMALL = 16 << 10, TAKES_MAX = 32 << 20, RINGS_KB = 6 << 10 };
enum { WINDOW_MS = 200 };

/* A server on a socket of ours, whose connections have small send buffers. */
static void serve_small(struct server *s, const struct program *p,
			const char *service)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct lab_options o = { .service = service };
	socklen_t len = sizeof(a);
	int size = SMALL, on = 1;

	o.listen_fd = ASSERT_GE(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
				0);
	setsockopt(o.listen_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(o.listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	ASSERT_EQ(0, bind(o.listen_fd, (void *)&a, sizeof(a)));
	ASSERT_EQ(0, getsockname(o.listen_fd, (void *)&a, &len));
	ASSERT_EQ(0, listen(o.listen_fd, SOMAXCONN));
	serve_with(s, p, &o);
	s->port = ntohs(a.sin_port);
	close(o.listen_fd);
}

/* Microseconds of processor time of all its threads. */
static long cpu_us(const struct server *s)
{
	struct timespec t = { 0 };
	clockid_t clock;

	ASSERT_EQ(0, clock_getcpuclockid(s->server_pid, &clock));
	ASSERT_EQ(0, clock_gettime(clock, &t));
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/*
 * Nothing can be done for anybody, so every thread of it sleeps, and it uses
 * as little of the processor as an idle server of its kind does meanwhile.
 */
static void expect_rest(struct server *s, const struct server *idle,
			const char *when)
{
	long used, by_idle;

	if (server_settle(s))
		FAIL("%s it does not become idle", when);
	used = cpu_us(s);
	by_idle = cpu_us(idle);
	poll(NULL, 0, WINDOW_MS);
	used = cpu_us(s) - used;
	by_idle = cpu_us(idle) - by_idle;
	if (used > 4 * by_idle + WINDOW_MS * 1000 / 50)
		FAIL("%s it used %ld us of the processor, an idle server %ld",
		     when, used, by_idle);
}

/* What a stalled peer says: which byte is in which place can be seen. */
static char said_at(size_t at)
{
	return at * 2654435761u >> 21;
}

/* A peer with small buffers that does not read. */
static int mute_client(const struct server *s)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	int size = SMALL;
	int fd = ASSERT_GE(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	return fd;
}

/* Say what there is room for, of the bytes from `from` on; how many it was. */
static size_t say_some(int fd, size_t from)
{
	char buf[4096];
	size_t said = 0;
	ssize_t n;

	for (;;) {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = said_at(from + said + i);
		n = send(fd, buf, sizeof(buf), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0) {
			ASSERT_EQ(EAGAIN, errno);
			return said;
		}
		said += n;
		if (from + said > TAKES_MAX)
			FAIL("it takes more than %d MiB of a peer that does "
			     "not read", TAKES_MAX >> 20);
	}
}

/* Say all that n peers can say without reading; said[i] counts it. */
static void say_until_stuck(struct server *s, const int *fd, size_t *said,
			    int n)
{
	size_t more;

	do {
		more = 0;
		for (int i = 0; i < n; i++) {
			size_t now = say_some(fd[i], said[i]);

			said[i] += now;
			more += now;
		}
		if (server_settle(s))
			FAIL("it does not become idle while %d peers do not "
			     "read", n);
	} while (more);
}

/* Now it reads: all that it has said comes back, and then the end. */
static void hear_all(int fd, size_t said)
{
	char buf[4096];
	size_t heard = 0;
	ssize_t n;

	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != said_at(heard + i))
				FAIL("byte %zu of %zu came back wrong",
				     heard + i, said);
		heard += n;
	}
	ASSERT_EQ(0, n);
	ASSERT_EQ(said, heard);
	close(fd);
}

/*
 * Many peers say all they can and read nothing.  The server rests, serves the
 * others, and when they read they have all of it back.
 */
static void peers_that_do_not_read(void *arg)
{
	enum { PEERS = 50 };
	const struct point *t = arg;
	int alone = t->p->flags & (ONCE | SERIAL | LOSES);
	int n = alone ? 1 : PEERS, fd[PEERS], fds;
	size_t said[PEERS] = { 0 };
	struct server s, idle;

	skip_wrapped();
	serve_small(&s, t->p, "echo");
	serve(&idle, t->p, "echo");
	if (!alone)
		come_and_go(&s, 1);		/* and its set-up is over */
	fds = descriptors(s.pid);
	for (int i = 0; i < n; i++)
		fd[i] = mute_client(&s);
	say_until_stuck(&s, fd, said, n);
	expect_rest(&s, &idle, "while peers do not read");
	if (!alone)
		come_and_go(&s, 20);
	for (int i = 0; i < n; i++)
		hear_all(fd[i], said[i]);
	if (t->p->flags & ONCE) {
		EXPECT_EQ(0, server_wait(&s, STOP_MS));
	} else {
		come_and_go(&s, 1);
		expect_rest(&s, &idle, "after they have read");
		EXPECT_LE(descriptors(s.pid), fds);
		EXPECT_EQ(0, server_stop(&s));
	}
	EXPECT_STR("", strchr(s.err.at, '\n') + 1);
	server_free(&s);
	server_free(&idle);
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* This many peers, one after the other, are owed something and reset. */
static void reset_in_an_echo(struct server *s, int times)
{
	for (int i = 0; i < times; i++) {
		int fd = mute_client(s);
		struct pollfd f = { .fd = fd, .events = POLLIN };

		say_some(fd, 0);
		ASSERT_EQ(1, poll(&f, 1, ANSWER_MS));
		say_some(fd, 0);
		reset(fd);
		server_drain(s);
	}
}

/* This many peers, one after the other, have sent half of a long message. */
static void reset_in_a_message(struct server *s, int times)
{
	static char half[48 << 10];

	for (int i = 0; i < times; i++) {
		int fd = client(s);

		tell(fd, half, sizeof(half));
		server_settle(s);
		reset(fd);
		server_drain(s);
	}
}

static int lines(const struct text *t)
{
	int n = 0;

	for (const char *at = t->at; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/*
 * Threads that stay for a while when they have nothing to do: glibc's helpers
 * for a second, the workers of io_uring for five.  How many there are when we
 * look is chance, up to what the two make at most.
 */
static int idle_threads(const struct program *p)
{
	return !strcmp(p->name, "posix_aio_server") ? 20 :
	       !strcmp(p->name, "uring_worker") ? 32 : 0;
}

/*
 * Peers that reset cost at most one line each, and leave nothing behind: no
 * descriptor, no thread, no memory, no work.
 */
static void resets(const struct program *p, const char *service, int times,
		   void (*peers)(struct server *, int))
{
	int hosted = p->flags & HOSTED;
	struct size before, after;
	struct server s, idle;

	skip_wrapped();
	if (hosted && SANITIZED)
		SKIP("AddressSanitizer keeps what has been freed");
	serve_small(&s, p, service);
	serve(&idle, p, service);
	peers(&s, 20);
	server_settle(&s);
	before = size_of(&s);
	peers(&s, times);
	expect_rest(&s, &idle, "after resets");
	after = size_of(&s);
	EXPECT_LE(after.fds, before.fds);
	EXPECT_LE(after.threads, before.threads + idle_threads(p));
	EXPECT_LE(after.rss, before.rss + RINGS_KB);
	if (!hosted)
		EXPECT_LE(after.size, before.size + 2048);
	server_drain(&s);
	EXPECT_LE(lines(&s.err), 1 + 20 + times);
	EXPECT_EQ(0, server_stop(&s));
	server_free(&s);
	server_free(&idle);
}

static void resets_in_an_echo(void *arg)
{
	const struct point *t = arg;

	resets(t->p, "echo", 200, reset_in_an_echo);
}

static void resets_in_a_message(void *arg)
{
	const struct point *t = arg;

	resets(t->p, "print", 200, reset_in_a_message);
}

/* ---- stopped, and continued ---- */

/* A signal without a handler ends some sleeps all the same: EINTR. */
static void stop_and_continue(struct server *s, const int *fd, int n)
{
	ASSERT_EQ(0, kill(s->pid, SIGSTOP));
	ASSERT_EQ(s->pid, waitpid(s->pid, NULL, WUNTRACED));
	for (int i = 0; i < n; i++)
		tell(fd[i], "hello", 5);
	ASSERT_EQ(0, kill(s->pid, SIGCONT));
	for (int i = 0; i < n; i++)
		hear(fd[i], "hello");
}

/*
 * Stopped while it sleeps it goes on sleeping.  Stopped while peers come and
 * speak it serves all of them, though it hears of them at once.  They stay,
 * and cost nothing.
 */
static void goes_on_when_continued(void *arg)
{
	enum { PEERS = 100 };
	const struct point *t = arg;
	int alone = t->p->flags & (ONCE | SERIAL | LOSES);
	int n = alone ? 1 : PEERS, fd[PEERS];
	struct server s, idle;

	skip_wrapped();
	serve(&s, t->p, "echo");
	serve(&idle, t->p, "echo");
	server_settle(&s);
	stop_and_continue(&s, NULL, 0);
	server_settle(&s);
	ASSERT_EQ(0, kill(s.pid, SIGSTOP));
	ASSERT_EQ(s.pid, waitpid(s.pid, NULL, WUNTRACED));
	for (int i = 0; i < n; i++)
		fd[i] = client(&s);
	for (int i = 0; i < n; i++)
		tell(fd[i], "first", 5);
	ASSERT_EQ(0, kill(s.pid, SIGCONT));
	for (int i = 0; i < n; i++)
		hear(fd[i], "first");
	expect_rest(&s, &idle, "while its peers are silent");
	for (int i = 0; i < 3; i++)
		stop_and_continue(&s, fd, n);
	for (int i = 0; i < n; i++)
		close(fd[i]);
	EXPECT_EQ(0, t->p->flags & ONCE ? server_wait(&s, STOP_MS)
					: server_stop(&s));
	EXPECT_STR("", strchr(s.err.at, '\n') + 1);
	server_free(&s);
	server_free(&idle);
}

/* Asked to end while a peer that does not read is owed something. */
static void finishes_what_is_owed(void *arg)
{
	const struct point *t = arg;
	struct server s;
	size_t said = 0;
	int fd;

	skip_wrapped();
	serve_small(&s, t->p, "echo");
	fd = mute_client(&s);
	say_until_stuck(&s, &fd, &said, 1);
	ASSERT_EQ(0, kill(s.server_pid, SIGTERM));
	server_settle(&s);
	hear_all(fd, said);
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	EXPECT_STR("", strchr(s.err.at, '\n') + 1);
	server_free(&s);
}

/* More peers than descriptors; `first` is served, `late` is not, `busy` talks. */
enum { SHORT_DESCRIPTORS = 16, SHORT_PEERS = 32 };

struct shortage {
	struct server s;
	struct pollfd peer[SHORT_PEERS];
	int busy, first, late;
};

static void run_short(struct shortage *x, const struct program *p)
{
	struct rlimit few;
	int tries = 0;

	serve(&x->s, p, "echo");
	ASSERT_EQ(0, prlimit(x->s.pid, RLIMIT_NOFILE, NULL, &few));
	few.rlim_cur = SHORT_DESCRIPTORS;
	ASSERT_EQ(0, prlimit(x->s.pid, RLIMIT_NOFILE, &few, NULL));
	x->busy = client(&x->s);
	tell(x->busy, "x", 1);
	hear(x->busy, "x");
	for (int i = 0; i < SHORT_PEERS; i++) {
		x->peer[i] = (struct pollfd){ client(&x->s), POLLIN, 0 };
		tell(x->peer[i].fd, "x", 1);
	}
	for (; descriptors(x->s.pid) < SHORT_DESCRIPTORS; tries++) {
		ASSERT_LT(tries, ANSWER_MS);
		poll(NULL, 0, 1);
	}
	ASSERT_EQ(0, server_settle(&x->s));
	x->first = x->late = -1;
	for (int i = 0; i < SHORT_PEERS; i++) {
		int served = poll(&x->peer[i], 1, 0) == 1;

		if (served && x->first < 0)
			x->first = i;
		if (!served && x->late < 0)
			x->late = i;
	}
	ASSERT_TRUE(x->first >= 0 && x->late >= 0);
}

/* A peer that waits is served while another peer keeps the server awake. */
static void serves_late(struct shortage *x)
{
	struct pollfd *late = &x->peer[x->late];

	for (int tries = 0; !poll(late, 1, 1); tries++) {
		ASSERT_LT(tries, ANSWER_MS / 2);
		tell(x->busy, "x", 1);
		hear(x->busy, "x");
	}
	hear(late->fd, "x");
	close(x->busy);
	for (int i = 0; i < SHORT_PEERS; i++)
		close(x->peer[i].fd);
	EXPECT_EQ(0, server_stop(&x->s));
	server_free(&x->s);
}

/*
 * No descriptor is left, and one becomes free: a peer that waits is accepted then,
 * and not only when the server has been idle for a while.
 */
static void uses_a_free_descriptor(void *arg)
{
	const struct point *t = arg;
	struct shortage x;

	skip_wrapped();
	run_short(&x, t->p);
	close(x.peer[x.first].fd);
	x.peer[x.first].fd = -1;
	serves_late(&x);
}

/* The shortage ends though no connection does: nor must the server be idle. */
static void accepts_again_under_traffic(void *arg)
{
	const struct point *t = arg;
	struct shortage x;
	struct rlimit all;

	skip_wrapped();
	run_short(&x, t->p);
	ASSERT_EQ(0, prlimit(x.s.pid, RLIMIT_NOFILE, NULL, &all));
	all.rlim_cur = all.rlim_max;
	ASSERT_EQ(0, prlimit(x.s.pid, RLIMIT_NOFILE, &all, NULL));
	serves_late(&x);
}

/*
 * Fewer descriptors are allowed than are open.  Those stay open; poll, which may
 * not wait for all of them, closes some and says so.
 */
static void limit_is_lowered(void *arg)
{
	enum { PEERS = 40, ALLOWED = 20, FIRST = 3 };
	const struct point *t = arg;
	int fd[PEERS], is_poll = !strcmp(t->p->name, "poll");
	struct rlimit l;
	struct server s;

	skip_wrapped();
	serve(&s, t->p, "echo");
	for (int i = 0; i < PEERS; i++) {
		fd[i] = client(&s);
		tell(fd[i], "x", 1);
		hear(fd[i], "x");
	}
	ASSERT_EQ(0, prlimit(s.server_pid, RLIMIT_NOFILE, NULL, &l));
	l.rlim_cur = ALLOWED;
	ASSERT_EQ(0, prlimit(s.server_pid, RLIMIT_NOFILE, &l, NULL));
	for (int again = 0; again < 2; again++)
		for (int i = 0; i < FIRST; i++) {
			tell(fd[i], "y", 1);
			hear(fd[i], "y");
		}
	for (int i = 0; i < PEERS; i++)
		close(fd[i]);
	EXPECT_EQ(0, server_stop(&s));
	EXPECT_EQ(is_poll, !!strstr(s.err.at, "RLIMIT_NOFILE is lower"));
}

/* ---- what the kernel seldom says: strace says it in its place ---- */

static void need_strace(void)
{
	skip_wrapped();
	if (system("strace -o /dev/null true >/dev/null 2>&1"))
		SKIP("no strace, or it may not trace");
}

/* Its first calls of these names fail; its peers must not notice. */
static void serves_though(const struct program *p, const char *inject,
			  const char *says)
{
	char *strace[] = { "strace", "-f", "-qq", "-o", "/dev/null", "-e",
			   (char *)inject, NULL };
	struct lab_options o = { .service = "echo", .wrapper = strace };
	struct server s;
	int fd;

	if (server_start(&s, p, &o))
		FAIL("%s: %s", inject, s.err.at);
	fd = client(&s);
	tell(fd, "hel", 3);
	server_settle(&s);
	tell(fd, "lo", 2);
	hear(fd, "hello");
	close(fd);
	EXPECT_EQ(0, p->flags & ONCE ? server_wait(&s, STOP_MS)
				     : server_stop(&s));
	EXPECT_STR(says, strchr(s.err.at, '\n') + 1);
	server_free(&s);
}

/* accept4 fails for one peer; the system's descriptors are used up. */
static void goes_on_when_accept_fails(void *arg)
{
	const struct point *t = arg;
	char why[256];

	need_strace();
	if (refused(t->p, why))
		SKIP("%s", why);
	serves_though(t->p, "inject=accept4:error=ECONNABORTED:when=1", "");
	serves_though(t->p, "inject=accept4:error=ENFILE:when=1",
		      says_that_peers_wait(t->p, "ENFILE"));
}

/* What is reported as ready may not be so, when it is asked. */
TEST_TIMEOUT(wrong_hints_are_no_errors, 60)
{
	static const char *const names[] = {
		"select", "poll", "epoll", "epoll_et", "epoll_thread",
		"epoll_workers", "sigio_tcp", "sigio_queued", "callback",
		"coroutine", "native_aio_poll", "uring_poll",
	};
	char why[256];
	int tried = 0;

	need_strace();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct program *p = program_find(names[i]);
		char *path = program_path(p);

		if (!path || refused(p, why))
			continue;
		free(path);
		tried++;
		serves_though(p, "inject=recvfrom:error=EAGAIN:when=1", "");
		serves_though(p, "inject=sendto:error=EAGAIN:when=1", "");
	}
	if (!tried)
		SKIP("not built");
}

/* The kernel writes what was left into select's timeout. */
TEST(select_sets_its_timeout_anew)
{
	char path[64], line[256];
	char *strace[] = { "strace", "-qq", "-o", path, "-e",
			   "trace=?select,?pselect6", NULL };
	struct lab_options o = { .service = "echo", .wrapper = strace };
	int fd = lab_temporary(path), calls = 0;
	struct server s;
	FILE *log;

	need_strace();
	ASSERT_GE(fd, 0);
	if (server_start(&s, program_find("select"), &o))
		FAIL("%s", s.err.at);
	come_and_go(&s, 5);
	EXPECT_EQ(0, server_stop(&s));
	log = fdopen(fd, "r");
	while (fgets(line, sizeof(line), log)) {
		if (!strstr(line, "select"))
			continue;
		calls++;
		if (!strstr(line, "{tv_sec=60, "))
			FAIL("it does not wait for a minute: %s", line);
	}
	EXPECT_GE(calls, 5);
	fclose(log);
	server_free(&s);
}

/* RLIMIT_SIGPENDING bounds the queue: then plain SIGIO says "somewhere". */
TEST(sigio_queued_survives_a_full_queue)
{
	enum { PEERS = 30 };
	struct lab_options o = { .service = "echo", .sigpending = 4 };
	struct server s;
	int fd[PEERS];

	skip_wrapped();
	serve_with(&s, program_find("sigio_queued"), &o);
	for (int i = 0; i < PEERS; i++)
		fd[i] = client(&s);
	come_and_go(&s, 1);
	server_settle(&s);
	stop_and_continue(&s, fd, PEERS);
	EXPECT_EQ(0, server_stop(&s));
	server_free(&s);
}

/* Connections of a former run hold the port, but not against the next. */
TEST(the_port_is_free_at_once)
{
	const struct program *p = program_find("epoll");
	struct lab_options o = { .service = "echo" };
	struct server s;
	int fd;

	serve_with(&s, p, &o);
	fd = client(&s);
	tell(fd, "hello", 5);
	hear(fd, "hello");
	o.port = s.port;
	kill(s.server_pid, SIGTERM);
	server_settle(&s);
	kill(s.server_pid, SIGTERM);		/* asked twice: at once */
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	server_free(&s);
	serve_with(&s, p, &o);
	EXPECT_EQ(o.port, s.port);
	EXPECT_EQ(0, server_stop(&s));
	server_free(&s);
	close(fd);
}

/* ---- more peers than libc's select(3) could serve ---- */

static void past_descriptor_1023(void *arg)
{
	enum { PEERS = 1100 };
	const struct point *t = arg;
	struct lab_options o = { .service = "echo", .nofile = PEERS + 100 };
	struct rlimit l;
	struct server s;
	int fd[PEERS];

	skip_wrapped();
	getrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_max < PEERS + 100)
		SKIP("RLIMIT_NOFILE is %ld, the test needs %d (ulimit -Hn)",
		     (long)l.rlim_max, PEERS + 100);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	serve_with(&s, t->p, &o);
	for (int i = 0; i < PEERS; i++)
		fd[i] = client(&s);
	for (int i = PEERS - 1; i >= 0; i -= 100) {
		tell(fd[i], "here", 4);
		hear(fd[i], "here");
	}
	if (!(t->p->flags & SLOTS))
		EXPECT_GE(descriptors(s.pid), PEERS);
	for (int i = 0; i < PEERS; i++)
		close(fd[i]);
	EXPECT_EQ(0, server_stop(&s));
	server_free(&s);
}

/* ---- what a model cannot do ---- */

/* One connection, then the end: the next finds nobody. */
TEST(blocking_once_serves_one)
{
	struct server s;
	int fd, late;

	serve(&s, program_find("blocking_once"), "echo");
	fd = client(&s);
	tell(fd, "hello", 5);
	hear(fd, "hello");
	close(fd);
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	late = client_of(s.port, SOCK_STREAM);
	EXPECT_ERR(-ECONNREFUSED, late);
}

/*
 * An idle peer keeps the second out, for as long as we care to look; when it
 * closes, the second is served.
 */
TEST(blocking_loop_serves_one_at_a_time)
{
	struct pollfd second = { .events = POLLIN };
	struct server s;
	int idle;

	serve(&s, program_find("blocking_loop"), "echo");
	idle = client(&s);
	tell(idle, "first", 5);
	hear(idle, "first");
	second.fd = client(&s);
	tell(second.fd, "second", 6);
	EXPECT_EQ(0, poll(&second, 1, 300));
	close(idle);
	hear(second.fd, "second");
	close(second.fd);
	EXPECT_EQ(0, server_stop(&s));
}

/*
 * Standard signals do not queue.  While the server is stopped 200 clients
 * come, speak and leave; one SIGIO is pending, not 200.  It then accepts one
 * and sleeps, with nothing pending and 199 in the backlog.
 */
TEST_TIMEOUT(sigio_tcp_naive_loses_connections, 30)
{
	const unsigned long sigio = 1UL << (SIGIO - 1);
	struct server s;
	int printed = 0, ms;

	skip_wrapped();
	serve(&s, program_find("sigio_tcp_naive"), "print");
	ASSERT_EQ(0, kill(s.pid, SIGSTOP));
	ASSERT_EQ(s.pid, waitpid(s.pid, NULL, WUNTRACED));
	for (int i = 0; i < 200; i++) {
		int fd = client(&s);

		tell(fd, "hello", 5);
		close(fd);
	}
	ASSERT_TRUE(proc_number(s.pid, "status", "ShdPnd:", 16) & sigio);
	ASSERT_EQ(0, kill(s.pid, SIGCONT));
	wait_for(&s, &s.out, "hello\n");
	for (ms = 0; ms < ANSWER_MS; ms++) {
		char path[64], text[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/wchan", s.pid);
		f = fopen(path, "re");
		if (f && fgets(text, sizeof(text), f) &&
		    strstr(text, "sigsuspend") &&
		    !(proc_number(s.pid, "status", "ShdPnd:", 16) & sigio))
			ms = ANSWER_MS;
		if (f)
			fclose(f);
		poll(NULL, 0, 1);
	}
	EXPECT_EQ(ANSWER_MS + 1, ms);
	EXPECT_EQ(0, server_stop(&s));
	for (size_t i = 0; i < s.out.len; i++)
		printed += s.out.at[i] == '\n';
	EXPECT_GE(printed, 1);
	EXPECT_LT(printed, 200);
	SAY("sigio_tcp_naive: %d of 200 messages came out", printed);
}

/* ---- the list ---- */

static void add(const struct program *p, const struct scenario *c,
		const char *service, const char *name, void (*fn)(void *))
{
	struct point *t = calloc(1, sizeof(*t));
	char *text;

	if (!t || asprintf(&text, "%s/%s%s%s", p->name, name,
			   service ? "/" : "", service ? service : "") < 0)
		exit(1);
	*t = (struct point){ p, c, service };
	tap_add(text, fn, t)->seconds = soak ? 300 : 60;
}

static const struct {
	const char *name;
	void (*fn)(void *);
	unsigned unfit;
} others[] = {
	{ "signals_end_it", signals_end_it, 0 },
	{ "finishes_what_is_in_hand", finishes_what_is_in_hand, UDP },
	{ "ends_while_they_come", ends_while_they_come,
	  UDP | ONCE | LOSES },
	{ "closed_output_ends_it", closed_output_ends_it, 0 },
	{ "refuses_bad_arguments", refuses_bad_arguments, 0 },
	{ "refuses_a_closed_stdout", refuses_a_closed_stdout, 0 },
	{ "prints_safely", prints_safely, 0 },
	{ "refuses_long_messages", refuses_long_messages, 0 },
	{ "nothing_grows", nothing_grows, ONCE },
	{ "peers_that_do_not_read", peers_that_do_not_read, UDP },
	{ "resets_in_an_echo", resets_in_an_echo, UDP | ONCE },
	{ "resets_in_a_message", resets_in_a_message, UDP | ONCE },
	{ "finishes_what_is_owed", finishes_what_is_owed, UDP },
	{ "goes_on_when_continued", goes_on_when_continued, 0 },
	{ "goes_on_when_accept_fails", goes_on_when_accept_fails,
	  UDP | LOSES | RING },
	{ "uses_a_free_descriptor", uses_a_free_descriptor,
	  UDP | ONCE | SERIAL | LOSES | SLOTS },
	{ "accepts_again_under_traffic", accepts_again_under_traffic,
	  UDP | ONCE | SERIAL | LOSES | SLOTS },
	{ "limit_is_lowered", limit_is_lowered, UDP | ONCE | SERIAL | LOSES },
	{ "past_descriptor_1023", past_descriptor_1023,
	  UDP | ONCE | SERIAL | LOSES },
};

static void environment(void)
{
	char *words = getenv("IOMODELS_WRAPPER");
	int n = 0;

	soak = !!getenv("IOMODELS_SOAK");
	words = words ? strdup(words) : NULL;
	for (char *w = strtok(words ? words : (char[]){ "" }, " ");
	     w && n < 7; w = strtok(NULL, " "))
		wrapper[n++] = w;
}

void tap_list(void)
{
	environment();
	for (const struct program *p = programs; p->name; p++) {
		if (p->flags & FILES)
			continue;
		for (const struct scenario *c = scenarios; c->name; c++) {
			if (p->flags & c->unfit)
				continue;
			add(p, c, c->service, c->name, scenario);
			if (c->both)
				add(p, c, strcmp(c->service, "echo") ? "echo"
					: "print", c->name, scenario);
		}
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (!(p->flags & others[i].unfit))
				add(p, NULL, NULL, others[i].name, others[i].fn);
	}
}
