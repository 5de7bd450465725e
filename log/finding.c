/* SPDX-License-Identifier: MIT */
/*
 * finding.c - what is odd; see finding.h
 *
 * Everything is counted as it goes by, on the descriptor (struct suspicion) or
 * on the task (struct habits), and judged when that ends.  Thresholds are here
 * and nowhere else: a finding on a healthy program is worse than a missed one.
 */
#include <stdio.h>
#include <stdlib.h>
#include "finding.h"

enum {
	WASTED_MIN = 8,		/* EAGAINs after a read that had emptied it */
	WASTED_PERCENT = 80,	/* of the reads that level-triggering asked for */
	HERD_MIN = 2,		/* woken for nothing */
	ONE_BYTE_MIN = 16,
	SINGLE_MIN = 100,	/* io_uring_enter with one request */
	SINGLE_PERCENT = 95,
	EMFILE_RUN = 8,		/* accepts that fail in a row */
	SPIN_RUN = 32,		/* waits told the same, nothing done */
	ASK_RUN = 100,		/* questions in a row, answered "no" */
	LEAK_LINES = 100,	/* the log went on that long after the end */
	LEAK_TURNS = 8,		/* or so many waits and accepts came after it */
	LEAK_MIN = 3,		/* descriptors */
	REOPENED_MIN = 32,	/* descriptors of one file, open at the end */
	SLEPT_NS = 10000000,	/* an event loop that slept in a read */
	SUBMIT_SLEPT_NS = 1000000,	/* io_submit, in all; and a quarter of them */
	RING_AGAIN_MIN = 3,
};

struct suspicion {		/* of a descriptor */
	unsigned long accept[FINDING_LINES], accepts;
	unsigned drained;	/* an accept said EAGAIN, or failed */
	int looped;		/* two accepts for one edge or signal */
	int edge, async;
	unsigned long full_line;	/* a read that filled the buffer, last */
	int full, short_read;
	unsigned long one_byte, one_byte_line[FINDING_LINES];
	unsigned long epipes, epipe_line[FINDING_LINES];
	unsigned long eof_line, eof_turn;
	unsigned long herd, herd_line[FINDING_LINES];
	long herd_pid;
	int herd_many, alone;
};

struct reopened {		/* a path, in a process */
	unsigned long times, line[FINDING_LINES];
	long pid;
	int fd;
	char name[80];
};

struct habits {			/* of a task */
	unsigned long waits, accepts_since_wait, accepts_in_row;
	unsigned long reads, wasted, wasted_line[FINDING_LINES];
	unsigned long enters, singles, single_line[FINDING_LINES];
	unsigned long emfiles, emfile_line[FINDING_LINES];
	unsigned long spin, spin_line, ask, ask_line;
	const struct file *told;
	unsigned long queue_full, eintr_line;
	unsigned long submits, submits_slept, slept_line[FINDING_LINES];
	long long slept_ns;
	unsigned long last_line;
};

static const struct {
	const char *name;
	enum severity severity;
	const char *title, *advice;
} about[FINDINGS] = {
	[FINDING_ACCEPT_ONCE] = { "accept-once", SEVERITY_FAULT,
		"one accept for each edge or signal",
		"Several connections can arrive under one edge or one SIGIO; "
		"accept until EAGAIN, or the others wait for the next peer." },
	[FINDING_NOT_DRAINED] = { "not-drained", SEVERITY_FAULT,
		"edge-triggered, but not read until EAGAIN",
		"The buffer was filled and the thread went back to wait: what "
		"is left is not reported again until more arrives. Read until "
		"EAGAIN or a short read." },
	[FINDING_WASTED_READ] = { "wasted-read", SEVERITY_COST,
		"a read that says EAGAIN after every message",
		"Level-triggered readiness comes again by itself: one read "
		"per event is enough, and saves a call a message." },
	[FINDING_HERD] = { "thundering-herd", SEVERITY_COST,
		"several are woken for one connection",
		"Register the listener with EPOLLEXCLUSIVE, or give each "
		"process its own with SO_REUSEPORT." },
	[FINDING_BLOCKED_LOOP] = { "blocked-loop", SEVERITY_FAULT,
		"an event loop slept in a read or an accept",
		"While it sleeps nobody else is served. Set O_NONBLOCK on "
		"what the loop watches." },
	[FINDING_BLOCKING_IN_LOOP] = { "blocking-in-loop", SEVERITY_NOTE,
		"blocking descriptors in an event loop",
		"Readiness is a hint: the peer may have gone, another may "
		"have taken it, and then the call sleeps. Set O_NONBLOCK." },
	[FINDING_ONE_BYTE] = { "one-byte-reads", SEVERITY_COST,
		"reads of one byte at a time",
		"Each byte costs a system call; read what is there into a "
		"buffer and look for the end in it." },
	[FINDING_SIGNAL_QUEUE_FULL] = { "signal-queue-full", SEVERITY_FAULT,
		"the queue of real-time signals overflowed",
		"The kernel fell back to a plain SIGIO that names no "
		"descriptor. Ask poll(2) about all of them, and raise "
		"RLIMIT_SIGPENDING." },
	[FINDING_AIO_BUFFERED] = { "aio-buffered", SEVERITY_FAULT,
		"io_submit on a buffered file does the I/O itself",
		"Native AIO is asynchronous with O_DIRECT only; without it "
		"the thread waits and copies inside io_submit." },
	[FINDING_AIO_BLOCKED] = { "aio-blocked", SEVERITY_COST,
		"an io_submit took 10 ms or more",
		"The call that should only hand over waited itself: a full "
		"request queue, or blocks that the file system had to "
		"allocate. Preallocate the file, or submit from a thread." },
	[FINDING_RING_SINGLE] = { "ring-single", SEVERITY_COST,
		"one request for each io_uring_enter",
		"A ring pays when a call submits several; queue what is "
		"ready and submit it together." },
	[FINDING_EPOLL_FILE] = { "epoll-file", SEVERITY_NOTE,
		"a descriptor that epoll cannot watch (EPERM)",
		"Regular files are always ready and never wait for "
		"readiness; read them directly, in a thread or in a ring." },
	[FINDING_EPIPE_REPEATED] = { "epipe-repeated", SEVERITY_FAULT,
		"writes on after EPIPE",
		"The peer is gone for good; close the descriptor at the "
		"first EPIPE." },
	[FINDING_EPIPE] = { "epipe", SEVERITY_NOTE,
		"a write to a peer that had closed (EPIPE)",
		"It cannot be avoided, only handled: ignore SIGPIPE or send "
		"with MSG_NOSIGNAL, and close." },
	[FINDING_SIGPIPE] = { "sigpipe", SEVERITY_FAULT,
		"killed by SIGPIPE",
		"One peer that closes ends the whole process. Ignore SIGPIPE "
		"or send with MSG_NOSIGNAL." },
	[FINDING_LEAK] = { "leak", SEVERITY_FAULT,
		"descriptors whose peer closed are never closed",
		"Each one stays in CLOSE_WAIT and counts against "
		"RLIMIT_NOFILE; close when a read returns 0." },
	[FINDING_LEAK_FILE] = { "leak-file", SEVERITY_FAULT,
		"one file is opened again and again and never closed",
		"Each open takes a descriptor until RLIMIT_NOFILE is reached; "
		"close it, or keep the first one." },
	[FINDING_EMFILE] = { "emfile-spin", SEVERITY_FAULT,
		"out of descriptors, and tries again and again",
		"The connection stays queued and the listener ready: leave "
		"the listener alone until a descriptor is closed." },
	[FINDING_SPIN] = { "spin", SEVERITY_FAULT,
		"told of the same readiness again and again, and does nothing",
		"Read it, write it, or take it out of the interest set." },
	[FINDING_BUSY_ASK] = { "busy-ask", SEVERITY_COST,
		"asks in a loop without sleeping",
		"The loop takes a whole processor to learn that nothing is "
		"there; wait with a timeout, or without one." },
	[FINDING_TRACER_EINTR] = { "tracer-eintr", SEVERITY_NOTE,
		"EINTR that only a traced process gets",
		"The signal is ignored: without strace the call would have "
		"gone on sleeping. Not a fault of the program." },
	[FINDING_SUBMIT_SLEPT] = { "submit-slept", SEVERITY_FAULT,
		"io_submit slept",
		"The kernel's switches show it: what should only be handed "
		"over was waited for. Open the file with O_DIRECT, and "
		"allocate its blocks before." },
	[FINDING_RING_WORKER] = { "ring-worker", SEVERITY_COST,
		"requests that could be polled went to a worker thread",
		"Each costs two switches and a copy in iou-wrk. A socket "
		"request goes there when its file cannot be polled, or when "
		"an earlier one of a linked chain did." },
	[FINDING_RING_AGAIN] = { "ring-again", SEVERITY_COST,
		"requests completed with EAGAIN",
		"On a descriptor with O_NONBLOCK, or with MSG_DONTWAIT, "
		"io_uring arms no poll: it says EAGAIN at once. Leave both "
		"away, the ring never blocks the caller." },
	[FINDING_RING_OVERFLOW] = { "ring-overflow", SEVERITY_COST,
		"completions had no room in the ring",
		"The kernel keeps them in a list until there is room, and "
		"multishot requests end. Reap more often or set "
		"IORING_SETUP_CQSIZE." },
	[FINDING_RING_FAILED] = { "ring-failed", SEVERITY_NOTE,
		"requests failed inside of calls that succeed",
		"io_uring_enter returns how many requests were taken, not "
		"how they ended: the error is in the completion." },
	[FINDING_SIGNAL_LOST] = { "sigio-lost", SEVERITY_NOTE,
		"SIGIO that came to nothing, since one was pending",
		"Standard signals do not queue. No harm where each SIGIO is "
		"answered by accepting and reading until EAGAIN; data are "
		"left behind where it is taken for one event." },
};

const char *finding_name(enum finding_kind k) { return about[k].name; }
const char *finding_title(enum finding_kind k) { return about[k].title; }
const char *finding_advice(enum finding_kind k) { return about[k].advice; }

enum severity finding_severity(enum finding_kind k)
{
	return about[k].severity;
}

const char *severity_name(enum severity s)
{
	return s == SEVERITY_FAULT ? "fault" : s == SEVERITY_COST ? "cost"
								   : "note";
}

/* ---- the list ---- */

static struct finding *find(struct findings *f, enum finding_kind k, long pid)
{
	struct finding *d;

	for (d = f->first; d; d = d->next)
		if (d->kind == k && (d->pid == pid || f->n > 100))
			return d;
	d = need(calloc(1, sizeof(*d)));
	d->kind = k;
	d->pid = pid;
	if (!f->tail)
		f->tail = &f->first;
	*f->tail = d;
	f->tail = &d->next;
	f->n++;
	return d;
}

static void add_line(struct finding *d, unsigned long line)
{
	if (line && d->n_lines < FINDING_LINES)
		d->line[d->n_lines++] = line;
}

static struct finding *say(struct findings *f, enum finding_kind k, long pid,
			   const struct file *file, unsigned long line)
{
	struct finding *d = find(f, k, pid);

	d->count++;
	add_line(d, line);
	if (file && !*d->subject)
		snprintf(d->subject, sizeof(d->subject), "%d%s%s%s", file->fd,
			 file->name ? " (" : "", file->name ? file->name : "",
			 file->name ? ")" : "");
	return d;
}

static void say_lines(struct findings *f, enum finding_kind k, long pid,
		      const struct file *file, const unsigned long *line,
		      unsigned long count)
{
	struct finding *d = say(f, k, pid, file, 0);

	d->count += count - 1;
	for (unsigned i = 0; i < FINDING_LINES && i < count; i++)
		add_line(d, line[i]);
}

static void remember(unsigned long *lines, unsigned long n, unsigned long line)
{
	if (n < FINDING_LINES)
		lines[n] = line;
}

/* ---- looking ---- */

static struct suspicion *suspect(struct file *f)
{
	if (!f->suspicion)
		f->suspicion = need(calloc(1, sizeof(*f->suspicion)));
	return f->suspicion;
}

static struct habits *habits_of(struct findings *f, const struct task *t)
{
	struct habits *h = map_get(&f->tasks, (uintptr_t)t);

	if (!h) {
		h = need(calloc(1, sizeof(*h)));
		map_put(&f->tasks, (uintptr_t)t, h);
	}
	return h;
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

static void look_at_accept(struct findings *f, struct habits *h,
			   struct step *st)
{
	const struct line *l = st->event->line;
	struct suspicion *s = suspect(st->file);
	unsigned long line = st->event->first;

	s->edge |= is_edge(st->file);
	s->async |= st->file->async && !st->file->sig;
	if (st->phase & PHASE_ACCEPT) {
		remember(s->accept, s->accepts++, line);
		h->accepts_since_wait++;
		s->looped |= ++h->accepts_in_row > 1;
		h->emfiles = 0;
		return;
	}
	if (st->event->line->flags & LINE_NO_RETURN)
		return;
	s->drained |= !!(st->phase & PHASE_EMPTY);
	h->queue_full = 0;			/* it asks all of them */
	if (st->phase & PHASE_EMPTY && !h->accepts_since_wait && h->waits &&
	    by_loop(st->file) && !is_alone(st->file)) {
		remember(s->herd_line, s->herd++, line);
		s->herd_many |= s->herd_pid && s->herd_pid != st->task->pid;
		s->herd_pid = st->task->pid;
	}
	if (slice_is(l->error, "EMFILE") || slice_is(l->error, "ENFILE")) {
		remember(h->emfile_line, h->emfiles++, line);
		if (h->emfiles == EMFILE_RUN)
			say_lines(f, FINDING_EMFILE, st->task->process->pid,
				  st->file, h->emfile_line, EMFILE_RUN);
	}
}

static void look_at_read(struct findings *f, struct habits *h, struct step *st)
{
	struct file *file = st->file;
	struct suspicion *s = suspect(file);
	unsigned long line = st->event->first;
	long long asked = asked_bytes(st);

	if (st->phase & PHASE_EMPTY) {
		if (s->short_read && is_level(file) && !is_edge(file))
			remember(h->wasted_line, h->wasted++, line);
		s->full = s->short_read = 0;
		return;
	}
	if (st->phase & PHASE_EOF && asked) {
		if (!s->eof_line) {
			s->eof_line = line;
			s->eof_turn = f->turns;
		}
		s->full = 0;
		return;
	}
	if (!(st->phase & PHASE_COPY))
		return;
	h->reads += is_level(file);
	s->full = asked > 0 && st->bytes == asked && is_edge(file);
	s->short_read = asked > 0 && st->bytes < asked;
	s->full_line = line;
	if (asked == 1 && file->kind == FILE_CONNECTION) {
		remember(s->one_byte_line, s->one_byte++, line);
		if (s->one_byte == ONE_BYTE_MIN)
			say_lines(f, FINDING_ONE_BYTE, st->task->process->pid,
				  file, s->one_byte_line, ONE_BYTE_MIN);
		else if (s->one_byte > ONE_BYTE_MIN)
			say(f, FINDING_ONE_BYTE, st->task->process->pid, file,
			    0);
	}
}

/* Reads and accepts of what the same thread's loop watches. */
static void look_at_blocking(struct findings *f, const struct habits *h,
			     struct step *st)
{
	const struct file *file = st->file;

	if (!h->waits || !by_loop(file) || !file_is_socket(file) ||
	    file->nonblocking != 0)
		return;
	if (slice_find(st->event->line->args, "MSG_DONTWAIT"))
		return;
	if (st->phase & PHASE_WAIT && st->wait_ns != NO_TIME &&
	    st->wait_ns >= SLEPT_NS)
		say(f, FINDING_BLOCKED_LOOP, st->task->process->pid, file,
		    st->event->first);
	else if (!(st->phase & PHASE_FAILED))
		say(f, FINDING_BLOCKING_IN_LOOP, st->task->process->pid, file,
		    st->event->first);
}

static void look_at_write(struct findings *f, struct step *st)
{
	struct suspicion *s = st->file->suspicion;
	const struct line *l = st->event->line;

	/* It owes the peer: EPOLLOUT brings it back, and it reads on then. */
	if (s && (st->phase & PHASE_EMPTY ||
		  (l->n_args > 2 &&
		   st->bytes < slice_number(l->arg[2], NULL))))
		s->full = 0;
	if (s && st->bytes > 0)			/* only half of it is closed */
		s->eof_turn = f->turns;
	if (!slice_is(l->error, "EPIPE"))
		return;
	s = suspect(st->file);
	remember(s->epipe_line, s->epipes++, st->event->first);
	if (s->epipes == 1)
		say(f, FINDING_EPIPE, st->task->process->pid, st->file,
		    st->event->first);
	else
		say(f, FINDING_EPIPE_REPEATED, st->task->process->pid,
		    st->file, st->event->first);
}

static void look_at_wait(struct findings *f, struct habits *h, struct step *st)
{
	unsigned long line = st->event->first;

	h->waits++;
	h->accepts_since_wait = h->accepts_in_row = 0;
	h->queue_full = 0;			/* it asks about all: recovered */
	if (st->n_ready && st->ready[0].file == h->told) {
		if (!h->spin++)
			h->spin_line = line;
		if (h->spin == SPIN_RUN)
			say(f, FINDING_SPIN, st->task->process->pid,
			    st->ready[0].file, h->spin_line)->count = SPIN_RUN;
	} else {
		h->spin = 0;
	}
	h->told = st->n_ready ? st->ready[0].file : NULL;
	/* A zero timeout: it only looks who else is there, and reads on. */
	for (unsigned i = 0; st->phase & PHASE_WAIT && i < st->n_ready; i++) {
		struct file *file = st->ready[i].file;
		struct suspicion *s = file->suspicion;

		if (s && s->full && is_edge(file) &&
		    st->ready[i].events & READY_IN)
			say(f, FINDING_NOT_DRAINED, st->task->process->pid,
			    file, s->full_line);
		if (s)
			s->full = 0;
	}
}

static void look_at_asking(struct findings *f, struct habits *h,
			   struct step *st)
{
	int empty = st->phase & PHASE_EMPTY ||
		    (call_class(st->event->call) == CLASS_WAIT &&
		     !(st->phase & (PHASE_WAIT | PHASE_SUBMIT)) &&
		     !st->n_ready && st->model != MODEL_RING &&
		     st->model != MODEL_AIO);

	if (!empty) {
		h->ask = 0;
		return;
	}
	if (!h->ask++)
		h->ask_line = st->event->first;
	if (h->ask == ASK_RUN)
		say(f, FINDING_BUSY_ASK, st->task->process->pid, st->file,
		    h->ask_line)->count = ASK_RUN;
	else if (h->ask > ASK_RUN)
		say(f, FINDING_BUSY_ASK, st->task->process->pid, st->file, 0);
}

static void look_at_submit(struct findings *f, struct step *st)
{
	struct slice rest = st->event->line->args;
	int buffered = 0;
	const char *p;

	while ((p = slice_find(rest, "fildes"))) {
		struct slice op = slice_of(rest.at, p);
		long fd;
		struct file *file;

		rest = slice_of(p + 7, rest.at + rest.len);
		fd = line_fd(rest, NULL);
		file = fd >= 0 && (unsigned long)fd < st->task->fds->size ?
			st->task->fds->slot[fd] : NULL;
		if (file && file->kind == FILE_REGULAR && !file->direct &&
		    !file->assumed && !slice_find(op, "POLL") &&
		    !slice_find(op, "SYNC")) {
			say(f, FINDING_AIO_BUFFERED, st->task->process->pid,
			    file, st->event->first);
			buffered = 1;
		}
	}
	/* (What kernel.log shows is looked at by look_at_submit_time.) */
	if (!buffered && !st->kernel.seen && st->event->took_ns != NO_TIME &&
	    st->event->took_ns >= SLEPT_NS)
		say(f, FINDING_AIO_BLOCKED, st->task->process->pid, NULL,
		    st->event->first);
}

static void look_at_submit_time(struct habits *h, const struct step *st)
{
	if (!st->kernel.seen)
		return;
	h->submits++;
	if (!st->kernel.sleeps)
		return;
	remember(h->slept_line, h->submits_slept++, st->event->first);
	h->slept_ns = plus_ns(h->slept_ns, st->kernel.slept_ns);
}

static void look_at_ring(struct habits *h, struct step *st)
{
	long long n;

	if (!(st->phase & PHASE_SUBMIT) || st->event->line->n_args < 2)
		return;
	n = slice_number(st->event->line->arg[1], NULL);
	h->enters++;
	if (n == 1)
		remember(h->single_line, h->singles++, st->event->first);
}

static void look_at_signal(struct findings *f, struct habits *h,
			   struct step *st)
{
	const struct line *l = st->event->line;

	if (st->signal == 29 && st->task->process->queued &&
	    slice_find(l->args, "si_code=SI_KERNEL"))
		h->queue_full = st->event->first;
	h->accepts_in_row = 0;
	if (st->artefact && h->eintr_line)
		say(f, FINDING_TRACER_EINTR, st->task->process->pid, NULL,
		    h->eintr_line);
	h->eintr_line = 0;
}

static void look_at_call(struct findings *f, struct habits *h, struct step *st)
{
	struct event *e = st->event;
	enum call_class class = call_class(e->call);

	h->eintr_line = slice_is(e->line->error, "EINTR") &&
			class == CLASS_WAIT ? e->first : 0;
	look_at_asking(f, h, st);
	f->turns += class == CLASS_ACCEPT || (class == CLASS_WAIT &&
					      st->phase & PHASE_WAIT);
	if (class == CLASS_WAIT && e->call <= CALL_EPOLL_WAIT) {
		look_at_wait(f, h, st);
		return;
	}
	h->told = NULL;
	h->spin = 0;
	if (e->call == CALL_EPOLL_CTL && slice_is(e->line->error, "EPERM"))
		say(f, FINDING_EPOLL_FILE, st->task->process->pid, NULL,
		    e->first);
	if (e->call == CALL_CLOSE || e->call == CALL_EPOLL_CTL)
		h->emfiles = 0;
	if (e->call == CALL_IO_SUBMIT)
		look_at_submit(f, st);
	if (e->call == CALL_IO_SUBMIT)
		look_at_submit_time(h, st);
	if (e->call == CALL_RING_ENTER)
		look_at_ring(h, st);
	if (!st->file || !st->model)
		return;
	if (class == CLASS_ACCEPT)
		look_at_accept(f, h, st);
	if (class == CLASS_IN && st->model != MODEL_FILE)
		look_at_read(f, h, st);
	if (class == CLASS_OUT)
		look_at_write(f, st);
	if (class == CLASS_ACCEPT || class == CLASS_IN)
		look_at_blocking(f, h, st);
}

void finding_note(struct findings *f, struct step *st)
{
	struct event *e = st->event;
	struct habits *h;

	if (!st->task)
		return;
	if (e->kind == EVENT_EXIT && e->line->kind == LINE_KILLED &&
	    slice_is(e->line->name, "SIGPIPE"))
		say(f, FINDING_SIGPIPE, st->task->process->pid, NULL, e->first);
	if (e->kind != EVENT_CALL && e->kind != EVENT_SIGNAL)
		return;
	f->errors += !!(e->line->flags & LINE_HAS_ERROR);
	h = habits_of(f, st->task);
	h->last_line = e->last;
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

	if (file->kind != FILE_REGULAR || file->assumed || !file->name)
		return;
	for (const char *p = file->name; *p; p++)
		key = (key ^ (unsigned char)*p) * 1099511628211ULL;
	o = map_get(&f->open, key | 1);
	if (!o) {
		if (f->open.used > 10000)
			return;
		o = need(calloc(1, sizeof(*o)));
		o->pid = file->pid;
		o->fd = file->fd;
		snprintf(o->name, sizeof(o->name), "%s", file->name);
		map_put(&f->open, key | 1, o);
	}
	remember(o->line, o->times++, file->opened);
}

void finding_file_ends(struct findings *f, struct file *file)
{
	struct suspicion *s = file->suspicion;

	if (file->left_open)
		count_open(f, file);
	if (!s)
		return;
	if ((s->edge || s->async) && s->accepts && !s->drained &&
	    !s->looped)
		say_lines(f, FINDING_ACCEPT_ONCE, file->pid, file, s->accept,
			  s->accepts);
	if (s->herd >= HERD_MIN && s->herd_many)
		say_lines(f, FINDING_HERD, file->pid, file, s->herd_line,
			  s->herd);
	if (file->left_open && s->eof_line && file_is_stream(file) &&
	    file->parent && (file->closed > s->eof_line + LEAK_LINES ||
			     f->turns >= s->eof_turn + LEAK_TURNS))
		say(f, FINDING_LEAK, file->pid, file, s->eof_line);
}

void finding_task_ends(struct findings *f, struct task *t)
{
	struct habits *h = map_remove(&f->tasks, (uintptr_t)t);

	if (!h)
		return;
	if (h->wasted >= WASTED_MIN &&
	    h->wasted * 100 >= h->reads * WASTED_PERCENT)
		say_lines(f, FINDING_WASTED_READ, t->process->pid, NULL,
			  h->wasted_line, h->wasted);
	if (h->enters >= SINGLE_MIN &&
	    h->singles * 100 >= h->enters * SINGLE_PERCENT)
		say_lines(f, FINDING_RING_SINGLE, t->process->pid, NULL,
			  h->single_line, h->singles);
	if (h->slept_ns >= SUBMIT_SLEPT_NS && h->submits_slept * 4 >=
					      h->submits)
		say_lines(f, FINDING_SUBMIT_SLEPT, t->process->pid, NULL,
			  h->slept_line, h->submits_slept);
	if (h->queue_full)
		say(f, FINDING_SIGNAL_QUEUE_FULL, t->process->pid, NULL,
		    h->queue_full);
	free(h);
}

static void kernel_says(struct findings *f, enum finding_kind k, long pid,
			unsigned long line, unsigned long count)
{
	struct finding *d = say(f, k, pid, NULL, line);

	d->count += count - 1;
	d->of_kernel = 1;
}

void finding_kernel(struct findings *f, const struct witness *w)
{
	for (unsigned i = 0; i < w->n_rings; i++) {
		const struct ring *r = w->ring_list[i];

		if (r->to_worker)
			kernel_says(f, FINDING_RING_WORKER, r->pid,
				    r->to_worker_line, r->to_worker);
		if (r->again >= RING_AGAIN_MIN)
			kernel_says(f, FINDING_RING_AGAIN, r->pid,
				    r->again_line, r->again);
		if (r->overflows)
			kernel_says(f, FINDING_RING_OVERFLOW, r->pid, 0,
				    r->overflows);
		if (r->failed)
			kernel_says(f, FINDING_RING_FAILED, r->pid,
				    r->failed_line, r->failed);
	}
	if (w->signals_lost)
		kernel_says(f, FINDING_SIGNAL_LOST, w->signals_lost_pid,
			    w->signals_lost_line, w->signals_lost);
}

static int too_few(const struct findings *f, const struct finding *d)
{
	/* Without one failed call the log is one of -z: EAGAIN is not in it. */
	if (d->kind == FINDING_ACCEPT_ONCE && !f->errors)
		return 1;
	return d->kind == FINDING_LEAK && d->count < LEAK_MIN;
}

/* Faults first, then in the order of the log. */
static int before(const struct finding *a, const struct finding *b)
{
	enum severity x = finding_severity(a->kind);
	enum severity y = finding_severity(b->kind);

	return x != y ? x < y : a->line[0] < b->line[0];
}

void findings_settle(struct findings *f)
{
	struct finding *list, *d, **at;
	struct reopened *o;

	map_each(&f->open, i, o) {
		if (o->times < REOPENED_MIN)
			continue;
		d = find(f, FINDING_LEAK_FILE, o->pid);
		d->count += o->times;
		for (unsigned k = 0; k < FINDING_LINES; k++)
			add_line(d, o->line[k]);
		snprintf(d->subject, sizeof(d->subject), "%d (%s)", o->fd,
			 o->name);
	}
	list = f->first;
	f->first = NULL;
	f->n = 0;
	while ((d = list)) {
		list = d->next;
		if (too_few(f, d)) {
			free(d);
			continue;
		}
		for (at = &f->first; *at && !before(d, *at); at = &(*at)->next)
			;
		d->next = *at;
		*at = d;
		f->n++;
	}
	f->tail = NULL;
}

void findings_free(struct findings *f)
{
	struct reopened *o;
	struct finding *d;
	struct habits *h;

	while ((d = f->first)) {
		f->first = d->next;
		free(d);
	}
	map_each(&f->tasks, i, h)
		free(h);
	map_free(&f->tasks);
	map_each(&f->open, i, o)
		free(o);
	map_free(&f->open);
}
