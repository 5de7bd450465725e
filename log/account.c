/* SPDX-License-Identifier: MIT */
/* account.c - where the time of each thread went; see account.h */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include "account.h"
#include "depend.h"
#include "finding_look.h"
#include "hash.h"
#include "text.h"

enum {
	NOTED_NS = 1000000,	/* a call that need not wait, and took that long */
	WORTH_NS = 100000000,	/* a wait of which the other side is looked up */
	LOOKUPS_MAX = 2000,
	INTERRUPTED_MAX = 200,	/* a profiler's signals come by the thousand */
	GAP_NS = 50000000,	/* from a call on a file to the next line */
};

const char *wait_for_name(enum wait_for what)
{
	static const char *const names[] = {
		"other", "client", "events", "peer", "pipe", "child", "lock",
		"thread", "disk", "time", "input", "signal",
	};

	return names[what];
}

const char *wait_text(enum wait_for what, enum call call, const char *object,
		      char *text, size_t size)
{
	int out = call_class(call) == CLASS_OUT;
	const char *o = *object ? object : NULL;

	/* With SO_LINGER it waits for the peer, never for data. */
	if (call == CALL_CLOSE && (what == FOR_CLIENT || what == FOR_PEER)) {
		snprintf(text, size, "%s to be closed", o ? o : "the connection");
		return text;
	}
	switch (what) {
	case FOR_CLIENT:
		if (call == CALL_ACCEPT || !strncmp(object, "listener ", 9))
			snprintf(text, size, "a connection%s%s", o ? " on " : "",
				 object);
		else
			snprintf(text, size, "%s%s%s%s", out ?
				 "room to send to" : "data from",
				 !strncasecmp(object, "netlink", 7) ? "" :
				 strncmp(object, "0.0.0.0:", 8) ? " its client" :
				 " a client of", o ? " " : "", object);
		break;
	case FOR_EVENTS:
		snprintf(text, size, "%s", o ? o : "events");
		break;
	case FOR_PEER:
		snprintf(text, size, "%s %s", call == CALL_CONNECT ?
			 "an answer from" : out ? "room to send to" : "data from",
			 o ? o : "the peer");
		break;
	case FOR_PIPE:
		snprintf(text, size, "%s %s", out ? "room in" : "data in",
			 o ? o : "a pipe");
		break;
	case FOR_CHILD:
		snprintf(text, size, "%s to end", o ? o : "a child");
		break;
	case FOR_LOCK:
		snprintf(text, size, "%s", o ? o : "a lock");
		break;
	case FOR_THREAD:
		snprintf(text, size, "%s to end", o ? o : "a thread");
		break;
	case FOR_DISK:
		snprintf(text, size, "the disk%s%s%s", o ? " (" : "", object,
			 o ? ")" : "");
		break;
	case FOR_TIME:
		snprintf(text, size, "the end of its sleep");
		break;
	case FOR_INPUT:
		snprintf(text, size, "input%s%s%s", o ? " of " : "", object,
			 strcmp(object, "descriptor 0") ? "" : " (stdin)");
		break;
	case FOR_SIGNAL:
		snprintf(text, size, "a signal");
		break;
	default:
		if (o && (call == CALL_OPEN || call == CALL_OPENAT) &&
		    !strncmp(o, "/dev/tty", 8))
			snprintf(text, size, "%s (a serial line without "
				 "carrier; the open has no O_NONBLOCK)", o);
		else if (o && (call == CALL_OPEN || call == CALL_OPENAT))
			snprintf(text, size, "%s (%sa slow file system)", o,
				 strncmp(o, "/usr/", 5) && strncmp(o, "/lib", 4)
				 ? "a FIFO without its other end, or " : "");
		else
			snprintf(text, size, "%s%s", object,
				 strcmp(object, "/dev/random") ? "" :
				 " (the kernel gathers entropy for it)");
	}
	return text;
}

const char *wait_note(enum wait_for what, enum call call, const char *object,
		      char *text, size_t size)
{
	char it[120];

	if (*wait_text(what, call, object, it, sizeof(it)))
		snprintf(text, size, " (%s%s)", what == FOR_OTHER && *it == '/'
			 ? "" : "for ", it);
	else
		*text = 0;
	return text;
}

/* ---- noting ---- */

static struct account *account_of(struct task *t)
{
	struct account *a = t->account;

	if (a)
		return a;
	a = t->account = need_zero(sizeof(*a));
	a->pid = t->pid;
	a->process = t->process->pid;
	a->tasks = 1;
	a->first_ns = a->last_ns = NO_TIME;
	return a;
}

static struct untimed *untimed_of(struct account *a)
{
	if (!a->untimed)
		a->untimed = need(calloc(1, sizeof(*a->untimed)));
	return a->untimed;
}

static void account_free(struct account *a)
{
	if (a->untimed)
		free(a->untimed->expiring);
	free(a->untimed);
	free(a->wait);
	free(a->name);
	free(a);
}

static void wait_sum(struct wait *w, const struct wait *more)
{
	w->count += more->count;
	w->timeouts += more->timeouts;
	w->ns = plus_ns(w->ns, more->ns);
	w->at_most |= more->at_most;
	if (more->longest_ns <= w->longest_ns && w->line)
		return;
	w->longest_ns = more->longest_ns;
	w->line = more->line;
	w->on = more->on;
	w->how = more->how;
}

/* Start-up fills the table with short waits: a new one takes a place of those. */
static struct wait *smallest(struct account *a)
{
	unsigned pending = a->untimed ? a->untimed->pending : 0;
	struct wait *w = &a->wait[pending == 1];

	for (unsigned i = 0; i < WAITS_MAX - 1; i++)
		if (a->wait[i].ns < w->ns && pending != i + 1)
			w = &a->wait[i];
	return w;
}

static struct wait *wait_find(struct account *a, const struct wait *like)
{
	for (unsigned i = 0; i < a->n_waits; i++)
		if (a->wait[i].key == like->key &&
		    a->wait[i].call == like->call)
			return &a->wait[i];
	return NULL;
}

static struct wait *wait_add(struct account *a, const struct wait *like)
{
	struct wait *w = wait_find(a, like);

	if (w)
		return w;
	/* Full: those of the same call and kind are added up. */
	for (unsigned i = 0; a->n_waits >= WAITS_MAX - 1 && i < a->n_waits; i++)
		if (a->wait[i].what == like->what &&
		    !strcmp(a->wait[i].name, like->name)) {
			a->wait[i].object[0] = 0;
			return &a->wait[i];
		}
	if (a->n_waits == WAITS_MAX) {
		w = smallest(a);
		wait_sum(&a->wait[WAITS_MAX - 1], w);
		*w = *like;
		return w;
	}
	if (a->n_waits == a->size) {
		a->size = a->size ? a->size * 2 : 1;
		a->wait = need(realloc(a->wait, a->size * sizeof(*a->wait)));
	}
	w = &a->wait[a->n_waits++];
	*w = *like;
	if (a->n_waits == WAITS_MAX) {		/* the last one: all others */
		snprintf(w->name, sizeof(w->name), "others");
		w->object[0] = 0;
		w->what = FOR_OTHER;
		w->call = CALL_OTHER;
		w->key = WAITS_OTHERS;
	}
	return w;
}

static void sum_wait(struct account *a, const struct wait *one)
{
	struct wait *w = wait_find(a, one), like;

	if (w) {
		wait_sum(w, one);
		return;
	}
	like = *one;
	like.count = like.timeouts = 0;
	like.ns = like.longest_ns = 0;
	like.line = 0;
	wait_sum(wait_add(a, &like), one);
}

/* Without -T the thread's next line ends what it waited for. */
static void close_pending(struct account *a, const struct event *e)
{
	struct untimed *u = a->untimed;
	long long ns;

	if (!u || !u->pending || e->start_ns == NO_TIME)
		return;
	ns = e->start_ns - u->pending_ns;
	if (ns >= SHORT_NS) {
		struct wait one = {
			.count = 1, .at_most = 1, .how = "",
			.line = u->pending_line, .ns = ns, .longest_ns = ns,
			.timeouts = u->pending_timeout,
		};

		wait_sum(&a->wait[u->pending - 1], &one);
		a->wait_ns = plus_ns(a->wait_ns, one.ns);
	}
	u->pending = 0;
}

/* FUTEX_WAIT with the value 2 is a mutex: somebody else holds it. */
static int is_mutex(const struct line *l)
{
	return l->n_args > 2 && slice_is(l->arg[2], "2");
}

/*
 * strace attached while the process was in this call.  A write, a lock, a disk
 * keep it from its work; what waits for somebody to say something may be idle.
 */
static int may_be_idle(const struct step *st, enum wait_for what)
{
	enum call c = st->event->call;

	switch (what) {
	case FOR_EVENTS: case FOR_PEER: case FOR_PIPE:
		return call_class(c) == CLASS_IN || call_class(c) == CLASS_WAIT;
	case FOR_LOCK:
		return c == CALL_FUTEX && !is_mutex(st->event->line);
	case FOR_CHILD: case FOR_THREAD:
		return 1;
	default:
		return c == CALL_RESTART;
	}
}

/*
 * The process has written as much as a pipe holds, and this does not fit: nobody
 * has read.  (A few large writes fill a pipe that somebody reads, too.)
 */
static unsigned long long filled(const struct step *st, enum wait_for what)
{
	enum { WRITES = 10 };
	const struct line *l = st->event->line;
	const struct file *file = st->file;
	unsigned short room;
	long long bytes;

	if (!file || !slice_is(l->name, "write") || l->n_args < 3 ||
	    file->writes < WRITES || file->pages > PIPE_PAGES)
		return 0;
	/* (A FIFO has a path, and with -y looks like a file.) */
	if (file->kind != FILE_UNKNOWN && file->kind != FILE_PIPE &&
	    (file->kind != FILE_REGULAR || !file->assumed || file->regular))
		return 0;
	if (what != FOR_PIPE && what != FOR_PEER && what != FOR_OTHER)
		return 0;
	bytes = slice_number(l->arg[2], NULL);
	room = file->page_room;
	if (bytes <= 0 || bytes > PIPE_PAGE ||
	    file->pages + pipe_pages(bytes, &room) <= PIPE_PAGES)
		return 0;
	return file->bytes_out;
}

/*
 * At the end of a log all threads that live are in such a call: each has only what
 * it needs, and its wait is summed when the thread is.
 */
static struct unreturned *keep_open(struct unreturned *old,
				    const struct unreturned *o)
{
	size_t size = offsetof(struct unreturned, object) +
		      strlen(o->object) + 1;
	struct unreturned *kept = need(realloc(old, size));

	memcpy(kept, o, size);
	return kept;
}

static void sum_open(struct account *a, struct unreturned *o)
{
	struct wait one = {
		.call = o->call, .what = o->what, .count = 1, .line = o->line,
		.ns = o->ns, .longest_ns = o->ns,
		.how = o->sum_how ? o->sum_how : "",
		.on = o->sum_how ? o->on : 0,
	};

	o->unsummed = 0;
	memcpy(one.name, o->name, sizeof(one.name));
	strcpy(one.object, o->object);
	one.key = hash_text(hash_text(HASH_START, one.name), one.object);
	sum_wait(a, &one);
}

static void open_note(struct accounts *all, struct account *a,
		      const struct world *w, struct step *st,
		      const struct wait *like, long long ns)
{
	struct event *e = st->event;
	struct unreturned *old = st->task->unreturned, now, *o = &now;
	struct slice path;
	char why[120] = "";

	/* (A call that a handler makes is inside of the one it interrupted.) */
	if (old && old->line > e->first)
		return;
	now = (struct unreturned){
		.pid = st->task->pid, .process = a->process,
		.parent = st->task->process->parent, .line = e->first,
		.call = e->call, .what = like->what,
		.how = e->line->flags & LINE_DETACHED ? OPEN_DETACHED
						      : OPEN_UNFINISHED,
		.attached = a->calls <= 1 && !st->task->process->saw_start,
		.start_ns = e->start_ns, .ns = ns, .calls = a->calls,
		.killed = "",
	};
	memcpy(o->name, like->name, sizeof(o->name));
	memcpy(o->object, like->object, sizeof(o->object));
	/* A datagram names its receiver: {sa_family=AF_UNIX, sun_path="/run/x"}. */
	path = slice_quoted(e->line->args, "sun_path=\"");
	if (path.len && call_class(e->call) == CLASS_OUT) {
		o->what = FOR_PEER;
		slice_copy(path, o->object, sizeof(o->object));
	}
	if (!slice_is(e->line->error, "EINTR") ||
	    all->interrupted++ < INTERRUPTED_MAX)
		o->on = depends_on(w, st, like->what, why, sizeof(why));
	o->why = text_once(&all->hows, why);
	o->mutex = e->call == CALL_FUTEX && is_mutex(e->line);
	o->timed = e->call == CALL_FUTEX && e->line->n_args > 3 &&
		   *e->line->arg[3].at == '{';
	if (o->mutex && st->task->habits && st->task->habits->signals) {
		o->handler = st->task->habits->signals->handler;
		o->handler_line = st->task->habits->signals->handler_line;
	}
	o->full = filled(st, like->what);
	o->poller = e->call == CALL_RING_ENTER && st->file &&
		    st->file->ring_flags & RING_SQPOLL;
	o->first = st->file && !st->file->reads && !st->file->writes &&
		   !st->file->assumed && (call_class(e->call) == CLASS_IN ||
					  call_class(e->call) == CLASS_OUT);
	if (o->full && like->what == FOR_OTHER && st->file->name)
		snprintf(o->object, sizeof(o->object), "%s", st->file->name);
	if (o->full)
		o->what = FOR_PIPE;
	o->unclear = o->attached && !o->on && may_be_idle(st, like->what);
	st->task->unreturned = keep_open(old, o);
}

/* epoll_wait(...) = -1 EINTR: the signal may be the one that kills the process. */
static void interrupted_note(struct accounts *all, struct account *a,
			     const struct world *w, struct step *st,
			     long long ns)
{
	struct wait one = { .how = "" };

	slice_copy(st->event->line->name, one.name, sizeof(one.name));
	one.what = waits_for(w, st, one.object, sizeof(one.object));
	open_note(all, a, w, st, &one, ns);
	if (st->task->unreturned &&
	    st->task->unreturned->line == st->event->first)
		st->task->unreturned->interrupted = 1;
}

/* The signal did not kill it: the call returned. */
static void drop_interrupted(struct task *t)
{
	if (!t->unreturned || !t->unreturned->interrupted)
		return;
	free(t->unreturned);
	t->unreturned = NULL;
}

/* From 0 to a day: a longer timeout did not end a wait of the log. */
static long long number_ns(struct slice s, long long unit)
{
	long long n = slice_number(s, NULL);

	return n <= 0 ? 0 : n < DAY_NS / unit ? n * unit : DAY_NS;
}

/* "{tv_sec=1, tv_nsec=0}", "{1, 0}" of strace 4 */
static long long interval_ns(struct slice s, const char *part, long long unit)
{
	struct slice first = line_field(s, "tv_sec"), second;
	struct slice rest;

	if (first.len)
		return number_ns(first, 1000000000) +
		       number_ns(line_field(s, part), unit);
	if (s.len < 2 || *s.at != '{')
		return 0;
	rest = slice_of(s.at + 1, s.at + s.len);
	if (!line_element(&rest, &first) || !line_element(&rest, &second))
		return 0;
	return number_ns(first, 1000000000) + number_ns(second, unit);
}

long long expired_ns(const struct line *l)
{
	long long ns = 0;

	if (l->ret || l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN))
		return 0;
	if (slice_is(l->name, "poll") && l->n_args > 2)
		ns = number_ns(l->arg[2], 1000000);
	else if (slice_starts(l->name, "epoll_") && l->n_args > 3 &&
		 *l->arg[3].at != '{')
		ns = number_ns(l->arg[3], 1000000);
	else if (slice_is(l->name, "ppoll") && l->n_args > 2)
		ns = interval_ns(l->arg[2], "tv_nsec", 1);
	else if (slice_starts(l->name, "pselect6") && l->n_args > 4)
		ns = interval_ns(l->arg[4], "tv_nsec", 1);
	else if (slice_find(l->name, "select") && l->n_args > 4)
		ns = interval_ns(l->arg[4], "tv_usec", 1000);
	return ns < DAY_NS ? ns : 0;
}

long long sleep_ns(const struct line *l)
{
	unsigned at = slice_is(l->name, "clock_nanosleep") ? 2 : 0;
	long long ns;

	if (l->ret || l->flags & (LINE_HAS_ERROR | LINE_NO_RETURN) ||
	    !slice_ends(l->name, "nanosleep") || l->n_args <= at ||
	    slice_find(l->args, "TIMER_ABSTIME"))
		return 0;
	ns = interval_ns(l->arg[at], "tv_nsec", 1);
	return ns < DAY_NS ? ns : 0;
}

/* "{tv_sec=1721, tv_nsec=719061876}", also of more than a day; 0: unknown */
static long long clock_ns(struct slice s)
{
	struct slice first = line_field(s, "tv_sec"), second, rest;
	long long sec, ns;

	second = line_field(s, "tv_nsec");
	if (!first.len && s.len > 2 && *s.at == '{') {
		rest = slice_of(s.at + 1, s.at + s.len);
		if (!line_element(&rest, &first) ||
		    !line_element(&rest, &second))
			return 0;
	}
	sec = slice_number(first, NULL);
	ns = slice_number(second, NULL);
	return sec > 0 && sec < 1LL << 33 && ns >= 0 && ns < 1000000000
		? sec * 1000000000 + ns : 0;
}

/* A futex whose timeout passed: FUTEX_WAIT has an interval, others the end. */
static long long futex_expired_ns(const struct account *a, const struct line *l)
{
	long long ns;

	if (!slice_is(l->error, "ETIMEDOUT") || l->n_args < 4)
		return 0;
	if (!slice_find(l->arg[1], "BITSET"))
		ns = interval_ns(l->arg[3], "tv_nsec", 1);
	else if (a->untimed && a->untimed->clock_ns)
		ns = clock_ns(l->arg[3]) - a->untimed->clock_ns;
	else
		ns = 0;
	return ns > 0 && ns < DAY_NS ? ns : 0;
}

/* In a log without times. */
static void note_expired(struct account *a, const struct event *e,
			 const struct wait *one)
{
	enum { NAP_NS = 50000000 };	/* (who sleeps for longer has chosen that) */
	long long ns = e->call == CALL_FUTEX ? futex_expired_ns(a, e->line)
		     : e->call == CALL_SLEEP ? sleep_ns(e->line)
					     : expired_ns(e->line);
	struct untimed *u = a->untimed;

	/* (A sleep between waits that run out is not work.) */
	if (e->call == CALL_SLEEP && (!ns || ns > NAP_NS || (u && u->expired &&
	    strcmp(u->expiring->name, one->name))))
		return;
	if (!ns) {
		if (u)
			u->expired = 0;
		return;
	}
	u = untimed_of(a);
	if (!u->expiring)
		u->expiring = need(calloc(1, sizeof(*u->expiring)));
	if (!u->expired || strcmp(u->expiring->name, one->name)) {
		*u->expiring = *one;
		u->expiring->count = u->expired = 0;
	} else if (u->expiring->key != one->key) {	/* for one, then for another */
		u->expiring->key = one->key;
		u->expiring->what = one->what;
		*u->expiring->object = 0;
	}
	u->expired++;
	u->expiring->ns = plus_ns(u->expiring->ns, ns);
}

/* Without -T: it may have waited until the thread's next line. */
static int may_wait(const struct step *st)
{
	const struct line *l = st->event->line;

	return st->phase & PHASE_WAIT || slice_is(l->name, "fsync") ||
	       slice_is(l->name, "fdatasync") ||
	       (slice_is(l->name, "flock") && !slice_find(l->args, "LOCK_NB") &&
		!slice_find(l->args, "LOCK_UN")) ||
	       (st->event->call == CALL_FCNTL && slice_find(l->args, "SETLKW"));
}

/* A call that may have slept, or never returned: what it waited for. */
static void note_long_call(struct accounts *all, struct account *a,
			   const struct world *w, struct step *st, int open,
			   long long ns)
{
	struct event *e = st->event;
	struct wait one = { .call = e->call, .count = 1, .line = e->first,
			    .how = "" };
	struct unreturned *o;
	struct untimed *u;
	char how[56] = "";
	int looked = 0;

	slice_copy(e->line->name, one.name, sizeof(one.name));
	one.what = waits_for(w, st, one.object, sizeof(one.object));
	/* Short calls on many paths are one sum. */
	if (e->call == CALL_OTHER && !st->file && !open && ns < WORTH_NS)
		one.object[0] = 0;
	one.key = hash_text(hash_text(HASH_START, one.name), one.object);
	one.timeouts = !open && call_class(e->call) == CLASS_WAIT &&
		       !e->line->ret && !(e->line->flags & LINE_HAS_ERROR);
	if (open)
		open_note(all, a, w, st, &one, ns);
	if (ns == NO_TIME && e->start_ns == NO_TIME && !open &&
	    (call_class(e->call) == CLASS_WAIT || e->call == CALL_FUTEX ||
	     e->call == CALL_SLEEP))
		note_expired(a, e, &one);
	if (ns == NO_TIME) {
		if (open || e->start_ns == NO_TIME)
			return;
		u = untimed_of(a);
		one.count = 0;
		u->pending_timeout = one.timeouts;
		one.timeouts = 0;
		u->pending = wait_add(a, &one) - a->wait + 1;
		u->pending_ns = e->start_ns;
		u->pending_line = e->first;
		return;
	}
	one.ns = one.longest_ns = ns;
	if (ns >= WORTH_NS && all->lookups < LOOKUPS_MAX) {
		all->lookups++;
		one.on = depends_on(w, st, one.what, how, sizeof(how));
		one.how = text_once(&all->hows, how);
		looked = 1;
	}
	a->wait_ns = plus_ns(a->wait_ns, ns);
	o = st->task->unreturned;
	if (open && o->line == e->first && !o->full) {
		o->unsummed = 1;
		o->sum_how = looked ? one.how : NULL;
	} else {
		sum_wait(a, &one);
	}
}

static void note_call(struct accounts *all, struct account *a,
		      const struct world *w, struct step *st, long long end_ns)
{
	const struct event *e = st->event;
	/* (A text that was cut before futex's operation may be a wakeup.) */
	int open = e->line->flags & LINE_NO_RETURN && e->call != CALL_EXIT &&
		   !(e->call == CALL_FUTEX && e->line->n_args < 2);
	long long ns = e->took_ns;

	if (open && ns == NO_TIME && e->start_ns != NO_TIME &&
	    end_ns != NO_TIME)
		ns = end_ns - e->start_ns;
	if (ns != NO_TIME && ns < 0)
		ns = 0;
	if (e->start_ns == NO_TIME && slice_is(e->line->name, "clock_gettime") &&
	    e->line->n_args > 1)
		untimed_of(a)->clock_ns = clock_ns(e->line->arg[1]);
	/* (Most calls are short: no text is made for them.) */
	if (!open && (ns == NO_TIME ? !may_wait(st) :
		      ns < (st->phase & PHASE_WAIT ? SHORT_NS : NOTED_NS)))
		a->call_ns = plus_ns(a->call_ns, ns == NO_TIME ? 0 : ns);
	else if (e->call != CALL_EXIT)
		note_long_call(all, a, w, st, open, ns);
	if (call_class(e->call) == CLASS_WAIT &&
	    slice_is(e->line->error, "EINTR"))
		interrupted_note(all, a, w, st, ns);
}

/* The call or what came after it took the time: without -T nobody knows. */
static void note_slow(struct untimed *u, const struct task *t, long long ns)
{
	const struct file *file = table_at(t->fds, u->last_fd);
	int same = u->last_file && u->slow.file == u->last_file &&
		   !strcmp(u->slow.name, u->last_name);

	u->slow.calls += same;
	if (!u->last_file || ns < GAP_NS)
		return;
	if (!same) {
		if (ns <= u->slow.ns)
			return;
		u->slow.calls = 1;
		u->slow.count = 0;
		u->slow.ns = 0;
		u->slow.file = u->last_file;
		u->slow.line = u->last_line;
		memcpy(u->slow.name, u->last_name, sizeof(u->slow.name));
		u->slow.object[0] = 0;
	}
	u->slow.count++;
	u->slow.ns = plus_ns(u->slow.ns, ns);
	if (!*u->slow.object && file && file->serial == u->last_file)
		snprintf(u->slow.object, sizeof(u->slow.object), "%s",
			 file->name ? file->name : "");
}

static void note_gap(struct account *a, const struct step *st)
{
	const struct event *e = st->event;
	struct untimed *u = a->untimed;
	int moves;

	if (u && u->last_line && e->start_ns != NO_TIME)
		note_slow(u, st->task, e->start_ns - u->last_start_ns);
	if (u && u->last_line && e->start_ns != NO_TIME &&
	    e->start_ns - u->last_start_ns > u->gap_ns) {
		u->gap_ns = e->start_ns - u->last_start_ns;
		u->gap_line = u->last_line;
		memcpy(u->gap_name, u->last_name, sizeof(u->gap_name));
	}
	if (u)
		u->last_line = 0;
	if (e->kind != EVENT_CALL || e->took_ns != NO_TIME ||
	    e->start_ns == NO_TIME || e->line->flags & LINE_NO_RETURN)
		return;
	u = untimed_of(a);
	u->last_start_ns = e->start_ns;
	u->last_line = e->first;
	slice_copy(e->line->name, u->last_name, sizeof(u->last_name));
	moves = call_class(e->call) == CLASS_IN ||
		call_class(e->call) == CLASS_OUT;
	u->last_file = moves && st->file && st->file->kind == FILE_REGULAR ?
		       st->file->serial : 0;
	u->last_fd = st->fd;
}

/* (A JVM has a handler of SIGTERM, and then ends with the status of a shell.) */
static struct slice ended_by(const struct line *l)
{
	if (l->kind == LINE_KILLED)
		return l->name;
	return l->status == 128 + 15 ? SLICE("SIGTERM") :
	       l->status == 128 + 2 ? SLICE("SIGINT") :
	       l->status == 128 + 1 ? SLICE("SIGHUP") : SLICE("");
}

void account_note(struct accounts *all, const struct world *w, struct step *st,
		  long long end_ns)
{
	struct event *e = st->event;
	struct account *a;
	long long end = end_ns;
	char killed[16];

	if (!st->task || e->kind > EVENT_EXIT)
		return;
	a = account_of(st->task);
	if (st->task->unreturned && st->task->unreturned->unsummed)
		sum_open(a, st->task->unreturned);
	close_pending(a, e);
	note_gap(a, st);
	if (e->start_ns != NO_TIME) {
		if (e->kind != EVENT_CALL || !(e->line->flags & LINE_NO_RETURN)
		    || e->took_ns != NO_TIME || e->call == CALL_EXIT)
			end = e->end_ns != NO_TIME ? e->end_ns : e->start_ns;
		if (a->first_ns == NO_TIME || e->start_ns < a->first_ns)
			a->first_ns = e->start_ns;
		if (end != NO_TIME && end > a->last_ns)
			a->last_ns = end;
	} else if (e->kind == EVENT_CALL && e->took_ns != NO_TIME &&
		   e->took_ns < 1000 * DAY_NS && e->end_ns != NO_TIME) {
		/* It began before the log did; -T has its whole time. */
		if (a->first_ns == NO_TIME ||
		    plus_ns(e->end_ns, -e->took_ns) < a->first_ns)
			a->first_ns = plus_ns(e->end_ns, -e->took_ns);
		if (e->end_ns > a->last_ns)
			a->last_ns = e->end_ns;
	}
	if (e->kind == EVENT_EXIT) {
		struct slice signal = ended_by(e->line);

		a->ended = 1;
		a->killed = signal.len > 0;
		if (!signal.len) {
			free(st->task->unreturned);	/* it chose to end */
			st->task->unreturned = NULL;
		} else if (st->task->unreturned) {
			st->task->unreturned->interrupted = 0;
			st->task->unreturned->unclear = 0;
			st->task->unreturned->how = OPEN_KILLED;
			slice_copy(signal, killed, sizeof(killed));
			st->task->unreturned->killed =
				text_once(&all->hows, killed);
		}
	}
	/* (Without -T the signal's line tells how long the call waited.) */
	if (e->kind == EVENT_SIGNAL && e->start_ns != NO_TIME &&
	    st->task->unreturned && st->task->unreturned->ns == NO_TIME &&
	    st->task->unreturned->interrupted &&
	    st->task->unreturned->start_ns != NO_TIME)
		st->task->unreturned->ns = e->start_ns -
					   st->task->unreturned->start_ns;
	if (e->kind != EVENT_CALL)
		return;
	a->calls++;
	drop_interrupted(st->task);
	note_call(all, a, w, st, end_ns);
}

/* ---- ends ---- */

static long long wall_of(const struct account *a)
{
	if (a->wall_ns)
		return a->wall_ns;
	return a->first_ns == NO_TIME ? 0 : a->last_ns - a->first_ns;
}

long long account_outside(const struct account *a)
{
	long long left = a->wall_ns - plus_ns(a->wait_ns, a->call_ns);

	return left > 0 ? left : 0;
}

/* Its times go into to, as those of one more task. */
static void merge(struct account *to, struct account *a)
{
	to->tasks += a->tasks;
	to->calls += a->calls;
	to->wall_ns = plus_ns(to->wall_ns, a->wall_ns);
	to->wait_ns = plus_ns(to->wait_ns, a->wait_ns);
	to->call_ns = plus_ns(to->call_ns, a->call_ns);
	to->ended &= a->ended;
	to->killed |= a->killed;
	if (a->last_ns > to->last_ns)
		to->last_ns = a->last_ns;
	for (unsigned i = 0; i < a->n_waits; i++) {
		struct wait like = a->wait[i], *at;

		like.count = 0;
		like.ns = like.longest_ns = 0;
		like.line = 0;
		at = wait_add(to, &like);
		wait_sum(at, &a->wait[i]);
	}
	account_free(a);
}

static int alike(const struct account *a, const struct account *b)
{
	return a->origin == b->origin && !strcmp(a->name, b->name) &&
	       a->before_exec == b->before_exec;
}

/* A log of a million threads keeps some and the sums of the others. */
static void keep(struct accounts *all, struct account *a)
{
	struct account *to;

	if (!all->tail)
		all->tail = &all->first;
	if (all->n >= ACCOUNTS_MAX)
		for (to = all->first; to; to = to->next)
			if (to->tasks > 1 && (alike(to, a) ||
					      all->n >= 2 * ACCOUNTS_MAX)) {
				merge(to, a);
				return;
			}
	if (all->n >= ACCOUNTS_MAX)
		for (to = all->first; to; to = to->next)
			if (alike(to, a) || all->n >= 2 * ACCOUNTS_MAX) {
				merge(to, a);
				return;
			}
	*all->tail = a;
	all->tail = &a->next;
	all->n++;
}

void account_task_ends(struct accounts *all, struct task *t)
{
	struct account *a = t->account;

	drop_interrupted(t);
	if (t->unreturned && t->unreturned->unsummed && a)
		sum_open(a, t->unreturned);
	/* (It may have turned out to be a thread of another process.) */
	if (t->unreturned)
		t->unreturned->process = t->process->pid;
	if (t->unreturned && all->n_open++ < OPEN_MAX)
		memcpy(&all->open[all->n_open - 1], t->unreturned,
		       offsetof(struct unreturned, object) +
		       strlen(t->unreturned->object) + 1);
	free(t->unreturned);
	t->unreturned = NULL;
	t->account = NULL;
	if (!a)
		return;
	a->origin = t->origin;
	a->process = t->process->pid;
	a->parent = t->process->parent;
	a->wall_ns = wall_of(a);
	a->name = need(strdup(*t->comm ? t->comm : t->process->exe));
	keep(all, a);
}

void account_execs(struct accounts *all, struct task *t, long long at_ns)
{
	struct account *a = t->account;

	if (!a || !a->calls)
		return;
	if (a->first_ns != NO_TIME && at_ns > a->last_ns)
		a->last_ns = at_ns;
	if (t->unreturned && t->unreturned->unsummed)
		sum_open(a, t->unreturned);
	a->before_exec = 1;
	if (wall_of(a) >= NOTED_NS) {
		account_task_ends(all, t);
		return;
	}
	t->account = NULL;			/* too short to be reported */
	account_free(a);
}

static int waited_longer(const struct account *a, const struct account *b)
{
	return a->wait_ns != b->wait_ns ? a->wait_ns > b->wait_ns
					: a->wall_ns > b->wall_ns;
}

static int by_time(const void *a, const void *b)
{
	const struct wait *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

/* Of several that are alike the large entries stay single, the rest is one. */
static void fold(struct accounts *all)
{
	enum { SINGLE = 6 };
	struct account *a, *b, **at;
	unsigned n;

	for (a = all->first; a; a = a->next) {
		for (n = 0, b = a->next; b; b = b->next)
			n += alike(a, b);
		if (n + 1 < SINGLE)
			continue;
		for (at = &a->next; (b = *at); ) {
			if (!alike(a, b)) {
				at = &b->next;
				continue;
			}
			*at = b->next;
			all->n--;
			merge(a, b);
		}
	}
}

/* Without -T: waits that turned out to be short. */
static void drop_empty(struct account *a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->n_waits; i++)
		if (a->wait[i].count)
			a->wait[n++] = a->wait[i];
	a->n_waits = n;
}

void accounts_settle(struct accounts *all)
{
	struct account *list, *a, **at;

	fold(all);
	list = all->first;
	all->first = NULL;
	while ((a = list)) {
		list = a->next;
		drop_empty(a);
		if (a->n_waits)
			qsort(a->wait, a->n_waits, sizeof(*a->wait), by_time);
		for (at = &all->first; *at && !waited_longer(a, *at);
		     at = &(*at)->next)
			;
		a->next = *at;
		*at = a;
	}
	all->tail = NULL;
}

void accounts_free(struct accounts *all)
{
	struct account *a;

	while ((a = all->first)) {
		all->first = a->next;
		account_free(a);
	}
	texts_free(&all->hows);
}
