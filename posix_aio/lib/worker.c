/* SPDX-License-Identifier: MIT */
/*
 * worker.c - the library's thread and its io_uring
 *
 * One thread for all descriptors, with all signals blocked, started by the
 * first request that needs it.  It takes what is ready, submits it in one
 * io_uring_enter, sleeps in one, and ends what has completed, a batch under
 * one lock.  After idle_seconds without work it goes, and its ring with it, so
 * that a process whose other threads have all ended can end.
 *
 * Buffered writes to a disk's file system have no NOWAIT (ext4), so io_uring
 * gives each to another thread of the kernel.  While the worker has nothing
 * else in its hands, nobody can wait behind such a write, and it does them
 * itself; when one takes long (the kernel slows down who dirties too many
 * pages) it leaves the next to io_uring for a while.
 *
 * The ring is bound to this thread (SINGLE_ISSUER, DEFER_TASKRUN), its work is
 * done in our own io_uring_enter.  Where the kernel can do that, its descriptor
 * is registered and then closed: the program does not see it and cannot close
 * it.  The bell is a word that the ring waits for (FUTEX_WAIT, Linux 6.7), or
 * an eventfd.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "engine.h"
#include "../../uring/ring.h"

enum {
	ENTRIES = 128,
	COMPLETIONS = 1024,
	STACK = 64 << 10,
	BLOCKING_WORKERS = 256,	/* of the kernel, for what cannot be polled */
	REGISTER_RING_FDS = 20,
	NATIVE_POLL_NS = 500000,
	RETRY_NS = 10000000,	/* a notification that was refused */
	PLAIN_BATCH = 8,	/* writes of its own, then it looks around */
	LONG_NS = 10000000,	/* more than another thread's turn */
	WHILE_NS = 50000000,
};

/* What a completion is of: else, with no bit set, a request's index. */
#define USER_BELL (1ULL << 62)
#define USER_CANCEL (1ULL << 61)

static struct ring ring = { .fd = -1 };
static int bell = 1;			/* a futex word, or an eventfd's twin */
static int bell_fd = -1;
static uint64_t bell_count;
static int armed;			/* the ring waits for the bell */
static long start_error;

/* ---- setting up ---- */

static const unsigned setups[] = {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		IORING_SETUP_SUBMIT_ALL,
	IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
	0,
};

/* Fewer entries where RLIMIT_MEMLOCK counts them (5.11). */
static long set_up(struct ring *r, unsigned entries)
{
	long err = -EINVAL;

	*r = (struct ring){ .fd = -1 };
	for (; entries >= 4; entries /= 4) {
		for (unsigned i = 0; i < 3; i++) {
			struct io_uring_params p = {
				.flags = setups[i] | IORING_SETUP_CLAMP |
					 IORING_SETUP_CQSIZE,
				.cq_entries = 8 * entries,
			};

			err = ring_setup(r, entries, &p);
			if (err != -EINVAL)
				break;
		}
		if (err != -ENOMEM)
			break;
	}
	return err;
}

/*
 * Is io_uring to be had?  Without making a ring: when a ring is closed, the
 * thread that made it is interrupted a moment later (io_tctx_exit_cb), and it
 * would be one of the program's.  A kernel that lets us in looks at the
 * parameters (EFAULT), one that knows timeouts (5.11) at the descriptor.
 */
long worker_probe(void)
{
	long err = sys_io_uring_setup(1, NULL);

	if (err != -EFAULT)
		return err < 0 ? err : -EINVAL;
	err = sys_io_uring_enter(-1, 0, 0, IORING_ENTER_EXT_ARG, NULL, 0);
	return err == -EBADF ? 0 : -EINVAL;
}

struct ring_update {			/* struct io_uring_rsrc_update */
	uint32_t offset, resv;
	uint64_t data;
};

/* Let the ring be known by this thread alone; or at least out of the way. */
static void hide_descriptor(void)
{
	struct ring_update update = { .offset = -1U, .data = ring.fd };
	int high;

	if (sys_io_uring_register(ring.fd, REGISTER_RING_FDS, &update, 1) == 1) {
		enter_kernel(__NR_close, ring.fd);
		ring.fd = update.offset;
		ring.enter = IORING_ENTER_REGISTERED_RING;
		return;
	}
	high = fcntl(ring.fd, F_DUPFD_CLOEXEC, 1000);
	if (high >= 0) {
		enter_kernel(__NR_close, ring.fd);
		ring.fd = high;
	}
}

static long begin(void)
{
	unsigned workers[2] = { 0, BLOCKING_WORKERS };
	struct io_uring_probe probe;
	long err = set_up(&ring, ENTRIES);

	if (err)
		return err;
	memset(&probe, 0, sizeof(probe));
	ring_probe(&ring, &probe);
	if (!ring_knows(&probe, IORING_OP_FUTEX_WAIT)) {
		bell_fd = eventfd(0, EFD_CLOEXEC);
		if (bell_fd < 0) {
			ring_close(&ring);
			return -errno;
		}
		int high = fcntl(bell_fd, F_DUPFD_CLOEXEC, 1000);

		if (high >= 0) {
			close(bell_fd);
			bell_fd = high;
		}
	}
	sys_io_uring_register(ring.fd, IORING_REGISTER_IOWQ_MAX_WORKERS,
			      workers, 2);
	hide_descriptor();
	armed = 0;
	return 0;
}

/* What a worker that goes has to close, when the next may be there already. */
struct leavings {
	struct ring ring;
	int bell_fd;
};

/* Under the lock. */
static struct leavings pack_up(void)
{
	struct leavings l = { ring, bell_fd };

	ring = (struct ring){ .fd = -1 };
	if (bell_fd >= 0)
		bell_fd = -1;
	return l;
}

static void finish(struct leavings *l)
{
	if (l->ring.enter)		/* no descriptor: the thread's end drops it */
		l->ring.fd = -1;
	ring_close(&l->ring);
	if (l->bell_fd >= 0)
		close(l->bell_fd);
}

/* ---- the bell ---- */

void worker_bell(void)
{
	uint64_t one = 1;

	if (bell_fd >= 0) {
		enter_kernel(__NR_write, bell_fd, &one, 8);
		return;
	}
	__atomic_fetch_add(&bell, 1, __ATOMIC_SEQ_CST);
	futex(&bell, FUTEX_WAKE, 1, NULL, 0);
}

static struct io_uring_sqe *entry(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = ring_sqe(&ring)))
		ring_submit(&ring);
	return sqe;
}

static void arm_bell(int seen)
{
	struct io_uring_sqe *sqe;

	if (armed)
		return;
	armed = 1;
	sqe = entry();
	sqe->user_data = USER_BELL;
	if (bell_fd >= 0) {
		sqe->opcode = IORING_OP_READ;
		sqe->fd = bell_fd;
		sqe->addr = (unsigned long)&bell_count;
		sqe->len = 8;
		return;
	}
	sqe->opcode = IORING_OP_FUTEX_WAIT;
	sqe->fd = 2 | FUTEX_PRIVATE_FLAG;	/* FUTEX2_SIZE_U32 */
	sqe->addr = (unsigned long)&bell;
	sqe->off = (unsigned)seen;
	sqe->addr3 = FUTEX_BITSET_MATCH_ANY;
}

/* ---- requests ---- */

static void submit(struct request *r)
{
	unsigned flags = __atomic_load_n(&r->flags, __ATOMIC_RELAXED);
	struct io_uring_sqe *sqe = entry();
	size_t rest = r->len - r->done;

	sqe->user_data = r->index;
	sqe->fd = r->fd;
	if (flags & TRIED)
		sqe->flags = IOSQE_ASYNC;
	if (r->op == OP_FSYNC || r->op == OP_FDATASYNC) {
		sqe->opcode = IORING_OP_FSYNC;
		if (r->op == OP_FDATASYNC)
			sqe->fsync_flags = IORING_FSYNC_DATASYNC;
		return;
	}
	sqe->opcode = r->op == OP_READ ? IORING_OP_READ : IORING_OP_WRITE;
	sqe->off = flags & STREAM ? -1ULL : r->offset + r->done;
	sqe->addr = (unsigned long)r->buf + r->done;
	sqe->len = rest < TRANSFER_MAX ? rest : TRANSFER_MAX;
}

/*
 * Under the lock, before completions are taken: nobody but the worker ends
 * these requests, so all in the list are in flight.  What finds no room stays.
 */
static int submit_cancels(void)
{
	struct io_uring_sqe *sqe;
	int n = 0;

	while (engine.cancels && (sqe = ring_sqe(&ring))) {
		struct request *r = engine.cancels;

		engine.cancels = r->next_cancel;
		sqe->opcode = IORING_OP_ASYNC_CANCEL;
		sqe->fd = -1;
		sqe->addr = r->index;
		sqe->user_data = USER_CANCEL | r->index;
		r->asked = 1;
		n++;
	}
	return n;
}

/*
 * After n bytes of fewer than asked for, is the rest to be tried?  A blocking
 * write to a stream takes all.  io_uring may read less of a file than there
 * is, where read(2) would not.  Of anything else, what came is the answer.
 */
static int goes_on(const struct request *r)
{
	struct stat st;

	if (r->done >= r->len || r->done >= TRANSFER_MAX)
		return 0;
	if (r->flags & STREAM)
		return r->op == OP_WRITE && !r->by &&
		       !(r->flags & (NONBLOCK | STOP));
	if (fstat(r->fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	return r->op == OP_WRITE ||
	       r->offset + (off_t)r->done < st.st_size;
}

/* To be tried again; but not what somebody has cancelled meanwhile. */
static void again(struct request *r)
{
	if (r->by)
		request_end(r, r->done ? (long)r->done : -ECANCELED);
	else
		request_ready(r);
}

static void completed(struct request *r, long result)
{
	if (result > 0)
		r->done += result;
	if ((result > 0 && goes_on(r)) || result == -EINTR) {
		again(r);
		return;
	}
	if (result == -ESPIPE && !(r->flags & STREAM)) {
		r->flags |= STREAM;
		again(r);
		return;
	}
	/* Once more, by a worker of the kernel that may sleep. */
	if (result == -EAGAIN && !(r->flags & (NONBLOCK | TRIED))) {
		r->flags |= TRIED;
		again(r);
		return;
	}
	request_end(r, result < 0 && !r->done ? result : (long)r->done);
}

static void completed_in_ring(const struct io_uring_cqe *cqe)
{
	engine.in_ring--;
	completed(request_at(cqe->user_data), cqe->res);
}

/* What became of a cancellation.  If it did not succeed, the request goes on,
 * unless it has ended meanwhile. */
static void answered(struct request *r, long result)
{
	r->asked = 0;
	if (r->where == ENDED) {
		request_over(r);
		return;
	}
	if (result >= 0 || !r->by)
		return;
	request_stop(r);
	r->by->refused++;
	r->by->left--;
	r->by = NULL;
	engine.done_bits |= bit_of(r->index);
}

/* ---- writes of its own ---- */

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/*
 * A file on a block device: its writes may wait for memory and a disk, not for
 * a server or another process, as where the device number is made up.
 */
static int is_local(int fd)
{
	static int last = -1, left, local;	/* the same file, mostly */
	struct statx st;

	if (fd == last && left-- > 0)
		return local;
	last = fd;
	left = 64;
	local = !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
		       &st) && S_ISREG(st.stx_mode) && st.stx_dev_major;
	return local;
}

struct plain {
	struct request *r[PLAIN_BATCH];
	long result[PLAIN_BATCH];
	unsigned n;
};

/* Under the lock: those to write now, when they are all there is to do. */
static void take_plain(struct plain *p)
{
	struct request *r;

	p->n = 0;
	while (!engine.in_ring && p->n < PLAIN_BATCH &&
	       (r = engine.ready.first) && r->flags & PLAIN &&
	       is_local(r->fd)) {
		engine.ready.first = r->next;
		r->where = RING;	/* not to be cancelled any more */
		p->r[p->n++] = r;
	}
}

/* Not under the lock. */
static void write_plain(struct plain *p, long *not_before)
{
	long start = now();

	for (unsigned i = 0; i < p->n; i++) {
		struct request *r = p->r[i];

		p->result[i] = enter_kernel(__NR_pwrite64, r->fd,
					    r->buf + r->done, r->len - r->done,
					    r->offset + r->done);
	}
	if (now() - start > LONG_NS)
		*not_before = now() + WHILE_NS;
}

/* Everything in the completion queue, under the lock. */
static void reap(void)
{
	unsigned n = ring_ready(&ring);

	for (unsigned i = 0; i < n; i++) {
		struct io_uring_cqe *cqe = ring_cqe(&ring, i);

		if (cqe->user_data == USER_BELL)
			armed = 0;
		else if (!(cqe->user_data & USER_CANCEL))
			completed_in_ring(cqe);
		else
			answered(request_at(cqe->user_data & ~USER_CANCEL),
				 cqe->res);
	}
	ring_seen(&ring, n);
}

/* ---- the thread ---- */

/* Callbacks of requests and groups that have ended; not under the lock. */
static void tell(struct request *told, struct group *groups)
{
	struct request *r;
	struct group *g;

	if (!told && !groups)
		return;
	for (r = told; r; r = r->next)
		r->done = notify(&r->sigev) == -EAGAIN;
	for (g = groups; g; g = g->next)
		g->pending = notify(&g->sigev) == -EAGAIN;
	engine_lock_only();
	while ((r = told)) {
		told = r->next;
		if (r->done)
			owe(&r->sigev);
		request_over(r);
	}
	while ((g = groups)) {
		groups = g->next;
		engine.load--;
		if (g->pending)
			group_owe(g);
		else
			group_free(g);
	}
	engine_unlock();
}

/* What was refused, in its order, until it is refused again.  Not under the
 * lock; nobody else takes from the list. */
static void tell_again(void)
{
	struct group *g;

	engine_lock_only();
	while ((g = engine.owed)) {
		long err;

		engine_unlock();
		err = notify(&g->sigev);
		engine_lock_only();
		if (err == -EAGAIN)
			break;
		engine.owed = g->next;
		engine.load--;
		group_free(g);
	}
	engine_unlock();
}

static int state_now(void)
{
	return __atomic_load_n(&engine.worker, __ATOMIC_SEQ_CST);
}

int worker_runs(void)
{
	return state_now() == WORKER_RUNS;
}

static void set_state(int state)
{
	__atomic_store_n(&engine.worker, state, __ATOMIC_SEQ_CST);
}

static void publish_state(int state)
{
	set_state(state);
	futex(&engine.worker, FUTEX_WAKE, INT_MAX, NULL, 0);
}

/* Under the lock: go, unless something was sent to us in this moment. */
static int leaves(void)
{
	set_state(WORKER_NONE);
	if (!__atomic_load_n(&engine.inbox, __ATOMIC_SEQ_CST))
		return 1;
	set_state(WORKER_RUNS);
	return 0;
}

static void *work(void *unused)
{
	struct plain plain = { .n = 0 };
	struct leavings leavings;
	int idle = 0, expired = 0;
	long not_before = 0;

	(void)unused;
	prctl(PR_SET_NAME, "posixaio");
	start_error = begin();
	if (start_error) {
		publish_state(WORKER_NONE);
		return NULL;
	}
	publish_state(WORKER_RUNS);
	for (;;) {
		struct __kernel_timespec timeout = { 0 };
		struct request *ready, *told, *next;
		struct group *groups;
		int busy, seen, poll, owed;

		engine_lock_only();
		busy = submit_cancels();
		seen = __atomic_load_n(&bell, __ATOMIC_RELAXED);
		for (unsigned i = 0; i < plain.n; i++)
			completed(plain.r[i], plain.result[i]);
		reap();
		native_reap();
		plain.n = 0;
		if (engine.ready.first && (!not_before || now() > not_before)) {
			not_before = 0;
			take_plain(&plain);
		}
		ready = plain.n ? NULL : list_take(&engine.ready);
		told = list_take(&engine.telling);
		groups = engine.groups_telling;
		engine.groups_telling = NULL;
		owed = !!engine.owed;
		engine.owes = 0;
		engine.news = 0;
		for (struct request *r = ready; r; r = r->next) {
			r->where = RING;
			engine.in_ring++;
		}
		busy |= ready || plain.n || told || groups;
		poll = engine.held_syncs && engine.natives;
		idle = !busy && !engine.load;
		if (idle && expired && leaves()) {
			leavings = pack_up();
			engine_unlock();
			break;
		}
		__atomic_store_n(&engine.sleeping, !busy, __ATOMIC_SEQ_CST);
		engine_unlock();

		for (struct request *r = ready; r; r = next) {
			next = r->next;
			submit(r);
		}
		tell(told, groups);
		if (owed)
			tell_again();
		expired = 0;
		if (plain.n)
			write_plain(&plain, &not_before);
		if (busy) {
			if (ring_room(&ring) < ring.sq_entries)
				ring_submit(&ring);
			continue;
		}
		/* Sent meanwhile, by one who may have seen us awake. */
		if (__atomic_load_n(&engine.inbox, __ATOMIC_SEQ_CST))
			continue;
		arm_bell(seen);
		if (poll)
			timeout.tv_nsec = NATIVE_POLL_NS;
		else if (owed)
			timeout.tv_nsec = RETRY_NS;
		else
			timeout.tv_sec = engine.idle_seconds;
		expired = ring_wait(&ring, 1, poll || owed || idle ? &timeout :
				    NULL) == -ETIME && idle;
	}
	finish(&leavings);
	return NULL;
}

/* Start it, if it does not run.  0, or why there is none. */
long worker_start(void)
{
	size_t stack = sysconf(_SC_THREAD_STACK_MIN) + STACK;
	pthread_attr_t attr;
	pthread_t thread;
	signals old = engine_lock();
	int state = state_now();
	long err;

	if (state == WORKER_NONE)
		set_state(WORKER_STARTING);
	engine_unlock();
	if (state == WORKER_NONE) {
		sigset_t all;

		/*
		 * Its signal mask is ours.  Through libc, which leaves out
		 * the signal that setuid() sends to all threads.
		 */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		pthread_attr_setstacksize(&attr, stack);
		err = pthread_create(&thread, &attr, work, NULL);
		pthread_attr_destroy(&attr);
		if (err) {
			start_error = -EAGAIN;
			publish_state(WORKER_NONE);
		}
	}
	restore_signals(old);
	/*
	 * It makes descriptors: not behind the back of a program that opens
	 * a file next and counts on its number.
	 */
	while (state_now() == WORKER_STARTING)
		futex(&engine.worker, FUTEX_WAIT, WORKER_STARTING, NULL, 0);
	return worker_runs() ? 0 : start_error;
}

/* In the child of fork. */
void worker_forget(void)
{
	if (bell_fd >= 0)
		close(bell_fd);
	if (ring.fd > 0 && !ring.enter)
		close(ring.fd);
	bell_fd = -1;
	ring = (struct ring){ .fd = -1 };
}
