/* SPDX-License-Identifier: MIT */
/*
 * thread.h - threads and locks from clone(2) and futex(2), without libc
 *
 *     mmap                   stack_top
 *     |<--------- STACK_SIZE -------->|
 *     [ guard |  stack  <- grows down ]
 *       PROT_NONE: an overflow faults instead of writing elsewhere
 *
 * A thread is detached: when its function returns it unmaps the stack that
 * it runs on and exits, so nothing is kept for it.  A program that must know
 * how many are left counts them (struct count) and sleeps in a futex.
 */
#ifndef IOMODELS_THREAD_H
#define IOMODELS_THREAD_H

#include "sys.h"

/* The guard is as large as the largest page of the three architectures. */
enum { STACK_SIZE = 128 << 10, GUARD_SIZE = 64 << 10 };

/* What makes a thread of a clone: one memory, one table of descriptors. */
enum {
	THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		       CLONE_THREAD | CLONE_SYSVSEM,
};

/* The lowest address of a new stack, with its guard, or -errno: failed(). */
static inline void *stack_map(void)
{
	char *base = sys_mmap(NULL, STACK_SIZE, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	long err;

	if (failed(base))
		return base;
	err = sys_mprotect(base + GUARD_SIZE, STACK_SIZE - GUARD_SIZE,
			   PROT_READ | PROT_WRITE);
	if (err) {
		sys_munmap(base, STACK_SIZE);
		return (void *)err;
	}
	return base;
}

/* Lies at the top of the thread's own stack. */
struct thread {
	void (*fn)(long);
	long arg;
	void *stack;
};

/*
 * A signal handler that ran between the munmap and the exit would have no
 * stack to stand on: so first block every signal.
 */
static inline void thread_main(void *self)
{
	struct thread *t = self;
	void *stack = t->stack;
	unsigned long all = ~0UL;

	t->fn(t->arg);
	sys_rt_sigprocmask(SIG_SETMASK, &all, NULL);
	exit_unmapping(stack, STACK_SIZE);
}

/*
 * Run fn(arg) in a thread of its own, which ends when fn returns.  Returns
 * its id or -errno: -EAGAIN (RLIMIT_NPROC, pid_max, a cgroup), -ENOMEM.
 */
static inline long thread_start(void (*fn)(long), long arg)
{
	char *stack = stack_map();
	struct thread *t;
	long tid;

	if (failed(stack))
		return (long)stack;
	t = (struct thread *)(stack + STACK_SIZE) - 2;	/* keeps 16-alignment */
	t->fn = fn;
	t->arg = arg;
	t->stack = stack;
	tid = sys_clone_thread(THREAD_FLAGS, t, NULL, NULL, thread_main, t);
	if (tid < 0)
		sys_munmap(stack, STACK_SIZE);
	return tid;
}

/* ---- futex: sleep while *word is value; wake at most n sleepers ---- */

static inline long futex_wait(int *word, int value,
			      const struct timespec *timeout)
{
	return sys_futex(word, FUTEX_WAIT_PRIVATE, value, timeout, NULL, 0);
}

static inline long futex_wake(int *word, int n)
{
	return sys_futex(word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

/*
 * A mutex: 0 free, 1 held, 2 held and somebody may sleep (Drepper, "Futexes
 * Are Tricky", mutex 2).  No system call unless two threads meet.
 */
struct lock {
	int state;
};

static inline void lock(struct lock *l)
{
	int free = 0;

	if (__atomic_compare_exchange_n(&l->state, &free, 1, 0,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE))
		futex_wait(&l->state, 2, NULL);
}

static inline void unlock(struct lock *l)
{
	if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
		futex_wake(&l->state, 1);
}

/* A counter that one thread can sleep on until it falls. */
struct count {
	int n;
};

static inline void count_up(struct count *c)
{
	__atomic_add_fetch(&c->n, 1, __ATOMIC_RELAXED);
}

/* Release: for the acquire of the thread that sees the lower number. */
static inline void count_down(struct count *c)
{
	__atomic_sub_fetch(&c->n, 1, __ATOMIC_RELEASE);
	futex_wake(&c->n, 1);
}

static inline int count_read(struct count *c)
{
	return __atomic_load_n(&c->n, __ATOMIC_ACQUIRE);
}

#endif
