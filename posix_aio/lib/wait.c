/* SPDX-License-Identifier: MIT */
/*
 * wait.c - aio_suspend and LIO_WAIT: which thread sleeps where
 *
 * A thread that ends requests wakes the waiters by a futex.  Native requests
 * end by themselves: a thread must sleep in the kernel's context.  One waiter
 * does so, the leader, in io_getevents; it ends the requests whose events it
 * finds, for all threads.  Other waiters with native requests sleep in the
 * futex and are heirs: a leader that has what it waits for wakes one.
 *
 *   leader     io_getevents    woken by the kernel, or by a kick when another
 *                              thread ended a request of the leader's
 *   the rest   futex           woken by bits (engine.h), after a batch
 *
 * A sleeping thread holds no lock.  So a signal handler may interrupt any
 * thread, call aio_suspend itself, or leave by longjmp, and a thread may be
 * cancelled here.  A leader that a handler keeps away leads nobody, and others
 * may take events that it waits for.  Therefore leader and heirs look for
 * themselves every LOOK_MS.  An SSD answers sooner.
 */
#include "engine.h"

enum {
	LOOK_MS = 10,
	SIGNALS_MS = 128,		/* the longest pause between two signals */
};

static uintptr_t leader;		/* the address of its `here`, or 0 */
static unsigned leader_bits, leader_min;
static int heirs;
static __thread char here;		/* its address stands for the thread */

static uintptr_t me(void)
{
	return (uintptr_t)&here;
}

void wait_forget(void)
{
	leader = 0;
	heirs = 0;
}

/* A thread that is to lead sets leader and leader_bits, then looks at its
 * requests; a thread that ends one publishes it, then looks at those two. */
void wait_interrupt_leader(unsigned bits)
{
	uintptr_t l = __atomic_load_n(&leader, __ATOMIC_SEQ_CST);

	if (l && l != me() &&
	    __atomic_load_n(&leader_bits, __ATOMIC_SEQ_CST) & bits)
		native_kick(__atomic_load_n(&leader_min, __ATOMIC_SEQ_CST));
}

/* The state of a waiter: what to undo if it is cancelled. */
struct place {
	int leads, waits, inherits;
	int borrows;		/* this thread leads, below a handler */
	unsigned bits, min;	/* ... and waits for these */
};

static void wake_heir(void)
{
	if (!__atomic_load_n(&heirs, __ATOMIC_SEQ_CST))
		return;
	__atomic_fetch_add(&engine.sequence, 1, __ATOMIC_SEQ_CST);
	futex(&engine.sequence, FUTEX_WAKE_BITSET, 1, NULL, HEIR);
}

static void stop_leading(struct place *p)
{
	if (!p->leads)
		return;
	p->leads = 0;
	if (p->borrows) {
		p->borrows = 0;
		__atomic_store_n(&leader_min, p->min, __ATOMIC_SEQ_CST);
		__atomic_store_n(&leader_bits, p->bits, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_store_n(&leader, 0, __ATOMIC_SEQ_CST);
	wake_heir();
}

static void leave(void *arg)
{
	struct place *p = arg;

	if (p->waits)
		__atomic_fetch_sub(&engine.waiters, 1, __ATOMIC_SEQ_CST);
	if (p->inherits) {
		__atomic_fetch_sub(&heirs, 1, __ATOMIC_SEQ_CST);
		/* The wakeup for an heir may have been for us. */
		if (!__atomic_load_n(&leader, __ATOMIC_SEQ_CST))
			wake_heir();
	}
	p->waits = p->inherits = 0;
	stop_leading(p);
}

/*
 * Become the leader, if there is none.  In a signal handler the leader may be
 * this thread itself, interrupted: then nobody else leads meanwhile, and what
 * it waited for is put back afterwards.
 */
static int lead(struct place *p)
{
	uintptr_t nobody = 0;

	if (p->leads)
		return 1;
	p->leads = __atomic_compare_exchange_n(&leader, &nobody, me(), 0,
					       __ATOMIC_SEQ_CST,
					       __ATOMIC_SEQ_CST);
	if (nobody == me()) {
		p->leads = p->borrows = 1;
		p->bits = leader_bits;
		p->min = leader_min;
	}
	return p->leads;
}

static int satisfied(const struct wanted *w)
{
	int any = 0;

	if (w->group)
		return __atomic_load_n(&w->group->pending,
				       __ATOMIC_ACQUIRE) <= 1;
	for (int i = 0; i < w->n; i++) {
		if (!w->list[i])
			continue;
		if (status(w->list[i]) != EINPROGRESS)
			return 1;
		if (w->list[i]->__policy) {
			native_end((struct aiocb *)w->list[i]);
			if (status(w->list[i]) != EINPROGRESS)
				return 1;
		}
		any = 1;
	}
	return !any;
}

/* The bits of the requests in progress, and how many of these are native. */
static unsigned bits_of(const struct wanted *w, unsigned *natives)
{
	unsigned bits = 0;

	*natives = 0;
	for (int i = 0; i < w->n; i++) {
		const struct aiocb *cb = w->list[i];

		if (!cb || status(cb) != EINPROGRESS)
			continue;
		bits |= bit_of(cb->__abs_prio);
		*natives += !!cb->__policy;
	}
	return bits;
}

static long nanoseconds(const struct timespec *t)
{
	return t->tv_sec * 1000000000L + t->tv_nsec;
}

static struct timespec timespec_of(long ns)
{
	return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return nanoseconds(&t);
}

/* No thread can wait in the context (a filter): look again soon. */
static long sleep_shortly(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	return enter_kernel(__NR_clock_nanosleep, CLOCK_MONOTONIC, 0, &ms,
			    NULL);
}

/* The thread can be cancelled only here, where it holds nothing. */
static long sleep_in_context(unsigned min, long deadline)
{
	struct timespec left = timespec_of(LOOK_MS * 1000000L);
	int type;
	long err;

	if (deadline && deadline - now() < LOOK_MS * 1000000L)
		left = timespec_of(deadline - now() > 0 ? deadline - now() : 0);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	err = native_sleep(min, &left);
	pthread_setcanceltype(type, NULL);
	return err && err != -EINTR && err != -ETIME ? sleep_shortly() : err;
}

static long sleep_in_futex(int sequence, unsigned bits, long deadline)
{
	struct timespec until = timespec_of(deadline);
	int type;
	long err;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	err = futex(&engine.sequence, FUTEX_WAIT_BITSET, sequence,
		    deadline ? &until : NULL, bits);
	pthread_setcanceltype(type, NULL);
	return err;
}

/* Sleep until a request that w waits for may have ended. */
static long sleep_once(const struct wanted *w, struct place *p, long deadline)
{
	unsigned natives, bits = bits_of(w, &natives), min = 1;
	int sequence;
	long err;

	if (natives && lead(p)) {
		/* Wake once for all events, unless heirs need each event. */
		if (w->group && !__atomic_load_n(&heirs, __ATOMIC_SEQ_CST))
			min = natives < 32 ? natives : 32;
		__atomic_store_n(&leader_min, min, __ATOMIC_SEQ_CST);
		__atomic_store_n(&leader_bits, bits | p->bits,
				 __ATOMIC_SEQ_CST);
		native_move_head();
		if (satisfied(w) || native_ready())
			return 0;
		return sleep_in_context(min, deadline);
	}
	stop_leading(p);
	p->waits = 1;
	__atomic_fetch_add(&engine.waiters, 1, __ATOMIC_SEQ_CST);
	if (natives) {
		long soon = now() + LOOK_MS * 1000000L;

		p->inherits = 1;
		__atomic_fetch_add(&heirs, 1, __ATOMIC_SEQ_CST);
		bits |= HEIR;
		if (!deadline || soon < deadline)
			deadline = soon;
		/* The leader waits for many events; it did not know of us. */
		if (__atomic_load_n(&leader_min, __ATOMIC_SEQ_CST) > 1)
			wait_interrupt_leader(~0U);
	}
	sequence = __atomic_load_n(&engine.sequence, __ATOMIC_SEQ_CST);
	err = 0;
	/* If there is a leader, it takes the events that are there. */
	if (!satisfied(w) &&
	    !(natives && !__atomic_load_n(&leader, __ATOMIC_SEQ_CST)))
		err = sleep_in_futex(sequence, bits, deadline);
	leave(p);
	return err;
}

static long wait_until(const struct wanted *w, struct place *p, long deadline)
{
	long err = 0;

	for (;;) {
		if (satisfied(w) || (native_look() && satisfied(w)))
			return 0;
		if (err == -EINTR)
			return err;
		if (deadline && now() >= deadline)
			return -EAGAIN;
		err = sleep_once(w, p, deadline);
	}
}

long wait_for(const struct wanted *w)
{
	struct place p = { 0 };
	long deadline = 0, err;

	/* As glibc, and only if it has to wait: a negative time is over, and
	 * tv_nsec counts as a second at most. */
	if (w->timeout && (w->timeout->tv_sec < 0 || w->timeout->tv_nsec < 0)) {
		deadline = 1;
	} else if (w->timeout && w->timeout->tv_sec < 1L << 30) {
		struct timespec t = *w->timeout;

		if (t.tv_nsec > 1000000000)
			t.tv_nsec = 1000000000;
		deadline = now() + nanoseconds(&t);
	}
	pthread_cleanup_push(leave, &p);
	err = wait_until(w, &p, deadline);
	pthread_cleanup_pop(1);
	return err;
}

/* Under the lock: to the threads of the two, or they go on. */
static void interrupt(struct cancelling *c, int may)
{
	for (int i = 0; i < 2; i++) {
		struct request *r = c->running[i];

		if (r && may) {
			pool_interrupt(r);
		} else if (r) {
			c->running[i] = NULL;
			pool_let_go_on(r);
			request_stop(r);
			cancel_refuse(r);
		}
	}
}

/*
 * For aio_cancel: wait for all answers.  Not a cancellation point.  A signal
 * for a write is lost if its thread is not in the call yet: repeat it.
 */
void wait_for_cancelling(struct cancelling *c, int runs)
{
	int may = runs && pool_may_interrupt();
	long long next = 0;		/* signal: others may wake us meanwhile */
	long ms = 1;

	__atomic_fetch_add(&engine.waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		int sequence = __atomic_load_n(&engine.sequence,
					       __ATOMIC_SEQ_CST);
		signals old = engine_lock();
		struct timespec until;
		unsigned left;

		if (runs && now() >= next) {
			interrupt(c, may && ms <= SIGNALS_MS);
			next = now() + ms * 1000000;
			ms *= 2;
		}
		until = timespec_of(next);
		left = c->left;
		runs = c->running[OP_READ] || c->running[OP_WRITE];
		engine_release(old);
		if (!left)
			break;
		futex(&engine.sequence, FUTEX_WAIT_BITSET, sequence,
		      runs ? &until : NULL, ~HEIR);
	}
	__atomic_fetch_sub(&engine.waiters, 1, __ATOMIC_SEQ_CST);
}
