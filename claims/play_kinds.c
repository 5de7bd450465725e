/* SPDX-License-Identifier: MIT */
/*
 * play_kinds.c - plays about what "ready" means, by kind of descriptor
 *
 * Each row is one descriptor in one state: what poll reports, and whether
 * epoll takes the descriptor.  The rows are lines of the record,
 *
 *     ready: TCP, the peer has closed | POLLIN POLLOUT POLLRDHUP | yes
 *
 * and sh claims/tables makes docs/ready.md of them.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include "play.h"

static const struct {
	short bit;
	const char *name;
} bits[] = {
	{ POLLIN, "POLLIN" }, { POLLPRI, "POLLPRI" }, { POLLOUT, "POLLOUT" },
	{ POLLRDHUP, "POLLRDHUP" }, { POLLERR, "POLLERR" },
	{ POLLHUP, "POLLHUP" }, { POLLNVAL, "POLLNVAL" },
};

static const char *epoll_takes(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = need(epoll_create1(0)), refused;

	refused = epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ? errno : 0;
	close(ep);
	return !refused ? "yes" : refused == EPERM ? "EPERM" :
	       refused == EBADF ? "EBADF" : strerror(refused);
}

/* What is reported within wait_ms, or at once when something is expected. */
static void row(const char *state, int fd, short wait_for)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT |
						POLLRDHUP };
	struct timespec millisecond = { .tv_nsec = 1000000 };
	char names[128] = "";

	/* What the peer did may arrive a little later. */
	for (int i = 0; i < 5000; i++) {
		need(poll(&p, 1, 0));
		if ((p.revents & wait_for) == wait_for)
			break;
		nanosleep(&millisecond, NULL);
	}
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (p.revents & bits[i].bit)
			sprintf(names + strlen(names), "%s%s", *names ? " " : "",
				bits[i].name);
	remark("ready: %s | %s | %s", state, *names ? names : "-",
	       epoll_takes(fd));
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	need(close(fd));
}

static void tcp_rows(void)
{
	int ours, peer, l, low = 10;
	struct sockaddr_in a;

	l = listener_on(&a);
	row("TCP listener, nobody has come", l, 0);
	peer = connected_to(&a);
	row("TCP listener, a connection waits", l, POLLIN);
	close(l);
	close(peer);

	tcp_connection(&ours, &peer);
	row("TCP, nothing has come", ours, POLLOUT);
	need(send(peer, "12345", 5, 0));
	row("TCP, data have come", ours, POLLIN);
	need(setsockopt(ours, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	row("TCP, 5 bytes have come and SO_RCVLOWAT is 10", ours, 0);
	need(send(peer, "67890", 5, 0));
	row("TCP, 10 bytes have come and SO_RCVLOWAT is 10", ours, POLLIN);
	close(ours);
	close(peer);

	tcp_connection(&ours, &peer);
	need(send(peer, "!", 1, MSG_OOB));
	row("TCP, an urgent byte has come", ours, POLLPRI);
	close(ours);
	close(peer);

	tcp_connection(&ours, &peer);
	need(shutdown(peer, SHUT_WR));
	row("TCP, the peer has shut its half down", ours, POLLRDHUP);
	need(shutdown(ours, SHUT_WR));
	row("TCP, both halves are shut down", ours, POLLHUP);
	close(ours);
	close(peer);

	tcp_connection(&ours, &peer);
	need(close(peer));
	row("TCP, the peer has closed", ours, POLLRDHUP);
	close(ours);

	tcp_connection(&ours, &peer);
	reset(peer);
	row("TCP, the peer has reset the connection", ours, POLLERR);
	close(ours);

	ours = need(socket(AF_INET, SOCK_STREAM, 0));
	row("TCP, before connect or listen", ours, POLLHUP);
	close(ours);
}

static void other_socket_rows(void)
{
	struct sockaddr_in a, gone;
	int pair[2], fd, closed;

	fd = udp_bound(&a);
	row("UDP, nothing has come", fd, POLLOUT);
	need(sendto(fd, "", 0, 0, (void *)&a, sizeof(a)));
	row("UDP, an empty datagram has come", fd, POLLIN);
	close(fd);

	closed = udp_bound(&gone);
	fd = udp_bound(&a);
	close(closed);
	need(connect(fd, (void *)&gone, sizeof(gone)));
	need(send(fd, "x", 1, 0));
	row("UDP, an ICMP error has come", fd, POLLERR);
	close(fd);

	stream_pair(pair);
	row("AF_UNIX stream, nothing has come", pair[0], POLLOUT);
	need(close(pair[1]));
	row("AF_UNIX stream, the peer has closed", pair[0], POLLHUP);
	close(pair[0]);
}

static void pipe_rows(void)
{
	static char much[4096];
	int p[2];

	need(pipe2(p, O_NONBLOCK));
	row("pipe to read, empty", p[0], 0);
	row("pipe to write, room", p[1], POLLOUT);
	while (write(p[1], much, sizeof(much)) > 0)
		;
	row("pipe to read, data", p[0], POLLIN);
	row("pipe to write, full", p[1], 0);
	close(p[0]);
	row("full pipe to write, no reader is left", p[1], POLLERR);
	close(p[1]);

	need(pipe(p));
	close(p[1]);
	row("pipe to read, no writer is left", p[0], POLLHUP);
	close(p[0]);
}

static void timer_rows(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };
	int fd = need(timerfd_create(CLOCK_MONOTONIC, 0));

	row("timerfd, disarmed", fd, 0);
	need(timerfd_settime(fd, 0, &soon, NULL));
	row("timerfd, expired", fd, POLLIN);
	close(fd);
}

static void signal_rows(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	fd = need(signalfd(-1, &set, 0));
	row("signalfd, nothing is pending", fd, 0);
	need(kill(getpid(), SIGUSR1));
	row("signalfd, a signal is pending", fd, POLLIN);
	close(fd);
}

static void process_rows(void)
{
	pid_t child = fork_child();
	int fd;

	if (!child)
		for (;;)
			pause();
#ifdef SYS_pidfd_open
	fd = need(syscall(SYS_pidfd_open, child, 0));
	row("pidfd, the process runs", fd, 0);
	need(kill(child, SIGKILL));
	row("pidfd, the process has ended", fd, POLLIN);
	close(fd);
#else
	fd = kill(child, SIGKILL);
#endif
	waitpid(child, NULL, 0);
}

static void event_rows(void)
{
	unsigned long long most = 0xfffffffffffffffe;
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = need(eventfd(0, 0)), ep = need(epoll_create1(0)), watch, file;
	char name[] = "iomodels-XXXXXX";

	row("eventfd, the counter is 0", fd, POLLOUT);
	need(write(fd, &most, sizeof(most)));
	row("eventfd, the counter is at its maximum", fd, POLLIN);

	row("epoll set, nothing in it is ready", ep, 0);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	row("epoll set, a descriptor in it is ready", ep, POLLIN);
	close(fd);
	close(ep);

	file = need(mkstemp(name));
	watch = need(inotify_init1(0));
	need(inotify_add_watch(watch, name, IN_MODIFY));
	row("inotify, nothing has changed", watch, 0);
	need(write(file, "x", 1));
	row("inotify, the file was written to", watch, POLLIN);
	unlink(name);
	close(file);
	close(watch);
}

static void open_row(const char *state, const char *path, int flags)
{
	int fd = need(open(path, flags));

	row(state, fd, 0);
	close(fd);
}

static void file_rows(void)
{
	open_row("regular file", "/proc/self/exe", O_RDONLY);
	open_row("directory", "/", O_RDONLY);
	open_row("/dev/null", "/dev/null", O_RDWR);
	open_row("/proc/self/mounts", "/proc/self/mounts", O_RDONLY);
	row("a number that is not open", 99, 0);
}

void ready_table(void)
{
	tcp_rows();
	other_socket_rows();
	pipe_rows();
	event_rows();
	timer_rows();
	signal_rows();
	process_rows();
	file_rows();
}

void ready_tcp(void)
{
	tcp_rows();
}

void ready_other_sockets(void)
{
	other_socket_rows();
}

void ready_pipe(void)
{
	pipe_rows();
}

void ready_one_loop(void)
{
	event_rows();
	timer_rows();
	signal_rows();
	process_rows();
}

void ready_files(void)
{
	file_rows();
}

/* ---- connecting ---- */

void connect_nonblocking(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a), fd, error = -1;
	socklen_t len = sizeof(error);
	struct pollfd p;

	fd = need(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	connect(fd, (void *)&a, sizeof(a));
	p = (struct pollfd){ .fd = fd, .events = POLLOUT };
	need(poll(&p, 1, 10000));
	need(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	remark("SO_ERROR %d", error);
	close(l);
}

/* The first argument of select is the highest number plus one. */
void select_first_argument(void)
{
	unsigned long set[16] = { 0 };
	struct timespec none = { 0 };
	int pair[2];

	stream_pair(pair);
	need(send(pair[1], "x", 1, 0));
	set[0] = 1UL << pair[0];
	syscall(SYS_pselect6, pair[0], set, NULL, NULL, &none, NULL);
	set[0] = 1UL << pair[0];
	syscall(SYS_pselect6, pair[0] + 1, set, NULL, NULL, &none, NULL);
}
