/* SPDX-License-Identifier: MIT */
/* phase.c - wait or copy; see phase.h */
#include <stdio.h>
#include "phase.h"

enum {
	/* Below this a call can be strace's own cost, above it the call slept. */
	SLEPT_NS = 1000000,
};

static struct slice argument(const struct line *l, unsigned n)
{
	return n < l->n_args ? l->arg[n] : (struct slice){ l->text.at, 0 };
}

static int failed(const struct step *st)
{
	return !!(st->event->line->flags & (LINE_HAS_ERROR | LINE_NO_RETURN));
}

static int is_again(const struct line *l)
{
	return slice_is(l->error, "EAGAIN") || slice_is(l->error, "EWOULDBLOCK");
}

/* A wait that may not sleep: its timeout is zero. */
static int only_asks(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;
	struct slice t = argument(l, c == CALL_SELECT ||
				     c == CALL_IO_GETEVENTS ? 4 :
				     c == CALL_POLL || c == CALL_SIGWAIT ? 2
									 : 3);

	if (c == CALL_IO_GETEVENTS && slice_is(argument(l, 1), "0"))
		return 1;
	return slice_is(t, "0") || slice_starts(t, "{tv_sec=0, tv_nsec=0}") ||
	       slice_starts(t, "{tv_sec=0, tv_usec=0}") ||
	       slice_starts(t, "{0, 0}");	/* strace before 4.15 */
}

static void told(struct step *st, enum model m)
{
	for (unsigned i = 0; i < st->n_ready; i++) {
		struct file *f = st->ready[i].file;

		f->by = m;
		f->ready = 1;
		f->ready_line = st->event->last;
	}
}

static void wait_for_many(struct step *st, enum model m, int nothing)
{
	st->phase = only_asks(st) ? 0 : PHASE_WAIT;
	st->wait_ns = st->event->took_ns;
	st->model = nothing ? MODEL_NONE : m;
	if (nothing)
		return;				/* a sleep in disguise */
	st->task->loop = m;
	if (m == MODEL_EPOLL && st->file)
		st->file->waited = 1;
	told(st, m);
}

static enum model signal_model(const struct process *p)
{
	return p->queued ? MODEL_SIGIO_QUEUED : MODEL_SIGIO;
}

static void wait_for_signal(struct step *st)
{
	struct process *p = st->task->process;
	long long sig = st->event->line->ret;

	st->phase = st->event->call == CALL_SIGWAIT && only_asks(st)
			? 0 : PHASE_WAIT;
	st->wait_ns = st->event->took_ns;
	if (st->event->call == CALL_SIGWAIT && (sig == 29 || sig >= 32))
		p->io_signals++;
	if (p->async && p->io_signals)
		st->model = signal_model(p);
}

static void ring_entered(struct step *st)
{
	const struct line *l = st->event->line;

	st->model = MODEL_RING;
	if (slice_number(argument(l, 1), NULL) > 0)
		st->phase |= PHASE_SUBMIT;
	if (slice_number(argument(l, 2), NULL) > 0) {
		st->phase |= PHASE_WAIT;
		st->wait_ns = st->event->took_ns;
	}
}

/*
 * Who told this descriptor's readiness?  The multiplexer that reported it
 * last, or that it is registered with; the signal that it asks for.
 */
static enum model told_by(const struct step *st)
{
	const struct file *f = st->file;

	if (f->by)
		return f->by;
	/* Registered, but nobody waits there: a call that blocks is what waits. */
	for (unsigned i = 0; i < f->n_watch; i++)
		if (f->nonblocking != 0 || f->watch[i].epoll->waited)
			return MODEL_EPOLL;
	if (f->async)
		return f->sig ? MODEL_SIGIO_QUEUED : MODEL_SIGIO;
	/* Tried before it is registered: the loop hopes to save a wait. */
	if (f->nonblocking == 1 && file_is_socket(f))
		return st->task->loop;
	return MODEL_NONE;
}

static int may_sleep(const struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;
	struct slice flags = argument(l, c == CALL_RECVFROM || c == CALL_SENDTO ?
				      3 : 2);

	if ((c >= CALL_RECVFROM && c <= CALL_RECVMMSG) ||
	    (c >= CALL_SENDTO && c <= CALL_SENDMMSG))
		if (has_flag(flags, "MSG_DONTWAIT", 0x40))
			return 0;
	if (st->file->nonblocking == 1)
		return 0;
	if (l->flags & LINE_NO_RETURN)
		return 1;			/* it was asleep at the end */
	/* Unknown: only a call that was seen to sleep is taken to block. */
	if (st->file->nonblocking < 0 && st->file->assumed && st->kernel.seen)
		return st->kernel.sleeps > 0;
	if (st->file->nonblocking < 0 && st->file->assumed && st->file->fd > 2)
		return st->event->took_ns >= SLEPT_NS &&
		       st->event->took_ns != NO_TIME;
	return 1;
}

static void on_file(struct step *st)
{
	st->model = MODEL_FILE;
	st->phase = failed(st) ? PHASE_FAILED : PHASE_COPY;
	st->wait_ns = st->event->took_ns;
}

/* EAGAIN without MSG_DONTWAIT and without a timeout: only O_NONBLOCK does it. */
static int proves_nonblocking(const struct step *st)
{
	struct slice args = st->event->line->args;

	return !st->file->timed && !slice_find(args, "MSG_DONTWAIT") &&
	       !slice_find(args, "RWF_NOWAIT") &&
	       !(st->event->line->flags & LINE_INJECTED) &&
	       (st->event->took_ns == NO_TIME ||
		st->event->took_ns < SLEPT_NS);
}

/*
 * Attached late: epoll_wait reports data of a registration that is not in the
 * log.  What is read next is what it reported.
 */
static void map_reported(struct step *st)
{
	struct file *f = st->file;

	if (!st->task->unmapped || !f->assumed || f->nonblocking >= 0 ||
	    f->n_watch || f->fd <= 2 ||
	    !(f->kind == FILE_UNKNOWN || file_is_socket(f)))
		return;
	st->task->unmapped--;
	f->by = MODEL_EPOLL;
	f->ready = 1;
	f->ready_line = st->event->first;
}

static void moves_data(struct step *st)
{
	const struct line *l = st->event->line;
	struct file *f = st->file;
	int in = call_class(st->event->call) == CLASS_IN;
	int accept = st->event->call == CALL_ACCEPT;
	int sleeps;

	if (!f) {
		st->phase = failed(st) ? PHASE_FAILED : PHASE_COPY;
		return;
	}
	if (f->kind == FILE_REGULAR || f->kind == FILE_MEMFD ||
	    f->kind == FILE_DIRECTORY || f->kind == FILE_DEVICE) {
		on_file(st);
		return;
	}
	if (is_again(l) && proves_nonblocking(st))
		f->nonblocking = 1;
	if (in || accept)
		map_reported(st);
	sleeps = may_sleep(st);
	st->model = told_by(st);
	if (sleeps && (in || accept) && !f->ready) {
		st->phase = PHASE_WAIT;
		st->wait_ns = st->event->took_ns;
		if (!st->model || st->model == MODEL_NONBLOCKING)
			st->model = MODEL_BLOCKING;
	}
	if (!st->model)
		st->model = sleeps ? MODEL_BLOCKING :
			    f->nonblocking == 1 ? MODEL_NONBLOCKING
						: MODEL_UNKNOWN;
	if (f->kind == FILE_SIGNALFD && !f->by && !f->n_watch)
		st->model = MODEL_SIGNALFD;
	if (is_again(l))
		st->phase = PHASE_EMPTY;
	else if (failed(st))
		st->phase |= PHASE_FAILED;
	else if (accept)
		st->phase |= PHASE_ACCEPT;
	else if (in && !l->ret && file_is_stream(f) &&
		 slice_find(l->args, "MSG_PEEK"))
		st->phase |= PHASE_EOF;		/* seen, and still there */
	else if (!only_looks(st))
		st->phase |= in && !l->ret ? PHASE_EOF : PHASE_COPY;
	f->ready = 0;
}

static void connects(struct step *st)
{
	st->phase = PHASE_SETUP;
	if (!st->file || st->file->nonblocking == 1)
		return;
	st->phase |= PHASE_WAIT;
	st->wait_ns = st->event->took_ns;
	st->model = MODEL_BLOCKING;
}

static void told_by_signal(struct step *st)
{
	const struct line *l = st->event->line;
	struct slice fd = line_field(l->args, "si_fd");

	st->phase = PHASE_SIGNAL;
	if (st->signal != 29 && !(st->signal >= 32 && fd.len))
		return;
	st->task->process->io_signals++;
	st->model = fd.len && st->signal >= 32 ? MODEL_SIGIO_QUEUED
					       : MODEL_SIGIO;
}

/* FUTEX_WAIT_PRIVATE, FUTEX_LOCK_PI: or the number, without its flags. */
static int is_futex_wait(struct slice op)
{
	const char *stop;
	long long n = slice_number(op, &stop) & 0x7f;

	if (stop > op.at)
		return n == 0 || n == 6 || n == 9 || n == 11 || n == 13;
	return slice_starts(op, "FUTEX_WAIT") || slice_starts(op, "FUTEX_LOCK");
}

static void call_phase(struct step *st)
{
	const struct line *l = st->event->line;
	enum call c = st->event->call;

	switch (c) {
	case CALL_EPOLL_WAIT:
		wait_for_many(st, MODEL_EPOLL, 0);
		return;
	case CALL_POLL:
		wait_for_many(st, MODEL_POLL, slice_is(argument(l, 1), "0"));
		return;
	case CALL_SELECT:
		wait_for_many(st, MODEL_SELECT, slice_is(argument(l, 0), "0"));
		return;
	case CALL_SIGSUSPEND: case CALL_SIGWAIT:
		wait_for_signal(st);
		return;
	case CALL_IO_GETEVENTS:
		st->model = MODEL_AIO;
		st->phase = only_asks(st) ? 0 : PHASE_WAIT;
		st->wait_ns = st->event->took_ns;
		return;
	case CALL_IO_SUBMIT:
		st->model = MODEL_AIO;
		st->phase = PHASE_SUBMIT;
		return;
	case CALL_RING_ENTER:
		ring_entered(st);
		return;
	case CALL_FUTEX:
		if (is_futex_wait(argument(l, 1)))
			st->phase = PHASE_WAIT;
		st->wait_ns = st->event->took_ns;
		return;
	case CALL_SLEEP: case CALL_WAIT:
		st->phase = PHASE_WAIT;
		st->wait_ns = st->event->took_ns;
		return;
	case CALL_CONNECT:
		connects(st);
		return;
	case CALL_MMAP:
		if (st->file && !failed(st))
			st->model = MODEL_MMAP;
		return;
	default:
		break;
	}
	switch (call_class(c)) {
	case CLASS_IN: case CLASS_OUT: case CLASS_ACCEPT:
		moves_data(st);
		return;
	case CLASS_CONTROL:
		st->phase = PHASE_SETUP;
		return;
	default:
		return;
	}
}

void phase_decide(struct step *st)
{
	if (!st->task)
		return;
	if (st->event->kind == EVENT_CALL)
		call_phase(st);
	else if (st->event->kind == EVENT_SIGNAL)
		told_by_signal(st);
}

/* What could wait, and did not: kernel.log shows no sleep in it. */
static int did_not_sleep(const struct step *st)
{
	return st->kernel.seen && !st->kernel.sleeps;
}

static void data_text(const struct step *st, char *text, size_t size)
{
	int waits = st->phase & PHASE_WAIT && !did_not_sleep(st);
	const char *how = waits ? "waits and " : "";
	enum call_class class = call_class(st->event->call);

	if (st->phase & PHASE_EMPTY)
		snprintf(text, size, "nothing there yet");
	else if (st->phase & PHASE_EOF)
		snprintf(text, size, "%speer has closed", *how ? "waits: " : "");
	else if (st->phase & PHASE_ACCEPT)
		snprintf(text, size, "%saccepts", how);
	else
		snprintf(text, size, "%scopies %lld byte%s %s", how, st->bytes,
			 st->bytes == 1 ? "" : "s",
			 class == CLASS_OUT ? "out" : "in");
}

const char *phase_text(const struct step *st, char *text, size_t size)
{
	const struct event *e = st->event;

	*text = 0;
	if (e->kind == EVENT_BEGUN)
		snprintf(text, size, "begins");
	else if (e->kind == EVENT_SIGNAL)
		snprintf(text, size, st->artefact ?
			 "a signal that only a tracer lets through" :
			 st->model ? "the kernel reports: ready" : "a signal");
	else if (e->kind == EVENT_UNKNOWN)
		snprintf(text, size, "not understood");
	else if (e->kind != EVENT_CALL)
		return text;
	else if (e->interrupted || slice_is(e->line->error, "EINTR"))
		/* Without a handler: a stop, an attached tracer, task work. */
		snprintf(text, size, "ends with EINTR%s", e->interrupted ?
			 ": a signal came" : "");
	else if (st->phase & (PHASE_EMPTY | PHASE_EOF | PHASE_ACCEPT) ||
		 (st->phase & PHASE_COPY && st->bytes >= 0))
		data_text(st, text, size);
	else if (st->phase & PHASE_FAILED)
		snprintf(text, size, "fails");
	else if (st->phase & PHASE_SUBMIT)
		snprintf(text, size, st->phase & PHASE_WAIT &&
			 !did_not_sleep(st) ? "hands over and waits"
					    : "hands over");
	else if (st->phase & PHASE_WAIT && did_not_sleep(st))
		snprintf(text, size, st->n_ready ? "does not sleep: %u ready"
			 : "does not sleep", st->n_ready);
	else if (st->phase & PHASE_WAIT && st->n_ready)
		snprintf(text, size, "waits: %u ready", st->n_ready);
	else if (st->phase & PHASE_WAIT)
		snprintf(text, size, "waits");
	else if (st->n_ready)
		snprintf(text, size, "asks: %u ready", st->n_ready);
	return text;
}
