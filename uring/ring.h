/* SPDX-License-Identifier: MIT */
/*
 * ring.h - an io_uring on raw system calls: two queues in shared memory
 *
 *            submission queue                    completion queue
 *       head                tail            head                tail
 *   ... | sqe | sqe | sqe | free ...    ... | cqe | cqe | cqe | free ...
 *       the kernel          we              we                  the kernel
 *       takes here          add here        take here           adds here
 *
 * Each index has one writer.  Writing an index publishes what lies in the
 * entries, so the store is a release and the other side's load an
 * acquire; each such place below says who the other side is.
 *
 * Every function is at most one kernel entry, except ring_setup and
 * ring_close, and returns -errno as the kernel gave it.  io_uring.h says
 * which kernel brought each name (IORING_...); the caller finds out by trying
 * whether this kernel has it.  Freestanding and hosted code can include this.
 *
 *   ring_setup     io_uring_setup, mmap x2       ring_close   munmap x2, close
 *   ring_sqe       the next free entry           ring_room    how many are free
 *   ring_submit    io_uring_enter, no waiting    ring_wait    ... and wait
 *   ring_await_room  SQPOLL: until its thread has taken an entry
 *   ring_ready     completions that are there    ring_cqe     the i-th of them
 *   ring_seen      give n entries back           ring_again   may I go on?
 *   ring_buffers_* provided buffers              ring_files_* ring_probe ...
 */
#ifndef IOMODELS_RING_H
#define IOMODELS_RING_H

#include "../syscalls/io_uring.h"
#include "why.h"

/* A name that begins with k: the kernel reads or writes it too. */
struct ring {
	int fd;
	unsigned flags, features;	/* as io_uring_setup returned them */

	unsigned *ksq_head, *ksq_tail, *ksq_flags;
	unsigned sq_tail;		/* ours: beyond *ksq_tail until submitted */
	unsigned sq_entries;		/* a power of two */
	struct io_uring_sqe *sqes;

	unsigned *kcq_head, *kcq_tail, *kcq_overflow;
	unsigned cq_entries;		/* a power of two */
	struct io_uring_cqe *kcqes;

	/*
	 * Flags of every io_uring_enter: REGISTERED_RING, with the index that
	 * IORING_REGISTER_RING_FDS gave to this thread, instead of fd.
	 */
	unsigned enter;

	/*
	 * Signals that are blocked while ring_wait sleeps, and only then,
	 * instead of the thread's own mask; NULL: that mask stays.
	 */
	const unsigned long *wait_mask;

	/*
	 * After this time, in microseconds, one completion ends a ring_wait for
	 * several; 0: never.  Needs 6.12 (MIN_TIMEOUT in features).
	 */
	unsigned min_wait;

	char *sq_map, *cq_map;		/* the same under SINGLE_MMAP */
	unsigned long sq_size, cq_size, sqes_size;
};

/* ---- setup ---- */

/* Map fd with MAP_SHARED | MAP_POPULATE; without an fd, private memory. */
static inline void *ring_map(int fd, unsigned long size,
			     unsigned long long offset)
{
	int flags = fd < 0 ? 0x22 : 0x8001;

	return (void *)enter_kernel(__NR_mmap, 0, size, 0x3, flags, fd, offset);
}

static inline int ring_map_failed(const void *map)
{
	return (unsigned long)map >= -4095UL;
}

static inline void ring_unmap(void *map, unsigned long size)
{
	if (map && !ring_map_failed(map))
		enter_kernel(__NR_munmap, map, size);
}

static inline unsigned long ring_pages(unsigned long size)
{
	return (size + 0xffff) & ~0xffffUL;	/* aarch64 has pages of 64 KiB */
}

/* Unmap and close; what is in flight is cancelled by the kernel. */
static inline void ring_close(struct ring *r)
{
	if (r->cq_map != r->sq_map)
		ring_unmap(r->cq_map, r->cq_size);
	ring_unmap(r->sq_map, r->sq_size);
	ring_unmap(r->sqes, r->sqes_size);
	if (r->fd >= 0)
		enter_kernel(__NR_close, r->fd);
	r->fd = -1;
}

/* Where the kernel put what, in the mappings. */
static inline void ring_lay_out(struct ring *r, const struct io_uring_params *p)
{
	char *sq = r->sq_map, *cq = r->cq_map;

	r->ksq_head = (unsigned *)(sq + p->sq_off.head);
	r->ksq_tail = (unsigned *)(sq + p->sq_off.tail);
	r->ksq_flags = (unsigned *)(sq + p->sq_off.flags);
	r->sq_entries = p->sq_entries;
	r->sq_tail = *r->ksq_tail;
	r->kcq_head = (unsigned *)(cq + p->cq_off.head);
	r->kcq_tail = (unsigned *)(cq + p->cq_off.tail);
	r->kcq_overflow = (unsigned *)(cq + p->cq_off.overflow);
	r->cq_entries = p->cq_entries;
	r->kcqes = (struct io_uring_cqe *)(cq + p->cq_off.cqes);

	/*
	 * The submission queue proper holds indices into the entries, so that
	 * entries could be submitted in another order than filled.  No program
	 * here does: entry i stays at place i.  NO_SQARRAY: there is no array.
	 */
	if (!(p->flags & IORING_SETUP_NO_SQARRAY))
		for (unsigned i = 0; i < p->sq_entries; i++)
			((unsigned *)(sq + p->sq_off.array))[i] = i;
}

/*
 * A ring of at least `entries` submissions.  The caller sets the flags in *p
 * (and cq_entries, sq_thread_idle, where a flag asks for them); the kernel
 * fills in the rest.  Returns 0, or -errno of io_uring_setup:
 *
 *   -ENOSYS   the kernel has no io_uring, or a seccomp filter hides it
 *   -EPERM    kernel.io_uring_disabled, or a seccomp filter
 *   -EACCES   a security module (SELinux)
 *   -EINVAL   a flag is newer than the kernel, or does not go with another
 *   -ENOMEM   RLIMIT_MEMLOCK (without CAP_IPC_LOCK), or no memory
 *   -EMFILE   no descriptor left (-ENFILE: in the whole system)
 *
 * or of mmap.  Nothing is left behind then.
 */
static inline long ring_setup(struct ring *r, unsigned entries,
			      struct io_uring_params *p)
{
	int ours = p->flags & IORING_SETUP_NO_MMAP;
	unsigned cq = p->flags & IORING_SETUP_CQSIZE ? p->cq_entries
						     : 2 * entries;
	long err;

	*r = (struct ring){ .fd = -1 };
	if (ours) {
		/*
		 * The kernel takes the memory before it tells the layout, so
		 * give enough: a page for the indices, twice the entries
		 * because each count is rounded up to a power of two.
		 */
		r->sq_size = ring_pages(4096 + 2 * (cq * sizeof(*r->kcqes) +
						    entries * 4));
		r->sqes_size = ring_pages(2 * entries * sizeof(*r->sqes));
		r->sq_map = r->cq_map = ring_map(-1, r->sq_size, 0);
		r->sqes = ring_map(-1, r->sqes_size, 0);
		err = ring_map_failed(r->sq_map) ? (long)r->sq_map :
		      ring_map_failed(r->sqes) ? (long)r->sqes : 0;
		if (err) {
			ring_close(r);
			return err;
		}
		p->cq_off.user_addr = (unsigned long)r->sq_map;
		p->sq_off.user_addr = (unsigned long)r->sqes;
	}
	err = sys_io_uring_setup(entries, p);
	if (err < 0) {
		ring_close(r);
		return err;
	}
	r->fd = err;
	r->flags = p->flags;
	r->features = p->features;
	if (!ours) {
		r->sq_size = p->sq_off.array + p->sq_entries * 4;
		r->cq_size = p->cq_off.cqes + p->cq_entries * sizeof(*r->kcqes);
		if (p->features & IORING_FEAT_SINGLE_MMAP)
			r->sq_size = r->cq_size =
				r->cq_size > r->sq_size ? r->cq_size : r->sq_size;
		r->sqes_size = p->sq_entries * sizeof(*r->sqes);
		r->sq_map = ring_map(r->fd, r->sq_size, IORING_OFF_SQ_RING);
		r->cq_map = p->features & IORING_FEAT_SINGLE_MMAP ? r->sq_map :
			    ring_map(r->fd, r->cq_size, IORING_OFF_CQ_RING);
		r->sqes = ring_map(r->fd, r->sqes_size, IORING_OFF_SQES);
	}
	err = ring_map_failed(r->sq_map) ? (long)r->sq_map :
	      ring_map_failed(r->cq_map) ? (long)r->cq_map :
	      ring_map_failed(r->sqes) ? (long)r->sqes : 0;
	if (err)
		ring_close(r);
	else
		ring_lay_out(r, p);
	return err;
}

/* ---- submission ---- */

/*
 * How many entries ring_sqe can give.  Acquire: the kernel moves the head once
 * it has copied an entry.  Under SQPOLL a kernel thread does so; without the
 * acquire we might write into an entry which that thread still reads.
 */
static inline unsigned ring_room(const struct ring *r)
{
	return r->sq_entries -
	       (r->sq_tail - __atomic_load_n(r->ksq_head, __ATOMIC_ACQUIRE));
}

/*
 * The next free entry, all zero; or NULL when all entries wait for the kernel
 * to take them: submit, then ask again.
 */
static inline struct io_uring_sqe *ring_sqe(struct ring *r)
{
	struct io_uring_sqe *sqe;

	if (!ring_room(r))
		return (void *)0;
	sqe = &r->sqes[r->sq_tail++ & (r->sq_entries - 1)];
	*sqe = (struct io_uring_sqe){ 0 };
	return sqe;
}

/* The kernel holds completions back: the queue was full.  ring_wait reaps. */
static inline int ring_overflowed(const struct ring *r)
{
	/* Relaxed: a hint only; what it hints at comes with the next enter. */
	return !!(__atomic_load_n(r->ksq_flags, __ATOMIC_RELAXED) &
		  IORING_SQ_CQ_OVERFLOW);
}

/*
 * Submit the new entries, and wait until `wait` completions are in the queue
 * (after min_wait, one) or the timeout (NULL: none; needs 5.11) is over.  One
 * io_uring_enter; under SQPOLL none while the kernel's thread is awake and
 * `wait` is 0.
 *
 * Returns how many entries the kernel took.  Fewer than there were is not an
 * error (it stops at an entry that it finds invalid, unless SUBMIT_ALL): the
 * rest stays and goes with the next call, as it does after
 *
 *   -EINTR   a signal came while waiting and nothing was submitted.  (Under a
 *            tracer even one that is ignored by default, such as SIGCHLD.)
 *   -EAGAIN  no memory for a request
 *   -EBUSY   completions overflowed, and `wait` is not 0 (Linux 6.1 and older,
 *            not 6.12) or there is something to submit (5.11, not 5.15)
 *   -ETIME   the timeout is over; without a timeout, min_wait is
 *
 * After these, take the completions that are there and call again.  Others:
 *
 *   -EBADR   completions are lost for good: there was no memory to keep what
 *            the queue had no room for (5.19 and later); it is reported once
 *   -ENOMEM  no memory for what the kernel keeps of this thread; nothing was
 *            taken
 *
 *   -EBADFD  the ring is still disabled (R_DISABLED)
 *   -EEXIST  SINGLE_ISSUER, and this is another thread
 *   -EBADF -EOPNOTSUPP -ENXIO  r->fd is not a ring, or no longer one
 *   -EINVAL  a flag; -EFAULT a bad timeout: a mistake here
 *   -EOWNERDEAD  SQPOLL: its thread has ended
 */
static inline long ring_wait(struct ring *r, unsigned wait,
			     const struct __kernel_timespec *timeout)
{
	struct io_uring_getevents_arg ext = {
		.sigmask = (unsigned long)r->wait_mask,
		.sigmask_sz = 8,
		.min_wait_usec = wait > 1 ? r->min_wait : 0,
		.ts = (unsigned long)timeout,
	};
	unsigned submit = r->sq_entries - ring_room(r);
	unsigned flags = r->enter;

	/*
	 * Release: a reader of the new tail sees the entries before it.  The
	 * reader is the kernel in our own io_uring_enter, where any order
	 * would do, or SQPOLL's thread on another processor.
	 */
	__atomic_store_n(r->ksq_tail, r->sq_tail, __ATOMIC_RELEASE);
	if (r->flags & IORING_SETUP_SQPOLL) {
		/*
		 * SQPOLL's thread sets NEED_WAKEUP, then looks at the tail once
		 * more, then sleeps.  We write the tail, then look at the flag.
		 * The full barrier between makes one of us see the other.
		 */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (submit && (__atomic_load_n(r->ksq_flags, __ATOMIC_RELAXED) &
			       IORING_SQ_NEED_WAKEUP))
			flags |= IORING_ENTER_SQ_WAKEUP;
		else if (!wait && !ring_overflowed(r))
			return submit;
	}
	if (wait || ring_overflowed(r))
		flags |= IORING_ENTER_GETEVENTS;
	if (!timeout && !ext.min_wait_usec)
		return sys_io_uring_enter(r->fd, submit, wait, flags,
					  r->wait_mask, 8);
	return sys_io_uring_enter(r->fd, submit, wait,
				  flags | IORING_ENTER_EXT_ARG, &ext,
				  sizeof(ext));
}

static inline long ring_submit(struct ring *r)
{
	return ring_wait(r, 0, (void *)0);
}

/*
 * SQPOLL, and what was submitted fills the queue: sleep until the kernel's
 * thread has taken entries, which it may do only when we leave it our
 * processor.  Errors as ring_wait's.
 */
static inline long ring_await_room(struct ring *r)
{
	unsigned flags = r->enter | IORING_ENTER_SQ_WAIT;

	/* ring_submit has stored the tail, with a barrier after it. */
	if (__atomic_load_n(r->ksq_flags, __ATOMIC_RELAXED) &
	    IORING_SQ_NEED_WAKEUP)
		flags |= IORING_ENTER_SQ_WAKEUP;
	return sys_io_uring_enter(r->fd, 0, 0, flags, (void *)0, 0);
}

/* ring_wait's result, with 0 for the errors after which one just goes on. */
static inline long ring_again(long n)
{
	return n == -EINTR || n == -EAGAIN || n == -EBUSY || n == -ETIME ? 0 : n;
}

/* ---- completion ---- */

/*
 * How many completions are there to take.  Acquire: the kernel fills an entry,
 * then moves the tail, in our own thread (io_uring_enter, task work) or in another
 * on another processor, such as SQPOLL's (before 5.15 also in an interrupt).
 */
static inline unsigned ring_ready(const struct ring *r)
{
	return __atomic_load_n(r->kcq_tail, __ATOMIC_ACQUIRE) - *r->kcq_head;
}

/* The i-th of them, to read until ring_seen. */
static inline struct io_uring_cqe *ring_cqe(const struct ring *r, unsigned i)
{
	return &r->kcqes[(*r->kcq_head + i) & (r->cq_entries - 1)];
}

/*
 * Give the oldest n entries back.  Release: the kernel may write into them as
 * soon as it sees the new head, so our reads must be over.
 */
static inline void ring_seen(struct ring *r, unsigned n)
{
	__atomic_store_n(r->kcq_head, *r->kcq_head + n, __ATOMIC_RELEASE);
}

/* Completions that are lost for good: only before 5.5 (NODROP), or no memory. */
static inline unsigned ring_lost(const struct ring *r)
{
	return __atomic_load_n(r->kcq_overflow, __ATOMIC_RELAXED);
}

/* ---- provided buffers: the kernel chooses one when data is there (5.19) ---- */

/*
 * A ring of its own, in memory of ours: we add at the tail, the kernel takes
 * at a head which it keeps to itself.  A completion names the buffer that it
 * filled; that buffer is ours until ring_buffers_put.
 */
struct ring_buffers {
	struct io_uring_buf *kring;
	char *mem;
	unsigned entries, size;		/* a power of two; bytes of a buffer */
	unsigned long map_size;
	unsigned short tail, group;
};

static inline char *ring_buffers_at(const struct ring_buffers *b, unsigned id)
{
	return b->mem + (unsigned long)id * b->size;
}

/*
 * Release: the kernel reads the tail whenever a request wants a buffer, also
 * in a worker or in SQPOLL's thread, and then the entry below it.
 */
static inline void ring_buffers_put(struct ring_buffers *b, unsigned id)
{
	struct io_uring_buf *e = &b->kring[b->tail & (b->entries - 1)];

	e->addr = (unsigned long)ring_buffers_at(b, id);
	e->len = b->size;
	e->bid = id;			/* and not e->tail: see io_uring.h */
	__atomic_store_n(&b->kring->tail, ++b->tail, __ATOMIC_RELEASE);
}

/*
 * Register a group of buffers; the kernel gets each one by ring_buffers_put.
 * -EINVAL: before 5.19, or entries is not a power of two or beyond 32768;
 * -EEXIST: the group is there already.
 */
static inline long ring_buffers_register(struct ring *r, struct ring_buffers *b,
					 unsigned group, unsigned entries,
					 unsigned size)
{
	unsigned long head = ring_pages(entries * sizeof(*b->kring));
	struct io_uring_buf_reg reg = { .ring_entries = entries, .bgid = group };
	char *map;
	long err;

	*b = (struct ring_buffers){ .entries = entries, .size = size,
				    .group = group };
	b->map_size = head + ring_pages((unsigned long)entries * size);
	map = ring_map(-1, b->map_size, 0);
	if (ring_map_failed(map))
		return (long)map;
	b->kring = (struct io_uring_buf *)map;
	b->mem = map + head;
	reg.ring_addr = (unsigned long)map;
	err = sys_io_uring_register(r->fd, IORING_REGISTER_PBUF_RING, &reg, 1);
	if (err) {
		ring_unmap(map, b->map_size);
		return err;
	}
	return 0;
}

/* The same, all free. */
static inline long ring_buffers_setup(struct ring *r, struct ring_buffers *b,
				      unsigned group, unsigned entries,
				      unsigned size)
{
	long err = ring_buffers_register(r, b, group, entries, size);

	for (unsigned i = 0; !err && i < entries; i++)
		ring_buffers_put(b, i);
	return err;
}

static inline long ring_buffers_close(struct ring *r, struct ring_buffers *b)
{
	struct io_uring_buf_reg reg = { .bgid = b->group };
	long err = sys_io_uring_register(r->fd, IORING_UNREGISTER_PBUF_RING,
					 &reg, 1);

	ring_unmap(b->kring, b->map_size);
	return err;
}

/* Which buffer the completion filled; only with IORING_CQE_F_BUFFER. */
static inline unsigned ring_buffer_of(const struct io_uring_cqe *cqe)
{
	return cqe->flags >> IORING_CQE_BUFFER_SHIFT;
}

/* ---- registration: what the kernel looks up once and not per request ---- */

static inline long ring_files(struct ring *r, int *fds, unsigned n)
{
	return sys_io_uring_register(r->fd, IORING_REGISTER_FILES, fds, n);
}

/*
 * A table of n empty slots, for accept to fill (5.19).  -EMFILE: n is beyond
 * RLIMIT_NOFILE, though slots are not descriptors.
 */
static inline long ring_files_sparse(struct ring *r, unsigned n)
{
	struct io_uring_rsrc_register reg = {
		.nr = n, .flags = IORING_RSRC_REGISTER_SPARSE,
	};

	return sys_io_uring_register(r->fd, IORING_REGISTER_FILES2, &reg,
				     sizeof(reg));
}

/* Fill n slots from `first` on; -1 empties one.  Returns how many it did. */
static inline long ring_files_update(struct ring *r, unsigned first, int *fds,
				     unsigned n)
{
	struct io_uring_files_update update = {
		.offset = first, .fds = (unsigned long)fds,
	};

	return sys_io_uring_register(r->fd, IORING_REGISTER_FILES_UPDATE,
				     &update, n);
}

/* iovecs: an array of n struct iovec; the pages stay pinned. */
static inline long ring_fixed_buffers(struct ring *r, const void *iovecs,
				      unsigned n)
{
	return sys_io_uring_register(r->fd, IORING_REGISTER_BUFFERS,
				     (void *)iovecs, n);
}

/* Completions add to the eventfd: 1 for all that come together. */
static inline long ring_eventfd(struct ring *r, int eventfd)
{
	return sys_io_uring_register(r->fd, IORING_REGISTER_EVENTFD, &eventfd, 1);
}

/* Which operations the kernel knows; *kprobe must be zero (5.6). */
static inline long ring_probe(struct ring *r, struct io_uring_probe *kprobe)
{
	return sys_io_uring_register(r->fd, IORING_REGISTER_PROBE, kprobe,
				     IORING_OP_COUNT);
}

/* An operation that the kernel knows, from ring_probe. */
static inline int ring_knows(const struct io_uring_probe *probe, unsigned op)
{
	return op < IORING_OP_COUNT && op < probe->ops_len &&
	       (probe->ops[op].flags & IO_URING_OP_SUPPORTED);
}

#endif
