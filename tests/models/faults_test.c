/* SPDX-License-Identifier: MIT */
/*
 * faults_test.c - one failed system call costs one connection (with libc)
 *
 *     faults_test -l                        lists MODEL/SERVICE
 *     IOMODELS_FAULTS=all faults_test epoll/echo    every cell of one model
 *
 * A cell is one system call of a server, one errno or short result, and one
 * occurrence: strace makes the n-th such call return it without doing it.  (So
 * with a short result a byte that is lost counts as sent, or a byte that nobody
 * sent counts as received.)  Three peers speak to the server meanwhile.  What must hold:
 *
 *   - at most one peer for each failed call is not served, and stderr says why;
 *   - a client that comes afterwards is served;
 *   - when nobody speaks the server sleeps, with no descriptor too many;
 *   - SIGTERM ends it with 0.
 *
 * strace counts the calls of each thread, so where each peer has one, each may
 * meet the fault: then a client that comes afterwards may meet it as well.
 *
 * When a call of the set-up fails, the server may end, with status 1 and a
 * message.  The calls are those that a strace of the same server shows; the
 * errnos are those that the kernel returns when a resource is short, or because
 * of a peer or a signal.  EAGAIN is not injected where the server relies on it:
 * on an edge it means that nothing is left.  docs/faults.md says what else is
 * left out.
 *
 * IOMODELS_FAULTS: cells of each MODEL/SERVICE (1), or all.  IOMODELS_SEED
 * chooses them; IOMODELS_CELL="mmap ENOMEM 2" is that one alone.  "make
 * check-faults" tries 6 of each, "make soak-faults" all.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "../asleep.h"
#include "lab.h"
#include "probe.h"
#include "tap.h"

enum { PEERS = 3, ANSWER_MS = 3000, STOP_MS = 5000, OCCURRENCES = 32 };

struct point {
	const struct program *p;
	const char *service;
};

static unsigned seed;
static int cells_wanted = 1;		/* 0: all */
static const char *only;		/* "CALL ERRNO N", or NULL */

/* What each call can fail with; =N: what it returns without doing it. */
static const struct {
	const char *call, *errnos;
} faults[] = {
	{ "accept4", "EINTR ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM EPROTO" },
	{ "recvfrom", "EINTR ECONNRESET ETIMEDOUT ENOMEM =0 =1" },
	{ "sendto", "EINTR ECONNRESET EPIPE ENOBUFS ENOMEM =1" },
	{ "read", "EINTR ECONNRESET =0 =1" },
	{ "epoll_ctl", "ENOMEM ENOSPC" },
	{ "epoll_pwait", "EINTR =0" },
	{ "epoll_create1", "EMFILE ENOMEM" },
	{ "select", "EINTR ENOMEM" },
	{ "pselect6", "EINTR ENOMEM" },
	{ "ppoll", "EINTR ENOMEM =0" },
	{ "fcntl", "ENOMEM" },
	{ "rt_sigtimedwait", "EINTR EAGAIN" },
	{ "io_setup", "EAGAIN ENOMEM" },
	{ "io_submit", "EAGAIN ENOMEM" },
	{ "io_getevents", "EINTR =0" },
	{ "io_uring_setup", "EMFILE ENOMEM EPERM" },
	{ "io_uring_register", "ENOMEM" },
	{ "io_uring_enter", "EINTR EAGAIN EBUSY ENOMEM EBADR =0" },
	{ "mmap", "ENOMEM" },
	{ "mprotect", "ENOMEM" },
	{ "mremap", "ENOMEM" },
	{ "clone", "EAGAIN ENOMEM" },
	{ "futex", "EINTR EAGAIN" },
	{ "write", "EINTR EAGAIN =1" },
	{ "getpeername", "ENOBUFS ENOTCONN" },
	{ "prlimit64", "EPERM" },
	{ "socket", "EMFILE ENFILE ENOBUFS ENOMEM" },
	{ "setsockopt", "ENOMEM" },
	{ "bind", "EADDRINUSE EACCES" },
	{ "listen", "EADDRINUSE" },
	{ "getsockname", "ENOBUFS" },
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

/* ---- one server under strace ---- */

static char log_path[64];		/* what strace writes */
static int log_fd;
static int usual_descriptors;		/* when nobody is connected */

static int start(struct server *s, const struct point *t, const char *inject)
{
	char *wrapper[] = { "strace", "-f", "-qq", "-o", log_path, "-e",
			    (char *)(inject ? inject : "trace=all"), NULL };
	struct lab_options o = { .service = t->service, .wrapper = wrapper };

	ASSERT_EQ(0, ftruncate(log_fd, 0));
	return server_start(s, t->p, &o);
}

static int descriptors(pid_t pid)
{
	char path[64];
	DIR *dir;
	int n = -2;			/* . and .. */

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* ---- peers ---- */

static int join(const struct server *s)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (fd >= 0 && connect(fd, (void *)&a, sizeof(a))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Two messages; 1 when both came back. */
static int speak(int fd, int name, const char *service)
{
	char said[8] = { 'p', 'e', 'e', 'r', '0' + name, 0 }, heard[8];

	for (int i = 0; i < 2; i++) {
		if (send(fd, said, 5, MSG_NOSIGNAL) != 5)
			return 0;
		if (!strcmp(service, "echo") &&
		    (recv(fd, heard, 5, MSG_WAITALL) != 5 ||
		     memcmp(said, heard, 5)))
			return 0;
	}
	return 1;
}

/* The peer has said all; until the server knows that. */
static void leave(struct server *s, int fd)
{
	struct pollfd closed = { .fd = fd, .events = POLLIN };

	shutdown(fd, SHUT_WR);
	for (int ms = 0; ms < ANSWER_MS && !poll(&closed, 1, 1); ms++)
		server_drain(s);
	close(fd);
}

/* Under print what counts is the line that comes out. */
static int printed(struct server *s, int name)
{
	char line[24];

	snprintf(line, sizeof(line), " peer%dpeer%d\n", name, name);
	server_drain(s);
	return !!strstr(s->out.at ? s->out.at : "", line);
}

/* All at once, or one after the other where only that is served. */
static int play(struct server *s, const struct point *t)
{
	int serial = t->p->flags & SERIAL, echo = !strcmp(t->service, "echo");
	int fd[PEERS], ok[PEERS], served = 0;

	for (int i = 0; i < PEERS; i++)
		fd[i] = serial ? -1 : join(s);
	for (int i = 0; i < PEERS; i++) {
		if (serial)
			fd[i] = join(s);
		ok[i] = fd[i] >= 0 && speak(fd[i], i, t->service);
		if (serial)
			leave(s, fd[i]);
	}
	for (int i = 0; i < PEERS; i++) {
		if (!serial)
			leave(s, fd[i]);
		if (!echo)
			ok[i] = printed(s, i);
		served += ok[i];
	}
	return served;
}

/* ---- a cell ---- */

static const char *log_text(void)
{
	static char text[4 << 20];
	ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return text;
}

/* How often the fault has fired. */
static int fired(void)
{
	int n = 0;

	for (const char *at = log_text(); (at = strstr(at, "(INJECTED)")); at++)
		n++;
	return n;
}

/* It ended with 1, and said why after it said that it serves. */
static int refused(struct server *s)
{
	const char *second;
	siginfo_t info = { 0 };

	/* server_wait would kill one that lives. */
	for (int ms = 0; !info.si_pid && ms < 300; ms++)
		if (waitid(P_PID, s->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    !info.si_pid)
			poll(NULL, 0, 1);
	if (!info.si_pid)
		return 0;
	server_wait(s, STOP_MS);
	second = strchr(s->err.at, '\n');
	return WIFEXITED(s->status) && WEXITSTATUS(s->status) == 1 && second &&
	       strchr(second + 1, '\n');
}

/* Returns NULL when all holds, else what does not. */
static const char *judge(struct server *s, const struct point *t, int set_up,
			 int silent)
{
	static char why[512];
	int served = play(s, t), hits = fired(), fd, last, after, status;

	server_drain(s);
	if (set_up && !served && refused(s))
		return NULL;
	if (PEERS - served > hits) {
		snprintf(why, sizeof(why), "%d of %d served", served, PEERS);
		return why;
	}
	fd = join(s);
	last = fd >= 0 && speak(fd, 9, t->service);
	leave(s, fd);
	if (!strcmp(t->service, "print"))
		for (int ms = 0; !(last = printed(s, 9)) && ms < ANSWER_MS &&
		     fired() == hits; ms++)
			poll(NULL, 0, 1);
	if (!last && fired() == hits)
		return "a client that comes afterwards is not served";
	for (int tries = 0; ; tries++) {
		after = descriptors(s->server_pid);
		if (after <= usual_descriptors)
			break;
		poll(NULL, 0, 100);
		if (tries < 30)
			continue;
		snprintf(why, sizeof(why), "%d descriptors where %d were",
			 after, usual_descriptors);
		return why;
	}
	if (!falls_asleep(s->server_pid))
		return "it does not sleep though nobody speaks";
	kill(s->server_pid, SIGTERM);
	status = server_wait(s, STOP_MS);
	if (status) {
		snprintf(why, sizeof(why), "status %d: %.300s", status,
			 s->err.at);
		return why;
	}
	if (served < PEERS && !silent && !strchr(strchr(s->err.at, '\n') + 1, '\n'))
		return "one was not served, and stderr says nothing";
	return NULL;
}

/* 1: it fired and all held; 0: it did not fire; -1: something did not hold. */
static int cell(const struct point *t, const char *call, const char *name,
		int when, int set_up)
{
	char inject[96];
	const char *why = NULL;
	struct server s;
	int result;

	snprintf(inject, sizeof(inject), "inject=%s:%s=%s:when=%d", call,
		 *name == '=' ? "retval" : "error", name + (*name == '='),
		 when);
	if (!start(&s, t, inject)) {
		/* A server need not report an end, or a short result. */
		why = judge(&s, t, set_up, *name == '=');
	} else if (!fired() || !s.ended || !WIFEXITED(s.status) ||
		   WEXITSTATUS(s.status) != 1 || !strchr(s.err.at, '\n')) {
		/* Only a call of the set-up may end it, and it says so. */
		why = s.err.at;
	}
	result = why ? -1 : !!fired();
	if (why)
		SAY("%s/%s %s %s %d: %.400s", t->p->name, t->service, call,
		    name, when, why);
	server_stop(&s);
	server_free(&s);
	return result;
}

/* ---- the cells of a server ---- */

/*
 * How often it makes each call while three peers speak, and how many of them
 * are the loader's: what fails there is not the server's business.  Those before
 * the first accept4, or io_uring_enter, are the set-up.
 */
static void count_calls(const struct point *t, int count[FAULTS],
			int loader[FAULTS], int set_up[FAULTS])
{
	const char *text, *serving, *begins;
	char call[64];
	struct server s;

	if (start(&s, t, NULL))
		SKIP("under strace: %s", s.err.at);
	ASSERT_EQ(PEERS, play(&s, t));
	server_settle(&s);
	usual_descriptors = descriptors(s.server_pid);
	server_stop(&s);
	text = log_text();
	serving = strstr(text, ": serv");
	begins = strstr(text, " accept4(");
	if (!begins)
		begins = strstr(text, " io_uring_enter(");
	for (int i = 0; i < FAULTS; i++) {
		snprintf(call, sizeof(call), " %s(", faults[i].call);
		for (const char *at = text; (at = strstr(at, call)); at++) {
			count[i]++;
			loader[i] += t->p->flags & HOSTED && at < serving;
			set_up[i] += at < begins;
		}
	}
	server_free(&s);
}

static void matrix(void *arg)
{
	const struct point *t = arg;
	struct { int fault, when; char name[24]; } cells[2000];
	int count[FAULTS] = { 0 }, loader[FAULTS] = { 0 };
	int set_up[FAULTS] = { 0 }, n = 0, bad = 0, hit = 0, tried = 0;
	char why[256];

	if (!program_path(t->p))
		SKIP("not built");
	if (probe_program(t->p, why))
		SKIP("%s", why);
	log_fd = lab_temporary(log_path);
	ASSERT_GE(log_fd, 0);
	snprintf(log_path, sizeof(log_path), "/proc/%d/fd/%d", getpid(), log_fd);
	count_calls(t, count, loader, set_up);
	for (int i = 0; i < FAULTS; i++)
		for (int nth = 1; nth <= OCCURRENCES &&
		     loader[i] + nth <= count[i];
		     nth = nth < 3 ? nth + 1 : nth * 2) {
			const char *at = faults[i].errnos;
			int when = loader[i] + nth;

			/* The first is the line that the lab waits for. */
			if (when == 1 && !strcmp(faults[i].call, "write"))
				continue;
			/* libc makes them, and some failures end it. */
			if (t->p->flags & HOSTED &&
			    strstr("futex mprotect mmap", faults[i].call))
				continue;
			/* FUTEX_WAKE cannot fail so; strace knows one futex. */
			if (!strcmp(faults[i].call, "futex") &&
			    !strcmp(t->p->name, "epoll_thread"))
				continue;
			for (int len; *at && n < 2000; at += len + !!at[len]) {
				len = strcspn(at, " ");
				cells[n].fault = i;
				cells[n].when = when;
				snprintf(cells[n].name, 24, "%.*s", len, at);
				snprintf(why, sizeof(why), "%s %s %d",
					 faults[i].call, cells[n].name, when);
				n += !only || !strcmp(only, why);
			}
		}
	for (int i = 0; i < n && (!cells_wanted || i < cells_wanted); i++) {
		int j = cells_wanted ? i + rand_r(&seed) % (n - i) : i;
		int fault = cells[j].fault, when = cells[j].when;
		int result = cell(t, faults[fault].call, cells[j].name, when,
				  when <= set_up[fault]);

		cells[j] = cells[i];		/* not twice */
		tried++;
		hit += result != 0;
		bad += result < 0;
	}
	SAY("%s/%s: %d of %d cells tried, %d fired, %d failed", t->p->name,
	    t->service, tried, n, hit, bad);
	EXPECT_EQ(0, bad);
}

/* ---- the list ---- */

void tap_list(void)
{
	const char *wanted = getenv("IOMODELS_FAULTS");
	const char *from = getenv("IOMODELS_SEED");

	if (wanted)
		cells_wanted = strcmp(wanted, "all") ? atoi(wanted) : 0;
	only = getenv("IOMODELS_CELL");
	seed = from ? strtoul(from, NULL, 10) : (unsigned)time(NULL);
	printf("# IOMODELS_SEED=%u\n", seed);
	fflush(stdout);
	for (const struct program *p = programs; p->name; p++)
		for (int echo = 0; echo < 2; echo++) {
			struct point *t = malloc(sizeof(*t));
			char *text;

			if (p->flags & (FILES | UDP | ONCE | LOSES))
				continue;
			if (!t || asprintf(&text, "%s/%s", p->name,
					   echo ? "echo" : "print") < 0)
				exit(1);
			*t = (struct point){ p, echo ? "echo" : "print" };
			tap_add(text, matrix, t)->seconds =
				cells_wanted ? 60 + 15 * cells_wanted : 7200;
		}
}
