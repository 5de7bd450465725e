/* SPDX-License-Identifier: MIT */
/*
 * pool.c - threads that carry out requests with blocking calls
 *
 * The pool is always available: it needs no io_uring and no descriptor.  A
 * thread takes a job (engine.c), carries it out without the lock, and ends it.
 * It sleeps only in the call of the request, or idle.
 *
 *   idle  -> woken by engine_unlock or pool_call
 *         -> after idle_seconds it leaves
 *   busy  -> before it starts a call that can sleep, it wakes or creates
 *            another thread if there is more to do
 *
 * While natives are in flight or requests are held, one thread stays idle: what
 * a signal handler finds in the mapped ring (aio_error) may need a thread, and
 * a handler cannot create one.
 *
 * A call on a stream may sleep for ever, and then no thread may be left to
 * create one for the next request.  So a thread makes such a call only while
 * another thread is in none.  The last such thread first creates another.  If
 * it cannot, it does not sleep: a stream that is not ready is parked.  After a
 * pause the thread looks at it again, and tries again to create another thread.
 *
 * A read or write of a stream is one call, which holds its file: a program may
 * close the descriptor meanwhile.  To cancel a read that waits, or a write of
 * which the stream has taken a part, aio_cancel sends its thread a signal; the
 * call returns how much was transferred.
 *
 * The threads share the descriptors of the program.  If the thread that makes a
 * request has descriptors of its own, it creates a thread for this one request.
 *
 * The threads have all signals blocked and small stacks.  The pool also starts
 * callback threads, tries refused notifications again, and looks into the
 * native context when nobody else may (an fsync behind a read).
 */
#include <link.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include "engine.h"

enum {
	THREADS_MAX = 256,
	STACK = 64 << 10,
	STACK_LEAST = 8 << 10,	/* where memory is short (RLIMIT_AS) */
	NATIVE_POLL_NS = 500000,
	RETRY_NS = 10000000,	/* a notification that was refused */
	BATCH = 8,		/* writes of a file, then other requests */
	AGAIN_NS = 10000000,	/* a thread that could not be created */
	PAUSE_NS = 50000,	/* before parked streams: at first, then longer */
	AT_ONCE = 3,		/* attempts to create a thread, for a caller */
	REFUSALS_MAX = 10,	/* then a stream without poll is read anyway */
};
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

static int posts;		/* wakeups for idle threads; a futex word */
static int number;		/* of one of the threads, or 0; atomic */
static int owned;		/* threads for one request; atomic */

/* ---- creating a thread ---- */

static int add_tls(struct dl_phdr_info *info, size_t size, void *sum)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			*(size_t *)sum += info->dlpi_phdr[i].p_memsz +
					  info->dlpi_phdr[i].p_align;
	return 0;
}

static size_t tls_size;

/*
 * Before there are threads: dl_iterate_phdr takes a lock, which a child of fork
 * never gets if another thread had it.  What dlopen adds is not on stacks.
 */
__attribute__((constructor)) static void measure_tls(void)
{
	size_t size = 0;

	dl_iterate_phdr(add_tls, &size);
	tls_size = size + 1;
}

/* Thread-local data lies on the stack: _SC_THREAD_STACK_MIN does not count it. */
static size_t stack_size(size_t room)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t size = sysconf(_SC_THREAD_STACK_MIN) + room;

	if (!tls_size)			/* in another constructor */
		measure_tls();
	size += tls_size;
	return (size + page - 1) / page * page;
}

/* stack: 0 is libc's default. */
static int create(pthread_t *thread, void *(*function)(void *), void *arg,
		  int detached, size_t stack)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	if (detached)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (stack)
		pthread_attr_setstacksize(&attr, stack);
	err = pthread_create(thread, &attr, function, arg);
	pthread_attr_destroy(&attr);
	return err;
}

/*
 * A thread with all signals blocked.  Through libc, which leaves out the signal
 * that setuid() sends to all threads.
 */
static long create_with(pthread_t *thread, void *(*function)(void *), void *arg,
			int detached)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = create(thread, function, arg, detached, stack_size(STACK));
	if (err == EAGAIN)
		err = create(thread, function, arg, detached,
			     stack_size(STACK_LEAST));
	if (err == EINVAL)		/* too small after all */
		err = create(thread, function, arg, detached, 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		debug("no thread: %s\n", strerrorname_np(err));
	else
		count(STAT_THREADS);
	return -err;
}

long thread_create(pthread_t *thread, void *(*function)(void *), int detached)
{
	return create_with(thread, function, NULL, detached);
}

static int threads(void)
{
	return __atomic_load_n(&engine.pool_threads, __ATOMIC_SEQ_CST);
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long not_before;		/* a thread was refused: atomic */
static int refusals;		/* since the last one was created: atomic */

static int most_threads(void)
{
	return engine.threads_max ? (int)engine.threads_max : THREADS_MAX;
}

/* May a thread be created now? */
static int may_grow(void)
{
	long wait = __atomic_load_n(&not_before, __ATOMIC_RELAXED);

	return threads() < most_threads() && (!wait || now() > wait);
}

/* Under the lock: is another thread needed, and allowed? */
static int grows(void)
{
	return !__atomic_load_n(&engine.pool_idle, __ATOMIC_SEQ_CST) &&
	       (engine.runnable || engine.natives || engine.held ||
		engine.chore) &&
	       may_grow();
}

/* Under the lock: is a thread besides this one in no call on a stream?  A
 * thread that is still starting counts: on a busy machine that takes long.  If
 * the program allows one thread only, that thread may sleep. */
static int another_is_left(void)
{
	int n = __atomic_load_n(&engine.pool_created, __ATOMIC_SEQ_CST);

	return n - engine.pool_in_streams > 1 || (n && engine.threads_max == 1);
}

static void *serve(void *unused);

static long add_thread(void)
{
	pthread_t thread;
	int n = threads();
	long err;

	do {				/* two threads may have seen room for one */
		if (n >= most_threads())
			return -EAGAIN;
	} while (!__atomic_compare_exchange_n(&engine.pool_threads, &n, n + 1, 0,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	/* The first has this thread's descriptors, but no number yet. */
	if (!n)
		__atomic_store_n(&number, (int)enter_kernel(__NR_gettid),
				 __ATOMIC_RELAXED);
	err = thread_create(&thread, serve, 1);
	__atomic_fetch_add(err ? &engine.pool_threads : &engine.pool_created,
			   err ? -1 : 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&not_before, err ? now() + AGAIN_NS : 0,
			 __ATOMIC_RELAXED);
	if (err)
		__atomic_fetch_add(&refusals, 1, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&refusals, 0, __ATOMIC_RELAXED);
	return err;
}

long pool_start(void)
{
	return threads() > 0 || !add_thread() ? 0 : -EAGAIN;
}

/* ---- waking ---- */

static int claim_idle(void)
{
	int n = __atomic_load_n(&engine.pool_idle, __ATOMIC_SEQ_CST);

	while (n > 0)
		if (__atomic_compare_exchange_n(&engine.pool_idle, &n, n - 1, 0,
						__ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return 1;
	return 0;
}

void pool_wake(void)
{
	if (!claim_idle())
		return;
	__atomic_fetch_add(&posts, 1, __ATOMIC_SEQ_CST);
	futex(&posts, FUTEX_WAKE, 1, NULL, 0);
}

/*
 * A request was put into the inbox: a thread must look there.  Wake an idle
 * thread.  Without one, all threads may be in calls that take long, so look
 * here.  1: a thread was woken or created.
 */
int pool_call(void)
{
	signals old;
	int grow;

	if (__atomic_load_n(&engine.pool_idle, __ATOMIC_SEQ_CST)) {
		old = block_signals();	/* no handler between the two steps */
		pool_wake();
		restore_signals(old);
		return 1;
	}
	old = engine_lock();
	grow = grows();
	engine_release(old);
	/* If no thread can be created, a busy one carries the request out later;
	 * nobody knows when. */
	for (int i = 0; grow && i < AT_ONCE; i++)
		if (!add_thread())
			return 1;
	return 0;
}

static int take_post(void)
{
	int n = __atomic_load_n(&posts, __ATOMIC_SEQ_CST);

	while (n > 0)
		if (__atomic_compare_exchange_n(&posts, &n, n - 1, 0,
						__ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return 1;
	return 0;
}

/*
 * Sleep until woken; the thread has counted itself idle.  0: the time is over.
 * A thread that wakes another takes it out of the count first.  So if the count
 * is 0 when the time is over, a post is on its way for this thread.  Or another
 * thread, which has just counted itself, takes the post; this thread then is
 * idle in its place, for the same time again.
 */
static int sleep_idle(const struct timespec *timeout)
{
	for (;;) {
		if (take_post())
			return 1;
		if (futex(&posts, FUTEX_WAIT, 0, timeout, 0) == -ETIMEDOUT &&
		    claim_idle())
			return 0;
	}
}

/* ---- a request ---- */

/* What one call transfers at most. */
static size_t length(const struct request *r)
{
	size_t rest = r->len - r->done;

	return rest < TRANSFER_MAX ? rest : TRANSFER_MAX;
}

/* `most` bytes of it at most. */
static long transfer(const struct request *r, size_t most)
{
	/* Atomic: aio_cancel may set another flag. */
	unsigned flags = __atomic_load_n(&r->flags, __ATOMIC_RELAXED);
	char *at = r->buf + r->done;
	size_t rest = length(r);
	off_t offset = r->offset + r->done;

	if (rest > most)
		rest = most;
	switch (r->op) {
	case OP_READ:
		return flags & NO_OFFSET ?
		       enter_kernel(__NR_read, r->fd, at, rest) :
		       enter_kernel(__NR_pread64, r->fd, at, rest, offset);
	case OP_WRITE:
		return flags & NO_OFFSET ?
		       enter_kernel(__NR_write, r->fd, at, rest) :
		       enter_kernel(__NR_pwrite64, r->fd, at, rest, offset);
	case OP_FSYNC:
		return enter_kernel(__NR_fsync, r->fd);
	default:
		return enter_kernel(__NR_fdatasync, r->fd);
	}
}

/* What a thread has taken to carry out: jobs of one descriptor. */
struct work {
	struct request *r[BATCH];
	long result[BATCH];
	unsigned n;
	struct descriptor *d;
	int native;			/* it was to go to the native context */
	int in_stream;			/* it may sleep for ever */
	int tries;			/* it must not: park it */
	int reads;			/* a stream: may be cut short */
	int writes;			/* to a stream, in parts */
	struct iovec vector;		/* of such a read */
	int thread;			/* that carries it out, or 0 */
	struct work *next;		/* another thread's */
};

/* Under the lock: r is a stream's. */
static void take_stream(struct work *w, struct request *r)
{
	w->tries = !another_is_left() &&
		   (r->flags & POLLABLE ||
		    __atomic_load_n(&refusals, __ATOMIC_RELAXED) <
			    REFUSALS_MAX);
	w->in_stream = !w->tries;
	engine.pool_in_streams += w->in_stream;
	if (w->tries)
		r->flags |= TRYING;
	if (!w->in_stream || !(r->flags & POLLABLE) || w->thread <= 0)
		return;
	w->reads = r->op == OP_READ && r->flags & NO_OFFSET;
	w->writes = r->op == OP_WRITE && r->len - r->done > PIPE_BUF;
	if (!w->reads)
		return;
	w->vector = (struct iovec){ r->buf, length(r) };
	r->flags &= ~CUT;
	r->wanted = &w->vector.iov_len;
	__atomic_store_n(&r->thread, w->thread, __ATOMIC_RELAXED);
}

/* Under the lock. */
static void take_work(struct work *w)
{
	struct request *r = job_take();

	w->n = 0;
	w->in_stream = w->tries = w->reads = w->writes = 0;
	if (!r)
		return;
	w->d = r->descriptor;
	w->r[w->n++] = r;
	if (r->flags & STREAM && r->op < OP_FSYNC && !(r->flags & NONBLOCK))
		take_stream(w, r);
	w->native = r->flags & TO_NATIVE && native_exists();
	if (w->native) {
		/* The request may end before io_submit returns. */
		fd_lane_leave(r->fd);
		r->where = NATIVE;
		native_add(r);
		return;
	}
	/* Take up to BATCH writes of a file to the page cache. */
	while (r->flags & EXCLUSIVE && w->n < BATCH &&
	       (r = w->d->jobs.first) && r->flags & EXCLUSIVE &&
	       !(r->flags & TO_NATIVE)) {
		request_unqueue(r);
		r->where = RUNNING;
		w->r[w->n++] = r;
	}
}

static struct pollfd poll_for(const struct request *r)
{
	return (struct pollfd){ r->fd, r->op == OP_READ ? POLLIN : POLLOUT, 0 };
}

/* Does the stream, the kernel or a filter not know this call? */
static int is_unknown(long err)
{
	return err == -EOPNOTSUPP || err == -ENOSYS || err == -EPERM ||
	       err == -EINVAL;
}

/* The call may sleep from now on.  0: the request is to end instead. */
static int may_sleep(struct request *r)
{
	int goes;

	engine_lock_only();
	goes = !r->by && !(r->flags & STOP && r->done);
	if (goes)
		r->flags &= ~TRYING;
	engine_unlock();
	return goes;
}

/*
 * Try a stream's request without waiting; -EAGAIN: it would wait.  The call
 * comes first, because poll does not report the errors that read(2) returns at
 * once (a socket that listens).  If the stream does not know the call and poll
 * reports nothing, the result is the error of the call.
 */
static long try_transfer(struct work *w)
{
	struct request *r = w->r[0];
	unsigned flags = __atomic_load_n(&r->flags, __ATOMIC_RELAXED);
	int reads = r->op == OP_READ;
	struct pollfd p = poll_for(r);
	struct iovec iov = { r->buf + r->done, r->len - r->done };
	struct timespec at_once = { 0 };
	long n;

	if (!(flags & POLLABLE))
		return -EAGAIN;
	n = -EOPNOTSUPP;
	if (iov.iov_len || reads)	/* an empty datagram is one, too */
		n = enter_kernel(reads ? __NR_preadv2 : __NR_pwritev2, r->fd,
				 &iov, 1, flags & NO_OFFSET ?
				 -1L : r->offset + (long)r->done, 0,
				 RWF_NOWAIT);
	if (!is_unknown(n))
		return n;
	if (!enter_kernel(__NR_ppoll, &p, 1, &at_once, NULL, 8))
		return n == -EOPNOTSUPP ? -EAGAIN : n;
	if (!may_sleep(r))
		return -EAGAIN;
	/* A pipe has room for a page. */
	return transfer(r, reads ? TRANSFER_MAX : PIPE_BUF);
}

/*
 * As read(2), which holds the file.  To cut it short, aio_cancel sets the length to
 * 0 and sends a signal: the kernel begins the call again, and it reads nothing,
 * also if the number is another file's by now (was_cut).
 */
static long read_stream(struct work *w)
{
	const struct request *r = w->r[0];
	long n = enter_kernel(__NR_readv, r->fd, &w->vector, 1);

	return n == -ENOSYS || n == -EPERM ? transfer(r, TRANSFER_MAX) : n;
}

/*
 * The signal with which libc interrupts the threads for setuid().  Its handler
 * is there when there is a second thread, and does nothing if libc did not send
 * the signal (si_code).  No pool thread blocks it, and no program can handle it.
 */
enum { SIGNAL = 33 };

int pool_may_interrupt(void)
{
	static const int calls[] = { __NR_rt_tgsigqueueinfo };
	uintptr_t action[16] = { 0 };	/* the kernel's: the handler comes first */

	return !enter_kernel(__NR_rt_sigaction, SIGNAL, NULL, action, 8) &&
	       action[0] != (uintptr_t)SIG_DFL &&
	       action[0] != (uintptr_t)SIG_IGN && sandbox_allows(calls, 1);
}

/* r->thread is alive: it needs the lock to end r. */
void pool_interrupt(struct request *r)
{
	siginfo_t info;

	if (r->wanted) {
		r->flags |= CUT;
		__atomic_store_n(r->wanted, 0, __ATOMIC_RELAXED);
	}
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	enter_kernel(__NR_rt_tgsigqueueinfo, info.si_pid, thread_of(r), SIGNAL,
		     &info);
}

/* The signal does not get through. */
void pool_let_go_on(struct request *r)
{
	if (r->wanted)
		__atomic_store_n(r->wanted, length(r), __ATOMIC_RELAXED);
}

/*
 * A stream that can be written to takes a part of a long write.  From then on a
 * signal ends the call.  A call that has written nothing must not be
 * interrupted: the kernel starts it again, and the number may be reused.
 */
static void may_be_interrupted(struct work *w)
{
	struct pollfd p = poll_for(w->r[0]);
	struct timespec at_once = { 0 };

	if (enter_kernel(__NR_ppoll, &p, 1, &at_once, NULL, 8) == 1 &&
	    p.revents == POLLOUT)
		__atomic_store_n(&w->r[0]->thread, w->thread, __ATOMIC_RELAXED);
}

/* A long write: leave it to a thread that is being created and may wait. */
static int is_better_later(const struct request *r)
{
	return r->op == OP_WRITE && r->len > PIPE_BUF && !r->done &&
	       threads() > __atomic_load_n(&engine.pool_created,
					   __ATOMIC_SEQ_CST);
}

/* Not under the lock. */
static void carry_out(struct work *w)
{
	if (w->native) {
		count(STAT_NATIVE);
		if (native_submit_waiting(w->r[0])) {
			w->n = 0;
			return;
		}
		w->result[0] = transfer(w->r[0], TRANSFER_MAX);
		return;
	}
	if (request_lost_file(w->r[0])) {
		w->result[0] = -EBADF;
		return;
	}
	if (w->tries) {
		request_know_file(w->r[0]);
		w->result[0] = is_better_later(w->r[0]) ? -EAGAIN :
							  try_transfer(w);
		if (w->result[0] == -ENOSYS || w->result[0] == -EPERM)
			w->result[0] = -EAGAIN;
		if (w->result[0] != -EAGAIN)
			count(STAT_POOL);
		return;
	}
	if (w->reads) {
		count(STAT_POOL);
		w->result[0] = read_stream(w);
		return;
	}
	/* setuid() may cut the call short. */
	if (w->in_stream)
		request_know_file(w->r[0]);
	if (w->writes)
		may_be_interrupted(w);
	for (unsigned i = 0; i < w->n; i++) {
		count(STAT_POOL);
		w->result[i] = transfer(w->r[i], TRANSFER_MAX);
	}
}

/* The call that was begun again had nothing to read; or its number has been
 * closed, or is that of a file that cannot be read. */
static int was_cut(long result)
{
	return !result || result == -EBADF || result == -EINVAL;
}

/* Under the lock: an aio_cancel may wait for the stream's request. */
static void answer(struct work *w)
{
	struct request *r = w->r[0];

	r->thread = 0;
	r->wanted = NULL;
	/* Cancelled; or refused, or the end of the stream: once more. */
	if (w->reads && r->flags & CUT && was_cut(w->result[0]))
		w->result[0] = -EINTR;
	r->flags &= ~(TRYING | CUT);
	if (w->tries && r->by && w->result[0] == -EAGAIN)
		w->result[0] = -ECANCELED;
}

static long pause_ns;		/* the last pause; guarded by the lock */

/* Under the lock. */
static void end_work(struct work *w)
{
	if (!w->d)
		return;
	engine.pool_in_streams -= w->in_stream;
	if (w->reads || w->writes || w->tries)
		answer(w);
	/* A write that was cancelled in the middle has ended. */
	if (w->tries && w->result[0] == -EAGAIN &&
	    !(w->r[0]->flags & STOP && w->r[0]->done)) {
		job_park(w->r[0]);
		w->d = NULL;
		w->n = 0;
		return;
	}
	if (w->tries)
		pause_ns = 0;
	job_done(w->d);
	w->d = NULL;
	if (w->native && w->n) {
		native_remove(w->r[0]);
		w->r[0]->where = RUNNING;
		w->r[0]->flags &= ~(EXCLUSIVE | TO_NATIVE);
	}
	for (unsigned i = 0; i < w->n; i++)
		request_completed(w->r[i], w->result[i]);
	w->n = 0;
}

/* ---- the thread ---- */

/* Something may arrive that no call of the program announces; or a write waits
 * for one that a thread for one request carries out. */
static int is_needed(void)
{
	return engine.natives || engine.held || engine.owed ||
	       __atomic_load_n(&owned, __ATOMIC_SEQ_CST) ||
	       engine.pool_in_streams || engine.telling.first ||
	       engine.groups_telling;
}

static struct work *threads_work;	/* guarded by the lock */
static __thread struct work *mine;

/* Under the lock. */
static void come(void)
{
	mine->next = threads_work;
	threads_work = mine;
	__atomic_store_n(&number, mine->thread, __ATOMIC_RELAXED);
}

/* Under the lock. */
static void go(void)
{
	struct work **at = &threads_work;

	while (*at && *at != mine)
		at = &(*at)->next;
	if (*at)			/* not in a child of fork */
		*at = mine->next;
	__atomic_store_n(&number, threads_work ? threads_work->thread : 0,
			 __ATOMIC_RELAXED);
}

/* A callback has ended its thread. */
static void leave_pool(void *unused)
{
	signals old = engine_lock();

	(void)unused;
	go();
	engine_release(old);
	__atomic_fetch_sub(&engine.pool_threads, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&engine.pool_created, 1, __ATOMIC_SEQ_CST);
}

/* Under the lock: leave, unless something was sent in this moment. */
static int leaves(void)
{
	engine_sweep();
	if (!__atomic_load_n(&engine.pool_idle, __ATOMIC_SEQ_CST) &&
	    is_needed())
		return 0;
	go();
	if (__atomic_sub_fetch(&engine.pool_threads, 1, __ATOMIC_SEQ_CST) ||
	    !__atomic_load_n(&engine.inbox, __ATOMIC_SEQ_CST)) {
		__atomic_fetch_sub(&engine.pool_created, 1, __ATOMIC_SEQ_CST);
		return 1;
	}
	come();
	__atomic_fetch_add(&engine.pool_threads, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Must another thread exist while this one carries out w?  One that is being
 * created is enough. */
static int leaves_nobody(const struct work *w)
{
	if (threads() > __atomic_load_n(&engine.pool_created, __ATOMIC_SEQ_CST))
		return 0;
	return w->tries || (w->d && !w->in_stream && engine.pool_in_streams &&
			    !another_is_left());
}

/* An idle thread must look into the native context: a request is held behind a
 * native one, which ends without anybody's call. */
static int polls(void)
{
	return engine.held && engine.natives;
}

/* The pause before the next look at the parked streams. */
static struct timespec next_pause(void)
{
	pause_ns = !pause_ns ? PAUSE_NS :
		   pause_ns < AGAIN_NS / 2 ? 2 * pause_ns : AGAIN_NS;
	return (struct timespec){ .tv_nsec = pause_ns };
}

static struct timespec idle_time(void)
{
	if (polls())
		return (struct timespec){ .tv_nsec = NATIVE_POLL_NS };
	if (engine.parked.first)
		return next_pause();
	if (engine.owed)
		return (struct timespec){ .tv_nsec = RETRY_NS };
	return (struct timespec){ .tv_sec = engine.idle_seconds };
}

static void *serve(void *unused)
{
	struct work w = { .thread = enter_kernel(__NR_gettid) };
	int expired = 0, rested = 1;

	(void)unused;
	prctl(PR_SET_NAME, "posixaio-pool");
	mine = &w;
	engine_lock_only();
	come();
	engine_unlock();
	for (;;) {
		struct request *told;
		struct group *groups;
		struct timespec idle;
		void (*chore)(void);
		int owed, grow, grown, busy;

		engine_lock_only();
		end_work(&w);
		native_reap();
		if (rested || another_is_left())
			jobs_unpark();
		rested = 0;
		take_work(&w);
		told = list_take(&engine.telling);
		groups = engine.groups_telling;
		engine.groups_telling = NULL;
		owed = engine.owed && (expired || told || groups);
		chore = engine.chore;
		engine.chore = NULL;
		busy = w.d || told || groups || owed || chore;
		/* Another idle thread may have gone to sleep for longer. */
		if (!busy && expired && !polls() && !engine.owed &&
		    !engine.parked.first && leaves()) {
			engine_unlock();
			return NULL;
		}
		engine.pool_look = busy && polls();	/* another one's turn */
		grow = busy && (grows() || (leaves_nobody(&w) && may_grow()));
		if (!busy)
			idle = idle_time();
		if (!busy)
			__atomic_fetch_add(&engine.pool_idle, 1,
					   __ATOMIC_SEQ_CST);
		engine_unlock();

		grown = grow && !add_thread();
		expired = 0;
		if (busy) {
			tell(told, groups);
			if (owed)
				tell_again(leave_pool);
			if (chore)
				chore();
			if (w.tries && grown)	/* retry: now it may wait */
				w.result[0] = -EAGAIN;
			else if (w.d)
				carry_out(&w);
			continue;
		}
		/* Another thread may have sent one while this one was busy. */
		rested = 1;
		if (__atomic_load_n(&engine.inbox, __ATOMIC_SEQ_CST) &&
		    claim_idle())
			continue;
		expired = !sleep_idle(&idle);
	}
}

/* ---- a thread for one request ---- */

/*
 * The number comes right after the first thread, and goes right before the last:
 * wait for that moment, but not for ever.  A signal handler may have interrupted
 * the thread that is to store it.
 */
int pool_thread(void)
{
	enum { LOOKS = 1000 };
	int n = 0;

	for (int i = 0; i < LOOKS && !n && threads(); i++) {
		if (i)
			sched_yield();
		n = __atomic_load_n(&number, __ATOMIC_SEQ_CST);
	}
	return n;
}

static struct request *own_request(uint32_t serial, unsigned index)
{
	struct request *r = request_adopted(index);

	return r && !request_is_stale(r) && r->serial == serial ? r : NULL;
}

/* With the descriptors of the thread that made the request.  The callback's
 * thread has them, too: it is started here. */
static void *serve_own(void *which)
{
	uint32_t serial = (uintptr_t)which >> 32;
	unsigned index = (uintptr_t)which;
	struct work w = { .n = 0 };
	struct request *r;

	prctl(PR_SET_NAME, "posixaio-own");
	__atomic_fetch_add(&engine.waiters, 1, __ATOMIC_SEQ_CST);
	do {
		int sequence = __atomic_load_n(&engine.sequence,
					       __ATOMIC_SEQ_CST);
		struct list others;
		struct request *told;
		struct group *groups, *of_others;

		engine_lock_only();
		others = engine.telling;
		of_others = engine.groups_telling;
		engine.telling.first = NULL;
		engine.groups_telling = NULL;
		end_work(&w);
		told = list_take(&engine.telling);
		groups = engine.groups_telling;
		engine.telling = others;
		engine.groups_telling = of_others;
		r = own_request(serial, index);
		if (r && r->where == OWNED) {
			job_take_own(r);
			w.d = r->descriptor;
			w.r[w.n++] = r;
		}
		engine_unlock();
		tell(told, groups);
		if (w.d)
			carry_out(&w);
		else if (r)		/* behind another request */
			futex(&engine.sequence, FUTEX_WAIT_BITSET, sequence,
			      NULL, ~HEIR);
	} while (r);
	__atomic_fetch_sub(&engine.waiters, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&owned, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* The request has been sent. */
long pool_add_own(uint32_t serial, unsigned index)
{
	uintptr_t which = (uintptr_t)serial << 32 | index;
	long err = -EAGAIN;
	pthread_t thread;

	if (__atomic_fetch_add(&owned, 1, __ATOMIC_SEQ_CST) < THREADS_MAX)
		err = create_with(&thread, serve_own, (void *)which, 1);
	if (err)
		__atomic_fetch_sub(&owned, 1, __ATOMIC_SEQ_CST);
	return err;
}

/* ---- in the worker ---- */

/* A request for the ring came between two workers, or the ring gave it back.  Its
 * caller relied on the worker, so the worker must call a pool thread. */
int pool_is_busy(void)
{
	int lacks = engine.demoted && engine.runnable && grows();

	engine.demoted = 0;
	return lacks;
}

int pool_is_missing(void)
{
	return engine.runnable && !threads();
}

int pool_leaves_parked(void)
{
	return engine.parked.first && !threads();
}

/* The worker carries out a job, because the pool has no thread.  A job of a
 * file may sleep. */
void pool_stand_in(int unpark)
{
	struct work w = { .n = 0 };

	if (!pool_start())
		return;
	engine_lock_only();
	if (unpark)
		jobs_unpark();
	take_work(&w);
	engine_unlock();
	if (w.d)
		carry_out(&w);
	engine_lock_only();
	end_work(&w);
	engine_unlock();
}

/* In the child of fork. */
void pool_forget(void)
{
	posts = 0;
	threads_work = NULL;
	number = 0;
	owned = 0;
}
