/* SPDX-License-Identifier: MIT */
/*
 * interface.c - the functions of <aio.h>
 *
 * What is wrong with the arguments of the call (aio_reqprio, the opcode) is
 * returned by the call; what is wrong with the operation (the descriptor, its
 * mode, the offset) by aio_error, as glibc does.
 *
 * aio_error, aio_return and aio_suspend may be called in a signal handler.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/magic.h>
#include "engine.h"
#include "../../uring/why.h"

enum {
	INLINE_MAX = 64 << 10,		/* bytes that the caller copies itself */
	BATCH = 64,
	PRIORITY_MAX = 20,		/* AIO_PRIO_DELTA_MAX */
};

/* ---- io_uring or glibc, once and for all ---- */

enum { UNDECIDED, OURS, GLIBC };
static int mode;

static void decide(void)
{
	const char *debug = secure_getenv("POSIXAIO_DEBUG");
	long err = worker_probe();

	pthread_atfork(NULL, NULL, engine_forget);
	if (err)
		fallback_find();
	if (debug && *debug && *debug != '0') {
		if (err)
			fprintf(stderr, "posixaio: glibc's threads: %s\n",
				ring_why(err));
		else
			fprintf(stderr, "posixaio: io_uring\n");
	}
	__atomic_store_n(&mode, err && fallback.read ? GLIBC : OURS,
			 __ATOMIC_RELEASE);
}

static int use_glibc(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int m = __atomic_load_n(&mode, __ATOMIC_ACQUIRE);

	if (m == UNDECIDED) {
		pthread_once(&once, decide);
		m = mode;
	}
	return m == GLIBC;
}

/* For functions that make no request: nothing was decided, nothing is there. */
static int is_glibc(void)
{
	return __atomic_load_n(&mode, __ATOMIC_ACQUIRE) == GLIBC;
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

/*
 * The lock, with the worker running: it may have gone meanwhile for want of
 * work.
 */
static long lock_with_worker(signals *old)
{
	long err;

	for (;;) {
		*old = engine_lock();
		if (worker_runs())
			return 0;
		engine_release(*old);
		err = worker_start();
		if (err)
			return err;
	}
}

/* Told later, by the worker: there was no room now. */
static void owe_at_once(const struct sigevent *sigev)
{
	signals old;

	/* No worker: then by the one of a later request. */
	if (lock_with_worker(&old))
		old = engine_lock();
	owe(sigev);
	engine_release(old);
}

/* Done without a request: the result, and its notification. */
static long done_at_once(struct aiocb *cb, long n)
{
	struct sigevent sigev;

	if (cb->aio_sigevent.sigev_notify == SIGEV_NONE) {
		publish(cb, n);
		return 0;
	}
	sigev = cb->aio_sigevent;	/* cb is the program's again after this */
	publish(cb, n);
	if (notify(&sigev) == -EAGAIN)
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

static int is_memory(int fd)		/* tmpfs: no NOWAIT, and no waiting */
{
	struct statfs st;

	return !enter_kernel(__NR_fstatfs, fd, &st) && st.f_type == TMPFS_MAGIC;
}

static int is_regular(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

/*
 * Read what is in memory, without waiting.  1: that was all, and *n is the
 * result; 0: the worker must do it, but for *n bytes.
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
		if (got == 0 || done == cb->aio_nbytes)
			break;
		if (got < 0) {
			*n = done;
			if (done || got == -EAGAIN || got == -EOPNOTSUPP ||
			    got == -ENOSYS || got == -EINTR || got == -ESPIPE)
				return 0;
			*n = got;
			return 1;
		}
		/* Short: the end of the file, or of what is in memory. */
		if (!is_regular(cb->aio_fildes))
			break;
	}
	*n = done;
	return 1;
}

/* May this request be a native one?  Nobody is there to notify of its end. */
static int fits_native(const struct aiocb *cb, int op, int kind,
		       const struct group *g)
{
	if (!(kind & KIND_DIRECT) || kind & KIND_STREAM || op >= OP_FSYNC ||
	    (op == OP_WRITE && kind & KIND_APPEND) || !native_setup())
		return 0;
	if (cb->aio_sigevent.sigev_notify == SIGEV_SIGNAL ||
	    cb->aio_sigevent.sigev_notify == SIGEV_THREAD || (g && g->notify))
		return 0;
	/* Past RLIMIT_FSIZE the submitter gets SIGXFSZ, not for an aio_write. */
	return op == OP_READ || !(kind & KIND_LIMITED);
}

/* The native way for n requests; what it does not take goes to the worker. */
static void submit_native(struct request **r, unsigned n)
{
	unsigned done = native_submit(r, n);
	signals old;
	long err;

	if (done == n)
		return;
	err = lock_with_worker(&old);
	if (err)
		old = engine_lock();
	for (; done < n; done++) {
		engine.natives--;
		if (err) {
			request_end(r[done], -EAGAIN);
			continue;
		}
		r[done]->where = HELD;
		request_start(r[done]);
	}
	engine_release(old);
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

/* To the worker, which runs, unless it has just gone for want of work. */
static void start_in_worker(struct request *r, struct aiocb *cb)
{
	unsigned index = r->index;
	signals old;

	request_send(r, HELD);
	/* After the sending: the worker looks there once more as it goes. */
	if (worker_runs() || !worker_start())
		return;
	old = engine_lock();
	r = request_still(index, cb);	/* or another's worker has ended it */
	if (r && r->where == READY)
		list_remove(&engine.ready, r);
	if (r && (r->where == READY || r->where == HELD))
		request_end(r, -EAGAIN);
	engine_release(old);
}

/* How the engine is to treat a request on a descriptor of this kind. */
static unsigned flags_of(const struct aiocb *cb, int op, int kind)
{
	unsigned flags = kind & KIND_NONBLOCK ? NONBLOCK : 0;

	if (kind & KIND_STREAM)
		return flags | STREAM | ORDERED;
	if (op != OP_WRITE)
		return flags;
	if (kind & KIND_APPEND)
		flags |= ORDERED;
	if (!(kind & (KIND_DIRECT | KIND_DSYNC)) &&
	    cb->aio_nbytes <= INLINE_MAX)
		flags |= PLAIN;
	return flags;
}

/*
 * Start one request.  0: aio_error tells the rest; or why there is none:
 * -EINVAL for its priority, -EAGAIN: no memory, or no thread.
 */
static long start(struct aiocb *cb, int op, struct group *g, struct batch *b)
{
	struct request *r = NULL;
	int kind, inlined, native;
	long n = 0;

	if (op < OP_FSYNC &&
	    (cb->aio_reqprio < 0 || cb->aio_reqprio > PRIORITY_MAX)) {
		publish(cb, -EINVAL);
		return -EINVAL;
	}
	inlined = op == OP_READ && cb->aio_offset >= 0 &&
		  cb->aio_nbytes <= INLINE_MAX && cb->aio_fildes >= 0;
	if (inlined && known_buffered(cb->aio_fildes)) {
		if (read_inline(cb, &n))
			return done_at_once(cb, n);
		inlined = 0;
	}
	kind = kind_of(cb->aio_fildes);
	if (kind < 0)
		return op < OP_FSYNC ? done_at_once(cb, kind) : kind;
	if (inlined && !(kind & KIND_DIRECT)) {
		know_buffered(cb->aio_fildes);
		if (read_inline(cb, &n))
			return done_at_once(cb, n);
	}
	if (op < OP_FSYNC && (cb->aio_nbytes > SSIZE_MAX ||
			      (cb->aio_offset < 0 && !(kind & KIND_STREAM))))
		return done_at_once(cb, -EINVAL);

	native = fits_native(cb, op, kind, g);
	cb->__policy = native;
	if (native || worker_runs() || !worker_start())
		r = request_new(cb, op, native ? 0 : flags_of(cb, op, kind), g);
	if (!r) {
		publish(cb, -EAGAIN);
		return -EAGAIN;
	}
	if (kind_enter(r->fd))
		r->flags |= COUNTED;
	r->done = n;
	cb->__return_value = native ? (long)cb->aio_nbytes : 0;
	__atomic_store_n(word_of(cb), in_progress(r->serial), __ATOMIC_RELEASE);
	if (native)
		start_native(r, b);
	else
		start_in_worker(r, cb);
	return 0;
}

API int aio_read(struct aiocb *cb)
{
	if (use_glibc())
		return fallback.read(cb);
	return result(start(cb, OP_READ, NULL, NULL));
}

API int aio_write(struct aiocb *cb)
{
	if (use_glibc())
		return fallback.write(cb);
	return result(start(cb, OP_WRITE, NULL, NULL));
}

API int aio_fsync(int op, struct aiocb *cb)
{
	if (op != O_SYNC && op != O_DSYNC)
		return fail(EINVAL);
	if (use_glibc())
		return fallback.fsync(op, cb);
	return result(start(cb, op == O_SYNC ? OP_FSYNC : OP_FDATASYNC, NULL,
			    NULL));
}

/* ---- what became of it ---- */

API int aio_error(const struct aiocb *cb)
{
	int err;

	if (is_glibc())
		return fallback.error(cb);
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
	if (is_glibc())
		return fallback.ret(cb);
	return status(cb) == EINPROGRESS ? 0 : cb->__return_value;
}

API int aio_suspend(const struct aiocb *const list[], int n,
		    const struct timespec *timeout)
{
	struct wanted w = { .list = list, .n = n, .timeout = timeout };

	if (is_glibc())
		return fallback.suspend(list, n, timeout);
	pthread_testcancel();
	if (n < 0 || (timeout && (timeout->tv_nsec < 0 ||
				  timeout->tv_nsec > 999999999)))
		return fail(EINVAL);
	return result(wait_for(&w));
}

/* ---- aio_cancel ---- */

/* Blocked in the kernel, can it be taken out of there? */
static int may_be_cancelled(const struct request *r)
{
	struct stat st;

	if (r->where != RING)
		return 0;
	if (r->op == OP_WRITE)		/* none of it, or what is left of it */
		return r->flags & STREAM && r->done;
	if (r->op != OP_READ)
		return 0;
	return r->flags & STREAM || (!fstat(r->fd, &st) &&
				     !S_ISREG(st.st_mode) &&
				     !S_ISBLK(st.st_mode));
}

static void cancel_one(struct request *r, struct cancelling *c)
{
	if (r->where == HELD) {
		r->by = c;
		c->left++;
		request_end(r, -ECANCELED);
	} else if (r->where == READY &&
		   (r->op != OP_WRITE || !r->done || r->flags & STREAM)) {
		/* What a stream has taken already makes a short write. */
		r->by = c;
		c->left++;
		list_remove(&engine.ready, r);
		request_end(r, r->op == OP_WRITE && r->done ? (long)r->done :
							      -ECANCELED);
	} else if (r->by || !may_be_cancelled(r)) {
		request_stop(r);
		c->refused++;
	} else {
		r->by = c;
		c->left++;
		r->next_cancel = engine.cancels;
		engine.cancels = r;
	}
}

API int aio_cancel(int fd, struct aiocb *cb)
{
	struct cancelling c = { 0 };
	struct request *r, *later;
	unsigned left;
	signals old;

	if (use_glibc())
		return fallback.cancel(fd, cb);
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
	engine_release(old);
	if (left)
		wait_for_cancelling(&c);
	return c.refused ? AIO_NOTCANCELED : c.done ? AIO_CANCELED : AIO_ALLDONE;
}

/* ---- lio_listio ---- */

static int opcode(const struct aiocb *cb)
{
	return cb->aio_lio_opcode == LIO_READ ? OP_READ :
	       cb->aio_lio_opcode == LIO_WRITE ? OP_WRITE : -1;
}

/* Start all; how many could not be, and the last reason. */
static int start_list(struct aiocb *const list[], int n, struct group *g,
		      long *err)
{
	struct batch b = { .n = 0 };
	int failed = 0;

	for (int i = 0; i < n; i++) {
		struct aiocb *cb = list[i];
		long e;

		if (!cb || cb->aio_lio_opcode == LIO_NOP)
			continue;
		if (opcode(cb) < 0)
			publish(cb, e = -EINVAL);
		else
			e = start(cb, opcode(cb), g, &b);
		if (e) {
			*err = e;
			failed++;
		}
	}
	flush(&b);
	return failed;
}

static void leave_group(struct group *g)
{
	signals old;

	/* If we are the last, the worker starts the callback's thread. */
	if (!g->notify || lock_with_worker(&old))
		old = engine_lock();
	group_leave(g);
	engine_release(old);
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
	long err = 0;

	if ((how != LIO_WAIT && how != LIO_NOWAIT) || n < 0)
		return fail(EINVAL);
	if (use_glibc())
		return fallback.listio(how, list, n, sigev);
	if (how == LIO_WAIT)
		pthread_testcancel();
	old = engine_lock();
	g = group_new();
	engine_release(old);
	if (!g)
		return fail(EAGAIN);
	if (how == LIO_NOWAIT && sigev &&
	    (sigev->sigev_notify == SIGEV_SIGNAL ||
	     sigev->sigev_notify == SIGEV_THREAD)) {
		g->sigev = *sigev;
		g->notify = 1;
	}
	if (start_list(list, n, g, &err))
		err = err == -EAGAIN ? -EAGAIN : -EIO;
	if (how == LIO_WAIT) {
		long waited;

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
	if (use_glibc() && fallback.init) {
		fallback.init(init);
		return;
	}
	if (init->aio_idle_time > 0)
		engine.idle_seconds = init->aio_idle_time;
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
