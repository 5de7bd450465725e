/* SPDX-License-Identifier: MIT */
/*
 * posix_aio_glibc.c - reads a file with glibc's POSIX AIO (with libc)
 *
 * aio_read hands the request to a helper thread of the library, which waits
 * and copies in pread64.  At any time one helper serves a descriptor: it
 * takes the requests of its descriptor one after the other, whatever --depth
 * is.
 *
 *     clone3                            the helper, at the first aio_read
 *   until every block is there, by --notify:
 *     suspend:  futex                   aio_suspend sleeps; then check each
 *     signal:   rt_sigtimedwait         the helper's getpid getuid and
 *                                       rt_sigqueueinfo: a signal to ourselves
 *     thread:   futex                   the helper's clone3, for every block
 *     poll:     sched_yield             check each, never sleep
 *       aio_error aio_return aio_read   no calls, except a futex if contended
 *
 * Calls     1 pread64 per block, and what --notify adds: signal 4, thread about
 *           10, and a futex or two where two threads contend for a lock.
 * Needs     glibc; since 2.34 without -lrt.
 * Limits    a) One read in flight per descriptor: --opens N opens the file N
 *           times, of which glibc serves 20 at once.
 *           b) signal: RLIMIT_SIGPENDING limits the queue of signals.  If it is
 *           full, glibc reports a read that succeeded as failed (EAGAIN).
 *           c) thread: glibc does not report a thread that it cannot start
 *           (RLIMIT_NPROC).  So this program ends after 3 s without an answer.
 * Compare   file_threads.c does the same without the library.
 * Trace     traces/posix_aio_glibc.buffered.x86_64.strace, .kernel
 *           traces/posix_aio_glibc.direct.x86_64.strace, .kernel
 */
#include <aio.h>
#include <errno.h>

#define OWN_HELP \
	"  --notify HOW     how a finished read is noticed: suspend (the default),\n" \
	"                   signal, thread or poll\n" \
	"  --opens N        open FILE N times (default 1): glibc has one thread for each\n"
#include "../models/file_job.h"

enum notify { SUSPEND, SIGNAL, THREAD, POLL };

static enum notify notify;
static unsigned opens = 1;
static int *files;
static struct slot *slots;
static struct aiocb *cbs;		/* one per slot */
static const struct aiocb **list;	/* likewise: NULL when not in flight */
static int in_flight;

static int own_option(char ***argv)
{
	static const char *const names[] = { "suspend", "signal", "thread",
					     "poll" };
	const char *v;

	if ((v = value("opens", argv))) {
		opens = number_from("opens", v, 1, 1000, 1);
		return 1;
	}
	if (!(v = value("notify", argv)))
		return 0;
	for (notify = 0; notify < 4; notify++)
		if (same(v, names[notify]))
			return 1;
	fail(2, "--notify %s: expected suspend, signal, thread or poll\n", v);
}

static void on_done(union sigval v);

static void set_up(void)
{
	sigset_t set;

	slots = new_slots();
	cbs = memory(opt.depth * sizeof(*cbs));
	list = memory(opt.depth * sizeof(*list));
	files = memory(opens * sizeof(*files));
	for (unsigned i = 0; i < opens; i++)
		files[i] = i ? open_again() : file;
	/* Blocked before there is a second thread: only sigtimedwait takes it. */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void start_read(struct slot *s)
{
	unsigned i = s - slots;
	struct aiocb *cb = &cbs[i];

	*cb = (struct aiocb){
		.aio_fildes = files[i % opens],
		.aio_buf = s->buf + s->have,
		.aio_nbytes = opt.block - s->have,
		.aio_offset = s->offset + s->have,
		.aio_sigevent = {
			.sigev_notify = notify == SIGNAL ? SIGEV_SIGNAL :
					notify == THREAD ? SIGEV_THREAD :
							   SIGEV_NONE,
			.sigev_value.sival_int = i,
		},
	};
	if (notify == SIGNAL)
		cb->aio_sigevent.sigev_signo = SIGRTMIN;
	else if (notify == THREAD)
		cb->aio_sigevent.sigev_notify_function = on_done;
	__atomic_store_n(&list[i], cb, __ATOMIC_RELAXED);
	__atomic_add_fetch(&in_flight, 1, __ATOMIC_RELAXED);
	if (aio_read(cb))
		fail(1, "aio_read: %s%s\n", errno_name(errno), errno == EAGAIN ?
		     ": no memory or no helper thread; RLIMIT_NPROC (ulimit "
		     "-u) may be reached" : "");
}

/* Take the result of slot i, if it is there, and go on with the next block. */
static void reap(unsigned i)
{
	struct slot *s = &slots[i];
	int err = list[i] ? aio_error(list[i]) : EINPROGRESS;

	if (err == EINPROGRESS)
		return;
	if (err == EAGAIN && notify == SIGNAL)
		fail(1, "aio_read: EAGAIN: no signal could be queued: "
		     "RLIMIT_SIGPENDING (ulimit -i); --notify suspend needs "
		     "none\n");
	__atomic_store_n(&list[i], NULL, __ATOMIC_RELAXED);
	if (!got(s, "aio_read", err ? -err : aio_return(&cbs[i])) ||
	    next_block(s))
		start_read(s);
	/* Release: a thread that sees 0 also sees what got() wrote. */
	if (!__atomic_sub_fetch(&in_flight, 1, __ATOMIC_RELEASE) &&
	    notify == THREAD)
		futex_wake(&in_flight, 1);
}

static void reap_all(void)
{
	for (unsigned i = 0; i < opt.depth; i++)
		reap(i);
}

/* In a thread that the library started for this one call. */
static void on_done(union sigval v)
{
	reap(v.sival_int);
}

/* Limits c): all reads have ended, and still nobody was called. */
static void notice_lost_callbacks(void)
{
	static unsigned long reads_before;
	static int seconds;

	if (reads != reads_before)
		seconds = 0;
	reads_before = reads;
	for (unsigned i = 0; i < opt.depth; i++) {
		/* Read it once: a callback may set it to NULL meanwhile. */
		const struct aiocb *cb = __atomic_load_n(&list[i],
							 __ATOMIC_RELAXED);

		if (cb && aio_error(cb) == EINPROGRESS)
			seconds = 0;		/* a slow device */
	}
	if (++seconds > 3)
		fail(1, "aio_read: no thread could be started for its "
		     "callback: RLIMIT_NPROC (ulimit -u); --notify suspend "
		     "needs none\n");
}

/* Sleep until a read may have ended, and take the results. */
static void wait_and_reap(int n)
{
	static const struct timespec second = { .tv_sec = 1 };
	siginfo_t info;
	sigset_t set;

	switch (notify) {
	case THREAD:
		if (futex_wait(&in_flight, n, &second) == -ETIMEDOUT)
			notice_lost_callbacks();
		break;
	case SIGNAL:
		sigemptyset(&set);
		sigaddset(&set, SIGRTMIN);
		if (sigtimedwait(&set, &info, &second) > 0)
			reap(info.si_value.sival_int);
		else if (errno == EAGAIN)	/* none came: see Limits b) */
			reap_all();
		break;
	case SUSPEND:
		if (aio_suspend(list, opt.depth, NULL) && errno != EINTR)
			fail(1, "aio_suspend: %s\n", errno_name(errno));
		reap_all();
		break;
	case POLL:
		reap_all();
		sys_sched_yield();
	}
}

int main(int argc, char **argv)
{
	int n;

	(void)argc;
	open_file(argv);
	set_up();
	for (unsigned i = 0; i < opt.depth && next_block(&slots[i]); i++)
		start_read(&slots[i]);
	while ((n = __atomic_load_n(&in_flight, __ATOMIC_ACQUIRE)))
		wait_and_reap(n);
	report();
	return 0;
}
