/* SPDX-License-Identifier: MIT */
/*
 * flood_test.c - no crowd, no reset and no full output ends a server (with libc)
 *
 *     flood_test -l               lists MODEL/ATTACK
 *     flood_test '*resets*'       runs some
 *
 * Each test attacks a server, over a listener that it hands over (--fd), and
 * then asks three things: is a new peer served, does the server sleep when
 * nobody speaks, and does SIGTERM end it with 0.  IOMODELS_SOAK=1 sends
 * 10,000 peers where 2,500 are usual.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include "../asleep.h"
#include "../filter.h"
#include "lab.h"
#include "probe.h"
#include "tap.h"

enum { ANSWER_MS = 20000, STOP_MS = 5000, BACKLOG = 4096,
       TABLE = 16384 };

struct point {
	const struct program *p;
	int family;
};

/* ---- a listener of ours, and peers that reach it ---- */

static struct {
	int fd;
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} a;
} door;

static void make_door_of(int family, int type)
{
	int on = 1;

	memset(&door, 0, sizeof(door));
	door.fd = ASSERT_GE(socket(family, type, 0), 0);
	door.a.any.sa_family = family;
	door.len = sizeof(door.a.in);
	if (family == AF_INET) {
		door.a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else if (family == AF_INET6) {
		door.a.in6.sin6_addr = in6addr_loopback;
		door.len = sizeof(door.a.in6);
	} else {				/* abstract: nothing is left */
		door.len = offsetof(struct sockaddr_un, sun_path) + 1 +
			   snprintf(door.a.un.sun_path + 1, 64,
				    "iomodels-flood-%d", getpid());
	}
	setsockopt(door.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(door.fd, &door.a.any, door.len))
		SKIP("family %d: %s", family, strerror(errno));
	if (type == SOCK_STREAM)
		ASSERT_EQ(0, listen(door.fd, BACKLOG));
	door.len = sizeof(door.a);
	ASSERT_EQ(0, getsockname(door.fd, &door.a.any, &door.len));
}

static void make_door(int family)
{
	make_door_of(family, SOCK_STREAM);
}

/* Connected, or -errno: a full backlog of AF_UNIX says EAGAIN. */
static int visit(void)
{
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	int fd = ASSERT_GE(socket(door.a.any.sa_family,
				  SOCK_STREAM | SOCK_CLOEXEC, 0), 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, &door.a.any, door.len)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* A server that listens at the door; it may have this many peers at once. */
static void serve(struct server *s, const struct program *p,
		  const char *service, rlim_t peers)
{
	struct lab_options o = { .service = service, .nofile = peers + 100,
				 .max_message = "20000" };
	char *path = program_path(p), why[256];
	struct rlimit l;

	if (!path)
		SKIP("not built");
	free(path);
	if (probe_program(p, why))
		SKIP("%s", why);
	getrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_max < o.nofile)
		SKIP("RLIMIT_NOFILE is %ld, this test needs %ld (ulimit -Hn)",
		     (long)l.rlim_max, (long)o.nofile);
	if (l.rlim_max >= TABLE)	/* what limits direct descriptors, too */
		o.nofile = TABLE;
	l.rlim_cur = o.nofile;
	setrlimit(RLIMIT_NOFILE, &l);
	o.listen_fd = door.fd;
	if (server_start(s, p, &o))
		FAIL("%s", s->err.at);
}

static void suspend(const struct server *s)
{
	ASSERT_EQ(0, kill(s->server_pid, SIGSTOP));
	ASSERT_EQ(s->pid, waitpid(s->pid, NULL, WUNTRACED));
}

/* ---- what is asked afterwards ---- */

static void count_lines(struct server *s, const char *line, int wanted)
{
	int n = 0;

	for (int ms = 0; n < wanted && ms < ANSWER_MS; ms++) {
		const char *at;

		server_drain(s);
		at = s->out.at ? s->out.at : "";
		for (n = 0; (at = strstr(at, line)); n++)
			at += strlen(line);
		poll(NULL, 0, n < wanted);
	}
	EXPECT_EQ(wanted, n);
}

/* A new peer is served: its bytes come back, or its line comes out. */
static void serves(struct server *s)
{
	char buf[8] = "";
	int fd = ASSERT_GE(visit(), 0);

	ASSERT_EQ(6, send(fd, "after!", 6, MSG_NOSIGNAL));
	if (!strcmp(s->service, "echo"))
		ASSERT_EQ(6, recv(fd, buf, 6, MSG_WAITALL));
	close(fd);
	if (!strcmp(s->service, "print"))
		count_lines(s, " after!\n", 1);
}

static void sleeps(const struct server *s)
{
	EXPECT_TRUE(falls_asleep(s->server_pid));
}

static void ends(struct server *s)
{
	EXPECT_EQ(0, kill(s->server_pid, SIGTERM));
	EXPECT_EQ(0, server_wait(s, STOP_MS));
	server_free(s);
}

/* ---- the attacks ---- */

static int crowd_size(void)
{
	return getenv("IOMODELS_SOAK") ? 10000 : 2500;
}

/* All are found at once: they came while the server was stopped. */
static void crowd(void *arg)
{
	const struct point *t = arg;
	int n = crowd_size(), made = 0;
	struct server s;

	make_door(t->family);
	serve(&s, t->p, "print", BACKLOG);
	while (made < n) {
		suspend(&s);
		for (int i = 0; i < 2500 && made < n; i++, made++) {
			int fd = ASSERT_GE(visit(), 0);

			ASSERT_EQ(1, send(fd, "x", 1, MSG_NOSIGNAL));
			close(fd);
		}
		ASSERT_EQ(0, kill(s.server_pid, SIGCONT));
		count_lines(&s, " x\n", made);
	}
	serves(&s);
	sleeps(&s);
	ends(&s);
}

/* All are found at once, and stay until each has its bytes back. */
static void crowd_stays(void *arg)
{
	enum { PEERS = 3500 };
	const struct point *t = arg;
	static int fd[PEERS];
	struct server s;
	char buf[8];

	make_door(t->family);
	serve(&s, t->p, "echo", PEERS);
	suspend(&s);
	for (int i = 0; i < PEERS; i++) {
		fd[i] = ASSERT_GE(visit(), 0);
		ASSERT_EQ(5, send(fd[i], "hello", 5, MSG_NOSIGNAL));
	}
	ASSERT_EQ(0, kill(s.server_pid, SIGCONT));
	for (int i = 0; i < PEERS; i++) {
		ASSERT_EQ(5, recv(fd[i], buf, 5, MSG_WAITALL));
		ASSERT_EQ(0, memcmp(buf, "hello", 5));
	}
	serves(&s);
	sleeps(&s);
	for (int i = 0; i < PEERS; i++)
		close(fd[i]);
	ends(&s);
}

/* All have been accepted, then speak and leave while the server is stopped. */
static void crowd_leaves(void *arg)
{
	enum { PEERS = 2500 };
	const struct point *t = arg;
	static int fd[PEERS];
	struct server s;
	char c;

	make_door(t->family);
	serve(&s, t->p, "echo", PEERS);
	for (int i = 0; i < PEERS; i++)
		fd[i] = ASSERT_GE(visit(), 0);
	for (int i = 0; i < PEERS; i++) {	/* so it has been accepted */
		ASSERT_EQ(1, send(fd[i], "x", 1, MSG_NOSIGNAL));
		ASSERT_EQ(1, recv(fd[i], &c, 1, 0));
	}
	suspend(&s);
	for (int i = 0; i < PEERS; i++) {
		ASSERT_EQ(1, send(fd[i], "x", 1, MSG_NOSIGNAL));
		close(fd[i]);
	}
	ASSERT_EQ(0, kill(s.server_pid, SIGCONT));
	serves(&s);
	sleeps(&s);
	ends(&s);
}

/* The byte at this place of a stream: in no block are all where they were. */
static unsigned char byte_at(long i)
{
	return i ^ i >> 8 ^ i >> 16;
}

/*
 * A peer reads nothing until the server takes nothing more: what both sockets
 * have room for is under way, and perhaps some more that the server keeps.  Then
 * all bytes come back in their order.  AF_UNIX takes the bytes of a short send
 * (32 KiB, and half of the send buffer) all or none, so that a server meets EAGAIN
 * with nothing sent.
 */
static void reads_late(void *arg)
{
	enum { MOST = 64 << 20 };
	const struct point *t = arg;
	static unsigned char text[1 << 16];
	long sent = 0, got = 0, n;
	int fd, last = 0;
	struct server s;

	make_door(t->family);
	serve(&s, t->p, "echo", 100);
	fd = ASSERT_GE(visit(), 0);
	while (sent < MOST) {
		for (unsigned i = 0; i < sizeof(text); i++)
			text[i] = byte_at(sent + i);
		n = send(fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			sent += n;
			last = 0;
			continue;
		}
		ASSERT_EQ(EAGAIN, errno);
		if (last)
			break;
		last = falls_asleep(s.server_pid);	/* and then once more */
	}
	ASSERT_LT(sent, MOST);
	while (got < sent) {
		n = ASSERT_GT(recv(fd, text, sizeof(text), 0), 0);
		for (long i = 0; i < n; i++)
			if (text[i] != byte_at(got + i))
				FAIL("byte %ld of %ld is wrong", got + i, sent);
		got += n;
	}
	close(fd);
	serves(&s);
	sleeps(&s);
	ends(&s);
}

/* VmHWM, the most memory that it has had, in KiB. */
static long most_memory(const struct server *s)
{
	char path[64], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", s->server_pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		fclose(f);
	return ASSERT_GT(kib, 0);
}

/*
 * A peer asks for 1 MiB with each 16 KiB that it sends, and reads nothing until
 * the server takes nothing more.  All of its buffers may be full of requests
 * by then; it must not make room for all the answers.
 */
static void asks_and_never_reads(void *arg)
{
	enum { SIZE = 16512 };			/* more than a buffer: one in each */
	static unsigned request[SIZE / 4];
	const struct point *t = arg;
	long before, sent = 0, n;
	int fd, full = 0;
	struct server s;

	request[0] = htonl(SIZE);
	request[1] = htonl(1 << 20);
	make_door(t->family);
	serve(&s, t->p, "reply", 100);
	fd = ASSERT_GE(visit(), 0);
	before = most_memory(&s);
	while (full < 2) {
		n = send(fd, (char *)request + sent % SIZE, SIZE - sent % SIZE,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
		full = n > 0 ? 0 : full + falls_asleep(s.server_pid);
	}
	EXPECT_LE(most_memory(&s) - before, 32 << 10);
	close(fd);
	ends(&s);
}

/* Each reset is a line on stderr, and nobody reads those. */
static void resets(void *arg)
{
	const struct linger reset = { .l_onoff = 1 };
	const struct point *t = arg;
	struct server s;
	int fd;

	make_door(t->family);
	serve(&s, t->p, "echo", 1000);
	for (int i = 0; i < 3000; i++) {
		fd = visit();
		if (fd < 0)
			FAIL("peer %d: %s", i, strerror(-fd));
		send(fd, "x", 1, MSG_NOSIGNAL);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
	serves(&s);
	sleeps(&s);
	ends(&s);
}

/*
 * Peers that say more than --max-message and go on: each is closed.  What came
 * with the bytes that are too many is dropped, too.
 */
static void talkers(void *arg)
{
	static char text[3000];
	const struct point *t = arg;
	struct server s;
	const char *at;

	make_door(t->family);
	serve(&s, t->p, "print", 100);
	for (int i = 0; i < 200; i++) {
		int fd = ASSERT_GE(visit(), 0);

		while (send(fd, text, sizeof(text), MSG_NOSIGNAL) > 0)
			;
		if (errno != EPIPE && errno != ECONNRESET)
			FAIL("peer %d: %s", i, strerror(errno));
		close(fd);
	}
	serves(&s);
	sleeps(&s);
	server_drain(&s);
	at = strstr(s.err.at, "--max-message; ");
	EXPECT_GT(at ? atoi(at + strlen("--max-message; ")) : 0, 20000);
	ends(&s);
}

static void have_echoes(const int *fd, int from, int to)
{
	char c;

	for (int i = from; i < to; i++)
		if (recv(fd[i], &c, 1, 0) != 1)
			FAIL("peer %d is lost", i);
}

/*
 * More peers than slots: those beyond wait until others leave, and none is hung
 * up on.  Peers that have left before gave the slots other generations.  More
 * than SOME at once would fill the completion queue, and that ends a multishot
 * ACCEPT, whether the server has cancelled it or not.
 */
static void slots_run_out(void *arg)
{
	enum { FORMER = 12, BEYOND = 20, SOME = 500, MOST = 2 * BACKLOG + 300,
	       PEERS = MOST + BEYOND };
	const struct point *t = arg;
	struct lab_options o = { .service = "echo", .nofile = MOST };
	static int fd[PEERS];
	struct rlimit l;
	struct server s;
	int had = 0;
	char c;

	make_door(t->family);
	if (!program_path(t->p) || probe_program(t->p, (char[256]){ 0 }))
		SKIP("not built, or refused");
	getrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_max < PEERS + 100)
		SKIP("RLIMIT_NOFILE is %ld, this test needs %d (ulimit -Hn)",
		     (long)l.rlim_max, PEERS + 100);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	o.listen_fd = door.fd;
	if (server_start(&s, t->p, &o))
		FAIL("%s", s.err.at);
	for (int i = 0; i < FORMER; i++)
		fd[i] = ASSERT_GE(visit(), 0);
	for (int i = 0; i < FORMER; i++) {
		ASSERT_EQ(1, send(fd[i], "x", 1, MSG_NOSIGNAL));
		ASSERT_EQ(1, recv(fd[i], &c, 1, 0));
	}
	for (int i = 0; i < FORMER; i++) {	/* the end, so the slot is free */
		shutdown(fd[i], SHUT_WR);
		ASSERT_EQ(0, recv(fd[i], &c, 1, 0));
		close(fd[i]);
	}
	for (int i = 0; i < PEERS; i++) {
		fd[i] = ASSERT_GE(visit(), 0);
		ASSERT_EQ(1, send(fd[i], "x", 1, MSG_NOSIGNAL));
		if (i - had == SOME && i < 2 * BACKLOG) {
			have_echoes(fd, had, i);
			had = i;
		}
	}
	for (int i = 0; i < 2 * BEYOND; i++)
		close(fd[i]);
	have_echoes(fd, had, PEERS);
	sleeps(&s);
	ends(&s);
}

/* What was owed to a peer that resets is not "0 bytes". */
static void says_what_is_dropped(void *arg)
{
	const struct linger reset = { .l_onoff = 1 };
	const struct point *t = arg;
	static char text[1 << 16];
	int fd, small = 4096, full = 0;
	struct server s;

	make_door(t->family);
	serve(&s, t->p, "echo", 100);
	fd = ASSERT_GE(visit(), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	while (full < 100) {			/* until it takes no more */
		if (send(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
			full = 0;
		else
			full += 1 + poll(NULL, 0, 1);
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	for (int ms = 0; !strstr(s.err.at, "dropped") && ms < ANSWER_MS; ms++) {
		poll(NULL, 0, 1);
		server_drain(&s);
	}
	if (!strstr(s.err.at, "dropped") || strstr(s.err.at, " 0 bytes"))
		FAIL("it says %s", strchr(s.err.at, '\n') + 1);
	ends(&s);
}

/* Send datagrams without an end. */
static void flood(int fd)
{
	struct mmsghdr m[64] = { 0 };
	struct iovec bytes = { "x", 1 };

	for (int i = 0; i < 64; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &bytes,
						.msg_iovlen = 1 };
	for (;;)
		sendmmsg(fd, m, 64, 0);
}

/* Datagrams that come faster than they are echoed keep no SIGTERM out. */
static void datagrams(void *arg)
{
	const struct point *t = arg;
	struct lab_options o = { .service = "echo" };
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct server s;
	int fd;

	if (!program_path(t->p) || probe_program(t->p, (char[256]){ 0 }))
		SKIP("not built, or refused");
	if (server_start(&s, t->p, &o))
		FAIL("%s", s.err.at);
	a.sin_port = htons(s.port);
	fd = ASSERT_GE(socket(AF_INET, SOCK_DGRAM, 0), 0);
	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	for (long i = 0; i < 2 * sysconf(_SC_NPROCESSORS_ONLN); i++)
		if (!fork())
			flood(fd);
	while (recv(fd, &(char){ 0 }, 1, 0) != 1)
		;
	ends(&s);
}

/* A socket for datagrams that is connected to the door; port, where it has one. */
static int sender(int *port)
{
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	struct sockaddr_in6 own;
	socklen_t len = sizeof(own);
	int fd = ASSERT_GE(socket(door.a.any.sa_family, SOCK_DGRAM, 0), 0);
	int size = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ASSERT_EQ(0, connect(fd, &door.a.any, door.len));
	if (door.a.any.sa_family == AF_INET6) {
		ASSERT_EQ(0, getsockname(fd, (void *)&own, &len));
		*port = ntohs(own.sin6_port);
	}
	return fd;
}

static void wait_for(struct server *s, struct text *t, const char *wanted)
{
	for (int ms = 0; ms < ANSWER_MS; ms++) {
		server_drain(s);
		if (t->at && strstr(t->at, wanted))
			return;
		poll(NULL, 0, 1);
	}
	FAIL("no \"%s\" in: %s", wanted, t->at ? t->at : "");
}

/*
 * A socket for datagrams that is inherited may be of IPv6 or AF_UNIX: the
 * sender is shown, and what is longer than the server has room for is not cut
 * without a word.
 */
static void other_families_print(void *arg)
{
	const struct point *t = arg;
	char *text = calloc(1, 100000), line[80];
	struct server s;
	int fd, port;

	make_door_of(t->family, SOCK_DGRAM);
	serve(&s, t->p, "print", 100);
	fd = sender(&port);
	ASSERT_EQ(5, send(fd, "hello", 5, 0));
	if (t->family == AF_INET6)
		snprintf(line, sizeof(line), "[::1]:%d hello\n", port);
	else
		snprintf(line, sizeof(line), "unix hello\n");
	wait_for(&s, &s.out, line);
	memset(text, 'x', 100000);
	ASSERT_EQ(30000, send(fd, text, 30000, 0));
	wait_for(&s, &s.err, "longer than --max-message; 30000 bytes dropped\n");
	if (t->family == AF_UNIX && send(fd, text, 100000, 0) == 100000)
		wait_for(&s, &s.err, "unix: the datagram is longer than 65536 "
			 "bytes; 100000 bytes dropped\n");
	ASSERT_EQ(5, send(fd, "again", 5, 0));
	wait_for(&s, &s.out, " again\n");
	EXPECT_TRUE(!strstr(s.out.at, "xxx"));
	ends(&s);
}

/* A peer with an address gets its answer; stderr names one without. */
static void other_families_echo(void *arg)
{
	const struct point *t = arg;
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	char buf[8] = "";
	struct server s;
	int fd, port;

	make_door_of(t->family, SOCK_DGRAM);
	serve(&s, t->p, "echo", 100);
	if (t->family == AF_UNIX) {
		fd = sender(&port);
		ASSERT_EQ(7, send(fd, "no name", 7, 0));
		wait_for(&s, &s.err, "unix: ");
		wait_for(&s, &s.err, "; 7 bytes dropped\n");
	}
	fd = sender(&port);
	if (t->family == AF_UNIX)		/* the kernel chooses a name */
		ASSERT_EQ(0, bind(fd, (void *)&own, sizeof(sa_family_t)));
	ASSERT_EQ(5, send(fd, "hello", 5, 0));
	ASSERT_EQ(5, recv(fd, buf, sizeof(buf), 0));
	EXPECT_STR("hello", buf);
	ends(&s);
}

/*
 * What a sender on AF_UNIX does not read counts as unsent by the server, whose
 * buffer for sending fills.  It drops answers then, and does not wait.
 */
static void other_families_do_not_wait(void *arg)
{
	const struct point *t = arg;
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	char buf[8] = "";
	struct server s;
	int mute, fd, port;

	make_door_of(t->family, SOCK_DGRAM);
	serve(&s, t->p, "echo", 100);
	mute = sender(&port);
	ASSERT_EQ(0, bind(mute, (void *)&own, sizeof(sa_family_t)));
	for (int i = 0; i < 2000; i++)
		ASSERT_EQ(1, send(mute, "x", 1, 0));
	wait_for(&s, &s.err, "unix: EAGAIN; 1 byte dropped\n");
	sleeps(&s);
	close(mute);
	fd = sender(&port);
	ASSERT_EQ(0, bind(fd, (void *)&own, sizeof(sa_family_t)));
	ASSERT_EQ(5, send(fd, "hello", 5, 0));
	ASSERT_EQ(5, recv(fd, buf, sizeof(buf), 0));
	ends(&s);
}

/*
 * Nobody reads what it prints: the end comes all the same, and says so.  Asked
 * twice, it comes at once.
 */
static void stop_on_full_stdout(const struct point *t, int twice)
{
	static char text[100000];
	struct server s;
	int out[2], fd, udp = t->p->flags & UDP;
	struct lab_options o = { .service = "print" };

	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	o.stdout_fd = out[1];
	memset(text, 'x', sizeof(text));
	if (!program_path(t->p) || probe_program(t->p, (char[256]){ 0 }))
		SKIP("not built, or refused");
	if (server_start(&s, t->p, &o))
		FAIL("%s", s.err.at);
	door.a.in = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(s.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	door.len = sizeof(door.a.in);
	for (int i = 0; i < 2 + 6 * !!udp; i++) {	/* more than a pipe holds */
		fd = udp ? ASSERT_GE(socket(AF_INET, SOCK_DGRAM, 0), 0)
			 : ASSERT_GE(visit(), 0);
		if (udp)
			ASSERT_EQ(0, connect(fd, &door.a.any, door.len));
		send(fd, text, udp ? 20000 : sizeof(text), MSG_NOSIGNAL);
		close(fd);
		if (t->p->flags & ONCE)
			break;
	}
	for (int used = 0; used < 65536 - 4096; poll(NULL, 0, 1))
		ioctl(out[0], FIONREAD, &used);
	ASSERT_EQ(0, kill(s.server_pid, SIGTERM));
	if (twice)				/* not SIGTERM: it might be one */
		ASSERT_EQ(0, kill(s.server_pid, SIGINT));
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	if (!strstr(s.err.at, twice ? "at once, and a message is lost"
				    : "stdout was full"))
		FAIL("it does not say what is lost: %s", s.err.at);
	server_free(&s);
}

static void full_stdout(void *arg)
{
	stop_on_full_stdout(arg, 0);
}

static void full_stdout_twice(void *arg)
{
	stop_on_full_stdout(arg, 1);
}

/* Stdout has no reader, and stderr no room: the end comes all the same. */
static void nobody_reads(void *arg)
{
	const struct point *t = arg;
	int out[2], err[2], fd, status, udp = t->p->flags & UDP;
	char line[256] = "", why[256], *path = program_path(t->p);
	struct pollfd ended = { .events = POLLIN };
	pid_t pid;

	if (!path || probe_program(t->p, why))
		SKIP("not built, or refused");
	make_door_of(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM);
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(err, O_CLOEXEC));
	pid = ASSERT_GE(fork(), 0);
	if (!pid) {
		dup2(door.fd, 9);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execl(path, path, "--fd", "9", NULL);
		_exit(127);
	}
	close(out[0]);
	ASSERT_GT(read(err[0], line, sizeof(line) - 1), 0);
	ASSERT_EQ(0, fcntl(err[1], F_SETFL, O_NONBLOCK));
	while (write(err[1], line, 1) == 1)
		;
	ASSERT_EQ(0, fcntl(err[1], F_SETFL, 0));
	fd = udp ? ASSERT_GE(socket(AF_INET, SOCK_DGRAM, 0), 0)
		 : ASSERT_GE(visit(), 0);
	if (udp)
		ASSERT_EQ(0, connect(fd, &door.a.any, door.len));
	ASSERT_EQ(1, send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	ended.fd = ASSERT_GE((int)syscall(SYS_pidfd_open, pid, 0), 0);
	EXPECT_EQ(1, poll(&ended, 1, STOP_MS));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* ---- listeners that another program made ---- */

/*
 * We hold it, too, so that close(2) in the server does not end it.  After
 * SIGTERM those that are connected are served on, and the server sleeps.
 *
 * On a busy machine it may take longer to see that than the two seconds that
 * stop.h leaves.  So a filter lets setitimer(2) do nothing, and only the peers
 * end the server.
 */
static void shared_listener(void *arg)
{
	const struct point *t = arg;
	struct server s;
	int fd[3];
	char c;

	if (t->family == AF_UNIX && t->p->flags & SLOTS)
		SKIP("on AF_UNIX nothing wakes a multishot ACCEPT: it ends at once");
	if (filter_call(SYS_setitimer, 0))
		SAY("no filter: the server has two seconds");
	make_door(t->family);
	serve(&s, t->p, "echo", 100);
	for (int i = 0; i < 3; i++) {
		fd[i] = ASSERT_GE(visit(), 0);
		ASSERT_EQ(1, send(fd[i], "x", 1, MSG_NOSIGNAL));
		ASSERT_EQ(1, recv(fd[i], &c, 1, 0));
	}
	ASSERT_EQ(0, kill(s.server_pid, SIGTERM));
	sleeps(&s);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(1, send(fd[i], "x", 1, MSG_NOSIGNAL));
		ASSERT_EQ(1, recv(fd[i], &c, 1, 0));
		close(fd[i]);
	}
	EXPECT_EQ(0, server_wait(&s, STOP_MS));
	server_free(&s);
}

/*
 * The other holder shuts it down: those who are connected are served, and then
 * the server ends with 1 and a line.  SIGIO does not come for this: a server
 * that needs it learns of the end with the next event.
 */
static void listener_shut_down(void *arg)
{
	const struct point *t = arg;
	struct server s;
	int fd;
	char c;

	if (t->family == AF_UNIX && (t->p->flags & SLOTS ||
				     !strncmp(t->p->name, "sigio", 5)))
		SKIP("on AF_UNIX nothing wakes a multishot ACCEPT, or sends SIGIO");
	make_door(t->family);
	serve(&s, t->p, "echo", 100);
	fd = ASSERT_GE(visit(), 0);
	ASSERT_EQ(1, send(fd, "x", 1, MSG_NOSIGNAL));
	ASSERT_EQ(1, recv(fd, &c, 1, 0));
	ASSERT_EQ(0, shutdown(door.fd, SHUT_RD));
	sleeps(&s);
	ASSERT_EQ(1, send(fd, "x", 1, MSG_NOSIGNAL));
	ASSERT_EQ(1, recv(fd, &c, 1, 0));
	sleeps(&s);
	close(fd);
	EXPECT_EQ(1, server_wait(&s, STOP_MS));
	if (!strstr(s.err.at, "shut the listener down"))
		FAIL("it does not say why: %s", s.err.at);
	server_free(&s);
}

/* The other holder sets O_NONBLOCK: servers that block in accept4 sleep on. */
static void listener_becomes_nonblocking(void *arg)
{
	const struct point *t = arg;
	struct server s;

	make_door(t->family);
	serve(&s, t->p, "echo", 100);
	ASSERT_EQ(0, fcntl(door.fd, F_SETFL,
			   fcntl(door.fd, F_GETFL) | O_NONBLOCK));
	serves(&s);
	sleeps(&s);
	serves(&s);
	ends(&s);
}

/* Addresses longer than struct sockaddr_in, several found in one go. */
static void long_addresses(void *arg)
{
	const struct point *t = arg;
	struct server s;
	int fd[6];

	make_door(t->family);
	serve(&s, t->p, "print", 100);
	suspend(&s);
	for (int i = 0; i < 6; i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };

		fd[i] = ASSERT_GE(socket(t->family, SOCK_STREAM, 0), 0);
		memset(a.sun_path + 1, 'A' + i, sizeof(a.sun_path) - 1);
		snprintf(a.sun_path + 1, 64, "iomodels-peer-%d", getpid());
		if (t->family == AF_UNIX && i)	/* one peer has no address */
			ASSERT_EQ(0, bind(fd[i], (void *)&a, sizeof(a)));
		ASSERT_EQ(0, connect(fd[i], &door.a.any, door.len));
		ASSERT_EQ(5, send(fd[i], "hello", 5, MSG_NOSIGNAL));
		close(fd[i]);
	}
	ASSERT_EQ(0, kill(s.server_pid, SIGCONT));
	count_lines(&s, t->family == AF_UNIX ? "unix hello\n" : " hello\n", 6);
	EXPECT_TRUE(!strstr(s.out.at, "0.0.0.0"));
	ends(&s);
}

/* SIGTERM was blocked in the program that started it: lab.c would open it. */
static void blocked_sigterm(void *arg)
{
	const struct point *t = arg;
	struct pollfd ended = { .events = POLLIN };
	char line[256] = "", why[256], *path = program_path(t->p);
	int err[2], status;
	sigset_t set;

	if (!path || probe_program(t->p, why))
		SKIP("not built, or refused");
	ASSERT_EQ(0, pipe2(err, O_CLOEXEC));
	ended.fd = ASSERT_GE(fork(), 0);
	if (!ended.fd) {
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		dup2(err[1], 2);
		execl(path, path, "--port", "0", NULL);
		_exit(127);
	}
	close(err[1]);
	ASSERT_GT(read(err[0], line, sizeof(line) - 1), 0);
	ASSERT_EQ(0, kill(ended.fd, SIGTERM));
	status = ended.fd;
	ended.fd = err[0];			/* closed by its end */
	EXPECT_EQ(1, poll(&ended, 1, STOP_MS));
	kill(status, SIGKILL);
	ASSERT_EQ(status, waitpid(status, &status, 0));
	EXPECT_EQ(0, status);
}

/*
 * SIGALRM that is not the end's: from kill(1), or from a timer of the program
 * that started the server, which execve(2) keeps.
 */
static void foreign_alarm(void *arg)
{
	const struct point *t = arg;
	struct server s;

	make_door(t->family);
	serve(&s, t->p, "echo", 100);
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, kill(s.server_pid, SIGALRM));
		serves(&s);
	}
	sleeps(&s);
	ends(&s);
}

/* The last words of an attack: fd 0 is a descriptor, too. */
static const char *refusal(const char *program, int fd_type, int family,
			   int close_fd)
{
	static char line[512];
	const struct program *p = program_find(program);
	int out[2], fd = ASSERT_GE(socket(family, fd_type, 0), 0), n, got = 0;
	pid_t pid;

	if (fd_type != SOCK_DGRAM) {
		socklen_t len = sizeof(sa_family_t);

		if (family == AF_UNIX)		/* the kernel chooses a name */
			ASSERT_EQ(0, bind(fd, (void *)&(struct sockaddr){
				.sa_family = family }, len));
		ASSERT_EQ(0, listen(fd, 1));
	}
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	pid = ASSERT_GE(fork(), 0);
	if (!pid) {
		int from = close_fd == 0 ? 0 : 9;

		dup2(fd, from);
		dup2(out[1], 2);
		if (close_fd > 0)
			close(close_fd);
		execl(program_path(p), program, "--fd", from ? "9" : "0", NULL);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], line + got, sizeof(line) - 1 - got)) > 0) {
		got += n;
		if (memchr(line, '\n', got))
			break;
	}
	line[got] = 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(out[0]);
	close(fd);
	return line;
}

#define EXPECT_IN(text, line) do {					\
	const char *line_ = (line);					\
	if (!strstr(line_, text))					\
		FAIL("no \"%s\" in: %s", text, line_);			\
} while (0)

TEST(descriptor_0_is_one)
{
	EXPECT_IN("on descriptor 0", refusal("epoll", SOCK_STREAM, AF_INET, 0));
}

TEST(inherits_no_listener_with_stdout_closed)
{
	EXPECT_IN("descriptor 1 is closed",
		  refusal("select", SOCK_STREAM, AF_INET, 1));
}

TEST(takes_no_stream_for_datagrams)
{
	EXPECT_IN("not a socket that takes datagrams",
		  refusal("sigio_udp", SOCK_STREAM, AF_INET, -1));
}

/* Each message of SOCK_SEQPACKET has an end, which a stream server loses. */
TEST(takes_no_messages_for_a_stream)
{
	for (const struct program *p = programs; p->name; p++)
		if (!(p->flags & (FILES | UDP)) && program_path(p) &&
		    !probe_program(p, (char[256]){ 0 }))
			EXPECT_IN("not a socket that takes streams",
				  refusal(p->name, SOCK_SEQPACKET, AF_UNIX, -1));
}

/* ---- the list ---- */

static const struct {
	const char *name;
	void (*fn)(void *);
	unsigned unfit;
	int families[4];
} attacks[] = {
	{ "crowd", crowd, UDP | ONCE | LOSES, { AF_INET, AF_UNIX } },
	{ "crowd_stays", crowd_stays, UDP | ONCE | SERIAL | LOSES,
	  { AF_INET, AF_UNIX } },
	{ "crowd_leaves", crowd_leaves, UDP | ONCE | SERIAL | LOSES,
	  { AF_INET, AF_UNIX } },
	{ "reads_late", reads_late, UDP | ONCE | LOSES, { AF_INET, AF_UNIX } },
	{ "resets", resets, UDP | ONCE | LOSES, { AF_INET } },
	{ "talkers", talkers, UDP | ONCE | LOSES, { AF_INET, AF_UNIX } },
	{ "full_stdout", full_stdout, 0, { AF_INET } },
	{ "full_stdout_twice", full_stdout_twice, 0, { AF_INET } },
	{ "nobody_reads", nobody_reads, 0, { AF_INET } },
	{ "shared_listener", shared_listener, UDP | ONCE | SERIAL | LOSES,
	  { AF_INET, AF_INET6, AF_UNIX } },
	{ "listener_shut_down", listener_shut_down, UDP | ONCE | LOSES,
	  { AF_INET, AF_UNIX } },
	{ "listener_becomes_nonblocking", listener_becomes_nonblocking,
	  UDP | ONCE | LOSES, { AF_INET } },
	{ "long_addresses", long_addresses, UDP | ONCE | LOSES,
	  { AF_INET6, AF_UNIX } },
	{ "foreign_alarm", foreign_alarm, UDP | ONCE | LOSES, { AF_INET } },
	{ "blocked_sigterm", blocked_sigterm, UDP | LOSES, { AF_INET } },
};

/* Those of a few. */
static const struct {
	const char *name;
	void (*fn)(void *);
	unsigned fit;
	int families[3];
} own_attacks[] = {
	{ "says_what_is_dropped", says_what_is_dropped, SLOTS, { AF_INET } },
	{ "asks_and_never_reads", asks_and_never_reads, SLOTS, { AF_INET } },
	{ "slots_run_out", slots_run_out, SLOTS, { AF_INET } },
	{ "datagrams", datagrams, UDP, { AF_INET } },
	{ "other_families_print", other_families_print, UDP,
	  { AF_INET6, AF_UNIX } },
	{ "other_families_echo", other_families_echo, UDP,
	  { AF_INET6, AF_UNIX } },
	{ "other_families_do_not_wait", other_families_do_not_wait,
	  UDP, { AF_UNIX } },
};

static void add(const struct program *p, const char *name,
		void (*fn)(void *), int family)
{
	struct point *t = malloc(sizeof(*t));
	char *text;

	if (!t || asprintf(&text, "%s/%s/%s", p->name, name,
			   family == AF_INET ? "ipv4" :
			   family == AF_INET6 ? "ipv6" : "unix") < 0)
		exit(1);
	*t = (struct point){ p, family };
	tap_add(text, fn, t)->seconds = 120;
}

void tap_list(void)
{
	for (const struct program *p = programs; p->name; p++) {
		for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
			for (const int *f = attacks[i].families; *f; f++)
				if (!(p->flags & (FILES | attacks[i].unfit)))
					add(p, attacks[i].name, attacks[i].fn,
					    *f);
		for (size_t i = 0; i < sizeof(own_attacks) /
				       sizeof(*own_attacks); i++)
			for (const int *f = own_attacks[i].families; *f; f++)
				if (p->flags & own_attacks[i].fit)
					add(p, own_attacks[i].name,
					    own_attacks[i].fn, *f);
	}
}
