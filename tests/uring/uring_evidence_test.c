/* SPDX-License-Identifier: MIT */
/*
 * uring_evidence_test.c - what the kernel saw of io_uring and AIO (with libc)
 *
 * Each test runs a program under tracefs, without strace, and decides a claim
 * of its header from the events: which calls it made, in whose context the
 * bytes were copied, what was submitted and what completed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include "tap.h"
#include "../../capture/kernel.h"
#include "../../lab/scenario.h"

#define TRACEFS "/sys/kernel/tracing"

enum { MESSAGES = 100, BURST = 100, BURSTS = 50, COPIES = 20 };

/* ---- a run, and its events ---- */

struct run {
	struct kernel *k;
	char follow[256];
	struct server s;
	pid_t pid;			/* of the program's first thread */
	const struct kernel_event *events;
	long n;
};

static struct run run;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec - kernel_offset(run.k);
}

/* Mounted for this process alone where it is not mounted for all. */
static void begin_events(void)
{
	char why[256];

	if (access(TRACEFS "/events/skb", R_OK) &&
	    (unshare(CLONE_NEWNS) ||
	     mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	     mount("nodev", TRACEFS, "tracefs", 0, NULL)))
		SKIP("tracefs may not be read here (%s): run as root",
		     strerror(errno));
	if (access(TRACEFS "/events/skb/skb_copy_datagram_iovec", R_OK))
		SKIP("no tracepoint skb:skb_copy_datagram_iovec here");
	run.k = kernel_begin(why);
	if (!run.k)
		SKIP("%s", why);
	snprintf(run.follow, sizeof(run.follow), "(%s); exec \"$@\"",
		 kernel_follow_me(run.k));
}

/* Its tracefs instances do not outlive a test, failed or not. */
FIXTURE(kernel) {
	char unused;
};

FIXTURE_SETUP(kernel)
{
	self->unused = 0;
	begin_events();
}

FIXTURE_TEARDOWN(kernel)
{
	self->unused = 0;
	kernel_free(run.k);
}

static void end_events(void)
{
	long lost = kernel_end(run.k);

	if (lost > 0)
		SKIP("%ld records were lost: the machine is too busy", lost);
	ASSERT_EQ(0, lost);
	run.events = kernel_events(run.k, &run.n);
}

static const struct program *built(const char *name)
{
	const struct program *p = program_find(name);
	char *path = program_path(p);

	if (!path)
		SKIP("%s is not built", name);
	free(path);
	return p;
}

static void serve(const char *name)
{
	char *wrapper[] = { "sh", "-c", run.follow, "sh", NULL };
	struct lab_options o = { .service = "echo", .wrapper = wrapper };
	const struct program *p = built(name);

	if (server_start(&run.s, p, &o)) {
		if (strstr(run.s.err.at, "EPERM") ||
		    strstr(run.s.err.at, "ENOSYS") ||
		    strstr(run.s.err.at, "EINVAL"))
			SKIP("%.200s", run.s.err.at);
		FAIL("%.200s", run.s.err.at);
	}
	run.pid = run.s.server_pid;
}

static void stop(void)
{
	EXPECT_EQ(0, server_stop(&run.s));
	end_events();
}

static int join(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(run.s.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int type = run.s.program->flags & UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = ASSERT_GE(socket(AF_INET, type | SOCK_CLOEXEC, 0), 0);

	ASSERT_EQ(0, connect(fd, (void *)&a, sizeof(a)));
	return fd;
}

static void echo(int fd)
{
	char c = 'x';

	ASSERT_EQ(1, send(fd, &c, 1, 0));
	ASSERT_EQ(1, recv(fd, &c, 1, 0));
}

/* The server has closed its end, too. */
static void leave(int fd)
{
	char c;

	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	ASSERT_EQ(0, recv(fd, &c, 1, 0));
	close(fd);
}

static int is(const struct kernel_event *e, const char *name)
{
	return !strcmp(e->name, name);
}

static const char *call_name(const struct kernel_event *e)
{
	return syscall_name(event_number(e, "id", -1));
}

/* Those that the program's own threads made between two times. */
static int calls_of(const char *name, uint64_t from, uint64_t to)
{
	int n = 0;

	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		n += is(e, "sys_enter") && e->ns >= from && e->ns <= to &&
		     (!name || !strcmp(call_name(e), name));
	}
	return n;
}

static void say_calls(uint64_t from, uint64_t to)
{
	for (long i = 0, n = 0; i < run.n && n < 20; i++) {
		const struct kernel_event *e = &run.events[i];

		if (is(e, "sys_enter") && e->ns >= from && e->ns <= to &&
		    strcmp(call_name(e), "io_uring_enter"))
			SAY("%s made %s", e->comm, call_name(e)), n++;
	}
}

/* The call that thread pid was in at event i, or "". */
static const char *inside(long i, int pid)
{
	while (i-- > 0) {
		if (run.events[i].pid != pid)
			continue;
		if (is(&run.events[i], "sys_exit"))
			return "";
		if (is(&run.events[i], "sys_enter"))
			return call_name(&run.events[i]);
	}
	return "";
}

/* ---- calls ---- */

static const char *const transfers[] = {
	"accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "read", "readv",
	"pread64", "preadv", "preadv2", "sendto", "sendmsg", "sendmmsg",
	"write", "writev", "pwrite64", "pwritev", "pwritev2", "splice",
	"sendfile", "io_submit", "io_getevents", NULL,
};

static int transfers_between(uint64_t from, uint64_t to)
{
	int n = 0;

	for (const char *const *t = transfers; *t; t++)
		n += calls_of(*t, from, to);
	return n;
}

/*
 * From the connection to its end no call accepts, receives or sends; while it
 * is open there is but one kind of call.
 */
static void only_io_uring_enter(const char *name, int most)
{
	uint64_t start, open, served, end;
	int fd;

	serve(name);
	start = now();
	fd = join();
	echo(fd);
	server_settle(&run.s);
	open = now();
	for (int i = 0; i < MESSAGES; i++)
		echo(fd);
	server_settle(&run.s);
	served = now();
	if (run.s.program->flags & UDP)
		close(fd);
	else
		leave(fd);
	end = now();
	stop();
	EXPECT_EQ(0, transfers_between(start, end));
	EXPECT_EQ(calls_of(NULL, open, served),
		  calls_of("io_uring_enter", open, served));
	EXPECT_LE(calls_of("io_uring_enter", open, served), most);
	EXPECT_GT(calls_of("io_uring_enter", open, served), 0);
	say_calls(open, served);
}

/* An echo each, and what a signal or a wake-up for nothing may add. */
TEST_F(kernel, only_enter_uring_basic)
{
	only_io_uring_enter("uring_basic", 220);
}

TEST_F(kernel, only_enter_uring_basic_liburing)
{
	only_io_uring_enter("uring_basic_liburing", 220);
}

TEST_F(kernel, only_enter_uring_multishot)
{
	only_io_uring_enter("uring_multishot", 220);
}

TEST_F(kernel, only_enter_uring_multishot_liburing)
{
	only_io_uring_enter("uring_multishot_liburing", 220);
}

TEST_F(kernel, only_enter_uring_fast)
{
	only_io_uring_enter("uring_fast", 110);
}

TEST_F(kernel, only_enter_uring_worker)
{
	only_io_uring_enter("uring_worker", 220);
}

TEST_F(kernel, only_enter_uring_zerocopy)
{
	only_io_uring_enter("uring_zerocopy", 330);
}

TEST_F(kernel, only_enter_uring_udp) { only_io_uring_enter("uring_udp", 220); }

/* The same count finds the calls of a program that makes them. */
TEST_F(kernel, epoll_makes_the_calls_that_these_do_not)
{
	uint64_t start, end;
	int fd;

	serve("epoll");
	start = now();
	fd = join();
	for (int i = 0; i < MESSAGES; i++)
		echo(fd);
	leave(fd);
	end = now();
	stop();
	EXPECT_EQ(1, calls_of("accept4", start, end));
	EXPECT_EQ(MESSAGES + 1, calls_of("recvfrom", start, end));
	EXPECT_EQ(MESSAGES, calls_of("sendto", start, end));
	EXPECT_EQ(2 * MESSAGES + 2, transfers_between(start, end));
}

/*
 * While both threads are awake there is no call.  On a busy machine a thread
 * may lose its processor for longer than the other waits.  So this process and
 * its children, the poller among them, go before others; and of some bursts
 * one must do, but that one is whole.
 */
TEST_F_TIMEOUT(kernel, sqpoll_serves_a_burst_without_a_call, 60)
{
	uint64_t from[BURSTS], to[BURSTS], end;
	int fd, bursts = 0, found = 0, least = 1 << 30;
	cpu_set_t cpus;

	if (!sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) < 2)
		SKIP("one processor: its two threads cannot be awake at once");
	/* All threads of this test; tracefs wants root as well. */
	setpriority(PRIO_PGRP, 0, -20);
	serve("uring_sqpoll");
	fd = join();
	for (end = now() + 20000000000; bursts < BURSTS && now() < end; bursts++) {
		int i = bursts;

		echo(fd);			/* wakes the kernel's thread */
		from[i] = now();
		for (int j = 0; j < BURST; j++)
			echo(fd);
		to[i] = now();
	}
	leave(fd);
	stop();
	for (int i = 0; i < bursts; i++) {
		int n = calls_of(NULL, from[i], to[i]);

		found += !n;
		least = n < least ? n : least;
	}
	SAY("%d of %d bursts made no call, the best %d", found, bursts, least);
	EXPECT_GT(found, 0);
}

/* ---- copies ---- */

/*
 * Linux 6.1 forgets IOSQE_ASYNC once a RECV had to wait: the end of its poll
 * runs in the submitter, which tries the request, and copies.  A kernel as old
 * as that is known by the name of its event: the flag was handed over.
 */
static int forgets_async(void)
{
	for (long i = 0; i < run.n; i++)
		if (is(&run.events[i], "io_uring_submit_sqe") &&
		    event_number(&run.events[i], "flags", 0) & IOSQE_ASYNC)
			return 1;
	return 0;
}

/*
 * Each of the messages was copied there, and nowhere else.  It comes when the
 * server sleeps: what comes while it runs is copied by the same thread, but
 * after its io_uring_enter, when an interrupt ends (but uring_fast: see below).
 */
static void copies_in(const char *name, const char *comm, const char *call)
{
	int fd, n = 0;

	serve(name);
	fd = join();
	for (int i = 0; i < COPIES; i++) {
		server_settle(&run.s);
		echo(fd);
	}
	leave(fd);
	stop();
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (!is(e, "skb_copy_datagram_iovec") ||
		    event_number(e, "len", 0) < 1)
			continue;
		n++;
		if (comm && e->pid == run.pid && forgets_async())
			SKIP("this kernel gives a RECV with IOSQE_ASYNC that "
			     "had to wait back to the submitter");
		if (comm ? strncmp(e->comm, comm, strlen(comm)) :
			   e->pid != run.pid)
			FAIL("copy %d was made by %s (%d)", n, e->comm, e->pid);
		if (!strcmp(inside(i, e->pid), call))
			continue;
		FAIL("copy %d was made in \"%s\"", n, inside(i, e->pid));
	}
	EXPECT_EQ(COPIES, n);
}

TEST_F_TIMEOUT(kernel, copies_of_uring_basic, 30)
{
	copies_in("uring_basic", NULL, "io_uring_enter");
}

TEST_F_TIMEOUT(kernel, copies_of_uring_multishot, 30)
{
	copies_in("uring_multishot", NULL, "io_uring_enter");
}

TEST_F_TIMEOUT(kernel, copies_of_uring_fast, 30)
{
	copies_in("uring_fast", NULL, "io_uring_enter");
}

TEST_F_TIMEOUT(kernel, copies_of_uring_poll, 30)
{
	copies_in("uring_poll", NULL, "recvfrom");
}

TEST_F_TIMEOUT(kernel, copies_of_uring_worker, 30)
{
	copies_in("uring_worker", "iou-wrk-", "");
}

TEST_F_TIMEOUT(kernel, copies_of_uring_sqpoll, 30)
{
	copies_in("uring_sqpoll", "iou-sqp-", "");
}

TEST_F_TIMEOUT(kernel, copies_of_epoll, 60)
{
	copies_in("epoll", NULL, "recvfrom");
}

/*
 * DEFER_TASKRUN: the kernel works for uring_fast in io_uring_enter, even where
 * messages come while the server runs: nobody waits for an answer here.
 */
TEST_F_TIMEOUT(kernel, copies_of_uring_fast_while_it_runs, 30)
{
	enum { PEERS = 16, ROUNDS = 200 };
	int fds[PEERS], bytes = 0;
	char in[ROUNDS];

	serve("uring_fast");
	for (int i = 0; i < PEERS; i++)
		fds[i] = join();
	for (int i = 0; i < PEERS * ROUNDS; i++)
		ASSERT_EQ(1, send(fds[i % PEERS], "x", 1, 0));
	for (int i = 0; i < PEERS; i++)
		ASSERT_EQ(ROUNDS, recv(fds[i], in, ROUNDS, MSG_WAITALL));
	stop();
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (!is(e, "skb_copy_datagram_iovec"))
			continue;
		bytes += event_number(e, "len", 0);
		if (e->pid != run.pid ||
		    strcmp(inside(i, e->pid), "io_uring_enter"))
			FAIL("%s copied in \"%s\"", e->comm, inside(i, e->pid));
	}
	EXPECT_EQ(PEERS * ROUNDS, bytes);
}

/* ---- submissions and completions ---- */

/* user_data: what, generation and index, as uring/serve.h draws it. */
static unsigned generation_of(uint64_t key)
{
	return key >> 32 & 0xffffff;
}

/* It was submit_sqe once. */
static int submits(const struct kernel_event *e, unsigned opcode)
{
	return (is(e, "io_uring_submit_req") || is(e, "io_uring_submit_sqe")) &&
	       event_number(e, "opcode", -1) == opcode;
}

static uint64_t key_of(const struct kernel_event *e)
{
	return event_number(e, "user_data", 0);
}

/* Completions with this key from event i on; `flag` set, or 0: all. */
static int completions(long i, uint64_t key, unsigned flag)
{
	int n = 0;

	for (; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		n += is(e, "io_uring_complete") && key_of(e) == key &&
		     (!flag || event_number(e, "cflags", 0) & flag);
	}
	return n;
}

static void need_cflags(void)
{
	for (long i = 0; i < run.n; i++)
		if (is(&run.events[i], "io_uring_complete") &&
		    event_number(&run.events[i], "cflags", -1) >= 0)
			return;
	SKIP("this kernel's events do not tell the completions' flags");
}

/* One RECV, a completion per message, the last one without F_MORE. */
static void one_recv(const char *name)
{
	int fd, requests = 0;

	serve(name);
	fd = join();
	for (int i = 0; i < MESSAGES; i++)
		echo(fd);
	leave(fd);
	stop();
	need_cflags();
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (!submits(e, IORING_OP_RECV))
			continue;
		requests++;
		EXPECT_EQ(MESSAGES, completions(i, key_of(e),
						IORING_CQE_F_MORE));
		EXPECT_EQ(MESSAGES + 1, completions(i, key_of(e), 0));
	}
	EXPECT_EQ(1, requests);
}

TEST_F(kernel, one_recv_of_uring_multishot) { one_recv("uring_multishot"); }
TEST_F(kernel, one_recv_of_uring_fast) { one_recv("uring_fast"); }

TEST_F(kernel, zerocopy_completes_twice)
{
	int fd, requests = 0, results = 0, notifs = 0;

	serve("uring_zerocopy");
	fd = join();
	for (int i = 0; i < MESSAGES; i++)
		echo(fd);
	leave(fd);
	stop();
	need_cflags();
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];
		unsigned flags = event_number(e, "cflags", 0);

		requests += submits(e, IORING_OP_SEND_ZC);
		/* uring_zerocopy: 1 to 3 are ACCEPT, RECV, a SEND that copies */
		if (!is(e, "io_uring_complete") || key_of(e) >> 56 < 4)
			continue;
		if (flags & IORING_CQE_F_NOTIF)
			EXPECT_EQ(results, ++notifs);	/* never before it */
		else if (flags & IORING_CQE_F_MORE)
			EXPECT_EQ(requests, ++results);
		else
			FAIL("a SEND_ZC completed once");
	}
	EXPECT_EQ(MESSAGES, requests);
	EXPECT_EQ(MESSAGES, results);
	EXPECT_EQ(MESSAGES, notifs);
}

/* ---- out of buffers ---- */

static void freeze(void)
{
	int status;

	ASSERT_EQ(0, kill(run.pid, SIGSTOP));
	ASSERT_EQ(run.pid, waitpid(run.pid, &status, WUNTRACED));
}

/*
 * 32 peers have sent 16 buffers full each when the server looks, and there are
 * 256.  A RECV that finds none ends with ENOBUFS, is queued again, and no byte
 * is lost.
 */
static void out_of_buffers(const char *name)
{
	enum { PEERS = 32, BYTES = 16 * 16384 };
	static char out[BYTES], in[BYTES];
	int fds[PEERS], ended = 0, again = 0;

	serve(name);
	for (int i = 0; i < PEERS; i++) {
		fds[i] = join();
		echo(fds[i]);
	}
	for (int i = 0; i < BYTES; i++)
		out[i] = i * 2654435761u >> 24;
	freeze();
	for (int i = 0; i < PEERS; i++)
		ASSERT_EQ(BYTES, send(fds[i], out, BYTES, 0));
	ASSERT_EQ(0, kill(run.pid, SIGCONT));
	for (int i = 0; i < PEERS; i++) {
		memset(in, 0, BYTES);
		ASSERT_EQ(BYTES, recv(fds[i], in, BYTES, MSG_WAITALL));
		ASSERT_EQ(0, memcmp(in, out, BYTES));
	}
	stop();
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (!is(e, "io_uring_complete") ||
		    event_number(e, "res", 0) != -ENOBUFS)
			continue;
		ended++;
		EXPECT_EQ(0, event_number(e, "cflags", 0) & IORING_CQE_F_MORE);
		for (long j = i + 1; j < run.n; j++)
			if (submits(&run.events[j], IORING_OP_RECV) &&
			    key_of(&run.events[j]) == key_of(e)) {
				again++;
				break;
			}
	}
	EXPECT_GT(ended, 0);
	EXPECT_EQ(ended, again);
	SAY("%d times", ended);
}

TEST_F_TIMEOUT(kernel, enobufs_of_uring_multishot, 30)
{
	out_of_buffers("uring_multishot");
}

TEST_F_TIMEOUT(kernel, enobufs_of_uring_multishot_liburing, 30)
{
	out_of_buffers("uring_multishot_liburing");
}

TEST_F_TIMEOUT(kernel, enobufs_of_uring_fast, 30)
{
	out_of_buffers("uring_fast");
}

/* ---- a late completion ---- */

/*
 * One peer leaves, another comes, and the server sees both at once: it closes
 * the one, and accept4 gives the other the same descriptor, while the POLL of
 * the former owner is still to complete.  Its key has the old generation: the
 * new owner is polled once, by its own key, and served.
 */
TEST_F(kernel, a_late_completion_is_dropped)
{
	uint64_t old = 0, new = 0;
	int fd, next, late = 0, polls = 0, others = 0;

	serve("uring_poll");
	fd = join();
	echo(fd);
	server_settle(&run.s);
	freeze();
	close(fd);
	next = join();
	ASSERT_EQ(0, kill(run.pid, SIGCONT));
	for (int i = 0; i < 3; i++)
		echo(next);
	leave(next);
	stop();
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (submits(e, IORING_OP_POLL_ADD)) {
			if (old && (unsigned)key_of(e) == (unsigned)old)
				new = key_of(e), polls++;
			else
				old = key_of(e), others++; /* at last fd's */
		}
		late += new && is(e, "io_uring_complete") && key_of(e) == old;
	}
	if (!new && others > 2)
		SKIP("this kernel reported the new peer before the end of "
		     "the old one: no descriptor was reused");
	ASSERT_NE(0, (long)new);		/* the descriptor was reused */
	EXPECT_EQ(1, generation_of(new) - generation_of(old));
	EXPECT_EQ(1, polls);
	EXPECT_GT(late, 0);
}

/* ---- files ---- */

enum { BLOCK = 4096, BLOCKS = 64 };

/* A file that is on its device and not in the page cache. */
static int cold_file(void)
{
	static char block[BLOCK];
	const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		SKIP("%s: O_TMPFILE: %s", dir, strerror(errno));
	for (int i = 0; i < BLOCKS; i++) {
		memset(block, i, BLOCK);
		ASSERT_EQ(BLOCK, write(fd, block, BLOCK));
	}
	ASSERT_EQ(0, fsync(fd));
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	return fd;
}

/* Run a file job until its end; its first thread is run.pid. */
static void read_file(const char *name, const char *option)
{
	char file[32], *path = program_path(built(name));
	int status, fd = cold_file(), null = open("/dev/null", O_WRONLY);

	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	run.pid = fork();
	if (!run.pid) {
		dup2(null, 1);
		execlp("sh", "sh", "-c", run.follow, "sh", path, file, option,
		       NULL);
		_exit(127);
	}
	ASSERT_EQ(run.pid, waitpid(run.pid, &status, 0));
	end_events();
	if (status && option)
		SKIP("%s %s ended with %d: no O_DIRECT here?", name, option,
		     WEXITSTATUS(status));
	ASSERT_EQ(0, status);
}

/* How often the program's first thread went to sleep inside of this call. */
static int sleeps_in(const char *call)
{
	int n = 0;

	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		/* Bits 1 and 2: interruptible, uninterruptible. */
		n += is(e, "sched_switch") &&
		     event_number(e, "prev_pid", 0) == run.pid &&
		     event_number(e, "prev_state", 0) & 3 &&
		     !strcmp(inside(i, run.pid), call);
	}
	return n;
}

/* Calls of io_getevents that did not find all that io_submit had taken. */
static int unfinished(void)
{
	long taken = 0, n = 0;

	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (!is(e, "sys_exit") || e->pid != run.pid)
			continue;
		if (!strcmp(call_name(e), "io_submit")) {
			taken += event_number(e, "ret", 0);
		} else if (!strcmp(call_name(e), "io_getevents")) {
			taken -= event_number(e, "ret", 0);
			n += taken != 0;
		}
	}
	return n;
}

/* The thread waits for the device in io_submit; then everything is there. */
static void buffered(const char *name)
{
	read_file(name, NULL);
	if (!sleeps_in("io_getevents") && !sleeps_in("io_submit"))
		SKIP("no device to wait for below the file: a tmpfs?");
	EXPECT_GT(sleeps_in("io_submit"), 0);
	EXPECT_EQ(BLOCKS / 8, calls_of("io_submit", 0, -1));
	EXPECT_EQ(0, unfinished());
	EXPECT_EQ(0, sleeps_in("io_getevents"));
}

/* io_submit returns before the device is done: io_getevents waits for it. */
static void direct(const char *name)
{
	read_file(name, "--direct");
	/* Once it may have waited for the file's map of blocks. */
	if (!sleeps_in("io_getevents") && sleeps_in("io_submit") <= 1)
		SKIP("the disk did each read before the test could wait for it");
	EXPECT_GT(sleeps_in("io_getevents"), 0);
}

TEST_F(kernel, buffered_native_aio) { buffered("native_aio"); }
TEST_F(kernel, direct_native_aio) { direct("native_aio"); }
TEST_F(kernel, buffered_libaio) { buffered("libaio"); }
TEST_F(kernel, direct_libaio) { direct("libaio"); }

/* glibc: another thread reads, by pread64; the first only waits for it. */
TEST_F(kernel, glibc_reads_in_a_thread_of_its_own)
{
	int first = 0, others = 0, opened = 0;

	read_file("posix_aio_glibc", NULL);
	for (long i = 0; i < run.n; i++) {
		const struct kernel_event *e = &run.events[i];

		if (!is(e, "sys_enter"))
			continue;
		/* After statx: the loader reads the library by pread64, too. */
		opened |= !strcmp(call_name(e), "statx");
		if (!opened || strcmp(call_name(e), "pread64"))
			continue;
		first += e->pid == run.pid;
		others += e->pid != run.pid;
	}
	EXPECT_EQ(0, first);
	EXPECT_EQ(BLOCKS, others);
}
