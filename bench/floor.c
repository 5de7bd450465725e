/* SPDX-License-Identifier: MIT */
/*
 * floor.c - what an echo costs when nobody has to wait for it
 *
 * One thread sends a message through a pair of connected sockets and receives
 * it at the other end, where it lies ready.  A server does the same two calls
 * for an echo; what it needs beyond them is the price of its model.
 *
 *     a ---- send ----> b     then     b ---- send ----> a
 *       thread:  recv                    thread:  recv
 *
 * The direction changes with each round through the pairs, so that data carry
 * the acknowledgements of the data before them, as in a conversation.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "floor.h"
#include "stat.h"

static long long nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int refuse(struct floor_result *r, const char *call)
{
	snprintf(r->why, sizeof(r->why), "floor: %s: %s%s", call,
		 strerror(errno), errno == EMFILE ?
		 "; ulimit -n allows no more sockets" : "");
	return -1;
}

/* ---- a pair of sockets ---- */

static int tcp_pair(int pair[2], struct floor_result *r)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	const char *call = NULL;

	pair[1] = -1;
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (from < 0 || pair[0] < 0)
		call = "socket";
	else if (bind(from, (void *)&a, len) || listen(from, 1) ||
		 getsockname(from, (void *)&a, &len))
		call = "listen";
	else if (connect(pair[0], (void *)&a, len))
		call = "connect";
	else if ((pair[1] = accept4(from, NULL, NULL, SOCK_CLOEXEC)) < 0)
		call = "accept4";
	for (int i = 0; i < 2 && !call; i++)
		if (setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &on,
			       sizeof(on)))
			call = "setsockopt TCP_NODELAY";
	if (call)
		refuse(r, call);
	if (from >= 0)
		close(from);
	return call ? -1 : 0;
}

static int udp_pair(int pair[2], struct floor_result *r)
{
	struct sockaddr_in a[2];
	socklen_t len = sizeof(a[0]);

	for (int i = 0; i < 2; i++) {
		a[i] = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		pair[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (pair[i] < 0 || bind(pair[i], (void *)&a[i], len) ||
		    getsockname(pair[i], (void *)&a[i], &len))
			return refuse(r, "a UDP socket");
	}
	for (int i = 0; i < 2; i++)
		if (connect(pair[i], (void *)&a[!i], len))
			return refuse(r, "connect");
	return 0;
}

static int open_pair(enum floor_kind kind, int pair[2], struct floor_result *r)
{
	pair[0] = pair[1] = -1;
	if (kind == FLOOR_TCP)
		return tcp_pair(pair, r);
	if (kind == FLOOR_UDP)
		return udp_pair(pair, r);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return refuse(r, "socketpair");
	return 0;
}

/* ---- an echo ---- */

/* A long message does not fit the sockets' memory: it goes in parts. */
static int echo(int from, int to, char *buf, unsigned size)
{
	struct pollfd room = { .fd = from, .events = POLLOUT };
	unsigned sent = 0, had = 0;

	while (had < size) {
		ssize_t n = 0;

		if (sent < size)
			n = send(from, buf + sent, size - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return -1;
		sent += n > 0 ? n : 0;
		/* Nothing is on its way: what has arrived is not yet
		   acknowledged. */
		if (had == sent && poll(&room, 1, -1) > 0)
			continue;
		n = recv(to, buf + had, size - had, 0);
		if (n <= 0)
			return -1;
		had += n;
	}
	return 0;
}

static int rounds(const struct floor *f, int (*pairs)[2], char *buf,
		  long long ns, struct floor_result *r)
{
	long long end = nanoseconds(CLOCK_MONOTONIC) + ns;
	unsigned direction = 0;

	r->echoes = 0;
	do {
		for (unsigned i = 0; i < f->pairs; i++)
			if (echo(pairs[i][direction], pairs[i][!direction], buf,
				 f->size))
				return refuse(r, "send and recv");
		direction = !direction;
		r->echoes += f->pairs;
	} while (nanoseconds(CLOCK_MONOTONIC) < end);
	return 0;
}

static int measure(const struct floor *f, int (*pairs)[2], char *buf,
		   struct floor_result *r)
{
	unsigned n = f->slices ? f->slices : 1;
	double cpus[SLICES], walls[SLICES];

	for (unsigned i = 0; i < n; i++) {
		long long cpu, wall, ns = f->run_ms * 1000000LL / n;
		int turn = next_turn(&f->turns);

		if (turn < 0)
			return refuse(r, "waiting for its turn");
		if (turn == TURN_LAST)
			break;
		if (rounds(f, pairs, buf, ns / 10 + 1000000, r))
			return -1;
		cpu = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
		wall = nanoseconds(CLOCK_MONOTONIC);
		if (rounds(f, pairs, buf, ns, r))
			return -1;
		cpu = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
		wall = nanoseconds(CLOCK_MONOTONIC) - wall;
		r->slices[i].seconds = wall / 1e9;
		cpus[i] = r->slices[i].server_us = cpu / 1e3 / r->echoes;
		walls[i] = wall / 1e3 / r->echoes;
		r->slice_count = i + 1;
	}
	r->cpu_us = median(cpus, r->slice_count);
	r->wall_us = median(walls, r->slice_count);
	return 0;
}

int floor_run(const struct floor *f, struct floor_result *r)
{
	int (*pairs)[2] = malloc(f->pairs * sizeof(*pairs));
	char *buf = calloc(1, f->size);
	unsigned opened = 0;
	int err = 0;

	if (!pairs || !buf)
		err = refuse(r, "malloc");
	if (!err && next_turn(&f->turns))
		err = refuse(r, "waiting for its turn");
	while (!err && opened < f->pairs)
		err = open_pair(f->kind, pairs[opened++], r);
	if (!err)
		err = measure(f, pairs, buf, r);
	for (unsigned i = 0; i < opened; i++)
		for (int j = 0; j < 2; j++)
			if (pairs[i][j] >= 0)
				close(pairs[i][j]);
	free(pairs);
	free(buf);
	return err;
}
