/* SPDX-License-Identifier: MIT */
/*
 * coroutine.c - coroutines on an event loop: application-level async I/O
 *
 * Each connection is a task whose code looks blocking: wait for bytes, take
 * them, send them, repeat.  A task waits by yielding an Event: it leaves the
 * processor to the loop, which resumes it when the descriptor is ready.  A
 * task switch is a few instructions in the program (switch.h); the kernel
 * sees one thread that waits in epoll_pwait and copies in recvfrom.
 *
 *     epoll_create1
 *     mmap  mprotect                    a task: a stack and its guard, unless
 *                                       it reuses that of an ended task
 *     epoll_ctl ADD                     AcceptEvent: the listener
 *   run_forever:
 *     epoll_pwait                       the only call that sleeps
 *       accept task:  accept4  mmap  mprotect  epoll_ctl ADD
 *       a task:       recvfrom  sendto  recvfrom 0 or an error: close
 *                     epoll_ctl MOD     only when the socket is full
 *
 * Calls     3 per echo, 6 more per connection, and 2 for a stack if no ended
 *           task has left one; connections that are ready together share one
 *           wait and need 2 calls each.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    A stack for each peer, idle or not, kept for the next peer when this
 *           one goes; a task that computes delays all others.  No descriptor
 *           left (EMFILE): the accept task waits until a connection closes or
 *           is served, or a second passes.
 *           Where the set has no room (ENOSPC, ENOMEM), the connection ends.
 * Compare   epoll.c and callback.c: the same calls, except for the stacks.
 * Trace     traces/coroutine.two.x86_64.strace, .kernel
 */
#include "server.h"
#include "switch.h"

enum { EVENTS = 64 };

struct task {				/* lies at the top of its own stack */
	void *sp;			/* kept while it does not run */
	void *stack;
	void (*run)(int fd);
	int fd;
	struct task *next;		/* in the ready queue, or ended */
};

/* ---- the event loop ---- */

static struct {
	int ep;
	void *sp;			/* the loop's own, while a task runs */
	struct task *running;
	struct task *ready, **last;	/* the ready queue */
	struct task *reading[CONNS];	/* the waiting sets, by descriptor */
	struct task *writing[CONNS];
	unsigned registered[CONNS];	/* what the kernel's set has */
	int tasks;
	struct task *ended;		/* their stacks are used again */
} loop = { .last = &loop.ready };

/* Run task when its turn comes. */
static void call_soon(struct task *t)
{
	t->next = NULL;
	*loop.last = t;
	loop.last = &t->next;
}

/* ---- events: what a task can wait for ---- */

struct event {
	int fd;
	unsigned mask;			/* EPOLLIN or EPOLLOUT */
	struct task **waiting;		/* the place in a waiting set */
};

static struct event ReadEvent(int fd)
{
	return (struct event){ fd, EPOLLIN, &loop.reading[fd] };
}

static struct event WriteEvent(int fd)
{
	return (struct event){ fd, EPOLLOUT, &loop.writing[fd] };
}

/* To the kernel, a listener with a connection to accept is readable. */
static struct event AcceptEvent(int fd)
{
	return ReadEvent(fd);
}

/*
 * The running task sleeps until e happens.  Returns 0, or -errno: the set has
 * no room (ENOSPC: fs.epoll.max_user_watches), and the task has not slept.
 */
static long yield(struct event e)
{
	struct epoll_event ev = { .events = e.mask, .data = e.fd };
	struct task *t = loop.running;
	long err;

	if (loop.registered[e.fd] != e.mask) {
		err = sys_epoll_ctl(loop.ep, loop.registered[e.fd]
				    ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, e.fd, &ev);
		if (err)
			return err;
		loop.registered[e.fd] = e.mask;
	}
	*e.waiting = t;
	switch_stack(&t->sp, loop.sp);
	return 0;
}

/* e happened: the task that waits for it is ready. */
static void resume(struct event e)
{
	if (!*e.waiting)
		return;
	call_soon(*e.waiting);
	*e.waiting = NULL;
}

/* Where a task begins, on its own stack, and where it ends. */
static void task_main(void)
{
	struct task *t = loop.running;

	t->run(t->fd);
	loop.tasks--;
	t->next = loop.ended;
	loop.ended = t;				/* not taken before we leave */
	switch_stack(&t->sp, loop.sp);
}

/* A new task that runs fn(fd).  Returns 0 or -ENOMEM. */
static long spawn(void (*fn)(int), int fd)
{
	struct task *t = loop.ended;
	char *stack = t ? t->stack : stack_map();

	if (failed(stack))
		return (long)stack;
	if (t)
		loop.ended = t->next;
	t = (struct task *)(stack + STACK_SIZE) - 2;	/* keeps 16-alignment */
	*t = (struct task){ .stack = stack, .run = fn, .fd = fd };
	t->sp = stack_begin(t, task_main);
	loop.tasks++;
	call_soon(t);
	return 0;
}

static void run_ready(void)
{
	while (loop.ready) {
		struct task *t = loop.ready;

		loop.ready = t->next;
		if (!loop.ready)
			loop.last = &loop.ready;
		loop.running = t;
		switch_stack(&loop.sp, t->sp);
	}
}

static int paused;			/* accept4 found no descriptor */

static void run_forever(void)
{
	struct epoll_event ev[EVENTS];

	for (;;) {
		int n, was_paused;

		run_ready();
		if (!loop.tasks)
			return;			/* the last task has ended */
		was_paused = paused;
		n = woken(sys_epoll_pwait(loop.ep, ev, EVENTS,
					  paused ? 1000 : -1, NULL));
		for (int i = 0; i < n; i++) {	/* an error wakes any waiter */
			resume(ReadEvent(ev[i].data));
			resume(WriteEvent(ev[i].data));
		}
		/* Another program may have freed a descriptor. */
		if (was_paused && paused)
			resume(AcceptEvent(listener));
	}
}

/* ---- the server: two tasks, written as if they blocked ---- */

static struct conn conns[CONNS];	/* by descriptor */

/* Out of the kernel's set: after close it might stay in it (--fd). */
static void unwatch_listener(void)
{
	if (loop.registered[listener])
		sys_epoll_ctl(loop.ep, EPOLL_CTL_DEL, listener, NULL);
	loop.registered[listener] = 0;
}

/* Out of the set until a descriptor is free: else every wait reports it. */
static void pause_accepting(void)
{
	unwatch_listener();
	loop.reading[listener] = loop.running;
	paused = 1;
	switch_stack(&loop.running->sp, loop.sp);
	paused = 0;
}

static void serve(int fd)
{
	static char scratch[SCRATCH];		/* no task keeps it at a yield */
	struct conn *c = &conns[fd];
	long n, err;

	for (;;) {
		err = yield(ReadEvent(fd));
		if (err)
			goto refused;
		n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
		if (n == -EAGAIN)
			continue;		/* readiness was a hint */
		if (conn_received(c, scratch, n))
			break;
		while (c->owed) {
			n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL,
				       0);
			if (conn_sent(c, n))
				goto hang_up;
			err = c->owed ? yield(WriteEvent(fd)) : 0;
			if (err)
				goto refused;
		}
	}
	goto hang_up;
refused:
	conn_gave_up(c, errno_name(err));
hang_up:
	conn_end(c);
	loop.registered[fd] = 0;		/* close takes it out of the set */
	sys_close(fd);
	if (paused)
		resume(AcceptEvent(listener));	/* a descriptor is free */
}

static void accept_all(int fd)
{
	struct sockaddr_in peer;
	int conn;

	do {
		int len = sizeof(peer);

		if (yield(AcceptEvent(fd)))
			pause_accepting();	/* the set has no room */
		conn = sys_accept4(fd, &peer, &len,
				   SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (peers_must_wait(conn))
			pause_accepting();
		if (conn < 0 || beyond_table(conn))
			continue;
		conn_begin(&conns[conn], &peer);
		if (spawn(serve, conn)) {
			conn_gave_up(&conns[conn], "no memory for a stack");
			sys_close(conn);
		}
	} while (!listener_ended(conn));
	unwatch_listener();
	sys_close(fd);
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	loop.ep = must(sys_epoll_create1(EPOLL_CLOEXEC));
	must(spawn(accept_all, listener));
	run_ready();				/* it registers the listener */
	announce();				/* the set-up has succeeded */
	run_forever();
	return end_status;
}
