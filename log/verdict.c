/* SPDX-License-Identifier: MIT */
/* verdict.c - the answer in one or two sentences; see verdict.h */
#include <stdarg.h>
#include <stdio.h>
#include "duration.h"
#include "finding_look.h"
#include "verdict.h"

enum {
	LONG_NS = 500000000,	/* an open call that is worth the headline */
	SLOW_NS = 5000000,	/* a call that only looks at names */
	SHARE = 25,		/* percent of the wall clock that matter */
	UNSEEN = 100,		/* requests of a ring that made no call */
};

static const long long OWED_NS = 3000000000LL;	/* a client waits that long */

const char *verdict_name(enum verdict_of v)
{
	static const char *const names[] = {
		"nothing", "finding", "open-call", "wait", "outside", "idle",
		"done",
	};

	return names[v];
}

struct text {
	char *at;
	size_t size, len;
	int told_unfollowed;
};

__attribute__((format(printf, 2, 3)))
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at + t->len, t->size - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len = t->len + n < t->size ? t->len + n : t->size - 1;
}

static const char *plural(unsigned long n)
{
	return n == 1 ? "" : "s";
}

/* ---- open calls ---- */

static const struct unreturned *open_of(const struct reader *r, long pid)
{
	const struct accounts *a = &r->accounts;

	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++)
		if (a->open[i].pid == pid)
			return &a->open[i];
	return NULL;
}

/* Another thread of the process is somewhere that explains this one. */
static int has_sibling(const struct reader *r, const struct unreturned *o)
{
	const struct accounts *a = &r->accounts;

	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++)
		if (a->open[i].process == o->process &&
		    a->open[i].pid != o->pid && a->open[i].what != FOR_LOCK)
			return 1;
	/* It was in no call at the end: it ran. */
	for (const struct account *x = a->first; x; x = x->next)
		if (x->process == o->process && x->pid != o->pid &&
		    (!x->ended || o->how == OPEN_KILLED) &&
		    !open_of(r, x->pid))
			return 1;
	return 0;
}

static int waits_for_clients(const struct account *a)
{
	for (unsigned i = 0; i < a->n_waits; i++)
		if (a->wait[i].what == FOR_CLIENT ||
		    a->wait[i].what == FOR_EVENTS)
			return 1;
	return 0;
}

/*
 * Another thread made calls in the log, or another process, which serves clients as
 * this one may do: the program does not hang.  (An account of many threads has at
 * least one call for each.)
 */
static int works_beside(const struct reader *r, const struct unreturned *o)
{
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if ((a->pid != o->pid || a->tasks > 1) && a->calls > a->tasks &&
		    (a->process == o->process || waits_for_clients(a)))
			return 1;
	return 0;
}

/* What restart_syscall resumes (poll, a sleep, a futex) has a timeout. */
static int may_have_no_work(const struct unreturned *o)
{
	return o->what == FOR_EVENTS || o->call == CALL_RESTART;
}

/* It is in no call: the one that waits for it will go on. */
static int runs(const struct reader *r, long pid)
{
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (a->pid == pid && a->tasks == 1 && !a->ended)
			return !open_of(r, pid);
	return 0;
}

/* wait4(-1): the child that a signal killed first is known by its parent. */
static const struct unreturned *child_of(const struct reader *r,
					 const struct unreturned *o)
{
	const struct accounts *a = &r->accounts;

	if (o->on)
		return open_of(r, o->on);
	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++)
		if (a->open[i].parent == o->process && o->process)
			return &a->open[i];
	return NULL;
}

/* It seldom sleeps: slow, it had no processor. */
static int is_quick(const char *name)
{
	static const char *const calls[] = {
		"getpid", "getppid", "gettid", "getuid", "geteuid", "time",
		"gettimeofday", "clock_gettime", "getrusage", "times",
		"sched_yield", "rt_sigaction", "rt_sigprocmask", "lseek",
		"fstat", "umask", "fcntl", "setsockopt", "getsockopt",
		"epoll_ctl", "socket", "bind", "listen", "getsockname", "brk",
		"set_robust_list", "set_tid_address", "rseq", "prlimit64",
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(name, calls[i]))
			return 1;
	return 0;
}

/* It waits for a lock of the kernel at most. */
static int is_short(const char *name)
{
	static const char *const calls[] = {
		"mmap", "munmap", "mprotect", "madvise", "setitimer",
		"rt_sigreturn", "clone", "clone3",
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(name, calls[i]))
			return 1;
	return 0;
}

/*
 * A log without times ends while threads run, and soon after this call began:
 * it was cut. (A lock that another thread holds is still worth saying.)  strace
 * writes "<unfinished ...>" when it has a line of another thread to write: a log
 * whose last line ends in that was cut as well.
 */
static int was_cut(const struct reader *r, const struct unreturned *o)
{
	enum { SOON = 10, EXCERPT = 20 };	/* lines that somebody chose */

	if (o->ns != NO_TIME || o->how != OPEN_UNFINISHED)
		return 0;
	if (is_short(o->name))
		return 1;
	if (o->attached || o->mutex || r->joiner.lines > o->line + SOON)
		return 0;
	if (r->joiner.goes_on && r->accounts.n > 1 &&
	    r->joiner.lines > EXCERPT)
		return 1;
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (!a->ended && a->pid != o->pid && !open_of(r, a->pid))
			return 1;
	return 0;
}

/* strace let go of the thread in the middle of a call that seldom waits. */
static int never_waits(const struct unreturned *o)
{
	return o->what != FOR_LOCK && is_quick(o->name) &&
	       (o->ns == NO_TIME || o->ns < LONG_NS);
}

/*
 * The first part of a pipeline worked until all of it was ended: it was in no
 * call, or in one that had just begun.
 */
static int worked_on(const struct reader *r, long pid)
{
	const struct unreturned *o = open_of(r, pid);

	if (o)
		return o->ns != NO_TIME && o->ns < LONG_NS;
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (a->pid == pid && a->tasks == 1)
			return !a->ended || (a->last_ns != NO_TIME &&
					     r->last_ns - a->last_ns < LONG_NS);
	return 0;
}

static int has_working_child(const struct reader *r, long process)
{
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (a->parent == process && process && a->pid == a->process &&
		    worked_on(r, a->pid))
			return 1;
	return 0;
}

/* It reads a pipe, and who has the other end is at work, or waits for one who is. */
static int reads_from_worker(const struct reader *r, const struct unreturned *o)
{
	enum { FAR = 8 };

	for (int i = 0; o && i < FAR; i++) {
		long on = o->on;

		if (o->what == FOR_CHILD && has_working_child(r, o->process))
			return 1;
		if (o->what == FOR_CHILD && !on) {
			o = child_of(r, o);
			on = o ? o->pid : 0;
		} else if (o->what != FOR_CHILD && (o->what != FOR_PIPE ||
				call_class(o->call) == CLASS_OUT)) {
			return 0;
		}
		if (!on || worked_on(r, on))
			return on != 0;
		o = open_of(r, on);
	}
	return 0;
}

static int waits_for_thread(const struct unreturned *o)
{
	return o->what == FOR_LOCK || o->what == FOR_THREAD;
}

/* A thread that explains its process: not in a lock, nor waiting for another. */
static int has_worker(const struct reader *r, const struct unreturned *o)
{
	const struct accounts *a = &r->accounts;

	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++)
		if (a->open[i].process == o->process &&
		    !waits_for_thread(&a->open[i]))
			return 1;
	for (const struct account *x = a->first; x; x = x->next)
		if (x->process == o->process && x->pid != o->pid &&
		    (!x->ended || o->how == OPEN_KILLED) && !open_of(r, x->pid))
			return 1;
	return 0;
}

/*
 * The thread that it waits for was in no call at the end, or only the signal that
 * ended all was its end.  (Threads that are alike have one account.)
 */
static int ran_to_end(const struct reader *r, const struct unreturned *o)
{
	int one_of_many = 0;

	if (open_of(r, o->on))
		return 0;
	for (const struct account *a = r->accounts.first; a; a = a->next) {
		int lives = !a->ended || o->how == OPEN_KILLED;

		if (a->pid == o->on && a->tasks == 1)
			return lives;
		one_of_many |= lives && a->tasks > 1 &&
			       a->process == o->process;
	}
	return one_of_many;
}

/*
 * pthread_join waits as long as the other thread lives.  What counts is what that
 * one does: it serves clients, or works, or hangs, and then it is the one to blame.
 */
static int joins_idle(const struct reader *r, const struct unreturned *o)
{
	enum { FAR = 8 };
	const struct unreturned *next = o;

	for (int i = 0; i < FAR && next->what == FOR_THREAD; i++) {
		const struct unreturned *from = next;

		next = open_of(r, from->on);
		if (next == o)
			return 0;		/* they wait for each other */
		if (!next)
			return ran_to_end(r, from) ||
			       (r->accounts.n_open > OPEN_MAX &&
				has_worker(r, o));
	}
	if (next->what == FOR_THREAD)
		return 0;
	if (next->what == FOR_CHILD)
		return 1;
	if (next->what == FOR_LOCK && !next->mutex)
		return open_is_idle(r, next) && has_worker(r, next);
	return next->unclear || never_waits(next) || was_cut(r, next) ||
	       open_is_idle(r, next);
}

/*
 * strace attached to a parent in wait4 and to other processes, which may be its
 * children: servers without work, and none that hangs.
 */
static int has_idle_servers(const struct reader *r, const struct unreturned *o)
{
	const struct accounts *a = &r->accounts;
	unsigned servers = 0;

	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++) {
		const struct unreturned *x = &a->open[i];

		if (x->process == o->process || x->what == FOR_CHILD)
			continue;
		if (!open_is_idle(r, x))
			return 0;
		servers += x->what == FOR_CLIENT;
	}
	return servers > 0;
}

int open_is_idle(const struct reader *r, const struct unreturned *o)
{
	const struct unreturned *child;

	if (o->unclear && o->what == FOR_CHILD)
		return has_idle_servers(r, o);
	if (o->unclear && o->what != FOR_LOCK && o->what != FOR_THREAD)
		return may_have_no_work(o) && works_beside(r, o);
	switch (o->what) {
	case FOR_CLIENT: case FOR_EVENTS: case FOR_INPUT: case FOR_SIGNAL:
	case FOR_TIME:
		return 1;
	case FOR_LOCK: case FOR_THREAD:		/* workers without work */
		if (o->timed && o->ns == NO_TIME && !o->attached)
			return 1;		/* it ends by itself */
		if (o->what == FOR_THREAD)
			return joins_idle(r, o);
		return o->call == CALL_FUTEX && !o->mutex && !o->on &&
		       has_sibling(r, o);
	case FOR_PIPE:
		return o->ns != NO_TIME && reads_from_worker(r, o);
	case FOR_CHILD:
		if (o->ns != NO_TIME && !o->on && !child_of(r, o) &&
		    has_working_child(r, o->process))
			return 1;
		child = child_of(r, o);
		if (!child && o->on && runs(r, o->on))
			return 1;
		for (int i = 0; child && child->what == FOR_CHILD; i++) {
			if (child->on && runs(r, child->on))
				return 1;
			child = i < 8 ? child_of(r, child) : NULL;
		}
		return child && child != o && open_is_idle(r, child);
	default:
		return 0;
	}
}

const char *open_text(const struct unreturned *o, char *text, size_t size)
{
	char note[128];

	snprintf(text, size, "%s%s", o->name,
		 wait_note(o->what, o->call, o->object, note, sizeof(note)));
	return text;
}

/* "127.0.0.1:80" of "[::1]:80" and the like: what follows the last colon. */
static long port_of(const char *object)
{
	const char *colon = strrchr(object, ':');
	struct slice s = { colon ? colon + 1 : "", colon ? strlen(colon + 1)
							  : 0 };

	return slice_number(s, NULL);
}

const char *open_next(const struct unreturned *o, char *text, size_t size)
{
	long port = port_of(o->object);
	char pid[24] = "PID";

	*text = 0;
	if (o->pid)
		snprintf(pid, sizeof(pid), "%ld", o->pid);
	if (o->on)
		return text;
	if (o->what == FOR_PIPE && !strncmp(o->object, "pipe:[", 6))
		snprintf(text, size, "ls -l /proc/[0-9]*/fd/* 2>&1 | grep -F "
			 "'%s' shows who has the other end", o->object);
	else if (o->what == FOR_PIPE)
		snprintf(text, size, "strace -f -yy shows which pipe it is, "
			 "and /proc/PID/fd shows who has the other end");
	else if (o->what == FOR_PEER && !strncmp(o->object, "descriptor", 10))
		snprintf(text, size, "ls -l /proc/%s/fd, or strace -yy, shows "
			 "what the descriptor is", pid);
	else if (o->what == FOR_PEER && port > 0)
		snprintf(text, size, "ss -tnp 'dport = :%ld' shows the state of "
			 "the connection and what is queued", port);
	else if (o->what == FOR_LOCK && o->call == CALL_FUTEX)
		snprintf(text, size, "gdb -p %s -batch -ex 'thread apply all bt' "
			 "shows the threads; the owner is in the program's "
			 "memory", pid);
	else if (o->what == FOR_EVENTS)
		snprintf(text, size, "ls -l /proc/%s/fd, or strace -yy, shows "
			 "what the descriptors are", pid);
	else if (o->what == FOR_LOCK)
		snprintf(text, size, "lslocks shows who holds it");
	else if (o->what == FOR_DISK || o->what == FOR_OTHER)
		snprintf(text, size, "cat /proc/%s/stack shows where in the "
			 "kernel it sleeps", pid);
	return text;
}

/* Of many calls the last one; how long it took is unknown. */
static int was_busy(const struct unreturned *o)
{
	enum { MANY = 50 };

	return (o->how == OPEN_DETACHED ||
		(o->what == FOR_DISK && !o->first)) &&
	       o->ns == NO_TIME && o->calls > MANY && !o->full;
}

/* (Then strace let go of its threads, and nothing hung.) */
static int has_ended(const struct reader *r, long process)
{
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (a->pid == process && a->process == process && a->ended)
			return 1;
	return 0;
}

/* How much an open call explains of the others. */
static int rank(const struct unreturned *o)
{
	static const int ranks[] = {
		[FOR_OTHER] = 2, [FOR_PEER] = 7, [FOR_PIPE] = 7,
		[FOR_LOCK] = 5, [FOR_THREAD] = 2, [FOR_CHILD] = 3,
		[FOR_DISK] = 6, [FOR_SIGNAL] = 0,
	};

	/* (Threads without work sleep in futex; in flock nobody does.) */
	if (o->what == FOR_LOCK && o->call == CALL_FUTEX && !o->mutex)
		return ranks[FOR_LOCK] - 1;
	return ranks[o->what];
}

/* The open call to be blamed: not idle, and itself not waiting for another. */
static const struct unreturned *blamed(const struct reader *r)
{
	const struct accounts *a = &r->accounts;
	const struct unreturned *best = NULL;

	for (unsigned i = 0; i < a->n_open && i < OPEN_MAX; i++) {
		const struct unreturned *o = &a->open[i];

		if (open_is_idle(r, o) || never_waits(o) || was_busy(o) ||
		    was_cut(r, o) ||
		    (o->how != OPEN_KILLED && has_ended(r, o->process)))
			continue;
		/* (One that may be idle explains less than one that hangs.) */
		if (best && o->unclear > best->unclear)
			continue;
		if (!best || o->unclear < best->unclear ||
		    rank(o) > rank(best) ||
		    (rank(o) == rank(best) && o->ns > best->ns))
			best = o;
	}
	return best;
}

/*
 * From child to child: the last one whose call is known, and is to be blamed; or
 * (idle) of processes that are all idle: a shell, and what it waits for.
 */
static const struct unreturned *last_child(const struct reader *r,
					   const struct unreturned *o, int idle)
{
	enum { FAR = 8 };
	const struct unreturned *next;

	for (int i = 0; i < FAR; i++) {
		next = o->what == FOR_CHILD ? child_of(r, o) : NULL;
		if (!next || next == o || (!idle && open_is_idle(r, next)))
			break;
		o = next;
	}
	return o;
}

/* It reads from a pipe or socket pair whose other end only its own process has. */
static int waits_for_own_process(const struct unreturned *o)
{
	return o->what == FOR_PIPE && o->on == o->process &&
	       !strncmp(o->why, "is itself", strlen("is itself"));
}

/*
 * All threads of its process wait for mutexes, for each other's end, or for what
 * one of them would have to write: none is left to do so.  (A signal that ends the
 * process finds them so.)  Returns how many; 0: one may run, or is not in the log.
 */
static unsigned long all_locked(const struct reader *r,
				const struct unreturned *o)
{
	unsigned long alive = 0, locked = 0, joining = 0;

	if ((!o->mutex && !waits_for_own_process(o)) || r->unfollowed || r->accounts.n_open > OPEN_MAX)
		return 0;
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (a->process == o->process && (!a->ended || a->killed))
			alive += a->tasks;
	for (unsigned i = 0; i < r->accounts.n_open; i++) {
		const struct unreturned *x = &r->accounts.open[i];

		locked += x->process == o->process &&
			  (x->mutex || waits_for_own_process(x));
		joining += x->process == o->process && x->what == FOR_THREAD;
	}
	return locked >= 2 && locked + joining == alive ? alive : 0;
}

static void deadlock_note(const struct reader *r, const struct unreturned *o,
			  struct text *t)
{
	unsigned long n = all_locked(r, o);

	if (!n)
		return;
	if (n == 2)
		add(t, "; both threads");
	else
		add(t, "; all %lu threads", n);
	add(t, " of the process wait, and none is left to %s: a deadlock",
	    o->mutex ? "release a mutex" : "write what another one reads");
}

/* ---- the parts of the verdict ---- */

/*
 * What the first process of the log became by its last execve and then was for
 * most of its time: what ran before belongs to a shell or a shim.  NULL: it was
 * that from the start.
 */
static const struct account *after_shim(const struct reader *r)
{
	const struct account *first = NULL, *a;
	long long shim = 0;

	for (a = r->accounts.first; a; a = a->next)
		if (a->first_ns != NO_TIME && a->pid &&
		    (!first || a->first_ns < first->first_ns))
			first = a;
	if (!first || !first->before_exec)
		return NULL;
	for (a = r->accounts.first; a; a = a->next)
		if (a->pid == first->pid && a->before_exec)
			shim = plus_ns(shim, a->wall_ns);
	for (a = r->accounts.first; a; a = a->next)
		if (a->pid == first->pid && !a->before_exec &&
		    a->wall_ns >= shim)
			return a;
	return NULL;
}

static unsigned long weight(const struct group *g)
{
	unsigned long n = 0;

	if (g->role == ROLE_SILENT)
		return 0;
	for (int m = 1; m < MODELS; m++)
		if (m != MODEL_FILE && m != MODEL_MMAP)
			n += g->parts[m].waits + g->parts[m].in +
			     g->parts[m].accepts + g->parts[m].out +
			     g->parts[m].submitted;
	/* With SQPOLL the kernel takes requests without a call. */
	if (g->parts[MODEL_RING].modes & RING_SQPOLL)
		n += UNSEEN;
	return n + 1;
}

/*
 * A benchmark's jobs read files, while its first process looks after them.  Returns
 * the group that does so, if another does little else and serves nobody.
 */
static const struct group *file_worker(const struct reader *r,
				       const struct group *main)
{
	enum { TIMES = 16 };
	unsigned long most = weight(main) * TIMES, n;
	const struct group *best = main, *g;

	for (int m = 1; m < MODELS; m++)
		if (main->parts[m].messages || main->parts[m].accepts)
			return main;
	for (g = r->models.groups; g; g = g->next) {
		n = g->parts[MODEL_FILE].in + g->parts[MODEL_FILE].out;
		if (g->role == ROLE_PLAIN && n > most &&
		    group_main(g) == MODEL_FILE) {
			most = n;
			best = g;
		}
	}
	return best;
}

static int has_pid(const struct group *g, long pid)
{
	for (unsigned i = 0; i < g->tasks && i < 8; i++)
		if (g->pid[i] == pid)
			return 1;
	return 0;
}

static void program(const struct reader *r, struct text *t)
{
	const struct account *shimmed = after_shim(r);
	const struct finding *d = r->findings.first;
	const struct group *main = NULL, *g;
	unsigned long processes = r->world.processes_made;
	unsigned long threads = r->world.tasks_made - processes;
	char text[160];

	for (g = r->models.groups; g; g = g->next)
		if (!main || weight(g) > weight(main))
			main = g;
	if (!main)
		return;
	if (weight(main))
		main = file_worker(r, main);
	for (g = r->models.groups; g && shimmed; g = g->next)
		if (has_pid(g, shimmed->pid) && weight(g))
			main = g;
	/* Without I/O of its own the first one is the program. */
	for (g = r->models.groups; g && !weight(main); g = g->next)
		if (g->origin == ORIGIN_FIRST && *g->exe) {
			main = g;
			break;
		}
	/* The first process, of whose end the sentence will tell. */
	for (g = r->models.groups; g && d && d->fatal; g = g->next)
		if (has_pid(g, d->pid) && weight(g) && *g->exe &&
		    finding_is_first(&r->findings, d->pid) &&
		    !strncmp(d->says, g->exe, strlen(g->exe)))
			main = g;
	/* Of POSIX AIO the caller is the program, not its helpers. */
	for (g = r->models.groups; g && main->role == ROLE_HELPER &&
	     main->sum.asyncio; g = g->next)
		if (g->role == ROLE_CALLER)
			main = g;
	if (*main->exe)
		add(t, "%s: ", main->exe);
	add(t, "%s, %lu process%s", group_verdict(main, text, sizeof(text)),
	    processes, processes == 1 ? "" : "es");
	if (threads)
		add(t, " and %lu more thread%s", threads, plural(threads));
	add(t, ". ");
}

/*
 * The one on whom it depends spent that time in a wait of its own, perhaps for
 * a child that did the same.
 */
static void other_wait(const struct reader *r, long pid, long long ns,
		       struct text *t)
{
	enum { FAR = 4 };
	char note[128], time[24];

	for (int i = 0; i < FAR && pid && ns != NO_TIME; i++) {
		const struct account *a = r->accounts.first;
		const struct wait *w;

		while (a && (a->pid != pid || a->tasks > 1 || !a->n_waits ||
			     a->wait->ns < ns / 2))
			a = a->next;
		if (!a)
			return;
		w = a->wait;
		if (!i)
			add(t, " and spent %s in %s", time_text(w->ns, time),
			    w->name);
		else
			add(t, ", and spent %s in %s", time_text(w->ns, time),
			    w->name);
		add(t, "%s", wait_note(w->what, w->call, w->object, note,
				       sizeof(note)));
		if (w->on && *w->how)
			add(t, ": pid %ld %s", w->on, w->how);
		pid = w->what == FOR_CHILD && w->on != pid ? w->on : 0;
	}
}

/* A thread that waits for another one, and what the process asked for last. */
static void unanswered(const struct reader *r, long pid, struct text *t)
{
	const struct unanswered *u = &r->findings.unanswered;

	if (u->line && u->pid == pid)
		add(t, "; the last request of the process, on %s (line %lu), has "
		    "no answer", u->peer, u->line);
}

/* "and is itself in read (data in pipe 5); pid 26 holds the write end ..." */
static void chain(const struct reader *r, const struct unreturned *o,
		  const struct unreturned *other, struct text *t)
{
	enum { FAR = 4 };
	const struct unreturned *from = o;
	char text[200];

	for (int i = 0; i < FAR && other && other != o && other != from; i++) {
		add(t, " and %s itself in %s", other->how ==
		    OPEN_KILLED ? "was" : "is", open_text(other, text,
							 sizeof(text)));
		from = other;
		if (!other->on || !*other->why)
			return;
		other = open_of(r, other->on);
		if (other)
			add(t, "; pid %ld %s", from->on, from->why);
	}
}

static void open_sentence(const struct reader *r, const struct unreturned *o,
			  struct text *t)
{
	const struct unreturned *other = o->on ? open_of(r, o->on) : NULL;
	char text[200], time[24];

	add(t, o->how == OPEN_KILLED || o->unclear ? "" : "It hangs: ");
	if (o->pid)
		add(t, "pid %ld ", o->pid);
	else
		add(t, o->unclear ? "The process " : "the process ");
	add(t, "%s %s, which did not return", o->attached && o->how !=
	    OPEN_KILLED ? "is blocked in" : "was blocked in",
	    open_text(o, text, sizeof(text)));
	if (o->ns != NO_TIME && o->ns > 0)
		add(t, " for %s%s", time_text(o->ns, time),
		    *o->killed ? "" : ", up to the end of the log");
	if (*o->killed)
		add(t, ", until %s killed it", o->killed);
	add(t, " (line %lu)", o->line);
	if (o->handler)
		add(t, "; the thread waits in its handler of %s (line %lu), and "
		    "the signal may have interrupted the code that holds the "
		    "lock", signal_text(o->handler, time, sizeof(time)),
		    o->handler_line);
	if (o->on && *o->why)
		add(t, "; pid %ld %s", o->on, o->why);
	if (other && other != o)
		chain(r, o, other, t);
	else if (o->on && o->on != o->pid)
		other_wait(r, o->on, o->ns, t);
	deadlock_note(r, o, t);
	if (o->what == FOR_OTHER && o->call == CALL_OTHER && !o->on &&
	    *o->object == '/')
		add(t, "; the file system there does not answer (a network "
		    "file system, FUSE, an automount, or a disk)");
	if (!o->on && o->what == FOR_LOCK && !o->mutex)
		unanswered(r, o->process, t);
	if (o->full && !o->on)
		add(t, "; the %llu bytes written before are as much as a pipe "
		    "holds: nobody reads it", o->full);
	if (o->unclear)
		add(t, "; the call began before the log, so the log does not "
		    "show whether the process hangs or is idle");
	add(t, ".");
}

/* Waits that somebody else has to end with work, or a thread with a wakeup. */
static int wait_is_idle(const struct wait *w)
{
	return w->what == FOR_CLIENT || w->what == FOR_EVENTS ||
	       w->what == FOR_INPUT || w->what == FOR_SIGNAL ||
	       w->what == FOR_THREAD || w->what == FOR_CHILD ||
	       w->call == CALL_FUTEX || w->call == CALL_RESTART;
}

static int is_startup(const struct account *a, const struct account *program)
{
	return program && a->last_ns != NO_TIME &&
	       a->last_ns <= program->first_ns;
}

/* The first process of a server looks after the others once in a second. */
static int is_upkeep(const struct reader *r, const struct wait *w)
{
	enum { OFTEN = 3 };

	return w->what == FOR_TIME && w->count >= OFTEN && w->timeouts &&
	       w->longest_ns < 3 * (long long)LONG_NS &&
	       r->accounts.n > 1 && call_class(w->call) == CLASS_WAIT;
}

/* The largest wait of all threads; those for children and threads come last. */
static const struct wait *largest(const struct reader *r, int idle,
				  const struct account **of)
{
	const struct account *program = after_shim(r);
	const struct wait *best = NULL;
	long long most = 0;

	for (const struct account *a = r->accounts.first; a; a = a->next)
		for (unsigned i = 0; i < a->n_waits; i++) {
			const struct wait *w = &a->wait[i];
			long long ns = w->ns / (a->tasks ? a->tasks : 1);

			if ((wait_is_idle(w) || is_upkeep(r, w)) != idle ||
			    w->key == WAITS_OTHERS || is_startup(a, program))
				continue;
			if (w->what == FOR_CHILD || w->what == FOR_THREAD ||
			    w->what == FOR_LOCK || w->what == FOR_SIGNAL)
				ns /= 8;	/* somebody else is the cause */
			if (w->what == FOR_TIME)
				ns /= 2;	/* as it chose itself */
			if (w->what == FOR_OTHER && is_quick(w->name))
				ns /= 8;	/* a busy machine */
			if (ns <= most)
				continue;
			most = ns;
			best = w;
			*of = a;
		}
	return best;
}

/* "; pid 4 waits for it in wait4" */
static void waiter(const struct reader *r, const struct wait *w,
		   const struct account *a, struct text *t)
{
	for (const struct account *x = r->accounts.first; x; x = x->next)
		for (unsigned i = 0; i < x->n_waits && x != a && a->pid; i++)
			if (x->wait[i].on == a->pid &&
			    x->wait[i].ns >= w->ns / 2 &&
			    (x->wait[i].what == FOR_CHILD ||
			     x->wait[i].what == FOR_THREAD)) {
				add(t, "; %s%spid %ld%s waits for it in %s",
				    x->name, *x->name ? " (" : "", x->pid,
				    *x->name ? ")" : "", x->wait[i].name);
				return;
			}
}

/* Of a log with -T and without times only the time in calls is known. */
static long long whole_of(const struct account *a)
{
	return a->wall_ns > 0 ? a->wall_ns : plus_ns(a->wait_ns, a->call_ns);
}

static int asks_for_names(const char *call)
{
	static const char *const calls[] = {
		"stat", "lstat", "newfstatat", "statx", "access", "faccessat",
		"faccessat2", "readlink", "getdents64", "getdents", "statfs",
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(call, calls[i]))
			return 1;
	return 0;
}

/* A shell or a script, in a log without pids: not the program that it became. */
static void before_execve(const struct account *a, char *who, size_t size)
{
	if (a->before_exec && a->tasks == 1 && *a->name)
		snprintf(who, size, "%.40s, before its execve,", a->name);
}

/* A capture has what the requests of a ring did; strace shows no request. */
static int has_kernel_side(const struct reader *r)
{
	return r->merge && !*r->no_kernel;
}

/* It connected by a call, and does not listen: what it waits for may never come. */
static int is_client(const struct reader *r)
{
	const struct tally *call;
	int connects = 0;

	map_each(&r->tallies, i, call) {
		if (!strcmp(call->name, "listen"))
			return 0;
		connects |= !strcmp(call->name, "connect");
	}
	return connects && !r->accepts;
}

static void wait_sentence(const struct reader *r, const struct wait *w,
			  const struct account *a, struct text *t)
{
	char who[80] = "The program", what[120];
	char time[24], wall[24], longest[24];

	wait_text(w->what, w->call, w->object, what, sizeof(what));
	if (a->tasks == 1 && r->accounts.n > 1 && a->pid)
		snprintf(who, sizeof(who), "%s (pid %ld)", *a->name ? a->name
			 : "The process", a->pid);
	else
		before_execve(a, who, sizeof(who));
	add(t, "%s spent %s%s of %s%s%s %s%s%sin %s", a->tasks > 1 ?
	    "The program's threads" : who, w->at_most ? "at most " : "",
	    time_text(w->ns, time), a->wall_ns > 0 ? "" : "the ",
	    time_text(whole_of(a), wall),
	    a->wall_ns > 0 ? "" : " that all calls took,", *what ? "waiting for " : "",
	    what, *what ? " " : "", w->name);
	if (w->count > 1)
		add(t, ": %lu times, longest %s (line %lu)", w->count,
		    time_text(w->longest_ns, longest), w->line);
	else
		add(t, " (line %lu)", w->line);
	if (w->timeouts && w->timeouts < w->count)
		add(t, ", and its timeout ran out %lu time%s", w->timeouts,
		    plural(w->timeouts));
	else if (w->timeouts)
		add(t, ", until its timeout ran out%s", w->count > 1 ?
		    " each time" : "");
	if (w->what == FOR_OTHER && !w->on && w->ns / w->count >= SLOW_NS &&
	    ((w->call == CALL_OTHER && asks_for_names(w->name)) ||
	     (w->count > 1 && !strncmp(w->name, "open", 4))))
		add(t, "; each call asks the file system (a disk, a network file "
		    "system, or FUSE)");
	if (w->call == CALL_RING_ENTER && !has_kernel_side(r))
		add(t, "; the log does not show what the ring's requests wait for "
		    "(iomodels trace shows it)");
	if (w->what == FOR_OTHER && is_quick(w->name))
		add(t, "; this call seldom waits: perhaps the thread waited "
		    "for a processor, or strace delayed it");
	if (w->on && *w->how) {
		add(t, "; pid %ld %s", w->on, w->how);
		if (w->on != a->pid)
			other_wait(r, w->on, w->ns, t);
	}
	waiter(r, w, a, t);
	add(t, ".");
}

static const struct account *busiest(const struct reader *r)
{
	const struct account *best = NULL;

	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (!best || account_outside(a) > account_outside(best))
			best = a;
	return best;
}

static int is_share(long long part, long long whole)
{
	return whole > 0 && part >= whole / 100 * SHARE;
}

/* Without times: what it did for its clients. */
static void served(const struct reader *r, struct text *t)
{
	unsigned long threads = 0, children = 0;

	for (const struct group *g = r->models.groups; g; g = g->next) {
		if (g->role != ROLE_PER_CONNECTION)
			continue;
		threads += g->origin == ORIGIN_THREAD ? g->tasks : 0;
		children += g->origin == ORIGIN_THREAD ? 0 : g->tasks;
	}
	if (!r->accepts)
		return;
	add(t, " The program accepted %lu connection%s", r->accepts,
	    plural(r->accepts));
	if (threads)
		add(t, "; it used %lu thread%s, one per connection", threads,
		    plural(threads));
	if (children)
		add(t, "%s %lu process%s, one per connection", threads ? " and" :
		    "; it used", children, children == 1 ? "" : "es");
	add(t, ".");
}

/* libc asks the vDSO, which makes no system call. */
static int is_clock(const char *name)
{
	return !strcmp(name, "clock_gettime") || !strcmp(name, "gettimeofday") ||
	       !strcmp(name, "time");
}

/* Without times: the call that the program makes again and again. */
static void mostly(const struct reader *r, struct text *t)
{
	enum { MANY = 60, CLOCKS = 10 };
	unsigned n;
	struct tally **list;
	char time[24];

	if (r->first_ns != NO_TIME || r->accepts)
		return;
	list = reader_tallies(r, &n);
	if (n == 1 && r->calls >= CLOCKS && is_clock(list[0]->name))
		add(t, " All %lu calls are %s: strace shows this call only "
		    "where the vDSO does not answer it: the clock or the clock "
		    "source does not allow it, or the program does not ask the vDSO.",
		    r->calls, list[0]->name);
	else if (n && list[0]->calls >= MANY && list[0]->calls > r->calls / 2 &&
		 r->joiner.has_durations)
		add(t, " Of %lu calls %lu are %s, which took %s; the log does not "
		    "say when they were made (strace -ttt).", r->calls,
		    list[0]->calls, list[0]->name,
		    time_text(list[0]->ns, time));
	else if (n && list[0]->calls >= MANY && list[0]->calls > r->calls / 2)
		add(t, " Of %lu calls %lu are %s; the log has no times (strace "
		    "-ttt -T).", r->calls, list[0]->calls, list[0]->name);
	free(list);
}

/* strace timeout 9 program: what matters is in the child, which has no line. */
static int unseen_child(const struct reader *r, struct text *t)
{
	const struct wait *w = NULL;
	const struct account *of = NULL;

	if (r->followed || r->unfollowed <= r->unfollowed_threads)
		return 0;
	for (const struct account *a = r->accounts.first; a; a = a->next)
		for (unsigned i = 0; i < a->n_waits; i++)
			if ((a->wait[i].what == FOR_CHILD ||
			     a->wait[i].what == FOR_SIGNAL) &&
			    (!w || a->wait[i].ns > w->ns)) {
				w = &a->wait[i];
				of = a;
			}
	if (!w || w->ns < LONG_NS || !is_share(w->ns / of->tasks,
					       of->wall_ns / of->tasks))
		return 0;
	add(t, "What happened is not in this log, but in %s (%sline %lu): strace "
	    "ran without -f. ", r->unfollowed - r->unfollowed_threads > 1 ?
	    "child processes" : "a child process", r->unfollowed -
	    r->unfollowed_threads > 1 ? "from " : "", r->unfollowed_line);
	wait_sentence(r, w, of, t);
	t->told_unfollowed = 1;
	return 1;
}

/* all, with the time and the count of w, and the longer of the two. */
static void wait_add(struct wait *all, const struct wait *w)
{
	all->ns = plus_ns(all->ns, w->ns);
	all->count += w->count;
	if (w->longest_ns > all->longest_ns) {
		all->longest_ns = w->longest_ns;
		all->line = w->line;
	}
}

/* One call, on several objects: fsync of a database and of its journal. */
static const struct wait *all_of_a_call(const struct reader *r,
					const struct account **of,
					struct wait *all)
{
	const struct account *program = after_shim(r);

	for (const struct account *a = r->accounts.first; a; a = a->next)
		for (unsigned i = 0; i < a->n_waits; i++) {
			if (wait_is_idle(&a->wait[i]) ||
			    is_upkeep(r, &a->wait[i]) ||
			    a->wait[i].key == WAITS_OTHERS ||
			    is_quick(a->wait[i].name) || is_startup(a, program))
				continue;
			*all = a->wait[i];
			for (unsigned j = 0; j < a->n_waits; j++) {
				const struct wait *w = &a->wait[j];

				if (j != i && w->what == all->what &&
				    !strcmp(w->name, all->name))
					wait_add(all, w);
			}
			if (!is_share(all->ns / a->tasks,
				      whole_of(a) / a->tasks) ||
			    (a->wall_ns <= 0 && all->ns < LONG_NS))
				continue;
			all->object[0] = 0;
			all->on = 0;
			*of = a;
			return all;
		}
	return NULL;
}

/* Of strace -t: the second changed once, in a moment or in nearly two seconds. */
static int is_one_tick(long long ns)
{
	return ns == 1000000000;
}

/* Without -T: a large part of its time is in one call or after it. */
static void gap(const struct account *a, struct text *t)
{
	const struct untimed *u = a->untimed;
	char time[24];

	if (u && u->gap_ns >= LONG_NS && is_share(u->gap_ns, a->wall_ns))
		add(t, " Of this, %s is in %s or after it (line %lu; strace -T shows "
		    "which).", time_text(u->gap_ns, time), u->gap_name,
		    u->gap_line);
}

/* No call of the log has read, sent or accepted anything. */
static int moves_nothing(const struct reader *r)
{
	for (const struct group *g = r->models.groups; g; g = g->next)
		for (int m = 1; m < MODELS; m++)
			if (g->parts[m].in || g->parts[m].out ||
			    g->parts[m].accepts)
				return 0;
	return 1;
}

/* A log without times ends with waits in vain; they lasted at least this. */
static int expired(const struct reader *r, struct text *t)
{
	const struct account *best = NULL;
	const struct wait *w = NULL;
	unsigned long times = 0;
	char what[120], time[24];
	enum { EXCERPT = 4, PART = 3, SMALL_PART = 10 };
	/* of the calls, at least a third; or a tenth, if the others ask in vain */
	unsigned long part = moves_nothing(r) ? SMALL_PART : PART;

	for (const struct account *a = r->accounts.first; a; a = a->next) {
		const struct untimed *u = a->untimed;

		/* (Short ones matter where the log has little else.) */
		if (!u || !u->expired || u->expiring->call == CALL_SLEEP ||
		    (u->expiring->ns < LONG_NS &&
		    (u->expired < EXCERPT || u->expired * part < r->calls)) ||
		    (w && u->expiring->ns <= w->ns))
			continue;
		best = a;
		w = u->expiring;
		times = u->expired;
	}
	if (!best)
		return 0;
	wait_text(w->what, w->call, w->object, what, sizeof(what));
	add(t, "%s %s for %s timed out ", w->what == FOR_PEER
	    ? "Nothing came at the end:" : "No fault was found; at the end",
	    w->name, *what ? what : "events");
	if (times == 1)
		add(t, "after %s (line %lu)", time_text(w->ns, time), w->line);
	else
		add(t, "%lu times in a row, %s in all (from line %lu)", times,
		    time_text(w->ns, time), w->line);
	if (w->ns < LONG_NS)
		add(t, ": the program looks for work every %s",
		    time_text(w->ns / (long long)times, time));
	unanswered(r, best->process, t);
	add(t, ".");
	return 1;
}

/* Threads wait with timeouts of some milliseconds, which run out all the time. */
static int looks_often(const struct reader *r, struct text *t)
{
	enum { EXCERPT = 4, PART = 4, OFTEN_NS = 20000000,
	       LEAST_NS = 500000 };	/* (below it a runtime's lock naps) */
	const struct wait *w = NULL;
	unsigned long times = 0, threads = 0;
	long long ns = 0;
	char time[24];

	for (const struct account *a = r->accounts.first; a; a = a->next) {
		const struct untimed *u = a->untimed;

		if (!u || !u->expired ||
		    u->expiring->ns / (long long)u->expired >= OFTEN_NS)
			continue;
		if (!w || u->expiring->line < w->line)
			w = u->expiring;
		times += u->expired;
		ns = plus_ns(ns, u->expiring->ns);
		threads++;
	}
	if (times < EXCERPT || times * PART < r->calls ||
	    ns / (long long)times < LEAST_NS)
		return 0;
	add(t, "No fault was found; %s %s %lu times", w->name, w->what ==
	    FOR_TIME ? "returned" : "timed out", times);
	if (threads > 1)
		add(t, " in %lu threads", threads);
	add(t, ", %s in all (from line %lu): ", time_text(ns, time), w->line);
	add(t, "%s for work every %s.", threads > 1 ? "each of them looks"
	    : "the program looks", time_text(ns / (long long)times, time));
	return 1;
}

/*
 * A process of milliseconds had it, and another one waits for seconds, or the log
 * goes on for long.
 */
static int is_trifle(const struct reader *r, const struct wait *w,
		     const struct unreturned *o)
{
	enum { SMALL = 50, SHORT = 20 };	/* one part of 50, of 20 */

	if (r->accounts.n > 1 && r->first_ns != NO_TIME && w->ns < LONG_NS &&
	    w->ns < (r->last_ns - r->first_ns) / SHORT)
		return 1;

	return o && o->ns != NO_TIME && o->ns >= LONG_NS &&
	       w->ns < o->ns / SMALL && r->accounts.n > 1;
}

/* "cat (pid 8)", "pid 8", or "the program" where the log has one process. */
static const char *who_waits(const struct reader *r, long pid, char *text,
			     size_t size)
{
	const struct account *a;

	for (a = r->accounts.first; a && a->pid != pid; a = a->next)
		;
	if (!pid || r->accounts.n < 2 || !a || a->tasks > 1)
		snprintf(text, size, "the program");
	else if (!*a->name)
		snprintf(text, size, "pid %ld", pid);
	else
		snprintf(text, size, "%s (pid %ld)", a->name, pid);
	return text;
}

/* The status may say more than the log: "only a part was transferred". */
static void nothing_found(const struct reader *r, struct text *t)
{
	enum { SIGNAL_STATUS = 128 };
	int status = finding_first_status(&r->findings);
	char text[160];

	add(t, "No fault was found.");
	if (status <= 0 || status >= SIGNAL_STATUS)
		return;
	finding_status_text(&r->findings, status, text, sizeof(text));
	add(t, " %s.", text);
}

static void outside_sentence(const struct reader *r, const struct account *a,
			     struct text *t)
{
	char who[80] = "The program", time[24], wall[24];

	before_execve(a, who, sizeof(who));
	nothing_found(r, t);
	add(t, " %s spent %s of %s outside "
	    "of system calls%s: it computed, waited for a processor or a page "
	    "fault, or made calls that strace was not asked for.", who,
	    time_text(account_outside(a), time), time_text(a->wall_ns, wall),
	    account_is_untimed(a) ? ", or in calls whose time only strace -T "
	    "shows" : "");
	gap(a, t);
}

/* The only task was busy for most of the log, though it waits at its end. */
static int computed(const struct reader *r, const struct account *a)
{
	return a && r->accounts.n == 1 && a->tasks == 1 &&
	       account_outside(a) >= LONG_NS &&
	       account_outside(a) / 2 > a->wait_ns / 2 + a->call_ns / 2;
}

/* It caught the signal and then gave up: the write says why it had to. */
static void cut_write(const struct reader *r, struct text *t)
{
	const struct cut_write *c = &r->findings.cut_write;
	char sig[24] = "a signal", time[24];

	/* (What follows at once, as SIGCONT of timeout, hides it.) */
	if (c->signal && c->signal != 17 && c->signal != 18)
		signal_text(c->signal, sig, sizeof(sig));
	add(t, "%s ended the program's %s, which waited", sig, c->call);
	if (c->ns)
		add(t, " %s", time_text(c->ns, time));
	add(t, "%s%s (line %lu): the reader did not read.", *c->on ? " for "
	    : "", c->on, c->line);
}

/* A thread that was in no call at the end, while the others wait for work. */
static int one_computes(const struct reader *r, const struct account *busy,
			const struct unreturned *o)
{
	return o && waits_for_thread(o) && busy &&
	       busy->process == o->process && busy->tasks == 1 && !open_of(r, busy->pid) &&
	       account_outside(busy) >= LONG_NS &&
	       account_outside(busy) > busy->wall_ns / 2;
}

/* The log has no times, or its last line is the one that strace let go of. */
static int is_of_unknown_length(const struct reader *r,
				const struct unreturned *o)
{
	return r->first_ns == NO_TIME ||
	       (o->how == OPEN_DETACHED && (o->ns == NO_TIME ||
					    o->ns < LONG_NS));
}

static const char *why_unknown(const struct reader *r)
{
	if (r->first_ns != NO_TIME)
		return "ends where strace detached";
	return r->joiner.has_durations
		? "does not say when a call was made (strace -ttt)"
		: "has no times (strace -ttt -T)";
}

/* A client with libcurl, on a connection from before the log. */
static int transfers_in_vain(const struct reader *r, const struct unreturned *o,
			     struct text *t)
{
	enum { AGAIN = 2 };
	const struct transfer *x = &r->findings.transfer;
	long long ns = x->ns == NO_TIME || r->last_ns == NO_TIME ? 0
		       : r->last_ns - x->ns;
	char time[24];

	if (x->times < AGAIN || (o && x->pid != o->process) ||
	    r->findings.unanswered.line)
		return 0;
	add(t, "A transfer of libcurl waits for data from its peer on descriptor "
	    "%ld: it looked %lu times (from line %lu), and none had come", x->fd, x->times, x->line);
	if (ns >= LONG_NS)
		add(t, ", in %s", time_text(ns, time));
	add(t, ".");
	return 1;
}

/*
 * The threads sleep, and the answer to the last request has not come.  (Where the
 * log has times, a finding says for how long.)
 */
static int asked_in_vain(const struct reader *r, const struct unreturned *o,
			 struct text *t)
{
	const struct unanswered *u = &r->findings.unanswered;

	if (!is_of_unknown_length(r, o) || !u->line || !u->awaited ||
	    (u->pid != o->process && u->parent != o->process))
		return 0;
	add(t, "The program waits for an answer to its last request, on %s (line "
	    "%lu): none came before ", u->peer, u->line);
	if (*o->killed)
		add(t, "%s ended it.", o->killed);
	else
		add(t, "the log ended; the log %s, so it does not show for how "
		    "long.", why_unknown(r));
	return 1;
}

/*
 * Without -T: the thread's next line came long after each call on one file, and
 * that makes up most of its time.
 */
static int slow_file(const struct reader *r, struct text *t)
{
	enum { SEVERAL = 3, PART = 5 };	/* (with -t many take no time) */
	char who[80], time[24], wall[24];

	for (const struct account *a = r->accounts.first; a; a = a->next) {
		const struct untimed *u = a->untimed;

		if (!u || a->tasks > 1 || u->slow.count < SEVERAL ||
		    u->slow.count * PART < u->slow.calls ||
		    u->slow.ns < LONG_NS || u->slow.ns <= a->wall_ns / 2)
			continue;
		who_waits(r, a->pid, who, sizeof(who));
		add(t, "%s spent %s of %s in %s of %s or after it, %lu times (from "
		    "line %lu): the disk is slow, or the program computes in "
		    "between; strace -T shows which.",
		    strcmp(who, "the program") ? who : "The program",
		    time_text(u->slow.ns, time), time_text(a->wall_ns, wall),
		    u->slow.name, *u->slow.object ? u->slow.object : "a file",
		    u->slow.count, u->slow.line);
		return 1;
	}
	return 0;
}

/* The longest of the threads' waits for one file; all of them in *all. */
static const struct account *pool_wait(const struct reader *r, struct wait *all)
{
	const struct account *of = NULL;

	for (const struct account *a = r->accounts.first; a; a = a->next)
		for (unsigned i = 0; i < a->n_waits && a->pid != a->process; i++) {
			const struct wait *w = &a->wait[i];

			if (w->what == FOR_DISK && (!of || w->ns > all->ns)) {
				*all = *w;
				of = a;
			}
		}
	for (const struct account *a = r->accounts.first; a && of; a = a->next)
		for (unsigned i = 0; i < a->n_waits && a != of &&
		     a->process == of->process && a->pid != a->process; i++) {
			const struct wait *w = &a->wait[i];

			if (w->key == all->key)
				wait_add(all, w);
		}
	return of;
}

/*
 * The threads of a pool read a file, and sleep for the rest of their lives: of the
 * first thread's time, which waits for them, that is a large part.
 */
static int pool_disk(const struct reader *r, struct text *t)
{
	struct wait w;
	const struct account *of = pool_wait(r, &w), *main = NULL;
	char what[120], time[24], whole[24], longest[24];

	for (const struct account *a = r->accounts.first; a && of; a = a->next)
		if (a->pid == of->process && a->tasks == 1 && !a->before_exec)
			main = a;
	if (!main || w.ns < LONG_NS || w.ns / (long long)w.count < SLOW_NS ||
	    !is_share(w.ns, whole_of(main)))
		return 0;
	wait_text(w.what, w.call, w.object, what, sizeof(what));
	add(t, "The program's threads spent %s of the %s that %sthe first thread "
	    "took, waiting for %s in %s: %lu time%s, longest %s (line %lu).",
	    time_text(w.ns, time), time_text(whole_of(main), whole),
	    main->wall_ns > 0 ? "" : "all calls of ", what, w.name, w.count,
	    plural(w.count), time_text(w.longest_ns, longest), w.line);
	return 1;
}

/* It waits, and a client waits for it: the log does not show what it lacks. */
static void owed(const struct reader *r, const struct unreturned *o,
		 struct text *t)
{
	const struct owed *w = &r->findings.owed;
	const struct unreturned *own = open_of(r, w->pid);
	char who[80], what[160], time[24];

	o = own ? own : o;
	if (w->part)
		add(t, "The program read the beginning of an HTTP request on %s "
		    "(line %lu), and the client did not send the rest", w->on,
		    w->line);
	else
		add(t, "The program read %s %s on %s (line %lu) and did not "
		    "answer it", *w->request == 'H' ? "an" : "a", w->request,
		    w->on, w->line);
	if (w->ns >= OWED_NS)
		add(t, " for %s", time_text(w->ns, time));
	add(t, ": at the end %s waits for %s in %s (line %lu)",
	    who_waits(r, o->pid, who, sizeof(who)),
	    wait_text(o->what, o->call, o->object, what, sizeof(what)),
	    o->name, o->line);
	if (w->ns < OWED_NS)
		add(t, "; the log %s, so it does not show for how long",
		    why_unknown(r));
	add(t, ".");
}

/* strace detached while the tasks were in these calls. */
static int was_let_go(const struct reader *r)
{
	for (unsigned i = 0; i < r->accounts.n_open && i < OPEN_MAX; i++)
		if (r->accounts.open[i].how == OPEN_DETACHED)
			return 1;
	return 0;
}

/* From a pipe to the holder of its other end, and from there to a child. */
static const struct unreturned *end_of_chain(const struct reader *r,
					     const struct unreturned *o)
{
	enum { FAR = 8 };

	for (int i = 0; i < FAR; i++) {
		const struct unreturned *next = o->on ? open_of(r, o->on)
					      : NULL;

		if (!next || next == o)
			next = last_child(r, o, 0);
		if (next == o || open_is_idle(r, next))
			break;
		o = next;
	}
	return o;
}

/*
 * The log's last line is a call of its only thread on a file or a path, without its
 * result.  Somebody who waits for such a call ends the log there; but it may also
 * have been cut in any call.
 */
static int is_where_it_stops(const struct reader *r, const struct unreturned *o)
{
	/* (Of the calls that strace let go of only an open: it may be a FIFO's.) */
	int let_go = o->how == OPEN_DETACHED;
	int is_open = !strncmp(o->name, "open", 4) &&
		      strncmp(o->object, "/usr/", 5) &&
		      strncmp(o->object, "/lib", 4);

	if (o->how == OPEN_KILLED || (let_go && !is_open) ||
	    o->line + let_go < r->joiner.lines ||
	    (o->what != FOR_DISK && o->what != FOR_OTHER) ||
	    (o->ns != NO_TIME && o->ns))
		return 0;
	for (const struct account *a = r->accounts.first; a; a = a->next)
		if (!a->ended && (a->pid != o->pid || a->tasks > 1))
			return 0;
	return 1;
}

static void at_the_end(const struct reader *r, const struct unreturned *o,
		       struct text *t)
{
	char who[80], text[200], time[24];

	if (is_where_it_stops(r, o)) {
		add(t, "The log ends in %s (line %lu), without its result: unless "
		    "the log was cut there by chance, the call does not return.",
		    open_text(o, text, sizeof(text)), o->line);
		return;
	}

	add(t, "No fault was found: %s was in %s when the log ended (line %lu",
	    who_waits(r, o->pid, who, sizeof(who)),
	    open_text(o, text, sizeof(text)), o->line);
	if (o->ns != NO_TIME && o->ns > 0)
		add(t, ", for %s", time_text(o->ns, time));
	if (*o->killed)
		add(t, ", until %s", o->killed);
	add(t, ").");
}

/* Callbacks of an event loop computed for a large part of the log. */
static int loop_computes(const struct reader *r, struct text *t)
{
	const struct busy_loop *b = &r->findings.busy_loop;
	char who[80], time[24], longest[24];

	if (!b->times || !is_share(b->ns, r->last_ns - r->first_ns))
		return 0;
	who_waits(r, b->pid, who, sizeof(who));
	add(t, "The event loop of %s did not look for events for %s (lines %lu to "
	    "%lu)", who, time_text(b->longest_ns, longest), b->line, b->next);
	if (b->times > 1)
		add(t, ", and %lu times for %s in all", b->times,
		    time_text(b->ns, time));
	add(t, ": it computed, or made calls that strace was not asked for, and "
	    "meanwhile served no other descriptor.");
	return 1;
}

/*
 * -e trace=network: the request is the last call, and long before the end; poll or
 * select, in which the program waits for the answer, is not in the log.
 */
static int asked_last(const struct reader *r, struct text *t)
{
	const struct findings *f = &r->findings;
	long long ns = f->last_call_ns == NO_TIME || r->last_ns == NO_TIME ? 0 :
		       r->last_ns - f->last_call_ns;
	char time[24];

	if (!f->unanswered.line || f->unanswered.line != f->last_call ||
	    r->first_ns == NO_TIME || r->accounts.n != 1 || ns < LONG_NS ||
	    !is_share(ns, r->last_ns - r->first_ns))
		return 0;
	add(t, "The program sent a request on %s (line %lu) and made no call that the "
	    "log has for %s after it: it waits for the answer, perhaps in poll "
	    "or select, which strace was not asked for.", f->unanswered.peer,
	    f->unanswered.line, time_text(ns, time));
	return 1;
}

/* Nothing is wrong: what does it do? */
static enum verdict_of healthy(const struct reader *r, struct text *t)
{
	const struct account *of = NULL, *busy = busiest(r);
	const struct unreturned *o = NULL, *let_go;
	const struct wait *w = largest(r, 0, &of), *idle;
	struct wait all;
	char text[160], time[24], who[80];

	for (unsigned i = 0; i < r->accounts.n_open && i < OPEN_MAX; i++) {
		const struct unreturned *x = &r->accounts.open[i];

		if (!o || (!waits_for_thread(x) && (waits_for_thread(o) ||
						    x->ns > o->ns)))
			o = x;
	}
	if (o && o->how == OPEN_DETACHED && (r->first_ns != NO_TIME ||
	    !r->findings.clients_answered) && asked_in_vain(r, o, t))
		return VERDICT_WAIT;
	if (transfers_in_vain(r, o, t))
		return VERDICT_WAIT;
	if (loop_computes(r, t))
		return VERDICT_OUTSIDE;
	if (!o && asked_last(r, t))
		return VERDICT_WAIT;
	let_go = was_let_go(r) && (!w || w->ns < LONG_NS) ? blamed(r) : NULL;
	if (let_go && r->first_ns != NO_TIME) {
		at_the_end(r, end_of_chain(r, let_go), t);
		return VERDICT_DONE;
	}
	if (w && !is_trifle(r, w, o) && (of->wall_ns > 0 || w->ns >= LONG_NS) &&
	    is_share(w->ns / of->tasks, whole_of(of) / of->tasks)) {
		wait_sentence(r, w, of, t);
		return VERDICT_WAIT;
	}
	w = all_of_a_call(r, &of, &all);
	if (w && !is_trifle(r, w, o)) {
		wait_sentence(r, w, of, t);
		return VERDICT_WAIT;
	}
	if (unseen_child(r, t) || pool_disk(r, t))
		return VERDICT_WAIT;
	if (slow_file(r, t))
		return VERDICT_OUTSIDE;
	if (r->findings.cut_write.line && r->first_ns == NO_TIME) {
		size_t at = t->len;

		cut_write(r, t);
		if (t->at[at] == 'a')
			t->at[at] = 'A';
		return VERDICT_WAIT;
	}
	/* Its client said nothing to it; that is not idle, nor its fault. */
	if (o && *o->killed && o->what == FOR_CLIENT && o->ns != NO_TIME &&
	    o->ns >= LONG_NS && call_class(o->call) != CLASS_ACCEPT &&
	    call_class(o->call) != CLASS_WAIT) {
		add(t, "The program waited %s for %s in %s (line %lu), until "
		    "%s killed it.", time_text(o->ns, time),
		    wait_text(o->what, o->call, o->object, text, sizeof(text)),
		    o->name, o->line, o->killed);
		return VERDICT_WAIT;
	}
	if (o && r->findings.owed.line && (r->findings.owed.ns >= OWED_NS ||
					   is_of_unknown_length(r, o))) {
		owed(r, o, t);
		return VERDICT_WAIT;
	}
	if (o && is_where_it_stops(r, o) && !never_waits(o)) {
		at_the_end(r, o, t);
		return VERDICT_DONE;
	}
	if (o && (was_busy(o) || never_waits(o))) {
		add(t, "No fault was found: %s was in %s when the log ended (line "
		    "%lu), after %lu call%s that returned.",
		    who_waits(r, o->pid, who, sizeof(who)), o->name, o->line,
		    o->calls - 1, plural(o->calls - 1));
		return VERDICT_DONE;
	}
	if (o && !open_is_idle(r, o)) {
		at_the_end(r, o, t);
		return VERDICT_DONE;
	}
	if (o && o->what == FOR_THREAD && ran_to_end(r, o) &&
	    !one_computes(r, busy, o)) {
		at_the_end(r, o, t);
		return VERDICT_DONE;
	}
	if ((computed(r, busy) && !is_one_tick(busy->wall_ns)) ||
	    one_computes(r, busy, o)) {
		outside_sentence(r, busy, t);
		return VERDICT_OUTSIDE;
	}
	if (o && asked_in_vain(r, o, t))
		return VERDICT_WAIT;
	if (o && o->ns == NO_TIME && looks_often(r, t))
		return VERDICT_WAIT;
	if (o) {
		const struct unreturned *parent = o;

		o = last_child(r, o, 1);
		add(t, "No fault was found: at the end %s waits for %s in %s "
		    "(line %lu", who_waits(r, o->pid, who, sizeof(who)),
		    wait_text(o->what, o->call, o->object, text, sizeof(text)),
		    o->name, o->line);
		if (o->ns != NO_TIME && o->ns > 0)
			add(t, ", for %s", time_text(o->ns, time));
		if (*o->killed)
			add(t, ", until %s", o->killed);
		if (parent != o)
			add(t, "), and %s waits for its end in %s (line %lu",
			    who_waits(r, parent->pid, who, sizeof(who)),
			    parent->name, parent->line);
		add(t, !o->poller && o->call == CALL_RING_ENTER &&
		    is_client(r) && !has_kernel_side(r) ? "); the log does not show the ring's "
		    "requests, so it does not show whether the program hangs or "
		    "is idle (iomodels trace shows them)."
		    : o->poller ? "); the ring has SQPOLL, so the kernel takes "
		    "requests without a call, and the log does not show whether "
		    "one is in flight (hung) or none (idle)."
		    : "); that is idle, not hung.");
		return VERDICT_IDLE;
	}
	idle = largest(r, 1, &of);
	if (idle && is_share(idle->ns, whole_of(of)) &&
	    (of->wall_ns > 0 || idle->ns >= LONG_NS)) {
		nothing_found(r, t);
		add(t, " ");
		wait_sentence(r, idle, of, t);
		return VERDICT_IDLE;
	}
	if (busy && is_share(account_outside(busy), busy->wall_ns) &&
	    !is_one_tick(busy->wall_ns)) {
		outside_sentence(r, busy, t);
		return VERDICT_OUTSIDE;
	}
	if (expired(r, t) || (finding_first_status(&r->findings) <= 0 &&
				looks_often(r, t)))
		return VERDICT_WAIT;
	nothing_found(r, t);
	served(r, t);
	mostly(r, t);
	return VERDICT_DONE;
}

const char *unfollowed_text(const struct reader *r, char *text, size_t size)
{
	unsigned long threads = r->unfollowed_threads;
	unsigned long children = r->unfollowed - threads;

	*text = 0;
	if (!r->unfollowed || r->followed)
		return text;
	snprintf(text, size, "%lu %s of the program (line %lu) %s not in "
		 "this log: strace ran without -f", r->unfollowed,
		 threads && children ? "threads and child processes" :
		 threads ? threads == 1 ? "thread" : "threads" :
		 children == 1 ? "child process" : "child processes",
		 r->unfollowed_line, r->unfollowed == 1 ? "is" : "are");
	return text;
}

/* "several waiters": a sentence; "read failed": the name of a call. */
static int begins_small(const struct reader *r, const char *says)
{
	size_t len = strspn(says, "abcdefghijklmnopqrstuvwxyz");
	struct slice word = { says, len };
	const struct tally *call;

	if (slice_is(word, "a") && says[len] == ' ')
		return 1;

	for (const struct group *g = r->models.groups; g; g = g->next)
		if (slice_is(word, g->exe))
			return 0;		/* the name of a program */
	map_each(&r->tallies, i, call)
		if (slice_is(word, call->name))
			return 0;
	return len > 1 && (says[len] == ' ' || says[len] == ',') &&
	       strncmp(says + len, " (pid", 5) &&
	       call_find(word) == CALL_OTHER && !slice_is(word, "strace") &&
	       !slice_is(word, "fork") && !slice_is(word, "pid");
}

/* The thread that had the lock spent the time in a wait of its own. */
static void holder_wait(const struct reader *r, const struct finding *d,
			struct text *t)
{
	char note[128], time[24];

	for (const struct account *a = r->accounts.first; a && d->on;
	     a = a->next) {
		const struct wait *w = a->wait;

		if (a->pid != d->on || a->tasks > 1 || !a->n_waits ||
		    w->ns < d->cost_ns / 2)
			continue;
		add(t, " Thread %ld spent %s%s in %s%s (line %lu).", d->on,
		    w->at_most ? "at most " : "", time_text(w->ns, time),
		    w->name, wait_note(w->what, w->call, w->object, note,
				       sizeof(note)), w->line);
		return;
	}
}

static void finding_sentence(const struct reader *r, const struct finding *d,
			     struct text *t)
{
	size_t at = t->len;
	char title[240];

	if (*d->says)
		add(t, "%s.", d->says);
	else
		add(t, "%s.", finding_title(d, title, sizeof(title)));
	/* (After "Besides: " it goes on.) */
	if (at < t->len && at >= 2 && t->at[at - 2] == '.' &&
	    begins_small(r, t->at + at))
		t->at[at] -= 'a' - 'A';
}

/*
 * A cost that is known to be small is not a headline; nor is the end of a
 * pipeline's first part: head has what it needs, and SIGPIPE ends yes.
 */
static int is_minor(const struct reader *r, const struct finding *d)
{
	enum { MINOR = 20 };			/* one part of 20 */
	const struct finding *x;

	/* (Not if the whole pipeline ended with its status.) */
	for (x = r->findings.first; x; x = x->next)
		if (!strcmp(d->about->id, "sigpipe") && x->pid == d->pid &&
		    !r->findings.passed_on &&
		    !strcmp(x->about->id, "epipe") &&
		    strstr(x->subject, "(pipe:"))
			return 1;
	return d->about->severity == SEVERITY_NOTE ||
	       (d->about->severity == SEVERITY_COST && d->cost_ns > 0 &&
		r->first_ns != NO_TIME &&
		d->cost_ns < (r->last_ns - r->first_ns) / MINOR);
}

/* Killed in a wait: the wait says more than the signal. */
static void killed_in(const struct reader *r, const struct finding *d,
		      struct text *t)
{
	char what[160], time[24];

	if (strcmp(d->about->id, "killed-from-outside") &&
	    strcmp(d->about->id, "killed-by-timer"))
		return;
	for (unsigned i = 0; i < r->accounts.n_open && i < OPEN_MAX; i++) {
		const struct unreturned *o = &r->accounts.open[i];

		if (o->process != d->pid || !*o->killed || o->ns == NO_TIME ||
		    o->ns < LONG_NS)
			continue;
		add(t, " Before, the process was in %s for %s (line %lu).",
		    open_text(o, what, sizeof(what)), time_text(o->ns, time),
		    o->line);
		return;
	}
}

/* A program that ended by itself may have waited in vain before. */
static const struct wait *before_the_end(const struct reader *r,
					 const struct finding *d,
					 const struct account **of)
{
	const struct wait *w;

	if (strcmp(d->about->id, "ended-with-message") &&
	    strcmp(d->about->id, "connection-timeout"))
		return NULL;
	w = largest(r, 0, of);
	return w && w->what != FOR_TIME && w->ns >= LONG_NS &&
	       is_share(w->ns / (*of)->tasks, whole_of(*of) / (*of)->tasks)
		? w : NULL;
}

/* Its message is that the time was over: for what it waited comes first. */
static int is_over_time(const struct finding *d, const struct wait *w)
{
	return w->timeouts && w->what == FOR_PEER &&
	       (strcasestr(d->says, "timeout") || strcasestr(d->says, "timed out"));
}

/*
 * The call is the last line of a short log of one thread (children have ended),
 * and nothing like it has returned before (it is one of its count): how long it
 * lasted is not known.
 */
static int is_last_word(const struct reader *r, const struct unreturned *o)
{
	enum { MANY = 50 };
	const struct account *of = NULL;

	if (o->ns || o->calls > MANY || o->how == OPEN_KILLED)
		return 0;
	for (const struct account *a = r->accounts.first; a; a = a->next) {
		if (a->pid == o->pid && a->tasks == 1 && !of)
			of = a;
		else if (!a->ended)
			return 0;
	}
	if (!of)
		return 0;
	for (unsigned i = 0; i < of->n_waits; i++)
		if (!strcmp(of->wait[i].name, o->name) &&
		    !strcmp(of->wait[i].object, o->object) &&
		    of->wait[i].count > 1)
			return 0;
	return 1;
}

/* A proxy's error, with the server that did not answer. */
static int names_upstream(const struct finding *d)
{
	return !strcmp(d->about->id, "answers-error") &&
	       strstr(d->says, "; before that, ");
}

/*
 * Not a fault that was seen, and no trifle: a client or a peer that left, or does not
 * read, an error that the program wrote to its log.
 */
static const struct finding *notable(const struct reader *r)
{
	static const char *const ids[] = {
		"logs-error", "connection-reset", "closed-unanswered",
		"write-full", "peer-error",
	};
	const struct finding *d;

	for (d = r->findings.first; d; d = d->next)
		if (names_upstream(d))
			return d;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		for (d = r->findings.first; d; d = d->next)
			if (d->about->severity == SEVERITY_NOTE && *d->says &&
			    !strcmp(d->about->id, ids[i]))
				return d;
	/* (A child that never became the program.) */
	for (d = r->findings.first; d; d = d->next)
		if (d->about->severity == SEVERITY_NOTE &&
		    strstr(d->says, " after execve of "))
			return d;
	for (d = r->findings.first; d; d = d->next)
		if (!strcmp(d->about->id, "answers-error"))
			return d;
	return NULL;
}

/* What else it did; after a failure of its own without "No fault was found". */
static void add_rest(const struct reader *r, const struct finding *d,
		     struct text *t, const char *own)
{
	static const char none[] = "No fault was found";
	int failed = !strcmp(d->about->id, "answers-error") ||
		     !strcmp(d->about->id, "peer-error") ||
		     strstr(d->says, " after execve of ");
	size_t at;

	if (!failed || strncmp(own, none, sizeof(none) - 1)) {
		add(t, " %s", own);
		return;
	}
	own += sizeof(none) - 1;
	own += strspn(own, ".: ");
	if (!*own)
		return;
	at = t->len + 1;
	add(t, " %s", own);
	if (t->at[at] >= 'a' && t->at[at] <= 'z' && begins_small(r, t->at + at))
		t->at[at] -= 'a' - 'A';
}

/* It comes first, unless the program waited long for something. */
static enum verdict_of no_fault(const struct reader *r, struct text *t)
{
	const struct finding *d = notable(r);
	struct text own = { .size = t->size - t->len };
	enum verdict_of v;
	int last;

	if (!d)
		return healthy(r, t);
	if (!strcmp(d->about->id, "write-full")) {
		finding_sentence(r, d, t);
		return VERDICT_FINDING;
	}
	own.at = need(calloc(1, own.size));
	v = healthy(r, &own);
	t->told_unfollowed = own.told_unfollowed;
	last = (v == VERDICT_WAIT || v == VERDICT_OUTSIDE) &&
	       strcmp(d->about->id, "peer-error") && !names_upstream(d);
	if (last)
		add(t, "%s Besides: ", own.at);
	if (!strcmp(d->about->id, "connection-reset"))
		add(t, "%c client reset its connection: ", last ? 'a' : 'A');
	finding_sentence(r, d, t);
	if (!last)
		add_rest(r, d, t, own.at + strspn(own.at, " "));
	free(own.at);
	return v;
}

/* It ended with a message, after a signal had killed its child. */
static void killed_child(const struct finding *d, struct text *t)
{
	if (strcmp(d->about->id, "ended-with-message"))
		return;
	for (const struct finding *c = d->next; c; c = c->next)
		if (!strcmp(c->about->id, "child-killed") && c->pid == d->pid &&
		    *c->says && c->n_lines && d->n_lines &&
		    c->line[0] < d->line[d->n_lines - 1]) {
			add(t, " Before, ");
			add(t, "%s.", c->says);
			return;
		}
}

/* It asks in a loop, but most of its time it computed. */
static int mostly_computes(const struct reader *r, const struct finding *d)
{
	const struct account *a = r->accounts.n == 1 ? busiest(r) : NULL;

	return a && !strcmp(d->about->id, "busy-ask") && d->cost_ns > 0 &&
	       (!d->next || is_minor(r, d->next)) &&
	       account_outside(a) / 2 > d->cost_ns;
}

/*
 * Threads wait for a mutex that nobody in the log took, and another thread of the
 * process hangs since before they wait: it may well have the mutex.
 */
static int may_have_mutex(const struct unreturned *o, const struct finding *d)
{
	if (!o || !d || strcmp(d->about->id, "mutex-stuck") || d->on ||
	    o->process != d->pid || o->unclear || !o->line ||
	    (o->what != FOR_PIPE && o->what != FOR_PEER && o->what != FOR_DISK))
		return 0;
	for (unsigned i = 0; i < d->n_lines; i++)
		if (d->line[i] < o->line)
			return 0;
	return 1;
}

/* A note says what it waits for. */
static int waits_for_room(const struct reader *r, const struct unreturned *o)
{
	for (const struct finding *d = r->findings.first; d; d = d->next)
		if (d->about->severity == SEVERITY_NOTE &&
		    !strcmp(d->about->id, "write-full") &&
		    d->pid == o->process && d->n_lines > 1 &&
		    d->line[1] == o->line)
			return 1;
	return 0;
}

/* It waits for a thread that it could not make. */
static int lacks_thread(const struct reader *r, const struct unreturned *o,
			const struct finding *d)
{
	const struct unreturned *next = o && o->what == FOR_THREAD
					? open_of(r, o->on) : NULL;

	if (next)		/* (A JVM's first thread waits for another one.) */
		o = next;
	return o && d && o->what == FOR_LOCK && o->call == CALL_FUTEX &&
	       !o->mutex && !o->on && d->pid == o->process &&
	       !strncmp(d->says, "clone", 5) && d->n_lines &&
	       d->line[0] < o->line && d->about->severity == SEVERITY_FAULT;
}

/* A thread did not get a mutex, and no thread is left that could release it. */
static void stuck_for_good(const struct reader *r, const struct finding *d,
			   struct text *t)
{
	if (strcmp(d->about->id, "mutex-stuck"))
		return;
	for (unsigned i = 0; i < r->accounts.n_open && i < OPEN_MAX; i++) {
		const struct unreturned *o = &r->accounts.open[i];
		unsigned long n = o->process == d->pid ? all_locked(r, o) : 0;

		if (!n)
			continue;
		add(t, n == 2 ? " Both threads" : " All %lu threads", n);
		add(t, " of the process wait%s, and none is left to release a "
		    "mutex: a deadlock.", o->how == OPEN_KILLED ? "ed" : "");
		return;
	}
}

static enum verdict_of choose(const struct reader *r, struct text *t)
{
	const struct finding *d = r->findings.first;
	const struct unreturned *o = blamed(r);
	const struct account *of = NULL;
	const struct wait *w;
	int has_mutex;

	if (d && mostly_computes(r, d))
		d = NULL;
	if (o)
		o = last_child(r, o, 0);
	if (d && is_minor(r, d))
		d = NULL;
	if (o && o->ns != NO_TIME && o->ns < LONG_NS && !o->attached &&
	    !is_last_word(r, o) && !all_locked(r, o))
		o = NULL;
	/* The call in which it was killed says more than the signal. */
	if (o && o->how == OPEN_KILLED && d && d->fatal && !d->cost_ns &&
	    o->ns >= LONG_NS)
		d = NULL;
	/* A loop without progress is killed in any of its calls. */
	if (o && o->how == OPEN_KILLED && o->ns == NO_TIME && d &&
	    o->process == d->pid && (!strncmp(d->about->id, "spin", 4) ||
				     !strcmp(d->about->id, "busy-ask")))
		o = NULL;
	if (lacks_thread(r, o, d) || (o && waits_for_room(r, o)))
		o = NULL;
	has_mutex = may_have_mutex(o, d);
	if (d && !has_mutex && (!o || d->fatal || o->unclear ||
				(o->ns != NO_TIME && d->cost_ns >= o->ns))) {
		w = before_the_end(r, d, &of);
		if (w && is_over_time(d, w)) {
			wait_sentence(r, w, of, t);
			add(t, " ");
			w = NULL;
		}
		finding_sentence(r, d, t);
		if (w) {
			add(t, " ");
			wait_sentence(r, w, of, t);
		}
		if (r->findings.cut_write.line && d->fatal &&
		    r->findings.cut_write.pid == d->pid) {
			add(t, " Before, ");
			cut_write(r, t);
		}
		killed_child(d, t);
		killed_in(r, d, t);
		stuck_for_good(r, d, t);
		holder_wait(r, d, t);
		return VERDICT_FINDING;
	}
	if (!o)
		return no_fault(r, t);
	open_sentence(r, o, t);
	if (d) {
		add(t, " Besides: ");
		finding_sentence(r, d, t);
	}
	return VERDICT_OPEN;
}

enum verdict_of reader_verdict(const struct reader *r, char *text, size_t size)
{
	struct text t = { .at = text, .size = size };
	enum verdict_of v;
	char unseen[200];

	*text = 0;
	if (!r->calls && !r->findings.first)
		return VERDICT_NOTHING;
	program(r, &t);
	v = choose(r, &t);
	if (!t.told_unfollowed && *unfollowed_text(r, unseen, sizeof(unseen)))
		add(&t, " %s.", unseen);
	return v;
}
