/* SPDX-License-Identifier: MIT */
/*
 * worker.c - the thread that owns an io_uring
 *
 * One thread serves all streams and the reads that must wait for a disk.  It
 * blocks all signals; the first request that needs it starts it.  It takes what is
 * ready, submits it in one io_uring_enter, sleeps in one, and ends what has
 * completed, a batch under one lock.  After idle_seconds without work it ends,
 * and its ring with it, so that a process whose other threads have all ended can
 * end.
 *
 * The ring is bound to this thread (SINGLE_ISSUER, DEFER_TASKRUN); its work is
 * done in the thread's own io_uring_enter.  Its descriptor is registered and
 * then closed (Linux 5.18): the program does not see it and cannot close it.
 * Other threads wake the worker by a word that the ring waits for, the bell
 * (FUTEX_WAIT, Linux 6.7).  Where the kernel lacks one of the two, there is no
 * ring: a descriptor that the program may close, or give to a file of its own,
 * is not a safe way to wake a thread.
 *
 * The ring may be refused (RLIMIT_MEMLOCK, no descriptor, a seccomp filter, the
 * sysctl io_uring_disabled): requests go to the pool, and a new ring is tried
 * after RETRY_NS.  It may break, too, when a filter for all threads refuses
 * io_uring_enter: the worker ends, which makes the kernel complete or cancel all
 * that is in flight, and a thread of the pool takes the results from the mapped
 * queue and carries out the rest.  When the process installs its first
 * filter, the worker gives the ring up, too: the filter may kill the process for
 * the next io_uring_enter (sandbox.c).
 */
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "engine.h"
#include "../../uring/ring.h"

enum {
	ENTRIES = 128,
	BLOCKING_WORKERS = 256,	/* of the kernel, for what cannot be polled */
	FILE_WORKERS = 64,	/* of the kernel, for files without NOWAIT */
	REGISTER_RING_FDS = 20,
	REGISTER_FILES2 = 13,
	REGISTER_SPARSE = 1,
	REGISTER_FILES_UPDATE = 6,
	FILES = 64,			/* that the ring holds, at most */
	RETRY_NS = 1000000000,	/* a ring that was refused */
	AGAIN_NS = 10000000,	/* a thread of the pool that was refused */
};

#define USE_REGISTERED_RING (1U << 31)

/* What a completion is of: with no bit set, a request's index. */
#define USER_BELL (1ULL << 62)
#define USER_CANCEL (1ULL << 61)

static struct ring ring = { .fd = -1 };
static pthread_t thread;
static int bell = 1;			/* a futex word */
static int armed;			/* the ring waits for the bell */
static long start_error;
static long not_before;			/* no new ring until then; atomic */
static int mode;			/* sandbox_mode() of the ring */
static int never;			/* a filter kills for io_uring */
static int number;			/* of the thread; atomic */

/* ---- setting up ---- */

static const unsigned setups[] = {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		IORING_SETUP_SUBMIT_ALL,
	IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
	0,
};

/* Fewer entries where RLIMIT_MEMLOCK counts them (from 6.14 on). */
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

struct ring_files {			/* struct io_uring_rsrc_register */
	uint32_t n, flags;
	uint64_t resv, data, tags;
};

struct ring_update {			/* struct io_uring_rsrc_update */
	uint32_t offset, resv;
	uint64_t data;
};

/* Make the ring known to this thread alone. */
static long hide_descriptor(struct ring *r)
{
	struct ring_update update = { .offset = -1U, .data = r->fd };
	long n = sys_io_uring_register(r->fd, REGISTER_RING_FDS, &update, 1);

	if (n != 1)
		return n < 0 ? n : -EINVAL;
	enter_kernel(__NR_close, r->fd);
	r->fd = update.offset;
	r->enter = IORING_ENTER_REGISTERED_RING;
	return 0;
}

/*
 * A stream may take a write in parts.  If the program closes the descriptor,
 * the write goes on, as write(2) does: the ring holds the file, for writes that
 * are often in parts.  A bit is a free place; for the worker only.
 */
static uint64_t free_files;

static long set_file(unsigned slot, int fd)
{
	struct ring_update update = {
		.offset = slot - 1, .data = (uintptr_t)&fd
	};

	return sys_io_uring_register(ring.fd, REGISTER_FILES_UPDATE |
				     USE_REGISTERED_RING, &update, 1);
}

static void hold_file(struct request *r)
{
	unsigned slot = free_files ? __builtin_ctzll(free_files) + 1 : 0;

	if (r->slot || !slot || set_file(slot, r->fd) != 1)
		return;
	free_files &= ~(1ULL << (slot - 1));
	r->slot = slot;
}

static uint64_t ended_files;		/* to be released, not under the lock */

static void release_files(void)
{
	for (; ended_files; ended_files &= ended_files - 1) {
		unsigned slot = __builtin_ctzll(ended_files) + 1;

		if (set_file(slot, -1) == 1)
			free_files |= 1ULL << (slot - 1);
	}
}

static long begin(void)
{
	static const int calls[] = {
		__NR_io_uring_setup, __NR_io_uring_enter,
		__NR_io_uring_register,
	};
	unsigned workers[2] = { FILE_WORKERS, BLOCKING_WORKERS };
	struct ring_files files = { .n = FILES, .flags = REGISTER_SPARSE };
	struct io_uring_probe probe;
	long err;

	mode = sandbox_mode();
	never |= !sandbox_allows(calls, 3);
	if (never)
		return -EPERM;
	err = set_up(&ring, ENTRIES);
	if (err)
		return err;
	memset(&probe, 0, sizeof(probe));
	err = ring_probe(&ring, &probe);
	if (err >= 0)
		err = ring_knows(&probe, IORING_OP_FUTEX_WAIT) ? 0 : -ENOSYS;
	if (!err) {
		sys_io_uring_register(ring.fd, IORING_REGISTER_IOWQ_MAX_WORKERS,
				      workers, 2);
		free_files = sys_io_uring_register(ring.fd, REGISTER_FILES2,
						   &files, sizeof(files)) ?
			     0 : ~0ULL;
		ended_files = 0;
		err = hide_descriptor(&ring);
	}
	if (err)
		ring_close(&ring);
	armed = 0;
	return err;
}

/* The kernel drops the ring when its thread ends; we unmap the memory. */
static void unmap(struct ring *r)
{
	r->fd = -1;
	ring_close(r);
}

/* ---- the bell ---- */

/* Wakes all: the ring of the last worker waits, too, until its thread ends. */
void worker_wake(void)
{
	__atomic_fetch_add(&bell, 1, __ATOMIC_SEQ_CST);
	futex(&bell, FUTEX_WAKE, INT_MAX, NULL, 0);
}

static int broken;			/* the worker's: io_uring_enter failed */
static struct request *unanswered;	/* cancellations; under the lock */

/* After some errors, call again; any other error ends the ring. */
static long enter(unsigned wait, const struct __kernel_timespec *timeout)
{
	long n = sandbox_mode() == mode ? ring_wait(&ring, wait, timeout) :
					  -EPERM;

	if (ring_again(n) < 0)
		broken = -n;
	return n;
}

/* NULL: the ring is broken. */
static struct io_uring_sqe *entry(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = ring_sqe(&ring)) && !broken)
		enter(0, NULL);
	return sqe;
}

static void arm_bell(int seen)
{
	struct io_uring_sqe *sqe;

	if (armed || !(sqe = entry()))
		return;
	armed = 1;
	sqe->user_data = USER_BELL;
	sqe->opcode = IORING_OP_FUTEX_WAIT;
	sqe->fd = 2 | FUTEX_PRIVATE_FLAG;	/* FUTEX2_SIZE_U32 */
	sqe->addr = (unsigned long)&bell;
	sqe->off = (unsigned)seen;
	sqe->addr3 = FUTEX_BITSET_MATCH_ANY;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void retry_later(void)
{
	__atomic_store_n(&not_before, now() + RETRY_NS, __ATOMIC_RELAXED);
}

/* ---- requests ---- */

static void submit(struct request *r)
{
	unsigned flags = __atomic_load_n(&r->flags, __ATOMIC_RELAXED);
	struct io_uring_sqe *sqe = entry();
	size_t rest = r->len - r->done;

	if (!sqe)
		return;			/* the pool will do it (bury) */
	count(STAT_RING);
	sqe->user_data = r->index;
	sqe->fd = r->fd;
	if (flags & TRIED)
		sqe->flags = IOSQE_ASYNC;
	request_know_file(r);
	if (!r->slot && request_lost_file(r))
		sqe->fd = -1;		/* EBADF: the rest is not written */
	else if (flags & STREAM && r->op == OP_WRITE &&
		 (r->done || r->len > PIPE_BUF))
		hold_file(r);
	if (r->slot) {
		sqe->fd = r->slot - 1;
		sqe->flags |= IOSQE_FIXED_FILE;
	}
	if (r->op == OP_FSYNC || r->op == OP_FDATASYNC) {
		sqe->opcode = IORING_OP_FSYNC;
		if (r->op == OP_FDATASYNC)
			sqe->fsync_flags = IORING_FSYNC_DATASYNC;
		return;
	}
	sqe->opcode = r->op == OP_READ ? IORING_OP_READ : IORING_OP_WRITE;
	sqe->off = flags & NO_OFFSET ? -1ULL : r->offset + r->done;
	sqe->addr = (unsigned long)r->buf + r->done;
	sqe->len = rest < TRANSFER_MAX ? rest : TRANSFER_MAX;
}

/*
 * Under the lock, before completions are taken.  Only the worker ends these
 * requests, so all in the list are in flight.  What finds no room stays there.
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
		r->next_cancel = unanswered;
		unanswered = r;
		n++;
	}
	return n;
}

static void completed_in_ring(const struct io_uring_cqe *cqe)
{
	struct request *r = request_at(cqe->user_data);
	unsigned slot = r->slot;

	engine.in_ring--;
	request_completed(r, cqe->res);
	if (!slot || (request_adopted(cqe->user_data) && r->where == READY))
		return;
	ended_files |= 1ULL << (slot - 1);
	if (request_adopted(cqe->user_data))
		r->slot = 0;		/* the pool goes on */
}

/* The result of a cancellation.  If it did not succeed, the request goes on,
 * unless it has ended meanwhile. */
static void answered(struct request *r, long result)
{
	struct request **at = &unanswered;

	while (*at && *at != r)
		at = &(*at)->next_cancel;
	if (*at)
		*at = r->next_cancel;
	r->asked = 0;
	if (r->where == ENDED) {
		request_over(r);
		return;
	}
	if (result >= 0 || !r->by)
		return;
	request_stop(r);
	cancel_refuse(r);
	engine.done_bits |= bit_of(r->index);
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

/* ---- a ring that broke ---- */

/* Under the lock: what was ready or is still to be cancelled. */
static void give_up_ring(void)
{
	struct request *r, *next;

	__atomic_store_n(&engine.worker, WORKER_BROKEN, __ATOMIC_SEQ_CST);
	__atomic_store_n(&engine.sleeping, 0, __ATOMIC_SEQ_CST);
	for (r = list_take(&engine.ready); r; r = next) {
		next = r->next;
		request_ready(r);
	}
	while ((r = engine.cancels)) {
		engine.cancels = r->next_cancel;
		cancel_refuse(r);
		engine.done_bits |= bit_of(r->index);
	}
}

/* Under the lock: r was in the ring, and the kernel did not carry it out. */
static void carry_on(struct request *r)
{
	/* Also one that the ring had cancelled, whose end was not reported. */
	answered(r, -ENOENT);
	r->flags &= ~VIA_RING;
	r->slot = 0;
	request_ready(r);
}

/*
 * Called by a thread of the pool: the worker's thread has ended, and with it
 * all that it had in the ring.  The results are in the queue.  The pool carries
 * out each request that has none, or that the end of its thread cancelled.
 */
static void bury(void)
{
	struct ring old;

	pthread_join(thread, NULL);
	engine_lock_only();
	for (unsigned i = 0, n = ring_ready(&ring); i < n; i++) {
		struct io_uring_cqe *cqe = ring_cqe(&ring, i);

		if (cqe->user_data & USER_BELL)
			continue;
		if (cqe->user_data & USER_CANCEL)
			answered(request_at(cqe->user_data & ~USER_CANCEL),
				 cqe->res);
		else if (cqe->res != -ECANCELED ||
			 request_at(cqe->user_data)->by)
			completed_in_ring(cqe);
	}
	while (unanswered)
		answered(unanswered, -ENOENT);
	for (unsigned i = 0; i < engine.requests; i++) {
		struct request *r = request_adopted(i);

		if (r && r->where == RING)
			carry_on(r);
	}
	engine.in_ring = 0;
	old = ring;
	ring = (struct ring){ .fd = -1 };
	__atomic_store_n(&engine.worker, WORKER_NONE, __ATOMIC_SEQ_CST);
	engine_unlock();
	unmap(&old);
}

static int chore_waits(void)
{
	int waits;

	engine_lock_only();
	waits = !!engine.chore;
	engine_unlock();
	return waits;
}

static void leave_broken(void)
{
	debug("io_uring_enter: error %d, the thread pool takes over\n", broken);
	count(STAT_BROKEN);
	retry_later();
	engine_lock_only();
	give_up_ring();
	engine.chore = bury;
	engine_unlock();
	/* This thread must end before anybody knows what became of the rest; and
	 * without a thread of the pool nobody would find out.  Those that there
	 * are may be in calls that take long. */
	while (!pool_call() && chore_waits())
		nanosleep(&(struct timespec){ .tv_nsec = AGAIN_NS }, NULL);
}

/* ---- the thread ---- */

static int state_now(void)
{
	return __atomic_load_n(&engine.worker, __ATOMIC_SEQ_CST);
}

int worker_thread(void)
{
	return worker_runs() ? __atomic_load_n(&number, __ATOMIC_RELAXED) : 0;
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

/* Under the lock: leave, unless something was sent in this moment. */
static int leaves(void)
{
	set_state(WORKER_NONE);
	if (!__atomic_load_n(&engine.inbox, __ATOMIC_SEQ_CST))
		return 1;
	set_state(WORKER_RUNS);
	return 0;
}

/* The pool starts callbacks, if it has a thread. */
static void tell_without_pool(void)
{
	struct request *told;
	struct group *groups;

	if (!pool_start())
		return;
	engine_lock_only();
	told = list_take(&engine.telling);
	groups = engine.groups_telling;
	engine.groups_telling = NULL;
	engine_unlock();
	tell(told, groups);
}

/* Under the lock; the list of what to submit. */
static struct request *take_ready(void)
{
	struct request *ready = list_take(&engine.ready);

	for (struct request *r = ready; r; r = r->next) {
		r->where = RING;
		engine.in_ring++;
	}
	return ready;
}

static void *work(void *unused)
{
	struct ring old;
	int idle, expired = 0, rested = 0;

	(void)unused;
	broken = 0;
	start_error = begin();
	if (start_error) {
		pthread_detach(pthread_self());
		publish_state(WORKER_NONE);
		return NULL;
	}
	prctl(PR_SET_NAME, "posixaio");		/* names a thread with a ring */
	__atomic_store_n(&number, (int)enter_kernel(__NR_gettid),
			 __ATOMIC_RELAXED);
	publish_state(WORKER_RUNS);
	while (!broken) {
		struct __kernel_timespec timeout = { 0 };
		struct request *ready, *next;
		int busy, seen, tells, alone, lacks, parked;

		engine_lock_only();
		busy = submit_cancels();
		seen = __atomic_load_n(&bell, __ATOMIC_RELAXED);
		reap();
		ready = take_ready();
		tells = engine.telling.first || engine.groups_telling;
		parked = pool_leaves_parked();
		alone = pool_is_missing() || (parked && rested);
		lacks = pool_is_busy();
		busy |= ready || alone;
		idle = !busy && !engine.in_ring && !engine.cancels && !parked;
		if (idle && expired && leaves()) {
			old = ring;
			ring = (struct ring){ .fd = -1 };
			pthread_detach(pthread_self());
			engine_unlock();
			unmap(&old);
			return NULL;
		}
		__atomic_store_n(&engine.sleeping, !busy, __ATOMIC_SEQ_CST);
		engine_unlock();

		release_files();
		for (struct request *r = ready; r; r = next) {
			next = r->next;
			submit(r);
		}
		if (tells)
			tell_without_pool();
		if (alone)
			pool_stand_in(rested);
		else if (lacks)
			pool_call();
		rested = 0;
		expired = 0;
		if (busy) {
			if (ring_room(&ring) < ring.sq_entries)
				enter(0, NULL);
			continue;
		}
		/* Another thread may have sent one while this one was awake. */
		if (__atomic_load_n(&engine.inbox, __ATOMIC_SEQ_CST))
			continue;
		arm_bell(seen);
		if (parked)
			timeout.tv_nsec = AGAIN_NS;
		else
			timeout.tv_sec = engine.idle_seconds;
		expired = enter(1, idle || parked ? &timeout : NULL) ==
			  -ETIME && idle;
		rested = 1;
	}
	leave_broken();
	return NULL;
}

/*
 * Start the worker, if it does not run.  0, or why there is none.  The worker
 * opens a descriptor while it starts and closes it again.  Wait for that here,
 * so that the next open() of the program gets the number that it expects.
 */
long worker_start(void)
{
	int state = state_now();
	long wait = __atomic_load_n(&not_before, __ATOMIC_RELAXED), err;
	signals old;

	if (state == WORKER_RUNS)
		return 0;
	if (state == WORKER_BROKEN || (wait && now() < wait))
		return -EAGAIN;
	old = engine_lock();
	state = state_now();
	if (state == WORKER_NONE)
		set_state(WORKER_STARTING);
	engine_unlock();
	if (state == WORKER_NONE) {
		err = thread_create(&thread, work, 0);
		if (err) {
			start_error = -EAGAIN;
			publish_state(WORKER_NONE);
		}
	}
	restore_signals(old);
	while (state_now() == WORKER_STARTING)
		futex(&engine.worker, FUTEX_WAIT, WORKER_STARTING, NULL, 0);
	if (worker_runs()) {
		if (state == WORKER_NONE) {
			count(STAT_RINGS);
			debug("a ring was made\n");
		}
		return 0;
	}
	if (state == WORKER_NONE)
		debug("no ring, threads instead: %s\n",
		      ring_why(start_error));
	retry_later();
	return start_error ? start_error : -EAGAIN;
}

/*
 * Is io_uring allowed here?  Find out without making a ring: a kernel that
 * allows it looks at the parameters first.
 */
void worker_report(void)
{
	static const int call = __NR_io_uring_setup;
	long err = !debug_wanted ? 0 : sandbox_allows(&call, 1) ?
		   sys_io_uring_setup(1, NULL) : -EPERM;

	if (err == -EFAULT)
		debug("io_uring\n");
	else if (err)
		debug("threads and native AIO: %s\n", ring_why(err));
}

/* In the child of fork. */
void worker_forget(void)
{
	ring = (struct ring){ .fd = -1 };
	unanswered = NULL;
	not_before = 0;
}
