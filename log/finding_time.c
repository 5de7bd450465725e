/* SPDX-License-Identifier: MIT */
/*
 * finding_time.c - time in calls that should be short: locks, fsync, a slow
 * disk; and polling by sleeping
 *
 * Each kind is summed up per task and object. A sum that is a small part of
 * the log's time is not worth a finding.
 */
#include "account.h"
#include "finding_look.h"
#include "hash.h"
#include "lock.h"

enum {
	LOCK_NS = 10 * MS,	/* a lock that was waited for */
	LOCKS_NS = 100 * MS,	/* ... in all */
	DISK_NS = 20 * MS,	/* a call on a file that is slow */
	DISKS_NS = 200 * MS,	/* ... in all */
	DISK_CALLS = 4,		/* one may be a busy machine's */
	DISK_PERCENT = 10,
	DISK_LONG_NS = 1000 * MS,	/* few calls, but so long in all, */
	DISK_LONG_PERCENT = 50,	/* ... and so much of the log so far */
	SYNC_NS = 100 * MS,	/* fsyncs, in all */
	SYNC_PERCENT = 2,
	SYNC_SLOW_NS = 15 * MS,	/* one, on average: a slow disk */
	MUTEX_NS = 250 * MS,	/* a mutex, in all */
	DISK_PART = 10,		/* percent of a thread's disk calls are slow ... */
	DISK_MOST = 25,		/* ... or they are so much of its time, */
	DISK_MOST_NS = 1000 * MS,	/* and so long */
	MUTEX_PERCENT = 10,	/* of the thread's time; and of the log's: half */
	NAPS_MIN = 8,		/* cycles of ask and sleep */
	NAPS_ALL = 3,		/* ... where the log has nothing else */
	NAPS_PERCENT = 20,
	LOOP_WAITS = 2,		/* waits of an event loop ... */
	LOOP_SLEEP_NS = 50 * MS,	/* ... and what its callbacks sleep */
	LOOP_BUSY_NS = 750 * MS,	/* ... or compute */
	LOOP_CALL_NS = 20 * MS,		/* (below, it had no processor) */
	OBJECTS = 4,		/* of each kind, per task */
};

enum slow { SLOW_LOCK, SLOW_SYNC, SLOW_DISK, SLOW_MUTEX, SLOWS };

struct slow_sum {		/* of one kind and object */
	uint64_t key;
	struct tracks times;
	long long ns, longest_ns;
	char object[100], call[24];
	struct holder by;		/* who has, or had, the lock */
	unsigned long regular;		/* of a file that surely is one */
	int open;			/* the last one did not return */
	int handler;			/* the signal in whose handler it was */
	unsigned long handler_line;
};

/* Polling by sleeping: the question since the last sleep. */
struct naps {
	struct nap {
		uint64_t key;
		unsigned long naps, line, timed, asked;	/* asked: again */
		long long ns;		/* of those whose time is known */
		char what[120], how[24];
	} *nap, *best;			/* NULL before the first sleep */
	uint64_t asked;
	unsigned long asked_line, again;	/* again: it asked more than once */
	char question[120];
};

struct time_habits {			/* most tasks have none of the four */
	struct slow_sum *slow[SLOWS];	/* OBJECTS of each kind, or NULL */
	unsigned long disk_calls, slow_disk_calls, slow_others;
	struct naps *naps;
};

#define NAPS(severity) { "poll-by-sleep", severity, \
	"checks, sleeps, and checks again", \
	"The program notices the event only when the sleep is over, on " \
	"average half a sleep too late, and each check costs calls.", \
	"Wait in poll, epoll or a blocking call; for files use inotify.", \
	"There is no other way to wait for the event." }

static const struct about
lock = { "lock-wait", SEVERITY_COST,
	"waits for a file lock",
	"flock or fcntl waits until another process releases the lock. With "
	"flock and F_OFD_SETLKW, another open of the file in the same process "
	"can hold it, too.",
	"Find out who holds it (lslocks); hold it for a shorter time, or use "
	"LOCK_NB and report that it is "
	"locked.", "The lock is there to make the others wait." },
lock_stuck = { "lock-stuck", SEVERITY_FAULT,
	"waits for a file lock and does not get it",
	"Another process holds the lock and does not release it. With flock "
	"and F_OFD_SETLKW, another open of the file in the same process can "
	"hold it, too.",
	"Find out who holds it (lslocks, fuser).", NULL },
loop_sleeps = { "blocked-loop", SEVERITY_COST,
	"a callback of the event loop sleeps",
	"The thread that waits for events in epoll sleeps between its waits: "
	"meanwhile it serves no other descriptor.",
	"Use the loop's own timer (in asyncio: await asyncio.sleep, and "
	"asyncio.to_thread for what blocks), or another thread.",
	"The loop limits its own rate on purpose." },
mutex = { "mutex-wait", SEVERITY_COST,
	"waits for a mutex",
	"FUTEX_WAIT with the value 2 is mostly a mutex (glibc, Go) that "
	"another thread holds: the threads do not run in parallel.",
	"Hold it for a shorter time, or give each thread data of its "
	"own.", NULL },
mutex_stuck = { "mutex-stuck", SEVERITY_FAULT,
	"waits for a mutex and does not get it",
	"FUTEX_WAIT with the value 2 is mostly a mutex (glibc, Go); no "
	"thread has released it by the end of the log.",
	"Run gdb -p PID, then thread apply all bt: the owner's thread id is "
	"in a pthread_mutex_t (__owner).", NULL },
slow_sync = { "slow-fsync", SEVERITY_COST,
	"fsync takes long",
	"fsync returns when the device has the data. The disk is slow or "
	"busy, or the file system has to write other data first.",
	"Sync less often (group commit), or use a faster device.", NULL },
many_syncs = { "many-fsyncs", SEVERITY_NOTE,
	"much time in fsync",
	"fsync returns when the device has the data.",
	"Sync less often (group commit), if the data allow it.",
	"Each of them is needed: a database's commit." },
slow_disk = { "slow-disk", SEVERITY_COST,
	"calls on files take long",
	"Reads, writes and opens of files wait for a slow or busy disk, a "
	"network file system or FUSE.",
	"Look at iostat -x and at the mount; nfsiostat for NFS.", NULL },
naps = NAPS(SEVERITY_COST), naps_note = NAPS(SEVERITY_NOTE);

/* ---- sums ---- */

static struct time_habits *time_of(struct habits *habits)
{
	if (!habits->time)
		habits->time = need(calloc(1, sizeof(*habits->time)));
	return habits->time;
}

/* A file that is opened again and again is one file. */
static uint64_t key_of(const struct step *st, struct slice object)
{
	const char *name = st->file ? st->file->name : NULL;

	if (name && *name)
		object = (struct slice){ name, strlen(name) };
	return hash_slice(HASH_START, object) | 1;
}

static struct slow_sum *add(struct findings *f, struct time_habits *h,
			    enum slow kind, struct step *st,
			    struct slice object)
{
	uint64_t key = key_of(st, object);
	struct slow_sum *s;
	struct slice name = st->event->line->name;
	long long ns = call_lasted(f, st);
	unsigned i = 0;

	if (!h->slow[kind])
		h->slow[kind] = need(calloc(OBJECTS, sizeof(*s)));
	s = h->slow[kind];
	while (i < OBJECTS - 1 && s[i].key && s[i].key != key)
		i++;				/* the last one: all others */
	s += i;
	s->key = key;
	if (ns >= s->longest_ns) {
		s->longest_ns = ns;
		snprintf(s->object, sizeof(s->object), "%.*s", (int)object.len,
			 object.at);
		snprintf(s->call, sizeof(s->call), "%.*s", (int)name.len,
			 name.at);
	}
	track(&s->times, st->event->first);
	s->ns = plus_ns(s->ns, ns);
	s->open = !!(st->event->line->flags & LINE_NO_RETURN);
	return s;
}

static struct slice name_of(const struct file *f, char *text, size_t size)
{
	file_text(f, text, size);
	return (struct slice){ text, strlen(text) };
}

/* ---- locks ---- */

static struct slice argument(const struct line *l, unsigned n)
{
	return n < l->n_args ? l->arg[n] : (struct slice){ l->text.at, 0 };
}

/* LOCK_NB and F_SETLK never wait: slow, they had no processor. */
static int is_lock_wait(const struct step *st)
{
	struct slice op = argument(st->event->line, 1);

	return st->event->call == CALL_FCNTL ? !!slice_find(op, "SETLKW")
					     : !slice_find(op, "LOCK_NB");
}

static int is_lock(const struct step *st, int *releases)
{
	const struct line *l = st->event->line;
	struct slice op = argument(l, 1);

	*releases = 0;
	if (slice_is(l->name, "flock")) {
		*releases = !!slice_find(op, "LOCK_UN");
		return 1;
	}
	if (st->event->call != CALL_FCNTL || (!slice_find(op, "F_SETLK") &&
	    !slice_find(op, "F_OFD_SETLK")))
		return 0;
	*releases = !!slice_find(argument(l, 2), "F_UNLCK");
	return 1;
}

static void keep_holder(const struct findings *f, struct slow_sum *s,
			const struct step *st)
{
	struct holder before = lock_before(f->world, st);

	if (s->open)
		s->by = lock_held(f->world, st);
	else if (before.pid)
		s->by = before;
}

static void locks(struct findings *f, struct habits *h, struct step *st)
{
	char text[100];
	struct slow_sum *s;
	int releases;

	if (!is_lock(st, &releases) || releases ||
	    call_lasted(f, st) < LOCK_NS || !is_lock_wait(st))
		return;
	s = add(f, time_of(h), SLOW_LOCK, st, name_of(st->file, text, sizeof(text)));
	keep_holder(f, s, st);
}

/* ---- polling by sleeping ---- */

static int is_sleep(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;

	if (c == CALL_SLEEP)
		return 1;
	if (c == CALL_POLL)
		return slice_is(argument(l, 1), "0") && !l->ret;
	return c == CALL_SELECT && slice_is(argument(l, 0), "0") && !l->ret;
}

/* A shell's sleep is a child of its own. */
static int is_sleep_of_child(const struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_WAIT && l->ret > 0 &&
	       !(l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN)) &&
	       finding_was_sleep(f, l->ret);
}

/* A shell looks for a program in the folders of PATH. */
static int is_search(const struct line *l)
{
	return slice_is(l->error, "ENOENT") && slice_find(l->args, "bin/");
}

/* A question that was answered "not yet". */
static int is_question(const struct step *st)
{
	const struct line *l = st->event->line;
	int failed = !!(l->flags & LINE_HAS_ERROR);

	if (st->event->call == CALL_FUTEX)	/* the word had changed: go on */
		return 0;
	if (st->phase & PHASE_EMPTY)
		return 1;
	if (st->event->call == CALL_KILL)	/* is it alive? */
		return !failed && slice_is(argument(l, 1), "0");
	if (st->event->call == CALL_WAIT)
		return slice_is(l->error, "ECHILD") ||
		       (!failed && !l->ret && !(l->flags & LINE_NO_RETURN));
	if (call_class(st->event->call) == CLASS_WAIT)
		return !failed && !l->ret && !(st->phase & PHASE_WAIT) &&
		       !(l->flags & LINE_NO_RETURN);
	return slice_is(l->error, "EEXIST") || slice_is(l->error, "ENOENT") ||
	       slice_is(l->error, "EAGAIN") || slice_is(l->error, "EBUSY");
}

static void asked(struct naps *h, struct step *st)
{
	const struct line *l = st->event->line;
	struct slice args = l->args;
	size_t len;

	/* A runtime's scheduler (Go) looks, and other threads wait properly. */
	if (st->event->call == CALL_EPOLL_WAIT &&
	    st->task->process->tasks_made > 1)
		return;
	if (is_search(l))
		return;
	/* (A shell asks for more children after each.) */
	if (h->asked && !strncmp(h->question, "wait4(", 6) &&
	    st->event->call != CALL_WAIT)
		h->asked = 0;
	if (h->asked) {				/* the first since the sleep */
		h->again++;
		return;
	}
	if (st->file && args.len > 40)
		args = argument(l, 0);
	if (args.len > 60)
		args.len = 60;
	h->asked = hash_slice(hash_slice(HASH_START, l->name), argument(l, 0));
	if (l->n_args > 1 && *argument(l, 1).at == '"')
		h->asked = hash_slice(h->asked, argument(l, 1));
	h->asked |= 1;				/* 0: nothing was */
	h->asked_line = st->event->first;
	len = slice_add(l->name, h->question, sizeof(h->question), 0);
	len = text_append("(", h->question, sizeof(h->question), len);
	len = slice_add(args, h->question, sizeof(h->question), len);
	len = text_append(l->error.len ? ") = " : ") = 0", h->question,
			  sizeof(h->question), len);
	slice_add(l->error, h->question, sizeof(h->question), len);
}

static void nap_ends(struct naps *h)
{
	if (h->nap->naps > h->best->naps)
		*h->best = *h->nap;
	h->nap->naps = h->nap->timed = h->nap->asked = 0;
	h->nap->ns = 0;
}

static void slept(struct naps *h, struct step *st)
{
	struct slice name = st->event->line->name;
	long long ns;

	if (!h->asked || (st->event->call == CALL_WAIT &&
			  !strncmp(h->question, "wait4(", 6)))
		return;
	if (!h->nap) {
		h->nap = need(calloc(1, sizeof(*h->nap)));
		h->best = need(calloc(1, sizeof(*h->best)));
	}
	if (h->asked != h->nap->key) {
		nap_ends(h);
		h->nap->key = h->asked;
		h->nap->line = h->asked_line;
		snprintf(h->nap->what, sizeof(h->nap->what), "%s", h->question);
		snprintf(h->nap->how, sizeof(h->nap->how), "%.*s",
			 (int)name.len, name.at);
		if (st->event->call == CALL_WAIT)
			snprintf(h->nap->how, sizeof(h->nap->how), "sleep");
	}
	h->nap->naps++;
	h->nap->asked += h->again;
	h->again = 0;
	/* (A timeout that passed tells how long it was, in any log.) */
	ns = step_ns(st) ? step_ns(st) : expired_ns(st->event->line);
	if (st->event->call == CALL_SLEEP && st->event->start_ns == NO_TIME)
		ns = sleep_ns(st->event->line);
	h->nap->ns = plus_ns(h->nap->ns, ns);
	h->nap->timed += ns > 0;
	h->asked = 0;
}

/* ---- looking ---- */

static int is_sync(const struct step *st)
{
	enum call c = st->event->call;

	return c == CALL_FSYNC || c == CALL_MSYNC ||
	       (c == CALL_OTHER && slice_is(st->event->line->name, "sync"));
}

static int is_disk(const struct step *st)
{
	static const char *const calls[] = {	/* of CALL_OTHER */
		"stat", "lstat", "newfstatat", "statx", "unlink", "unlinkat",
		"rename", "renameat", "renameat2", "mkdir", "ftruncate",
		"fallocate",
	};
	enum call c = st->event->call;
	enum call_class class = call_class(c);

	if (st->file && (st->file->kind == FILE_REGULAR ||
			 st->file->kind == FILE_DIRECTORY) &&
	    (class == CLASS_IN || class == CLASS_OUT))
		return 1;
	if (c != CALL_OTHER)
		return c == CALL_OPEN || c == CALL_OPENAT ||
		       c == CALL_GETDENTS;
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (slice_is(st->event->line->name, calls[i]))
			return 1;
	return 0;
}

static int is_mutex(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->event->call == CALL_FUTEX &&
	       slice_starts(argument(l, 1), "FUTEX_WAIT") &&
	       !slice_find(argument(l, 1), "BITSET") &&
	       slice_is(argument(l, 2), "2") &&
	       (l->n_args < 4 || slice_is(argument(l, 3), "NULL"));
}

static struct slice object_of(const struct step *st, char *text, size_t size)
{
	struct slice path = slice_after(st->event->line->args, "\"");
	const char *end = path.len ? memchr(path.at, '"', path.len) : NULL;

	if (st->file)
		return name_of(st->file, text, size);
	return end ? slice_of(path.at, end) : SLICE("the disk");
}

/* It seldom sleeps or touches a disk (mmap does with MAP_POPULATE, fstat on a
   file server, getrandom before there is entropy): slow, it had no processor. */
static int is_quick(const struct step *st)
{
	static const char *const calls[] = {
		"mmap", "munmap", "mprotect", "brk", "madvise", "lseek",
		"fcntl", "getcwd", "fstat", "rt_sigaction", "rt_sigprocmask",
		"getpid", "gettid", "ioctl", "dup", "dup2", "pipe2",
		"prlimit64", "getrandom", "sched_yield", "set_robust_list",
		"clock_gettime", "gettimeofday", "mremap",
	};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (slice_is(st->event->line->name, calls[i]))
			return 1;
	return 0;
}

static void disk(struct findings *f, struct time_habits *h, struct step *st)
{
	struct slow_sum *s;
	char text[100];

	h->disk_calls++;
	if (call_lasted(f, st) < DISK_NS)
		return;
	h->slow_disk_calls++;
	s = add(f, h, SLOW_DISK, st, object_of(st, text, sizeof(text)));
	s->regular += st->file && st->file->regular;
}

static void waited_for_mutex(struct findings *f, struct habits *habits,
			     struct step *st)
{
	struct slow_sum *s = add(f, time_of(habits), SLOW_MUTEX, st,
				 argument(st->event->line, 0));

	if (habits->signals) {
		s->handler = habits->signals->handler;
		s->handler_line = habits->signals->handler_line;
	}
	keep_holder(f, s, st);
}

/* Does it wait, with looks at something between its sleeps? */
static void nap_note(const struct findings *f, struct habits *habits,
		     struct step *st)
{
	struct naps *h = habits->time ? habits->time->naps : NULL;

	if (is_sleep(st) || is_sleep_of_child(f, st)) {
		if (h)
			slept(h, st);
	} else if (is_question(st)) {
		if (!h)
			h = time_of(habits)->naps =
				need(calloc(1, sizeof(*h)));
		asked(h, st);
	} else if (h && st->bytes > 0 && st->fd > 2) {
		h->asked = 0;		/* it was given something */
	}
}

/* The set is from before the log, or has several descriptors. */
static int is_loop(const struct habits *h, const struct step *st)
{
	return !st->file || st->file->assumed || h->loop_fds >= 2;
}

/*
 * From the end of one wait of an event loop to the beginning of the next, without
 * long calls: the thread computes, and serves no descriptor meanwhile.
 */
static void turn_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct event *e = st->event;
	struct busy_loop *b;
	long long ns;

	if (e->call == CALL_EXEC)
		h->turn_ns = 0;
	if (e->call != CALL_EPOLL_WAIT) {
		ns = h->turn_ns ? call_lasted(f, st) : 0;
		if (e->took_ns == NO_TIME)
			h->turn_ns = 0;		/* without -T it may have slept */
		if (ns >= LOOP_CALL_NS)
			h->turn_slept_ns = plus_ns(h->turn_slept_ns, ns);
		return;
	}
	ns = h->turn_ns && e->start_ns != NO_TIME ? e->start_ns - h->turn_ns : 0;
	if (is_loop(h, st) && ns - h->turn_slept_ns >= LOOP_BUSY_NS) {
		if (!h->busy)
			h->busy = need_zero(sizeof(*h->busy));
		b = h->busy;
		b->pid = st->task->pid;
		b->times++;
		b->ns = plus_ns(b->ns, ns - h->turn_slept_ns);
		if (ns > b->longest_ns) {
			b->longest_ns = ns;
			b->line = h->turn_line;
			b->next = e->first;
		}
		if (b->ns > f->busy_loop.ns)
			f->busy_loop = *b;
	}
	h->turn_ns = e->line->ret > 0 && e->end_ns != NO_TIME ? e->end_ns : 0;
	h->turn_line = e->last;
	h->turn_slept_ns = 0;
}

/*
 * A sleep in the thread of an event loop: after it has waited in epoll for
 * several descriptors, a few times, and not with the timeout 0 alone.
 */
static void loop_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct line *l = st->event->line;
	long long ns;

	turn_note(f, h, st);
	if (st->event->call == CALL_EXEC)
		h->loop_waits = h->loop_fds = 0;
	if (st->event->call == CALL_EPOLL_WAIT) {
		h->loop_waits += !slice_is(argument(l, 3), "0") && l->ret > 0;
		if (st->file && st->file->watched.used > h->loop_fds)
			h->loop_fds = st->file->watched.used;
		return;
	}
	if (h->loop_waits < LOOP_WAITS || !is_sleep(st) || h->loop_fds < 2)
		return;
	ns = step_ns(st) ? step_ns(st) : expired_ns(l);
	if (ns < LOOP_SLEEP_NS)
		return;
	if (!h->loop_sleeps++)
		h->loop_line = st->event->first;
	h->loop_ns = plus_ns(h->loop_ns, ns);
	slice_copy(l->name, h->loop_call, sizeof(h->loop_call));
}

void time_note(struct findings *f, struct habits *habits, struct step *st)
{
	long long ns = call_lasted(f, st);
	char text[100];

	loop_note(f, habits, st);
	if (slice_is(st->event->line->name, "flock") ||
	    st->event->call == CALL_FCNTL)
		locks(f, habits, st);
	else if (is_sync(st))
		add(f, time_of(habits), SLOW_SYNC, st,
		    object_of(st, text, sizeof(text)));
	else if (is_disk(st))
		disk(f, time_of(habits), st);
	else if (ns >= DISK_NS && is_quick(st))
		time_of(habits)->slow_others++;
	else if (ns >= LOCK_NS && is_mutex(st))
		waited_for_mutex(f, habits, st);
	nap_note(f, habits, st);
}

/* ---- judging ---- */

static struct finding *judge(struct findings *f, const struct about *a,
			     const struct task *t, const struct slow_sum *s)
{
	struct finding *d = finding_add(f, a, t->process->pid, s->times.n,
					s->ns);

	finding_lines(d, &s->times);
	return d->cost_ns - s->ns > s->ns ? NULL : d;
}

/* "; pid 7 has held it since line 2 (9.90 s)" */
static void held_by(const struct findings *f, const struct slow_sum *s, long pid,
		    const char *who, char *text, size_t size)
{
	char span[32] = "", ns[24];

	if (s->by.since_ns != NO_TIME && f->last_ns != NO_TIME)
		snprintf(span, sizeof(span), " (%s)",
			 span_text(f->last_ns - s->by.since_ns, ns,
				   sizeof(ns)));
	if (s->by.pid == pid)
		snprintf(text, size, "; it has held it itself since line %lu%s, by "
			 "another descriptor of the file", s->by.line, span);
	else
		snprintf(text, size, "; %s %ld has held it since line %lu%s",
			 who, s->by.pid, s->by.line, span);
}

static int in_deadlock(const struct findings *f, const struct tracks *t)
{
	for (unsigned i = 0; i < t->n && i < FINDING_LINES; i++)
		if (deadlock_is_told(f, t->line[i]))
			return 1;
	return 0;
}

static void judge_lock(struct findings *f, const struct task *t,
		       const struct slow_sum *s)
{
	const struct about *a = s->open ? &lock_stuck : &lock;
	char span[24], by[120] = "";
	struct finding *d;

	if (s->ns < LOCKS_NS || ((s->open || s->times.n == 1) &&
				 in_deadlock(f, &s->times)))
		return;
	d = judge(f, a, t, s);
	if (s->by.pid && s->open)
		held_by(f, s, t->process->pid, "pid", by, sizeof(by));
	else if (s->by.pid)
		snprintf(by, sizeof(by), ", taken by pid %ld before (line %lu)",
			 s->by.pid, s->by.line);
	if (!d)
		return;
	d->fatal = s->open;
	finding_says(d, "%s waited %s for the lock on %s in %s, %lu time%s%s%s",
		     task_name(t), span_text(s->ns, span, sizeof(span)),
		     s->object, s->call, s->times.n, s->times.n == 1 ? ""
		     : "s", s->open ? ", and did not get it" : "", by);
}

static void judge_mutex(struct findings *f, const struct habits *h,
			const struct task *t, const struct slow_sum *s)
{
	const struct about *a = s->open ? &mutex_stuck : &mutex;
	struct finding *d;
	char span[24], by[100] = "", who[64], in[300] = "", sig[24];
	int forked = t->process->forked_of > 1 && !s->handler && !s->by.pid;

	if (s->ns < (s->open ? 1000LL * MS : MUTEX_NS) ||
	    share_of_task(h, s->ns) < MUTEX_PERCENT ||
	    share_of(f, s->ns) < MUTEX_PERCENT / 2 ||
	    !lock_is_mutex(f->world, t->process->pid, (struct slice){
		    s->object, strlen(s->object) }))
		return;
	d = judge(f, a, t, s);
	if (!d)
		return;
	d->fatal = s->open;
	d->on = s->by.pid;
	if (s->by.pid && s->open)
		held_by(f, s, 0, "thread", by, sizeof(by));
	else if (s->by.pid)
		snprintf(by, sizeof(by), "; thread %ld released it last",
			 s->by.pid);
	snprintf(who, sizeof(who), "thread %ld of %s", t->pid, task_name(t));
	if (s->open && s->handler)
		snprintf(in, sizeof(in), "; the thread waits in its handler of %s "
			 "(line %lu), and the signal may have interrupted the "
			 "code that holds the mutex",
			 signal_text(s->handler, sig, sizeof(sig)),
			 s->handler_line);
	else if (s->open && forked)
		snprintf(in, sizeof(in), "; the thread is in a child that a "
			 "process of %u threads forked: the thread that held "
			 "the mutex is not in the child", t->process->forked_of);
	finding_says(d, "%s waited %s for the mutex at %s, %lu "
		     "time%s%s%s%s", t->pid ? who : task_name(t),
		     span_text(s->ns, span, sizeof(span)), s->object,
		     s->times.n, s->times.n == 1 ? "" : "s", !s->open ? "" :
		     s->by.pid ? ", and did not get it" :
		     ", and no thread released it", by, in);
}

/* A few calls of many are slow on any machine that has much to do. */
static int is_busy_machine(const struct habits *h, const struct slow_sum *s)
{
	const struct time_habits *t = h->time;

	/* Calls that no disk can hold up are slow as well. */
	if (t->slow_others * 4 > t->slow_disk_calls)
		return 1;
	return t->slow_disk_calls * 100 < t->disk_calls * DISK_PART &&
	       (s->ns < DISK_MOST_NS || share_of_task(h, s->ns) < DISK_MOST);
}

/* (A log with -T alone has no share: then only the time itself counts.) */
static int is_less(int share, int percent)
{
	return share >= 0 && share < percent;
}

static int are_few(const struct findings *f, const struct slow_sum *s)
{
	/* (A path may also be a FIFO or a device, which wait for others.) */
	return s->times.n < DISK_CALLS && (s->ns < DISK_LONG_NS || s->open ||
	       s->regular < s->times.n ||
	       share_of(f, s->ns) < DISK_LONG_PERCENT);
}

static void judge_disk(struct findings *f, const struct habits *h,
		       const struct task *t, const struct slow_sum *s, int sync)
{
	char span[24], each[24];
	long long mean = s->times.n ? s->ns / (long long)s->times.n : 0;
	const struct about *a = !sync ? &slow_disk : mean >= SYNC_SLOW_NS
			      ? &slow_sync : &many_syncs;
	int share = share_of_task(h, s->ns);
	struct finding *d;

	if (sync ? s->ns < SYNC_NS || is_less(share, SYNC_PERCENT)
		 : s->ns < DISKS_NS || are_few(f, s) ||
		   is_less(share, DISK_PERCENT) || is_busy_machine(h, s))
		return;
	d = judge(f, a, t, s);
	if (!d)
		return;
	finding_says(d, "%s spent %s in %s of %s, %lu time%s, %s each on "
		     "average, %s at the longest%s", task_name(t),
		     span_text(s->ns, span, sizeof(span)), s->call, s->object,
		     s->times.n, s->times.n == 1 ? "" : "s",
		     span_text(mean, each, sizeof(each)),
		     span_text(s->longest_ns, (char[24]){ 0 }, 24),
		     a == &many_syncs ? "" : ": the disk is slow");
}

/* What the threads of a process waited for one file, each of them seldom. */
struct pool {
	long pid;
	struct slow_sum sum;
	unsigned long threads, disk_calls, slow_disk_calls, slow_others;
	char name[20];
};

static void pool_gets(struct findings *f, const struct time_habits *h,
		      const struct task *t, const struct slow_sum *s)
{
	enum { POOLS_MAX = 1000 };
	uint64_t key = s->key ^ (uint64_t)t->process->pid * 0x9e3779b97f4a7c15;
	struct pool *p = map_get(&f->pools, key);

	if (!p && f->pools.used >= POOLS_MAX)
		return;
	if (!p) {
		p = need(calloc(1, sizeof(*p)));
		p->pid = t->process->pid;
		snprintf(p->name, sizeof(p->name), "%s", task_name(t));
		map_put(&f->pools, key, p);
	}
	if (s->longest_ns > p->sum.longest_ns) {
		memcpy(p->sum.object, s->object, sizeof(s->object));
		memcpy(p->sum.call, s->call, sizeof(s->call));
		p->sum.longest_ns = s->longest_ns;
	}
	for (unsigned long i = 0; i < s->times.n && i < FINDING_LINES; i++)
		track(&p->sum.times, s->times.line[i]);
	if (s->times.n > FINDING_LINES)
		p->sum.times.n += s->times.n - FINDING_LINES;
	p->sum.ns = plus_ns(p->sum.ns, s->ns);
	p->sum.regular += s->regular;
	p->sum.open |= s->open;
	p->threads++;
	p->disk_calls += h->disk_calls;
	p->slow_disk_calls += h->slow_disk_calls;
	p->slow_others += h->slow_others;
}

static void judge_pool(struct findings *f, const struct pool *p)
{
	char span[24], each[24];
	const struct slow_sum *s = &p->sum;
	struct finding *d;

	if (p->threads < 2 || s->ns < DISKS_NS || are_few(f, s) ||
	    is_less(share_of(f, s->ns), DISK_PERCENT) ||
	    p->slow_others * 4 > p->slow_disk_calls ||
	    p->slow_disk_calls * 100 < p->disk_calls * DISK_PART)
		return;
	for (d = f->first; d; d = d->next)
		if (d->about == &slow_disk && d->pid == p->pid)
			return;
	d = finding_add(f, &slow_disk, p->pid, s->times.n, s->ns);
	finding_lines(d, &s->times);
	finding_says(d, "%lu threads of %s spent %s in %s of %s, %lu times, %s "
		     "each on average, %s at the longest: the disk is slow",
		     p->threads, p->name, span_text(s->ns, span, sizeof(span)),
		     s->call, s->object, s->times.n,
		     span_text(s->ns / (long long)s->times.n, each,
			       sizeof(each)),
		     span_text(s->longest_ns, (char[24]){ 0 }, 24));
}

void time_settle(struct findings *f)
{
	struct pool *p;

	map_each(&f->pools, i, p)
		judge_pool(f, p);
}

void time_free(struct findings *f)
{
	struct pool *p;

	map_each(&f->pools, i, p)
		free(p);
	map_free(&f->pools);
}

/* A server's first process: once in a second it looks whether a worker has ended. */
static int looks_after(const struct nap *n)
{
	enum { UPKEEP_NS = 500 * MS };

	return !strncmp(n->what, "wait4(-1,", 9) &&
	       (!n->ns || n->ns / (long long)n->naps >= UPKEEP_NS);
}

static void judge_naps(struct findings *f, const struct habits *h,
		       const struct task *t, struct nap *n)
{
	char span[24], each[24];
	struct finding *d;
	int share;

	if (n->naps < NAPS_MIN &&
	    (n->naps < NAPS_ALL || t->process->saw_start ||
	     n->naps * 2 + n->asked + h->spin.clocks + 2 < h->spin.calls))
		return;
	/* (Without -T only a sleep that another thread's line split has one.) */
	if (n->timed * 2 < n->naps)
		n->ns = 0;
	share = share_of_task(h, n->ns);
	if (share >= 0 && n->ns && share < NAPS_PERCENT)
		return;
	d = finding_add(f, looks_after(n) ? &naps_note : &naps, t->process->pid,
			n->naps, n->ns);
	finding_line(d, n->line);
	if (n->ns)
		finding_says(d, "%s polls by sleeping: %s, then %s, %lu times, "
			     "every %s, %s in all", task_name(t), n->what,
			     n->how, n->naps, span_text(n->ns / (long long)
			     n->naps, each, sizeof(each)),
			     span_text(n->ns, span, sizeof(span)));
	else
		finding_says(d, "%s polls by sleeping: %s, then %s, %lu times",
			     task_name(t), n->what, n->how, n->naps);
}

static void judge_loop(struct findings *f, const struct habits *h,
		       const struct task *t)
{
	char span[24];
	struct finding *d;

	if (!h->loop_sleeps)
		return;
	d = finding_add(f, &loop_sleeps, t->process->pid, h->loop_sleeps,
			h->loop_ns);
	finding_line(d, h->loop_line);
	finding_says(d, "the event loop of %s stood still for %s in %s, %lu "
		     "time%s (line %lu): a callback sleeps in the loop's thread, "
		     "which waits for up to %lu descriptors", task_name(t),
		     span_text(h->loop_ns, span, sizeof(span)), h->loop_call,
		     h->loop_sleeps, h->loop_sleeps == 1 ? "" : "s",
		     h->loop_line, h->loop_fds);
}

void time_task_ends(struct findings *f, struct habits *habits, struct task *t)
{
	struct time_habits *h = habits->time;

	judge_loop(f, habits, t);

	for (unsigned i = 0; h && i < OBJECTS; i++) {
		if (h->slow[SLOW_LOCK])
			judge_lock(f, t, &h->slow[SLOW_LOCK][i]);
		if (h->slow[SLOW_MUTEX])
			judge_mutex(f, habits, t, &h->slow[SLOW_MUTEX][i]);
		if (h->slow[SLOW_SYNC])
			judge_disk(f, habits, t, &h->slow[SLOW_SYNC][i], 1);
		if (h->slow[SLOW_DISK])
			judge_disk(f, habits, t, &h->slow[SLOW_DISK][i], 0);
		if (h->slow[SLOW_DISK] && h->slow[SLOW_DISK][i].key)
			pool_gets(f, h, t, &h->slow[SLOW_DISK][i]);
	}
	if (!h || !h->naps || !h->naps->nap)
		return;
	nap_ends(h->naps);
	judge_naps(f, habits, t, h->naps->best);
}

void time_habits_free(struct time_habits *h)
{
	for (unsigned i = 0; h && i < SLOWS; i++)
		free(h->slow[i]);
	if (h && h->naps) {
		free(h->naps->nap);
		free(h->naps->best);
		free(h->naps);
	}
	free(h);
}
