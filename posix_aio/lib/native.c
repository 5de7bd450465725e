/* SPDX-License-Identifier: MIT */
/*
 * native.c - O_DIRECT requests in the kernel's native AIO context
 *
 * One context for the process.  A read is submitted by the caller with
 * RWF_NOWAIT: what would wait in io_submit (for a block map to be read, for room
 * in the device's queue) comes back as EAGAIN and goes to another thread.  A
 * write is submitted by a thread of the pool, because io_submit of a write waits
 * on a frozen file system even with RWF_NOWAIT.
 *
 * The kernel adds events at the tail of a ring that it mapped into the
 * process; the library moves the head.  An event stays in the ring until it
 * needs nothing more, because its request has been ended:
 *
 *        head               seen                tail
 *   ... | over | over | over | event | event | event | free ...
 *
 * Any thread moves `seen` past events that are over, and the head to where
 * `seen` is, both by compare-and-swap.  `seen` counts all events since the
 * beginning and never goes back.  From the head the kernel knows how many
 * events there are to wait for, and how many requests it has room for.
 *
 * A thread that asks for a request finds its event.  If all was transferred and
 * nothing else is to be done, it ends the request without the lock (engine.c):
 * at depth 1 that saves blocking all signals, 1 to 2% of a read.  Everything
 * else (a short read, an error, a group, more than a few events at once) is done
 * under the lock.  Nothing here carries out I/O.
 *
 * To sleep until there is an event, a thread calls io_getevents with an
 * address to which the kernel cannot copy: it returns EFAULT as soon as there
 * is something to copy, and leaves it in the ring.  So no thread holds an event
 * that a signal handler, or a cancelled thread, could keep from its waiter.
 *
 * A kick is an event without a request: the poll of a descriptor that is
 * always ready.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/aio_abi.h>
#include "engine.h"

enum {
	EVENTS = 512,		/* of fs.aio-max-nr, 65536 for all processes */
	BATCH = 64,
	FEW = 4,		/* events: for more, the lock is cheaper */
	UNLINK = 32,		/* requests ended alone before a sweep */
	MAGIC = 0xa10a10a1,
};
#define KICK (~0ULL)
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

struct native_ring *native_ring;
uint64_t native_seen;
static int always_ready = -1;
static int tried;			/* a thread is creating the context */
static int refused;			/* never use a context (again) */
static int mode;			/* sandbox_mode() of the context */

static int kick_descriptor(void)
{
	int low = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), high;

	if (low < 0)
		return -1;
	/* Programs may expect the lowest numbers: take a high one. */
	high = fcntl(low, F_DUPFD_CLOEXEC, 1000);
	if (high < 0)
		high = fcntl(low, F_DUPFD_CLOEXEC, 200);
	if (high < 0)
		return low;
	close(low);
	return high;
}

/* This is final: without a context the pool takes every request. */
static int refuse(long err)
{
	debug("no native AIO: error %ld\n", -err);
	__atomic_store_n(&refused, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&tried, 0, __ATOMIC_RELEASE);
	return 0;
}

static int is_refused(void)
{
	return __atomic_load_n(&refused, __ATOMIC_RELAXED);
}

int native_exists(void)
{
	return !!__atomic_load_n(&native_ring, __ATOMIC_ACQUIRE) &&
	       !is_refused();
}

static const int calls[] = {
	__NR_io_setup, __NR_io_submit, __NR_io_getevents, __NR_io_destroy,
};

/*
 * Has the process got its first filter, and does it kill (sandbox.c)?  Asked
 * once per tick of the coarse clock: asking takes a tenth of a read's time.
 */
static int may_go_on(void)
{
	static long asked;
	struct timespec t;
	int now;

	if (!native_exists())
		return 0;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	if (t.tv_nsec == __atomic_load_n(&asked, __ATOMIC_RELAXED))
		return 1;
	__atomic_store_n(&asked, t.tv_nsec, __ATOMIC_RELAXED);
	now = sandbox_mode();
	if (now == __atomic_load_n(&mode, __ATOMIC_RELAXED))
		return 1;
	__atomic_store_n(&mode, now, __ATOMIC_RELAXED);
	if (!sandbox_allows(calls, 4))
		__atomic_store_n(&refused, 1, __ATOMIC_RELAXED);
	return !is_refused();
}

/* A caller that arrives while another thread creates the context does not wait
 * for it; its request goes another way. */
int native_setup(void)
{
	aio_context_t context = 0;
	struct native_ring *ring;
	long err;

	if (may_go_on())
		return 1;
	if (is_refused() || __atomic_exchange_n(&tried, 1, __ATOMIC_ACQ_REL))
		return 0;
	__atomic_store_n(&mode, sandbox_mode(), __ATOMIC_RELAXED);
	if (!sandbox_allows(calls, 4))
		return refuse(-EPERM);
	err = enter_kernel(__NR_io_setup, EVENTS, &context);
	if (err)
		return refuse(err);
	ring = (struct native_ring *)context;
	if (always_ready < 0)
		always_ready = kick_descriptor();
	if (ring->magic != MAGIC || ring->incompat ||
	    ring->header_length != sizeof(*ring) || always_ready < 0) {
		enter_kernel(__NR_io_destroy, context);
		return refuse(always_ready < 0 ? -EMFILE : -ENOSYS);
	}
	__atomic_store_n(&native_ring, ring, __ATOMIC_RELEASE);
	__atomic_store_n(&tried, 0, __ATOMIC_RELEASE);
	return 1;
}

/* In the child of fork: the context is the parent's. */
void native_forget(void)
{
	native_ring = NULL;
	native_seen = 0;
	tried = 0;
}

static long submit(struct iocb **iocbs, long n)
{
	return enter_kernel(__NR_io_submit, native_ring, n, iocbs);
}

static void fill(struct iocb *i, const struct request *r, int flags)
{
	int ends = __atomic_load_n(&end_descriptor, __ATOMIC_RELAXED);

	*i = (struct iocb){
		/* Only the kernel sees its end before the program asks. */
		.aio_flags = ends >= 0 ? IOCB_FLAG_RESFD : 0,
		.aio_resfd = ends >= 0 ? ends : 0,
		.aio_data = (uint64_t)r->serial << 32 | r->index,
		.aio_lio_opcode = r->op == OP_READ ? IOCB_CMD_PREAD
						   : IOCB_CMD_PWRITE,
		.aio_fildes = r->fd,
		.aio_buf = (unsigned long)r->buf + r->done,
		.aio_nbytes = r->len - r->done,
		.aio_offset = r->offset + r->done,
		.aio_rw_flags = flags,
	};
}

/* The requests are marked NATIVE already: one may end before we return. */
unsigned native_submit(struct request **r, unsigned n)
{
	struct iocb iocbs[BATCH], *list[BATCH];
	unsigned done = 0;

	while (done < n && native_exists()) {
		unsigned m = n - done < BATCH ? n - done : BATCH;
		long took;

		for (unsigned i = 0; i < m; i++) {
			count(STAT_NATIVE);
			fill(&iocbs[i], r[done + i], RWF_NOWAIT);
			list[i] = &iocbs[i];
		}
		__tsan_release(native_ring);
		took = submit(list, m);
		if (took <= 0)
			break;
		done += took;
	}
	return done;
}

/* May sleep.  0: the context did not take it. */
int native_submit_waiting(struct request *r)
{
	struct iocb iocb, *list = &iocb;

	fill(&iocb, r, 0);
	__tsan_release(native_ring);
	return submit(&list, 1) == 1;
}

/* It would have had to wait: hand it to a thread that may. */
static void submit_again(struct request *r)
{
	native_remove(r);
	count(STAT_RETRIED);
	r->flags |= TRIED;
	r->flags &= ~(EXCLUSIVE | TO_NATIVE);
	request_ready(r);
}

/* ---- the ring ---- */

struct event {
	uint64_t data;
	long result;
};

static unsigned index_of(uint64_t data)
{
	return data;
}

/* Get the event at this place.  0: it has been seen meanwhile. */
static int event_at(struct native_ring *ring, uint64_t at, struct event *e)
{
	unsigned i = at % ring->nr;

	e->data = __atomic_load_n(&ring->events[i].data, __ATOMIC_ACQUIRE);
	e->result = __atomic_load_n(&ring->events[i].res, __ATOMIC_ACQUIRE);
	/* An event that is not seen yet is not overwritten. */
	if (__atomic_load_n(&native_seen, __ATOMIC_ACQUIRE) > at)
		return 0;
	__tsan_acquire(ring);
	return 1;
}

/* The first event that is not seen; 0: there is none.  The tail is read after
 * `seen`: events below the tail have been written. */
static int first_event(struct native_ring *ring, uint64_t *at, struct event *e)
{
	do {
		*at = __atomic_load_n(&native_seen, __ATOMIC_ACQUIRE);
		if (!events_from(ring, *at))
			return 0;
	} while (!event_at(ring, *at, e));
	return 1;
}

static int seen(uint64_t at)
{
	return __atomic_compare_exchange_n(&native_seen, &at, at + 1, 0,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Advance head to seen.  The compare-and-swap cannot move head backwards, except
 * when a thread is preempted for exactly one lap of the ring. */
void native_move_head(void)
{
	struct native_ring *ring = __atomic_load_n(&native_ring,
						   __ATOMIC_ACQUIRE);
	unsigned head, to;

	if (!ring)			/* a child of fork */
		return;
	for (;;) {
		head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
		to = __atomic_load_n(&native_seen, __ATOMIC_ACQUIRE) % ring->nr;
		if (head == to)
			return;
		/* Release: the kernel may write where the head has passed. */
		__atomic_compare_exchange_n(&ring->head, &head, to, 0,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	}
}

/* Under the lock. */
static int handle(const struct event *e)
{
	unsigned index = index_of(e->data);
	long result = e->result;
	struct request *r;

	if (e->data == KICK) {
		engine.kicked = 1;
		return 0;
	}
	engine_adopt();			/* its request may be new */
	if (request_is_over(e->data >> 32, index))
		return 0;
	r = request_at(index);
	if ((result == -EAGAIN || result == -EOPNOTSUPP || result == -EINTR) &&
	    !(r->flags & TRIED)) {
		submit_again(r);
		return 0;
	}
	/*
	 * Less than asked for: this is the end of the file; or a file system
	 * that reads through the page cache after all had only this in it.
	 */
	if (result > 0 && r->done + result < r->len && r->op == OP_READ &&
	    !(r->flags & TRIED)) {
		r->done += result;
		submit_again(r);
		return 0;
	}
	if (!request_claim(e->data >> 32, index))
		return 0;
	if (result > 0)
		r->done += result;
	native_remove(r);
	request_end(r, result < 0 && !r->done ? result : (long)r->done);
	return 1;
}

int native_reap(void)
{
	struct native_ring *ring = __atomic_load_n(&native_ring,
						   __ATOMIC_ACQUIRE);
	struct event e;
	uint64_t at;
	int n = 0;

	if (!ring)
		return 0;
	while (first_event(ring, &at, &e)) {
		if (!seen(at))		/* another thread did it */
			continue;
		native_move_head();
		n += handle(&e);
	}
	return n;
}

static void look(void)
{
	signals old = engine_lock();

	native_reap();
	engine_release(old);
}

int native_look(void)
{
	if (!native_ready())
		return 0;
	look();
	return 1;
}

/* Skip the first events, as long as they are over. */
static void pass_by(struct native_ring *ring)
{
	struct event e;
	uint64_t at;

	while (first_event(ring, &at, &e) && e.data != KICK &&
	       request_is_over(e.data >> 32, index_of(e.data)))
		seen(at);
	native_move_head();
}

/* cb's request is native.  0: the lock is needed to know more. */
int native_end(struct aiocb *cb)
{
	static unsigned ended;
	uint64_t at = __atomic_load_n(&native_seen, __ATOMIC_ACQUIRE);
	uint64_t word = __atomic_load_n(word_of(cb), __ATOMIC_ACQUIRE), mine;
	struct native_ring *ring = native_ring;
	unsigned n = ring ? events_from(ring, at) : 0;

	mine = word >> 32 << 32 | (unsigned)cb->__abs_prio;
	if ((uint32_t)word != EINPROGRESS)
		return 1;
	if (request_ends_alone(word >> 32, index_of(mine))) {
		request_end_alone(cb, word, index_of(mine));
		return 1;
	}
	if (n > FEW)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		struct event e;

		if (!event_at(ring, at + i, &e) || e.data != mine)
			continue;
		if (e.result != (long)cb->aio_nbytes)
			return 0;
		request_end_alone(cb, word, index_of(mine));
		pass_by(ring);
		if (__atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED) % UNLINK ==
		    0)
			look();
		return status(cb) != EINPROGRESS;
	}
	return 1;
}

/* 0: there may be events; -EINTR; -ETIME; -EPERM: a filter refuses to wait. */
long native_sleep(unsigned min, const struct timespec *timeout)
{
	long n = !may_go_on() ? -EPERM :
		 enter_kernel(__NR_io_getevents, native_ring, min, min, -4096L,
			      timeout);

	return n == -EFAULT || n > 0 ? 0 : n ? n : -ETIME;
}

void native_kick(unsigned n)
{
	struct iocb iocb = {
		.aio_data = KICK, .aio_lio_opcode = IOCB_CMD_POLL,
		.aio_buf = 1 /* POLLIN */,
	};
	struct iocb *list[BATCH];

	if (!may_go_on())
		return;
	for (unsigned i = 0; i < n && i < BATCH; i++)
		list[i] = &iocb;
	iocb.aio_fildes = always_ready;
	submit(list, n);
}
