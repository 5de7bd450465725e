/* SPDX-License-Identifier: MIT */
/*
 * finding_signal.c - a call that a signal interrupted, taken for an error; a
 * handler that returns to the instruction that faults
 *
 * A program that makes the call again has treated EINTR well. One that closes
 * the descriptor, writes a message or exits instead took it for a failure.
 */
#include "account.h"
#include "depend.h"
#include "finding_look.h"

enum {
	SOON = 8,		/* calls after the interrupted one */
	FAULTS_MIN = 32,	/* in a row, at one address */
	CUT_NS = 500 * MS,	/* a write that waited for room */
};

static const struct about
no_child = { "no-child", SEVERITY_FAULT,
	"waits for the end of a child, but has no child",
	"wait4 failed with ECHILD, and the process made no child after that: "
	"no child is left whose end would send SIGCHLD.",
	"Block SIGCHLD before the fork, and ask with wait4 before each wait "
	"for the signal: here the child ended before the wait began.",
	"Another process sends SIGCHLD, or the process is a subreaper." },
fault_loop = { "signal-loop", SEVERITY_FAULT,
	"the same fault comes again and again",
	"The handler returns without removing the cause, and the processor "
	"executes the same instruction again.",
	"Let the handler end the process (_exit, or the default action), or "
	"leave with siglongjmp.", NULL },
as_error = { "eintr-as-error", SEVERITY_FAULT,
	"EINTR is treated as an error",
	"A signal with a handler interrupts calls that wait. SA_RESTART "
	"restarts read, write, accept and wait4. It does not restart poll, "
	"select, epoll_wait, nanosleep, or calls on sockets with SO_RCVTIMEO "
	"or SO_SNDTIMEO.",
	"Make the call again when it fails with EINTR (with what is left of "
	"the timeout), or block the signal.",
	"The signal is a request to stop." },
by_tracer = { "tracer-eintr", SEVERITY_FAULT,
	"the attach of strace interrupted a call, and the program ended",
	"strace stops each thread to attach to it. Calls like epoll_wait, "
	"semop and sigtimedwait do not go on after such a stop: they fail with "
	"EINTR without a signal (see signal(7)). The program takes that for an "
	"error.",
	"Make the call again when it fails with EINTR: SIGSTOP and SIGCONT, or "
	"a debugger, interrupt it in the same way.", NULL };

static void interrupted(struct findings *f, struct habits *h,
			const struct step *st)
{
	struct slice name = st->event->line->name;
	int sig = finding_last_signal(f, st->task->process->pid);

	/* What waits for a signal has got it. */
	if (st->event->call == CALL_SIGSUSPEND ||
	    st->event->call == CALL_SIGWAIT)
		return;
	if (h->eintr)
		h->eintr->calls = 0;		/* what follows is of this one */
	/* To be asked to end is a reason to close; no handler, no fault. */
	if (!sig || sig == 15 || sig == 2 || sig == 1 || sig == 3 ||
	    sig == 28 || st->task->process->action[sig] != ACTION_HANDLER)
		return;
	if (!h->eintr)
		h->eintr = need(calloc(1, sizeof(*h->eintr)));
	*h->eintr = (struct eintr){ .calls = SOON, .signal = sig, .fd = st->fd,
		.line = st->event->first, .ns = step_ns(st) };
	slice_copy(name, h->eintr->call, sizeof(h->eintr->call));
	if (st->event->call == CALL_POLL)
		h->eintr->fd = line_fd(line_field(st->event->line->args, "fd"),
				       NULL);
}

/* It waited for room: only then a signal ends a write before it begins. */
static void cut_write(struct findings *f, const struct step *st)
{
	const struct event *e = st->event;
	struct cut_write *c = &f->cut_write;
	long long ns = step_ns(st);
	enum wait_for what;
	char object[80];

	if (call_class(e->call) != CLASS_OUT || ns < c->ns ||
	    (e->took_ns != NO_TIME && ns < CUT_NS))
		return;
	what = waits_for(f->world, st, object, sizeof(object));
	*c = (struct cut_write){ .pid = st->task->process->pid, .ns = ns,
		.line = e->first, .fd = st->fd, .signal = finding_last_signal(f,
						st->task->process->pid) };
	wait_text(what, e->call, object, c->on, sizeof(c->on));
	slice_copy(e->line->name, c->call, sizeof(c->call));
}

/* It was made again, and found room: the reader reads. */
static void wrote_again(struct findings *f, const struct step *st)
{
	struct cut_write *c = &f->cut_write;

	if (c->line && st->bytes > 0 && st->fd == c->fd &&
	    st->task->process->pid == c->pid &&
	    call_class(st->event->call) == CLASS_OUT)
		*c = (struct cut_write){ 0 };
}

static int is_consequence(const struct habits *h, const struct step *st)
{
	enum call c = st->event->call;

	if (c == CALL_CLOSE || c == CALL_SHUTDOWN)
		return h->eintr->fd >= 0 && st->fd == h->eintr->fd;
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

const char *signal_text(int sig, char *text, size_t size)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(text, size, "SIG%s", name);
	else
		snprintf(text, size, "signal %d", sig);
	return text;
}

static void faults_end(struct findings *f, struct signals *h,
		       const struct task *t)
{
	long long ns = h->fault_ns == NO_TIME || h->fault_end_ns == NO_TIME ? 0
		     : h->fault_end_ns - h->fault_ns;
	struct finding *d;
	char sig[24];

	if (h->faults >= FAULTS_MIN) {
		d = finding_add(f, &fault_loop, t->process->pid, h->faults, ns);
		finding_line(d, h->fault_line);
		finding_says(d, "%s at address %s comes %lu times in a row: "
			     "the handler returns, and the same instruction "
			     "fails again: a busy loop without progress",
			     signal_text(h->fault, sig, sizeof(sig)),
			     h->fault_addr, h->faults);
	}
	h->faults = 0;
}

static int is_fault(int sig, struct slice code)
{
	return (sig == 4 || sig == 5 || sig == 7 || sig == 8 || sig == 11) &&
	       !slice_starts(code, "SI_");
}

/* Which handler runs; and a fault that comes with no call between. */
static void handler_note(struct findings *f, struct habits *habits,
			 const struct step *st)
{
	const struct line *l = st->event->line;
	struct signals *h = habits->signals;
	char addr[24];

	if (st->event->kind == EVENT_CALL) {
		if (!h)
			return;
		if (st->event->call == CALL_SIGRETURN) {
			h->handler = 0;
			return;
		}
		/* (siglongjmp leaves a handler, too.) */
		if (slice_is(l->name, "rt_sigprocmask") &&
		    slice_starts(l->args, "SIG_SETMASK"))
			h->handler = 0;
		faults_end(f, h, st->task);
		return;
	}
	if (st->event->kind != EVENT_SIGNAL || l->kind != LINE_SIGNAL)
		return;
	h = signals_of(habits);
	if (st->handled || (!st->task->process->saw_start && !st->artefact)) {
		h->handler = st->signal;
		h->handler_line = st->event->first;
	}
	if (!is_fault(st->signal, line_field(l->args, "si_code")))
		return;
	slice_copy(line_field(l->args, "si_addr"), addr, sizeof(addr));
	if (h->faults && (h->fault != st->signal ||
			  strcmp(h->fault_addr, addr)))
		faults_end(f, h, st->task);
	if (!h->faults++) {
		h->fault = st->signal;
		h->fault_line = st->event->first;
		h->fault_ns = st->event->start_ns;
		memcpy(h->fault_addr, addr, sizeof(addr));
	}
	h->fault_end_ns = st->event->end_ns;
}

/* rt_sigtimedwait([CHLD], 0x7ffd, NULL, 8 */
void signal_begins(struct habits *h, const struct event *e)
{
	const struct line *l = e->line;

	if (e->call == CALL_SIGWAIT)
		h->awaits_child = slice_starts(l->args, "[CHLD], ") &&
				  slice_find(l->args, ", NULL, 8") != NULL;
}

static void judge_childless(struct findings *f, const struct habits *h,
			    const struct task *t)
{
	const struct unreturned *o = t->unreturned;
	char who[64], span[24], since[48] = "";
	struct finding *d;

	if (!o || o->call != CALL_SIGWAIT || !h->awaits_child ||
	    !h->childless || t->process->tasks_made != 1)
		return;
	d = finding_add(f, &no_child, t->process->pid, 1, 0);
	if (o->ns != NO_TIME && o->ns > 0) {
		d->cost_ns = o->ns;
		snprintf(since, sizeof(since), " for %s",
			 span_text(o->ns, span, sizeof(span)));
	}
	d->fatal = 1;
	finding_line(d, h->childless);
	finding_line(d, o->line);
	finding_says(d, "%s waits for SIGCHLD in %s (line %lu)%s, and has no "
		     "child: wait4 failed with ECHILD (line %lu)",
		     process_text(task_name(t), t->process->pid, who,
				  sizeof(who)), o->name, o->line, since,
		     h->childless);
}

void signal_task_ends(struct findings *f, struct habits *h, struct task *t)
{
	judge_childless(f, h, t);
	if (h->signals)
		faults_end(f, h->signals, t);
}

void signal_note(struct findings *f, struct habits *h, struct step *st)
{
	const struct event *e = st->event;
	struct finding *d;
	char sig[24], span[24];

	handler_note(f, h, st);
	if (e->kind != EVENT_CALL || e->call == CALL_SIGRETURN)
		return;
	wrote_again(f, st);
	signal_begins(h, e);
	if (e->call == CALL_WAIT)
		h->childless = step_failed(st, "ECHILD") ? e->first : 0;
	else if ((e->call == CALL_CLONE || e->call == CALL_FORK) &&
		 !(e->line->flags & LINE_HAS_ERROR))
		h->childless = 0;
	if (e->interrupted || slice_is(e->line->error, "EINTR")) {
		cut_write(f, st);
		interrupted(f, h, st);
		return;
	}
	if (!h->eintr || !h->eintr->calls)
		return;
	h->eintr->calls--;
	if (slice_is(e->line->name, h->eintr->call)) {
		h->eintr->calls = 0;		/* made again */
		return;
	}
	if (!is_consequence(h, st))
		return;
	h->eintr->calls = 0;
	d = finding_add(f, &as_error, st->task->process->pid, 1, 0);
	finding_line(d, h->eintr->line);
	finding_line(d, e->first);
	finding_says(d, "%s failed with EINTR because of %s (a handler is set) "
		     "after %s, and %s then %s (line %lu) as if EINTR were an "
		     "error", h->eintr->call, signal_text(h->eintr->signal, sig,
							 sizeof(sig)),
		     span_text(h->eintr->ns, span, sizeof(span)),
		     task_name(st->task), consequence(st), e->first);
}

static void end_text(const struct eintr_end *end, char *text, size_t size)
{
	if (end->killed)
		snprintf(text, size, "ended by signal %d", end->killed);
	else
		snprintf(text, size, "ended with status %d", end->status);
}

int eintr_of_signal(struct findings *f, const struct eintr_end *end)
{
	struct finding *d = f->first;
	char how[40];
	size_t len;

	while (d && (strcmp(d->about->id, as_error.id) || d->pid != end->pid ||
		     d->count > 1 || !d->n_lines || d->line[0] != end->line))
		d = d->next;
	if (!d)
		return 0;
	end_text(end, how, sizeof(how));
	len = strlen(d->says);
	snprintf(d->says + len, sizeof(d->says) - len, "; the program %s (line "
		 "%lu)", how, end->exit_line);
	d->fatal = 1;
	finding_line(d, end->exit_line);
	return 1;
}

int eintr_of_tracer(struct findings *f, const struct eintr_end *end)
{
	struct finding *d = finding_add(f, &by_tracer, end->pid, 1, 0);
	char how[40], who[64];

	d->fatal = 1;
	finding_line(d, end->line);
	finding_line(d, end->exit_line);
	end_text(end, how, sizeof(how));
	process_text(end->name, end->pid, who, sizeof(who));
	if (end->what)
		finding_says(d, "%s %s because %s failed with EINTR (line %lu): "
			     "no signal caused that, but the attach of strace, "
			     "which stopped the thread in this call", who, how,
			     end->what, end->line);
	else
		finding_says(d, "%s %s; its message is \"%.*s\" (line %lu), and "
			     "no call in the log failed with EINTR: the attach "
			     "of strace interrupted the call in which the "
			     "thread was before the log begins", who, how,
			     (int)end->words.len, end->words.at, end->line);
	return 1;
}
