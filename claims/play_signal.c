/* SPDX-License-Identifier: MIT */
/*
 * play_signal.c - plays about SIGIO and about signals in blocking calls
 */
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include "play.h"

/* A pair: *ours says SIGIO, *peer is the other end. */
static void tcp_pair(int *ours, int *peer)
{
	tcp_connection(ours, peer);
	say_sigio(*ours);
	forget_sigio();
}

/* ---- the seven causes on TCP (UNIX Network Programming 25.2) ---- */

void sigio_connection(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a);

	say_sigio(l);
	connected_to(&a);
	take_sigio();
}

void sigio_connected(void)
{
	struct sockaddr_in a;
	int fd;

	listener_on(&a);
	fd = need(socket(AF_INET, SOCK_STREAM, 0));
	say_sigio(fd);
	if (connect(fd, (void *)&a, sizeof(a)) && errno != EINPROGRESS)
		cannot("connect: %s", strerror(errno));
	take_sigio();
}

void sigio_data(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(send(peer, "x", 1, 0));
	take_sigio();
}

void sigio_half_closed(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(shutdown(peer, SHUT_WR));
	take_sigio();
}

void sigio_disconnect(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(close(peer));
	take_sigio();
}

void sigio_closed(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(shutdown(ours, SHUT_WR));
	forget_sigio();
	need(close(peer));
	take_sigio();
}

void sigio_reset(void)
{
	struct linger now = { .l_onoff = 1 };
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	need(close(peer));
	take_sigio();
}

void sigio_room(void)
{
	static char data[1 << 20];
	int ours, peer;

	tcp_pair(&ours, &peer);
	while (send(ours, data, sizeof(data), 0) > 0)
		;				/* until EAGAIN */
	forget_sigio();
	for (int n = 0; n < 64 && recv(peer, data, sizeof(data),
				       MSG_DONTWAIT) > 0; n++)
		;
	take_sigio();
}

/* ---- the two on UDP ---- */

void sigio_datagram(void)
{
	struct sockaddr_in a;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	take_sigio();
}

/* Nobody has the port: the ICMP answer is an error of a connected socket. */
void sigio_udp_error(void)
{
	struct sockaddr_in a;
	int gone = udp_bound(&a), fd = need(socket(AF_INET, SOCK_DGRAM, 0));

	need(close(gone));
	need(connect(fd, (void *)&a, sizeof(a)));
	say_sigio(fd);
	need(send(fd, "x", 1, 0));
	take_sigio();
}

/* ---- how many signals ---- */

void sigio_coalesces(void)
{
	struct timespec now = { 0 };
	struct sockaddr_in a;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	for (int i = 0; i < 50; i++)
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	take_sigio();
	sigtimedwait(&sigio_set, NULL, &now);
}

/* From the connection to its end, all of it announced on our two sockets. */
void sigio_tcp_request(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a), ours, peer;
	char c;

	say_sigio(l);
	peer = connected_to(&a);
	take_sigio();
	ours = need(accept(l, NULL, NULL));
	say_sigio(ours);
	need(send(peer, "x", 1, 0));
	take_sigio();
	need(recv(ours, &c, 1, 0));
	need(send(ours, "x", 1, 0));
	need(shutdown(peer, SHUT_WR));
	take_sigio();
}

void sigio_udp_request(void)
{
	struct sockaddr_in a, from;
	int fd = udp_bound(&a), peer = udp_bound(&from);
	char c;

	say_sigio(fd);
	need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	take_sigio();
	need(recv(fd, &c, 1, 0));
	need(sendto(fd, "x", 1, 0, (void *)&from, sizeof(from)));
	need(recv(peer, &c, 1, 0));
	need(close(peer));
}

/* What comes while we sleep in recv on the same socket. */
void sigio_while_receiving(void)
{
	pid_t parent = getpid();
	int ours, peer;
	char c;

	tcp_pair(&ours, &peer);
	need(fcntl(ours, F_SETFL, O_ASYNC));
	if (!fork_child()) {
		wait_asleep(parent);
		need(send(peer, "x", 1, 0));
		_exit(0);
	}
	need(recv(ours, &c, 1, 0));
	need(wait(NULL));
	forget_sigio();
}

/* The same with a datagram. */
void sigio_while_receiving_udp(void)
{
	struct sockaddr_in a;
	int ours = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));
	pid_t parent = getpid();
	char c;

	say_sigio(ours);
	need(fcntl(ours, F_SETFL, O_ASYNC));
	if (!fork_child()) {
		wait_asleep(parent);
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
		_exit(0);
	}
	need(recv(ours, &c, 1, 0));
	need(wait(NULL));
	forget_sigio();
}

/* There was room all the time: no signal reports that there is more. */
void sigio_without_shortage(void)
{
	int ours, peer;
	char c;

	tcp_pair(&ours, &peer);
	need(send(ours, "x", 1, 0));
	need(recv(peer, &c, 1, 0));
	forget_sigio();
}

/* ---- signals that queue ---- */

static int rt_socket(struct sockaddr_in *a, sigset_t *set)
{
	int fd = udp_bound(a);

	say_sigio(fd);
	need(fcntl(fd, F_SETSIG, SIGRTMIN));
	sigemptyset(set);
	sigaddset(set, SIGRTMIN);
	need(sigprocmask(SIG_BLOCK, set, NULL));
	return fd;
}

/* Five datagrams, and then as many signals as there are. */
void rt_queues(void)
{
	struct timespec now = { 0 };
	struct sockaddr_in a;
	siginfo_t info;
	sigset_t set;
	int peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	rt_socket(&a, &set);
	for (int i = 0; i < 5; i++)
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	while (sigtimedwait(&set, &info, &now) > 0)
		;
}

void rt_overflows(void)
{
	struct rlimit few = { 2, 2 };
	struct timespec now = { 0 };
	struct sockaddr_in a;
	sigset_t set;
	int peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	rt_socket(&a, &set);
	need(setrlimit(RLIMIT_SIGPENDING, &few));
	for (int i = 0; i < 50; i++)
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	sigtimedwait(&sigio_set, NULL, &now);	/* plain SIGIO, on its own */
}

/* The open file is announced, by the number that F_SETSIG found it under. */
void rt_names_closed(void)
{
	struct sockaddr_in a;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	need(dup2(fd, 77));
	need(dup2(fd, 78));
	need(close(fd));
	need(fcntl(77, F_SETSIG, SIGIO));
	need(fcntl(77, F_SETFL, O_NONBLOCK));
	need(fcntl(77, F_SETFL, O_NONBLOCK | O_ASYNC));
	need(close(77));
	need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	take_sigio();
}

/* ---- a signal in a blocking call ---- */

static void nothing(int sig)
{
	(void)sig;
}

/* A handler for SIGUSR1, and a child that will interrupt its parent's sleep. */
static int interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	pid_t parent = getpid();

	need(sigaction(SIGUSR1, &act, NULL));
	if (fork_child())
		return 0;
	wait_asleep(parent);
	kill(parent, SIGUSR1);
	return 1;				/* in the child */
}

void restart_recv(void)
{
	pid_t parent = getpid();
	int pair[2];
	char c;

	stream_pair(pair);
	if (interrupted()) {
		wait_asleep(parent);		/* again: it went on */
		send(pair[1], "x", 1, 0);
		_exit(0);
	}
	recv(pair[0], &c, 1, 0);
	wait(NULL);
}

void restart_with_timeout(void)
{
	struct timeval t = { .tv_sec = 10 };
	int pair[2];
	char c;

	stream_pair(pair);
	need(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	if (interrupted())
		_exit(0);
	recv(pair[0], &c, 1, 0);
	wait(NULL);
}

void restart_select(void)
{
	struct timeval t = { .tv_sec = 10 };

	if (interrupted())
		_exit(0);
	select(0, NULL, NULL, NULL, &t);
	wait(NULL);
}

void restart_poll(void)
{
	if (interrupted())
		_exit(0);
	poll(NULL, 0, 10000);
	wait(NULL);
}

void restart_epoll(void)
{
	struct epoll_event ev;
	int ep = need(epoll_create1(0));

	if (interrupted())
		_exit(0);
	epoll_wait(ep, &ev, 1, 10000);
	wait(NULL);
}

void restart_getevents(void)
{
	struct timespec t = { .tv_sec = 10 };
	aio_context_t ctx = 0;
	struct io_event ev;

	need(syscall(SYS_io_setup, 1, &ctx));
	if (interrupted())
		_exit(0);
	syscall(SYS_io_getevents, ctx, 1, 1, &ev, &t);
	wait(NULL);
}

void restart_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	if (interrupted())
		_exit(0);
	sigsuspend(&none);
	wait(NULL);
}

/* ---- what an accepted socket has ---- */

void accepted_flags(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a), fd;

	say_sigio(l);
	connected_to(&a);
	take_sigio();
	fd = need(accept(l, NULL, NULL));
	fcntl(fd, F_GETFL);
}

/*
 * With the listener's flags and owner, which BSD hands on.  A handler that
 * accepts once and receives once finds nothing yet; the signal of the message
 * calls it again, and then there is nothing to accept.
 */
void accepted_as_on_bsd(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a), peer, fd;
	char buf[16];

	say_sigio(l);
	peer = connected_to(&a);
	take_sigio();
	fd = need(accept(l, NULL, NULL));
	say_sigio(fd);
	recv(fd, buf, sizeof(buf), 0);
	need(send(peer, "hello", 5, 0));
	take_sigio();
	accept(l, NULL, NULL);
}
