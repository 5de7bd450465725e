/* SPDX-License-Identifier: MIT */
/*
 * load.c - the load generator: one thread, edge-triggered epoll
 *
 *    connect   idle ones, then busy ones
 *    slice     when it is our turn; the first has a longer WARM
 *      WARM    full load, nothing is noted, until all connections had an answer
 *      RUN     messages, latencies, processor time of both sides; for as many
 *              messages as the first WARM says, or for its time with a rate
 *      OVER    what is in flight comes back, and the server falls asleep
 *    WHOLE     RUN once more, in one piece, where slices cannot show the rate
 *    COUNT     messages and system calls: counting slows each call, so it has
 *              a turn of its own
 *
 * Each connection has `window` messages in flight.  A message costs two calls,
 * recv and send, and a share of an epoll_wait.  Only io_uring needs fewer calls,
 * and a client must run where io_uring is refused.
 *
 * Why a number of messages: a slice that ended by the clock would have fewer
 * messages when the server stalls in it, and still contain the whole stall.
 *
 * Closed loop (rate 0): an answer is followed by the next message at once, and
 * a slow server is asked less often: its latencies look better than those that
 * independent users would see.  With a rate, message k is due at
 * start + k / rate, whatever became of those before, and its latency counts
 * from then: coordinated omission (Gil Tene's word) cannot hide a stall.  What
 * is due and has no answer at the end counts with the time that it has waited.
 *
 * Where a server closes its connections, new ones are made while we measure: they
 * wait in a queue of ours and are made one after the other.  Where the listen
 * queue is full, the kernel drops the SYN and sends it again after a second.  No
 * connect waits for that.  It is given up, and tried again at the next answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "count.h"
#include "load.h"
#include "outside.h"
#include "stat.h"

enum {
	EVENTS = 256,
	CHUNK = 256 << 10,	/* bytes of one send or recv at most */
	PACE = 128,		/* connections between two waits for accept4 */
	SILENCE_MS = 5000,	/* no answer for so long: the server hangs */
	RIGHT_MS = 2000,	/* for the first right answer */
	KNOCK_US = 100,		/* a SYN without an answer is given up, first */
	KNOCK_MOST_US = 5000,	/* likewise, at last */
	RESEND_MS = 100,	/* likewise: a datagram is lost */
	SOURCES = 250,		/* 127.0.0.2 and on, for TIME_WAIT's sake */
	WARM_AGAIN_MS = 1,	/* before all slices but the first, about */
	LOOK_EVERY = 16,	/* slices, for processes beside its children */
	REST_MS = 100,		/* for the server to fall asleep, at most */
	REFUSED_MOST = 1000,	/* connections without an answer */
	LONG_MS = 1000,		/* a slice ends then, whatever it has */
	FIRST_WARM_MS = 10,	/* shorter, it says nothing about the rate */
	WAITS = 10,		/* of the longest, in what is measured in one
				   piece */
	WHOLE_MOST_MS = 5000,	/* this piece, at most */
};

#define ENDED_LEAST 0.02	/* of the processor time of a turn; less is not
				   looked at */

#define UNSEEN_MOST 0.1		/* of the time of all connections; as much is the
				   rate too high, at most */

static const char json[] = "{\"send_user\": \"bench\", \"send_time\": "
	"\"2026-11-21 00:00:00\", \"send_msg\": \"a message like the tutorial's\"}";

static const char no_echo[] = "; a server that does not echo needs another "
	"workload, such as -w http-c16 or -w redis-get-c16";
static const char other_work[] = ": does it serve what this workload asks for?";

/*
 * messages sent and not yet answered: stamps[first], and on, modulo window
 *
 *    bytes  [ got of it | ... ]       [ owed: not yet taken by the socket ]
 */
struct connection {
	int fd;				/* -1: the server has closed it */
	int queued;			/* it waits for a connection; fd may be an
					   attempt */
	unsigned got;			/* bytes of the oldest message's echo */
	unsigned owed;			/* bytes to send */
	unsigned first, in_flight;	/* messages */
	unsigned at;			/* in the request, of what is sent next */
	int served;			/* it had an answer */
	long long *stamps;		/* ns, when each began */
	struct answer answer;		/* with a protocol */
};

enum phase { WARM, RUN, COUNT, OVER };

/* What ours used so far, and how long they waited for a processor. */
struct noted {
	struct delays client, server;
	long long at, client_ns, server_ns;
};

struct state {
	const struct load *l;
	struct load_result *r;
	struct connection *all;		/* the busy ones */
	int *idle;
	unsigned idle_count;
	int ep;
	enum phase phase, wanted;	/* wanted, after WARM: RUN or COUNT */
	long long next_phase;		/* ns */
	unsigned slice;			/* the number of this one */
	unsigned long long quota;	/* messages of a slice; 0: by the clock */
	unsigned long long warm;	/* likewise, before it */
	unsigned long long seed;
	long long began;		/* of the schedule */
	unsigned long long issued;	/* messages, with a rate */
	unsigned turn;			/* the connection to try next */
	unsigned source;		/* of the next connection of churn */
	unsigned refused;		/* connections without an answer, in a row */
	unsigned open;			/* connections, before we measure */
	int closes;			/* the server, after its first answer */
	int wrong;			/* this answer was */
	unsigned *queue;		/* connections that are to be made */
	unsigned queue_first, queue_len;
	long long knock_at;		/* when the first of them is tried again */
	long long knock_us;		/* after so long */
	long long made_at;		/* when one was made, or had to be */
	int moved;			/* an answer came: there may be room now */
	unsigned long long messages;	/* of this phase: answered */
	unsigned long long begun;	/* likewise: sent */
	double waited;			/* ns: how long the messages of this RUN were
					   in flight within it, in sum */
	long long run_began, run_ns, server_ns, client_ns;
	long long ran_ns;		/* the slice that has ended */
	struct noted noted;		/* before WARM */
	struct noted over;		/* after RUN */
	long long wait;			/* ns: the longest since WARM began; of
					   its connection it was not the first */
	long long longest;		/* ns: likewise so far, without the time
					   of other programs */
	double unseen;			/* ns: of waits that ended after RUN,
					   without the time of other programs */
	long long *late;		/* ns: waits that ended after RUN */
	unsigned late_count;
	int last;			/* TURN_LAST came: this turn counts */
	int whole;			/* this RUN is in one piece */
	struct counter calls;
	pid_t tree[TREE];		/* the server's processes */
	int tree_count;
	int ends;			/* some of them ended */
};

static char out[(1 << 20) + CHUNK], in[CHUNK];	/* out: requests, again and again */

/* ---- the server ---- */

static void look_at_tree(struct state *s)
{
	s->tree[0] = s->l->pid;
	s->tree_count = s->l->tree == TREE_KEPT ?
			tree_of(s->l->pid, s->l->inode, s->tree) : 1;
	if (s->l->tree == TREE_BELOW)
		s->tree_count = tree_grow(s->tree, s->tree_count);
}

/* Of those processes that are there; one that ends takes its time along. */
static long long server_ns(const struct state *s)
{
	long long sum = 0;

	for (int i = 0; i < s->tree_count; i++) {
		long long one = cpu_ns(s->tree[i]);

		sum += one > 0 ? one : 0;
	}
	return sum;
}

/* Of those that have ended, too, where that is known. */
static long long all_ns(const struct state *s)
{
	return s->ends && s->l->usage ? group_ns(s->l->usage) : server_ns(s);
}

/* What io_uring's kernel threads of those processes used. */
static long long uring_ns(const struct state *s)
{
	long long sum = 0;
	unsigned threads;

	for (int i = 0; i < s->tree_count; i++)
		sum += s->tree[i] ? kernel_thread_ns(s->tree[i], &threads) : 0;
	return sum;
}

static struct switches switches(const struct state *s)
{
	struct switches sum = { 0 };

	for (int i = 0; i < s->tree_count; i++)
		switches_add(&sum, s->tree[i]);
	return sum;
}

/* How much memory it has, and how many threads. */
static void look_at_size(struct state *s, struct load_result *r)
{
	unsigned threads;

	r->threads = 0;
	r->peak_kib = s->tree_count == 1 ? peak_kib(s->tree[0]) : 0;
	for (int i = 0; i < s->tree_count; i++) {
		kernel_thread_ns(s->tree[i], &threads);
		r->threads += threads;
		if (s->tree_count > 1 && share_kib(s->tree[i]) > 0)
			r->peak_kib += share_kib(s->tree[i]);
	}
	r->processes = s->tree_count;
}

/* Somebody may look on. */
static void now_is(const struct state *s, enum load_stage stage)
{
	volatile struct load_now *now = s->l->now;

	if (!now)
		return;
	now->stage = stage;
	now->open = s->open;
	now->all = s->l->idle + s->l->busy;
	now->slice = s->slice + 1;
	now->slices = s->whole ? 1 : s->l->slices;
}

static int failed(struct state *s, const char *what, int err)
{
	snprintf(s->r->why, sizeof(s->r->why), "%s: %s", what, strerror(err));
	return -1;
}

/* ---- connections ---- */

static int is_loopback(const struct load *l)
{
	const struct sockaddr_in *a = (const void *)&l->server;

	return a->sin_family == AF_INET &&
	       ntohl(a->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int open_socket(struct state *s)
{
	const struct load *l = s->l;
	int type = l->kind == LOAD_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
	int tcp = l->server.ss_family == AF_INET && type == SOCK_STREAM;
	int fd = socket(l->server.ss_family, type | SOCK_CLOEXEC |
			(type == SOCK_STREAM ? SOCK_NONBLOCK : 0), 0), on = 1;

	if (fd < 0)
		return failed(s, "socket", errno);
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((l->kind == LOAD_CHURN || (s->source && is_loopback(l))) &&
	    l->server.ss_family == AF_INET) {
		struct sockaddr_in from = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 +
						 s->source++ % SOURCES),
		};

		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
			   sizeof(on));
		if (bind(fd, (void *)&from, sizeof(from))) {
			close(fd);
			return failed(s, "bind", errno);
		}
	}
	return fd;
}

/*
 * 1: it is connected, 0: not yet.  The second call says what became of the
 * first: on loopback the whole handshake is done when that returns, unless the
 * server has no room.  On a Unix socket that is EAGAIN, and no attempt is under way.
 */
static int try_connect(struct state *s, int fd)
{
	const struct load *l = s->l;

	for (int i = 0; i < 2; i++) {
		if (!connect(fd, (const void *)&l->server, l->server_len) ||
		    errno == EISCONN)
			return 1;
		if (errno != EINPROGRESS && errno != EALREADY &&
		    errno != EAGAIN)
			return failed(s, "connect", errno);
	}
	return 0;
}

static int no_room(struct state *s)
{
	unsigned open = s->idle_count;

	for (unsigned i = 0; i < s->l->busy; i++)
		open += s->all[i].fd >= 0 && !s->all[i].queued;
	snprintf(s->r->why, sizeof(s->r->why), "connect: the server's listen "
		 "queue had no room for %d s; %u of %u connections are open",
		 SILENCE_MS / 1000, open, s->l->idle + s->l->busy);
	return -1;
}

/* Before anything is measured: when the server has room, and a second is not
   waited for. */
static int open_patiently(struct state *s)
{
	long long until = now_ns() + SILENCE_MS * 1000000LL;
	struct timeval most = { .tv_sec = SILENCE_MS / 1000 };
	long us = KNOCK_US;

	for (;;) {
		int fd = open_socket(s), done = fd < 0 ? -1 : try_connect(s, fd);
		int attempts = s->l->server.ss_family == AF_INET;
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		struct timespec t = { 0, us * 1000 };

		if (!done && ppoll(&p, attempts, &t, NULL) > 0)
			done = try_connect(s, fd);
		if (done > 0) {
			fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
			if (s->l->protocol)
				setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most,
					   sizeof(most));
			return fd;
		}
		if (fd >= 0)
			close(fd);
		if (done < 0)
			return -1;
		if (now_ns() > until)
			return no_room(s);
		us = us * 2 < KNOCK_MOST_US ? us * 2 : KNOCK_MOST_US;
	}
}

/* The listener's queue is not endless: an echo shows that it is empty. */
static int pace(struct state *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned got = 0;

	if (send(fd, out, 1, MSG_NOSIGNAL) != 1)
		return failed(s, "send", errno);
	while (got < 1) {
		long n = poll(&p, 1, SILENCE_MS);

		if (n == 0) {
			snprintf(s->r->why, sizeof(s->r->why), "no echo within %d "
				 "s%s", SILENCE_MS / 1000, no_echo);
			return -1;
		}
		n = recv(fd, in, 1, 0);
		if (n <= 0)
			return failed(s, "the first echo", n ? errno : ECONNRESET);
		got += n;
	}
	return 0;
}

/* Likewise, with a request of the protocol; the server may close it then. */
static int pace_protocol(struct state *s, int *fd)
{
	const struct protocol *p = s->l->protocol;
	struct answer a = { .state = 0 };
	size_t came = 0;

	now_is(s, LOAD_ASKS);
	if (send(*fd, p->request, p->request_len, MSG_NOSIGNAL) !=
	    (ssize_t)p->request_len)
		return failed(s, "send", errno);
	while (!a.done) {
		struct pollfd f = { .fd = *fd, .events = POLLIN };
		long n = poll(&f, 1, SILENCE_MS);

		if (n == 0 && s->open) {
			snprintf(s->r->why, sizeof(s->r->why), "no answer for "
				 "%d s while another connection is open and "
				 "silent: does the server serve one connection "
				 "at a time? Then use -c1", SILENCE_MS / 1000);
			return -1;
		}
		if (n == 0 && !came) {
			snprintf(s->r->why, sizeof(s->r->why), "no answer within "
				 "%d s%s", SILENCE_MS / 1000, other_work);
			return -1;
		}
		if (n == 0) {
			snprintf(s->r->why, sizeof(s->r->why), "the first answer "
				 "did not end within %d s (%zu byte%s came%s%.60s)",
				 SILENCE_MS / 1000, came, came == 1 ? "" : "s",
				 *a.first ? ": " : "", a.first);
			return -1;
		}
		n = recv(*fd, in, CHUNK, 0);
		came += n > 0 ? n : 0;
		if (n <= 0 && !a.begun && s->open) {
			snprintf(s->r->why, sizeof(s->r->why), "it closed "
				 "connection %u without an answer: does the "
				 "server allow only %u at a time? Then use -c%u",
				 s->open + 1, s->open, s->open);
			return -1;
		}
		if (n <= 0 && !a.begun) {
			snprintf(s->r->why, sizeof(s->r->why), "it closed the "
				 "first connection without an answer%s",
				 other_work);
			return -1;
		}
		if (n <= 0)
			protocol_closed(p, &a);
		else
			protocol_feed(p, &a, in, n);
	}
	s->wrong = a.wrong;
	if (!a.closes)
		return 0;
	s->closes = 1;
	s->source += !s->source;
	close(*fd);
	*fd = -1;
	return 0;
}

/* It listens, but what it asks itself for the answer may not be there yet: it is
   asked until its first answer is right, for a while. */
static int pace_first(struct state *s, int *fd)
{
	static const struct timespec moment = { 0, 20000000 };
	long long until = now_ns() + RIGHT_MS * 1000000LL;

	for (;;) {
		if (pace_protocol(s, fd))
			return -1;
		if (!s->wrong || s->open || now_ns() > until)
			return 0;
		nanosleep(&moment, NULL);
		if (*fd < 0)
			*fd = open_patiently(s);
		if (*fd < 0)
			return -1;
	}
}

static int add_busy(struct state *s, struct connection *c)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u32 = c - s->all,
	};

	return epoll_ctl(s->ep, EPOLL_CTL_ADD, c->fd, &ev) ?
	       failed(s, "epoll_ctl", errno) : 0;
}

/* Of the busy ones of a protocol the first and the last ask, which shows that
   all are accepted.  Where the server closes them, each is made when it has
   something to ask: one that is silent may keep a server from the others. */
static int connect_all(struct state *s)
{
	const struct load *l = s->l;
	unsigned n = l->idle + l->busy;

	for (unsigned i = 0; i < n; i++) {
		struct connection *c = i < l->idle ? NULL : &s->all[i - l->idle];
		int fd, last = i + 1 == n;

		if (c && s->closes)
			break;
		now_is(s, LOAD_CONNECTS);
		fd = open_patiently(s);
		if (fd < 0)
			return -1;
		if (l->protocol && (!c || c == s->all || last) &&
		    pace_first(s, &fd))
			return -1;
		if (!c && fd < 0)
			fd = open_patiently(s);
		if (!c && fd < 0)
			return -1;
		if (c)
			c->fd = fd;
		else
			s->idle[s->idle_count++] = fd;
		if (c && fd >= 0 && add_busy(s, c))
			return -1;
		s->open += fd >= 0;
		if (l->kind == LOAD_ECHO && !l->protocol && (i % PACE == PACE - 1 || last) &&
		    pace(s, fd))
			return -1;
	}
	return 0;
}

/* ---- messages ---- */

/* A connection for c, when those before it have theirs. */
static void connect_later(struct state *s, struct connection *c)
{
	c->queued = s->moved = 1;
	if (!s->queue_len)
		s->made_at = now_ns();
	s->queue[(s->queue_first + s->queue_len++) % s->l->busy] = c - s->all;
}

/* Hand what is owed to the socket.  0, or -1 when it failed. */
static int push(struct state *s, struct connection *c)
{
	if (c->owed && c->fd < 0 && !c->queued)
		connect_later(s, c);
	if (c->queued)
		return 0;
	while (c->owed) {
		unsigned want = c->owed < CHUNK ? c->owed : CHUNK;
		long n;

		if (s->l->kind == LOAD_DATAGRAM)
			want = s->l->size;
		n = send(c->fd, out + c->at, want, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return 0;		/* EPOLLOUT will come */
		if (n < 0 && s->l->protocol && (errno == EPIPE ||
						errno == ECONNRESET))
			return 0;		/* recv says so, too */
		if (n < 0)
			return failed(s, "send", errno);
		c->owed -= n;
		c->at = s->l->protocol ? (c->at + n) % s->l->size : 0;
		s->r->sent += n;
		if (n < want)
			return 0;
	}
	return 0;
}

static void begin_message(struct state *s, struct connection *c, long long when)
{
	c->stamps[(c->first + c->in_flight++) % s->l->window] = when;
	c->owed += s->l->size;
	s->begun++;
}

/*
 * It took longer than all of RUN: the other connections had ended the slice
 * meanwhile.  Without it a wait of one connection among others would be in no
 * figure.
 */
static int outlasts(const struct state *s, long long began, long long now)
{
	return s->phase == OVER && s->wanted == RUN && !s->l->rate &&
	       now - began > s->ran_ns;
}

static void end_message(struct state *s, struct connection *c, long long now)
{
	long long wait = now - c->stamps[c->first];

	if (s->phase == RUN) {
		histogram_add(&s->r->latency, wait);
		s->waited += wait;
	} else if (outlasts(s, c->stamps[c->first], now)) {
		s->late[s->late_count++] = wait;
	}
	if (c->served && wait > s->wait)
		s->wait = wait;
	c->first = (c->first + 1) % s->l->window;
	c->in_flight--;
	c->served = 1;
	s->messages++;
	s->r->all++;
	if (s->l->now)
		s->l->now->answers = s->r->all;
	s->moved = 1;
}

/* ---- any server's protocol ---- */

static void answered(struct state *s, struct connection *c)
{
	struct load_result *r = s->r;
	long long now = now_ns();

	if (c->answer.wrong && !r->wrong++)
		snprintf(r->wrong_text, sizeof(r->wrong_text), "%s",
			 c->answer.first);
	end_message(s, c, now);
	if (!s->l->rate && s->phase != OVER)
		begin_message(s, c, now);
}

/* What has no answer is asked again, on a new connection; without a question
   there is none until one is due.  A server that closes what was silent for long
   makes no message slower, and does not count. */
static int connect_again(struct state *s, struct connection *c, int answered)
{
	s->r->again += answered || c->in_flight;
	s->source += !s->source;		/* for TIME_WAIT's sake */
	close(c->fd);
	c->fd = -1;
	c->answer = (struct answer){ .state = 0 };
	if (c->in_flight)
		connect_later(s, c);
	return 0;
}

/* The server has closed, which may be the end of an answer. */
static int closed(struct state *s, struct connection *c)
{
	int begun = c->answer.begun;

	if (begun) {
		protocol_closed(s->l->protocol, &c->answer);
		answered(s, c);
		s->refused = 0;
	} else if (c->in_flight && ++s->refused > REFUSED_MOST) {
		return failed(s, "the server closes connections without an "
			      "answer", ECONNRESET);
	}
	return connect_again(s, c, begun);
}

static int too_much(struct state *s)
{
	const char *first = s->r->wrong_text;

	snprintf(s->r->why, sizeof(s->r->why), "more came back than was asked "
		 "for%s%.60s%s%s", *first ? " (" : "", first, *first ? ")" : "",
		 other_work);
	return -1;
}

/* ended: nothing more will come, and no edge says so again. */
static int replied(struct state *s, struct connection *c, int ended)
{
	int closes = 0;
	long n;

	do {
		n = recv(c->fd, in, CHUNK, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return closed(s, c);
		s->r->received += n;
		for (long used = 0; used < n && !closes; ) {
			if (!c->in_flight)
				return too_much(s);
			used += protocol_feed(s->l->protocol, &c->answer,
					      in + used, n - used);
			if (!c->answer.done)
				continue;
			closes = c->answer.closes;
			answered(s, c);
			s->refused = 0;
			c->answer = (struct answer){ .state = 0 };
		}
	} while ((n == CHUNK || ended) && !closes);
	return closes ? connect_again(s, c, 1) : push(s, c);
}

static int is_no_echo(struct state *s, const char *what)
{
	snprintf(s->r->why, sizeof(s->r->why), "%s%s", what,
		 s->l->kind == LOAD_ECHO ? no_echo : "");
	return -1;
}

/* What came on c: whole messages end, and others take their place. */
static int echoed(struct state *s, struct connection *c, int ended)
{
	const struct load *l = s->l;
	long n;

	do {
		long long now;

		n = recv(c->fd, in, CHUNK, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return failed(s, "the server closed a connection",
				      n ? errno : EPIPE);
		s->r->received += n;
		if (in[0] != 'x' || in[n - 1] != 'x')
			return is_no_echo(s, "what came back is not what was "
					  "sent");
		c->got += n;
		now = now_ns();
		for (; c->got >= l->size && c->in_flight; c->got -= l->size) {
			end_message(s, c, now);
			if (!l->rate && s->phase != OVER)
				begin_message(s, c, now);
		}
		if (l->kind == LOAD_DATAGRAM)
			c->got = 0;		/* of one that was sent again */
		if (c->got >= l->size)
			return is_no_echo(s, "more came back than was sent");
	} while (n == CHUNK || ended || l->kind == LOAD_DATAGRAM);
	return push(s, c);
}

/* ---- churn: connections of one message each ---- */

static int churn_begin(struct state *s, struct connection *c)
{
	*c->stamps = now_ns();
	c->in_flight = 1;
	s->begun++;
	connect_later(s, c);
	return 0;
}

static int churn_connected(struct state *s, struct connection *c)
{
	struct epoll_event ev = {
		.events = EPOLLIN, .data.u32 = c - s->all,
	};
	long n = sizeof(json) - 1;

	if (send(c->fd, json, n, MSG_NOSIGNAL) != n ||
	    shutdown(c->fd, SHUT_WR) ||
	    epoll_ctl(s->ep, EPOLL_CTL_ADD, c->fd, &ev))
		return failed(s, "a connection for one message", errno);
	s->r->sent += n;
	return 0;
}

static int churn_event(struct state *s, struct connection *c)
{
	long n = recv(c->fd, in, CHUNK, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return failed(s, "waiting until the server closes", errno);
	s->r->received += n;
	if (n)
		return 0;			/* echo; then the end */
	close(c->fd);
	c->fd = -1;
	end_message(s, c, now_ns());
	return s->phase == OVER ? 0 : churn_begin(s, c);
}

/* ---- connections that are made while we measure ---- */

/* 1: it has a connection, 0: there is no room. */
static int connect_first(struct state *s, struct connection *c)
{
	int done = c->fd < 0 ? 0 : try_connect(s, c->fd);

	if (done)
		return done;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = open_socket(s);
	return c->fd < 0 ? -1 : try_connect(s, c->fd);
}

/* As many as there is room for; each sends what it owes. */
static int connect_queue(struct state *s)
{
	while (s->queue_len) {
		struct connection *c = &s->all[s->queue[s->queue_first]];
		int attempted = c->fd >= 0, done = connect_first(s, c);

		if (done < 0)
			return -1;
		s->r->made += !attempted;
		s->r->no_room += !attempted && !done;
		if (!done) {
			s->knock_at = now_ns() + s->knock_us * 1000;
			s->knock_us = s->knock_us * 2 < KNOCK_MOST_US ?
				      s->knock_us * 2 : KNOCK_MOST_US;
			return 0;
		}
		s->queue_first = (s->queue_first + 1) % s->l->busy;
		s->queue_len--;
		s->made_at = now_ns();
		c->queued = 0;
		c->owed = c->in_flight * s->l->size;
		c->at = 0;
		if (s->l->kind == LOAD_CHURN ? churn_connected(s, c) :
		    add_busy(s, c) || push(s, c))
			return -1;
	}
	return 0;
}

/* After the answers that came, or when nothing came for a while. */
static int look_for_room(struct state *s)
{
	long long now;

	if (!s->queue_len)
		return 0;
	now = now_ns();
	if (now - s->made_at > SILENCE_MS * 1000000LL)
		return no_room(s);
	if (!s->moved && now < s->knock_at)
		return 0;
	if (s->moved)
		s->knock_us = KNOCK_US;
	s->moved = 0;
	return connect_queue(s);
}

/* ---- the schedule ---- */

static long long due(const struct state *s, unsigned long long k)
{
	return s->began + k * 1e9 / s->l->rate;
}

/* Send all that is due and finds a connection with room. */
static int issue(struct state *s)
{
	unsigned tried = 0;

	while (due(s, s->issued) <= now_ns() && tried < s->l->busy) {
		struct connection *c = &s->all[s->turn++ % s->l->busy];

		tried++;
		if (c->in_flight == s->l->window)
			continue;
		tried = 0;
		begin_message(s, c, due(s, s->issued++));
		if (push(s, c))
			return -1;
	}
	return 0;
}

/* What has not been answered when RUN ends has waited until now. */
static void unanswered(struct state *s, long long now)
{
	if (!s->l->rate)
		return;
	for (unsigned i = 0; i < s->l->busy; i++)
		for (unsigned k = 0; k < s->all[i].in_flight; k++)
			histogram_add(&s->r->latency, now - s->all[i].stamps[
				(s->all[i].first + k) % s->l->window]);
	for (unsigned long long k = s->issued; due(s, k) < now; k++)
		histogram_add(&s->r->latency, now - due(s, k));
}

/* ---- the phases ---- */

static long long own_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* While this reads files nobody is served, so it has no place within RUN. */
static void note(const struct state *s, struct noted *n)
{
	n->client.n = n->server.n = 0;
	delays_add(&n->client, getpid());
	for (int i = 0; i < s->tree_count; i++)
		delays_add(&n->server, s->tree[i]);
	n->client_ns = own_ns();
	n->server_ns = all_ns(s);
	n->at = now_ns();
}

/* The time, ns, in which ours waited for other programs, at least. */
static long long others_ns(const struct state *s, const struct noted *a,
			   const struct noted *b)
{
	long long client = b->client_ns - a->client_ns;
	long long server = b->server_ns - a->server_ns, one, two;

	if (s->l->shared)
		client = server = client + server;
	one = delayed_by_others(&a->client, &b->client, client);
	two = delayed_by_others(&a->server, &b->server, server);
	return one > two ? one : two;
}

static double others_share(const struct state *s, const struct noted *a,
			   const struct noted *b)
{
	return others_ns(s, a, b) / (double)(b->at - a->at + 1);
}

/* The messages of a slice, by what the first WARM had; one each, at least. */
static void set_quota(struct state *s, long long now)
{
	long long warm = now - s->began;

	if (s->slice || s->l->slices < 2 || s->l->rate || s->whole ||
	    warm < FIRST_WARM_MS * 1000000LL)
		return;
	s->quota = (double)s->messages * s->run_ns / warm;
	if (s->quota < s->l->busy * s->l->window)
		s->quota = s->l->busy * s->l->window;
}

/* How long what is in flight now has been so, ns, in sum. */
static double waits_so_far(const struct state *s, long long now)
{
	double sum = 0;

	for (unsigned i = 0; i < s->l->busy; i++)
		for (unsigned k = 0; k < s->all[i].in_flight; k++)
			sum += now - s->all[i].stamps[(s->all[i].first + k) %
						      s->l->window];
	return sum;
}

static void begin_run(struct state *s)
{
	s->server_ns = server_ns(s);
	s->client_ns = own_ns();
	s->run_began = now_ns();
	s->next_phase = s->run_began + s->run_ns;
	s->waited = -waits_so_far(s, s->run_began);
}

static void end_run(struct state *s, long long now)
{
	struct load_result *r = s->r;
	struct slice *slice = &r->slices[s->slice];
	double client = own_ns() - s->client_ns;
	double server = server_ns(s) - s->server_ns;
	double all = s->ran_ns = now - s->run_began;

	note(s, &s->over);
	s->over.at = now;
	r->seconds += all / 1e9;
	r->client_us += client / 1e3;
	r->server_us += server / 1e3;
	r->messages += s->messages;
	r->in_flight_ns += s->waited + waits_so_far(s, now);
	unanswered(s, now);
	slice->others = others_share(s, &s->noted, &s->over);
	slice->rate = s->messages * 1e9 / all;
	slice->server_us = server / 1e3 / s->messages;
	slice->seconds = all / 1e9;
	slice->began = s->run_began / 1e9;
	if (s->quota && all < s->run_ns / 4)	/* it was slow when warm */
		s->quota *= 2;
}

/*
 * What is left of a wait without the time in which other programs had the
 * processors is the server's.
 */
static void keep_waits(struct state *s)
{
	struct noted after;
	long long others;

	if (!s->late_count && s->wait <= s->longest)
		return;
	note(s, &after);
	others = others_ns(s, &s->noted, &after);
	if (s->wait - others > s->longest)
		s->longest = s->wait - others;
	for (unsigned i = 0; i < s->late_count; i++) {
		/* One as long as a slice may be the next message of all. */
		if (s->late[i] - others > 2 * s->ran_ns)
			s->unseen += s->late[i] - others;
		if (others_share(s, &s->over, &after) <= OTHERS_MAX)
			histogram_add(&s->r->latency, s->late[i]);
	}
	s->late_count = 0;
}

/*
 * How many messages a slice has before it.  A slice that began by the clock
 * would mostly begin at the end of a stall, and one that had as many each time
 * would meet a server that stalls every so often at the same point of its round.
 */
static void set_warm(struct state *s)
{
	unsigned most = s->quota * WARM_AGAIN_MS * 2000000 / (s->run_ns + 1) + 1;

	s->warm = 0;
	if (s->quota && s->wanted == RUN)
		s->warm = s->l->busy + draw(&s->seed) % most;
}

static int is_warm(const struct state *s, long long now)
{
	if (s->warm)
		return s->messages >= s->warm;
	return now >= s->next_phase &&
	       (s->l->rate || s->messages >= s->l->busy);
}

/* A slice ends before its first answer only where one takes very long. */
static int run_is_over(const struct state *s, long long now)
{
	if (!s->quota)
		return now >= s->next_phase && s->messages;
	return s->messages >= s->quota ||
	       (s->messages && now >= s->next_phase + LONG_MS * 1000000LL);
}

static void turn_phase(struct state *s, long long now)
{
	if (s->phase == OVER || (s->phase == WARM && !is_warm(s, now)) ||
	    (s->phase == COUNT && now < s->next_phase) ||
	    (s->phase == RUN && !run_is_over(s, now)))
		return;
	if (s->phase == WARM && s->wanted == RUN) {
		set_quota(s, now);
		begin_run(s);
	}
	if (s->phase == RUN)
		end_run(s, now);
	s->phase = s->phase == WARM ? s->wanted : OVER;
	now_is(s, s->wanted == COUNT ? LOAD_COUNTS : s->phase == RUN ? LOAD_RUNS :
	       LOAD_ENDS);
	s->messages = 0;
}

/* How long to sleep: until a message is due, or something is wrong. */
static int wait_events(struct state *s, struct epoll_event *ev)
{
	int ms = s->l->kind == LOAD_DATAGRAM ? RESEND_MS : SILENCE_MS;
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	long long left = ms * 1000000LL, now;

	if (!s->l->rate && !s->queue_len)
		return epoll_wait(s->ep, ev, EVENTS, ms);
	now = now_ns();
	if (s->l->rate)
		left = due(s, s->issued) - now;
	if (s->queue_len && s->knock_at - now < left)
		left = s->knock_at - now;
	if (left < ms * 1000000LL)
		t = (struct timespec){ 0, left > 0 ? left : 0 };
	return epoll_pwait2(s->ep, ev, EVENTS, &t, NULL);
}

/* What waits for an answer; where only others ever had one, say what that may
   mean. */
static int no_answer(struct state *s)
{
	unsigned n = 0, served = 0, others;

	for (unsigned i = 0; i < s->l->busy; i++) {
		n += s->all[i].in_flight > 0;
		served += s->all[i].in_flight && s->all[i].served;
	}
	others = s->l->busy - n + s->l->idle;
	snprintf(s->r->why, sizeof(s->r->why), "no answer for %d s on %u of %u "
		 "connections%s", SILENCE_MS / 1000, n, s->l->busy, others &&
		 !served && s->l->protocol ?
		 ", while another one is open and silent: does the server serve "
		 "one connection at a time? Then use -c1" : "");
	return -1;
}

/* Nothing came: datagrams are lost, a stream is stuck. */
static int silence(struct state *s)
{
	if (s->queue_len)
		return no_room(s);
	if (s->l->kind != LOAD_DATAGRAM)
		return no_answer(s);
	for (unsigned i = 0; i < s->l->busy; i++) {
		struct connection *c = &s->all[i];

		s->r->lost += c->in_flight;
		c->owed = c->in_flight * s->l->size;
		if (push(s, c))
			return -1;
	}
	return 0;
}

/* In flight and with no answer; with a rate there may be none. */
static int waits(const struct state *s)
{
	for (unsigned i = 0; i < s->l->busy; i++)
		if (s->all[i].in_flight)
			return 1;
	return 0;
}

static int serve_event(struct state *s, const struct epoll_event *ev)
{
	struct connection *c = &s->all[ev->data.u32];
	int ended = !!(ev->events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP));

	if (s->l->kind == LOAD_CHURN)
		return churn_event(s, c);
	if (!ended && !(ev->events & EPOLLIN))
		return push(s, c);
	return s->l->protocol ? replied(s, c, ended) : echoed(s, c, ended);
}

/* Until the phases are over, and every message has come back. */
static int loop(struct state *s)
{
	struct epoll_event ev[EVENTS];
	long long last = now_ns();

	while (s->phase != OVER || waits(s)) {
		int n = wait_events(s, ev);
		long long now = now_ns();

		if (n < 0 && errno != EINTR)
			return failed(s, "epoll_wait", errno);
		if (n > 0)
			last = now;
		for (int i = 0; i < n; i++)
			if (serve_event(s, &ev[i]))
				return -1;
		/* Not before: a stall that follows the last message of a phase
		   is not part of it. */
		turn_phase(s, now_ns());
		if (s->l->rate && s->phase != OVER && issue(s))
			return -1;
		if (look_for_room(s))
			return -1;
		if (n == 0 && waits(s) && now - last >= 1000000LL *
		    (s->l->kind == LOAD_DATAGRAM ? RESEND_MS : SILENCE_MS)) {
			if (silence(s))
				return -1;
			last = now;
		}
	}
	return 0;
}

/* The server did not wait for our turn. */
static void drop_closed(struct connection *c)
{
	ssize_t n = c->fd < 0 ? 1 : recv(c->fd, in, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	close(c->fd);
	c->fd = -1;
}

static int begin(struct state *s)
{
	for (unsigned i = 0; i < s->l->busy; i++) {
		struct connection *c = &s->all[i];

		if (s->l->kind == LOAD_CHURN) {
			if (churn_begin(s, c))
				return -1;
			continue;
		}
		if (s->l->protocol)
			drop_closed(c);
		for (unsigned k = 0; !s->l->rate && k < s->l->window; k++)
			begin_message(s, c, now_ns());
		if (push(s, c))
			return -1;
	}
	return look_for_room(s);
}

/* Until the server sleeps; a poller of io_uring looks on for a while, and
   would do so in the time of others. */
static void rest(const struct state *s)
{
	static const struct timespec moment = { 0, 50000 };
	long long used = -1, now = all_ns(s);

	for (int i = 0; used != now && i < REST_MS * 10; i++) {
		nanosleep(&moment, NULL);
		used = now;
		now = all_ns(s);
	}
}

/* What the server has used, and some of its processes may have ended; while it
   sleeps. */
struct sum {
	long long group_ns, server_ns;
	long ended;
	unsigned long long all;		/* messages */
};

static struct sum sum_up(const struct state *s)
{
	struct sum sum = {
		.group_ns = s->l->usage ? group_ns(s->l->usage) : 0,
		.server_ns = server_ns(s),
		.all = s->r->all,
	};

	for (int i = 0; s->l->tree && !s->l->usage && i < s->tree_count; i++)
		sum.ended += ended_children(s->tree[i]);
	return sum;
}

static int forget_ended(struct state *s)
{
	int n = 0, before = s->tree_count;

	for (int i = 0; i < before; i++)
		if (cpu_ns(s->tree[i]) >= 0)
			s->tree[n++] = s->tree[i];
	s->tree_count = n;
	return before - n;
}

/*
 * What a process used is gone with it.  Where processes ended in this turn, the
 * figure is that of the group, of all messages of the turn; without a group it is
 * not known.
 */
static void count_ended(struct state *s, const struct sum *before)
{
	struct slice *slice = &s->r->slices[s->slice];
	int ended = s->l->tree ? forget_ended(s) : 0;
	unsigned long long messages = s->r->all - before->all;
	long long used, known;
	struct sum after;

	if (!s->l->tree)
		return;
	s->tree_count = tree_grow(s->tree, s->tree_count);
	after = sum_up(s);
	used = after.group_ns - before->group_ns;
	known = after.server_ns - before->server_ns;
	if (s->l->usage)
		ended = used - known > ENDED_LEAST * used;
	else
		ended |= after.ended != before->ended;
	if (!ended)
		return;
	s->ends = 1;
	slice->server_us = s->l->usage ? used / 1e3 / messages : -1;
	/* The server waited for them, it seems: for others than ours. */
	if (!s->l->usage)
		slice->others = 0;
}

/* TURN_LAST, again and again, once it is there. */
static int take_turn(struct state *s)
{
	int turn = s->last ? TURN_LAST : next_turn(&s->l->turns);

	if (turn < 0)
		return failed(s, "waiting for its turn", ECANCELED);
	s->last = turn == TURN_LAST;
	return turn;
}

static int play(struct state *s, enum phase wanted, unsigned warm_ms,
		long long run_ns)
{
	struct sum before;

	s->phase = WARM;
	s->wanted = wanted;
	now_is(s, wanted == RUN ? LOAD_WARMS : LOAD_COUNTS);
	s->run_ns = run_ns;
	s->messages = s->issued = 0;
	s->wait = 0;
	if (s->l->tree && s->slice % LOOK_EVERY == 0)
		look_at_tree(s);
	else if (s->l->tree)
		s->tree_count = tree_grow(s->tree, s->tree_count);
	before = sum_up(s);
	note(s, &s->noted);
	s->began = s->noted.at;
	s->next_phase = s->began + warm_ms * 1000000LL;
	set_warm(s);
	if (begin(s) || loop(s))
		return -1;
	keep_waits(s);
	rest(s);
	if (wanted == RUN)
		count_ended(s, &before);
	return 0;
}

static int play_slices(struct state *s)
{
	const struct load *l = s->l;
	unsigned n = l->slices ? l->slices : 1;
	int turn = 0;

	for (s->slice = 0; s->slice < n; s->slice++) {
		turn = take_turn(s);
		if (turn == TURN_LAST)
			break;
		if (turn < 0 || play(s, RUN, s->slice ? WARM_AGAIN_MS :
				     l->warm_ms, l->run_ms * 1000000LL / n))
			return -1;
	}
	s->r->slice_count = s->slice;
	return 0;
}

/* Seconds of RUN, without those in which ours waited for other programs. */
static double undisturbed(const struct load_result *r)
{
	double sum = 0;

	for (unsigned i = 0; i < r->slice_count; i++)
		sum += r->slices[i].seconds * (1 - r->slices[i].others);
	return sum;
}

/*
 * As many messages are in flight as are sent a second, times how long one takes,
 * unless the beginning of a slice falls into a wait: other programs cause many.
 */
int slices_mislead(const struct load_result *r, double in_flight, double unseen,
		   double longest)
{
	double time = undisturbed(r), shown = r->seconds <= 0 ? 1 :
		      r->messages / r->seconds *
		      histogram_mean(&r->latency) / 1e9 / in_flight;

	return unseen / 1e9 > UNSEEN_MOST * in_flight * time ||
	       longest / 1e9 > r->seconds / 2 ||
	       ((shown < 1 - SUSPICIOUS || shown > 1 + SUSPICIOUS) &&
		time > (1 - OTHERS_MAX) * r->seconds);
}

/* All connections go on until the longest wait came back a few times, and they
   have done so for a while when this begins. */
static int play_whole(struct state *s)
{
	struct load_result *r = s->r;
	long long wait = s->longest, run = s->l->run_ms * 1000000LL;

	if (r->slice_count < 2 || s->l->rate ||
	    !slices_mislead(r, (double)s->l->busy * s->l->window, s->unseen,
			    s->longest))
		return 0;
	if (take_turn(s) < 0)
		return -1;
	run = run > WAITS * wait ? run : WAITS * wait;
	run = run < WHOLE_MOST_MS * 1000000LL ? run : WHOLE_MOST_MS * 1000000LL;
	r->seconds = r->server_us = r->client_us = r->messages = 0;
	r->in_flight_ns = 0;
	memset(&r->latency, 0, sizeof(r->latency));
	memset(r->slices, 0, sizeof(r->slices));
	s->whole = 1;
	s->slice = s->quota = 0;
	r->slice_count = 1;
	return play(s, RUN, wait / 1000000 + 1, run);
}

/*
 * All begins and ends while the server sleeps, so that its calls are those of
 * the messages that begin between the two, and of no others.
 */
static int play_count(struct state *s)
{
	int err;

	s->r->calls = -1;
	if (!s->l->count_ms)
		return 0;
	for (int i = 0; i < s->tree_count; i++)
		if (counter_add(&s->calls, s->tree[i], s->r->uncounted))
			return 0;
	s->begun = 0;
	err = take_turn(s) < 0 ? -1 : play(s, COUNT, s->l->count_ms, 0);
	s->r->calls = counter_read(&s->calls);
	s->r->counted = s->begun;
	counter_close(&s->calls);
	return err;
}

static void many_descriptors(void)
{
	struct rlimit l;

	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

int load_run(const struct load *l, struct load_result *r)
{
	struct state s = { .l = l, .r = r, .seed = stat_seed ^ getpid() };
	struct switches before, after;
	long long *stamps, kernel_ns;
	int err = 0;

	many_descriptors();
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = l->protocol ? l->protocol->request[i % l->size] : 'x';
	look_at_tree(&s);
	s.all = calloc(l->busy, sizeof(*s.all));
	stamps = calloc((size_t)l->busy * l->window, sizeof(*stamps));
	s.idle = calloc(l->idle + 1, sizeof(*s.idle));
	s.queue = calloc(l->busy, sizeof(*s.queue));
	s.late = calloc((size_t)l->busy * l->window, sizeof(*s.late));
	s.ep = epoll_create1(EPOLL_CLOEXEC);
	if (!s.all || !stamps || !s.idle || !s.queue || !s.late || s.ep < 0)
		return failed(&s, "memory for the client's tables", errno);
	for (unsigned i = 0; i < l->busy; i++) {
		s.all[i].fd = -1;
		s.all[i].stamps = &stamps[(size_t)i * l->window];
	}
	before = switches(&s);
	kernel_ns = uring_ns(&s);
	if (next_turn(&l->turns))
		err = failed(&s, "waiting for its turn", ECANCELED);
	else if (l->kind != LOAD_CHURN)
		err = connect_all(&s);
	if (!err)
		err = play_slices(&s);
	if (!err)
		err = play_whole(&s);
	if (!err) {
		r->kernel_us = (uring_ns(&s) - kernel_ns) / 1e3;
		look_at_size(&s, r);
		after = switches(&s);
		r->voluntary = s.ends ? -1 : after.voluntary - before.voluntary;
		r->involuntary = s.ends ? -1 :
				 after.involuntary - before.involuntary;
		err = play_count(&s);
	}

	for (unsigned i = 0; i < l->busy; i++)
		if (s.all[i].fd >= 0)
			close(s.all[i].fd);
	for (unsigned i = 0; i < s.idle_count; i++)
		close(s.idle[i]);
	close(s.ep);
	free(s.all);
	free(stamps);
	free(s.late);
	free(s.idle);
	free(s.queue);
	return err;
}
