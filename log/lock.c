/* SPDX-License-Identifier: MIT */
/* lock.c - who holds which lock; see lock.h */
#include <stdlib.h>
#include "hash.h"
#include "lock.h"

enum { LOCKS_MAX = 10000 };

enum what { NOTHING, TAKES, RELEASES };

struct locks {				/* on one file, or one mutex */
	struct lock *held;
	struct lock last;		/* that was released */
	int any_last;
	int wakes_all;			/* no mutex: a barrier, say */
};

static struct slice argument(const struct line *l, unsigned n)
{
	return n < l->n_args ? l->arg[n] : (struct slice){ l->text.at, 0 };
}

static uint64_t futex_key(long pid, struct slice address)
{
	return hash_slice(pid * 0x9e3779b97f4a7c15ULL, address) | 1;
}

static uint64_t file_key(const struct file *f)
{
	if (!f->name || !*f->name)
		return f->serial * 0x9e3779b97f4a7c15ULL | 1;
	return hash_text(HASH_START, f->name) | 1;
}

/* {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0} */
static void range_of(struct slice s, struct lock *x)
{
	struct slice whence = line_field(s, "l_whence");
	long long start = slice_number(line_field(s, "l_start"), NULL);
	long long len = slice_number(line_field(s, "l_len"), NULL);

	x->from = 0;
	x->to = ~0ULL;
	if (whence.len && !slice_is(whence, "SEEK_SET"))
		return;				/* it may be anywhere */
	if (start > 0)
		x->from = start;
	if (len > 0)
		x->to = x->from + len;
}

static enum what fcntl_of(const struct step *st, struct lock *x)
{
	struct slice op = argument(st->event->line, 1);
	struct slice s = argument(st->event->line, 2);

	if (!slice_starts(op, "F_SETLK") && !slice_starts(op, "F_OFD_SETLK"))
		return NOTHING;
	x->kind = slice_starts(op, "F_OFD") ? OFD : POSIX;
	x->writes = !slice_find(s, "F_RDLCK");
	range_of(s, x);
	return slice_find(s, "F_UNLCK") ? RELEASES : TAKES;
}

static enum what flock_of(const struct step *st, struct lock *x)
{
	struct slice op = argument(st->event->line, 1);

	x->kind = FLOCK;
	x->writes = !slice_find(op, "LOCK_SH");
	x->to = ~0ULL;
	return slice_find(op, "LOCK_UN") ? RELEASES : TAKES;
}

/*
 * libc's mutex: its waiters ask for the value 2, and a thread that has waited
 * wakes another when it unlocks.
 */
static enum what futex_of(const struct step *st, struct lock *x)
{
	const struct line *l = st->event->line;
	struct slice op = argument(l, 1);

	x->kind = MUTEX;
	x->writes = 1;
	x->to = ~0ULL;
	if (slice_starts(op, "FUTEX_WAKE") ||
	    slice_starts(op, "FUTEX_UNLOCK_PI"))
		return RELEASES;
	if (slice_starts(op, "FUTEX_LOCK_PI"))
		return TAKES;
	return slice_starts(op, "FUTEX_WAIT") && !slice_find(op, "BITSET") &&
	       slice_is(argument(l, 2), "2") ? TAKES : NOTHING;
}

static enum what what_of(const struct step *st, struct lock *x, uint64_t *key)
{
	enum call c = st->event->call;
	enum what what;

	*x = (struct lock){ .by = { .since_ns = NO_TIME } };
	if (!st->task)
		return NOTHING;
	if (c == CALL_FUTEX) {
		what = futex_of(st, x);
		*key = futex_key(st->task->process->pid,
				 argument(st->event->line, 0));
	} else if (st->file && (c == CALL_FLOCK || c == CALL_FCNTL)) {
		what = c == CALL_FLOCK ? flock_of(st, x) : fcntl_of(st, x);
		*key = file_key(st->file);
		x->serial = st->file->serial;
		x->fd = st->fd;
	} else {
		return NOTHING;
	}
	x->by.pid = x->kind == MUTEX ? st->task->pid : st->task->process->pid;
	x->by.line = st->event->last;
	x->by.since_ns = st->event->end_ns != NO_TIME ? st->event->end_ns
						      : st->event->start_ns;
	return what;
}

static int same_owner(const struct lock *a, const struct lock *b)
{
	if (a->kind == FLOCK || a->kind == OFD)
		return a->kind == b->kind && a->serial == b->serial;
	return a->kind == b->kind && a->by.pid == b->by.pid;
}

/* flock and fcntl do not see each other (except on NFS). */
static int conflicts(const struct lock *a, const struct lock *b)
{
	return (a->kind == FLOCK) == (b->kind == FLOCK) &&
	       !same_owner(a, b) && (a->writes || b->writes) &&
	       a->from < b->to && b->from < a->to;
}

static void drop(struct world *w, struct locks *all, struct lock **at)
{
	struct lock *x = *at;

	*at = x->next;
	all->last = *x;
	all->any_last = 1;
	w->n_locks--;
	free(x);
}

/* What is left of x when part is taken away; a hole in it is not seen. */
static void release(struct world *w, struct locks *all, const struct lock *part)
{
	struct lock **at = &all->held, *x;

	while ((x = *at)) {
		if (!same_owner(x, part) || x->from >= part->to ||
		    part->from >= x->to) {
			at = &x->next;
		} else if (part->from <= x->from && part->to >= x->to) {
			drop(w, all, at);
		} else {
			if (part->from <= x->from)
				x->from = part->to;
			else if (part->to >= x->to)
				x->to = part->from;
			at = &x->next;
		}
	}
}

static void take(struct world *w, struct locks *all, const struct lock *like)
{
	struct lock **at = &all->held, *x;

	release(w, all, like);			/* what it had is replaced */
	/* It got the lock: the other must have released it, unseen. */
	while ((x = *at))
		if (conflicts(x, like))
			drop(w, all, at);
		else
			at = &x->next;
	if (w->n_locks >= LOCKS_MAX)
		return;
	x = need(malloc(sizeof(*x)));
	*x = *like;
	x->next = all->held;
	all->held = x;
	w->n_locks++;
}

static struct locks *locks_of(struct world *w, uint64_t key, int make)
{
	struct locks *all = map_get(&w->locks, key);

	if (all || !make || w->locks.used >= LOCKS_MAX)
		return all;
	all = need(calloc(1, sizeof(*all)));
	map_put(&w->locks, key, all);
	return all;
}

/* To close any descriptor of a file releases all that the process has on it. */
static void closed(struct world *w, const struct file *f, long process)
{
	struct locks *all = locks_of(w, file_key(f), 0);
	struct lock whole = { .kind = POSIX, .by = { .pid = process },
			      .to = ~0ULL };

	if (all)
		release(w, all, &whole);
}

static void process_ended(struct world *w, long pid)
{
	struct lock whole = { .kind = POSIX, .by = { .pid = pid },
			      .to = ~0ULL };
	struct locks *all;

	map_each(&w->locks, i, all)
		release(w, all, &whole);
}

void lock_take(struct world *w, const struct step *st)
{
	const struct line *l = st->event->line;
	int failed = !!(l->flags & LINE_HAS_ERROR);
	struct locks *all;
	struct lock x;
	uint64_t key;
	enum what what;

	if (st->event->kind == EVENT_EXIT && w->n_locks && st->task &&
	    st->task->process->locks &&
	    st->task->pid == st->task->process->pid)
		process_ended(w, st->task->pid);
	if (st->event->kind != EVENT_CALL)
		return;
	if (st->event->call == CALL_CLOSE) {
		if (w->n_locks && st->file && st->task)
			closed(w, st->file, st->task->process->pid);
		return;
	}
	what = what_of(st, &x, &key);
	if (what == NOTHING)
		return;
	/* (EAGAIN of a mutex: it was released just now.) */
	if (l->flags & LINE_NO_RETURN ||
	    (failed && !(x.kind == MUTEX && slice_is(l->error, "EAGAIN"))))
		return;
	all = locks_of(w, key, what == TAKES || x.kind == MUTEX);
	if (!all)
		return;
	if (what == TAKES) {
		take(w, all, &x);
		st->task->process->locks |= x.kind == POSIX;
		return;
	}
	release(w, all, &x);
	if (x.kind == MUTEX) {			/* it had it, without a wait */
		all->last = x;
		all->any_last = 1;
		all->wakes_all |= slice_find(argument(l, 1), "WAKE") &&
				  !slice_is(argument(l, 2), "1");
	}
}

void lock_file_ends(struct world *w, const struct file *f)
{
	struct lock whole = { .kind = FLOCK, .serial = f->serial, .to = ~0ULL };
	struct locks *all = w->n_locks ? locks_of(w, file_key(f), 0) : NULL;

	if (!all)
		return;
	release(w, all, &whole);
	whole.kind = OFD;
	release(w, all, &whole);
}

/* Its number is the same after a fork.  -1: the task has not opened it. */
static int fd_of(const struct task *t, const struct lock *x)
{
	const struct file *f = table_at(t->fds, x->fd);

	if (f && f->serial == x->serial)
		return x->fd;
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i] && t->fds->slot[i]->serial == x->serial)
			return i;
	return -1;
}

/* The process that took it may have closed its copy, which a child then has alone. */
static struct holder holder_of(const struct world *w, struct lock *x)
{
	const struct task *t = map_get(&w->tasks, x->heir ? x->heir : x->by.pid);
	struct holder by = x->by;
	int fd = -1;

	if (x->kind != FLOCK && x->kind != OFD)
		return by;
	if (t)
		fd = fd_of(t, x);
	if (fd < 0 && w->tasks.used <= SEARCHED_TASKS)
		map_each(&w->tasks, i, t) {
			fd = fd_of(t, x);
			if (fd < 0)
				continue;
			x->heir = t->process->pid;
			break;
		}
	if (fd >= 0)
		x->fd = fd;
	if (x->heir)
		by.pid = x->heir;
	return by;
}

int lock_asks(const struct step *st, struct lock *x, uint64_t *key)
{
	return what_of(st, x, key) == TAKES;
}

struct holder lock_holder(const struct world *w, const struct lock *x,
			  uint64_t key)
{
	const struct locks *all = map_get(&w->locks, key);
	struct holder nobody = { .since_ns = NO_TIME };

	for (struct lock *o = all ? all->held : NULL; o; o = o->next)
		if (conflicts(o, x))
			return holder_of(w, o);
	return nobody;
}

struct holder lock_held(const struct world *w, const struct step *st)
{
	struct holder nobody = { .since_ns = NO_TIME };
	struct lock x;
	uint64_t key;

	return lock_asks(st, &x, &key) ? lock_holder(w, &x, key) : nobody;
}

struct holder lock_before(const struct world *w, const struct step *st)
{
	struct holder nobody = { .since_ns = NO_TIME };
	const struct locks *all;
	struct lock x;
	uint64_t key;

	if (!lock_asks(st, &x, &key))
		return nobody;
	all = map_get(&w->locks, key);
	return all && all->any_last && conflicts(&all->last, &x)
	       ? all->last.by : nobody;
}

int lock_is_mutex(const struct world *w, long pid, struct slice address)
{
	const struct locks *all = map_get(&w->locks, futex_key(pid, address));

	return !all || !all->wakes_all;
}

void locks_free(struct world *w)
{
	struct locks *all;
	struct lock *x;

	map_each(&w->locks, i, all) {
		while ((x = all->held)) {
			all->held = x->next;
			free(x);
		}
		free(all);
	}
	map_free(&w->locks);
	w->n_locks = 0;
}
