/* SPDX-License-Identifier: MIT */
/*
 * interface.c - the functions of <aio.h>
 *
 * An error in the arguments of the call (aio_reqprio, the opcode) is returned
 * by the call; an error of the operation (the descriptor, its mode, the offset)
 * by aio_error, as glibc does.
 *
 * aio_error, aio_return and aio_suspend may be called in a signal handler.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
#include "engine.h"

enum {
	INLINE_MAX = 64 << 10,		/* bytes that the caller copies itself */
	LARGE = 1 << 20,		/* not for a thread that others need */
	BATCH = 64,
	PRIORITY_MAX = 20,		/* AIO_PRIO_DELTA_MAX */
	NOT_TRIED = 2,			/* the caller has not tried to read */
};

/* ---- once per process ---- */

static const struct engine_hooks hooks = {
	.wake_worker = worker_wake,
	.wake_pool = pool_wake,
	.interrupt_leader = wait_interrupt_leader,
};

/* In the child of fork. */
static void forget(void)
{
	engine_forget();
	fd_forget();
	native_forget();
	wait_forget();
	worker_forget();
	pool_forget();
	notify_forget();
}

static void begin_once(void)
{
	stats_begin();
	worker_report();
	pthread_atfork(NULL, NULL, forget);
	__atomic_store_n(&engine.hooks, &hooks, __ATOMIC_RELEASE);
}

/* Before the first request, and before the first use of the lock. */
void library_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (!__atomic_load_n(&engine.hooks, __ATOMIC_ACQUIRE))
		pthread_once(&once, begin_once);
}

static int fail(int err)
{
	errno = err;
	return -1;
}

static int result(long err)
{
	return err < 0 ? fail(-err) : (int)err;
}

/* ---- a request ---- */

/* Native requests of one lio_listio, submitted together. */
struct batch {
	struct request *r[BATCH];
	unsigned n;
};

/* The notification was refused now: the pool sends it later. */
static void owe_at_once(const struct sigevent *sigev)
{
	signals old = engine_lock();

	owe(sigev);
	engine_release(old);
	pool_start();			/* or a later request starts the pool */
}

/* The operation needs no request: publish the result, and notify. */
static long done_at_once(struct aiocb *cb, long n)
{
	struct sigevent sigev;

	count(STAT_INLINE);
	if (names_no_signal(&cb->aio_sigevent))
		n = -EINVAL;
	if (cb->aio_sigevent.sigev_notify == SIGEV_NONE) {
		publish(cb, n);
		notify_descriptor();
		return 0;
	}
	sigev = cb->aio_sigevent;	/* after this the program owns cb again */
	publish(cb, n);
	notify_descriptor();
	if (notify(&sigev))
		owe_at_once(&sigev);
	return 0;
}

static long preadv_nowait(const struct aiocb *cb, size_t done, int flags)
{
	struct iovec iov = {
		(char *)cb->aio_buf + done, cb->aio_nbytes - done
	};

	return enter_kernel(__NR_preadv2, cb->aio_fildes, &iov, 1,
			    cb->aio_offset + done, 0, flags);
}

/*
 * A file of tmpfs: RWF_NOWAIT is not known, and a read waits for swap only.  Only
 * files in memory have seals; fstatfs might ask a server that does not answer.
 */
static int is_memory(int fd)
{
	return enter_kernel(__NR_fcntl, fd, F_GET_SEALS) >= 0;
}

/* Is there a write in flight of what cb reads?  Then cb waits for it. */
static int is_behind_write(const struct aiocb *cb)
{
	int behind;
	signals old;

	if (!fd_writes(cb->aio_fildes))
		return 0;
	old = engine_lock();
	behind = write_overlaps(cb->aio_fildes, cb->aio_offset, cb->aio_nbytes);
	engine_release(old);
	return behind;
}

/*
 * Linux 5.9 and 5.10 return 0 for a page that is to start a readahead.  So 0
 * is the end of the file only if no byte of the file is left to read.
 */
static int is_at_end(const struct aiocb *cb, size_t done)
{
	off_t size;

	return fd_is_regular(cb->aio_fildes, &size) &&
	       cb->aio_offset + (off_t)done >= size;
}

/*
 * Read what is in memory, without waiting.  1: that was all, and *n is the
 * result.  0: a thread must read the rest, after the first *n bytes.
 * -EOPNOTSUPP: as 0, and the file cannot be read without waiting.
 */
static int read_inline(const struct aiocb *cb, long *n)
{
	size_t done = 0;
	long got;

	for (;;) {
		got = preadv_nowait(cb, done, RWF_NOWAIT);
		if (got == -EOPNOTSUPP && is_memory(cb->aio_fildes))
			got = preadv_nowait(cb, done, 0);
		if (got > 0)
			done += got;
		if (done == cb->aio_nbytes)
			break;
		if (got == 0) {
			*n = done;
			return is_at_end(cb, done);
		}
		if (got < 0) {
			*n = done;	/* a thread finds out why */
			return got == -EOPNOTSUPP ? got : 0;
		}
		/* Short: the end of the file, or of what is in memory. */
		if (!fd_is_regular(cb->aio_fildes, NULL))
			break;
	}
	*n = done;
	return 1;
}

/*
 * May this request be a native one?  It notifies nobody of its end, and a read
 * is not long: the caller submits it, and io_submit takes 0.1 ms per MiB.
 */
static int fits_native(const struct aiocb *cb, int op, int kind,
		       const struct group *g)
{
	if (!(kind & FD_DIRECT) || kind & FD_STREAM || op >= OP_FSYNC ||
	    (op == OP_WRITE && kind & FD_APPEND) ||
	    (op == OP_READ && cb->aio_nbytes > LARGE))
		return 0;
	if (cb->aio_sigevent.sigev_notify == SIGEV_SIGNAL ||
	    cb->aio_sigevent.sigev_notify == SIGEV_THREAD || (g && g->notify))
		return 0;
	return native_setup();
}

/* Submit n reads to the context; what it does not take goes to a thread. */
static void submit_native(struct request **r, unsigned n)
{
	unsigned done = native_submit(r, n);
	signals old;

	if (done == n)
		return;
	old = engine_lock();
	for (; done < n; done++) {
		if (request_is_stale(r[done]))
			continue;
		native_remove(r[done]);
		request_ready(r[done]);
	}
	engine_release(old);
	pool_call();
}

static void flush(struct batch *b)
{
	submit_native(b->r, b->n);
	b->n = 0;
}

static void start_native(struct request *r, struct batch *b)
{
	request_send(r, NATIVE);
	if (!b) {
		submit_native(&r, 1);
		return;
	}
	b->r[b->n++] = r;
	if (b->n == BATCH)
		flush(b);
}

/*
 * Send it to the worker or the pool.  Either may have ended for lack of work
 * since this call asked for it; but before it ends it looks into the inbox.
 */
static void start_in_thread(struct request *r, struct aiocb *cb)
{
	unsigned index = r->index, flags = r->flags;
	uint32_t serial = r->serial;
	int fd = r->fd;
	signals old;

	request_send(r, HELD);
	if (flags & OWN) {
		/* No other thread may do it: its file would be another. */
		if (!pool_add_own(serial, index))
			return;
	} else if (flags & VIA_RING && (worker_runs() || !worker_start())) {
		return;
	} else if (!pool_start()) {
		/* A thread that works on another write looks into the inbox. */
		if (!(flags & EXCLUSIVE && fd_lane_is_shared(fd)))
			pool_call();
		return;
	}
	old = engine_lock();
	r = request_still(index, cb);
	if (r && !request_is_stale(r) &&
	    (request_waits(r) || r->where == HELD)) {
		request_unqueue(r);
		request_end(r, -EAGAIN);
	}
	engine_release(old);
}

/*
 * The flags for cb's request on a descriptor of this kind.
 *
 * O_DIRECT goes through the ring only where no thread of the pool can be made.  If
 * the ring breaks, its thread ends, and the kernel copies nothing more for it.  But
 * a disk goes on with what it has begun, and no call tells when it is done: it could
 * write to the buffer of a request that the pool has carried out and ended.
 */
static unsigned flags_of(const struct aiocb *cb, int op, int kind, int native)
{
	unsigned flags = kind & FD_NONBLOCK ? NONBLOCK : 0;

	if (kind & FD_STREAM) {
		flags |= STREAM | ORDERED | (kind & FD_NOSEEK ? NO_OFFSET : 0);
		if (op < OP_FSYNC &&
		    fd_is_pollable(cb->aio_fildes, kind, op == OP_WRITE))
			flags |= POLLABLE | (kind & FD_DEVICE ? 0 : VIA_RING);
		return flags;
	}
	if (op == OP_READ)
		return flags | (cb->aio_nbytes > LARGE || kind & FD_DIRECT ?
				0 : VIA_RING);
	if (op != OP_WRITE)
		return flags;
	flags |= COUNTED;
	if (kind & FD_APPEND)
		flags |= ORDERED;
	if (native)
		flags |= EXCLUSIVE | TO_NATIVE;
	else if (!(kind & (FD_DIRECT | FD_DSYNC)))
		flags |= EXCLUSIVE;
	return flags;
}

/* Start the threads that the request needs.  Callbacks and native requests need
 * one of the pool; everything else needs the pool or the worker. */
static int have_threads(const struct aiocb *cb, unsigned *flags, int *native)
{
	int callback = cb->aio_sigevent.sigev_notify == SIGEV_THREAD;

	if (*flags & VIA_RING && worker_start())
		*flags &= ~VIA_RING;
	if (*flags & VIA_RING && !callback)
		return 1;
	if (!pool_start())
		return 1;
	/* The pool has no thread: every request can go through the ring. */
	if (worker_start())
		return 0;
	*flags &= ~(EXCLUSIVE | TO_NATIVE);
	*flags |= VIA_RING;
	*native = 0;
	return 1;
}

/*
 * The library's threads have the descriptors of the thread that created them.  If
 * this one has others (it has called unshare(CLONE_FILES), or close_range with
 * CLOSE_RANGE_UNSHARE), the request needs a thread of its own.  glibc creates one
 * in the caller, too, while its others wait; so ask while requests wait.
 */
static int is_foreign(int fd, unsigned flags)
{
	int thread;

	if (!__atomic_load_n(&engine.streams, __ATOMIC_RELAXED))
		return 0;
	thread = flags & VIA_RING ? worker_thread() : pool_thread();
	return thread > 0 && !fd_is_shared(fd, thread, sandbox_mode());
}

static void enter(struct request *r, unsigned flags)
{
	if (flags & STREAM)
		__atomic_fetch_add(&engine.streams, 1, __ATOMIC_RELAXED);
	if (flags & COUNTED)
		fd_write_enter(r->fd);
	if (flags & EXCLUSIVE)
		fd_lane_enter(r->fd);
}

/* Read in the caller what is in memory.  Returns as read_inline(). */
static int inline_is_enough(const struct aiocb *cb, int kind, long *n)
{
	if (kind & (FD_DIRECT | FD_STREAM) || is_behind_write(cb))
		return NOT_TRIED;
	return read_inline(cb, n);
}

/*
 * A file without RWF_NOWAIT is read by the pool.  The ring might wait until
 * poll(2) reports the file, although read(2) would not wait (a message queue).
 */
static int fits_ring(const struct aiocb *cb, int answer)
{
	struct aiocb one = *cb;
	char byte;

	one.aio_buf = &byte;
	one.aio_nbytes = 1;
	if (answer == NOT_TRIED)
		answer = preadv_nowait(&one, 0, RWF_NOWAIT);
	return answer != -EOPNOTSUPP;
}

/*
 * Start one request.  0: aio_error reports the rest.  Or why it was not
 * started: -EINVAL for its priority, -EAGAIN: no memory, or no thread.
 */
static long start(struct aiocb *cb, int op, struct group *g, struct batch *b)
{
	unsigned flags, forks = engine.forks;
	struct request *r;
	int kind, inlined, native, answer = NOT_TRIED;
	long n = 0;

	if (op < OP_FSYNC &&
	    (cb->aio_reqprio < 0 || cb->aio_reqprio > PRIORITY_MAX)) {
		publish(cb, -EINVAL);
		return -EINVAL;
	}
	inlined = op == OP_READ && cb->aio_offset >= 0 &&
		  cb->aio_nbytes <= INLINE_MAX && cb->aio_fildes >= 0;
	if (inlined && fd_known_buffered(cb->aio_fildes)) {
		answer = inline_is_enough(cb, 0, &n);
		if (answer == 1)
			return done_at_once(cb, n);
		inlined = 0;
	}
	/* For every file, also one that cannot seek: as pread(2) and glibc. */
	if (op < OP_FSYNC && cb->aio_offset < 0)
		return done_at_once(cb, -EINVAL);
	kind = fd_kind(cb->aio_fildes);
	if (kind < 0)
		return op < OP_FSYNC ? done_at_once(cb, kind) : kind;
	if (inlined && !(kind & (FD_DIRECT | FD_STREAM))) {
		fd_know_buffered(cb->aio_fildes);
		answer = inline_is_enough(cb, kind, &n);
		if (answer == 1)
			return done_at_once(cb, n);
	}
	if (op < OP_FSYNC && cb->aio_nbytes > SSIZE_MAX)
		return done_at_once(cb, -EINVAL);

	native = fits_native(cb, op, kind, g);
	flags = flags_of(cb, op, kind, native);
	if (flags & VIA_RING && !(flags & STREAM) && !fits_ring(cb, answer))
		flags &= ~VIA_RING;
	/* Allocate first: a thread's stack may take the rest (RLIMIT_AS). */
	r = request_new(cb, op, flags, g);
	if (r && !have_threads(cb, &flags, &native)) {
		request_drop(r, forks);
		r = NULL;
	}
	if (!r) {
		publish(cb, -EAGAIN);
		return -EAGAIN;
	}
	if (is_foreign(cb->aio_fildes, flags)) {
		flags &= ~(VIA_RING | POLLABLE | EXCLUSIVE | TO_NATIVE);
		flags |= OWN;
		native = 0;
	}
	r->flags = flags;
	r->forks = forks;
	if (!request_is_stale(r))
		enter(r, flags);
	r->done = n;
	cb->__policy = native;
	/* Before the end: glibc, too, has tried what fails without an offset. */
	cb->__return_value = native ? (long)cb->aio_nbytes :
			     flags & NO_OFFSET ? -1 : 0;
	__atomic_store_n(word_of(cb), in_progress(r->serial), __ATOMIC_RELEASE);
	if (native && op == OP_READ && !is_behind_write(cb))
		start_native(r, b);
	else
		start_in_thread(r, cb);
	return 0;
}

API int aio_read(struct aiocb *cb)
{
	library_begin();
	return result(start(cb, OP_READ, NULL, NULL));
}

API int aio_write(struct aiocb *cb)
{
	library_begin();
	return result(start(cb, OP_WRITE, NULL, NULL));
}

API int aio_fsync(int op, struct aiocb *cb)
{
	if (op != O_SYNC && op != O_DSYNC)
		return fail(EINVAL);
	library_begin();
	return result(start(cb, op == O_SYNC ? OP_FSYNC : OP_FDATASYNC, NULL,
			    NULL));
}

/* ---- what became of it ---- */

API int aio_error(const struct aiocb *cb)
{
	int err;

	err = status(cb);
	if (err == EINPROGRESS && cb->__policy) {
		if (!native_end((struct aiocb *)cb))
			native_look();
		err = status(cb);
	}
	return err;
}

API ssize_t aio_return(struct aiocb *cb)
{
	/* A native request ends when somebody asks: it may be the first time. */
	return aio_error(cb) == EINPROGRESS && cb->__policy ?
	       0 : __atomic_load_n(&cb->__return_value, __ATOMIC_RELAXED);
}

API int aio_suspend(const struct aiocb *const list[], int n,
		    const struct timespec *timeout)
{
	struct wanted w = { .list = list, .n = n, .timeout = timeout };

	pthread_testcancel();
	if (n < 0)
		return fail(EINVAL);
	return result(wait_for(&w));
}

/* ---- aio_cancel ---- */

/* Blocked in the kernel, can it be taken out of there?  Not of a ring that broke:
 * nobody would answer. */
static int may_be_cancelled(const struct request *r)
{
	if (r->where == RUNNING && thread_of(r))
		return 1;
	if (!(r->where == RING && worker_runs()) &&
	    !(r->where == RUNNING && r->flags & TRYING))
		return 0;
	if (r->op == OP_WRITE)		/* none of it, or what is left of it */
		return r->flags & STREAM && r->done;
	return r->op == OP_READ && r->flags & STREAM;
}

static void cancel_one(struct request *r, struct cancelling *c)
{
	if (r->where == HELD) {
		r->by = c;
		c->left++;
		request_end(r, -ECANCELED);
	} else if (request_waits(r) &&
		   (r->op != OP_WRITE || !r->done || r->flags & STREAM)) {
		/* What a stream has taken already makes a short write. */
		r->by = c;
		c->left++;
		request_unqueue(r);
		request_end(r, r->op == OP_WRITE && r->done ? (long)r->done :
							      -ECANCELED);
	} else if (r->by || !may_be_cancelled(r)) {
		request_stop(r);
		c->refused++;
	} else {
		r->by = c;
		c->left++;
		if (r->where == RUNNING && thread_of(r))
			c->running[r->op] = r;
		if (r->where == RUNNING)
			return;		/* its thread answers */
		r->next_cancel = engine.cancels;
		engine.cancels = r;
	}
}

API int aio_cancel(int fd, struct aiocb *cb)
{
	struct cancelling c = { 0 };
	struct request *r, *later;
	unsigned left;
	int runs;
	signals old;

	library_begin();
	if (enter_kernel(__NR_fcntl, fd, F_GETFD) < 0)
		return fail(EBADF);
	if (cb && cb->aio_fildes != fd)
		return fail(EINVAL);
	if (cb && status(cb) != EINPROGRESS)
		return AIO_ALLDONE;
	old = engine_lock();
	native_reap();
	if (cb) {
		r = request_of(cb);
		if (r)
			cancel_one(r, &c);
		else if (status(cb) == EINPROGRESS)
			c.refused++;	/* it is being made, or ended */
	} else {
		/* Backwards: the end of one starts the next behind it. */
		for (r = last_of(fd); r; r = later) {
			later = r->earlier;
			cancel_one(r, &c);
		}
	}
	left = c.left;			/* under the lock: c may be written to */
	runs = c.running[OP_READ] || c.running[OP_WRITE];
	engine_release(old);
	if (left)
		wait_for_cancelling(&c, runs);
	return c.refused ? AIO_NOTCANCELED : c.done ? AIO_CANCELED : AIO_ALLDONE;
}

/* ---- lio_listio ---- */

static int opcode(const struct aiocb *cb)
{
	return cb->aio_lio_opcode == LIO_READ ? OP_READ :
	       cb->aio_lio_opcode == LIO_WRITE ? OP_WRITE : -1;
}

/* Start all.  0, or why the last one that could not be started was not. */
static long start_list(struct aiocb *const list[], int n, struct group *g)
{
	struct batch b = { .n = 0 };
	long err = 0;

	for (int i = 0; i < n; i++) {
		struct aiocb *cb = list[i];
		long e;

		if (!cb || cb->aio_lio_opcode == LIO_NOP)
			continue;
		if (opcode(cb) < 0)
			e = done_at_once(cb, -EINVAL);
		else
			e = start(cb, opcode(cb), g, &b);
		if (e)
			err = e;
	}
	flush(&b);
	return err;
}

/* No request is started: each reports EAGAIN, as one that cannot be started. */
static long refuse_list(struct aiocb *const list[], int n)
{
	for (int i = 0; i < n; i++)
		if (list[i] && list[i]->aio_lio_opcode != LIO_NOP)
			publish(list[i], -EAGAIN);
	return -EAGAIN;
}

static void leave_group(struct group *g)
{
	int tells = g->notify;
	signals old = engine_lock();

	group_leave(g);
	engine_release(old);
	/* If this was the last to leave, the pool starts the callback's thread.  Not
	 * before: its last thread might have left meanwhile.  If it has none now,
	 * the next request's does. */
	if (tells)
		pool_start();
}

static long wait_for_list(struct aiocb *const list[], int n, struct group *g)
{
	struct wanted w = {
		.list = (const struct aiocb *const *)list, .n = n, .group = g,
	};
	long err = wait_for(&w);

	for (int i = 0; !err && i < n; i++)
		if (list[i] && list[i]->aio_lio_opcode != LIO_NOP &&
		    status(list[i]))
			err = -EIO;
	return err;
}

API int lio_listio(int how, struct aiocb *const list[], int n,
		   struct sigevent *sigev)
{
	struct group *g;
	signals old;
	long err;

	if ((how != LIO_WAIT && how != LIO_NOWAIT) || n < 0)
		return fail(EINVAL);
	library_begin();
	if (how == LIO_WAIT)
		pthread_testcancel();
	old = engine_lock();
	g = group_new();
	engine_release(old);
	if (!g)
		return result(refuse_list(list, n));
	if (how == LIO_NOWAIT && sigev &&
	    (sigev->sigev_notify == SIGEV_SIGNAL ||
	     sigev->sigev_notify == SIGEV_THREAD)) {
		g->sigev = *sigev;
		g->notify = 1;
	}
	err = start_list(list, n, g);
	if (how == LIO_WAIT) {
		long waited;

		if (err == -EINVAL)	/* it is the entry's own */
			err = -EIO;
		pthread_cleanup_push((void (*)(void *))leave_group, g);
		waited = wait_for_list(list, n, g);
		pthread_cleanup_pop(0);
		if (waited)
			err = waited;
	}
	leave_group(g);
	return result(err);
}

API void aio_init(const struct aioinit *init)
{
	if (init->aio_threads > 0)
		engine.threads_max = init->aio_threads;
	if (init->aio_idle_time > 0) {
		engine.idle_seconds = init->aio_idle_time;
		notify_idle(init->aio_idle_time);
	}
}

/* ---- the same names with 64: on these processors off_t is 64 bits wide ---- */

API int aio_read64(struct aiocb64 *cb)
{
	return aio_read((struct aiocb *)cb);
}

API int aio_write64(struct aiocb64 *cb)
{
	return aio_write((struct aiocb *)cb);
}

API int aio_fsync64(int op, struct aiocb64 *cb)
{
	return aio_fsync(op, (struct aiocb *)cb);
}

API int aio_error64(const struct aiocb64 *cb)
{
	return aio_error((const struct aiocb *)cb);
}

API ssize_t aio_return64(struct aiocb64 *cb)
{
	return aio_return((struct aiocb *)cb);
}

API int aio_suspend64(const struct aiocb64 *const list[], int n,
		      const struct timespec *timeout)
{
	return aio_suspend((const struct aiocb *const *)list, n, timeout);
}

API int aio_cancel64(int fd, struct aiocb64 *cb)
{
	return aio_cancel(fd, (struct aiocb *)cb);
}

API int lio_listio64(int how, struct aiocb64 *const list[], int n,
		     struct sigevent *sigev)
{
	return lio_listio(how, (struct aiocb *const *)list, n, sigev);
}
