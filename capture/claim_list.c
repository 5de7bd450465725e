/* SPDX-License-Identifier: MIT */
/*
 * claim_list.c - the claims, and the few calls that some of them need
 *
 * A play makes its calls in the process that strace follows.  What it cannot
 * set up ends it with a status, and the claim is not testable here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "claims.h"
#include "phase.h"
#include "trace.h"

static long need(long result)
{
	if (result < 0)
		exit(3);
	return result;
}

/* ---- sockets that say SIGIO ---- */

static int listener_on(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = need(socket(AF_INET, SOCK_STREAM, 0));

	*a = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	need(bind(fd, (void *)a, sizeof(*a)));
	need(listen(fd, 8));
	need(getsockname(fd, (void *)a, &len));
	return fd;
}

static int connected_to(const struct sockaddr_in *a)
{
	int fd = need(socket(AF_INET, SOCK_STREAM, 0));

	need(connect(fd, (const void *)a, sizeof(*a)));
	return fd;
}

static sigset_t sigio_set;

/* SIGIO blocked; with F_SETSIG it carries si_code, si_band and si_fd. */
static void say_sigio(int fd)
{
	sigemptyset(&sigio_set);
	sigaddset(&sigio_set, SIGIO);
	need(sigprocmask(SIG_BLOCK, &sigio_set, NULL));
	need(fcntl(fd, F_SETOWN, getpid()));
	need(fcntl(fd, F_SETSIG, SIGIO));
	need(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
}

/* What came before is of no interest. */
static void forget_sigio(void)
{
	struct timespec now = { 0 };

	while (sigtimedwait(&sigio_set, NULL, &now) > 0)
		;
}

static void take_sigio(void)
{
	struct timespec limit = { .tv_sec = 2 };
	siginfo_t info;				/* so that strace shows it */

	sigtimedwait(&sigio_set, &info, &limit);
}

/* A pair: *ours says SIGIO, *peer is the other end. */
static void tcp_pair(int *ours, int *peer)
{
	struct sockaddr_in a;
	int l = listener_on(&a);

	*peer = connected_to(&a);
	*ours = need(accept(l, NULL, NULL));
	say_sigio(*ours);
	forget_sigio();
}

/* ---- the seven causes on TCP (UNIX Network Programming 25.2) ---- */

static void sigio_connection(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a);

	say_sigio(l);
	connected_to(&a);
	take_sigio();
}

static void sigio_connected(void)
{
	struct sockaddr_in a;
	int fd;

	listener_on(&a);
	fd = need(socket(AF_INET, SOCK_STREAM, 0));
	say_sigio(fd);
	if (connect(fd, (void *)&a, sizeof(a)) && errno != EINPROGRESS)
		exit(3);
	take_sigio();
}

static void sigio_data(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(send(peer, "x", 1, 0));
	take_sigio();
}

static void sigio_half_closed(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(shutdown(peer, SHUT_WR));
	take_sigio();
}

static void sigio_closed(void)
{
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(shutdown(ours, SHUT_WR));
	forget_sigio();
	need(close(peer));
	take_sigio();
}

static void sigio_reset(void)
{
	struct linger now = { .l_onoff = 1 };
	int ours, peer;

	tcp_pair(&ours, &peer);
	need(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	need(close(peer));
	take_sigio();
}

static void sigio_room(void)
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

static int udp_bound(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int fd = need(socket(AF_INET, SOCK_DGRAM, 0));

	*a = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	need(bind(fd, (void *)a, sizeof(*a)));
	need(getsockname(fd, (void *)a, &len));
	return fd;
}

static void sigio_datagram(void)
{
	struct sockaddr_in a;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	take_sigio();
}

/* Nobody has the port: the ICMP answer is an error of a connected socket. */
static void sigio_udp_error(void)
{
	struct sockaddr_in a;
	int gone = udp_bound(&a), fd = need(socket(AF_INET, SOCK_DGRAM, 0));

	need(close(gone));
	need(connect(fd, (void *)&a, sizeof(a)));
	say_sigio(fd);
	need(send(fd, "x", 1, 0));
	take_sigio();
}

/* ---- signals ---- */

static void sigio_coalesces(void)
{
	struct timespec now = { 0 };
	struct sockaddr_in a;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	for (int i = 0; i < 50; i++)
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	take_sigio();
	need(sigtimedwait(&sigio_set, NULL, &now) < 0 ? 0 : -1);
}

/* 5 datagrams, 5 signals, and then none.  The writes are remarks in the trace. */
static void rt_queues(void)
{
	struct timespec now = { 0 };
	struct sockaddr_in a;
	sigset_t set;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	need(fcntl(fd, F_SETSIG, SIGRTMIN));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 5; i++)
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	for (int i = 0; i < 5; i++)
		if (sigtimedwait(&set, NULL, &now) < 0)
			write(-1, "missing", 7);
	if (sigtimedwait(&set, NULL, &now) < 0)
		write(-1, "five of five", 12);
}

static void rt_overflows(void)
{
	struct rlimit few = { 2, 2 };
	struct timespec now = { 0 };
	struct sockaddr_in a;
	sigset_t set;
	int fd = udp_bound(&a), peer = need(socket(AF_INET, SOCK_DGRAM, 0));

	say_sigio(fd);
	need(fcntl(fd, F_SETSIG, SIGRTMIN));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	need(setrlimit(RLIMIT_SIGPENDING, &few));
	for (int i = 0; i < 50; i++)
		need(sendto(peer, "x", 1, 0, (void *)&a, sizeof(a)));
	sigtimedwait(&sigio_set, NULL, &now);	/* plain SIGIO, on its own */
}

static void nothing(int sig)
{
	(void)sig;
}

/* Until pid sleeps; who would wait for ever ends. */
static void wait_asleep(pid_t pid)
{
	struct timespec millisecond = { .tv_nsec = 1000000 };
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int look = 0; look < 2000 && state != 'S'; look++) {
		FILE *f = fopen(path, "re");

		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			_exit(3);
		fclose(f);
		nanosleep(&millisecond, NULL);
	}
	if (state != 'S')
		_exit(3);
}

/* A handler for SIGUSR1, and a child that will interrupt its parent's sleep. */
static int interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	pid_t parent = getpid();

	need(sigaction(SIGUSR1, &act, NULL));
	if (need(fork()))
		return 0;
	wait_asleep(parent);
	if (getppid() == parent)		/* or its number is another's */
		kill(parent, SIGUSR1);
	return 1;				/* in the child */
}

static void restart_recv(void)
{
	pid_t parent = getpid();
	int pair[2];
	char c;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	if (interrupted()) {
		wait_asleep(parent);		/* again: it went on */
		send(pair[1], "x", 1, 0);
		_exit(0);
	}
	need(recv(pair[0], &c, 1, 0) == 1 ? 0 : -1);
	wait(NULL);
}

static void restart_epoll(void)
{
	struct epoll_event ev;
	int ep = need(epoll_create1(0));

	if (interrupted())
		_exit(0);
	epoll_wait(ep, &ev, 1, 3000);
	wait(NULL);
}

/* ---- what an accepted socket has ---- */

static void accepted_flags(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a), fd;

	say_sigio(l);
	connected_to(&a);
	take_sigio();
	fd = need(accept(l, NULL, NULL));
	fcntl(fd, F_GETFL);
}

/* ---- select, poll, epoll ---- */

static void epoll_of_file(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = need(epoll_create1(0)), fd = need(open("/proc/self/exe",
							O_RDONLY));

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static void poll_of_file(void)
{
	struct pollfd p = { .fd = need(open("/proc/self/exe", O_RDONLY)),
			    .events = POLLIN };

	poll(&p, 1, 5000);
}

/* A level-triggered wait reports unread bytes each time. */
static void level_again(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int pair[2], ep = need(epoll_create1(0));

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev));
	need(send(pair[1], "x", 1, 0));
	need(epoll_wait(ep, &ev, 1, 0) == 1 ? 0 : -1);
	epoll_wait(ep, &ev, 1, 7);
}

static void edge_once(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int pair[2], ep = need(epoll_create1(0));

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev));
	need(send(pair[1], "x", 1, 0));
	need(epoll_wait(ep, &ev, 1, 0) == 1 ? 0 : -1);
	epoll_wait(ep, &ev, 1, 7);
}

/* The set follows the open file: a dup keeps it alive after the close. */
static void dup_stays(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = 4242 };
	int pair[2], ep = need(epoll_create1(0));

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev));
	need(dup(pair[0]));
	need(close(pair[0]));
	need(send(pair[1], "x", 1, 0));
	epoll_wait(ep, &ev, 1, 7);
}

static void exclusive_fixed(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int pair[2], ep = need(epoll_create1(0));

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &ev));
	epoll_ctl(ep, EPOLL_CTL_MOD, pair[0], &ev);
}

/* By the system call: libc's fd_set ends at 1023. */
static void select_beyond(void)
{
	static unsigned long set[64];
	struct timespec t = { .tv_sec = 2 };
	int pair[2], high = 2000;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(dup2(pair[0], high));
	need(send(pair[1], "x", 1, 0));
	set[high / 64] = 1UL << high % 64;
	syscall(SYS_pselect6, high + 1, set, NULL, NULL, &t, NULL);
}

static void select_left(void)
{
	unsigned long set[16] = { 0 };
	struct timespec t = { .tv_sec = 60 };
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(send(pair[1], "x", 1, 0));
	set[0] = 1UL << pair[0];
	syscall(SYS_pselect6, pair[0] + 1, set, NULL, NULL, &t, NULL);
}

/* ---- other ---- */

static void listener_shut(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a);

	need(shutdown(l, SHUT_RD));
	accept(l, NULL, NULL);
}

static void emfile_keeps(void)
{
	struct rlimit few = { 20, 20 };
	struct sockaddr_in a;
	int l = listener_on(&a), peer = connected_to(&a), last = -1, fd;

	(void)peer;
	need(setrlimit(RLIMIT_NOFILE, &few));
	while ((fd = dup(l)) >= 0)
		last = fd;
	need(accept(l, NULL, NULL) < 0 && errno == EMFILE ? 0 : -1);
	need(close(last));
	accept(l, NULL, NULL);
}

static void nonblock_read_of_file(void)
{
	char buf[64];
	int fd = need(open("/proc/self/exe", O_RDONLY | O_NONBLOCK));

	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	pread(fd, buf, sizeof(buf), 0);
}

static void closed_peer(void)
{
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	need(close(pair[1]));
	send(pair[0], "x", 1, MSG_NOSIGNAL);
}

/* ---- claims that a run of servers decides ---- */

static int say_to(int port, const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (void *)&a, sizeof(a)) ||
	    (*text && send(fd, text, strlen(text), 0) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int begin_server(struct server *s, const char *name, const char *service,
			struct text *proof)
{
	struct lab_options o = { .service = service };

	if (!server_start(s, program_find(name), &o))
		return 0;
	text_add(proof, "%s", s->err.at);
	server_free(s);
	return -1;
}

/* The second peer's answer comes when the first, silent one has gone. */
static enum verdict one_at_a_time(struct text *proof)
{
	enum verdict v = UNTESTABLE;
	int first, second;
	struct server s;
	char c;

	if (begin_server(&s, "blocking_loop", "echo", proof))
		return UNTESTABLE;
	first = say_to(s.port, "");
	server_settle(&s);
	second = say_to(s.port, "x");
	server_settle(&s);
	if (first >= 0 && second >= 0) {
		int waits = recv(second, &c, 1, MSG_DONTWAIT) < 0 &&
			    errno == EAGAIN;

		close(first);
		v = waits && recv(second, &c, 1, 0) == 1 ? HOLDS : REFUTED;
		text_add(proof, "the second client's answer %s while the first "
			 "was silent\n", waits ? "did not come" : "came");
	}
	close(second);
	server_free(&s);
	return v;
}

/* 200 peers come while the server is stopped; how many lines come out? */
static int lines_of_crowd(const char *name, struct text *proof)
{
	struct server s;
	int n = 0, status;

	if (begin_server(&s, name, "print", proof))
		return -1;
	kill(s.server_pid, SIGSTOP);
	waitpid(s.server_pid, &status, WUNTRACED);
	for (int i = 0; i < 200; i++)
		close(say_to(s.port, "hello"));
	kill(s.server_pid, SIGCONT);
	server_settle(&s);
	server_stop(&s);
	for (const char *at = s.out.at; (at = strchr(at, '\n')); at++)
		n++;
	text_add(proof, "%s printed %d of 200 messages\n", name, n);
	server_free(&s);
	return n;
}

static enum verdict naive_loses(struct text *proof)
{
	int n = lines_of_crowd("sigio_tcp_naive", proof);

	return n < 0 ? UNTESTABLE : n < 200 ? HOLDS : REFUTED;
}

static enum verdict draining_keeps(struct text *proof)
{
	int n = lines_of_crowd("sigio_tcp", proof);

	return n < 0 ? UNTESTABLE : n == 200 ? HOLDS : REFUTED;
}

/* Refuted by one program whose bytes another thread copies unasked. */
static enum verdict no_kernel_async(struct text *proof)
{
	struct phases p;
	char why[256];

	if (phases_run(&p, program_find("uring_worker"), why)) {
		text_add(proof, "%s\n", why);
		return UNTESTABLE;
	}
	text_add(proof, "uring_worker: copies: %s\n", p.copies);
	phases_free(&p);
	return strcmp(p.copies, "iou-wrk") ? HOLDS : REFUTED;
}

/* ---- the list ---- */

/* A signal of sockets: the code, the band, and that it was taken. */
#define SIGIO_SAYS(code) \
	"rt_sigtimedwait.*\\{si_signo=SIGIO, si_code=" code ","

#define PLAY(name, fn, says, from, wants) \
	{ .id = name, .sentence = says, .source = from, .play = fn, \
	  .pattern = wants }
#define WAITS(name, prog, w, c, says, from) \
	{ .id = name, .sentence = says, .source = from, .program = prog, \
	  .waits = w, .copies = c }

const struct claim claims[] = {
	WAITS("blocking", "blocking_loop", "main in recvfrom",
	      "main in recvfrom", "a blocking recv waits and copies in one call",
	      "documents"),
	WAITS("thread", "blocking_thread", "thread in recvfrom",
	      "thread in recvfrom", "with a thread for each connection, each "
	      "waits and copies for itself", "documents"),
	WAITS("select", "select", "main in ", "main in recvfrom",
	      "with select, recv still copies synchronously", "documents"),
	WAITS("poll", "poll", "main in ppoll", "main in recvfrom",
	      "with poll, recv still copies synchronously", "documents"),
	WAITS("epoll", "epoll", "main in epoll_pwait", "main in recvfrom",
	      "with epoll, recv still copies synchronously", "documents"),
	WAITS("epoll-et", "epoll_et", "main in epoll_pwait", "main in recvfrom",
	      "edge-triggered epoll changes who is told, not who copies",
	      "epoll(7)"),
	WAITS("sigio", "sigio_tcp", "main in rt_sigsuspend", "main in recvfrom",
	      "SIGIO covers the first phase only: recv copies", "documents"),
	WAITS("callback", "callback", "main in epoll_pwait", "main in recvfrom",
	      "callbacks run in the application: its thread waits and copies",
	      "documents"),
	WAITS("coroutine", "coroutine", "main in epoll_pwait",
	      "main in recvfrom", "with coroutines, recv still copies "
	      "synchronously", "documents"),
	WAITS("posix-aio-socket", "posix_aio_server", "thread in read",
	      "thread in read", "glibc's aio_read is a thread that blocks",
	      "aio(7)"),
	WAITS("uring-basic", "uring_basic", "main in io_uring_enter",
	      "main in io_uring_enter", "io_uring's recv is copied by the "
	      "submitting thread itself", "liburing issue 487"),
	WAITS("uring-multishot", "uring_multishot", "main in io_uring_enter",
	      "main in io_uring_enter", "a multishot recv, too, is copied by "
	      "the submitting thread", "io_uring_multishot(7)"),
	WAITS("uring-poll", "uring_poll", "main in io_uring_enter",
	      "main in recvfrom", "a ring can be used for readiness alone",
	      "io_uring_enter(2)"),
	WAITS("uring-worker", "uring_worker", "", "iou-wrk",
	      "with IOSQE_ASYNC a kernel thread copies",
	      "io_uring_enter(2)"),
	WAITS("uring-sqpoll", "uring_sqpoll", "", "iou-sqp",
	      "with SQPOLL the polling thread copies", "io_uring_setup(2)"),
	WAITS("aio-poll", "native_aio_poll", "main in io_getevents",
	      "main in recvfrom", "IOCB_CMD_POLL gives readiness through "
	      "io_submit; recv copies", "io_submit(2)"),

	{ .id = "file-blocking", .program = "file_blocking", .direct = 1,
	  .waits = "main in pread64", .copies = "main in pread64",
	  .sentence = "a read of a file waits for the disk in the call",
	  .source = "read(2)" },
	{ .id = "file-posix-aio", .program = "posix_aio_glibc", .direct = 1,
	  .waits = "main in futex", .copies = "thread in pread64",
	  .sentence = "glibc's aio_read of a file is pread64 in a thread, "
		      "while the caller sleeps in a futex",
	  .source = "aio(7)" },
	{ .id = "file-aio-buffered", .program = "native_aio", .direct = 1,
	  .waits = "main in io_submit", .copies = "main in io_submit",
	  .sentence = "io_submit of a buffered read does the whole read",
	  .source = "fs/aio.c" },
	{ .id = "file-aio-direct", .program = "native_aio", .direct = 2,
	  .waits = "main in io_getevents", .copies = "nobody",
	  .sentence = "with O_DIRECT the wait moves to io_getevents, and "
		      "nobody copies",
	  .source = "io_submit(2)" },
	{ .id = "file-uring", .program = "uring_file", .direct = 2,
	  .waits = "main in io_uring_enter", .copies = "nobody",
	  .sentence = "io_uring with O_DIRECT waits in io_uring_enter, and "
		      "nobody copies",
	  .source = "io_uring(7)" },

	{ .id = "callback-is-epoll", .program = "callback", .same_as = "epoll",
	  .sentence = "to the kernel, a callback loop is a plain epoll loop",
	  .source = "design" },
	{ .id = "coroutine-is-epoll", .program = "coroutine",
	  .same_as = "epoll", .source = "design",
	  .sentence = "to the kernel, a coroutine loop is a plain epoll loop, "
		      "but for its stacks" },
	{ .id = "blocking-one-at-a-time", .decide = one_at_a_time,
	  .sentence = "a plain blocking loop serves one client at a time",
	  .source = "documents" },
	{ .id = "naive-loses", .decide = naive_loses, .source = "documents' TODO",
	  .sentence = "a single-threaded TCP SIGIO server that accepts once a "
		      "signal loses connections" },
	{ .id = "draining-keeps", .decide = draining_keeps,
	  .sentence = "one that accepts until EAGAIN loses none",
	  .source = "design" },
	{ .id = "no-kernel-async", .decide = no_kernel_async,
	  .sentence = "Linux has no real asynchronous I/O: the copy is always "
		      "the program's",
	  .source = "documents", .expected = REFUTED },

	PLAY("sigio-connection", sigio_connection, "SIGIO on TCP, 1: a "
	     "connection has come", "UNP 25.2", SIGIO_SAYS("POLL_IN")),
	PLAY("sigio-connected", sigio_connected, "SIGIO on TCP, 2: a connect "
	     "has completed", "UNP 25.2", SIGIO_SAYS("POLL_OUT")),
	PLAY("sigio-half-closed", sigio_half_closed, "SIGIO on TCP, 3: the peer "
	     "has closed its half", "UNP 25.2", SIGIO_SAYS("POLL_IN")),
	PLAY("sigio-closed", sigio_closed, "SIGIO on TCP, 4: the connection has "
	     "been closed by both", "UNP 25.2", SIGIO_SAYS("POLL_HUP")),
	PLAY("sigio-data", sigio_data, "SIGIO on TCP, 5: data have come",
	     "UNP 25.2", SIGIO_SAYS("POLL_IN")),
	PLAY("sigio-room", sigio_room, "SIGIO on TCP, 6: there is room to send "
	     "again", "UNP 25.2", SIGIO_SAYS("POLL_OUT")),
	PLAY("sigio-reset", sigio_reset, "SIGIO on TCP, 7: an error has come "
	     "(a reset)", "UNP 25.2", SIGIO_SAYS("POLL_ERR")),
	PLAY("sigio-datagram", sigio_datagram, "SIGIO on UDP, 1: a datagram has "
	     "come", "UNP 25.2", SIGIO_SAYS("POLL_IN")),
	PLAY("sigio-udp-error", sigio_udp_error, "SIGIO on UDP, 2: an error has "
	     "come", "UNP 25.2", SIGIO_SAYS("POLL_ERR")),
	PLAY("sigio-coalesces", sigio_coalesces, "50 datagrams while SIGIO is "
	     "blocked are one signal", "signal(7)",
	     "rt_sigtimedwait\\(\\[IO\\], NULL, .* = -1 EAGAIN"),
	PLAY("rt-queues", rt_queues, "real-time signals queue: five datagrams "
	     "are five signals", "fcntl(2)", "write\\(-1, \"five of five\""),
	PLAY("rt-overflows", rt_overflows, "when the queue is full the kernel "
	     "falls back to plain SIGIO", "fcntl(2)",
	     "rt_sigtimedwait\\(\\[IO\\], .* = 29 \\(SIGIO\\)"),
	PLAY("accepted-blocks", accepted_flags, "on Linux an accepted socket "
	     "inherits neither O_NONBLOCK nor O_ASYNC", "accept(2)",
	     "fcntl\\([0-9]+, F_GETFL\\) += 0x2 \\(flags O_RDWR\\)"),
	PLAY("restart-recv", restart_recv, "with SA_RESTART an interrupted "
	     "recv goes on", "signal(7)", "recvfrom.* = \\? ERESTARTSYS"),
	PLAY("restart-epoll", restart_epoll, "epoll_wait is never restarted, "
	     "SA_RESTART or not", "signal(7)", "epoll_wait.* = -1 EINTR"),
	PLAY("epoll-no-files", epoll_of_file, "epoll refuses a regular file",
	     "epoll_ctl(2)", "EPOLL_CTL_ADD, .* = -1 EPERM"),
	PLAY("poll-files-ready", poll_of_file, "to poll a regular file is "
	     "always ready", "poll(2)", "poll\\(.*revents=POLLIN"),
	PLAY("level-repeats", level_again, "level-triggered epoll reports "
	     "unread bytes again", "epoll(7)", "epoll_wait\\(.*, 7\\) += 1"),
	PLAY("edge-once", edge_once, "edge-triggered epoll does not",
	     "epoll(7)", "epoll_wait\\(.*, 7\\) += 0"),
	PLAY("dup-stays", dup_stays, "epoll reports a descriptor that is "
	     "closed, while a dup is open", "epoll(7)",
	     "epoll_wait\\(.*u32=4242.* = 1"),
	PLAY("exclusive-fixed", exclusive_fixed, "an EPOLLEXCLUSIVE entry "
	     "cannot be modified", "epoll_ctl(2)",
	     "EPOLL_CTL_MOD, .* = -1 EINVAL"),
	PLAY("select-beyond-1023", select_beyond, "the kernel's select has no "
	     "limit of 1024", "select(2)",
	     "pselect6\\(2001, \\[2000\\].* = 1 \\(in \\[2000\\]"),
	PLAY("select-writes-back", select_left, "select writes back the time "
	     "that is left", "select(2)",
	     "pselect6\\(.*left \\{tv_sec=59, tv_nsec=[0-9]+\\}"),
	PLAY("shut-listener", listener_shut, "shutdown of a listener makes "
	     "accept return EINVAL", "net/ipv4/af_inet.c",
	     "accept\\(.* = -1 EINVAL"),
	PLAY("emfile-keeps", emfile_keeps, "a connection that met EMFILE is "
	     "still there when a descriptor is free", "accept(2)",
	     "accept\\([0-9]+, NULL, NULL\\) += [0-9]+"),
	PLAY("nonblock-file", nonblock_read_of_file, "O_NONBLOCK does not make "
	     "a read of a file return EAGAIN", "open(2)",
	     "pread64\\(.* = 64"),
	PLAY("closed-peer", closed_peer, "a send to a closed peer is EPIPE",
	     "send(2)", "sendto\\(.*MSG_NOSIGNAL.* = -1 EPIPE"),
	{ 0 }
};
