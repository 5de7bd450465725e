/* SPDX-License-Identifier: MIT */
/*
 * finding_signal.c - a call that a signal interrupted, taken for an error
 *
 * A program that makes the call again has treated EINTR well. One that closes
 * the descriptor, writes a message or exits instead took it for a failure.
 */
#include "finding_look.h"

enum { SOON = 8 };		/* calls after the interrupted one */

static const struct about
as_error = { "eintr-as-error", SEVERITY_FAULT,
	"EINTR is taken for an error",
	"A signal with a handler interrupts calls that wait. SA_RESTART "
	"restarts read, write, accept and wait4; never poll, select, "
	"epoll_wait, nanosleep, nor sockets with SO_RCVTIMEO or SO_SNDTIMEO.",
	"Make the call again when it fails with EINTR (with what is left of "
	"the timeout), or block the signal.",
	"The signal is a request to stop." };

static void interrupted(struct findings *f, struct habits *h,
			const struct step *st)
{
	struct slice name = st->event->line->name;
	int sig = finding_last_signal(f, st->task->process->pid);

	/* What waits for a signal has got it. */
	if (st->event->call == CALL_SIGSUSPEND ||
	    st->event->call == CALL_SIGWAIT)
		return;
	/* To be asked to end is a reason to close; no handler, no fault. */
	if (!sig || sig == 15 || sig == 2 || sig == 1 || sig == 3 ||
	    sig == 28 || st->task->process->action[sig] != ACTION_HANDLER)
		return;
	h->eintr_calls = SOON;
	h->eintr_signal = sig;
	h->eintr_line = st->event->first;
	h->eintr_ns = step_ns(st);
	h->eintr_fd = st->fd;
	snprintf(h->eintr_call, sizeof(h->eintr_call), "%.*s", (int)name.len,
		 name.at);
	if (st->event->call == CALL_POLL)
		h->eintr_fd = line_fd(line_field(st->event->line->args, "fd"),
				      NULL);
}

static int is_consequence(const struct habits *h, const struct step *st)
{
	enum call c = st->event->call;

	if (c == CALL_CLOSE || c == CALL_SHUTDOWN)
		return h->eintr_fd >= 0 && st->fd == h->eintr_fd;
	if (c == CALL_EXIT)
		return !st->event->line->n_args ||
		       !slice_is(st->event->line->arg[0], "0");
	/* A line on stderr is often a log's, if it does not say "error". */
	return call_class(c) == CLASS_OUT &&
	       ((st->fd == 2 && slice_find(st->event->line->args, "rror")) ||
		slice_find(st->event->line->args,
					  "Interrupted s") ||
		slice_find(st->event->line->args, "EINTR"));
}

static const char *consequence(const struct step *st)
{
	enum call c = st->event->call;

	return c == CALL_CLOSE || c == CALL_SHUTDOWN ? "closes its descriptor"
	     : c == CALL_EXIT ? "ends" : "writes an error message";
}

static const char *signal_text(int sig, char *text, size_t size)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(text, size, "SIG%s", name);
	else
		snprintf(text, size, "signal %d", sig);
	return text;
}

void signal_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct event *e = st->event;
	struct finding *d;
	char sig[24], span[24];

	if (e->kind != EVENT_CALL || e->call == CALL_SIGRETURN)
		return;
	if (e->interrupted || slice_is(e->line->error, "EINTR")) {
		interrupted(f, h, st);
		return;
	}
	if (!h->eintr_calls)
		return;
	h->eintr_calls--;
	if (slice_is(e->line->name, h->eintr_call)) {
		h->eintr_calls = 0;		/* made again */
		return;
	}
	if (!is_consequence(h, st))
		return;
	h->eintr_calls = 0;
	d = finding_add(f, &as_error, st->task->process->pid, 1, 0);
	finding_line(d, h->eintr_line);
	finding_line(d, e->first);
	finding_says(d, "%s failed with EINTR because of %s (a handler is set) "
		     "after %s, and %s then %s (line %lu) as if it were an "
		     "error", h->eintr_call, signal_text(h->eintr_signal, sig,
							 sizeof(sig)),
		     span_text(h->eintr_ns, span, sizeof(span)),
		     task_name(st->task), consequence(st), e->first);
}
