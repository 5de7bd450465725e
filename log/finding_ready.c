/* SPDX-License-Identifier: MIT */
/*
 * finding_ready.c - readiness that is lost or costs too much, edges, native
 * AIO, rings, descriptors whose peer has gone
 */
#include "finding_look.h"
#include "hash.h"

enum {
	WASTED_MIN = 8,		/* EAGAINs after a read that had emptied it */
	WASTED_PERCENT = 80,	/* of the reads that level-triggering asked for */
	HERD_MIN = 2,		/* woken for nothing */
	SINGLE_MIN = 100,	/* io_uring_enter with one request */
	SINGLE_PERCENT = 95,	/* ... of these calls, */
	SINGLE_PART = 10,	/* ... and so much of all calls */
	LEAK_LINES = 100,	/* the log went on that long after the end */
	LEAK_TURNS = 8,		/* or this many waits and accepts followed */
	LEAK_MIN = 3,		/* descriptors */
	REOPENED_MIN = 32,	/* descriptors of one file, open at the end */
	SLEPT_NS = 10000000,	/* an event loop that slept in a read */
	BLOCKED_NS = 1000000000,	/* ... for so long that it is the answer */
	SUBMIT_SLEPT_NS = 1000000,	/* io_submit, in all; and a quarter of them */
	RING_AGAIN_MIN = 3,
	DEAF_MIN = 3,			/* sends after the end of the stream */
};

struct suspicion {		/* of a descriptor */
	struct tracks accepts, epipes, herd;
	unsigned drained;	/* an accept said EAGAIN, or failed */
	int looped;		/* two accepts for one edge or signal */
	int edge, async;
	unsigned long full_line;	/* a read that filled the buffer, last */
	long full_pid;			/* ... and its thread */
	int full, short_read;
	unsigned long eof_line, eof_turn;
	unsigned deaf;			/* it sent after MSG_PEEK had shown the end */
	int peeked;
	long herd_pid;
	int herd_many;
};

struct reopened {		/* a path, in a process */
	struct tracks times;
	long pid;
	int fd;
	char name[80];
	/* Opened before its process waited for the first time; lines. */
	unsigned long at_start, last, ended;
};

struct ready_habits {		/* of a task */
	unsigned long waits, accepts_since_wait, accepts_in_row;
	unsigned long reads, enters;
	struct tracks *wasted, *singles;	/* NULL: none */
	unsigned long queue_full, eintr_line;
	unsigned long submits;
	struct tracks *slept;
	long long slept_ns;
};

enum {
	ACCEPT_ONCE, NOT_DRAINED, WASTED_READ, HERD, BLOCKED_LOOP,
	BLOCKING_IN_LOOP, SIGNAL_QUEUE_FULL, AIO_BUFFERED, AIO_BLOCKED,
	RING_SINGLE, EPOLL_FILE, EPIPE_REPEATED, EPIPE_ONCE, LEAK, LEAK_FILE,
	TRACER_EINTR, SUBMIT_SLEPT, RING_WORKER, RING_AGAIN, RING_OVERFLOW,
	RING_FAILED, SIGNAL_LOST, SENDS_AFTER_END, ABOUTS
};

static const struct about about[ABOUTS] = {
	[ACCEPT_ONCE] = { "accept-once", SEVERITY_FAULT,
		"only one accept for each edge or signal, so other connections "
		"may wait",
		"One edge or one SIGIO can stand for several connections. The "
		"program accepts one; the others wait until the next peer "
		"connects.",
		"Accept until EAGAIN.", NULL },
	[NOT_DRAINED] = { "not-drained", SEVERITY_FAULT,
		"an edge-triggered descriptor is not read until EAGAIN",
		"The read filled the buffer and the thread went back to wait: "
		"the rest is not reported again until more data arrive (or, with "
		"EPOLLOUT, there is room to send again).",
		"Read until EAGAIN. A short read may leave data, because passed "
		"descriptors (AF_UNIX) and an urgent byte (TCP) end a read early. "
		"The stream may have ended, too: then this event has "
		"EPOLLRDHUP (if the registration asks for it), and no later "
		"event reports the end.", NULL },
	[WASTED_READ] = { "wasted-read", SEVERITY_COST,
		"a read that returns EAGAIN after every message",
		"Level-triggered readiness is reported again by itself: one "
		"read per event is enough.",
		"Leave out the second read: that saves a call per message.",
		NULL },
	[HERD] = { "thundering-herd", SEVERITY_COST,
		"several waiters are woken for one connection",
		"The waiters watch the same listener; one accepts, the others "
		"get EAGAIN.",
		"Register the listener with EPOLLEXCLUSIVE, or give each "
		"process its own with SO_REUSEPORT.", NULL },
	[BLOCKED_LOOP] = { "blocked-loop", SEVERITY_FAULT,
		"an event loop slept in a read or an accept",
		"While the loop sleeps, it serves no other connection.",
		"Set O_NONBLOCK on each descriptor that the loop "
		"watches.", NULL },
	[BLOCKING_IN_LOOP] = { "blocking-in-loop", SEVERITY_NOTE,
		"blocking descriptors in an event loop",
		"Readiness is a hint: another thread or process may have taken "
		"the data or the connection, and then the call sleeps.",
		"Set O_NONBLOCK.", NULL },
	[SIGNAL_QUEUE_FULL] = { "signal-queue-full", SEVERITY_FAULT,
		"the queue of real-time signals overflowed",
		"The kernel fell back to a plain SIGIO that names no "
		"descriptor.",
		"Ask poll(2) about all descriptors, and raise "
		"RLIMIT_SIGPENDING.",
		NULL },
	[AIO_BUFFERED] = { "aio-buffered", SEVERITY_FAULT,
		"io_submit on a buffered file does the I/O itself",
		"Native AIO reads and writes are asynchronous with O_DIRECT "
		"only; without it the thread copies inside io_submit, and a "
		"read waits there for the disk.",
		"Open the file with O_DIRECT, or use io_uring.", NULL },
	[AIO_BLOCKED] = { "aio-blocked", SEVERITY_COST,
		"an io_submit took 10 ms or more",
		"The call should only hand over requests, but it waited: the "
		"request queue was full, or the file system had to allocate "
		"blocks.",
		"Preallocate the file, or submit from a thread.", NULL },
	[RING_SINGLE] = { "ring-single", SEVERITY_COST,
		"each io_uring_enter submits only one request",
		"io_uring saves calls when one call submits several requests.",
		"Queue the requests that are ready, and submit them "
		"together.",
		"Each request needs the data of the one before." },
	[EPOLL_FILE] = { "epoll-file", SEVERITY_NOTE,
		"a descriptor that epoll cannot watch (EPERM)",
		"The file has no poll operation: regular files of most file "
		"systems, directories, /dev/null.",
		"Read it directly, in a thread or with io_uring.",
		"The program uses Go, which tries epoll on each file and goes "
		"on without it, or libev, which then treats the file as always "
		"ready." },
	[EPIPE_REPEATED] = { "epipe-repeated", SEVERITY_FAULT,
		"the program continues to write after EPIPE",
		"The peer has closed, so later writes fail, too.",
		"Close the descriptor at the first EPIPE.", NULL },
	[EPIPE_ONCE] = { "epipe", SEVERITY_NOTE,
		"a write to a peer that had closed (EPIPE)",
		"A peer may close at any time.",
		"It cannot be avoided, only handled: ignore SIGPIPE or send "
		"with MSG_NOSIGNAL, and close the descriptor.", NULL },
	[LEAK] = { "leak", SEVERITY_FAULT,
		"descriptors whose peer closed are never closed",
		"Each one counts against RLIMIT_NOFILE; a TCP connection "
		"stays in CLOSE_WAIT.",
		"Close when a read returns 0.", NULL },
	[LEAK_FILE] = { "leak-file", SEVERITY_FAULT,
		"one file is opened again and again and never closed",
		"Each open takes a descriptor until RLIMIT_NOFILE is reached.",
		"Close the file, or use the first descriptor again.", NULL },
	[TRACER_EINTR] = { "tracer-eintr", SEVERITY_NOTE,
		"EINTR that only a traced process gets",
		"The signal is ignored: without strace the call would have "
		"gone on sleeping.",
		"Nothing to do: it is not a fault of the program.", NULL },
	[SUBMIT_SLEPT] = { "submit-slept", SEVERITY_FAULT,
		"io_submit slept",
		"The kernel's context switches show that the call waited, "
		"instead of only handing over the requests.",
		"Open the file with O_DIRECT, and allocate its blocks "
		"beforehand.",
		NULL },
	[RING_WORKER] = { "ring-worker", SEVERITY_COST,
		"requests that could be polled went to a worker thread",
		"Each costs two context switches and a copy in iou-wrk. A "
		"socket request goes to a worker in two cases: an earlier "
		"request of its linked chain went to one; or its poll ended 127 "
		"times without data (several requests wait on one socket).",
		"Keep one receive in flight per socket, or use multishot.",
		"The program asked for it with IOSQE_ASYNC." },
	[RING_AGAIN] = { "ring-again", SEVERITY_COST,
		"requests completed with EAGAIN",
		"A request with MSG_DONTWAIT, RWF_NOWAIT or "
		"IORING_ACCEPT_DONTWAIT arms no poll: it completes with "
		"EAGAIN at once. With O_NONBLOCK two more do so: a connect of "
		"AF_UNIX whose listener is full, and a read or write that is "
		"linked behind a request that went to a worker.",
		"Leave the flag out: the ring never blocks the caller.", NULL },
	[RING_OVERFLOW] = { "ring-overflow", SEVERITY_COST,
		"completions had no room in the ring",
		"The kernel keeps them in a list until there is room, and "
		"multishot requests end (Linux 6.1 and later; 5.15 lets them "
		"go on).",
		"Reap more often or set IORING_SETUP_CQSIZE.", NULL },
	[RING_FAILED] = { "ring-failed", SEVERITY_NOTE,
		"requests failed, although io_uring_enter succeeded",
		"io_uring_enter returns how many requests were taken, not "
		"how they ended: the error is in the completion.",
		"Look at res of each completion.", NULL },
	[SIGNAL_LOST] = { "sigio-lost", SEVERITY_NOTE,
		"SIGIO was dropped: one was already pending",
		"Standard signals do not queue.",
		"Accept and read until EAGAIN for each SIGIO.",
		"The program does so for each SIGIO: then no harm is done." },
	[SENDS_AFTER_END] = { "sends-after-end", SEVERITY_COST,
		"goes on sending to a peer that has closed",
		"recv with MSG_PEEK returned 0, which means that the peer has "
		"closed, and the program ignores it: the connection stays in "
		"CLOSE_WAIT, and what is sent is lost if the peer has gone.",
		"Close the connection when recv returns 0, and connect again.",
		"The peer has closed only its sending side, and still reads." },
};

/* ---- the list ---- */

static struct finding *say(struct findings *f, unsigned kind, long pid,
			   const struct file *file, unsigned long line)
{
	struct finding *d = finding_add(f, &about[kind], pid, 1, 0);

	finding_line(d, line);
	finding_subject(d, file);
	return d;
}

static void say_tracks(struct findings *f, unsigned kind, long pid,
		       const struct file *file, const struct tracks *t)
{
	struct finding *d = finding_add(f, &about[kind], pid, t->n, 0);

	finding_lines(d, t);
	finding_subject(d, file);
}

/* ---- looking ---- */

static void track_first(struct tracks **t, unsigned long line)
{
	if (!*t)
		*t = need(calloc(1, sizeof(**t)));
	track(*t, line);
}

void ready_habits_free(struct ready_habits *h)
{
	if (!h)
		return;
	free(h->wasted);
	free(h->singles);
	free(h->slept);
	free(h);
}

static struct suspicion *suspect(struct file *f)
{
	if (!f->suspicion)
		f->suspicion = need_zero(sizeof(*f->suspicion));
	return f->suspicion;
}

static int is_edge(const struct file *f)
{
	for (unsigned i = 0; i < f->n_watch; i++)
		if (f->watch[i].mode & EPOLL_EDGE &&
		    !(f->watch[i].mode & EPOLL_ONCE))
			return 1;
	return 0;
}

static int is_alone(const struct file *f)
{
	for (unsigned i = 0; i < f->n_watch; i++)
		if (f->watch[i].mode & EPOLL_ALONE)
			return 1;
	return 0;
}

static int is_level(const struct file *f)
{
	if (f->by == MODEL_POLL || f->by == MODEL_SELECT)
		return 1;
	for (unsigned i = 0; i < f->n_watch; i++)
		if (f->watch[i].mode == EPOLL_LEVEL ||
		    f->watch[i].mode == (EPOLL_LEVEL | EPOLL_ALONE))
			return 1;
	return 0;
}

static int by_loop(const struct file *f)
{
	return f->by == MODEL_EPOLL || f->by == MODEL_POLL ||
	       f->by == MODEL_SELECT;
}

static long long asked_bytes(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;

	if ((c != CALL_READ && c != CALL_RECVFROM) || l->n_args < 3)
		return -1;
	return slice_number(l->arg[2], NULL);
}

static void look_at_accept(struct ready_habits *h, struct step *st)
{
	struct suspicion *s = suspect(st->file);
	unsigned long line = st->event->first;

	s->edge |= is_edge(st->file);
	s->async |= st->file->async && !st->file->sig;
	if (st->phase & PHASE_ACCEPT) {
		track(&s->accepts, line);
		h->accepts_since_wait++;
		s->looped |= ++h->accepts_in_row > 1;
		return;
	}
	if (st->event->line->flags & LINE_NO_RETURN)
		return;
	s->drained |= st->phase & PHASE_EMPTY ||
		      step_failed(st, "EMFILE");
	h->queue_full = 0;			/* it asks all of them */
	if (st->phase & PHASE_EMPTY && !h->accepts_since_wait && h->waits &&
	    by_loop(st->file) && !is_alone(st->file)) {
		track(&s->herd, line);
		s->herd_many |= s->herd_pid && s->herd_pid != st->task->pid;
		s->herd_pid = st->task->pid;
	}
}

static void look_at_read(struct findings *f, struct ready_habits *h,
			 struct step *st)
{
	struct file *file = st->file;
	struct suspicion *s = suspect(file);
	unsigned long line = st->event->first;
	long long asked = asked_bytes(st);

	if (st->phase & PHASE_EMPTY) {
		if (s->short_read && is_level(file) && !is_edge(file))
			track_first(&h->wasted, line);
		s->full = s->short_read = 0;
		return;
	}
	if (st->phase & PHASE_EOF && asked) {
		if (!s->eof_line) {
			s->eof_line = line;
			s->eof_turn = f->turns;
		}
		s->full = 0;
		s->peeked = slice_find(st->event->line->args, "MSG_PEEK") != NULL;
		return;
	}
	if (!(st->phase & PHASE_COPY))
		return;
	h->reads += is_level(file);
	s->full = asked > 0 && st->bytes == asked && is_edge(file);
	s->short_read = asked > 0 && st->bytes < asked;
	s->full_line = line;
	s->full_pid = st->task->pid;
}

/* It watches nothing else: no other connection has to wait. */
static int is_only_one(const struct task *t, const struct file *file)
{
	if (file->parent || file->assumed || file->kind == FILE_LISTENER)
		return 0;
	for (unsigned i = 0; i < t->fds->size; i++)
		if (t->fds->slot[i] && t->fds->slot[i] != file &&
		    by_loop(t->fds->slot[i]))
			return 0;
	return 1;
}

/*
 * In an event loop a read or accept did not return, or only after seconds.
 * (A long one in a log without -T would be a bound.)
 */
static int blocked_loop(struct findings *f, const struct step *st)
{
	const struct line *l = st->event->line;
	const struct file *file = st->file;
	long long ns = call_lasted(f, st);
	char object[128], span[24], how[64] = ", which did not return";
	struct finding *d;

	if (!(l->flags & LINE_NO_RETURN) && st->event->took_ns == NO_TIME)
		return 0;
	/* (Without times a log may have been cut while a thread accepted.) */
	if (l->flags & LINE_NO_RETURN && (ns || f->last_ns != NO_TIME ?
	    ns < BLOCKED_NS : !(l->flags & LINE_DETACHED) &&
	    st->task->process->tasks_made > 1))
		return 0;
	if (!(l->flags & LINE_NO_RETURN) && ns < BLOCKED_NS)
		return 0;
	/* (It had failed at once before, as with EMFILE.) */
	if (!ns && file->suspicion && file->suspicion->drained)
		return 0;
	if (ns)
		snprintf(how, sizeof(how), "%s for %s", l->flags &
			 LINE_NO_RETURN ? how : "", span_text(ns, span,
							      sizeof(span)));
	d = say(f, BLOCKED_LOOP, st->task->process->pid, file,
		st->event->first);
	d->cost_ns = plus_ns(d->cost_ns, ns);
	d->fatal |= !!(l->flags & LINE_NO_RETURN);
	finding_says(d, "the event loop of %s was blocked in %.*s on %s%s: the "
		     "descriptor is blocking (O_NONBLOCK is not set), and the "
		     "loop served nothing else", task_name(st->task),
		     (int)l->name.len, l->name.at,
		     file_text_as(file, st->fd, object, sizeof(object)), how);
	return 1;
}

/* Reads and accepts of what the same thread's loop watches. */
static void look_at_blocking(struct findings *f, const struct ready_habits *h,
			     struct step *st)
{
	const struct file *file = st->file;

	if (!h->waits || !by_loop(file) || file->nonblocking == 1 ||
	    !(file_is_socket(file) || file->kind == FILE_LISTENER))
		return;
	if (!slice_find(st->event->line->args, "MSG_DONTWAIT") &&
	    !is_only_one(st->task, file) && blocked_loop(f, st))
		return;
	if (file->nonblocking != 0)
		return;
	if (slice_find(st->event->line->args, "MSG_DONTWAIT"))
		return;
	/* (A helper of its own writes a message's head and body one by one.) */
	if (st->phase & PHASE_WAIT && st->wait_ns != NO_TIME &&
	    st->wait_ns >= SLEPT_NS && !is_only_one(st->task, file) &&
	    file->kind != FILE_PIPE && file->kind != FILE_SOCKETPAIR)
		say(f, BLOCKED_LOOP, st->task->process->pid, file,
		    st->event->first);
	else if (!(st->phase & PHASE_FAILED))
		say(f, BLOCKING_IN_LOOP, st->task->process->pid, file,
		    st->event->first);
}

static void look_at_write(struct findings *f, struct step *st)
{
	struct suspicion *s = st->file->suspicion;
	const struct line *l = st->event->line;
	struct finding *d;
	char on[112];

	/* It owes the peer: EPOLLOUT brings it back, and it reads on then. */
	if (s && (st->phase & PHASE_EMPTY ||
		  (l->n_args > 2 &&
		   st->bytes < slice_number(l->arg[2], NULL))))
		s->full = 0;
	if (s && st->bytes > 0)			/* only half of it is closed */
		s->eof_turn = f->turns;
	if (s && st->bytes > 0 && s->peeked && ++s->deaf >= DEAF_MIN) {
		d = say(f, SENDS_AFTER_END, st->task->process->pid, st->file,
			s->eof_line);
		finding_says(d, "recv with MSG_PEEK has shown %u times that the peer "
			     "of %s has closed its side (line %lu), and the "
			     "program goes on sending to it", s->deaf,
			     file_text_as(st->file, st->fd, on, sizeof(on)),
			     s->eof_line);
	}
	if (s)
		s->peeked = 0;
	if (!slice_is(l->error, "EPIPE"))
		return;
	s = suspect(st->file);
	track(&s->epipes, st->event->first);
	if (s->epipes.n == 1) {
		say(f, EPIPE_ONCE, st->task->process->pid, st->file,
		    st->event->first);
		return;
	}
	d = say(f, EPIPE_REPEATED, st->task->process->pid, st->file,
		st->event->first);
	finding_says(d, "%.*s to %s has failed with EPIPE %lu times: the reader or "
		     "the peer has gone, and the program does not close the "
		     "descriptor", (int)l->name.len, l->name.at,
		     file_text_as(st->file, st->fd, on, sizeof(on)),
		     s->epipes.n);
}

static void look_at_wait(struct findings *f, struct ready_habits *h,
			 struct step *st)
{
	h->waits++;
	h->accepts_since_wait = h->accepts_in_row = 0;
	h->queue_full = 0;			/* it asks about all: recovered */
	/* A zero timeout: it only looks who else is there, and reads on. */
	for (unsigned i = 0; st->phase & PHASE_WAIT && i < st->n_ready; i++) {
		struct file *file = st->ready[i].file;
		struct suspicion *s = file->suspicion;

		/* (Another thread may be about to read on, as Go's do.) */
		if (s && s->full && is_edge(file) &&
		    s->full_pid == st->task->pid &&
		    st->ready[i].events & READY_IN)
			say(f, NOT_DRAINED, st->task->process->pid,
			    file, s->full_line);
		if (s)
			s->full = 0;
	}
}

/* EPOLL_CTL_MOD looks anew: what was left unread is reported once more. */
static void look_at_registration(const struct step *st)
{
	struct file *file = table_at(st->task->fds, st->made_fd);

	if (file && file->suspicion)
		file->suspicion->full = 0;
}

static void look_at_submit(struct findings *f, struct step *st)
{
	struct slice rest = st->event->line->args;
	int buffered = 0;
	const char *p;

	while ((p = slice_find(rest, "fildes"))) {
		struct slice op = slice_of(rest.at, p);
		struct file *file;

		rest = slice_of(p + 7, rest.at + rest.len);
		file = table_at(st->task->fds, line_fd(rest, NULL));
		if (file && file->kind == FILE_REGULAR && !file->direct &&
		    !file->assumed && !slice_find(op, "POLL") &&
		    !slice_find(op, "SYNC")) {
			say(f, AIO_BUFFERED, st->task->process->pid,
			    file, st->event->first);
			buffered = 1;
		}
	}
	/* (What kernel.log shows is looked at by look_at_submit_time.) */
	if (!buffered && !st->kernel.seen && st->event->took_ns != NO_TIME &&
	    st->event->took_ns >= SLEPT_NS)
		say(f, AIO_BLOCKED, st->task->process->pid, NULL,
		    st->event->first);
}

static void look_at_submit_time(struct ready_habits *h, const struct step *st)
{
	if (!st->kernel.seen)
		return;
	h->submits++;
	if (!st->kernel.sleeps)
		return;
	track_first(&h->slept, st->event->first);
	h->slept_ns = plus_ns(h->slept_ns, st->kernel.slept_ns);
}

static void look_at_ring(struct ready_habits *h, struct step *st)
{
	long long n;

	if (!(st->phase & PHASE_SUBMIT) || st->event->line->n_args < 2)
		return;
	n = slice_number(st->event->line->arg[1], NULL);
	h->enters++;
	if (n == 1)
		track_first(&h->singles, st->event->first);
}

static void look_at_signal(struct findings *f, struct ready_habits *h,
			   struct step *st)
{
	const struct line *l = st->event->line;

	if (st->signal == 29 && st->task->process->queued &&
	    slice_find(l->args, "si_code=SI_KERNEL"))
		h->queue_full = st->event->first;
	h->accepts_in_row = 0;
	if (st->artefact && h->eintr_line)
		say(f, TRACER_EINTR, st->task->process->pid, NULL,
		    h->eintr_line);
	h->eintr_line = 0;
}

static void look_at_call(struct findings *f, struct ready_habits *h,
			 struct step *st)
{
	struct event *e = st->event;
	enum call_class class = call_class(e->call);

	h->eintr_line = slice_is(e->line->error, "EINTR") &&
			class == CLASS_WAIT ? e->first : 0;
	f->turns += class == CLASS_ACCEPT || (class == CLASS_WAIT &&
					      st->phase & PHASE_WAIT);
	st->task->process->has_waited |= class == CLASS_ACCEPT ||
			class == CLASS_WAIT || e->call == CALL_SLEEP;
	if (class == CLASS_WAIT && e->call <= CALL_EPOLL_WAIT) {
		look_at_wait(f, h, st);
		return;
	}
	if (e->call == CALL_EPOLL_CTL && slice_is(e->line->error, "EPERM"))
		say(f, EPOLL_FILE, st->task->process->pid, NULL,
		    e->first);
	if (e->call == CALL_EPOLL_CTL && !e->line->error.len)
		look_at_registration(st);
	if (e->call == CALL_IO_SUBMIT)
		look_at_submit(f, st);
	if (e->call == CALL_IO_SUBMIT)
		look_at_submit_time(h, st);
	if (e->call == CALL_RING_ENTER)
		look_at_ring(h, st);
	if (!st->file || !st->model)
		return;
	if (class == CLASS_ACCEPT)
		look_at_accept(h, st);
	if (class == CLASS_IN && st->model != MODEL_FILE)
		look_at_read(f, h, st);
	if (class == CLASS_OUT)
		look_at_write(f, st);
	if (class == CLASS_ACCEPT || class == CLASS_IN)
		look_at_blocking(f, h, st);
}

/* Most threads never wait for many, accept, read or write. */
static int concerns(const struct event *e)
{
	enum call_class class = call_class(e->call);

	return e->kind == EVENT_SIGNAL || class == CLASS_WAIT ||
	       class == CLASS_ACCEPT || class == CLASS_IN ||
	       class == CLASS_OUT || e->call == CALL_EPOLL_CTL ||
	       e->call == CALL_IO_SUBMIT || e->call == CALL_SLEEP;
}

void ready_note(struct findings *f, struct habits *habits, struct step *st)
{
	struct event *e = st->event;
	struct ready_habits *h = habits->ready;

	if (e->kind != EVENT_CALL && e->kind != EVENT_SIGNAL)
		return;
	if (!concerns(e)) {
		if (h)
			h->eintr_line = 0;
		return;
	}
	if (!h)
		h = habits->ready = need_zero(sizeof(*h));
	if (e->kind == EVENT_CALL)
		look_at_call(f, h, st);
	else
		look_at_signal(f, h, st);
}

/* ---- judging ---- */

/* A file that is open to the end: how often is it? */
static void count_open(struct findings *f, const struct file *file)
{
	uint64_t key = file->pid * 0x9e3779b97f4a7c15ULL;
	struct reopened *o;

	if ((file->kind != FILE_REGULAR && file->kind != FILE_DIRECTORY) ||
	    file->assumed || !file->name)
		return;
	if (*file->name != '/')
		key += file->in_directory;
	key = hash_text(key, file->name) | 1;
	o = map_get(&f->open, key);
	if (!o) {
		if (f->open.used > 10000)
			return;
		o = need(calloc(1, sizeof(*o)));
		o->pid = file->pid;
		o->fd = file->fd;
		snprintf(o->name, sizeof(o->name), "%s", file->name);
		map_put(&f->open, key, o);
	}
	track(&o->times, file->opened);
	o->at_start += file->at_start;
	if (file->opened > o->last)
		o->last = file->opened;
	if (file->closed > o->ended)
		o->ended = file->closed;
}

/* Each thread or module of a program has one, and there are no more later. */
static int is_of_start(const struct reopened *o)
{
	unsigned long first = o->times.line[0];

	return o->at_start * 2 >= o->times.n &&
	       (o->last - first) * 4 < (o->ended - first) * 3;
}

/* The child that served it has ended, and the process that accepted it lives. */
static int is_childs_copy(const struct findings *f, const struct file *file)
{
	return !f->at_end && map_get(&f->world->tasks, file->pid);
}

void ready_file_ends(struct findings *f, struct file *file)
{
	struct suspicion *s = file->suspicion;

	if (file->left_open)
		count_open(f, file);
	if (!s)
		return;
	if ((s->edge || s->async) && s->accepts.n && !s->drained &&
	    !s->looped)
		say_tracks(f, ACCEPT_ONCE, file->pid, file, &s->accepts);
	if (s->herd.n >= HERD_MIN && s->herd_many)
		say_tracks(f, HERD, file->pid, file, &s->herd);
	if (!is_childs_copy(f, file) &&
	    file->left_open && s->eof_line && file_is_stream(file) &&
	    file->parent && (file->closed > s->eof_line + LEAK_LINES ||
			     f->turns >= s->eof_turn + LEAK_TURNS))
		say(f, LEAK, file->pid, file, s->eof_line);
}

void ready_task_ends(struct findings *f, struct habits *habits, struct task *t)
{
	struct ready_habits *h = habits->ready;
	long pid = t->process->pid;

	if (!h)
		return;
	if (h->wasted && h->wasted->n >= WASTED_MIN &&
	    h->wasted->n * 100 >= h->reads * WASTED_PERCENT)
		say_tracks(f, WASTED_READ, pid, NULL, h->wasted);
	if (h->enters >= SINGLE_MIN &&
	    h->singles && h->singles->n * 100 >= h->enters * SINGLE_PERCENT)
		say_tracks(f, RING_SINGLE, pid, NULL, h->singles);
	if (h->slept_ns >= SUBMIT_SLEPT_NS && h->slept->n * 4 >= h->submits)
		say_tracks(f, SUBMIT_SLEPT, pid, NULL, h->slept);
	if (h->queue_full)
		say(f, SIGNAL_QUEUE_FULL, pid, NULL, h->queue_full);
}

static void kernel_says(struct findings *f, unsigned k, long pid,
			unsigned long line, unsigned long count)
{
	struct finding *d = say(f, k, pid, NULL, line);

	d->count += count - 1;
	d->of_kernel = 1;
}

void finding_kernel(struct findings *f, const struct witness *w)
{
	for (unsigned i = 0; i < w->n_rings; i++) {
		const struct witness_ring *r = w->ring_list[i];

		if (r->to_worker)
			kernel_says(f, RING_WORKER, r->pid,
				    r->to_worker_line, r->to_worker);
		if (r->again >= RING_AGAIN_MIN)
			kernel_says(f, RING_AGAIN, r->pid,
				    r->again_line, r->again);
		if (r->overflows)
			kernel_says(f, RING_OVERFLOW, r->pid, 0,
				    r->overflows);
		if (r->failed)
			kernel_says(f, RING_FAILED, r->pid,
				    r->failed_line, r->failed);
	}
	if (w->signals_lost)
		kernel_says(f, SIGNAL_LOST, w->signals_lost_pid,
			    w->signals_lost_line, w->signals_lost);
}

int ready_too_few(const struct findings *f, const struct finding *d)
{
	/* Without one failed call the log is one of -z: EAGAIN is not in it. */
	if (d->about == &about[ACCEPT_ONCE] && !f->errors)
		return 1;
	/* A process for each connection ends with its own, and that closes it. */
	if (d->about == &about[RING_SINGLE])
		return d->count * 100 < f->calls * SINGLE_PART;
	return d->about == &about[LEAK] &&
	       (d->count < LEAK_MIN || (d->n_pids > 1 && d->n_pids >= d->count));
}

void ready_settle(struct findings *f)
{
	struct finding *d;
	struct reopened *o;

	map_each(&f->open, i, o) {
		if (o->times.n < REOPENED_MIN || is_of_start(o))
			continue;
		d = finding_add(f, &about[LEAK_FILE], o->pid, o->times.n, 0);
		finding_lines(d, &o->times);
		snprintf(d->subject, sizeof(d->subject), "%d (%s)", o->fd,
			 o->name);
		finding_says(d, "the file %s was opened %lu times and never "
			     "closed: descriptors %d and more, a leak", o->name,
			     o->times.n, o->fd);
	}
}

void ready_free(struct findings *f)
{
	struct reopened *o;

	map_each(&f->open, i, o)
		free(o);
	map_free(&f->open);
}
