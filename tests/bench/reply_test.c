/* SPDX-License-Identifier: MIT */
/*
 * reply_test.c - the service reply gives what is asked for (with libc)
 *
 *     reply_test -l               lists SERVER/WHAT
 *
 * models/reply.h describes a request.  Every answer has its length and its
 * bytes, however the request arrives, and a request that no server serves costs
 * its connection only.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include "lab.h"
#include "probe.h"
#include "tap.h"

enum { REQUEST = 12, MOST = 1 << 20, LOT = MOST + 65536 };

static void serve(struct server *s, const struct program *p)
{
	struct lab_options o = { .service = "reply" };
	char *path = program_path(p), why[256];

	if (!path)
		SKIP("%s is not built: its library is missing", p->name);
	free(path);
	if (probe_program(p, why))
		SKIP("%s", why);
	if (!server_start(s, p, &o))
		return;
	if (strstr(s->err.at, "execvp"))	/* a script: #!/usr/bin/node */
		SKIP("%.200s", s->err.at);
	FAIL("%.900s", s->err.at);
}

static int client(const struct server *s)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = ASSERT_GE(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);

	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	return fd;
}

/* A request of size bytes at `to`; none of them is an 'x'. */
static size_t put(char *to, unsigned size, unsigned answer, unsigned work)
{
	unsigned head[] = { htonl(size), htonl(answer), htonl(work) };

	memset(to, '.', size);
	memcpy(to, head, REQUEST);
	return size;
}

/*
 * Send n bytes and hear wanted bytes of answers, both at once, so that neither
 * side blocks; step: how many are sent in one go.
 */
static void exchange(int fd, const char *data, size_t n, size_t step,
		     size_t wanted)
{
	static char heard[65536];
	size_t sent = 0, had = 0;

	while (sent < n || had < wanted) {
		struct pollfd p = {
			.fd = fd, .events = POLLIN | (sent < n ? POLLOUT : 0),
		};
		size_t want = n - sent < step ? n - sent : step;
		ssize_t k;

		ASSERT_EQ(1, poll(&p, 1, -1));
		if (sent < n && p.revents & POLLOUT) {
			k = send(fd, data + sent, want,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += k > 0 ? k : 0;
		}
		if (!(p.revents & POLLIN))
			continue;
		k = ASSERT_GT(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), 0);
		for (ssize_t i = 0; i < k; i++)
			if (heard[i] != 'x')
				FAIL("byte %zu of the answers is 0x%02x",
				     had + i, (unsigned char)heard[i]);
		had += k;
	}
	EXPECT_EQ(wanted, had);
}

/* Requests and answers of many lengths, over one connection. */
static void lengths(void *arg)
{
	static const unsigned asked[][3] = {
		{ 12, 1, 0 }, { 64, 64, 0 }, { 13, 100000, 0 }, { 65536, 1, 0 },
		{ MOST, MOST, 0 }, { 12, 5, 10 },
	};
	char *data = malloc(LOT);
	struct server s;
	int fd;

	ASSERT_TRUE(data);
	serve(&s, arg);
	fd = client(&s);
	for (unsigned i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		exchange(fd, data, put(data, asked[i][0], asked[i][1],
				       asked[i][2]), LOT, asked[i][1]);
	close(fd);
	EXPECT_EQ(0, server_stop(&s));
	free(data);
}

/* Requests byte by byte, and several in one piece that ends within another. */
static void pieces(void *arg)
{
	char data[400];
	struct server s;
	size_t n;
	int fd, on = 1;

	serve(&s, arg);
	fd = client(&s);
	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
	exchange(fd, data, put(data, 20, 7, 0), 1, 7);
	n = put(data, 20, 100, 0);
	n += put(data + n, 12, 1, 1);
	n += put(data + n, 300, 2000, 0);
	exchange(fd, data, 20 + 12 + 5, LOT, 101);
	exchange(fd, data + 37, n - 37, LOT, 2000);
	close(fd);
	EXPECT_EQ(0, server_stop(&s));
}

/*
 * Many requests, before any answer is read: the server owes more than the
 * socket takes while the next requests come.  None is lost, none comes twice.
 */
static void asks_ahead(void *arg)
{
	enum { REQUESTS = 12000, SIZE = 64 };
	char *data = malloc(REQUESTS * SIZE);
	int fd, full = 0;
	size_t n = 0, sent = 0, wanted = 0;
	struct server s;
	ssize_t k;

	ASSERT_TRUE(data);
	for (int i = 0; i < REQUESTS; i++) {
		unsigned answer = 1 + i * 37 % 4000;	/* a receive: < MOST */

		n += put(data + n, SIZE, answer, 0);
		wanted += answer;
	}
	serve(&s, arg);
	fd = client(&s);
	while (sent < n && full < 20) {		/* until it takes no more */
		k = send(fd, data + sent, n - sent < 1000 ? n - sent : 1000,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += k > 0 ? k : 0;
		full = k > 0 ? 0 : full + 1 + poll(NULL, 0, 1);
	}
	exchange(fd, data + sent, n - sent, LOT, wanted);
	close(fd);
	EXPECT_EQ(0, server_stop(&s));
	free(data);
}

/* The server closes this connection; 0 bytes come, or a reset. */
static void expect_end(const struct server *s, unsigned size, unsigned answer,
		       unsigned work)
{
	char data[64], byte;
	int fd = client(s);

	put(data, 64, answer, work);
	*(unsigned *)data = htonl(size);
	ASSERT_EQ(64, send(fd, data, 64, MSG_NOSIGNAL));
	EXPECT_LE(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void refused(void *arg)
{
	const struct program *p = arg;
	char data[64];
	struct server s;
	int fd;

	serve(&s, p);
	expect_end(&s, 11, 1, 0);
	if (p->flags & ONCE) {
		EXPECT_EQ(0, server_wait(&s, 5000));
		return;
	}
	expect_end(&s, 64, 0, 0);
	expect_end(&s, 64, MOST + 1, 0);
	expect_end(&s, 64, 1, 1000001);
	fd = client(&s);
	exchange(fd, data, put(data, 64, 64, 0), LOT, 64);
	close(fd);
	EXPECT_EQ(0, server_stop(&s));
}

/* ---- the list ---- */

static void add(const struct program *p, const char *what, void (*fn)(void *))
{
	char *name;

	if (asprintf(&name, "%s/%s", p->name, what) < 0)
		exit(1);
	tap_add(name, fn, (void *)p)->seconds = 60;
}

static void add_all(const struct program *p, int of_ours)
{
	for (; p->name; p++) {
		if (p->flags & (UDP | FILES | ECHO_ONLY))
			continue;
		add(p, "lengths", lengths);
		add(p, "pieces", pieces);
		if (of_ours)
			add(p, "asks_ahead", asks_ahead);
		if (!(p->flags & LOSES))
			add(p, "refused", refused);
	}
}

void tap_list(void)
{
	add_all(programs, 1);
	add_all(peer_programs, 0);
}
