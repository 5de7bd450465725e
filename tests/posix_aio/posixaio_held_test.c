/* SPDX-License-Identifier: MIT */
/*
 * posixaio_held_test.c - POSIX AIO: one thread is held, others go on (with libc)
 *
 * Two threads that meet within a few instructions do so once in a million
 * requests.  Here the program is a child, and this process does to a thread of
 * it what a debugger would: it lets that thread run k instructions, holds it there,
 * has another thread (the helper) do something, and lets the first go on.  The same
 * for k + 1, until the thread has gone through all of what it does:
 *
 *   k = 0   | helper |
 *   k = 1   - | helper |
 *   k = 2   - - | helper |                 each - an instruction of the thread
 *
 * So each of these tests fails whenever the library is wrong.  A helper that
 * has to wait for a lock of the held thread goes on as soon as it can.
 */
#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include "ways.h"

/* A sanitizer's code has ten times as many instructions. */
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 5 };
#else
enum { STRIDE = 1 };
#endif

#ifndef OURS
#define NEEDS SKIP("glibc: this test stops threads inside libposixaio")
#elif defined(TSAN)
#define NEEDS SKIP("ThreadSanitizer: it does not see the order of our stops")
#elif defined(__riscv)
#define NEEDS SKIP("riscv64: no PTRACE_SINGLESTEP")
#else
#define NEEDS
#endif

/* ---- the program ---- */

static struct shared {
	int helper;			/* its thread id */
	int acts;			/* that it has done */
	int answer;
} *shared;
static int go[2], back[2];
static void (*act)(int what);
static int idle_seconds = 60;		/* the worker does not go */

static struct aiocb request(int fd, void *buf, size_t len)
{
	return (struct aiocb){
		.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = len,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

static ssize_t finished(struct aiocb *cb)
{
	const struct aiocb *list[] = { cb };

	while (aio_error(cb) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	return aio_return(cb);
}

static void pair(int s[2])
{
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
}

static void *helps(void *unused)
{
	char what;

	(void)unused;
	__atomic_store_n(&shared->helper, (int)gettid(), __ATOMIC_SEQ_CST);
	while (read(go[0], &what, 1) == 1) {
		act(what);
		__atomic_fetch_add(&shared->acts, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

/* Here the program stops, and the process that holds it sees that. */
static void marker(void)
{
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
}

/* ---- who holds it ---- */

/* A thread's state, as proc(5) has it: S sleeps, t is held; X: it is gone. */
static char state_of(pid_t pid, pid_t tid)
{
	char path[64], line[512], *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	f = fopen(path, "r");
	state = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	return !state || state[2] == 'Z' ? 'X' : state[2];
}

/* The worker sleeps until something completes. */
static int in_ring(pid_t pid, pid_t worker)
{
	char path[64];
	long nr = -1;
	FILE *f;

	if (state_of(pid, worker) != 'S')
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, worker);
	f = fopen(path, "r");
	if (!f)
		SKIP("%s: %s", path, errno_name(errno));
	if (fscanf(f, "%ld", &nr) != 1)		/* "running" */
		nr = -1;
	fclose(f);
	return nr == SYS_io_uring_enter;
}

static void wait_until_in_ring(pid_t pid, pid_t worker)
{
	while (!in_ring(pid, worker))
		sched_yield();
}

/*
 * A thread of it, the worker or one of the pool, too, sleeps until another gives
 * the library's lock back: engine_lock_only waits while the word is 2, for ever.
 */
static int wants_the_lock(pid_t pid)
{
	unsigned long word, op, value, timeout;
	int wants = 0;
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	ASSERT_TRUE(dir);
	while (!wants && (e = readdir(dir))) {
		char name[128];
		long nr = -1;
		FILE *f;

		snprintf(name, sizeof(name), "%s/%.20s/syscall", path, e->d_name);
		f = *e->d_name == '.' ? NULL : fopen(name, "r");
		if (!f)
			continue;		/* a thread that has ended */
		wants = fscanf(f, "%ld %lx %lx %lx %lx", &nr, &word, &op,
			       &value, &timeout) == 5 && nr == SYS_futex &&
			op == (FUTEX_WAIT | FUTEX_PRIVATE_FLAG) &&
			value == 2 && !timeout;
		fclose(f);
	}
	closedir(dir);
	return wants;
}

/* The library's thread, of which the program has one now. */
static pid_t worker_of(pid_t pid)
{
	pid_t tid = ring_thread(pid);

	if (!tid)
		SKIP("no io_uring here");
	return tid;
}

/* The signal that has stopped it. */
static int stopped(int status)
{
	if (WIFSIGNALED(status))
		FAIL("signal %d has ended the program", WTERMSIG(status));
	if (!WIFSTOPPED(status))
		FAIL("the program has ended with %d", status >> 8);
	return WSTOPSIG(status);
}

static int next_stop(pid_t tid)
{
	int status;

	ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
	return stopped(status);
}

/* The child runs main_of, its helper does act; its first thread is ours. */
static pid_t start(void (*main_of)(void), void (*act_of)(int what))
{
	cpu_set_t cpu;
	pid_t pid;
	char c;

	/* An instruction is two switches of processes: quick on one processor. */
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(shared != MAP_FAILED);
	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(back));
	pid = fork();
	if (!pid) {
		struct aioinit init = { .aio_idle_time = idle_seconds };
		pthread_t t;

		act = act_of;
		aio_init(&init);
		ASSERT_EQ(1, read(go[0], &c, 1));	/* it is held */
		ASSERT_EQ(0, pthread_create(&t, NULL, helps, NULL));
		while (!__atomic_load_n(&shared->helper, __ATOMIC_SEQ_CST))
			sched_yield();
		main_of();
		_exit(0);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_EXITKILL))
		SKIP("ptrace: %s", errno_name(errno));
	close(back[1]);			/* the program's end is the pipe's */
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	next_stop(pid);
	ASSERT_EQ(1, write(go[1], "", 1));
	return pid;
}

/* Let it go, with all signals that are for it, to its next marker. */
static void go_to_marker(pid_t tid)
{
	int sig = 0;

	do {
		ASSERT_EQ(0, ptrace(PTRACE_CONT, tid, NULL, (long)sig));
		sig = next_stop(tid);
	} while (sig != SIGUSR2);
}

/* n instructions.  How many there were to the marker. */
static int steps_to_marker(pid_t tid, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, ptrace(PTRACE_SINGLESTEP, tid, NULL, 0L));
		if (next_stop(tid) == SIGUSR2)
			break;
	}
	return i;
}

/*
 * The worker goes an instruction far (PTRACE_SINGLESTEP), or to the next side
 * of a system call (PTRACE_SYSCALL).  0: it sleeps in the ring.
 */
static int step_worker(pid_t pid, pid_t worker, int how)
{
	struct timespec while_asleep = { .tv_nsec = 1000000 };
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	ASSERT_EQ(0, ptrace(how, worker, NULL, 0L));
	while (!waitpid(worker, &status, __WALL | WNOHANG))
		if (sigtimedwait(&child, NULL, &while_asleep) < 0 &&
		    in_ring(pid, worker))
			return 0;
	stopped(status);
	return 1;
}

/* Has the helper done n acts?  If not, it sleeps until it is let go on. */
static int helper_has_done(pid_t pid, int n)
{
	for (;; sched_yield()) {
		char state = state_of(pid, __atomic_load_n(&shared->helper,
							   __ATOMIC_SEQ_CST));

		if (__atomic_load_n(&shared->acts, __ATOMIC_SEQ_CST) == n)
			return 1;
		if (state == 'X')
			next_stop(pid);		/* it is the program's end */
		if (state == 'S')
			return 0;
	}
}

/* The helper does that, or begins it.  The number of the act. */
static int helper_acts(pid_t pid, char what)
{
	int n = __atomic_load_n(&shared->acts, __ATOMIC_SEQ_CST) + 1;

	ASSERT_EQ(1, write(go[1], &what, 1));
	helper_has_done(pid, n);
	return n;
}

static void wait_for_helper(pid_t pid, int n)
{
	while (!helper_has_done(pid, n))
		sched_yield();
}

/* ---- a request that is being made ---- */

static struct aiocb cb, other;
static int s[2], t[2];
static char byte[2];

static void prepare(void)
{
	pair(s);
	pair(t);
	cb = request(s[0], &byte[0], 1);
	other = request(t[0], &byte[1], 1);
	/* The worker starts, memory is there. */
	ASSERT_EQ(1, write(s[1], "x", 1));
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(1, finished(&cb));
}

static void is_cancelled(void)
{
	prepare();
	for (;;) {
		marker();
		ASSERT_EQ(0, aio_read(&cb));
		marker();
		if (__atomic_load_n(&shared->answer, __ATOMIC_SEQ_CST) !=
		    AIO_CANCELED)
			ASSERT_EQ(AIO_CANCELED, aio_cancel(s[0], &cb));
		ASSERT_EQ(ECANCELED, aio_error(&cb));
	}
}

static void cancels(int what)
{
	int before = aio_error(&cb), answer = aio_cancel(s[0], &cb);

	(void)what;
	if (before == EINPROGRESS)	/* nothing but us ends it */
		ASSERT_NE(AIO_ALLDONE, answer);
	__atomic_store_n(&shared->answer, answer, __ATOMIC_SEQ_CST);
}

/*
 * At each instruction of aio_read another thread cancels that request: it is
 * cancelled, or it is not yet and can be afterwards.
 */
TEST_TIMEOUT(cancelled_while_it_is_made, 120)
{
	int k = 0, n, seen[3] = { 0 };
	pid_t pid, worker;

	NEEDS;
	pid = start(is_cancelled, cancels);
	go_to_marker(pid);
	worker = worker_of(pid);
	for (;; k += STRIDE) {
		wait_until_in_ring(pid, worker);
		if (steps_to_marker(pid, k) < k)
			break;
		shared->answer = -1;
		n = helper_acts(pid, 0);
		go_to_marker(pid);
		wait_for_helper(pid, n);
		ASSERT_GE(shared->answer, 0);
		seen[shared->answer]++;
		go_to_marker(pid);
	}
	SAY("%d instructions, cancelled at %d of them", k, seen[AIO_CANCELED]);
	EXPECT_GT(seen[AIO_ALLDONE], 0);
	EXPECT_GT(seen[AIO_CANCELED], 0);
}

/* ---- the bell ---- */

static void waits_for_other(int sig)
{
	const struct aiocb *list[] = { &other };
	struct timespec patience = { .tv_sec = 10 };

	(void)sig;
	while (aio_suspend(list, 1, &patience) && errno == EINTR)
		;
	if (aio_error(&other) == EINPROGRESS)
		FAIL("the worker sleeps, and nobody will wake it");
}

static void is_interrupted(void)
{
	prepare();
	signal(SIGUSR1, waits_for_other);
	for (;;) {
		marker();
		ASSERT_EQ(0, aio_read(&cb));
		marker();
		ASSERT_EQ(1, aio_return(&other));
		ASSERT_EQ(1, write(s[1], "x", 1));
		ASSERT_EQ(1, finished(&cb));
	}
}

static void reads_other(int what)
{
	(void)what;
	ASSERT_EQ(1, write(t[1], "x", 1));
	ASSERT_EQ(0, aio_read(&other));
}

/*
 * At each instruction of aio_read, of which the worker is asleep, another
 * thread makes a request and a signal handler waits for that one: it ends.
 */
TEST_TIMEOUT(handler_waits_for_another_request, 120)
{
	pid_t pid, worker;
	int k = 0, n;

	NEEDS;
	pid = start(is_interrupted, reads_other);
	go_to_marker(pid);
	worker = worker_of(pid);
	for (;; k += STRIDE) {
		wait_until_in_ring(pid, worker);
		if (steps_to_marker(pid, k) < k)
			break;
		n = helper_acts(pid, 0);
		wait_for_helper(pid, n);
		ASSERT_EQ(0, syscall(SYS_tgkill, pid, pid, SIGUSR1));
		go_to_marker(pid);
		go_to_marker(pid);
	}
	SAY("%d instructions", k);
	EXPECT_GT(k, 100 / STRIDE);
}

/* ---- what a worker does not notice ---- */

static struct aiocb reads, syncs;
static char block[4096] __attribute__((aligned(4096)));
static int direct;

static void open_direct(void)
{
	static char two[8192] __attribute__((aligned(4096)));
	struct statfs fs;

	direct = open(".", O_TMPFILE | O_RDWR | O_DIRECT, 0600);
	if (direct < 0)
		direct = open("/tmp", O_TMPFILE | O_RDWR | O_DIRECT, 0600);
	if (direct < 0)
		SKIP("this file system has no O_DIRECT");
	ASSERT_EQ(0, fstatfs(direct, &fs));
	if (fs.f_type == TMPFS_MAGIC)
		SKIP("files here are in memory: a worker reads them");
	ASSERT_EQ(8192, pwrite(direct, two, 8192, 0));
}

/* Without a limit: the worker's steps lie in this time, too. */
static void is_told(void)
{
	sigset_t set;

	prepare();
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (;;) {
		ASSERT_EQ(1, write(back[1], "", 1));
		ASSERT_EQ(SIGRTMIN, sigwaitinfo(&set, NULL));
		ASSERT_EQ(4096, finished(&reads));
		ASSERT_EQ(0, aio_error(&syncs));
		ASSERT_EQ(1, write(t[1], "x", 1));
		ASSERT_EQ(1, finished(&other));
	}
}

/* Wake it; or an fsync behind a read, and somebody who takes the lock. */
static void wakes_or_syncs(int what)
{
	struct aiocb *none[1] = { NULL };

	if (what == 'w') {
		ASSERT_EQ(0, aio_read(&other));
		return;
	}
	ASSERT_EQ(0, aio_read(&reads));
	ASSERT_EQ(0, aio_fsync(O_DSYNC, &syncs));
	ASSERT_EQ(0, lio_listio(LIO_NOWAIT, none, 1, NULL));
}

/*
 * The worker, woken once more and about to sleep, is held at each instruction,
 * or each `stride` of them.  Meanwhile the helper does 's', whose end a signal
 * reports.
 */
static void while_the_worker_goes_to_sleep(pid_t pid, int stride)
{
	time_t until = time(NULL) + 240;
	pid_t worker = 0;
	int k = 0, i, n;
	char c;

	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0L));
	for (;; k += stride) {
		ASSERT_EQ(1, read(back[0], &c, 1));
		if (!k) {
			worker = worker_of(pid);
			ASSERT_EQ(0, ptrace(PTRACE_SEIZE, worker, NULL, 0L));
		}
		wait_until_in_ring(pid, worker);
		ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, worker, NULL, NULL));
		next_stop(worker);
		while (step_worker(pid, worker, PTRACE_SYSCALL))
			;
		wait_for_helper(pid, helper_acts(pid, 'w'));
		next_stop(worker);		/* woken, in the kernel still */
		for (i = 0; i < k && step_worker(pid, worker,
						 PTRACE_SINGLESTEP); i++)
			;
		if (i < k)
			break;
		n = helper_acts(pid, 's');
		while (!helper_has_done(pid, n))
			ASSERT_EQ(1, step_worker(pid, worker,
						 PTRACE_SINGLESTEP));
		ASSERT_EQ(0, ptrace(PTRACE_CONT, worker, NULL, 0L));
		if (time(NULL) > until)
			SKIP("too busy here: only the first %d instructions", k);
	}
	SAY("%d instructions", k);
	EXPECT_GT(k, 100);
}

static void block_notification(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void notify_by_signal(struct aiocb *of)
{
	of->aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	of->aio_sigevent.sigev_signo = SIGRTMIN;
}

/*
 * An O_DIRECT read, at which nobody looks, and an fsync behind it are made.  The
 * fsync ends, or the time of the test does.
 */
TEST_TIMEOUT(fsync_while_the_worker_goes_to_sleep, 300)
{
	NEEDS;
	block_notification();
	open_direct();
	reads = request(direct, block, 4096);
	syncs = request(direct, NULL, 0);
	notify_by_signal(&syncs);
	while_the_worker_goes_to_sleep(start(is_told, wakes_or_syncs), STRIDE);
}

static void is_told_of_a_read(void)
{
	const struct timespec patience = { .tv_sec = 30 };
	sigset_t set;

	prepare();
	notify_by_signal(&cb);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (;;) {
		ASSERT_EQ(1, write(s[1], "x", 1));
		ASSERT_EQ(1, write(back[1], "", 1));
		if (sigtimedwait(&set, NULL, &patience) != SIGRTMIN)
			FAIL("the worker sleeps, and nobody will wake it");
		ASSERT_EQ(1, finished(&cb));
		ASSERT_EQ(1, write(t[1], "x", 1));
		ASSERT_EQ(1, finished(&other));
	}
}

static void wakes_or_reads(int what)
{
	ASSERT_EQ(0, aio_read(what == 'w' ? &other : &cb));
}

/*
 * A read of a socket that has a byte is made: the worker hears of it.  Held at
 * some of the instructions only: it looks into the inbox in no hurry.
 */
TEST_TIMEOUT(read_while_the_worker_goes_to_sleep, 300)
{
	NEEDS;
	block_notification();
	while_the_worker_goes_to_sleep(start(is_told_of_a_read, wakes_or_reads),
				       16 * STRIDE);
}

/* ---- the end of a native request ---- */

static int asks_by_suspend;
static volatile int acted;		/* libc calls its functions leaves */

/* A read, and most likely the kernel has said that it is done. */
static void read_direct(void)
{
	static char behind[4096] __attribute__((aligned(4096)));

	reads = request(direct, block, 4096);
	ASSERT_EQ(0, aio_read(&reads));
	ASSERT_EQ(4096, pread(direct, behind, 4096, 4096));
}

/* Between two markers.  0: nothing happened meanwhile, and it has ended. */
static int asks(void)
{
	const struct aiocb *list[] = { &reads };

	read_direct();
	acted = 0;
	marker();
	if (asks_by_suspend)
		aio_suspend(list, 1, NULL);
	else
		aio_error(&reads);
	marker();
	if (acted)
		return 1;
	ASSERT_EQ(4096, finished(&reads));
	return 0;
}

/* The same aiocb for a read that does not end. */
static void use_again(int unused)
{
	(void)unused;
	acted = 1;
	ASSERT_EQ(4096, finished(&reads));
	reads.aio_fildes = t[0];
	reads.aio_buf = &byte[1];
	reads.aio_nbytes = 1;
	ASSERT_EQ(0, aio_read(&reads));
}

static void is_used_again(void)
{
	prepare();
	signal(SIGUSR1, use_again);
	for (;;) {
		if (!asks())
			continue;
		ASSERT_EQ(EINPROGRESS, aio_error(&reads));
		ASSERT_EQ(1, write(t[1], "x", 1));
		ASSERT_EQ(1, finished(&reads));
	}
}

static void finish(int unused)
{
	(void)unused;
	acted = 1;
	ASSERT_EQ(4096, finished(&reads));
}

static void is_finished(void)
{
	prepare();
	signal(SIGUSR1, finish);
	while (asks() + 1)
		;
}

enum { SHORT = 150 / STRIDE };		/* if there is no event yet, it is */

/*
 * k instructions of it; 0: it has fewer.  It may have fewer once, for the disk
 * is slow, or the worker has seen the event first; and more each 32nd time.
 */
static int asked_for(pid_t pid, int k)
{
	for (int tries = k < SHORT ? 1000 : 5; tries; tries--) {
		if (steps_to_marker(pid, k) == k)
			return 1;
		go_to_marker(pid);
	}
	return 0;
}

/* What happens at each instruction: a signal, or an act of the helper's. */
static int at_each_instruction(pid_t pid, int signal)
{
	int k, n = 0;

	go_to_marker(pid);
	for (k = 0; asked_for(pid, k); k += STRIDE) {
		if (signal)
			ASSERT_EQ(0, syscall(SYS_tgkill, pid, pid, signal));
		else
			n = helper_acts(pid, 0);
		go_to_marker(pid);
		if (!signal)
			wait_for_helper(pid, n);
		go_to_marker(pid);
	}
	SAY("%d instructions", k);
	return k;
}

/*
 * At each instruction of aio_error a signal handler waits for the same request,
 * and makes another of its aiocb, which is in progress afterwards.
 */
TEST_TIMEOUT(used_again_by_a_handler, 120)
{
	NEEDS;
	open_direct();
	EXPECT_GT(at_each_instruction(start(is_used_again, use_again), SIGUSR1),
		  SHORT);
}

/* The same by another thread. */
TEST_TIMEOUT(used_again_by_a_thread, 120)
{
	NEEDS;
	open_direct();
	EXPECT_GT(at_each_instruction(start(is_used_again, use_again), 0),
		  SHORT);
}

/* At each instruction of aio_suspend a handler waits for the same request. */
TEST_TIMEOUT(handler_waits_for_the_same_request, 120)
{
	NEEDS;
	open_direct();
	asks_by_suspend = 1;
	EXPECT_GT(at_each_instruction(start(is_finished, finish), SIGUSR1),
		  SHORT);
}

static struct aiocb next[2];

static void is_awaited(void)
{
	prepare();
	for (;;) {
		syncs = request(direct, NULL, 0);
		if (!asks())
			continue;
		ASSERT_EQ(4096, finished(&reads));
		for (int i = 0; i < 2; i++)
			ASSERT_EQ(4096, finished(&next[i]));
	}
}

/*
 * An fsync behind it, and it ends, whatever the other is kept from.  Then two
 * reads: one would get the other's request, were that free already.
 */
static void syncs_behind(int unused)
{
	static char buf[2][4096] __attribute__((aligned(4096)));

	(void)unused;
	acted = 1;
	ASSERT_EQ(0, aio_fsync(O_DSYNC, &syncs));
	ASSERT_EQ(0, finished(&syncs));
	for (int i = 0; i < 2; i++) {
		next[i] = request(direct, buf[i], 4096);
		ASSERT_EQ(0, aio_read(&next[i]));
	}
}

/*
 * At each instruction of aio_error the thread is held, and another's fsync of
 * that file ends; only where the first one has the lock is it waited for.
 */
TEST_TIMEOUT(fsync_behind_a_request_that_ends, 120)
{
	int k, n, waited = 0;
	pid_t pid;

	NEEDS;
	open_direct();
	pid = start(is_awaited, syncs_behind);
	go_to_marker(pid);
	worker_of(pid);			/* skips where there is no io_uring */
	for (k = 0; asked_for(pid, k); k += STRIDE) {
		n = helper_acts(pid, 0);
		while (!helper_has_done(pid, n)) {
			if (wants_the_lock(pid)) {
				waited++;
				break;
			}
			sched_yield();
		}
		go_to_marker(pid);
		wait_for_helper(pid, n);
		go_to_marker(pid);
	}
	SAY("%d instructions, %d of them with the lock", k, waited);
	EXPECT_GT(k, SHORT);
}

/* ---- a worker that goes ---- */

static void reads_later(void)
{
	prepare();
	marker();
	for (int i = 0; i < 2; i++) {
		if (i)
			ASSERT_EQ(0, aio_read(&other));
		ASSERT_EQ(1, write(t[1], "x", 1));
		ASSERT_EQ(1, finished(&other));
	}
}

static void starts_the_next(int what)
{
	(void)what;
	ASSERT_EQ(0, aio_read(&other));
}

/* Hold the worker, which sleeps; with go_to_call(), too. */
static void hold_worker(pid_t pid, pid_t worker)
{
	wait_until_in_ring(pid, worker);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, worker, NULL,
			    (long)PTRACE_O_TRACESYSGOOD));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, worker, NULL, NULL));
	next_stop(worker);
}

static void let_go(pid_t worker)
{
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, worker, NULL, 0L));
}

typedef struct __ptrace_syscall_info call_info;

/* One side of the next system call for which is() holds. */
static call_info go_to_call(pid_t tid, int (*is)(const call_info *))
{
	call_info info = { 0 };

	do {
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, tid, NULL, 0L));
		next_stop(tid);
		ASSERT_GT(ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info),
				 &info), 0);
	} while (!is(&info));
	return info;
}

static int begins_to_unmap(const call_info *call)
{
	return call->op == PTRACE_SYSCALL_INFO_ENTRY &&
	       call->entry.nr == SYS_munmap;
}

/*
 * A worker without work goes.  It is held when it has begun to unmap its ring;
 * a request starts the next one; it goes on.  The next one does its work.
 */
TEST_TIMEOUT(next_worker_starts_while_one_goes, 20)
{
	pid_t pid, worker;
	int status;

	NEEDS;
	idle_seconds = 1;
	pid = start(reads_later, starts_the_next);
	go_to_marker(pid);
	worker = worker_of(pid);
	hold_worker(pid, worker);
	go_to_call(worker, begins_to_unmap);
	wait_for_helper(pid, helper_acts(pid, 0));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, worker, NULL, 0L));
	ASSERT_EQ(worker, waitpid(worker, &status, __WALL));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0L));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Its result; a failure, soon, when nobody carries it out. */
static ssize_t ends(struct aiocb *of)
{
	const struct aiocb *list[] = { of };
	const struct timespec patience = { .tv_sec = 10 };

	if (aio_suspend(list, 1, &patience))
		FAIL("no thread carries the request out");
	return finished(of);
}

static void is_read_later(void)
{
	prepare();
	for (;;) {
		marker();
		ASSERT_EQ(1, write(t[1], "x", 1));
		ASSERT_EQ(1, ends(&other));
	}
}

/* It sleeps until something completes or a time is over. */
static int sleeps_with_a_limit(const call_info *call)
{
	return call->op == PTRACE_SYSCALL_INFO_ENTRY &&
	       call->entry.nr == SYS_io_uring_enter && call->entry.args[2] &&
	       call->entry.args[3] & IORING_ENTER_EXT_ARG;
}

static int is_over(const call_info *call)
{
	return call->op == PTRACE_SYSCALL_INFO_EXIT;
}

/* The time for which the worker stays without work, a minute, is over. */
static void let_time_pass(pid_t worker)
{
	call_info call = go_to_call(worker, sleeps_with_a_limit);
	char *arg = (char *)call.entry.args[4];
	long limit;

	errno = 0;
	limit = ptrace(PTRACE_PEEKDATA, worker, arg + offsetof(
		struct io_uring_getevents_arg, ts), NULL);
	ASSERT_EQ(0, errno);
	ASSERT_EQ(60, ptrace(PTRACE_PEEKDATA, worker, limit, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_POKEDATA, worker, limit, 0L));
	call = go_to_call(worker, is_over);
	ASSERT_EQ(-ETIME, call.exit.rval);
}

static void wakes_the_next(int what)
{
	struct aiocb *of = what == 's' ? &other : &cb;

	ASSERT_EQ(1, write(what == 's' ? t[1] : s[1], "x", 1));
	ASSERT_EQ(0, aio_read(of));
	ASSERT_EQ(1, ends(of));
}

static void wake_next_worker(void)
{
	pid_t pid, worker;
	int status;

	pid = start(reads_later, wakes_the_next);
	go_to_marker(pid);
	worker = worker_of(pid);
	hold_worker(pid, worker);
	let_time_pass(worker);
	go_to_call(worker, begins_to_unmap);
	wait_for_helper(pid, helper_acts(pid, 's'));
	ASSERT_NE(worker, ring_thread(pid));
	wait_until_in_ring(pid, ring_thread(pid));
	wait_for_helper(pid, helper_acts(pid, 'w'));
	let_go(worker);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0L));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/*
 * The same, and the next one sleeps when a request is made, the first or the
 * second: it is woken, and not the ring of the one that goes.  Many times: when
 * the next one begins late, the first request wakes that ring as well.
 */
TEST_TIMEOUT(next_worker_is_woken_while_one_goes, 20)
{
	NEEDS;
	for (int i = 0; i < 8; i++)
		wake_next_worker();
}

/*
 * A worker without work is held at each instruction on its way out.  Meanwhile a
 * read is made: it stays for that, or the next worker starts.
 */
TEST_TIMEOUT(read_while_the_worker_goes, 120)
{
	pid_t pid, worker;
	int k, i, n;

	NEEDS;
	pid = start(is_read_later, starts_the_next);
	go_to_marker(pid);
	worker = worker_of(pid);
	for (k = 0;; k += STRIDE) {
		hold_worker(pid, worker);
		let_time_pass(worker);
		for (i = 0; i < k; i++)
			ASSERT_EQ(1, step_worker(pid, worker,
						 PTRACE_SINGLESTEP));
		n = helper_acts(pid, 0);
		let_go(worker);
		wait_for_helper(pid, n);
		go_to_marker(pid);
		if (worker_of(pid) != worker)
			break;
	}
	SAY("%d instructions", k);
	EXPECT_GT(k, 20);
}

/* ---- a pool that goes ---- */

static int told;

static void tells(sigval_t unused)
{
	(void)unused;
	__atomic_store_n(&told, 1, __ATOMIC_SEQ_CST);
}

static void wait_until_told(void)
{
	for (int i = 0; !__atomic_load_n(&told, __ATOMIC_SEQ_CST); i++) {
		if (i == 10000)
			FAIL("no thread calls the function of the list");
		poll(NULL, 0, 1);
	}
}

static void list_nothing(void)
{
	struct aiocb *none[1] = { NULL };
	struct sigevent sigev = {
		.sigev_notify = SIGEV_THREAD, .sigev_notify_function = tells,
	};

	told = 0;
	ASSERT_EQ(0, lio_listio(LIO_NOWAIT, none, 1, &sigev));
}

static void is_told_of_lists(void)
{
	for (;;) {
		list_nothing();
		wait_until_told();
		marker();
		list_nothing();
		marker();
		wait_until_told();
	}
}

/*
 * At each system call of lio_listio the thread is held until the last thread of
 * the pool has left.  The function is called nevertheless.
 */
TEST_TIMEOUT(list_while_the_pool_goes, 120)
{
	pid_t pid;
	int k, i;

	NEEDS;
	idle_seconds = 1;
	pid = start(is_told_of_lists, cancels);
	for (k = 0;; k++) {
		go_to_marker(pid);
		for (i = 0; i < k; i++) {
			ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, pid, NULL, 0L));
			if (next_stop(pid) == SIGUSR2)
				break;
		}
		if (i < k)
			break;
		while (thread_named(pid, "posixaio-pool"))
			sched_yield();
		go_to_marker(pid);
	}
	SAY("%d sides of system calls", k);
	EXPECT_GT(k, 4);
}

/* ---- a ring that breaks ---- */

/* Before io_uring_enter the worker asks whether there is a filter now. */
static int asks_for_a_filter(const call_info *call)
{
	return call->op == PTRACE_SYSCALL_INFO_ENTRY &&
	       call->entry.nr == SYS_prctl;
}

static void breaks_its_ring(void)
{
	prepare();
	ASSERT_EQ(0, aio_read(&other));
	marker();
	ASSERT_EQ(0, filter_all_rings());
	marker();
	ASSERT_EQ(1, write(s[1], "x", 1));
	ASSERT_EQ(1, write(t[1], "x", 1));
	ASSERT_EQ(1, ends(&cb));
	ASSERT_EQ(1, ends(&other));
}

static void reads_or_cancels(int what)
{
	if (what == 'r')
		ASSERT_EQ(0, aio_read(&cb));
	else
		__atomic_store_n(&shared->answer, aio_cancel(t[0], &other),
				 __ATOMIC_SEQ_CST);
}

/*
 * The worker is held when it knows that its ring is lost, of which it has told
 * nobody yet.  Meanwhile a read is made, and another one is cancelled that is in
 * the ring: both go on.
 */
TEST_TIMEOUT(requests_while_the_ring_breaks, 60)
{
	pid_t pid, worker;
	int status, n;

	NEEDS;
	if (prctl(PR_GET_SECCOMP) < 0)
		SKIP("no seccomp filter: %s", errno_name(errno));
	pid = start(breaks_its_ring, reads_or_cancels);
	go_to_marker(pid);
	worker = worker_of(pid);
	hold_worker(pid, worker);
	go_to_marker(pid);
	go_to_call(worker, asks_for_a_filter);
	go_to_call(worker, is_over);
	ASSERT_TRUE(helper_has_done(pid, helper_acts(pid, 'r')));
	n = helper_acts(pid, 'c');
	let_go(worker);
	wait_for_helper(pid, n);
	EXPECT_EQ(AIO_NOTCANCELED, shared->answer);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0L));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Memory is taken for PIECE requests at a time; an aiocb has the number of its
 * own.  All of the first PIECE can be in flight at once. */
static void is_read_by_all(void)
{
	enum { PIECE = 64 };
	struct aiocb all[PIECE];
	char bytes[PIECE];

	for (int i = 0; i < PIECE; i++) {
		all[i] = request(s[0], &bytes[i], 1);
		ASSERT_EQ(0, aio_read(&all[i]));
		ASSERT_LT(all[i].__abs_prio, PIECE);
	}
	for (int i = 0; i < PIECE; i++)
		ASSERT_EQ(1, write(s[1], "x", 1));
	for (int i = 0; i < PIECE; i++)
		ASSERT_EQ(1, ends(&all[i]));
}

static void loses_no_request(void)
{
	prepare();
	is_read_by_all();
	ASSERT_EQ(0, aio_read(&other));
	marker();
	ASSERT_EQ(1, write(t[1], "x", 1));
	marker();
	ASSERT_EQ(0, filter_all_rings());
	marker();
	ASSERT_EQ(1, ends(&other));
	is_read_by_all();
}

static int enters(const call_info *call)
{
	return call->op == PTRACE_SYSCALL_INFO_ENTRY &&
	       call->entry.nr == SYS_io_uring_enter;
}

/*
 * A read has ended, which the worker is about to learn; it is cancelled, but
 * the kernel does not learn that, because the ring breaks.  The request is used
 * again.
 */
TEST_TIMEOUT(cancelled_while_the_ring_breaks, 60)
{
	pid_t pid, worker;
	int status, n;

	NEEDS;
	if (prctl(PR_GET_SECCOMP) < 0)
		SKIP("no seccomp filter: %s", errno_name(errno));
	pid = start(loses_no_request, reads_or_cancels);
	go_to_marker(pid);
	worker = worker_of(pid);
	hold_worker(pid, worker);
	go_to_marker(pid);			/* its byte is there */
	go_to_call(worker, enters);
	go_to_call(worker, is_over);		/* and in the queue */
	n = helper_acts(pid, 'c');
	go_to_marker(pid);			/* the filter is there */
	let_go(worker);
	wait_for_helper(pid, n);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0L));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- a cancellation that does not succeed ---- */

/* The submissions of the program's ring, which are mapped here. */
static struct io_uring_sqe *submissions(void)
{
	char line[300], *at = NULL, *start;
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long long offset;

	ASSERT_TRUE(f);
	while (!at && fgets(line, sizeof(line), f))
		if (strstr(line, "[io_uring]") &&
		    sscanf(line, "%p-%*x %*s %llx", (void **)&start,
			   &offset) == 2 && offset == IORING_OFF_SQES)
			at = start;
	fclose(f);
	ASSERT_TRUE(at);
	return (struct io_uring_sqe *)at;
}

/* The kernel is asked to cancel a request that it does not have. */
static void cancels_another(void)
{
	struct io_uring_sqe *sqe = submissions();

	while (sqe->opcode != IORING_OP_ASYNC_CANCEL)
		sqe++;
	sqe->addr ^= 1ULL << 40;
}

static void is_not_cancelled(void)
{
	prepare();
	ASSERT_EQ(0, aio_read(&other));
	marker();
	cancels_another();
	marker();
	ASSERT_EQ(1, write(t[1], "x", 1));
	ASSERT_EQ(1, ends(&other));
}

static int submits(const call_info *call)
{
	return call->op == PTRACE_SYSCALL_INFO_ENTRY &&
	       call->entry.nr == SYS_io_uring_enter && call->entry.args[1];
}

/* The kernel does not cancel a read: aio_cancel says so, and the read goes on. */
TEST_TIMEOUT(read_that_the_ring_does_not_cancel, 20)
{
	pid_t pid, worker;
	int status, n;

	NEEDS;
	pid = start(is_not_cancelled, reads_or_cancels);
	go_to_marker(pid);
	worker = worker_of(pid);
	hold_worker(pid, worker);
	n = helper_acts(pid, 'c');
	go_to_call(worker, submits);
	go_to_marker(pid);
	let_go(worker);
	wait_for_helper(pid, n);
	EXPECT_EQ(AIO_NOTCANCELED, shared->answer);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, NULL, 0L));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}
