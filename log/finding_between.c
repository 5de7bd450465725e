/* SPDX-License-Identifier: MIT */
/*
 * finding_between.c - what one task does to another: circles of waiting, pipes
 * that do not end, shares of accepts, answers that are owed, descriptors that
 * grow; and tasks that the log does not show
 */
#include <ctype.h>
#include <limits.h>
#include "account.h"
#include "finding_look.h"
#include "hash.h"
#include "model.h"

enum {
	ACCEPTS_MIN = 16,	/* on one listener, of all workers */
	UNEVEN_PERCENT = 80,	/* of them by one */
	GROWN_MIN = 16,		/* connections that nobody uses any more */
	GROWN_OTHERS = 64,	/* epolls, pipes, eventfds, files ... */
	GROWN_UNTIMED = 200,	/* files in a log without times */
	GROWN_MANY = 512,	/* files that are opened in less than a second */
	CLOSES_KEPT = 1024,	/* closes of clients, for one address */
	CLOSES_MIN = 32,	/* close() = EBADF */
	CLOSES_PIECE = 5,	/* ... where the log has nothing else */
	CLOSES_MANY = 200000,	/* fewer take time only under strace ... */
	CLOSES_NS = 500000000,	/* ... which is what its user sees */
	COSTS_PERCENT = 5,
	ANSWERED_MIN = 3,	/* connections that were answered */
	AT_ONCE_MIN = 8,	/* connections of the busy worker */
	TURNED_AWAY_MIN = 3,
	CIRCLE_MAX = 8,		/* processes that wait for each other */
	MAPPED_MAX = 10000,
};

static const long long HELD_NS = 500LL * MS;	/* a pipe's end is overdue */
static const long long OWED_NS = 1000LL * MS;	/* an answer, left bytes */

struct grown {			/* peer or kind, of a process */
	enum file_kind kind;
	struct tracks left;
	unsigned long opened, idle, closed;
	long pid;
	int fd_low, fd_high, is_peer;
	char name[80];
	/* Of the ones that stay open: lines, times, and lines in use. */
	unsigned long first, last, ended, in_use, names, used;
	int is_passed;			/* they came in messages */
	unsigned long kept;		/* opened by a start, not read to their end */
	long long first_ns, last_ns, ended_ns;
	uint64_t name_hash;
	/* Of a peer: where its connections were closed. */
	unsigned long *close;
	unsigned n_close;
};

struct shares {			/* of the workers at one address */
	struct worker worker[WORKERS_MAX];
	unsigned n;
	unsigned long closed;		/* line: where the first one ended */
	char name[80];
};

struct service {		/* of a listener */
	unsigned long done, owed;
	struct tracks lines;
	long pid;
	long long ns;
	char name[80];
	unsigned long whole;		/* connections with a request that ended in \n */
	struct tracks partial;		/* ... that did not, and nothing followed */
	long long partial_ns;
	struct tracks turned_away;	/* closed right after accept, with an error */
	long away_pid;
	char away_name[80];
	struct tracks left;		/* connections that stay open ... */
	unsigned long last, accepts;	/* ... the last one's line; of all */
	char address[80];
	char partial_name[80], request[40];
};

#define UNEVEN(severity) { "accepts-uneven", severity, \
	"one worker accepts almost everything", \
	"Workers that wait for one listener in epoll are woken in the same " \
	"order each time, also with EPOLLEXCLUSIVE: the first worker takes " \
	"all that it can. With SO_REUSEPORT a hash of addresses and ports " \
	"chooses the worker: with few clients, one worker may get all.", \
	"Give each worker a listener of its own with SO_REUSEPORT, which " \
	"spreads by hash, or let one process accept and hand the " \
	"connections over.", \
	"The load is low, and one worker is enough." }
static const struct about
uneven = UNEVEN(SEVERITY_COST), uneven_note = UNEVEN(SEVERITY_NOTE),
held = { "pipe-held", SEVERITY_FAULT,
	"a pipe does not end because another process holds its write end",
	"read returns 0 only when the last copy of the write end is closed; another "
	"process inherited a copy and keeps it open.",
	"Close the write end in that process (O_CLOEXEC, redirect its stdout "
	"to /dev/null), or do not wait for the end of the pipe.", NULL },
deadlock = { "deadlock", SEVERITY_FAULT,
	"processes wait for each other",
	"Each process waits for something that only the next one in the "
	"circle can do.",
	"Break the circle: read the pipe before waiting for the child, or "
	"while it runs.", NULL },
growth = { "descriptors-grow", SEVERITY_FAULT,
	"connections are opened one after another and never closed",
	"Each connection is used once and stays open until the process "
	"reaches RLIMIT_NOFILE: a descriptor leak. A TCP connection whose "
	"peer has closed stays in CLOSE_WAIT.",
	"Close each connection when its answer has been read.",
	"It is a pool of connections." },
growth_other = { "descriptors-grow-other", SEVERITY_FAULT,
	"descriptors of one kind are opened again and again, never closed",
	"A descriptor leak: each counts against RLIMIT_NOFILE.",
	"Close each descriptor, or use the first one again.", NULL },
growth_file = { "descriptors-grow-other", SEVERITY_FAULT,
	"files are opened one after another and never closed",
	"A descriptor leak: each counts against RLIMIT_NOFILE, and a file that "
	"is deleted keeps its space on the disk.",
	"Close each file after its last use.",
	"It is a cache of open files that has a limit." },
leak_accepted = { "leak", SEVERITY_FAULT,
	"descriptors whose peer closed are never closed",
	"Each one counts against RLIMIT_NOFILE; a TCP connection stays in "
	"CLOSE_WAIT.",
	"Close a connection when a read returns 0. After fork the parent has to "
	"close its copy, too.", NULL },
owed = { "never-answered", SEVERITY_FAULT,
	"requests were read and never answered",
	"Other connections of the same listener were answered.",
	"Find out what happened to these requests: a lost wakeup, a worker "
	"that died, an error path without an answer.",
	"The request was incomplete, or asks for no answer." },
stopped = { "request-incomplete", SEVERITY_FAULT,
	"a client stopped in the middle of its request",
	"Other requests to this listener ended in a newline; this one does not, "
	"so the server waits for the rest.",
	"Look at the client: it waits, hangs, or sent a wrong length.",
	"A person types the request, or the log ends too early." },
stopped_body = { "request-incomplete", SEVERITY_FAULT,
	"a client stopped in the middle of its request",
	"The head of the request says how many bytes follow, and fewer came: the "
	"server waits for the rest.",
	"Look at the client: it waits, hangs, or sent a wrong length.",
	"A person types the request, or the log ends too early." },
left = { "write-left", SEVERITY_FAULT,
	"a short write, and the rest is never sent",
	"The socket buffer was full. The rest must be sent when the "
	"descriptor is writable again, and the program does not wait for "
	"that.",
	"Keep the rest and ask for EPOLLOUT or POLLOUT until it is sent.",
	"The program abandoned the connection on purpose." },
full = { "write-full", SEVERITY_FAULT,
	"the reader of a full pipe or connection does not read",
	"The last write found no room (EAGAIN), and there was none until the log "
	"ended: the program waits for the reader to take something.",
	"Find out what the reader does instead: it may be a child that waits "
	"for something else, or a program that does not read its input.",
	"The reader is slow, and reads again later." },
full_lost = { "write-full", SEVERITY_FAULT,
	"output is lost because its reader does not read",
	"Writes found no room (EAGAIN), and the program neither waited for room "
	"nor wrote the same again.",
	"Wait with poll and write the rest, or clear O_NONBLOCK; find out what the "
	"reader does instead.",
	"The program may lose this output." },
full_note = { "write-full", SEVERITY_NOTE,
	"a connection is full",
	"The last write found no room (EAGAIN), and when the log ended the program "
	"was waiting for room.",
	"Look at what reads it: ss -tnp shows what is queued (Send-Q).",
	"The reader is slow, and reads again later." },
turned_away = { "turned-away", SEVERITY_FAULT,
	"connections are closed right after accept",
	"The server accepted the connections, wrote an error to its log, and "
	"closed them without a read or a write: it has reached a limit of its own, "
	"such as worker_connections of nginx.",
	"Read the error log (strace -s 200 shows more of the line), and raise the "
	"limit, or find out which connections are open.", NULL },
request_waits = { "request-waits", SEVERITY_COST,
	"a request waits for another thread or another client",
	"The thread read the request and then waited for something other than its "
	"client: a mutex, a condition, another process. In a database this is "
	"mostly a lock on rows or a table that another client holds.",
	"Find out who holds it: the database's own list of locks and "
	"transactions, or gdb -p PID -batch -ex 'thread apply all bt'.",
	"The request itself asks the server to wait." },
unfollowed = { "not-followed", SEVERITY_NOTE,
	"threads or processes that strace did not follow",
	"strace ran without -f (or the other files of -ff are missing): their "
	"calls are not in this log, and the report knows nothing about them.",
	"Record again with strace -f.", NULL };

#define STORM(severity) { "close-storm", severity, \
	"closes every descriptor number up to the limit (EBADF)", \
	"Before exec the process closes all possible descriptors one by one; " \
	"the cost grows with RLIMIT_NOFILE (ulimit -n).", \
	"Use close_range(), or close only what /proc/self/fd lists; with " \
	"O_CLOEXEC neither is needed; a lower RLIMIT_NOFILE makes it " \
	"cheaper.", \
	"The closing takes little time without strace, which slows each " \
	"call down." }
static const struct about
storm = STORM(SEVERITY_COST), storm_note = STORM(SEVERITY_NOTE);

static const struct about growth_copy = { "descriptors-grow-other", SEVERITY_FAULT,
	"descriptors are copied again and again, and the copies are not closed",
	"dup and F_DUPFD make a new descriptor each time: a descriptor leak. "
	"Each counts against RLIMIT_NOFILE, and a pipe or a "
	"connection ends only when the last copy is closed.",
	"Close each copy, or use the first one again.", NULL };

/* ---- workers of a listener ---- */

/* How many connections of this listener the worker has open. */
static unsigned long open_at_once(const struct task *t,
				  const struct file *listener)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < t->fds->size; i++)
		n += t->fds->slot[i] &&
		     t->fds->slot[i]->parent == listener->serial;
	return n;
}

static void worker(struct file *listener, const struct task *t, int accepts)
{
	struct use *u = file_use(listener);
	long pid = t->process->pid;
	unsigned long n;
	unsigned i;

	if (!u->worker)
		u->worker = need(calloc(WORKERS_MAX, sizeof(*u->worker)));
	for (i = 0; i < u->n_workers; i++)
		if (u->worker[i].pid == pid)
			break;
	if (i == WORKERS_MAX)
		return;
	if (i == u->n_workers)
		u->worker[u->n_workers++] = (struct worker){ .pid = pid };
	u->worker[i].accepts += accepts;
	n = u->worker[i].accepts;
	/* (Not each time: the table may be large.) */
	if (!accepts || n & (n - 1))
		return;
	n = open_at_once(t, listener);
	if (n > u->worker[i].at_once)
		u->worker[i].at_once = n;
}

/* where: the listener, or the address that each worker listens at. */
static struct finding *judge_shares(struct findings *f, long pid,
				    const struct worker *w, unsigned n,
				    const char *where)
{
	const struct worker *top = w;
	unsigned long all = 0, silent = 0;
	char text[240] = "", open[48] = "";
	struct finding *d;

	for (unsigned i = 0; i < n; i++) {
		all += w[i].accepts;
		silent += !w[i].accepts;
		if (w[i].accepts > top->accepts)
			top = &w[i];
	}
	if (n < 2 || all < ACCEPTS_MIN ||
	    top->accepts * 100 < all * UNEVEN_PERCENT)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		if (&w[i] != top && w[i].accepts && strlen(text) < 150)
			snprintf(text + strlen(text), sizeof(text) -
				 strlen(text), ", pid %ld accepted %lu", w[i].pid,
				 w[i].accepts);
	d = finding_add(f, top->at_once >= AT_ONCE_MIN ? &uneven : &uneven_note,
			pid, all, 0);
	if (top->at_once >= AT_ONCE_MIN)
		snprintf(open, sizeof(open), " (%lu of them open at once)",
			 top->at_once);
	if (silent)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 ", and %lu of %u workers accepted none", silent, n);
	finding_says(d, "an imbalance: pid %ld accepted %lu of %lu connections "
		     "on %s%s%s", top->pid, top->accepts, all, where, open,
		     text);
	return d;
}

/* Workers with listeners of their own at one address: SO_REUSEPORT. */
static void own_listener(struct findings *f, const struct file *file,
			 const struct use *u)
{
	struct shares *s;
	uint64_t key;

	if (file->kind != FILE_LISTENER || !file->name || !*file->name ||
	    (u && u->n_workers > 1))
		return;
	key = hash_text(HASH_START, file->name) | 1;
	s = map_get(&f->shares, key);
	if (!s) {
		if (f->shares.used >= MAPPED_MAX)
			return;
		s = need(calloc(1, sizeof(*s)));
		snprintf(s->name, sizeof(s->name), "%s", file->name);
		map_put(&f->shares, key, s);
	}
	if (!s->n || file->opened > s->closed) {
		s->n = 0;			/* it was made after the other */
		s->closed = file->closed;
	}
	if (s->n == WORKERS_MAX)
		return;
	s->worker[s->n++] = u && u->n_workers ? u->worker[0]
			  : (struct worker){ .pid = file->pid };
}

static void judge_own_listeners(struct findings *f, const struct shares *s)
{
	char where[200];

	snprintf(where, sizeof(where), "%s (a listener for each of %u workers: "
		 "SO_REUSEPORT)", s->name, s->n);
	judge_shares(f, s->worker[0].pid, s->worker, s->n, where);
}

static void judge_workers(struct findings *f, struct file *file,
			  const struct use *u)
{
	char name[128];
	struct finding *d;

	if (u->n_workers < 2)
		return;
	d = judge_shares(f, file->pid, u->worker, u->n_workers,
			 file_text(file, name, sizeof(name)));
	if (d)
		finding_subject(d, file);
}

/* ---- who holds what ---- */

static int has_file(const struct task *t, const struct file *file)
{
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i] == file)
			return i;
	return -1;
}

/* "a->b" and "b->a" are the two ends of one connection. */
static int are_ends(const struct file *a, const struct file *b)
{
	const char *x = a->ends ? a->ends : a->name;
	const char *y = b->ends ? b->ends : b->name;
	const char *arrow = x ? strstr(x, "->") : NULL;
	size_t len = arrow ? arrow - x : 0, other;

	if (!arrow || !y)
		return 0;
	other = strlen(arrow + 2);
	return strlen(y) == strlen(x) && !strncmp(y, arrow + 2, other) &&
	       !strncmp(y + other, "->", 2) &&
	       !strncmp(y + other + 2, x, len);
}

/* A FIFO that both have opened by its path, one to read and one to write. */
static int are_fifo(const struct file *a, const struct file *b)
{
	return a->kind == FILE_PIPE && b->kind == FILE_PIPE && a != b &&
	       a->access && b->access && (a->access | b->access) ==
	       (ACCESS_READ | ACCESS_WRITE) &&
	       a->name && b->name && !strcmp(a->name, b->name);
}

/* The only other process that holds the other end of file; NULL: none, many. */
static const struct task *holder_of(const struct findings *f,
				    const struct file *file, long but,
				    int *fd, int *many)
{
	const struct task *t, *found = NULL;
	int at;

	*many = 0;
	if (world_is_large(f->world))
		return NULL;
	map_each(&f->world->tasks, i, t) {
		if (t->process->pid == but)
			continue;
		at = file->other ? has_file(t, file->other) : -1;
		for (unsigned k = 0; !file->other && at < 0 &&
		     k < t->fds->size; k++)
			if (t->fds->slot[k] &&
			    (are_ends(file, t->fds->slot[k]) ||
			     are_fifo(file, t->fds->slot[k])))
				at = k;
		if (at < 0)
			continue;
		*many |= found && found->process != t->process;
		if (!found || t->pid == t->process->pid)
			found = t;
		*fd = at;
	}
	return found;
}

/* A read of a pipe came to the end late: the last copy was another's. */
static void pipe_ended(struct findings *f, struct step *st, int ended)
{
	long long ns = call_lasted(f, st);
	long pid = st->task->process->pid, writer;
	const struct task *t;
	char text[128], span[24];
	struct finding *d;
	int fd = -1, many;

	if (ns < HELD_NS || !st->file->other)
		return;
	t = holder_of(f, st->file, pid, &fd, &many);
	writer = st->file->other->use ? st->file->other->use->writer : 0;
	/* The one that wrote, and may go on, is not a stranger. */
	if (!t || many || t->process->pid == writer || !writer ||
	    writer == pid)
		return;
	d = finding_add(f, &held, pid, 1, ns);
	d->fatal |= !ended;
	finding_line(d, st->event->first);
	finding_subject(d, st->file);
	finding_says(d, "%s (pid %ld) waited %s for the end of the pipe on %s: "
		     "pid %ld, which pid %ld started, still holds the write "
		     "end as fd %d; the writer, pid %ld, has ended", task_name(
		     st->task), pid, span_text(ns, span, sizeof(span)),
		     file_text(st->file, text, sizeof(text)), t->pid,
		     t->parent, fd, writer);
}

/* ---- circles ---- */

static int is_name(const char *a, const char *b, size_t b_len)
{
	return strlen(a) == b_len && !memcmp(a, b, b_len);
}

/* A client's "127.0.0.1:80" is the listener's, also that of "0.0.0.0:80". */
static int is_address_of(const char *listener, const char *client)
{
	const char *port = strrchr(listener, ':'), *at = strrchr(client, ':');

	if (!strcmp(listener, client))
		return 1;
	if (!port || !at || strcmp(port, at))
		return 0;
	return (is_name("0.0.0.0", listener, port - listener) ||
		is_name("[::]", listener, port - listener)) &&
	       (!strncmp(client, "127.", 4) || !strncmp(client, "[::1]", 5));
}

static const struct task *task_at(const struct findings *f, long pid)
{
	return map_get(&f->world->tasks, pid);
}

static const struct task *child_of(const struct findings *f, long pid)
{
	const struct task *t, *found = NULL;

	if (f->world->tasks.used > SEARCHED_TASKS)
		return NULL;
	map_each(&f->world->tasks, i, t)
		if (t->process->parent == pid && t->process->pid != pid) {
			if (found && found->process != t->process)
				return NULL;
			found = t;
		}
	return found;
}

static const struct open_call *stuck_of(const struct task *t)
{
	return t->habits ? t->habits->stuck : NULL;
}

static const struct file *stuck_in(const struct task *t)
{
	const struct open_call *s = stuck_of(t);

	return s ? table_at(t->fds, s->fd) : NULL;
}

/* It reads, and what it read last was from a thread of pid, and not the first. */
static int is_fed_beside(const struct task *t, long pid)
{
	const struct file *file = stuck_in(t);

	return file && file->use && file->use->feeder &&
	       file->use->feeder != pid &&
	       call_class(stuck_of(t)->call) == CLASS_IN;
}

/*
 * The other end of a TCP connection without strace -yy: the client names the
 * address of the listener, the accepted end is the listener's child. Only where the
 * log has one of each, in processes of one thread.
 */
static const struct task *tcp_peer(const struct findings *f, const struct task *me,
				   const struct file *file)
{
	enum { FEW_TASKS = 256 };	/* (More have more than one connection.) */
	const struct file *listener = NULL, *own = NULL, *x;
	const struct task *t, *peer = NULL;
	unsigned n = 0;

	if (file->kind != FILE_CONNECTION || (!file->parent && !file->name) ||
	    f->world->tasks.used > FEW_TASKS || world_is_large(f->world))
		return NULL;
	map_each(&f->world->tasks, i, t)
		for (unsigned k = 0; k < t->fds->size; k++) {
			x = t->fds->slot[k];
			if (!x || x->kind != FILE_LISTENER || !x->name ||
			    !(file->parent ? x->serial == file->parent
			      : is_address_of(x->name, file->name)))
				continue;
			if (listener && listener != x)
				return NULL;
			listener = x;
		}
	if (!listener)
		return NULL;
	map_each(&f->world->tasks, i, t)
		for (unsigned k = 0; k < t->fds->size; k++) {
			x = t->fds->slot[k];
			if (!x || x->kind != FILE_CONNECTION ||
			    !(x->parent ? x->parent == listener->serial : x->name &&
			      is_address_of(listener->name, x->name)))
				continue;
			if (!x->parent == !file->parent) {
				if (own && own != x)
					return NULL;
				own = x;
			} else if (t->process != me->process) {
				n++;
				peer = t;
			}
		}
	return n == 1 && me->process->refs == 1 && peer->process->refs == 1
		? peer : NULL;
}

/* Whom this task's open call depends on, if that is one process. */
static const struct task *depends(const struct findings *f,
				  const struct task *t)
{
	const struct open_call *s = stuck_of(t);
	const struct file *file;
	const struct task *on;
	int fd, many;
	long pid;

	if (!s || !s->line)
		return NULL;
	if (s->call == CALL_WAIT) {
		on = s->pid > 0 ? task_at(f, s->pid) : NULL;
		return on ? on : child_of(f, t->process->pid);
	}
	if (s->lock) {
		pid = lock_holder(f->world, &s->lock->lock, s->lock->key).pid;
		return pid && pid != t->process->pid ? task_at(f, pid) : NULL;
	}
	file = stuck_in(t);
	if (!file)
		return NULL;
	on = holder_of(f, file, t->process->pid, &fd, &many);
	if (!on && !many && call_class(s->call) <= CLASS_OUT)
		on = tcp_peer(f, t, file);
	return many || (on && is_fed_beside(t, on->process->pid)) ? NULL : on;
}

/* One writes what the other reads: they will go on. */
static int meet(const struct task *a, const struct task *b)
{
	const struct file *x = stuck_in(a), *y = stuck_in(b);

	return x && y && (x->other == y || are_ends(x, y) || are_fifo(x, y)) &&
	       call_class(stuck_of(a)->call) !=
	       call_class(stuck_of(b)->call);
}

static int step_text(const struct task *t, const struct task *on, char *text,
		     size_t size)
{
	const struct open_call *s = stuck_of(t);
	const char *what = s->call == CALL_WAIT ? "to exit" : s->lock
		? "to release a lock" : call_class(s->call) == CLASS_OUT
		? "to read" : "to write";
	const struct file *file = s->lock || s->call == CALL_WAIT ? NULL
				: stuck_in(t);
	char where[80] = "";

	if (file && file->name && *file->name)
		snprintf(where, sizeof(where), " (%.70s)", file->name);
	else if (file)
		snprintf(where, sizeof(where), " (%s %d)",
			 file_kind_name(file->kind), s->fd);
	return snprintf(text, size, "pid %ld is in %s and waits for pid %ld %s%s",
			t->pid, s->name, on->pid, what, where);
}

static long long stuck_for(const struct findings *f, const struct task *t)
{
	const struct open_call *s = stuck_of(t);

	if (s->ns != NO_TIME)
		return s->ns;
	return s->since == NO_TIME || f->last_ns == NO_TIME ? 0
	     : f->last_ns - s->since;
}

int deadlock_is_told(const struct findings *f, unsigned long line)
{
	for (const struct finding *d = f->first; d; d = d->next)
		for (unsigned i = 0; d->about == &deadlock && i < d->n_lines;
		     i++)
			if (d->line[i] == line)
				return 1;
	return 0;
}

enum { CUTS_MAX = 64 };

struct cut_wait {
	long pid, on;
	enum call call;
	unsigned long line;		/* of the call */
	unsigned long died_line;	/* 0: it lived, and saw its child die */
	long long since, until;		/* NO_TIME */
	unsigned long file, other;	/* serials of both ends of a pipe; or 0 */
	int lock;
	char name[24], by[16];
};

static struct cut_wait *cut_add(struct findings *f)
{
	if (!f->cuts)
		f->cuts = need(calloc(CUTS_MAX, sizeof(*f->cuts)));
	return f->n_cuts < CUTS_MAX ? &f->cuts[f->n_cuts++] : NULL;
}

static const struct cut_wait *cut_of(const struct findings *f, long pid)
{
	for (unsigned i = 0; i < f->n_cuts; i++)
		if (f->cuts[i].pid == pid)
			return &f->cuts[i];
	return NULL;
}

/* Whom it waits for: who holds the other end, or held it until it was killed. */
static long waits_on(const struct findings *f, const struct task *t)
{
	const struct open_call *s = stuck_of(t);
	const struct task *on = depends(f, t);
	const struct file *file = stuck_in(t);

	if (on)
		return on->pid;
	if (s->call == CALL_WAIT)
		return s->pid > 0 ? s->pid : 0;
	return file && !file->other && file->ended_line > s->line &&
	       !is_fed_beside(t, file->ended_by)
		? file->ended_by : 0;
}

/* A signal kills it in a call that has not returned. */
__attribute__((cold, noinline))
static void killed_in_wait(struct findings *f, const struct step *st)
{
	const struct open_call *s = stuck_of(st->task);
	const struct event *e = st->event;
	const struct file *file;
	struct cut_wait *cut;
	long on;

	if (e->line->kind != LINE_KILLED || !s->line || f->n_cuts == CUTS_MAX)
		return;
	on = waits_on(f, st->task);
	cut = on > 0 ? cut_add(f) : NULL;
	if (!cut)
		return;
	file = s->call == CALL_WAIT ? NULL : stuck_in(st->task);
	*cut = (struct cut_wait){
		.pid = st->task->pid, .on = on, .call = s->call,
		.line = s->line, .died_line = e->first, .since = s->since,
		.until = e->start_ns, .file = file ? file->serial : 0,
		.other = file && file->other ? file->other->serial : 0,
		.lock = !!s->lock,
	};
	memcpy(cut->name, s->name, sizeof(cut->name));
	slice_copy(e->line->name, cut->by, sizeof(cut->by));
}

static void stuck_note(struct habits *h, const struct open_call *now,
		       struct slice name);

/* wait4 returns one that was killed in its wait. */
__attribute__((cold, noinline))
static void killed_child(struct findings *f, struct habits *h,
			 const struct step *st)
{
	const struct event *e = st->event;
	const struct cut_wait *child;
	struct cut_wait *cut;

	if (e->line->ret <= 0 || e->line->flags & LINE_NO_RETURN ||
	    !slice_find(e->line->args, "WIFSIGNALED"))
		return;
	/* (-z, or files of -ff put together: the line is where the call began.) */
	if (task_at(f, e->line->ret)) {
		stuck_note(h, &(struct open_call){
			.call = CALL_WAIT, .fd = -1, .line = e->first,
			.since = e->start_ns, .pid = e->line->ret,
		}, e->line->name);
		return;
	}
	child = cut_of(f, e->line->ret);
	if (!child || !child->died_line || cut_of(f, st->task->pid) ||
	    !(cut = cut_add(f)))
		return;
	*cut = (struct cut_wait){
		.pid = st->task->pid, .on = child->pid, .call = CALL_WAIT,
		.line = e->first, .since = e->start_ns, .until = child->until,
	};
	slice_copy(e->line->name, cut->name, sizeof(cut->name));
}

/* How many are in the circle; each began to wait before any of them was killed. */
static int cut_length(const struct findings *f, const struct cut_wait *start)
{
	unsigned long first_line = start->died_line;
	long long first_ns = start->until;
	const struct cut_wait *at = start, *on;
	int n = 0;

	do {
		on = cut_of(f, at->on);
		if (!on || ++n > CIRCLE_MAX ||
		    (at->file && at->file == on->other) ||
		    (on->file && on->file == at->other))
			return 0;
		if (at->died_line && (!first_line || at->died_line < first_line)) {
			first_line = at->died_line;
			first_ns = at->until;
		}
		if (at->pid < start->pid)
			return 0;		/* once, from its lowest pid */
		at = on;
	} while (at != start);
	do {
		if (first_ns == NO_TIME ? at->line > first_line
		    : at->since == NO_TIME || first_ns - at->since < HELD_NS)
			return 0;
		at = cut_of(f, at->on);
	} while (at != start);
	return n;
}

/* found: the one that is about to be forgotten; the finding is its. */
static void judge_circle(struct findings *f, const struct task *start,
			 const struct task *found)
{
	const struct task *at = start, *on, *last = start;
	char text[360], span[24];
	size_t len = 0;
	struct finding *d;
	unsigned n = 0;

	do {
		on = depends(f, at);
		/* (Each has the lock that another waits for: no time ends it.) */
		if (!on || ++n > CIRCLE_MAX || len > 250 || meet(at, on) ||
		    (f->last_ns != NO_TIME && stuck_for(f, at) < HELD_NS &&
		     !stuck_of(at)->lock))
			return;
		len += snprintf(text + len, sizeof(text) - len, "%s",
				len ? ", " : "");
		len += step_text(at, on, text + len, sizeof(text) - len);
		at = on;
		if (!found && at->pid < start->pid)
			return;			/* once, from its lowest pid */
	} while (at != start);
	if (n < 2)
		return;
	if (deadlock_is_told(f, stuck_of(start)->line))
		return;				/* of another one in it */
	d = finding_add(f, &deadlock, start->process->pid, 1, f->last_ns ==
			NO_TIME ? 0 : stuck_for(f, start));
	d->fatal = 1;
	at = start;
	do {
		finding_line(d, stuck_of(at)->line);
		if (stuck_of(at)->line > stuck_of(last)->line)
			last = at;
		at = depends(f, at);
	} while (at && at != start);
	finding_says(d, "a deadlock of %u processes: %s; since line %lu%s%s%s", n,
		     text, stuck_of(last)->line, stuck_for(f, last) ? " (" : "",
		     stuck_for(f, last) ? span_text(stuck_for(f, last), span,
						    sizeof(span)) : "",
		     stuck_for(f, last) ? ")" : "");
}

/* A circle that a signal, to some of it or to all, has ended. */
static void judge_cuts(struct findings *f)
{
	for (unsigned i = 0; i < f->n_cuts; i++) {
		const struct cut_wait *start = &f->cuts[i], *at = start;
		int n = cut_length(f, start);
		char text[360], by[16] = "";
		struct finding *d;
		size_t len = 0;

		if (n < 2 || deadlock_is_told(f, start->line))
			continue;
		d = finding_add(f, &deadlock, start->pid, 1,
				start->since == NO_TIME ||
				start->until == NO_TIME ? 0 :
				start->until - start->since);
		d->fatal = 1;
		do {
			finding_line(d, at->line);
			if (*at->by)
				memcpy(by, at->by, sizeof(by));
			if (len > 250)
				continue;
			len += snprintf(text + len, sizeof(text) - len, "%spid "
				"%ld was in %s and waited for pid %ld %s",
				len ? ", " : "", at->pid, at->name, at->on,
				at->call == CALL_WAIT ? "to exit" : at->lock
				? "to release a lock" : call_class(at->call) == CLASS_OUT ? "to read"
				: "to write");
		} while ((at = cut_of(f, at->on)) != start);
		finding_says(d, "a deadlock of %d processes, until %s ended it: %s",
			     n, by, text);
	}
}

/* ---- descriptors that grow ---- */

static struct grown *grown_of(struct findings *f, const struct file *file)
{
	const char *name = file_kind_name(file->kind), *arrow;
	uint64_t key = file->pid * 0x9e3779b97f4a7c15ULL +
		       (file->passed ? FILE_KINDS : file->kind);
	int is_peer = file_is_stream(file) && file->kind != FILE_SOCKETPAIR;
	struct grown *g;

	if (file->passed) {
		is_peer = 0;
		name = "passed";
	} else if (is_peer) {
		arrow = file->name ? strstr(file->name, "->") : NULL;
		name = arrow ? arrow + 2 : file->name ? file->name : "";
	}
	key = hash_text(key, name) | 1;
	g = map_get(&f->grown, key);
	if (g || f->grown.used >= MAPPED_MAX)
		return g;
	g = need(calloc(1, sizeof(*g)));
	g->pid = file->pid;
	g->kind = file->kind;
	g->is_peer = is_peer;
	g->is_passed = file->passed;
	g->fd_low = g->fd_high = file->fd;
	snprintf(g->name, sizeof(g->name), "%s", name);
	map_put(&f->grown, key, g);
	return g;
}

static int is_file(enum file_kind kind)
{
	return kind == FILE_REGULAR || kind == FILE_DIRECTORY ||
	       kind == FILE_DEVICE;
}

static int may_grow(struct file *file)
{
	if (file->passed)
		return 1;
	if (file->assumed || file->parent)
		return 0;
	if (is_file(file->kind))		/* (Most are closed.) */
		return file->left_open && !is_loaded(file);
	return file->kind == FILE_CONNECTION || file->kind == FILE_EPOLL ||
	       file->kind == FILE_EVENTFD || file->kind == FILE_INOTIFY ||
	       file->kind == FILE_TIMERFD || file->kind == FILE_PIPE ||
	       file->kind == FILE_SIGNALFD || file->kind == FILE_DATAGRAM ||
	       file->kind == FILE_MEMFD;
}

static void keep_close(struct grown *g, unsigned long line)
{
	if (g->n_close == CLOSES_KEPT)
		return;
	/* (There may be thousands of addresses, with one close each.) */
	if (!(g->n_close & (g->n_close - 1)))
		g->close = need(realloc(g->close, (g->n_close ? g->n_close * 2
					: 1) * sizeof(*g->close)));
	g->close[g->n_close++] = line;
}

static void stays(const struct findings *f, struct grown *g,
		  const struct file *file, const struct use *u)
{
	uint64_t hash = hash_text(HASH_START, file->name ? file->name : "");

	if (!g->left.n || file->opened < g->first) {
		g->first = file->opened;
		g->first_ns = file->born_ns;
	}
	if (file->opened >= g->last) {
		g->last = file->opened;
		g->last_ns = file->born_ns;
	}
	if (file->closed > g->ended) {
		g->ended = file->closed;
		g->ended_ns = f->last_ns;
	}
	if (u && u->last_line > file->opened) {
		g->in_use += u->last_line - file->opened;
		g->used++;
	}
	g->kept += file->at_start && !(u && u->at_end);
	g->names += hash != g->name_hash;
	g->name_hash = hash;
}

/*
 * Different files, until the end and not only at the start, and each is used
 * only around the time that it was opened.  (A server opens a log for each of its
 * sites at once, and then may have no work.)  A log that ends in the start does
 * not show what the program needs them for.
 */
static int files_grow(const struct grown *g)
{
	unsigned long least = GROWN_OTHERS;

	if (!g->first_ns || !g->last_ns)
		least = GROWN_UNTIMED;
	else if ((g->ended_ns - g->first_ns) / 2 > g->last_ns - g->first_ns)
		return 0;
	else if (g->last_ns - g->first_ns < 1000LL * MS)
		least = g->used * 2 >= g->left.n ? GROWN_MANY : ULONG_MAX;
	return g->left.n >= least && g->names * 2 >= g->left.n &&
	       g->kept * 2 < g->left.n &&
	       (g->last - g->first) * 4 >= (g->ended - g->first) * 3 &&
	       g->in_use <= (g->last - g->first) * 2;
}

static void count_growth(struct findings *f, struct file *file,
			 const struct use *u)
{
	struct grown *g = may_grow(file) ? grown_of(f, file) : NULL;

	if (!g)
		return;
	g->opened++;
	g->closed += !file->left_open;
	if (!file->left_open) {
		if (g->is_peer)
			keep_close(g, file->closed);
		return;
	}
	stays(f, g, file, u);
	track(&g->left, file->opened);
	/* A newer one was opened after its last use. */
	if (g->is_passed)
		g->idle += !u || (!*u->interest && u->last_line <= f->newest_passed);
	else
		g->idle += !u || u->last_line < f->newest_socket || !g->is_peer;
	if (file->fd < g->fd_low)
		g->fd_low = file->fd;
	if (file->fd > g->fd_high)
		g->fd_high = file->fd;
}

/* One file has many numbers in this process, which has made the copies. */
static void judge_copies(struct findings *f, const struct task *t)
{
	const struct process *p = t->process;
	char who[64], text[128];
	struct finding *d;

	if (p->copies < GROWN_OTHERS || t->pid != p->pid)
		return;
	for (unsigned i = 0; i < t->fds->size; i++) {
		const struct file *file = t->fds->slot[i];
		int fd = file && table_at(t->fds, file->fd) == file ? file->fd
								    : (int)i;
		unsigned long n = 0;
		unsigned last = i;

		if (!file || file->refs < GROWN_OTHERS)
			continue;
		for (unsigned k = i; k < t->fds->size; k++)
			if (t->fds->slot[k] == file) {
				n++;
				last = k;
			}
		if (n < GROWN_OTHERS)
			continue;
		d = finding_add(f, &growth_copy, p->pid, n - 1, 0);
		finding_line(d, p->copy_line);
		finding_subject(d, file);
		finding_says(d, "%s made %lu copies of %s (dup, F_DUPFD; the last "
			     "one in line %lu) and never closed them: numbers up to "
			     "%u, a leak", process_text(task_name(t), p->pid, who,
			     sizeof(who)), n - 1, file_text_as(file, fd, text,
			     sizeof(text)), p->copy_line, last);
		return;				/* (One is enough.) */
	}
}

/* What a program opens before its first wait, and no more after that, it needs. */
static int is_of_start(const struct grown *g)
{
	return g->kept * 2 >= g->left.n &&
	       (g->last - g->first) * 4 < (g->ended - g->first) * 3;
}

static void judge_growth(struct findings *f, const struct grown *g)
{
	unsigned long least = g->is_peer ? GROWN_MIN : GROWN_OTHERS;
	int is_files = is_file(g->kind) && !g->is_passed;
	char pid[32] = "the process";
	struct finding *d;

	/* (A number that came again was closed: a child that is not in the log has it.) */
	if (g->left.n < least || g->idle * 5 < g->left.n * 4 ||
	    g->closed * 4 > g->left.n ||
	    (unsigned long)(g->fd_high - g->fd_low) < g->left.n / 2 ||
	    (is_files ? !files_grow(g) : is_of_start(g)))
		return;
	d = finding_add(f, g->is_peer ? &growth : is_files ? &growth_file :
			&growth_other, g->pid, g->left.n, 0);
	finding_lines(d, &g->left);
	if (g->pid)
		snprintf(pid, sizeof(pid), "pid %ld", g->pid);
	if (g->is_passed) {
		finding_says(d, "%s was passed %lu descriptors by other processes "
			     "(SCM_RIGHTS) and never closed them: descriptors %d "
			     "to %d stay open since line %lu, a leak", pid,
			     g->left.n, g->fd_low, g->fd_high, g->first);
		return;
	}
	finding_says(d, "%s opened %lu %s%s one after another and never closed "
		     "them: descriptors %d to %d have been open since line %lu, "
		     "a leak",
		     pid, g->left.n, g->is_peer ? "connections to "
		     : is_files ? "" : "descriptors of the kind ", is_files ?
		     g->kind == FILE_DIRECTORY ? "directories" : g->kind ==
		     FILE_DEVICE ? "devices" : "files" : g->name, g->fd_low,
		     g->fd_high, g->first);
}

/*
 * All clients of the listener are in the log: those that had not closed their
 * ends are the connections that the server needs.
 */
static void judge_accepted(struct findings *f, const struct service *s)
{
	unsigned long clients = 0, closed = 0;
	struct grown *g;
	struct finding *d;

	if (s->left.n < GROWN_MIN || !*s->address)
		return;
	map_each(&f->grown, i, g) {
		if (!g->is_peer || !is_address_of(s->address, g->name))
			continue;
		clients += g->opened;
		for (unsigned k = 0; k < g->n_close; k++)
			closed += g->close[k] < s->last;
	}
	if (clients < s->accepts || clients - closed + GROWN_MIN > s->left.n ||
	    (clients - closed) * 5 > s->left.n)
		return;
	for (d = f->first; d; d = d->next)
		if (!strcmp(d->about->id, leak_accepted.id) && d->pid == s->pid)
			return;			/* it read their ends, too */
	d = finding_add(f, &leak_accepted, s->pid, s->left.n, 0);
	finding_lines(d, &s->left);
	finding_says(d, "pid %ld accepted %lu connections on %s and never closed "
		     "them, although their clients, which are in the log, closed "
		     "theirs: a leak since line %lu", s->pid, s->left.n,
		     s->address, s->left.line[0]);
}

/* ---- answers and bytes that are owed ---- */

static struct service *service_at(struct findings *f, unsigned long listener,
				  long pid)
{
	struct service *s = map_get(&f->services, listener);

	if (s || f->services.used >= MAPPED_MAX)
		return s;
	s = need(calloc(1, sizeof(*s)));
	s->pid = pid;
	map_put(&f->services, listener, s);
	return s;
}

static struct service *service_of(struct findings *f, const struct file *file)
{
	return service_at(f, file->parent, file->pid);
}

/* A child's copy is not one: the process that accepted it may have closed it. */
static void count_accepted(struct findings *f, const struct file *file)
{
	int listens = file->kind == FILE_LISTENER && file->accepts >= GROWN_MIN;
	struct service *s;

	if (!listens && (!file->left_open || !file->parent ||
			 !file_is_stream(file) || (!f->at_end &&
			 map_get(&f->world->tasks, file->pid))))
		return;
	s = service_at(f, listens ? file->serial : file->parent, file->pid);
	if (s && listens) {
		s->accepts = file->accepts;
		snprintf(s->address, sizeof(s->address), "%s", file->name
			 ? file->name : "");
	} else if (s) {
		s->pid = file->pid;
		track(&s->left, file->opened);
		s->last = file->opened > s->last ? file->opened : s->last;
	}
}

/*
 * "put 0 0 10 50\r\n" of beanstalkd, "set k 0 0 50\r\n" of memcached, "Content-Length:
 * 50" of HTTP: how many bytes follow, and how long the head is; 0: it does not say.
 */
static long long length_of_body(const char *text, size_t n, size_t *head)
{
	static const char *const stores[] = {
		"put ", "set ", "add ", "replace ", "append ", "prepend ", "cas ",
	};
	const char *end = strstr(text, "\r\n"), *p = text;
	long long len;

	if (!end)
		return 0;
	for (unsigned i = 0; i < sizeof(stores) / sizeof(*stores); i++) {
		if (strncmp(text, stores[i], strlen(stores[i])))
			continue;
		/* ("set k v ex 50" is another store's: no body follows.) */
		for (int word = 0; word < 4 && p && p < end; word++) {
			p = (p = strchr(p, ' ')) ? p + 1 : NULL;
			if (p && word && !isdigit((unsigned char)p[*p == '-']))
				return 0;
		}
		if (!p || p >= end || !isdigit((unsigned char)*p))
			return 0;
		*head = end + 2 - text;
		len = strtoll(p, NULL, 10);
		return len < LENGTH_MAX ? len + 2 : 0;
	}
	end = strstr(text, "\r\n\r\n");
	p = strcasestr(text, "\r\ncontent-length: ");
	if (!end || !p || p > end || strcasestr(text, "\r\nexpect:"))
		return 0;
	len = strtoll(p + 18, NULL, 10);
	*head = end + 4 - text;
	return *head <= n && len > 0 && len < LENGTH_MAX ? len : 0;
}

/* Most requests have no body, and a busy server reads many. */
static int may_announce(struct slice text)
{
	unsigned char first = text.len > 1 ? text.at[1] : 0;

	return islower(first) ||
	       (isupper(first) && (slice_find(text, "ontent-") ||
				   slice_find(text, "ONTENT-")));
}

/* The bytes that a request announces, and those that have come. */
static void took_body(const struct step *st, struct use *u, struct slice text)
{
	enum { HEAD_MAX = 2048 };
	char head[HEAD_MAX + 1];
	size_t n, len = 0;

	if (u->rest > 0) {
		u->rest -= st->bytes;
		return;
	}
	u->rest = 0;
	if (!may_announce(text))
		return;
	n = shown_bytes(text, (unsigned char *)head, HEAD_MAX);
	head[n] = 0;
	u->rest_of = length_of_body(head, n, &len);
	u->rest = u->rest_of ? u->rest_of - (st->bytes - (long long)len) : 0;
	if (u->rest > 0)
		snprintf(u->partial_text, sizeof(u->partial_text), "%.*s",
			 (int)strcspn(head, "\r\n"), head);
}

/* The rest of a body has not come until now_ns. */
static void lacks_body(struct findings *f, const struct file *file,
		       struct use *u, long long now_ns)
{
	long long ns = u->read_ns == NO_TIME || !u->read_ns ||
		       now_ns == NO_TIME ? 0 : now_ns - u->read_ns;
	char text[128], span[24];
	struct finding *d;

	if (u->rest <= 0 || ns < OWED_NS)
		return;
	d = finding_add(f, &stopped_body, file->pid, 1, ns);
	finding_line(d, u->read_line);
	finding_says(d, "the client on %s sent \"%s\" and then %lld of the %lld "
		     "bytes that this announces: the rest did not come for %s",
		     file_text(file, text, sizeof(text)), u->partial_text,
		     u->rest_of - u->rest, u->rest_of,
		     span_text(ns, span, sizeof(span)));
	u->rest = 0;
}

/* Frames of HTTP/2 that ask for nothing: SETTINGS and PING with ACK, and others. */
static int needs_no_answer(const struct step *st)
{
	enum { SHOWN = 64, HEAD = 9, ACK = 1 };
	enum { PRIORITY = 2, RESET = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW = 8 };
	const struct line *l = st->event->line;
	unsigned char b[SHOWN];
	size_t n, at = 0;

	if (l->n_args < 2 || st->bytes < HEAD || st->bytes > SHOWN ||
	    l->arg[1].at[1] != '\\' || !slice_starts(l->arg[1], "\"\\0\\0"))
		return 0;
	n = shown_bytes(l->arg[1], b, sizeof(b));
	while (at + HEAD <= n) {
		const unsigned char *frame = b + at;
		int type = frame[3], is_ack = frame[4] & ACK;

		if (type != PRIORITY && type != RESET && type != GOAWAY &&
		    type != WINDOW && !(is_ack && (type == SETTINGS ||
						   type == PING)))
			return 0;
		at += HEAD + ((size_t)frame[0] << 16 | (size_t)frame[1] << 8 |
			      frame[2]);
	}
	return at == n && at == (size_t)st->bytes;
}

/*
 * read(18, "get k", 16384): a text that does not end in a newline.  (What follows
 * the head of a POST needs none.)
 */
static void took_request(struct findings *f, const struct step *st)
{
	struct use *u = file_use(st->file);
	const struct line *l = st->event->line;
	struct slice text = l->n_args > 1 ? l->arg[1] : (struct slice){ "", 0 };
	struct service *s;

	u->partial = 0;
	if (st->file->parent)
		took_body(st, u, text);
	if (u->rest > 0)
		return;
	if (!st->file->parent || text.len < 3 || !slice_starts(text, "\"") ||
	    !slice_ends(text, "\""))
		return;
	text = slice_of(text.at + 1, text.at + text.len - 1);
	u->has_body |= slice_starts(text, "POST ") ||
		       slice_starts(text, "PUT ") || slice_starts(text, "PATCH ");
	if (slice_ends(text, "\\n")) {
		s = u->whole ? NULL : service_of(f, st->file);
		u->whole = 1;
		if (s)
			s->whole++;
		return;
	}
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.at[i] == '\\' && !strchr("rnt\"\\", text.at[++i]))
			return;			/* not a text */
	u->partial = !u->has_body;
	slice_copy(text, u->partial_text, sizeof(u->partial_text));
}

/* Nothing more came until now_ns. */
static void stays_partial(struct findings *f, const struct file *file,
			  const struct use *u, long long now_ns)
{
	struct service *s = service_of(f, file);
	long long ns = u->read_ns == NO_TIME || !u->read_ns ||
		       now_ns == NO_TIME ? 0 : now_ns - u->read_ns;

	if (!s || ns < OWED_NS)
		return;
	track(&s->partial, u->read_line);
	if (ns <= s->partial_ns)
		return;
	s->partial_ns = ns;
	memcpy(s->request, u->partial_text, sizeof(s->request));
	snprintf(s->partial_name, sizeof(s->partial_name), "%s",
		 file->name ? file->name : "one of them");
}

static void count_service(struct findings *f, const struct file *file,
			  const struct use *u)
{
	struct service *s;
	long long ns = u->read_ns == NO_TIME || !u->read_ns ||
		       f->last_ns == NO_TIME ? 0 : f->last_ns - u->read_ns;

	if (!file->parent || !file->bytes_in)
		return;
	lacks_body(f, file, file->use, f->last_ns);
	s = service_of(f, file);
	if (!s)
		return;
	if (u->owes && u->partial && s->whole) {
		stays_partial(f, file, u, f->last_ns);
		return;
	}
	if (!u->owes || ns < OWED_NS) {
		s->done += !u->owes;
		return;
	}
	s->owed++;
	track(&s->lines, u->read_line);
	if (ns > s->ns) {
		s->ns = ns;
		snprintf(s->name, sizeof(s->name), "%s", file->name
			 ? file->name : "");
	}
}

/* Nothing was done with it but an error message, and it is closed. */
static void count_turned_away(struct findings *f, const struct file *file)
{
	struct service *s;
	unsigned long error;
	const struct task *t;

	if (!file->parent || file->left_open || f->at_end || file->bytes_in ||
	    file->writes || file->reads || file->n_watch ||
	    file->kind != FILE_CONNECTION)
		return;
	t = map_get(&f->world->tasks, file->pid);
	error = t ? finding_error_line(f, t->process->pid) : 0;
	s = error > file->opened ? service_of(f, file) : NULL;
	if (!s)
		return;
	track(&s->turned_away, error);
	s->away_pid = t->process->pid;
	snprintf(s->away_name, sizeof(s->away_name), "%s", task_name(t));
}

static void judge_turned_away(struct findings *f, const struct service *s)
{
	int is_nginx = !strcmp(s->away_name, "nginx");
	char who[120];
	struct finding *d;

	if (s->turned_away.n < TURNED_AWAY_MIN)
		return;
	d = finding_add(f, &turned_away, s->away_pid, s->turned_away.n, 0);
	finding_lines(d, &s->turned_away);
	finding_says(d, "%s closed %lu connections right after accept and wrote an "
		     "error to its log each time (from line %lu): %s",
		     process_text(s->away_name, s->away_pid, who, sizeof(who)),
		     s->turned_away.n, s->turned_away.line[0], is_nginx ?
		     "too few worker_connections" : "it has reached a limit of its "
		     "own");
}

static void judge_service(struct findings *f, const struct service *s)
{
	struct finding *d;
	char span[24];

	if (s->partial.n && s->whole) {
		d = finding_add(f, &stopped, s->pid, s->partial.n, s->partial_ns);
		finding_lines(d, &s->partial);
		finding_says(d, "the client %s stopped in the middle of its "
			     "request (\"%s\", without a newline): nothing more "
			     "came for %s", s->partial_name, s->request,
			     span_text(s->partial_ns, span, sizeof(span)));
	}
	if (!s->owed || s->done < ANSWERED_MIN || s->owed * 3 > s->done)
		return;
	d = finding_add(f, &owed, s->pid, s->owed, 0);
	finding_lines(d, &s->lines);
	finding_says(d, "%lu of %lu connections sent a request that was read "
		     "and never answered; %s waited longest, %s until the log "
		     "ended", s->owed, s->owed + s->done,
		     *s->name ? s->name : s->owed == 1 ? "it" : "one of them",
		     span_text(s->ns, span, sizeof(span)));
}

static void judge_left(struct findings *f, const struct file *file,
		       const struct use *u)
{
	long long ns = u->left_ns == NO_TIME || f->last_ns == NO_TIME ? 0
		     : f->last_ns - u->left_ns;
	char text[128];
	struct finding *d;

	/* (One that is closed before the next wait needs no event.) */
	if (u->dropped_line && u->full_line && !u->armed &&
	    f->wait_line > u->dropped_line) {
		d = finding_add(f, &left, file->pid, 1, 0);
		finding_line(d, u->full_line);
		finding_line(d, u->dropped_line);
		finding_subject(d, file);
		finding_says(d, "the program removed EPOLLOUT of %s (line %lu) "
			     "right after a write found no room (line %lu), and "
			     "before any wait: no event tells it to send the rest",
			     file_text(file, text, sizeof(text)),
			     u->dropped_line, u->full_line);
		return;
	}
	/* (What the program has asked for room in is not a regular file.) */
	if (!u->left || u->armed || ns < OWED_NS / 2 ||
	    (!file_is_stream(file) && !(file->kind == FILE_UNKNOWN &&
					(u->armed_turn || u->room_line))))
		return;
	/* A blocking write that falls short was cut by a signal. */
	if (!file->nonblocking && !file->timed)
		return;
	d = finding_add(f, &left, file->pid, 1, 0);
	finding_line(d, u->left_line);
	finding_subject(d, file);
	finding_says(d, "the write to %s took only a part (line %lu), the rest "
		     "was never sent, and nothing waits for the descriptor to "
		     "become writable", file_text(file, text, sizeof(text)),
		     u->left_line);
}

/* It was open before the log began, and the writes fill a pipe exactly. */
static int fills_pipe(const struct file *file)
{
	return file->kind == FILE_UNKNOWN && file->pages == PIPE_PAGES;
}

/* A pipe took a part of the last write; the thread polls for room since then. */
static int is_left_full(const struct findings *f, const struct file *file,
			unsigned long line)
{
	const struct use *u = file->use;

	return file->kind == FILE_PIPE && u->left && u->room_line == line &&
	       !u->full_line && !u->full_told && f->last_ns != NO_TIME &&
	       u->left_ns != NO_TIME && f->last_ns - u->left_ns >= OWED_NS;
}

/*
 * The last write got EAGAIN, and the thread waits since: for a second or, where
 * the log has no times, in a pipe that never had room again.  (A client that does
 * not read is not the server's fault: of a connection that was there before the
 * log nobody knows who made it.)
 */
static int is_stuck_full(const struct findings *f, const struct file *file,
			 unsigned long line)
{
	const struct use *u = file->use;

	if (u && is_left_full(f, file, line))
		return 1;
	if (!u || !u->full_line || u->full_told || file->parent ||
	    (file->assumed && file->kind != FILE_PIPE && !fills_pipe(file)) ||
	    (file->kind != FILE_PIPE && !file_is_stream(file) &&
	     !fills_pipe(file)))
		return 0;
	if (f->last_ns != NO_TIME && u->full_ns != NO_TIME)
		return f->last_ns - u->full_ns >= OWED_NS;
	return !u->room_again && (file->kind == FILE_PIPE ||
				  file->kind == FILE_SOCKETPAIR ||
				  fills_pipe(file));
}

static void judge_full(struct findings *f, const struct task *t,
		       const struct file *file, int at)
{
	struct use *u = file->use;
	char text[128], who[64], reader[120] = "", span[24], since[48] = "";
	const char *how = u->full_line ? "got EAGAIN" : "took only a part";
	const struct task *on;
	struct finding *d;
	int fd = -1, many;

	if (!u->full_line) {
		u->full_line = u->left_line;
		u->full_ns = u->left_ns;
	}
	on = holder_of(f, file, t->process->pid, &fd, &many);
	if (on && !many)
		snprintf(reader, sizeof(reader), ", pid %ld (%s), which has it as "
			 "fd %d,", on->pid, task_name(on), fd);
	d = finding_add(f, &full, t->process->pid, 1, 0);
	if (f->last_ns != NO_TIME && u->full_ns != NO_TIME) {
		d->cost_ns = f->last_ns - u->full_ns;
		snprintf(since, sizeof(since), " for %s", span_text(d->cost_ns,
			 span, sizeof(span)));
	}
	u->full_told = 1;
	finding_line(d, u->full_line);
	finding_subject(d, file);
	finding_says(d, "%s waits for room in %s%s: its last write %s "
		     "(line %lu), because the %s is full, and the reader%s takes "
		     "nothing", process_text(task_name(t), t->process->pid, who,
					     sizeof(who)),
		     file_text_as(file, at, text, sizeof(text)), since, how,
		     u->full_line,
		     fills_pipe(file) ? "pipe" : file_kind_name(file->kind),
		     reader);
}

/*
 * The same of a connection from before the log, which may be a client's, or in a
 * log that ends soon after: no fault, but what the program waits for.
 */
static void judge_room(struct findings *f, const struct task *t,
		       const struct file *file, int at)
{
	const struct use *u = file->use;
	char text[128], who[64];
	struct finding *d;

	if (!u || !u->full_line || u->full_told || !u->armed || file->parent ||
	    !file->assumed || !file_is_stream(file) ||
	    t->unreturned->line < u->full_line)
		return;
	d = finding_add(f, &full_note, t->process->pid, 1, 0);
	finding_line(d, u->full_line);
	finding_line(d, t->unreturned->line);
	finding_subject(d, file);
	finding_says(d, "%s waits for room in %s: the last write found none "
		     "(EAGAIN, line %lu), and its reader had taken nothing when "
		     "the log ended", process_text(task_name(t), t->process->pid,
						   who, sizeof(who)),
		     file_text_as(file, at, text, sizeof(text)), u->full_line);
}

/* It does not wait for room, and goes on without: what it wrote is lost. */
static void judge_lost(struct findings *f, const struct file *file,
		       const struct use *u)
{
	enum { MORE_THAN_ONE = 2 };
	char text[128];
	struct finding *d;

	if (u->refused < MORE_THAN_ONE || u->full_told || u->room_again ||
	    u->retried ||
	    (file->kind != FILE_PIPE && (file->kind != FILE_UNKNOWN ||
					 file->fd > 2)))
		return;
	d = finding_add(f, &full_lost, file->pid, u->refused, 0);
	finding_line(d, u->full_line);
	finding_subject(d, file);
	finding_says(d, "the last %lu writes to %s failed with EAGAIN (from line "
		     "%lu): the %s is full, its reader takes nothing, and the "
		     "output is lost", u->refused, file_text(file, text,
		     sizeof(text)), u->full_line, file->kind == FILE_PIPE
		     ? "pipe" : "pipe, socket or terminal");
}

/* What it waited for until the log ended, or until it was killed. */
static void judge_waits(struct findings *f, const struct task *t)
{
	const struct unreturned *o = t->unreturned;

	if (!o || (call_class(o->call) != CLASS_WAIT && o->call != CALL_FUTEX))
		return;
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i] &&
		    is_stuck_full(f, t->fds->slot[i], o->line))
			judge_full(f, t, t->fds->slot[i], i);
		else if (t->fds->slot[i])
			judge_room(f, t, t->fds->slot[i], i);
}

/* ---- looking ---- */

static struct file *at_fd(const struct step *st, long fd)
{
	return table_at(st->task->fds, fd);
}

static void registered(const struct findings *f, struct step *st)
{
	const struct line *l = st->event->line;
	struct file *file = at_fd(st, st->made_fd);
	struct use *u;
	int out;

	if (!file || st->event->call != CALL_EPOLL_CTL || l->n_args < 2)
		return;
	if (file->kind == FILE_LISTENER && slice_find(l->arg[1], "ADD"))
		worker(file, st->task, 0);
	u = file_use(file);
	if (slice_find(l->arg[1], "DEL")) {
		u->dropped_line = 0;
		return;
	}
	out = !!slice_find(l->args, "EPOLLOUT");
	if (out)
		u->armed_turn = f->turns;
	u->dropped_line = !out && u->armed && u->full_line &&
			  u->armed_turn == f->turns ? st->event->first : 0;
	u->armed = out;
}

static void polled(struct step *st)
{
	struct slice rest = st->event->line->args, element;
	const char *p;
	struct file *file;

	if (st->event->call != CALL_POLL || !(p = slice_find(rest, "[{fd=")) ||
	    !slice_find(rest, "POLLOUT"))
		return;
	rest = slice_of(p + 1, rest.at + rest.len);
	while (line_element(&rest, &element)) {
		if (!slice_find(element, "POLLOUT"))
			continue;
		file = at_fd(st, line_fd(line_field(element, "fd"), NULL));
		if (!file)
			continue;
		file_use(file)->armed = 1;
		file_use(file)->room_line = st->event->first;
	}
}

static void wrote(struct step *st)
{
	const struct line *l = st->event->line;
	struct use *u = file_use(st->file);
	long long asked = (st->event->call == CALL_WRITE ||
			   st->event->call == CALL_SENDTO) && l->n_args > 2
			  ? slice_number(l->arg[2], NULL) : -1;

	if (st->bytes > 0) {
		u->writer = st->task->process->pid;
		if (st->file->other)
			file_use(st->file->other)->feeder = st->task->pid;
		u->owes = 0;
		/* It wants no more of the body.  (408: it waited in vain.) */
		if (u->rest > 0 && !slice_find(l->args, " 408 "))
			u->rest = 0;
		u->room_again += u->full_line != 0;
		u->full_line = 0;
		u->refused = 0;
		u->retried = 0;
		u->dropped_line = 0;
	} else if (st->phase & PHASE_EMPTY) {
		u->retried |= u->refused && asked > 0 &&
			      asked == u->refused_bytes;
		u->refused_bytes = asked;
		u->refused++;
		if (!u->full_line) {
			u->full_line = st->event->first;
			u->full_ns = st->event->end_ns;
		}
	}
	if (st->bytes >= 0 && asked > st->bytes) {
		u->left = 1;
		u->left_line = st->event->first;
		u->left_ns = st->event->end_ns;
		u->armed = !!strstr(u->interest, "EPOLLOUT");
	} else if (st->bytes > 0 || !(st->phase & PHASE_EMPTY)) {
		u->left = 0;
	}
}

/* Of a call that may wait for another task: others leave no trace. */
static void stuck_note(struct habits *h, const struct open_call *now,
		       struct slice name)
{
	if (now->fd < 0 && now->call != CALL_WAIT) {
		if (h->stuck)
			h->stuck->line = 0;
		return;
	}
	if (!h->stuck)
		h->stuck = need(calloc(1, sizeof(*h->stuck)));
	free(h->stuck->lock);
	*h->stuck = *now;
	if (now->lock) {
		h->stuck->lock = need(malloc(sizeof(*now->lock)));
		*h->stuck->lock = *now->lock;
	}
	slice_copy(name, h->stuck->name, sizeof(h->stuck->name));
}

/* The lock that the call asks for, in asked; NULL: none. */
static struct asked_lock *asks_lock(const struct open_call *now,
				    const struct step *st,
				    struct asked_lock *asked)
{
	if ((now->call != CALL_FLOCK && now->call != CALL_FCNTL) ||
	    !lock_asks(st, &asked->lock, &asked->key))
		return NULL;
	return asked;
}

/* The same of the text of a call that has not returned: "4, LOCK_EX". */
static struct asked_lock *asks_lock_begun(const struct open_call *now,
					  const struct step *st,
					  struct slice text,
					  struct asked_lock *asked)
{
	struct line line = { 0 };
	struct event event = *st->event;
	struct step step = *st;

	line.text = text;
	line.n_args = 3;
	line.arg[0] = text;
	line.arg[1] = slice_after(text, ", ");
	line.arg[2] = slice_after(line.arg[1], ", ");
	event.line = &line;
	step.event = &event;
	step.file = table_at(st->task->fds, now->fd);
	return asks_lock(now, &step, asked);
}

static void stuck(struct findings *f, struct habits *h, struct step *st)
{
	const struct line *l = st->event->line;
	struct asked_lock asked;
	struct open_call now = {
		.call = st->event->call, .line = st->event->first,
		.ns = call_lasted(f, st), .fd = st->fd,
		.since = st->event->start_ns,
	};

	if (now.call == CALL_EXIT || now.call == CALL_EXEC)
		return;
	if (now.call == CALL_WAIT && l->n_args)
		now.pid = slice_number(l->arg[0], NULL);
	now.lock = asks_lock(&now, st, &asked);
	stuck_note(h, &now, l->name);
}

/* It may be the call that another one waits for when that is killed. */
static void begins(struct habits *h, const struct step *st)
{
	const struct event *e = st->event;
	struct slice first = slice_trim(line_begun(e->line));
	struct asked_lock asked;
	struct open_call now = {
		.call = e->call, .line = e->first, .fd = -1,
		.ns = NO_TIME,			/* it still lasts */
		.since = e->start_ns,
	};

	if (e->call == CALL_WAIT)
		now.pid = slice_number(first, NULL);
	else
		now.fd = line_fd(first, NULL);
	if (e->call == CALL_FLOCK ||
	    (e->call == CALL_FCNTL && slice_find(first, "SETLKW")))
		now.lock = asks_lock_begun(&now, st, first, &asked);
	stuck_note(h, &now, e->line->name);
}

static void closed_none(struct habits *h, const struct step *st)
{
	struct closes *c = h->closes;

	if (!c)
		c = h->closes = need(calloc(1, sizeof(*c)));
	if (!c->n++) {
		c->line = st->event->first;
		c->low = slice_number(st->event->line->args, NULL);
		c->start_ns = st->event->start_ns;
	}
	c->high = slice_number(st->event->line->args, NULL);
	c->end_ns = st->event->end_ns;
	c->last = 1;
}

/* What comes between the last close and execve is more of them, not shown. */
static void closed_all(struct habits *h, const struct step *st)
{
	struct closes *c = h->closes;

	if (!c)
		return;
	if (st->event->call == CALL_EXEC && c->last) {
		c->exec_line = st->event->first;
		c->end_ns = st->event->start_ns;
	}
	c->last &= st->event->call == CALL_CLOSE;
}

/* ---- a request, and a thread that waits before it answers ---- */

static struct file *request_file(const struct step *st,
				 const struct request_wait *r)
{
	struct file *file = at_fd(st, r->fd);

	return file && file->serial == r->serial && file->use &&
	       file->use->owes ? file : NULL;
}

/*
 * "10.0.0.2:80->10.0.0.9:43210": the kernel chose the peer's port, so the peer is
 * the client.  "5->6,\"/run/x\"": of the two ends, strace shows the path at the
 * server's.
 */
static int is_servers_end(const char *ends)
{
	enum { CHOSEN = 32768 };	/* ip_local_port_range begins here */
	const char *arrow = ends ? strstr(ends, "->") : NULL;
	const char *own = arrow ? memrchr(ends, ':', arrow - ends) : NULL;
	const char *peer = arrow ? strrchr(arrow, ':') : NULL;

	if (own && peer)
		return atoi(own + 1) < CHOSEN && atoi(peer + 1) >= CHOSEN;
	return arrow && strstr(arrow, ",\"");
}

/*
 * What comes on it is a request, not a client's answer: the log shows that.  It is
 * not one that never gets an answer, either.
 */
static int is_served(const struct file *file)
{
	return file && file_is_stream(file) && file->use && file->writes &&
	       (file->parent || is_servers_end(file->ends ? file->ends
							  : file->name));
}

#define ELSE "something other than this client (a lock that another client " \
	"holds, or another process)"

/* How long it waited is not in the log, only that it did so at the end. */
static void judge_open_request(struct findings *f, const struct request_wait *r,
			       const struct task *t, const struct file *file)
{
	char text[128], who[32] = "the process";
	struct finding *d = finding_add(f, &request_waits, t->process->pid, 1, 0);

	finding_line(d, r->line);
	finding_line(d, r->open_line);
	finding_subject(d, file);
	if (t->pid)
		snprintf(who, sizeof(who), "pid %ld", t->pid);
	finding_says(d, "%s read a request on %s (line %lu), has not answered it, "
		     "and waits in %s (line %lu) for " ELSE "; the log has no "
		     "times (strace -ttt -T), so it does not show for how long",
		     who, file_text(file, text, sizeof(text)), r->line, r->call,
		     r->open_line);
}

static void judge_request(struct findings *f, struct habits *h,
			  const struct task *t, const struct file *file,
			  int answered)
{
	struct request_wait *r = h->request;
	char text[128], span[24], more[80] = "", who[32] = "the process";
	char failed[240], why[300] = "";
	unsigned long line;
	struct finding *d;

	if (r->open_line && !answered)
		judge_open_request(f, r, t, file);
	if (r->ns < OWED_NS)
		return;
	d = finding_add(f, &request_waits, t->process->pid, r->waits.n, r->ns);
	finding_line(d, r->line);
	finding_lines(d, &r->waits);
	finding_subject(d, file);
	if (d->count > r->waits.n)
		snprintf(more, sizeof(more), "; the same happened with other "
			 "requests, %lu time%s",
			 d->count - r->waits.n, d->count - r->waits.n == 1 ? ""
			 : "s");
	if (t->pid)
		snprintf(who, sizeof(who), "%s %ld", *r->at ? "thread" : "pid",
			 t->pid);
	d->added = d->count;
	line = finding_refused_since(f, t->process->pid, r->line, failed,
				     sizeof(failed));
	if (line)
		snprintf(why, sizeof(why), ", after %s (line %lu)", failed, line);
	finding_line(d, line);
	finding_says(d, "%s read a request on %s (line %lu) and %s for "
		     "%s%s: it slept in %s, for %s%s, %lu time%s%s",
		     who, file_text(file, text, sizeof(text)),
		     r->line, answered ? "did not answer" : "has not answered",
		     span_text(r->ns, span, sizeof(span)), why, r->call,
		     *r->at ? "a lock or condition at " : ELSE, r->at,
		     r->waits.n, r->waits.n == 1 ? "" : "s", more);
}

/*
 * It waits, and not for the client: in another epoll set than that which reported
 * the request, or in a poll that leaves it out.
 */
static int waits_elsewhere(const struct step *st, const struct request_wait *r,
			   const struct file *file)
{
	const struct event *e = st->event;

	if (r->asked || !(st->phase & PHASE_WAIT))
		return 0;
	if (e->call == CALL_EPOLL_WAIT) {
		for (unsigned i = 0; i < file->n_watch; i++)
			if (file->watch[i].epoll == st->file)
				return 0;
		return st->file && (r->known || (r->told_in &&
				    r->told_in != st->file->serial));
	}
	return r->known && e->call == CALL_POLL &&
	       slice_find(e->line->args, "fd=") &&
	       !polls_fd(e->line->args, r->fd);
}

/* It asks another process, and waits for that one's answer. */
static int asks_another(const struct step *st, const struct request_wait *r)
{
	enum call_class class = call_class(st->event->call);

	return (class == CLASS_OUT && st->fd > 2 && st->fd != r->fd && st->file &&
		st->file->kind != FILE_REGULAR) ||
	       st->event->call == CALL_CONNECT;
}

static int may_be_request(const struct step *st)
{
	return st->file && st->fd > 2 && (file_is_stream(st->file) ||
					  st->file->kind == FILE_UNKNOWN) &&
	       st->event->call >= CALL_RECVFROM && st->event->call <= CALL_RECVMSG;
}

/*
 * The epoll set that has told of this descriptor; 0: unknown.  (One attached
 * late: the last set.)
 */
static unsigned long told_in(const struct habits *h, const struct step *st)
{
	return st->model == MODEL_EPOLL || st->file->assumed ? h->waited_in : 0;
}

static void request_waited(struct request_wait *r, struct slice call,
			   struct slice at, unsigned long line, long long ns)
{
	track(&r->waits, line);
	r->ns = plus_ns(r->ns, ns);
	if (ns <= r->longest_ns)
		return;
	r->longest_ns = ns;
	slice_copy(call, r->call, sizeof(r->call));
	slice_copy(at, r->at, sizeof(r->at));
}

static void request_resumes(struct habits *h, const struct event *e)
{
	struct request_wait *r = h->request;
	long long ns;

	if (!r || !r->since_line || e->start_ns == NO_TIME)
		return;
	ns = e->start_ns - r->since_ns;
	if (ns >= HELD_NS)
		request_waited(r, SLICE("epoll_wait"), SLICE(""), r->since_line,
			       ns);
	r->since_line = 0;
}

static void request_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct event *e = st->event;
	enum call_class class = call_class(e->call);
	struct request_wait *r = h->request;
	const struct file *file;
	long long ns;

	if (e->call == CALL_EPOLL_WAIT && st->file && e->line->ret > 0)
		h->waited_in = st->file->serial;
	if (r && r->fd >= 0)
		r->asked |= asks_another(st, r);
	if (class == CLASS_IN && st->bytes > 0 &&
	    (is_served(st->file) || (h->waited_in && may_be_request(st)))) {
		if (!r)
			r = h->request = need(calloc(1, sizeof(*r)));
		*r = (struct request_wait){ .fd = st->fd, .line = e->first,
					    .serial = st->file->serial,
					    .known = is_served(st->file),
					    .told_in = told_in(h, st) };
	} else if (r && class == CLASS_OUT && st->bytes > 0 &&
		   st->fd == r->fd) {
		if (st->file && st->file->serial == r->serial)
			judge_request(f, h, st->task, st->file, 1);
		r->fd = -1;
		r->ns = 0;
	} else if (r && r->fd >= 0 && st->phase & PHASE_WAIT &&
		   (e->call == CALL_FUTEX ? r->known : class == CLASS_WAIT)) {
		ns = call_lasted(f, st);
		/* (Else another thread answered.) */
		if (!(file = request_file(st, r)) ||
		    (e->call != CALL_FUTEX && !waits_elsewhere(st, r, file)))
			return;
		if (e->line->flags & LINE_NO_RETURN && f->last_ns == NO_TIME &&
		    e->call != CALL_FUTEX) {
			r->open_line = e->first;
			slice_copy(e->line->name, r->call, sizeof(r->call));
		} else if (ns >= HELD_NS) {
			request_waited(r, e->line->name, e->call == CALL_FUTEX ?
				       e->line->arg[0] : SLICE(""), e->first,
				       ns);
		} else if (e->call == CALL_EPOLL_WAIT && !ns &&
			   e->took_ns == NO_TIME && e->start_ns != NO_TIME) {
			r->since_ns = e->start_ns;
			r->since_line = e->first;
		}
	}
}

void between_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct event *e = st->event;
	enum call_class class = call_class(e->call);
	struct use *u;

	f->saw_pid |= e->line->pid != 0;
	if (class == CLASS_WAIT)
		f->wait_line = e->first;
	if (h->request)
		request_resumes(h, e);
	if (e->kind == EVENT_BEGUN)
		begins(h, st);
	if (e->kind != EVENT_CALL) {
		if (e->kind == EVENT_EXIT && h->stuck)
			killed_in_wait(f, st);
		return;
	}
	if (h->stuck)
		h->stuck->line = 0;
	request_note(f, h, st);
	if (e->line->flags & LINE_NO_RETURN) {
		stuck(f, h, st);
		judge_circle(f, st->task, st->task);
	}
	if (e->call == CALL_CLOSE && step_failed(st, "EBADF"))
		closed_none(h, st);
	else
		closed_all(h, st);
	if (class == CLASS_WAIT)
		polled(st);
	registered(f, st);
	if (e->call == CALL_SOCKET)
		f->newest_socket = e->first;
	if (st->n_passed)
		f->newest_passed = e->first;
	if (!st->file) {
		if (e->call == CALL_WAIT)
			killed_child(f, h, st);
		return;
	}
	if (st->file->use || class == CLASS_IN || class == CLASS_OUT) {
		u = file_use(st->file);
		u->last_line = e->last;
		u->at_end |= class == CLASS_IN && !e->line->ret;
	}
	if (class == CLASS_ACCEPT)
		worker(st->file, st->task, st->made != NULL);
	else if (class == CLASS_OUT)
		wrote(st);
	else if (class == CLASS_IN && st->bytes > 0) {
		u = file_use(st->file);
		if (!u->owes)
			u->owes = !needs_no_answer(st);
		took_request(f, st);
		u->read_ns = e->end_ns;
		u->read_line = e->first;
		if (st->file->other && st->file->other->use) {
			st->file->other->use->full_line = 0;
			st->file->other->use->room_line = 0;
		}
	}
	if (st->phase & PHASE_EOF && st->file->use) {
		if (st->file->use->owes && st->file->use->partial)
			stays_partial(f, st->file, st->file->use, e->start_ns);
		lacks_body(f, st->file, st->file->use, e->start_ns);
		st->file->use->owes = 0;
	}
	if (st->file->kind == FILE_PIPE && class == CLASS_IN &&
	    (e->line->flags & LINE_NO_RETURN || !st->bytes))
		pipe_ended(f, st, !(e->line->flags & LINE_NO_RETURN));
}

/* ---- judging ---- */

void between_file_ends(struct findings *f, struct file *file)
{
	count_growth(f, file, file->use);
	count_accepted(f, file);
	own_listener(f, file, file->use);
	count_turned_away(f, file);
	if (!file->use)
		return;
	judge_workers(f, file, file->use);
	count_service(f, file, file->use);
	judge_left(f, file, file->use);
	judge_lost(f, file, file->use);
}

/* The log is a piece of the storm, and has nothing else. */
static int is_piece(const struct closes *c, const struct habits *h,
		    const struct task *t)
{
	return c->n >= CLOSES_PIECE && c->n == h->spin.calls &&
	       c->high - c->low == (long long)c->n - 1 && !t->process->saw_start;
}

static void judge_closes(struct findings *f, const struct habits *h,
			 const struct task *t)
{
	const struct closes *c = h->closes;
	struct finding *d;
	char span[24], who[32] = "the program";
	long long ns;

	if (!c || (c->n < CLOSES_MIN && !is_piece(c, h, t)))
		return;
	ns = c->start_ns == NO_TIME || c->end_ns == NO_TIME
		? 0 : c->end_ns - c->start_ns;
	d = finding_add(f, (c->n >= CLOSES_MANY || c->n < CLOSES_MIN ||
			    (c->exec_line && ns >= CLOSES_NS)) &&
			(share_of(f, ns) >= COSTS_PERCENT || !ns) ? &storm
			: &storm_note, t->process->pid, c->n, ns);
	finding_line(d, c->line);
	if (t->pid)
		snprintf(who, sizeof(who), "pid %ld", t->pid);
	finding_says(d, "%s closes descriptors %lld to %lld one by one, "
		     "and %lu of the calls fail with EBADF: it closes every "
		     "number up to RLIMIT_NOFILE%s%s%s", who, c->low,
		     c->high, c->n, c->exec_line ?
		     " before its execve" : "", ns ? ", in " : "", ns ?
		     span_text(ns, span, sizeof(span)) : "");
}

void between_task_ends(struct findings *f, struct habits *h, struct task *t)
{
	if (!t->spoke) {
		f->silent_threads += t->origin == ORIGIN_THREAD;
		f->silent_processes += t->origin != ORIGIN_THREAD;
		track(&f->silent, t->first);
		return;
	}
	if (!f->at_end)				/* between_log_ends has judged it */
		judge_waits(f, t);
	if (!h)
		return;
	judge_closes(f, h, t);
	judge_copies(f, t);
	if (h->request && h->request->fd >= 0 &&
	    (unsigned)h->request->fd < t->fds->size) {
		const struct file *file = t->fds->slot[h->request->fd];

		if (file && file->serial == h->request->serial && file->use &&
		    file->use->owes)
			judge_request(f, h, t, file, 0);
	}
}

void between_log_ends(struct findings *f)
{
	const struct task *t;

	map_each(&f->world->tasks, i, t) {
		judge_circle(f, t, NULL);
		judge_waits(f, t);
	}
}

void between_settle(struct findings *f)
{
	struct service *s;
	struct shares *own;
	struct grown *g;
	struct finding *d;
	char threads[48] = "", processes[48] = "";

	if (f->n_cuts)
		judge_cuts(f);
	map_each(&f->services, i, s) {
		judge_service(f, s);
		judge_turned_away(f, s);
		judge_accepted(f, s);
	}
	map_each(&f->grown, i, g)
		judge_growth(f, g);
	map_each(&f->shares, i, own)
		judge_own_listeners(f, own);
	if (f->saw_pid || !f->silent.n)
		return;
	d = finding_add(f, &unfollowed, 0, f->silent.n, 0);
	finding_lines(d, &f->silent);
	if (f->silent_threads)
		snprintf(threads, sizeof(threads), "%lu thread%s%s",
			 f->silent_threads, f->silent_threads == 1 ? "" : "s",
			 f->silent_processes ? " and " : "");
	if (f->silent_processes)
		snprintf(processes, sizeof(processes), "%lu process%s",
			 f->silent_processes,
			 f->silent_processes == 1 ? "" : "es");
	finding_says(d, "strace ran without -f: the calls of %s%s that the "
		     "program made are not in this log",
		     threads, processes);
}

void between_free(struct findings *f)
{
	struct service *s;
	struct shares *own;
	struct grown *g;

	map_each(&f->services, i, s)
		free(s);
	map_free(&f->services);
	map_each(&f->grown, i, g) {
		free(g->close);
		free(g);
	}
	map_free(&f->grown);
	map_each(&f->shares, i, own)
		free(own);
	map_free(&f->shares);
	free(f->cuts);
}
