/* SPDX-License-Identifier: MIT */
/*
 * native.c - O_DIRECT requests in the kernel's native AIO context
 *
 * One context for the process.  The caller submits, with RWF_NOWAIT: what
 * would wait in io_submit (for a block map to be read, for room in the
 * device's queue) comes back as EAGAIN and goes to the worker instead.
 *
 * The kernel adds events at the tail of a ring that it mapped into the
 * process; the head is ours, and is moved under the engine's lock only:
 *
 *        head                 tail
 *   ... | event | event | event | free ...
 *
 * To sleep until there is an event, a thread calls io_getevents with an
 * address to which the kernel cannot copy: it returns EFAULT as soon as there
 * is something to copy, and leaves it in the ring.  So the event is taken by
 * whoever has the lock, and no thread holds one that a signal handler, or a
 * cancelled thread, could keep from its waiter.
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
	MAGIC = 0xa10a10a1,
};
#define KICK (~0ULL)
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

struct native_ring *native_ring;
static int always_ready = -1;

static int kick_descriptor(void)
{
	int low = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), high;

	if (low < 0)
		return -1;
	/* Out of the way of programs that expect the lowest numbers. */
	high = fcntl(low, F_DUPFD_CLOEXEC, 1000);
	if (high < 0)
		high = fcntl(low, F_DUPFD_CLOEXEC, 200);
	if (high < 0)
		return low;
	close(low);
	return high;
}

/* Who comes while another sets it up goes without, to the worker. */
int native_setup(void)
{
	aio_context_t context = 0;
	struct native_ring *ring;

	if (__atomic_load_n(&native_ring, __ATOMIC_ACQUIRE))
		return 1;
	if (__atomic_exchange_n(&engine.native_tried, 1, __ATOMIC_RELAXED) ||
	    enter_kernel(__NR_io_setup, EVENTS, &context))
		return 0;
	ring = (struct native_ring *)context;
	if (always_ready < 0)
		always_ready = kick_descriptor();
	if (ring->magic != MAGIC || ring->incompat ||
	    ring->header_length != sizeof(*ring) || always_ready < 0) {
		enter_kernel(__NR_io_destroy, context);
		return 0;
	}
	__atomic_store_n(&native_ring, ring, __ATOMIC_RELEASE);
	return 1;
}

/* In the child of fork: the context is the parent's. */
void native_forget(void)
{
	native_ring = NULL;
}

static long submit(struct iocb **iocbs, long n)
{
	return enter_kernel(__NR_io_submit, native_ring, n, iocbs);
}

static void fill(struct iocb *i, const struct request *r, int flags)
{
	*i = (struct iocb){
		.aio_data = r->index,
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

	while (done < n) {
		unsigned m = n - done < BATCH ? n - done : BATCH;
		long took;

		for (unsigned i = 0; i < m; i++) {
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

/* It would have had to wait: with the worker, or here when there is none. */
static void submit_again(struct request *r)
{
	struct iocb iocb, *list = &iocb;

	r->flags |= TRIED;
	if (worker_runs()) {
		r->where = HELD;
		engine.natives--;
		request_start(r);
		return;
	}
	fill(&iocb, r, 0);
	__tsan_release(native_ring);
	if (submit(&list, 1) != 1) {
		engine.natives--;
		request_end(r, r->done ? (long)r->done : -EAGAIN);
	}
}

int native_reap(void)
{
	struct native_ring *ring = __atomic_load_n(&native_ring,
						   __ATOMIC_ACQUIRE);
	int n = 0;

	if (!ring)
		return 0;
	while (native_ready()) {
		unsigned head = ring->head;
		uint64_t data = ring->events[head].data;
		long result = ring->events[head].res;
		struct request *r;

		__tsan_acquire(ring);
		/* Release: the kernel may write here once it sees the head. */
		__atomic_store_n(&ring->head, (head + 1) % ring->nr,
				 __ATOMIC_RELEASE);
		if (data == KICK) {
			engine.kicked = 1;
			continue;
		}
		engine_adopt();		/* it may have been sent just now */
		r = request_at(data);
		if ((result == -EAGAIN || result == -EOPNOTSUPP) &&
		    !(r->flags & TRIED)) {
			submit_again(r);
			continue;
		}
		/*
		 * Less than wanted: the end of the file, or where a file
		 * system reads through the page cache after all, what was
		 * there without waiting.
		 */
		if (result > 0)
			r->done += result;
		if (result > 0 && r->done < r->len && r->op == OP_READ &&
		    !(r->flags & TRIED)) {
			submit_again(r);
			continue;
		}
		engine.natives--;
		request_end(r, result < 0 && !r->done ? result
						      : (long)r->done);
		n++;
	}
	return n;
}

void native_look(void)
{
	signals old;

	if (!native_ready())
		return;
	old = engine_lock();
	native_reap();
	engine_release(old);
}

/* 0: there may be events; -EINTR; -ETIME. */
long native_sleep(unsigned min, const struct timespec *timeout)
{
	long n = enter_kernel(__NR_io_getevents, native_ring, min, min, -4096L,
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

	for (unsigned i = 0; i < n && i < BATCH; i++)
		list[i] = &iocb;
	iocb.aio_fildes = always_ready;
	submit(list, n);
}
