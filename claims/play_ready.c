/* SPDX-License-Identifier: MIT */
/*
 * play_ready.c - plays about readiness: select, poll, epoll, accept, files
 */
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include "play.h"

static int epoll_of(int fd, unsigned events)
{
	struct epoll_event ev = { .events = events };
	int ep = need(epoll_create1(0));

	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	return ep;
}

/* ---- what a wait costs ---- */

enum { MANY = 16 };

static void poll_many(struct pollfd *p, int pair[MANY][2])
{
	for (int i = 0; i < MANY; i++) {
		stream_pair(pair[i]);
		p[i] = (struct pollfd){ .fd = pair[i][0], .events = POLLIN };
	}
}

void poll_whole_set(void)
{
	struct pollfd p[MANY];
	int pair[MANY][2];
	char c;

	poll_many(p, pair);
	for (int round = 0; round < 2; round++) {
		need(send(pair[7][1], "x", 1, 0));
		need(poll(p, MANY, 10000));
		need(recv(pair[7][0], &c, 1, 0));
	}
}

void epoll_ready_only(void)
{
	struct epoll_event ev[MANY];
	int pair[MANY][2], ep = need(epoll_create1(0));
	struct pollfd p[MANY];
	char c;

	poll_many(p, pair);
	for (int i = 0; i < MANY; i++) {
		ev[0] = (struct epoll_event){ .events = EPOLLIN };
		need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[i][0], ev));
	}
	for (int round = 0; round < 2; round++) {
		need(send(pair[7][1], "x", 1, 0));
		need(epoll_wait(ep, ev, MANY, 10000));
		need(recv(pair[7][0], &c, 1, 0));
	}
}

/* ---- regular files ---- */

void epoll_of_file(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = need(epoll_create1(0)), fd = need(open("/proc/self/exe",
							O_RDONLY));

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

void poll_of_file(void)
{
	struct pollfd p = { .fd = need(open("/proc/self/exe", O_RDONLY)),
			    .events = POLLIN };

	poll(&p, 1, 5000);
}

void nonblock_read_of_file(void)
{
	char buf[64];
	int fd = need(open("/proc/self/exe", O_RDONLY | O_NONBLOCK));

	pread(fd, buf, sizeof(buf), 0);
}

static long sleeps(void)
{
	struct rusage u;

	need(getrusage(RUSAGE_THREAD, &u));
	return u.ru_nvcsw;
}

/* What is read may be there before the read could sleep; then the next is. */
void nonblock_read_waits(void)
{
	static char buf[4096];
	int fd = cold_file(), reads = 0;
	long before = sleeps();

	need(fcntl(fd, F_SETFL, O_NONBLOCK));
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	do {
		if (reads == (1 << 20) / sizeof(buf))
			cannot("the disk is too fast: it did each of %d reads "
			       "before the program could wait for it", reads);
		need(pread(fd, buf, sizeof(buf), sizeof(buf) * reads++));
	} while (sleeps() == before);
}

void nowait_read(void)
{
	static char buf[4096];
	struct iovec v = { buf, sizeof(buf) };
	int fd = cold_file(), reads = 0;

	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	do {
		if (reads == (1 << 20) / sizeof(buf))
			cannot("the disk is too fast: it did each of %d reads "
			       "before the program could wait for it", reads);
	} while (preadv2(fd, &v, 1, sizeof(buf) * reads++, RWF_NOWAIT) > 0);
}

/* ---- level and edge ---- */

/* A level-triggered wait reports unread bytes each time. */
void level_again(void)
{
	struct epoll_event ev;
	int pair[2], ep;

	stream_pair(pair);
	ep = epoll_of(pair[0], EPOLLIN);
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 0);
	epoll_wait(ep, &ev, 1, 7);
}

void edge_once(void)
{
	struct epoll_event ev;
	int pair[2], ep;

	stream_pair(pair);
	ep = epoll_of(pair[0], EPOLLIN | EPOLLET);
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 0);
	epoll_wait(ep, &ev, 1, 7);
}

/* One byte of two is read; then a third comes. */
void edge_half_drained(void)
{
	struct epoll_event ev;
	int pair[2], ep;
	char c;

	stream_pair(pair);
	ep = epoll_of(pair[0], EPOLLIN | EPOLLET);
	need(send(pair[1], "xx", 2, 0));
	epoll_wait(ep, &ev, 1, 0);
	need(recv(pair[0], &c, 1, 0));
	epoll_wait(ep, &ev, 1, 7);
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 8);
}

/* A byte with a descriptor, and one behind it; the buffer has room for both. */
void edge_short_read(void)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} passed = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	char c[] = "x", got[8];
	struct iovec iov = { c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &passed,
		.msg_controllen = sizeof(passed),
	};
	struct epoll_event ev;
	int pair[2], ep;

	stream_pair(pair);
	ep = epoll_of(pair[0], EPOLLIN | EPOLLET);
	memcpy(CMSG_DATA(&passed.header), &pair[1], sizeof(int));
	need(sendmsg(pair[1], &msg, 0));
	need(send(pair[1], "y", 1, 0));
	epoll_wait(ep, &ev, 1, 0);
	recv(pair[0], got, sizeof(got), MSG_DONTWAIT);
	epoll_wait(ep, &ev, 1, 7);
	recv(pair[0], got, sizeof(got), MSG_DONTWAIT);
}

/* Fill the socket until poll calls it full, and send once more. */
static void send_beyond_poll(int fd)
{
	static char bytes[1024];
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (need(poll(&p, 1, 0)))
		need(send(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
	send(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
}

void room_not_ready(void)
{
	int ours, peer, pair[2], small = 16384;

	tcp_connection(&ours, &peer);
	need(setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	send_beyond_poll(ours);
	stream_pair(pair);
	send_beyond_poll(pair[0]);
}

/* Both are ready; one has many bytes, and a small buffer takes them. */
void edge_starves(void)
{
	struct epoll_event ev[2] = { { .events = EPOLLIN | EPOLLET } };
	int busy[2], other[2], ep;
	char c, many[200] = "";

	stream_pair(busy);
	stream_pair(other);
	ep = epoll_of(busy[0], EPOLLIN | EPOLLET);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, other[0], ev));
	need(send(busy[1], many, sizeof(many), 0));
	need(send(other[1], "other", 5, 0));
	epoll_wait(ep, ev, 2, 0);
	while (recv(busy[0], &c, 1, MSG_DONTWAIT) > 0)
		;
	recv(other[0], many, sizeof(many), MSG_DONTWAIT);
}

/* The set follows the open file: a dup keeps it alive after the close. */
void dup_stays(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = 4242 };
	int pair[2], ep = need(epoll_create1(0));

	stream_pair(pair);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev));
	need(dup(pair[0]));
	need(close(pair[0]));
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 7);
}

void exclusive_fixed(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int pair[2], ep;

	stream_pair(pair);
	ep = epoll_of(pair[0], ev.events);
	epoll_ctl(ep, EPOLL_CTL_MOD, pair[0], &ev);
}

/* ---- select ---- */

/* By the system call: libc's fd_set ends at 1023. */
void select_beyond(void)
{
	static unsigned long set[64];
	struct timespec t = { .tv_sec = 2 };
	int pair[2], high = 2000;
	struct rlimit many;

	need(getrlimit(RLIMIT_NOFILE, &many));
	many.rlim_cur = many.rlim_max;		/* a shell's is 1024 */
	need(setrlimit(RLIMIT_NOFILE, &many));
	stream_pair(pair);
	need(dup2(pair[0], high));
	need(send(pair[1], "x", 1, 0));
	set[high / 64] = 1UL << high % 64;
	syscall(SYS_pselect6, high + 1, set, NULL, NULL, &t, NULL);
}

void select_left(void)
{
	unsigned long set[16] = { 0 };
	struct timespec t = { .tv_sec = 60 };
	int pair[2];

	stream_pair(pair);
	need(send(pair[1], "x", 1, 0));
	set[0] = 1UL << pair[0];
	syscall(SYS_pselect6, pair[0] + 1, set, NULL, NULL, &t, NULL);
}

/* ---- many processes, one listener ---- */

enum { WORKERS = 4 };

static pid_t workers[WORKERS];
static int shared;			/* the listener */
static struct sockaddr_in address;

static void all_asleep(void)
{
	for (int i = 0; i < WORKERS; i++)
		wait_asleep(workers[i]);
}

/* In the order of their start: each sleeps before the next is made. */
static void start_workers(void (*work)(int me, unsigned events),
			  unsigned events, int flags)
{
	shared = listener_on(&address);
	need(fcntl(shared, F_SETFL, flags));
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = fork_child();
		if (!workers[i])
			work(i, events);
		wait_asleep(workers[i]);
	}
}

static void end_workers(void)
{
	all_asleep();
	for (int i = 0; i < WORKERS; i++)
		kill(workers[i], SIGKILL);
	for (int i = 0; i < WORKERS; i++)
		wait(NULL);
}

static void wait_once(int me, unsigned events)
{
	struct epoll_event ev;

	(void)me;
	epoll_wait(epoll_of(shared, events), &ev, 1, -1);
	for (;;)
		pause();
}

/* One connection; nobody accepts it, so that all who are notified wake up. */
static void one_connection(unsigned events)
{
	struct pollfd p;

	start_workers(wait_once, events, O_NONBLOCK);
	connected_to(&address);
	p = (struct pollfd){ .fd = shared, .events = POLLIN };
	need(poll(&p, 1, 10000));
	end_workers();
}

void herd(void)
{
	one_connection(EPOLLIN);
}

void herd_exclusive(void)
{
	one_connection(EPOLLIN | EPOLLEXCLUSIVE);
}

/* A worker sends its letter to each client that it accepts. */
static void tell(int me, int fd)
{
	char letter = 'A' + me;

	need(send(fd, &letter, 1, 0));
	close(fd);
}

static void epoll_and_tell(int me, unsigned events)
{
	int ep = epoll_of(shared, events), fd;
	struct epoll_event ev;

	for (;;) {
		need(epoll_wait(ep, &ev, 1, -1));
		while ((fd = accept(shared, NULL, NULL)) >= 0)
			tell(me, fd);
	}
}

static void accept_and_tell(int me, unsigned events)
{
	(void)events;
	for (;;)
		tell(me, need(accept(shared, NULL, NULL)));
}

/* As many connections as workers, each when all sleep. */
static void who_accepts(void)
{
	char letter;

	for (int i = 0; i < WORKERS; i++) {
		int fd;

		all_asleep();
		fd = connected_to(&address);
		need(recv(fd, &letter, 1, 0));
		close(fd);
	}
	end_workers();
}

void exclusive_same(void)
{
	start_workers(epoll_and_tell, EPOLLIN | EPOLLEXCLUSIVE, O_NONBLOCK);
	who_accepts();
}

/*
 * The workers register the listener in the order C A B D and begin to wait in
 * the order B C D A: the first to register, the first and the last to wait are
 * three workers.
 */
static int go[WORKERS][2], registered[2];

static void register_then_wait(int me, unsigned events)
{
	struct epoll_event ev;
	int ep, fd;
	char c;

	need(read(go[me][0], &c, 1));
	ep = epoll_of(shared, events);
	need(write(registered[1], "r", 1));
	need(read(go[me][0], &c, 1));
	need(write(registered[1], "w", 1));	/* the next sleep is the wait */
	for (;;) {
		need(epoll_wait(ep, &ev, 1, -1));
		while ((fd = accept(shared, NULL, NULL)) >= 0)
			tell(me, fd);
	}
}

void exclusive_order(void)
{
	static const int adds[] = { 2, 0, 1, 3 }, waits[] = { 1, 2, 3, 0 };
	char c;

	need(pipe(registered));
	for (int i = 0; i < WORKERS; i++)
		need(pipe(go[i]));
	start_workers(register_then_wait, EPOLLIN | EPOLLEXCLUSIVE, O_NONBLOCK);
	for (int i = 0; i < WORKERS; i++) {
		need(write(go[adds[i]][1], "a", 1));
		need(read(registered[0], &c, 1));
		wait_asleep(workers[adds[i]]);
	}
	for (int i = 0; i < WORKERS; i++) {
		need(write(go[waits[i]][1], "w", 1));
		need(read(registered[0], &c, 1));
		wait_asleep(workers[waits[i]]);
	}
	who_accepts();
}

void accept_turns(void)
{
	start_workers(accept_and_tell, 0, 0);
	who_accepts();
}

/* ---- many processes, one epoll set; many listeners, one port ---- */

static int set;				/* that all of them wait in */

static void wait_in_set(int me, unsigned events)
{
	struct epoll_event ev;
	int fd;

	(void)events;
	for (;;) {
		need(epoll_wait(set, &ev, 1, -1));
		while ((fd = accept(shared, NULL, NULL)) >= 0)
			tell(me, fd);
	}
}

static int returned[2];			/* a byte of each whose wait is over */

static void wait_in_set_once(int me, unsigned events)
{
	struct epoll_event ev;

	(void)me;
	(void)events;
	need(epoll_wait(set, &ev, 1, -1));
	need(write(returned[1], "r", 1));
	for (;;)
		pause();
}

/* As start_workers, but the set is there before they are. */
static void start_in_set(void (*work)(int me, unsigned events), unsigned events)
{
	shared = listener_on(&address);
	need(fcntl(shared, F_SETFL, O_NONBLOCK));
	set = epoll_of(shared, events);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = fork_child();
		if (!workers[i])
			work(i, events);
		wait_asleep(workers[i]);
	}
}

void shared_set_last(void)
{
	start_in_set(wait_in_set, EPOLLIN | EPOLLET);
	who_accepts();
}

/* Nobody accepts it; this many waits should end. */
static void one_in_set(unsigned events, int waits)
{
	struct pollfd p;
	char c;

	need(pipe(returned));
	start_in_set(wait_in_set_once, events);
	connected_to(&address);
	p = (struct pollfd){ .fd = returned[0], .events = POLLIN };
	while (waits-- && poll(&p, 1, 10000) > 0)
		need(read(returned[0], &c, 1));
	end_workers();
}

void shared_set_level(void)
{
	one_in_set(EPOLLIN, WORKERS);
}

void shared_set_edge(void)
{
	one_in_set(EPOLLIN | EPOLLET, 1);
}

/* Two listeners of one port; enough connections that each gets some. */
enum { MANY_PEERS = 64 };

static void two_listeners(int l[2], int peers[MANY_PEERS])
{
	struct sockaddr_in a;
	int one = 1;

	l[0] = need(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	l[1] = need(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	a = (struct sockaddr_in){ .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(a);

		need(setsockopt(l[i], SOL_SOCKET, SO_REUSEPORT, &one,
				sizeof(one)));
		need(bind(l[i], (void *)&a, sizeof(a)));
		need(getsockname(l[i], (void *)&a, &len));
		need(listen(l[i], MANY_PEERS));
	}
	for (int i = 0; i < MANY_PEERS; i++)
		peers[i] = connected_to(&a);
}

/* How many wait at l; the handshake's last packet may be on its way. */
static int queued(int l, int all)
{
	int n = 0, fd;

	while (n < all && (fd = accept(l, NULL, NULL)) >= 0) {
		close(fd);
		n++;
	}
	return n;
}

void reuseport_spreads(void)
{
	int l[2], peers[MANY_PEERS], first, second;

	two_listeners(l, peers);
	first = queued(l[0], MANY_PEERS);
	second = queued(l[1], MANY_PEERS);
	remark("%s of the listeners got connections",
	       first && second ? "both" : "one");
}

void reuseport_closed(void)
{
	struct pollfd p[MANY_PEERS];
	int l[2], peers[MANY_PEERS], reset = 0;
	char c;

	two_listeners(l, peers);
	need(close(l[1]));
	for (int i = 0; i < MANY_PEERS; i++)
		p[i] = (struct pollfd){ .fd = peers[i], .events = POLLIN };
	poll(p, MANY_PEERS, 10000);
	for (int i = 0; i < MANY_PEERS; i++)
		reset += recv(peers[i], &c, 1, MSG_DONTWAIT) < 0 &&
			 errno == ECONNRESET;
	remark("%s peers were reset", reset ? "some" : "no");
}

/* ---- one set, several tasks ---- */

/* A descriptor that is added while another process waits. */
void epoll_add_while_waiting(void)
{
	int pair[2], ep = need(epoll_create1(0));
	struct epoll_event ev = { .events = EPOLLIN };
	pid_t child;

	stream_pair(pair);
	need(send(pair[1], "x", 1, 0));
	child = fork_child();
	if (!child) {
		epoll_wait(ep, &ev, 1, 20000);
		_exit(0);
	}
	wait_asleep(child);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev));
	wait(NULL);
}

void epoll_oneshot(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	int pair[2], ep;

	stream_pair(pair);
	ep = epoll_of(pair[0], ev.events);
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 0);
	epoll_wait(ep, &ev, 1, 7);
	ev.events = EPOLLIN | EPOLLONESHOT;
	need(epoll_ctl(ep, EPOLL_CTL_MOD, pair[0], &ev));
	epoll_wait(ep, &ev, 1, 8);
}

/* ---- readiness is a hint ---- */

void ready_then_reset(void)
{
	struct linger now = { .l_onoff = 1 };
	struct epoll_event ev;
	struct sockaddr_in a;
	int l = listener_on(&a), ep = epoll_of(l, EPOLLIN), peer, fd;
	char c;

	peer = connected_to(&a);
	epoll_wait(ep, &ev, 1, 10000);
	need(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	need(close(peer));
	fd = need(accept(l, NULL, NULL));
	recv(fd, &c, 1, MSG_DONTWAIT);
}

/* Two processes share a socket; what is ready for both is there once. */
void ready_then_taken(void)
{
	int pair[2];
	struct epoll_event ev;
	char c;
	int ep;

	stream_pair(pair);
	ep = epoll_of(pair[0], EPOLLIN);
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 10000);
	if (!fork_child()) {
		recv(pair[0], &c, 1, 0);
		_exit(0);
	}
	wait(NULL);
	recv(pair[0], &c, 1, MSG_DONTWAIT);
}

/*
 * A datagram with a wrong checksum, which is found out when it is copied; or,
 * with at most 76 bytes (8 are the header), when it comes.
 */
static void bad_checksum(int flags, unsigned bytes, int wait_ms)
{
	struct { unsigned short from, to, length, sum; char data[92]; } udp = {
		.length = htons(8 + bytes), .sum = htons(0x1234),
		.data = "wrong",
	};
	struct sockaddr_in a, to;
	int fd = udp_bound(&a), raw = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	struct epoll_event ev;
	char buf[16];

	if (raw < 0)
		cannot("a raw socket: %s; run it as root", strerror(errno));
	need(fcntl(fd, F_SETFL, flags));
	udp.from = htons(9);
	udp.to = a.sin_port;
	to = a;
	to.sin_port = 0;
	need(sendto(raw, &udp, 8 + bytes, 0, (void *)&to, sizeof(to)));
	epoll_wait(epoll_of(fd, EPOLLIN), &ev, 1, wait_ms);
	recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
}

void ready_bad_checksum(void)
{
	bad_checksum(O_NONBLOCK, 69, 2000);
}

/* On loopback the datagram is in the queue when sendto returns. */
void bad_checksum_blocking(void)
{
	bad_checksum(0, 69, 200);
}

void bad_checksum_short(void)
{
	bad_checksum(O_NONBLOCK, 68, 200);
}

/* ---- other ---- */

void listener_shut(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a);

	need(shutdown(l, SHUT_RD));
	accept(l, NULL, NULL);
}

void listener_shut_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };	/* autobind */
	int l = need(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));

	need(bind(l, (void *)&a, sizeof(a.sun_family)));
	need(listen(l, 8));
	need(shutdown(l, SHUT_RD));
	accept(l, NULL, NULL);
}

void emfile_keeps(void)
{
	struct rlimit few = { 20, 20 };
	struct sockaddr_in a;
	int l = listener_on(&a), last = -1, fd;

	connected_to(&a);
	need(setrlimit(RLIMIT_NOFILE, &few));
	while ((fd = dup(l)) >= 0)
		last = fd;
	accept(l, NULL, NULL);
	need(close(last));
	accept(l, NULL, NULL);
}

void closed_peer(void)
{
	int pair[2];

	stream_pair(pair);
	need(close(pair[1]));
	send(pair[0], "x", 1, MSG_NOSIGNAL);
}

/* The peer's reset comes soon after the first send. */
void closed_peer_tcp(void)
{
	struct pollfd p;
	int ours, peer;

	tcp_connection(&ours, &peer);
	need(close(peer));
	send(ours, "x", 1, MSG_NOSIGNAL);
	p = (struct pollfd){ .fd = ours };	/* errors alone */
	need(poll(&p, 1, 10000));
	send(ours, "x", 1, MSG_NOSIGNAL);
}

/* The peer has not read a byte when it closes. */
void closed_unread_tcp(void)
{
	struct pollfd p;
	int ours, peer;

	tcp_connection(&ours, &peer);
	need(send(ours, "x", 1, 0));
	p = (struct pollfd){ .fd = peer, .events = POLLIN };
	need(poll(&p, 1, 10000));
	need(close(peer));
	p = (struct pollfd){ .fd = ours };	/* errors alone */
	need(poll(&p, 1, 10000));
	send(ours, "y", 1, MSG_NOSIGNAL);
}

/* A byte is in the queue when the reset comes. */
void reset_after_data_tcp(void)
{
	struct linger now = { .l_onoff = 1 };
	struct pollfd p;
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	need(send(peer, "x", 1, 0));
	need(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	need(close(peer));
	p = (struct pollfd){ .fd = ours };	/* errors alone */
	need(poll(&p, 1, 10000));
	recv(ours, &c, 1, MSG_DONTWAIT);
	recv(ours, &c, 1, MSG_DONTWAIT);
}

/* A child sleeps in accept, then in recv; its parent may read where. */
void wchan_of_sleeper(void)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };
	struct sockaddr_in a;
	int l = listener_on(&a), peer;
	char text[64];
	pid_t child = fork_child();

	if (!child) {
		recv(need(accept(l, NULL, NULL)), text, 1, 0);
		_exit(0);
	}
	wait_asleep(child);
	read_proc(child, "wchan", text, sizeof(text));
	peer = connected_to(&a);
	/*
	 * Soon it has gone from the one to the other; older kernels do not
	 * show the function below sk_wait_data.
	 */
	for (int i = 0; i < 1000 && strcmp(text, "wait_woken") &&
	     strcmp(text, "sk_wait_data"); i++) {
		nanosleep(&millisecond, NULL);
		wait_asleep(child);
		read_proc(child, "wchan", text, sizeof(text));
	}
	need(send(peer, "x", 1, 0));
	wait(NULL);
	if (!strcmp(text, "0"))
		cannot("/proc/PID/wchan is 0: no right to read it, or a kernel "
		       "without its symbols");
}

/* ---- what strace changes ---- */

void two_stops_a_call(void)
{
	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
}

/* A child that ends when its parent sleeps: SIGCHLD, ignored by default. */
static pid_t end_later(void)
{
	pid_t parent = getpid(), child = fork_child();

	if (child)
		return child;
	wait_asleep(parent);
	_exit(0);
}

/* When it has ended, another child sends what the parent waits for. */
void ignored_signal(void)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };
	struct epoll_event ev;
	int pair[2], ep;
	pid_t child;

	stream_pair(pair);
	ep = epoll_of(pair[0], EPOLLIN);
	child = end_later();
	if (!fork_child()) {
		while (state_of(child) && state_of(child) != 'Z')
			nanosleep(&millisecond, NULL);
		send(pair[1], "x", 1, 0);
		_exit(0);
	}
	epoll_wait(ep, &ev, 1, 20000);
	while (wait(NULL) > 0)
		;
}

/* The tracer sees it first, so there is nothing to send after. */
void ignored_signal_traced(void)
{
	int ep = need(epoll_create1(0));
	struct epoll_event ev;

	end_later();
	epoll_wait(ep, &ev, 1, 20000);
	wait(NULL);
}

/* Stop the child that sleeps in a call, let it go on, and wait for its end. */
static void stop_and_continue(pid_t child, int tell)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };

	wait_asleep(child);
	kill(child, SIGSTOP);
	while (state_of(child) && state_of(child) != 'T')
		nanosleep(&millisecond, NULL);
	kill(child, SIGCONT);
	if (tell >= 0) {
		wait_asleep(child);		/* again: it went on */
		send(tell, "x", 1, 0);
	}
	wait(NULL);
}

void epoll_stopped(void)
{
	int ep = need(epoll_create1(0));
	struct epoll_event ev;
	pid_t child = fork_child();

	if (child) {
		stop_and_continue(child, -1);
		return;
	}
	epoll_wait(ep, &ev, 1, 20000);
	_exit(0);
}

/* Write text to a file of a cgroup. */
static void write_to(const char *folder, const char *name, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		cannot("%s: %s", name, strerror(errno));
	close(fd);
}

/* A cgroup of our own; the mount is of a namespace that ends with us. */
void epoll_frozen(void)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };
	char mounted[256], group[300], path[400], text[64] = "";
	struct epoll_event ev;
	int ep = need(epoll_create1(0)), fd;
	pid_t child;

	if (lab_temporary_folder(mounted, sizeof(mounted)))
		cannot("%s: %s", lab_tmp(), strerror(errno));
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", mounted, "cgroup2", 0, NULL)) {
		rmdir(mounted);
		cannot("mount of cgroup2: %s", strerror(errno));
	}
	snprintf(group, sizeof(group), "%s/iomodels-%d", mounted, getpid());
	need(mkdir(group, 0700));
	child = fork_child();
	if (!child) {
		epoll_wait(ep, &ev, 1, 20000);
		_exit(0);
	}
	snprintf(text, sizeof(text), "%d", child);
	write_to(group, "cgroup.procs", text);
	wait_asleep(child);
	write_to(group, "cgroup.freeze", "1");
	snprintf(path, sizeof(path), "%s/cgroup.events", group);
	while (!strstr(text, "frozen 1")) {
		fd = need(open(path, O_RDONLY));
		text[need(read(fd, text, sizeof(text) - 1))] = 0;
		close(fd);
		nanosleep(&millisecond, NULL);
	}
	write_to(group, "cgroup.freeze", "0");
	wait(NULL);
	rmdir(group);
	umount(mounted);
	rmdir(mounted);
}

void poll_stopped(void)
{
	struct pollfd p = { .events = POLLIN };
	int pair[2];
	pid_t child;

	stream_pair(pair);
	p.fd = pair[0];
	child = fork_child();
	if (child) {
		stop_and_continue(child, pair[1]);
		return;
	}
	poll(&p, 1, 20000);
	_exit(0);
}
