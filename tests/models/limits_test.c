/* SPDX-License-Identifier: MIT */
/*
 * limits_test.c - a program that starts with little serves, or says why not (with libc)
 *
 *     limits_test -l              lists PROGRAM/WHAT
 *     limits_test '*stack'        runs some
 *
 * Each test starts a program with a small limit, with signals that the program
 * that started it had blocked or ignored, or with a filter that refuses a call
 * for good.  A server must serve a peer, or print a line that says why not; and
 * it ends with 0 at SIGTERM, or before that with a status of its own and one
 * line.  A file job must print the same checksum as without the limit, or end
 * with a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "../asleep.h"
#include "../filter.h"
#include "lab.h"
#include "probe.h"
#include "tap.h"

enum { ANSWER_MS = 10000, STOP_MS = 5000, NOBODY = 65534, TEXT = 4096,
       FILE_BYTES = 100000 };

#define SERVING ": serving echo on "

/* What the program finds when it starts. */
struct start {
	int limit;			/* RLIMIT_...; -1: none */
	rlim_t value;
	int user;			/* 0: the user who runs the test */
	int block, ignore;		/* all signals */
	int refused;			/* number of a call, or 0 */
	int with;			/* what errno; 0: EPERM */
};

/* A program under test. */
struct run {
	const struct program *p;
	pid_t pid;
	int out, err;			/* the pipes that it writes to */
	int ended, status;
	char said[TEXT], warned[TEXT];	/* what came out of them */
};

static int file;			/* which a file job reads */
static int refused;			/* call, or 0 */

static void find(struct run *r, const struct program *p)
{
	char *path = program_path(p), why[256];

	*r = (struct run){ .p = p };
	if (!path)
		SKIP("not built");
	if (probe_program(p, why))
		SKIP("%s", why);
	free(path);
}

static void become(const struct start *s)
{
	const struct rlimit l = { s->value, s->value };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t all;

	sigfillset(&all);
	if (s->block)
		sigprocmask(SIG_SETMASK, &all, NULL);
	for (int sig = 1; s->ignore && sig < NSIG; sig++)
		sigaction(sig, &ignore, NULL);
	if (s->user && (setgroups(0, NULL) || setgid(s->user) ||
			setuid(s->user)))
		_exit(126);
	/* After setuid: else execve(2) would say EAGAIN for RLIMIT_NPROC. */
	if (s->limit >= 0 && setrlimit(s->limit, &l))
		_exit(126);
	if (s->refused && filter_call(s->refused, s->with ? s->with : EPERM))
		_exit(126);
}

static void start(struct run *r, const struct start *s)
{
	/* ASan's check for leaks needs a thread and a descriptor. */
	char *env[] = { "ASAN_OPTIONS=detect_leaks=0", NULL };
	char *path = program_path(r->p);
	int out[2], err[2];

	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(err, O_CLOEXEC));
	r->pid = ASSERT_GE(fork(), 0);
	if (!r->pid) {
		char *server[] = { path, "--port", "0", "--service", "echo",
				   NULL };
		char *job[] = { path, "/proc/self/fd/0", NULL };

		dup2(file, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		become(s);
		execve(path, r->p->flags & FILES ? job : server, env);
		_exit(126);
	}
	close(out[1]);
	close(err[1]);
	r->out = out[0];
	r->err = err[0];
	free(path);
}

static void hear(int *fd, char *text)
{
	size_t len = strlen(text);
	ssize_t n = read(*fd, text + len, TEXT - 1 - len);

	if (n <= 0) {
		close(*fd);
		*fd = -1;			/* poll(2) passes over it */
	}
}

/* Until `wanted` is on stderr, or both pipes are closed and it has ended. */
static void listen_to(struct run *r, const char *wanted, int ms)
{
	while (!(wanted && strstr(r->warned, wanted))) {
		struct pollfd p[] = { { .fd = r->out, .events = POLLIN },
				      { .fd = r->err, .events = POLLIN } };

		if (r->out < 0 && r->err < 0)
			break;
		if (poll(p, 2, ms) < 1)
			FAIL("the server neither prints a line nor ends: %s", r->warned);
		if (p[0].revents)
			hear(&r->out, r->said);
		if (p[1].revents)
			hear(&r->err, r->warned);
	}
	if (r->out < 0 && r->err < 0) {
		ASSERT_EQ(r->pid, waitpid(r->pid, &r->status, 0));
		r->ended = 1;
	}
}

/* It has ended by itself, before it served: with a status, and one line. */
static void refuses(const struct run *r)
{
	const char *end = strchr(r->warned, '\n');

	if (!WIFEXITED(r->status))
		FAIL("signal %d: %s", WTERMSIG(r->status), r->warned);
	EXPECT_NE(0, WEXITSTATUS(r->status));
	if (!end || end[1])
		FAIL("not one line: %s", r->warned);
}

/* What it has printed besides "serving": before that line, too, because a worker may
 * end before the first process prints it. */
static const char *afterwards(const struct run *r)
{
	const char *serving = strstr(r->warned, SERVING);
	const char *first = strchr(r->warned, '\n');

	return first < serving ? r->warned : strchr(serving, '\n') + 1;
}

/* One peer: 1 when its bytes come back, 0 when a line says why not. */
static int visit(struct run *r)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(strchr(strstr(r->warned, SERVING) +
					      strlen(SERVING), ':') + 1)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct pollfd p[] = { { .events = POLLIN }, { .events = POLLIN } };
	char buf[8];

	p[0].fd = ASSERT_GE(socket(AF_INET, r->p->flags & UDP ? SOCK_DGRAM :
				   SOCK_STREAM, 0), 0);
	/* It may have ended by now, and then its line comes. */
	if (!connect(p[0].fd, (void *)&a, sizeof(a)))
		send(p[0].fd, "hello", 5, MSG_NOSIGNAL);
	while (!*afterwards(r)) {
		p[1].fd = r->err;
		if ((p[0].fd < 0 && r->err < 0) || poll(p, 2, ANSWER_MS) < 1)
			FAIL("no answer, and no line says why (call %d): %s",
			     refused, r->warned);
		if (p[1].revents)
			hear(&r->err, r->warned);
		if (!p[0].revents)
			continue;
		if (recv(p[0].fd, buf, sizeof(buf), 0) == 5)
			break;
		close(p[0].fd);
		p[0].fd = -1;
	}
	if (p[0].fd >= 0)
		close(p[0].fd);
	return !*afterwards(r);
}

/* SIGTERM ends it, if nothing has. */
static void ends(struct run *r)
{
	/* Two at once end it at once, if they are not taken for one. */
	ASSERT_EQ(0, kill(r->pid, SIGTERM));
	kill(r->pid, SIGTERM);
	listen_to(r, NULL, STOP_MS);
	if (!WIFEXITED(r->status))
		FAIL("signal %d: %s", WTERMSIG(r->status), r->warned);
}

/* least: with this value and more it serves. */
static void serves_or_refuses(struct run *r, const struct start *s,
			      rlim_t least)
{
	start(r, s);
	listen_to(r, SERVING, ANSWER_MS);
	if (r->ended)
		return refuses(r);
	if (!visit(r) && s->value >= least)
		FAIL("not served: %s", r->warned);
	ends(r);
	EXPECT_EQ(0, WEXITSTATUS(r->status));
}

static void reads_or_refuses(struct run *r, const struct start *s)
{
	static const struct start nothing = { .limit = -1 };
	struct run usual;

	find(&usual, r->p);
	start(&usual, &nothing);
	listen_to(&usual, NULL, ANSWER_MS);
	start(r, s);
	listen_to(r, NULL, ANSWER_MS);
	if (r->status)
		return refuses(r);
	EXPECT_STR(usual.said, r->said);
	EXPECT_STR("", r->warned);
}

static void try(const struct program *p, const struct start *s, rlim_t least)
{
	struct run r;

	find(&r, p);
	if (p->flags & FILES)
		reads_or_refuses(&r, s);
	else
		serves_or_refuses(&r, s, least);
}

/* ---- what is scarce ---- */

/* 0 to 2 are open; 16 are enough for each of them, and one peer. */
static void descriptors(void *p)
{
	for (rlim_t n = 3; n <= 16; n += n < 8 ? 1 : 4)
		try(p, &(struct start){ RLIMIT_NOFILE, n, 0, 0, 0, 0, 0 }, 16);
}

/*
 * No thread and no process more: a server with a thread for each peer lets the
 * peer wait, and the others must have their threads before they serve.
 */
static void processes(void *arg)
{
	const struct program *p = arg;
	char *path = program_path(p);
	pid_t pid = ASSERT_GE(fork(), 0);
	int status;

	if (!pid) {			/* root is not counted: try as nobody */
		become(&(struct start){ -1, 0, geteuid() ? 0 : NOBODY, 0, 0, 0, 0 });
		_exit(!path || access(path, X_OK) ||
		      (p->flags & RING && syscall(SYS_io_uring_setup, 0, 0) < 0 &&
		       errno == EPERM));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (status)
		SKIP("the user nobody may not run it: %s", path ? path : "not built");
	/* io_uring asks for a worker only where the limit is not 0. */
	for (rlim_t n = 0; n < 2; n++)
		try(p, &(struct start){ RLIMIT_NPROC, n, geteuid() ? 0 : NOBODY, 0, 0, 0, 0 },
		    strstr(p->name, "thread") || strstr(p->name, "posix_aio") ?
		    2 : 0);
}

/*
 * The kernel puts arguments, environment and the frame of a signal handler
 * there, too.
 */
static void stack(void *p)
{
	try(p, &(struct start){ RLIMIT_STACK, 16 << 10, 0, 0, 0, 0, 0 }, 0);
}

static void queued_signals(void *p)
{
	try(p, &(struct start){ RLIMIT_SIGPENDING, 0, 0, 0, 0, 0, 0 }, 0);
}

static void written_bytes(void *p)
{
	try(p, &(struct start){ RLIMIT_FSIZE, 0, 0, 0, 0, 0, 0 }, 0);
}

/* ---- what the program that started it left ---- */

static void blocked_signals(void *p)
{
	try(p, &(struct start){ -1, 0, 0, 1, 0, 0, 0 }, 0);
}

static void ignored_signals(void *p)
{
	try(p, &(struct start){ -1, 0, 0, 0, 1, 0, 0 }, 0);
}

/* ---- a call that a filter refuses for good ---- */

/*
 * It ends, or sleeps through 8 looks in a row, within ten seconds.  Between 65536
 * failed calls of accept4 it pauses for 0.1 s: 19 looks, and fewer on a busy machine.
 */
static int rests(const struct run *r)
{
	siginfo_t info = { 0 };
	int in_a_row = 0;

	for (int ms = 0; ms < 10000 && in_a_row < 8 && !info.si_pid; ms += 5) {
		in_a_row = is_asleep(r->pid) ? in_a_row + 1 : 0;
		poll(NULL, 0, 5);
		waitid(P_PID, r->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	return in_a_row == 8 || info.si_pid;
}

/* The peer that needs the call may lose by it; nobody spins, nobody is silent. */
static void refused_call(const struct program *p, int call)
{
	const struct start s = { .limit = -1, .refused = call };
	struct run r;
	int answered;

	refused = call;
	find(&r, p);
	start(&r, &s);
	listen_to(&r, SERVING, ANSWER_MS);
	if (r.ended)
		return refuses(&r);
	answered = visit(&r);
	if (!answered && !rests(&r))
		FAIL("call %d: it spins: %s", call, r.warned);
	ends(&r);
	/* Another thread may print while another one ends the server. */
	if (WEXITSTATUS(r.status) && !*afterwards(&r))
		FAIL("call %d: it ends without a line: %s", call, r.warned);
}

static void refused_calls(void *p)
{
	static const int calls[] = {
		SYS_accept4, SYS_recvfrom, SYS_sendto, SYS_epoll_pwait,
		SYS_epoll_ctl, SYS_ppoll, SYS_pselect6, SYS_rt_sigtimedwait,
		SYS_rt_sigsuspend, SYS_fcntl, SYS_futex, SYS_mmap, SYS_munmap,
		SYS_mprotect, SYS_clone, SYS_io_submit, SYS_io_getevents,
		SYS_io_uring_enter, SYS_getpeername, SYS_rt_sigprocmask,
		SYS_kill, SYS_setitimer, SYS_sched_setaffinity,
#ifdef SYS_select
		SYS_select,
#endif
	};

	const struct program *program = p;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		/* libc ends without them. */
		if (program->flags & HOSTED &&
		    (calls[i] == SYS_mmap || calls[i] == SYS_mprotect ||
		     calls[i] == SYS_futex))
			continue;
#ifdef __SANITIZE_ADDRESS__
		/* Nor AddressSanitizer without this one. */
		if (program->flags & HOSTED && calls[i] == SYS_munmap)
			continue;
#endif
		/* UDP may lose an answer. */
		if (program->flags & UDP && calls[i] == SYS_sendto)
			continue;
		refused_call(p, calls[i]);
	}
}

/*
 * accept4 always fails as if the peer had left: one line, and pauses.  Servers
 * that accept through io_uring serve.
 */
static void failing_accept(void *p)
{
	static const int errnos[] = { ECONNABORTED, EPROTO };

	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++) {
		const struct start s = { .limit = -1, .refused = SYS_accept4,
					 .with = errnos[i] };
		struct run r;
		int answered;

		find(&r, p);
		start(&r, &s);
		listen_to(&r, SERVING, ANSWER_MS);
		answered = visit(&r);
		if (!rests(&r))
			FAIL("errno %d: it spins: %s", errnos[i], r.warned);
		if (!answered &&
		    strchr(afterwards(&r), '\n') != strrchr(r.warned, '\n'))
			FAIL("errno %d: not one line: %s", errnos[i], r.warned);
		ends(&r);
		EXPECT_EQ(0, WEXITSTATUS(r.status));
	}
}

/*
 * A server that does not know its own number must not signal -1, which is every
 * process: so this runs where every process is one of ours.
 */
static void refused_getpid(void *p)
{
	pid_t bystander, first;

	if (unshare(CLONE_NEWPID))
		SKIP("no namespace for processes: %s", strerror(errno));
	first = ASSERT_GE(fork(), 0);
	if (first) {
		ASSERT_EQ(first, waitpid(first, NULL, 0));
		return;
	}
	ASSERT_EQ(1, getpid());
	bystander = ASSERT_GE(fork(), 0);
	if (!bystander)
		for (;;)
			pause();
	refused_call(p, SYS_getpid);
	EXPECT_EQ(0, waitpid(bystander, NULL, WNOHANG));
	tap_leave(0);
}

/* ---- the list ---- */

static const struct {
	const char *name;
	void (*fn)(void *);
} tests[] = {
	{ "descriptors", descriptors },
	{ "processes", processes },
	{ "stack", stack },
	{ "queued_signals", queued_signals },
	{ "written_bytes", written_bytes },
	{ "blocked_signals", blocked_signals },
	{ "ignored_signals", ignored_signals },
	{ "refused_calls", refused_calls },
	{ "refused_getpid", refused_getpid },
	{ "failing_accept", failing_accept },
};

void tap_list(void)
{
	char *text;
	static char bytes[FILE_BYTES];
	char path[64];

	for (int i = 0; i < FILE_BYTES; i++)
		bytes[i] = i * 7 >> 3;
	file = lab_temporary(path);
	if (file < 0 || write(file, bytes, FILE_BYTES) != FILE_BYTES ||
	    fchmod(file, 0644))
		exit(1);
	for (struct program *p = programs; p->name; p++)
		for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
			/* Nobody waits for these; LOSES: one call per signal. */
			if ((p->flags & FILES && strstr(tests[i].name, "refused")) ||
			    (p->flags & (FILES | UDP | LOSES) &&
			     tests[i].fn == failing_accept))
				continue;
			if (asprintf(&text, "%s/%s", p->name,
				     tests[i].name) < 0)
				exit(1);
			tap_add(text, tests[i].fn, p)->seconds = 120;
		}
}
