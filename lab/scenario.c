/* SPDX-License-Identifier: MIT */
/*
 * scenario.c - scripted clients, and whether every byte came back
 *
 * All clients of a scenario are in this one process, on non-blocking sockets
 * under one poll(2).  A client is a struct peer: what it has to say, how far
 * it got, and its goals (how far to send, how much to get back, whether to
 * close its half, whether to see the server close).  A script sets goals and
 * calls pump(), which returns when all are reached.  What a client sends is drawn
 * from a seed, so that a byte lost or out of its place does not go unseen.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "scenario.h"

enum {
	DEADLINE_MS = 20000,
	CROWD = 200,
	SILENT = 500,
	RESETS = 20,			/* and as many that do not reset */
	FEW = 16,			/* descriptors, for emfile */
	MANY = 40,			/* clients, for emfile */
	WAVE = 50,			/* datagrams that no SO_RCVBUF drops */
	BIG = 8 << 20,
	BURST = 3,
	CHUNK = 64 << 10,
};

struct peer {
	int fd;
	unsigned port;			/* its own */
	int rcvbuf;			/* SO_RCVBUF; 0: the default */
	char *data;			/* what it says */
	size_t len;
	/* the goals */
	size_t send_to, get_to;		/* bytes of data */
	int half_close;			/* once all is sent */
	int see_end;			/* the server closes, after all of it */
	int hang_up;			/* close once the other goals are reached */
	int read_late;			/* not before all is sent */
	/* how far it got */
	size_t sent, got;
	int closed_half, saw_end;
};

/* One play of a scenario. */
struct play {
	struct server *s;
	char *why;
	long deadline;
	int echo, udp, alone;		/* alone: one connection at a time */
};

static struct play start(struct server *s, char why[256])
{
	unsigned flags = s->program->flags;

	why[0] = 0;
	return (struct play){
		.s = s, .why = why,
		.deadline = lab_ms() + DEADLINE_MS,
		.echo = !strcmp(s->service, "echo"),
		.udp = !!(flags & UDP),
		.alone = !!(flags & (ONCE | SERIAL)),
	};
}

/* The reason, and -1. */
#define lost(y, ...) (snprintf((y)->why, 256, __VA_ARGS__), -1)

static void *zeroed(size_t n, size_t size)
{
	void *mem = calloc(n, size);

	if (mem)
		return mem;
	fprintf(stderr, "scenario: no memory\n");
	exit(1);
}

/* ---- the bytes that clients send ---- */

static unsigned long draw(unsigned long *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

static void any_bytes(struct peer *p, unsigned long seed, size_t len)
{
	p->data = zeroed(len, 1);
	p->len = len;
	for (size_t i = 0; i < len; i++)
		p->data[i] = draw(&seed) >> 32;
}

/* The tutorial's message, of len bytes and a few: {"send_user",...}. */
static void json(struct peer *p, unsigned user, size_t len)
{
	static const char letter[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789 .";
	unsigned long seed = user + 1;
	int n;

	p->data = zeroed(len + 128, 1);
	n = sprintf(p->data, "{\"send_user\":\"peer-%u\",\"send_time\":"
		    "\"2026-01-01 12:00:00\",\"send_msg\":\"", user);
	for (size_t i = 0; i < len; i++)
		p->data[n++] = letter[draw(&seed) >> 32 & 63];
	p->len = n + sprintf(p->data + n, "\"}");
}

/* ---- what print must have printed ---- */

struct line { unsigned port; size_t len; char *text; int seen; };

static struct {
	pid_t pid;			/* of the server it is for */
	struct line *at;
	size_t n, cap;
} expected;

/* The server will print len bytes of what p says (sigio_udp: a datagram). */
static void expect_line(struct play *y, const struct peer *p, size_t from,
			size_t len)
{
	struct line *l;

	if (y->echo)
		return;
	if (expected.n == expected.cap) {
		expected.cap = 2 * expected.cap + CROWD;
		expected.at = realloc(expected.at,
				      expected.cap * sizeof(*expected.at));
		if (!expected.at)
			exit(1);
	}
	l = &expected.at[expected.n++];
	*l = (struct line){ p->port, len, zeroed(len + 1, 1), 0 };
	memcpy(l->text, p->data + from, len);
}

static void new_expectations(const struct server *s)
{
	if (expected.pid == s->pid)
		return;
	for (size_t i = 0; i < expected.n; i++)
		free(expected.at[i].text);
	expected.n = 0;
	expected.pid = s->pid;
}

static size_t lines_of(const struct text *t)
{
	size_t n = 0;

	for (const char *at = t->at; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* A client that just closes cannot see its message printed: wait for it. */
static int wait_lines(struct play *y)
{
	size_t n;

	while (!y->echo && (n = lines_of(&y->s->out)) < expected.n) {
		struct pollfd p[2] = {
			{ .fd = y->s->out_fd, .events = POLLIN },
			{ .fd = y->s->err_fd, .events = POLLIN },
		};
		long left = y->deadline - lab_ms();

		if (y->s->out_fd < 0)
			return lost(y, "the server's output ended after %zu of "
				    "%zu lines", n, expected.n);
		if (left <= 0 || !poll(p, 2, left))
			return lost(y, "%zu of %zu messages printed after %d s",
				    n, expected.n, DEADLINE_MS / 1000);
		server_drain(y->s);
	}
	return 0;
}

static struct line *find_line(unsigned port, const char *text, size_t len)
{
	for (size_t i = 0; i < expected.n; i++) {
		struct line *l = &expected.at[i];

		if (!l->seen && l->port == port && l->len == len &&
		    !memcmp(l->text, text, len))
			return l;
	}
	return NULL;
}

int scenario_printed_all(const struct scenario *c, const struct server *s,
			 char why[256])
{
	const char *at = s->out.at, *end, *text;
	struct line *l;
	char ip[16];
	unsigned port;
	int n;

	new_expectations(s);
	for (size_t i = 0; i < expected.n; i++)
		expected.at[i].seen = 0;
	for (; *at; at = end + 1) {
		end = strchr(at, '\n');
		if (!end) {
			snprintf(why, 256, "%s: the last line has no newline at "
				 "its end: %.60s", c->name, at);
			return 0;
		}
		n = 0;
		sscanf(at, "%15[0-9.]:%u%n", ip, &port, &n);
		text = at + n + 1;
		l = n && at[n] == ' ' && !strcmp(ip, "127.0.0.1") ?
		    find_line(port, text, end - text) : NULL;
		if (!l) {
			snprintf(why, 256, "%s: printed, but no client sent it: "
				 "%.100s", c->name, at);
			return 0;
		}
		l->seen = 1;
	}
	for (size_t i = 0; i < expected.n; i++) {
		l = &expected.at[i];
		if (l->seen)
			continue;
		snprintf(why, 256, "%s: sent from port %u, but not printed: "
			 "%.60s... (%zu bytes)", c->name, l->port, l->text,
			 l->len);
		return 0;
	}
	return 1;
}

/* ---- a peer ---- */

static int join(struct play *y, struct peer *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int on = 1;

	p->fd = socket(AF_INET, SOCK_NONBLOCK | SOCK_CLOEXEC |
		       (y->udp ? SOCK_DGRAM : SOCK_STREAM), 0);
	if (p->fd < 0)
		return lost(y, "socket: %s", strerror(errno));
	if (p->rcvbuf)		/* before connect: it sets the window's scale */
		setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &p->rcvbuf,
			   sizeof(p->rcvbuf));
	if (!y->udp)
		setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	a.sin_port = htons(y->s->port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(p->fd, (void *)&a, sizeof(a)) && errno != EINPROGRESS)
		return lost(y, "connect: %s", strerror(errno));
	if (getsockname(p->fd, (void *)&a, &len))
		return lost(y, "getsockname: %s", strerror(errno));
	p->port = ntohs(a.sin_port);
	return 0;
}

static void leave(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void reset(struct peer *p)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	leave(p);
}

static struct peer *peers(int n)
{
	struct peer *p = zeroed(n, sizeof(*p));

	for (int i = 0; i < n; i++)
		p[i].fd = -1;
	return p;
}

static void part(struct peer *p, int n)
{
	for (int i = 0; i < n; i++) {
		leave(&p[i]);
		free(p[i].data);
	}
	free(p);
}

/* Goal: say all (so far: up to n bytes), and under echo get it back. */
static void say(struct play *y, struct peer *p, size_t n)
{
	p->send_to = n;
	p->get_to = y->echo ? n : 0;
}

/* Goal: the server, told that this was all, closes when it has done it. */
static void finish(struct play *y, struct peer *p)
{
	p->half_close = p->see_end = !y->udp;
}

static short wants(const struct peer *p)
{
	short events = 0;

	if (p->fd < 0)
		return 0;
	if (p->sent < p->send_to || (p->half_close && !p->closed_half))
		events |= POLLOUT;
	if ((p->got < p->get_to || (p->see_end && !p->saw_end)) &&
	    !(events && p->read_late))
		events |= POLLIN;
	return events;
}

static int push(struct play *y, struct peer *p)
{
	size_t n = p->send_to - p->sent;
	ssize_t sent;

	if (n) {
		sent = send(p->fd, p->data + p->sent, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return lost(y, "port %u: send after %zu of %zu bytes: "
				    "%s", p->port, p->sent, p->len,
				    strerror(errno));
		p->sent += sent > 0 ? sent : 0;
	}
	if (p->sent == p->send_to && p->half_close && !p->closed_half) {
		if (shutdown(p->fd, SHUT_WR))
			return lost(y, "port %u: shutdown: %s", p->port,
				    strerror(errno));
		p->closed_half = 1;
	}
	return 0;
}

static int pull(struct play *y, struct peer *p)
{
	static char buf[CHUNK];
	size_t room = p->rcvbuf ? p->rcvbuf : CHUNK;
	ssize_t n = recv(p->fd, buf, room, 0);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return lost(y, "port %u: recv after %zu of %zu bytes: %s",
			    p->port, p->got, p->get_to, strerror(errno));
	if (n == 0 && (p->got < p->get_to || !p->see_end))
		return lost(y, "port %u: the server closed after %zu of %zu "
			    "bytes", p->port, p->got, p->get_to);
	if (n == 0) {
		p->saw_end = 1;
		return 0;
	}
	if (p->got + n > p->sent || !y->echo)
		return lost(y, "port %u: %zu bytes came back, but only %zu "
			    "were sent", p->port, p->got + n,
			    y->echo ? p->sent : 0);
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] != p->data[p->got + i])
			return lost(y, "port %u: byte %zu came back as %#x, "
				    "not %#x", p->port, p->got + i,
				    (unsigned char)buf[i],
				    (unsigned char)p->data[p->got + i]);
	p->got += n;
	return 0;
}

/* Which of them has not reached its goals, for the message. */
static int overdue(struct play *y, const struct peer *p, int n)
{
	int late = 0, first = -1;

	for (int i = 0; i < n; i++)
		if (wants(&p[i])) {
			late++;
			if (first < 0)
				first = i;
		}
	p += first < 0 ? 0 : first;
	return lost(y, "%d of %d clients not served within %d s; port %u: sent "
		    "%zu of %zu bytes, %zu of %zu came back%s", late, n,
		    DEADLINE_MS / 1000, p->port, p->sent, p->send_to, p->got,
		    p->get_to, p->see_end && !p->saw_end ?
		    ", the server did not close" : "");
}

/* Drive all of them until each has reached its goals. */
static int pump(struct play *y, struct peer *p, int n)
{
	struct pollfd *f = zeroed(n + 2, sizeof(*f));
	int busy = 1, err = 0;

	while (!err) {
		long left = y->deadline - lab_ms();

		busy = 0;
		for (int i = 0; i < n; i++) {
			f[i].events = wants(&p[i]);
			f[i].revents = 0;	/* poll may be interrupted */
			f[i].fd = f[i].events ? p[i].fd : -1;
			busy += !!f[i].events;
			if (!f[i].events && p[i].hang_up)
				leave(&p[i]);
		}
		if (!busy)
			break;
		f[n] = (struct pollfd){ y->s->out_fd, POLLIN, 0 };
		f[n + 1] = (struct pollfd){ y->s->err_fd, POLLIN, 0 };
		if (left <= 0 || !poll(f, n + 2, left)) {
			err = overdue(y, p, n);
			break;
		}
		server_drain(y->s);	/* it must never wait for us */
		for (int i = 0; i < n && !err; i++) {
			if (f[i].events & POLLOUT && f[i].revents & ~POLLIN)
				err = push(y, &p[i]);
			if (!err && f[i].events & POLLIN &&
			    f[i].revents & ~POLLOUT)
				err = pull(y, &p[i]);
		}
	}
	free(f);
	return err;
}

/* A whole client: comes, says its message, is served to the end, and goes. */
static int visit(struct play *y, unsigned user, size_t len)
{
	struct peer *p = peers(1);
	int err;

	json(p, user, len);
	err = join(y, p);
	if (!err) {
		expect_line(y, p, 0, p->len);
		say(y, p, p->len);
		finish(y, p);
		err = pump(y, p, 1);
	}
	part(p, 1);
	return err;
}

/* ---- the scenarios ---- */

static void step(struct server *s)
{
	if (s->step)
		s->step(s);
}

/*
 * The last step.  A close(2) would return before the server knows of it; for
 * a capture, whose order of calls must be the same each time, the client
 * closes its half and waits until the server has closed the other.
 */
static int done(struct play *y, struct peer *p)
{
	int err = 0;

	step(y->s);
	if (y->s->step) {
		finish(y, p);
		err = pump(y, p, 1);
	}
	return err;
}

static int play_one(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(1);
	int err;

	new_expectations(s);
	json(p, 1, 40);
	err = join(&y, p);
	if (!err) {
		step(s);
		expect_line(&y, p, 0, p->len);
		say(&y, p, p->len);
		err = pump(&y, p, 1);
		err = err ? err : done(&y, p);
	}
	part(p, 1);			/* it closes, as the tutorial's do */
	return err ? err : wait_lines(&y);
}

static int play_two(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(1), second = { 0 };
	size_t first;
	int err;

	new_expectations(s);
	json(p, 1, 40);
	json(&second, 2, 60);
	first = p->len;
	p->data = realloc(p->data, first + second.len);
	memcpy(p->data + first, second.data, second.len);
	p->len += second.len;
	free(second.data);

	err = join(&y, p);
	if (!err) {
		if (y.udp)
			expect_line(&y, p, 0, first);
		expect_line(&y, p, y.udp ? first : 0, p->len - (y.udp ? first : 0));
		step(s);
		say(&y, p, first);
		err = pump(&y, p, 1);
		step(s);
	}
	if (!err) {
		poll(NULL, 0, 100);	/* the pause, seen in a capture */
		say(&y, p, p->len);
		err = pump(&y, p, 1);
		err = err ? err : done(&y, p);
	}
	part(p, 1);
	return err ? err : wait_lines(&y);
}

/* Datagrams come in waves that the socket's buffer can hold. */
static int crowd_of_datagrams(struct play *y, struct peer *p)
{
	int err = 0;

	for (int i = 0; i < CROWD && !err; i += WAVE) {
		for (int j = i; j < i + WAVE; j++) {
			expect_line(y, &p[j], 0, p[j].len);
			say(y, &p[j], p[j].len);
		}
		err = pump(y, p + i, WAVE);
		if (!err)
			err = wait_lines(y);
	}
	return err;
}

static int crowd_of_connections(struct play *y, struct peer *p)
{
	for (int i = 0; i < CROWD; i++) {
		expect_line(y, &p[i], 0, p[i].len);
		say(y, &p[i], p[i].len);
		if (i % 2)		/* these just close, those are careful */
			p[i].hang_up = 1;
		else
			finish(y, &p[i]);
	}
	return pump(y, p, CROWD);
}

static int play_crowd(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(CROWD);
	int err = 0;

	new_expectations(s);
	for (int i = 0; i < CROWD && !err; i++) {
		json(&p[i], i, y.udp ? 40 : 100 + i * 37 % 5000);
		err = join(&y, &p[i]);
	}
	if (!err)
		err = y.udp ? crowd_of_datagrams(&y, p)
			    : crowd_of_connections(&y, p);
	part(p, CROWD);
	return err ? err : wait_lines(&y);
}

/* Between any two bytes of the slow one, another is served to the end. */
static int play_slow(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(1);
	int err;

	new_expectations(s);
	json(p, 1000, 0);
	err = join(&y, p);
	expect_line(&y, p, 0, p->len);
	for (size_t i = 1; i <= p->len && !err; i++) {
		say(&y, p, i);
		err = pump(&y, p, 1);
		if (!err)
			err = visit(&y, i, 100);
	}
	if (!err) {
		finish(&y, p);
		err = pump(&y, p, 1);
	}
	part(p, 1);
	return err ? err : wait_lines(&y);
}

/* The number of p whose server has closed, or spoken unasked. */
static int disturbed(const struct peer *p, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		struct pollfd f = { .fd = p[i].fd, .events = POLLIN };

		count += poll(&f, 1, 0) > 0;
	}
	return count;
}

static int play_idle(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(SILENT);
	int err = 0, n;

	new_expectations(s);
	for (int i = 0; i < SILENT && !err; i++)
		err = join(&y, &p[i]);
	if (!err)
		err = visit(&y, 1, 1000);
	n = err ? 0 : disturbed(p, SILENT);
	if (n)
		err = lost(&y, "the server closed %d of %d silent connections",
			   n, SILENT);
	part(p, SILENT);
	if (!err)
		err = visit(&y, 2, 1000);
	return err ? err : wait_lines(&y);
}

/*
 * One that resets: at once, after half of a message, after having had an
 * answer, or while the server is sending to it.
 */
static int reset_one(struct play *y, int how)
{
	struct peer *p = peers(1);
	int err;

	json(p, 500 + how, how == 3 ? 512 << 10 : 1000);
	err = join(y, p);
	if (!err && how == 1)
		p->send_to = p->len / 2;
	if (!err && how == 2)
		say(y, p, p->len / 2);
	if (!err && how)
		err = how == 3 ? 0 : pump(y, p, 1);
	if (!err && how == 3) {
		p->send_to = p->len;
		err = push(y, p);
	}
	if (p->fd >= 0)
		reset(p);
	part(p, 1);
	return err;
}

static int play_reset(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(RESETS);
	int err = 0;

	new_expectations(s);
	for (int i = 0; i < RESETS && !err; i++) {
		json(&p[i], i, 2000);
		if (!y.alone) {		/* else it would keep the others out */
			err = join(&y, &p[i]);
			say(&y, &p[i], p[i].len / 2);
		}
	}
	if (!err)
		err = pump(&y, p, RESETS);
	for (int i = 0; i < RESETS && !err; i++)
		err = reset_one(&y, i % 4);
	for (int i = 0; i < RESETS && !err; i++) {
		if (y.alone)
			err = join(&y, &p[i]);
		expect_line(&y, &p[i], 0, p[i].len);
		say(&y, &p[i], p[i].len);
		finish(&y, &p[i]);
	}
	if (!err)
		err = pump(&y, p, RESETS);
	part(p, RESETS);
	return err ? err : wait_lines(&y);
}

static int play_half_close(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(1);
	int err;

	new_expectations(s);
	json(p, 1, 256 << 10);
	p->read_late = 1;
	err = join(&y, p);
	if (!err) {
		expect_line(&y, p, 0, p->len);
		say(&y, p, p->len);
		finish(&y, p);
		err = pump(&y, p, 1);
	}
	part(p, 1);
	return err ? err : wait_lines(&y);
}

/* ---- emfile: fewer descriptors than clients ---- */

static int descriptors(pid_t pid)
{
	char name[64];
	DIR *dir;
	int n = 0;

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	dir = opendir(name);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n - 2;			/* . and .. */
}

/* Milliseconds of CPU of all its threads; -1 when it is gone. */
static long cpu_ms(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return -1;
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * It has no descriptor left and clients wait in its queue.  Look on for half
 * a second: a server that asks again and again would use all of it, one that
 * rests next to nothing; uring_sqpoll, which looks a number of times before it
 * rests, 75 ms on an emulated processor.
 */
static int check_rest(struct play *y)
{
	long before, used;
	int fds, slots = y->s->program->flags & SLOTS;

	while (!slots && (fds = descriptors(y->s->server_pid)) < FEW) {
		if (lab_ms() > y->deadline)
			return lost(y, "the server holds %d descriptors, not "
				    "%d", fds, FEW);
		poll(NULL, 0, 1);
	}
	before = cpu_ms(y->s->server_pid);
	poll(NULL, 0, 500);
	used = cpu_ms(y->s->server_pid) - before;
	if (before < 0 || used < 0)
		return lost(y, "the server ended when it had no descriptor left");
	/* uring_sqpoll may spin for 40 ms as it falls asleep.  A server that
	 * spins does so for all of the 500 ms, or for half on a busy host. */
	if (used > 250)
		return lost(y, "with no descriptor left the server spins: it "
			    "used a processor for %ld ms of 500 ms", used);
	return 0;
}

static int play_emfile(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(MANY);
	int err = 0;

	new_expectations(s);
	for (int i = 0; i < MANY && !err; i++) {
		json(&p[i], i, 1000);
		err = join(&y, &p[i]);
		p[i].send_to = p[i].len / 2;
	}
	if (!err)
		err = pump(&y, p, MANY);	/* said: the kernel keeps it */
	if (!err)
		err = check_rest(&y);
	for (int i = 0; i < MANY && !err; i++) {
		expect_line(&y, &p[i], 0, p[i].len);
		say(&y, &p[i], p[i].len);
		finish(&y, &p[i]);
		if (i == 0)		/* it has a descriptor, and is served */
			err = pump(&y, p, 1);
	}
	if (!err)
		err = pump(&y, p, MANY);	/* each that goes lets one in */
	part(p, MANY);
	return err ? err : wait_lines(&y);
}

/*
 * Send as much as the server takes while nothing is read.  It is stuck when
 * others have come and gone many times and neither more could be sent nor
 * more of it has arrived.
 */
static int push_until_stuck(struct play *y, struct peer *p)
{
	int still = 0, queued = 0, err = 0;
	size_t sent = 0;

	p->send_to = p->len;
	for (int i = 0; still < 64 && !err; i++) {
		int now = 0;

		err = push(y, p);
		ioctl(p->fd, SIOCOUTQ, &now);
		still = sent == p->sent && queued == now ? still + 1 : 0;
		sent = p->sent;
		queued = now;
		if (!err)
			err = visit(y, i, 1000);
	}
	return err;
}

/* The peer that sends 8 MiB does not read now; the others must not notice. */
static int play_big(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(1);
	int err;

	new_expectations(s);
	any_bytes(p, 1, BIG);
	p->rcvbuf = 4096;
	err = join(&y, p);
	if (!err && !y.alone)
		err = push_until_stuck(&y, p);
	if (!err) {
		say(&y, p, p->len);
		finish(&y, p);
		err = pump(&y, p, 1);
	}
	part(p, 1);
	return err;
}

/* Wait until the server has been stopped by a signal. */
static int wait_stopped(struct play *y)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", y->s->server_pid);
	while (state != 'T' && state != 't') {
		FILE *f = fopen(path, "re");

		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = 'X';
		if (f)
			fclose(f);
		if (state == 'X' || lab_ms() > y->deadline)
			return lost(y, "the server does not stop");
		poll(NULL, 0, 1);
	}
	return 0;
}

/*
 * All that the clients do happens before the server can run on: of its
 * signals all but one are dropped, if they do not queue.
 */
static int play_burst(struct server *s, char why[256])
{
	struct play y = start(s, why);
	struct peer *p = peers(BURST);
	int err;

	kill(s->server_pid, SIGSTOP);
	err = wait_stopped(&y);
	for (int i = 0; i < BURST && !err; i++) {
		json(&p[i], i, 40);
		err = join(&y, &p[i]);
		p[i].send_to = p[i].len;
		p[i].half_close = !y.udp;
		if (!err)
			err = pump(&y, &p[i], 1);
	}
	kill(s->server_pid, SIGCONT);
	server_settle(s);
	part(p, BURST);
	return err;
}

const struct scenario scenario_burst = {
	.name = "burst", .play = play_burst, .service = "print",
	.about = "three clients while the server is stopped; then it goes on",
};

const struct scenario scenarios[] = {
	{ "one", "one client sends one JSON message and closes", "print", 1,
	  0, 0, play_one },
	{ "two", "one client sends two messages, with a pause", "echo", 1,
	  0, 0, play_two },
	{ "crowd", "200 clients at once", "print", 1,
	  ONCE | LOSES, 0, play_crowd },
	{ "slow", "one client sends a byte at a time, others come and go",
	  "echo", 1, UDP | ONCE | SERIAL | LOSES, 0, play_slow },
	{ "idle", "500 silent clients, and one that sends", "echo", 1,
	  UDP | ONCE | SERIAL | LOSES, 0, play_idle },
	{ "reset", "20 clients reset their connections, 20 others do not",
	  "echo", 1, UDP | ONCE | LOSES, 0, play_reset },
	{ "half-close", "one client sends a lot, then shuts down its sending "
	  "side", "echo", 1, UDP | LOSES, 0, play_half_close },
	{ "emfile", "40 clients of a server that may have 16 descriptors",
	  "echo", 1, UDP | ONCE | SERIAL | LOSES, FEW, play_emfile },
	{ "big", "one client sends 8 MiB, has a small receive buffer, and "
	  "reads the echo late", "echo", 0, UDP | LOSES, 0, play_big },
	{ .name = NULL }
};

const struct scenario *scenario_find(const char *name)
{
	for (const struct scenario *c = scenarios; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return strcmp(name, scenario_burst.name) ? NULL : &scenario_burst;
}
